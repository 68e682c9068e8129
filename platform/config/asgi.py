"""HTTP and WebSockets in one, for Daphne."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  (Django must be set up before)
from channels.sessions import SessionMiddlewareStack  # noqa: E402

from accounts.live import OriginOrTicket, SignedInMiddleware  # noqa: E402
from config.routing import websocket_urlpatterns  # noqa: E402
from core.audit.live import LiveContext  # noqa: E402
from core.client_address import ClientAddress  # noqa: E402
from core.sessions import CloseWhileAway  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": ClientAddress(
            OriginOrTicket(
                CloseWhileAway(
                    SessionMiddlewareStack(SignedInMiddleware(LiveContext(URLRouter(websocket_urlpatterns))))
                )
            )
        ),
    }
)
