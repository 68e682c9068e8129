"""The life of a ticketed event: put on sale, changed, moved, called off.

The lock order is the event, then the service days, then orders and tickets.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from bookings import errors, ticketing
from bookings.events import EventMoved, EventReminderDue
from bookings.models import Block, Ticket, TicketedEvent, TicketOrder
from bookings.services import blocks, ending_orders
from bookings.services.claiming import Actor
from bookings.states import (
    ORDER_LIVE,
    EventRoom,
    EventStatus,
    OrderStatus,
    TicketDeed,
)
from core import audit
from core.errors import InvalidInput
from core.outbox import publish
from restaurants.service_plan import remembered_plan

LONGEST_EVENT = timedelta(hours=36)
REMIND_BEFORE = timedelta(hours=24)
# Whoever has just had the tickets needs no reminder.
JUST_BOUGHT = timedelta(hours=2)
BATCH = 200


def put_on_sale(*, event: TicketedEvent, by: Actor, expected_version: int | None = None) -> TicketedEvent:
    """Sell an event from now on, and take the part of the floor it uses from ordinary sale.

    :raises core.errors.InvalidInput: when it has begun, lasts too long, or has no kind of ticket
    :raises BlockHitsBookings: with the bookings that stand in the way; nobody is moved silently
    :raises EventMovedOn: when it is no longer as the asker saw it
    :raises core.states.IllegalMove:
    """
    with transaction.atomic():
        event = locked_event(event.pk, expected_version=expected_version)
        event.move_to(EventStatus.ON_SALE)
        _check_times(event.starts_at, event.ends_at)
        if not event.kinds.filter(is_on_sale=True, stock__gt=0).exists():
            raise InvalidInput(errors={"kinds": [_("Write down at least one kind of ticket.")]})
        _block(event, by=by)
        event.version += 1
        _save(event, "status", "block", "is_block_its_own", "version")
        audit.record("event.put_on_sale", actor=by.user or by.app, target=event)
    return event


def move_event(
    *,
    event: TicketedEvent,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: Actor,
    expected_version: int | None = None,
) -> TicketedEvent:
    """Let an event begin and end at other times, with its part of the floor, and tell everybody with a ticket.

    Whoever ordered may give the tickets back until it begins, whatever the terms were.

    :raises ReasonMissing: when nothing is said to those who have tickets
    :raises core.errors.InvalidInput: :raises BlockHitsBookings: as put_on_sale; then nothing is moved
    :raises EventMovedOn: when it is no longer as the asker saw it
    """
    if not reason.strip():
        raise errors.ReasonMissing
    with transaction.atomic():
        event = locked_event(event.pk, expected_version=expected_version)
        if event.status != EventStatus.ON_SALE:
            raise errors.NotOnSale
        _check_times(starts_at, ends_at)
        before = {"starts_at": event.starts_at.isoformat(), "ends_at": event.ends_at.isoformat()}
        move = ticketing.Move(timezone.now(), event.starts_at, event.ends_at, starts_at, reason[:300])
        event.moves = [*event.moves, move.as_kept()]
        _unblock(event)
        event.starts_at, event.ends_at = starts_at, ends_at
        _block(event, by=by)
        event.version += 1
        _save(event, "starts_at", "ends_at", "block", "is_block_its_own", "moves", "version")
        _let_go_of_orders(event)
        house = remembered_plan(event.restaurant_id).public_id
        publish(EventMoved(event_id=event.public_id, restaurant_id=house, version=event.version, reason=reason))
        audit.record("event.moved", actor=by.user or by.app, target=event, details=before)
    return event


def _let_go_of_orders(event: TicketedEvent) -> None:
    """Let buyers give their tickets back until a moved event begins: it was not they who chose another time.

    Whoever was reminded of the old time is reminded of the new one, and nothing is held beyond the end.
    """
    orders = TicketOrder.objects.filter(event=event, status__in=ORDER_LIVE).order_by("pk")
    for order in orders.select_for_update(of=("self",), no_key=True):
        order.terms = {**order.terms, "return_hours": 0}
        order.reminded_at = None
        if order.hold_expires_at is not None:
            order.hold_expires_at = min(order.hold_expires_at, event.ends_at)
        order.version += 1
        order.save(update_fields=["terms", "reminded_at", "hold_expires_at", "version", "updated_at"])


def call_off_event(
    *, event: TicketedEvent, reason: str, by: Actor, expected_version: int | None = None
) -> TicketedEvent:
    """Cancel an event with every order of it, give the floor back to sale, and tell everybody why.

    Whatever was paid is owed back, whatever the terms say.

    :raises ReasonMissing: :raises EventIsOver: :raises core.states.IllegalMove:
    :raises EventMovedOn: when it is no longer as the asker saw it
    """
    if not reason.strip():
        raise errors.ReasonMissing
    with transaction.atomic():
        event = locked_event(event.pk, expected_version=expected_version)
        if event.ends_at <= timezone.now():
            raise errors.EventIsOver
        event.move_to(EventStatus.CALLED_OFF)
        _unblock(event)
        event.version += 1
        _save(event, "status", "block", "version")
        orders = TicketOrder.objects.filter(event=event, status__in=ORDER_LIVE).select_related("event").order_by("pk")
        for order in orders.select_for_update(of=("self",), no_key=True):
            ending_orders.cancel(order, by=by, reason=reason, deed=TicketDeed.CALLED_OFF)
        audit.record("event.called_off", actor=by.user or by.app, target=event, details={"reason": reason[:300]})
    return event


def check_capacity(event_id: int, *, capacity: int, stocks: Mapping[int, int]) -> None:
    """Refuse to have less than what is sold; to be called in the transaction that writes the new numbers.

    The event stays locked until that ends: nobody buys in between.

    :param stocks: of each kind that is changed, by its key
    :raises CapacityBelowSold: with `kind`, the key of the kind it is about; 0 for the event's own capacity
    """
    event = locked_event(event_id)
    sold = ticketing.sold_of_event(event)
    if sold.guests > capacity:
        raise errors.CapacityBelowSold(sold=sold.guests, kind=0)
    for kind_id, stock in stocks.items():
        if sold.units.get(kind_id, 0) > stock:
            raise errors.CapacityBelowSold(sold=sold.units[kind_id], kind=kind_id)


def was_ever_sold(kind_id: int) -> bool:
    """Tell whether tickets of a kind were drawn: how many guests it is for cannot be another number then."""
    return Ticket.objects.filter(kind=kind_id).exists()


def send_event_reminders() -> int:
    """Publish the reminder of each order whose event begins within a day; returns how many. Each is reminded once."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            TicketOrder.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
            .filter(
                status=OrderStatus.CONFIRMED,
                reminded_at__isnull=True,
                created_at__lt=now - JUST_BOUGHT,
                event__status=EventStatus.ON_SALE,
                event__starts_at__gt=now,
                event__starts_at__lte=now + REMIND_BEFORE,
            )
            .order_by("event__starts_at", "pk")[:BATCH]
        )
        for order in due:
            publish(EventReminderDue(order_id=order.public_id))
        TicketOrder.objects.filter(pk__in=[order.pk for order in due]).update(reminded_at=now)
    return len(due)


def locked_event(event_id: int, *, expected_version: int | None = None) -> TicketedEvent:
    """Return the event with its row locked until the transaction ends: whoever sells or counts waits.

    :raises EventMovedOn: when it is no longer of the version that the asker saw
    """
    events = TicketedEvent.objects.select_for_update(of=("self",), no_key=True).select_related("restaurant")
    event = events.get(pk=event_id)
    if expected_version is not None and event.version != expected_version:
        raise errors.EventMovedOn(version=event.version)
    return event


def _check_times(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at <= timezone.now():
        raise InvalidInput(errors={"starts_at": [_("Choose a time to come.")]})
    if not starts_at < ends_at <= starts_at + LONGEST_EVENT:
        raise InvalidInput(
            errors={"ends_at": [_("Choose an end after the beginning, at most a day and a half later.")]}
        )


def _block(event: TicketedEvent, *, by: Actor) -> None:
    """Keep the part of the floor that an event uses; the caller saves the event.

    :raises BlockHitsBookings:
    """
    event.block, event.is_block_its_own = None, True
    if event.room == EventRoom.NONE:
        return
    kept = Block.objects.filter(
        restaurant=event.restaurant_id,
        area=event.area_id,
        table=None,
        starts_at__lte=event.starts_at,
        ends_at__gte=event.ends_at,
    )
    others = TicketedEvent.objects.filter(block__isnull=False, is_block_its_own=True).values("block")
    if (block := kept.exclude(pk__in=others).first()) is not None:
        # Tables that were booked have been closed for it first, with all that this means for their guests.
        event.block, event.is_block_its_own = block, False
        return
    event.block = blocks.block_tables(
        restaurant_id=event.restaurant_id,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        reason=_now("Event: %(name)s") % {"name": event.name},
        by=by,
        area_id=event.area_id,
    )


def _unblock(event: TicketedEvent) -> None:
    """Give back the part of the floor that an event has kept; what the house had closed itself stays closed."""
    block, event.block = event.block, None
    if block is not None:
        _save(event, "block")
        if event.is_block_its_own:
            blocks.remove_block(block=block)


def _save(event: TicketedEvent, *fields: str) -> None:
    event.save(update_fields=[*fields, "updated_at"])
