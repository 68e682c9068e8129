"""Pages about personal data, without a script: what they show, what they refuse, whom they let in."""

import re
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.privacy import notice as privacy_notice
from accounts.privacy import processing, selectors
from accounts.privacy.models import DataRequest, Erasure, Export, PrivacySettings
from accounts.privacy.services import consents, erasing, exporting
from accounts.privacy.states import Door
from accounts.tests.factories import UserFactory
from core import encryption, personal_data
from core.testing import log_in
from notifications.models import Message

pytestmark = pytest.mark.django_db
OWN = ["", "consents/", "archive/", "erase/"]


@pytest.fixture
def user():
    return UserFactory(name="Ẹniọlá Òjó")


@pytest.fixture
def client(user):
    client = Client()
    log_in(client, user)
    return client


def signed_in_long_ago(client: Client) -> None:
    session = client.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**record, "at": time.time() - 600} for record in records]
    session.save()


# Rules for rows that name rows or count them, and no person.
NAMES_NOBODY = {"core.outbox", "privacy.retention_runs"}


class TestNotice:
    def test_tells_what_the_code_does(self):
        page = Client().get("/en/privacy/").content.decode()

        for policy in personal_data.policies():
            assert str(policy.label).replace("'", "&#x27;") in page, policy.name
        for activity in processing.ACTIVITIES:
            assert str(activity.label).replace("'", "&#x27;") in page
        for what in privacy_notice.ENCRYPTED.values():
            assert str(what).replace("'", "&#x27;") in page

    def test_says_what_is_encrypted_in_words_and_knows_all_of_it(self):
        columns = {f"{place.model._meta.label}.{place.column}" for place in encryption.places()}

        assert columns == set(privacy_notice.ENCRYPTED)
        page = Client().get("/en/privacy/").content.decode()
        assert "authenticator:" not in page.lower()
        assert "idempotency" not in page.lower()

    def test_every_use_ends_by_a_rule_that_there_is(self):
        known = {policy.name for policy in personal_data.policies()}

        assert {name for activity in processing.ACTIVITIES for name in activity.kept} <= known
        assert all(activity.kept for activity in processing.ACTIVITIES)

    def test_every_rule_about_people_ends_a_use_that_is_told(self):
        told = {name for activity in processing.ACTIVITIES for name in activity.kept}

        assert {policy.name for policy in personal_data.policies()} - told == NAMES_NOBODY

    def test_tells_that_partner_apps_see_bookings(self):
        page = Client().get("/en/privacy/").content.decode()

        assert "Partner apps of restaurants" in page
        assert "the partner apps that it lets see its bookings" in page

    def test_names_who_answers(self):
        PrivacySettings.objects.create(pk=1, officer_name="Ngozi Bello", officer_email="dpo@example.com")

        page = Client().get("/en/privacy/").content.decode()

        assert "Ngozi Bello" in page
        assert "mailto:dpo@example.com" in page

    @pytest.mark.parametrize("language", ["ha", "yo", "ar", "ja", "zh-hans"])
    def test_opens_in_every_language(self, language):
        assert Client().get(f"/{language}/privacy/").status_code == 200

    def test_is_linked_from_the_footer(self):
        assert 'href="/en/privacy/"' in Client().get("/en/privacy/terms/").content.decode()

    def test_costs_few_queries(self, django_assert_max_num_queries):
        with django_assert_max_num_queries(2):
            Client().get("/en/privacy/")


def test_an_erasure_that_was_asked_for_is_not_offered_again_and_says_how_to_stop_it(client, user):
    log_in(client, user)
    offered = [client.get(f"/en/account/privacy/{path}").content.decode() for path in ("", "erase/")]
    erasing.request_erasure(user=user)

    pending = [client.get(f"/en/account/privacy/{path}").content.decode() for path in ("", "erase/")]

    assert all("btn--danger" in page for page in offered)
    assert not any("btn--danger" in page for page in pending)
    assert all("Keep my account" in page for page in pending)
    assert "Logging in alone does not keep it" in offered[1]
    assert "You can still change your mind" in pending[1]


class TestDates:
    """Days and times as on every other page, in the words of the language that is read."""

    @pytest.mark.parametrize(
        ("language", "day", "moment"),
        [
            ("en", "Sunday, 13 December 2026", "Sunday, 29 November 2026, 9:08 pm"),
            ("ha", "Lahadi 13 Disamba, 2026", "Lahadi 29 Nuwamba, 2026"),
        ],
    )
    def test_are_written_as_everywhere(self, client, user, language, day, moment):
        with time_machine.travel(datetime(2026, 11, 29, 20, 8, tzinfo=UTC), tick=False):
            consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)
            erasing.request_erasure(user=user)
            export = exporting.request_export(user=user)
            exporting.build(export_id=export.pk)
            exporting.fetch_export(user=user, public_id=export.public_id, device="a")
            log_in(client, user)
            pages = {
                path: client.get(f"/{language}/account/privacy/{path}").content.decode()
                for path in ("erase/", "archive/", "consents/")
            }

        assert day in pages["erase/"]
        assert moment in pages["archive/"]
        assert moment in pages["consents/"]


class TestWhoMayEnter:
    @pytest.mark.parametrize("path", OWN)
    def test_a_stranger_is_led_to_the_log_in(self, path):
        answer = Client().get(f"/en/account/privacy/{path}")

        assert answer.status_code == 302
        assert "/account/log-in/" in answer["Location"]

    @pytest.mark.parametrize("path", OWN)
    def test_nobody_keeps_a_copy(self, client, path):
        answer = client.get(f"/en/account/privacy/{path}")

        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]

    @pytest.mark.parametrize("path", ["archive/", "erase/"])
    def test_who_signed_in_long_ago_proves_it_again(self, client, user, path):
        user.set_password("eat-well-tonight")
        user.save()
        log_in(client, user)
        signed_in_long_ago(client)

        answer = client.post(f"/en/account/privacy/{path}", {"understands": "on"})

        assert answer.status_code == 302
        assert "/account/again/" in answer["Location"]
        assert not Export.objects.exists()
        assert not Erasure.objects.exists()


class TestConsents:
    def test_a_switch_is_on_after_it_was_sent_and_off_after_it_was_not(self, client, user):
        client.post("/en/account/privacy/consents/", {"marketing": "on", "location": "on"})
        on = set(selectors.standing_consents(user))
        client.post("/en/account/privacy/consents/", {"location": "on"})

        assert on == {"marketing", "location"}
        assert set(selectors.standing_consents(user)) == {"location"}
        assert selectors.history_of(user).count() == 2

    def test_shows_what_was_said_when(self, client, user):
        consents.choose(user=user, choices={"marketing": True}, door=Door.API)

        page = client.get("/en/account/privacy/consents/").content.decode()

        assert re.search(r'name="marketing"[^>]*checked', page)
        assert not re.search(r'name="location"[^>]*checked', page)


class TestArchive:
    def test_from_the_wish_to_the_file(self, client, user):
        client.post("/en/account/privacy/archive/")
        waiting = client.get("/en/account/privacy/archive/").content.decode()
        exporting.build_due()
        ready = client.get("/en/account/privacy/archive/").content.decode()
        link = re.search(r'href="(/en/account/privacy/archive/[0-9a-f-]+/file/)"', ready)[1]

        peeked = client.head(link)
        file = client.get(link)

        assert "being put together" in waiting
        assert peeked.status_code == 200
        assert (file.status_code, file["Content-Type"]) == (200, "application/zip")
        assert "attachment" in file["Content-Disposition"]
        assert "Ask for my archive" in client.get("/en/account/privacy/archive/").content.decode()

    def test_another_device_finds_it_fetched(self, client, user):
        export = exporting.request_export(user=user)
        exporting.build(export_id=export.pk)
        link = f"/en/account/privacy/archive/{export.public_id}/file/"
        client.get(link)
        other = Client()
        log_in(other, user)

        answer = other.get(link)

        assert answer.status_code == 410
        assert "Ask for a new one" in answer.content.decode()


class TestErasure:
    def test_tells_what_stays_and_why_before_it_asks(self, client):
        page = client.get("/en/account/privacy/erase/").content.decode()

        for eraser in personal_data.erasers():
            assert str(eraser.why).replace("'", "&#x27;") in page

    def test_a_slip_of_the_thumb_erases_nobody(self, client):
        answer = client.post("/en/account/privacy/erase/", {})

        assert answer.status_code == 422
        assert not Erasure.objects.exists()

    def test_is_asked_for_and_taken_back(self, client, user):
        client.post("/en/account/privacy/erase/", {"understands": "on"})
        open_one = selectors.open_erasure_of(user)
        home = client.get("/en/account/privacy/").content.decode()
        client.post("/en/account/privacy/erase/", {"keep": "1"})

        assert open_one is not None
        assert "will be erased on" in home
        assert selectors.open_erasure_of(user) is None

    def test_the_link_from_the_mail_keeps_the_account_without_signing_in(self, user):
        erasure = erasing.request_erasure(user=user)
        link = re.search(r"/en/privacy/keep/\S+", Message.objects.get(kind="privacy.erasure_requested").body_text)[0]
        stranger = Client()

        opened = stranger.get(link)
        token = link.partition("token=")[2]
        kept = stranger.post(link.partition("?")[0], {"token": token})

        assert opened.status_code == 200
        erasure.refresh_from_db()
        assert kept.status_code == 200
        assert erasure.status == "cancelled"

    def test_whoever_signs_in_meanwhile_is_reminded(self, user):
        user.set_password("eat-well-tonight")
        user.save()
        erasing.request_erasure(user=user)
        client = Client()

        answer = client.post("/en/account/log-in/", {"login": user.email, "password": "eat-well-tonight"}, follow=True)

        assert "Your account will be erased on" in answer.content.decode()

    def test_opening_the_link_alone_does_nothing(self, user):
        erasure = erasing.request_erasure(user=user)

        Client().get(urlsplit(erasing.keep_url(erasure))._replace(scheme="", netloc="").geturl())

        erasure.refresh_from_db()
        assert erasure.status == "regret"

    def test_a_made_up_link_is_not_found(self, user):
        erasure = erasing.request_erasure(user=user)

        assert Client().get(f"/en/privacy/keep/{erasure.public_id}/?token=abc").status_code == 404
        assert Client().post(f"/en/privacy/keep/{erasure.public_id}/", {"token": "abc"}).status_code == 404


class TestRequest:
    ASK = {"kind": "grievance", "name": "Bola", "email": "bola@example.com", "message": "You kept my number."}

    def test_anybody_may_complain_and_gets_an_acknowledgement(self):
        answer = Client().post("/en/privacy/request/", self.ASK)

        assert answer.status_code == 302
        request = DataRequest.objects.get()
        assert (request.kind, request.name) == ("grievance", "Bola")
        assert Message.objects.filter(kind="privacy.request_received", recipient="bola@example.com").count() == 1

    def test_a_program_that_fills_in_everything_gets_nothing_done(self):
        answer = Client().post("/en/privacy/request/", {**self.ASK, "website": "http://spam.example"})

        assert answer.status_code == 302
        assert not DataRequest.objects.exists()
        assert not Message.objects.exists()

    @pytest.mark.parametrize(
        "wrong",
        [{"name": ""}, {"email": "nobody"}, {"message": ""}, {"kind": "spam"}, {"code": "ABC DEF"}, {"contact": "1"}],
        ids=str,
    )
    def test_says_what_is_missing(self, wrong):
        answer = Client().post("/en/privacy/request/", {**self.ASK, **wrong})

        assert answer.status_code == 422
        assert not DataRequest.objects.exists()

    def test_the_fourth_for_one_mailbox_is_told_to_wait(self):
        for _time in range(3):
            Client().post("/en/privacy/request/", self.ASK)

        answer = Client().post("/en/privacy/request/", self.ASK)

        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0
        assert DataRequest.objects.count() == 3

    def test_is_kept_with_the_account_of_who_asks(self, client, user):
        client.post("/en/privacy/request/", self.ASK)

        assert DataRequest.objects.get().user == user


class TestSigningUp:
    ASK = {
        "email": "new@example.com",
        "password1": "eat-well-tonight",
        "name": "Bola",
        "accepts_terms": "on",
        "is_adult": "on",
    }

    def test_asks_for_the_terms_and_ones_age(self):
        for name in ("accepts_terms", "is_adult"):
            answer = Client().post(
                "/en/account/register/", {key: value for key, value in self.ASK.items() if key != name}
            )
            assert answer.status_code in (200, 422)
        assert not type(UserFactory()).objects.filter(email="new@example.com").exists()

    def test_keeps_what_was_accepted(self):
        Client().post("/en/account/register/", self.ASK)

        person = type(UserFactory()).objects.get(email="new@example.com")
        accepted = {consent.purpose: consent for consent in selectors.history_of(person)}
        assert set(accepted) == {"terms", "privacy_notice", "adult"}
        assert all(consent.door == "sign_up" for consent in accepted.values())
        assert (timezone.now() - accepted["adult"].given_at).total_seconds() < 60
