"""Wrong codes of the second factor, by page and by door: waiting is said as what it is, and their pile is told."""

import time
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from accounts.second_factor.models import AuthenticatorApp
from accounts.tests.pages import PASSWORD, app_code, is_logged_in, log_in, person, with_app
from core.audit.models import AuditEvent
from notifications.models import Message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def ada() -> User:
    return with_app(person())


@pytest.fixture
def after_password(ada: User) -> Client:
    client = Client()
    log_in(client)
    return client


def by_page(client: Client, code: str) -> Any:
    return client.post(reverse("mfa_authenticate"), {"code": code})


def post(client: Client, path: str, **body: str) -> Any:
    return client.post(f"/api/auth/{path}", body, content_type="application/json")


def by_api(client: Client, code: str) -> Any:
    return post(client, "2fa/verify", code=code)


def wrong() -> str:
    return "000000" if app_code() != "000000" else "111111"


class TestByPage:
    def test_a_right_code_in_the_pause_is_not_called_wrong(self, after_password: Client) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            by_page(after_password, wrong())
            paused = by_page(after_password, app_code())
            clock.shift(1)
            in_time = by_page(after_password, app_code())

        page = paused.content.decode()
        assert paused.status_code == 429
        assert paused["Retry-After"] == "1"
        assert "this one was not looked at" in page
        assert "Try again in 1 second." in page
        assert "not right" not in page
        assert in_time.status_code == 302
        assert is_logged_in(after_password)

    def test_the_five_in_five_minutes_are_said_too(self, after_password: Client) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            for _try in range(5):
                by_page(after_password, wrong())
                clock.shift(20)
            refused = by_page(after_password, app_code())

        assert refused.status_code == 429
        assert refused["Retry-After"] == "200"
        assert "Try again in 4 minutes." in refused.content.decode()
        assert not is_logged_in(after_password)

    def test_who_asks_too_early_uses_up_no_try(self, after_password: Client) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            by_page(after_password, wrong())
            for _try in range(8):
                by_page(after_password, app_code())
            clock.shift(1)
            by_page(after_password, app_code())

        assert is_logged_in(after_password)

    def test_a_recovery_code_does_not_wait_for_the_app(self, ada: User, after_password: Client) -> None:
        from allauth.mfa.models import Authenticator

        codes = Authenticator.objects.get(user=ada, type=Authenticator.Type.RECOVERY_CODES).wrap()
        by_page(after_password, wrong())

        by_page(after_password, codes.get_unused_codes()[0])

        assert is_logged_in(after_password)

    def test_showing_it_again_says_it_as_well(self, ada: User, after_password: Client) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            by_page(after_password, app_code())
            clock.shift(400)
            for _try in range(5):
                # This device knows the account: it waits after five.
                after_password.post(reverse("mfa_reauthenticate"), {"code": wrong()})
            paused = after_password.post(reverse("mfa_reauthenticate"), {"code": app_code()})

        assert paused.status_code == 429
        assert "this one was not looked at" in paused.content.decode()


class TestByDoor:
    def test_a_right_code_in_the_pause_has_a_code_of_its_own(self, after_password: Client) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            refused = by_api(after_password, wrong())
            clock.shift(1)
            by_api(after_password, wrong())
            paused = by_api(after_password, app_code())
            clock.shift(2)
            in_time = by_api(after_password, app_code())

        assert refused.status_code == 400
        assert (paused.status_code, paused.json()["code"]) == (429, "account_second_factor_paused")
        assert paused.json()["retry_after"] == 2
        assert paused["Retry-After"] == "2"
        assert in_time.status_code == 200, in_time.content

    def test_reauthenticating_has_it_as_well(self, after_password: Client) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            by_api(after_password, app_code())
            clock.shift(60)
            for _try in range(5):
                post(after_password, "reauthenticate", code=wrong())
            paused = post(after_password, "reauthenticate", code=app_code())

        assert paused.json()["code"] == "account_second_factor_paused"

    def test_whoever_has_not_passed_the_password_learns_nothing(self, after_password: Client) -> None:
        by_api(after_password, wrong())
        stranger = Client()

        answers = [by_api(stranger, app_code()), post(stranger, "login", email="ada@example.com", password="wrong")]

        assert [each.json()["code"] for each in answers] == ["not_authenticated", "invalid_input"]


class TestThePile:
    @pytest.fixture(autouse=True)
    def _slowly(self, settings: Any) -> None:
        """As if whoever guesses took their time."""
        settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login_failed": "1000/m/key"}

    def guess(self, times: int) -> None:
        client = Client()
        log_in(client)
        for _try in range(times):
            AuthenticatorApp.objects.update(throttling_failure_timestamp=None)
            assert by_api(client, wrong()).status_code == 400

    def test_is_told_to_the_owner_once(self, ada: User) -> None:
        self.guess(4)
        assert not Message.objects.filter(kind="account.factor_guessed").exists()

        self.guess(4)

        told = Message.objects.get(kind="account.factor_guessed")
        assert told.recipient == "ada@example.com"
        assert "/account/security/" in told.body_text
        event = AuditEvent.objects.get(action="account.factor_guessed")
        assert event.target_id == str(ada.public_id)

    def test_is_not_for_wrong_passwords(self, ada: User) -> None:
        for _try in range(7):
            log_in(Client(), password=PASSWORD + "!")

        assert not Message.objects.filter(kind="account.factor_guessed").exists()


class TestWhoKnowsThePassword:
    """Wrong codes from elsewhere do not keep the owner out on a device of theirs."""

    @pytest.fixture
    def own_device(self, after_password: Client) -> Client:
        assert by_page(after_password, app_code(steps_ahead=-1)).status_code == 302
        after_password.post(reverse("account_logout"))
        return after_password

    @pytest.fixture
    def locked(self, own_device: Client) -> None:
        thief = Client(REMOTE_ADDR="203.0.113.9")
        post(thief, "login", email="ada@example.com", password=PASSWORD)
        with time_machine.travel(time.time() - 120, tick=False) as clock:
            for _try in range(5):
                assert by_api(thief, "no code").status_code == 400
                clock.shift(20)
        by_api(thief, wrong())
        assert by_api(thief, app_code()).status_code == 429

    @pytest.mark.parametrize("give", [by_page, by_api])
    def test_the_owner_gets_in(self, own_device: Client, locked: None, give: Any) -> None:
        log_in(own_device)
        assert give(own_device, app_code()).status_code in (200, 302)

        assert is_logged_in(own_device)

    def test_the_apps_own_pause_does_not_hold_them_up(self, own_device: Client) -> None:
        AuthenticatorApp.objects.update(throttling_failure_count=9, throttling_failure_timestamp=timezone.now())
        stranger = Client(REMOTE_ADDR="203.0.113.9")
        log_in(stranger)
        assert by_page(stranger, app_code()).status_code == 429

        log_in(own_device)
        by_page(own_device, app_code())

        assert is_logged_in(own_device)

    def test_five_wrong_codes_from_their_own_device_make_it_wait(self, own_device: Client) -> None:
        log_in(own_device)
        for _try in range(5):
            assert by_page(own_device, wrong()).status_code == 422

        assert by_page(own_device, app_code()).status_code == 429
        assert not is_logged_in(own_device)
