"""Registering through Google and Facebook by API, as a program and as a browser, to the end."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.privacy.models import Consent
from accounts.privacy.states import AT_SIGN_UP, Door
from accounts.tests.pages import code_sent_to, person
from accounts.tokens import cookies
from notifications.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada.obi@example.com"
SAID = {"name": "Ada Obi", "accepts_terms": True, "is_adult": True}


class Program:
    """An app on a phone: no cookies, the session token of one step sent along with the next."""

    def __init__(self) -> None:
        self.session_token = ""

    def _headers(self) -> dict[str, str]:
        return {"X-Client": "app"} | ({"X-Session-Token": self.session_token} if self.session_token else {})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        address = f"/api/auth/{path}"
        answer = Client().post(address, body, content_type="application/json", headers=self._headers())
        assert not {cookies.ACCESS_NAME, cookies.REFRESH_NAME, settings.SESSION_COOKIE_NAME} & set(answer.cookies)
        self.session_token = answer.json().get("session_token", self.session_token)
        return answer

    def get(self, path: str) -> Any:
        return Client().get(f"/api/auth/{path}", headers=self._headers())

    def come(self, sandbox: Any, provider: str, who: str = "ada", **fault: str) -> Any:
        """Show the token that the provider's kit on the phone has handed out."""
        name = "id_token" if provider == "google" else "access_token"
        return self.post(f"social/{provider}", {name: sandbox.tokens(provider, person=who, **fault)[name]})

    def is_let_in_by(self, answer: Any) -> bool:
        headers = {"Authorization": f"Bearer {answer.json().get('access_token', '')}"}
        return bool(Client().get("/api/auth/me", headers=headers).status_code == 200)


class Browser:
    """A page's script: cookies, and no token in any body."""

    def __init__(self) -> None:
        self.client = Client()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.client.post(f"/api/auth/{path}", body, content_type="application/json")
        assert not {"access_token", "refresh_token", "session_token"} & set(answer.json())
        return answer

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/auth/{path}")

    come = Program.come

    def is_let_in_by(self, _answer: Any) -> bool:
        known = {cookies.ACCESS_NAME, cookies.REFRESH_NAME} <= set(self.client.cookies)
        return known and bool(self.get("me").status_code == 200)


@pytest.fixture(params=[Program, Browser])
def visitor(request: pytest.FixtureRequest) -> Any:
    return request.param()


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


class TestSigningUp:
    def test_with_an_address_google_vouches_for_one_is_in(self, visitor: Any, sandbox: Any) -> None:
        step = visitor.come(sandbox, "google")
        assert code_of(step) == (401, "account_sign_up_step")
        assert step.json()["next"] == "provider_signup"
        assert not User.objects.exists()

        answer = visitor.post("social/signup", SAID)

        assert answer.status_code == 200, answer.content
        assert visitor.is_let_in_by(answer)
        assert (answer.json()["user"]["email"], answer.json()["user"]["email_verified"]) == (ADA, True)
        user = User.objects.get()
        assert (user.name, SocialAccount.objects.get().user) == ("Ada Obi", user)
        purposes = Consent.objects.filter(user=user, door=Door.SIGN_UP).values_list("purpose", flat=True)
        assert sorted(purposes) == sorted(AT_SIGN_UP)
        assert not Message.objects.exists()

    @pytest.mark.parametrize(("provider", "who"), [("facebook", "ada"), ("google", "chidi"), ("google", "emeka")])
    def test_any_other_address_is_proved_by_its_code(self, visitor: Any, sandbox: Any, provider: str, who: str) -> None:
        visitor.come(sandbox, provider, who)

        step = visitor.post("social/signup", {**SAID, "email": f"{who}@example.com"})

        assert code_of(step) == (401, "account_email_code_step")
        assert step.json()["next"] == "verify_email"
        assert visitor.get("me").status_code == 401
        answer = visitor.post("email/verify", {"code": code_sent_to(f"{who}@example.com")})
        assert answer.status_code == 200, answer.content
        assert visitor.is_let_in_by(answer)
        assert [(each.email, each.verified) for each in EmailAddress.objects.all()] == [(f"{who}@example.com", True)]

    def test_says_what_a_form_can_be_filled_in_with(self, visitor: Any, sandbox: Any) -> None:
        visitor.come(sandbox, "google", "chidi")

        told = visitor.get("social/signup")

        assert told.status_code == 200, told.content
        assert told.json() == {
            "provider": "google",
            "name": "Chidi Eze",
            "email": "chidi@example.com",
            "email_verified": False,
        }
        assert "no-store" in told["Cache-Control"]

    def test_the_address_google_vouches_for_cannot_be_exchanged(self, visitor: Any, sandbox: Any) -> None:
        visitor.come(sandbox, "google")
        assert visitor.get("social/signup").json()["email_verified"] is True

        answer = visitor.post("social/signup", {**SAID, "email": "victim@example.com"})

        assert answer.json()["user"]["email"] == ADA
        assert [each.email for each in EmailAddress.objects.all()] == [ADA]

    @pytest.mark.parametrize("refused", [{"accepts_terms": False}, {"is_adult": False}, {"name": "\u200b"}])
    def test_makes_no_account_without_terms_age_and_name(
        self, visitor: Any, sandbox: Any, refused: dict[str, Any]
    ) -> None:
        visitor.come(sandbox, "google")

        answer = visitor.post("social/signup", SAID | refused)

        assert answer.status_code == 400, answer.content
        assert [each["pointer"] for each in answer.json()["errors"]] == [f"#/{name}" for name in refused]
        assert not User.objects.exists()
        assert visitor.post("social/signup", SAID).status_code == 200

    def test_asks_for_an_address_where_nobody_says_one(self, visitor: Any, sandbox: Any) -> None:
        visitor.come(sandbox, "google", "emeka")

        answer = visitor.post("social/signup", SAID)

        assert answer.status_code == 400
        assert [each["pointer"] for each in answer.json()["errors"]] == ["#/email"]
        assert not User.objects.exists()

    def test_does_not_tell_a_taken_address_from_a_free_one(self, sandbox: Any) -> None:
        person(email=ADA)
        answers: list[list[Any]] = []
        for who in ("ada", "bola"):
            program = Program()
            step = program.come(sandbox, "facebook", who)
            answers.append(
                [step, program.post("social/signup", {**SAID, "email": program.get("social/signup").json()["email"]})]
            )

        for taken, free in zip(*answers, strict=True):
            assert taken.status_code == free.status_code
            own = {"session_token", "request_id"}
            assert {key: value for key, value in taken.json().items() if key not in own} == {
                key: value for key, value in free.json().items() if key not in own
            }
        assert Message.objects.get(recipient=ADA).kind == "account.account_already_exists"
        assert not SocialAccount.objects.filter(user__email=ADA).exists()


class TestOrder:
    def test_nobody_signs_up_who_did_not_come_through_others(self, visitor: Any, sandbox: Any) -> None:
        assert code_of(visitor.post("social/signup", SAID)) == (409, "account_step_over")
        assert code_of(visitor.get("social/signup")) == (409, "account_step_over")
        assert not User.objects.exists()

    def test_it_works_once(self, visitor: Any, sandbox: Any) -> None:
        visitor.come(sandbox, "facebook")
        visitor.post("social/signup", {**SAID, "email": ADA})

        again = visitor.post("social/signup", {**SAID, "email": "other@example.com"})

        assert code_of(again) == (409, "account_step_over")
        assert [user.email for user in User.objects.all()] == [ADA]

    def test_it_is_over_after_a_quarter_of_an_hour(self, visitor: Any, sandbox: Any) -> None:
        visitor.come(sandbox, "google")

        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
            late = visitor.post("social/signup", SAID)

        assert code_of(late) == (409, "account_step_over")
        assert not User.objects.exists()

    def test_another_programs_step_is_not_ones_own(self, sandbox: Any) -> None:
        Program().come(sandbox, "google")

        assert code_of(Program().post("social/signup", SAID)) == (409, "account_step_over")
        assert not User.objects.exists()

    def test_an_account_that_exists_is_simply_logged_in(self, visitor: Any, sandbox: Any) -> None:
        ada = person(email=ADA)

        first = visitor.come(sandbox, "google")

        assert first.status_code == 200, first.content
        assert visitor.is_let_in_by(first)
        assert SocialAccount.objects.get().user == ada
        assert not Consent.objects.exists()

    def test_who_registered_by_it_comes_back_without_registering(self, visitor: Any, sandbox: Any) -> None:
        visitor.come(sandbox, "google")
        visitor.post("social/signup", SAID)

        again = Program().come(sandbox, "google")

        assert again.status_code == 200, again.content
        assert User.objects.count() == 1

    def test_other_pages_cannot_send_it(self, sandbox: Any) -> None:
        browser = Browser()
        browser.come(sandbox, "google")

        answer = browser.client.post(
            "/api/auth/social/signup",
            SAID,
            content_type="application/json",
            headers={"Origin": "https://evil.example"},
        )

        assert code_of(answer) == (403, "csrf_failed")
        assert not User.objects.exists()
