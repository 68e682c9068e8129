"""Whatever is sent to the doors of /api/auth/, the answer is a clear refusal, and nothing has changed."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone

from accounts.models import User
from accounts.tokens import services as tokens
from accounts.tokens.states import Reason
from notifications import services as notifications
from tests.doors import (
    BODIES,
    ELSEWHERE,
    FOR_STRANGERS,
    OPTIONAL,
    WITHOUT_BODY,
    ask,
    be_quick_and_unlimited,
    bearing,
    opened,
    somebody,
    state_of_everything,
)
from tests.trespassing import forget_limits
from tests.walking import addresses

pytestmark = pytest.mark.django_db

TEN_MINUTES = 600


@pytest.fixture(autouse=True)
def _quick_and_unlimited(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    be_quick_and_unlimited(settings)
    monkeypatch.setattr(notifications, "enqueue", lambda task, *args: True)


@pytest.fixture
def ada() -> User:
    return somebody()


def test_no_door_is_forgotten() -> None:
    methods = ("get", "post", "put", "patch", "delete")
    doors = {
        (method.upper(), address.route.removeprefix("/api/auth/"))
        for address in addresses()
        if address.route.startswith("/api/auth/")
        for method in methods
        if hasattr(address.view, method)
    }

    assert doors == set(BODIES) | WITHOUT_BODY
    assert {path for _method, path in doors} >= FOR_STRANGERS


# --- Bodies -----------------------------------------------------------------------------------------------------


def wrong_bodies(door: tuple[str, str]) -> Iterator[tuple[str, Any]]:
    right = BODIES[door]
    yield from (("a list", []), ("a text", "text"), ("a number", 5), ("null", b"null"), ("cut off", b'{"email": '))
    yield from (("no UTF-8", b'{"code": "\xff"}'), ("NaN", b'{"code": NaN}'), ("half a character", b'{"a": "\\ud800"}'))
    yield "too deep", {"code": json.loads("[" * 40 + "]" * 40)}
    for name, value in right.items():
        kinds: list[Any] = [None, [], {}, 1.5, "\x00", "x" * 9000]
        kinds += ["yes and no"] if isinstance(value, bool) else [True]
        for wrong in kinds:
            yield f"{name}={str(wrong)[:20]!r}", {**right, name: wrong}
        if name not in OPTIONAL.get(door, set()):
            yield f"no {name}", {key: kept for key, kept in right.items() if key != name}


@pytest.mark.parametrize("door", BODIES, ids=lambda door: door[1])
@pytest.mark.parametrize("who", ["stranger", "ada"])
def test_wrong_bodies_are_refused(door: tuple[str, str], who: str, ada: User) -> None:
    pair = opened(ada)
    headers = bearing(pair.access) if who == "ada" else {"X_Client": "app"}
    before = state_of_everything()
    unclear = []
    for number, (name, body) in enumerate(wrong_bodies(door)):
        if number % 20 == 0:
            forget_limits()
        answer = ask(*door, body, **headers)
        if not 400 <= answer.status_code < 500 or not answer.json().get("code"):
            unclear.append(f"{name}: {answer.status_code} {answer.content[:200]!r}")

    assert unclear == []
    assert state_of_everything() == before
    assert ask("GET", "me", **bearing(pair.access)).status_code == 200


@pytest.mark.parametrize("door", BODIES, ids=lambda door: door[1])
def test_huge_bodies_and_other_kinds_are_refused(door: tuple[str, str], ada: User) -> None:
    pair = opened(ada)
    before = state_of_everything()
    huge = json.dumps({**BODIES[door], "padding": "x" * 300_000}).encode()

    answers = [
        ask(*door, huge, **bearing(pair.access)),
        ask(*door, b"email=demo", content_type="application/x-www-form-urlencoded", **bearing(pair.access)),
        ask(*door, json.dumps(BODIES[door]).encode(), content_type="text/plain", **bearing(pair.access)),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (413, "body_too_large"),
        (415, "unsupported_media_type"),
        (415, "unsupported_media_type"),
    ]
    assert state_of_everything() == before


# --- Tokens -----------------------------------------------------------------------------------------------------


def forged(token: str, **changes: Any) -> str:
    """Return a token with other claims, or made by other means."""
    claims = jwt.decode(token, options={"verify_signature": False})
    header = {"alg": changes.pop("alg", "HS256"), "kid": changes.pop("kid", "dev")}
    key = changes.pop("key", django_settings.TOKEN_KEYS["dev"])
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    if header["alg"].lower() == "none":
        parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
        return f"{'.'.join(parts)}."
    return jwt.encode(claims, key, algorithm=header["alg"], headers={"kid": header["kid"]})


# How a token that opens something becomes one that opens nothing. `other` is the other token of its pair.
BAD_TOKENS: dict[str, Callable[[str, str], str]] = {
    "expired": lambda token, other: forged(token, exp=int(time.time()) - 60),
    "of a clock a minute ahead": lambda token, other: forged(token, iat=int(time.time()) + 60),
    "signed by others": lambda token, other: forged(token, key=b"x" * 64),
    "of an unknown key": lambda token, other: forged(token, kid="other"),
    "alg none": lambda token, other: forged(token, alg="none"),
    "alg None": lambda token, other: forged(token, alg="NONE"),
    "alg none with a signature": lambda token, other: forged(token, alg="none") + token.rpartition(".")[2],
    "another algorithm": lambda token, other: forged(token, alg="HS512"),
    "for others": lambda token, other: forged(token, aud="elsewhere"),
    "from others": lambda token, other: forged(token, iss="https://elsewhere.example"),
    "without an end": lambda token, other: forged(token, exp=None),
    "of odd types": lambda token, other: forged(token, sid=5, jti=[], user_id={}),
    "for another use": lambda token, other: other,
    "cut off": lambda token, other: token[:-4],
    "none": lambda token, other: "",
    "no token": lambda token, other: "not-a-token",
    "nonsense": lambda token, other: "a.b.c",
    "endless": lambda token, other: "x" * 7000,
}


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_token_that_is_none_opens_no_door(bad: Callable[[str, str], str], ada: User) -> None:
    pair = opened(ada)
    token = bad(pair.access, pair.refresh)
    before = state_of_everything()
    own = [door for door in (*BODIES, *WITHOUT_BODY) if door[1] not in FOR_STRANGERS]
    let_in = []
    for method, path in (*own, *ELSEWHERE):
        answer = ask(method, path, BODIES.get((method, path)), **bearing(token))
        if answer.status_code != 401 or not answer.json().get("code"):
            let_in.append(f"{method} {path}: {answer.status_code} {answer.content[:200]!r}")
    forget_limits()
    for method, path in ((method, path) for method, path in BODIES if path in FOR_STRANGERS - {"logout"}):
        # Where nobody is asked for, the token counts for nothing; it is no way around what is.
        answer = ask(method, path, BODIES[method, path], **bearing(token))
        if answer.status_code >= 500 or "access_token" in answer.json():
            let_in.append(f"{method} {path}: {answer.status_code} {answer.content[:200]!r}")

    assert let_in == []
    assert state_of_everything()[1] == before[1]
    assert ask("GET", "me", **bearing(pair.access)).status_code == 200


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_refresh_token_that_is_none_is_exchanged_for_nothing(bad: Callable[[str, str], str], ada: User) -> None:
    pair = opened(ada)
    before = state_of_everything()

    answer = ask("POST", "refresh", {"refresh_token": bad(pair.refresh, pair.access)}, X_Client="app")

    assert answer.status_code in (400, 401, 403)
    assert answer.json()["code"] in ("account_login_ended", "invalid_input")
    assert state_of_everything() == before
    assert ask("POST", "refresh", {"refresh_token": pair.refresh}, X_Client="app").status_code == 200


def test_the_tokens_of_a_log_in_that_has_ended_open_nothing(ada: User) -> None:
    pair = opened(ada)
    tokens.close_families(user=ada, reason=Reason.EVERYWHERE)

    assert ask("GET", "me", **bearing(pair.access)).status_code == 401
    assert ask("POST", "refresh", {"refresh_token": pair.refresh}, X_Client="app").status_code == 401


def test_a_used_refresh_token_ends_the_log_in(ada: User) -> None:
    pair = opened(ada)
    newer = ask("POST", "refresh", {"refresh_token": pair.refresh}, X_Client="app").json()

    again = ask("POST", "refresh", {"refresh_token": pair.refresh}, X_Client="app")

    assert (again.status_code, again.json()["code"]) == (401, "account_login_ended")
    assert ask("GET", "me", **bearing(newer["access_token"])).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "-", "é", "0" * 32, "../../x", "x" * 5000])
@pytest.mark.parametrize(
    "door", ["code/confirm", "2fa/verify", "email/verify", "password/reset/confirm", "code/resend"]
)
def test_a_session_token_that_is_none_carries_on_with_nothing(door: str, token: str, ada: User) -> None:
    before = state_of_everything()

    answer = ask("POST", door, BODIES.get(("POST", door)), X_Session_Token=token, X_Client="app")

    assert answer.status_code in (401, 409, 410), answer.content
    assert answer.json()["code"]
    assert state_of_everything() == before


def test_an_access_token_is_good_for_ten_minutes_on_a_clock_that_differs_by_a_moment(ada: User) -> None:
    pair = opened(ada)
    for late, status in ((TEN_MINUTES + 3, 200), (TEN_MINUTES + 60, 401)):
        with time_machine.travel(timezone.now() + timedelta(seconds=late)):
            assert ask("GET", "me", **bearing(pair.access)).status_code == status
