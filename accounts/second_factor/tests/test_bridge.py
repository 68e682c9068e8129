"""The seam between allauth and django-otp: what allauth's code must still look like for the bridge to hold."""

import inspect
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth, flows
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.second_factor import bridge
from accounts.second_factor.codes import code_now
from accounts.second_factor.models import AuthenticatorApp
from accounts.second_factor.services import enrol, remove_all
from accounts.selectors import has_second_factor
from accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def enrolled() -> tuple[User, Authenticator]:
    user = UserFactory()
    enrol(user, SECRET)
    return user, Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)


def test_allauth_still_has_the_seam() -> None:
    assert Authenticator(type=Authenticator.Type.TOTP).wrap().__class__ is bridge.BridgedTOTP
    assert flows.TOTP is bridge.BridgedTOTP
    assert auth.validate_totp_code is bridge.validate_totp_code
    original = bridge.BridgedTOTP.__mro__[1]
    assert list(inspect.signature(original.activate).parameters) == ["user", "secret"]
    assert list(inspect.signature(original.validate_code).parameters) == ["self", "code"]


def test_the_secret_is_not_stored_in_the_clear() -> None:
    _user, authenticator = enrolled()

    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator WHERE id = %s", [authenticator.pk])
        stored = cursor.fetchone()[0]

    assert SECRET not in stored
    assert "ae1:" in stored


def test_a_code_counts_once_even_long_after_allauth_would_have_forgotten_it() -> None:
    _user, authenticator = enrolled()
    now = time.time() // 30 * 30 + 1

    with time_machine.travel(now, tick=False):
        code = code_now(SECRET)
        assert authenticator.wrap().validate_code(code)
    with time_machine.travel(now + 38, tick=False):
        assert not authenticator.wrap().validate_code(code)


@pytest.mark.parametrize(("seconds", "taken"), [(-90, False), (-30, True), (0, True), (30, True), (90, False)])
def test_a_clock_may_be_off_by_half_a_minute(seconds: int, taken: bool) -> None:
    _user, authenticator = enrolled()
    now = time.time() // 30 * 30 + 1
    with time_machine.travel(now + seconds, tick=False):
        code = code_now(SECRET)

    with time_machine.travel(now, tick=False):
        assert authenticator.wrap().validate_code(code) is taken


def test_of_two_at_once_one_wins() -> None:
    _user, authenticator = enrolled()
    code = code_now(SECRET)
    answers: list[bool] = []
    start = threading.Barrier(4)

    def attempt() -> None:
        try:
            mine = Authenticator.objects.get(pk=authenticator.pk)
            start.wait()
            answers.append(mine.wrap().validate_code(code))
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(answers) == [False, False, False, True]


@pytest.mark.parametrize("odd", ["", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "1e5", "-12345", "123456" * 50])
def test_what_is_no_code_is_refused(odd: str) -> None:
    _user, authenticator = enrolled()

    assert not authenticator.wrap().validate_code(odd)


def test_wrong_codes_make_it_wait() -> None:
    _user, authenticator = enrolled()
    for _ in range(3):
        authenticator.wrap().validate_code("000000")

    assert not authenticator.wrap().validate_code(code_now(SECRET))
    assert AuthenticatorApp.objects.get().throttling_failure_count == 1


def test_the_pause_has_an_end_however_often_somebody_tries() -> None:
    _user, authenticator = enrolled()
    AuthenticatorApp.objects.update(
        throttling_failure_count=30, throttling_failure_timestamp=timezone.now() - timedelta(days=365 * 40)
    )
    authenticator.wrap().validate_code("000000")

    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert authenticator.wrap().validate_code(code_now(SECRET))


def test_removing_all_leaves_nothing() -> None:
    user, _authenticator = enrolled()

    assert remove_all(user) == 2
    assert not AuthenticatorApp.objects.exists()
    assert not has_second_factor(user)
