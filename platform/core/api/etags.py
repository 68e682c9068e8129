"""ETags: what a client has seen, so that nothing is sent twice and nothing unseen is overwritten."""

import hashlib

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError
from core.headers import NEVER_KEPT


class PreconditionFailed(DomainError):
    """The thing has changed since the client read it; read it again and decide anew."""

    code = "precondition_failed"
    message = _("This has changed since you looked. Please look again before you change it.")
    status = 412


def etag_of(*parts: object) -> str:
    """Return a strong ETag of whatever identifies one state: a public id, a version, the language."""
    joined = "\0".join(str(part) for part in parts)
    return '"' + hashlib.blake2b(joined.encode(), digest_size=12).hexdigest() + '"'


def with_etag(request: Request | HttpRequest, etag: str, response: Response) -> Response:
    """Return the response with its ETag, or 304 without a body when the client has that state."""
    if request.method in ("GET", "HEAD") and _names(request.headers.get("If-None-Match", ""), etag):
        response = Response(status=status.HTTP_304_NOT_MODIFIED)
    response["ETag"] = etag
    response.setdefault("Cache-Control", NEVER_KEPT)
    return response


def check_if_match(request: Request | HttpRequest, etag: str) -> None:
    """Let a change pass only if the client has seen the present state, where it says which it has seen.

    Call it after the row is locked.

    :raises PreconditionFailed: when `If-Match` names another state
    """
    wanted = request.headers.get("If-Match")
    if wanted is not None and not _names(wanted, etag):
        raise PreconditionFailed


def seen_version(request: Request | HttpRequest, etag: str, version: int) -> int | None:
    """Return the version that a change relies on, for the service to compare under its lock; None when on none.

    :param version: of the row that the tag is of
    :raises PreconditionFailed: when the client has seen another state
    """
    check_if_match(request, etag)
    return version if "If-Match" in request.headers else None


def _names(header: str, etag: str) -> bool:
    # A compressing proxy, as our own middleware, weakens the tag it passes on, and a client can only send back what it
    # got. Our tags stand for a state, not for its bytes, so the weakened one names the same state.
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags
