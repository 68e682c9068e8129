"""Pages to read the text messages on, and the same for programs."""

import re
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sandbox.faults.panel import Panel
from sandbox.sms import network, twilio
from sandbox.sms.models import Text

PAGE_SIZE = 50
REFRESH_SECONDS = 5
MOST_ANSWERED = 200
# What a phone offers to fill in: the last line names the page and the code.
CODE = re.compile(r"#([0-9A-Za-z-]{4,12})\s*$")
PANEL = Panel(
    service=network.SERVICE,
    modes=network.MODES,
    noun="text messages",
    title="Faults of Africa’s Talking",
    action="sms:faults",
    page="sms:list",
)
TWILIO_PANEL = Panel(
    service=twilio.SERVICE,
    modes=twilio.MODES,
    noun="text messages",
    title="Faults of Twilio",
    action="sms:twilio_faults",
    page="sms:list",
)


@require_safe
def texts(request: HttpRequest) -> HttpResponse:
    number = request.GET.get("q", "").strip()
    refreshes = request.GET.get("refresh") == "on"
    page = Paginator(Text.objects.to(number), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "sandbox/sms/list.html",
        {
            "page": page,
            "number": number,
            "refresh_seconds": REFRESH_SECONDS if refreshes else None,
            "refresh_on": "?" + urlencode({"q": number, "refresh": "on"}),
            "refresh_off": "?" + urlencode({"q": number}),
            "panels": [PANEL.context(), TWILIO_PANEL.context()],
        },
    )


@require_POST
def delete_all(request: HttpRequest) -> HttpResponse:
    Text.objects.all().delete()
    return redirect("sms:list")


# No cookie decides anything here, and a page elsewhere cannot send DELETE without being asked first.
@csrf_exempt
@require_http_methods(["GET", "DELETE"])
def messages(request: HttpRequest) -> HttpResponse:
    """Answer the newest text messages, narrowed by `to`; DELETE forgets those."""
    found = Text.objects.to(request.GET.get("to", ""))
    if request.method == "DELETE":
        found.delete()
        return HttpResponse(status=204)
    return JsonResponse({"messages": [_as_json(text) for text in found[:MOST_ANSWERED]]})


def _as_json(text: Text) -> dict[str, object]:
    code = CODE.search(text.words)
    return {
        "id": text.pk,
        "received_at": text.received_at.isoformat(),
        "network": text.network,
        "outcome": text.outcome,
        "to": text.number,
        "from": text.sender,
        "text": text.words,
        "code": code[1] if code else None,
        "parts": text.parts,
        "message_id": text.message_id,
    }
