"""What the API says of events, orders and tickets, as plain values (see ticket_words for the words)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from bookings import access, ticketing
from bookings.models import Ticket, TicketedEvent, TicketOrder
from bookings.states import OrderStatus, PaidWhen
from bookings.subscribers_tickets import order_url, ticket_url
from bookings.ticketing import Sold
from restaurants.api.bodies import absolute, money, page_url
from restaurants.charges import of_which
from restaurants.models import ChargeLine, Restaurant
from restaurants.selectors import holding_on


def _local(moment: datetime | None, restaurant: Restaurant) -> str | None:
    return None if moment is None else moment.astimezone(ZoneInfo(restaurant.time_zone)).isoformat()


def _house(restaurant: Restaurant) -> dict[str, Any]:
    city = restaurant.city
    return {
        "id": restaurant.public_id,
        "slug": restaurant.slug,
        "name": restaurant.name,
        "url": page_url(restaurant.slug),
        "city": {"slug": city.slug, "name": city.name, "state": city.state},
        "time_zone": restaurant.time_zone,
    }


# --- Events ----------------------------------------------------------------------------------------------------------


def event_body(event: TicketedEvent, sold: Sold, *, now: datetime | None = None) -> dict[str, Any]:
    """Return an event as anybody sees it.

    :param event: with restaurant, city, area and kinds, as bookings.ticketing gives them
    """
    now = now or timezone.now()
    restaurant, area = event.restaurant, event.area
    returnable = None if event.return_hours is None else event.starts_at - timedelta(hours=event.return_hours)
    is_paid_before = event.paid_when == PaidWhen.BEFORE
    on_sale = [kind for kind in event.kinds.all() if kind.is_on_sale]
    prices = [kind.price_kobo for kind in on_sale if sold.left(event, kind)] or [kind.price_kobo for kind in on_sale]
    return {
        "id": event.public_id,
        "url": event_page_url(event),
        "name": event.name,
        "description": event.description,
        "status": event.status,
        "restaurant": _house(restaurant),
        "starts_at": _local(event.starts_at, restaurant),
        "ends_at": _local(event.ends_at, restaurant),
        "area": {"id": area.public_id, "name": area.name} if area else None,
        "kinds": [
            {
                "id": kind.public_id,
                "name": kind.name,
                "note": kind.note,
                "guests": kind.guests,
                "price": money(kind.price_kobo),
                "left": sold.left(event, kind),
            }
            for kind in on_sale
        ],
        "price_from": money(min(prices)) if prices else None,
        "guests_left": max(0, event.capacity - sold.guests),
        "sale": {
            "open": ticketing.sale_is_open(event, now=now),
            "opens_at": _local(event.sale_from, restaurant),
            "closes_at": _local(ticketing.sale_ends_at(event), restaurant),
            "most_guests": event.most_per_order,
        },
        "terms": {
            "paid": event.paid_when,
            "hold_minutes": event.hold_minutes if is_paid_before else None,
            "returnable_until": _local(returnable, restaurant),
            "transferable": event.may_be_passed_on,
            "minimum_age": event.minimum_age,
        },
        "links": {
            "self": absolute(reverse("bookings_api:event", args=[event.public_id])),
            "orders": absolute(reverse("bookings_api:event_orders", args=[event.public_id])),
        },
    }


def event_page_url(event: TicketedEvent) -> str:
    """Return the address of an event's page in the asker's language."""
    return absolute(reverse("bookings:event", args=[event.public_id]))


def _short_event(event: TicketedEvent) -> dict[str, Any]:
    return {
        "id": event.public_id,
        "url": event_page_url(event),
        "name": event.name,
        "status": event.status,
        "starts_at": _local(event.starts_at, event.restaurant),
        "ends_at": _local(event.ends_at, event.restaurant),
        "restaurant": _house(event.restaurant),
    }


# --- Orders and tickets ----------------------------------------------------------------------------------------------


def status_of(order: TicketOrder, *, now: datetime | None = None) -> str:
    """Return an order's state as it is by the clock: a hold whose time is over is expired, swept or not."""
    is_over = order.hold_expires_at is not None and order.hold_expires_at <= (now or timezone.now())
    return OrderStatus.EXPIRED if order.status == OrderStatus.HELD and is_over else str(order.status)


def ticket_body(
    ticket: Ticket,
    restaurant: Restaurant,
    *,
    for_staff: bool = False,
    for_holder: bool = False,
    with_code: bool = True,
) -> dict[str, Any]:
    """Return a ticket as its buyer sees it: of one that was passed on no more than the name.

    :param ticket: with its kind
    :param restaurant: by whose clock its times are told
    :param for_holder: as whoever has it now, by purchase or because it was passed on to them
    :param with_code: False for a program that did not sell it
    """
    shows = for_staff or for_holder or not ticket.is_passed_on
    holder: dict[str, Any] = {"name": ticket.holder_name}
    if for_staff:
        holder["email"] = ticket.holder_email or None
    return {
        "id": ticket.public_id if shows else None,
        "code": ticket.code if shows and with_code else None,
        "kind": {"id": ticket.kind.public_id, "name": ticket.kind.name, "guests": ticket.kind.guests},
        "place": ticket.place,
        "state": ticket.state,
        "holder": holder,
        "passed_on": ticket.is_passed_on,
        "admitted_at": _local(ticket.admitted_at, restaurant),
    }


def handover_body(ticket: Ticket) -> dict[str, Any]:
    """Return what opens a ticket to its new holder."""
    url = ticket_url(ticket, language=ticket.holder_language)
    return {"id": ticket.public_id, "url": url, "token": access.token_for(ticket)}


def held_ticket_body(ticket: Ticket, *, for_staff: bool, for_holder: bool, knows_order: bool) -> dict[str, Any]:
    """Return a ticket by itself, with its event."""
    order = ticket.order
    body = ticket_body(ticket, order.event.restaurant, for_staff=for_staff, for_holder=for_holder)
    return {**body, "order": order.public_id if knows_order else None, "event": _short_event(order.event)}


def admission_body(ticket: Ticket, restaurant: Restaurant, *, for_staff: bool, with_code: bool) -> dict[str, Any]:
    """Return a ticket as the people at the door need it; holders' addresses only `for_staff`.

    :param with_code: False for a program that did not sell it
    """
    order = ticket.order
    return {
        **ticket_body(ticket, restaurant, for_staff=for_staff, for_holder=True, with_code=with_code),
        "order": order.public_id,
        "order_code": order.code,
        "buyer": order.guest_name,
        "minimum_age": order.terms.get("minimum_age", 0),
    }


def _money(order: TicketOrder, tickets: Sequence[Ticket], status: str, lines: Sequence[ChargeLine]) -> dict[str, Any]:
    # A hold that the clock has ended is not due any more, also before the sweep has come by.
    due = ticketing.due_kobo(order, tickets) if status == order.status else 0
    balance = order.paid_kobo - order.paid_back_kobo
    return {
        "due": money(due),
        "paid": money(order.paid_kobo),
        "paid_back": money(order.paid_back_kobo),
        "outstanding": money(max(0, due - balance)),
        "owed_back": money(max(0, balance - due)),
        "contains": [
            {
                "kind": charge.what,
                "name": charge.name,
                "tax": charge.is_tax,
                "rate": f"{charge.rate_bp // 100}.{charge.rate_bp % 100:02d}",
                "amount": money(charge.kobo),
            }
            for charge in of_which(due, lines).charges
        ],
    }


def order_body(
    order: TicketOrder,
    lines: Sequence[ChargeLine],
    *,
    for_staff: bool = False,
    with_codes: bool = True,
    with_token: bool = False,
) -> dict[str, Any]:
    """Return an order as its buyer, or with `for_staff` as the house, sees it.

    :param order: with event, restaurant, city and tickets, as bookings.ticketing gives them
    :param lines: the house's taxes and charges on tickets; those of the day on which it was ordered are told
    :param with_codes: False for a program that did not take it
    :param with_token: for somebody without an account: what opens the order again
    """
    event, tickets, status = order.event, list(order.tickets.all()), status_of(order)
    is_held, terms = status == OrderStatus.HELD, order.terms
    ordered_on = order.created_at.astimezone(ZoneInfo(event.restaurant.time_zone)).date()
    body = {
        "id": order.public_id,
        "code": order.code,
        "status": status,
        "event": _short_event(event),
        "guest": {
            "name": order.guest_name,
            "phone": order.guest_phone or None,
            "email": order.guest_email or None,
        },
        "tickets": [
            ticket_body(ticket, event.restaurant, for_staff=for_staff, with_code=with_codes) for ticket in tickets
        ],
        "money": _money(order, tickets, status, holding_on(lines, ordered_on)),
        "hold_expires_at": _local(order.hold_expires_at, event.restaurant) if is_held else None,
        "payment_instructions": event.payment_instructions if is_held else None,
        "terms": {
            "paid": terms.get("paid_when", PaidWhen.AT_THE_HOUSE),
            "returnable_until": _local(ticketing.returnable_until(order, event.starts_at), event.restaurant),
            "transferable": bool(terms.get("may_be_passed_on")),
            "minimum_age": terms.get("minimum_age", 0),
        },
        "channel": order.channel,
        "version": order.version,
        "created_at": _local(order.created_at, event.restaurant),
        "updated_at": _local(order.updated_at, event.restaurant),
        "links": {
            "self": absolute(reverse("bookings_api:ticket_order", args=[order.public_id])),
            "page": absolute(reverse("bookings:ticket_order", args=[order.public_id])),
        },
        "manage_url": order_url(order) if with_token else None,
        "token": access.token_for(order) if with_token else None,
    }
    if for_staff:
        body["staff"] = {"has_account": order.diner_id is not None}
    return body
