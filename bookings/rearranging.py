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
    occupancy: Occupancy
    parties: list[Party] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: ServicePlan, day: date, occupancy: Occupancy, *, now: datetime, except_booking: int = 0) -> "Day":
        """Return the day as it stands, in one query. Expired holds are taken to be gone, as `occupancy` has it."""
        found = cls(plan, occupancy, taken=dict(occupancy.masks))
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
            .values("pk", "party_size", "area_id", "channel", "allocations__table_id", "allocations__during")
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
        options = seatings(self.plan, first["party_size"], online=is_online, area_id=first["area_id"])
        sits_at = tuple(row["allocations__table_id"] for row in tables)
        during = {(row["allocations__during"].lower, row["allocations__during"].upper) for row in tables}
        # Whom the plan would not put there any more, people have put there: it is for them to decide.
        if sits_at not in options or len(during) > 1:
            return
        bits = self.occupancy.bits(*during.pop())
        self.parties.append(Party(first["pk"], bits, options, sits_at))
        for table_id in sits_at:
            self.taken[table_id] &= ~bits

    def room_for(
        self, party_size: int, *, starts_at: datetime, until: datetime, online: bool, area_id: int | None = None
    ) -> Arrangement | None:
        """Return tables for a party until they are laid again, and who moves for it; None when there is no way.

        :param until: when the table is free for the next, buffer included
        """
        options = seatings(self.plan, party_size, online=online, area_id=area_id)
        try:
            return find_room(self.taken, self.parties, self.occupancy.bits(starts_at, until), options)
        except Undecided:
            return None


def seatings(plan: ServicePlan, party_size: int, *, online: bool, area_id: int | None) -> tuple[Tables, ...]:
    """Return the tables that this party could sit at, best first."""
    return tuple(
        seating.table_ids
        for seating in plan.seatings_for(party_size, online=online)
        if area_id is None or area_id in seating.area_ids
    )


def area_ids(plan: ServicePlan, table_ids: Sequence[int]) -> tuple[int, ...]:
    """Return the areas of these tables, in the house's order."""
    theirs = {plan.table_areas[table_id] for table_id in table_ids}
    return tuple(area.id for area in plan.areas if area.id in theirs)
