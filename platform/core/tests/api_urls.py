"""A small API in front of one table, for the tests of the base classes."""

from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.db import OperationalError, connection, transaction
from django.http import Http404, HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, permissions, serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import urls as config_urls
from core import outbox
from core.api import etags
from core.api.idempotency import idempotent
from core.api.pagination import CursorPages
from core.api.schema import problem_response
from core.errors import Busy, DomainError, InvalidInput, TooManyAttempts
from core.models import OutboxEvent
from core.tests import pings


class NoPingLeft(DomainError):
    code = "test_no_ping_left"
    message = "Only %(left)d pings are left."


class GuestSerializer(serializers.Serializer[Any]):
    phone = serializers.CharField(max_length=5)


class PingSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(min_value=1, max_value=100)
    guest = GuestSerializer(required=False)
    tags = serializers.ListField(child=serializers.IntegerField(), required=False)


class EventSerializer(serializers.ModelSerializer[OutboxEvent]):
    class Meta:
        model = OutboxEvent
        fields = ["id", "payload"]


class Pings(generics.ListAPIView[OutboxEvent]):
    permission_classes = [permissions.AllowAny]
    serializer_class = EventSerializer
    queryset = OutboxEvent.objects.all()
    pagination_class = CursorPages

    @extend_schema(
        request=PingSerializer,
        responses={201: PingSerializer, 409: problem_response("None left.", test_no_ping_left={"left": 0})},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        data = PingSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        number = data.validated_data["number"]
        with transaction.atomic():
            outbox.publish(pings.Pinged(number=number))
            if hook := HOOKS.get(number):
                hook()
        return Response(data.validated_data, status=201, headers={"Location": f"/api/pings/{number}"})


def refuse() -> None:
    raise NoPingLeft(left=0, alternatives=[1, 2])


def crash() -> None:
    raise RuntimeError("A surprise.")


def be_busy() -> None:
    raise Busy


HOOKS: dict[int, Any] = {40: refuse, 50: crash, 60: be_busy}


class SignedIn(APIView):
    def get(self, request: Request) -> Response:
        return Response({"user": request.user.get_username()})

    @idempotent(required=True)
    def post(self, request: Request) -> Response:
        return Response({"user": request.user.get_username()})


class Tagged(APIView):
    permission_classes = [permissions.AllowAny]

    def get(self, request: Request) -> Response:
        return etags.with_etag(request, etags.etag_of("tagged", 1), Response({"version": 1}))

    def patch(self, request: Request) -> Response:
        etags.check_if_match(request, etags.etag_of("tagged", 1))
        return Response(status=204)


def lock_timeout() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE lock_not_available; END $$")


def raises(error: Any) -> Any:
    def act() -> None:
        raise error

    return act


FAULTS = {
    "domain": refuse,
    "input": raises(InvalidInput(errors={"party_size": ["Too many.", "And odd."]})),
    "throttle": raises(TooManyAttempts(retry_after=30)),
    "drf-throttle": raises(Throttled(wait=12.2)),
    "missing": raises(Http404()),
    "forbidden": raises(PermissionDenied()),
    "unclear": raises(SuspiciousOperation()),
    "validation": raises(ValidationError({"name": [ValidationError("Too long.", code="text_too_long")]})),
    "surprise": crash,
    "lock": lock_timeout,
    "database": raises(OperationalError("gone")),
}


class Fault(APIView):
    permission_classes = [permissions.AllowAny]

    def get(self, request: Request, name: str) -> Response:
        FAULTS[name]()
        return Response()


def page(request: Any, name: str) -> HttpResponse:
    FAULTS[name]()
    return HttpResponse("ok")


# Beside the real addresses, which the pages' frame links to.
urlpatterns = [
    *config_urls.urlpatterns,
    path("api/pings", Pings.as_view()),
    path("api/signed-in", SignedIn.as_view()),
    path("api/tagged", Tagged.as_view()),
    path("api/fault/<str:name>", Fault.as_view()),
    path("api/plain/<str:name>", page),
    path("page/<str:name>", page),
]
handler400 = "core.views.bad_request"
handler403 = "core.views.permission_denied"
handler404 = "core.views.page_not_found"
handler500 = "core.views.server_error"
