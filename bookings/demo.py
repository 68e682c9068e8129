"""Believable bookings in the demo city: two weeks gone by, tonight, two weeks to come.

Rows are written in bulk, for the past cannot be booked through the services, and nobody may get a mail about any of
it: no event is published and every reminder counts as sent. Whom to seat where follows the same rules as a real
booking (`bookings.availability`), under the same locks, behind the same constraint.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import QuerySet
from psycopg.types.range import TimestamptzRange

from accounts.models import Membership, User
from bookings import selectors, terms
from bookings.availability import (
    Allocation,
    Occupancy,
    SlotTime,
    best_seating,
    ends_at,
    hard_close_refusal,
    pacing_refusal,
    party_refusal,
    slot_times,
)
from bookings.models import Booking, BookingHistory, TableAllocation
from bookings.services import claiming
from bookings.states import OCCUPYING, STAFF_CHANNELS, ActorKind, Channel, Occasion, Status
from core import codes
from core.encryption import index_of_phone
from restaurants.demo.loading import ZONE, slugs
from restaurants.demo.people import DINERS
from restaurants.models import Restaurant
from restaurants.service_plan import Seating, ServicePlan

DAYS_BACK = 14
DAYS_AHEAD = 14
# Days further back are a third as full: enough to look believable in a report, and quick to load.
DAYS_REMEMBERED_WELL = 4
# Numbers of this form are valid and in nobody's hands that we know of; they are landlines, which get no text messages.
PHONES = "+2342010001"
GUESTS = 800  # and diners with accounts from 900 on
# Sizes and times of the booking engine's benchmark (docs/domains/bookings.md): groups are larger than elsewhere.
SIZES = {1: 3, 2: 25, 3: 10, 4: 25, 5: 10, 6: 12, 7: 3, 8: 8, 10: 4, 12: 3}
PEAKS = ((time(13, 15), 45, 0.25), (time(19, 45), 60, 0.75))
# How full each weekday gets, Monday first; above 1 more parties ask than fit.
FULLNESS = (0.25, 0.28, 0.32, 0.42, 1.4, 1.5, 0.5)
CHANNELS = {Channel.WEB: 52, Channel.WHATSAPP: 20, Channel.PHONE: 16, Channel.API: 6, Channel.WALK_IN: 6}
ENDINGS = {Status.COMPLETED: 76, Status.CANCELLED: 14, Status.NO_SHOW: 8, Status.LEFT: 2}
OCCASIONS = {
    Occasion.NONE: 80,
    Occasion.BIRTHDAY: 8,
    Occasion.DATE: 4,
    Occasion.BUSINESS: 4,
    Occasion.ANNIVERSARY: 2,
    Occasion.CELEBRATION: 2,
}
NOTES = (
    "No crayfish, please.",
    "We bring a cake. It is a surprise.",
    "A high chair for one.",
    "Coming from the mainland, may be late.",
    "A quiet corner if there is one.",
    "Two of us do not eat meat.",
    "One guest uses a wheelchair.",
)


def load(*, now: datetime) -> list[str]:
    """Fill the demo restaurants' days around today, unless they have demo bookings already."""
    if _demo_bookings().exists():
        return []
    return _fill(now)


def refresh(*, now: datetime) -> list[str]:
    """Bring to their end the demo bookings of days gone by, and fill the days that have none yet."""
    finished = _finish(now)
    return [*([f"the ends of {finished} bookings gone by"] if finished else []), *_fill(now)]


def _demo_bookings() -> "QuerySet[Booking]":
    """Return the bookings made here, and none that somebody made while trying the demo out."""
    numbers = [index_of_phone(f"{PHONES}{number:03}") for number in range(1000)]
    return Booking.objects.filter(guest_phone_index__in=numbers, restaurant__slug__in=slugs())


# --- Writing -----------------------------------------------------------------------------------------------------


@dataclass
class Visit:
    """A booking about to be written, with its tables and what happened to it."""

    booking: Booking
    table_ids: tuple[int, ...]
    during: TimestamptzRange
    steps: list["Step"] = field(default_factory=list)


@dataclass(frozen=True)
class Step:
    """A line of a booking's history."""

    at: datetime
    status: Status
    kind: ActorKind
    channel: Channel
    reason: str = ""


@transaction.atomic
def _fill(now: datetime) -> list[str]:
    today = now.astimezone(ZONE).date()
    window = [today + timedelta(days=offset) for offset in range(-DAYS_BACK, DAYS_AHEAD + 1)]
    restaurants = Restaurant.objects.bookable().filter(slug__in=slugs()).order_by("pk")
    has_some = set(_demo_bookings().filter(service_day__in=window).values_list("restaurant_id", "service_day"))
    diners = _Diners(now)
    taken_codes = set(Booking.objects.values_list("code", flat=True))
    total = 0
    for restaurant in restaurants:
        visits: list[Visit] = []
        for day in window:
            if (restaurant.pk, day) not in has_some:
                visits += _visits_of(restaurant, day, now, diners)
        for visit in visits:
            visit.booking.code = _new_code(taken_codes)
        _write(restaurant.pk, visits)
        total += len(visits)
    return [f"{total} bookings"] if total else []


def _new_code(taken: set[str]) -> str:
    while (code := codes.new_code()) in taken:
        pass
    taken.add(code)
    return code


def _write(restaurant_id: int, visits: Sequence[Visit]) -> None:
    Booking.objects.bulk_create([visit.booking for visit in visits], batch_size=1000)
    TableAllocation.objects.bulk_create(
        [
            TableAllocation(
                restaurant_id=restaurant_id,
                table_id=table_id,
                booking=visit.booking,
                during=visit.during,
                live=visit.booking.status in OCCUPYING,
                covers=visit.booking.party_size if position == 0 else 0,
            )
            for visit in visits
            for position, table_id in enumerate(sorted(visit.table_ids))
        ],
        batch_size=1000,
    )
    staff_id = Membership.objects.filter(restaurant_id=restaurant_id).values_list("user_id", flat=True).first()
    _record(visits, staff_id)
    _backdate_bookings(visits)


def _record(visits: Sequence[Visit], staff_id: int | None) -> None:
    steps = [
        (visit, visit.steps[number - 1] if number else None, step)
        for visit in visits
        for number, step in enumerate(visit.steps)
    ]
    lines = BookingHistory.objects.bulk_create(
        [
            BookingHistory(
                booking=visit.booking,
                actor_id=staff_id if step.kind == ActorKind.STAFF else visit.booking.diner_id,
                actor_kind=step.kind,
                channel=step.channel,
                from_status=before.status if before else "",
                to_status=step.status,
                reason=step.reason,
            )
            for visit, before, step in steps
        ],
        batch_size=2000,
    )
    _backdate_history([(line, step.at) for line, (_visit, _before, step) in zip(lines, steps, strict=True)])


# Django sets these times to now on every insert.


def _backdate_bookings(visits: Sequence[Visit]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bookings_booking AS row SET created_at = past.made_at, updated_at = past.moved_at "
            "FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS past (id, made_at, moved_at) "
            "WHERE row.id = past.id",
            [
                [visit.booking.pk for visit in visits],
                [visit.steps[0].at for visit in visits],
                [visit.steps[-1].at for visit in visits],
            ],
        )


def _backdate_history(times: Sequence[tuple[BookingHistory, datetime]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bookings_bookinghistory AS row SET at = past.at "
            "FROM unnest(%s::bigint[], %s::timestamptz[]) AS past (id, at) WHERE row.id = past.id",
            [[line.pk for line, _at in times], [at for _line, at in times]],
        )


# --- Who comes when ----------------------------------------------------------------------------------------------


class _Diners:
    """The demo diners with accounts: a few evenings each, never two at once."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._people = list(User.objects.filter(email__in=DINERS).order_by("email"))
        self._busy: dict[int, list[tuple[datetime, datetime]]] = {person.pk: [] for person in self._people}
        rows = Booking.objects.filter(diner__in=self._people).values_list("diner_id", "starts_at", "ends_at")
        for diner_id, starts_at, until in rows:
            self._busy[diner_id].append((starts_at, until))

    def one_free(self, starts_at: datetime, until: datetime) -> User | None:
        """Return a demo diner who has no other booking within half a day, and not too many on their side of today."""
        for person in self._people:
            evenings = self._busy[person.pk]
            same_side = sum((start < self._now) == (starts_at < self._now) for start, _end in evenings)
            margin = timedelta(hours=12)
            is_free = all(until + margin <= start or starts_at >= end + margin for start, end in evenings)
            if is_free and same_side < 4:
                evenings.append((starts_at, until))
                return person
        return None


def _visits_of(restaurant: Restaurant, day: date, now: datetime, diners: _Diners) -> Iterator[Visit]:
    claiming.lock_service_days(restaurant.pk, [day])
    plan, occupancy, _expired_holds = selectors.plan_and_occupancy(restaurant.pk, day, now=now)
    chance = random.Random(f"{restaurant.slug} {day}")  # noqa: S311  (the same evening for everybody who loads it)
    slots = list(slot_times(plan, day))
    if not slots:
        return
    weights = [_wish_for(plan, slot) for slot in slots]
    for _ask in range(_parties_asking(plan, day, now, chance)):
        size = _pick(SIZES, chance)
        channel = _pick(CHANNELS, chance)
        wanted = chance.choices(range(len(slots)), weights)[0]
        # Nobody walks in tomorrow; and parties who hear that eight is full take a time close by.
        if channel == Channel.WALK_IN and slots[wanted].starts_at > now:
            channel = Channel.PHONE
        for index in (wanted, wanted + 1, wanted - 1, wanted + 2, wanted - 2):
            if 0 <= index < len(slots) and (
                visit := _visit(plan, slots[index], size, channel, occupancy, now, chance, diners)
            ):
                yield visit
                break


def _parties_asking(plan: ServicePlan, day: date, now: datetime, chance: random.Random) -> int:
    seats = sum(seating.max_party for seating in plan.seatings if len(seating.table_ids) == 1)
    ahead = (day - now.astimezone(plan.zone).date()).days
    fullness = FULLNESS[day.weekday()]
    if ahead > 0:
        # Weekends fill early, other evenings in the last days.
        fullness *= math.exp(-ahead / (12 if fullness > 1 else 6))
    elif ahead < -DAYS_REMEMBERED_WELL:
        fullness *= 0.3
    hours = len(list(slot_times(plan, day))) * plan.shifts_on(day)[0].slot_minutes / 60
    turns = min(hours / 2.2, 3.2)
    return round(seats / 4.3 * turns * fullness * chance.uniform(0.85, 1.15))


def _wish_for(plan: ServicePlan, slot: SlotTime) -> float:
    """Return how many would like to come at this time: a hill for lunch, a higher one for dinner."""
    local = slot.starts_at.astimezone(plan.zone)
    minute = local.hour * 60 + local.minute + (24 * 60 if local.date() > slot.service_day else 0)
    hills = (
        share * math.exp(-(((minute - peak.hour * 60 - peak.minute) / width) ** 2) / 2) / width
        for peak, width, share in PEAKS
    )
    return sum(hills) + 0.0008


T = TypeVar("T")


def _pick(shares: dict[T, int], chance: random.Random) -> T:
    return chance.choices(list(shares), list(shares.values()))[0]


def _visit(
    plan: ServicePlan,
    slot: SlotTime,
    size: int,
    channel: Channel,
    occupancy: Occupancy,
    now: datetime,
    chance: random.Random,
    diners: _Diners,
) -> Visit | None:
    """Return a booking for this party if the house's rules and the room allow it."""
    if not slot.shift.is_online:
        channel = Channel.WALK_IN
    if channel == Channel.WALK_IN and slot.starts_at > now:
        return None
    online = channel not in STAFF_CHANNELS
    if (
        party_refusal(plan, size, online=online)
        # What a house refuses online it does not take by telephone either; at the door it is glad of everybody.
        or (channel != Channel.WALK_IN and size < plan.policy.min_party_online)
        or hard_close_refusal(plan, slot, size)
        or pacing_refusal(slot, size, occupancy)
    ):
        return None
    until = ends_at(plan, slot, size)
    seating = best_seating(plan, occupancy, starts_at=slot.starts_at, until=until, party_size=size, online=online)
    if seating is None:
        return None
    laid_again = until + timedelta(minutes=plan.policy.buffer_minutes)
    steps = _steps(plan, slot, until, channel, now, chance)
    if steps[-1].status != Status.CANCELLED:
        for position, table_id in enumerate(seating.table_ids):
            occupancy.add(Allocation(table_id, slot.starts_at, laid_again, 0 if position else size))
    return Visit(
        booking=_booking(plan, slot, until, size, seating, steps, chance, diners),
        table_ids=seating.table_ids,
        during=TimestamptzRange(slot.starts_at, laid_again, "[)"),
        steps=steps,
    )


# --- What became of it -------------------------------------------------------------------------------------------


def _steps(
    plan: ServicePlan, slot: SlotTime, until: datetime, channel: Channel, now: datetime, chance: random.Random
) -> list[Step]:
    """Return a booking's history up to now."""
    start = slot.starts_at
    if channel == Channel.WALK_IN:
        came = Step(start, Status.SEATED, ActorKind.STAFF, channel)
        return [came] if now < until else [came, _left_table(start, until, chance)]
    by = ActorKind.STAFF if channel in STAFF_CHANNELS else ActorKind.DINER
    made = Step(_made_at(plan, start, now, chance), Status.CONFIRMED, by, channel)
    match _ending(start, until, now, chance):
        case Status.CANCELLED:
            return [made, _called_off(made, min(start, now), chance)]
        case Status.NO_SHOW:
            given_up = start + timedelta(minutes=plan.policy.grace_minutes + chance.randint(0, 10))
            return [made, _by_staff(min(given_up, now), Status.NO_SHOW)]
        case Status.LEFT:
            came = _by_staff(start + timedelta(minutes=chance.randint(0, 10)), Status.ARRIVED)
            return [made, came, _by_staff(came.at + timedelta(minutes=25), Status.LEFT)]
        case Status.ARRIVED:
            return [made, _by_staff(start, Status.ARRIVED)]
        case Status.SEATED:
            return [made, _by_staff(min(_late(start, chance), now), Status.SEATED)]
        case Status.COMPLETED:
            came_at = _late(start, chance)
            sat_at = came_at + timedelta(minutes=chance.randint(1, 6))
            came_in = [_by_staff(came_at, Status.ARRIVED)] if chance.random() < 0.6 else []
            return [made, *came_in, _by_staff(sat_at, Status.SEATED), _left_table(sat_at, until, chance)]
        case _:
            return [made]


def _ending(start: datetime, until: datetime, now: datetime, chance: random.Random) -> Status:
    if until <= now:
        return _pick(ENDINGS, chance)
    if start > now:
        return Status.CANCELLED if chance.random() < 0.06 else Status.CONFIRMED
    if now - start < timedelta(minutes=15):
        return _pick({Status.CONFIRMED: 5, Status.ARRIVED: 2, Status.SEATED: 3}, chance)
    # After every grace there is: thirty minutes at most.
    if now - start > timedelta(minutes=40) and chance.random() < 0.05:
        return Status.NO_SHOW
    return Status.SEATED


def _by_staff(at: datetime, status: Status) -> Step:
    return Step(at, status, ActorKind.STAFF, Channel.ADMIN)


def _late(start: datetime, chance: random.Random) -> datetime:
    """Return when a party comes: about eight minutes late, some much later, a few early."""
    return start + timedelta(minutes=min(max(chance.gauss(8, 12), -5), 25))


def _left_table(since: datetime, until: datetime, chance: random.Random) -> Step:
    return _by_staff(since + (until - since) * chance.uniform(0.8, 1), Status.COMPLETED)


def _called_off(made: Step, until: datetime, chance: random.Random) -> Step:
    at = made.at + (until - made.at) * chance.uniform(0.2, 0.98)
    if chance.random() < 0.2:
        return Step(at, Status.CANCELLED, ActorKind.STAFF, Channel.ADMIN, "The room is given to a private party.")
    return Step(at, Status.CANCELLED, ActorKind.DINER, Channel.WEB, "")


def _made_at(plan: ServicePlan, start: datetime, now: datetime, chance: random.Random) -> datetime:
    """Return when a booking was made: half of them less than three days ahead, none after the house's notice."""
    days = min(chance.lognormvariate(math.log(3), 1.1), plan.policy.window_days - 1)
    lead = max(timedelta(days=days), timedelta(minutes=plan.policy.min_lead_minutes))
    if start - lead < now:
        return start - lead
    return now - timedelta(minutes=chance.uniform(2, 3 * 24 * 60))


def _booking(
    plan: ServicePlan,
    slot: SlotTime,
    until: datetime,
    size: int,
    seating: Seating,
    steps: Sequence[Step],
    chance: random.Random,
    diners: _Diners,
) -> Booking:
    made, last = steps[0], steps[-1]
    at = {step.status: step.at for step in steps}
    number = chance.randint(1, GUESTS)
    wants_account = made.channel == Channel.WEB and last.status != Status.CANCELLED and chance.random() < 0.12
    diner = diners.one_free(slot.starts_at, until) if wants_account else None
    notice = timedelta(hours=plan.policy.free_cancellation_hours)
    called_off_by_diner = last.status == Status.CANCELLED and last.kind == ActorKind.DINER
    return Booking(
        restaurant_id=plan.id,
        diner=diner,
        guest_name=diner.name if diner else f"Demo guest {number}",
        guest_phone=f"{PHONES}{900 + DINERS.index(diner.email) if diner else number:03}",
        guest_email=diner.email if diner else "",
        language=diner.language if diner else "en",
        status=last.status,
        channel=made.channel,
        party_size=size,
        service_day=slot.service_day,
        shift_name=slot.shift.name,
        starts_at=slot.starts_at,
        ends_at=until,
        area_id=min(seating.area_ids) if chance.random() < 0.12 else None,
        occasion=_pick(OCCASIONS, chance),
        notes=chance.choice(NOTES) if chance.random() < 0.12 else "",
        policy=terms.payable_there(terms.terms_for(plan, size, day=slot.service_day, starts_at=slot.starts_at)),
        is_late_cancellation=called_off_by_diner and slot.starts_at - last.at < notice,
        arrived_at=at.get(Status.ARRIVED, at.get(Status.SEATED)),
        seated_at=at.get(Status.SEATED),
        left_at=at.get(Status.COMPLETED, at.get(Status.LEFT)),
        # Nobody is to be reminded of an evening that was made up.
        reminded_day_before_at=made.at,
        reminded_hours_before_at=made.at,
        version=len(steps),
    )


def _finish(now: datetime) -> int:
    """Let the demo parties that were still to come, or to leave, when the demo was loaded have had their evening."""
    with transaction.atomic():
        over = list(
            _demo_bookings()
            .filter(ends_at__lte=now, status__in=(Status.CONFIRMED, Status.ARRIVED, Status.SEATED))
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        lines: list[tuple[BookingHistory, datetime]] = []
        for booking in over:
            if booking.status != Status.SEATED:
                booking.arrived_at = booking.arrived_at or booking.starts_at
                booking.seated_at = booking.starts_at
                lines.append((_line(booking, Status.SEATED), booking.starts_at))
            booking.left_at = booking.ends_at
            lines.append((_line(booking, Status.COMPLETED), booking.ends_at))
        Booking.objects.bulk_update(over, ["status", "version", "arrived_at", "seated_at", "left_at"], batch_size=500)
        TableAllocation.objects.filter(booking__in=over, live=True).update(live=False)
        BookingHistory.objects.bulk_create([line for line, _at in lines], batch_size=2000)
        _backdate_history(lines)
    return len(over)


def _line(booking: Booking, status: Status) -> BookingHistory:
    """Move a booking on and return the line of its history."""
    before = booking.status
    booking.move_to(status)
    booking.version += 1
    return BookingHistory(
        booking=booking,
        actor_kind=ActorKind.SYSTEM,
        channel=Channel.SYSTEM,
        from_status=before,
        to_status=status,
    )
