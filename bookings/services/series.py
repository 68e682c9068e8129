"""Bookings that repeat: every date is looked at before anything is promised, and booked as the window reaches it."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from bookings import errors, selectors, terms
from bookings.availability import DAY_SPAN, Occupancy, Reason, Slot, find_slot_time, hard_close_refusal, midnight_of
from bookings.errors import BookingMovedOn
from bookings.events import SeriesChanged
from bookings.models import Booking, BookingSeries, Occurrence
from bookings.recurring import Rule
from bookings.services import claiming
from bookings.services.booking import Asking, alternative, book_table
from bookings.services.changing import UNSET, _area_id, _Unset, cancel_booking, change_booking
from bookings.services.claiming import Actor, Guest
from bookings.states import (
    FOR_THE_GUEST,
    OCCUPYING,
    STAFF_CHANNELS,
    UPCOMING,
    ActorKind,
    Channel,
    OccurrenceState,
    SeriesStatus,
)
from core.outbox import publish
from restaurants.service_plan import ServicePlan, plan_of

logger = logging.getLogger(__name__)

FEWEST_DATES = 2
# Of one date that cannot be had: the nearest times of that day.
ALTERNATIVES = 3
EXTENDED_AT_ONCE = 200
# What no other time or left out date would mend.
OF_ALL_DATES = (
    errors.SeriesOver,
    errors.SeriesRuleRefused,
    errors.UnknownArea,
    errors.PartySizeRefused,
    errors.RestaurantNotBookable,
)


@dataclass(frozen=True)
class DateOutcome:
    """What stands with one date: free now, to be booked later, or refused and why."""

    on: date
    starts_at: datetime
    is_later: bool = False
    refusal: errors.BookingRefused | None = None
    alternatives: tuple[Slot, ...] = ()

    @property
    def is_possible(self) -> bool:
        return self.refusal is None


def look_at_dates(
    *,
    restaurant_id: int,
    starts: Mapping[date, datetime],
    party_size: int,
    by: Actor,
    diner: User | None = None,
    area: UUID | None = None,
    step_free: bool = False,
    except_bookings: Collection[int] = (),
) -> list[DateOutcome]:
    """Return what stands with each date at its start, without booking anything. One query for all tables.

    Dates beyond the booking window are looked at as far as hours and closed days are known.
    """
    now = timezone.now()
    plan = plan_of(restaurant_id)
    if not starts:
        return []
    first, last = min(starts.values()) - timedelta(days=1), max(starts.values())
    until = min(last, now + timedelta(days=plan.policy.window_days + 1)) + DAY_SPAN
    taken = selectors.allocations_between([restaurant_id], first, max(until, first), now=now)
    allocations = taken.allocations[restaurant_id]
    busy = _own_stretches(diner, first, until, by=by, but=except_bookings)
    outcomes = []
    for on, starts_at in sorted(starts.items()):
        outcome = DateOutcome(on, starts_at)
        try:
            claim = _claim(plan, starts_at, party_size=party_size, area=area, step_free=step_free, now=now, by=by)
            if claim is None:
                outcomes.append(DateOutcome(on, starts_at, is_later=True))
                continue
            if any(begins < claim.ends_at and ends > starts_at for begins, ends in busy):
                raise errors.OverlapsOwnBooking
            day = claim.slot.service_day
            midnight = midnight_of(plan, day)
            of_day = [each for each in allocations if each.ends_at > midnight and each.starts_at < midnight + DAY_SPAN]
            claiming.look_for_tables(plan, Occupancy.of(plan, day, of_day), claim, now=now, online=by.is_online)
        except errors.BookingRefused as refusal:
            near: tuple[Slot, ...] = ()
            if isinstance(refusal, errors.NoTableFree | errors.TooManyAtOnce | errors.NotASeatingTime):
                near = tuple(_near(plan, starts_at, party_size, step_free=step_free, now=now))
            outcome = DateOutcome(on, starts_at, refusal=refusal, alternatives=near)
        outcomes.append(outcome)
    return outcomes


def begin_series(
    *,
    restaurant_id: int,
    rule: Rule,
    party_size: int,
    guest: Guest,
    by: Actor,
    diner: User | None = None,
    area: UUID | None = None,
    step_free: bool = False,
    notes: str = "",
    occasion: str = "",
    language: str = "en",
    skip: Collection[date] = (),
    moved: Mapping[date, datetime] | None = None,
    adopts: Booking | None = None,
    request_key: UUID | None = None,
) -> BookingSeries:
    """Begin a series and book every date within the booking window, all of them or none; return it.

    :param skip: dates of the rule that are left out
    :param moved: other starts for some dates of the rule
    :param adopts: a booking that stands already and is the series' first date
    :raises SeriesRuleRefused: without two dates within a year, or for dates the rule does not have
    :raises SeriesRefused: when a date cannot be had; `details["dates"]` holds what stands with every one
    :raises core.errors.Busy: when one of the days stays locked by others for three seconds
    """
    if request_key is not None:
        earlier = BookingSeries.objects.filter(request_key=request_key).first()
        if earlier is not None:
            return earlier
    if by.is_online and not (guest.phone or guest.email):
        raise errors.ContactMissing
    plan = plan_of(restaurant_id)
    dates, moved = rule.dates(), dict(moved or {})
    if adopts is not None:
        # It is whatever it is, be it by a quarter of an hour not what the rule says.
        moved[dates[0]] = adopts.starts_at
    if len(dates) < FEWEST_DATES or not {*skip, *moved} <= set(dates) or len(set(skip)) == len(dates):
        raise errors.SeriesRuleRefused
    starts = {day: moved.get(day, rule.starts_at(day, plan.zone)) for day in dates if day not in skip}
    try:
        with transaction.atomic():
            claiming.lock_service_days(plan.id, _days(plan, starts.values()))
            series = BookingSeries.objects.create(
                restaurant_id=plan.id,
                diner=diner,
                guest_name=guest.name,
                guest_phone=guest.phone,
                guest_email=guest.email,
                language=language,
                channel=by.channel,
                first_on=dates[0],
                last_on=dates[-1],
                local_time=rule.at,
                every_weeks=rule.every_weeks,
                party_size=party_size,
                area_id=_area_id(plan, area),
                step_free=step_free,
                occasion=occasion,
                notes=notes,
                policy=_terms(plan, starts, party_size, area, by),
                request_key=request_key,
                created_by=by.user,
            )
            for day in dates:
                occurrence = Occurrence(
                    series=series,
                    planned_on=day,
                    starts_at=starts.get(day, rule.starts_at(day, plan.zone)),
                    state=OccurrenceState.PLANNED if day in starts else OccurrenceState.SKIPPED,
                    is_changed=day in moved and moved[day] != rule.starts_at(day, plan.zone),
                )
                if adopts is not None and day == dates[0] and day in starts:
                    _adopt(occurrence, adopts)
                elif day in starts:
                    _book_or_leave_for_later(occurrence, series, plan, by=by)
                occurrence.save(force_insert=True)
            _tell(series, "begun")
    except errors.BookingRefused as refusal:
        others = {day: at for day, at in starts.items() if adopts is None or day != dates[0]}
        outcomes = look_at_dates(
            restaurant_id=plan.id,
            starts=others,
            party_size=party_size,
            area=area,
            step_free=step_free,
            by=by,
            diner=diner,
        )
        raise _refused(plan, outcomes, refusal) from refusal
    except IntegrityError as clash:
        constraint = claiming.constraint_of(clash)
        if constraint == "one_series_per_request_key":
            return BookingSeries.objects.get(request_key=request_key)
        if adopts is not None and constraint == "a_booking_is_of_one_series":
            return Occurrence.objects.select_related("series").get(booking=adopts).series
        raise
    return series


def change_series(
    *,
    series: BookingSeries,
    by: Actor,
    from_on: date | None = None,
    at: time | None = None,
    party_size: int | None = None,
    area: "UUID | _Unset | None" = UNSET,
    step_free: bool | None = None,
    guest: Guest | None = None,
    notes: str | None = None,
    occasion: str | None = None,
    skip: Collection[date] = (),
    moved: Mapping[date, datetime] | None = None,
    expected_version: int | None = None,
) -> BookingSeries:
    """Change what is still to come of a series, all of it or from a day on, in one atomic move, and return it.

    From a day on, the dates before stay a series of their own and the returned one is new. A date that was changed by
    itself stays as it is, unless `moved` or `skip` names it. Dates that had no table are tried again.

    :raises BookingMovedOn: :raises SeriesOver: :raises SeriesRuleRefused:
    :raises SeriesRefused: when a date cannot be had as wished; everything is as it was
    """
    plan = plan_of(series.restaurant_id)
    moved = dict(moved or {})
    with_new_wish = at is not None or party_size is not None or step_free is not None or not isinstance(area, _Unset)
    try:
        with transaction.atomic():
            series = _locked(series, expected_version)
            ahead = list(_ahead(series, from_on))
            if not ahead:
                raise errors.SeriesOver
            if not {*skip, *moved} <= {each.planned_on for each in ahead}:
                raise errors.SeriesRuleRefused
            clock = at or series.local_time
            rule = Rule(series.first_on, clock)
            wanted = {each.pk: _wanted(each, rule, plan, moved, is_new_time=at is not None) for each in ahead}
            claiming.lock_service_days(
                plan.id,
                {each.booking.service_day for each in ahead if each.booking} | _days(plan, wanted.values()),
            )
            if from_on is not None and series.occurrences.filter(planned_on__lt=from_on).exists():
                series = _split(series, from_on)
                Occurrence.objects.filter(pk__in=[each.pk for each in ahead]).update(series=series)
            series.local_time = clock
            series.party_size = party_size or series.party_size
            if not isinstance(area, _Unset):
                series.area_id = _area_id(plan, area)
            series.step_free = series.step_free if step_free is None else step_free
            if guest is not None:
                series.guest_name, series.guest_phone, series.guest_email = guest.name, guest.phone, guest.email
            series.notes = series.notes if notes is None else notes
            series.occasion = series.occasion if occasion is None else occasion
            series.version += 1
            series.save()
            for each in ahead:
                each.series = series
                if each.planned_on in skip:
                    _give_up(each, OccurrenceState.SKIPPED, by=by, reason="")
                elif each.state == OccurrenceState.BOOKED and each.booking is not None:
                    own = each.planned_on in moved
                    _change_booking(
                        each,
                        by=by,
                        starts_at=wanted[each.pk],
                        wish={} if each.is_changed and not own else _wish(party_size, area, step_free),
                        moves=own or (with_new_wish and not each.is_changed),
                        guest=guest,
                        notes=notes,
                        occasion=occasion,
                    )
                    each.is_changed = each.is_changed or own
                elif each.state != OccurrenceState.SKIPPED or each.planned_on in moved:
                    each.starts_at = wanted[each.pk]
                    each.state, each.reason = OccurrenceState.PLANNED, ""
                    each.is_changed = each.is_changed or each.planned_on in moved
                    _book_or_leave_for_later(each, series, plan, by=by)
                each.save()
            _tell(series, "changed")
    except OF_ALL_DATES:
        raise
    except errors.BookingRefused as refusal:
        outcomes = look_at_dates(
            restaurant_id=plan.id,
            starts={
                each.planned_on: wanted[each.pk]
                for each in ahead
                if each.planned_on not in skip and (not each.is_changed or each.planned_on in moved)
            },
            party_size=party_size or series.party_size,
            area=(series.area.public_id if series.area else None) if isinstance(area, _Unset) else area,
            step_free=series.step_free if step_free is None else step_free,
            by=by,
            diner=series.diner,
            except_bookings=[each.booking_id for each in ahead if each.booking_id],
        )
        raise _refused(plan, outcomes, refusal) from refusal
    return series


def cancel_series(
    *,
    series: BookingSeries,
    by: Actor,
    from_on: date | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> BookingSeries:
    """Cancel what is still to come of a series, all of it or from a day on, and return it.

    :raises BookingMovedOn: :raises SeriesOver: when nothing is to come
    :raises ReasonMissing: when the restaurant gives none
    """
    with transaction.atomic():
        series = _locked(series, expected_version)
        ahead = list(_ahead(series, from_on))
        if not ahead:
            raise errors.SeriesOver
        for each in ahead:
            _give_up(each, OccurrenceState.WITHDRAWN, by=by, reason=reason)
            each.save()
        series.version += 1
        if not _ahead(series, None).exists():
            series.status = SeriesStatus.CANCELLED
        series.save()
        _tell(series, "cancelled", on=from_on)
    return series


def extend_series() -> int:
    """Book the dates that the booking window has reached, each by itself; return how many were booked.

    A date that cannot be had is marked, its guest told, and the others go on.
    """
    now = timezone.now()
    booked = 0
    due = (
        Occurrence.objects.filter(state=OccurrenceState.PLANNED, series__status=SeriesStatus.ACTIVE)
        .order_by("starts_at")
        .values_list("pk", "starts_at", "series__restaurant_id")
    )
    reached = []
    for pk, starts_at, restaurant_id in due.iterator(chunk_size=1000):
        if starts_at <= _horizon(plan_of(restaurant_id), now):
            reached.append(pk)
        if len(reached) == EXTENDED_AT_ONCE:
            break
    for pk in reached:
        booked += _extend(pk)
    _end_what_is_over(now)
    return booked


# --- The parts -----------------------------------------------------------------------------------------------------


def _claim(
    plan: ServicePlan,
    starts_at: datetime,
    *,
    party_size: int,
    area: UUID | None,
    step_free: bool,
    now: datetime,
    by: Actor,
) -> claiming.Claim | None:
    """Return the claim, or None for a date that is not booked yet but could be as far as anybody knows today."""
    if starts_at <= _horizon(plan, now):
        try:
            return claiming.check_claim(
                plan,
                starts_at=starts_at,
                party_size=party_size,
                area=area,
                step_free=step_free,
                now=now,
                online=by.is_online,
                may_ask=False,
            )
        except errors.TimeTooFarAhead:
            pass
    reason = claiming.party_refusal(plan.for_wish(step_free=step_free), party_size, online=by.is_online, may_ask=False)
    if reason is not None:
        raise claiming.party_refused(reason, plan, online=by.is_online, may_ask=False)
    slot = find_slot_time(plan, starts_at)
    if isinstance(slot, Reason):
        raise claiming.refused(slot, plan)
    if by.is_online and not slot.shift.is_online:
        raise claiming.refused(Reason.NOT_A_SEATING_TIME, plan)
    late = hard_close_refusal(plan, slot, party_size)
    if late is not None:
        raise claiming.refused(late, plan)
    return None


def _horizon(plan: ServicePlan, now: datetime) -> datetime:
    return now + timedelta(days=plan.policy.window_days)


def _days(plan: ServicePlan, starts: Iterable[datetime]) -> set[date]:
    """Return every service day these instants may belong to."""
    local = {starts_at.astimezone(plan.zone).date() for starts_at in starts}
    return local | {day - timedelta(days=1) for day in local}


def _own_stretches(
    diner: User | None, since: datetime, until: datetime, *, by: Actor, but: Collection[int]
) -> list[tuple[datetime, datetime]]:
    """Return when the diner is expected elsewhere or here already; for a guest of the staff nobody looks."""
    if diner is None or by.kind not in FOR_THE_GUEST:
        return []
    mine = Booking.objects.filter(diner=diner, status__in=OCCUPYING, starts_at__lt=until, ends_at__gt=since)
    return list(mine.exclude(pk__in=but).values_list("starts_at", "ends_at"))


def _near(plan: ServicePlan, wanted: datetime, party_size: int, *, step_free: bool, now: datetime) -> list[Slot]:
    slots = selectors.alternatives_to(
        plan.id, wanted, party_size, count=ALTERNATIVES, include_wanted=True, step_free=step_free, now=now
    )
    day = wanted.astimezone(plan.zone).date()
    return [slot for slot in slots if slot.service_day == day]


def outcome_body(plan: ServicePlan, outcome: DateOutcome) -> dict[str, Any]:
    """Return what stands with a date as plain values."""
    refusal = outcome.refusal
    return {
        "date": outcome.on.isoformat(),
        "starts_at": outcome.starts_at.astimezone(plan.zone).isoformat(),
        "outcome": "refused" if refusal else "later" if outcome.is_later else "free",
        "reason": refusal.code if refusal else None,
        "detail": str(refusal) if refusal else "",
        "alternatives": [alternative(plan, slot) for slot in outcome.alternatives],
    }


def _refused(plan: ServicePlan, outcomes: list[DateOutcome], first: errors.BookingRefused) -> errors.BookingRefused:
    """Return the refusal with every date, or the one of all dates alike.

    A date that was free again by then does not name what refused the whole, so that is named beside them.
    """
    if isinstance(first, OF_ALL_DATES):
        return first
    return errors.SeriesRefused(dates=[outcome_body(plan, each) for each in outcomes], reason=first.code)


def _book_or_leave_for_later(occurrence: Occurrence, series: BookingSeries, plan: ServicePlan, *, by: Actor) -> None:
    area = series.area.public_id if series.area else None
    now = timezone.now()
    claim = _claim(
        plan,
        occurrence.starts_at,
        party_size=series.party_size,
        area=area,
        step_free=series.step_free,
        now=now,
        by=by,
    )
    if claim is None:
        return
    _book(occurrence, series, by=by)


def _book(occurrence: Occurrence, series: BookingSeries, *, by: Actor) -> None:
    booking = book_table(
        restaurant_id=series.restaurant_id,
        starts_at=occurrence.starts_at,
        party_size=series.party_size,
        guest=Guest(series.guest_name, series.guest_phone, series.guest_email),
        by=by,
        diner=series.diner,
        area=series.area.public_id if series.area else None,
        step_free=series.step_free,
        notes=series.notes,
        occasion=series.occasion,
        language=series.language,
        # No date is lost because nobody looked for an hour, and none is paid for a year ahead.
        deposit=Asking.BOOKED,
    )
    occurrence.booking, occurrence.told_version = booking, booking.version
    occurrence.state, occurrence.reason = OccurrenceState.BOOKED, ""


def _terms(
    plan: ServicePlan, starts: Mapping[date, datetime], party_size: int, area: UUID | None, by: Actor
) -> dict[str, Any]:
    """Return the terms of a series: those of its first date. Later ones that differ are told when they are booked."""
    on, starts_at = min(starts.items())
    slot = find_slot_time(plan, starts_at)
    day = on if isinstance(slot, Reason) else slot.service_day
    found = terms.terms_for(plan, party_size, day=day, starts_at=starts_at, area_id=_area_id(plan, area))
    # Of dates months ahead no card is asked for, and so no fee.
    found = terms.without_fees(found)
    return found if by.is_online else terms.payable_there(found)


def _adopt(occurrence: Occurrence, booking: Booking) -> None:
    # Its own confirmation may still be under way: told_version stays 0.
    occurrence.booking, occurrence.starts_at, occurrence.state = booking, booking.starts_at, OccurrenceState.BOOKED


def _wanted(
    occurrence: Occurrence, rule: Rule, plan: ServicePlan, moved: Mapping[date, datetime], *, is_new_time: bool
) -> datetime:
    if occurrence.planned_on in moved:
        return moved[occurrence.planned_on]
    if is_new_time and not occurrence.is_changed:
        return rule.starts_at(occurrence.planned_on, plan.zone)
    return occurrence.booking.starts_at if occurrence.booking else occurrence.starts_at


def _wish(party_size: int | None, area: "UUID | _Unset | None", step_free: bool | None) -> dict[str, Any]:
    wish: dict[str, Any] = {}
    if party_size is not None:
        wish["party_size"] = party_size
    if not isinstance(area, _Unset):
        wish["area"] = area
    if step_free is not None:
        wish["step_free"] = step_free
    return wish


def _change_booking(
    occurrence: Occurrence,
    *,
    by: Actor,
    starts_at: datetime,
    wish: dict[str, Any],
    moves: bool,
    **details: Any,
) -> None:
    assert occurrence.booking is not None  # noqa: S101  # the caller has looked
    wanted = {name: value for name, value in details.items() if value is not None}
    if moves:
        wanted |= {"starts_at": starts_at, **wish}
    if not wanted:
        return
    booking = change_booking(booking=occurrence.booking, by=by, **wanted)
    occurrence.booking, occurrence.starts_at, occurrence.told_version = booking, booking.starts_at, booking.version


def _give_up(occurrence: Occurrence, state: OccurrenceState, *, by: Actor, reason: str) -> None:
    booking = occurrence.booking
    if booking is not None and booking.status in UPCOMING:
        occurrence.booking = cancel_booking(booking=booking, by=by, reason=reason)
        occurrence.told_version = occurrence.booking.version
    occurrence.state = state


def _ahead(series: BookingSeries, from_on: date | None) -> "QuerySet[Occurrence]":
    """Return what is still to come, in order: bookings that can be changed, and dates without one."""
    ahead = (
        series.occurrences.select_related("booking", "booking__area", "booking__restaurant")
        .filter(starts_at__gt=timezone.now())
        .exclude(state=OccurrenceState.WITHDRAWN)
        .exclude(booking__isnull=False, state=OccurrenceState.SKIPPED)
        .exclude(~Q(booking__status__in=UPCOMING), state=OccurrenceState.BOOKED)
        .order_by("planned_on")
    )
    return ahead if from_on is None else ahead.filter(planned_on__gte=from_on)


def _locked(series: BookingSeries, expected_version: int | None) -> BookingSeries:
    found = BookingSeries.objects.select_for_update(of=("self",)).select_related("area", "diner").get(pk=series.pk)
    if expected_version is not None and found.version != expected_version:
        raise BookingMovedOn(version=found.version)
    if found.status != SeriesStatus.ACTIVE:
        raise errors.SeriesOver
    return found


def _split(series: BookingSeries, from_on: date) -> BookingSeries:
    """End a series on its last date before a day, and return a new one for those from then on."""
    last = series.last_on
    before = series.occurrences.filter(planned_on__lt=from_on).order_by("-planned_on").values_list("planned_on")
    BookingSeries.objects.filter(pk=series.pk).update(last_on=before[0][0], version=series.version + 1)
    later = BookingSeries.objects.get(pk=series.pk)
    later.pk, later.public_id, later.request_key = None, BookingSeries._meta.get_field("public_id").get_default(), None
    later._state.adding = True
    later.first_on, later.last_on, later.version = from_on, last, 0
    later.save(force_insert=True)
    return later


def _extend(pk: int) -> int:
    """Book one date whose time has come; returns 1 when it was booked."""
    with transaction.atomic():
        occurrence = (
            # The series' row, as whoever changes it takes it, before the lock of the day.
            Occurrence.objects.select_for_update(skip_locked=True, of=("series",))
            .select_related("series", "series__area", "series__diner")
            .filter(pk=pk, state=OccurrenceState.PLANNED, series__status=SeriesStatus.ACTIVE)
            .first()
        )
        if occurrence is None:
            return 0
        series = occurrence.series
        try:
            with transaction.atomic():
                _book(occurrence, series, by=_for_series(series))
        except errors.TimeTooFarAhead:
            return 0
        except errors.BookingRefused as refusal:
            occurrence.state, occurrence.reason = OccurrenceState.FAILED, refusal.code
            occurrence.save()
            _tell(series, "date_failed", on=occurrence.planned_on)
            return 0
        occurrence.save()
        if occurrence.booking is not None and not terms.are_alike(occurrence.booking.policy, series.policy):
            _tell(series, "new_terms", on=occurrence.planned_on)
    return 1


def _for_series(series: BookingSeries) -> Actor:
    """Return as whom a later date is booked: Buka itself, under the rules of the door the series came through."""
    channel = Channel(series.channel)
    return Actor(None, ActorKind.SYSTEM, channel if channel in STAFF_CHANNELS else Channel.SYSTEM)


def _end_what_is_over(now: datetime) -> None:
    BookingSeries.objects.filter(status=SeriesStatus.ACTIVE).exclude(
        pk__in=Occurrence.objects.filter(starts_at__gt=now).values("series")
    ).update(status=SeriesStatus.ENDED)


def _tell(series: BookingSeries, news: str, *, on: date | None = None) -> None:
    publish(
        SeriesChanged(
            series_id=series.public_id,
            version=series.version,
            news=news,
            on=on.isoformat() if on else "",
            restaurant_id=plan_of(series.restaurant_id).public_id,
        )
    )
