"""What must hold whatever happens, as questions to the database: a row that comes back is an alarm.

An app lists its own in `<app>/invariants.py`, found by themselves, so that nothing here knows a domain:

    INVARIANTS = [Invariant("ledger.balanced", 2, "Every transaction sums to zero.", sql("SELECT …"))]

`manage.py check_invariants` asks all of them: after every fault test, and at night. The numbers are those of
docs/decisions and of the design's list of invariants.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.utils.module_loading import autodiscover_modules

# Of a broken rule so many rows are shown: enough to begin with.
SHOWN = 20

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Invariant:
    """A rule, and the question whose answer is empty while it holds.

    :param number: of the design's list; 0 of what is not on it
    :param says: the rule as a sentence, for whoever runs the house
    :param broken: returns what breaks it, at most SHOWN rows and one more
    """

    name: str
    number: int
    says: str
    broken: Callable[[], Rows]


@dataclass(frozen=True)
class Finding:
    """What asking one of them has brought to light."""

    invariant: Invariant
    seconds: float
    rows: Rows = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.rows

    @property
    def count(self) -> str:
        return f"{SHOWN}+" if len(self.rows) > SHOWN else str(len(self.rows))


def sql(statement: str, params: Sequence[Any] = ()) -> Callable[[], Rows]:
    """Return a question in SQL; its columns' names stand beside what breaks the rule."""

    def broken() -> Rows:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({statement}) AS broken LIMIT {SHOWN + 1}", params)  # noqa: S608 (ours)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return broken


def invariants() -> list[Invariant]:
    """Return what the installed apps say must hold, by number and name.

    :raises ImproperlyConfigured: when a name is used twice
    """
    autodiscover_modules("invariants")
    found: list[Invariant] = []
    for config in apps.get_app_configs():
        found.extend(getattr(sys.modules.get(f"{config.name}.invariants"), "INVARIANTS", ()))
    names = [each.name for each in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ImproperlyConfigured(f"INVARIANTS has two entries called {', '.join(twice)}.")
    return sorted(found, key=lambda each: (each.number, each.name))


def ask(asked: Iterable[Invariant]) -> list[Finding]:
    """Ask each of them, all of one moment."""
    with one_moment():
        return [_ask(each) for each in asked]


@contextmanager
def one_moment() -> Iterator[None]:
    """Let every question be answered from the same state of the database, and take as long as it needs.

    Within a transaction that has begun already, each answers from the moment at which it is asked.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def table(findings: Iterable[Finding]) -> list[str]:
    """Return the findings as lines of a table, with the rows that break a rule below it."""
    found = list(findings)
    width = max((len(each.invariant.name) for each in found), default=0)
    lines = [
        f"{each.invariant.number or '':>3}  {each.invariant.name:<{width}}  {each.seconds:>7.2f} s  "
        f"{'holds' if each.holds else f'BROKEN by {each.count}'}"
        for each in found
    ]
    for each in found:
        if not each.holds:
            lines += ["", f"{each.invariant.name}: {each.invariant.says}"]
            lines += ["  " + ", ".join(f"{name}={value}" for name, value in row.items()) for row in each.rows[:SHOWN]]
    return lines


def _ask(asked: Invariant) -> Finding:
    began = time.monotonic()
    rows = list(asked.broken())
    return Finding(asked, time.monotonic() - began, rows)
