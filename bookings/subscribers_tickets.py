"""What bookings does when something happens to an event, an order or a ticket: it writes to whom it concerns."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from bookings import access, calendars, ticket_wording, ticketing
from bookings.models import Ticket, TicketedEvent, TicketOrder
from bookings.states import FOR_THE_GUEST, EventStatus, OrderStatus, TicketState
from bookings.subscribers import address_of, map_url
from bookings.texting import ORDER, naira, send_text, short_time, short_url
from bookings.ticket_messages import key_of
from core import codes, phones
from localization import formatting
from notifications import services as notifications
from notifications.services import BadRecipient
from payments.receipts.selectors import link_to_receipt
from payments.states import Kind

# Money is news for longer than an evening.
USEFUL = timedelta(days=14)


def tell_of_order(*, order_id: UUID, is_held: bool = False, **_more: Any) -> None:
    """Write the tickets to whoever ordered them, or how to pay for them first."""
    order = ticketing.order_by_public_id(order_id)
    if order is None:
        return
    if order.status == OrderStatus.HELD and is_held:
        _tell_of_hold(order)
    elif order.status == OrderStatus.CONFIRMED:
        _tell_of_tickets(order)


def tell_of_confirmation(*, order_id: UUID, **_more: Any) -> None:
    order = ticketing.order_by_public_id(order_id)
    if order is not None and order.status == OrderStatus.CONFIRMED:
        _tell_of_tickets(order)


def _tell_of_tickets(order: TicketOrder) -> None:
    key = key_of("tickets.confirmed", order.public_id)
    outstanding = ticketing.outstanding_kobo(order, order.tickets.all())
    amount = _money(outstanding, order.language)
    receipt = link_to_receipt(
        Kind.TICKETS,
        order.public_id,
        owner_id=order.diner_id,
        token=access.token_for(order),
        language=order.language,
    )
    _mail_order(
        order,
        "tickets.confirmed",
        key,
        method="REQUEST",
        amount=amount,
        terms=_terms(order),
        receipt_url=receipt,
    )
    _text_order(order, "tickets.confirmed", key, useful_until=order.event.ends_at)


def _tell_of_hold(order: TicketOrder) -> None:
    if order.hold_expires_at is None or order.hold_expires_at <= timezone.now():
        return
    key, zone = key_of("tickets.held", order.public_id), order.event.restaurant.time_zone
    outstanding = ticketing.outstanding_kobo(order, order.tickets.all())
    with translation.override(order.language):
        until = formatting.day_and_time(order.hold_expires_at, zone=zone)
    _mail_order(
        order,
        "tickets.held",
        key,
        useful_until=order.hold_expires_at,
        amount=_money(outstanding, order.language),
        until=until,
        instructions=order.event.payment_instructions,
        terms=_terms(order),
    )
    _text_order(
        order,
        "tickets.held",
        key,
        useful_until=order.hold_expires_at,
        amount=naira(outstanding),
        until=short_time(order.hold_expires_at, zone),
    )


def tell_of_expiry(*, order_id: UUID, why: str, version: int, owed_back_kobo: int = 0, **_more: Any) -> None:
    order = ticketing.order_by_public_id(order_id)
    if order is None or order.status != OrderStatus.EXPIRED:
        return
    key = key_of("tickets.expired", order.public_id, version)
    _mail_order(order, "tickets.expired", key, why=why, owed_back=_money(owed_back_kobo, order.language))
    if owed_back_kobo:
        _text_order(
            order,
            "tickets.expired",
            key,
            useful_until=timezone.now() + USEFUL,
            also_beside_mail=True,
            why=why,
            owed_back=naira(owed_back_kobo),
        )


def tell_of_money_back(
    *, order_id: UUID, why: str, amount_kobo: int, owed_back_kobo: int, version: int, **_more: Any
) -> None:
    """Say what happens with money that came for an order which had been cancelled."""
    order = ticketing.order_by_public_id(order_id)
    if order is None:
        return
    key, useful_until = key_of("tickets.owed_back", order.public_id, version), timezone.now() + USEFUL
    _mail_order(
        order,
        "tickets.owed_back",
        key,
        useful_until=useful_until,
        why=why,
        amount=_money(amount_kobo, order.language),
        owed_back=_money(owed_back_kobo, order.language),
    )
    _text_order(
        order,
        "tickets.owed_back",
        key,
        useful_until=useful_until,
        also_beside_mail=True,
        why=why,
        amount=naira(amount_kobo),
        owed_back=naira(owed_back_kobo),
    )


def tell_of_giving_back(
    *, order_id: UUID, by: str, is_whole: bool, version: int, reason: str = "", **_more: Any
) -> None:
    """Write to the buyer, and to everybody to whom one of the tickets had been passed on."""
    order = ticketing.order_by_public_id(order_id)
    if order is None:
        return
    tickets = list(order.tickets.all())
    is_houses = by not in FOR_THE_GUEST
    is_called_off = order.event.status == EventStatus.CALLED_OFF
    why = "called_off" if is_called_off else "restaurant" if is_houses else "buyer"
    key = key_of("tickets.given_back", order.public_id, version)
    owed = ticketing.owed_back_kobo(order, tickets)
    _mail_order(
        order,
        "tickets.given_back",
        key,
        method="CANCEL" if is_whole else "",
        why=why,
        is_whole="yes" if is_whole else "no",
        reason=reason if is_houses else "",
        owed_back=_money(owed, order.language),
    )
    if is_houses and is_whole:
        _text_order(order, "tickets.given_back", key, useful_until=order.event.ends_at)
    for ticket in tickets:
        if ticket.is_passed_on and ticket.state == TicketState.VOID:
            _mail_holder(
                ticket, order, "ticket.withdrawn", key_of("ticket.withdrawn", ticket.public_id), method="CANCEL"
            )


def tell_of_passing_on(*, ticket_id: UUID, **_more: Any) -> None:
    """Send a ticket to whoever it was passed on to."""
    ticket = ticketing.ticket_by_public_id(ticket_id)
    if ticket is not None and ticket.state == TicketState.VALID and ticket.order.status == OrderStatus.CONFIRMED:
        _mail_holder(
            ticket, ticket.order, "ticket.passed_on", key_of("ticket.passed_on", ticket.public_id), method="REQUEST"
        )


def tell_of_move(*, event_id: UUID, version: int, reason: str, **_more: Any) -> None:
    """Write the new time to everybody with a ticket; an order's own page tells it too."""
    event = ticketing.event_by_public_id(event_id)
    if event is None or event.version != version or event.status != EventStatus.ON_SALE:
        return
    for order in ticketing.live_orders_of(event):
        key = key_of("event.moved", order.public_id, version)
        _mail_order(order, "event.moved", key, method="REQUEST", reason=reason)
        _text_order(order, "event.moved", key, useful_until=event.ends_at)
        for ticket in _with_others(order):
            key = key_of("event.moved", ticket.public_id, version)
            _mail_holder(ticket, order, "event.moved", key, method="REQUEST", reason=reason)


def remind(*, order_id: UUID) -> None:
    order = ticketing.order_by_public_id(order_id)
    if order is None or order.status != OrderStatus.CONFIRMED or order.event.starts_at <= timezone.now():
        return
    moment = order.event.starts_at
    key = key_of("event.reminder", order.public_id, moment.isoformat())
    outstanding = ticketing.outstanding_kobo(order, order.tickets.all())
    _mail_order(order, "event.reminder", key, useful_until=moment, amount=_money(outstanding, order.language))
    for ticket in _with_others(order):
        key = key_of("event.reminder", ticket.public_id, moment.isoformat())
        _mail_holder(ticket, order, "event.reminder", key, useful_until=moment)


def _with_others(order: TicketOrder) -> list[Ticket]:
    return [each for each in order.tickets.all() if each.is_passed_on and each.state == TicketState.VALID]


# --- Writing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """Whom a mail goes to, and which evening of theirs it is about: `uid` is the order's, or one ticket's."""

    email: str
    name: str
    language: str
    uid: UUID
    version: int
    event: TicketedEvent


def _mail_order(
    order: TicketOrder, kind: str, key: str, *, method: str = "", useful_until: datetime | None = None, **more: str
) -> None:
    reader = Reader(order.guest_email, order.guest_name, order.language, order.public_id, order.version, order.event)
    with translation.override(reader.language):
        context = {
            "places": "\n".join(ticket_wording.places_of(order.tickets.all())),
            "code": codes.display(order.code),
            "order_url": order_url(order),
            **more,
        }
    _send(reader, kind, key, context, method=method, useful_until=useful_until)


def _mail_holder(
    ticket: Ticket,
    order: TicketOrder,
    kind: str,
    key: str,
    *,
    method: str = "",
    useful_until: datetime | None = None,
    **more: str,
) -> None:
    """Write to whoever a ticket was passed on to, in the language in which it was; of the order they learn nothing."""
    language = ticket.holder_language or order.language
    reader = Reader(ticket.holder_email, ticket.holder_name, language, ticket.public_id, ticket.version, order.event)
    context = {
        "places": ticket.kind.name,
        "code": codes.display(ticket.code),
        "order_url": ticket_url(ticket, language=language),
        "giver": order.guest_name,
        **more,
    }
    _send(reader, kind, key, context, method=method, useful_until=useful_until)


def _send(
    reader: Reader, kind: str, key: str, context: dict[str, str], *, method: str, useful_until: datetime | None
) -> None:
    if not reader.email:
        return
    event = reader.event
    with translation.override(reader.language):
        context = {"guest_name": reader.name, **_context(event), **context}
    attachments = []
    if method:
        content = calendars.calendar_of_event(
            event,
            uid=reader.uid,
            version=reader.version,
            language=reader.language,
            method=method,
            email=reader.email,
            name=reader.name,
        )
        attachments.append(notifications.Attachment("buka.ics", f"text/calendar; method={method}", content))
    try:
        notifications.send(
            kind=kind,
            to=reader.email,
            name=reader.name,
            language=reader.language,
            context=notifications.catalogue.kind_called(kind).part_of(context),
            dedupe_key=key,
            attachments=attachments,
            useful_until=useful_until or max(event.ends_at, timezone.now()) + timedelta(days=1),
        )
    except BadRecipient:
        return


def _text_order(
    order: TicketOrder,
    kind: str,
    key: str,
    *,
    useful_until: datetime,
    also_beside_mail: bool = False,
    **context: Any,
) -> None:
    """Text whoever left no e-mail address, if their phone can be texted; one part, so names are cut.

    :param also_beside_mail: text whoever left an address as well: it is about their money
    """
    if not order.guest_phone or (order.guest_email and not also_beside_mail):
        return
    event = order.event
    context = {
        "restaurant_name": event.restaurant.name,
        "event_name": event.name,
        "when": short_time(event.starts_at, event.restaurant.time_zone),
        "order_url": short_url(ORDER, order.public_id),
        "why": "restaurant",
        "is_whole": "yes",
        **context,
    }
    send_text(
        kind=kind,
        to=order.guest_phone,
        name=order.guest_name,
        language=order.language,
        context=notifications.catalogue.kind_called(kind).part_of(context),
        dedupe_key=key,
        useful_until=useful_until,
    )


def _context(event: TicketedEvent) -> dict[str, Any]:
    restaurant = event.restaurant
    return {
        "restaurant_name": restaurant.name,
        "event_name": event.name,
        "when": formatting.day_and_time(event.starts_at, zone=restaurant.time_zone),
        "address": address_of(restaurant),
        "landmark": restaurant.landmark,
        "phone": phones.national(restaurant.phone) if restaurant.phone else "",
        "map_url": map_url(restaurant),
    }


def _terms(order: TicketOrder) -> str:
    with translation.override(order.language):
        zone = order.event.restaurant.time_zone
        return " ".join(ticket_wording.terms_sentences(order.terms, starts_at=order.event.starts_at, zone=zone))


def _money(kobo: int, language: str) -> str:
    return formatting.money(kobo, language) if kobo else ""


# --- Addresses -------------------------------------------------------------------------------------------------------


def order_url(order: TicketOrder) -> str:
    """Return the signed address under which a buyer sees their tickets without an account."""
    with translation.override(order.language):
        path = reverse("bookings:ticket_order", args=[order.public_id])
    return f"{settings.BASE_URL}{path}?token={access.token_for(order)}"


def ticket_url(ticket: Ticket, *, language: str) -> str:
    """Return the signed address of one ticket: whoever has it has the ticket."""
    with translation.override(language):
        path = reverse("bookings:ticket", args=[ticket.public_id])
    return f"{settings.BASE_URL}{path}?token={access.token_for(ticket)}"
