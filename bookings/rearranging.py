"""Room that is there if others move: the day's parties whose tables nobody was promised, and where they could go."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from bookings.availability import Occupancy
from bookings.models import Booking
from bookings.packing import Arrangement, Party, Tables, find_room
from bookings.solving import Undecided
from bookings.states import STAFF_CHANNELS, Status
from restaurants.service_plan import ServicePlan

# Whoever has come may have been shown to a table.
MOVABLE = frozenset({Status.HELD, Status.REQUESTED, Status.CONFIRMED})


@dataclass
class Day:
    """One service day of a house: what is taken for good, and who could still be moved."""

    plan: ServicePlan
    on: date
    occupancy: Occupancy
    parties: list[Party] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: ServicePlan, day: date, occupancy: Occupancy, *, now: datetime, except_booking: int = 0) -> "Day":
        """Return the day as it stands, in one query. Expired holds are taken to be gone, as `occupancy` has it."""
        found = cls(plan, day, occupancy, taken=dict(occupancy.masks))
        rows = (
            Booking.objects.filter(
                ~Q(pk=except_booking),
                restaurant_id=plan.id,
                service_day=day,
                status__in=MOVABLE,
                is_locked=False,
                starts_at__gt=now,
                allocations__live=True,
            )
            .exclude(status=Status.HELD, hold_expires_at__lte=now)
            .order_by("pk", "allocations__table_id")
            .values(
                "pk",
                "party_size",
                "area_id",
                "step_free",
                "channel",
                "allocations__table_id",
                "allocations__during",
            )
        )
        sitting: dict[int, list[Any]] = {}
        for row in rows:
            sitting.setdefault(row["pk"], []).append(row)
        for tables in sitting.values():
            found._add(tables)
        return found

    def _add(self, tables: list[Any]) -> None:
        first = tables[0]
        is_online = first["channel"] not in STAFF_CHANNELS
        plan = self.plan.for_wish(step_free=first["step_free"])
        options = seatings(plan, first["party_size"], online=is_online, area_id=first["area_id"])
        sits_at = tuple(row["allocations__table_id"] for row in tables)
        during = {(row["allocations__during"].lower, row["allocations__during"].upper) for row in tables}
        # Whom the plan would not put there any more, people have put there: it is for them to decide.
        if sits_at not in options or len(during) > 1:
            return
        bits = self.occupancy.bits(*during.pop())
        self.parties.append(Party(first["pk"], bits, options, sits_at))
        for table_id in sits_at:
            # Without the lock they may have come since it was read what is taken: to a table that was nobody's then.
            self.taken[table_id] = self.taken.get(table_id, 0) & ~bits

    def room_for(
        self,
        party_size: int,
        *,
        starts_at: datetime,
        until: datetime,
        online: bool,
        area_id: int | None = None,
        large_kept: bool = False,
        step_free: bool = False,
    ) -> Arrangement | None:
        """Return tables for a party until they are laid again, and who moves for it; None when there is no way.

        :param until: when the table is free for the next, buffer included
        """
        search = self.search_for(
            party_size,
            starts_at=starts_at,
            until=until,
            online=online,
            area_id=area_id,
            large_kept=large_kept,
            step_free=step_free,
        )
        return search.run().arrangement

    def search_for(
        self,
        party_size: int,
        *,
        starts_at: datetime,
        until: datetime,
        online: bool,
        area_id: int | None = None,
        large_kept: bool = False,
        step_free: bool = False,
    ) -> "Search":
        """Return the search for such room, yet to be made."""
        plan = self.plan.for_wish(step_free=step_free)
        options = seatings(plan, party_size, online=online, area_id=area_id, large_kept=large_kept)
        return Search(self, self.occupancy.bits(starts_at, until), options)


@dataclass(frozen=True)
class Search:
    """A wish for room on a day as it was read. It needs no lock; whether its answer still holds is told under one."""

    day: Day
    bits: int
    options: tuple[Tables, ...]

    @property
    def is_hopeless(self) -> bool:
        """Whether what cannot be moved stands in the way of every seating."""
        return not any(self._could_be_free(tables) for tables in self.options)

    def run(self) -> "Sought":
        """Look for room, for as long as the solver takes."""
        try:
            found = find_room(self.day.taken, self.day.parties, self.bits, self.options)
        except Undecided:
            found = None
        return Sought(self, found)

    def _could_be_free(self, tables: Tables) -> bool:
        return not any(self.day.taken.get(table_id, 0) & self.bits for table_id in tables)


@dataclass(frozen=True)
class Sought:
    """What a search found on the day as it was then.

    `is_last` when it has been made often enough: if it does not hold either, the next is made under the lock.
    """

    search: Search
    arrangement: Arrangement | None
    is_last: bool = False

    def holds_for(self, now: Search) -> bool:
        """Tell whether the answer is still true of the same wish on the day as it is now.

        An arrangement holds while those whom it moves may still be moved and nobody sits where it puts them. That
        there is none holds while nobody has left: more parties make no room.
        """
        if (now.bits, now.options) != (self.search.bits, self.search.options):
            return False
        return self._is_still_full(now.day) if self.arrangement is None else self._is_still_free(now)

    def _is_still_full(self, day: Day) -> bool:
        before = self.search.day
        there = {(party.key, party.bits, party.options) for party in day.parties}
        return all((party.key, party.bits, party.options) in there for party in before.parties) and all(
            mask & ~day.taken.get(table_id, 0) == 0 for table_id, mask in before.taken.items()
        )

    def _is_still_free(self, now: Search) -> bool:
        if self.arrangement is None:
            return False
        movable = {party.key: party for party in now.day.parties}
        moves = self.arrangement.moves
        if any(key not in movable or tables not in movable[key].options for key, tables in moves.items()):
            return False
        masks = dict(now.day.taken)
        seated = [(now.bits, self.arrangement.table_ids)]
        seated += [(party.bits, moves.get(party.key, party.table_ids)) for party in now.day.parties]
        for bits, tables in seated:
            for table_id in tables:
                if masks.get(table_id, 0) & bits:
                    return False
                masks[table_id] = masks.get(table_id, 0) | bits
        return True


def seatings(
    plan: ServicePlan, party_size: int, *, online: bool, area_id: int | None, large_kept: bool = False
) -> tuple[Tables, ...]:
    """Return the tables that this party could sit at, best first."""
    return tuple(
        seating.table_ids
        for seating in plan.seatings_for(party_size, online=online, large_kept=large_kept)
        if area_id is None or area_id in seating.area_ids
    )


def area_ids(plan: ServicePlan, table_ids: Sequence[int]) -> tuple[int, ...]:
    """Return the areas of these tables, in the house's order."""
    theirs = {plan.table_areas[table_id] for table_id in table_ids}
    return tuple(area.id for area in plan.areas if area.id in theirs)
