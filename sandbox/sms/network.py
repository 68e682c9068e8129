"""Africa's Talking, as its documentation describes it: one POST, a form in, an answer for each number."""

import base64
import re
import secrets
import time
from decimal import Decimal
from math import ceil
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from sandbox import settings
from sandbox.faults import switches
from sandbox.sms.models import Text

SERVICE = "sms"
# Older ones make room: the sandbox is a place to look at messages, not an archive.
MOST_TEXTS = 5000
COST = Decimal("2.2000")
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
BASIC = re.compile(r"[\n\r -~£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà€]*")
REFUSALS = {
    "invalid_number": (403, "InvalidPhoneNumber"),
    "blacklisted": (406, "UserInBlacklist"),
    "no_balance": (405, "InsufficientBalance"),
    "do_not_disturb": (409, "DoNotDisturbRejection"),
    "gateway": (501, "GatewayError"),
}
UNAUTHORISED, SENDER, DOWN, LOST, GARBAGE = "unauthorised", "invalid_sender", "down", "lost", "garbage"
MODES = {
    switches.NONE: "No fault",
    "invalid_number": "Call the number invalid (403)",
    "blacklisted": "Say that this person wants no messages of ours (406)",
    "do_not_disturb": "Refuse: the number is on the do-not-disturb list (409)",
    "no_balance": "Refuse for lack of money (405)",
    "gateway": "Fail at the gateway (501)",
    SENDER: "Refuse the sender's name",
    UNAUTHORISED: "Refuse the log-in (HTTP 401)",
    DOWN: "Be down (HTTP 503)",
    LOST: "Take the message, then answer with an error (HTTP 502)",
    GARBAGE: "Take the message, then answer nonsense",
}


@csrf_exempt
@require_POST
def messaging(request: HttpRequest) -> HttpResponse:
    """Take messages: `username`, `to` (numbers, separated by commas), `message`, `from`."""
    fault = switches.take(SERVICE)
    time.sleep(fault.delay_seconds)
    if fault.mode == UNAUTHORISED or not _is_known(request):
        return HttpResponse("The supplied authentication is invalid", status=401, content_type="text/plain")
    if fault.mode == DOWN:
        return HttpResponse("Service Unavailable", status=503, content_type="text/plain")
    numbers = [number.strip() for number in request.POST.get("to", "").split(",") if number.strip()]
    words = request.POST.get("message", "")
    if not numbers or not words:
        missing = "to" if not numbers else "message"
        return HttpResponse(f"Must have {missing} in your request", status=400, content_type="text/plain")
    sender = request.POST.get("from", "")
    if fault.mode == SENDER or (sender and not re.fullmatch(r"[A-Za-z0-9 ]{1,11}|\+?[0-9]{3,15}", sender)):
        return JsonResponse({"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}}, status=201)
    recipients = [_take(number, sender, words, fault.mode) for number in numbers]
    if fault.mode == LOST:
        return HttpResponse("<html><h1>502 Bad Gateway</h1></html>", status=502)
    if fault.mode == GARBAGE:
        return HttpResponse("<html>Welcome</html>", status=201)
    taken = [recipient for recipient in recipients if recipient["statusCode"] < 200]
    summary = f"Sent to {len(taken)}/{len(recipients)} Total Cost: NGN {COST * len(taken)}"
    return JsonResponse({"SMSMessageData": {"Message": summary, "Recipients": recipients}}, status=201)


def _is_known(request: HttpRequest) -> bool:
    return request.headers.get("apiKey") == settings.SMS_KEY and request.POST.get("username") == settings.SMS_USERNAME


def _take(number: str, sender: str, words: str, mode: str) -> dict[str, Any]:
    code, status = REFUSALS.get(mode, (101, "Success"))
    if code == 101 and not NUMBER.fullmatch(number):
        code, status = REFUSALS["invalid_number"]
    if code != 101:
        return {"statusCode": code, "number": number, "cost": "0", "status": status, "messageId": "None"}
    text = keep(
        network=Text.Network.AFRICASTALKING,
        number=number,
        sender=sender or "AFRICASTKNG",
        words=words,
        message_id=f"ATXid_{secrets.token_hex(16)}",
        outcome=Text.Outcome.LOST if mode in (LOST, GARBAGE) else Text.Outcome.ACCEPTED,
    )
    return {
        "statusCode": code,
        "number": number,
        "cost": f"NGN {COST * text.parts}",
        "status": status,
        "messageId": text.message_id,
    }


def keep(*, words: str, **more: Any) -> Text:
    """Keep a message to be read, and return it."""
    text = Text.objects.create(words=words, parts=parts(words), **more)
    Text.objects.filter(pk__lte=text.pk - MOST_TEXTS).delete()
    return text


def basic(user: str, password: str) -> str:
    """Return the header of a log-in by name and password (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def parts(words: str) -> int:
    """Return in how many parts a phone gets the words."""
    if BASIC.fullmatch(words):
        places = len(words) + sum(words.count(character) for character in "^{}\\[~]|€")
        return 1 if places <= 160 else ceil(places / 153)
    places = len(words.encode("utf-16-be")) // 2
    return 1 if places <= 70 else ceil(places / 67)
