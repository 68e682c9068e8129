"""Google's side of OpenID Connect, at the paths it uses."""

import base64
import binascii
import time
from typing import Any

import jwt
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sandbox import settings
from sandbox.faults import switches
from sandbox.faults.panel import Panel
from sandbox.openid import consent, exchange, tokens
from sandbox.openid.models import Grant

SERVICE = "google"
ISSUER = "https://accounts.google.com"
TOKEN_SECONDS = 3599
MODES = {
    switches.NONE: "No fault",
    "denied": "Say that the person refused",
    "wrong_state": "Come back with another state",
    "no_email": "Leave the e-mail address out",
    "unverified_email": "Call the e-mail address not verified",
    "other_email": "Another e-mail address for the same person",
    "wrong_nonce": "An ID token with another nonce",
    "wrong_aud": "An ID token for another app",
    "wrong_issuer": "An ID token of another issuer",
    "expired": "An ID token whose time is over",
    "alg_none": "An ID token without a signature (alg: none)",
    "alg_hs256": "An ID token signed with the public key as a secret (HS256)",
    "unknown_key": "An ID token that names a key nobody has",
    "tampered": "An ID token changed after it was signed",
    "no_id_token": "No ID token in the answer",
    "error": "Be down when the code is exchanged (HTTP 500)",
    "garbage": "Answer nonsense when the code is exchanged",
}
PANEL = Panel(
    service=SERVICE,
    modes=MODES,
    noun="log-ins",
    title="Faults of Google",
    action="openid:google_faults",
    page="openid:google",
)


@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    try:
        if request.method == "POST":
            return consent.decide(request, service=SERVICE, denial={"error": "access_denied"})
        asked = consent.asked_of(request, settings.GOOGLE_CLIENT_ID)
        if "openid" not in asked["scope"].split():
            raise consent.BadRequest("invalid_scope: openid is missing.")
    except consent.BadRequest as bad:
        return render(request, "sandbox/openid/refused.html", {"brand": "Google", "error": str(bad)}, status=400)
    return consent.page(request, service=SERVICE, brand="Google", asked=asked)


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    client_id, secret = _client(request)
    if (client_id, secret) != (settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET):
        return JsonResponse({"error": "invalid_client", "error_description": "Unauthorized"}, status=401)
    if request.POST.get("grant_type") != "authorization_code":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    try:
        code = exchange.redeem(SERVICE, request.POST.dict(), client_id=client_id)
    except exchange.Refused as refused:
        return JsonResponse({"error": str(refused), "error_description": "Bad Request"}, status=400)
    fault, seconds = consent.fault_of(code)
    time.sleep(seconds)
    if fault == "error":
        return HttpResponse("Internal Server Error", status=500, content_type="text/plain")
    if fault == "garbage":
        return HttpResponse("[1, 2", content_type="application/json")
    return JsonResponse(answer(code, nonce=code.nonce, fault=fault))


def answer(code: Grant, *, nonce: str, fault: str) -> dict[str, Any]:
    """Return what the token endpoint answers for a code."""
    given = consent.issue(
        service=SERVICE,
        kind=Grant.Kind.ACCESS,
        client_id=code.client_id,
        claims=code.claims,
        fault=switches.Switch(),
        seconds=TOKEN_SECONDS,
        scope=code.scope,
        made_from=code,
    )
    said: dict[str, Any] = {
        "access_token": given.value,
        "expires_in": TOKEN_SECONDS,
        "scope": code.scope,
        "token_type": "Bearer",
    }
    if fault != "no_id_token":
        said["id_token"] = tokens.id_token(
            SERVICE,
            issuer=ISSUER,
            client_id=code.client_id,
            claims=code.claims,
            nonce=nonce,
            access_token=given.value,
            fault=fault,
        )
    return said


def _client(request: HttpRequest) -> tuple[str, str]:
    kind, _space, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            name, _colon, secret = base64.b64decode(text).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return name, secret
    return request.POST.get("client_id", ""), request.POST.get("client_secret", "")


@require_GET
def certs(request: HttpRequest) -> JsonResponse:
    return JsonResponse(tokens.jwks(SERVICE))


@csrf_exempt
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> JsonResponse:
    kind, _space, value = request.headers.get("Authorization", "").partition(" ")
    grant = exchange.access(SERVICE, value) if kind.lower() == "bearer" else None
    if grant is None:
        return JsonResponse(
            {"error": "invalid_request", "error_description": "Invalid Credentials"},
            status=401,
            headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
        )
    return JsonResponse(grant.claims)


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> JsonResponse:
    grant = exchange.access(SERVICE, request.POST.get("token", "") or request.GET.get("token", ""))
    if grant is None:
        return JsonResponse({"error": "invalid_token", "error_description": "Token expired or revoked"}, status=400)
    grant.delete()
    return JsonResponse({})


@csrf_exempt
@require_http_methods(["GET", "POST"])
def tokeninfo(request: HttpRequest) -> JsonResponse:
    values = request.POST or request.GET
    if value := values.get("id_token"):
        try:
            key = jwt.PyJWK(tokens.jwks(SERVICE)["keys"][0]).key
            said = jwt.decode(value, key, algorithms=["RS256"], options={"verify_aud": False})
        except jwt.PyJWTError:
            return JsonResponse({"error": "invalid_token", "error_description": "Invalid Value"}, status=400)
        return JsonResponse({name: str(each) for name, each in said.items()} | {"alg": "RS256", "typ": "JWT"})
    grant = exchange.access(SERVICE, values.get("access_token", ""))
    if grant is None:
        return JsonResponse({"error": "invalid_token", "error_description": "Invalid Value"}, status=400)
    left = int((grant.expires_at - timezone.now()).total_seconds())
    return JsonResponse(
        {
            "azp": grant.client_id,
            "aud": grant.client_id,
            "sub": grant.claims["sub"],
            "scope": grant.scope,
            "expires_in": str(left),
            "email": grant.claims.get("email", ""),
            "email_verified": str(grant.claims.get("email_verified", False)).lower(),
        }
    )


@require_GET
def configuration(request: HttpRequest) -> JsonResponse:
    base = request.build_absolute_uri("/openid/google")
    return JsonResponse(
        {
            "issuer": ISSUER,
            "authorization_endpoint": f"{base}/o/oauth2/v2/auth",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/v1/userinfo",
            "revocation_endpoint": f"{base}/revoke",
            "jwks_uri": f"{base}/oauth2/v3/certs",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
            "code_challenge_methods_supported": ["S256"],
        }
    )
