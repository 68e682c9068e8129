"""/api/partners/webhooks: where an app is told what happens, by the app itself or by the people who manage it."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.partners import selectors, webhooks
from accounts.partners.access import LetsPartnersIn
from accounts.partners.api import bodies, examples
from accounts.partners.api import serializers as words
from accounts.partners.api.apps import PAGES, ForPeople, page_of
from accounts.partners.errors import AppNotFound
from accounts.partners.models import Endpoint, PartnerApp
from accounts.partners.states import Scope
from accounts.sensitive import expect_fresh_sign_in
from core.api.asking import read
from core.api.pagination import CursorPages
from core.api.query import Query
from core.api.schema import answered, asked, problem_response
from core.errors import InvalidInput

TAGS = ["Webhooks"]
NOT_FOUND = problem_response("There is no such webhook, or it is not yours.", webhook_not_found={})
REASONS: dict[str, dict[str, Any]] = {"partner_scope_missing": {"scope": "webhooks:manage"}, "not_allowed": {}}
NO_SCOPE = problem_response("The token lacks the scope, or you do not manage this app.", **REASONS)
NOT_YET = problem_response(
    "The token lacks the scope, or you do not manage this app, or a proof that it is you is missing.",
    **REASONS,
    account_reauthentication_needed={"ways": ["mfa_reauthenticate"]},
)
BAD_URL = problem_response(
    "The request does not make sense; `errors` says where.",
    invalid_input={
        "errors": [{"pointer": "#/url", "detail": "The address must begin with https://.", "code": "invalid"}]
    },
)
REFUSED = problem_response(
    "Not for this app, or not again.", partner_app_not_active={}, webhook_exists={}, webhook_too_many={"most": 10}
)
NOT_ACTIVE = problem_response(
    "It is not active, or its app is shut out.", webhook_not_active={"state": "unverified"}, partner_app_not_active={}
)


class WebhookDoor(LetsPartnersIn, ForPeople):
    partner_scopes: ClassVar[Mapping[str, Scope]] = dict.fromkeys(
        ("GET", "POST", "PATCH", "DELETE"), Scope.WEBHOOKS_MANAGE
    )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # An app shows who it is with each token; a browser that somebody left open shows nothing.
        if request.method in ("POST", "PATCH", "DELETE") and not isinstance(request.user, PartnerApp):
            expect_fresh_sign_in(request)


def shown(endpoint: Endpoint, status: int = 200, **more: Any) -> Response:
    return Response({**bodies.endpoint_body(endpoint), **more}, status=status)


class WebhooksView(WebhookDoor):
    @extend_schema(
        operation_id="webhooks",
        summary="Webhooks",
        description="An app's own; for people those of the apps they manage.",
        tags=TAGS,
        parameters=[OpenApiParameter("app", OpenApiTypes.UUID, description="Only this app's."), *PAGES],
        responses={200: words.WebhookPageSerializer, 403: NO_SCOPE},
        examples=[answered("One", page_of(examples.WEBHOOK))],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        app = query.uuid("app")
        query.check()
        found = selectors.endpoints_managed_by(request.user)
        pages = CursorPages()
        page = pages.paginate_queryset(found.filter(app__public_id=app) if app else found, request, None) or []
        return pages.get_paginated_response([bodies.endpoint_body(endpoint) for endpoint in page])

    @extend_schema(
        operation_id="add_webhook",
        summary="Add a webhook",
        description=(
            "The address gets a `webhook.verification` message at once and must answer 2xx with "
            '`{"challenge": "…"}` out of it; then it is active. The answer holds the signing secret, this once. '
            "Send no Idempotency-Key: an address is there once in any case."
        ),
        tags=TAGS,
        request=words.WebhookAskSerializer,
        responses={201: words.WebhookWithSecretSerializer, 400: BAD_URL, 403: NOT_YET, 409: REFUSED},
        examples=[
            asked(
                "Three events",
                {name: examples.WEBHOOK[name] for name in ("url", "event_types", "description")},
            ),
            answered(
                "To be verified",
                {
                    **examples.WEBHOOK,
                    "status": "unverified",
                    "verified_at": None,
                    "secret": examples.WEBHOOK_SECRET,
                },
                201,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        by_app = isinstance(request.user, PartnerApp)
        ask = read(request, words.WebhookAskSerializer, needs_app=not by_app)
        app = self._app(request, ask.pop("app", None))
        endpoint, secret = webhooks.add_endpoint(app=app, by=request.user, **ask)
        response = shown(endpoint, 201, secret=secret)
        response["Location"] = f"/api/partners/webhooks/{endpoint.public_id}"
        return response

    def _app(self, request: Request, public_id: UUID | None) -> PartnerApp:
        if isinstance(request.user, PartnerApp):
            if public_id is not None and public_id != request.user.public_id:
                raise InvalidInput(errors={"app": [_("This is not the app of your token.")]})
            return request.user
        managed = selectors.apps_managed_by(request.user)
        app = managed.filter(public_id=public_id).first() if public_id else None
        if app is None:
            raise InvalidInput(errors={"app": [AppNotFound.message]})
        return app


class WebhookView(WebhookDoor):
    @extend_schema(
        operation_id="webhook",
        summary="A webhook",
        tags=TAGS,
        responses={200: words.WebhookSerializer, 403: NO_SCOPE, 404: NOT_FOUND},
        examples=[answered("Active", examples.WEBHOOK)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        return shown(selectors.endpoint_managed_by(request.user, id))

    @extend_schema(
        operation_id="change_webhook",
        summary="Change a webhook",
        description="Another address, or `enabled: true` for a disabled one, is challenged anew.",
        tags=TAGS,
        request=words.WebhookChangeSerializer,
        responses={200: words.WebhookSerializer, 400: BAD_URL, 403: NOT_YET, 404: NOT_FOUND, 409: REFUSED},
        examples=[asked("Switch off", {"enabled": False}), answered("Changed", examples.WEBHOOK)],
    )
    def patch(self, request: Request, id: UUID) -> Response:
        endpoint = selectors.endpoint_managed_by(request.user, id)
        ask = read(request, words.WebhookChangeSerializer)
        return shown(webhooks.change_endpoint(endpoint=endpoint, by=request.user, **ask))

    @extend_schema(
        operation_id="remove_webhook",
        summary="Remove a webhook",
        description="With its deliveries.",
        tags=TAGS,
        responses={204: OpenApiResponse(description="Nothing is sent there any more."), 403: NOT_YET, 404: NOT_FOUND},
    )
    def delete(self, request: Request, id: UUID) -> Response:
        webhooks.remove_endpoint(endpoint=selectors.endpoint_managed_by(request.user, id), by=request.user)
        return Response(status=204)


class VerifyView(WebhookDoor):
    @extend_schema(
        operation_id="verify_webhook",
        summary="Send a new challenge",
        tags=TAGS,
        request=None,
        responses={202: words.DeliverySerializer, 403: NOT_YET, 404: NOT_FOUND, 409: NOT_ACTIVE},
        examples=[answered("On its way", {**examples.DELIVERY, "event_type": "webhook.verification"}, 202)],
    )
    def post(self, request: Request, id: UUID) -> Response:
        endpoint = selectors.endpoint_managed_by(request.user, id)
        return Response(bodies.delivery_body(webhooks.verify_again(endpoint=endpoint)), status=202)


class TestView(WebhookDoor):
    @extend_schema(
        operation_id="test_webhook",
        summary="Send a test event",
        description="A signed `webhook.test` message; see what became of it among the deliveries.",
        tags=TAGS,
        request=None,
        responses={202: words.DeliverySerializer, 403: NOT_YET, 404: NOT_FOUND, 409: NOT_ACTIVE},
        examples=[answered("On its way", {**examples.DELIVERY, "event_type": "webhook.test"}, 202)],
    )
    def post(self, request: Request, id: UUID) -> Response:
        endpoint = selectors.endpoint_managed_by(request.user, id)
        return Response(bodies.delivery_body(webhooks.send_test(endpoint=endpoint)), status=202)


class RotateView(WebhookDoor):
    @extend_schema(
        operation_id="rotate_webhook_secret",
        summary="A new signing secret",
        description="For 24 hours messages carry two signatures, one by each, unless `keep_old` is false.",
        tags=TAGS,
        request=words.RotationSerializer,
        responses={
            200: words.SecretSerializer,
            403: NOT_YET,
            404: NOT_FOUND,
            409: problem_response("Not so soon again.", partner_secret_just_made={}),
        },
        examples=[
            asked("With overlap", {"keep_old": True}),
            answered("A new one", {"secret": examples.WEBHOOK_SECRET, "previous_secret_until": "2026-11-21T09:00:00Z"}),
        ],
    )
    def post(self, request: Request, id: UUID) -> Response:
        endpoint = selectors.endpoint_managed_by(request.user, id)
        keep_old = read(request, words.RotationSerializer)["keep_old"]
        secret = webhooks.rotate_endpoint_secret(endpoint=endpoint, by=request.user, keep_old=keep_old)
        endpoint.refresh_from_db()
        return Response({"secret": secret, "previous_secret_until": endpoint.previous_secret_until})


class DeliveriesView(WebhookDoor):
    @extend_schema(
        operation_id="webhook_deliveries",
        summary="What was sent, and what became of it",
        description="The newest first, for ninety days. Of an answer only its status is told.",
        tags=TAGS,
        parameters=PAGES,
        responses={200: words.DeliveryPageSerializer, 403: NO_SCOPE, 404: NOT_FOUND},
        examples=[answered("One that failed", page_of(examples.DELIVERY))],
    )
    def get(self, request: Request, id: UUID) -> Response:
        endpoint = selectors.endpoint_managed_by(request.user, id)
        pages = CursorPages()
        page = pages.paginate_queryset(endpoint.deliveries.all(), request, None) or []
        return pages.get_paginated_response([bodies.delivery_body(delivery) for delivery in page])


class ResendView(WebhookDoor):
    @extend_schema(
        operation_id="resend_webhook_delivery",
        summary="Send again",
        description="With the same `webhook-id`, so that a receiver can tell that it knows this.",
        tags=TAGS,
        request=None,
        responses={
            202: words.DeliverySerializer,
            403: NOT_YET,
            404: problem_response("No such webhook or delivery.", webhook_not_found={}, webhook_delivery_not_found={}),
            409: problem_response(
                "It cannot be sent now.",
                webhook_not_active={"state": "disabled"},
                webhook_delivery_under_way={},
                partner_app_not_active={},
            ),
        },
        examples=[answered("On its way", {**examples.DELIVERY, "attempts": 0}, 202)],
    )
    def post(self, request: Request, id: UUID, delivery_id: UUID) -> Response:
        endpoint = selectors.endpoint_managed_by(request.user, id)
        delivery = selectors.delivery_of(endpoint, delivery_id)
        return Response(bodies.delivery_body(webhooks.send_again(delivery=delivery, by=request.user)), status=202)
