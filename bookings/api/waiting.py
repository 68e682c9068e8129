"""The waiting list, wishes to be told, and the queue at the door, for machines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from accounts.doors import staff_may
from accounts.models import User
from accounts.selectors import may
from accounts.states import Ability
from bookings import access, errors, limits, services, waitlist
from bookings.api import examples
from bookings.api import serializers as booking_words
from bookings.api import waiting_words as words
from bookings.api.entry import HasProof, SignedInToRead, public_plan, table_ids_of, user_of
from bookings.api.views import NO_OFFSET, TOKEN, Entry, again, guest_of, read_if_asked, shown
from bookings.models import QueueEntry, StandbyEntry
from bookings.selectors import service_day_of
from bookings.services import Actor, Guest
from bookings.states import Channel, StandbyPriority
from core.api.asking import read, token_in
from core.api.idempotency import idempotent
from core.api.pagination import CursorPages
from core.api.query import Query
from core.api.schema import answered, asked, problem_response
from core.errors import InvalidInput, NotAllowed
from localization.languages import current_language
from restaurants.api.views import no_such_restaurant
from restaurants.identity import key_of
from restaurants.models import Restaurant
from restaurants.service_plan import ServicePlan, plan_of

TAGS = ["Waiting"]
FREE = {
    "detail": "There is a free table at a time that suits you. You can book it now.",
    "alternatives": examples.ALTERNATIVES,
}
REFUSED = problem_response(
    "Nobody need wait, or the guest waits already. With `waitlist_table_is_free`, `alternatives` holds the free times.",
    waitlist_table_is_free=FREE,
    waitlist_already_waiting={"detail": "You are on this restaurant’s waiting list for that day already."},
)
UNFIT = problem_response(
    "The house seats no such party between these times, or nobody could be told.",
    waitlist_no_such_times={"detail": "The restaurant seats nobody between these times. Choose others."},
    booking_contact_missing={"detail": "We need a phone number or an e-mail address to reach you."},
)
NOT_FOUND = problem_response("There is no such place, or it is not yours.", waitlist_entry_not_found={})
GONE = problem_response(
    "The offer is no longer open; `state` says what became of it.",
    waitlist_offer_gone={"detail": "This offer is no longer open.", "state": "lapsed"},
)
OVER = problem_response(
    "It is off the list already.",
    illegal_move={
        "detail": "This is “Left the list” and cannot become “Left the list”.",
        "from": "withdrawn",
        "to": "withdrawn",
        "allowed": [],
    },
)
PAGING = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description=str(CursorPages.cursor_query_description)),
    OpenApiParameter("limit", OpenApiTypes.INT, description=str(CursorPages.page_size_query_description)),
]


@dataclass(frozen=True)
class Access:
    """A place on a list that the asker may see, and as what."""

    entry: StandbyEntry
    user: User | None
    is_diner: bool
    is_staff: bool
    by_token: bool

    @property
    def actor(self) -> Actor:
        """As whom the asker answers: as the diner whose place it is, else as staff who run the service.

        :raises NotAllowed: :raises accounts.doors.SecondFactorRequired:
        """
        if self.is_diner:
            return Actor.diner(self.user, Channel.API)
        if self.user is None or not staff_may(self.user, Ability.RUN_SERVICE, restaurant_id=self.entry.restaurant_id):
            raise NotAllowed
        return Actor.staff(self.user)


def access_to(request: Request, public_id: UUID, *, to_answer: bool = False) -> Access:
    """Return a place to its diner, to staff who see bookings, and to whoever holds its token.

    :param to_answer: the row is enough; what the answer shows is read once it is given
    :raises WaitlistEntryNotFound: when it is not there or not theirs, which nobody can tell apart
    """
    find = waitlist.entry_to_answer if to_answer else waitlist.entry_by_public_id
    user, entry = user_of(request), find(public_id)
    if entry is None:
        raise errors.WaitlistEntryNotFound
    by_token = access.opens(token_in(request), public_id)
    is_own = user is not None and entry.diner_id == user.pk
    asks = may if by_token or is_own else staff_may
    is_staff = user is not None and asks(user, Ability.SEE_BOOKINGS, restaurant_id=entry.restaurant_id)
    if not (by_token or is_own or is_staff):
        raise errors.WaitlistEntryNotFound
    return Access(entry, user, by_token or is_own, is_staff, by_token)


class WaitlistView(APIView):
    permission_classes = (SignedInToRead,)

    @extend_schema(
        operation_id="waitlist",
        summary="My places on waiting lists, or a restaurant's list",
        description=(
            "Without `restaurant` those on the asker's account, the latest evening first. With a restaurant where the "
            "asker works, its list in the order in which parties are asked; `day` is the service day."
        ),
        tags=TAGS,
        parameters=[
            OpenApiParameter("restaurant", OpenApiTypes.UUID, description="A restaurant's id."),
            OpenApiParameter("day", OpenApiTypes.DATE, description="A service day."),
            *PAGING,
        ],
        responses={200: words.WaitPageSerializer, 404: problem_response("Nobody is logged in, or no such page.")},
        examples=[answered("One", {"results": [words.OWN_WAIT], "next": None, "previous": None})],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        restaurant, day = query.uuid("restaurant"), query.day("day")
        query.check()
        user = user_of(request)
        found, for_staff = waitlist.entries_of(user or request.user), False
        if restaurant is not None:
            key = key_of(restaurant)
            if key is not None and user is not None and staff_may(user, Ability.SEE_BOOKINGS, restaurant_id=key):
                found, for_staff = waitlist.entries_staffed_by(user).filter(restaurant_id=key), True
            else:
                found = found.filter(restaurant__public_id=restaurant)
        if day is not None:
            found = found.filter(service_day=day)
        pages = CursorPages()
        pages.ordering = ("service_day", "priority", "joined_at", "pk") if for_staff else ("-earliest", "-pk")
        page = pages.paginate_queryset(found, request, None) or []
        return pages.get_paginated_response([words.wait_body(each, for_staff=for_staff) for each in page])

    @extend_schema(
        operation_id="join_waitlist",
        auth=[{"session": []}, {}],  # type: ignore[list-item]  # its hint forgets that schemes are objects
        summary="Join a waiting list",
        description=(
            "For a range of times of one evening, with or without an account. When a table becomes free it is kept for "
            "the first in line whom it fits, for a while, and the guest is written to. One place per guest, house and "
            "evening. Where a table is free already the answer is 409 with the times."
        ),
        tags=TAGS,
        request=words.WaitAskSerializer,
        responses={201: words.WaitSerializer, 400: NO_OFFSET, 409: REFUSED, 422: UNFIT},
        examples=[
            asked("Four, between seven and half past eight", words.WAIT_ASK),
            answered("Waiting", words.WAIT, 201),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        ask = read(request, words.WaitAskSerializer)
        user, plan = user_of(request), public_plan(ask["restaurant"])
        by = self._as_whom(ask, user, plan)
        limits.wait(request)
        diner = user if by.is_online else None
        entry = services.join_waitlist(
            restaurant_id=plan.id,
            earliest=ask["earliest"],
            latest=ask["latest"],
            party_size=ask["party_size"],
            areas=ask.get("areas", ()),
            guest=guest_of(ask.get("guest"), diner),
            by=by,
            diner=diner,
            language=current_language().code,
            priority=StandbyPriority(ask.get("priority", StandbyPriority.USUAL)),
        )
        made = _written(entry.public_id)
        body = words.wait_body(made, for_staff=not by.is_online, with_token=user is None)
        return Response(body, status=201, headers=words.location_of("wait", entry.public_id))

    def check_again(self, request: Request) -> None:
        """Refuse staff who may no longer write down; what people asked for themselves stays theirs."""
        user = user_of(request)
        if user is not None:
            ask = read(request, words.WaitAskSerializer)
            self._as_whom(ask, user, public_plan(ask["restaurant"]))

    def _as_whom(self, ask: dict[str, Any], user: User | None, plan: ServicePlan) -> Actor:
        if "channel" not in ask:
            if "priority" in ask:
                raise InvalidInput(errors={"priority": [_("Only staff can ask for this, together with channel.")]})
            return Actor.diner(user, Channel.API)
        if user is None or not staff_may(user, Ability.RUN_SERVICE, restaurant_id=plan.id):
            raise NotAllowed(_("Only staff of this restaurant can book through this channel."))
        return Actor.staff(user, Channel(ask["channel"]))


class WaitView(APIView):
    permission_classes = (HasProof,)

    @extend_schema(
        operation_id="wait",
        summary="A place on a waiting list",
        description="For its diner, staff of its restaurant, and whoever holds its token.",
        tags=TAGS,
        parameters=[TOKEN],
        responses={200: words.WaitSerializer, 404: NOT_FOUND},
        examples=[answered("With an offer", words.OFFERED)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        found = access_to(request, id)
        return Response(words.wait_body(found.entry, for_staff=found.is_staff))

    @extend_schema(
        operation_id="leave_waitlist",
        summary="Leave a waiting list",
        description="An offer the place has goes to the next. Staff may say why, as `?reason=`.",
        tags=TAGS,
        parameters=[TOKEN, OpenApiParameter("reason", OpenApiTypes.STR, description="Why; for staff.")],
        request=None,
        responses={200: words.WaitSerializer, 404: NOT_FOUND, 409: OVER},
        examples=[answered("Left", {**words.OWN_WAIT, "status": "withdrawn"})],
    )
    def delete(self, request: Request, id: UUID) -> Response:
        found = access_to(request, id)
        ask = read(request, booking_words.CancelAskSerializer, {"reason": request.query_params.get("reason", "")})
        services.leave_waitlist(entry=found.entry, by=found.actor, reason=ask.get("reason", ""))
        return _entry_again(found)


class AcceptView(APIView):
    permission_classes = (HasProof,)
    proof_in = staticmethod(token_in)

    @extend_schema(
        operation_id="accept_offer",
        summary="Accept an offered table",
        description="Answers the booking that the offer becomes. Accepted twice it is the same booking.",
        tags=TAGS,
        parameters=[TOKEN],
        request=None,
        responses={200: booking_words.BookingSerializer, 404: NOT_FOUND, 409: GONE},
        examples=[answered("Booked", examples.BOOKING)],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        found = access_to(request, id, to_answer=True)
        booking = services.accept_offer(entry=found.entry, by=found.actor)
        made = again(Entry(booking, found.user, found.is_diner, found.is_staff, found.by_token))
        return shown(request, made, with_token=found.by_token)

    def check_again(self, request: Request, id: UUID) -> None:
        """Refuse somebody logged in who may answer no longer; a stranger's kept answer hangs on the token anyway."""
        if user_of(request) is not None:
            access_to(request, id).actor  # noqa: B018 - raises where it refuses


class DeclineView(APIView):
    permission_classes = (HasProof,)

    @extend_schema(
        operation_id="decline_offer",
        summary="Decline an offered table",
        description="The table goes to the next, and the party leaves the list.",
        tags=TAGS,
        parameters=[TOKEN],
        request=None,
        responses={200: words.WaitSerializer, 404: NOT_FOUND, 409: GONE},
        examples=[answered("Declined", {**words.OWN_WAIT, "status": "declined"})],
    )
    def post(self, request: Request, id: UUID) -> Response:
        found = access_to(request, id, to_answer=True)
        services.decline_offer(entry=found.entry, by=found.actor)
        return _entry_again(found)


def _written(public_id: UUID) -> StandbyEntry:
    entry = waitlist.entry_by_public_id(public_id)
    if entry is None:
        raise errors.WaitlistEntryNotFound
    return entry


def _entry_again(found: Access) -> Response:
    return Response(words.wait_body(_written(found.entry.public_id), for_staff=found.is_staff))


# --- Wishes to be told -----------------------------------------------------------------------------------------------


class AlertsView(APIView):
    permission_classes = (SignedInToRead,)

    @extend_schema(
        operation_id="alerts",
        summary="What I want to be told of",
        tags=TAGS,
        parameters=PAGING,
        responses={200: words.AlertPageSerializer, 404: problem_response("Nobody is logged in, or no such page.")},
        examples=[
            answered(
                "One",
                {"results": [{**words.ALERT, "stop_url": None, "token": None}], "next": None, "previous": None},
            )
        ],
    )
    def get(self, request: Request) -> Response:
        pages = CursorPages()
        pages.ordering = ("earliest", "pk")
        page = pages.paginate_queryset(waitlist.alerts_of(user_of(request) or request.user), request, None) or []
        return pages.get_paginated_response([words.alert_body(each) for each in page])

    @extend_schema(
        operation_id="set_alert",
        auth=[{"session": []}, {}],  # type: ignore[list-item]  # its hint forgets that schemes are objects
        summary="Be told when a time gets free",
        description=(
            "Not a waiting list: everybody who asked is told at the same moment, no table is kept, and the first to "
            "book has it. Each is told once."
        ),
        tags=TAGS,
        request=words.AlertAskSerializer,
        responses={
            201: words.AlertSerializer,
            400: NO_OFFSET,
            409: problem_response(
                "A table is free, or there is such a wish already.", waitlist_table_is_free=FREE, alert_exists={}
            ),
            422: UNFIT,
        },
        examples=[
            asked("Four, between seven and half past eight", words.ALERT_ASK),
            answered("Noted", words.ALERT, 201),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        ask = read(request, words.AlertAskSerializer)
        user, plan = user_of(request), public_plan(ask["restaurant"])
        limits.wait(request)
        alert = services.set_alert(
            restaurant_id=plan.id,
            earliest=ask["earliest"],
            latest=ask["latest"],
            party_size=ask["party_size"],
            guest=guest_of(ask.get("guest"), user),
            diner=user,
            language=current_language().code,
        )
        alert.restaurant = Restaurant.objects.get(pk=plan.id)
        body = words.alert_body(alert, with_token=user is None)
        return Response(body, status=201, headers=words.location_of("alert", alert.public_id))


class AlertView(APIView):
    permission_classes = (HasProof,)

    @extend_schema(
        operation_id="stop_alert",
        summary="Be told no more",
        tags=TAGS,
        parameters=[TOKEN],
        request=None,
        responses={
            204: OpenApiResponse(description="Nothing more is told."),
            404: problem_response("There is no such wish, or it is not yours.", alert_not_found={}),
        },
    )
    def delete(self, request: Request, id: UUID) -> Response:
        user, alert = user_of(request), waitlist.alert_by_public_id(id)
        is_own = alert is not None and user is not None and alert.diner_id == user.pk
        if alert is None or not (is_own or access.opens(token_in(request), id)):
            raise errors.AlertNotFound
        services.stop_alert(public_id=id)
        return Response(status=204)


# --- The queue at the door -------------------------------------------------------------------------------------------

NO_PLACE = problem_response("There is no such party in the queue, or not for you.", queue_entry_not_found={})
MOVED = problem_response(
    "The party is in a state that this does not follow.",
    illegal_move={
        "detail": "This is “Seated” and cannot become “Called to the table”.",
        "from": "seated",
        "to": "notified",
        "allowed": [],
    },
)


class QueueView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="queue",
        summary="A restaurant's queue",
        description="For its staff: everybody who joined on a service day, in the order of the line; `day` is today's.",
        tags=["Queue"],
        parameters=[
            OpenApiParameter("restaurant", OpenApiTypes.UUID, required=True, description="A restaurant's id."),
            OpenApiParameter("day", OpenApiTypes.DATE, description="A service day."),
            *PAGING,
        ],
        responses={200: words.QueuePageSerializer, 404: problem_response("No such restaurant, or not for you.")},
        examples=[answered("One", {"results": [words.STAFF_PLACE], "next": None, "previous": None})],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        restaurant, day = query.uuid("restaurant"), query.day("day")
        if not query.has("restaurant"):
            query.refuse("restaurant", _("Name the restaurant."))
        query.check()
        key = key_of(restaurant) if restaurant else None
        user = user_of(request)
        if key is None or user is None or not staff_may(user, Ability.SEE_BOOKINGS, restaurant_id=key):
            raise no_such_restaurant()
        found = waitlist.queue_staffed_by(user).filter(restaurant_id=key, service_day=day or service_day_of(key))
        pages = CursorPages()
        pages.ordering = ("joined_at", "pk")
        page = pages.paginate_queryset(found, request, None) or []
        places = waitlist.places_in_line(key)
        plan = plan_of(key)
        bodies = [words.queue_body(each, plan=plan, ahead=places.get(each.pk, 0), for_staff=True) for each in page]
        return pages.get_paginated_response(bodies)

    @extend_schema(
        operation_id="join_queue",
        summary="Put a party in the queue",
        description=(
            "For staff. Answers the wait the party is told: four in five are seated within `high` minutes. Before the "
            "restaurant opens nobody sits down: the queue begins two hours before, and the wait includes them."
        ),
        tags=["Queue"],
        request=words.QueueAskSerializer,
        responses={
            201: words.QueuePlaceSerializer,
            400: problem_response("The request does not make sense; `errors` says where."),
            403: problem_response("Only staff of the restaurant run its queue."),
            409: problem_response(
                "The restaurant is closed; `opens_at` says until when.",
                queue_closed={"opens_at": "2026-12-24T12:00:00+01:00"},
            ),
            422: problem_response("No table of the house fits such a party.", booking_party_size={}),
        },
        examples=[asked("Three at the door", words.QUEUE_ASK), answered("Queued", words.STAFF_PLACE, 201)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        ask = read(request, words.QueueAskSerializer)
        plan, by = self._runs(request, ask)
        entry = services.join_queue(
            restaurant_id=plan.id,
            party_size=ask["party_size"],
            by=by,
            guest=Guest(ask.get("name", ""), ask.get("phone") or ""),
            area=ask.get("area"),
            language=current_language().code,
        )
        body = words.queue_body(_place(entry.public_id), plan=plan, for_staff=True)
        return Response(body, status=201, headers=words.location_of("queue_place", entry.public_id))

    def check_again(self, request: Request) -> None:
        self._runs(request, read(request, words.QueueAskSerializer))

    def _runs(self, request: Request, ask: dict[str, Any]) -> tuple[ServicePlan, Actor]:
        user, plan = user_of(request), public_plan(ask["restaurant"])
        if user is None or not staff_may(user, Ability.RUN_SERVICE, restaurant_id=plan.id):
            raise NotAllowed
        return plan, Actor.staff(user, Channel.WALK_IN)


class QueuePlaceView(APIView):
    permission_classes = (HasProof,)

    @extend_schema(
        operation_id="queue_place",
        summary="A place in the queue",
        description="For staff of the restaurant, and for whoever holds the link of the party's page.",
        tags=["Queue"],
        parameters=[TOKEN],
        responses={200: words.QueuePlaceSerializer, 404: NO_PLACE},
        examples=[answered("As the party sees it", words.PLACE)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        entry, user = _place(id), user_of(request)
        by_token = access.opens(token_in(request), id)
        asks = may if by_token else staff_may
        is_staff = user is not None and asks(user, Ability.SEE_BOOKINGS, restaurant_id=entry.restaurant_id)
        if not (by_token or is_staff):
            raise errors.QueueEntryNotFound
        return Response(words.queue_body(entry, plan=plan_of(entry.restaurant_id), for_staff=is_staff))


def _place(public_id: UUID) -> QueueEntry:
    entry = waitlist.queue_entry_by_public_id(public_id)
    if entry is None:
        raise errors.QueueEntryNotFound
    return entry


def _queue_move(name: str, summary: str, *, status: str, request: type[Serializer[Any]] | None = None) -> Any:
    more = [asked("As it is", {})] if request else []
    return extend_schema(
        operation_id=name,
        summary=summary,
        tags=["Queue"],
        request=request,
        responses={200: words.QueuePlaceSerializer, 404: NO_PLACE, 409: MOVED},
        examples=[answered("Done", {**words.STAFF_PLACE, "status": status, "version": 2}), *more],
    )


class QueueMoves(ViewSet):
    """What the house does with a party in its queue."""

    permission_classes = (IsAuthenticated,)

    @_queue_move("call_to_table", "Tell a party that its table is ready", status="notified")
    @idempotent
    def notify(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.call_to_table)

    @_queue_move("seat_from_queue", "Seat a party", status="seated", request=words.QueueSeatAskSerializer)
    @idempotent
    def seat(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.seat_from_queue, words.QueueSeatAskSerializer)

    @_queue_move("leave_queue", "The party went away", status="left")
    @idempotent
    def leave(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.leave_queue)

    @_queue_move(
        "remove_from_queue", "Take a party from the queue", status="removed", request=words.QueueRemoveAskSerializer
    )
    @idempotent
    def remove(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.remove_from_queue, words.QueueRemoveAskSerializer)

    def check_again(self, request: Request, id: UUID) -> None:
        self._run(request, id)

    def _run(self, request: Request, public_id: UUID) -> tuple[QueueEntry, Actor]:
        entry, user = waitlist.queue_entry_to_move(public_id), user_of(request)
        if entry is None or user is None:
            raise errors.QueueEntryNotFound
        if not staff_may(user, Ability.SEE_BOOKINGS, restaurant_id=entry.restaurant_id):
            raise errors.QueueEntryNotFound
        if not staff_may(user, Ability.RUN_SERVICE, restaurant_id=entry.restaurant_id):
            raise NotAllowed
        return entry, Actor.staff(user, Channel.WALK_IN)

    def _moved(
        self,
        request: Request,
        public_id: UUID,
        service: Callable[..., QueueEntry],
        serializer: type[Serializer[Any]] | None = None,
    ) -> Response:
        entry, by = self._run(request, public_id)
        ask = read_if_asked(request, serializer)
        if "tables" in ask:
            ask["table_ids"] = table_ids_of(plan_of(entry.restaurant_id), ask.pop("tables"))
        service(entry=entry, by=by, **ask)
        return Response(words.queue_body(_place(public_id), plan=plan_of(entry.restaurant_id), for_staff=True))
