"""The tests' databases are copies of one that all migrations have made, and that stays for the next run."""

import hashlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

PREFIX = "buka_migrated_"
BUILDING = f"{PREFIX}unfinished"


def make_test_database() -> None:
    """Make the database that this worker's tests are going to use, anew even if a killed run has left one."""
    with _maintenance() as cursor:
        template = _migrated_template(cursor)
        cursor.execute(f'DROP DATABASE IF EXISTS "{_test_database()}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{_test_database()}" TEMPLATE "{template}"')


def drop_test_database() -> None:
    """Drop it again, whoever is still connected."""
    name = _test_database()
    connection.close()
    with _maintenance() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _test_database() -> str:
    return str(connection.settings_dict["TEST"]["NAME"])


def _migrated_template(cursor: Any) -> str:
    """Return the name of a database that every migration has been applied to, and nothing else has happened to.

    Made when these migrations have not been applied before; those of other migrations are dropped. Workers that ask
    at the same time wait for the first.
    """
    name = PREFIX + _digest_of_migrations()
    cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [PREFIX])
    try:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        there = {row[0] for row in cursor.fetchall()}
        for other in there - {name}:
            cursor.execute(f'DROP DATABASE "{other}" WITH (FORCE)')
        if name not in there:
            cursor.execute(f'CREATE DATABASE "{BUILDING}"')
            _migrate(BUILDING)
            cursor.execute(f'ALTER DATABASE "{BUILDING}" RENAME TO "{name}"')
    finally:
        cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [PREFIX])
    return name


def _digest_of_migrations() -> str:
    digest = hashlib.sha256(django.__version__.encode())
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    for key, migration in sorted(migrations.items()):
        source = Path(inspect.getfile(type(migration)))
        digest.update(f"{key} {source.name}".encode() + source.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _maintenance() -> Iterator[Any]:
    """Yield a cursor beside Django's connection, in no transaction, that waits as long as it takes."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET lock_timeout = 0")
        yield cursor


def _migrate(database: str) -> None:
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def prepare() -> None:
    """Make the database that those of the tests are copies of, before anybody waits for it."""
    with _maintenance() as cursor:
        _migrated_template(cursor)


if __name__ == "__main__":
    django.setup()
    prepare()
