"""A request sent twice happens once: the `Idempotency-Key` header.

The key's row and the effect commit together. What is kept for 24 hours is the answer of an operation that came to a
decision: a success, or a refusal by a rule (409, 410, 412, 422). Answers that invite to try again with the same key
are not kept: mistakes in the request (400, 401, 403, 404, 415, 429 …), a 409 with `Retry-After`, and every 5xx.

A kept answer opens nothing that has been closed since: whoever has lost the right to ask is refused as without a key.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, overload

import orjson
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api import problems
from core.api.renderers import to_bytes
from core.errors import Busy, DomainError
from core.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_FOR = timedelta(hours=24)
_DECIDED = frozenset({409, 410, 412, 422})
_PRINTABLE = re.compile(r"^[\x21-\x7e]{1,255}$")
_KEPT_HEADERS = ("Location", "ETag", "Content-Language", "Cache-Control")
# A key that nobody else would make up by chance.
_UNIQUE_ENOUGH = 16

Method = TypeVar("Method", bound=Callable[..., Any])


class IdempotencyKeyMissing(DomainError):
    code = "idempotency_key_missing"
    message = _("This request needs an Idempotency-Key header, so that sending it twice does not do it twice.")
    status = 400


class IdempotencyKeyInvalid(DomainError):
    code = "idempotency_key_invalid"
    message = _("The Idempotency-Key must be 1 to 255 printable characters without spaces.")
    status = 400


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    message = _("This Idempotency-Key belongs to another request. Use a new key for a new request.")
    status = 422


class RequestInProgress(Busy):
    code = "request_in_progress"
    message = _("The same request is still being worked on. Ask again in a moment.")


@overload
def idempotent(method: Method) -> Method: ...
@overload
def idempotent(*, required: bool = False) -> Callable[[Method], Method]: ...
def idempotent(method: Any = None, *, required: bool = False) -> Any:
    """Decorate a DRF view's method that changes something.

    The method runs inside one transaction with the key's row; a refusal's changes are rolled back before its answer is
    kept. Without the header it runs as usual, or is refused when `required`. A view that lets strangers in who show
    something, as a booking's token, says where that stands: `proof_in(request)`; only they get the kept answer. A view
    that looks at rights beyond its permission classes, as at a role in the house, looks again before an answer is given
    a second time: `check_again(request, *args, **kwargs)` raises what asking now would be refused with.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Any:
            key = _key(request)
            if key is None:
                if required:
                    raise IdempotencyKeyMissing
                return function(view, request, *args, **kwargs)
            with transaction.atomic():
                return _once(key, function, view, request, *args, **kwargs)

        call.idempotency = "required" if required else "optional"  # type: ignore[attr-defined]
        return call

    return decorate if method is None else decorate(method)


def forget_old() -> int:
    """Delete the keys older than a day and return how many went."""
    deleted, _by_model = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    return deleted


def _key(request: Request) -> str | None:
    given = request.headers.get(HEADER)
    if given is None:
        return None
    # The draft standard writes the key in quotes; people often leave them out.
    key = given.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _PRINTABLE.match(key):
        raise IdempotencyKeyInvalid
    return key


def _once(key: str, function: Callable[..., Any], view: APIView, request: Request, *args: Any, **kwargs: Any) -> Any:
    scope = {
        "actor": _actor(view, request, key),
        "method": request.method or "",
        "path": request.path[:500],
        "key": key,
    }
    digest = _digest(request)
    has_lock, number = _lock(scope)
    if not has_lock:
        raise RequestInProgress
    # A key of yesterday may be cleared away in between: then there is none.
    known = None if number is None else IdempotencyKey.objects.filter(pk=number).first()
    if known is not None and known.created_at < timezone.now() - KEPT_FOR:
        known.delete()
        known = None
    if known is not None:
        if known.request_digest != digest:
            raise IdempotencyKeyReused
        check_again: Callable[..., None] | None = getattr(view, "check_again", None)
        if check_again is not None:
            check_again(request, *args, **kwargs)
        return _replay(known)
    response = _run(function, view, request, *args, **kwargs)
    if _is_decided(response):
        data = getattr(response, "data", None)
        IdempotencyKey.objects.create(
            **scope,
            request_digest=digest,
            status=response.status_code,
            body="" if data is None else to_bytes(data).decode(),
            headers={name: response[name] for name in _KEPT_HEADERS if name in response},
        )
    return response


def _run(function: Callable[..., Any], view: APIView, request: Request, *args: Any, **kwargs: Any) -> Any:
    try:
        with transaction.atomic():
            return function(view, request, *args, **kwargs)
    except Exception as error:
        # What DRF would answer to the exception; a surprise is raised again and leaves neither row nor effect.
        return view.handle_exception(error)


def _is_decided(response: Any) -> bool:
    code = response.status_code
    return 200 <= code < 300 or (code in _DECIDED and "Retry-After" not in response)


def _replay(known: IdempotencyKey) -> HttpResponse:
    kind = "application/json" if known.status < 400 else problems.CONTENT_TYPE
    response = HttpResponse(
        known.body, status=known.status, headers={**known.headers, REPLAYED: "true"}, content_type=kind
    )
    if not known.body:
        del response["Content-Type"]
    return response


def _actor(view: APIView, request: Request, key: str) -> str:
    """Return whose keys these are. An answer is kept for whoever could have asked for it, so what they show counts."""
    user = request.user
    if user is not None and user.is_authenticated:
        # A program's number may be a person's, too.
        return f"{getattr(user, 'actor_kind', 'user')}:{user.pk}"
    proof_in: Callable[[Request], str] | None = getattr(view, "proof_in", None)
    if proof_in is not None:
        return f"proof:{hashlib.sha256(proof_in(request).encode()).hexdigest()}"
    # A phone changes its address between two tries, so a stranger's scope does not hold it; only a key that two
    # strangers might both think of is kept apart by address. The body must be the same in any case.
    if len(key) >= _UNIQUE_ENOUGH:
        return "anonymous"
    return f"anonymous:{request.META.get('REMOTE_ADDR', '')}"[:120]


def _digest(request: Request) -> str:
    content = orjson.dumps([request.data, request.META.get("QUERY_STRING", "")], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()


# Two statements, because only a second one sees what was committed until the first had the lock; in one message, as
# every request that has a key would otherwise wait for the database once more.
_LOCK_AND_LOOK = """
    SELECT pg_try_advisory_xact_lock(%(lock)s);
    SELECT id FROM core_idempotencykey
    WHERE actor = %(actor)s AND method = %(method)s AND path = %(path)s AND key = %(key)s
"""


def _lock(scope: dict[str, str]) -> tuple[bool, int | None]:
    """Take the scope for this transaction; tell whether no other request holds it, and the id of the row it has."""
    digest = hashlib.blake2b("\0".join(scope.values()).encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_AND_LOOK, {**scope, "lock": int.from_bytes(digest, "big", signed=True)})
        has_lock = bool(cursor.fetchone()[0])
        cursor.nextset()
        row = cursor.fetchone()
    return has_lock, row[0] if row else None
