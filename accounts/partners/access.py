"""How a view lets partner apps in: it says so, and names the scope for each of its methods.

    class BookingsView(LetsPartnersIn, APIView):
        partner_scopes = {"GET": Scope.BOOKINGS_READ, "POST": Scope.BOOKINGS_WRITE}

No other view knows these tokens. Which rows an app sees is asked where it is asked for people: `selectors.may`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from allauth.idp.oidc.models import Token
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from accounts.partners.errors import NotForPartners, ScopeMissing
from accounts.partners.models import PartnerApp
from accounts.partners.oauth import TOKEN_PREFIX
from accounts.partners.states import REQUESTS_A_MINUTE, Plan, Scope
from core import audit
from core.api.authentication import bearer_in
from core.limits import Limit, note

LIMITS = {
    plan: Limit(f"partners.{plan}", most=most, seconds=60, spreads_load=True)
    for plan, most in REQUESTS_A_MINUTE.items()
}
CHALLENGE = 'Bearer realm="buka"'


class PartnerTokenNotValid(exceptions.AuthenticationFailed):
    default_detail = _("This token is not valid: its time is over, or it was ended. Fetch a new one.")
    default_code = "partner_token_not_valid"


class PartnerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer bpt_…`: an app, with the scopes of its token, counted against its plan."""

    def authenticate(self, request: Request) -> tuple[PartnerApp, Token] | None:
        value = token_in(request)
        if value is None:
            return None
        token = (
            Token.objects.valid()
            .by_value(value)
            .filter(type=Token.Type.ACCESS_TOKEN, client__partner_app__isnull=False)
            .select_related("client__partner_app")
            .first()
        )
        if token is None or not token.client.partner_app.is_active:
            request._partner_challenge = f'{CHALLENGE}, error="invalid_token"'  # type: ignore[attr-defined]
            raise PartnerTokenNotValid
        app: PartnerApp = token.client.partner_app
        # What the registration lost since the token was made, the token lost, too.
        app.scopes = frozenset(token.get_scopes()) & frozenset(token.client.get_scopes())
        _count(request, app)
        return app, token

    def authenticate_header(self, request: Request) -> str:
        return str(getattr(request, "_partner_challenge", CHALLENGE))


def token_in(request: Any) -> str | None:
    """Return the partner's token of a request; tokens of people look different and are none of this."""
    value = bearer_in(request)
    return value if value is not None and value.startswith(TOKEN_PREFIX) else None


def _count(request: Request, app: PartnerApp) -> None:
    note(request, LIMITS[Plan(app.plan)].take(str(app.pk)))


class HasScope(BasePermission):
    """Asks a partner's token for the scope that the view names; people pass on to the next permission."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        app = request.user
        if not isinstance(app, PartnerApp):
            return True
        scopes: Mapping[str, Scope] = getattr(view, "partner_scopes", {})
        needed = scopes.get("GET" if request.method == "HEAD" else request.method or "")
        if needed is None:
            raise NotForPartners
        if needed not in app.scopes:
            audit.note("partner.scope_missing", actor=app, target=app, details={"scope": needed})
            raise ScopeMissing(scope=str(needed))
        return True


class LetsPartnersIn(APIView):
    """Mixed into a view, first among its bases."""

    partner_scopes: ClassVar[Mapping[str, Scope]] = {}
    authentication_classes: Sequence[Any] = (
        PartnerAuthentication,
        *api_settings.DEFAULT_AUTHENTICATION_CLASSES,
    )

    def get_permissions(self) -> list[Any]:
        return [HasScope(), *super().get_permissions()]


class PartnerScheme(OpenApiAuthenticationExtension):
    target_class = PartnerAuthentication
    name = "partner"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "oauth2",
            "description": "For partner apps; see docs/partners.md.",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "/api/oauth/token",
                    "scopes": {scope.value: str(scope.label) for scope in Scope},
                }
            },
        }

    def get_security_requirement(self, auto_schema: Any) -> Any:
        scope = getattr(auto_schema.view, "partner_scopes", {}).get(auto_schema.method)
        # Where no scope lets an app in, its token is no way in either: it is told so, and no more.
        return {self.name: [str(scope)]} if scope else None
