"""Accounts begun with somebody else's address: whoever proves the address has them alone, whichever way they come."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.disowning import disown_unproven
from accounts.models import User
from accounts.tests.pages import PASSWORD, code_sent_to, confirm, is_logged_in, log_in, person, register, with_app
from accounts.tests.test_social import ADA, REGISTER, choose, come_back, go, join, leave
from accounts.tokens import services as tokens
from accounts.tokens.models import TokenFamily
from accounts.tokens.states import Client as Kind
from core.audit.models import AuditEvent

pytestmark = pytest.mark.django_db(transaction=True)

OWN_PASSWORD = "moi moi for the whole street"


@pytest.fixture
def thief() -> Client:
    return Client(SERVER_NAME="127.0.0.1", REMOTE_ADDR="203.0.113.9")


@pytest.fixture
def client() -> Client:
    return Client(SERVER_NAME="127.0.0.1")


@pytest.fixture
def begun(thief: Client, sandbox: Any) -> User:
    """Let a thief join by Facebook with Ada's address, and everything else lie there that could be a way in."""
    join(thief, sandbox, "facebook", "bola", email=ADA, name="Not Ada")
    user = with_app(User.objects.get())
    user.phone = "+2348031234567"
    user.set_password(PASSWORD)
    user.save()
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    tokens.open_family(user=user, session=session, client=Kind.APP)
    return user


def by_code(client: Client, sandbox: Any) -> None:
    client.post(reverse("account_request_login_code"), {"login": ADA})
    client.post(reverse("account_confirm_login_code"), {"code": code_sent_to(ADA), "action": "verify"})


def by_code_in_a_program(client: Client, sandbox: Any) -> None:
    client.post("/api/auth/code", {"email": ADA}, content_type="application/json")
    client.post("/api/auth/code/confirm", {"code": code_sent_to(ADA)}, content_type="application/json")


def by_reset(client: Client, sandbox: Any) -> None:
    client.post(reverse("account_reset_password"), {"email": ADA})
    answer = client.post(reverse("account_confirm_password_reset_code"), {"code": code_sent_to(ADA)})
    client.post(answer.url, {"password1": OWN_PASSWORD})
    log_in(client, ADA, OWN_PASSWORD)


def by_reset_in_a_program(client: Client, sandbox: Any) -> None:
    client.post("/api/auth/password/reset", {"email": ADA}, content_type="application/json")
    said = {"code": code_sent_to(ADA), "password": OWN_PASSWORD}
    client.post("/api/auth/password/reset/confirm", said, content_type="application/json")
    log_in(client, ADA, OWN_PASSWORD)


def by_google(client: Client, sandbox: Any) -> None:
    go(client, sandbox, "google", "ada")
    confirm(client, code_sent_to(ADA))


WAYS = [by_code, by_code_in_a_program, by_reset, by_reset_in_a_program, by_google]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_the_thief_is_left(
    client: Client, thief: Client, sandbox: Any, begun: User, way: Callable[[Client, Any], None]
) -> None:
    way(client, sandbox)

    assert client.session["_auth_user_id"] == str(begun.pk)
    begun.refresh_from_db()
    assert (begun.name, begun.phone) == ("", "")
    assert not begun.check_password(PASSWORD)
    assert not Authenticator.objects.exists()
    assert not SocialAccount.objects.filter(provider="facebook").exists()
    assert SocialAccount.objects.count() == (1 if way is by_google else 0)
    assert TokenFamily.objects.filter(revoked_at__isnull=True, client=Kind.APP).count() == 0
    event = AuditEvent.objects.get(action="account.disowned")
    assert event.details == {"taken": ["name", "password", "phone", "facebook", "second factors", "log-ins"]}


@pytest.mark.parametrize("way", WAYS)
def test_the_thief_does_not_get_in_by_facebook(
    client: Client, thief: Client, sandbox: Any, begun: User, way: Callable[[Client, Any], None]
) -> None:
    address = choose(sandbox, leave(thief, "facebook"), person="bola")
    way(client, sandbox)

    answer = come_back(thief, address)

    assert answer.url.endswith(REGISTER)
    assert not is_logged_in(thief)
    assert log_in(Client(), ADA, PASSWORD).status_code == 422


class TestTheCodeForTheAddress:
    def test_in_the_session_that_registered_everything_stays(self, client: Client, sandbox: Any) -> None:
        join(client, sandbox, "facebook", "ada")

        confirm(client, code_sent_to(ADA))

        assert is_logged_in(client)
        user = User.objects.get()
        assert user.name == "Ada Obi"
        assert SocialAccount.objects.get().user == user
        assert not AuditEvent.objects.filter(action="account.disowned").exists()

    def test_after_a_password_the_password_stays_and_the_rest_goes(
        self, client: Client, sandbox: Any, begun: User
    ) -> None:
        log_in(client, ADA)

        confirm(client, code_sent_to(ADA))

        assert is_logged_in(client)
        begun.refresh_from_db()
        assert begun.check_password(PASSWORD)
        assert begun.phone == ""
        assert not SocialAccount.objects.exists()
        assert not Authenticator.objects.exists()
        assert not TokenFamily.objects.filter(revoked_at__isnull=True, client=Kind.APP).exists()

    def test_after_facebook_its_account_stays_and_the_rest_goes(
        self, client: Client, sandbox: Any, begun: User
    ) -> None:
        go(client, sandbox, "facebook", "bola")

        confirm(client, code_sent_to(ADA))

        begun.refresh_from_db()
        assert is_logged_in(client)
        assert not begun.has_usable_password()
        assert SocialAccount.objects.get().user == begun
        assert not Authenticator.objects.exists()

    def test_whoever_registered_on_another_device_keeps_their_password_and_name(self, client: Client) -> None:
        register(Client())
        log_in(client, "ngozi@example.com")

        confirm(client, code_sent_to("ngozi@example.com"))

        assert is_logged_in(client)
        user = User.objects.get()
        assert (user.name, user.check_password(PASSWORD)) == ("Ngozi Eze", True)


def test_from_an_account_with_a_proved_address_nothing_is_taken(client: Client, sandbox: Any) -> None:
    ada = with_app(person(email=ADA))
    SocialAccount.objects.create(user=ada, provider="facebook", uid="1")
    EmailAddress.objects.create(user=ada, email="new@example.com", verified=False)

    assert not disown_unproven(user=ada, email=ADA)
    assert not disown_unproven(user=ada, email="new@example.com")

    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    assert ada.name
    assert SocialAccount.objects.exists()
    assert Authenticator.objects.exists()
