"""Facebook's side: its dialog, and the part of its graph that a log-in asks."""

import hashlib
import hmac
import time
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from sandbox import settings
from sandbox.faults import switches
from sandbox.faults.panel import Panel
from sandbox.openid import consent, exchange, tokens
from sandbox.openid.models import Grant

SERVICE = "facebook"
ISSUER = "https://www.facebook.com"
TOKEN_SECONDS = 60 * 24 * 3600
MODES = {
    switches.NONE: "No fault",
    "denied": "Say that the person refused",
    "wrong_state": "Come back with another state",
    "no_email": "Leave the e-mail address out",
    "other_email": "Another e-mail address for the same person",
    "wrong_aud": "A token that was made for another app",
    "expired": "A token whose time is over",
    "old": "A token that was made long ago",
    "alg_none": "An ID token without a signature (alg: none)",
    "tampered": "An ID token changed after it was signed",
    "error": "Be down when the code is exchanged (HTTP 500)",
    "me_error": "Be down when asked who it is (HTTP 500)",
    "garbage": "Answer nonsense when the code is exchanged",
}
PANEL = Panel(
    service=SERVICE,
    modes=MODES,
    noun="log-ins",
    title="Faults of Facebook",
    action="openid:facebook_faults",
    page="openid:facebook",
)
DENIAL = {
    "error": "access_denied",
    "error_code": "200",
    "error_description": "Permissions error",
    "error_reason": "user_denied",
}
# What /me says besides the id, by our names for it.
FIELDS = {"name": "name", "email": "email", "first_name": "given_name", "last_name": "family_name"}


@require_http_methods(["GET", "POST"])
def dialog(request: HttpRequest, version: str) -> HttpResponse:
    try:
        if request.method == "POST":
            return consent.decide(request, service=SERVICE, denial=DENIAL)
        asked = consent.asked_of(request, settings.FACEBOOK_CLIENT_ID)
    except consent.BadRequest as bad:
        return render(request, "sandbox/openid/refused.html", {"brand": "Facebook", "error": str(bad)}, status=400)
    return consent.page(request, service=SERVICE, brand="Facebook", asked=asked)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def access_token(request: HttpRequest, version: str) -> HttpResponse:
    values = {**request.GET.dict(), **request.POST.dict()}
    client_id = values.get("client_id", "")
    if (client_id, values.get("client_secret")) != (settings.FACEBOOK_CLIENT_ID, settings.FACEBOOK_CLIENT_SECRET):
        return _error("Error validating client secret.", 1)
    if values.get("grant_type") == "client_credentials":
        return JsonResponse({"access_token": _app_token(), "token_type": "bearer"})
    try:
        code = exchange.redeem(SERVICE, values, client_id=client_id)
    except exchange.Refused:
        return _error("This authorization code has been used, has expired, or its proof does not fit.", 100)
    fault, seconds = consent.fault_of(code)
    time.sleep(seconds)
    if fault == "error":
        return HttpResponse("Sorry, something went wrong.", status=500, content_type="text/plain")
    if fault == "garbage":
        return HttpResponse("[1, 2", content_type="application/json")
    given = issue(code.claims, fault=fault, made_from=code, scope=code.scope)
    return JsonResponse({"access_token": given.value, "token_type": "bearer", "expires_in": TOKEN_SECONDS})


def issue(claims: dict[str, Any], *, fault: str, **more: Any) -> Grant:
    """Hand out an access token, spoilt in the way `fault` says."""
    given = consent.issue(
        service=SERVICE,
        kind=Grant.Kind.ACCESS,
        client_id="200000000000002" if fault == "wrong_aud" else settings.FACEBOOK_CLIENT_ID,
        claims=claims,
        fault=switches.Switch(mode=fault),
        seconds=-60 if fault == "expired" else TOKEN_SECONDS,
        **more,
    )
    if fault == "old":
        Grant.objects.filter(pk=given.pk).update(issued_at=given.issued_at.replace(year=given.issued_at.year - 1))
    return given


def _app_token() -> str:
    return f"{settings.FACEBOOK_CLIENT_ID}|{settings.FACEBOOK_CLIENT_SECRET}"


@require_GET
def me(request: HttpRequest, version: str) -> HttpResponse:
    value = _token_of(request)
    grant = exchange.access(SERVICE, value)
    if grant is None:
        return _error("Invalid OAuth access token - Cannot parse access token", 190, status=401)
    if consent.fault_of(grant)[0] == "me_error":
        return HttpResponse("Sorry, something went wrong.", status=500, content_type="text/plain")
    proof = hmac.new(settings.FACEBOOK_CLIENT_SECRET.encode(), value.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(proof, request.GET.get("appsecret_proof", "")):
        return _error("API calls from the server require an appsecret_proof argument", 100)
    said = {"id": grant.claims["sub"]}
    for field in request.GET.get("fields", "name").split(","):
        if field in FIELDS and FIELDS[field] in grant.claims:
            said[field] = grant.claims[FIELDS[field]]
    return JsonResponse(said)


@require_GET
def debug_token(request: HttpRequest, version: str) -> HttpResponse:
    if _token_of(request) != _app_token():
        return _error("Invalid OAuth access token signature.", 190)
    grant = Grant.objects.filter(
        service=SERVICE, kind=Grant.Kind.ACCESS, value=request.GET.get("input_token", "")
    ).first()
    if grant is None:
        return JsonResponse({"data": {"is_valid": False, "error": {"code": 190, "message": "Malformed access token"}}})
    return JsonResponse(
        {
            "data": {
                "app_id": grant.client_id,
                "type": "USER",
                "application": "Buka",
                "expires_at": int(grant.expires_at.timestamp()),
                "issued_at": int(grant.issued_at.timestamp()),
                "is_valid": exchange.access(SERVICE, grant.value) is not None,
                "scopes": grant.scope.split(","),
                "user_id": grant.claims["sub"],
            }
        }
    )


@require_GET
def jwks(request: HttpRequest) -> JsonResponse:
    return JsonResponse(tokens.jwks(SERVICE))


def _token_of(request: HttpRequest) -> str:
    kind, _space, value = request.headers.get("Authorization", "").partition(" ")
    return value if kind.lower() == "bearer" else request.GET.get("access_token", "")


def _error(message: str, code: int, *, status: int = 400) -> JsonResponse:
    return JsonResponse(
        {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Asandbox"}}, status=status
    )
