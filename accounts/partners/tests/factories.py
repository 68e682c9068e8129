"""The smallest valid apps, and a receiver of webhooks that listens on this machine."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from standardwebhooks import Webhook

from accounts.partners import sending, services, webhooks
from accounts.partners.models import Endpoint, PartnerApp
from accounts.partners.states import EventType, Scope

Reply = tuple[int, bytes]


def an_app(**given: Any) -> tuple[PartnerApp, str]:
    """Return an app and its secret."""
    asked = {
        "name": "Table Talk",
        "organisation": "Table Talk Ltd",
        "contact_email": "demo-partner@example.com",
        "scopes": list(Scope),
        "by": None,
        **given,
    }
    return services.register_app(**asked)


def fetch_token(app: PartnerApp, secret: str, *scopes: str) -> str:
    """Return a token, fetched by the front door."""
    form = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": secret}
    answer = post_form(Client(), "/api/oauth/token", {**form, **({"scope": " ".join(scopes)} if scopes else {})})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["access_token"])


def post_form(client: Client, path: str, form: dict[str, Any], **more: Any) -> Any:
    """Send a form as OAuth wants it, which is not how Django's test client sends one."""
    return client.post(path, urlencode(form), content_type="application/x-www-form-urlencoded", **more)


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@dataclass
class Receiver:
    """A partner's server: keeps what it was sent, answers as it is told, echoes challenges unless told not to."""

    port: int = 0
    path: str = "/hook"
    secret: str = ""
    echoes: bool = True
    answers: Callable[[dict[str, Any]], Reply] = lambda message: (204, b"")
    got: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.got]

    def take(self, headers: dict[str, str], body: bytes) -> Reply:
        # Verified as any receiver would, with the library of the specification.
        message = Webhook(self.secret).verify(body, headers) if self.secret else json.loads(body)
        self.got.append(message)
        self.headers.append(headers)
        if message["type"] == "webhook.verification" and self.echoes:
            return 200, json.dumps({"challenge": message["data"]["challenge"]}).encode()
        return self.answers(message)


@contextmanager
def receiving(**given: Any) -> Iterator[Receiver]:
    receiver = Receiver(**given)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing: the tests look at what was kept."""

    server = ThreadingHTTPServer(("127.0.0.1", receiver.port), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def a_webhook(app: PartnerApp, receiver: Receiver, *, event_types: Any = tuple(EventType)) -> Endpoint:
    """Return a webhook that has answered its challenge."""
    endpoint, receiver.secret = webhooks.add_endpoint(app=app, url=receiver.url, event_types=event_types, by=app)
    sending.send_due()
    endpoint.refresh_from_db()
    assert endpoint.status == "active", endpoint.deliveries.get().last_error
    receiver.got.clear()
    receiver.headers.clear()
    return endpoint
