"""Every live connection, on one page."""

from django.urls import URLPattern, path

from bookings.consumers import AvailabilityConsumer, TodayConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/restaurants/<uuid:public_id>/availability", AvailabilityConsumer.as_asgi()),
    path("ws/restaurants/<uuid:public_id>/today", TodayConsumer.as_asgi()),
]
