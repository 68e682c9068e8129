"""Search, free times and bookings for machines, below /api/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
