"""The way of a payer through a checkout page, from one question to the next: for the page and for tests alike."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sandbox.gateways import clock, due
from sandbox.gateways.models import Visit
from sandbox.gateways.store import writing
from sandbox.gateways.till import BANK, BANK_PAGE, CARD, DECLINED, PAID, TRANSFER, USSD, Bill, Instrument, Till

ACCOUNT_LIVES = timedelta(minutes=30)
# How long after its account's end a late transfer arrives, and how long a broken USSD session is silent.
LATE = timedelta(minutes=1)
USSD_SILENT = timedelta(minutes=10)
MOST_WRONG_ANSWERS = 3
# What `sandbox.gateways.due` calls these two.
TRANSFER_ARRIVES, USSD_CONFIRMS = "transfer", "ussd"
WAYS = (
    "card",
    "declined",
    "abandoned",
    "cancelled",
    "challenge",
    "bank",
    "transfer",
    "transfer_short",
    "transfer_excess",
    "transfer_late",
    "ussd",
    "ussd_late",
    "ussd_never",
)


class Refused(Exception):
    """The payer asked for something that cannot be done; says why in a sentence."""


def visit_of(till: Till, token: str) -> Visit:
    """Return how far the payer is."""
    return Visit.objects.filter(gateway=till.gateway, token=token).first() or Visit(gateway=till.gateway, token=token)


def instrument_of(till: Till, visit: Visit) -> Instrument | None:
    return till.instruments.get(visit.instrument)


def find(till: Till, kind: str, number: str) -> Instrument:
    """Return the test card or account with this number.

    :raises Refused: for every other one
    """
    digits = "".join(character for character in number if character.isdigit())
    for instrument in till.instruments.values():
        if instrument.kind == kind and instrument.digits == digits:
            return instrument
    raise Refused("Only the test cards and accounts of this page can pay here: do not type a real one.")


def present(till: Till, bill: Bill, instrument: Instrument) -> None:
    """Pay with a card or bank account; unless it asks for something first, that is all.

    :raises Refused: when the payment does not take it
    """
    _must_take(bill, instrument.kind)
    with writing():
        visit = visit_of(till, bill.token)
        visit.instrument, visit.steps_done, visit.wrong_answers = instrument.name, 0, 0
        till.begin(bill.token, instrument.kind)
        _go_on(till, visit, instrument)


def answer(till: Till, bill: Bill, given: str) -> None:
    """Answer what the card or account asks.

    :raises Refused: when the answer is wrong; after the third the payment has failed
    """
    with writing():
        visit = visit_of(till, bill.token)
        instrument = instrument_of(till, visit)
        if instrument is None or visit.step in ("choose", TRANSFER, USSD):
            raise Refused("Nothing is asked at the moment: choose how to pay.")
        expected = instrument.answers.get(visit.step)
        is_right = given.strip() == expected if expected is not None else bool(given.strip())
        if visit.step == BANK_PAGE and given == "no":
            _finish(till, visit, instrument, DECLINED, "Declined by the cardholder")
            return
        if is_right:
            visit.steps_done += 1
            _go_on(till, visit, instrument)
            return
        visit.wrong_answers += 1
        if visit.wrong_answers >= MOST_WRONG_ANSWERS:
            _finish(till, visit, instrument, DECLINED, f"Incorrect {visit.step.upper()}")
            return
        visit.save()
    raise Refused("That is not right. Try again.")


def _go_on(till: Till, visit: Visit, instrument: Instrument) -> None:
    if visit.steps_done < len(instrument.steps):
        visit.step = instrument.steps[visit.steps_done]
        visit.save()
    else:
        _finish(till, visit, instrument, instrument.outcome, "" if instrument.outcome == PAID else instrument.reason)


def _finish(till: Till, visit: Visit, instrument: Instrument, outcome: str, reason: str) -> None:
    visit.step, visit.steps_done, visit.wrong_answers = "choose", 0, 0
    # Who was asked nothing was nowhere on the page.
    if visit.pk is not None:
        visit.save()
    till.attempt(visit.token, instrument.name, outcome, reason)


def ask_for_consent(till: Till, token: str, instrument: str) -> None:
    """Have the owner of a saved card consent on a page of their bank; call it in the charge's transaction."""
    visit = visit_of(till, token)
    visit.instrument, visit.step, visit.steps_done, visit.wrong_answers = instrument, BANK_PAGE, 0, 0
    visit.save()


def choose_transfer(till: Till, bill: Bill, *, expires_at: datetime | None = None) -> Visit:
    """Show an account to send the money to; the one shown already, while it lives.

    :raises Refused: when the payment does not take transfers
    """
    _must_take(bill, TRANSFER)
    with writing():
        visit = visit_of(till, bill.token)
        if visit.account_expires_at is None or visit.account_expires_at <= clock.now():
            visit.account_number = f"99{secrets.randbelow(10**8):08}"
            visit.account_expires_at = expires_at or clock.now() + ACCOUNT_LIVES
        visit.step = TRANSFER
        visit.save()
        till.begin(bill.token, TRANSFER)
        return visit


def send(till: Till, bill: Bill, kobo: int, *, is_late: bool = False) -> datetime:
    """Send money to the account that was shown, and return when it arrives.

    With `is_late` it arrives a minute after the account's time is over.

    :raises Refused: when no account was shown, or nothing is sent
    """
    with writing():
        visit = visit_of(till, bill.token)
        if visit.account_expires_at is None:
            raise Refused("There is no account yet: choose a bank transfer first.")
        if kobo < 1:
            raise Refused("Send at least one kobo.")
        now = clock.now()
        arrives_at = max(now, visit.account_expires_at + LATE) if is_late else now
        if arrives_at > now:
            due.later(till.gateway, TRANSFER_ARRIVES, arrives_at, token=bill.token, sent_kobo=kobo, is_late=True)
        else:
            till.transfer(bill.token, kobo, now >= visit.account_expires_at)
        return arrives_at


def choose_ussd(till: Till, bill: Bill) -> Visit:
    """Show a code to dial.

    :raises Refused: when the payment does not take USSD
    """
    _must_take(bill, USSD)
    with writing():
        visit = visit_of(till, bill.token)
        if not visit.ussd_code:
            visit.ussd_code = f"*737*000*{secrets.randbelow(10**4):04}#"
        visit.step = USSD
        visit.save()
        till.begin(bill.token, USSD)
        return visit


def dial(till: Till, bill: Bill, *, is_broken: bool = False) -> datetime:
    """Dial the code and return when the bank confirms: now, or ten minutes after the session broke.

    :raises Refused: when no code was shown
    """
    with writing():
        if not visit_of(till, bill.token).ussd_code:
            raise Refused("There is no code yet: choose USSD first.")
        if not is_broken:
            till.ussd(bill.token)
            return clock.now()
        confirmed_at = clock.now() + USSD_SILENT
        due.later(till.gateway, USSD_CONFIRMS, confirmed_at, token=bill.token)
        return confirmed_at


def choose_again(till: Till, bill: Bill) -> None:
    """Go back to the ways to pay."""
    with writing():
        visit = visit_of(till, bill.token)
        visit.step, visit.steps_done, visit.wrong_answers = "choose", 0, 0
        visit.save()


def cancel(till: Till, bill: Bill) -> None:
    """Leave with the button for it."""
    with writing():
        till.cancel(bill.token)


def _must_take(bill: Bill, channel: str) -> None:
    if not bill.is_open:
        raise Refused(bill.state)
    if channel not in bill.channels:
        raise Refused("This payment cannot be paid in that way.")


def pay(till: Till, token: str, how: str, asked: dict[str, Any]) -> datetime | None:
    """Do at once what a person would do on the page; return when the money arrives, or None where none does.

    `asked` may name a `card` (a test card or account), the `kobo` that are sent, and `{"complete": false}`.

    :raises Refused: when it cannot be done
    """
    bill = till.bill(token)
    if bill is None:
        raise Refused("There is no such payment.")
    if how not in WAYS:
        raise Refused(f"how must be one of {', '.join(WAYS)}.")
    if how in ("card", "declined", "challenge", "bank"):
        _pay_with(till, bill, how, asked)
        return clock.now()
    if how.startswith("transfer"):
        choose_transfer(till, bill)
        usual = {"transfer_short": bill.amount_kobo - 10_000, "transfer_excess": bill.amount_kobo + 10_000}
        kobo = asked.get("kobo", max(1, usual.get(how, bill.amount_kobo)))
        if isinstance(kobo, bool) or not isinstance(kobo, int):
            raise Refused("kobo must be a whole number.")
        return send(till, bill, kobo, is_late=how == "transfer_late")
    if how.startswith("ussd"):
        choose_ussd(till, bill)
        return None if how == "ussd_never" else dial(till, bill, is_broken=how == "ussd_late")
    if how == "cancelled":
        cancel(till, bill)
    return None


def _pay_with(till: Till, bill: Bill, how: str, asked: dict[str, Any]) -> None:
    if bill.challenge:
        answer(till, bill, "no" if how == "declined" else "yes")
        return
    name = asked.get("card") or _usual(till, how)
    instrument = till.instruments.get(name)
    if instrument is None:
        raise Refused(f"card must be one of {', '.join(till.instruments)}.")
    present(till, bill, instrument)
    if asked.get("complete") is False:
        return
    for step in instrument.steps:
        answer(till, bill, instrument.answers.get(step, "yes"))


def _usual(till: Till, how: str) -> str:
    def is_usual(each: Instrument) -> bool:
        if how == "bank":
            return each.kind == BANK and each.outcome == PAID and not each.refunds
        is_card = each.kind == CARD and not each.refunds
        if how == "declined":
            return is_card and each.outcome == DECLINED
        return is_card and each.outcome == PAID and each.steps == ((BANK_PAGE,) if how == "challenge" else ())

    found = next((name for name, each in till.instruments.items() if is_usual(each)), None)
    if found is None:
        raise Refused(f"{till.title} has no test card for that; name one with card.")
    return found
