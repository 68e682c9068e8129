"""/api/partners/apps: registering programs, and letting them work for one's restaurant."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import person_of, second_factor_required
from accounts.partners import selectors, services
from accounts.partners.api import bodies, examples
from accounts.partners.api import serializers as words
from accounts.partners.models import PartnerApp
from accounts.partners.states import AppStatus, Plan
from accounts.selectors import would_with_second_factor
from accounts.sensitive import expect_fresh_sign_in
from accounts.states import Ability
from core.api.asking import read
from core.api.pagination import CursorPages
from core.api.private import KeptByNobody
from core.api.query import Query
from core.api.schema import answered, asked, problem_response
from core.errors import InvalidInput, NotAllowed

TAGS = ["Partner apps"]
NOT_FOUND = problem_response("There is no such app, or it is none of yours.", partner_app_not_found={})
NOT_ACTIVE = problem_response("It is suspended or revoked.", partner_app_not_active={})
NOT_YET = problem_response(
    "Not your business, or a proof that it is you is missing.",
    not_allowed={},
    second_factor_required={"enrolled": True},
    account_reauthentication_needed={"ways": ["mfa_reauthenticate"]},
)
PAGES = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description=str(CursorPages.cursor_query_description)),
    OpenApiParameter("limit", OpenApiTypes.INT, description=str(CursorPages.page_size_query_description)),
]


def page_of(value: Any) -> dict[str, Any]:
    return {"results": [value], "next": None, "previous": None}


class DealsWithPartners(BasePermission):
    """The platform's people and owners, with their second factor."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        person = request.user
        if isinstance(person, PartnerApp) or selectors.deals_with_partners(person):
            # An app comes this far only where its token's scope let it.
            return True
        abilities = (Ability.MANAGE_PARTNERS, Ability.MANAGE_PARTNER_ACCESS)
        if any(would_with_second_factor(person, ability) for ability in abilities):
            raise second_factor_required(person)
        return False


class ForPeople(KeptByNobody):
    permission_classes = (IsAuthenticated, DealsWithPartners)


def shown(request: Request, app: PartnerApp, status: int = 200, **more: Any) -> Response:
    is_manager = selectors.apps_managed_by(request.user).filter(pk=app.pk).exists()
    return Response({**bodies.app_body(app, is_manager=is_manager), **more}, status=status)


class AppsView(ForPeople):
    @extend_schema(
        operation_id="partner_apps",
        summary="Partner apps",
        description=(
            "The platform's people see all; owners those of their own houses and those that work there. With "
            "`client_id`, the one app that its maker gave you the id of, so that you can let it in."
        ),
        tags=TAGS,
        parameters=[OpenApiParameter("client_id", OpenApiTypes.STR, description="As its maker gives it out."), *PAGES],
        responses={200: words.AppPageSerializer, 403: NOT_YET},
        examples=[answered("One", page_of(examples.APP))],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        client_id = query.text("client_id", max_length=100)
        query.check()
        managed = selectors.apps_managed_by(request.user)
        pages = CursorPages()
        if client_id:
            # One app is no page; what is wrong is refused all the same.
            pages.get_page_size(request)
            app = selectors.app_with_client_id(request.user, client_id)
            found = [bodies.app_body(app, is_manager=managed.filter(pk=app.pk).exists())] if app else []
            return Response({"results": found, "next": None, "previous": None})
        page = pages.paginate_queryset(selectors.apps_seen_by(request.user), request, None) or []
        own = set(managed.filter(pk__in=[app.pk for app in page]).values_list("pk", flat=True))
        return pages.get_paginated_response([bodies.app_body(app, is_manager=app.pk in own) for app in page])

    @extend_schema(
        operation_id="register_partner_app",
        summary="Register an app",
        description=(
            "The platform's people register any app; owners an app of their own house, by naming it. The answer "
            "holds the secret, this once. Send no Idempotency-Key: answers with secrets are not kept."
        ),
        tags=TAGS,
        request=words.AppAskSerializer,
        responses={201: words.AppWithSecretSerializer, 403: NOT_YET},
        examples=[
            asked("For many houses", examples.APP_ASK),
            answered("Registered", {**examples.APP, "client_secret": examples.SECRET}, 201),
        ],
    )
    def post(self, request: Request) -> Response:
        ask = read(request, words.AppAskSerializer)
        expect_fresh_sign_in(request)
        restaurant = ask.pop("restaurant", None)
        key = None
        if restaurant is not None:
            key = _house(request, restaurant)
        elif not selectors.manages_apps(request.user):
            raise InvalidInput(errors={"restaurant": [_("Say for which of your restaurants.")]})
        if "plan" in ask:
            _for_platform(request)
            ask["plan"] = Plan(ask["plan"])
        app, secret = services.register_app(by=person_of(request), restaurant_id=key, **ask)
        response = shown(request, app, 201, client_secret=secret)
        response["Location"] = f"/api/partners/apps/{app.public_id}"
        return response


class AppView(ForPeople):
    @extend_schema(
        operation_id="partner_app",
        summary="A partner app",
        tags=TAGS,
        responses={200: words.AppSerializer, 403: NOT_YET, 404: NOT_FOUND},
        examples=[answered("An app", examples.APP)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        return shown(request, selectors.app_seen_by(request.user, id))

    @extend_schema(
        operation_id="change_partner_app",
        summary="Change an app",
        description="A scope that is taken away is gone at once, from tokens already issued, too.",
        tags=TAGS,
        request=words.AppChangeSerializer,
        responses={200: words.AppSerializer, 403: NOT_YET, 404: NOT_FOUND, 409: NOT_ACTIVE},
        examples=[asked("Fewer scopes", {"scopes": ["bookings:read"]}), answered("Changed", examples.APP)],
    )
    def patch(self, request: Request, id: UUID) -> Response:
        app = selectors.app_managed_by(request.user, id)
        ask = read(request, words.AppChangeSerializer)
        expect_fresh_sign_in(request)
        for field, choice in (("status", AppStatus), ("plan", Plan)):
            if field in ask:
                _for_platform(request)
                ask[field] = choice(ask[field])
        return shown(request, services.change_app(app=app, by=person_of(request), **ask))

    @extend_schema(
        operation_id="revoke_partner_app",
        summary="Revoke an app for good",
        description="Ends its secret, tokens, access and webhooks at once. The app stays in the list, revoked.",
        tags=TAGS,
        responses={204: OpenApiResponse(description="It opens nothing any more."), 403: NOT_YET, 404: NOT_FOUND},
    )
    def delete(self, request: Request, id: UUID) -> Response:
        app = selectors.app_managed_by(request.user, id)
        expect_fresh_sign_in(request)
        services.revoke_app(app=app, by=person_of(request))
        return Response(status=204)


class RotateSecretView(ForPeople):
    @extend_schema(
        operation_id="rotate_partner_secret",
        summary="A new secret",
        description="The old one works on for 24 hours, unless `keep_old` is false: then its tokens end, too.",
        tags=TAGS,
        request=words.RotationSerializer,
        responses={
            200: words.SecretSerializer,
            403: NOT_YET,
            404: NOT_FOUND,
            409: problem_response("Not now.", partner_app_not_active={}, partner_secret_just_made={}),
        },
        examples=[
            asked("At once", {"keep_old": False}),
            answered("A new one", {"secret": examples.SECRET, "previous_secret_until": "2026-11-21T09:00:00Z"}),
        ],
    )
    def post(self, request: Request, id: UUID) -> Response:
        app = selectors.app_managed_by(request.user, id)
        keep_old = read(request, words.RotationSerializer)["keep_old"]
        expect_fresh_sign_in(request)
        secret = services.rotate_secret(app=app, by=person_of(request), keep_old=keep_old)
        app.refresh_from_db()
        return Response({"secret": secret, "previous_secret_until": app.previous_secret_until})


class GrantsView(ForPeople):
    @extend_schema(
        operation_id="partner_grants",
        summary="Where an app may work",
        description="At one's own restaurants; those that were taken back among them.",
        tags=TAGS,
        parameters=PAGES,
        responses={200: words.GrantPageSerializer, 403: NOT_YET, 404: NOT_FOUND},
        examples=[answered("One", page_of(examples.GRANT))],
    )
    def get(self, request: Request, id: UUID) -> Response:
        app = selectors.app_seen_by(request.user, id)
        pages = CursorPages()
        pages.ordering = "-granted_at"
        page = pages.paginate_queryset(selectors.grants_seen_by(request.user).filter(app=app), request, None) or []
        return pages.get_paginated_response([bodies.grant_body(grant) for grant in page])

    @extend_schema(
        operation_id="grant_partner_access",
        summary="Let an app work for a restaurant",
        description="By its owners. What the app was allowed there before is replaced.",
        tags=TAGS,
        request=words.GrantAskSerializer,
        responses={
            200: words.GrantSerializer,
            403: NOT_YET,
            404: NOT_FOUND,
            409: problem_response("Not this app.", partner_app_not_active={}, partner_app_of_another_house={}),
            422: problem_response(
                "More than the app is registered for.",
                partner_scopes_not_allowed={"excess": "bookings:write", "allowed": ["bookings:read"]},
            ),
        },
        examples=[
            asked("Read only", {"restaurant": examples.GRANT["restaurant"], "scopes": ["bookings:read"]}),
            answered("Granted", examples.GRANT),
        ],
    )
    def post(self, request: Request, id: UUID) -> Response:
        ask = read(request, words.GrantAskSerializer)
        app = selectors.app_to_let_in(request.user, id)
        key = _house(request, ask["restaurant"])
        expect_fresh_sign_in(request)
        grant = services.grant_access(app=app, restaurant_id=key, scopes=ask["scopes"], by=person_of(request))
        return Response(bodies.grant_body(grant))


class GrantView(ForPeople):
    @extend_schema(
        operation_id="end_partner_access",
        summary="Take a restaurant's leave back",
        description="At once: the app's next request finds nothing there, and no event leaves any more.",
        tags=TAGS,
        responses={
            204: OpenApiResponse(description="It works there no more."),
            403: NOT_YET,
            404: problem_response("No such access.", partner_grant_not_found={}, partner_app_not_found={}),
        },
    )
    def delete(self, request: Request, id: UUID, grant_id: UUID) -> Response:
        app = selectors.app_seen_by(request.user, id)
        grant = selectors.grant_seen_by(request.user, app, grant_id)
        expect_fresh_sign_in(request)
        services.revoke_access(grant=grant, by=person_of(request))
        return Response(status=204)


def _house(request: Request, public_id: UUID) -> int:
    key = selectors.restaurant_in_reach(request.user, public_id)
    if key is None:
        raise InvalidInput(errors={"restaurant": [_("This is none of your restaurants.")]})
    return key


def _for_platform(request: Request) -> None:
    if not selectors.manages_apps(request.user):
        raise NotAllowed(_("Plan and status are for the platform's people to change."))
