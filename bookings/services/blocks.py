"""Taking tables from sale for a time, and giving them back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import TimestamptzRange

from bookings import errors, selectors
from bookings.availability import GRAIN
from bookings.models import Block, Booking, TableAllocation
from bookings.services import changing, claiming, floor, freed
from bookings.services.claiming import Actor
from core.errors import InvalidInput
from restaurants.service_plan import ServicePlan, plan_of

LONGEST_BLOCK = timedelta(days=92)


def block_tables(
    *,
    restaurant_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: Actor,
    area_id: int | None = None,
    table_id: int | None = None,
) -> Block:
    """Take a table, an area or the whole floor from sale, and return the block.

    :raises BlockHitsBookings: with the bookings that stand in the way; nobody is moved silently
    :raises core.errors.InvalidInput: when the time is empty or longer than three months
    """
    refuse_empty_or_endless(starts_at, ends_at)
    plan = plan_of(restaurant_id)
    table_ids = tables_meant(plan, area_id, table_id)
    days = list(service_days(plan, starts_at, ends_at))
    try:
        with transaction.atomic():
            claiming.lock_service_days(restaurant_id, days)
            clear_expired_holds(restaurant_id, starts_at, ends_at)
            in_the_way = _bookings_on(table_ids, restaurant_id, starts_at, ends_at)
            if in_the_way:
                raise errors.BlockHitsBookings(bookings=in_the_way)
            block = Block.objects.create(
                restaurant_id=restaurant_id,
                area_id=area_id,
                table_id=table_id,
                starts_at=starts_at,
                ends_at=ends_at,
                reason=reason,
                created_by=by.user,
            )
            keep_from_sale(block, {table: [(starts_at, ends_at)] for table in table_ids})
            claiming.tell_open_pages(plan, *days)
    except IntegrityError as clash:
        if claiming.constraint_of(clash) != "one_table_one_party":
            raise
        raise errors.TableTaken(tables=[plan.table_names[table] for table in table_ids]) from clash
    return block


def remove_block(*, block: Block) -> None:
    """Give the tables of a block back to sale."""
    plan = plan_of(block.restaurant_id)
    days = list(service_days(plan, block.starts_at, block.ends_at))
    with transaction.atomic():
        block.delete()
        freed.tell_of_room(block.restaurant_id, days)
        claiming.tell_open_pages(plan, *days)


def refuse_empty_or_endless(starts_at: datetime, ends_at: datetime) -> None:
    """:raises core.errors.InvalidInput: when a time is empty or longer than three months"""
    if not starts_at < ends_at or ends_at - starts_at > LONGEST_BLOCK:
        raise InvalidInput(errors={"ends_at": [_("Choose an end after the beginning, at most three months later.")]})


def tables_meant(plan: ServicePlan, area_id: int | None, table_id: int | None) -> list[int]:
    """Return one table, those of an area or all of the house, in the order of their keys.

    :raises UnknownTable: when there is none
    """
    tables = list(plan.table_areas)
    if table_id is not None:
        tables = [table for table in tables if table == table_id]
    elif area_id is not None:
        tables = [table for table in tables if plan.table_areas[table] == area_id]
    if not tables:
        raise errors.UnknownTable
    return sorted(tables)


def keep_from_sale(block: Block, stretches: Mapping[int, Iterable[tuple[datetime, datetime]]]) -> None:
    """Write the rows of a block: for each table the stretches of time in which it is not sold."""
    TableAllocation.objects.bulk_create(
        TableAllocation(restaurant_id=block.restaurant_id, table_id=table, block=block, during=piece)
        for table, its_stretches in stretches.items()
        for starts_at, ends_at in its_stretches
        for piece in _pieces(starts_at, ends_at)
    )


def service_days(plan: ServicePlan, starts_at: datetime, ends_at: datetime) -> Iterator[date]:
    """Yield every service day that a stretch of time may touch, in order."""
    day = starts_at.astimezone(plan.zone).date() - timedelta(days=1)
    last = ends_at.astimezone(plan.zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _pieces(starts_at: datetime, ends_at: datetime) -> Iterator[TimestamptzRange]:
    """Cut a long block into rows of at most a day, the longest that availability looks back for."""
    while starts_at < ends_at:
        until = min(starts_at + selectors.LONGEST_ALLOCATION - GRAIN, ends_at)
        yield TimestamptzRange(starts_at, until, "[)")
        starts_at = until


def clear_expired_holds(restaurant_id: int, starts_at: datetime, ends_at: datetime) -> None:
    """Free the tables of holds whose time is over, so that they stand in nobody's way."""
    now = timezone.now()
    taken = selectors.allocations_between([restaurant_id], starts_at, ends_at, now=now)
    if taken.expired_holds:
        claiming.expire_holds(taken.expired_holds, now=now)


def keys_of_bookings_at(
    restaurant_id: int, table_ids: Sequence[int], starts_at: datetime, ends_at: datetime, *, now: datetime
) -> set[int]:
    """Return the keys of bookings that have one of these tables in a stretch of time, or sit there beyond their own."""
    booked = TableAllocation.objects.filter(
        restaurant_id=restaurant_id,
        table_id__in=table_ids,
        live=True,
        booking__isnull=False,
        during__startswith__gt=starts_at - selectors.LONGEST_ALLOCATION,
        during__startswith__lt=ends_at,
        during__endswith__gt=starts_at,
    ).exclude(expires_at__lte=now)
    keys = set(booked.values_list("booking_id", flat=True))
    if starts_at < claiming.to_the_grain(now) + changing.OVERRUN and ends_at > now:
        # Their rows may have ended, they have not left.
        sitting = floor.tables_sat_at(restaurant_id, selectors.service_day_of(restaurant_id, now))
        keys |= set(sitting.filter(table_id__in=table_ids).values_list("booking_id", flat=True))
    return keys


def _bookings_on(
    table_ids: Sequence[int], restaurant_id: int, starts_at: datetime, ends_at: datetime
) -> list[dict[str, object]]:
    keys = keys_of_bookings_at(restaurant_id, table_ids, starts_at, ends_at, now=timezone.now())
    return [
        {
            "code": booking.code,
            "starts_at": booking.starts_at.isoformat(),
            "party_size": booking.party_size,
            "guest_name": booking.guest_name,
        }
        for booking in Booking.objects.filter(pk__in=keys).order_by("starts_at")
    ]
