"""Bookings that repeat, for machines."""

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import staff_may
from accounts.models import User
from accounts.states import Ability
from bookings import errors, limits, selectors, services
from bookings.api import examples
from bookings.api import serializers as words
from bookings.api.bodies import deposit_body
from bookings.api.entry import public_plan
from bookings.api.views import IF_MATCH, STALE, UNFIT, guest_of
from bookings.models import BookingSeries
from bookings.recurring import MOST_DATES, MOST_WEEKS_BETWEEN, Rule
from bookings.services import Actor, Guest
from bookings.states import Channel, OccurrenceState, SeriesStatus
from core import codes
from core.api.asking import read
from core.api.etags import etag_of, seen_version, with_etag
from core.api.idempotency import idempotent
from core.api.pagination import CursorPages
from core.api.query import Query
from core.api.schema import answered, asked, problem_response
from core.errors import InvalidInput, NotAllowed
from localization.languages import current_language
from restaurants.api.bodies import absolute
from restaurants.identity import key_of
from restaurants.service_plan import ServicePlan

TAGS = ["Bookings"]


# --- In ----------------------------------------------------------------------------------------------------------


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
class ClockField(serializers.TimeField):
    """A time on the restaurant's clock."""

    def __init__(self, **more: Any) -> None:
        super().__init__(input_formats=["%H:%M"], **more)


class MovedDateSerializer(words.Words):
    date = serializers.DateField(help_text="A day of the rule.")
    starts_at = words.InstantField(help_text="When on that day, or beside it, instead.")


class SeriesWishesSerializer(words.WishesSerializer):
    skip = serializers.ListField(
        child=serializers.DateField(), max_length=MOST_DATES, required=False, help_text="Days that are left out."
    )
    moved = MovedDateSerializer(many=True, required=False, help_text="Days that begin at another time.")

    def validate_moved(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(given) > MOST_DATES:
            raise serializers.ValidationError(_("That is more dates than a repeated booking has."))
        return given


class SeriesAskSerializer(SeriesWishesSerializer):
    """A table again and again: the rule, the party, and what to do about single dates."""

    restaurant = serializers.UUIDField()
    first_on = serializers.DateField(
        help_text="The first day, on the restaurant's calendar; its weekday is the rule's."
    )
    time = ClockField(help_text="On the restaurant's clock, as in 19:30.")
    every_weeks = serializers.IntegerField(min_value=1, max_value=MOST_WEEKS_BETWEEN, default=1)
    until = serializers.DateField(required=False, allow_null=True, help_text="The last day at most.")
    count = serializers.IntegerField(
        min_value=2, max_value=MOST_DATES, required=False, allow_null=True, help_text="How many dates at most."
    )
    party_size = words.party_field()
    area = serializers.UUIDField(required=False, allow_null=True, help_text="An area's id; otherwise anywhere.")
    step_free = serializers.BooleanField(required=False, default=False, help_text="Only at tables without steps.")
    guest = words.GuestAskSerializer(required=False, help_text="What is left out is taken from the account.")
    channel = serializers.ChoiceField(
        words.STAFF_CHANNELS, required=False, help_text="Staff only: books for a guest, without the online limits."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("until") and not attrs.get("count"):
            raise serializers.ValidationError({"until": [_("Say until when, or how many times.")]})
        return attrs


class SeriesChangeSerializer(SeriesWishesSerializer):
    """What is to be another for all dates to come; what is left out stays."""

    from_on = serializers.DateField(
        required=False, help_text="Only from this day on: the dates before stay a series of their own."
    )
    time = ClockField(required=False)
    party_size = words.party_field(required=False)
    area = serializers.UUIDField(required=False, allow_null=True, help_text="Null: anywhere.")
    step_free = serializers.BooleanField(required=False, help_text="Only at tables without steps, or at any.")
    guest = words.GuestAskSerializer(required=False)


# --- Out ---------------------------------------------------------------------------------------------------------


class DateOutcomeSerializer(words.Words):
    """What stands with one date before it is booked."""

    date = serializers.DateField()
    starts_at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(
        ["free", "later", "refused"], help_text="`later`: it is booked when the booking window reaches it."
    )
    reason = serializers.CharField(allow_null=True, help_text="The code of the refusal.")
    detail = serializers.CharField(help_text="The same as a sentence.")
    alternatives = words.FreeSlotSerializer(many=True, help_text="The nearest free times of that day.")


class PreviewSerializer(words.Words):
    possible = serializers.BooleanField(help_text="Whether no date is refused.")
    dates = DateOutcomeSerializer(many=True)


class OccurrenceSerializer(words.Words):
    date = serializers.DateField(help_text="The day of the rule.")
    starts_at = serializers.DateTimeField()
    state = serializers.ChoiceField(OccurrenceState.choices)
    booking = serializers.UUIDField(allow_null=True)
    booking_status = serializers.CharField(allow_null=True)
    code = serializers.CharField(allow_null=True, help_text="What the guest says at the door.")
    deposit = words.DepositSerializer(allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text="Why there is no booking for this date.")
    changed = serializers.BooleanField(help_text="It was changed by itself and keeps to that.")


class SeriesSerializer(words.Words):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(SeriesStatus.choices)
    restaurant = serializers.UUIDField()
    first_on = serializers.DateField()
    last_on = serializers.DateField()
    time = serializers.CharField(help_text="On the restaurant's clock.")
    every_weeks = serializers.IntegerField()
    party_size = serializers.IntegerField()
    area = words.NamedAreaSerializer(allow_null=True)
    step_free = serializers.BooleanField(help_text="Each date is booked at tables without steps only.")
    guest = words.GuestSerializer()
    notes = serializers.CharField()
    occasion = serializers.ChoiceField(words.OCCASIONS, allow_null=True)
    dates = OccurrenceSerializer(many=True)
    version = serializers.IntegerField()
    url = serializers.URLField()


class SeriesPageSerializer(words.Words):
    results = SeriesSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


def series_body(series: BookingSeries) -> dict[str, Any]:
    """Return a repeated booking with all its dates, as bookings.selectors gives it."""
    zone = ZoneInfo(series.restaurant.time_zone)
    return {
        "id": series.public_id,
        "status": series.status,
        "restaurant": series.restaurant.public_id,
        "first_on": series.first_on,
        "last_on": series.last_on,
        "time": f"{series.local_time:%H:%M}",
        "every_weeks": series.every_weeks,
        "party_size": series.party_size,
        "area": {"id": series.area.public_id, "name": series.area.name} if series.area else None,
        "step_free": series.step_free,
        "guest": {
            "name": series.guest_name,
            "phone": series.guest_phone or None,
            "email": series.guest_email or None,
        },
        "notes": series.notes,
        "occasion": series.occasion or None,
        "dates": [
            {
                "date": each.planned_on,
                "starts_at": each.starts_at.astimezone(zone).isoformat(),
                "state": each.state,
                "booking": each.booking.public_id if each.booking else None,
                "booking_status": each.booking.status if each.booking else None,
                "code": codes.display(each.booking.code) if each.booking else None,
                "deposit": deposit_body(each.booking) if each.booking else None,
                "reason": each.reason or None,
                "changed": each.is_changed,
            }
            for each in series.occurrences.all()
        ],
        "version": series.version,
        "url": absolute(reverse("bookings:series", args=[series.public_id])),
    }


ASK: dict[str, Any] = {
    "restaurant": examples.HOUSE,
    "first_on": "2026-12-03",
    "time": "19:00",
    "every_weeks": 1,
    "count": 8,
    "party_size": 4,
    "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567", "email": "adaeze@example.com"},
    "skip": ["2026-12-24"],
}
OUTCOMES: list[dict[str, Any]] = [
    {
        "date": "2026-12-03",
        "starts_at": "2026-12-03T19:00:00+01:00",
        "outcome": "free",
        "reason": None,
        "detail": "",
        "alternatives": [],
    },
    {
        "date": "2026-12-10",
        "starts_at": "2026-12-10T19:00:00+01:00",
        "outcome": "refused",
        "reason": "booking_no_table_free",
        "detail": "No table is free at that time. Here are the nearest times that are.",
        "alternatives": examples.ALTERNATIVES,
    },
]
SERIES: dict[str, Any] = {
    "id": "0d4b8a0e-52b1-4a57-9a5b-0e6ff5bd8f0a",
    "status": "active",
    "restaurant": examples.HOUSE,
    "first_on": "2026-12-03",
    "last_on": "2027-01-21",
    "time": "19:00",
    "every_weeks": 1,
    "party_size": 4,
    "area": None,
    "step_free": False,
    "guest": {"name": "Adaeze Okafor", "phone": "+2348031234567", "email": "adaeze@example.com"},
    "notes": "",
    "occasion": None,
    "dates": [
        {
            "date": "2026-12-03",
            "starts_at": "2026-12-03T19:00:00+01:00",
            "state": "booked",
            "booking": examples.BOOKING_ID,
            "booking_status": "confirmed",
            "code": "K7F 3WD",
            "deposit": None,
            "reason": None,
            "changed": False,
        },
        {
            "date": "2027-01-21",
            "starts_at": "2027-01-21T19:00:00+01:00",
            "state": "planned",
            "booking": None,
            "booking_status": None,
            "code": None,
            "deposit": None,
            "reason": None,
            "changed": False,
        },
    ],
    "version": 1,
    "url": "https://buka.example/en/bookings/series/0d4b8a0e-52b1-4a57-9a5b-0e6ff5bd8f0a/",
}
NOT_FOUND = problem_response("There is none such, or it is not yours.", booking_series_not_found={})
NOT_ALL = problem_response(
    "A date cannot be had, and nothing was booked or changed; `dates` tells what stands with each.",
    booking_series_refused={"reason": "booking_no_table_free", "dates": OUTCOMES},
    booking_series_over={},
)
NO_END = problem_response(
    "The request does not make sense; `errors` says where.",
    invalid_input={
        "detail": "Say until when, or how many times.",
        "errors": [{"pointer": "#/until", "detail": "Say until when, or how many times.", "code": "invalid"}],
    },
)


# --- Views -------------------------------------------------------------------------------------------------------


def _person(request: Request) -> User:
    if not isinstance(request.user, User):
        raise NotAllowed
    return request.user


def _rule(ask: dict[str, Any]) -> Rule:
    return Rule(ask["first_on"], ask["time"], ask["every_weeks"], ask.get("until"), ask.get("count"))


def _moved(ask: dict[str, Any]) -> dict[date, datetime]:
    return {each["date"]: each["starts_at"] for each in ask.get("moved", [])}


def _as_whom(person: User, ask: dict[str, Any], plan: ServicePlan) -> Actor:
    """:raises NotAllowed: to whoever books through the staff's channels and is none of them"""
    if "channel" not in ask:
        return Actor.diner(person, Channel.API)
    if not staff_may(person, Ability.RUN_SERVICE, restaurant_id=plan.id):
        raise NotAllowed(_("Only staff of this restaurant can book through this channel."))
    return Actor.staff(person, Channel(ask["channel"]))


class SeriesListView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="booking_series",
        summary="My bookings that repeat, or a restaurant's",
        tags=TAGS,
        parameters=[
            OpenApiParameter("restaurant", OpenApiTypes.UUID, description="Where the asker works: all of that house."),
            OpenApiParameter("cursor", OpenApiTypes.STR, description=str(CursorPages.cursor_query_description)),
            OpenApiParameter("limit", OpenApiTypes.INT, description=str(CursorPages.page_size_query_description)),
        ],
        responses={200: SeriesPageSerializer},
        examples=[answered("One", {"results": [SERIES], "next": None, "previous": None})],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        restaurant = query.uuid("restaurant")
        query.check()
        person = _person(request)
        found = selectors.series_of(person)
        if restaurant is not None:
            key = key_of(restaurant)
            if key is not None and staff_may(person, Ability.SEE_BOOKINGS, restaurant_id=key):
                found = selectors.series_staffed_by(person)
            found = found.filter(restaurant__public_id=restaurant)
        pages = CursorPages()
        pages.ordering = ("-created_at", "-pk")
        page = pages.paginate_queryset(found, request, None) or []
        return pages.get_paginated_response([series_body(each) for each in page])

    @extend_schema(
        operation_id="begin_series",
        summary="Book a table again and again",
        description=(
            "All dates within the house's booking window are booked at once, or none; the others follow as the window "
            "reaches them. When a date cannot be had, the answer tells what stands with each: leave it out by `skip`, "
            "or give it another time by `moved`."
        ),
        tags=TAGS,
        request=SeriesAskSerializer,
        responses={201: SeriesSerializer, 400: NO_END, 409: NOT_ALL, 422: UNFIT},
        examples=[asked("Thursdays", ASK), answered("Begun", SERIES, 201)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        ask = read(request, SeriesAskSerializer)
        person = _person(request)
        plan = public_plan(ask["restaurant"])
        by = _as_whom(person, ask, plan)
        limits.book(request, at_the_desk=not by.is_online)
        diner = person if by.is_online else None
        series = services.begin_series(
            restaurant_id=plan.id,
            rule=_rule(ask),
            party_size=ask["party_size"],
            area=ask.get("area"),
            step_free=ask["step_free"],
            guest=guest_of(ask.get("guest"), diner),
            notes=ask.get("notes", ""),
            occasion=ask.get("occasion") or "",
            by=by,
            diner=diner,
            language=current_language().code,
            skip=set(ask.get("skip", [])),
            moved=_moved(ask),
        )
        response = _shown(request, series.public_id, status=201)
        response["Location"] = reverse("bookings_api:series", args=[series.public_id])
        return response

    def check_again(self, request: Request) -> None:
        """Refuse staff who may no longer book there; what people booked for themselves stays theirs."""
        ask = read(request, SeriesAskSerializer)
        if "channel" in ask:
            _as_whom(_person(request), ask, public_plan(ask["restaurant"]))


class SeriesPreviewView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="look_at_series",
        summary="What stands with each date",
        description="Looks at every date of a repeated booking and books nothing.",
        tags=TAGS,
        request=SeriesAskSerializer,
        responses={200: PreviewSerializer, 400: NO_END, 422: UNFIT},
        examples=[asked("Thursdays", ASK), answered("One is full", {"possible": False, "dates": OUTCOMES})],
    )
    def post(self, request: Request) -> Response:
        ask = read(request, SeriesAskSerializer)
        person = _person(request)
        limits.look(request)
        plan = public_plan(ask["restaurant"])
        by = _as_whom(person, ask, plan)
        rule, moved, skipped = _rule(ask), _moved(ask), set(ask.get("skip", []))
        outcomes = services.look_at_dates(
            restaurant_id=plan.id,
            starts={day: moved.get(day, rule.starts_at(day, plan.zone)) for day in rule.dates() if day not in skipped},
            party_size=ask["party_size"],
            area=ask.get("area"),
            step_free=ask["step_free"],
            by=by,
            diner=person if by.is_online else None,
        )
        return Response(
            {
                "possible": all(each.is_possible for each in outcomes),
                "dates": [services.outcome_body(plan, each) for each in outcomes],
            }
        )


class SeriesView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="one_series",
        summary="A booking that repeats",
        tags=TAGS,
        responses={200: SeriesSerializer, 404: NOT_FOUND},
        examples=[answered("With its dates", SERIES)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        _entry(request, id)
        return _shown(request, id)

    @extend_schema(
        operation_id="change_series",
        summary="Change what is still to come",
        description=(
            "All dates to come, or those from `from_on` on, in one move: when one cannot be had, all stay as they "
            "were. Dates that were changed by themselves keep to that. A single date is changed or cancelled as the "
            "booking it is."
        ),
        tags=TAGS,
        parameters=[IF_MATCH],
        request=SeriesChangeSerializer,
        responses={200: SeriesSerializer, 400: NO_END, 404: NOT_FOUND, 409: NOT_ALL, 412: STALE, 422: UNFIT},
        examples=[
            asked("An hour later from January on", {"from_on": "2027-01-01", "time": "20:00"}),
            answered("Changed", {**SERIES, "time": "20:00", "version": 2}),
        ],
    )
    def patch(self, request: Request, id: UUID) -> Response:
        series, by = _entry(request, id)
        ask = read(request, SeriesChangeSerializer)
        wanted: dict[str, Any] = {
            name: ask[name] for name in ("from_on", "party_size", "area", "step_free", "notes", "skip") if name in ask
        }
        if "time" in ask:
            wanted["at"] = ask["time"]
        if "occasion" in ask:
            wanted["occasion"] = ask["occasion"] or ""
        if "guest" in ask:
            like = Guest(series.guest_name, series.guest_phone, series.guest_email)
            wanted["guest"] = guest_of(ask["guest"], like=like)
            if by.is_online and not (wanted["guest"].phone or wanted["guest"].email):
                raise errors.ContactMissing
        if not wanted and "moved" not in ask:
            raise InvalidInput(errors={"time": [_("Say what is to be another.")]})
        changed = services.change_series(
            series=series,
            by=by,
            moved=_moved(ask),
            expected_version=seen_version(request, _etag(series), series.version),
            **wanted,
        )
        return _shown(request, changed.public_id)

    @extend_schema(
        operation_id="cancel_series",
        summary="Cancel what is still to come",
        tags=TAGS,
        parameters=[
            IF_MATCH,
            OpenApiParameter("from_on", OpenApiTypes.DATE, description="Only from this day on."),
            OpenApiParameter("reason", OpenApiTypes.STR, description="Why; staff must say so."),
        ],
        request=None,
        responses={200: SeriesSerializer, 404: NOT_FOUND, 409: NOT_ALL, 412: STALE, 422: UNFIT},
        examples=[answered("Cancelled", {**SERIES, "status": "cancelled", "version": 2})],
    )
    def delete(self, request: Request, id: UUID) -> Response:
        series, by = _entry(request, id)
        query = Query(request.query_params)
        from_on, reason = query.day("from_on"), query.text("reason", max_length=300)
        query.check()
        services.cancel_series(
            series=series,
            by=by,
            from_on=from_on,
            reason=reason or "",
            expected_version=seen_version(request, _etag(series), series.version),
        )
        return _shown(request, id)


def _entry(request: Request, public_id: UUID) -> tuple[BookingSeries, Actor]:
    """Return a series to its diner and to staff who run the service, with as whom they change it.

    :raises SeriesNotFound: when it is not there or not theirs, which nobody can tell apart
    """
    person = _person(request)
    series = selectors.series_by_public_id(public_id)
    if series is None:
        raise errors.SeriesNotFound
    if series.diner_id == person.pk:
        return series, Actor.diner(person, Channel.API)
    if staff_may(person, Ability.RUN_SERVICE, restaurant_id=series.restaurant_id):
        return series, Actor.staff(person)
    raise errors.SeriesNotFound


def _etag(series: BookingSeries) -> str:
    return etag_of(series.public_id, series.version, False)


def _shown(request: Request, public_id: UUID, *, status: int = 200) -> Response:
    series = selectors.series_by_public_id(public_id)
    if series is None:
        raise errors.SeriesNotFound
    return with_etag(request, _etag(series), Response(series_body(series), status=status))
