"""Help for tests of every domain."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.core.management.commands import flush as flush_command
from django.db import OperationalError, connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from psycopg.errors import DeadlockDetected
from psycopg.sql import SQL, Identifier, Literal

from core import hotcache, outbox
from core.breaker import redis_breaker
from core.models import EventDelivery


class QuickHasher(BCryptSHA256PasswordHasher):
    """Production's hasher with as few rounds as there may be: what it makes, that one reads, and makes anew."""

    rounds = 4


def work_off_outbox() -> int:
    """Deliver, in this process and now, everything published so far and what that publishes; return how many ran.

    :raises AssertionError: when a handler failed, with its traceback
    """
    ran = 0
    while True:
        relayed = _relay_without_celery()
        waiting = list(EventDelivery.objects.filter(status=EventDelivery.Status.WAITING).order_by("pk"))
        for delivery in waiting:
            if outbox.attempt(delivery.pk):
                ran += 1
            else:
                delivery.refresh_from_db()
                raise AssertionError(f"{delivery.handler} failed:\n{delivery.last_error}")
        if not relayed and not waiting:
            return ran


def _relay_without_celery() -> int:
    total = 0
    while handled := outbox.relay_batch(bell=False):
        total += handled
    return total


def log_in(client: Any, user: Any, *, second_factor: bool = True) -> None:
    """Sign a person in to Django's test client, by default with the second factor that staff need."""
    if second_factor:
        with_second_factor(user)
    client.force_login(user)
    session = client.session
    methods = ["password", "mfa"] if second_factor else ["password"]
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [{"method": method, "at": time.time()} for method in methods]
    session.save()


def with_second_factor(user: Any) -> Any:
    """Return the person with a second factor on the account, marked as if the request at hand had shown it."""
    # That it stands there is what doors ask; tests that show codes enrol it with a secret of their own.
    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": ""}})
    user.passed_second_factor = True
    return user


def flush_quickly() -> None:
    """Let the end of a test that commits empty the tables that hold something, those too that refuse to be emptied.

    Django truncates all of them: a hundred files made anew, for a handful of rows. Only a superuser can put off the
    triggers and foreign keys, as this does; PostgreSQL puts them on again with the end of the transaction.

    Nor does Django then look, model by model, whether content types and permissions are there: they stay.
    """
    if getattr(BaseDatabaseOperations.execute_sql_flush, "is_ours", False):
        return

    def flush(self: BaseDatabaseOperations, sql_list: Iterable[str]) -> None:
        tables = [name for sql in sql_list for name in re.findall(r'"([^"]+)"', sql) if name not in _STAYS]
        for is_last in (False, False, True):
            try:
                _empty(self.connection, tables)
                break
            except OperationalError as error:
                # A page that is still loading, or a worker, reads the same tables in another order.
                if is_last or not isinstance(error.__cause__, DeadlockDetected):
                    raise

    flush.is_ours = True  # type: ignore[attr-defined]
    flush_command.emit_post_migrate_signal = lambda *args, **kwargs: None  # type: ignore[attr-defined]
    BaseDatabaseOperations.execute_sql_flush = flush  # type: ignore[method-assign]


# Django makes their rows anew under other numbers, and Buka's real processes remember the old ones.
_STAYS = ("django_content_type", "auth_permission")


def _empty(database: Any, tables: list[str]) -> None:
    with transaction.atomic(using=database.alias), database.cursor() as cursor:
        # Whoever is still writing is waited for, or their rows would come after and stay.
        names = [Identifier(table) for table in tables]
        cursor.execute(SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(SQL(", ").join(names)))
        full = SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        questions = [full.format(Literal(table), name) for table, name in zip(tables, names, strict=True)]
        cursor.execute(SQL(" UNION ALL ").join(questions))
        filled = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled:
            cursor.execute(SQL("DELETE FROM {}").format(Identifier(table)))


def count_rows_anew() -> None:
    """Let the planner count the rows of our tables, as autovacuum does in its time.

    Not of the tables that all databases share: whoever does that keeps others from it until their transaction ends.
    """
    with connection.cursor() as cursor:
        names = [Identifier(table) for table in connection.introspection.table_names(cursor)]
        cursor.execute(SQL("ANALYZE {}").format(SQL(", ").join(names)))


def start_afresh() -> None:
    """Forget what this process remembers of Redis: cached bodies, and that it was away. Before each test."""
    redis_breaker.reset()
    hotcache.start_afresh()


@dataclass(frozen=True)
class QueryPlan:
    """How PostgreSQL would answer one statement: the nodes of its plan, flat."""

    sql: str
    nodes: list[dict[str, Any]]

    @property
    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes if "Index Name" in node}

    def conditions_on(self, index: str) -> list[str]:
        """Return what each scan of an index looks up in it; an empty text where it reads all of it."""
        return [node.get("Index Cond", "") for node in self.nodes if node.get("Index Name") == index]


def query_plans(do: Callable[[], object], *, about: str) -> list[QueryPlan]:
    """Do something, and return the plan of each of its statements that names the table `about`."""
    statements: list[tuple[str, Any]] = []

    def listen(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if about in sql and not many and sql.split(None, 1)[0] in ("SELECT", "UPDATE", "DELETE", "INSERT"):
            statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        do()
    plans = []
    with connection.cursor() as cursor:
        for sql, params in statements:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            plans.append(QueryPlan(sql, list(_nodes(cursor.fetchone()[0][0]["Plan"]))))
    return plans


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
