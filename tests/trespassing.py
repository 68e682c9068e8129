"""Walking the whole URL map as people of one house, or of none, with the identifiers of another house."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from core.redis import client as redis
from core.redis import key as redis_key
from core.testing import log_in
from tests.populated import WORD, House, everything_of
from tests.walking import Address, addresses

ROLES = (
    *("stranger", "diner", "courier", "host", "manager", "owner", "owner_of_two"),
    *("translator", "partner"),
)
READING = ("GET",)
WRITING = ("POST", "PUT", "PATCH", "DELETE")
# Whoever likes may book, hold or claim at any house: these write to it by design, so they are sent nothing to write.
OPEN_TO_ALL = {
    *("bookings_api:holds", "bookings:book", "restaurants:claim"),
    *("bookings_api:waitlist", "bookings_api:alerts", "bookings:wait"),
    *("bookings_api:event_orders", "bookings:order_tickets"),
}
_WRITES = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Leak:
    """Something of the other house that was seen or changed."""

    role: str
    method: str
    path: str
    status: int
    what: str

    def __str__(self) -> str:
        return f"{self.role}: {self.method} {self.path} → {self.status}: {self.what}"


@dataclass
class Walk:
    """What one role met."""

    role: str
    tried: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    leaks: list[Leak] = field(default_factory=list)
    crashes: list[Leak] = field(default_factory=list)
    seen: int = 0
    """how many answers held private words of the house whose identifiers were used"""


def walk(
    role: str,
    home: House,
    other: House,
    *,
    methods: Sequence[str] = (*READING, *WRITING),
    thoroughly: bool = False,
    under: Sequence[str] = ("",),
    part: tuple[int, int] = (0, 1),
) -> Walk:
    """Try every address with the other house's identifiers and return what came of it. What is written is undone.

    :param role: one of ROLES; of the home
    :param thoroughly: send pages, too, the methods that only the API knows
    :param under: with what the addresses begin
    :param part: which of how many parts of the addresses
    """
    result = Walk(role)
    somebody = _Somebody(role, home)
    house_before = everything_of(other)
    number = 0
    for place, address in enumerate(addresses()):
        if place % part[1] != part[0] or not address.route.startswith(tuple(under)):
            continue
        for method in methods:
            if method in WRITING[1:] and not thoroughly and not address.route.startswith("/api/"):
                continue
            for path, body in _requests(address, method, other):
                number += 1
                if number % 25 == 0:
                    forget_limits()
                _try(result, somebody, other, house_before, method, path, body, _address(number))
    return result


def _try(
    result: Walk,
    asker: "_Somebody",
    other: House,
    before: Mapping[str, Any],
    method: str,
    path: str,
    body: Any,
    address: str,
) -> None:
    result.tried += 1
    written: set[str] = set()

    def listen(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if found := _WRITES.match(sql):
            written.add(found[1])
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(listen):
            answer = asker.ask(method, path, body, address)
        changed = _differences(before, everything_of(other, written)) if written else []
        # Whatever was done to the asker's own house or account, the next request finds it as it was.
        transaction.set_rollback(True)
    result.statuses[answer.status_code] += 1
    leak = Leak(result.role, method, path, answer.status_code, "")
    if answer.status_code >= 500:
        result.crashes.append(leak)
    told = f"{_text_of(answer)} {answer.headers}"
    if other.secret in told:
        result.seen += 1
        result.leaks.append(Leak(result.role, method, path, answer.status_code, _around(told, other.secret)))
    elif path.startswith("/admin/") and other.restaurant.name in told:
        result.leaks.append(Leak(result.role, method, path, answer.status_code, f"names {other.restaurant.name}"))
    if changed:
        result.leaks.append(Leak(result.role, method, path, answer.status_code, f"changed {', '.join(changed)}"))


def _requests(address: Address, method: str, other: House) -> Iterator[tuple[str, Any]]:
    path = address.path(other.values(address))
    if method not in READING:
        yield path, {} if address.name in OPEN_TO_ALL else other.body() if path.startswith("/api/") else other.fields()
        return
    yield path, None
    if address.name.endswith("_changelist"):
        yield f"{path}?{urlencode({'q': WORD})}", None
        yield f"{path}?{urlencode({'restaurant__id__exact': other.restaurant.pk})}", None
        yield f"{path}?{urlencode({'restaurant': other.restaurant.pk, 'all': ''})}", None
    elif address.name == "admin:autocomplete":
        for app, model, column in _autocompletes():
            asked = {"app_label": app, "model_name": model, "field_name": column, "term": ""}
            yield f"{path}?{urlencode(asked)}", None
    elif address.name == "admin:search":
        yield f"{path}?{urlencode({'s': WORD, 'q': WORD})}", None
    elif path.startswith("/api/"):
        yield f"{path}?{urlencode({'restaurant': other.restaurant.public_id, 'q': WORD, 'limit': 100})}", None
        yield f"{path}?{urlencode({'code': other.booking.code, 'phone': '+2348099999999'})}", None


def _autocompletes() -> Iterator[tuple[str, str, str]]:
    from django.contrib import admin

    for model in admin.site._registry:
        for column in model._meta.get_fields():
            if column.is_relation and getattr(column, "remote_field", None) and column.concrete:
                yield model._meta.app_label, str(model._meta.model_name), column.name


class _Somebody:
    """A browser, or a partner's program, that stays logged in whatever it does."""

    def __init__(self, role: str, home: House) -> None:
        self.role = role
        self.home = home
        self.client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        self.person: User | None = getattr(home, role) if role not in ("stranger", "partner") else None
        if role == "partner":
            from accounts.partners.tests.factories import bearing, fetch_token

            self.headers = bearing(fetch_token(home.app, home.app_secret))

    def ask(self, method: str, path: str, body: Any, address: str) -> Any:
        self._be_logged_in()
        kind = "application/json"
        sent: Any = json.dumps(body) if body is not None else ""
        if body is not None and not path.startswith("/api/"):
            kind, sent = "application/x-www-form-urlencoded", urlencode(body, doseq=True)
        more = {} if method in READING else {"content_type": kind}
        return self.client.generic(method, path, sent, REMOTE_ADDR=address, headers=self.headers, **more)

    def _be_logged_in(self) -> None:
        if self.person is None:
            self.client.cookies.clear()
        elif not self.client.session.get("_auth_user_id"):
            self.client.cookies.clear()
            log_in(self.client, self.person)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in after if before[name] != after[name])


def _text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace"))


def _around(text: str, word: str) -> str:
    place = text.index(word)
    return " ".join(text[max(0, place - 60) : place + 60].split())


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def forget_limits() -> None:
    """How people are held back is held by other tests; here every door is to be tried."""
    for pattern in (redis_key("limits", "*"), redis_key("default*"), redis_key("partners*")):
        keys = list(redis().scan_iter(match=pattern, count=1000))
        if keys:
            redis().delete(*keys)
