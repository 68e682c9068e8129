"""Arranging a service's tables anew, so that the room that is left can be sold: before it begins, and on demand.

The solver works on what was read before, without the day's lock; its answer is applied under the lock if the day has
not changed, all moves in one transaction. Who has come, and whose table was promised, stays.
"""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from bookings import selectors, solving
from bookings.availability import GRAIN, Occupancy, slot_times
from bookings.models import Booking, Rearrangement
from bookings.packing import Arrangement
from bookings.rearranging import Day
from bookings.services import claiming
from bookings.services.claiming import Actor
from bookings.states import Status, SystemReason
from core.errors import Busy
from restaurants.service_plan import ServicePlan

SECONDS = 5.0
# A guest waits for nothing here, but somebody at the desk does.
SECONDS_AT_THE_DESK = 2.0
TRIES = 3
# Later than this before the first party, staff have the evening's tables in their heads.
BEFORE = timedelta(minutes=60)
# A move is made for at least this many covers of room, in hundredths: the desk has to look twice.
MOVE_COSTS = 10
# What a seat that could be sold once more is worth at a quiet hour, in hundredths of a cover.
SEAT_WORTH = 5
MOST_SERVICES = 500


def rearrange_tables(
    *, restaurant_id: int, day: date, by: Actor, shift_name: str = "", seconds: float = SECONDS
) -> int:
    """Put the parties yet to come where they leave the most room for others; return how many moved.

    Buka does so once for each service: a second call returns 0 and moves nobody. Staff may ask as often as they like.

    :raises core.errors.Busy: when the day changes faster than the solver answers
    """
    if by.user is None and _was_done(restaurant_id, day, shift_name):
        return 0
    for _time in range(TRIES):
        now = timezone.now()
        seen = _read(restaurant_id, day, now)
        arrangement = _freest(seen, seconds)
        try:
            with transaction.atomic():
                claiming.lock_service_days(restaurant_id, [day])
                if not _is_the_same(seen, _read(restaurant_id, day, timezone.now())):
                    continue
                if arrangement.moves:
                    claiming.make_room(seen.plan, arrangement, by=by, reason=SystemReason.ARRANGED_ANEW)
                    claiming.tell_open_pages(seen.plan, day)
                _write_down(restaurant_id, day, shift_name, len(arrangement.moves), by_staff=by.user is not None)
        except IntegrityError as clash:
            if claiming.constraint_of(clash) != "one_rearrangement_by_buka_per_service":
                raise
            return 0
        return len(arrangement.moves)
    raise Busy


def services_to_rearrange(*, now: datetime | None = None) -> list[tuple[int, date, str]]:
    """Return restaurant, service day and shift of each service that begins within the hour and was not arranged yet."""
    now = now or timezone.now()
    due = (
        Booking.objects.filter(
            status__in=(Status.CONFIRMED, Status.REQUESTED),
            is_locked=False,
            starts_at__gt=now,
            starts_at__lte=now + BEFORE,
        )
        .order_by("restaurant_id", "service_day", "shift_name")
        .values_list("restaurant_id", "service_day", "shift_name")
        .distinct()[:MOST_SERVICES]
    )
    services = list(due)
    done = set(
        Rearrangement.objects.filter(
            by_staff=False,
            restaurant_id__in={restaurant_id for restaurant_id, _day, _name in services},
            service_day__in={day for _restaurant_id, day, _name in services},
        ).values_list("restaurant_id", "service_day", "shift_name")
    )
    return [service for service in services if service not in done]


def _was_done(restaurant_id: int, day: date, shift_name: str) -> bool:
    return Rearrangement.objects.filter(
        restaurant_id=restaurant_id, service_day=day, shift_name=shift_name, by_staff=False
    ).exists()


def _write_down(restaurant_id: int, day: date, shift_name: str, moved: int, *, by_staff: bool) -> None:
    Rearrangement.objects.create(
        restaurant_id=restaurant_id, service_day=day, shift_name=shift_name, moved=moved, by_staff=by_staff
    )


def _read(restaurant_id: int, day: date, now: datetime) -> Day:
    plan, occupancy, _expired = selectors.plan_and_occupancy(restaurant_id, day, now=now)
    return Day.of(plan, day, occupancy, now=now)


def _is_the_same(seen: Day, current: Day) -> bool:
    return (seen.plan.version, seen.taken, seen.parties) == (current.plan.version, current.taken, current.parties)


def _freest(day: Day, seconds: float) -> Arrangement:
    """Return the moves that leave the most room; none when nothing better is found in time."""
    if not day.parties:
        return Arrangement(())
    wishes = [solving.Wish(party.bits, party.options, party.table_ids) for party in day.parties]
    worth = _worth_of_room(day.plan, day.occupancy, day.on)
    places = solving.free_most(day.taken, wishes, worth, move_costs=MOVE_COSTS, seconds=seconds)
    moves = {party.key: tables for party, tables in zip(day.parties, places, strict=True) if tables != party.table_ids}
    return Arrangement((), moves)


def _worth_of_room(plan: ServicePlan, occupancy: Occupancy, day: date) -> list[solving.Worth]:
    """Return what each table free for a shortest turn is worth at each start of the day, in hundredths of a cover.

    The shadow prices say it where the house has some; its seats say that larger tables are worth more, and decide
    where a quiet hour costs nothing.
    """
    prices = selectors.prices_of(plan, day)
    seats = {seating.table_ids[0]: seating.max_party for seating in plan.seatings if len(seating.table_ids) == 1}
    turn = plan.shortest_turn + timedelta(minutes=plan.policy.buffer_minutes)
    found = []
    for slot in slot_times(plan, day):
        first = (slot.starts_at - occupancy.midnight) // GRAIN
        last = first + -(-turn // GRAIN)
        bits = occupancy.bits(slot.starts_at, slot.starts_at + turn)
        for table, size in seats.items():
            covers = prices.of_table(table, first, last) if prices is not None else 0.0
            found.append(solving.Worth(table, bits, round(100 * covers) + SEAT_WORTH * size))
    return found
