from collections.abc import Iterator

import pytest

from sandbox.testing import SandboxClient


@pytest.fixture
def sandbox(sandbox_process, settings) -> Iterator[SandboxClient]:
    """The sandbox, with Buka's mails and text messages going there for real."""
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = client.smtp_port
    settings.AFRICASTALKING_URL = settings.TWILIO_URL = f"{client.url}/sms"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = False
    settings.DEFAULT_FROM_EMAIL = "Buka <tables@buka.example>"
    yield client
    client.http.close()
