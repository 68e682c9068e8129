"""Groups above the online limit ask; tables of one area are kept together until the house has answered."""

import pytest
from django.core.exceptions import ValidationError

from accounts.tests.factories import UserFactory, member
from bookings import errors, selectors, services
from bookings.models import Booking, TableAllocation
from bookings.services import Actor
from bookings.services.repacking import rearrange_tables
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from bookings.tests.test_api import Api, signed_in, wish
from bookings.tests.test_race import at_once, insistently, overlaps
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import BookingPolicy, Restaurant
from restaurants.service_plan import plan_of
from restaurants.tests.factories import AreaFactory, TableFactory, house

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall() -> Restaurant:
    """A room for ten at four tables and a terrace for twelve at three; up to four book, up to twelve ask."""
    restaurant = house(
        name="Owambe Hall", tables=(4, 2, 2, 2), policy={"max_party_online": 4, "max_party_on_request": 12}
    )
    terrace = AreaFactory(restaurant=restaurant, name="Terrace", position=2)
    for name, seats in (("O1", 4), ("O2", 4), ("O3", 4)):
        TableFactory(restaurant=restaurant, area=terrace, name=name, max_party=seats)
    return restaurant


@pytest.fixture
def api() -> Api:
    return Api(raise_request_exception=False)


@pytest.fixture
def host(hall: Restaurant) -> Actor:
    return Actor.staff(member(hall.pk))


def tables_of(booking: Booking) -> list[str]:
    rows = TableAllocation.objects.filter(booking=booking, live=True).order_by("table__name")
    return list(rows.values_list("table__name", flat=True))


class TestAsking:
    @pytest.mark.parametrize(
        ("party_size", "tables"),
        [
            pytest.param(8, ["O1", "O2"], id="as few tables as can be"),
            pytest.param(6, ["T1", "T2"], id="with the least spare seats"),
            pytest.param(10, ["O1", "O2", "O3"], id="three of one area and not four of another"),
            pytest.param(12, ["O1", "O2", "O3"], id="a whole terrace"),
        ],
    )
    def test_keeps_tables_of_one_area_until_the_house_answers(self, hall, party_size, tables):
        booking = book(hall, party_size=party_size)

        assert booking.status == Status.REQUESTED
        assert tables_of(booking) == tables
        assert booking.is_locked
        assert sum(booking.allocations.values_list("covers", flat=True)) == party_size

    def test_who_need_not_ask_is_confirmed(self, hall):
        assert book(hall, party_size=4).status == Status.CONFIRMED

    @pytest.mark.parametrize("party_size", [13, 400])
    def test_is_for_groups_up_to_the_limit(self, hall, party_size):
        with pytest.raises(errors.PartySizeRefused) as refusal:
            book(hall, party_size=party_size)

        assert refusal.value.details["largest"] == 12

    def test_is_for_no_more_than_an_area_seats(self, hall):
        hall.policy.max_party_on_request = 40
        hall.policy.save()

        with pytest.raises(errors.PartySizeRefused):
            book(hall, party_size=13)

    def test_is_not_possible_where_the_house_takes_no_groups(self):
        with pytest.raises(errors.PartySizeRefused):
            book(house(tables=(4, 4), policy={"max_party_online": 4}), party_size=5)

    def test_in_the_area_that_is_asked_for(self, hall):
        room = hall.areas.get(name="Room")

        assert tables_of(book(hall, party_size=8, area=room.public_id)) == ["T1", "T2", "T3"]

    def test_is_refused_with_other_times_when_no_area_has_the_room(self, hall):
        book(hall, "18:00", party_size=12)
        book(hall, "18:00", party_size=4, guest=guest(2))

        with pytest.raises(errors.NoTableFree) as refusal:
            book(hall, "19:00", party_size=8, guest=guest(3))

        assert at("19:30").isoformat() in [free["starts_at"] for free in refusal.value.details["alternatives"]]

    def test_tables_that_are_not_sold_online_are_left_to_the_house(self, hall, host):
        hall.tables.filter(name__startswith="O").update(is_sold_online=False)
        # An update of many rows at once raises no version of the plan.
        hall.policy.save()

        with pytest.raises(errors.PartySizeRefused):
            book(hall, party_size=12)
        assert tables_of(book(hall, party_size=12, by=host)) == ["O1", "O2", "O3"]

    def test_a_hold_becomes_a_request(self, hall):
        hold = services.hold_table(restaurant_id=hall.pk, starts_at=at(), party_size=9, by=Actor.diner(None))

        booking = services.confirm_hold(hold=hold, guest=guest(), by=Actor.diner(None))

        assert (booking.status, booking.is_locked) == (Status.REQUESTED, True)

    @pytest.mark.race
    @pytest.mark.django_db(transaction=True)
    def test_of_many_at_once_the_terrace_goes_to_one(self, hall):
        results = at_once(
            *(lambda n=n: insistently(lambda: book(hall, party_size=12, guest=guest(n))) for n in range(6))
        )

        assert sum(isinstance(result, Booking) for result in results) == 1
        assert sum(isinstance(result, errors.NoTableFree) for result in results) == 5
        assert overlaps() == 0


class TestTheAnswer:
    def test_yes_makes_it_a_booking_and_the_diner_hears(self, hall, host):
        asked = book(hall, party_size=10)
        work_off_outbox()
        booking = services.confirm_request(booking=asked, by=host)
        work_off_outbox()

        assert booking.status == Status.CONFIRMED
        assert tables_of(booking) == ["O1", "O2", "O3"]
        assert set(Message.objects.values_list("kind", flat=True)) >= {"booking.requested", "booking.confirmed"}

    def test_no_gives_the_tables_back(self, hall, host):
        booking = services.decline_request(booking=book(hall, party_size=10), by=host, reason="A wedding")

        assert tables_of(booking) == []
        assert book(hall, party_size=12, guest=guest(2)).status == Status.REQUESTED

    def test_the_house_may_seat_them_elsewhere_before(self, hall, host):
        booking = book(hall, party_size=6)
        terrace = list(hall.tables.filter(name__in=["O1", "O2"]).values_list("pk", flat=True))

        services.change_booking(booking=booking, by=host, table_ids=terrace)

        assert tables_of(booking) == ["O1", "O2"]

    def test_nobody_rearranges_what_was_joined_for_them(self, hall, host):
        booking = book(hall, party_size=10)
        book(hall, party_size=2, guest=guest(2))

        rearrange_tables(restaurant_id=hall.pk, day=tomorrow(), shift_name=booking.shift_name, by=host)

        assert tables_of(booking) == ["O1", "O2", "O3"]


class TestChanging:
    def test_a_request_may_grow_up_to_the_limit(self, hall):
        booking = services.change_booking(booking=book(hall, party_size=6), party_size=9, by=Actor.diner(None))

        assert (booking.status, tables_of(booking)) == (Status.REQUESTED, ["O1", "O2", "O3"])

    def test_a_booking_does_not_grow_into_a_group_that_nobody_was_asked_about(self, hall):
        booking = book(hall, party_size=4)

        with pytest.raises(errors.PartySizeRefused) as refusal:
            services.change_booking(booking=booking, party_size=6, by=Actor.diner(None))

        assert refusal.value.details["largest"] == 4
        booking.refresh_from_db()
        assert (booking.party_size, booking.status) == (4, Status.CONFIRMED)

    def test_a_group_that_was_confirmed_shrinks_and_moves_but_does_not_grow(self, hall, host):
        booking = services.confirm_request(booking=book(hall, party_size=8), by=host)

        booking = services.change_booking(booking=booking, party_size=7, starts_at=at("20:00"), by=Actor.diner(None))
        with pytest.raises(errors.PartySizeRefused):
            services.change_booking(booking=booking, party_size=12, by=Actor.diner(None))

        assert (booking.party_size, booking.status) == (7, Status.CONFIRMED)

    def test_the_page_offers_a_group_its_own_size(self, hall, host, client):
        diner = UserFactory()
        booking = services.confirm_request(booking=book(hall, party_size=8, diner=diner), by=host)
        client.force_login(diner)

        page = client.get(f"/en/bookings/{booking.public_id}/change/").content.decode()

        assert 'max="8"' in page


class TestStaff:
    def test_enter_a_group_that_called(self, hall, host):
        booking = book(hall, party_size=11, by=host)

        assert (booking.status, tables_of(booking)) == (Status.CONFIRMED, ["O1", "O2", "O3"])

    def test_may_give_it_tables_all_over_the_house(self, hall, host):
        everything = list(hall.tables.values_list("pk", flat=True))

        booking = book(hall, party_size=22, by=host, table_ids=everything)

        assert len(tables_of(booking)) == 7

    def test_but_nobody_seats_more_than_there_are_chairs(self, hall, host):
        with pytest.raises(errors.PartySizeRefused):
            book(hall, party_size=23, by=host)


class TestWaitingAndRepeating:
    def test_are_for_parties_that_need_not_ask(self, hall):
        book(hall, party_size=12)

        with pytest.raises(errors.PartySizeRefused) as refusal:
            services.join_waitlist(
                restaurant_id=hall.pk,
                party_size=9,
                guest=guest(2),
                by=Actor.diner(None),
                earliest=at("19:00"),
                latest=at("19:30"),
            )
        assert refusal.value.details["largest"] == 4


class TestPages:
    def test_say_that_a_group_asks_first(self, hall, client):
        page = client.get(f"/en/r/{hall.slug}/", {"date": tomorrow(), "party": 9}).content.decode()

        assert "A group of this size asks first" in page
        assert "groups up to 12 ask first" in page
        assert "Join the waiting list" not in page

    def test_say_nothing_of_it_to_the_others(self, hall, client):
        assert "asks first" not in client.get(f"/en/r/{hall.slug}/", {"date": tomorrow(), "party": 4}).content.decode()

    def test_the_form_asks(self, hall, client):
        asked = {"starts_at": at().isoformat(), "party": 9}

        assert "Ask for this table" in client.get(f"/en/r/{hall.slug}/book/", asked).content.decode()


class TestApi:
    def test_says_so_with_the_times_and_with_the_house(self, hall, api):
        day = api.send("GET", f"/api/restaurants/{hall.public_id}/availability?date={tomorrow()}&party_size=9").json()
        details = api.send("GET", f"/api/restaurants/{hall.public_id}").json()

        assert day["needs_approval"] is True
        assert any(slot["available"] for slot in day["slots"])
        assert (details["policy"]["max_party"], details["policy"]["max_party_on_request"]) == (4, 12)

    def test_makes_a_request(self, hall):
        answer = signed_in(UserFactory()).send("POST", "/api/bookings", wish(hall, party_size=9))

        assert answer.status_code == 201
        assert answer.json()["status"] == "requested"


class TestThePolicy:
    @pytest.mark.parametrize("group", [1, 4, 401])
    def test_wants_groups_larger_than_the_others(self, group):
        policy = BookingPolicy(restaurant=house(), max_party_online=4, max_party_on_request=group)

        with pytest.raises(ValidationError, match="A group on request is larger"):
            policy.validate_constraints()


@pytest.mark.parametrize("party_size", [2, 9])
def test_a_days_times_agree_with_what_can_be_booked(hall, party_size):
    book(hall, "18:00", party_size=12, guest=guest(5))
    for slot in selectors.slots_on(hall.pk, tomorrow(), party_size):
        if slot.available:
            services.cancel_booking(
                booking=book(hall, starts_at=slot.starts_at, party_size=party_size, guest=guest(6)),
                by=Actor.diner(None),
            )
        else:
            with pytest.raises(errors.NoTableFree):
                book(hall, starts_at=slot.starts_at, party_size=party_size, guest=guest(6))
    assert plan_of(hall.pk).largest_party_on_request == 12
