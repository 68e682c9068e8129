from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny

from accounts.partners.access import LetsPartnersIn, PartnerAuthentication
from accounts.partners.states import Scope
from core.api.hot import HotView
from core.api.renderers import to_bytes
from core.api.schema import problem_response
from core.errors import NotFound
from core.hotcache import cached_bytes, respond
from localization.formatting import HOME_ZONE
from restaurants.api import bodies, examples
from restaurants.api.serializers import MenuSerializer, RestaurantSerializer
from restaurants.identity import key_of
from restaurants.receivers import version_of

JSON = "application/json"
NOT_FOUND = problem_response(
    "We know no such restaurant, or it is not shown.", not_found={"detail": "We know no such restaurant."}
)


def no_such_restaurant() -> NotFound:
    return NotFound(_("We know no such restaurant."))


def _kept(
    request: HttpRequest, family: str, public_id: UUID, build: Callable[[int], dict[str, Any] | None]
) -> HttpResponse:
    key = key_of(public_id)
    if key is None:
        raise no_such_restaurant()

    def body() -> bytes:
        built = build(key)
        if built is None:
            raise no_such_restaurant()
        return to_bytes(built)

    # Prices and special days go by the day.
    today = timezone.now().astimezone(HOME_ZONE).date()
    return respond(request, cached_bytes(f"{family}:{key}:{today}:{get_language()}", [version_of(key)], body), JSON)


class RestaurantView(HotView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="restaurant",
        summary="A restaurant",
        description="All that its page shows but the menu and the free times. Kept: send `If-None-Match`.",
        tags=["Restaurants"],
        auth=[],
        responses={200: RestaurantSerializer, 404: NOT_FOUND},
        examples=[OpenApiExample("A house in Yaba", examples.DETAIL, response_only=True, status_codes=["200"])],
    )
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return _kept(request, "detail", id, bodies.detail)


class MenuView(LetsPartnersIn, HotView):
    # Public: a partner's token is counted against its plan, and needs its scope, but shows nothing more.
    authentication_classes = (PartnerAuthentication,)
    permission_classes = (AllowAny,)
    partner_scopes = {"GET": Scope.MENU_READ}

    @extend_schema(
        operation_id="restaurant_menu",
        summary="A restaurant's menu",
        description="Menus, sections and dishes in their order, with today's prices and what must be named.",
        tags=["Restaurants"],
        auth=[{}, {"partner": [Scope.MENU_READ.value]}],  # type: ignore[list-item]
        responses={200: MenuSerializer, 404: NOT_FOUND},
        examples=[OpenApiExample("A short menu", examples.MENU, response_only=True, status_codes=["200"])],
    )
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return _kept(request, "menu", id, bodies.menu)
