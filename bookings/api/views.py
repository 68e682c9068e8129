from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from accounts.doors import staff_may
from accounts.models import User
from accounts.partners.access import LetsPartnersIn
from accounts.partners.models import PartnerApp
from accounts.partners.states import Scope
from accounts.privacy.states import Door
from accounts.selectors import may
from accounts.states import Ability
from bookings import calendars, errors, limits, lookup, selectors, services
from bookings.api import bodies, examples
from bookings.api import serializers as words
from bookings.api.entry import (
    Entry,
    HasProof,
    SignedInToRead,
    app_of,
    entry_to,
    public_day,
    public_plan,
    refuse_at_the_desk,
    table_ids_of,
    user_of,
)
from bookings.models import Booking
from bookings.services import Actor, Guest, guests
from bookings.states import MACHINE, Channel, Status
from core import audit, codes
from core.api.asking import TOKEN_HEADER, read, token_in
from core.api.etags import etag_of, seen_version, with_etag
from core.api.idempotency import idempotent
from core.api.pagination import CursorPages
from core.api.query import Query
from core.api.renderers import JSONRenderer, to_bytes
from core.api.schema import answered, asked, problem_response
from core.errors import InvalidInput, NotAllowed
from core.headers import NEVER_KEPT
from core.limits import Limit, address_of
from localization.languages import current_language
from restaurants.api.views import no_such_restaurant
from restaurants.identity import key_of
from restaurants.service_plan import ServicePlan, plan_of

# A stranger could keep a whole evening from others; a few tries with different times are enough for anybody.
HOLDS_BY_ADDRESS = Limit("holds.address", most=30, seconds=600)

# --- What the operations have in common --------------------------------------------------------------------------

TAGS = ["Bookings"]
TOKEN = OpenApiParameter(
    TOKEN_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="For guests without an account: the token that came with the booking. `?token=` does the same.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag of the state that was seen; another state is answered 412.",
)
NOT_FOUND = problem_response("There is no such booking, or it is not yours.", booking_not_found={})
TAKEN = {"detail": "No table is free at that time. Here are the nearest times that are."}
REFUSED = problem_response(
    "A rule of the house, or somebody who was quicker. With `booking_no_table_free` and `booking_pacing`, "
    "`alternatives` holds the nearest free times.",
    booking_no_table_free={**TAKEN, "alternatives": examples.ALTERNATIVES},
    booking_duplicate={"detail": "You have booked here at that time already."},
    booking_not_taken_online={},
)
UNFIT = problem_response(
    "The house does not take such a booking, or the Idempotency-Key belongs to another request.",
    booking_closed={"detail": "The restaurant is closed then.", "reason": "closed"},
    booking_allergies_without_consent={},
    booking_party_size={
        "detail": "Online, this restaurant takes parties of 1 to 8. Please call for other sizes.",
        "reason": "party_too_large",
        "smallest": 1,
        "largest": 8,
    },
    booking_unknown_suggestion={"detail": "This suggestion is no longer valid. Please choose the time again."},
)
STALE = problem_response("It has changed since it was read.", precondition_failed={})

UNCOUNTED = problem_response("Nobody can count the tries just now.", unavailable={"retry_after": 10})


def malformed(field: str, sentence: str, code: str) -> OpenApiResponse:
    return problem_response(
        "The request does not make sense; `errors` says where.",
        invalid_input={"detail": sentence, "errors": [{"pointer": f"#/{field}", "detail": sentence, "code": code}]},
    )


NO_OFFSET = malformed("starts_at", "Say the offset from UTC too, as in 2026-12-24T19:00:00+01:00.", "no_offset")


def event(value: str) -> OpenApiExample:
    return OpenApiExample("An event", value, response_only=True, status_codes=["200"], media_type="text/calendar")


def read_if_asked(request: Request, serializer: type[Serializer[Any]] | None) -> dict[str, Any]:
    """Return what was sent, cleaned; where nothing is asked for, JSON that says something is refused by its fields.

    :raises rest_framework.exceptions.ValidationError: naming each field
    """
    if serializer is not None:
        return read(request, serializer)
    # A form without fields, as some programs send with any POST, says nothing.
    is_json = request.content_type.partition(";")[0].strip() == "application/json"
    return read(request, words.NothingAskSerializer) if is_json else {}


def guest_of(given: dict[str, Any] | None, user: User | None = None, *, like: Guest | None = None) -> Guest:
    """Return the guest that was written down; what is left out comes from the account, or from `like`.

    :raises rest_framework.exceptions.ValidationError: without a name
    """
    given = given or {}
    known = like or (Guest(user.name, user.phone, user.email) if user else Guest(""))
    # Whoever writes down how they want to be reached does not mean the account's other ways as well.
    own_contact = like is not None or not (given.get("phone") or given.get("email"))
    guest = Guest(
        name=given.get("name") or known.name,
        phone=given.get("phone", known.phone if own_contact else ""),
        email=given.get("email", known.email if own_contact else ""),
    )
    if not guest.name:
        raise ValidationError({"guest": {"name": [_("Say who comes.")]}})
    return guest


def shown(request: Request, entry: Entry, *, status: int = 200, with_token: bool = False) -> Response:
    """Answer a booking as the asker may see it, with its ETag."""
    body = bodies.booking_body(entry.booking, for_staff=entry.is_staff, with_token=with_token)
    return with_etag(request, etag(entry), Response(body, status=status))


def etag(entry: Entry) -> str:
    return etag_of(entry.booking.public_id, entry.booking.version, entry.is_staff)


def again(entry: Entry) -> Entry:
    """Return the same with the booking as it now is."""
    booking = selectors.booking_by_public_id(entry.booking.public_id)
    if booking is None:
        raise errors.BookingNotFound
    return Entry(booking, entry.user, entry.is_diner, entry.is_staff, entry.by_token, entry.app)


# --- /api/bookings -----------------------------------------------------------------------------------------------


class BookingsView(LetsPartnersIn, APIView):
    permission_classes = (SignedInToRead,)
    partner_scopes = {"GET": Scope.BOOKINGS_READ, "POST": Scope.BOOKINGS_WRITE}

    @extend_schema(
        operation_id="bookings",
        summary="My bookings, or a restaurant's",
        description=(
            "Without `restaurant` those on the asker's account, the latest first. With a restaurant where the asker "
            "works, all of it, in the order of the evening; `day` is the service day. A partner app gets those of the "
            "restaurants that let it see them."
        ),
        tags=TAGS,
        parameters=[
            OpenApiParameter("restaurant", OpenApiTypes.UUID, description="A restaurant's id."),
            OpenApiParameter("day", OpenApiTypes.DATE, description="A service day."),
            OpenApiParameter(
                "status",
                OpenApiTypes.STR,
                enum=[choice[0] for choice in words.ASKABLE],
                many=True,
                description="Repeated, or divided by commas.",
            ),
            OpenApiParameter("cursor", OpenApiTypes.STR, description=str(CursorPages.cursor_query_description)),
            OpenApiParameter("limit", OpenApiTypes.INT, description=str(CursorPages.page_size_query_description)),
        ],
        responses={
            200: words.BookingPageSerializer,
            404: problem_response("A partner app asks for no such restaurant."),
        },
        examples=[answered("One", {"results": [examples.PLAIN_BOOKING], "next": None, "previous": None})],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        restaurant, day = query.uuid("restaurant"), query.day("day")
        statuses = query.choices("status", [choice[0] for choice in words.ASKABLE])
        query.check()
        found, for_staff = self._found(request, restaurant)
        if day is not None:
            found = found.filter(service_day=day)
        if statuses:
            found = found.filter(status__in=statuses)
        pages = CursorPages()
        pages.ordering = ("starts_at", "pk") if for_staff or app_of(request) else ("-starts_at", "-pk")
        page = pages.paginate_queryset(found, request, None) or []
        if page and (for_staff or app_of(request)):
            # Who reads every page all day makes a few rows; they say how many times.
            audit.note("booking.listed", outcome="done", restaurant_id=restaurant, details={"rows": len(page)})
        return pages.get_paginated_response([bodies.booking_body(each, for_staff=for_staff) for each in page])

    def _found(self, request: Request, restaurant: UUID | None) -> "tuple[QuerySet[Booking], bool]":
        app = app_of(request)
        if app is not None:
            return self._granted(app, restaurant), False
        user = user_of(request)
        own = selectors.bookings_of(user or request.user).filter(selectors.own_or_paid_for())
        if restaurant is None:
            return own, False
        key = key_of(restaurant)
        if key is not None and user is not None and staff_may(user, Ability.SEE_BOOKINGS, restaurant_id=key):
            return selectors.bookings_staffed_by(user).filter(restaurant_id=key), True
        return own.filter(restaurant__public_id=restaurant), False

    def _granted(self, app: PartnerApp, restaurant: UUID | None) -> "QuerySet[Booking]":
        granted = selectors.bookings_staffed_by(app).filter(selectors.own_or_paid_for())
        if restaurant is None:
            return granted
        key = key_of(restaurant)
        if key is None or not may(app, Ability.SEE_BOOKINGS, restaurant_id=key):
            raise no_such_restaurant()
        return granted.filter(restaurant_id=key)

    @extend_schema(
        operation_id="book",
        auth=[{"session": []}, {"partner": [Scope.BOOKINGS_WRITE.value]}, {}],  # type: ignore[list-item]  # its hint forgets that schemes are objects
        summary="Book a table",
        description=(
            "Takes a table at once, with or without an account. A guest without one gets `token` and `manage_url`, "
            "which open the booking again. `Idempotency-Key` is recommended: without it, too, the very same booking "
            "is not made twice (`booking_duplicate`). Status `requested` means that the house has yet to confirm, "
            "`held` that the table is kept until its `deposit` has come."
        ),
        tags=TAGS,
        request=words.BookingAskSerializer,
        responses={201: words.BookingSerializer, 400: NO_OFFSET, 409: REFUSED, 422: UNFIT},
        examples=[asked("Four at seven", examples.ASK), answered("Confirmed", examples.BOOKING, 201)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        ask = read(request, words.BookingAskSerializer)
        user, app = user_of(request), app_of(request)
        seen = public_day(ask["restaurant"], ask["starts_at"])
        plan = seen.plan
        by, more = self._as_whom(ask, user or app, plan)
        limits.book(request, at_the_desk=not by.is_online)
        if ask.get("allergies") and not ask["allergies_consent"]:
            raise errors.AllergiesWithoutConsent
        diner = user if not by.user or by.is_online else None
        booking = services.book_table(
            restaurant_id=plan.id,
            starts_at=ask["starts_at"],
            party_size=ask["party_size"],
            area=ask.get("area"),
            step_free=ask["step_free"],
            guest=guest_of(ask.get("guest"), diner),
            notes=ask.get("notes", ""),
            occasion=ask.get("occasion") or "",
            by=by,
            diner=diner,
            language=current_language().code,
            offer=ask.get("suggestion", ""),
            seen=seen,
            **more,
        )
        if ask.get("allergies"):
            guests.keep_allergies(
                booking=booking,
                allergies=ask["allergies"],
                has_agreed=ask["allergies_consent"],
                user=diner,
                door=Door.API,
                address=address_of(request),
            )
        entry = again(
            Entry(booking, user, by.is_online and app is None, not by.is_online and app is None, user is None, app)
        )
        response = shown(request, entry, status=201, with_token=user is None)
        response["Location"] = reverse("bookings_api:booking", args=[booking.public_id])
        return response

    def check_again(self, request: Request) -> None:
        """Refuse staff and apps that may no longer book there; what people booked for themselves stays theirs."""
        asker = user_of(request) or app_of(request)
        if asker is None:
            return
        ask = read(request, words.BookingAskSerializer)
        if isinstance(asker, PartnerApp) or "channel" in ask:
            self._as_whom(ask, asker, public_plan(ask["restaurant"]))

    def _as_whom(
        self, ask: dict[str, Any], asker: User | PartnerApp | None, plan: ServicePlan
    ) -> tuple[Actor, dict[str, Any]]:
        if isinstance(asker, PartnerApp) and not may(asker, Ability.RUN_SERVICE, restaurant_id=plan.id):
            # A house that did not let the app in is as unknown to it as one there is not.
            raise InvalidInput(errors={"restaurant": [_("We know no such restaurant.")]})
        if "channel" not in ask:
            for name in ("tables", "pass_pacing", "ask_deposit"):
                if ask.get(name):
                    raise InvalidInput(errors={name: [_("Only staff can ask for this, together with channel.")]})
            return Actor.partner(asker) if isinstance(asker, PartnerApp) else Actor.diner(asker, Channel.API), {}
        if asker is None or not staff_may(asker, Ability.RUN_SERVICE, restaurant_id=plan.id):
            raise NotAllowed(_("Only staff of this restaurant can book through this channel."))
        if isinstance(asker, PartnerApp):
            refuse_at_the_desk(asker)
        more: dict[str, Any] = {"heed_pacing": not ask["pass_pacing"]}
        if ask["ask_deposit"]:
            more["deposit"] = services.Asking.HELD
        if ask.get("tables"):
            more["table_ids"] = table_ids_of(plan, ask["tables"])
        channel = Channel(ask["channel"])
        return Actor.partner(asker, channel) if isinstance(asker, PartnerApp) else Actor.staff(asker, channel), more


class BookingView(LetsPartnersIn, APIView):
    permission_classes = (HasProof,)
    partner_scopes = {
        "GET": Scope.BOOKINGS_READ,
        "PATCH": Scope.BOOKINGS_WRITE,
        "DELETE": Scope.BOOKINGS_WRITE,
    }

    @extend_schema(
        operation_id="booking",
        summary="A booking",
        description="For its diner, staff of its restaurant, and whoever holds its token.",
        tags=TAGS,
        parameters=[TOKEN],
        responses={200: words.BookingSerializer, 404: NOT_FOUND},
        examples=[answered("As its diner sees it", examples.PLAIN_BOOKING)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        entry = entry_to(request, id)
        if entry.app is not None or (entry.is_staff and not entry.is_diner):
            audit.record("booking.viewed", actor=entry.app or entry.user, target=entry.booking)
        return shown(request, entry)

    @extend_schema(
        operation_id="change_booking",
        summary="Change a booking",
        description=(
            "Time, size, area, wishes, guest; staff also the tables. One atomic move: when the new wish cannot be "
            "met, the booking stays as it was. Code and accepted terms stay in any case."
        ),
        tags=TAGS,
        parameters=[TOKEN, IF_MATCH],
        request=words.BookingChangeSerializer,
        responses={
            200: words.BookingSerializer,
            400: NO_OFFSET,
            404: NOT_FOUND,
            409: REFUSED,
            412: STALE,
            422: UNFIT,
        },
        examples=[
            asked("Two more, an hour later", {"starts_at": "2026-12-24T20:00:00+01:00", "party_size": 6}),
            answered("Changed", {**examples.PLAIN_BOOKING, "party_size": 6, "version": 2}),
        ],
    )
    def patch(self, request: Request, id: UUID) -> Response:
        entry = entry_to(request, id, to_change=True)
        by = entry.for_change()
        if by.is_online:
            limits.change(request, entry.booking.pk)
        ask = read(request, words.BookingChangeSerializer)
        booking = entry.booking
        changes: dict[str, Any] = {
            name: ask[name] for name in ("starts_at", "party_size", "area", "step_free", "notes") if name in ask
        }
        if "occasion" in ask:
            changes["occasion"] = ask["occasion"] or ""
        if "guest" in ask:
            like = Guest(booking.guest_name, booking.guest_phone, booking.guest_email)
            changes["guest"] = guest_of(ask["guest"], like=like)
            if by.is_online and not (changes["guest"].phone or changes["guest"].email):
                raise errors.ContactMissing
        if "tables" in ask or ask["pass_pacing"]:
            by = entry.for_desk()
            changes["heed_pacing"] = not ask["pass_pacing"]
            if "tables" in ask:
                changes["table_ids"] = table_ids_of(plan_of(booking.restaurant_id), ask["tables"])
        services.change_booking(
            booking=booking,
            by=by,
            expected_version=seen_version(request, etag(entry), entry.booking.version),
            **changes,
        )
        return shown(request, again(entry))

    @extend_schema(
        operation_id="cancel_booking",
        summary="Cancel a booking",
        description=(
            "Frees the table. `late_cancellation` tells whether it came after the free time the terms name. Staff "
            "give the guest a reason, in the body or as `?reason=`."
        ),
        tags=TAGS,
        parameters=[
            TOKEN,
            IF_MATCH,
            OpenApiParameter("reason", OpenApiTypes.STR, description="Why; staff must say so."),
        ],
        request=None,
        responses={
            200: words.BookingSerializer,
            404: NOT_FOUND,
            409: problem_response(
                "It is over, or has begun.",
                illegal_move={
                    "detail": "This is “Cancelled” and cannot become “Cancelled”.",
                    "from": "cancelled",
                    "to": "cancelled",
                    "allowed": [],
                },
                booking_too_late_to_change={},
            ),
            412: STALE,
            422: problem_response("Staff gave no reason.", booking_reason_missing={}),
        },
        examples=[answered("Cancelled", examples.CANCELLED)],
    )
    def delete(self, request: Request, id: UUID) -> Response:
        entry = entry_to(request, id)
        by = entry.for_change()
        given = request.data if isinstance(request.data, dict) and request.data else {}
        ask = read(request, words.CancelAskSerializer, {"reason": request.query_params.get("reason", ""), **given})
        services.cancel_booking(
            booking=entry.booking,
            by=by,
            reason=ask.get("reason", ""),
            expected_version=seen_version(request, etag(entry), entry.booking.version),
        )
        return shown(request, again(entry))


class CalendarRenderer(BaseRenderer):
    media_type = "text/calendar"
    format = "ics"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return data if isinstance(data, bytes) else to_bytes(data)


class CalendarView(APIView):
    permission_classes = (HasProof,)
    renderer_classes = (CalendarRenderer, JSONRenderer)

    @extend_schema(
        operation_id="booking_calendar",
        summary="A booking for a calendar program",
        description="iCalendar; the same UID with a higher SEQUENCE replaces what a calendar has.",
        tags=TAGS,
        parameters=[TOKEN],
        responses={(200, "text/calendar"): OpenApiTypes.STR, 404: NOT_FOUND},
        examples=[event("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n…\r\nEND:VCALENDAR\r\n")],
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        booking = entry_to(request, id).booking
        response = HttpResponse(calendars.calendar_of(booking), content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="buka-{booking.code}.ics"'
        response["Cache-Control"] = NEVER_KEPT
        return response


class LookupView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="find_booking",
        summary="Find a booking by its code",
        description=(
            "With the phone number or e-mail address the guest gave. The answer carries the token that opens the "
            "booking. One answer for a wrong code and a wrong contact, and only a few tries an hour."
        ),
        tags=TAGS,
        auth=[],
        parameters=[
            OpenApiParameter("code", OpenApiTypes.STR, required=True, description="Spaces and small letters are fine."),
            OpenApiParameter("phone", OpenApiTypes.STR, description="In any spelling."),
            OpenApiParameter("email", OpenApiTypes.STR),
        ],
        responses={
            200: words.BookingSerializer,
            400: malformed("code", "Write the code of the booking.", "invalid"),
            404: problem_response("No booking has this code and this contact.", booking_not_found={}),
            503: UNCOUNTED,
        },
        examples=[answered("Found", examples.BOOKING)],
    )
    def get(self, request: Request) -> Response:
        query = Query(request.query_params)
        code = query.text("code", max_length=40)
        phone, email = query.text("phone", max_length=40), query.text("email", max_length=254)
        if not query.has("code"):
            query.refuse("code", _("Write the code of the booking."))
        if not query.has("phone") and not query.has("email"):
            query.refuse("phone", _("Write the phone number or the e-mail address of the booking."))
        query.check()

        def knows(booking: lookup.Guest) -> bool:
            by_phone = not phone or lookup.known_by_phone(booking, phone)
            return by_phone and (not email or lookup.known_by_email(booking, email))

        booking = lookup.find_booking(code=codes.normalise(code), knows=knows, address=address_of(request))
        if booking is None:
            raise errors.BookingNotFound
        return shown(request, Entry(booking, None, True, False, True), with_token=True)


# --- Holds -------------------------------------------------------------------------------------------------------


def hold_entry(request: Request, public_id: UUID) -> Entry:
    entry = entry_to(request, public_id)
    if not entry.is_diner:
        raise errors.BookingNotFound
    return entry


class HoldsView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="hold_table",
        summary="Hold a table",
        description="Keeps a table for ten minutes while the guest's details, or payment, are found.",
        tags=["Holds"],
        request=words.HoldAskSerializer,
        responses={201: words.HoldSerializer, 400: NO_OFFSET, 409: REFUSED, 422: UNFIT, 503: UNCOUNTED},
        examples=[
            asked("Four at seven", {name: examples.ASK[name] for name in ("restaurant", "starts_at", "party_size")}),
            answered("Held", examples.HOLD, 201),
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        ask = read(request, words.HoldAskSerializer)
        user = user_of(request)
        plan = public_plan(ask["restaurant"])
        HOLDS_BY_ADDRESS.take(f"user:{user.pk}" if user else address_of(request))
        hold = services.hold_table(
            restaurant_id=plan.id,
            starts_at=ask["starts_at"],
            party_size=ask["party_size"],
            area=ask.get("area"),
            step_free=ask["step_free"],
            by=Actor.diner(user, Channel.API),
            diner=user,
            language=current_language().code,
            offer=ask.get("suggestion", ""),
        )
        held = again(Entry(hold, user, True, False, user is None)).booking
        location = {"Location": reverse("bookings_api:hold", args=[hold.public_id])}
        return Response(bodies.hold_body(held), status=201, headers=location)


class HoldView(APIView):
    permission_classes = (HasProof,)

    @extend_schema(
        operation_id="release_hold",
        summary="Give a held table back",
        tags=["Holds"],
        parameters=[TOKEN],
        request=None,
        responses={
            204: OpenApiResponse(description="The table is free for others."),
            404: NOT_FOUND,
            409: problem_response(
                "It is no hold any more.",
                booking_hold_expired={},
                illegal_move={
                    "from": "confirmed",
                    "to": "held",
                    "allowed": ["arrived", "cancelled", "no_show", "seated"],
                },
            ),
        },
    )
    def delete(self, request: Request, id: UUID) -> Response:
        entry = hold_entry(request, id)
        if entry.booking.status == Status.EXPIRED:
            raise errors.HoldExpired
        if entry.booking.status != Status.HELD:
            # Nothing becomes a hold: the refusal names what it has become.
            MACHINE.check(entry.booking.status, Status.HELD)
        # Somebody may confirm it this very moment; a booking is not given back by this door.
        services.cancel_booking(booking=entry.booking, by=entry.actor, expected_version=entry.booking.version)
        return Response(status=204)


class HoldConfirmView(APIView):
    permission_classes = (HasProof,)
    proof_in = staticmethod(token_in)

    @extend_schema(
        operation_id="confirm_hold",
        summary="Turn a hold into a booking",
        description=(
            "Where a deposit is due before the visit, or a card is asked for (`terms.asks_for_card`), it stays `held`, "
            "for longer, until that has come."
        ),
        tags=["Holds"],
        parameters=[TOKEN],
        request=words.HoldConfirmSerializer,
        responses={
            200: words.BookingSerializer,
            404: NOT_FOUND,
            409: problem_response(
                "The time is over, it is a booking already, or only its deposit is missing.",
                booking_hold_expired={},
                booking_deposit_outstanding={},
                booking_card_outstanding={},
            ),
            422: problem_response("Nobody could be reached.", booking_contact_missing={}),
        },
        examples=[asked("With a guest", {"guest": examples.ASK["guest"]}), answered("Confirmed", examples.BOOKING)],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        entry = hold_entry(request, id)
        ask = read(request, words.HoldConfirmSerializer)
        services.confirm_hold(
            hold=entry.booking,
            guest=guest_of(ask.get("guest"), entry.user),
            by=entry.actor,
            notes=ask.get("notes", ""),
            occasion=ask.get("occasion") or "",
            language=current_language().code,
        )
        return shown(request, again(entry), with_token=entry.by_token)

    def check_again(self, request: Request, id: UUID) -> None:
        """Refuse somebody logged in who shows the token no longer; a stranger's kept answer hangs on it anyway."""
        if user_of(request) is not None:
            hold_entry(request, id)


class LateView(LetsPartnersIn, APIView):
    permission_classes = (HasProof,)
    partner_scopes = {"POST": Scope.BOOKINGS_WRITE}

    @extend_schema(
        operation_id="say_late",
        summary="The party is running late",
        description=(
            "Lets the house know, from three hours before the start until an hour after it; 0 takes it back. The "
            "table is kept as long as the terms say."
        ),
        tags=TAGS,
        parameters=[TOKEN, IF_MATCH],
        request=words.LateAskSerializer,
        responses={
            200: words.BookingSerializer,
            404: NOT_FOUND,
            409: problem_response("Nobody is expected now.", booking_not_the_time_to_say_late={}),
            412: STALE,
        },
        examples=[
            asked("Stuck on the bridge", {"minutes": 20}),
            answered("The house knows", {**examples.PLAIN_BOOKING, "minutes_late": 20, "version": 2}),
        ],
    )
    def post(self, request: Request, id: UUID) -> Response:
        entry = entry_to(request, id)
        by = entry.for_change()
        ask = read(request, words.LateAskSerializer)
        services.say_late(
            booking=entry.booking,
            minutes=ask["minutes"],
            by=by,
            expected_version=seen_version(request, etag(entry), entry.booking.version),
        )
        return shown(request, again(entry))


# --- The evening, for staff --------------------------------------------------------------------------------------


def move(
    name: str,
    summary: str,
    description: str,
    *,
    to: Status,
    request: type[Serializer[Any]] | None = None,
    refusals: dict[int, OpenApiResponse] | None = None,
    examples_of: list[OpenApiExample] | None = None,
) -> Callable[[Any], Any]:
    """Describe one of the moves below."""
    illegal = problem_response(
        "The booking is in a state that this does not follow; `allowed` says what does.",
        illegal_move={
            "detail": f"This is “Completed” and cannot become “{to.label}”.",
            "from": "completed",
            "to": to.value,
            "allowed": [],
        },
    )
    described: Callable[[Any], Any] = extend_schema(
        operation_id=name,
        summary=summary,
        description=description,
        tags=["Service"],
        parameters=[IF_MATCH],
        request=request,
        responses={200: words.BookingSerializer, 404: NOT_FOUND, 409: illegal, 412: STALE, **(refusals or {})},
        examples=[
            answered("Done", {**examples.PLAIN_BOOKING, "status": to.value, "version": 2}),
            *(examples_of or []),
        ],
    )
    return described


def _receive(
    *, booking: Booking, by: Actor, amount: int, reference: str = "", expected_version: int | None = None
) -> object:
    return services.receive_deposit(
        booking=booking,
        amount_kobo=amount,
        by=by,
        reference=reference,
        expected_version=expected_version,
    )


# The house says yes or no to what asks for its approval, and writes down its money; an app may be the one that asks.
BY_PEOPLE_ONLY = frozenset({"confirm", "decline", "deposit", "return_deposit"})


class ServiceMoves(LetsPartnersIn, ViewSet):
    """What the house does with a booking; each move is written down with who made it."""

    permission_classes = (IsAuthenticated,)
    partner_scopes = {"POST": Scope.BOOKINGS_WRITE}

    @move("confirm_booking", "Confirm a request", "Approves a booking that waits for the house.", to=Status.CONFIRMED)
    @idempotent
    def confirm(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.confirm_request)

    @move(
        "decline_booking",
        "Decline a request",
        "Turns a request down and frees its tables; the guest is told why.",
        to=Status.DECLINED,
        request=words.DeclineAskSerializer,
        examples_of=[asked("A full house", {"reason": "We have a wedding that evening."})],
    )
    @idempotent
    def decline(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.decline_request, words.DeclineAskSerializer)

    @move("check_in_booking", "The party has come", "Waits at the door or the bar.", to=Status.ARRIVED)
    @idempotent
    def check_in(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.mark_arrived)

    @move(
        "seat_booking",
        "The party sits down",
        "At the tables kept for it, or at others that are free.",
        to=Status.SEATED,
        request=words.SeatAskSerializer,
        examples_of=[asked("At another table", {"tables": ["T7"]}), asked("Where it was planned", {})],
        refusals={422: problem_response("The house has no such table.", booking_unknown_table={})},
    )
    @idempotent
    def seat(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.seat_party, words.SeatAskSerializer)

    @move("complete_booking", "The party has left", "Frees its tables for the rest of the turn.", to=Status.COMPLETED)
    @idempotent
    def complete(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.complete_visit)

    @move("leave_booking", "The party went away", "Before it was seated; frees its tables.", to=Status.LEFT)
    @idempotent
    def leave(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.mark_left)

    @move(
        "no_show_booking",
        "The party never came",
        "After its grace; frees its tables. While the grace lasts: 409 `booking_too_early_for_no_show`.",
        to=Status.NO_SHOW,
    )
    @idempotent
    def no_show(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.mark_no_show)

    @move(
        "undo_no_show_booking",
        "They came after all",
        "On the same day, with the table it had or another that is free.",
        to=Status.CONFIRMED,
    )
    @idempotent
    def undo_no_show(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.undo_no_show)

    @move(
        "receive_deposit",
        "Money has come for the deposit",
        "Confirms a table that is held for it once nothing is missing. Money that comes when the hold is over takes "
        "the same time again, or is owed back: `deposit.state` says so. The same `reference` counts once.",
        to=Status.CONFIRMED,
        request=words.ReceiptAskSerializer,
        examples_of=[asked("A bank transfer", {"amount": "20000.00", "reference": "TRF-0412"})],
        refusals={
            409: problem_response(
                "Nothing is asked for, or the reference stands there with another amount.",
                booking_no_deposit_asked={},
                payment_reference_of_another_amount={"amount_kobo": 1_500_000},
            ),
            422: problem_response("It is no amount.", booking_not_an_amount={}),
        },
    )
    @idempotent
    def deposit(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, _receive, words.ReceiptAskSerializer)

    @move(
        "return_deposit",
        "The house has paid back what it owes",
        "All of it: a deposit that is owed back, or what came beyond what was asked for.",
        to=Status.CANCELLED,
        request=words.ReturnAskSerializer,
        examples_of=[asked("By transfer", {"reference": "OUT-0077"}), asked("At the counter", {})],
        refusals={409: problem_response("It owes nothing.", booking_nothing_owed_back={})},
    )
    @idempotent
    def return_deposit(self, request: Request, id: UUID) -> Response:
        return self._moved(request, id, services.return_deposit, words.ReturnAskSerializer)

    def check_again(self, request: Request, id: UUID) -> None:
        self._actor(entry_to(request, id))

    def _actor(self, entry: Entry) -> Actor:
        return entry.for_people() if self.action in BY_PEOPLE_ONLY else entry.for_staff()

    def _moved(
        self,
        request: Request,
        public_id: UUID,
        service: Callable[..., object],
        serializer: type[Serializer[Any]] | None = None,
    ) -> Response:
        entry = entry_to(request, public_id, to_change=True)
        by = self._actor(entry)
        seen = seen_version(request, etag(entry), entry.booking.version)
        ask = read_if_asked(request, serializer)
        if "tables" in ask:
            ask["table_ids"] = table_ids_of(plan_of(entry.booking.restaurant_id), ask.pop("tables"))
        service(booking=entry.booking, by=by, expected_version=seen, **ask)
        return shown(request, again(entry))
