"""/api/auth/me and the devices signed in: what somebody sees and changes of their own."""

from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services as people
from accounts import signed_in
from accounts.api import examples, serializers
from accounts.api.bodies import me_body, session_body
from accounts.api.words import AWAY, FRESH, TAGS, asks, says
from accounts.doors import person_of
from accounts.sensitive import expect_fresh_sign_in
from accounts.tokens import codec, cookies, services, tickets
from core.api.private import KeptByNobody


class Own(KeptByNobody):
    """Only for who is signed in, and about them."""

    permission_classes = [IsAuthenticated]


class MeView(Own):
    @extend_schema(
        operation_id="me",
        summary="Who am I, with roles and memberships",
        tags=TAGS,
        responses={200: serializers.Me, 503: AWAY},
        examples=[says("A diner", examples.ME)],
    )
    def get(self, request: Request) -> Response:
        return Response(me_body(person_of(request)))

    @extend_schema(
        operation_id="change_me",
        summary="Change my name or language",
        tags=TAGS,
        request=serializers.ChangeMe,
        responses={200: serializers.Me, 503: AWAY},
        examples=[asks("Another language", {"language": "ha"}), says("A diner", examples.ME)],
    )
    def patch(self, request: Request) -> Response:
        asked = serializers.ChangeMe(data=request.data)
        asked.is_valid(raise_exception=True)
        user = person_of(request)
        people.change_profile(
            user=user,
            name=asked.validated_data.get("name", user.name),
            language=asked.validated_data.get("language", user.language),
        )
        return Response(me_body(user))


def current_family(request: Request) -> UUID | None:
    """Return the log-in that this request belongs to."""
    if isinstance(request.auth, codec.Claims):
        return request.auth.family
    held = request._request.session.get(services.SESSION_KEY)
    return UUID(hex=held) if held else None


class SessionsView(Own):
    @extend_schema(
        operation_id="list_sessions",
        summary="Devices signed in",
        tags=TAGS,
        responses={200: serializers.Sessions, 503: AWAY},
        examples=[says("One device", {"results": [examples.SESSION]})],
    )
    def get(self, request: Request) -> Response:
        current = current_family(request)
        here = services.session_key_of(current) if current else request._request.session.session_key
        devices = signed_in.devices_of(person_of(request), session_key=here)
        return Response({"results": [session_body(device) for device in devices]})


class SessionView(Own):
    @extend_schema(
        operation_id="end_session",
        summary="Log a device out",
        tags=TAGS,
        description="Another one than one's own wants a fresh proof.",
        responses={204: None, 403: FRESH, 503: AWAY},
    )
    def delete(self, request: Request, public_id: UUID) -> Response:
        user, current = person_of(request), current_family(request)
        if not signed_in.open_families(user).filter(public_id=public_id).exists():
            raise Http404
        if public_id != current:
            expect_fresh_sign_in(request)
        if signed_in.end_device(user, str(public_id)) is None:
            raise Http404
        response = Response(status=204)
        if public_id == current:
            cookies.drop(response)
        return response


class TicketView(Own):
    @extend_schema(
        operation_id="ask_socket_ticket",
        summary="A one-use ticket to open a WebSocket with",
        tags=TAGS,
        request=None,
        responses={201: serializers.Ticket, 503: AWAY},
        description="For programs: a browser's WebSocket brings its session cookie along.",
        examples=[says("A ticket", {"ticket": "wNw3P9kZ", "expires_in": 30}, 201)],
    )
    def post(self, request: Request) -> Response:
        family = current_family(request)
        if family is None:
            raise services.LoginEnded
        return Response(
            {"ticket": tickets.issue(user=person_of(request), family=family), "expires_in": tickets.SECONDS}, status=201
        )
