"""For migrations: turning columns that stand in the clear into encrypted ones, in batches, there and back.

A batch is one transaction, and a value that opens already is left: a migration that was stopped begins again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from core import encryption

BATCH = 500
Row = tuple[Any, ...]


def encrypt_columns(
    connection: Any,
    table: str,
    columns: Mapping[str, str],
    indexes: Mapping[str, tuple[str, Callable[[str], str]]] | None = None,
) -> None:
    """Encrypt the columns of every row and fill the blind indexes beside them.

    :param columns: the associated data of each column, by its name
    :param indexes: the column each index follows and how it is made, by the index column's name
    """
    follow = indexes or {}
    names = list(columns)

    def encrypted(row: Row) -> Row:
        clear = {name: _opened(value, columns[name]) for name, value in zip(names, row, strict=True)}
        sealed = [
            value if not value or value != clear[name] else encryption.encrypt(value, aad=columns[name])
            for name, value in zip(names, row, strict=True)
        ]
        return (*sealed, *(make(clear[of] or "") for of, make in follow.values()))

    _rewrite(connection, table, names, [*names, *follow], encrypted)


def decrypt_columns(connection: Any, table: str, columns: Mapping[str, str]) -> None:
    """Write the columns in the clear again, for the way back."""
    names = list(columns)

    def opened(row: Row) -> Row:
        return tuple(_opened(value, columns[name]) for name, value in zip(names, row, strict=True))

    _rewrite(connection, table, names, names, opened)


def _opened(value: str | None, aad: str) -> str | None:
    if not value or encryption.key_of(value) is None:
        return value
    try:
        return encryption.decrypt(value, aad=aad)
    except encryption.UnknownKey:
        raise
    except encryption.CannotDecrypt:
        # Somebody's own text that merely looks like ours.
        return value


def _rewrite(connection: Any, table: str, read: list[str], written: list[str], change: Callable[[Row], Row]) -> None:
    quote = connection.ops.quote_name
    wanted, new = ", ".join(map(quote, read)), ", ".join(map(quote, written))
    select = f"SELECT id, {wanted} FROM {quote(table)} WHERE id > %s ORDER BY id LIMIT %s FOR UPDATE"  # noqa: S608
    update = (
        f"UPDATE {quote(table)} AS kept SET {', '.join(f'{quote(name)} = new.{quote(name)}' for name in written)} "  # noqa: S608
        f"FROM unnest(%s::bigint[], {', '.join(['%s::text[]'] * len(written))}) AS new (id, {new}) "
        "WHERE kept.id = new.id"
    )
    after = 0
    while True:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(select, [after, BATCH])
            rows = cursor.fetchall()
            if not rows:
                return
            columns = zip(*(change(row[1:]) for row in rows), strict=True)
            cursor.execute(update, [[row[0] for row in rows], *map(list, columns)])
        after = rows[-1][0]
