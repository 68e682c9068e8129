"""Restaurants and menus for machines, below /api/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
