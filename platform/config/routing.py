"""Every live connection, on one page."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
