"""Codes for an address that nobody has: the same answers, and no mails that a stranger could cause."""

from typing import Any

import pytest
from django.test import Client

from accounts.tests.pages import PASSWORD, person
from core.audit.models import AuditEvent
from notifications import services as notifications
from notifications.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

KNOWN, UNKNOWN = "ada@example.com", "nobody@example.com"
SIGN_UP = {"name": "Demo Ada", "password": PASSWORD, "accepts_terms": True, "is_adult": True}


@pytest.fixture(autouse=True)
def _nobody_rings(monkeypatch, settings):
    """The tests send what is due themselves."""
    monkeypatch.setattr(notifications, "enqueue", lambda task, *args: True)
    settings.ACCOUNT_RATE_LIMITS = False
    person(email=KNOWN)


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/auth/{path}", body, content_type="application/json")


def written_to(address: str) -> list[str]:
    """Return the kinds of mails to an address that are not thrown away."""
    notifications.send_due()
    return list(Message.objects.filter(recipient=address).order_by("pk").values_list("kind", flat=True))


class TestAskedForAgain:
    def test_an_unknown_address_is_told_once_that_it_has_no_account(self, client, sandbox):
        post(client, "code", email=UNKNOWN)

        assert post(client, "code/resend").status_code == 204
        assert Message.objects.filter(recipient=UNKNOWN).count() == 2
        assert written_to(UNKNOWN) == ["account.unknown_account"]

    def test_a_known_address_gets_its_code_again(self, client, sandbox):
        post(client, "code", email=KNOWN)

        post(client, "code/resend")

        assert written_to(KNOWN) == ["account.login_code"] * 2

    def test_a_taken_address_is_told_once_that_somebody_wanted_to_register(self, client, sandbox):
        post(client, "register", email=KNOWN, **SIGN_UP)

        assert post(client, "email/resend").status_code == 204
        assert written_to(KNOWN) == ["account.account_already_exists"]

    def test_a_new_address_gets_its_code_again(self, client, sandbox):
        post(client, "register", email=UNKNOWN, **SIGN_UP)

        post(client, "email/resend")

        assert written_to(UNKNOWN) == ["account.email_confirmation_signup"] * 2


class TestWrong:
    @pytest.mark.parametrize(
        ("begin", "end", "body"),
        [
            (("code", {}), "code/confirm", {}),
            (("password/reset", {}), "password/reset/confirm", {"password": PASSWORD}),
            (("register", SIGN_UP), "email/verify", {}),
        ],
    )
    def test_are_noted_whoever_is_known(self, begin, end, body):
        for address in (KNOWN, UNKNOWN):
            client = Client()
            post(client, begin[0], email=address, **begin[1])
            assert post(client, end, code="000001", **body).status_code == 400

        assert AuditEvent.objects.filter(action="account.code_refused").count() == 2

    @pytest.mark.parametrize("address", [KNOWN, UNKNOWN])
    def test_code_for_a_new_password_says_nothing_of_the_password(self, client, address):
        post(client, "password/reset", email=address)

        answer = post(client, "password/reset/confirm", code="000001", password="short")

        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == ["#/code"]


def test_registering_with_a_taken_address_leaves_nothing_behind(client):
    from accounts.models import User
    from accounts.privacy.models import Consent

    before = (User.objects.count(), Consent.objects.count(), AuditEvent.objects.count())

    assert post(client, "register", email=KNOWN, **SIGN_UP).status_code == 202

    assert (User.objects.count(), Consent.objects.count(), AuditEvent.objects.count()) == before
    assert Message.objects.get().kind == "account.account_already_exists"
