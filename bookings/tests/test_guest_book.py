"""The guest book: who is whom, what is counted, what is kept with consent, who may not book online."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.privacy.models import Consent
from accounts.privacy.services import consents, retaining
from accounts.privacy.states import Door
from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from bookings import errors, guest_book, services
from bookings.models import Booking, GuestNote, GuestTag, GuestTagging, HouseGuest
from bookings.services import Actor, Guest, guest_figures, guests, tagging
from bookings.states import Channel, Status, TagRule
from bookings.tests.factories import at, book, guest, tomorrow, visit
from core.audit.models import AuditEvent
from core.testing import work_off_outbox
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db
ADA = Guest("Ada Obi", "+2348031234567", "ada@example.com")


@pytest.fixture
def place():
    return house(tables=(2, 2, 4, 4, 4))


def figures(entry: HouseGuest) -> dict[str, int]:
    entry.refresh_from_db()
    return {name: getattr(entry, name) for name in guest_book.FIGURES if getattr(entry, name)}


class TestWhoIsWhom:
    def test_the_same_person_is_one_entry_and_every_house_has_its_own(self, place):
        first = book(place, "18:00", guest=ADA)
        by_phone = book(place, "20:00", guest=Guest("Ọbí Ada", "0803 123 4567".replace(" ", "")))
        by_address = book(place, "18:30", guest=Guest("A. O.", email="ADA@example.com"))
        elsewhere = book(house(), guest=ADA)

        assert first.guest_id == by_phone.guest_id == by_address.guest_id != elsewhere.guest_id
        entry = first.guest
        assert (entry.name, entry.phone, entry.email) == ("Ada Obi", "+2348031234567", "ada@example.com")

    def test_a_shared_phone_makes_nobody_the_same(self, place):
        hers = book(place, "18:00", guest=ADA)
        his = book(place, "20:00", guest=Guest("Chidi Eze", ADA.phone, "chidi@example.com"))

        assert hers.guest_id != his.guest_id
        assert list(guest_book.duplicates_of(hers.guest)) == [his.guest]

    def test_an_account_is_known_again_whatever_it_calls_itself(self, place):
        diner, other = UserFactory(email=ADA.email), UserFactory()
        without = book(place, "18:00", guest=ADA)
        first = book(place, starts_at=at("18:00", tomorrow() + timedelta(days=1)), guest=ADA, diner=diner)
        again = book(
            place,
            starts_at=at("18:00", tomorrow() + timedelta(days=2)),
            guest=Guest("Someone", "+2348050000000"),
            diner=diner,
        )
        another = book(place, starts_at=at("18:00", tomorrow() + timedelta(days=3)), guest=ADA, diner=other)

        assert without.guest_id == first.guest_id == again.guest_id
        assert another.guest_id != first.guest_id
        assert HouseGuest.objects.get(pk=first.guest_id).account == diner

    def test_an_account_takes_nobodys_entry_over_by_an_address_it_only_typed(self, place):
        hers = book(place, "18:00", guest=ADA)
        intruder = UserFactory()
        his = book(place, "20:00", guest=Guest("Ada Obi", "+2348050000000", ADA.email), diner=intruder)
        stranger = book(place, "20:30", guest=Guest("Ada Obi", "+2348059999999", ADA.email))

        assert hers.guest_id != his.guest_id
        assert HouseGuest.objects.get(pk=hers.guest_id).account is None
        assert stranger.guest_id == hers.guest_id

    def test_who_shows_nothing_of_themselves_is_not_entered(self, place):
        by = Actor.staff(member(place.pk), Channel.WALK_IN)
        with time_machine.travel(at("19:00"), tick=True):
            walked_in = services.seat_walk_in(restaurant_id=place.pk, party_size=2, by=by)

        assert walked_in.guest is None
        assert not HouseGuest.objects.exists()

    def test_a_refused_booking_leaves_nobody_behind(self):
        full = house(tables=(2,))
        book(full)

        with pytest.raises(errors.NoTableFree):
            book(full, guest=ADA)

        assert not HouseGuest.objects.filter(name="Ada Obi").exists()

    def test_bookings_from_before_are_entered_by_the_command_and_counted(self, place):
        come, coming = visit(place, guest=ADA), book(place, "20:30", guest=ADA)
        Booking.objects.update(guest=None)
        HouseGuest.objects.all().delete()

        call_command("fill_guest_book")
        call_command("fill_guest_book")

        entry = HouseGuest.objects.get()
        assert set(entry.bookings.values_list("pk", flat=True)) == {come.pk, coming.pk}
        assert figures(entry) == {"visits": 1, "covers": 2}
        assert entry.last_visit_at == come.starts_at

    def test_whom_the_house_has_forgotten_after_two_years_is_not_entered_again(self, place):
        visit(place, guest=ADA)
        with time_machine.travel(at() + timedelta(days=760), tick=True):
            retaining.run(policy="bookings.guest_books")
            call_command("fill_guest_book")

            assert not HouseGuest.objects.exists()
        assert Booking.objects.get().guest_phone == ADA.phone


class TestWhatIsCounted:
    def test_visits_no_shows_and_late_cancellations_as_they_happen(self, place):
        entry = visit(place, "18:30", guest=ADA, party_size=3).guest
        missed, late = (
            book(place, "19:00", guest=ADA, by=Actor.staff(member(place.pk), Channel.PHONE)),
            book(place, "19:15", guest=ADA),
        )
        host = Actor.staff(member(place.pk))
        with time_machine.travel(at("19:10"), tick=True):
            services.cancel_booking(booking=late, by=Actor.diner(None))
        with time_machine.travel(at("19:40"), tick=True):
            services.mark_no_show(booking=missed, by=host)
            assert figures(entry) == {"visits": 1, "covers": 3, "no_shows": 1, "late_cancellations": 1}
            services.undo_no_show(booking=missed, by=host)

        assert figures(entry) == {"visits": 1, "covers": 3, "late_cancellations": 1}
        assert entry.last_visit_at == at("18:30")

    def test_spend_is_noted_once_however_often_it_is_said(self, place):
        came = visit(place, guest=ADA)

        for kobo in (1_200_000, 1_250_000, 1_250_000):
            guest_figures.record_spend(booking_id=came.public_id, kobo=kobo)

        assert figures(came.guest)["spend_kobo"] == 1_250_000

    def test_what_disagrees_is_named_and_mended(self, place):
        entry = visit(place, guest=ADA).guest
        HouseGuest.objects.update(visits=7, no_shows=2)

        with pytest.raises(CommandError, match="1 guests"):
            call_command("check_guest_figures")
        call_command("check_guest_figures", "--mend")

        assert figures(entry) == {"visits": 1, "covers": 2}
        call_command("check_guest_figures")

    def test_costs_one_query_for_a_guest_who_is_known(self, place, django_assert_max_num_queries):
        book(place, "18:00", guest=ADA)

        with django_assert_max_num_queries(11):
            book(place, "20:00", guest=ADA)


class TestMerging:
    def test_moves_everything_and_knows_them_by_both_numbers(self, place):
        manager = member(place.pk)
        keeps = visit(place, "18:30", guest=ADA).guest
        goes = visit(place, "19:00", guest=Guest("Adaeze O.", "+2348050000000")).guest
        guests.note(guest=goes, text="Likes the terrace", by=manager)
        regular = GuestTag.objects.create(restaurant=place, name="Regular")
        guests.give_tag(guest=goes, tag=regular, by=manager)
        preview = guest_book.merge_preview(keeps=keeps, goes=goes)

        merged = guests.merge_guests(keeps=keeps, goes=goes, by=manager)

        assert (preview.bookings, preview.notes, preview.tags) == (1, 1, 1)
        assert not HouseGuest.objects.filter(pk=goes.pk).exists()
        assert figures(merged) == {"visits": 2, "covers": 4}
        assert merged.notes.get().text == "Likes the terrace"
        assert merged.taggings.get().tag == regular
        again = book(place, starts_at=at("18:00", tomorrow() + timedelta(days=1)), guest=Guest("Ada", "+2348050000000"))
        assert again.guest == merged
        assert AuditEvent.objects.filter(action="guest.merged").count() == 1

    def test_refuses_two_accounts_and_two_houses(self, place):
        one = book(place, "18:00", diner=UserFactory(), guest=ADA).guest
        two = book(place, "20:00", diner=UserFactory(), guest=ADA).guest
        elsewhere = book(house(), guest=ADA).guest

        with pytest.raises(errors.GuestsWithTwoAccounts):
            guests.merge_guests(keeps=one, goes=two, by=UserFactory())
        for other in (elsewhere, one):
            with pytest.raises(errors.GuestsNotMergeable):
                guests.merge_guests(keeps=one, goes=other, by=UserFactory())
        assert HouseGuest.objects.count() == 3


class TestTags:
    def test_rules_give_and_take_when_a_visit_ends_and_by_night(self, place):
        tag = GuestTag.objects.create(restaurant=place, name="Regular", rule=TagRule.VISITS, least=2, months=6)
        visit(place, "18:30", guest=ADA)
        work_off_outbox()
        assert not GuestTagging.objects.exists()
        entry = visit(place, "19:00", guest=ADA).guest
        work_off_outbox()

        assert entry.taggings.get().tag == tag
        with time_machine.travel(at() + timedelta(days=200), tick=True):
            tagging.retag_everybody()
        assert not entry.taggings.exists()

    def test_rules_look_at_no_shows_spend_and_birthdays(self, place):
        entry = visit(place, guest=ADA).guest
        other = book(place, "20:30", guest=guest(2)).guest
        for name, rule, least in (("Misses", "no_shows", 1), ("Spends", "spend", 500_000), ("Cake", "birthday", 7)):
            GuestTag.objects.create(restaurant=place, name=name, rule=rule, least=least)
        HouseGuest.objects.filter(pk=other.pk).update(no_shows=1)
        HouseGuest.objects.filter(pk=entry.pk).update(spend_kobo=500_000)
        in_three_days = date.today() + timedelta(days=3)  # noqa: DTZ011 - the day alone
        entry.refresh_from_db()
        entry.birthday = f"{in_three_days:%m-%d}"
        entry.save()

        tagging.retag_everybody()

        worn = {
            name: set(GuestTagging.objects.filter(tag__name=name).values_list("guest", flat=True))
            for name in ("Misses", "Spends", "Cake")
        }
        assert worn == {"Misses": {other.pk}, "Spends": {entry.pk}, "Cake": {entry.pk}}

    @pytest.mark.parametrize(
        ("feast", "day", "near"),
        [
            ("12-24", date(2026, 12, 24), True),
            ("01-02", date(2026, 12, 30), True),
            ("12-23", date(2026, 12, 24), False),
            ("02-29", date(2027, 2, 27), True),
        ],
    )
    def test_a_birthday_is_near_across_the_year_and_on_leap_days(self, feast, day, near):
        assert guest_book.is_near(feast, day, timedelta(days=7)) is near


class TestAllergies:
    def test_are_kept_with_consent_and_go_when_it_is_taken_back(self, place):
        diner = UserFactory()
        booking = book(place, guest=ADA, diner=diner)
        with pytest.raises(errors.AllergiesWithoutConsent):
            guests.keep_allergies(booking=booking, allergies="Groundnuts", has_agreed=False, user=diner)

        guests.keep_allergies(booking=booking, allergies="Groundnuts", has_agreed=True, user=diner)

        entry = HouseGuest.objects.get()
        assert (entry.allergies, entry.allergies_wording.split(":")[0]) == ("Groundnuts", "1")
        assert Consent.objects.get(user=diner, purpose="sensitive").stands
        consents.choose(user=diner, choices={"sensitive": False}, door=Door.PAGE)
        work_off_outbox()
        entry.refresh_from_db()
        assert (entry.allergies, entry.allergies_agreed_at) == ("", None)

    def test_the_booking_page_asks_for_consent_beside_them(self, client, place):
        form = {
            "starts_at": at().isoformat(),
            "party": 2,
            "name": "Ada Obi",
            "email": "ada@example.com",
            "phone": "",
            "allergies": "Groundnuts",
        }
        where = reverse("bookings:book", args=[place.slug])

        refused = client.post(where, form)
        assert refused.status_code == 422
        assert "Please agree" in refused.content.decode()
        assert not Booking.objects.exists()
        taken = client.post(where, {**form, "agrees": "on"})

        assert taken.status_code == 302
        assert HouseGuest.objects.get().allergies == "Groundnuts"

    def test_the_api_asks_for_consent_beside_them(self, client, place):
        ask = {
            "restaurant": str(place.public_id),
            "starts_at": at().isoformat(),
            "party_size": 2,
            "guest": {"name": "Ada Obi", "phone": "08031234567"},
            "allergies": "Groundnuts",
        }

        refused = client.post("/api/bookings", ask, content_type="application/json")
        taken = client.post("/api/bookings", {**ask, "allergies_consent": True}, content_type="application/json")

        assert (refused.status_code, refused.json()["code"]) == (422, "booking_allergies_without_consent")
        assert taken.status_code == 201
        assert HouseGuest.objects.get().allergies == "Groundnuts"


class TestBlockedGuests:
    @pytest.fixture
    def blocked(self, place):
        diner = UserFactory()
        entry = book(place, "18:00", guest=ADA, diner=diner).guest
        guests.block_guest(guest=entry, by=member(place.pk, Role.OWNER), reason="Shouted at the waiters")
        return entry

    @pytest.mark.parametrize(
        "shown",
        [Guest("Somebody", ADA.phone), Guest("Somebody", email=ADA.email)],
        ids=["phone", "address"],
    )
    def test_are_refused_online_without_being_told_why(self, client, place, blocked, shown):
        with pytest.raises(errors.NotTakenOnline) as refusal:
            book(place, "20:00", guest=shown)
        assert "call the restaurant" in str(refusal.value)
        assert refusal.value.details == {}
        with pytest.raises(errors.NotTakenOnline):
            book(
                place,
                starts_at=at("18:00", tomorrow() + timedelta(days=1)),
                guest=Guest("X", "+2348099999999"),
                diner=blocked.account,
            )
        assert Booking.objects.count() == 1

    def test_a_hold_is_not_confirmed_for_them_and_staff_may_book(self, place, blocked):
        hold = services.hold_table(
            restaurant_id=place.pk, starts_at=at("20:00"), party_size=2, by=Actor.diner(None, Channel.API)
        )
        with pytest.raises(errors.NotTakenOnline):
            services.confirm_hold(hold=hold, guest=ADA, by=Actor.diner(None, Channel.API))

        taken = book(place, "20:30", guest=ADA, by=Actor.staff(member(place.pk), Channel.PHONE))

        assert taken.status == Status.CONFIRMED
        assert taken.guest == blocked

    def test_can_book_again_once_the_house_says_so_and_elsewhere_all_along(self, place, blocked):
        book(house(), guest=ADA)
        guests.unblock_guest(guest=blocked, by=member(place.pk, Role.OWNER))

        assert book(place, "20:00", guest=ADA).guest == blocked
        assert set(AuditEvent.objects.filter(action__startswith="guest.").values_list("action", flat=True)) == {
            "guest.blocked",
            "guest.unblocked",
        }

    def test_a_block_wants_a_reason(self, place):
        entry = book(place, guest=ADA).guest

        with pytest.raises(errors.BlockReasonMissing):
            guests.block_guest(guest=entry, by=UserFactory(), reason=" ")

        assert not HouseGuest.objects.get().is_blocked


class TestTheBackOffice:
    @pytest.fixture
    def entry(self, place):
        entry = visit(place, guest=ADA).guest
        entry.refresh_from_db()
        return entry

    def office(self, place, role: Role) -> Client:
        browser = Client()
        log_in(browser, member(place.pk, role))
        return browser

    def test_a_host_reads_the_chit_and_opens_no_entry(self, place, entry):
        booking = book(place, "20:30", guest=ADA)
        guests.keep_allergies(booking=booking, allergies="Groundnuts", has_agreed=True)
        tag = GuestTag.objects.create(restaurant=place, name="Regular")
        guests.give_tag(guest=entry, tag=tag, by=member(place.pk))
        GuestNote.objects.create(guest=entry, text="Likes the terrace")
        host = self.office(place, Role.HOST)

        board = host.get(reverse("admin:today_day", args=[place.public_id]) + f"?day={tomorrow()}").content.decode()
        panel = host.get(reverse("admin:today_booking", args=[place.public_id, booking.public_id])).content.decode()

        assert "Groundnuts" in board
        assert "Regular" in board
        assert "Likes the terrace" not in board
        assert "Likes the terrace" in panel
        assert AuditEvent.objects.filter(action="booking.viewed").count() == 1
        assert host.get(reverse("admin:bookings_houseguest_change", args=[entry.pk])).status_code in (403, 404)

    def test_a_manager_keeps_the_entry_and_neither_merges_nor_blocks(self, place, entry):
        office = self.office(place, Role.MANAGER)
        where = reverse("admin:bookings_houseguest_change", args=[entry.pk])
        form = {
            "name": "Ada Obi",
            "phone": "08031234567",
            "email": "ada@example.com",
            "birthday": "21/3",
            "anniversary": "",
            "allergies": "Groundnuts",
            "notes-TOTAL_FORMS": 1,
            "notes-INITIAL_FORMS": 0,
            "notes-0-text": "Likes the terrace",
            "taggings-TOTAL_FORMS": 0,
            "taggings-INITIAL_FORMS": 0,
        }

        unasked = office.post(where, form)
        assert unasked.status_code == 200
        assert "only if they have agreed" in unasked.content.decode()
        saved = office.post(where, {**form, "has_agreed": "on"})

        assert saved.status_code == 302
        entry.refresh_from_db()
        assert (entry.birthday, entry.allergies) == ("03-21", "Groundnuts")
        assert entry.notes.get().written_by is not None
        assert "Take no online bookings" not in office.get(where).content.decode()
        block = reverse("admin:bookings_houseguest_block", args=[entry.pk])
        assert office.post(block, {"reason": "x"}).status_code == 404
        assert AuditEvent.objects.filter(action="data.viewed").exists()

    def test_an_owner_merges_after_a_look_and_blocks(self, place, entry):
        other = book(place, "20:30", guest=Guest("Ada Obi", "+2348050000000")).guest
        office = self.office(place, Role.OWNER)
        page = office.get(reverse("admin:bookings_houseguest_change", args=[entry.pk])).content.decode()
        where = reverse("admin:bookings_houseguest_merge", args=[entry.pk, other.pk])
        assert where in page

        asked = office.get(where).content.decode()
        assert "Bookings that move: 1" in asked
        assert HouseGuest.objects.count() == 2
        office.post(where)
        office.post(reverse("admin:bookings_houseguest_block", args=[entry.pk]), {"reason": "Never pays"})

        entry.refresh_from_db()
        assert HouseGuest.objects.count() == 1
        assert (entry.is_blocked, entry.block_reason) == (True, "Never pays")

    def test_lists_guests_in_a_fixed_number_of_queries_and_finds_them_by_any_spelling(
        self, place, entry, django_assert_max_num_queries
    ):
        office = self.office(place, Role.MANAGER)
        where = reverse("admin:bookings_houseguest_changelist")
        office.get(where)
        with django_assert_max_num_queries(20) as few:
            office.get(where)
        for number in range(2, 6):
            book(place, "20:30", guest=guest(number), party_size=1)
        with django_assert_max_num_queries(len(few)):
            office.get(where)

        for text in ("ọbí ada", "08031234567", "ada@example.com"):
            assert "Ada Obi" in office.get(where, {"q": text}).content.decode()
        assert "Demo diner" not in office.get(where, {"q": "ọbí ada"}).content.decode()
