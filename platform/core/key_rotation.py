"""Bringing stored ciphertexts under the first key, while people work: `manage.py reencrypt`.

Nothing is remembered between runs but the values themselves, each of which names its key. So a run may be killed at
any moment and begun again. A batch is one transaction that takes rows nobody else is writing (SKIP LOCKED) and keeps
others from them until it commits: an edit happens before it or after it, never under it. What was skipped comes with
the next pass.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from core.encryption import SCHEME, BlindIndexField, CannotDecrypt, Place, blind_indexes, places, writing_key

BATCH = 500
# Who writes a row keeps it from us, and we keep it from them: without this an edit could be written over.
LOCK = "FOR NO KEY UPDATE SKIP LOCKED"
# How often rows that others were writing are asked for again, and how long they get in between.
PASSES = 20
BETWEEN_PASSES = 0.5


@dataclass
class Outcome:
    """What became of one column."""

    place: Place
    rewritten: int = 0
    remaining: int = 0
    unreadable: list[Any] = field(default_factory=list)
    refusal: str = ""


def remaining(place: Place) -> int:
    """Return how many rows hold a ciphertext that the first key did not write."""
    query = f"SELECT count(*) FROM {_table(place)} WHERE {_is_stale(place)}"  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        _take_time(cursor)
        cursor.execute(query, _marks(place))
        return int(cursor.fetchone()[0])


def keys_in_use(place: Place) -> dict[str, int]:
    """Return how many ciphertexts each key has written in the column, by the key's name."""
    query = (
        f"SELECT found[1], count(*) FROM {_table(place)}, "  # noqa: S608
        f"regexp_matches({_column(place)}::text, %s, 'g') AS found GROUP BY 1 ORDER BY 1"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        _take_time(cursor)
        cursor.execute(query, [rf"(?:^|\x22){SCHEME}:([A-Za-z0-9_-]{{1,20}}):"])
        return dict(cursor.fetchall())


def rotate(place: Place, *, batch: int = BATCH, told: Callable[[Outcome], None] | None = None) -> Outcome:
    """Rewrite the column's values that other keys wrote.

    :param told: hears after every batch how far it is
    """
    outcome = Outcome(place, remaining=remaining(place))
    for number in range(PASSES):
        if number:
            time.sleep(BETWEEN_PASSES)
        outcome.unreadable.clear()
        try:
            for rewritten in _pass(place, batch, outcome.unreadable):
                outcome.rewritten += rewritten
                outcome.remaining = max(0, outcome.remaining - rewritten)
                if told:
                    told(outcome)
        except DatabaseError as error:
            # A table that takes no updates says so here; the other columns are still done.
            outcome.refusal = str(error).strip().split("\n")[0]
        # Old processes may have written with the old key meanwhile, and busy rows were left out.
        outcome.remaining = remaining(place)
        if outcome.refusal or outcome.remaining <= len(outcome.unreadable):
            break
    return outcome


def all_places() -> Iterator[Place]:
    yield from sorted(places(), key=str)


def indexed_models() -> list[type[models.Model]]:
    """Return the models with blind indexes."""
    return [model for model in apps.get_models() if blind_indexes(model) and not model._meta.proxy]


def index_anew(model: type[models.Model], *, batch: int = BATCH) -> int:
    """Compute the model's blind indexes again, after their key has changed, and return how many rows that altered."""
    fields, altered, last = blind_indexes(model), 0, None
    wanted = {"pk", *(field.attname for field in fields), *(field.of for field in fields)}
    while True:
        with transaction.atomic():
            ahead = model._base_manager.all() if last is None else model._base_manager.filter(pk__gt=last)
            rows = list(ahead.only(*wanted).order_by("pk").select_for_update(no_key=True)[:batch])
            if not rows:
                return altered
            stale = [row for row in rows if _index(row, fields)]
            model._base_manager.bulk_update(stale, [field.name for field in fields])
        altered += len(stale)
        last = rows[-1].pk


def _index(row: models.Model, fields: list[BlindIndexField]) -> bool:
    """Set the row's indexes, and tell whether any was another one."""
    before = [getattr(row, field.attname) for field in fields]
    for index in fields:
        setattr(row, index.attname, index.index(getattr(row, index.of)))
    return before != [getattr(row, field.attname) for field in fields]


def _pass(place: Place, batch: int, unreadable: list[Any]) -> Iterator[int]:
    """Walk once through the table by its key and yield after each batch how many values it rewrote."""
    pk, column = connection.ops.quote_name(str(place.model._meta.pk.column)), _column(place)
    kind = place.model._meta.pk.rel_db_type(connection)
    select = (
        f"SELECT {pk}, {column}::text FROM {_table(place)} WHERE {_is_stale(place)} {{after}} "  # noqa: S608
        f"ORDER BY {pk} LIMIT %s {LOCK}"
    )
    update = (
        f"UPDATE {_table(place)} AS kept SET {column} = new.value::{'jsonb' if place.is_json else 'text'} "  # noqa: S608
        f"FROM unnest(%s::{kind}[], %s::text[]) AS new (pk, value) WHERE kept.{pk} = new.pk"
    )
    last: list[Any] = []
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            _take_time(cursor)
            after = f"AND {pk} > %s::{kind}" if last else ""
            cursor.execute(select.format(after=after), [*_marks(place), *last, batch])
            rows = cursor.fetchall()
            renewed = [
                (key, value) for key, stored in rows if (value := _renewed(place, key, stored, unreadable)) is not None
            ]
            if renewed:
                cursor.execute(update, [list(values) for values in zip(*renewed, strict=True)])
        if not rows:
            return
        last = [rows[-1][0]]
        yield len(renewed)


def _renewed(place: Place, pk: Any, stored: str, unreadable: list[Any]) -> str | None:
    """Return what the column shall hold, None where nothing is to be written."""
    before = json.loads(stored) if place.is_json else stored
    try:
        after = place.renewed(before)
    except CannotDecrypt:
        unreadable.append(pk)
        return None
    if after == before:
        return None
    return json.dumps(after) if place.is_json else str(after)


def _is_stale(place: Place) -> str:
    """Return the condition for rows that are to be looked at; its value is that of _marks()."""
    column = _column(place)
    if place.is_json:
        return f"{column}::text ~ %s"
    # Whatever the first key did not write, also what is no ciphertext at all: that is found here, and reported.
    return f"{column} <> '' AND NOT starts_with({column}, %s)"


def _marks(place: Place) -> list[str]:
    if place.is_json:
        return [rf'"{SCHEME}:(?!{writing_key()}:)[A-Za-z0-9_-]{{1,20}}:[A-Za-z0-9+/]+={{0,2}}"']
    return [f"{SCHEME}:{writing_key()}:"]


def _table(place: Place) -> str:
    return connection.ops.quote_name(place.model._meta.db_table)


def _column(place: Place) -> str:
    return connection.ops.quote_name(place.column)


def _take_time(cursor: Any) -> None:
    # The pages' five seconds are too few to look through a long table once.
    cursor.execute("SET LOCAL statement_timeout = '300s'")
