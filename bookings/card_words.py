"""What stands with a booking's card and its fees, in the words of its guest and as plain values."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import terms
from bookings.deposit_words import is_hold_over, until
from bookings.models import Booking, Fee
from bookings.states import FeeState, Status
from localization import formatting
from payments.saved import selectors as cards
from payments.states import Kind


@dataclass(frozen=True)
class CardWords:
    """A line, sentences under it, and where the guest goes on to give a card, or to pay; empty where nowhere."""

    line: str
    sentences: tuple[str, ...]
    action: str = ""
    button: str = ""


def waits_for_card(booking: Booking) -> bool:
    """Whether a held table waits for its guest's card: a hold without a guest only keeps a table for a form."""
    return booking.status == Status.HELD and bool(booking.guest_name) and terms.asks_card(booking.policy)


def card_words(booking: Booking, *, now: datetime | None = None) -> CardWords | None:
    """Return what the guest reads of the card that guarantees their table, in the active language."""
    now = now or timezone.now()
    if not terms.asks_card(booking.policy):
        return None
    if waits_for_card(booking):
        return _awaited(booking, now)
    if booking.status not in (Status.CONFIRMED, Status.ARRIVED, Status.SEATED):
        return None
    method = cards.guarantee_of(Kind.GUARANTEE, booking.public_id)
    if method is None:
        return None
    return CardWords(
        _("Your card %(card)s guarantees this table") % {"card": str(method)},
        (_("It is forgotten when the booking is over and no fee is open."),),
    )


def _awaited(booking: Booking, now: datetime) -> CardWords:
    if is_hold_over(booking, now) or booking.hold_expires_at is None:
        return CardWords(_("The time to give a card is over"), (_("Please book again if you still want a table."),))
    time = until(booking.hold_expires_at, zone=booking.restaurant.time_zone, now=now)
    small = formatting.money(settings.GUARANTEE_KOBO)
    return CardWords(
        _("Held until %(time)s for your card") % {"time": time},
        (
            _("The table is yours once you have given a card for it.")
            + " "
            + _("%(amount)s is charged to show that the card works, and given back at once.") % {"amount": small},
            _("Nothing more is charged if you come, or cancel in time."),
        ),
        action=reverse("payments:pay_all", args=[Kind.GUARANTEE.value, booking.public_id]),
        button=_("Give a card"),
    )


def fee_sentences(policy: terms.Terms) -> list[str]:
    """Return what is charged if nobody comes, and of a late cancellation; what is kept of a deposit comes off."""
    said = []
    no_show, late = terms.no_show_fee_kobo(policy), terms.late_cancellation_fee_kobo(policy)
    if no_show:
        said.append(_("If nobody comes, a fee of %(amount)s is charged.") % {"amount": formatting.money(no_show)})
    if late:
        amount = formatting.money(late)
        said.append(_("If you cancel after the free time, a fee of %(amount)s is charged.") % {"amount": amount})
    if not said:
        return []
    if terms.deposit_kobo(policy):
        said.append(_("What the restaurant keeps of a deposit comes off the fee."))
    if terms.asks_card(policy):
        said.append(_("The restaurant asks for a card that guarantees this when you book."))
    return said


def late_fee_sentences(booking: Booking, kobo: int) -> list[str]:
    """Return what a late cancellation would cost, when that is charged, and to which card; nothing where it is free."""
    if kobo <= 0:
        return []
    method = cards.guarantee_of(Kind.GUARANTEE, booking.public_id)
    wait = {"wait": formatting.duration(timedelta(minutes=settings.FEE_WAITS_MINUTES))}
    how = (
        _("We send you a link to pay it in %(wait)s.") % wait
        if method is None
        else _("It is charged to your card %(card)s in %(wait)s.") % {**wait, "card": str(method)}
    )
    costs = _("Cancelling now costs a fee of %(amount)s, as was agreed.") % {"amount": formatting.money(kobo)}
    return [costs, how]


def fee_words(fees: list[Fee], *, now: datetime | None = None) -> list[CardWords]:
    """Return what the guest reads of the fees of a booking, in the active language."""
    return [_fee(fee, now or timezone.now()) for fee in fees]


def _fee(fee: Fee, now: datetime) -> CardWords:
    amount = {"amount": formatting.money(fee.amount_kobo)}
    why = str(fee.get_kind_display())
    if fee.state == FeeState.ASKED:
        zone = fee.booking.restaurant.time_zone
        when = {**amount, "time": until(fee.due_at, zone=zone, now=now)}
        is_coming = fee.due_at > now
        line = (
            _("A fee of %(amount)s is charged after %(time)s") % when
            if is_coming
            else _("A fee of %(amount)s is being charged") % amount
        )
        return CardWords(line, (why, _("If you were there, please call the restaurant.")))
    if fee.state == FeeState.UNPAID:
        return CardWords(
            _("A fee of %(amount)s is to be paid") % amount,
            (why,),
            action=reverse("payments:pay_all", args=[Kind.FEE.value, fee.public_id]),
            button=_("Pay the fee"),
        )
    if fee.state == FeeState.PAID:
        return CardWords(_("Your fee of %(amount)s is paid") % amount, (why,))
    if fee.returned_kobo:
        back = {"amount": formatting.money(fee.returned_kobo)}
        return CardWords(_("Your fee is not asked for any more: %(amount)s goes back to you") % back, (why,))
    return CardWords(_("Your fee of %(amount)s is not asked for any more") % amount, (why,))


# --- Which message told what ---------------------------------------------------------------------------------------


# Of a waived fee, what is told when more of it goes back later.
RETURNED = "returned"


def card_key(booking: Booking, what: str) -> str:
    """Return under what a message about a booking's card is told once; `what` is asked, taken, late or lapsed."""
    return f"booking.card:{booking.public_id}:{what}"


def fee_key(fee: Fee, version: str) -> str:
    """Return under what a message about a move of a fee is told once."""
    return f"booking.fee:{fee.public_id}:{version}"


def message_keys(bookings: list[Booking], fees: list[Fee]) -> list[str]:
    """Return the keys of all messages that these may have caused."""
    keys = [card_key(booking, what) for booking in bookings for what in ("asked", "taken", "late", "lapsed")]
    states = [*(state.value for state in FeeState), RETURNED]
    return keys + [
        fee_key(fee, f"{turn}:{state}") for fee in fees for turn in range(1, fee.turn + 1) for state in states
    ]
