"""Health for the operator's probes, and refusals that no view caught."""

import logging
from collections.abc import Callable

import orjson
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core import limits, refusals, uploads, views
from core.api import parsers, problems
from core.errors import Busy, DomainError
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


class BodySizeMiddleware:
    """Refuse a body by its announced size, before a byte of it is read: 256 kB to the API, one picture elsewhere."""

    LARGEST_FORM = uploads.LARGEST_FILE + 1024 * 1024

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        size = int(announced) if announced.isascii() and announced.isdigit() else 0
        to_api = request.path.startswith(refusals.API)
        if size > (parsers.MAX_BYTES if to_api else self.LARGEST_FORM):
            sentence = parsers.BodyTooLarge.default_detail if to_api else _("What you sent is too large.")
            return views.refusal(request, 413, parsers.BodyTooLarge.default_code, str(sentence))
        return self.get_response(request)


class LimitHeadersMiddleware:
    """Tell in each answer of a limited door where its asker stands, and in each 429 when to come back."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        standing = limits.noted(request)
        if standing is not None and response.status_code < 500:
            for name, value in standing.headers().items():
                response.headers.setdefault(name, value)
        if response.status_code == 429:
            refused = limits.refused(request)
            response.headers.setdefault("Retry-After", str(refused.seconds) if refused is not None else "60")
        return response


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
        return refusals.answer(request, exception)
