"""The reads that many people ask for: the list of restaurants and their free times."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.permissions import AllowAny

from accounts.partners.access import LetsPartnersIn, PartnerAuthentication
from accounts.partners.states import Scope
from bookings import selectors, services
from bookings.api import bodies, examples, searching
from bookings.api.serializers import AvailabilitySerializer, CalendarSerializer, RestaurantPageSerializer
from bookings.limits import LOOK, SEARCH
from core.api.hot import HotView
from core.api.query import Query
from core.api.renderers import to_bytes
from core.api.schema import problem_response
from core.errors import InvalidInput
from core.hotcache import CachedBody, respond
from localization.formatting import HOME_ZONE
from restaurants.api.views import JSON, NOT_FOUND, no_such_restaurant
from restaurants.identity import key_of
from restaurants.models import Restaurant
from restaurants.service_plan import ServicePlan, remembered_plan
from restaurants.states import PUBLIC_STATUSES

CALENDAR_DAYS = 31


def parameter(name: str, kind: OpenApiTypes, description: str, *, is_list: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=description, many=is_list, explode=True if is_list else None)


TEXT, DATE, INSTANT = OpenApiTypes.STR, OpenApiTypes.DATE, OpenApiTypes.DATETIME
INT, FLOAT, FLAG, ID = OpenApiTypes.INT, OpenApiTypes.FLOAT, OpenApiTypes.BOOL, OpenApiTypes.UUID


class RestaurantsView(HotView):
    permission_classes = (AllowAny,)
    limits = (SEARCH,)

    @extend_schema(
        operation_id="restaurants",
        summary="Find restaurants",
        description=(
            "Bookable houses first, then by name; with `near` the nearest first. With `party_size` and `date` (and "
            "`time`), or `starts_at`, only houses that have a free time within the hour, or on the day when no time "
            "is given. Filters narrow together; several cuisines or price bands widen."
        ),
        tags=["Restaurants"],
        auth=[],
        parameters=[
            parameter("q", TEXT, "Words of name, cuisine, dish, street, landmark; tone marks do not matter."),
            parameter("city", TEXT, "A city's slug, as `lagos`."),
            parameter("neighbourhood", TEXT, "As `Yaba`; `area` means the same."),
            parameter("near", TEXT, "Latitude and longitude, as `6.43,3.42`."),
            parameter("within_km", FLOAT, "How far from `near`: 0.1 to 500, 10 if not given."),
            parameter("cuisine", TEXT, "Slugs; repeated, or divided by commas.", is_list=True),
            parameter("price_band", INT, "1 to 4; repeated, or divided by commas.", is_list=True),
            parameter("amenities", TEXT, "Slugs of which each is wanted.", is_list=True),
            parameter(
                "step_free", FLAG, "Has a table that is reached without a step; with a time, one that is free then."
            ),
            parameter("open_at", TEXT, "An instant with its offset, or `now`: the doors are open then."),
            parameter("bookable", FLAG, "Takes bookings on Buka, or does not."),
            parameter("party_size", INT, "1 to 400, together with a day."),
            parameter("date", DATE, "The day a table is wanted."),
            parameter("time", TEXT, "By the clock in Lagos, as `19:30`; up to 04:59 in the night after the day."),
            parameter("starts_at", INSTANT, "In place of `date` and `time`."),
            parameter("facets", FLAG, "Count what was found by city, cuisine and price band."),
            parameter("limit", INT, "How many a page holds: 1 to 100, 20 if not given."),
            parameter("cursor", TEXT, "Where the page begins: taken from `next` or `previous` of another page."),
        ],
        responses={
            200: RestaurantPageSerializer,
            400: problem_response(
                "A parameter makes no sense; `errors` names it.",
                invalid_input={
                    "errors": [
                        {
                            "pointer": "#/party_size",
                            "detail": "Write a whole number from 1 to 400.",
                            "code": "invalid",
                        }
                    ]
                },
            ),
        },
        examples=[OpenApiExample("In Lagos, free at seven", examples.LISTED, response_only=True, status_codes=["200"])],
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        return respond(request, searching.answer(searching.read(request.GET)), JSON)


class AvailabilityView(LetsPartnersIn, HotView):
    # Public: a partner's token is counted against its plan, and needs its scope, but shows nothing more.
    authentication_classes = (PartnerAuthentication,)
    permission_classes = (AllowAny,)
    partner_scopes = {"GET": Scope.AVAILABILITY_READ}
    limits = (LOOK,)

    @extend_schema(
        operation_id="availability",
        summary="A restaurant's free times",
        description=(
            "With `date`: every time of that service day, free or not and why. With `from` and `to`: how much is free "
            "on each of up to 31 days. What is shown may be taken a moment later; the booking decides."
        ),
        tags=["Restaurants"],
        auth=[{}, {"partner": [Scope.AVAILABILITY_READ.value]}],  # type: ignore[list-item]
        parameters=[
            OpenApiParameter("party_size", INT, required=True, description="1 to 400."),
            parameter("date", DATE, "One day."),
            parameter("from", DATE, "The first day of a calendar."),
            parameter("to", DATE, "Its last day, at most 30 days after the first."),
            parameter("area", ID, "Only this area of the house."),
            parameter("step_free", FLAG, "`true`: only tables without steps, every table of a combination among them."),
            parameter(
                "starts_at",
                INSTANT,
                "With `date`: the time wanted. `suggestions` then says what suits the house better.",
            ),
        ],
        responses={
            200: PolymorphicProxySerializer(
                "AvailabilityAnswer", [AvailabilitySerializer, CalendarSerializer], resource_type_field_name=None
            ),
            400: problem_response(
                "A parameter makes no sense; `errors` names it.",
                invalid_input={
                    "errors": [
                        {"pointer": "#/date", "detail": "That day has passed.", "code": "invalid"},
                    ]
                },
            ),
            404: NOT_FOUND,
        },
        examples=[
            OpenApiExample("One day", examples.DAY, response_only=True, status_codes=["200"]),
            OpenApiExample("With suggestions", examples.SUGGESTED, response_only=True, status_codes=["200"]),
            OpenApiExample("A calendar", examples.CALENDAR, response_only=True, status_codes=["200"]),
        ],
    )
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        key = key_of(id)
        if key is None:
            raise no_such_restaurant()
        query = Query(request.GET)
        party_size = query.number("party_size", least=1, most=searching.LARGEST_PARTY)
        if not query.has("party_size"):
            query.refuse("party_size", _("Say for how many people."))
        days = _days(query)
        area = query.uuid("area")
        step_free = bool(query.boolean("step_free"))
        asked_at = query.instant("starts_at")
        if asked_at is not None and not query.has("date"):
            query.refuse("starts_at", _("Give it together with date."))
        query.check()
        if party_size is None or days is None:
            raise no_such_restaurant()
        try:
            body = self._body(key, days, party_size, area, asked_at, step_free=step_free)
        except Restaurant.DoesNotExist as error:
            raise no_such_restaurant() from error
        return respond(request, CachedBody.of(body), JSON, cache_control="no-cache")

    def _body(
        self,
        key: int,
        days: tuple[date, date | None],
        party_size: int,
        area: UUID | None,
        asked_at: datetime | None = None,
        *,
        step_free: bool = False,
    ) -> bytes:
        first, last = days
        if last is None:
            slots = selectors.slots_on(key, first, party_size, step_free=step_free)
        else:
            calendar = selectors.calendar_of(key, first, last, party_size, step_free=step_free)
        # Just compared with the database by the lines above.
        plan = remembered_plan(key).for_wish(step_free=step_free)
        _check_plan(plan, area)
        if last is None:
            found = plan.area_named(area) if area else None
            offering = (
                services.offering(plan, slots, asked_at, party_size, area_id=found.id if found else None)
                if asked_at is not None
                else None
            )
            return to_bytes(bodies.day_body(plan, first, party_size, slots, area, offering))
        return to_bytes(bodies.calendar_body(plan, first, last, party_size, calendar, area))


def _check_plan(plan: ServicePlan, area: UUID | None) -> None:
    if plan.status not in PUBLIC_STATUSES:
        raise no_such_restaurant()
    if area is not None and plan.area_named(area) is None:
        raise InvalidInput(errors={"area": [_("This restaurant has no such area.")]})


def _days(query: Query) -> tuple[date, date | None] | None:
    day, first, last = query.day("date"), query.day("from"), query.day("to")
    is_calendar = query.has("from") or query.has("to")
    if query.has("date") and is_calendar:
        query.refuse("date", _("Give either date, or from and to."))
    if not query.has("date") and not is_calendar:
        query.refuse("date", _("Say for which day, as year-month-day."))
    for name in ("from", "to"):
        if is_calendar and not query.has(name):
            query.refuse(name, _("From and to go together."))
    today = timezone.now().astimezone(HOME_ZONE).date()
    for name, given in (("date", day), ("from", first), ("to", last)):
        # A night that began yesterday still goes on.
        if given is not None and given < today - timedelta(days=1):
            query.refuse(name, _("That day has passed. Choose today or a later day."))
        if given is not None and given > today + timedelta(days=searching.DAYS_AHEAD):
            query.refuse(name, _("That is too far ahead. Choose a day within two years."))
    if first is not None and last is not None and not 0 <= (last - first).days < CALENDAR_DAYS:
        query.refuse("to", _("Choose from one to %(days)d days.") % {"days": CALENDAR_DAYS})
    if day is not None:
        return day, None
    return (first, last) if first is not None and last is not None else None
