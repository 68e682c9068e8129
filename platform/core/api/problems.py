"""Problem details (RFC 9457): the one shape of every error that the API answers."""

import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from core.errors import Busy, DomainError, InvalidInput

CONTENT_TYPE = "application/problem+json"
# A problem's type is an address a developer can open; the fragment is the code.
TYPE = "/api/docs/errors#{code}"


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    instance: str = "",
    errors: list[dict[str, str]] | None = None,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the members of a problem; details stand beside the standard ones and cannot replace them."""
    members: dict[str, Any] = {
        "type": TYPE.format(code=code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if instance:
        members["instance"] = instance
    if errors:
        members["errors"] = errors
    return {**(details or {}), **members}


def respond(
    request: HttpRequest, *, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Answer a problem outside DRF: from a handler, a middleware, a plain view."""
    body = orjson.dumps(problem(status=status, code=code, detail=detail, instance=request.path))
    response = HttpResponse(body, status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))
    response.refusal_code = code  # type: ignore[attr-defined]  # the audit reads it
    return response


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn what a view raised into a problem; what nobody expected stays an exception and reaches the log."""
    request = context.get("request")
    instance = request.path if request is not None else ""
    if isinstance(exc, OperationalError) and is_contention(exc):
        exc = Busy()
    answer: Response | None
    if isinstance(exc, DomainError):
        answer = _from_domain(exc, instance)
    elif isinstance(exc, DjangoValidationError):
        answer = _from_fields(_django_errors(exc), instance)
    elif isinstance(exc, exceptions.ValidationError):
        answer = _from_fields(list(_flat(exc.detail, "")), instance)
    elif isinstance(exc, Http404 | exceptions.NotFound):
        answer = _answer(404, "not_found", _("There is nothing at this address."), instance)
    elif isinstance(exc, PermissionDenied | exceptions.PermissionDenied):
        detail = str(getattr(exc, "detail", "")) or _("You may not do that.")
        code = "csrf_failed" if detail.startswith("CSRF Failed") else "not_allowed"
        answer = _answer(403, code, detail, instance)
    elif isinstance(exc, exceptions.APIException):
        answer = _from_drf(exc, instance)
    else:
        answer = None
    if answer is not None:
        set_rollback()
    return answer


def is_contention(error: OperationalError) -> bool:
    """Tell whether the database gave up waiting for somebody else: lock time-out, deadlock, serialization."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state in ("55P03", "40P01", "40001")


def _answer(
    status: int,
    code: str,
    detail: str,
    instance: str,
    *,
    errors: list[dict[str, str]] | None = None,
    details: Mapping[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    members = problem(status=status, code=code, detail=detail, instance=instance, errors=errors, details=details)
    return Response(members, status=status, headers=headers, content_type=CONTENT_TYPE)


def _from_domain(error: DomainError, instance: str) -> Response:
    errors = None
    if isinstance(error, InvalidInput):
        errors = [
            _field_error(_pointer("", field), str(sentence), "invalid")
            for field, sentences in error.errors.items()
            for sentence in sentences
        ]
    return _answer(
        error.status,
        error.code,
        str(error.message),
        instance,
        errors=errors,
        details=error.details,
        headers=error.headers,
    )


def _from_drf(exc: exceptions.APIException, instance: str) -> Response:
    headers: dict[str, str] = {}
    # DRF hangs both on the exceptions it raises.
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(exc, exceptions.Throttled):
        wait = math.ceil(getattr(exc, "wait", None) or 60)
        headers["Retry-After"] = str(wait)
        return _answer(
            429,
            "too_many_attempts",
            _("You have tried too often. Please wait a little and try again."),
            instance,
            details={"retry_after": wait},
            headers=headers,
        )
    codes = exc.get_codes()
    code = codes if isinstance(codes, str) else "invalid_input"
    if isinstance(exc, exceptions.NotAuthenticated):
        code = "not_authenticated"
    return _answer(exc.status_code, code, str(exc.detail), instance, headers=headers)


def _from_fields(errors: list[dict[str, str]], instance: str) -> Response:
    detail = errors[0]["detail"] if len(errors) == 1 else _("Please correct what is marked.")
    return _answer(400, "invalid_input", detail, instance, errors=errors)


def _field_error(pointer: str, detail: str, code: str) -> dict[str, str]:
    return {"pointer": pointer, "detail": detail, "code": code}


def _pointer(base: str, key: object) -> str:
    """Return a JSON Pointer (RFC 6901), as a fragment, to a member of the request's body."""
    if key == api_settings.NON_FIELD_ERRORS_KEY:
        return base or "#"
    return (base or "#") + "/" + str(key).replace("~", "~0").replace("/", "~1")


def _flat(detail: Any, base: str) -> Iterable[dict[str, str]]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _flat(value, _pointer(base, key))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            # A list of sentences belongs to its field; a list of objects is a list in the body.
            yield from _flat(value, _pointer(base, index) if isinstance(value, Mapping | list) else base)
    else:
        yield _field_error(base or "#", str(detail), str(getattr(detail, "code", None) or "invalid"))


def _django_errors(exc: DjangoValidationError) -> list[dict[str, str]]:
    by_field = exc.error_dict if hasattr(exc, "error_dict") else {"__all__": exc.error_list}
    return [
        _field_error("#" if field == "__all__" else _pointer("", field), sentence, error.code or "invalid")
        for field, errors in by_field.items()
        for error in errors
        for sentence in error.messages
    ]


def respond_to(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer a refusal outside DRF."""
    answer = _from_domain(error, request.path)
    headers = {**answer.headers, "Content-Type": CONTENT_TYPE}
    response = HttpResponse(orjson.dumps(answer.data, default=str), status=answer.status_code, headers=headers)
    response.refusal_code = error.code  # type: ignore[attr-defined]
    return response
