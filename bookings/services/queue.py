"""The queue at the door: joining with a quote, being called, sitting down, going away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from bookings import errors, learning, rearranging, selectors, waitlist
from bookings.availability import Reason, midnight_of, slot_times
from bookings.events import QueueJoined, SeatReady
from bookings.forecasting import LONGEST, Closed, Due, Floor, Forecast, Habits, Queued, Sitting, forecast
from bookings.models import QueueEntry, QueueHistory, QuoteStretch, TableAllocation
from bookings.selectors import SeenDay
from bookings.services import claiming
from bookings.services.claiming import Actor, Guest
from bookings.services.floor import look_for_walk_in, seat_walk_in, usual_turn
from bookings.states import QUEUE_LIVE, QUEUE_MACHINE, ActorKind, QueueStatus, Status, SystemReason
from core import audit
from core.errors import DomainError
from core.outbox import publish
from localization import formatting
from restaurants.hours import DoorState
from restaurants.service_plan import ServicePlan, plan_of, remembered_plan

MINUTE = timedelta(minutes=1)
# A quote is told anew when it slips by this much.
SLIPS_BY = 5
# The floor is not simulated farther than the longest quote and a turn.
AHEAD = timedelta(minutes=LONGEST) + timedelta(hours=4)
# Who came to the door within this time tells how many will come.
LATELY = timedelta(hours=1)
BATCH = 200


@dataclass(frozen=True)
class Line:
    """The queue of a house as it stands, and the floor it waits for."""

    plan: ServicePlan
    now: datetime
    floor: Floor
    entries: tuple[QueueEntry, ...]
    """in their order; `floor.queue` holds the same parties"""
    doors: DoorState
    lately: tuple[int, ...]
    """who of the queue came lately, by primary key; they are the first of `floor.lately`"""
    stretch: float
    """how much longer than drawn the house's waits are, as it has learned"""

    def quote(
        self, *, party_size: int, area_id: int | None, behind: int, seed: int, entry_id: int | None = None
    ) -> Forecast | None:
        """Return what a party with so many of the queue before it is told; None when no table fits it.

        :param entry_id: its place, once it has one: it is nobody who comes besides itself, as when it was told first
        """
        lately = [
            party for pk, party in zip_longest(self.lately, self.floor.lately) if entry_id is None or pk != entry_id
        ]
        floor = replace(self.floor, queue=self.floor.queue[:behind], lately=lately)
        return forecast(floor, self.party(party_size, area_id), seed=seed, stretch=self.stretch)

    def party(self, party_size: int, area_id: int | None) -> Queued:
        turn = usual_turn(self.plan, selectors.service_day_of(self.plan.id, self.now), self.now, party_size) / MINUTE
        return Queued(turn, rearranging.seatings(self.plan, party_size, online=False, area_id=area_id))


def line_of(restaurant_id: int, *, now: datetime | None = None) -> Line:
    """Return a house's queue and floor as they are now; four queries when the plan is known."""
    now = now or timezone.now()
    plan = plan_of(restaurant_id)
    gone = Q(service_day=selectors.service_day_of(restaurant_id, now), ended_at__gt=now - LATELY)
    came = list(
        QueueEntry.objects.filter(Q(status__in=QUEUE_LIVE) | gone, restaurant_id=restaurant_id)
        .select_related("area")
        .order_by("joined_at", "pk")
    )
    entries = tuple(entry for entry in came if entry.is_live)
    lately = [entry for entry in came if entry.joined_at > now - LATELY]
    floor, walk_ins = _floor(plan, now)
    doors = waitlist.doors_of(plan, now)
    if not doors.is_open and doors.changes_at is not None:
        # Nobody sits down before the house opens: the wait is counted from then.
        until = (doors.changes_at - now) / MINUTE
        floor.closed = [*floor.closed, *(Closed(table_id, 0.0, until) for table_id in plan.table_names)]
    stretch = QuoteStretch.objects.filter(restaurant_id=restaurant_id).values_list("stretch", flat=True).first()
    recent = tuple(entry.pk for entry in lately)
    line = Line(plan, now, floor, entries, doors, recent, stretch or learning.NEUTRAL)
    floor.queue = [line.party(entry.party_size, entry.area_id) for entry in entries]
    floor.lately = [line.party(entry.party_size, entry.area_id) for entry in lately]
    queued = {entry.booking_id for entry in came}
    floor.lately += [line.party(size, None) for booking_id, size in walk_ins.items() if booking_id not in queued]
    return line


def _floor(plan: ServicePlan, now: datetime) -> tuple[Floor, dict[int, int]]:
    """Return the floor, and the size of those by booking who were seated as they came within the last hour."""
    rows = (
        TableAllocation.objects.filter(
            restaurant_id=plan.id,
            live=True,
            during__startswith__gt=now - selectors.LONGEST_ALLOCATION,
            during__startswith__lt=now + AHEAD,
        )
        .exclude(booking__status=Status.HELD, booking__hold_expires_at__lte=now)
        .order_by("booking_id", "table_id")
        .values_list(
            "booking_id",
            "table_id",
            "during",
            "booking__status",
            "booking__starts_at",
            "booking__ends_at",
            "booking__seated_at",
            "booking__minutes_late",
            "booking__created_at",
            "booking__party_size",
        )
    )
    day = selectors.service_day_of(plan.id, now)
    seated_today = midnight_of(plan, day)
    parties: dict[int, tuple[list[int], Any]] = {}
    closed: list[Closed] = []
    for booking_id, table_id, during, *facts in rows:
        if booking_id is None:
            if during.upper > now:
                closed.append(Closed(table_id, (during.lower - now) / MINUTE, (during.upper - now) / MINUTE))
            continue
        parties.setdefault(booking_id, ([], facts))[0].append(table_id)
    sitting: list[Sitting] = []
    due: list[Due] = []
    walk_ins: dict[int, int] = {}
    for booking_id, (tables, facts) in parties.items():
        status, starts_at, ends_at, seated_at, says_late, created_at, size = facts
        turn = (ends_at - starts_at) / MINUTE
        if status == Status.SEATED:
            # Whoever was left open at yesterday's close has gone home.
            if seated_at is not None and seated_at >= seated_today:
                sitting.append(Sitting(tuple(tables), (now - seated_at) / MINUTE, turn))
                if created_at > now - LATELY and created_at >= seated_at - MINUTE:
                    walk_ins[booking_id] = size
        elif ends_at > now:
            has_arrived = status == Status.ARRIVED
            due.append(Due((starts_at - now) / MINUTE, turn, tuple(tables), has_arrived, says_late))
    grace, buffer = plan.policy.grace_minutes, plan.policy.buffer_minutes
    closes = max((slot.starts_at for slot in slot_times(plan, day)), default=now)
    floor = Floor(
        sitting,
        due,
        (),
        closed,
        Habits(grace=grace, clearing=buffer),
        last_seating=max((closes - now) / MINUTE, 0.0),
    )
    return floor, walk_ins


def join_queue(
    *,
    restaurant_id: int,
    party_size: int,
    by: Actor,
    guest: Guest | None = None,
    area: UUID | None = None,
    language: str = "en",
    request_key: UUID | None = None,
) -> QueueEntry:
    """Put a party at the end of the queue, with the wait it is told, and return its place.

    The same `request_key` returns the place it made before. Before the house opens, the wait is until after that.

    :raises RestaurantNotBookable: :raises UnknownArea:
    :raises QueueClosed: while the house is closed, unless it opens within LINE_BEGINS
    :raises PartySizeRefused: when no table of the house, or of the area, fits such a party
    """
    now = timezone.now()
    guest = guest or Guest("")
    if request_key is not None:
        earlier = QueueEntry.objects.filter(request_key=request_key).first()
        if earlier is not None:
            return earlier
    line = line_of(restaurant_id, now=now)
    plan = line.plan
    if not plan.is_bookable:
        raise errors.RestaurantNotBookable
    _refuse_while_closed(line)
    area_id = None
    if area is not None:
        found = plan.area_named(area)
        if found is None:
            raise errors.UnknownArea
        area_id = found.id
    entry = QueueEntry(
        restaurant_id=restaurant_id,
        guest_name=guest.name,
        guest_phone=guest.phone,
        language=language,
        party_size=party_size,
        service_day=selectors.service_day_of(restaurant_id, now),
        area_id=area_id,
        ahead_on_joining=len(line.entries),
        joined_at=now,
        request_key=request_key,
        created_by=by.user,
    )
    told = line.quote(party_size=party_size, area_id=area_id, behind=len(line.entries), seed=_seed(entry))
    if told is None:
        raise claiming.party_refused(Reason.PARTY_TOO_LARGE, plan, online=False, largest=plan.largest_party)
    entry.quoted_low, entry.quoted_high = told.low, told.high
    entry.current_low, entry.current_high = told.low, told.high
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
            _record(entry, by=by, from_status="", changes={"quoted": {"low": told.low, "high": told.high}})
            publish(QueueJoined(entry_id=entry.public_id, restaurant_id=plan.public_id))
            _tell(entry)
    except IntegrityError as clash:
        if claiming.constraint_of(clash) != "one_queue_entry_per_request_key":
            raise
        return QueueEntry.objects.get(request_key=request_key)
    return entry


def requote_queue(*, restaurant_id: int) -> int:
    """Quote anew those of a house's queue whose quote has slipped; returns how many. Nothing is simulated in a lock."""
    line = line_of(restaurant_id)
    slipped: dict[int, tuple[int, int]] = {}
    for behind, entry in enumerate(line.entries):
        if entry.status != QueueStatus.QUEUED:
            continue
        rest = line.quote(
            party_size=entry.party_size, area_id=entry.area_id, behind=behind, seed=_seed(entry), entry_id=entry.pk
        )
        if rest is None:
            continue
        waited = int((line.now - entry.joined_at) / MINUTE)
        low, high = waited + rest.low, waited + rest.high
        if entry.current_high is None or high >= entry.current_high + SLIPS_BY:
            slipped[entry.pk] = (low, high)
    if not slipped:
        return 0
    with transaction.atomic():
        rows = QueueEntry.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=sorted(slipped))
        entries = list(rows.filter(status=QueueStatus.QUEUED).order_by("pk"))
        for entry in entries:
            low, high = slipped[entry.pk]
            changes = {"quoted": {"from": entry.current_high, "low": low, "high": high}}
            entry.current_low, entry.current_high, entry.requoted_at = low, high, line.now
            entry.save(update_fields=["current_low", "current_high", "requoted_at"])
            _record(entry, by=Actor.system(), from_status=entry.status, changes=changes)
        if entries:
            _tell(entries[0])
    return len(entries)


def houses_with_a_queue() -> list[int]:
    live = QueueEntry.objects.filter(status__in=QUEUE_LIVE, joined_at__gt=timezone.now() - timedelta(hours=12))
    return sorted(live.order_by().values_list("restaurant_id", flat=True).distinct())


def call_to_table(*, entry: QueueEntry, by: Actor, expected_version: int | None = None) -> QueueEntry:
    """Tell a party that its table is ready, and return its place.

    :raises QueueMovedOn: :raises core.states.IllegalMove:
    """
    with transaction.atomic():
        entry = _locked(entry.pk, expected_version)
        entry.notified_at = timezone.now()
        _move(entry, QueueStatus.NOTIFIED, by=by)
        publish(SeatReady(entry_id=entry.public_id, restaurant_id=remembered_plan(entry.restaurant_id).public_id))
    return entry


def seat_from_queue(
    *,
    entry: QueueEntry,
    by: Actor,
    table_ids: Sequence[int] | None = None,
    minutes: int | None = None,
    heed_seats: bool = False,
    expected_version: int | None = None,
) -> QueueEntry:
    """Seat a party of the queue, as seat_walk_in does, and return its place with the booking it became.

    :raises QueueMovedOn: :raises core.states.IllegalMove:
    :raises NoTableFree: :raises TableTaken: :raises TableTooSmall: as seat_walk_in
    """
    seen = _look_first(entry, table_ids=table_ids, minutes=minutes, expected_version=expected_version)
    with transaction.atomic():
        entry = _locked(entry.pk, expected_version)
        # Asked first: a party that has been seated must not take a second table.
        QUEUE_MACHINE.check(entry.status, QueueStatus.SEATED)
        entry.booking = seat_walk_in(
            restaurant_id=entry.restaurant_id,
            party_size=entry.party_size,
            by=by,
            guest=Guest(entry.guest_name, entry.guest_phone),
            table_ids=table_ids,
            minutes=minutes,
            heed_seats=heed_seats,
            request_key=entry.public_id,
            seen=seen,
        )
        entry.ended_at = timezone.now()
        _move(entry, QueueStatus.SEATED, by=by, changes={"waited": int((entry.ended_at - entry.joined_at) / MINUTE)})
        _learn_from(entry)
    return entry


def _learn_from(entry: QueueEntry) -> None:
    """Let the house's quotes learn from a party that is being seated; its row is locked and seated once, so once.

    It is part of seating: the same transaction keeps both or neither. The stretch is locked last, and shortly.
    """
    error = entry.quote_error
    if error is None or not learning.says_something(entry.quoted_high):
        return
    locked = QuoteStretch.objects.select_for_update(of=("self",)).filter(restaurant_id=entry.restaurant_id)
    known = locked.first()
    if known is None:
        # Another party may be the house's first, too: whose row it is does not matter.
        QuoteStretch.objects.bulk_create(
            [QuoteStretch(restaurant_id=entry.restaurant_id, stretch=learning.NEUTRAL)], ignore_conflicts=True
        )
        known = locked.get()
    known.stretch = learning.learned(known.stretch, was_within=error <= 0)
    known.parties += 1
    known.save(update_fields=["stretch", "parties", "learned_at"])


def _look_first(
    entry: QueueEntry, *, table_ids: Sequence[int] | None, minutes: int | None, expected_version: int | None
) -> SeenDay | None:
    """Refuse at once, without a lock, a party for which there is no table as the day stands.

    None when the place has changed since it was read, or is to be refused for another reason: the lock decides then.

    :raises NoTableFree: :raises TableTaken: and the others of `look_for_walk_in`
    """
    try:
        return look_for_walk_in(
            restaurant_id=entry.restaurant_id, party_size=entry.party_size, table_ids=table_ids, minutes=minutes
        )
    except DomainError:
        stands = QueueEntry.objects.filter(pk=entry.pk, version=entry.version, status=entry.status).exists()
        is_asked_for = expected_version is None or expected_version == entry.version
        if stands and is_asked_for and entry.status in QUEUE_LIVE:
            raise
        return None


def leave_queue(*, entry: QueueEntry, by: Actor, expected_version: int | None = None) -> QueueEntry:
    """The party went away, or does not want to wait any longer.

    :raises QueueMovedOn: :raises core.states.IllegalMove:
    """
    return _end(entry, QueueStatus.LEFT, by=by, expected_version=expected_version)


def remove_from_queue(
    *, entry: QueueEntry, by: Actor, reason: str = "", expected_version: int | None = None
) -> QueueEntry:
    """Take a party from the queue: written down twice, or not answering.

    :raises QueueMovedOn: :raises core.states.IllegalMove:
    """
    return _end(entry, QueueStatus.REMOVED, by=by, reason=reason, expected_version=expected_version)


def close_old_queues() -> int:
    """Take those from the queue whom nobody looked after by the next service day; returns how many."""
    before = timezone.now() - timedelta(hours=12)
    with transaction.atomic():
        forgotten = list(
            QueueEntry.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(status__in=QUEUE_LIVE, joined_at__lt=before)
            .order_by("pk")[:BATCH]
        )
        for entry in forgotten:
            entry.ended_at = timezone.now()
            _move(entry, QueueStatus.REMOVED, by=Actor.system(), reason=SystemReason.LEFT_OPEN)
    return len(forgotten)


def _refuse_while_closed(line: Line) -> None:
    if line.doors.is_open:
        return
    opens = line.doors.changes_at
    if opens is None:
        raise errors.QueueClosed(errors.QueueClosed.when_unknown, opens_at=None)
    if opens - line.now > waitlist.LINE_BEGINS:
        zone = line.plan.zone
        when = formatting.day_and_time(opens, zone=zone)
        raise errors.QueueClosed(when=when, opens_at=opens.astimezone(zone).isoformat())


# --- What these share -----------------------------------------------------------------------------------------------


def _end(
    entry: QueueEntry, status: QueueStatus, *, by: Actor, reason: str = "", expected_version: int | None = None
) -> QueueEntry:
    with transaction.atomic():
        entry = _locked(entry.pk, expected_version)
        entry.ended_at = timezone.now()
        _move(entry, status, by=by, reason=reason)
        if status == QueueStatus.REMOVED and by.kind == ActorKind.STAFF:
            audit.record("queue.removed_by_house", actor=by.user, target=entry)
    return entry


def _locked(pk: int, expected_version: int | None = None) -> QueueEntry:
    entry = QueueEntry.objects.select_for_update(of=("self",)).get(pk=pk)
    if expected_version is not None and entry.version != expected_version:
        raise errors.QueueMovedOn(version=entry.version)
    return entry


def _move(
    entry: QueueEntry, status: QueueStatus, *, by: Actor, reason: str = "", changes: dict[str, Any] | None = None
) -> None:
    before = entry.status
    entry.move_to(status)
    entry.version += 1
    entry.save()
    _record(entry, by=by, from_status=before, reason=reason, changes=changes)
    _tell(entry)


def _record(
    entry: QueueEntry, *, by: Actor, from_status: str, reason: str = "", changes: dict[str, Any] | None = None
) -> None:
    QueueHistory.objects.create(
        entry=entry,
        actor=by.user,
        actor_kind=by.kind,
        channel=by.channel,
        from_status=from_status,
        to_status=entry.status,
        reason=reason[:300],
        changes=changes or {},
    )


def _tell(entry: QueueEntry) -> None:
    claiming.tell_open_pages(remembered_plan(entry.restaurant_id), entry.service_day)


def _seed(entry: QueueEntry) -> int:
    return entry.public_id.int & 0xFFFFFFFF
