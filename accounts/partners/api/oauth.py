"""The doors of OAuth 2: a token for credentials, a token given back, and what the server can."""

from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpResponse, QueryDict
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from oauthlib.oauth2 import OAuth2Error
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.partners import oauth
from accounts.partners.api import examples
from accounts.partners.api import serializers as words
from accounts.partners.states import Scope
from core import audit
from core.api.parsers import BodyTooLarge
from core.limits import Limit, address_of

# A check of a secret costs a quarter of a second of work.
BY_ADDRESS = Limit("partners.credentials", most=60, seconds=60)
MOST_BYTES = 16 * 1024
TAGS = ["Partner apps"]


class SmallFormParser(BaseParser):
    """The form that OAuth 2 is spoken in."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> QueryDict:
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise BodyTooLarge
        try:
            return QueryDict(raw)
        except TooManyFieldsSent as error:
            raise BodyTooLarge from error


def _error(description: str, *codes: str) -> OpenApiResponse:
    return OpenApiResponse(
        words.OAuthErrorSerializer, description, [OpenApiExample(code, {"error": code}) for code in codes]
    )


def _form(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True, media_type=SmallFormParser.media_type)


NO_CLIENT = _error("The credentials are wrong, or the app is not active.", "invalid_client")


class OAuthDoor(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (SmallFormParser,)

    def answered(self, request: Request, headers: dict[str, str], body: Any, status: int) -> HttpResponse:
        response = HttpResponse(body or "", status=status, content_type="application/json")
        for name, value in headers.items():
            response[name] = value
        if status == 401:
            response["WWW-Authenticate"] = 'Basic realm="buka"'
            audit.note("partner.token_refused")
        if not body:
            del response["Content-Type"]
        response["Cache-Control"] = "no-store"
        return response

    def asked(self, request: Request) -> tuple[str, str, str, dict[str, str]]:
        """Return the request as the library reads it: without what stands in the address."""
        BY_ADDRESS.take(address_of(request))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if authorization := request.headers.get("Authorization"):
            headers["Authorization"] = authorization
        return request.path, "POST", oauth.body_of(request.data), headers


class TokenView(OAuthDoor):
    @extend_schema(
        operation_id="partner_token",
        summary="A token for a partner app",
        description=(
            "Client credentials (RFC 6749, 4.4), as a form. The token is good for an hour; fetch a new one when a "
            "call answers 401."
        ),
        tags=TAGS,
        auth=[],
        request={"application/x-www-form-urlencoded": words.TokenAskSerializer},
        responses={
            200: words.TokenSerializer,
            400: _error("The request is not one for a token.", "invalid_scope", "unsupported_grant_type"),
            401: NO_CLIENT,
        },
        examples=[
            OpenApiExample("An hour", examples.TOKEN, response_only=True, status_codes=["200"]),
            _form("With some of its scopes", examples.TOKEN_ASK),
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        try:
            headers, body, status = oauth.server().create_token_response(*self.asked(request))
        except OAuth2Error as refusal:
            headers, body, status = refusal.headers, refusal.json, refusal.status_code
        return self.answered(request, headers, body, status)


class RevocationView(OAuthDoor):
    @extend_schema(
        operation_id="revoke_partner_token",
        summary="Give a token back",
        description="Ends one of the app's own tokens (RFC 7009); 200 also when there is none such.",
        tags=TAGS,
        auth=[],
        request={"application/x-www-form-urlencoded": words.RevocationAskSerializer},
        responses={
            200: OpenApiResponse(description="It opens nothing any more."),
            400: _error("No token was sent.", "invalid_request"),
            401: NO_CLIENT,
        },
        examples=[_form("Its own token", examples.REVOCATION_ASK)],
    )
    def post(self, request: Request) -> HttpResponse:
        headers, body, status = oauth.server().create_revocation_response(*self.asked(request))
        return self.answered(request, headers, body, status)


class MetadataView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="oauth_metadata",
        summary="What this authorization server can",
        description="RFC 8414.",
        tags=TAGS,
        auth=[],
        responses={200: words.MetadataSerializer},
        examples=[OpenApiExample("This server", examples.METADATA, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request) -> Response:
        methods = ["client_secret_basic", "client_secret_post"]
        response = Response(
            {
                "issuer": settings.BASE_URL,
                "token_endpoint": f"{settings.BASE_URL}/api/oauth/token",
                "revocation_endpoint": f"{settings.BASE_URL}/api/oauth/revoke",
                "scopes_supported": Scope.values,
                "response_types_supported": [],
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": methods,
                "revocation_endpoint_auth_methods_supported": methods,
                "service_documentation": f"{settings.BASE_URL}/api/docs",
            }
        )
        response["Cache-Control"] = "public, max-age=3600"
        return response
