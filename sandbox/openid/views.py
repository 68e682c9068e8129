"""The pages of the two providers, and tokens for programs as an app on a phone would get them."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from sandbox import settings
from sandbox.faults import switches
from sandbox.openid import consent, facebook, google, tokens
from sandbox.openid.models import Grant
from sandbox.openid.people import PEOPLE, somebody


@require_safe
def google_page(request: HttpRequest) -> HttpResponse:
    return _page(request, "Google", google.PANEL.context(), settings.GOOGLE_CLIENT_ID)


@require_safe
def facebook_page(request: HttpRequest) -> HttpResponse:
    return _page(request, "Facebook", facebook.PANEL.context(), settings.FACEBOOK_CLIENT_ID)


def _page(request: HttpRequest, brand: str, panel: dict[str, Any], client_id: str) -> HttpResponse:
    context = {"brand": brand, "people": PEOPLE.values(), "client_id": client_id, "buka_url": settings.BUKA_URL}
    return render(request, "sandbox/openid/provider.html", context | panel)


@csrf_exempt
@require_POST
def api_tokens(request: HttpRequest, service: str) -> HttpResponse:
    """Hand out tokens as a provider's kit on a phone does: `{"person": "ada"}`, or `{"name", "email", "verified"}`.

    `"fault"` is one of the service's modes; `"nonce"` is put into the ID token.
    """
    modes = {"google": google.MODES, "facebook": facebook.MODES}.get(service)
    try:
        asked = json.loads(request.body)
    except ValueError:
        asked = None
    if modes is None or not isinstance(asked, dict) or asked.get("fault", switches.NONE) not in modes:
        return JsonResponse({"error": 'Write {"person": "ada", "fault": "none"}.'}, status=400)
    fault = asked.get("fault", switches.NONE)
    person = PEOPLE.get(str(asked.get("person", ""))) or somebody(
        str(asked.get("name", "")), str(asked.get("email", "")), is_verified=asked.get("verified", True) is True
    )
    claims = consent.spoilt(person.claims(), fault)
    nonce = str(asked.get("nonce", ""))
    if service == "facebook":
        given = facebook.issue(claims, fault=fault, scope="email,public_profile")
        id_token = tokens.id_token(
            "facebook",
            issuer=facebook.ISSUER,
            client_id=settings.FACEBOOK_CLIENT_ID,
            claims=claims,
            nonce=nonce,
            access_token=given.value,
            fault=fault,
        )
        return JsonResponse({"access_token": given.value, "id_token": id_token})
    code = consent.issue(
        service="google",
        kind=Grant.Kind.CODE,
        client_id=settings.GOOGLE_CLIENT_ID,
        claims=claims,
        fault=switches.Switch(),
        seconds=0,
        scope="openid email profile",
    )
    return JsonResponse(google.answer(code, nonce=nonce, fault=fault))
