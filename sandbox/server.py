"""One process, two doors: the sandbox's pages and interfaces over HTTP, and its mail server; and webhooks going out."""

import logging
import socket
import sys

import django
from django.core.asgi import get_asgi_application
from django.core.management import call_command

from sandbox import settings

log = logging.getLogger("sandbox")


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit code."""
    settings.HOME.mkdir(parents=True, exist_ok=True)
    django.setup()
    try:
        mail_socket = _listen(settings.SMTP_PORT)
    except OSError as error:
        print(_taken("mail server", settings.SMTP_PORT, "EMAIL_PORT", error), file=sys.stderr)
        return 1
    with mail_socket:
        call_command("migrate", verbosity=0, interactive=False)
        return _serve(mail_socket)


def _serve(mail_socket: socket.socket) -> int:
    # Importing Daphne installs its event loop, so it waits until we are sure to serve.
    from daphne.server import Server, twisted_loop
    from twisted.internet import reactor

    from sandbox.gateways import wire
    from sandbox.gateways.sender import Sender
    from sandbox.mail import smtp

    webhooks = Sender()
    failures: list[str] = []

    class SandboxServer(Server):
        def listen_error(self, failure):  # type: ignore[no-untyped-def]
            failures.append(failure.getErrorMessage())
            self.stop()

        async def handle_reply(self, protocol, message):  # type: ignore[no-untyped-def]
            if message["type"] != wire.HANG_UP:
                await super().handle_reply(protocol, message)
            elif protocol.channel is not None:
                # Closed as a proxy closes it that has waited long enough, or cut off.
                transport = protocol.channel.transport
                transport.abortConnection() if message["reset"] else transport.loseConnection()

    def ready() -> None:
        twisted_loop.create_task(smtp.serve(mail_socket))
        webhooks.start()
        print(
            f"Sandbox: http://{settings.HOST}:{settings.HTTP_PORT}/ and mail to port {settings.SMTP_PORT}", flush=True
        )

    reactor.addSystemEventTrigger("before", "shutdown", smtp.stop)  # type: ignore[arg-type]
    reactor.addSystemEventTrigger("before", "shutdown", webhooks.stop)  # type: ignore[arg-type]
    SandboxServer(
        wire.Wire(get_asgi_application()),
        endpoints=[f"tcp:port={settings.HTTP_PORT}:interface={settings.HOST}"],
        ready_callable=ready,
        server_name="sandbox",
    ).run()
    for failure in failures:
        print(_taken("pages", settings.HTTP_PORT, "SANDBOX_PORT", failure), file=sys.stderr)
    return 1 if failures else 0


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.HOST, port))
        listener.listen(100)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _taken(what: str, port: int, variable: str, error: object) -> str:
    return (
        f"The sandbox's {what} cannot listen on {settings.HOST}:{port} ({error}). Choose another port with {variable}."
    )
