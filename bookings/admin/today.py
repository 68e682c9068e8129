"""Today: the day's parties by shift, everything the desk does to them, live.

Every action is a form that works without JavaScript; with htmx the board is exchanged in place. What people type
stands in a dialog outside the board, so that news never wipes it out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.selectors import may, restaurant_ids_where
from accounts.states import Ability
from bookings import board as boards
from bookings import event_figures, refusal_words, selectors, services, terms, waitlist
from bookings.admin.moved_on import what_stands
from bookings.admin.online_payments import online_payments
from bookings.availability import day_slots
from bookings.card_words import waits_for_card
from bookings.deposit_words import advance_of, is_hold_over
from bookings.forms import desk
from bookings.guest_book import with_chits
from bookings.models import Booking, TicketedEvent
from bookings.services import Actor, BookingMovedOn
from bookings.states import AdvanceState, Channel, FeeKind, FeeState, Status
from bookings.story import story_for_desk
from core import audit
from core.errors import DomainError
from localization import formatting
from payments.saved.selectors import guarantee_of
from payments.states import Kind
from restaurants.models import Restaurant
from restaurants.service_plan import ServicePlan, plan_of
from restaurants.states import RestaurantStatus

FARTHEST = desk.FARTHEST

MOVES: dict[str, Callable[..., Booking]] = {
    "approve": services.confirm_request,
    "arrive": services.mark_arrived,
    "seat": services.seat_party,
    "complete": services.complete_visit,
    "leave": services.mark_left,
    "no-show": services.mark_no_show,
    "undo": services.undo_no_show,
}
DONE: dict[str, str | Promise] = {
    "approve": gettext_lazy("%(name)s: the request is approved."),
    "decline": gettext_lazy("%(name)s: the request is declined."),
    "arrive": gettext_lazy("%(name)s: arrived."),
    "seat": gettext_lazy("%(name)s: seated."),
    "complete": gettext_lazy("%(name)s: the visit is completed."),
    "leave": gettext_lazy("%(name)s: left before being seated."),
    "no-show": gettext_lazy("%(name)s: marked as a no-show."),
    "undo": gettext_lazy("%(name)s: expected again."),
    "cancel": gettext_lazy("%(name)s: the booking is cancelled."),
    "tables": gettext_lazy("%(name)s: the table is changed."),
    "change": gettext_lazy("%(name)s: the booking is changed."),
    "notes": gettext_lazy("%(name)s: the note is kept."),
    "late": gettext_lazy("%(name)s: written down."),
    "deposit": gettext_lazy("%(name)s: the money is noted."),
    "paid-back": gettext_lazy("%(name)s: paid back."),
    "waive": gettext_lazy("%(name)s: the deposit is not asked for any more."),
    "charge-fee": gettext_lazy("%(name)s: the fee is being charged."),
    "waive-fee": gettext_lazy("%(name)s: the fee is waived."),
    "book": gettext_lazy("%(name)s: booked."),
    "walk-in": gettext_lazy("%(name)s: seated."),
}


@dataclass(frozen=True)
class Desk:
    """One restaurant's desk, with whoever works at it."""

    site: Any
    request: HttpRequest
    restaurant: Restaurant
    user: User
    may_run: bool

    @property
    def is_htmx(self) -> bool:
        return self.request.headers.get("HX-Request") == "true"

    @property
    def is_beside_the_board(self) -> bool:
        """Whether it was asked from the floor plan or the timeline, which draw themselves."""
        return any(place in self.request.headers.get("HX-Current-URL", "") for place in ("/floor/", "/timeline/"))

    def plan(self) -> ServicePlan:
        # The house was read a moment ago, with the version that holds.
        return plan_of(self.restaurant.pk, version=self.restaurant.plan_version)

    def day(self) -> date:
        """Return the day asked for, else the service day that is on."""
        today = selectors.service_day_of(self.restaurant.pk)
        try:
            day = date.fromisoformat((self.request.GET.get("day") or self.request.POST.get("board_day") or "")[:10])
        except ValueError:
            return today
        return min(max(day, today - FARTHEST), today + FARTHEST)

    @property
    def may_edit(self) -> bool:
        """Whether who works here may also move tables on the plan, and pass over the house's policy."""
        return may(self.user, Ability.EDIT_RESTAURANT, restaurant_id=self.restaurant.pk)

    def address(self, name: str = "today_day", *args: Any, day: date | None = None) -> str:
        address = reverse(f"admin:{name}", args=[self.restaurant.public_id, *args])
        return f"{address}?day={day:%Y-%m-%d}" if day else address

    def booking(self, public_id: UUID) -> Booking:
        """Return a booking of this very restaurant."""
        seen = with_chits(selectors.bookings_staffed_by(self.user), notes=True)
        found = seen.filter(restaurant=self.restaurant, public_id=public_id).first()
        if found is None:
            raise Http404(_("We found no such booking."))
        return found


def urls(site: Any) -> list[URLPattern]:
    """Return Today's addresses, each behind the site's log-in."""

    def at(route: str, view: Callable[..., HttpResponse], name: str, *methods: str) -> URLPattern:
        door = require_http_methods(methods or ["GET", "HEAD"])
        return path(route, site.admin_view(door(at_the_desk(site, view))), name=name)

    return [
        path("today/", site.admin_view(require_safe(first_house)), name="today"),
        at("today/<uuid:house>/", show_day, "today_day"),
        at("today/<uuid:house>/board/", show_board, "today_board"),
        at("today/<uuid:house>/events/", show_events, "today_events"),
        at("today/<uuid:house>/times/", show_times, "today_times"),
        at("today/<uuid:house>/walk-in/", seat_walk_in, "today_walk_in", "GET", "HEAD", "POST"),
        at("today/<uuid:house>/book/", take_booking, "today_book", "GET", "HEAD", "POST"),
        at("today/<uuid:house>/rearrange/", rearrange, "today_rearrange", "POST"),
        at("today/<uuid:house>/bookings/<uuid:public_id>/", show_booking, "today_booking"),
        at("today/<uuid:house>/bookings/<uuid:public_id>/<slug:move>/", act, "today_act", "POST"),
    ]


def at_the_desk(
    site: Any, view: Callable[..., HttpResponse], *, writes: Ability = Ability.RUN_SERVICE, needs: Ability | None = None
) -> Callable[..., HttpResponse]:
    """Hand the desk to a view if who asks works there; to everybody else the house does not exist.

    :param writes: what one must be able to do to send something there
    :param needs: what one must be able to do to look at it, beside seeing bookings
    """

    @wraps(view)
    def inner(request: HttpRequest, house: UUID, **kwargs: Any) -> HttpResponse:
        restaurant = Restaurant.objects.filter(public_id=house).exclude(status=RestaurantStatus.LISTED).first()
        user = request.user
        if (
            restaurant is None
            or not isinstance(user, User)
            or not may(user, Ability.SEE_BOOKINGS, restaurant_id=restaurant.pk)
        ):
            raise Http404(_("We could not find that."))
        may_run = may(user, Ability.RUN_SERVICE, restaurant_id=restaurant.pk)
        if request.method == "POST" and not may(user, writes, restaurant_id=restaurant.pk):
            raise Http404(_("We could not find that."))
        if needs is not None and not may(user, needs, restaurant_id=restaurant.pk):
            raise Http404(_("We could not find that."))
        return view(Desk(site, request, restaurant, user, may_run), **kwargs)

    return inner


def houses_of(request: HttpRequest) -> list[Restaurant]:
    """Return the restaurants whose day this person may see."""
    ids = restaurant_ids_where(request.user, Ability.SEE_BOOKINGS)
    houses = Restaurant.objects.exclude(status=RestaurantStatus.LISTED).order_by("name", "pk")
    return list((houses if ids is None else houses.filter(pk__in=ids)).only("name", "public_id", "status")[:500])


def first_house(request: HttpRequest) -> HttpResponse:
    """Open the house last looked at, else the first."""
    houses = houses_of(request)
    if not houses:
        return _no_house(request)
    last = request.session.get("today")
    house = next((house for house in houses if str(house.public_id) == last), houses[0])
    return HttpResponseRedirect(reverse("admin:today_day", args=[house.public_id]))


def _no_house(request: HttpRequest) -> HttpResponse:
    from django.contrib import admin

    context = {**admin.site.each_context(request), "title": _("Today")}
    return render(request, "admin/today/no_house.html", context)


# --- The board -----------------------------------------------------------------------------------------------


def show_day(at: Desk) -> HttpResponse:
    request = at.request
    if request.session.get("today") != str(at.restaurant.public_id):
        request.session["today"] = str(at.restaurant.public_id)
    return day_page(at, at.day())


def show_board(at: Desk) -> HttpResponse:
    """The board alone, as an open page asks for it when something has changed."""
    return HttpResponse(board_html(at, at.day(), keep_refusals=True))


def day_page(
    at: Desk, day: date, *, refusals: dict[int, str] | None = None, queue_refusal: str = "", status: int = 200
) -> HttpResponse:
    today = selectors.service_day_of(at.restaurant.pk)
    context = {
        **at.site.each_context(at.request),
        "title": _("Today") if day == today else formatting.day(day),
        "subtitle": at.restaurant.name,
        "content_title": None,
        "houses": houses_of(at.request),
        "yesterday": day - timedelta(days=1),
        "tomorrow": day + timedelta(days=1),
        "today": today,
        "live_url": f"/ws/restaurants/{at.restaurant.public_id}/today",
        **_board_context(at, day, refusals=refusals),
        "events": _events(at, day),
        "queue_refusal": queue_refusal,
    }
    return render(at.request, "admin/today/today.html", context, status=status)


def _board_context(
    at: Desk, day: date, *, refusals: dict[int, str] | None = None, keep_refusals: bool = False
) -> dict[str, Any]:
    board = boards.board_of(at.plan(), day)
    return {
        "desk": at,
        "restaurant": at.restaurant,
        "board": board,
        "day": day,
        "refusals": refusals or {},
        "keep_refusals": keep_refusals,
        "zone": board.zone,
        "queue": waitlist.queue_rows(at.restaurant.pk, board.now) if board.is_today else [],
        "waiting": waitlist.waiting_count(at.restaurant.pk, day),
        "deposits": selectors.deposits_to_settle(at.restaurant.pk, now=board.now),
    }


def show_events(at: Desk) -> HttpResponse:
    """The events of a day alone, as an open page asks for them from time to time."""
    context = {"desk": at, "zone": at.restaurant.time_zone, "events": _events(at, at.day())}
    return render(at.request, "admin/today/_events.html", context)


def _events(at: Desk, day: date) -> list[tuple[TicketedEvent, event_figures.Figures]]:
    """Return the ticketed events of a day with how they stand."""
    events = list(event_figures.events_of_day(at.restaurant.pk, day, ZoneInfo(at.restaurant.time_zone)))
    figures = event_figures.figures_of([event.pk for event in events])
    return [(event, figures[event.pk]) for event in events]


def board_html(at: Desk, day: date, **kwargs: Any) -> str:
    extra = {name: kwargs.pop(name, "") for name in ("said", "oob", "queue_refusal")}
    return render_to_string("admin/today/_board.html", {**_board_context(at, day, **kwargs), **extra}, at.request)


def rearrange(at: Desk) -> HttpResponse:
    """Arrange the tables of the parties yet to come anew, and say how many have another one now."""
    day = at.day()
    try:
        moved = services.rearrange_tables(
            restaurant_id=at.restaurant.pk,
            day=day,
            by=Actor.staff(at.user),
            seconds=services.SECONDS_AT_THE_DESK,
        )
    except DomainError as refusal:
        messages.error(at.request, said_by(refusal))
    else:
        sentence = ngettext(
            "%(count)d party has another table now.", "%(count)d parties have another table now.", moved
        )
        nothing = _("The tables are arranged as well as they can be; nobody was moved.")
        messages.success(at.request, sentence % {"count": moved} if moved else nothing)
    return HttpResponseRedirect(at.address(day=day))


# --- One tap --------------------------------------------------------------------------------------------------


def act(at: Desk, public_id: UUID, move: str) -> HttpResponse:
    """Do something to a booking; a refusal comes back beside its row, or in the dialog it was asked from."""
    booking = at.booking(public_id)
    if move in MOVES:
        return _tap(at, booking, move)
    if move in FORMS:
        return _submit(at, booking, move)
    raise Http404(_("We could not find that."))


def _tap(at: Desk, booking: Booking, move: str) -> HttpResponse:
    day = at.day()
    try:
        MOVES[move](booking=booking, by=Actor.staff(at.user), expected_version=_seen(at.request.POST.get("version")))
    except DomainError as refusal:
        refusals = {booking.pk: said_by(refusal, booking)}
        if at.is_htmx:
            return HttpResponse(board_html(at, day, refusals=refusals), status=409)
        return day_page(at, day, refusals=refusals, status=409)
    return done(at, day, move, booking)


def _expect(booking: Booking, version: str) -> None:
    """:raises BookingMovedOn: unless the desk saw the booking as it is"""
    if version != str(booking.version):
        raise BookingMovedOn(version=booking.version)


def _seen(version: str | None) -> int:
    """Return the version that a form was made from; 0, which no booking has, for nonsense."""
    return int(version) if version and version.isascii() and version.isdecimal() and len(version) < 10 else 0


def done(at: Desk, day: date, move: str, booking: Booking) -> HttpResponse:
    sentence = DONE[move] % {"name": booking.guest_name or _("Walk-in")}
    if day != at.day():
        # It is not in the list that stays open: so it is said where it went.
        sentence = f"{sentence} {formatting.day_and_time(booking.starts_at, zone=at.restaurant.time_zone)}"
    return said_done(at, day, sentence, row=row_of(booking))


def row_of(booking: Booking) -> str:
    return f"booking-{booking.pk}"


def said_done(at: Desk, day: date, sentence: str, *, row: str) -> HttpResponse:
    """Say what was done, on the board, in its dialog or beside the floor plan, wherever it was asked for.

    :param day: of what was done. An open page keeps the day it shows: half of another would be read as tonight's.
    """
    if not at.is_htmx:
        messages.success(at.request, sentence)
        return HttpResponseRedirect(f"{at.address(day=day)}#{row}")
    if at.request.POST.get("from") == "dialog":
        if at.is_beside_the_board:
            said = render_to_string("admin/today/_said.html", {"said": sentence}, at.request)
            return HttpResponse(said, headers={"HX-Trigger": "today-done, buka-today"})
        # The dialog's place stays empty; the board comes along for its own.
        html = board_html(at, at.day(), said=sentence, oob=True)
        return HttpResponse(html, headers={"HX-Trigger": "today-done"})
    return HttpResponse(board_html(at, at.day(), said=sentence))


def said_by(refusal: DomainError, booking: Booking | None = None) -> str:
    """Return a refusal's sentence with the facts that help at the desk, and how the booking stands that moved on."""
    sentence = refusal_words.said_by(refusal)
    if isinstance(refusal, BookingMovedOn) and booking is not None:
        sentence = f"{sentence} {what_stands(booking.pk)}"
    return sentence


# --- One booking, opened ------------------------------------------------------------------------------------


def show_booking(at: Desk, public_id: UUID) -> HttpResponse:
    booking = at.booking(public_id)
    audit.record("booking.viewed", actor=at.user, target=booking)
    return _booking_panel(at, booking)


def _booking_panel(
    at: Desk,
    booking: Booking,
    *,
    bound: "dict[str, Any] | None" = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    plan = at.plan()
    now = timezone.now()
    context = {
        "desk": at,
        "restaurant": at.restaurant,
        "zone": plan.zone.key,
        "row": boards.row_of(plan, booking, now, notes=True),
        "asks_card": terms.asks_card(booking.policy),
        "guaranteed_by": guarantee_of(Kind.GUARANTEE, booking.public_id) if terms.asks_card(booking.policy) else None,
        "may_keep_guests": may(at.user, Ability.KEEP_GUEST_BOOK, restaurant_id=at.restaurant.pk),
        "booking": booking,
        "story": story_for_desk(booking),
        "online_payments": online_payments(at.user, Kind.DEPOSIT, booking.public_id, at.restaurant.pk),
        "day": at.day() if at.request.GET.get("day") else booking.service_day,
        "refusal": refusal,
        **_forms_for(at, booking, plan, now, bound or {}),
        **_fees(at, booking, bound or {}),
    }
    return panel(at, "admin/today/_booking.html", booking.guest_name or _("Walk-in"), context, status)


def _forms_for(at: Desk, booking: Booking, plan: ServicePlan, now: datetime, bound: dict[str, Any]) -> dict[str, Any]:
    """Return the forms that this state of the booking allows, with what was typed into one of them."""
    if not at.may_run:
        return {}
    version = {"version": booking.version}
    forms: dict[str, Any] = {
        "notes_form": bound.get("notes") or desk.NotesForm(initial={**version, "staff_notes": booking.staff_notes}),
    }
    if booking.status == "requested":
        forms["decline_form"] = bound.get("decline") or desk.ReasonForm(initial=version, auto_id="decline_%s")
    forms |= _deposit_forms(booking, now, bound)
    if forms.get("awaits_deposit") and at.may_edit:
        forms["waive_form"] = bound.get("waive") or desk.WaiveForm(initial=version, auto_id="waive_%s")
    waits = (booking.status == "held" and advance_of(booking) is not None) or waits_for_card(booking)
    waits = waits and not is_hold_over(booking, now)
    if booking.status in ("requested", "confirmed", "arrived") or waits:
        forms["cancel_form"] = bound.get("cancel") or desk.ReasonForm(initial=version, auto_id="cancel_%s")
    if services.may_say_late(booking, now):
        said = {**version, "minutes": booking.minutes_late}
        forms["late_form"] = bound.get("late") or desk.LateForm(initial=said, auto_id="late_%s")
    if booking.is_occupying and booking.status != "held":
        forms["tables_form"] = bound.get("tables") or _tables_form(booking, None)
        forms["change_form"] = bound.get("change") or _change_form(booking, plan, now, None)
    return forms


def _deposit_forms(booking: Booking, now: datetime, bound: dict[str, Any]) -> dict[str, Any]:
    """Return the form that notes money, and the one that pays back, where there is something to note."""
    advance, version = advance_of(booking), {"version": booking.version}
    missing = advance.missing_kobo if advance is not None else terms.deposit_kobo(booking.policy)
    forms: dict[str, Any] = {}
    # Late money comes as well: nobody is asked for it, and whoever sees it in the account writes it down.
    is_late = advance is not None and (advance.state == AdvanceState.LAPSED or is_hold_over(booking, now))
    if advance is not None or (missing and booking.is_occupying):
        amount = {"amount": advance.amount_kobo if advance is not None and is_late else missing}
        initial = {**version, **(amount if missing or is_late else {})}
        forms["deposit_form"] = bound.get("deposit") or desk.DepositForm(initial=initial, auto_id="deposit_%s")
        forms["awaits_deposit"] = advance is not None and missing > 0 and not is_late
    if advance is not None and advance.owed_kobo:
        forms["paid_back_form"] = bound.get("paid-back") or desk.ReferenceForm(initial=version, auto_id="paid_back_%s")
    return forms


def _fees(at: Desk, booking: Booking, bound: dict[str, Any]) -> dict[str, Any]:
    """Return the fees of a booking, their payments, and what who looks after money may do with the one that stands."""
    fees = list(selectors.fees_of(booking)) if booking.status in (Status.NO_SHOW, Status.CANCELLED) else []
    if not fees:
        return {}
    shown: dict[str, Any] = {
        "fees": fees,
        "fee_payments": [
            payment for fee in fees for payment in online_payments(at.user, Kind.FEE, fee.public_id, at.restaurant.pk)
        ],
    }
    stands = next((fee for fee in fees if fee.state != FeeState.WAIVED), None)
    if stands is None or not at.may_run or not may(at.user, Ability.HANDLE_MONEY, restaurant_id=at.restaurant.pk):
        return shown
    initial = {"version": booking.version, "kind": stands.kind}
    shown["waive_fee_form"] = bound.get("waive-fee") or desk.FeeForm(initial=initial, auto_id="waive_fee_%s")
    if stands.state != FeeState.PAID:
        shown["charge_fee_form"] = bound.get("charge-fee") or desk.FeeForm(initial=initial, auto_id="charge_fee_%s")
    return shown


def _tables_form(booking: Booking, data: Any) -> desk.TablesForm:
    tables = boards.tables_at(
        booking.restaurant_id, booking.service_day, booking.starts_at, booking.ends_at, booking=booking
    )
    form = desk.TablesForm(
        data, initial={"version": booking.version, "tables": [table.id for table in tables if table.is_kept]}
    )
    if booking.step_free:
        tables = [table for table in tables if table.is_step_free or table.is_kept]
    form.fields["tables"].offer(tables)  # type: ignore[attr-defined]
    return form


def _change_form(booking: Booking, plan: ServicePlan, now: datetime, data: Any) -> desk.ChangeForm:
    form = desk.ChangeForm(
        data,
        auto_id="change_%s",
        initial={
            "version": booking.version,
            "party": booking.party_size,
            "day": booking.service_day,
            "clock": desk.clock_of(plan, booking.starts_at),
            "step_free": booking.step_free,
        },
    )
    day = day_in(data, booking.service_day)
    step_free = booking.step_free if data is None else step_free_in(data)
    slots = slots_of(plan, day, booking.party_size, now, step_free=step_free, except_booking=booking.pk)
    form.offer(plan, slots, now=now, kept=booking.starts_at if day == booking.service_day else None)
    return form


def day_in(data: Any, otherwise: date) -> date:
    try:
        day = date.fromisoformat(str((data or {}).get("day", ""))[:10])
    except ValueError:
        return otherwise
    today = timezone.localdate()
    return min(max(day, today - FARTHEST), today + FARTHEST)


def slots_of(
    plan: ServicePlan, day: date, party_size: int, now: datetime, *, step_free: bool = False, except_booking: int = 0
) -> list[Any]:
    plan, occupancy, _expired = selectors.plan_and_occupancy(plan.id, day, now=now, except_booking=except_booking)
    return day_slots(plan.for_wish(step_free=step_free), day, party_size, occupancy, now=now, online=False)


def _submit(at: Desk, booking: Booking, move: str) -> HttpResponse:
    form_of, do = FORMS[move]
    plan = at.plan()
    form = form_of(at, booking, plan)
    refusal = ""
    if form.is_valid():
        try:
            _expect(booking, str(form.cleaned_data["version"]))
            said = do(at, booking, form)
            booking = at.booking(booking.public_id)
            return said_done(at, at.day(), said, row=row_of(booking)) if said else done(at, at.day(), move, booking)
        except DomainError as refused:
            refusal = said_by(refused, booking)
            if isinstance(refused, BookingMovedOn):
                # What was typed stays; the next try is made against what the desk now sees.
                form.data = form.data.copy()
                form.data["version"] = str(booking.version)
    return _booking_panel(
        at, at.booking(booking.public_id), bound={move: form}, refusal=refusal, status=409 if refusal else 422
    )


def _cancel(at: Desk, booking: Booking, form: Any) -> None:
    services.cancel_booking(
        booking=booking,
        by=Actor.staff(at.user),
        reason=form.cleaned_data["reason"],
        expected_version=form.cleaned_data["version"],
    )


def _decline(at: Desk, booking: Booking, form: Any) -> None:
    services.decline_request(
        booking=booking,
        by=Actor.staff(at.user),
        reason=form.cleaned_data["reason"],
        expected_version=form.cleaned_data["version"],
    )


def _change(at: Desk, booking: Booking, form: Any) -> None:
    answers = form.cleaned_data
    day, clock = answers["day"], answers["clock"]
    kept = day == booking.service_day and clock.strftime("%H:%M") == desk.clock_of(form.plan, booking.starts_at)
    services.change_booking(
        booking=booking,
        by=Actor.staff(at.user),
        starts_at=booking.starts_at if kept else form.starts_at(),
        party_size=answers["party"],
        step_free=answers["step_free"],
        heed_pacing=not answers["over_pacing"],
        expected_version=answers["version"],
    )


def _tables(at: Desk, booking: Booking, form: Any) -> None:
    services.change_booking(
        booking=booking,
        by=Actor.staff(at.user),
        table_ids=form.cleaned_data["tables"],
        heed_seats=not form.cleaned_data["over_seats"],
        expected_version=form.cleaned_data["version"],
    )


def _notes(at: Desk, booking: Booking, form: Any) -> None:
    services.note_for_staff(booking=booking, notes=form.cleaned_data["staff_notes"], by=Actor.staff(at.user))


def _late(at: Desk, booking: Booking, form: Any) -> None:
    services.say_late(
        booking=booking,
        minutes=form.cleaned_data["minutes"],
        by=Actor.staff(at.user),
        expected_version=form.cleaned_data["version"],
    )


def _deposit(at: Desk, booking: Booking, form: Any) -> str:
    receipt = services.receive_deposit(
        booking=booking,
        amount_kobo=form.cleaned_data["amount"],
        by=Actor.staff(at.user),
        reference=form.cleaned_data["reference"],
        expected_version=form.cleaned_data["version"],
    )
    return _said_of(receipt)


def _said_of(receipt: services.Receipt) -> str:
    """Return what a receipt has done, and what is still to be done about it."""
    values = {
        "name": receipt.booking.guest_name,
        "missing": formatting.money(receipt.missing_kobo),
        "owed": formatting.money(receipt.owed_kobo),
    }
    if receipt.outcome == services.Outcome.OWED_BACK:
        return _("%(name)s: there is no table any more; %(owed)s is to be paid back.") % values
    if receipt.outcome == services.Outcome.AGAIN:
        return _("%(name)s: this reference is noted already, and counts once.") % values
    if receipt.owed_kobo:
        return _("%(name)s: the deposit is there, and %(owed)s more; that is to be paid back.") % values
    if receipt.outcome == services.Outcome.SHORT:
        return _("%(name)s: the money is noted; %(missing)s is still missing.") % values
    if receipt.outcome == services.Outcome.CONFIRMED:
        return _("%(name)s: the deposit is there, and the table is booked.") % values
    return _("%(name)s: the deposit is there.") % values


def _paid_back(at: Desk, booking: Booking, form: Any) -> None:
    services.return_deposit(
        booking=booking,
        by=Actor.staff(at.user),
        reference=form.cleaned_data["reference"],
        expected_version=form.cleaned_data["version"],
    )


def _waive(at: Desk, booking: Booking, form: Any) -> None:
    if not at.may_edit:
        raise PermissionDenied
    services.waive_deposit(
        booking=booking,
        by=Actor.staff(at.user),
        reason=form.cleaned_data["reason"],
        expected_version=form.cleaned_data["version"],
    )


def _handle_money(at: Desk) -> None:
    """:raises PermissionDenied: unless they look after the house's money"""
    if not may(at.user, Ability.HANDLE_MONEY, restaurant_id=at.restaurant.pk):
        raise PermissionDenied


def _charge_fee(at: Desk, booking: Booking, form: Any) -> None:
    _handle_money(at)
    services.charge_now(booking=booking, kind=FeeKind(form.cleaned_data["kind"]), by=at.user)


def _waive_fee(at: Desk, booking: Booking, form: Any) -> None:
    _handle_money(at)
    reason = form.cleaned_data["reason"]
    services.waive_fee(booking=booking, kind=FeeKind(form.cleaned_data["kind"]), by=at.user, reason=reason)


FORMS: dict[str, tuple[Callable[[Desk, Booking, ServicePlan], Any], Callable[[Desk, Booking, Any], str | None]]] = {
    "cancel": (lambda at, booking, plan: desk.ReasonForm(at.request.POST, auto_id="cancel_%s"), _cancel),
    "decline": (lambda at, booking, plan: desk.ReasonForm(at.request.POST, auto_id="decline_%s"), _decline),
    "change": (lambda at, booking, plan: _change_form(booking, plan, timezone.now(), at.request.POST), _change),
    "tables": (lambda at, booking, plan: _tables_form(booking, at.request.POST), _tables),
    "notes": (lambda at, booking, plan: desk.NotesForm(at.request.POST), _notes),
    "late": (lambda at, booking, plan: desk.LateForm(at.request.POST, auto_id="late_%s"), _late),
    "deposit": (lambda at, booking, plan: desk.DepositForm(at.request.POST, auto_id="deposit_%s"), _deposit),
    "paid-back": (lambda at, booking, plan: desk.ReferenceForm(at.request.POST, auto_id="paid_back_%s"), _paid_back),
    "waive": (lambda at, booking, plan: desk.WaiveForm(at.request.POST, auto_id="waive_%s"), _waive),
    "charge-fee": (lambda at, booking, plan: desk.FeeForm(at.request.POST, auto_id="charge_fee_%s"), _charge_fee),
    "waive-fee": (lambda at, booking, plan: desk.FeeForm(at.request.POST, auto_id="waive_fee_%s"), _waive_fee),
}


# --- New parties ----------------------------------------------------------------------------------------------


def seat_walk_in(at: Desk) -> HttpResponse:
    now = timezone.now()
    today = selectors.service_day_of(at.restaurant.pk, now)
    form = desk.WalkInForm(at.request.POST or None, initial={"request_key": uuid4()}, auto_id="walk_in_%s")
    form.fields["tables"].offer(  # type: ignore[attr-defined]
        boards.tables_at(at.restaurant.pk, today, now, now + timedelta(minutes=15))
    )
    refusal, status = "", 200
    if at.request.method == "POST":
        status = 422
        if form.is_valid():
            answers = form.cleaned_data
            try:
                booking = services.seat_walk_in(
                    restaurant_id=at.restaurant.pk,
                    party_size=answers["party"],
                    by=Actor.staff(at.user, Channel.WALK_IN),
                    guest=form.guest(),
                    table_ids=answers["tables"] or None,
                    heed_seats=not answers["over_seats"],
                    minutes=answers["minutes"],
                    request_key=answers["request_key"],
                )
                return done(at, today, "walk-in", booking)
            except DomainError as refused:
                refusal, status = said_by(refused), 409
    context = {"desk": at, "restaurant": at.restaurant, "form": form, "refusal": refusal, "day": today}
    return panel(at, "admin/today/_walk_in.html", _("Walk-in"), context, status)


def take_booking(at: Desk) -> HttpResponse:
    now, plan, day = timezone.now(), at.plan(), at.day()
    today = selectors.service_day_of(at.restaurant.pk, now)
    data = at.request.POST or None
    asked = max(day_in(data, day), today)
    initial = {"day": asked, "party": 2, "request_key": uuid4()}
    form = desk.DeskBookingForm(data, initial=initial, auto_id="book_%s")
    form.offer(plan, slots_of(plan, asked, party_in(data), now, step_free=step_free_in(data)), now=now)
    refusal, status = "", 200
    if data is not None:
        status = 422
        if form.is_valid():
            booking, refusal, status = book_or_ask(at, form)
            if booking is not None:
                return done(at, form.cleaned_data["day"], "book", booking)
    context = {"desk": at, "restaurant": at.restaurant, "form": form, "refusal": refusal, "day": day}
    return panel(at, "admin/today/_book.html", _("New booking"), context, status)


def book_or_ask(at: Desk, form: desk.DeskBookingForm) -> tuple[Booking | None, str, int]:
    """Book what a valid form says, or return None with the refusal's sentence and its status.

    Whoever has a booking at that time already gets another one only when the form says that it is meant.
    """
    answers = form.cleaned_data
    try:
        starts_at = form.starts_at()
        if not answers["again"]:
            twin = selectors.twin_of(
                at.restaurant.pk, starts_at, form.guest().name, form.guest().phone, request_key=answers["request_key"]
            )
            if twin is not None:
                form.asks_again = True
                return None, _twin_words(twin, form.plan), 409
        return _book_from(at, form, starts_at), "", 200
    except DomainError as refused:
        return None, said_by(refused), 409


def _twin_words(twin: Booking, plan: ServicePlan) -> str:
    return ngettext(
        "%(name)s has a booking at %(time)s already, for %(count)d guest. Book once more?",
        "%(name)s has a booking at %(time)s already, for %(count)d guests. Book once more?",
        twin.party_size,
    ) % {
        "name": twin.guest_name,
        "time": formatting.time_of_day(twin.starts_at, zone=plan.zone),
        "count": twin.party_size,
    }


def _book_from(at: Desk, form: desk.DeskBookingForm, starts_at: datetime) -> Booking:
    answers = form.cleaned_data
    return services.book_table(
        restaurant_id=at.restaurant.pk,
        starts_at=starts_at,
        party_size=answers["party"],
        guest=form.guest(),
        by=Actor.staff(at.user, Channel(answers["channel"])),
        area=UUID(answers["area"]) if answers["area"] else None,
        step_free=answers["step_free"],
        notes=answers["notes"],
        occasion=answers["occasion"],
        request_key=answers["request_key"],
        heed_pacing=not answers["over_pacing"],
        deposit=services.Asking.HELD if answers.get("asks_deposit") else services.Asking.BY_TERMS,
    )


def show_times(at: Desk) -> HttpResponse:
    """The options of a time field, when day or party of a form change."""
    now, plan = timezone.now(), at.plan()
    asked = at.request.GET
    form = desk.SlotForm(
        initial={"clock": asked.get("clock", "")[:5]}, auto_id=f"{asked.get('prefix', 'book')[:10]}_%s"
    )
    slots = slots_of(plan, day_in(asked, at.day()), party_in(asked), now, step_free=step_free_in(asked))
    form.offer(plan, slots, now=now)
    return HttpResponse(form["clock"].as_widget(attrs={"aria-busy": "false"}))


def step_free_in(data: Any) -> bool:
    return bool((data or {}).get("step_free"))


def party_in(data: Any) -> int:
    asked = str((data or {}).get("party", ""))
    return int(asked) if asked.isdecimal() and 1 <= len(asked) <= 3 and int(asked) else 2


def panel(at: Desk, template: str, title: str, context: dict[str, Any], status: int) -> HttpResponse:
    """Answer with what fills the dialog, or with a whole page where there is no script to open one."""
    context = {**context, "panel_title": title}
    if at.is_htmx:
        return render(at.request, template, context, status=status)
    page = {**at.site.each_context(at.request), "title": title, "subtitle": at.restaurant.name}
    return render(at.request, "admin/today/panel.html", {**page, **context, "panel": template}, status=status)
