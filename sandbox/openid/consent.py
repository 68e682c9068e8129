"""The page on which a person says who they are and whether they agree; the same for both providers."""

import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from sandbox import settings
from sandbox.faults import switches
from sandbox.middleware import PAGE_POLICY
from sandbox.openid.models import Grant
from sandbox.openid.people import PEOPLE, Person, somebody

CODE_SECONDS = 600
SALT = "sandbox.openid.consent"
MOST_GRANTS = 5000


class BadRequest(Exception):
    """The app that sent the person here asked for something it may not have; they are told and not sent back."""


def asked_of(request: HttpRequest, client_id: str) -> dict[str, str]:
    """Return what the app asks for.

    :raises BadRequest: when it is not registered, or wants the answer sent where it may not go
    """
    asked = {key: request.GET.get(key, "")[:2000] for key in (
        "client_id", "redirect_uri", "response_type", "scope", "state", "nonce",
        "code_challenge", "code_challenge_method",
    )}  # fmt: skip
    if asked["client_id"] != client_id:
        raise BadRequest("invalid_client: the app is not registered here.")
    if not _may_return_to(asked["redirect_uri"]):
        raise BadRequest("redirect_uri_mismatch: the app may not have its answers sent there.")
    if asked["response_type"] != "code":
        raise BadRequest("unsupported_response_type: only codes are handed out.")
    if asked["code_challenge"] and asked["code_challenge_method"] != "S256":
        raise BadRequest("invalid_request: only code_challenge_method=S256 is understood.")
    return asked


def _may_return_to(address: str) -> bool:
    parts = urlsplit(address)
    ours = urlsplit(settings.BUKA_URL)
    is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    return not parts.fragment and (is_here or (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc))


def page(request: HttpRequest, *, service: str, brand: str, asked: dict[str, str]) -> HttpResponse:
    """Show whom one can be."""
    response = render(
        request,
        "sandbox/openid/consent.html",
        {
            "brand": brand,
            "service": service,
            "people": PEOPLE.values(),
            "asked": signing.dumps(asked, salt=SALT, compress=True),
            "returns_to": urlsplit(asked["redirect_uri"]).netloc,
            "fault": switches.look(service),
        },
    )
    # The form's answer leads back to the app, which browsers count as where the form goes.
    goal = urlsplit(asked["redirect_uri"])
    response.headers["Content-Security-Policy"] = PAGE_POLICY.replace(
        "form-action 'self'", f"form-action 'self' {goal.scheme}://{goal.netloc}"
    )
    return response


def decide(request: HttpRequest, *, service: str, denial: dict[str, str]) -> HttpResponse:
    """Take the person's answer and send them back with a code, or with the news that they said no.

    :raises BadRequest: when the form is not the one that was shown
    """
    try:
        asked: dict[str, str] = signing.loads(request.POST.get("asked", ""), salt=SALT, max_age=3600)
    except signing.BadSignature as bad:
        raise BadRequest("invalid_request: this page is too old. Go back to Buka and start again.") from bad
    fault = switches.take(service)
    state = "somebody-elses" if fault.mode == "wrong_state" else asked["state"]
    answer = {"state": state} if state else {}
    if request.POST.get("answer") == "no" or fault.mode == "denied":
        return _back(asked["redirect_uri"], {**denial, **answer})
    code = issue(
        service=service,
        kind=Grant.Kind.CODE,
        client_id=asked["client_id"],
        claims=spoilt(_person(request).claims(), fault.mode),
        fault=fault,
        seconds=CODE_SECONDS,
        redirect_uri=asked["redirect_uri"],
        challenge=asked["code_challenge"],
        nonce=asked["nonce"],
        scope=asked["scope"],
    )
    return _back(asked["redirect_uri"], {**answer, "code": code.value})


def _person(request: HttpRequest) -> Person:
    known = PEOPLE.get(request.POST.get("person", ""))
    if known is not None:
        return known
    return somebody(
        request.POST.get("name", ""), request.POST.get("email", ""), is_verified=request.POST.get("verified") == "on"
    )


def spoilt(claims: dict[str, Any], fault: str) -> dict[str, Any]:
    """Return what is said of the person, changed as the fault wants it."""
    claims = dict(claims)
    if fault == "no_email":
        claims.pop("email", None)
        claims.pop("email_verified", None)
    elif fault == "unverified_email" and "email" in claims:
        claims["email_verified"] = False
    elif fault == "other_email" and "email" in claims:
        claims["email"] = f"new.{claims['email']}"
    return claims


def issue(
    *,
    service: str,
    kind: Grant.Kind,
    client_id: str,
    claims: dict[str, Any],
    fault: switches.Switch,
    seconds: int,
    **more: Any,
) -> Grant:
    """Hand out a code or an access token."""
    now = timezone.now()
    prefix = {"google": {"code": "4/0A", "access": "ya29.a0"}, "facebook": {"code": "AQ", "access": "EAAB"}}
    grant = Grant.objects.create(
        service=service,
        kind=kind,
        value=prefix[service][kind.value] + secrets.token_urlsafe(48),
        client_id=client_id,
        claims=claims,
        fault=f"{fault.mode}:{fault.delay_seconds}",
        issued_at=now,
        expires_at=now + timedelta(seconds=seconds),
        **more,
    )
    Grant.objects.filter(pk__lte=grant.pk - MOST_GRANTS).delete()
    return grant


def fault_of(grant: Grant) -> tuple[str, int]:
    """Return what goes wrong with a grant, and how late the answer comes."""
    mode, _colon, seconds = grant.fault.partition(":")
    return mode, int(seconds or 0)


def _back(address: str, answer: dict[str, str]) -> HttpResponse:
    parts = urlsplit(address)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *answer.items()])
    return HttpResponseRedirect(urlunsplit(parts._replace(query=query)))
