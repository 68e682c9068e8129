"""The front page, the style sheet, and the answer to "are you well?"."""

from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sandbox import settings
from sandbox.faults import switches
from sandbox.gateways.models import Delivery, Rule
from sandbox.gateways.registry import GATEWAYS
from sandbox.mail import smtp
from sandbox.mail.models import Mail
from sandbox.openid import facebook, google
from sandbox.sms import network, twilio
from sandbox.sms.models import Text

STYLESHEET = Path(__file__).with_name("sandbox.css")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "sandbox/home.html",
        {
            "buka_url": settings.BUKA_URL,
            "smtp": f"{settings.HOST}:{settings.SMTP_PORT}",
            "mails": Mail.objects.count(),
            "texts": Text.objects.count(),
            "gateways": GATEWAYS.values(),
            "webhooks": Delivery.objects.count(),
            "rules": Rule.objects.exclude(times_left=0).count(),
            "faults": {
                service: switches.look(service)
                for service in (smtp.SERVICE, network.SERVICE, twilio.SERVICE, google.SERVICE, facebook.SERVICE)
            },
        },
    )


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while both the database and the mail server work."""
    Mail.objects.exists()
    listens = smtp.is_listening()
    return JsonResponse({"status": "ok" if listens else "mail server down"}, status=200 if listens else 503)


@require_safe
def stylesheet(request: HttpRequest) -> FileResponse:
    return FileResponse(STYLESHEET.open("rb"), content_type="text/css; charset=utf-8")
