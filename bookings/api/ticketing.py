"""Ticketed events and orders of tickets, for machines. At the door and at the till: bookings.api.ticket_desk."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import staff_may
from accounts.models import User
from accounts.partners.access import LetsPartnersIn, PartnerAuthentication
from accounts.partners.models import PartnerApp
from accounts.partners.states import Scope
from accounts.selectors import may
from accounts.states import Ability
from bookings import errors, limits, services, ticketing
from bookings.api import ticket_bodies as bodies
from bookings.api import ticket_examples as examples
from bookings.api import ticket_words as words
from bookings.api.entry import HasProof, SignedInToRead, app_of, refuse_at_the_desk, user_of
from bookings.api.searching import DAYS_AHEAD
from bookings.api.serializers import CancelAskSerializer
from bookings.api.ticket_entry import OrderEntry, order_entry_to, was_sold_by, with_seller
from bookings.api.views import IF_MATCH, STALE, TOKEN, guest_of
from bookings.api.waiting import PAGING
from bookings.models import TicketedEvent, TicketOrder
from bookings.services import Actor
from bookings.states import ActorKind, Channel, OrderStatus, PaidBy
from core import audit
from core.api.asking import read
from core.api.etags import etag_of, seen_version, with_etag
from core.api.idempotency import idempotent
from core.api.pagination import CursorPages
from core.api.query import Query
from core.api.renderers import to_bytes
from core.api.schema import answered, asked, problem_response
from core.errors import NotAllowed
from localization.formatting import HOME_ZONE
from localization.languages import current_language
from restaurants.api.bodies import money
from restaurants.api.views import NOT_FOUND as NO_HOUSE
from restaurants.api.views import no_such_restaurant
from restaurants.identity import key_of
from restaurants.models import Restaurant
from restaurants.selectors import ticket_charge_lines_of

TAGS = ["Events"]
ORDER_TAGS = ["Tickets"]
ONE_DAY = timedelta(days=1)
NO_EVENT = problem_response("There is no such event, or it is not on sale to anybody yet.", event_not_found={})
NO_ORDER = problem_response("There is no such order, or it is not yours.", ticket_order_not_found={})
WRONG_LIMIT = problem_response(
    "A parameter makes no sense; `errors` names it.",
    invalid_input={
        "errors": [{"pointer": "#/limit", "detail": "Write a whole number from 1 to 100.", "code": "invalid"}]
    },
)


# --- Events ----------------------------------------------------------------------------------------------------------


class PublicView(LetsPartnersIn, APIView):
    """Anybody may read this: a partner's token is counted against its plan, needs its scope, and shows nothing more."""

    authentication_classes = (PartnerAuthentication,)
    permission_classes = (AllowAny,)
    partner_scopes = {"GET": Scope.AVAILABILITY_READ}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if app_of(request) is None:
            limits.look(request)


def _kept(request: Request, body: Any) -> Response:
    """Answer with an ETag of the body: what is left of an event changes with every order."""
    return with_etag(request, etag_of(to_bytes(body)), Response(body, headers={"Cache-Control": "no-cache"}))


def _page(request: Request, events: "QuerySet[TicketedEvent]") -> Response:
    pages = CursorPages()
    pages.ordering = ("starts_at", "pk")
    page: list[TicketedEvent] = pages.paginate_queryset(events, request, None) or []
    sold = ticketing.sold_of([event.pk for event in page])
    answer = pages.get_paginated_response([bodies.event_body(event, sold[event.pk]) for event in page])
    return _kept(request, answer.data)


class RestaurantEventsView(PublicView):
    @extend_schema(
        operation_id="restaurant_events",
        summary="A restaurant's events",
        description="Evenings sold by ticket that are not over, the next first, with prices, terms and what is left.",
        tags=TAGS,
        auth=[{}, {"partner": [Scope.AVAILABILITY_READ.value]}],  # type: ignore[list-item]  # its hint forgets that schemes are objects
        parameters=PAGING,
        responses={200: words.EventPageSerializer, 400: WRONG_LIMIT, 404: NO_HOUSE},
        examples=[answered("One", examples.EVENT_PAGE)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        key = key_of(id)
        if key is None or not Restaurant.objects.public().filter(pk=key).exists():
            raise no_such_restaurant()
        return _page(request, ticketing.events_of(key))


class EventsView(PublicView):
    @extend_schema(
        operation_id="events",
        summary="Find events",
        description="Evenings sold by ticket, at all restaurants, that are not over; the next first.",
        tags=TAGS,
        auth=[{}, {"partner": [Scope.AVAILABILITY_READ.value]}],  # type: ignore[list-item]
        parameters=[
            OpenApiParameter("city", OpenApiTypes.STR, description="A city's slug, as `lagos`."),
            OpenApiParameter("from", OpenApiTypes.DATE, description="The first day on which they begin."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="The last one."),
            *PAGING,
        ],
        responses={200: words.EventPageSerializer, 400: WRONG_LIMIT},
        examples=[answered("One", examples.EVENT_PAGE)],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        city, first, last = query.slug("city"), query.day("from"), query.day("to")
        today = timezone.now().astimezone(HOME_ZONE).date()
        for name, day in (("from", first), ("to", last)):
            if day is not None and day > today + timedelta(days=DAYS_AHEAD):
                query.refuse(name, _("That is too far ahead. Choose a day within two years."))
        if first is not None and last is not None and last < first:
            query.refuse("to", _("Choose a last day that is not before the first."))
        query.check()
        events = ticketing.events_ahead()
        if city:
            events = events.filter(restaurant__city__slug=city)
        # What is not over began the day before yesterday at the earliest.
        earliest = today - timedelta(days=2)
        if first is not None and first > earliest:
            events = events.filter(starts_at__gte=_midnight(first))
        if last is not None:
            events = events.filter(starts_at__lt=_midnight(last + ONE_DAY)) if last >= earliest else events.none()
        return _page(request, events)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=HOME_ZONE)


def public_event(public_id: UUID) -> TicketedEvent:
    """:raises EventNotFound: when there is none, it is a draft, or its restaurant is not shown"""
    event = ticketing.public_event(public_id)
    if event is None:
        raise errors.EventNotFound
    return event


class EventView(PublicView):
    @extend_schema(
        operation_id="event",
        summary="An event",
        description="Also when it is over or was called off; `status` and `sale` say whether tickets can be bought.",
        tags=TAGS,
        auth=[{}, {"partner": [Scope.AVAILABILITY_READ.value]}],  # type: ignore[list-item]
        responses={200: words.EventSerializer, 404: NO_EVENT},
        examples=[answered("On sale", examples.EVENT)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        event = public_event(id)
        return _kept(request, bodies.event_body(event, ticketing.sold_of_event(event)))


# --- Ordering --------------------------------------------------------------------------------------------------------

REFUSED = problem_response(
    "Not that many are left, as `left` says for each kind; or they are not on sale, or cost `amount` now.",
    tickets_sold_out={
        "detail": "There are not that many tickets left. Please choose fewer, or others.",
        "left": {examples.TICKET_KIND: 1, examples.TABLE_KIND: 0},
    },
    tickets_not_on_sale={},
    tickets_price_changed={
        "detail": "The price has changed meanwhile. Please look at the new price and order again.",
        "amount": {"amount": "36000.00", "currency": "NGN"},
    },
    tickets_too_many_unpaid={
        "detail": "One guest can have at most 10 unpaid places for this event. "
        "Please pay for those you have first, or call the restaurant.",
        "most": 10,
    },
    booking_not_taken_online={},
)
UNFIT = problem_response(
    "The event sells no such order, or nobody could be reached.",
    tickets_none_chosen={"detail": "Please choose at least one ticket."},
    tickets_too_many={
        "detail": "One order takes tickets for at most 10 guests. Please call the restaurant for more.",
        "most": 10,
    },
    tickets_unknown_kind={"detail": "This event has no such ticket."},
    booking_contact_missing={"detail": "We need a phone number or an e-mail address to reach you."},
)


def order_etag(entry: OrderEntry) -> str:
    order = entry.order
    tickets = [ticket.version for ticket in order.tickets.all()]
    changes = (bodies.status_of(order), order.version, tickets, order.event.updated_at)
    return etag_of(order.public_id, *changes, entry.is_staff, entry.shows_codes, current_language().code)


def shown(request: Request, entry: OrderEntry, *, status: int = 200, with_token: bool = False) -> Response:
    """Answer an order as the asker may see it, with its ETag."""
    house = entry.order.event.restaurant_id
    body = bodies.order_body(
        entry.order,
        ticket_charge_lines_of([house])[house],
        for_staff=entry.is_staff,
        with_codes=entry.shows_codes,
        with_token=with_token,
    )
    return with_etag(request, order_etag(entry), Response(body, status=status))


def again(entry: OrderEntry) -> OrderEntry:
    """Return the same with the order as it now is."""
    order = ticketing.order_by_public_id(entry.order.public_id)
    if order is None:
        raise errors.OrderNotFound
    return OrderEntry(order, entry.user, entry.is_buyer, entry.is_staff, entry.by_token, entry.app)


class EventOrdersView(LetsPartnersIn, APIView):
    permission_classes = (AllowAny,)
    partner_scopes = {"POST": Scope.BOOKINGS_WRITE}

    @extend_schema(
        operation_id="order_tickets",
        auth=[{"session": []}, {"partner": [Scope.BOOKINGS_WRITE.value]}, {}],  # type: ignore[list-item]
        summary="Order tickets",
        description=(
            "With or without an account; a buyer without one gets `token`, which opens the order again. Send `amount` "
            "as it was shown, so that nobody pays another price. Where it is paid before, the places are `held` until "
            "`hold_expires_at`, and `payment_instructions` say how to pay."
        ),
        tags=ORDER_TAGS,
        request=words.OrderAskSerializer,
        responses={
            201: words.TicketOrderSerializer,
            400: problem_response("The request does not make sense; `errors` says where."),
            404: NO_EVENT,
            409: REFUSED,
            422: UNFIT,
        },
        examples=[asked("Two and a table", examples.ORDER_ASK), answered("Held", examples.ORDER, 201)],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        ask = read(request, words.OrderAskSerializer)
        user, app = user_of(request), app_of(request)
        event, by = self._as_whom(ask, user or app, id)
        limits.order_tickets(request, at_the_desk=not by.is_online)
        diner = user if by.is_online else None
        try:
            order = services.order_tickets(
                event=event,
                wanted=_wanted(ask["tickets"]),
                guest=guest_of(ask.get("guest"), diner),
                by=by,
                diner=diner,
                language=current_language().code,
                seen_amount_kobo=ask.get("amount"),
                paid=_paid(ask, by),
            )
        except errors.PriceHasChanged as refused:
            raise errors.PriceHasChanged(amount=money(refused.details["amount"])) from refused
        is_staff = not by.is_online and app is None
        entry = again(OrderEntry(order, user, by.is_online and app is None, is_staff, user is None, app))
        response = shown(request, entry, status=201, with_token=user is None)
        response["Location"] = reverse("bookings_api:ticket_order", args=[order.public_id])
        return response

    def check_again(self, request: Request, id: UUID) -> None:
        """Refuse staff and apps that may no longer sell there; what people bought for themselves stays theirs."""
        asker = user_of(request) or app_of(request)
        if asker is None:
            return
        ask = read(request, words.OrderAskSerializer)
        if isinstance(asker, PartnerApp) or "channel" in ask:
            self._as_whom(ask, asker, id)

    def _as_whom(
        self, ask: dict[str, Any], asker: User | PartnerApp | None, public_id: UUID
    ) -> tuple[TicketedEvent, Actor]:
        event = public_event(public_id)
        where = event.restaurant_id
        if isinstance(asker, PartnerApp):
            if not may(asker, Ability.RUN_SERVICE, restaurant_id=where):
                # What a house that did not let the app in sells is as unknown to it as what nobody does.
                raise errors.EventNotFound
            if "channel" not in ask:
                return event, Actor.partner(asker)
            refuse_at_the_desk(asker)
            return event, Actor.partner(asker, Channel(ask["channel"]))
        if "channel" not in ask:
            return event, Actor.diner(asker, Channel.API)
        if asker is None or not staff_may(asker, Ability.RUN_SERVICE, restaurant_id=where):
            raise NotAllowed(_("Only staff of this restaurant can book through this channel."))
        return event, Actor.staff(asker, Channel(ask["channel"]))


def _paid(ask: dict[str, Any], by: Actor) -> services.Paid | None:
    """:raises NotAllowed: to whoever does not work there: that money came they do not say"""
    if "paid" not in ask:
        return None
    if by.kind != ActorKind.STAFF:
        raise NotAllowed
    return services.Paid(PaidBy(ask["paid"]["means"]), ask["paid"].get("reference", ""))


def _wanted(tickets: list[dict[str, Any]]) -> dict[UUID, int]:
    wanted: dict[UUID, int] = {}
    for each in tickets:
        wanted[each["kind"]] = wanted.get(each["kind"], 0) + each["count"]
    return wanted


# --- /api/ticket-orders ----------------------------------------------------------------------------------------------


class TicketOrdersView(LetsPartnersIn, APIView):
    permission_classes = (SignedInToRead,)
    partner_scopes = {"GET": Scope.BOOKINGS_READ}

    @extend_schema(
        operation_id="ticket_orders",
        summary="My orders of tickets, or a restaurant's",
        description=(
            "Without `restaurant` and `event` those on the asker's account, the latest first. With a restaurant, or an "
            "event of one, where the asker works, all of it, the first first. A partner app gets those of the "
            "restaurants that let it see them, with codes only where it sold the tickets itself."
        ),
        tags=ORDER_TAGS,
        parameters=[
            OpenApiParameter("restaurant", OpenApiTypes.UUID, description="A restaurant's id."),
            OpenApiParameter("event", OpenApiTypes.UUID, description="An event's id."),
            OpenApiParameter(
                "status",
                OpenApiTypes.STR,
                enum=list(OrderStatus.values),
                many=True,
                description="Repeated, or divided by commas.",
            ),
            *PAGING,
        ],
        responses={
            200: words.TicketOrderPageSerializer,
            404: problem_response("A partner app asks for no such restaurant or event."),
        },
        examples=[answered("One", {"results": [examples.OWN_ORDER], "next": None, "previous": None})],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        restaurant, event = query.uuid("restaurant"), query.uuid("event")
        statuses = query.choices("status", OrderStatus.values)
        query.check()
        app = app_of(request)
        found, for_staff = self._found(request, restaurant, event)
        if statuses:
            found = found.filter(status__in=statuses)
        pages = CursorPages()
        pages.ordering = ("created_at", "pk") if for_staff or app else ("-created_at", "-pk")
        page: list[TicketOrder] = pages.paginate_queryset(found, request, None) or []
        if page and (for_staff or app):
            audit.note("tickets.listed", outcome="done", restaurant_id=restaurant, details={"rows": len(page)})
        lines = ticket_charge_lines_of({each.event.restaurant_id for each in page})
        return pages.get_paginated_response(
            [
                bodies.order_body(
                    each,
                    lines[each.event.restaurant_id],
                    for_staff=for_staff,
                    with_codes=app is None or was_sold_by(app, each),
                )
                for each in page
            ]
        )

    def _found(
        self, request: Request, restaurant: UUID | None, event: UUID | None
    ) -> "tuple[QuerySet[TicketOrder], bool]":
        app, user = app_of(request), user_of(request)
        where = self._where(restaurant, event)
        wanted: dict[str, Any] = {}
        if restaurant is not None:
            wanted["event__restaurant__public_id"] = restaurant
        if event is not None:
            wanted["event__public_id"] = event
        if app is not None:
            if wanted and (where is None or not may(app, Ability.SEE_BOOKINGS, restaurant_id=where)):
                raise no_such_restaurant() if restaurant is not None else errors.EventNotFound
            return with_seller(ticketing.orders_staffed_by(app), app).filter(**wanted), False
        if where is not None and user is not None and staff_may(user, Ability.SEE_BOOKINGS, restaurant_id=where):
            return ticketing.orders_staffed_by(user).filter(**wanted), True
        return ticketing.orders_of(user or request.user).filter(**wanted), False

    def _where(self, restaurant: UUID | None, event: UUID | None) -> int | None:
        """Return the key of the house that is asked about; None where none is, or there is none such."""
        if restaurant is not None:
            return key_of(restaurant)
        if event is None:
            return None
        return TicketedEvent.objects.filter(public_id=event).values_list("restaurant_id", flat=True).first()


class TicketOrderView(LetsPartnersIn, APIView):
    permission_classes = (HasProof,)
    partner_scopes = {"GET": Scope.BOOKINGS_READ, "DELETE": Scope.BOOKINGS_WRITE}

    @extend_schema(
        operation_id="ticket_order",
        summary="An order of tickets",
        description=(
            "For its buyer, staff of its restaurant, and whoever holds its token. Of a ticket that was passed on its "
            "buyer sees the name only: code and id are its new holder's."
        ),
        tags=ORDER_TAGS,
        parameters=[TOKEN],
        responses={200: words.TicketOrderSerializer, 404: NO_ORDER},
        examples=[answered("As its buyer sees it", examples.OWN_ORDER)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        entry = order_entry_to(request, id)
        if entry.app is not None or (entry.is_staff and not entry.is_buyer):
            audit.record(
                "tickets.viewed",
                actor=entry.app or entry.user,
                target=entry.order,
                restaurant_id=entry.order.event.restaurant_id,
            )
        return shown(request, entry)

    @extend_schema(
        operation_id="cancel_ticket_order",
        summary="Cancel an order of tickets",
        description=(
            "All of its tickets, within the time its terms name; what was paid is owed back. Staff give the buyer a "
            "reason, in the body or as `?reason=`, and are held to no time."
        ),
        tags=ORDER_TAGS,
        parameters=[
            TOKEN,
            IF_MATCH,
            OpenApiParameter("reason", OpenApiTypes.STR, description="Why; staff must say so."),
        ],
        request=None,
        responses={
            200: words.TicketOrderSerializer,
            404: NO_ORDER,
            409: problem_response(
                "It is over, it is too late, or somebody has come in with one of them.",
                tickets_too_late_to_give_back={},
                ticket_used_already=examples.USED_ALREADY,
                illegal_move={
                    "detail": "This is “Cancelled” and cannot become “Cancelled”.",
                    "from": "cancelled",
                    "to": "cancelled",
                    "allowed": [],
                },
            ),
            412: STALE,
            422: problem_response("Staff gave no reason.", booking_reason_missing={}),
        },
        examples=[answered("Cancelled", examples.CANCELLED)],
    )
    def delete(self, request: Request, id: UUID) -> Response:
        entry = order_entry_to(request, id)
        by = entry.for_change()
        given = request.data if isinstance(request.data, dict) and request.data else {}
        ask = read(request, CancelAskSerializer, {"reason": request.query_params.get("reason", ""), **given})
        seen = seen_version(request, order_etag(entry), entry.order.version)
        services.cancel_order(order=entry.order, by=by, reason=ask.get("reason", ""), expected_version=seen)
        return shown(request, again(entry))
