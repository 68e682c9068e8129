"""Many requests at the same moment: codes are tried three times all the same, and clashes are answered."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.headless.account.inputs import ResetPasswordInput
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.pages import PASSWORD, app_code, code_sent_to, is_logged_in, log_in, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

ADA = "ada@example.com"
OTHER_PASSWORD = "moi moi for the whole street"
# Those that come after the one that counts, depending on when: the step is over, it was taken meanwhile, or too many
# were being looked at in the same moment.
TOO_LATE = (401, 409, 429)
REGISTERED = {"password": PASSWORD, "name": "Demo Ngozi", "accepts_terms": True, "is_adult": True}


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(f"/api/auth/{path}", body or {}, content_type="application/json")


def twin(client: Client) -> Client:
    """Return the same browser once more, for a request at the same moment."""
    other = Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)
    other.cookies.load({name: cookie.value for name, cookie in client.cookies.items()})
    return other


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    def one(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@pytest.fixture
def ada() -> User:
    user = person(email=ADA)
    EmailAddress.objects.update_or_create(user=user, email=ADA, defaults={"verified": True, "primary": True})
    return user


def wrong_beside(code: str, count: int) -> list[str]:
    return [f"{(int(code) + number) % 1_000_000:06d}" for number in range(1, count + 1)]


def judged(answers: list[Any]) -> int:
    """Return how many of the codes were looked at and found wrong."""
    return sum("errors" in answer.json() for answer in answers)


class TestThreeTries:
    def test_of_a_log_in_code(self, client: Client, ada: User) -> None:
        post(client, "code", {"email": ADA})
        code = code_sent_to(ADA)
        before = client.cookies[settings.SESSION_COOKIE_NAME].value

        answers = at_once([partial(post, twin(client), "code/confirm", {"code": k}) for k in wrong_beside(code, 12)])
        client.cookies[settings.SESSION_COOKIE_NAME] = before
        last = post(client, "code/confirm", {"code": code})

        assert judged(answers) <= 3
        assert last.status_code in (409, 429)
        assert not is_logged_in(client)

    def test_of_a_reset_code(self, client: Client, ada: User) -> None:
        post(client, "password/reset", {"email": ADA})
        code = code_sent_to(ADA)

        def confirm(client: Client, code: str) -> Any:
            return post(client, "password/reset/confirm", {"code": code, "password": OTHER_PASSWORD})

        answers = at_once([partial(confirm, twin(client), k) for k in wrong_beside(code, 12)])
        last = confirm(client, code)

        assert judged(answers) <= 3
        assert last.status_code in (409, 429)
        assert User.objects.get().check_password(PASSWORD)

    def test_of_an_address(self, client: Client, ada: User) -> None:
        log_in(client)
        post(client, "email", {"email": "demo.new@example.com"})
        code = code_sent_to("demo.new@example.com")

        answers = at_once([partial(post, twin(client), "email/verify", {"code": k}) for k in wrong_beside(code, 12)])
        last = post(client, "email/verify", {"code": code})

        assert judged(answers) <= 3
        assert last.status_code in (409, 429)
        assert User.objects.get().email == ADA

    def test_of_a_number(self, client: Client, ada: User) -> None:
        log_in(client)
        post(client, "phone", {"phone": "+2348031234567"})
        code = client.session["account_phone_verification"]["code"]

        answers = at_once([partial(post, twin(client), "phone/verify", {"code": k}) for k in wrong_beside(code, 12)])
        last = post(client, "phone/verify", {"code": code})

        assert judged(answers) <= 3
        assert last.status_code in (409, 429)
        assert User.objects.get().phone == ""

    def test_of_a_reset_code_by_the_pages(self, client: Client, ada: User) -> None:
        client.post(reverse("account_reset_password"), {"email": ADA})
        code = code_sent_to(ADA)
        page = reverse("account_confirm_password_reset_code")

        at_once([partial(twin(client).post, page, {"code": k}) for k in wrong_beside(code, 12)])
        client.post(page, {"code": code})

        assert not client.session.get("account_password_reset_verification", {}).get("code_confirmed")

    def test_a_right_code_with_a_refused_password_is_no_try(self, client: Client, ada: User) -> None:
        post(client, "password/reset", {"email": ADA})
        code = code_sent_to(ADA)

        for _time in range(4):
            refused = post(client, "password/reset/confirm", {"code": code, "password": "password12"})
            assert [each["pointer"] for each in refused.json()["errors"]] == ["#/password"]
        post(client, "password/reset/confirm", {"code": code, "password": OTHER_PASSWORD})

        assert User.objects.get().check_password(OTHER_PASSWORD)


class TestARightCode:
    """Given by several requests at the same moment, it opens once."""

    def test_logs_in_once(self, client: Client, ada: User) -> None:
        post(client, "code", {"email": ADA})
        code = code_sent_to(ADA)

        answers = at_once([partial(post, twin(client), "code/confirm", {"code": code}) for _time in range(6)])

        assert Counter(answer.status_code for answer in answers)[200] == 1, [each.content for each in answers]
        assert {answer.status_code for answer in answers} <= {200, *TOO_LATE}
        assert ada.token_families.count() == 1

    def test_logs_in_once_by_the_page(self, client: Client, ada: User) -> None:
        client.post(reverse("account_request_login_code"), {"login": ADA})
        code = code_sent_to(ADA)
        twins = [twin(client) for _time in range(4)]

        at_once([partial(each.post, reverse("account_confirm_login_code"), {"code": code}) for each in twins])

        assert sum(is_logged_in(each) for each in twins) == 1

    def test_sets_one_password(self, client: Client, ada: User) -> None:
        post(client, "password/reset", {"email": ADA})
        code = code_sent_to(ADA)
        passwords = [f"{OTHER_PASSWORD} {number}" for number in range(4)]

        answers = at_once(
            [partial(post, twin(client), "password/reset/confirm", {"code": code, "password": p}) for p in passwords]
        )

        done = [p for p, answer in zip(passwords, answers, strict=True) if answer.status_code == 204]
        assert len(done) == 1, [each.content for each in answers]
        assert User.objects.get().check_password(done[0])
        assert {answer.status_code for answer in answers} <= {204, *TOO_LATE}

    def test_sets_none_when_another_was_set_while_it_was_looked_at(
        self, client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        post(client, "password/reset", {"email": ADA})
        code = code_sent_to(ADA)
        clean = ResetPasswordInput.clean

        def meanwhile(self: Any) -> Any:
            cleaned = clean(self)
            ada.set_password(PASSWORD + " by another")
            ada.save(update_fields=["password"])
            return cleaned

        monkeypatch.setattr(ResetPasswordInput, "clean", meanwhile)
        answer = post(client, "password/reset/confirm", {"code": code, "password": OTHER_PASSWORD})

        assert answer.status_code == 409, answer.content
        assert User.objects.get().check_password(PASSWORD + " by another")

    def test_proves_an_address_once(self, client: Client) -> None:
        post(client, "register", {"email": "demo.new@example.com", **REGISTERED})
        code = code_sent_to("demo.new@example.com")

        answers = at_once([partial(post, twin(client), "email/verify", {"code": code}) for _time in range(6)])

        assert Counter(answer.status_code for answer in answers)[200] == 1, [each.content for each in answers]
        assert {answer.status_code for answer in answers} <= {200, *TOO_LATE}


def test_a_reset_tells_nobody_who_has_an_account(client: Client, ada: User) -> None:
    said = []
    for email in (ADA, "demo.nobody@example.com"):
        asker = Client()
        post(asker, "password/reset", {"email": email})
        answer = post(asker, "password/reset/confirm", {"code": "00000", "password": "password12"})
        said.append((answer.status_code, [each["pointer"] for each in answer.json()["errors"]]))

    assert said[0] == said[1] == (said[0][0], ["#/code"])


class TestClashes:
    @pytest.mark.parametrize("known", [True, False])
    def test_registering_thrice_at_once_is_accepted_and_tells_nothing(self, known: bool) -> None:
        email = "demo.ngozi@example.com"
        if known:
            person(email=email)
        clients = [Client(raise_request_exception=False) for _each in range(3)]

        answers = at_once([partial(post, c, "register", {"email": email, **REGISTERED}) for c in clients])

        assert [answer.status_code for answer in answers] == [202, 202, 202]
        assert User.objects.filter(email=email).count() == 1

    def test_registering_at_once_by_the_pages(self) -> None:
        asked = {"name": "Demo Ngozi", "email": "demo.ngozi@example.com", "password1": PASSWORD}
        asked |= {"accepts_terms": "on", "is_adult": "on"}
        clients = [Client(raise_request_exception=False) for _each in range(3)]

        answers = at_once([partial(c.post, reverse("account_signup"), asked) for c in clients])

        assert [answer.status_code for answer in answers] == [302, 302, 302]
        assert len({answer.url for answer in answers}) == 1

    def test_giving_the_code_of_an_address_at_once(self, client: Client, ada: User) -> None:
        log_in(client)
        post(client, "email", {"email": "demo.new@example.com"})
        code = code_sent_to("demo.new@example.com")

        answers = at_once([partial(post, twin(client), "email/verify", {"code": code}) for _each in range(3)])

        seen = Counter(answer.status_code for answer in answers)
        assert seen[200] == 1 and set(seen) <= {200, 409}, [answer.content for answer in answers]
        assert User.objects.get().email == "demo.new@example.com"
        assert list(EmailAddress.objects.values_list("email", "verified")) == [("demo.new@example.com", True)]

    def test_enrolling_an_app_at_once(self, client: Client, ada: User) -> None:
        log_in(client)
        secret = post(client, "2fa/setup").json()["secret"]
        code = app_code(secret)

        answers = at_once([partial(post, twin(client), "2fa/confirm", {"code": code}) for _each in range(3)])

        seen = Counter(answer.status_code for answer in answers)
        assert seen[200] == 1 and seen[500] == 0, [answer.content for answer in answers]

    def test_signing_up_through_google_at_once(self, sandbox: Any) -> None:
        clients = [Client(raise_request_exception=False) for _each in range(3)]
        for client in clients:
            post(client, "social/google", {"id_token": sandbox.tokens("google", person="ada")["id_token"]})
        said = {"name": "Demo Ada", "accepts_terms": True, "is_adult": True}

        answers = at_once([partial(post, c, "social/signup", said) for c in clients])

        seen = Counter(answer.status_code for answer in answers)
        assert seen[200] == 1 and seen[500] == 0, [answer.content for answer in answers]
        assert User.objects.count() == 1


def test_a_log_out_beside_another_request_is_no_error(client: Client, ada: User) -> None:
    for _time in range(4):
        held = post(Client(headers={"X-Client": "app"}), "login", {"email": ADA, "password": PASSWORD}).json()
        headers = {"X-Client": "app", "Authorization": f"Bearer {held['access_token']}"}

        answers = at_once(
            [
                partial(post, Client(headers=headers, raise_request_exception=False), path, body)
                for path, body in (("logout", {}), ("reauthenticate", {"password": PASSWORD}))
            ]
        )

        assert [answer.status_code < 500 for answer in answers] == [True, True], [each.content for each in answers]
