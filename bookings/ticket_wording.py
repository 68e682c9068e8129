"""Ticketed events and orders in plain words, for those who buy tickets."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings import ticketing
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.services.tickets import terms_of
from bookings.states import FOR_THE_GUEST, EventStatus, OrderStatus, PaidBy, PaidWhen, TicketDeed, TicketState
from bookings.wording import Line
from localization import formatting

HEADINGS = {
    OrderStatus.HELD: gettext_lazy("Your places are held until you have paid"),
    OrderStatus.CONFIRMED: gettext_lazy("Your tickets"),
    OrderStatus.CANCELLED: gettext_lazy("These tickets are cancelled"),
    OrderStatus.EXPIRED: gettext_lazy("These places were not paid in time"),
}
PAID_SENTENCES = {
    PaidBy.CASH.value: gettext_lazy("%(amount)s were received in cash."),
    PaidBy.TRANSFER.value: gettext_lazy("%(amount)s were received by transfer."),
    PaidBy.CARD.value: gettext_lazy("%(amount)s were received by card."),
}
TONES = {OrderStatus.HELD: "wait", OrderStatus.CONFIRMED: "good"}
TICKET_TONES = {TicketState.VALID: "good", TicketState.ADMITTED: "wait", TicketState.VOID: "bad"}


def heading_of(order: TicketOrder) -> str:
    return _("This evening is called off") if is_called_off(order) else str(HEADINGS[OrderStatus(order.status)])


def is_called_off(order: TicketOrder) -> bool:
    """Tell whether an order came to nothing because its event did."""
    return order.status == OrderStatus.CANCELLED and order.event.status == EventStatus.CALLED_OFF


def status_of(order: TicketOrder) -> str:
    """Return in a word how an order stands."""
    return _("Called off") if is_called_off(order) else order.get_status_display()


def state_of(ticket: Ticket, order: TicketOrder) -> str:
    """Return in a word how a ticket stands; of one that is void, who made it so as far as its order tells."""
    if ticket.state != TicketState.VOID or order.status == OrderStatus.CONFIRMED:
        return str(TicketState(ticket.state).label)
    return status_of(order)


def moved_sentences(order: TicketOrder) -> list[str]:
    """Return that the evening was moved since it was ordered, from when to when, why, and what that gives."""
    event = order.event
    move = ticketing.moved_since(event, order.created_at)
    if move is None or order.status not in (OrderStatus.HELD, OrderStatus.CONFIRMED):
        return []
    zone = event.restaurant.time_zone
    sentences = [
        _("The evening was moved from %(before)s to %(now)s.")
        % {
            "before": formatting.day_and_time(move.from_starts_at, zone=zone),
            "now": formatting.day_and_time(event.starts_at, zone=zone),
        }
    ]
    if move.reason:
        sentences.append(_("The restaurant says: %(reason)s") % {"reason": move.reason})
    if event.starts_at > timezone.now():
        sentences.append(
            _("If the new time does not suit you, give the tickets back until it begins: it costs you nothing.")
        )
    return sentences


def count_of(kind: TicketKind, count: int) -> str:
    """Return so many of a kind, as they stand in a list of what was ordered."""
    if kind.guests == 1:
        return _("%(count)d × %(kind)s") % {"count": count, "kind": kind.name}
    return ngettext(
        "%(count)d × %(kind)s for %(guests)d guest", "%(count)d × %(kind)s for %(guests)d guests", kind.guests
    ) % {"count": count, "kind": kind.name, "guests": kind.guests}


def places_of(tickets: Iterable[Ticket]) -> list[str]:
    """Return what was ordered and not given back, kind by kind."""
    units: dict[int, tuple[TicketKind, int]] = {}
    for ticket in tickets:
        if ticket.state != TicketState.VOID:
            kind, count = units.get(ticket.kind_id, (ticket.kind, 0))
            units[ticket.kind_id] = kind, count + ticket.units
    return [count_of(kind, count) for kind, count in units.values() if count]


def left_of(count: int) -> str:
    """Return how many there are still: a number only where they get few."""
    if count == 0:
        return _("Sold out")
    return ngettext("%(count)d left", "%(count)d left", count) % {"count": count} if count <= FEW else ""


FEW = 20


def terms_of_event(event: TicketedEvent) -> list[str]:
    """Return what is agreed with an order for an event, as sentences in the active language."""
    return terms_sentences(
        {**terms_of(event), "hold_minutes": event.hold_minutes},
        starts_at=event.starts_at,
        zone=event.restaurant.time_zone,
        is_free=all(kind.price_kobo == 0 for kind in event.kinds.all()),
    )


def terms_sentences(terms: dict[str, Any], *, starts_at: datetime, zone: str, is_free: bool = False) -> list[str]:
    """Return the terms of an order, its own or those it would have, as sentences in the active language."""
    sentences = []
    if is_free:
        pass
    elif terms.get("paid_when") != PaidWhen.BEFORE:
        sentences.append(_("You pay at the restaurant."))
    elif terms.get("hold_minutes"):
        length = formatting.duration(timedelta(minutes=terms["hold_minutes"]))
        sentences.append(
            _("You pay before. The places are held for %(length)s until the money comes.") % {"length": length}
        )
    hours = terms.get("return_hours")
    until = None if hours is None else starts_at - timedelta(hours=hours)
    if until is None or until <= timezone.now():
        sentences.append(_("Tickets are not taken back."))
    else:
        sentences.append(
            _("You can give tickets back until %(until)s.") % {"until": formatting.day_and_time(until, zone=zone)}
        )
    if terms.get("may_be_passed_on"):
        sentences.append(_("You can pass a ticket on to somebody else."))
    else:
        sentences.append(_("Tickets cannot be passed on to somebody else."))
    if terms.get("minimum_age"):
        sentences.append(_("For guests of %(age)d years and older.") % {"age": terms["minimum_age"]})
    return sentences


def lines_of(history: Iterable[TicketHistory]) -> list[Line]:
    """Return what happened with an order, as its buyer reads it."""
    return [Line(entry.at, text, _reason(entry)) for entry in history if (text := _text(entry))]


def _reason(entry: TicketHistory) -> str:
    is_for_buyer = entry.deed in (TicketDeed.CANCELLED, TicketDeed.CALLED_OFF, TicketDeed.GIVEN_BACK)
    return entry.reason if is_for_buyer and entry.actor_kind not in FOR_THE_GUEST else ""


def _text(entry: TicketHistory) -> str:
    is_own = entry.actor_kind in FOR_THE_GUEST
    amount = {"amount": formatting.money(entry.amount_kobo)}
    sentences = {
        TicketDeed.ORDERED: _("You ordered the tickets.") if is_own else _("The restaurant wrote this order down."),
        TicketDeed.PAID: (PAID_SENTENCES.get(entry.means) or _("%(amount)s were received.")) % amount,
        TicketDeed.PAID_BACK: _("%(amount)s were paid back.") % amount,
        TicketDeed.CONFIRMED: _("The order was confirmed."),
        TicketDeed.EXPIRED: _("The payment did not come in time."),
        TicketDeed.CANCELLED: _("You gave the tickets back.") if is_own else _("The restaurant cancelled the tickets."),
        TicketDeed.CALLED_OFF: _("The restaurant called the evening off."),
        TicketDeed.GIVEN_BACK: _("You gave a place back.") if is_own else _("The restaurant took a place back."),
        TicketDeed.PASSED_ON: _("A ticket was passed on."),
        TicketDeed.ADMITTED: _("A guest came in."),
        TicketDeed.ADMISSION_UNDONE: _("That a guest came in was taken back."),
    }
    return sentences[TicketDeed(entry.deed)]
