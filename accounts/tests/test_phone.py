"""Logging in with a phone number and a code, by pages and by API, through the sandbox's network."""

import re
import time
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import phone as phones_of
from accounts.adapters import AccountAdapter
from accounts.models import User
from accounts.selectors import restaurant_ids_where
from accounts.states import Ability
from accounts.tests.pages import PASSWORD, SECRET, app_code, is_logged_in, person, with_app
from core.audit.models import AuditEvent
from notifications import services as notifications
from notifications.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+2348031234567"
UNKNOWN = "+2348031239999"


@pytest.fixture(autouse=True)
def _nobody_rings(monkeypatch):
    """The tests send what is due themselves."""
    monkeypatch.setattr(notifications, "enqueue", lambda task, *args: True)


@pytest.fixture
def ada() -> User:
    return person(phone=PHONE, phone_verified_at=timezone.now())


def ask(client: Client, login: str) -> Any:
    return client.post(reverse("account_request_login_code"), {"login": login})


def give(client: Client, code: str, **more: str) -> Any:
    return client.post(reverse("account_confirm_login_code"), {"code": code, "action": "verify", **more})


def code_texted(sandbox: Any, to: str = PHONE) -> str:
    """Send what is due, and return the code in the newest text message to a number."""
    notifications.send_due()
    return str(sandbox.texts(to=to)[0]["code"])


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/auth/{path}", body, content_type="application/json")


class TestPages:
    @pytest.mark.parametrize("typed", ["0803 123 4567", "8031234567", "+234 (0) 803 123 4567", "2348031234567"])
    def test_a_number_in_any_spelling_logs_in_with_its_code(self, client, sandbox, ada, typed):
        answer = ask(client, typed)
        assert answer.url.endswith("/log-in/code/confirm/")

        give(client, code_texted(sandbox))

        assert client.session["_auth_user_id"] == str(ada.pk)
        assert not client.session.get("account_login")

    def test_the_code_is_six_digits_in_the_persons_language_and_good_for_five_minutes(self, client, sandbox, ada):
        User.objects.update(language="en")

        ask(client, PHONE)

        message = Message.objects.get()
        assert re.match(r"\d{6} is your Buka log-in code", message.sms_text)
        assert 290 < (message.useful_until - message.created_at).total_seconds() <= 300

    def test_a_wrong_code_may_be_given_thrice(self, client, sandbox, ada):
        ask(client, PHONE)
        right = code_texted(sandbox)
        wrong = "000000" if right != "000000" else "111111"

        for _try in range(3):
            give(client, wrong)
        give(client, right)

        assert not is_logged_in(client)

    def test_a_code_is_good_once(self, client, sandbox, ada):
        ask(client, PHONE)
        code = code_texted(sandbox)
        give(client, code)
        client.logout()
        ask(client, PHONE)

        give(client, code)

        assert not is_logged_in(client)

    def test_a_code_is_good_for_five_minutes(self, client, sandbox, ada):
        with time_machine.travel(time.time(), tick=False) as clock:
            ask(client, PHONE)
            code = re.match(r"\d{6}", Message.objects.get().sms_text)[0]
            clock.shift(301)

            give(client, code)

        assert not is_logged_in(client)

    def test_a_code_is_good_in_the_browser_that_asked_for_it(self, client, sandbox, ada):
        ask(client, PHONE)
        thief = Client()
        ask(thief, "ada@example.com")

        give(thief, code_texted(sandbox))

        assert not is_logged_in(thief)

    def test_a_code_can_be_sent_again_twice(self, client, sandbox, ada):
        ask(client, PHONE)
        first = code_texted(sandbox)

        give(client, "", action="resend")
        second = code_texted(sandbox)
        give(client, first)
        assert not is_logged_in(client)
        give(client, second)

        assert is_logged_in(client)
        assert len(sandbox.texts(to=PHONE)) == 2

    def test_a_number_somebody_merely_wrote_down_opens_nothing(self, client, sandbox):
        person(phone=PHONE)

        answer = ask(client, PHONE)
        notifications.send_due()

        assert answer.url.endswith("/log-in/code/confirm/")
        assert sandbox.texts() == []

    def test_closed_accounts_get_no_code(self, client, sandbox, ada):
        User.objects.update(is_active=False)

        ask(client, PHONE)
        notifications.send_due()

        assert sandbox.texts() == []

    def test_the_fourth_code_within_the_hour_is_refused_in_words(self, sandbox, ada):
        with time_machine.travel(time.time(), tick=False) as clock:
            for _time in range(3):
                ask(Client(), PHONE)
                # Past the limit a minute has.
                clock.shift(25)

            answer = ask(Client(), PHONE)

        assert answer.status_code == 429
        assert "No more codes can be sent to this number for now" in answer.content.decode()
        assert Message.objects.count() == 3

    @pytest.mark.parametrize("typed", ["0700 123 4567", "0201 234 5678", "080", "nobody"])
    def test_what_receives_no_text_messages_is_said_at_once(self, client, typed):
        answer = ask(client, typed)

        assert answer.status_code == 422
        assert not Message.objects.exists()

    def test_asks_for_the_second_factor_as_well(self, client, sandbox, ada):
        with_app(ada)
        ask(client, PHONE)

        answer = give(client, code_texted(sandbox))

        assert "/second-step/" in answer.url
        assert not is_logged_in(client)
        client.post(answer.url, {"code": app_code(SECRET)})
        assert is_logged_in(client)

    def test_staff_who_came_with_a_code_alone_have_no_ability(self, client, sandbox):
        admin = User.objects.create_superuser("admin@example.com", phone=PHONE, phone_verified_at=timezone.now())
        admin.emailaddress_set.update_or_create(email=admin.email, defaults={"verified": True, "primary": True})
        ask(client, PHONE)
        give(client, code_texted(sandbox))
        assert is_logged_in(client)

        answer = client.get(reverse("admin:index"))

        assert answer.status_code == 302
        admin.refresh_from_db()
        assert restaurant_ids_where(admin, Ability.SEE_BOOKINGS) == set()

    def test_a_password_with_a_phone_number_logs_in_too(self, client, ada):
        client.post(reverse("account_login"), {"login": "0803 123 4567", "password": PASSWORD})

        assert is_logged_in(client)


class TestTellingNothing:
    def walk(self, login: str) -> list[tuple[int, str, str]]:
        """Ask for a code, give a wrong one, have it sent again, give wrong ones until it is over."""
        client = Client()
        seen = []
        steps = [
            lambda: ask(client, login),
            lambda: client.get(reverse("account_confirm_login_code")),
            lambda: give(client, "000001"),
            lambda: give(client, "", action="resend"),
            lambda: client.get(reverse("account_confirm_login_code")),
            lambda: give(client, "000002"),
            lambda: give(client, "000003"),
            lambda: client.get(reverse("account_request_login_code")),
        ]
        for step in steps:
            answer = step()
            words = re.sub(r'nonce="[^"]+"|value="[^"]+"|\+234\d+', "", answer.content.decode())
            seen.append((answer.status_code, answer.headers.get("Location", ""), words))
        return seen

    def test_every_page_is_the_same_for_a_known_and_an_unknown_number(self, ada):
        assert self.walk("0803 123 4567") == self.walk("0803 123 9999")

    def test_an_unknown_number_leaves_nothing_behind(self, client, sandbox):
        ask(client, UNKNOWN)
        assert Message.objects.count() == 1

        notifications.send_due()

        assert not Message.objects.exists()
        assert sandbox.texts() == []

    def test_wrong_codes_are_noted_alike(self, ada):
        for login in (PHONE, UNKNOWN):
            client = Client()
            ask(client, login)
            give(client, "000001")

        assert AuditEvent.objects.filter(action="account.code_refused").count() == 2


class TestApi:
    def test_logs_in_with_a_code(self, client, sandbox, ada):
        asked = post(client, "code", phone="0803 123 4567")

        answer = post(client, "code/confirm", code=code_texted(sandbox))

        assert asked.status_code == 202, asked.content
        assert answer.status_code == 200, answer.content
        assert answer.json()["user"]["email"] == "ada@example.com"

    def test_answers_the_same_for_an_unknown_number(self, sandbox, ada):
        bodies = []
        for phone in (PHONE, UNKNOWN):
            client = Client()
            steps = [
                post(client, "code", phone=phone),
                post(client, "code/confirm", code="000001"),
                post(client, "code/resend"),
                post(client, "code/confirm", code="000002"),
                post(client, "code/confirm", code="000003"),
                post(client, "code/confirm", code="000004"),
            ]
            bodies.append([(step.status_code, step.content) for step in steps])

        assert bodies[0] == bodies[1]
        assert [status for status, _body in bodies[0]][:3] == [202, 400, 204]

    def test_refuses_the_fourth_code_within_the_hour(self, sandbox, ada):
        with time_machine.travel(time.time(), tick=False) as clock:
            for _time in range(3):
                assert post(Client(), "code", phone=PHONE).status_code == 202
                clock.shift(25)

            answer = post(Client(), "code", phone=PHONE)

        assert (answer.status_code, answer.json()["code"]) == (429, "sms_limit_reached")
        assert int(answer.headers["Retry-After"]) > 0

    @pytest.mark.parametrize("phone", ["", "12", "0700 123 4567", "x" * 500, None, ["+2348031234567"]])
    def test_refuses_what_is_no_phone(self, client, phone):
        assert 400 <= post(client, "code", phone=phone).status_code < 500
        assert not Message.objects.exists()


class TestChangingTheNumber:
    @pytest.fixture
    def client(self, client, ada) -> Client:
        client.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
        return client

    def give(self, client: Client, code: str) -> Any:
        return client.post(reverse("account_verify_phone"), {"code": code, "action": "verify"})

    def test_becomes_ones_own_when_its_code_is_given(self, client, sandbox, ada):
        client.post(reverse("account_change_phone"), {"phone": "0802 000 0001"})
        ada.refresh_from_db()
        assert ada.phone == PHONE

        self.give(client, code_texted(sandbox, "+2348020000001"))

        ada.refresh_from_db()
        assert ada.phone == "+2348020000001"
        assert ada.phone_verified_at is not None
        told = Message.objects.get(kind="account.phone_changed")
        assert told.recipient == "ada@example.com"
        assert "was changed" in told.subject
        assert "+234802000" not in told.body_text
        event = AuditEvent.objects.get(action="account.phone_changed")
        assert event.target_id == str(ada.public_id)

    def test_a_first_number_was_added_and_not_changed(self, client, sandbox, ada):
        User.objects.filter(pk=ada.pk).update(phone="", phone_index="", phone_verified_at=None)
        client.post(reverse("account_change_phone"), {"phone": "0802 000 0001"})

        self.give(client, code_texted(sandbox, "+2348020000001"))

        told = Message.objects.get(kind="account.phone_changed")
        assert "was added" in told.subject
        assert "changed" not in told.subject + told.body_text.partition("Was that you?")[0]

    def test_a_wrong_code_changes_nothing(self, client, sandbox, ada):
        client.post(reverse("account_change_phone"), {"phone": "0802 000 0001"})

        self.give(client, "000000")

        ada.refresh_from_db()
        assert ada.phone == PHONE

    def test_the_code_can_be_sent_again(self, client, sandbox, ada):
        client.post(reverse("account_change_phone"), {"phone": "0802 000 0001"})
        first = code_texted(sandbox, "+2348020000001")
        page = client.get(reverse("account_verify_phone")).content.decode()

        client.post(reverse("account_verify_phone"), {"action": "resend"})
        second = code_texted(sandbox, "+2348020000001")

        assert "Send the code again" in page
        assert "have a signal" in page and "unwanted mail" not in page
        self.give(client, first)
        ada.refresh_from_db()
        assert ada.phone == PHONE
        self.give(client, second)
        ada.refresh_from_db()
        assert ada.phone == "+2348020000001"

    def test_it_is_sent_again_twice_at_most(self, client, sandbox, ada):
        client.post(reverse("account_change_phone"), {"phone": "0802 000 0001"})

        for _try in range(4):
            client.post(reverse("account_verify_phone"), {"action": "resend"})
        notifications.send_due()

        assert len(sandbox.texts(to="+2348020000001")) == 3
        assert "Send the code again" not in client.get(reverse("account_verify_phone")).content.decode()

    def test_somebody_elses_number_is_found_out_by_its_owner_only(self, client, sandbox, ada):
        other = person(email="other@example.com", phone="+2348020000001", phone_verified_at=timezone.now())

        asked = client.post(reverse("account_change_phone"), {"phone": "0802 000 0001"})
        answer = self.give(client, code_texted(sandbox, "+2348020000001"))

        assert asked.status_code == 302
        assert answer.status_code == 422
        ada.refresh_from_db()
        other.refresh_from_db()
        assert (ada.phone, other.phone) == (PHONE, "+2348020000001")

    def test_two_people_cannot_prove_one_number_at_once(self, ada):
        other = person(email="other@example.com")

        with pytest.raises(phones_of.PhoneTaken), transaction.atomic():
            phones_of.set_phone(user=other, phone=PHONE, is_verified=True)

        other.refresh_from_db()
        assert (other.phone, other.phone_verified_at) == ("", None)

    def test_given_by_somebody_else_is_theirs_to_answer_for(self, ada):
        admin = person(email="admin@example.com")

        phones_of.set_phone(user=ada, phone="+2348020000001", is_verified=False, by=admin)

        ada.refresh_from_db()
        assert (ada.phone, ada.phone_verified_at) == ("+2348020000001", None)
        event = AuditEvent.objects.get(action="account.phone_changed")
        assert (event.actor_id, event.target_id) == (admin.public_id, str(ada.public_id))

    def test_a_shared_number_may_be_written_down_by_many(self, ada):
        other = person(email="other@example.com")

        phones_of.set_phone(user=other, phone=PHONE, is_verified=False)

        assert AccountAdapter().get_user_by_phone(PHONE) == ada
        assert AccountAdapter().get_phone(other) == (PHONE, False)


def test_the_field_wants_a_number_that_receives_text_messages():
    field = AccountAdapter().phone_form_field(required=False)

    assert field.clean("0803 123 4567") == PHONE
    assert field.clean("") == ""
    with pytest.raises(ValidationError):
        field.clean("0700 123 4567")


class TestNewNumbersInADay:
    """Each new number is a text message to somebody who may be a stranger."""

    def numbers_asked(self, client: Client, count: int, first: int, *, by_page: bool = False) -> list[int]:
        statuses = []
        with time_machine.travel(time.time(), tick=False) as clock:
            for number in range(first, first + count):
                typed = f"+23480312{number:05d}"
                if by_page:
                    answer = client.post(reverse("account_change_phone"), {"phone": typed})
                else:
                    answer = post(client, "phone", phone=typed)
                statuses.append(answer.status_code)
                # Past what a minute has.
                clock.shift(21)
        return statuses

    @pytest.mark.parametrize("by_page", [True, False])
    def test_an_account_has_five(self, client: Client, by_page: bool) -> None:
        person()
        post(client, "login", email="ada@example.com", password=PASSWORD)

        statuses = self.numbers_asked(client, 6, 0, by_page=by_page)

        assert statuses == [302 if by_page else 202] * 5 + [429]
        assert Message.objects.filter(kind="account.phone_confirmation").count() == 5

    def test_an_address_has_twenty(self) -> None:
        statuses = []
        for number in range(5):
            person(email=f"demo{number}@example.com")
            client = Client(REMOTE_ADDR="203.0.113.9")
            post(client, "login", email=f"demo{number}@example.com", password=PASSWORD)
            statuses += self.numbers_asked(client, 5, number * 10)

        assert statuses == [202] * 20 + [429] * 5
        assert Message.objects.filter(kind="account.phone_confirmation").count() == 20
