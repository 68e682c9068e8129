"""Help for tests of every domain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from core import hotcache, outbox
from core.breaker import redis_breaker
from core.models import EventDelivery


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
