"""What each app says about the personal data it keeps: who collects it, who erases it, how long it stays.

An app lists these in files that are found by themselves, so that nothing here knows a domain:

    <app>/collectors.py       COLLECTORS, GUEST_FINDERS and NOT_COLLECTED
    <app>/erasers.py          ERASERS and NOT_ERASED
    <app>/retention.py        POLICIES
    <app>/breach_queries.py   QUERIES

`accounts.privacy` runs them: archives, erasures, the nightly retention and the register of breaches. A test walks every
model and fails when a column leads to a person and nobody has said what becomes of it.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.module_loading import autodiscover_modules

Text = str | Promise


@dataclass(frozen=True)
class Subject:
    """The person whom data is about: somebody with an account, or a guest who has shown which rows are theirs.

    :param emails: proven to be theirs, in small letters
    :param phones: proven to be theirs, in international form
    :param rows: of a guest without an account: model label -> public ids
    :param pseudonym: what stands in their place once they are erased
    :param is_replay: they were erased before, and a restored backup has brought them back: nothing may hold it up
    """

    user_id: int | None = None
    public_id: UUID | None = None
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    rows: Mapping[str, frozenset[UUID]] = field(default_factory=dict)
    language: str = "en"
    pseudonym: str = ""
    is_replay: bool = False

    @property
    def has_account(self) -> bool:
        return self.user_id is not None

    @property
    def account(self) -> int:
        """The account's key.

        :raises LookupError: of a guest; a lookup by None would find the rows that are nobody's
        """
        if self.user_id is None:
            raise LookupError("A guest has no account.")
        return self.user_id


@dataclass(frozen=True)
class Collector:
    """One section of an archive: a list of rows with readable values, all with the same keys.

    :param name: as it is called in the archive, `bookings`
    :param covers: the columns (`app.Model.field`) and models (`app.Model`) it answers for
    :param is_for_guests: whether it also knows what to do with a subject without an account; the others are not asked,
        for a key that is None would find the rows that are nobody's
    """

    name: str
    label: Text
    rows: Callable[[Subject], Iterable[dict[str, Any]]]
    covers: tuple[str, ...] = ()
    is_for_guests: bool = False


@dataclass(frozen=True)
class Outcome:
    """What one run of an eraser did; `more` asks for another run, because there was much."""

    gone: int = 0
    kept: int = 0
    more: bool = False


@dataclass(frozen=True)
class Eraser:
    """One step of an erasure. Run twice it does nothing the second time; it runs in a transaction of its own.

    :param order: lower ones first; what others need to find their rows goes late
    :param goes: a sentence for the person: what is erased
    :param stays: a sentence for the person: what is kept
    :param why: the law or the reason it is kept for
    :param expect: raises a DomainError while the person cannot go yet
    :param is_for_guests: as of a Collector
    """

    name: str
    label: Text
    order: int
    erase: Callable[[Subject], Outcome]
    goes: Text = ""
    stays: Text = ""
    why: Text = ""
    covers: tuple[str, ...] = ()
    expect: Callable[[Subject], None] | None = None
    is_for_guests: bool = False


@dataclass(frozen=True)
class Policy:
    """How long rows of a kind are kept.

    :param keep: how long, counted from what `since` says
    :param count: how many rows are over time, at this moment in the past
    :param sweep: takes away at most so many of them, and returns how many
    """

    name: str
    label: Text
    keep: timedelta
    since: Text
    why: Text
    count: Callable[[datetime], int]
    sweep: Callable[[datetime, int], int]
    is_emptied: bool = False
    """Whether the row stays and only what is personal in it goes."""


@dataclass(frozen=True)
class Query:
    """A way to find the people whom a breach touches.

    :param asks: the parameters it needs, of `since`, `until`, `restaurant`
    :param people: returns the keys of accounts, and contacts of guests without one
    """

    name: str
    label: Text
    asks: tuple[str, ...]
    people: Callable[..., "Affected"]


@dataclass(frozen=True)
class Affected:
    user_ids: frozenset[int] = frozenset()
    guests: tuple[dict[str, str], ...] = ()


GuestFinder = Callable[..., Subject | None]

_MODULES = ("collectors", "erasers", "retention", "breach_queries")
_found: dict[str, list[Any]] = {}
_excused: dict[str, dict[str, str]] = {}


def gather() -> None:
    """Take up what the installed apps say.

    :raises ImproperlyConfigured: when a name is used twice
    """
    autodiscover_modules(*_MODULES)
    listed: dict[str, list[Any]] = {
        "COLLECTORS": [],
        "ERASERS": [],
        "POLICIES": [],
        "QUERIES": [],
        "GUEST_FINDERS": [],
    }
    excused: dict[str, dict[str, str]] = {"NOT_COLLECTED": {}, "NOT_ERASED": {}}
    for config in apps.get_app_configs():
        for name in _MODULES:
            module = sys.modules.get(f"{config.name}.{name}")
            for constant, entries in listed.items():
                entries.extend(getattr(module, constant, ()))
            for constant, reasons in excused.items():
                reasons.update(getattr(module, constant, {}))
    for constant in ("COLLECTORS", "ERASERS", "POLICIES", "QUERIES"):
        names = [entry.name for entry in listed[constant]]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ImproperlyConfigured(f"{constant} has two entries called {', '.join(twice)}.")
    listed["ERASERS"].sort(key=lambda eraser: (eraser.order, eraser.name))
    _found.clear()
    _found.update(listed)
    _excused.clear()
    _excused.update(excused)


def collectors(subject: Subject | None = None) -> list[Collector]:
    """Return the sections of an archive; of a subject's, when one is given."""
    return [it for it in _found["COLLECTORS"] if subject is None or subject.has_account or it.is_for_guests]


def erasers(subject: Subject | None = None) -> list[Eraser]:
    """Return the steps of an erasure in the order in which they run; of a subject's, when one is given."""
    return [it for it in _found["ERASERS"] if subject is None or subject.has_account or it.is_for_guests]


def policies() -> list[Policy]:
    return list(_found["POLICIES"])


def queries() -> list[Query]:
    return list(_found["QUERIES"])


def guest_finders() -> list[GuestFinder]:
    return list(_found["GUEST_FINDERS"])


def not_collected() -> dict[str, str]:
    """Return the columns that no archive shows, and why."""
    return dict(_excused["NOT_COLLECTED"])


def not_erased() -> dict[str, str]:
    """Return the columns that no erasure touches, and why."""
    return dict(_excused["NOT_ERASED"])


def deleting(rows: Callable[[datetime], QuerySet[Any]]) -> dict[str, Any]:
    """Return `count` and `sweep` of a policy that deletes rows."""

    def sweep(before: datetime, limit: int) -> int:
        over = rows(before)
        keys = list(over.order_by("pk").values_list("pk", flat=True)[:limit])
        over.model._default_manager.filter(pk__in=keys).delete()
        return len(keys)

    return {"count": lambda before: rows(before).count(), "sweep": sweep}


def emptying(rows: Callable[[datetime], QuerySet[Any]], **values: Any) -> dict[str, Any]:
    """Return `count`, `sweep` and `is_emptied` of a policy that keeps rows and takes what is personal out of them.

    :param rows: may not return rows again that have these values already
    """

    def sweep(before: datetime, limit: int) -> int:
        over = rows(before)
        keys = list(over.order_by("pk").values_list("pk", flat=True)[:limit])
        over.model._default_manager.filter(pk__in=keys).update(**values)
        return len(keys)

    return {"count": lambda before: rows(before).count(), "sweep": sweep, "is_emptied": True}
