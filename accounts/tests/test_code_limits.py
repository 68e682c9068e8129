"""Asking for codes by every door: nobody is flooded with them, and nobody can be kept from theirs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts import code_limits, known_devices
from accounts.models import User
from accounts.tests.pages import PASSWORD, code_sent_to, is_logged_in, log_in, person, register
from core.limits import Limit
from notifications import services as notifications
from notifications.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

ADA, NOBODY = "ada@example.com", "nobody@example.com"
PHONE = "+2348031234567"
ELSEWHERE = "203.0.113.9"
APP = {"X-Client": "app"}


@pytest.fixture(autouse=True)
def _english_and_nobody_rings(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(notifications, "enqueue", lambda task, *args: True)
    with translation.override("en"):
        yield


@pytest.fixture
def ada() -> User:
    return person(phone=PHONE, phone_verified_at=timezone.now())


@pytest.fixture
def own_device(ada: User) -> Callable[[], Client]:
    """Open windows of a browser that Ada has signed in on before, on the strangers' network."""
    client = Client()
    log_in(client)
    Message.objects.all().delete()

    def window() -> Client:
        opened = Client(REMOTE_ADDR=ELSEWHERE)
        opened.cookies[known_devices.NAME] = client.cookies[known_devices.NAME].value
        return opened

    return window


@pytest.fixture
def own_program(ada: User) -> Callable[[], Client]:
    """Start a program that Ada has logged in to before, on the strangers' network."""
    asked = {"email": ADA, "password": PASSWORD}
    held = Client().post("/api/auth/login", asked, content_type="application/json", headers=APP).json()["device_token"]
    Message.objects.all().delete()
    return lambda: Client(REMOTE_ADDR=ELSEWHERE, headers={**APP, "X-Device-Token": held})


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if whoever asks took their time: Redis has a clock of its own that no test moves."""
    monkeypatch.setattr(code_limits, "A_MINUTE", Limit("codes.minute", most=1000, seconds=60))


def by_api(path: str, **more: str) -> Callable[[Client, str], Any]:
    def ask(client: Client, email: str) -> Any:
        return client.post(f"/api/auth/{path}", {"email": email, **more}, content_type="application/json")

    return ask


def by_page(name: str, field: str) -> Callable[[Client, str], Any]:
    return lambda client, email: client.post(reverse(name), {field: email})


DOORS = {
    "log-in page": (by_page("account_request_login_code", "login"), "account.login_code"),
    "log-in door": (by_api("code"), "account.login_code"),
    "reset page": (by_page("account_reset_password", "email"), "account.password_reset_code"),
    "reset door": (by_api("password/reset"), "account.password_reset_code"),
}


@pytest.mark.parametrize(("ask", "kind"), DOORS.values(), ids=DOORS)
class TestEveryDoor:
    @pytest.mark.usefixtures("slowly")
    def test_one_stranger_cannot_keep_the_owner_from_their_code(self, ask: Any, kind: str, ada: User) -> None:
        for _try in range(code_limits.A_DAY.most + 5):
            last = ask(Client(REMOTE_ADDR=ELSEWHERE), ADA)
        sent = Message.objects.filter(kind=kind, recipient=ADA).count()

        owner = ask(Client(REMOTE_ADDR="198.51.100.8"), ADA)

        assert last.status_code == 429
        assert sent == code_limits.A_DAY.most
        assert owner.status_code in (202, 302)
        assert Message.objects.filter(kind=kind, recipient=ADA).count() == sent + 1

    def test_however_many_strangers_ask_the_owners_device_gets_its_code(
        self, ask: Any, kind: str, own_device: Callable[[], Client]
    ) -> None:
        for number in range(code_limits.STRANGERS.most + 3):
            last = ask(Client(REMOTE_ADDR=f"203.0.113.{number}"), ADA)

        assert last.status_code == 429
        assert Message.objects.filter(kind=kind).count() == code_limits.STRANGERS.most
        assert ask(own_device(), ADA).status_code in (202, 302)
        assert Message.objects.filter(kind=kind).count() == code_limits.STRANGERS.most + 1

    def test_however_many_strangers_ask_the_owners_program_gets_its_code(
        self, ask: Any, kind: str, own_program: Callable[[], Client]
    ) -> None:
        for number in range(code_limits.STRANGERS.most):
            ask(Client(REMOTE_ADDR=f"203.0.113.{number}"), ADA)

        new = ask(Client(REMOTE_ADDR="198.51.100.8"), ADA)

        assert new.status_code == 429
        assert ask(own_program(), ADA).status_code in (202, 302)
        assert Message.objects.filter(kind=kind).count() == code_limits.STRANGERS.most + 1

    def test_a_known_device_is_limited_by_itself(self, ask: Any, kind: str, own_device: Callable[[], Client]) -> None:
        answers = [ask(own_device(), ADA) for _try in range(code_limits.A_MINUTE.most + 1)]

        assert answers[-1].status_code == 429
        assert Message.objects.filter(kind=kind).count() == code_limits.A_MINUTE.most
        assert ask(Client(REMOTE_ADDR=ELSEWHERE), ADA).status_code in (202, 302)

    def test_the_refusal_says_when_and_the_time_is_true(self, ask: Any, kind: str, ada: User) -> None:
        for _try in range(code_limits.A_MINUTE.most):
            ask(Client(), ADA)
        refused = ask(Client(), ADA)

        assert refused.status_code == 429
        assert 50 <= int(refused["Retry-After"]) <= 60
        assert (refused["RateLimit-Limit"], refused["RateLimit-Remaining"]) == (str(code_limits.A_MINUTE.most), "0")
        if refused["Content-Type"].startswith("text/html"):
            assert "Try again in" in refused.content.decode()
        else:
            assert refused.json()["code"] == "account_code_limit_reached"

    def test_known_and_unknown_addresses_are_refused_alike(self, ask: Any, kind: str, ada: User) -> None:
        answers: dict[str, list[tuple[int, str, str]]] = {}
        for number, email in enumerate((ADA, NOBODY)):
            given = [
                ask(Client(REMOTE_ADDR=f"203.0.113.{number}"), email) for _try in range(code_limits.A_MINUTE.most + 2)
            ]
            answers[email] = [(each.status_code, each.get("Location", ""), each.reason_phrase) for each in given]

        assert answers[ADA] == answers[NOBODY]


def test_codes_to_log_in_with_use_up_none_for_a_new_password(ada: User) -> None:
    for _try in range(code_limits.A_MINUTE.most + 1):
        by_page("account_request_login_code", "login")(Client(), ADA)

    assert by_page("account_reset_password", "email")(Client(), ADA).status_code == 302


def test_a_code_asked_for_by_a_stranger_leaves_the_owners_in_force(ada: User) -> None:
    owner = Client(REMOTE_ADDR="198.51.100.8")
    ask = by_page("account_request_login_code", "login")
    ask(owner, ADA)
    code = code_sent_to(ADA)
    ask(Client(REMOTE_ADDR=ELSEWHERE), ADA)

    owner.post(reverse("account_confirm_login_code"), {"code": code, "action": "verify"})

    assert is_logged_in(owner)


def test_a_refused_repetition_leaves_the_last_code_in_force(client: Client, ada: User) -> None:
    ask = by_api("code")
    for _try in range(code_limits.A_MINUTE.most):
        ask(client, ADA)
    code = code_sent_to(ADA)

    refused = ask(client, ADA)
    client.post("/api/auth/code/confirm", {"code": code}, content_type="application/json")

    assert refused.status_code == 429
    assert is_logged_in(client)


def test_sending_again_counts_as_well(client: Client, ada: User) -> None:
    ask = by_page("account_request_login_code", "login")
    for each in (Client(), client):
        ask(each, ADA)

    answers = [client.post(reverse("account_confirm_login_code"), {"action": "resend"}) for _try in range(2)]

    assert [answer.status_code for answer in answers] == [302, 429]
    assert Message.objects.filter(kind="account.login_code").count() == code_limits.A_MINUTE.most


def test_a_stranger_cannot_keep_somebody_from_their_first_code() -> None:
    register(Client(REMOTE_ADDR=ELSEWHERE))
    for _try in range(code_limits.A_MINUTE.most):
        last = register(Client(REMOTE_ADDR=ELSEWHERE))
    owner = Client(REMOTE_ADDR="198.51.100.8")

    by_page("account_request_login_code", "login")(owner, "ngozi@example.com")
    answer = {"code": code_sent_to("ngozi@example.com"), "action": "verify"}
    owner.post(reverse("account_confirm_login_code"), answer)

    assert last.status_code == 429
    assert is_logged_in(owner)


@pytest.mark.parametrize("email", [ADA, "ngozi@example.com"])
def test_registering_is_refused_alike_for_taken_and_free_addresses(ada: User, email: str) -> None:
    answers = [register(Client(), email=email).status_code for _try in range(code_limits.A_MINUTE.most + 1)]

    assert answers == [302] * code_limits.A_MINUTE.most + [429]


class TestTextMessages:
    ask = staticmethod(by_page("account_request_login_code", "login"))

    def texts(self) -> int:
        return Message.objects.filter(channel="sms").count()

    def test_strangers_cannot_use_up_what_the_owners_device_needs(self, own_device: Callable[[], Client]) -> None:
        for number in range(30):
            last = self.ask(Client(REMOTE_ADDR=f"203.0.113.{number}"), PHONE)
        sent = self.texts()

        owner = self.ask(own_device(), PHONE)

        assert (last.status_code, sent) == (429, 9)
        assert owner.status_code == 302
        assert self.texts() == 10

    def test_one_stranger_cannot_keep_the_owner_from_a_new_device(self, ada: User) -> None:
        for _try in range(5):
            last = self.ask(Client(REMOTE_ADDR=ELSEWHERE), PHONE)

        assert last.status_code == 429
        assert self.ask(Client(REMOTE_ADDR="198.51.100.8"), PHONE).status_code == 302
        assert self.texts() == 4

    def test_a_used_up_budget_leaves_known_devices_their_part(
        self, own_device: Callable[[], Client], settings: Any
    ) -> None:
        settings.SMS_DAILY_BUDGETS = {"*": 5}
        for number in range(6):
            last = self.ask(Client(REMOTE_ADDR=f"203.0.113.{number}"), PHONE)
        sent = self.texts()

        owner, again = self.ask(own_device(), PHONE), self.ask(own_device(), PHONE)

        assert (last.status_code, sent) == (429, 4)
        assert (owner.status_code, again.status_code) == (302, 429)
        assert self.texts() == 5
