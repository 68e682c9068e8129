"""One's data across all domains: taken along whole, forgotten whole, whatever dies in between."""

import io
import json
import re
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, User
from accounts.privacy.models import DataRequest, Erased, Erasure, Export, RetentionRun
from accounts.privacy.services import consents, erasing, exporting, requests, retaining
from accounts.privacy.states import Door, ErasureStatus, ExportStatus, RequestKind
from accounts.services import LastOwner, add_member
from accounts.states import Role
from accounts.tests.factories import UserFactory
from bookings.models import Booking, FreeTimeAlert, QueueEntry, StandbyEntry, TableAllocation
from bookings.services import Actor, Guest, change_booking, join_waitlist
from bookings.states import Channel, QueueStatus, Status
from bookings.tests.factories import at, book, tomorrow
from conftest import ROOT, RealProcess, _environment
from core import codes
from core.audit.models import AuditEvent
from core.personal_data import Subject
from core.testing import log_in, work_off_outbox
from localization import formatting
from notifications.models import Message
from restaurants.models import ListingClaim
from restaurants.services import claim_listing
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import RestaurantFactory, house

NAME, EMAIL, PHONE = "Ẹniọlá Unheardof", "eniola@unheardof.example", "+2348031234567"
# What would give the person away, in any column of any table.
TRACES = ("unheardof", "8031234567", "groundnuts kill me", "sits by the door")


@pytest.fixture(autouse=True)
def private_files(settings, tmp_path) -> Path:
    folder = tmp_path / "private"
    private = {**settings.STORAGES["private"], "OPTIONS": {"location": folder, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "private": private}
    return folder


@pytest.fixture
def eniola(db) -> User:
    """Somebody who has left traces everywhere: an evening to come, one long past, a claim, consents, messages."""
    user = UserFactory(name=NAME, email=EMAIL, phone=PHONE)
    place = house(name="Suya Spot", slug="suya-spot", email="desk@suya-spot.example")
    me = Guest(NAME, PHONE, EMAIL)
    coming = book(place, "19:00", diner=user, guest=me, notes="Groundnuts kill me")
    past = book(place, starts_at=evening(2), diner=user, guest=me, notes="Groundnuts kill me")
    change_booking(booking=past, by=Actor.diner(user), guest=Guest("E. Unheardof", PHONE, EMAIL))
    without_account = book(place, starts_at=evening(3), guest=me)
    Booking.objects.filter(pk=past.pk).update(staff_notes="", status=Status.COMPLETED)
    Booking.objects.get(pk=past.pk).save()
    row = Booking.objects.get(pk=past.pk)
    row.staff_notes = "Sits by the door"
    row.starts_at, row.ends_at = row.starts_at - timedelta(days=30), row.ends_at - timedelta(days=30)
    row.save()
    TableAllocation.objects.filter(booking=row).update(live=False)
    listed = RestaurantFactory(status=RestaurantStatus.LISTED)
    claim_listing(
        restaurant=listed,
        claimant=user,
        job="Owner",
        phone=PHONE,
        proof="Unheardof Foods Ltd",
        opens=at().time(),
        closes=at("23:00").time(),
        tables_for_two=2,
    )
    evening_of_lists = {"restaurant_id": place.pk, "earliest": evening(4), "latest": evening(4), "party_size": 2}
    waits = join_waitlist(**evening_of_lists, guest=me, by=Actor.staff(UserFactory(), Channel.PHONE))
    StandbyEntry.objects.filter(pk=waits.pk).update(diner=user)
    FreeTimeAlert.objects.create(
        restaurant=place, diner=user, guest_name=NAME, guest_phone=PHONE, guest_email=EMAIL, party_size=2,
        service_day=evening(5).date(), earliest=evening(5), latest=evening(5),
    )  # fmt: skip
    QueueEntry.objects.create(
        restaurant=place, guest_name=NAME, guest_phone=PHONE, party_size=2, service_day=past.service_day,
        joined_at=timezone.now(), ended_at=timezone.now(), status=QueueStatus.SEATED, booking=past,
    )  # fmt: skip
    consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE, address="203.0.113.7")
    work_off_outbox()
    assert Message.objects.filter(recipient=EMAIL).count() >= 3
    assert coming.pk and without_account.pk
    return user


def evening(number: int) -> datetime:
    """Return seven o'clock of the first, second, … evening from now."""
    return at("19:00", tomorrow() + timedelta(days=number - 1))


def let_fourteen_days_pass(erasure: Erasure) -> None:
    Erasure.objects.filter(pk=erasure.pk).update(next_attempt_at=timezone.now())


def traces() -> list[str]:
    """Return every column of every row, as the application reads it, in which the person still shows."""
    found = []
    tables = set(connection.introspection.table_names())
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or model._meta.db_table not in tables:
            continue
        for row in model._base_manager.all():
            for field in model._meta.concrete_fields:
                text = str(getattr(row, field.attname)).lower()
                found += [f"{model._meta.label}.{field.name}: {trace}" for trace in TRACES if trace in text]
    return sorted(set(found))


class TestTakingItAlong:
    def test_everything_known_of_the_person_is_in_it(self, eniola):
        export = exporting.request_export(user=eniola)
        assert exporting.build(export_id=export.pk)
        _export, content = exporting.fetch_export(user=eniola, public_id=export.public_id, device="a")

        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            data = json.loads(zipped.read("data.json"))["sections"]
        assert len(data["bookings"]) == 3
        assert {row["wishes"] for row in data["bookings"]} == {"Groundnuts kill me", ""}
        assert "Sits by the door" in {row["notes_of_the_house"] for row in data["bookings"]}
        assert {row["phone"] for row in data["bookings"]} == {PHONE}
        assert data["claims"][0]["proof"] == "Unheardof Foods Ltd"
        assert any(row["kind"] == "booking.confirmed" for row in data["messages"])
        assert data["bookings_history"]
        assert [row["email"] for row in data["waiting_lists"]] == [EMAIL]
        assert [row["phone"] for row in (*data["free_time_alerts"], *data["queues"])] == [PHONE, PHONE]
        assert data["waiting_history"]
        assert data["audit_trail"]

    def test_holds_nobody_elses(self, eniola):
        stranger = UserFactory(name="Somebody Else")
        book(house(), diner=stranger, guest=Guest("Somebody Else", "+2348059999999", "else@example.com"))
        # A shared phone is no proof, nor is an address that was only written down.
        book(house(), guest=Guest("Her Brother", PHONE, "brother@example.com"))
        eniola.emailaddress_set.create(email="else@example.com", verified=False)
        export = exporting.request_export(user=eniola)
        exporting.build(export_id=export.pk)

        _export, content = exporting.fetch_export(user=eniola, public_id=export.public_id, device="a")

        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            everything = zipped.read("data.json").decode()
        assert "Somebody Else" not in everything
        assert "Her Brother" not in everything

    def test_a_guest_is_never_given_rows_that_are_nobodys(self, eniola):
        from core import personal_data

        guest = Subject(rows={"bookings.Booking": frozenset()})

        found = {collector.name: list(collector.rows(guest)) for collector in personal_data.collectors(guest)}

        assert found == {name: [] for name in found}

    def test_costs_a_number_of_queries_that_does_not_grow(self, eniola, django_assert_max_num_queries):
        from accounts.privacy.archive import archive_of
        from accounts.privacy.subjects import subject_of

        with django_assert_max_num_queries(64):
            archive_of(subject_of(eniola))


class TestBeingForgotten:
    def test_no_column_of_any_table_knows_the_person_any_more(self, eniola):
        before = traces()
        erasure = erasing.request_erasure(user=eniola)
        let_fourteen_days_pass(erasure)

        assert erasing.run(erasure_id=erasure.pk)

        assert len(before) >= 15
        # The receipt is the last to know where to go; it is let go of a week later.
        left = [trace for trace in traces() if not trace.startswith("notifications.Message.")]
        assert left == []
        assert Message.objects.filter(recipient=EMAIL).count() == 1
        Message.objects.update(created_at=timezone.now() - timedelta(days=8))
        retaining.run(policy="notifications.receipts")
        assert traces() == []

    def test_tables_to_come_are_given_back_and_the_house_is_told(self, eniola):
        coming = Booking.objects.get(diner=eniola, status=Status.CONFIRMED)
        erasure = erasing.request_erasure(user=eniola)
        let_fourteen_days_pass(erasure)
        erasing.run(erasure_id=erasure.pk)
        work_off_outbox()

        coming.refresh_from_db()
        assert coming.status == Status.CANCELLED
        assert not TableAllocation.objects.filter(booking=coming, live=True).exists()
        # Two: the one made without an account was for an address that is proven to be hers.
        told = list(Message.objects.filter(kind="booking.guest_erased"))
        assert [mail.recipient for mail in told] == ["desk@suya-spot.example"] * 2
        assert not any("unheardof" in mail.body_text.lower() for mail in told)
        assert not Message.objects.filter(kind="booking.cancelled").exists()

    def test_what_was_eaten_stays_in_the_books_without_a_name(self, eniola):
        past = Booking.objects.get(diner=eniola, status=Status.COMPLETED)
        erasure = erasing.request_erasure(user=eniola)
        let_fourteen_days_pass(erasure)
        erasing.run(erasure_id=erasure.pk)

        erasure.refresh_from_db()
        stays = Booking.objects.get(pk=past.pk)
        assert stays.guest_name == erasure.pseudonym
        assert (stays.party_size, stays.starts_at, stays.status) == (past.party_size, past.starts_at, past.status)
        assert (stays.guest_phone_index, stays.guest_email_index) == ("", "")
        line = next(line for line in erasure.receipt["lines"] if line["step"] == "bookings.details")
        assert line["kept"] >= 1
        assert "section 375" in line["why"]

    def test_the_only_owner_hands_over_first(self, eniola):
        place = house(name="Mama Put")
        add_member(user=eniola, restaurant_id=place.pk, role=Role.OWNER)

        with pytest.raises(LastOwner, match="Mama Put"):
            erasing.request_erasure(user=eniola)

        assert not Erasure.objects.exists()
        client = Client()
        log_in(client, eniola)
        page = client.post("/en/account/privacy/erase/", {"understands": "on"})
        assert page.status_code == 409
        assert "Mama Put" in page.content.decode()
        add_member(user=UserFactory(), restaurant_id=place.pk, role=Role.OWNER)
        erasure = erasing.request_erasure(user=eniola)
        let_fourteen_days_pass(erasure)
        assert erasing.run(erasure_id=erasure.pk)
        assert not Membership.objects.filter(user=eniola).exists()

    def test_of_two_owners_erased_at_once_one_stays_and_is_told(self, eniola):
        place, other = house(name="Mama Put"), UserFactory()
        for owner in (eniola, other):
            add_member(user=owner, restaurant_id=place.pk, role=Role.OWNER)
        first, second = (erasing.request_erasure(user=owner) for owner in (eniola, other))
        # Two workers, each of which finds the other's owner still there.
        for erasure in (first, second):
            let_fourteen_days_pass(erasure)
            assert erasing._begin(erasure.pk)
            let_fourteen_days_pass(erasure)

        assert erasing.run(erasure_id=first.pk)
        assert not erasing.run(erasure_id=second.pk)

        second.refresh_from_db()
        other.refresh_from_db()
        assert (second.status, second.steps, second.subject) == (ErasureStatus.HELD_UP, {}, None)
        assert (other.is_active, Membership.objects.get(restaurant=place).user) == (True, other)
        assert "Mama Put" in Message.objects.get(kind="privacy.erasure_held_up", recipient=other.email).body_text
        assert AuditEvent.objects.filter(action="privacy.erasure_held_up", severity="warning").count() == 1
        # They can still change their mind, or hand over and go.
        add_member(user=UserFactory(), restaurant_id=place.pk, role=Role.OWNER)
        let_fourteen_days_pass(second)
        assert erasing.run(erasure_id=second.pk)

    def test_a_co_owner_whose_account_is_closed_does_not_count(self, eniola):
        place, gone = house(name="Mama Put"), UserFactory()
        for owner in (eniola, gone):
            add_member(user=owner, restaurant_id=place.pk, role=Role.OWNER)
        User.objects.filter(pk=gone.pk).update(is_active=False)

        with pytest.raises(LastOwner, match="Mama Put"):
            erasing.request_erasure(user=eniola)

    def test_a_claim_nobody_has_decided_goes_whole(self, eniola):
        erasure = erasing.request_erasure(user=eniola)
        let_fourteen_days_pass(erasure)

        erasing.run(erasure_id=erasure.pk)

        assert not ListingClaim.objects.filter(claimant=eniola).exists()

    def test_a_restored_backup_brings_nobody_back(self, eniola, private_files):
        erasure = erasing.request_erasure(user=eniola)
        let_fourteen_days_pass(erasure)
        erasing.run(erasure_id=erasure.pk)
        # What the backup brings: the person, their booking, and a database that has never heard of the erasure.
        Erased.objects.all().delete()
        Erasure.objects.all().delete()
        Message.objects.all().delete()
        eniola.save()
        eniola.emailaddress_set.create(email=EMAIL, verified=True, primary=True)
        for row in Booking.objects.filter(diner=eniola):
            row.guest_name, row.guest_phone, row.guest_email, row.notes = NAME, PHONE, EMAIL, "Groundnuts kill me"
            row.save()
        place = house(name="Mama Put")
        Membership.objects.create(user=eniola, restaurant=place, role=Role.OWNER)
        assert traces()

        out = io.StringIO()
        call_command("replay_erasures", "--list", str(private_files / "erasures"), stdout=out)

        assert "1 had come back" in out.getvalue()
        assert traces() == []
        assert not Message.objects.filter(kind="privacy.erasure_done").exists()


class TestGuestsWithoutAnAccount:
    def ask(self, booking: Booking, contact: str, **more: Any) -> DataRequest:
        asked = {
            "kind": RequestKind.ERASE,
            "name": NAME,
            "email": EMAIL,
            "message": "Forget me.",
            "code": booking.code,
            "contact": contact,
            "address": "203.0.113.7",
        }
        return requests.take_request(**{**asked, **more})

    @pytest.fixture
    def bookings(self, db) -> list[Booking]:
        place = house()
        me = Guest(NAME, PHONE, EMAIL)
        return [
            book(place, "19:00", guest=me, notes="Groundnuts kill me"),
            book(place, starts_at=evening(2), guest=me),
            book(place, starts_at=evening(3), guest=Guest("Her Brother", PHONE, "brother@example.com")),
        ]

    def test_show_a_booking_and_are_forgotten_in_all_that_are_surely_theirs(self, bookings):
        request = self.ask(bookings[0], "0803 123 4567")

        erasure = erasing.request_guest_erasure(request=request)
        assert erasing.run(erasure_id=erasure.pk)

        mine = Booking.objects.filter(pk__in=[bookings[0].pk, bookings[1].pk])
        assert {row.guest_name for row in mine} == {Erasure.objects.get().pseudonym}
        assert {row.guest_email for row in mine} == {""}
        # The brother's phone is hers as well; his evening is his.
        assert Booking.objects.get(pk=bookings[2].pk).guest_name == "Her Brother"

    @pytest.mark.parametrize("answered_first", [True, False])
    def test_leave_an_emptied_request_behind_once_it_is_answered(self, bookings, answered_first):
        request = self.ask(bookings[0], EMAIL)
        erasure = erasing.request_guest_erasure(request=request)

        def answer() -> None:
            requests.answer_request(request=request, by=UserFactory(), answer="It is done.")

        if answered_first:
            answer()
        assert erasing.run(erasure_id=erasure.pk)
        if not answered_first:
            assert DataRequest.objects.get().message == "Forget me."
            answer()

        row = DataRequest.objects.get()
        assert (row.name, row.email, row.message, row.answer, row.proven_contact) == ("", "", "", "", "")
        told = Message.objects.filter(recipient=EMAIL).values_list("kind", flat=True)
        assert {"privacy.guest_erased", "privacy.request_answered"} <= set(told)

    def test_read_mails_that_are_true_of_somebody_without_an_account(self, bookings):
        bookings[0].restaurant.email = "desk@suya-spot.example"
        bookings[0].restaurant.save()
        request = self.ask(bookings[0], EMAIL)
        export = exporting.request_guest_export(request=request)
        assert exporting.build(export_id=export.pk)
        erasure = erasing.request_guest_erasure(request=request)
        assert erasing.run(erasure_id=erasure.pk)
        work_off_outbox()

        told = {
            kind: Message.objects.filter(kind=kind).latest("pk").body_text
            for kind in ("privacy.guest_archive_ready", "privacy.guest_erased", "booking.guest_erased")
        }
        assert not any("account" in text for text in told.values())
        # Nothing else tells them: their address is taken out in the moment in which the table is given back.
        assert "Tables still to come: They are cancelled" in told["privacy.guest_erased"]
        assert "section 375" in told["privacy.guest_erased"]
        assert "has asked us to erase their details" in told["booking.guest_erased"]
        assert not Message.objects.filter(kind__in=["privacy.export_ready", "privacy.erasure_done"]).exists()
        bookings[0].refresh_from_db()
        assert bookings[0].history.filter(reason__contains="account").count() == 0

    @pytest.fixture
    def guard(self, db) -> Client:
        browser = Client()
        log_in(browser, UserFactory(is_superuser=True, is_staff=True))
        return browser

    def test_are_erased_after_a_question_that_says_what_will_happen(self, bookings, guard):
        request = self.ask(bookings[0], EMAIL)
        page, door = (f"/admin/privacy/datarequest/{request.pk}/{tail}/" for tail in ("change", "erase"))
        offered = guard.get(page).content.decode()

        asked = guard.get(door).content.decode()

        assert f'href="{door}"' in offered
        assert f'action="{door}"' not in offered
        assert "Tables still to come are cancelled" in asked
        assert all(codes.display(booking.code) in asked for booking in bookings[:2])
        assert codes.display(bookings[2].code) not in asked
        assert not request.erasures.exists()
        guard.post(door)
        assert request.erasures.count() == 1

    def test_which_bookings_they_have_shown_stands_on_the_requests_page(self, bookings, guard):
        request = self.ask(bookings[0], EMAIL)

        page = guard.get(f"/admin/privacy/datarequest/{request.pk}/change/").content.decode()

        for booking in bookings[:2]:
            assert f'href="{reverse("admin:bookings_booking_change", args=[booking.pk])}"' in page
            assert f"{codes.display(booking.code)} · {booking.restaurant.name} · " in page
        assert codes.display(bookings[2].code) not in page

    def test_what_was_done_is_shown_and_not_offered_again(self, bookings, guard):
        request = self.ask(bookings[0], EMAIL)
        page, archive, erase = (
            f"/admin/privacy/datarequest/{request.pk}/{tail}/" for tail in ("change", "archive", "erase")
        )
        guard.post(archive)
        waiting = guard.get(page).content.decode()
        assert exporting.build(export_id=request.exports.get().pk)
        sent = guard.get(page).content.decode()
        guard.post(erase)
        assert erasing.run(erasure_id=request.erasures.get().pk)
        done = guard.get(page).content.decode()

        assert "The archive is being put together" in waiting
        assert "The archive was sent: " in sent
        assert archive not in waiting + sent
        assert erase in sent
        assert formatting.day_and_time(request.erasures.get().done_at) in done
        assert "They were erased in their bookings" in done
        assert erase not in done
        assert guard.get(erase).status_code == 302

    def test_are_not_erased_for_a_request_about_something_else(self, bookings, guard):
        request = self.ask(bookings[0], EMAIL, kind=RequestKind.ACCESS)
        door = f"/admin/privacy/datarequest/{request.pk}/erase/"

        page = guard.get(f"/admin/privacy/datarequest/{request.pk}/change/").content.decode()
        looked, pressed = guard.get(door), guard.post(door, follow=True)

        assert door not in page
        assert looked.status_code == 302
        assert "asks for something else" in pressed.content.decode()
        assert not request.erasures.exists()
        bookings[0].refresh_from_db()
        assert bookings[0].status == Status.CONFIRMED

    def test_get_no_more_archives_a_day_than_others(self, bookings):
        request = self.ask(bookings[0], EMAIL)
        for _time in range(exporting.MOST_A_DAY):
            export = exporting.request_guest_export(request=request)
            assert exporting.request_guest_export(request=request) == export
            request.exports.update(status=ExportStatus.EXPIRED)

        with pytest.raises(exporting.TooManyExports):
            exporting.request_guest_export(request=request)

        assert request.exports.count() == exporting.MOST_A_DAY

    def test_get_their_archive_at_the_address_of_the_booking_and_nowhere_else(self, bookings):
        request = self.ask(bookings[0], EMAIL, email="somebody-else@example.com")
        export = exporting.request_guest_export(request=request)
        assert exporting.build(export_id=export.pk)

        mail = Message.objects.get(kind="privacy.guest_archive_ready")
        link = re.search(r"/en/privacy/archive/\S+", mail.body_text)[0]
        key = link.partition("key=")[2]
        opened = Client().get(link)
        export.refresh_from_db()
        untouched = export.status
        fetched = Client().post(link.partition("?")[0], {"key": key})
        again = Client().post(link.partition("?")[0], {"key": key})
        wrong = Client().post(link.partition("?")[0], {"key": "made-up"})

        assert mail.recipient == EMAIL
        assert (opened.status_code, untouched) == (200, ExportStatus.READY)
        assert (fetched.status_code, again.status_code, wrong.status_code) == (200, 410, 404)
        with zipfile.ZipFile(io.BytesIO(fetched.content)) as zipped:
            data = json.loads(zipped.read("data.json"))["sections"]
        assert len(data["bookings"]) == 2
        waiting = {"waiting_lists", "waiting_history", "free_time_alerts", "queues"}
        booked = {"bookings", "bookings_history", "bookings_series", "deposits", "fees", "guest_books", "reviews"}
        tickets = {"ticket_orders", "tickets_passed_on", "ticket_history"}
        assert set(data) == booked | waiting | tickets | {"payments", "payment_checks", "saved_cards", "receipts"}

    @pytest.mark.parametrize("contact", ["0805 999 9999", NAME, "nobody@example.com"])
    def test_a_code_alone_shows_nothing(self, bookings, contact):
        request = self.ask(bookings[0], contact)

        assert request.proven_rows == {}
        with pytest.raises(Exception, match="has not shown"):
            erasing.request_guest_erasure(request=request)

    def test_the_answer_does_not_tell_which_codes_there_are(self, bookings):
        right = self.ask(bookings[0], EMAIL)
        wrong = self.ask(bookings[0], "nobody@example.com", code="AAAAAA", email="other@example.com")

        mails = Message.objects.filter(kind="privacy.request_received").order_by("pk")
        texts = [mail.body_text.replace(row.reference, "") for mail, row in zip(mails, [right, wrong], strict=True)]
        assert texts[0] == texts[1]


class TestRetention:
    def test_notes_stay_while_a_guest_keeps_coming_to_that_house(self, db):
        place, other = house(), house(name="Other", slug="other")
        me = Guest(NAME, PHONE, EMAIL)
        old, elsewhere = (book(spot, guest=me, notes="Groundnuts kill me") for spot in (place, other))
        long_ago = timezone.now() - timedelta(days=800)
        Booking.objects.update(starts_at=long_ago, ends_at=long_ago + timedelta(hours=2), service_day=long_ago.date())
        Booking.objects.update(status=Status.COMPLETED)
        TableAllocation.objects.all().delete()
        book(place, guest=me)

        run = retaining.run(policy="bookings.notes")

        assert Booking.objects.get(pk=old.pk).notes == "Groundnuts kill me"
        assert Booking.objects.get(pk=elsewhere.pk).notes == ""
        assert run.removed == 1

    def test_after_six_years_a_booking_has_no_name(self, db):
        kept, gone = (book(house(), guest=Guest(NAME, PHONE, EMAIL)) for _each in range(2))
        for row, years in ((kept, 5), (gone, 7)):
            then = timezone.now() - timedelta(days=365 * years)
            Booking.objects.filter(pk=row.pk).update(starts_at=then, ends_at=then + timedelta(hours=2))

        retaining.run(policy="bookings.details")

        gone.refresh_from_db()
        kept.refresh_from_db()
        assert (gone.guest_name, gone.guest_phone, gone.guest_phone_index, gone.guest_email) == ("–", "", "", "")
        assert kept.guest_phone == PHONE
        assert retaining.run(policy="bookings.details").found == 0


class TestBreachGuide:
    PAGE = (ROOT / "docs/operations/breach.md").read_text()

    @pytest.mark.parametrize("number", range(5))
    def test_each_statement_runs(self, eniola, number):
        statements = re.findall(r"```sql\n(.*?)```", self.PAGE, re.DOTALL)
        assert len(statements) == 5

        with connection.cursor() as cursor:
            cursor.execute(statements[number].rstrip().rstrip(";"))
            assert cursor.description

    def test_each_command_runs(self, eniola, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        # Somebody wrote one before, for everybody on the machine to read.
        (tmp_path / "affected.csv").write_text("x" * 100_000)
        (tmp_path / "affected.csv").chmod(0o644)
        house(name="Agbalumo Terrace", slug="agbalumo-terrace")
        commands = re.findall(r"^    manage\.py (affected_people.*)$", self.PAGE, re.MULTILINE)
        assert len(commands) == 5

        for command in commands:
            call_command(*command.split(), stdout=io.StringIO())

        assert oct((tmp_path / "affected.csv").stat().st_mode & 0o777) == "0o600"
        assert EMAIL in (tmp_path / "affected.csv").read_text()
        assert "xx" not in (tmp_path / "affected.csv").read_text()

    def test_guests_of_an_evening_are_found_with_an_account_or_without(self, eniola):
        since, until = (at("00:00") + timedelta(days=days) for days in (0, 4))
        out = io.StringIO()

        call_command(
            "affected_people",
            "bookings.guests",
            "--since",
            since.isoformat(),
            "--until",
            until.isoformat(),
            "--restaurant",
            "suya-spot",
            stdout=out,
        )

        assert out.getvalue().count(EMAIL) == 2
        assert "guest" in out.getvalue()
        assert "account" in out.getvalue()

    def test_an_unknown_question_is_refused(self, db):
        with pytest.raises(CommandError):
            call_command("affected_people", "everyone.everywhere")


def test_the_processing_register_is_current(capsys):
    call_command("document_processing", check=True)

    assert "current" in capsys.readouterr().out


# --- Real processes ---------------------------------------------------------------------------------------------------

# Loads Django once, and forks for each step it is told to die after: without a connection yet, so each opens its own.
RUN = """
import os, signal, sys
import django
django.setup()
from accounts.privacy.services import erasing
from core import personal_data

for line in sys.stdin:
    deadly = line.strip()
    child = os.fork()
    if not child:
        for eraser in personal_data._found["ERASERS"]:
            if eraser.name == deadly:
                inner = eraser.erase
                def die(subject, inner=inner):
                    inner(subject)
                    os.kill(os.getpid(), signal.SIGKILL)
                object.__setattr__(eraser, "erase", die)
        erasing.run(erasure_id=int(sys.argv[1]))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.long
@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_killed_after_any_step_it_goes_on_and_forgets_everything_once(eniola, tmp_path, private_files):
    from core import personal_data

    env = {**_environment(tmp_path, 8180), "DJANGO_SETTINGS_MODULE": "config.settings"}
    env["PRIVATE_ROOT"] = str(private_files)
    erasure = erasing.request_erasure(user=eniola)
    command = [sys.executable, "-c", RUN, str(erasure.pk)]
    with subprocess.Popen(command, env=env, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as dying:
        assert dying.stdin is not None and dying.stdout is not None
        for eraser in personal_data.erasers():
            let_fourteen_days_pass(erasure)
            print(eraser.name, file=dying.stdin, flush=True)
            assert dying.stdout.readline().strip() == str(-signal.SIGKILL)
            erasure.refresh_from_db()
            # What the killed step did was not noted, so it was not done either.
            assert not erasure.steps.get(eraser.name, {}).get("at")
            let_fourteen_days_pass(erasure)
            _finish_one_step(erasure, eraser.name)
        dying.stdin.close()

    let_fourteen_days_pass(erasure)
    assert erasing.run(erasure_id=erasure.pk)
    erasure.refresh_from_db()
    assert erasure.status == ErasureStatus.DONE
    assert [trace for trace in traces() if not trace.startswith("notifications.Message.")] == []
    assert len(list((private_files / "erasures").iterdir())) == 1


def _finish_one_step(erasure: Erasure, name: str) -> None:
    """Let the step that was killed run through in this process, and no further one."""
    from core import personal_data

    erasure = erasing._begin(erasure.pk)
    eraser = next(each for each in personal_data.erasers() if each.name == name)
    while not erasing._is_done(erasure, eraser):
        erasing._step(erasure, eraser, erasing._subject_from(erasure))


def wait_for(condition, seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.worker
def test_a_real_worker_puts_the_archive_together_and_writes_that_it_is_ready(
    celery_worker_process: RealProcess, settings, sandbox_process
):
    from sandbox.testing import SandboxClient

    user = UserFactory(name=NAME, email=EMAIL)
    root = Path(celery_worker_process.env["BUKA_HOME"]) / "private"
    private = {**settings.STORAGES["private"], "OPTIONS": {"location": root, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "private": private}
    sandbox = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    sandbox.reset()

    export = exporting.request_export(user=user)

    assert wait_for(lambda: Export.objects.get(pk=export.pk).status == ExportStatus.READY), "\n".join(
        celery_worker_process.lines[-20:]
    )
    assert wait_for(lambda: Message.objects.filter(kind="privacy.export_ready", status="sent").exists())
    _export, content = exporting.fetch_export(user=user, public_id=export.public_id, device="a")
    assert zipfile.is_zipfile(io.BytesIO(content))
    sandbox.http.close()


@pytest.mark.worker
@pytest.mark.long
def test_a_real_worker_looks_after_the_rules_at_night(celery_worker_process: RealProcess):
    erasing.request_erasure(user=UserFactory())
    Message.objects.update(created_at=timezone.now() - timedelta(days=400))
    env = {**celery_worker_process.env}
    command = [sys.executable, "-m", "celery", "-A", "config", "call", "privacy.retain"]
    subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=True, timeout=60)

    from core import personal_data

    rules = len(personal_data.policies())
    assert wait_for(lambda: RetentionRun.objects.filter(finished_at__isnull=False).count() >= rules)
    assert not RetentionRun.objects.exclude(error="").exists()
    assert not Message.objects.filter(created_at__lt=timezone.now() - timedelta(days=365)).exists()
