"""Forgetting who bought tickets and who has them: what is still to come is cancelled, the house's books stay."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils import timezone, translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from bookings.models import Ticket, TicketHistory, TicketOrder
from bookings.services import Actor, cancel_order
from bookings.states import ORDER_LIVE, ActorKind, TicketState
from bookings.ticket_collectors import ORDER_CONTACT, orders_about, tickets_passed_on_to
from bookings.ticket_messages import keys_about
from core import codes
from core.personal_data import Eraser, Outcome, Subject
from localization import formatting
from notifications import erasers as notified
from notifications import services as notifications

BATCH = 500
SOME = 20


def cancel_upcoming(subject: Subject) -> Outcome:
    """Cancel the orders of evenings to come, with the buyer's details taken out in the same moment: no mail may follow
    them. Where somebody has come in already, the evening goes on.
    """
    coming = orders_about(subject).filter(status__in=ORDER_LIVE, event__ends_at__gt=timezone.now())
    batch = list(
        coming.exclude(tickets__state=TicketState.ADMITTED).select_related("event__restaurant").distinct()[:SOME]
    )
    for order in batch:
        with translation.override("en"):
            reason = (
                _now("The buyer's account is closed.")
                if subject.has_account
                else _now("The buyer has asked to be erased.")
            )
        cancel_order(order=order, by=Actor.system(), reason=reason)
        _empty_messages([order.pk], subject)
        _empty_orders([order.pk], subject)
        _tell_house(order, asked_by="account" if subject.has_account else "guest")
    return Outcome(gone=len(batch), more=len(batch) == SOME)


def _tell_house(order: TicketOrder, *, asked_by: str) -> None:
    """Write to the house, if it has an address; what it owes stands in the order's account in any case."""
    house = order.event.restaurant
    if not house.email:
        return
    notifications.send(
        kind="booking.guest_erased",
        to=house.email,
        name=house.name,
        language="en",
        context={
            "restaurant_name": house.name,
            "code": codes.display(order.code),
            "party_size": order.tickets.count(),
            "when": formatting.day_and_time(order.event.starts_at, "en", house.time_zone),
            "asked_by": asked_by,
        },
        dedupe_key=f"booking.guest_erased:{order.public_id}",
    )


def empty_orders(subject: Subject) -> Outcome:
    """Put the pseudonym in the buyer's place, and on the tickets that are still theirs."""
    mine = orders_about(subject)
    named = list(mine.exclude(guest_name=subject.pseudonym).values_list("pk", flat=True)[:BATCH])
    _empty_messages(named, subject)
    _empty_orders(named, subject)
    return Outcome(gone=len(named), kept=mine.count(), more=len(named) == BATCH)


def _empty_orders(keys: list[int], subject: Subject) -> None:
    if not keys:
        return
    TicketOrder.objects.filter(pk__in=keys).update(guest_name=subject.pseudonym, guest_phone="", guest_email="")
    # A ticket that was passed on is somebody else's, who has not asked for anything.
    own = Ticket.objects.filter(order__in=keys, is_passed_on=False)
    tickets = list(own.values_list("pk", flat=True))
    Ticket.objects.filter(pk__in=tickets).update(holder_name=subject.pseudonym, holder_email="")
    TicketHistory.objects.filter(order__in=keys).exclude(actor_kind=ActorKind.SYSTEM).update(reason="")
    _rename(TicketOrder, keys, subject)
    _rename(Ticket, tickets, subject)


def _empty_messages(keys: list[int], subject: Subject) -> None:
    """Forget the text messages: they went to numbers that nobody has proven to be theirs."""
    orders = TicketOrder.objects.filter(pk__in=keys).select_related("event")
    said = [key for order in orders for key in keys_about(order)]
    notified.empty_about(said, subject.pseudonym)


def forget_holder(subject: Subject) -> Outcome:
    """Take the person off the tickets that others passed on to them; these stay valid for whoever has the code."""
    keys = list(tickets_passed_on_to(subject).values_list("pk", flat=True)[:BATCH])
    Ticket.objects.filter(pk__in=keys).update(holder_name=subject.pseudonym, holder_email="")
    _rename(Ticket, keys, subject)
    return Outcome(gone=len(keys), more=len(keys) == BATCH)


def _rename(model: type[Model], keys: list[int], subject: Subject) -> None:
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model), object_id__in=[str(key) for key in keys]
    ).update(object_repr=subject.pseudonym)


TICKET_ERASERS = [
    Eraser(
        "bookings.tickets_to_come",
        _("Tickets for evenings still to come"),
        20,
        cancel_upcoming,
        goes=_("They are cancelled, and the restaurants are told that the places are free."),
        is_for_guests=True,
    ),
    Eraser(
        "bookings.tickets_passed_on",
        _("Tickets that were passed on to you"),
        25,
        forget_holder,
        goes=_("Your name and e-mail address are taken off them."),
        covers=("bookings.Ticket", "bookings.Ticket.holder_email", "bookings.Ticket.holder_email_index"),
        is_for_guests=True,
    ),
    Eraser(
        "bookings.tickets",
        _("Orders of tickets"),
        30,
        empty_orders,
        goes=_("Name, phone and e-mail address, and the names on your tickets. A random word takes their place."),
        stays=_("Event, kinds of tickets, and what was paid and paid back, with the bank's references."),
        why=_(
            "Books and records of a business are kept for six years "
            "(Companies and Allied Matters Act 2020, section 375)."
        ),
        covers=(
            "bookings.TicketOrder",
            "bookings.TicketOrder.diner",
            "bookings.TicketHistory",
            *(f"bookings.TicketOrder.{name}" for name in ORDER_CONTACT),
        ),
        is_for_guests=True,
    ),
]
_pseudonym = "The row it leads to holds nothing of the person any more."
TICKETS_NOT_ERASED = {
    "bookings.TicketOrder.created_by": _pseudonym,
    "bookings.TicketHistory.actor": _pseudonym,
    "bookings.TicketedEvent": _pseudonym,
    "bookings.TicketedEvent.created_by": _pseudonym,
    "bookings.TicketKind": "What a house sells for an evening: a matter of the house.",
}
