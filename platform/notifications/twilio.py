"""Twilio: text messages over its Messages resource (API of 2010-04-01), in the first carrier's place or beside it."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from notifications.verdicts import NotNow, NotTaken, Refused, Unreachable

TIMEOUT = httpx.Timeout(10, connect=3)
# What is wrong with this number or with these words: trying again changes nothing.
REFUSED = {
    21211: "the number is none",
    21214: "the number cannot be reached",
    21217: "the number is none",
    21602: "there are no words",
    21604: "there is no number",
    21610: "this person wants no messages of ours",
    21614: "the number is no mobile phone's",
    21617: "the words are too long",
}
# Their front doors say these before anything is taken; after any other error on their side nobody knows.
NOT_TAKEN = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})
FAILED = frozenset({"failed", "undelivered", "canceled"})
# Their clock and ours may differ.
CLOCKS_DIFFER = timedelta(minutes=2)
LOOKED_THROUGH = 50


class Twilio:
    """One account there. What fails is told without the number and the words: they are nobody's but the recipient's."""

    def __init__(self) -> None:
        account = quote(settings.TWILIO_ACCOUNT_SID, safe="")
        self.url: str = f"{settings.TWILIO_URL.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message; see notifications.by_sms.SmsProvider."""
        form = {"To": to, "Body": text}
        if settings.TWILIO_MESSAGING_SERVICE_SID:
            form["MessagingServiceSid"] = settings.TWILIO_MESSAGING_SERVICE_SID
        else:
            form["From"] = settings.TWILIO_FROM
        message = _read(self._ask("POST", data=form))
        if message.get("status") in FAILED:
            raise Refused(f"Twilio could not bring it: {message.get('error_code')}.")
        return _sid(message)

    def find(self, *, to: str, text: str, since: datetime) -> str | None:
        """Look among what they took whether a message is there; see notifications.by_sms.SmsProvider."""
        # Without their filter of days: what waits with them has none yet.
        found = _read(self._ask("GET", params={"To": to, "PageSize": str(LOOKED_THROUGH)})).get("messages")
        if not isinstance(found, list):
            raise NotNow("Twilio answered something that is not its format.")
        for message in found:
            if message.get("body") == text and _made_at(message) >= since - CLOCKS_DIFFER:
                if message.get("status") in FAILED:
                    raise Refused(f"Twilio could not bring it: {message.get('error_code')}.")
                return _sid(message)
        return None

    def _ask(self, method: str, **asked: Any) -> httpx.Response:
        log_in = (settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)
        try:
            # Without the environment's proxies: keys and codes go to this address and nowhere else.
            with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False, auth=log_in) as client:
                return client.request(method, self.url, **asked)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(f"Twilio cannot be reached: {type(error).__name__}") from error
        except httpx.HTTPError as error:
            raise NotNow(f"Twilio did not answer: {type(error).__name__}") from error


def _read(answer: httpx.Response) -> dict[str, Any]:
    """Return what they say, or the verdict that it amounts to."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    if answer.is_success:
        if isinstance(said, dict):
            return said
        raise NotNow("Twilio answered something that is not its format.")
    code = said.get("code") if isinstance(said, dict) else None
    if code in REFUSED:
        raise Refused(f"Twilio refused it: {code}, {REFUSED[code]}.")
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise NotTaken("Twilio refused our log-in: look at TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.")
    if answer.is_client_error or answer.status_code in NOT_TAKEN:
        # Our sender, our account, a country that is not switched on: it can be mended without losing the message.
        raise NotTaken(f"Twilio did not take it: {answer.status_code}, {code}.")
    raise NotNow(f"Twilio answered {answer.status_code}.")


def _sid(message: dict[str, Any]) -> str:
    sid = message.get("sid")
    if not isinstance(sid, str) or not sid:
        raise NotNow("Twilio answered something that is not its format.")
    return sid


def _made_at(message: dict[str, Any]) -> datetime:
    try:
        return parsedate_to_datetime(str(message.get("date_created")))
    except ValueError as error:
        raise NotNow("Twilio answered something that is not its format.") from error
