"""A manager's work in the back office: the plan, the menu, pictures, blocks, staff, claims, the list of bookings."""

import csv
import io
from contextlib import nullcontext
from datetime import date, time, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts import services as accounts
from accounts.models import Membership, User
from accounts.states import Role
from accounts.tests.back_office import filled_in, wrong
from accounts.tests.factories import UserFactory, log_in, member
from bookings import selectors, services
from bookings.models import Block, Booking
from bookings.services import Actor, Guest
from bookings.states import Status
from bookings.tests.factories import at, book, guest, tomorrow
from core.testing import work_off_outbox
from localization.formatting import HOME_ZONE
from notifications.models import Message
from restaurants.models import Dish, DishPrice, ListingClaim, Photo, Restaurant, Shift, SpecialDay, Table
from restaurants.services import claim_listing, price_dish
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import (
    DishFactory,
    DishPriceFactory,
    MenuFactory,
    MenuSectionFactory,
    RestaurantFactory,
    house,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def suya_spot() -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 4))


@pytest.fixture
def manager(suya_spot: Restaurant) -> User:
    return member(suya_spot.pk, Role.MANAGER)


@pytest.fixture
def office(client: Client, manager: User) -> Client:
    log_in(client, manager)
    return client


@pytest.fixture
def platform() -> Client:
    admin = Client()
    log_in(admin, UserFactory(is_staff=True, is_superuser=True))
    return admin


def changing(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def listing(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _at_once(**_kwargs: Any) -> Any:
    """In place of capturing what waits for the commit, where a test commits for real."""
    return nullcontext()


def saved(office: Client, capture: Any, row: Any, **changes: Any) -> Any:
    """Open a row's page, change some fields, save, and return the page that follows."""
    where = changing(row)
    data = filled_in(office.get(where), **changes)
    with capture(execute=True):
        answer = office.post(where, data)
    assert answer.status_code == 302, wrong(answer)
    return office.get(answer["Location"])


class TestTheRestaurant:
    def test_every_part_has_its_tab(self, office, suya_spot) -> None:
        page = office.get(changing(suya_spot)).content.decode()

        for part in ("Booking policy", "Areas", "Tables", "Opening hours", "Shifts", "Special days", "Menus", "Photos"):
            assert part in page, part

    def test_the_policy_is_in_naira(self, office, suya_spot, django_capture_on_commit_callbacks) -> None:
        saved(
            office,
            django_capture_on_commit_callbacks,
            suya_spot,
            **{"policy-0-deposit_kobo_per_guest": "2,500.50", "policy-0-grace_minutes": "25"},
        )

        policy = Restaurant.objects.get(pk=suya_spot.pk).policy
        assert (policy.deposit_kobo_per_guest, policy.grace_minutes) == (250_050, 25)

    def test_saving_raises_the_version_of_the_plan(self, office, suya_spot, django_capture_on_commit_callbacks) -> None:
        before = Restaurant.objects.get(pk=suya_spot.pk).plan_version

        saved(office, django_capture_on_commit_callbacks, suya_spot, **{"policy-0-buffer_minutes": "10"})

        assert Restaurant.objects.get(pk=suya_spot.pk).plan_version > before

    def test_a_house_pauses_itself_but_does_not_become_a_listing(self, office, suya_spot) -> None:
        where = changing(suya_spot)
        data = filled_in(office.get(where))

        assert office.post(where, {**data, "status": "paused"}).status_code == 302
        refused = office.post(where, {**data, "status": "listed"})

        assert "status" in wrong(refused)
        assert Restaurant.objects.get(pk=suya_spot.pk).status == RestaurantStatus.PAUSED

    def test_what_is_the_platforms_is_not_a_houses(self, office, suya_spot) -> None:
        where = changing(suya_spot)

        office.post(where, filled_in(office.get(where), slug="stolen", source="osm", time_zone="Asia/Tokyo"))

        suya_spot.refresh_from_db()
        assert (suya_spot.slug, suya_spot.source, suya_spot.time_zone) == ("suya-spot", "", "Africa/Lagos")
        assert office.get(reverse("admin:restaurants_restaurant_add")).status_code == 403
        assert office.post(reverse("admin:restaurants_restaurant_delete", args=[suya_spot.pk])).status_code == 403

    def test_a_phone_in_any_spelling(self, office, suya_spot, django_capture_on_commit_callbacks) -> None:
        saved(office, django_capture_on_commit_callbacks, suya_spot, phone="0803 123 4567")

        suya_spot.refresh_from_db()
        assert suya_spot.phone == "+2348031234567"

    def test_tables_of_a_smallest_party_above_the_largest_are_refused(self, office, suya_spot) -> None:
        where = changing(suya_spot)

        answer = office.post(where, filled_in(office.get(where), **{"tables-0-min_party": "9"}))

        assert answer.status_code == 200
        assert wrong(answer)


class TestPictures:
    def sent(self, office: Client, suya_spot: Restaurant, upload: SimpleUploadedFile) -> Any:
        where = changing(suya_spot)
        added = {
            "photos-TOTAL_FORMS": "1",
            "photos-0-image": upload,
            "photos-0-alt": "The grill",
            "photos-0-position": "0",
        }
        return office.post(where, filled_in(office.get(where), **added))

    def test_are_drawn_anew(self, office, suya_spot, settings, tmp_path) -> None:
        settings.MEDIA_ROOT = tmp_path
        out = BytesIO()
        Image.new("RGB", (2000, 1000)).save(out, "JPEG")

        answer = self.sent(office, suya_spot, SimpleUploadedFile("me.jpg", out.getvalue(), "image/jpeg"))

        assert answer.status_code == 302, wrong(answer)
        photo = Photo.objects.get()
        assert (photo.width, photo.height, photo.restaurant) == (1600, 800, suya_spot)
        assert photo.image.name.endswith(".webp")
        with Image.open(photo.image.path) as kept:
            assert kept.format == "WEBP"

    def test_what_is_none_is_refused(self, office, suya_spot) -> None:
        answer = self.sent(office, suya_spot, SimpleUploadedFile("me.jpg", b"<svg/>", "image/jpeg"))

        assert "photos-0-image" in wrong(answer)
        assert not Photo.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestThePlanUnderBookings:
    def test_a_shift_moved_lists_the_bookings_it_leaves_behind(self, office, suya_spot) -> None:
        booking = book(suya_spot, "18:00")

        page = saved(office, _at_once, suya_spot.shifts.get(), first_seating="19:00")

        assert "1 booking to come does not fit these settings." in page.content.decode()
        assert booking.code in page.content.decode()
        booking.refresh_from_db()
        assert (booking.status, booking.starts_at) == (Status.CONFIRMED, at("18:00"))

    def test_a_table_taken_out_of_use_does(self, office, suya_spot) -> None:
        booking = book(suya_spot)
        table = booking.allocations.get().table

        sent = {"action": "take_out_of_use", "_selected_action": [table.pk]}
        answer = office.post(listing(Table), sent)
        page = office.get(answer["Location"]).content.decode()

        assert booking.code in page and "its table is out of use" in page
        assert not Table.objects.get(pk=table.pk).is_active

    def test_a_day_closed_does(self, office, suya_spot) -> None:
        booking = book(suya_spot)

        answer = office.post(
            reverse("admin:restaurants_specialday_add"),
            {"restaurant": suya_spot.pk, "date": tomorrow().isoformat(), "name": "Election", "is_closed": "on"},
        )
        page = office.get(answer["Location"]).content.decode()

        assert booking.code in page and "the day is closed" in page

    def test_only_what_the_change_makes_is_named(self, office, suya_spot) -> None:
        early, late = book(suya_spot, "18:00"), book(suya_spot, "21:00", guest=guest(2))
        shift = suya_spot.shifts.get()
        saved(office, _at_once, shift, first_seating="19:00")

        of_policy = saved(office, _at_once, suya_spot, **{"policy-0-grace_minutes": "25"}).content.decode()
        of_shift = saved(office, _at_once, shift, last_seating="20:00").content.decode()

        assert "to come does not fit" not in of_policy
        assert "1 booking to come does not fit these settings." in of_shift
        assert late.code in of_shift
        assert early.code not in of_shift
        assert len(selectors.bookings_out_of_plan(suya_spot.pk)) == 2

    def test_what_still_fits_is_not_mentioned(self, office, suya_spot) -> None:
        book(suya_spot)

        page = saved(office, _at_once, suya_spot.shifts.get(), last_seating="22:00")

        assert "to come" not in page.content.decode()

    def test_the_selector_names_each_reason(self, suya_spot) -> None:
        fits, early, closed, idle = (
            book(suya_spot, "19:30", guest=guest(1)),
            book(suya_spot, "18:00", guest=guest(2)),
            book(suya_spot, starts_at=at("19:00", tomorrow() + timedelta(days=1)), guest=guest(3)),
            book(suya_spot, starts_at=at("19:00", tomorrow() + timedelta(days=2)), guest=guest(4), party_size=4),
        )
        shift = suya_spot.shifts.get()
        shift.first_seating = time(19)
        shift.save()
        SpecialDay.objects.create(restaurant=suya_spot, date=closed.service_day, name="Eid")
        table = idle.allocations.get().table
        table.is_active = False
        table.save()

        found = {each.booking: (each.reason, each.tables) for each in selectors.bookings_out_of_plan(suya_spot.pk)}

        assert found == {
            early: ("outside_shifts", ()),
            closed: ("day_closed", ()),
            idle: ("table_not_in_use", (table.name,)),
        }
        assert fits not in found


class TestDeleting:
    def test_a_table_with_bookings_is_kept_and_the_page_says_what_to_do(self, office, suya_spot) -> None:
        table = book(suya_spot).allocations.get().table
        where = reverse("admin:restaurants_table_delete", args=[table.pk])

        page = office.get(where).content.decode()
        office.post(where, {"post": "yes"})
        office.post(listing(Table), {"action": "delete_selected", "_selected_action": [table.pk], "post": "yes"})

        assert "Take it out of use instead of deleting it." in page
        assert Table.objects.filter(pk=table.pk).exists()

    def test_a_table_nobody_ever_sat_at_goes(self, office, suya_spot) -> None:
        table = suya_spot.tables.get(name="T2")

        office.post(reverse("admin:restaurants_table_delete", args=[table.pk]), {"post": "yes"})

        assert not Table.objects.filter(pk=table.pk).exists()


class TestShiftsAndFeasts:
    def test_a_shift_with_its_turn_times(self, office, suya_spot, django_capture_on_commit_callbacks) -> None:
        shift = suya_spot.shifts.get()
        turn = shift.turn_times.get()

        saved(
            office,
            django_capture_on_commit_callbacks,
            shift,
            weekdays=["4", "5"],
            slot_minutes="30",
            **{"turn_times-0-minutes": "75"},
        )

        shift.refresh_from_db()
        turn.refresh_from_db()
        assert (shift.weekdays, shift.slot_minutes, turn.minutes) == ([4, 5], 30, 75)

    def test_a_shift_needs_a_day(self, office, suya_spot) -> None:
        where = changing(suya_spot.shifts.get())
        data = filled_in(office.get(where))
        del data["weekdays"]

        assert set(wrong(office.post(where, data))) == {"weekdays"}

    def test_a_special_day_with_hours_and_shifts_of_its_own(self, office, suya_spot) -> None:
        day = SpecialDay.objects.create(restaurant=suya_spot, date=tomorrow(), name="Eid", is_closed=False)
        where = changing(day)
        added = {
            "opening_hours-TOTAL_FORMS": "1", "opening_hours-0-opens": "14:00", "opening_hours-0-closes": "23:00",
            "shifts-TOTAL_FORMS": "1", "shifts-0-name": "Feast", "shifts-0-first_seating": "15:00",
            "shifts-0-last_seating": "20:00", "shifts-0-is_online": "on",
        }  # fmt: skip

        answer = office.post(where, filled_in(office.get(where), **added))

        assert answer.status_code == 302, wrong(answer)
        shift = Shift.objects.get(special_day=day)
        hours = day.opening_hours.get()
        assert (shift.restaurant, hours.restaurant, shift.name) == (suya_spot, suya_spot, "Feast")

    def test_one_tap_closes_on_a_feast(self, office, suya_spot, monkeypatch) -> None:
        where = reverse("admin:restaurants_specialday_feasts")
        page = office.get(where).content.decode()
        year = timezone.localdate().year
        christmas = date(year if timezone.localdate() <= date(year, 12, 25) else year + 1, 12, 25)

        assert "Christmas Day" in page
        assert "Expected, ±1 day" in page
        sent = {"restaurant": suya_spot.pk, "date": christmas.isoformat(), "slug": "christmas-day", "as": "closed"}
        for _twice in range(2):
            assert office.post(where, sent).status_code == 302

        day = SpecialDay.objects.get()
        assert (day.date, day.is_closed, day.restaurant) == (christmas, True, suya_spot)
        assert office.post(where, {**sent, "slug": "my-birthday"}).status_code == 404


class TestTheMenu:
    @pytest.fixture
    def jollof(self, suya_spot: Restaurant) -> Dish:
        dish = DishFactory(section=MenuSectionFactory(menu=MenuFactory(restaurant=suya_spot)))
        DishPriceFactory(dish=dish, kobo=450_000)
        return dish

    def test_a_new_price_is_a_dated_row(self, office, jollof, django_capture_on_commit_callbacks) -> None:
        page = office.get(changing(jollof)).content.decode()
        assert 'value="4500"' in page

        saved(office, django_capture_on_commit_callbacks, jollof, price="5,250.50")

        prices = list(jollof.prices.values_list("kobo", "valid_from"))
        assert prices == [(525_050, timezone.localdate(timezone=HOME_ZONE)), (450_000, date(2026, 1, 1))]

    def test_the_same_price_writes_nothing(self, office, jollof, django_capture_on_commit_callbacks) -> None:
        saved(office, django_capture_on_commit_callbacks, jollof, description="Smoky")

        jollof.refresh_from_db()
        assert jollof.description == "Smoky"
        assert DishPrice.objects.count() == 1

    def test_prices_of_a_whole_section(self, office, jollof, django_capture_on_commit_callbacks) -> None:
        saved(office, django_capture_on_commit_callbacks, jollof.section, **{"dishes-0-price": "6000"})

        assert jollof.prices.first().kobo == 600_000

    @pytest.mark.parametrize("price", ["-1", "", "plenty", "1.005", "99999999999", "1e3"])
    def test_nonsense_prices_are_refused(self, office, jollof, price) -> None:
        where = changing(jollof)

        assert "price" in wrong(office.post(where, filled_in(office.get(where), price=price)))
        assert DishPrice.objects.count() == 1

    def test_the_price_of_another_day_stays(self, jollof) -> None:
        price_dish(dish=jollof, kobo=500_000, valid_from=date(2030, 1, 1))
        price_dish(dish=jollof, kobo=510_000, valid_from=date(2030, 1, 1))

        assert list(jollof.prices.values_list("kobo", flat=True)) == [510_000, 450_000]

    def test_one_tap_says_that_it_is_finished(self, office, jollof) -> None:
        where = reverse("admin:restaurants_dish_finish", args=[jollof.pk])

        assert where in office.get(listing(Dish)).content.decode()
        assert office.get(where).status_code == 405
        assert office.post(where, {"finished": "1"}).status_code == 302
        jollof.refresh_from_db()
        assert jollof.is_finished
        office.post(where, {"finished": "0"})
        jollof.refresh_from_db()
        assert not jollof.is_finished

    def test_many_at_once(self, office, jollof) -> None:
        office.post(listing(Dish), {"action": "finish", "_selected_action": [jollof.pk]})

        jollof.refresh_from_db()
        assert jollof.is_finished


class TestBlocks:
    def sent(self, suya_spot: Restaurant, **changes: Any) -> dict[str, Any]:
        day = tomorrow().isoformat()
        return {
            "restaurant": suya_spot.pk, "starts_at": f"{day}T18:00", "ends_at": f"{day}T20:00", "reason": "Rain",
            **changes,
        }  # fmt: skip

    def test_are_by_the_restaurants_clock(self, office, suya_spot) -> None:
        answer = office.post(reverse("admin:bookings_block_add"), self.sent(suya_spot))

        assert answer.status_code == 302
        block = Block.objects.get()
        assert (block.starts_at, block.ends_at) == (at("18:00"), at("20:00"))
        assert block.allocations.count() == 2

    def test_bookings_in_the_way_are_listed_and_nothing_is_written(self, office, suya_spot) -> None:
        booking = book(suya_spot)

        answer = office.post(reverse("admin:bookings_block_add"), self.sent(suya_spot))

        body = answer.content.decode()
        assert answer.status_code == 409
        assert "There are bookings on these tables" in body
        assert booking.code in body and "7:00 pm" in body
        assert 'value="Rain"' in body
        assert not Block.objects.exists()

    @pytest.mark.parametrize(
        "wrong", [{"ends_at": ""}, {"starts_at": "soon"}, {"reason": ""}, {"ends_at": "9999-01-01T00:00"}]
    )
    def test_a_form_with_a_hole_is_shown_again(self, office, suya_spot, wrong) -> None:
        answer = office.post(reverse("admin:bookings_block_add"), self.sent(suya_spot, **wrong))

        assert answer.status_code == 422
        assert not Block.objects.exists()

    def test_an_end_before_the_beginning_is_refused(self, office, suya_spot) -> None:
        day = tomorrow().isoformat()

        answer = office.post(reverse("admin:bookings_block_add"), self.sent(suya_spot, ends_at=f"{day}T17:00"))

        assert answer.status_code in (409, 422)
        assert "Choose an end after the beginning" in answer.content.decode()

    def test_taking_one_back_frees_its_tables(self, office, suya_spot, manager) -> None:
        block = services.block_tables(
            restaurant_id=suya_spot.pk,
            starts_at=at("18:00"),
            ends_at=at("20:00"),
            reason="Rain",
            by=Actor.staff(manager),
        )

        office.post(reverse("admin:bookings_block_delete", args=[block.pk]), {"post": "yes"})

        assert not Block.objects.exists()
        assert book(suya_spot).status == Status.CONFIRMED


class TestTheListOfBookings:
    def test_finds_by_code_name_and_number_in_any_spelling(self, office, suya_spot) -> None:
        booking = book(suya_spot, guest=Guest(name="Chidi Obi", phone="+2348031234567"))
        book(suya_spot, "20:30", guest=Guest(name="Ngozi Eze", phone="+2348031234599"))

        for term in (
            booking.code,
            booking.code.lower(),
            f"{booking.code[:3]} {booking.code[3:]}",
            "chidi",
            "0803 123 4567",
        ):
            page = office.get(listing(Booking), {"q": term}).content.decode()
            assert "Chidi Obi" in page, term
            assert "Ngozi Eze" not in page, term

    def test_shows_history_and_the_way_to_the_desk_and_edits_nothing(self, office, suya_spot) -> None:
        booking = book(suya_spot)

        page = office.get(changing(booking)).content.decode()

        assert reverse("admin:today_booking", args=[suya_spot.public_id, booking.public_id]) in page
        assert "Website" in page
        assert office.post(changing(booking), {"party_size": 9}).status_code == 403
        assert office.get(reverse("admin:bookings_booking_add")).status_code == 403
        assert office.post(reverse("admin:bookings_booking_delete", args=[booking.pk])).status_code == 403

    def test_not_even_the_platform_edits_a_booking(self, platform, suya_spot) -> None:
        booking = book(suya_spot)

        assert platform.get(changing(booking)).status_code == 200
        assert platform.post(changing(booking), {"party_size": 9}).status_code == 403
        assert platform.post(reverse("admin:bookings_booking_delete", args=[booking.pk])).status_code == 403

    def test_asks_the_same_queries_however_long_it_is(self, office, suya_spot, django_assert_max_num_queries) -> None:
        book(suya_spot, "18:00")
        office.get(listing(Booking))
        with django_assert_max_num_queries(20) as few:
            office.get(listing(Booking))
        for number, clock in enumerate(("18:00", "19:30", "19:30", "21:00"), start=2):
            book(suya_spot, clock, guest=guest(number))

        with django_assert_max_num_queries(len(few)):
            office.get(listing(Booking))

    def test_the_export_runs_nothing_in_a_spreadsheet(self, office, suya_spot) -> None:
        book(suya_spot, guest=Guest(name='=HYPERLINK("http://evil")', phone="+2348031234567"), notes=" +1+1|cmd")

        answer = office.post(
            listing(Booking), {"action": "export_csv", "_selected_action": ["1"], "select_across": "1"}
        )
        text = b"".join(answer.streaming_content).decode()
        rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))

        assert answer["Content-Type"].startswith("text/csv")
        assert "no-store" in answer["Cache-Control"]
        assert len(rows) == 1
        assert rows[0]["name"] == '\'=HYPERLINK("http://evil")'
        assert rows[0]["wishes"] == "' +1+1|cmd"
        assert rows[0]["phone"] == "0803 123 4567"
        assert rows[0]["starts_at"] == f"{tomorrow().isoformat()} 19:00"


class TestStaff:
    @pytest.fixture
    def owner(self, suya_spot: Restaurant) -> Client:
        client = Client()
        log_in(client, member(suya_spot.pk, Role.OWNER))
        return client

    def test_changes_a_role_and_takes_it_away(self, owner, suya_spot, django_capture_on_commit_callbacks) -> None:
        colleague = Membership.objects.get(user=member(suya_spot.pk, Role.HOST))

        saved(owner, django_capture_on_commit_callbacks, colleague, role="manager")
        assert Membership.objects.get(pk=colleague.pk).role == Role.MANAGER
        owner.post(reverse("admin:accounts_membership_delete", args=[colleague.pk]), {"post": "yes"})

        assert not Membership.objects.filter(pk=colleague.pk).exists()
        assert not User.objects.get(pk=colleague.user_id).is_staff

    def test_the_last_owner_stays(self, owner, suya_spot) -> None:
        last = Membership.objects.get(restaurant=suya_spot, role=Role.OWNER)
        where = changing(last)

        refused = owner.post(where, filled_in(owner.get(where), role="host"))
        owner.post(reverse("admin:accounts_membership_delete", args=[last.pk]), {"post": "yes"})
        owner.post(listing(Membership), {"action": "delete_selected", "_selected_action": [last.pk], "post": "yes"})

        assert "role" in wrong(refused)
        assert Membership.objects.get(pk=last.pk).role == Role.OWNER

    def test_the_service_refuses_it_too(self, owner, suya_spot) -> None:
        last = Membership.objects.get(restaurant=suya_spot, role=Role.OWNER)

        with pytest.raises(accounts.LastOwner):
            accounts.remove_member(membership=last)
        with pytest.raises(accounts.LastOwner):
            accounts.add_member(user=last.user, restaurant_id=suya_spot.pk, role=Role.HOST)

        member(suya_spot.pk, Role.OWNER)
        accounts.remove_member(membership=last)
        assert not Membership.objects.filter(pk=last.pk).exists()


class TestClaims:
    @pytest.fixture
    def claim(self) -> ListingClaim:
        listing_ = RestaurantFactory(name="Mama Put", status=RestaurantStatus.LISTED, phone="")
        return claim_listing(
            restaurant=listing_, claimant=UserFactory(), job="Owner", phone="+2348031234567", proof="CAC 123",
            opens=time(11), closes=time(22), tables_for_two=2, tables_for_four=1,
        )  # fmt: skip

    def one(self, claim: ListingClaim, what: str) -> str:
        return reverse(f"admin:restaurants_listingclaim_{what}", args=[claim.pk])

    def test_an_approval_leads_to_the_now_bookable_restaurant(self, platform, claim) -> None:
        page = platform.get(changing(claim)).content.decode()
        answer = platform.post(self.one(claim, "approve"), follow=True)

        assert self.one(claim, "approve") in page
        assert answer.redirect_chain[-1][0] == changing(claim.restaurant)
        assert "Mama Put takes bookings now" in answer.content.decode()
        restaurant = Restaurant.objects.get(pk=claim.restaurant_id)
        assert restaurant.status == RestaurantStatus.LIVE
        assert restaurant.phone == "", "the claimant's own number is not for every diner"
        assert Membership.objects.get(user=claim.claimant).role == Role.OWNER
        assert book(restaurant, "19:00").status == Status.CONFIRMED
        work_off_outbox()
        assert Message.objects.filter(kind="claim.approved").exists()

    def test_a_refusal_needs_a_reason(self, platform, claim) -> None:
        platform.post(self.one(claim, "refuse"), {"reason": " "})
        claim.refresh_from_db()
        assert claim.status == "pending"

        platform.post(self.one(claim, "refuse"), {"reason": "The number is not theirs"})

        claim.refresh_from_db()
        assert (claim.status, claim.reason) == ("refused", "The number is not theirs")

    def test_a_decided_claim_is_not_decided_again(self, platform, claim) -> None:
        platform.post(self.one(claim, "refuse"), {"reason": "No"})

        answer = platform.post(self.one(claim, "approve"), follow=True)

        assert "This claim has been decided already." in answer.content.decode()
        assert Restaurant.objects.get(pk=claim.restaurant_id).status == RestaurantStatus.LISTED

    def test_those_that_wait_come_first(self, platform, claim) -> None:
        other = claim_listing(
            restaurant=RestaurantFactory(name="Newer", status=RestaurantStatus.LISTED), claimant=UserFactory(),
            job="Owner", phone="+2348031234567", proof="-", opens=time(11), closes=time(22), tables_for_two=1,
        )  # fmt: skip
        platform.post(self.one(other, "refuse"), {"reason": "No"})

        page = platform.get(listing(ListingClaim)).content.decode()

        assert page.index("Mama Put") < page.index("Newer")

    def test_many_at_once(self, platform, claim) -> None:
        asked = platform.post(listing(ListingClaim), {"action": "refuse", "_selected_action": [claim.pk]})
        assert "The claimants read it." in asked.content.decode()

        sent = {"action": "refuse", "_selected_action": [claim.pk], "reason": "Twice"}
        platform.post(listing(ListingClaim), sent)

        claim.refresh_from_db()
        assert claim.status == "refused"

    def test_a_manager_sees_none_of_it(self, office, claim) -> None:
        assert office.get(listing(ListingClaim)).status_code == 403
        assert office.post(self.one(claim, "approve")).status_code == 404
        assert Restaurant.objects.get(pk=claim.restaurant_id).status == RestaurantStatus.LISTED


class TestPeople:
    def test_the_platform_gives_and_takes_its_own_roles(self, platform) -> None:
        person = UserFactory(name="Bisi")
        where = changing(person)

        answer = platform.post(where, filled_in(platform.get(where), is_translator="on", is_platform_admin="on"))
        assert answer.status_code == 302, wrong(answer)
        person.refresh_from_db()
        assert person.is_superuser
        assert person.platform_memberships.get().role == "translator"

        changes = filled_in(platform.get(where))
        del changes["is_platform_admin"]
        answer = platform.post(where, changes)
        assert answer.status_code == 302, wrong(answer)
        person.refresh_from_db()
        assert not person.is_superuser
        assert person.platform_memberships.exists()

    @pytest.mark.parametrize("field", ["is_platform_admin", "is_active"])
    def test_somebody_goes_on_running_the_platform(self, platform, field) -> None:
        last = User.objects.get(is_superuser=True)
        where = changing(last)
        changes = filled_in(platform.get(where))
        del changes[field]

        answer = platform.post(where, changes)

        assert set(wrong(answer)) == {field}
        last.refresh_from_db()
        assert last.is_superuser
        assert last.is_active

    def test_a_house_keeps_an_owner_who_can_log_in(self, platform, suya_spot) -> None:
        last = member(suya_spot.pk, Role.OWNER)
        where = changing(last)
        changes = filled_in(platform.get(where))
        del changes["is_active"]

        answer = platform.post(where, changes)

        assert suya_spot.name in str(wrong(answer)["is_active"])
        last.refresh_from_db()
        assert last.is_active

    def test_nobody_sets_another_persons_address_or_password(self, platform) -> None:
        person = UserFactory(email="bisi@example.com")
        where = changing(person)

        platform.post(where, {**filled_in(platform.get(where)), "email": "evil@example.com", "password": "x"})

        person.refresh_from_db()
        assert (person.email, person.password) == ("bisi@example.com", "")
        assert not {"email", "password"} & set(platform.get(where).context["adminform"].form.fields)


class TestEveryPageAnswers:
    """Lists, forms and histories of every model render for the platform; for an owner each row's own page does.

    (tests/test_browser_policy.py looks at all the others as an owner.)
    """

    def test_with_rows(self, platform, suya_spot) -> None:
        from django.contrib import admin

        from bookings.tests.test_admin_scope import furnished

        rows = furnished("Amala")
        owner = Client()
        log_in(owner, rows[Membership].user)
        asking = platform.get("/admin/password_change/").wsgi_request
        for model, row in rows.items():
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            of_row = reverse(f"{name}_change", args=[row.pk])
            pages = [reverse(f"{name}_changelist"), of_row, reverse(f"{name}_history", args=[row.pk])]
            if admin.site._registry[model].has_add_permission(asking):
                pages.append(reverse(f"{name}_add"))
            for client, page in (*((platform, page) for page in pages), (owner, of_row)):
                assert client.get(page).status_code == 200, page
