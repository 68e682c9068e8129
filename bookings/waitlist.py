"""Questions about those who wait, by who asks; answered without changing anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from accounts.selectors import Person, may_keep_own, restaurant_ids_where
from accounts.states import Ability
from bookings.models import FreeTimeAlert, QueueEntry, QueueHistory, StandbyEntry, StandbyHistory
from bookings.states import QUEUE_LIVE, STANDBY_LIVE, QueueStatus
from restaurants.hours import DoorState, door_state
from restaurants.service_plan import ServicePlan


def _with_what_doors_show(entries: "QuerySet[StandbyEntry]") -> "QuerySet[StandbyEntry]":
    return entries.select_related("restaurant", "restaurant__city", "booking", "booking__area").prefetch_related(
        "areas"
    )


def entries_of(diner: Person) -> "QuerySet[StandbyEntry]":
    """Return a diner's places on waiting lists, the nearest day last; nobody's for a stranger."""
    if not may_keep_own(diner):
        return StandbyEntry.objects.none()
    return _with_what_doors_show(StandbyEntry.objects.filter(diner=diner)).order_by("-earliest", "-pk")


def live_entries_of(diner: Person) -> "QuerySet[StandbyEntry]":
    return entries_of(diner).filter(status__in=STANDBY_LIVE).order_by("earliest", "pk")


def entries_staffed_by(person: Person, ability: Ability = Ability.SEE_BOOKINGS) -> "QuerySet[StandbyEntry]":
    """Return the places on the lists of every restaurant where this person has the ability, in fair order."""
    ids = restaurant_ids_where(person, ability)
    entries = StandbyEntry.objects.all() if ids is None else StandbyEntry.objects.filter(restaurant_id__in=ids)
    return _with_what_doors_show(entries).order_by("service_day", "priority", "joined_at", "pk")


def entry_by_public_id(public_id: UUID) -> StandbyEntry | None:
    """Return a place on a list whoever asks; the door must have its own proof that they may see it."""
    return _with_what_doors_show(StandbyEntry.objects.filter(public_id=public_id)).first()


def entry_to_answer(public_id: UUID) -> StandbyEntry | None:
    """Return a place for a door that only finds out who may answer for it: the row alone, without what doors show."""
    return StandbyEntry.objects.filter(public_id=public_id).first()


def history_of(entry: StandbyEntry) -> "QuerySet[StandbyHistory]":
    return entry.history.select_related("actor").order_by("at", "pk")


def places_ahead(entry: StandbyEntry) -> int:
    """Return how many wait for the same house and day before this entry, in the fair order."""
    before = StandbyEntry.objects.filter(
        restaurant_id=entry.restaurant_id, service_day=entry.service_day, status__in=STANDBY_LIVE
    ).exclude(pk=entry.pk)
    mine = (entry.priority, entry.joined_at, entry.pk)
    return sum(order < mine for order in before.values_list("priority", "joined_at", "pk"))


def entries_like(
    *, restaurant_id: int, day: date, among: Iterable[UUID], diner: Person | None = None
) -> StandbyEntry | None:
    """Return the live place for a house and day on a diner's account, or among those a browser remembers."""
    live = StandbyEntry.objects.filter(restaurant_id=restaurant_id, service_day=day, status__in=STANDBY_LIVE)
    found = live.filter(public_id__in=list(among)).first()
    if found is None and diner is not None and may_keep_own(diner):
        found = live.filter(diner=diner).first()
    return found


def alert_by_public_id(public_id: UUID) -> FreeTimeAlert | None:
    """Return somebody's wish to be told; the door must have its own proof that they may see it."""
    return FreeTimeAlert.objects.select_related("restaurant").filter(public_id=public_id).first()


def alerts_of(diner: Person) -> "QuerySet[FreeTimeAlert]":
    """Return what a diner wants to be told of and has not yet been."""
    if not may_keep_own(diner):
        return FreeTimeAlert.objects.none()
    mine = FreeTimeAlert.objects.filter(diner=diner, ended_at__isnull=True)
    return mine.select_related("restaurant").order_by("earliest", "pk")


# --- The queue -------------------------------------------------------------------------------------------------------


def queue_on(restaurant_id: int, day: date) -> "QuerySet[QueueEntry]":
    """Return everybody who joined a queue on a service day, in its order; the door has checked who asks."""
    entries = QueueEntry.objects.filter(restaurant_id=restaurant_id, service_day=day)
    return entries.select_related("area", "restaurant").order_by("joined_at", "pk")


def queue_staffed_by(person: Person, ability: Ability = Ability.SEE_BOOKINGS) -> "QuerySet[QueueEntry]":
    ids = restaurant_ids_where(person, ability)
    entries = QueueEntry.objects.all() if ids is None else QueueEntry.objects.filter(restaurant_id__in=ids)
    return entries.select_related("area", "restaurant", "booking").order_by("joined_at", "pk")


def queue_entry_by_public_id(public_id: UUID) -> QueueEntry | None:
    """Return a party's place in a queue whoever asks; the door must have its own proof that they may see it."""
    found = QueueEntry.objects.select_related("area", "restaurant", "booking").filter(public_id=public_id)
    return found.first()


def queue_entry_to_move(public_id: UUID) -> QueueEntry | None:
    """Return a party's place for a door that only finds out who may move it: the row alone."""
    return QueueEntry.objects.filter(public_id=public_id).first()


def parties_ahead(entry: QueueEntry) -> int:
    """Return how many parties of the queue wait before this one."""
    if entry.status != QueueStatus.QUEUED:
        return 0
    ahead = QueueEntry.objects.filter(
        restaurant_id=entry.restaurant_id, status__in=QUEUE_LIVE, joined_at__lte=entry.joined_at
    )
    return ahead.exclude(pk=entry.pk).exclude(joined_at=entry.joined_at, pk__gt=entry.pk).count()


def places_in_line(restaurant_id: int) -> dict[int, int]:
    """Return how many wait before each party that now stands in a house's queue, by its key."""
    live = QueueEntry.objects.filter(restaurant_id=restaurant_id, status__in=QUEUE_LIVE).order_by("joined_at", "pk")
    return {key: place for place, key in enumerate(live.values_list("pk", flat=True))}


def queue_history_of(entry: QueueEntry) -> "QuerySet[QueueHistory]":
    return entry.history.select_related("actor").order_by("at", "pk")


# So long before the house opens a party may stand in line.
LINE_BEGINS = timedelta(hours=2)


def doors_of(plan: ServicePlan, now: datetime) -> DoorState:
    """Return whether a house is open for who comes to its door, and if not, when it opens.

    A house that has written down no hours at all is taken to be open: nobody knows better than who stands there.
    """
    if not plan.hours and not plan.special_days:
        return DoorState(True, None)
    return door_state(plan, now)


def opens_at(plan: ServicePlan, now: datetime) -> datetime | None:
    """Return when a house that is closed now opens; None while it is open, or where that is not known."""
    doors = doors_of(plan, now)
    return None if doors.is_open else doors.changes_at


# Minutes for which "any moment now" holds: no wait is foreseen more finely.
ANY_MOMENT = 5


@dataclass(frozen=True)
class QueueRow:
    """A party of the queue as the desk sees it; minutes from now."""

    entry: QueueEntry
    place: int
    waited: int
    low: int
    high: int

    @property
    def is_over(self) -> bool:
        """Whether the party waits longer than it was told at last."""
        told = self.entry.current_high
        return told is not None and self.waited > max(told, ANY_MOMENT)


def queue_rows(restaurant_id: int, now: datetime) -> list[QueueRow]:
    """Return the queue of a house as it stands; one query."""
    live = QueueEntry.objects.filter(restaurant_id=restaurant_id, status__in=QUEUE_LIVE).select_related("area")
    return [
        row_of(entry, place=place, now=now) for place, entry in enumerate(live.order_by("joined_at", "pk"), start=1)
    ]


def row_of(entry: QueueEntry, *, place: int, now: datetime) -> QueueRow:
    """Return a party of the queue with what is left, as of now, of the wait it was told at last."""
    waited = int((now - entry.joined_at) / timedelta(minutes=1))
    low, high = ((minutes or 0) - waited for minutes in (entry.current_low, entry.current_high))
    return QueueRow(entry, place, waited, max(low, 0), max(high, 0))


def waiting_count(restaurant_id: int, day: date) -> int:
    """Return how many parties wait, or have an offer, for a house and service day."""
    return StandbyEntry.objects.filter(restaurant_id=restaurant_id, service_day=day, status__in=STANDBY_LIVE).count()
