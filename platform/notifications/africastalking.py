"""Africa's Talking: text messages to phones in Nigeria and beyond, over its HTTP interface (version 1)."""

from datetime import datetime
from typing import Any

import httpx
from django.conf import settings

from notifications.verdicts import NotNow, NotTaken, Refused, Unreachable

PATH = "/version1/messaging"
TIMEOUT = httpx.Timeout(10, connect=3)
# Of each recipient: processed, sent, queued.
TAKEN = frozenset({100, 101, 102})
# What is wrong with this number: it is none, takes no messages, or does not want ours. Trying again changes nothing.
REFUSED = {
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    406: "UserInBlacklist",
    409: "DoNotDisturbRejection",
}
# Our sender's name, our balance, their way there: they say for certain that they have not taken it.
NOT_TAKEN = frozenset({402, 405, 407, 501, 502})


class AfricasTalking:
    """One account there. What fails is told without the number and the words: they are nobody's but the recipient's."""

    def __init__(self) -> None:
        self.url: str = settings.AFRICASTALKING_URL.rstrip("/") + PATH

    def find(self, *, to: str, text: str, since: datetime) -> str | None:
        """Return None: they have no list of what they took; see notifications.by_sms.SmsProvider."""
        return None

    def send(self, *, to: str, text: str) -> str:
        """Hand over one message; see notifications.by_sms.SmsProvider."""
        form = {"username": settings.AFRICASTALKING_USERNAME, "to": to, "message": text}
        if settings.AFRICASTALKING_SENDER:
            form["from"] = settings.AFRICASTALKING_SENDER
        headers = {"apiKey": settings.AFRICASTALKING_API_KEY, "Accept": "application/json"}
        try:
            # Without the environment's proxies: keys and codes go to this address and nowhere else.
            with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
                answer = client.post(self.url, data=form, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(f"Africa's Talking cannot be reached: {type(error).__name__}") from error
        except httpx.HTTPError as error:
            # It may have been taken. Better a code twice than never, but never by two carriers.
            raise NotNow(f"Africa's Talking did not answer: {type(error).__name__}") from error
        return _reference(answer)


def _reference(answer: httpx.Response) -> str:
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise NotTaken(
            "Africa's Talking refused our log-in: look at AFRICASTALKING_USERNAME and AFRICASTALKING_API_KEY."
        )
    if answer.status_code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
        # Their front door says so, before anything is taken.
        raise NotTaken(f"Africa's Talking answered {answer.status_code}.")
    if answer.status_code >= 500:
        raise NotNow(f"Africa's Talking answered {answer.status_code}.")
    if answer.status_code not in (httpx.codes.OK, httpx.codes.CREATED):
        raise Refused(f"Africa's Talking answered {answer.status_code}.")
    recipient = _recipient(answer)
    code = recipient.get("statusCode")
    if code in TAKEN:
        return str(recipient.get("messageId", ""))
    if code in REFUSED:
        raise Refused(f"Africa's Talking refused this number: {code} {REFUSED[code]}.")
    # It can be mended without losing the message.
    verdict = NotTaken if code in NOT_TAKEN else NotNow
    raise verdict(f"Africa's Talking did not take it: {code} {str(recipient.get('status', ''))[:40]}.")


def _recipient(answer: httpx.Response) -> dict[str, Any]:
    try:
        data = answer.json()["SMSMessageData"]
        recipients = data["Recipients"]
        if recipients:
            return dict(recipients[0])
        # Refused as a whole, such as "InvalidSenderId".
        reason = str(data.get("Message", ""))[:40]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise NotNow("Africa's Talking answered something that is not its format.") from error
    raise NotTaken(f"Africa's Talking took nothing: {reason}.")
