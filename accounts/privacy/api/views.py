"""Data-subject rights for programs: consents, the archive, the erasure. Each asker sees their own and nothing else."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound as NothingHere
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.doors import person_of
from accounts.models import User
from accounts.privacy import selectors
from accounts.privacy.api import examples
from accounts.privacy.api import serializers as words
from accounts.privacy.doors import device_of
from accounts.privacy.files import file_answer
from accounts.privacy.models import Erasure, Export
from accounts.privacy.services import consents, erasing, exporting
from accounts.privacy.states import Door, ExportStatus
from accounts.sensitive import expect_fresh_sign_in
from core.api.private import KeptByNobody
from core.api.renderers import JSONRenderer
from core.api.schema import problem_response
from core.limits import address_of

TAGS = ["Personal data"]
FRESH = problem_response(
    "Signed in too long ago for this, or a browser's request without its CSRF token: see "
    "`POST /api/auth/reauthenticate`.",
    account_reauthentication_needed={"ways": ["reauthenticate"]},
)
AWAY = problem_response("Sessions cannot be reached.", unavailable={"retry_after": 10})


def said(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])


class Own(KeptByNobody):
    """Only for people who are signed in, and about themselves; a partner app has no data of its own."""

    permission_classes = [IsAuthenticated]


class ConsentsView(Own):
    @extend_schema(
        operation_id="consents",
        summary="What I agree to, and what I ever agreed to",
        tags=TAGS,
        responses={200: words.ConsentsSerializer},
        examples=[said("Agrees to news", examples.CONSENTS)],
    )
    def get(self, request: Request) -> Response:
        return Response(consents_body(person_of(request)))

    @extend_schema(
        operation_id="choose_consents",
        summary="Agree, or take it back",
        description="Purposes that are left out stay as they are. Off is as near as on.",
        tags=TAGS,
        request=words.ChoicesSerializer,
        responses={
            200: words.ConsentsSerializer,
            400: problem_response(
                "There is no such purpose, or a choice is neither true nor false.",
                invalid_input={
                    "errors": [
                        {
                            "pointer": "#/consents/spam",
                            "detail": "There is nothing of this name to agree to.",
                            "code": "invalid",
                        }
                    ]
                },
            ),
        },
        examples=[
            OpenApiExample("News, no place", {"consents": {"marketing": True, "location": False}}, request_only=True),
            said("Agrees to news", examples.CONSENTS),
        ],
    )
    def put(self, request: Request) -> Response:
        asked = words.ChoicesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = person_of(request)
        consents.choose(
            user=user, choices=asked.validated_data["consents"], door=Door.API, address=address_of(request._request)
        )
        return Response(consents_body(user))


class ExportView(Own):
    @extend_schema(
        operation_id="export",
        summary="The archive of my data: how far it is, and its link",
        description="The latest that was asked for. Its link opens once, within seven days.",
        tags=TAGS,
        responses={200: words.ExportSerializer, 404: problem_response("None was asked for.", not_found={})},
        examples=[said("Ready", examples.READY)],
    )
    def get(self, request: Request) -> Response:
        export = selectors.latest_export_of(person_of(request))
        if export is None:
            raise NothingHere
        return Response(export_body(export))

    @extend_schema(
        operation_id="request_export",
        summary="Ask for an archive of my data",
        description=(
            "Put together by a worker; a mail says when it is ready. Asked again meanwhile, the same is answered."
        ),
        tags=TAGS,
        request=None,
        responses={202: words.ExportSerializer, 403: FRESH, 503: AWAY},
        examples=[said("Asked for", examples.EXPORT, 202)],
    )
    def post(self, request: Request) -> Response:
        expect_fresh_sign_in(request)
        export = exporting.request_export(user=person_of(request))
        return Response(export_body(export), status=202, headers={"Location": reverse("privacy_api:export")})


class ZipRenderer(BaseRenderer):
    """For those who ask for exactly what the file is; the view answers it by itself."""

    media_type = "application/zip"
    format = "zip"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return JSONRenderer().render(data, accepted_media_type, renderer_context)


class ExportFileView(Own):
    renderer_classes = [JSONRenderer, ZipRenderer]
    # A HEAD would use the link up like a GET, for nothing.
    http_method_names = ["get", "options"]

    @extend_schema(
        operation_id="export_file",
        summary="Fetch the archive, once",
        description=(
            "A zip with `data.json`, tables as CSV and a README. The log-in that fetched it may take a download that "
            "broke off up again, with `Range`, for ten minutes."
        ),
        tags=TAGS,
        parameters=[OpenApiParameter("Range", OpenApiTypes.STR, OpenApiParameter.HEADER)],
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The archive."),
            (206, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The rest of it."),
            403: FRESH,
            404: problem_response("There is no such archive, or it is not yours.", not_found={}),
            409: problem_response("Not ready yet.", privacy_export_not_ready={}),
            410: problem_response("Fetched already, or its time is over.", privacy_export_gone={}),
            416: OpenApiResponse(description="There is no such part of it."),
            503: AWAY,
        },
        examples=[
            OpenApiExample(
                "A zip", "PK…", response_only=True, status_codes=["200", "206"], media_type="application/zip"
            )
        ],
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        expect_fresh_sign_in(request)
        export, content = exporting.fetch_export(user=person_of(request), public_id=id, device=device_of(request))
        return file_answer(request.headers.get("Range", ""), export, content)


class ErasureView(Own):
    @extend_schema(
        operation_id="erasure",
        summary="Whether my account is to be erased",
        tags=TAGS,
        responses={200: words.ErasureSerializer, 404: problem_response("It is not.", not_found={})},
        examples=[said("Can still be taken back", examples.ERASURE)],
    )
    def get(self, request: Request) -> Response:
        return Response(erasure_body(self._open(request)))

    @extend_schema(
        operation_id="request_erasure",
        summary="Have my account erased",
        description=(
            "Begins in fourteen days; until then it can be taken back here, on the page, or with the link in the mail. "
            "Asked again meanwhile, the first wish stands."
        ),
        tags=TAGS,
        request=None,
        responses={
            202: words.ErasureSerializer,
            403: FRESH,
            409: problem_response(
                "A restaurant, or the platform, would be left without anybody.",
                account_last_owner={"restaurants": "Agbalumo Terrace"},
                account_last_admin={},
            ),
            503: AWAY,
        },
        examples=[said("Can still be taken back", examples.ERASURE, 202)],
    )
    def post(self, request: Request) -> Response:
        expect_fresh_sign_in(request)
        return Response(erasure_body(erasing.request_erasure(user=person_of(request))), status=202)

    @extend_schema(
        operation_id="cancel_erasure",
        summary="Keep my account after all",
        tags=TAGS,
        responses={
            200: words.ErasureSerializer,
            404: problem_response("There is no erasure to take back.", privacy_no_erasure={}),
            409: problem_response("It has begun.", privacy_erasure_under_way={}),
        },
        examples=[said("Kept", {**examples.ERASURE, "status": "cancelled", "cancelled_at": "2026-12-02T08:00:00Z"})],
    )
    def delete(self, request: Request) -> Response:
        erasure = selectors.open_erasure_of(person_of(request))
        if erasure is None:
            raise erasing.NothingToCancel
        return Response(erasure_body(erasing.cancel_erasure(erasure=erasure)))

    def _open(self, request: Request) -> Erasure:
        erasure = selectors.open_erasure_of(person_of(request))
        if erasure is None:
            raise NothingHere
        return erasure


def consents_body(user: User) -> dict[str, Any]:
    return {
        "consents": [
            {**choice, "label": str(choice["label"]), "text": str(choice["text"])}
            for choice in selectors.choices_of(user)
        ],
        "history": [
            {
                "purpose": consent.purpose,
                "version": consent.version,
                "locale": consent.locale,
                "given_at": consent.given_at,
                "given_through": consent.door,
                "withdrawn_at": consent.withdrawn_at,
                "withdrawn_through": consent.withdrawn_door or None,
            }
            for consent in selectors.history_of(user)[:100]
        ],
    }


def export_body(export: Export) -> dict[str, Any]:
    path = reverse("privacy_api:export_file", args=[export.public_id])
    return {
        "id": export.public_id,
        # A link whose time is over is closed to everybody, swept already or not.
        "status": ExportStatus.EXPIRED
        if export.status == ExportStatus.READY and not export.can_be_fetched
        else export.status,
        "requested_at": export.requested_at,
        "ready_at": export.ready_at,
        "expires_at": export.expires_at,
        "fetched_at": export.fetched_at,
        "size": export.size or None,
        "file_url": settings.BASE_URL + path if export.can_be_fetched else None,
    }


def erasure_body(erasure: Erasure) -> dict[str, Any]:
    return {
        "id": erasure.public_id,
        "status": erasure.status,
        "requested_at": erasure.requested_at,
        "due_at": erasure.due_at,
        "cancelled_at": erasure.cancelled_at,
    }
