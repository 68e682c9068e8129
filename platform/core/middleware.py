"""Health for the operator's probes, and refusals that no view caught."""

import logging
from collections.abc import Callable

import orjson
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.template import loader

from core.api import problems
from core.errors import Busy, DomainError, NotFound
from core.redis import client

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponse]


class HealthMiddleware:
    """Answer /healthz and /readyz before hosts, sessions and languages have a say.

    /healthz: this process answers; nothing else is asked. /readyz: 200 when requests can be served, that is with the
    database reachable and migrated; without Redis it stays 200 and says `degraded`, because pages and bookings go on
    and taking every web process out of the balancer would turn a small fault into a large one. 503 otherwise.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self._migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return self._answer({"status": "ok"}, 200)
        if request.path == "/readyz":
            return self._ready()
        return self.get_response(request)

    def _ready(self) -> HttpResponse:
        database = self._database()
        parts = {
            "database": database,
            "migrations": self._migrations() if database == "ok" else "unknown",
            "redis": self._redis(),
        }
        if parts["database"] != "ok" or parts["migrations"] != "ok":
            return self._answer({"status": "unavailable", "parts": parts}, 503)
        return self._answer({"status": "ok" if parts["redis"] == "ok" else "degraded", "parts": parts}, 200)

    def _database(self) -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError as error:
            logger.warning("/readyz: the database does not answer: %s", error)
            return "unreachable"
        return "ok"

    def _migrations(self) -> str:
        # Once applied they stay applied for this process's code; looking again would cost a dozen queries each time.
        if self._migrated:
            return "ok"
        try:
            executor = MigrationExecutor(connection)
            self._migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return "unknown"
        return "ok" if self._migrated else "missing"

    def _redis(self) -> str:
        try:
            client().ping()
        except Exception:
            return "unreachable"
        return "ok"

    @staticmethod
    def _answer(body: dict[str, object], status: int) -> HttpResponse:
        headers = {"Cache-Control": "no-store"}
        return HttpResponse(orjson.dumps(body), status=status, content_type="application/json", headers=headers)


class DomainErrorMiddleware:
    """Answer a refusal that a page view did not catch: a page, a fragment for htmx, problem details below /api/."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError) and problems.is_contention(exception):
            exception = Busy()
        if not isinstance(exception, DomainError):
            return None
        headers = {} if exception.retry_after is None else {"Retry-After": str(exception.retry_after)}
        if request.path.startswith("/api/"):
            return problems.respond_to(request, exception)
        fragment = request.headers.get("HX-Request") == "true"
        template = "domain_error_fragment.html" if fragment else "domain_error.html"
        context = {"error": exception, "is_not_found": isinstance(exception, NotFound)}
        body = loader.render_to_string(template, context, request)
        return HttpResponse(body, status=exception.status, headers=headers)
