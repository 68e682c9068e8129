"""The guards' pages in the back office: clocks, answers, drafts; closed to everybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from accounts.privacy.admin import BreachAdmin
from accounts.privacy.models import Breach, Consent, DataRequest, PrivacySettings, RetentionRun
from accounts.privacy.services import breaches, consents, erasing, exporting, requests, retaining
from accounts.privacy.states import Door, RequestKind, RequestStatus, Risk
from accounts.tests.back_office import filled_in
from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent
from core.testing import log_in
from notifications.models import Message

pytestmark = pytest.mark.django_db
MODELS = ["consent", "export", "erasure", "erased", "datarequest", "retentionrun", "breach", "privacysettings"]


@pytest.fixture
def guard():
    return UserFactory(is_superuser=True, is_staff=True)


@pytest.fixture
def client(guard):
    client = Client()
    log_in(client, guard)
    return client


@pytest.fixture
def rows():
    """One of everything, so that every page has something to show."""
    user = UserFactory()
    consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)
    export = exporting.request_export(user=user)
    erasing.request_erasure(user=user)
    requests.take_request(
        kind=RequestKind.OTHER, name="Bola", email="bola@example.com", message="Why?", address="203.0.113.7"
    )
    retaining.run(policy="privacy.exports", dry_run=True)
    Breach.objects.create(title="A lost laptop", what="It was left in a danfo.")
    return export


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_rows_open_for_the_guard(client, rows, model):
    answer = client.get(f"/admin/privacy/{model}/", follow=True)

    assert answer.status_code == 200
    page = admin.site._registry
    for known, registered in page.items():
        if known._meta.label_lower == f"privacy.{model}":
            row = registered.model.objects.first()
            if row is not None:
                assert client.get(f"/admin/privacy/{model}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_staff_of_a_house_and_guards_without_a_second_factor_are_kept_out(rows, guard, model):
    staff, half = UserFactory(is_staff=True), Client()
    client = Client()
    log_in(client, staff)
    log_in(half, guard, second_factor=False)

    for asker in (client, half, Client()):
        answer = asker.get(f"/admin/privacy/{model}/")
        assert answer.status_code in (302, 403, 404), answer.status_code


@pytest.mark.parametrize("model", ["consent", "export", "erasure", "erased", "retentionrun"])
def test_proof_is_read_and_never_edited(client, rows, model):
    registered = next(page for known, page in admin.site._registry.items() if known._meta.model_name == model)
    row = registered.model.objects.first()

    assert client.get(f"/admin/privacy/{model}/add/").status_code == 403
    if row is not None:
        assert client.post(f"/admin/privacy/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert client.post(f"/admin/privacy/{model}/{row.pk}/change/", {}).status_code == 403


class TestRequests:
    def test_are_answered_by_mail_from_the_page(self, client, rows, guard):
        row = DataRequest.objects.get()

        client.post(f"/admin/privacy/datarequest/{row.pk}/answer/", {"answer": "We have looked into it."})

        row.refresh_from_db()
        assert (row.status, row.answered_by) == (RequestStatus.ANSWERED, guard)
        assert "We have looked into it." in Message.objects.get(kind="privacy.request_answered").body_text

    def test_show_how_long_there_is(self, client, rows):
        DataRequest.objects.update(due_at=timezone.now() - timedelta(hours=1))

        assert "Overdue" in client.get("/admin/privacy/datarequest/").content.decode()

    def test_without_a_booking_shown_nobody_is_erased(self, client, rows):
        row = DataRequest.objects.get()

        answer = client.post(f"/admin/privacy/datarequest/{row.pk}/erase/", follow=True)

        assert "has not shown a booking" in answer.content.decode()
        assert not row.erasures.exists()

    @pytest.mark.parametrize("deed", ["answer", "archive"])
    def test_a_link_alone_does_nothing(self, client, rows, deed):
        row = DataRequest.objects.get()

        assert client.get(f"/admin/privacy/datarequest/{row.pk}/{deed}/").status_code == 405


class TestBreaches:
    def clock(self, **fields) -> str:
        breach = Breach(pk=1, title="A", what="B", **fields)
        return str(BreachAdmin(Breach, admin.site).shown_clock(breach)[1])

    def test_the_clock_runs_seventy_two_hours_from_the_discovery(self):
        now = timezone.now()

        assert self.clock(discovered_at=now - timedelta(hours=70, minutes=1)) == "1 hour left"
        assert self.clock(discovered_at=now - timedelta(hours=73)) == "The 72 hours are over"
        assert self.clock(discovered_at=now - timedelta(hours=80), risk=Risk.NONE) == "Need not be told"
        told = {"discovered_at": now - timedelta(hours=80), "commission_told_at": now - timedelta(hours=10)}
        assert self.clock(**told) == "Told in time"
        assert self.clock(**{**told, "commission_told_at": now}) == "Told late"

    def test_is_written_down_and_changed_with_a_trace(self, client, guard):
        page = client.get("/admin/privacy/breach/add/")
        client.post(
            "/admin/privacy/breach/add/",
            {**filled_in(page), "title": "A lost laptop", "what": "In a danfo.", "risk": "high",
             "discovered_at_0": "2026-11-20", "discovered_at_1": "10:00:00"},
        )  # fmt: skip
        breach = Breach.objects.get()
        assert breach.created_by == guard
        assert AuditEvent.objects.get(action="privacy.breach_recorded").target_id == str(breach.public_id)

    def test_its_page_says_how_long_there_is_in_words(self, client, rows):
        page = client.get(f"/admin/privacy/breach/{Breach.objects.get().pk}/change/").content.decode()

        assert "71 hours left" in page
        assert "(&#x27;" not in page
        assert "72 hours from the discovery" in client.get("/admin/privacy/breach/add/").content.decode()

    def test_drafts_say_what_is_known_and_mark_what_is_not(self, client, rows):
        PrivacySettings.objects.create(pk=1, officer_name="Ngozi Bello", controller="Buka Ltd")
        breach = Breach.objects.get()

        commission = client.get(f"/admin/privacy/breach/{breach.pk}/draft/commission/").content.decode()
        people = client.get(f"/admin/privacy/breach/{breach.pk}/draft/people/").content.decode()

        assert "It was left in a danfo." in commission
        assert "Buka Ltd" in commission
        assert "[…]" in commission
        assert "Ngozi Bello" in people
        assert client.get(f"/admin/privacy/breach/{breach.pk}/draft/nobody/").status_code == 404

    def test_the_draft_says_each_time_on_nigerias_clock_with_its_zone(self, client, rows):
        breach = Breach.objects.get()
        for day, column in enumerate(["discovered_at", "began_at", "ended_at", "people_told_at"], start=1):
            setattr(breach, column, datetime(2026, 11, day, 23, 30, tzinfo=UTC))
        breach.save()

        draft = client.get(f"/admin/privacy/breach/{breach.pk}/draft/commission/").content.decode()
        people = client.get(f"/admin/privacy/breach/{breach.pk}/draft/people/").content.decode()

        times = dict(line.split(": ", 1) for line in draft.splitlines() if " WAT" in line)
        assert times == {
            "Discovered": "2026-11-02 00:30 WAT (UTC+0100)",
            "To be told by": "2026-11-05 00:30 WAT (UTC+0100)",
            "Began": "2026-11-03 00:30 WAT (UTC+0100)",
            "Ended": "2026-11-04 00:30 WAT (UTC+0100)",
            "They were told": "2026-11-05 00:30 WAT (UTC+0100)",
        }
        assert "Monday, 2 November 2026" in people
        assert draft == breaches.draft(breach=breach, to="commission")

    def test_asks_about_the_time_of_the_breach(self, client, rows):
        breach = Breach.objects.get()
        breach.began_at = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
        breach.ended_at = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
        breach.save()

        page = client.get(f"/admin/privacy/breach/{breach.pk}/affected/").content.decode()

        assert 'value="2026-11-02T00:30"' in page
        assert 'value="2026-11-03T09:00"' in page

    def test_says_how_many_of_them_it_lists(self, client, rows):
        UserFactory.create_batch(23)
        path = f"/admin/privacy/breach/{Breach.objects.get().pk}/affected/"

        page = client.post(path, {"query": "accounts.everybody"}).content.decode()

        assert "25 people" in page
        assert "20 of 25 are listed here" in page
        assert page.count("<bdi") >= 20

    def test_an_unknown_house_is_not_nobody(self, client, rows):
        path = f"/admin/privacy/breach/{Breach.objects.get().pk}/affected/"
        asked = {"query": "bookings.guests", "since": "2026-11-01T00:00", "until": "2026-11-02T00:00"}

        unknown = client.post(path, {**asked, "restaurant": "no-such-house"}).content.decode()
        known = client.post(path, asked).content.decode()

        assert "No restaurant has this name" in unknown
        assert "0 people" not in unknown
        assert "0 people" in known
        assert AuditEvent.objects.filter(action="privacy.affected_listed").count() == 1

    def test_lists_the_people_and_who_looked_is_recorded(self, client, rows, guard):
        breach = Breach.objects.get()
        path = f"/admin/privacy/breach/{breach.pk}/affected/"

        shown = client.post(path, {"query": "accounts.everybody"})
        table = client.post(path, {"query": "accounts.everybody", "csv": "1"})
        unfinished = client.post(path, {"query": "accounts.signed_in"})

        assert "2 people" in shown.content.decode()
        assert rows.user.email not in shown.content.decode()
        assert rows.user.email in table.content.decode()
        assert "needs a beginning and an end" in unfinished.content.decode()
        assert AuditEvent.objects.filter(action="privacy.affected_listed", actor_id=guard.public_id).count() == 2


def test_there_is_one_row_of_who_answers(client):
    first = client.get("/admin/privacy/privacysettings/", follow=True)
    client.post("/admin/privacy/privacysettings/add/", {**filled_in(first), "controller": "Buka Ltd"})
    second = client.get("/admin/privacy/privacysettings/", follow=True)

    assert PrivacySettings.load().controller == "Buka Ltd"
    assert second.context["original"].pk == 1
    assert client.get("/admin/privacy/privacysettings/add/").status_code == 403


def test_counting_again_removes_nothing(client, rows):
    run = RetentionRun.objects.get()

    client.post("/admin/privacy/retentionrun/", {"action": "count_again", "_selected_action": [run.pk]})

    assert RetentionRun.objects.count() == 2
    assert not RetentionRun.objects.filter(is_dry_run=False).exists()
    assert Consent.objects.exists()
