"""Rules of availability on plain values: no database, no clock but the one passed in."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.availability import (
    DAYS_KEPT,
    Allocation,
    Occupancy,
    Reason,
    best_seating,
    day_slots,
    find_slot_time,
    free_near,
    party_refusal,
    slot_times,
)
from restaurants.service_plan import AreaPlan, PolicyPlan, Seating, ServicePlan, ShiftPlan, SpecialDayPlan
from restaurants.states import RestaurantStatus

LAGOS = ZoneInfo("Africa/Lagos")
FRIDAY = date(2026, 12, 4)
LONG_BEFORE = datetime(2026, 12, 1, 8, tzinfo=LAGOS)
ROOM, TERRACE = 1, 2


def shift(**fields) -> ShiftPlan:
    defaults = {
        "id": 1,
        "name": "Dinner",
        "weekdays": frozenset(range(7)),
        "valid_from": None,
        "valid_to": None,
        "first_seating": time(18),
        "last_seating": time(21),
        "hard_close": None,
        "slot_minutes": 30,
        "max_covers_per_slot": None,
        "max_parties_per_slot": None,
        "cutoff_minutes": None,
        "is_online": True,
        "turn_minutes": ((2, 90), (10, 120)),
    }
    return ShiftPlan(**(defaults | fields))


def policy(**fields) -> PolicyPlan:
    defaults = {
        "min_party_online": 1,
        "max_party_online": 10,
        "window_days": 60,
        "min_lead_minutes": 30,
        "buffer_minutes": 0,
        "grace_minutes": 20,
        "free_cancellation_hours": 2,
        "needs_approval": False,
        "deposit_kobo_per_guest": 0,
        "deposit_from_party": 6,
        "note": "",
    }
    return PolicyPlan(**(defaults | fields))


def seating(*tables: int, up_to: int, least: int = 1, area: int = ROOM, online: bool = True) -> Seating:
    return Seating(tables, frozenset({area}), least, up_to, online)


def plan(
    *, seatings=None, shifts=None, special_days=None, status=RestaurantStatus.LIVE, **policy_fields
) -> ServicePlan:
    seatings = seatings or (seating(1, up_to=2), seating(2, up_to=4))
    return ServicePlan(
        id=1,
        public_id=uuid4(),
        slug="house",
        name="House",
        version=1,
        status=status,
        zone=LAGOS,
        policy=policy(**policy_fields),
        areas=(AreaPlan(ROOM, uuid4(), "Room", False), AreaPlan(TERRACE, uuid4(), "Terrace", True)),
        seatings=tuple(seatings),
        table_areas={table: next(iter(each.area_ids)) for each in seatings for table in each.table_ids},
        table_names={table: str(table) for each in seatings for table in each.table_ids},
        shifts=tuple(shifts or (shift(),)),
        hours={},
        special_days=special_days or {},
    )


def at(clock: str, day: date = FRIDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=LAGOS)


def taken(house: ServicePlan, *allocations: Allocation, day: date = FRIDAY) -> Occupancy:
    return Occupancy.of(house, day, allocations)


def free_at(house, party, *allocations, now=LONG_BEFORE, online=True, day=FRIDAY) -> list[str]:
    slots = day_slots(house, day, party, taken(house, *allocations, day=day), now=now, online=online)
    return [slot.starts_at.astimezone(LAGOS).strftime("%H:%M") for slot in slots if slot.available]


def why(house, party, clock, *allocations, now=LONG_BEFORE, online=True) -> Reason | None:
    slots = day_slots(house, FRIDAY, party, taken(house, *allocations), now=now, online=online)
    return next(slot.reason for slot in slots if slot.starts_at == at(clock))


class TestTheGrid:
    def test_runs_from_first_to_last_seating(self):
        starts = [slot.starts_at.astimezone(LAGOS).strftime("%H:%M") for slot in slot_times(plan(), FRIDAY)]

        assert starts == ["18:00", "18:30", "19:00", "19:30", "20:00", "20:30", "21:00"]

    def test_goes_past_midnight_on_the_same_service_day(self):
        late = plan(shifts=[shift(first_seating=time(22), last_seating=time(1), slot_minutes=60)])

        slots = list(slot_times(late, FRIDAY))

        assert [slot.starts_at for slot in slots] == [
            at("22:00"),
            at("23:00"),
            at("00:00", FRIDAY + timedelta(days=1)),
            at("01:00", FRIDAY + timedelta(days=1)),
        ]
        assert {slot.service_day for slot in slots} == {FRIDAY}

    def test_a_start_after_midnight_is_found_on_the_day_before(self):
        late = plan(shifts=[shift(first_seating=time(22), last_seating=time(1), slot_minutes=60)])

        slot = find_slot_time(late, at("00:00", FRIDAY + timedelta(days=1)))

        assert not isinstance(slot, Reason)
        assert slot.service_day == FRIDAY

    def test_a_shift_of_one_seating_stays_on_its_day(self):
        once = plan(shifts=[shift(first_seating=time(18), last_seating=time(18))])

        assert [slot.starts_at for slot in slot_times(once, FRIDAY)] == [at("18:00")]

    def test_a_shift_that_begins_at_midnight_and_has_one_seating(self):
        once = plan(shifts=[shift(first_seating=time(0), last_seating=time(0))])

        starts = [slot.starts_at for slot in slot_times(once, FRIDAY)]

        assert starts[0] == at("00:00")

    def test_friday_prayer_leaves_a_gap_between_two_shifts(self):
        kano = plan(
            shifts=[
                shift(id=1, name="Morning", first_seating=time(10), last_seating=time(11), slot_minutes=60),
                shift(id=2, name="Afternoon", first_seating=time(14, 30), last_seating=time(15, 30), slot_minutes=60),
            ]
        )

        assert free_at(kano, 2) == ["10:00", "11:00", "14:30", "15:30"]
        assert find_slot_time(kano, at("13:00")) == Reason.NOT_A_SEATING_TIME

    def test_brunch_running_into_dinner_gives_each_start_once(self):
        sunday = plan(
            shifts=[
                shift(id=1, name="Brunch", first_seating=time(16), last_seating=time(18), slot_minutes=60),
                shift(id=2, name="Dinner", first_seating=time(18), last_seating=time(19), slot_minutes=60),
            ]
        )

        slots = list(slot_times(sunday, FRIDAY))

        assert [(slot.starts_at, slot.shift.name) for slot in slots] == [
            (at("16:00"), "Brunch"),
            (at("17:00"), "Brunch"),
            (at("18:00"), "Brunch"),
            (at("19:00"), "Dinner"),
        ]

    def test_shifts_that_overlap_still_give_the_order_of_the_clock(self):
        house = plan(
            shifts=[
                shift(id=1, name="Dinner", first_seating=time(18), last_seating=time(20), slot_minutes=60),
                shift(id=2, name="Bar", first_seating=time(18, 30), last_seating=time(19, 30), slot_minutes=60),
            ]
        )

        starts = [slot.starts_at for slot in slot_times(house, FRIDAY)]

        assert starts == [at("18:00"), at("18:30"), at("19:00"), at("19:30"), at("20:00")]

    def test_a_closed_special_day_has_none(self):
        house = plan(special_days={FRIDAY: SpecialDayPlan(FRIDAY, "Eid", "", True, (), ())})

        assert list(slot_times(house, FRIDAY)) == []
        assert find_slot_time(house, at("19:00")) == Reason.CLOSED

    def test_a_special_day_has_its_own_shifts(self):
        iftar = shift(id=9, name="Iftar", first_seating=time(18, 30), last_seating=time(18, 30))
        house = plan(special_days={FRIDAY: SpecialDayPlan(FRIDAY, "Ramadan", "", False, (iftar,), ())})

        assert [slot.shift.name for slot in slot_times(house, FRIDAY)] == ["Iftar"]

    def test_a_shift_runs_only_on_its_weekdays_and_dates(self):
        house = plan(
            shifts=[
                shift(id=1, weekdays=frozenset({0})),
                shift(id=2, valid_from=FRIDAY + timedelta(days=1)),
                shift(id=3, valid_to=FRIDAY - timedelta(days=1)),
            ]
        )

        assert list(slot_times(house, FRIDAY)) == []

    def test_knows_a_minute_beside_the_grid(self):
        assert find_slot_time(plan(), at("19:10")) == Reason.NOT_A_SEATING_TIME


class TestTimeRules:
    def test_a_time_that_has_passed(self):
        assert why(plan(), 2, "18:30", now=at("18:31")) == Reason.IN_THE_PAST

    def test_less_than_the_shortest_notice(self):
        assert why(plan(min_lead_minutes=60), 2, "19:00", now=at("18:01")) == Reason.TOO_SOON
        assert why(plan(min_lead_minutes=60), 2, "19:00", now=at("18:00")) is None

    def test_staff_need_no_notice(self):
        assert why(plan(min_lead_minutes=60), 2, "19:00", now=at("18:59"), online=False) is None

    def test_beyond_the_booking_window(self):
        early = at("12:00", FRIDAY - timedelta(days=8))

        assert why(plan(window_days=7), 2, "19:00", now=early) == Reason.TOO_FAR_AHEAD
        assert why(plan(window_days=8), 2, "19:00", now=early) is None

    def test_after_the_cut_off_of_the_shift(self):
        house = plan(shifts=[shift(cutoff_minutes=120)])

        assert why(house, 2, "20:00", now=at("16:01")) == Reason.AFTER_CUT_OFF
        assert why(house, 2, "20:00", now=at("16:00")) is None

    def test_a_shift_that_is_not_sold_online(self):
        house = plan(shifts=[shift(is_online=False)])

        assert why(house, 2, "19:00") == Reason.NOT_A_SEATING_TIME
        assert why(house, 2, "19:00", online=False) is None

    def test_a_party_may_stay_past_the_last_seating_but_not_past_a_hard_close(self):
        assert why(plan(), 2, "21:00") is None

        closing = plan(shifts=[shift(hard_close=time(22))])

        assert why(closing, 2, "21:00") == Reason.HARD_CLOSE
        assert why(closing, 2, "20:30") is None

    def test_a_hard_close_after_midnight(self):
        late = plan(shifts=[shift(first_seating=time(21), last_seating=time(0), hard_close=time(1, 30))])

        slots = day_slots(late, FRIDAY, 2, taken(late), now=LONG_BEFORE)

        assert [slot.available for slot in slots] == [True] * 7  # 21:00 … 00:00, each ends by 01:30


class TestPartyRules:
    @pytest.mark.parametrize(
        ("party", "reason"), [(1, Reason.PARTY_TOO_SMALL), (2, None), (4, None), (5, Reason.PARTY_TOO_LARGE)]
    )
    def test_online_limits(self, party, reason):
        house = plan(min_party_online=2, max_party_online=4, seatings=[seating(1, up_to=12)])

        assert party_refusal(house, party, online=True) == reason

    def test_staff_are_bound_by_the_tables_alone(self):
        house = plan(min_party_online=2, max_party_online=4, seatings=[seating(1, up_to=12)])

        assert party_refusal(house, 12, online=False) is None
        assert party_refusal(house, 13, online=False) == Reason.PARTY_TOO_LARGE

    def test_a_restaurant_that_takes_no_bookings(self):
        assert party_refusal(plan(status=RestaurantStatus.LISTED), 2, online=True) == Reason.NOT_BOOKABLE
        assert day_slots(plan(status=RestaurantStatus.PAUSED), FRIDAY, 2, taken(plan()), now=LONG_BEFORE) == []


class TestRoom:
    def test_touching_ends_do_not_clash(self):
        house = plan(seatings=[seating(1, up_to=2)])
        until_half_past_seven = Allocation(1, at("18:00"), at("19:30"), 2)

        assert free_at(house, 2, until_half_past_seven) == ["19:30", "20:00", "20:30", "21:00"]

    def test_a_booking_in_the_middle_blocks_what_would_contain_it(self):
        house = plan(seatings=[seating(1, up_to=2)])
        short = Allocation(1, at("19:15"), at("19:45"), 2)

        assert free_at(house, 2, short) == ["20:00", "20:30", "21:00"]

    def test_the_buffer_occupies_the_table_not_the_guest(self):
        house = plan(seatings=[seating(1, up_to=2)], buffer_minutes=15)
        next_party = Allocation(1, at("20:00"), at("21:45"), 2)

        slots = day_slots(house, FRIDAY, 2, taken(house, next_party), now=LONG_BEFORE)
        first = slots[0]

        assert first.available
        assert first.ends_at == at("19:30")
        assert why(house, 2, "18:30", next_party) == Reason.NO_TABLE  # until 20:00, laid again at 20:15

    def test_the_smallest_party_keeps_a_large_table_from_a_couple(self):
        house = plan(seatings=[seating(1, up_to=6, least=4)])

        assert why(house, 2, "19:00") == Reason.NO_TABLE
        assert why(house, 4, "19:00") is None

    def test_tables_kept_for_walk_ins_are_not_sold_online(self):
        house = plan(seatings=[seating(1, up_to=2, online=False)])

        assert why(house, 2, "19:00") == Reason.NO_TABLE
        assert why(house, 2, "19:00", online=False) is None

    def test_says_in_which_areas(self):
        house = plan(seatings=[seating(1, up_to=2, area=ROOM), seating(2, up_to=2, area=TERRACE)])
        in_the_room = Allocation(1, at("18:00"), at("23:00"), 2)

        slots = day_slots(house, FRIDAY, 2, taken(house, in_the_room), now=LONG_BEFORE)

        assert {slot.area_ids for slot in slots} == {(TERRACE,)}

    def test_best_fit_wastes_least_and_takes_a_combination_last(self):
        house = plan(seatings=[seating(3, 4, up_to=4), seating(1, up_to=6), seating(2, up_to=4)])

        chosen = best_seating(house, taken(house), starts_at=at("19:00"), until=at("21:00"), party_size=4, online=True)

        assert chosen is not None
        assert chosen.table_ids == (2,)

    def test_of_tables_alike_the_one_that_leaves_no_gap_is_best(self):
        house = plan(seatings=[seating(1, up_to=2), seating(2, up_to=2), seating(3, up_to=4)])
        # 60 minutes before the next party at table 1 can be sold to nobody; at table 2 it follows at once.
        others = [Allocation(1, at("21:30"), at("23:00"), 2), Allocation(2, at("20:30"), at("22:00"), 2)]

        chosen = best_seating(
            house, taken(house, *others), starts_at=at("19:00"), until=at("20:30"), party_size=2, online=True
        )

        assert chosen is not None
        assert chosen.table_ids == (2,)

    def test_of_tables_alike_a_step_free_one_is_kept_for_who_needs_it(self):
        house = replace(plan(seatings=[seating(1, up_to=2), seating(2, up_to=2)]), step_free=frozenset({1}))

        chosen = best_seating(house, taken(house), starts_at=at("19:00"), until=at("20:30"), party_size=2, online=True)

        assert chosen is not None
        assert chosen.table_ids == (2,)

    def test_of_tables_alike_one_in_the_emptier_area_is_best(self):
        house = plan(seatings=[*(seating(table, up_to=2, area=ROOM) for table in (1, 2)),
                               *(seating(table, up_to=2, area=TERRACE) for table in (3, 4, 5))])  # fmt: skip
        begun = [Allocation(1, at("18:30"), at("20:30"), 2), Allocation(3, at("18:30"), at("20:30"), 2)]

        chosen = best_seating(
            house, taken(house, *begun), starts_at=at("19:00"), until=at("20:30"), party_size=2, online=True
        )

        assert chosen is not None
        assert chosen.table_ids == (4,)

    def test_spare_seats_weigh_more_than_gaps(self):
        house = plan(seatings=[seating(1, up_to=2), seating(2, up_to=4)])

        chosen = best_seating(
            house,
            taken(house, Allocation(1, at("21:30"), at("23:00"), 2)),
            starts_at=at("19:00"),
            until=at("20:30"),
            party_size=2,
            online=True,
        )

        assert chosen is not None
        assert chosen.table_ids == (1,)

    def test_large_tables_are_kept_for_who_needs_them_until_the_day_is_near(self):
        house = plan(seatings=[seating(1, up_to=4), seating(2, up_to=6)], shifts=[shift(large_tables_released_hours=6)])
        four_sit = Allocation(1, at("18:00"), at("23:00"), 4)

        assert why(house, 4, "19:00", four_sit) == Reason.NO_TABLE
        assert why(house, 5, "19:00", four_sit) is None
        assert why(house, 4, "19:00", four_sit, now=at("11:59")) == Reason.NO_TABLE
        assert why(house, 4, "19:00", four_sit, now=at("12:00")) is None
        assert why(house, 4, "19:00", four_sit, online=False) is None

    def test_a_combination_needs_every_member(self):
        house = plan(seatings=[seating(1, up_to=2), seating(2, up_to=2), seating(1, 2, up_to=4)])

        assert why(house, 4, "19:00") is None
        assert why(house, 4, "19:00", Allocation(2, at("20:00"), at("20:30"), 2)) == Reason.NO_TABLE

    def test_overlapping_combinations_share_their_member(self):
        house = plan(seatings=[seating(1, 2, up_to=4), seating(2, 3, up_to=4), seating(1, 2, 3, up_to=6)])
        first_two = [Allocation(table, at("19:00"), at("21:00"), 4 if table == 1 else 0) for table in (1, 2)]

        assert why(house, 4, "19:00", *first_two) == Reason.NO_TABLE
        assert why(house, 6, "19:00", *first_two) == Reason.NO_TABLE


class TestPacing:
    def test_counts_the_covers_that_start_in_the_interval(self):
        house = plan(shifts=[shift(max_covers_per_slot=6)], seatings=[seating(table, up_to=4) for table in range(1, 9)])
        four_at_seven = Allocation(1, at("19:00"), at("20:30"), 4)

        assert why(house, 2, "19:00", four_at_seven) is None
        assert why(house, 3, "19:00", four_at_seven) == Reason.PACING
        assert why(house, 3, "19:30", four_at_seven) is None

    def test_counts_walk_ins_between_two_slots(self):
        house = plan(shifts=[shift(max_covers_per_slot=4)], seatings=[seating(table, up_to=4) for table in range(1, 9)])
        walk_in = Allocation(1, at("19:10"), at("20:40"), 3)

        assert why(house, 2, "19:00", walk_in) == Reason.PACING

    def test_counts_parties(self):
        house = plan(shifts=[shift(max_parties_per_slot=1)])

        assert why(house, 2, "19:00", Allocation(2, at("19:00"), at("20:30"), 2)) == Reason.PACING

    def test_a_party_above_the_limit_may_start_alone(self):
        house = plan(shifts=[shift(max_covers_per_slot=6)], seatings=[seating(1, up_to=8)])

        assert why(house, 8, "19:00") is None

    def test_the_second_table_of_a_combination_and_blocks_count_nothing(self):
        house = plan(shifts=[shift(max_covers_per_slot=4)], seatings=[seating(table, up_to=4) for table in range(1, 9)])
        pair = [Allocation(1, at("19:00"), at("20:30"), 2), Allocation(2, at("19:00"), at("20:30"), 0)]

        assert why(house, 2, "19:00", *pair) is None


class TestNearest:
    def test_gives_the_closest_free_times_in_the_order_of_the_clock(self):
        house = plan(seatings=[seating(1, up_to=2)], shifts=[shift(turn_minutes=((10, 30),))])
        evening = {FRIDAY: taken(house, Allocation(1, at("19:00"), at("20:00"), 2))}

        found = free_near(house, evening, at("19:00"), 2, count=3, now=LONG_BEFORE)

        assert [slot.starts_at for slot in found] == [at("18:00"), at("18:30"), at("20:00")]

    def test_gives_the_wanted_time_itself_only_where_that_helps(self):
        house = plan(seatings=[seating(1, up_to=2)])
        evening = {FRIDAY: taken(house)}

        def near(**more) -> set[datetime]:
            found = free_near(house, evening, at("19:00"), 2, count=3, now=LONG_BEFORE, **more)
            return {slot.starts_at for slot in found}

        assert at("19:00") not in near()
        assert at("19:00") in near(include_wanted=True)

    def test_gives_nothing_to_a_party_that_the_house_does_not_take(self):
        house = plan(seatings=[seating(1, up_to=2)])

        assert free_near(house, {FRIDAY: taken(house)}, at("19:00"), 9, count=3, now=LONG_BEFORE) == []

    @given(
        taken_at=st.sets(st.integers(min_value=0, max_value=8), max_size=8),
        wanted=st.integers(min_value=-8, max_value=24),
        count=st.integers(min_value=1, max_value=20),
    )
    def test_gives_what_looking_at_every_time_gives(self, taken_at, wanted, count):
        """From the wanted time outwards or all of them: the answer is the same, only the second takes longer."""
        house = plan(seatings=[seating(1, up_to=2)], shifts=[shift(turn_minutes=((10, 60),))])
        begins = [at("18:00") + timedelta(minutes=30 * number) for number in taken_at]
        occupancy = taken(house, *(Allocation(1, each, each + timedelta(minutes=15), 2) for each in begins))
        moment = at("19:00") + timedelta(minutes=30 * wanted)

        found = free_near(house, {FRIDAY: occupancy}, moment, 2, count=count, now=LONG_BEFORE)

        free = [slot for slot in day_slots(house, FRIDAY, 2, occupancy, now=LONG_BEFORE) if slot.available]
        others = [slot for slot in free if slot.starts_at != moment]
        closest = sorted(others, key=lambda slot: (abs(slot.starts_at - moment), slot.starts_at))[:count]
        assert found == sorted(closest, key=lambda slot: slot.starts_at)


class TestStartsAreKept:
    def test_with_the_plan_and_not_with_its_successor(self):
        before = plan()
        assert slot_times(before, FRIDAY)
        closed = SpecialDayPlan(FRIDAY, "Closed", "", is_closed=True, shifts=(), hours=())

        after = replace(before, version=before.version + 1, special_days={FRIDAY: closed})

        assert slot_times(after, FRIDAY) == ()
        assert find_slot_time(after, at("19:00")) is Reason.CLOSED
        assert slot_times(before, FRIDAY)

    def test_of_a_few_days_only(self):
        house = plan()

        for number in range(100):
            slot_times(house, FRIDAY + timedelta(days=number))

        assert 0 < len(house.grids) <= DAYS_KEPT


PARTS_OF_DAY = st.integers(min_value=0, max_value=23 * 12)


class TestAgainstPlainArithmetic:
    """The bit masks say the same as comparing every pair of times."""

    @settings(max_examples=200, deadline=None)
    @given(
        rows=st.lists(st.tuples(st.integers(1, 3), PARTS_OF_DAY, st.integers(1, 60)), max_size=12),
        party=st.integers(1, 4),
        buffer=st.sampled_from([0, 5, 15]),
    )
    def test_a_time_is_free_when_a_table_overlaps_nothing(self, rows, party, buffer):
        house = plan(seatings=[seating(1, up_to=2), seating(2, up_to=4), seating(3, up_to=4)], buffer_minutes=buffer)
        midnight = at("00:00")
        allocations = [
            Allocation(table, midnight + timedelta(minutes=5 * start), midnight + timedelta(minutes=5 * (start + n)), 0)
            for table, start, n in rows
        ]

        for slot in day_slots(house, FRIDAY, party, taken(house, *allocations), now=LONG_BEFORE):
            until = slot.ends_at + timedelta(minutes=buffer)
            free_tables = [
                table
                for table, seats in ((1, 2), (2, 4), (3, 4))
                if party <= seats
                and not any(
                    row.table_id == table and row.starts_at < until and row.ends_at > slot.starts_at
                    for row in allocations
                )
            ]
            assert slot.available == bool(free_tables)

    def test_a_stay_that_does_not_lie_on_the_five_minutes_is_rounded_outwards(self):
        house = plan(seatings=[seating(1, up_to=2)], shifts=[shift(slot_minutes=5, turn_minutes=((10, 30),))])
        odd = Allocation(1, at("19:03"), at("19:32"), 2)

        free = free_at(house, 2, odd)

        assert "18:30" in free
        assert "18:35" not in free
        assert "19:30" not in free
        assert "19:35" in free


def test_a_diner_abroad_books_the_restaurants_clock():
    """The instant counts, not the clock string: 18:30 in London in winter is 19:30 in Lagos."""
    london = datetime(2026, 12, 4, 18, 30, tzinfo=ZoneInfo("Europe/London"))

    slot = find_slot_time(plan(), london.astimezone(UTC))

    assert not isinstance(slot, Reason)
    assert slot.starts_at == at("19:30")
