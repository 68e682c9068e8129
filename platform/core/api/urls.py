"""The OpenAPI schema and its page, below /api/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
