"""What has happened to a booking and to the money for it, in one order: for its guest, and for the desk."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from bookings import selectors
from bookings.deposit_words import advance_of
from bookings.models import AdvanceHistory, Booking, BookingHistory
from bookings.states import AdvanceState
from bookings.templatetags.buka_today import history_text
from bookings.wording import Line, lines_of
from localization import formatting


@dataclass(frozen=True)
class Step:
    """An entry of a deposit's history, with what the house had of it then and what had been asked for before."""

    entry: AdvanceHistory
    held_kobo: int
    asked_before_kobo: int

    @property
    def is_of_state(self) -> bool:
        return bool(self.entry.from_state) and self.entry.from_state != self.entry.to_state


@dataclass(frozen=True)
class Happening:
    """One entry as the desk reads it; `entry` says who, through which door, and why."""

    at: datetime
    text: str
    entry: BookingHistory | AdvanceHistory


def steps_of(booking: Booking) -> list[Step]:
    """Return what has happened to a booking's deposit, in order; one query, none where nothing was asked for."""
    if advance_of(booking) is None:
        return []
    steps, held, asked = [], 0, 0
    for entry in selectors.deposit_history_of(booking):
        held += entry.received_kobo - entry.returned_kobo
        steps.append(Step(entry, held, asked))
        asked = entry.amount_kobo
    return steps


def story_for_guest(booking: Booking, history: Iterable[BookingHistory]) -> list[Line]:
    """Return everything that happened, as its guest reads it.

    :param history: the booking's own, which the page has read already
    """
    lines = lines_of(history, zone=booking.restaurant.time_zone)
    lines += [Line(step.entry.at, text) for step in steps_of(booking) for text in _to_guest(step)]
    return sorted(lines, key=lambda line: line.at)


def story_for_desk(booking: Booking) -> list[Happening]:
    """Return everything that happened, as the house reads it."""
    zone = booking.restaurant.time_zone
    told = [Happening(entry.at, history_text(entry, zone), entry) for entry in selectors.history_of(booking)]
    told += [Happening(step.entry.at, _to_desk(step), step.entry) for step in steps_of(booking)]
    return sorted(told, key=lambda happening: happening.at)


def _to_guest(step: Step) -> list[str]:
    entry = step.entry
    amounts = {
        "asked": formatting.money(entry.amount_kobo),
        "held": formatting.money(min(step.held_kobo, entry.amount_kobo)),
        "owed": formatting.money(step.held_kobo),
        "received": formatting.money(entry.received_kobo),
        "returned": formatting.money(entry.returned_kobo),
    }
    texts = []
    if entry.received_kobo:
        texts.append(_("The restaurant received %(received)s from you for the deposit.") % amounts)
    elif entry.returned_kobo:
        texts.append(_("The restaurant paid %(returned)s of the deposit back.") % amounts)
    elif not entry.from_state:
        texts.append(_("The restaurant asked for a deposit of %(asked)s.") % amounts)
    elif entry.amount_kobo == step.asked_before_kobo and not step.is_of_state:
        texts.append(_("The deposit is due at another time.") % amounts)
    elif entry.amount_kobo != step.asked_before_kobo and entry.amount_kobo:
        texts.append(_("The deposit is now %(asked)s.") % amounts)
    if not step.is_of_state or (entry.received_kobo and entry.to_state == AdvanceState.RECEIVED):
        return texts
    sentences = {
        AdvanceState.LAPSED: _("The deposit is not awaited any more.") % amounts,
        AdvanceState.APPLIED: _("The deposit of %(held)s came off the bill.") % amounts,
        AdvanceState.KEPT: _("The restaurant keeps the deposit of %(held)s.") % amounts,
        AdvanceState.OWED_BACK: _("The restaurant owes you %(owed)s back.") % amounts,
    }
    if entry.from_state == AdvanceState.KEPT:
        texts.append(_("The restaurant does not keep the deposit of %(held)s after all.") % amounts)
    elif entry.to_state in sentences:
        texts.append(sentences[AdvanceState(entry.to_state)])
    return texts


def _to_desk(step: Step) -> str:
    entry = step.entry
    state = str(entry.get_to_state_display())
    if entry.received_kobo:
        amount = formatting.money(entry.received_kobo)
        return _("Deposit: %(amount)s received (%(state)s)") % {"amount": amount, "state": state}
    if entry.returned_kobo:
        return _("Deposit: %(amount)s paid back") % {"amount": formatting.money(entry.returned_kobo)}
    if not step.is_of_state:
        if entry.from_state and entry.amount_kobo == step.asked_before_kobo:
            return _("Deposit: due at another time")
        return _("Deposit: %(amount)s asked for") % {"amount": formatting.money(entry.amount_kobo)}
    if not entry.amount_kobo and entry.to_state == AdvanceState.LAPSED:
        return _("Deposit: the house does without %(amount)s") % {"amount": formatting.money(step.asked_before_kobo)}
    amount = formatting.money(step.held_kobo or entry.amount_kobo)
    return _("Deposit %(amount)s: %(state)s") % {"amount": amount, "state": state}
