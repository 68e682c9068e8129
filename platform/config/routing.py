"""Every live connection, on one page."""

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import URLPattern, path, re_path

from bookings.consumers import AvailabilityConsumer, TodayConsumer


class NothingHere(AsyncWebsocketConsumer):
    """Refuses the handshake: without it, every address that somebody makes up is an error in the log."""

    async def connect(self) -> None:
        await self.close()


websocket_urlpatterns: list[URLPattern] = [
    path("ws/restaurants/<uuid:public_id>/availability", AvailabilityConsumer.as_asgi()),
    path("ws/restaurants/<uuid:public_id>/today", TodayConsumer.as_asgi()),
    re_path("", NothingHere.as_asgi()),
]
