"""What an archive holds of somebody's tickets, and whose an order without an account is."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.models import Ticket, TicketHistory, TicketOrder
from bookings.states import TicketDeed
from core import codes
from core.encryption import index_of_email
from core.personal_data import Collector, Subject

ORDER_CONTACT = ("guest_name", "guest_phone", "guest_phone_index", "guest_email", "guest_email_index")
# What happens at the door to a ticket is its holder's, who may be somebody else.
AT_THE_DOOR = (TicketDeed.ADMITTED, TicketDeed.ADMISSION_UNDONE)


def orders_about(subject: Subject) -> QuerySet[TicketOrder]:
    """Return the orders on somebody's account, those without one for an address they have proven, and those a guest
    has shown to be theirs.
    """
    mine = Q(public_id__in=subject.rows.get("bookings.TicketOrder", ()))
    if subject.user_id is not None:
        mine |= Q(diner_id=subject.user_id)
    if subject.emails:
        mine |= Q(diner=None, guest_email_index__in=[index_of_email(address) for address in subject.emails])
    return TicketOrder.objects.filter(mine).order_by("pk")


def tickets_passed_on_to(subject: Subject) -> QuerySet[Ticket]:
    """Return the tickets that others passed on to an address somebody has proven."""
    if not subject.emails:
        return Ticket.objects.none()
    addresses = [index_of_email(address) for address in subject.emails]
    return Ticket.objects.filter(is_passed_on=True, holder_email_index__in=addresses).order_by("pk")


def orders(subject: Subject) -> Iterator[dict[str, Any]]:
    tickets = Prefetch("tickets", queryset=Ticket.objects.select_related("kind").order_by("place", "pk"))
    found = orders_about(subject).select_related("event__restaurant").prefetch_related(tickets)
    for order in found.iterator(chunk_size=100):
        yield {
            "id": order.public_id,
            "code": codes.display(order.code),
            "restaurant": order.event.restaurant.name,
            "event": order.event.name,
            "starts_at": order.event.starts_at,
            "ends_at": order.event.ends_at,
            "status": order.status,
            "name": order.guest_name,
            "phone": order.guest_phone,
            "email": order.guest_email,
            "paid_kobo": order.paid_kobo,
            "paid_back_kobo": order.paid_back_kobo,
            "held_until": order.hold_expires_at,
            "terms": order.terms,
            "taken_through": order.channel,
            "language": order.language,
            "ordered_at": order.created_at,
            "reminded_at": order.reminded_at,
            "tickets": [_bought(ticket) for ticket in order.tickets.all()],
        }


def _bought(ticket: Ticket) -> dict[str, Any]:
    """Of a ticket that was passed on its buyer knows whose it is, and nothing that opens the door."""
    return {
        "kind": ticket.kind.name,
        "place": ticket.place,
        "price_kobo": ticket.price_kobo,
        "state": ticket.state if not ticket.is_passed_on else "",
        "for": ticket.holder_name,
        "passed_on": ticket.is_passed_on,
        "code": "" if ticket.is_passed_on else codes.display(ticket.code),
        "admitted_at": None if ticket.is_passed_on else ticket.admitted_at,
    }


def passed_on(subject: Subject) -> Iterator[dict[str, Any]]:
    found = tickets_passed_on_to(subject).select_related("kind", "order__event__restaurant")
    for ticket in found.iterator(chunk_size=100):
        event = ticket.order.event
        yield {
            "id": ticket.public_id,
            "code": codes.display(ticket.code),
            "restaurant": event.restaurant.name,
            "event": event.name,
            "starts_at": event.starts_at,
            "ends_at": event.ends_at,
            "kind": ticket.kind.name,
            "state": ticket.state,
            "name": ticket.holder_name,
            "email": ticket.holder_email,
            "language": ticket.holder_language,
            "admitted_at": ticket.admitted_at,
        }


def history(subject: Subject) -> Iterator[dict[str, Any]]:
    lines = TicketHistory.objects.filter(order__in=orders_about(subject).order_by())
    theirs = lines.exclude(deed__in=AT_THE_DOOR, ticket__is_passed_on=True)
    for line in theirs.select_related("order", "ticket").order_by("pk").iterator(chunk_size=500):
        yield {
            "order": line.order.public_id,
            "at": line.at,
            "what": line.deed,
            "place": line.ticket.place if line.ticket else None,
            "by": line.actor_kind,
            "by_you": subject.user_id is not None and line.actor_id == subject.user_id,
            "through": line.channel,
            "amount_kobo": line.amount_kobo,
            "means": line.means,
            "reference": line.reference,
            "reason": line.reason,
        }


def work_with_tickets(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody did with other people's tickets, without telling whose they were."""
    theirs = orders_about(subject).order_by().values("pk")
    acts = TicketHistory.objects.filter(actor_id=subject.account).exclude(order__in=theirs).select_related("order")
    for line in acts.order_by("pk").iterator(chunk_size=500):
        yield {"order": line.order.public_id, "at": line.at, "what": line.deed}


TICKET_COLLECTORS = [
    Collector(
        "ticket_orders",
        _("Tickets you ordered"),
        orders,
        (
            "bookings.TicketOrder",
            "bookings.TicketOrder.diner",
            "bookings.Ticket",
            *(f"bookings.TicketOrder.{name}" for name in ORDER_CONTACT),
        ),
        is_for_guests=True,
    ),
    Collector(
        "tickets_passed_on",
        _("Tickets that were passed on to you"),
        passed_on,
        ("bookings.Ticket.holder_email", "bookings.Ticket.holder_email_index"),
        is_for_guests=True,
    ),
    Collector(
        "ticket_history",
        _("What became of your tickets"),
        history,
        ("bookings.TicketHistory",),
        is_for_guests=True,
    ),
    Collector(
        "ticket_work",
        _("What you did with other people's tickets"),
        work_with_tickets,
        ("bookings.TicketHistory.actor",),
    ),
]
TICKETS_NOT_COLLECTED = {
    "bookings.TicketOrder.created_by": "The first entry of its history says who made it.",
    "bookings.TicketedEvent": "What a house offers for an evening: a matter of the house.",
    "bookings.TicketedEvent.created_by": "The audit trail says who put it on sale.",
    "bookings.TicketKind": "What a house sells for an evening: a matter of the house.",
}
