"""Twilio's Messages resource, as its documentation describes it: a form in, the message that was made out."""

import re
import secrets
import time
from email.utils import format_datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sandbox import settings
from sandbox.faults import switches
from sandbox.sms import network
from sandbox.sms.models import Text

SERVICE = "twilio"
SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}|\+[1-9][0-9]{6,14}|[0-9]{3,8}")
SERVICE_SID = re.compile(r"MG[0-9a-f]{32}")
LONGEST = 1600
LARGEST_PAGE = 1000
# By the switch: the status of HTTP, Twilio's code, and its words.
REFUSALS = {
    "invalid_number": (400, 21211, "Invalid 'To' Phone Number"),
    "opted_out": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "no_mobile": (400, 21614, "'To' number is not a valid mobile number"),
    "region": (
        400,
        21408,
        "Permission to send an SMS has not been enabled for the region of the 'To' number",
    ),
    "invalid_sender": (
        400,
        21606,
        "The 'From' phone number is not a valid message-capable Twilio phone number",
    ),
    "unauthorised": (401, 20003, "Authenticate"),
    "busy": (429, 20429, "Too Many Requests"),
    "down": (503, 20503, "Service unavailable"),
}
LOST, GARBAGE = "lost", "garbage"
MODES = {
    switches.NONE: "No fault",
    "invalid_number": "Call the number invalid (21211)",
    "opted_out": "Say that this person wants no messages of ours (21610)",
    "no_mobile": "Say that the number is no mobile phone's (21614)",
    "region": "Refuse the country (21408)",
    "invalid_sender": "Refuse the sender (21606)",
    "unauthorised": "Refuse the log-in (HTTP 401)",
    "busy": "Say that there are too many requests (HTTP 429)",
    "down": "Be down (HTTP 503)",
    LOST: "Take the message, then answer with an error (HTTP 500)",
    GARBAGE: "Take the message, then answer nonsense",
}


@csrf_exempt
@require_http_methods(["GET", "POST"])
def messages(request: HttpRequest, account: str) -> HttpResponse:
    """Take a message (`To`, `Body`, `From` or `MessagingServiceSid`), or list what was taken (`To`, `PageSize`)."""
    fault = switches.take(SERVICE) if request.method == "POST" else switches.Switch()
    time.sleep(fault.delay_seconds)
    if not _is_known(request, account):
        return _refusal("unauthorised")
    if request.method == "GET":
        return _listed(request, account)
    to, words = request.POST.get("To", ""), request.POST.get("Body", "")
    sender = request.POST.get("MessagingServiceSid", "") or request.POST.get("From", "")
    if fault.mode in REFUSALS:
        return _refusal(fault.mode)
    if not to:
        return _said(400, 21604, "A 'To' phone number is required.")
    if not words:
        return _said(400, 21602, "Message body is required.")
    if not sender:
        return _said(400, 21603, "A 'From' phone number is required.")
    if len(words) > LONGEST:
        return _said(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if not network.NUMBER.fullmatch(to):
        return _refusal("invalid_number")
    if not (SERVICE_SID if "MessagingServiceSid" in request.POST else SENDER).fullmatch(sender):
        return _refusal("invalid_sender")
    text = network.keep(
        network=Text.Network.TWILIO,
        number=to,
        sender=sender[:20],
        words=words,
        message_id=f"SM{secrets.token_hex(16)}",
        outcome=Text.Outcome.LOST if fault.mode in (LOST, GARBAGE) else Text.Outcome.ACCEPTED,
    )
    if fault.mode == LOST:
        return _said(500, 20500, "An internal server error has occurred")
    if fault.mode == GARBAGE:
        return HttpResponse("<html>Welcome</html>", status=201)
    return JsonResponse(_as_json(text, account), status=201)


def _is_known(request: HttpRequest, account: str) -> bool:
    log_in = request.headers.get("Authorization", "")
    return account == settings.TWILIO_ACCOUNT_SID and log_in == network.basic(account, settings.TWILIO_AUTH_TOKEN)


def _listed(request: HttpRequest, account: str) -> HttpResponse:
    found = Text.objects.filter(network=Text.Network.TWILIO)
    if to := request.GET.get("To", ""):
        found = found.filter(number=to)
    asked = request.GET.get("PageSize", "50")
    # Cut short, for int() refuses thousands of digits; so many more than there can be are as good as all.
    size = min(max(int(asked[:9]), 1), LARGEST_PAGE) if asked.isdecimal() else 50
    listed = [_as_json(text, account) for text in found[:size]]
    return JsonResponse({"messages": listed, "page": 0, "page_size": size, "uri": request.get_full_path()})


def _as_json(text: Text, account: str) -> dict[str, Any]:
    is_service = text.sender.startswith("MG")
    return {
        "sid": text.message_id,
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text.words,
        "date_created": format_datetime(text.received_at),
        "date_sent": None,
        "date_updated": format_datetime(text.received_at),
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": None if is_service else text.sender,
        "messaging_service_sid": text.sender if is_service else None,
        "num_media": "0",
        "num_segments": "0" if is_service else str(text.parts),
        "price": None,
        "price_unit": "USD",
        "status": "accepted" if is_service else "queued",
        "to": text.number,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{text.message_id}.json",
    }


def _refusal(name: str) -> HttpResponse:
    return _said(*REFUSALS[name])


def _said(status: int, code: int, message: str) -> HttpResponse:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return JsonResponse({"code": code, "message": message, "more_info": more, "status": status}, status=status)
