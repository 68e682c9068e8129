"""Bookings that repeat: begin one from a booking that stands, see its dates, change and cancel them."""

import uuid
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from bookings import errors, limits, selectors, services, wording
from bookings.deposit_words import advance_of, deposit_words, read_what_is_owed
from bookings.forms.series import RepeatForm, SeriesCancelForm, SeriesChangeForm, SeriesDateForm, how_often
from bookings.models import Booking, BookingSeries
from bookings.recurring import Rule
from bookings.services import Actor, DateOutcome, Guest
from bookings.states import UPCOMING, OccurrenceState, SeriesStatus, Status
from bookings.subscribers import terms_sentences
from core.errors import DomainError
from core.headers import private_page
from localization import formatting
from localization.languages import current_language
from restaurants.models import Restaurant
from restaurants.service_plan import plan_of

MOST_SERIES_SHOWN = 50
LEAVE_OUT = "skip"


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


# --- Begin ------------------------------------------------------------------------------------------------------


@private_page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def repeat(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let a diner repeat a booking of theirs that is still to come."""
    person = _person(request)
    found = selectors.booking_by_public_id(public_id)
    if found is None or found.diner_id != person.pk:
        raise Http404(_("We found no such booking."))
    series = selectors.series_with(found)
    if series is not None:
        return redirect("bookings:series", public_id=series.public_id)
    # What waits for its deposit is not yet a booking that could be repeated.
    if found.status not in UPCOMING - {Status.HELD} or found.starts_at <= timezone.now():
        messages.warning(request, errors.TooLateToChange.message)
        return redirect("bookings:booking", public_id=public_id)
    return RepeatPage(request, person, found).answer()


class RepeatPage:
    """Three steps on one page: how often; what stands with each date, and what to do about it; booked."""

    def __init__(self, request: HttpRequest, person: User, found: Booking) -> None:
        self.request, self.person, self.found = request, person, found
        self.plan = plan_of(found.restaurant_id)
        local = found.starts_at.astimezone(self.plan.zone)
        self.first_on, self.at = local.date(), local.time()
        self.refusal: DomainError | None = None

    def answer(self) -> HttpResponse:
        if self.request.method != "POST":
            return self._show(RepeatForm(first_on=self.first_on, initial={"request_key": uuid.uuid4()}))
        form = RepeatForm(self.request.POST, first_on=self.first_on)
        if not form.is_valid():
            return self._show(form, status=422)
        rule = Rule(self.first_on, self.at, form.cleaned_data["every_weeks"], form.cleaned_data["until"])
        skip, moved = self._choices(rule)
        status = 200
        if "book" in self.request.POST:
            try:
                return self._begin(rule, skip, moved, form.cleaned_data["request_key"])
            except DomainError as refusal:
                self.refusal, status = refusal, refusal.status
        else:
            limits.look(self.request)
        outcomes = self._look(rule, skip, moved)
        return self._show(form, outcomes=outcomes, skip=skip, moved=moved, status=status)

    def _choices(self, rule: Rule) -> tuple[set[date], dict[date, datetime]]:
        """Return what was chosen for single dates; what makes no sense is not chosen."""
        skip: set[date] = set()
        moved: dict[date, datetime] = {}
        for day in rule.dates()[1:]:
            chosen = self.request.POST.get(f"on-{day.isoformat()}", "")
            if chosen == LEAVE_OUT:
                skip.add(day)
                continue
            try:
                moment = parse_datetime(chosen)
            except ValueError:
                moment = None
            if moment is not None and moment.tzinfo is not None:
                moved[day] = moment
        return skip, moved

    def _begin(
        self, rule: Rule, skip: set[date], moved: dict[date, datetime], request_key: UUID | None
    ) -> HttpResponse:
        limits.book(self.request)
        found = self.found
        series = services.begin_series(
            restaurant_id=found.restaurant_id,
            rule=rule,
            party_size=found.party_size,
            guest=Guest(found.guest_name, found.guest_phone, found.guest_email),
            by=Actor.diner(self.person),
            diner=self.person,
            area=found.area.public_id if found.area else None,
            step_free=found.step_free,
            notes=found.notes,
            occasion=found.occasion,
            language=current_language().code,
            skip=skip,
            moved=moved,
            adopts=found,
            request_key=request_key,
        )
        messages.success(self.request, _("Your table is booked again and again."))
        return redirect("bookings:series", public_id=series.public_id)

    def _look(self, rule: Rule, skip: set[date], moved: dict[date, datetime]) -> list[DateOutcome]:
        days = rule.dates()[1:]
        return services.look_at_dates(
            restaurant_id=self.found.restaurant_id,
            starts={day: moved.get(day, rule.starts_at(day, self.plan.zone)) for day in days if day not in skip},
            party_size=self.found.party_size,
            area=self.found.area.public_id if self.found.area else None,
            step_free=self.found.step_free,
            by=Actor.diner(self.person),
            diner=self.person,
        )

    def _show(
        self,
        form: RepeatForm,
        *,
        outcomes: list[DateOutcome] | None = None,
        skip: set[date] = frozenset(),  # type: ignore[assignment]  # never changed
        moved: dict[date, datetime] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        zone = self.plan.zone
        dates = [
            {
                "on": each.on.isoformat(),
                "starts_at": each.starts_at,
                "value": each.starts_at.astimezone(zone).isoformat() if moved and each.on in moved else "",
                "outcome": each,
                "choices": [
                    (slot.starts_at.astimezone(zone).isoformat(), slot.starts_at) for slot in each.alternatives
                ],
            }
            for each in outcomes or []
        ]
        context = {
            "booking": self.found,
            "restaurant": self.found.restaurant,
            "party": wording.guests(self.found.party_size),
            "when": formatting.day_and_time(self.found.starts_at, zone=zone),
            "form": form,
            "dates": dates,
            "left_out": sorted(skip),
            "refusal": self.refusal,
            "looked": outcomes is not None,
            "possible": outcomes is not None and all(each.is_possible for each in outcomes),
            "any_later": any(each.is_later for each in outcomes or []),
            "window_days": self.plan.policy.window_days,
            "terms": _terms(self.found.policy, zone),
        }
        return _private(render(self.request, "bookings/repeat.html", context, status=status))


# --- See, change, cancel ----------------------------------------------------------------------------------------


@private_page
@login_required
@require_safe
def series_list(request: HttpRequest) -> HttpResponse:
    found = selectors.series_of(_person(request))[:MOST_SERIES_SHOWN]
    context = {"series": [_named(each) for each in found]}
    return _private(render(request, "bookings/series_list.html", context))


@private_page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def series(request: HttpRequest, public_id: UUID) -> HttpResponse:
    person = _person(request)
    found = selectors.series_by_public_id(public_id)
    if found is None or found.diner_id != person.pk:
        raise Http404(_("We found no such repeated booking."))
    page = SeriesPage(request, person, found)
    return page.act() if request.method == "POST" else page.show()


class SeriesPage:
    """A repeated booking with its dates; each form on it changes one thing."""

    def __init__(self, request: HttpRequest, person: User, found: BookingSeries) -> None:
        self.request, self.found = request, found
        self.by = Actor.diner(person)
        self.zone = ZoneInfo(found.restaurant.time_zone)
        self.refusal: DomainError | None = None
        self.change_form = SeriesChangeForm(
            dates=self._dates_ahead(),
            initial={"version": found.version, "at": found.local_time, "party": found.party_size},
        )
        self.cancel_form = SeriesCancelForm(dates=self._dates_ahead(), initial={"version": found.version})

    def _ahead(self) -> list[Any]:
        now = timezone.now()
        return [
            each
            for each in self.found.occurrences.all()
            if each.starts_at > now and each.state in (OccurrenceState.PLANNED, OccurrenceState.BOOKED)
        ]

    def _dates_ahead(self) -> list[tuple[str, Any]]:
        return [
            (each.planned_on.isoformat(), _("From %(day)s on") % {"day": formatting.day(each.planned_on)})
            for each in self._ahead()[1:]
        ]

    def act(self) -> HttpResponse:
        parts = {"change": self._change, "cancel": self._cancel, "date": self._one_date}
        part = parts.get(self.request.POST.get("part", ""))
        if part is None:
            return self.show(status=422)
        try:
            return part()
        except DomainError as refusal:
            self.refusal = refusal
            self.found = selectors.series_by_public_id(self.found.public_id) or self.found
            return self.show(status=refusal.status)

    def _change(self) -> HttpResponse:
        form = self.change_form = SeriesChangeForm(self.request.POST, dates=self._dates_ahead())
        if not form.is_valid():
            return self.show(status=422)
        answers = form.cleaned_data
        wanted: dict[str, Any] = {}
        if answers["at"] != self.found.local_time:
            wanted["at"] = answers["at"]
        if answers["party"] != self.found.party_size:
            wanted["party_size"] = answers["party"]
        if not wanted:
            messages.info(self.request, _("Nothing was different, so your booking stays as it is."))
            return redirect("bookings:series", public_id=self.found.public_id)
        changed = services.change_series(
            series=self.found,
            by=self.by,
            from_on=answers["from_on"],
            expected_version=answers["version"],
            **wanted,
        )
        messages.success(self.request, _("Your repeated booking is changed."))
        return redirect("bookings:series", public_id=changed.public_id)

    def _cancel(self) -> HttpResponse:
        form = self.cancel_form = SeriesCancelForm(self.request.POST, dates=self._dates_ahead())
        if not form.is_valid():
            return self.show(status=422)
        services.cancel_series(
            series=self.found,
            by=self.by,
            from_on=form.cleaned_data["from_on"],
            expected_version=form.cleaned_data["version"],
        )
        messages.success(self.request, _("Cancelled. The tables are free for others now."))
        return redirect("bookings:series", public_id=self.found.public_id)

    def _one_date(self) -> HttpResponse:
        form = SeriesDateForm(self.request.POST)
        if not form.is_valid():
            return self.show(status=422)
        on, at = form.cleaned_data["on"], form.cleaned_data["at"]
        wanted: dict[str, Any] = {"skip": [on]}
        if "skip" not in self.request.POST:
            wanted = {"moved": {on: datetime.combine(on, at or self.found.local_time, tzinfo=self.zone)}}
        services.change_series(series=self.found, by=self.by, expected_version=form.cleaned_data["version"], **wanted)
        messages.success(self.request, _("Your repeated booking is changed."))
        return redirect("bookings:series", public_id=self.found.public_id)

    def show(self, status: int = 200) -> HttpResponse:
        now = timezone.now()
        dates = list(self.found.occurrences.all())
        read_what_is_owed(advance_of(each.booking) for each in dates if each.booking is not None)
        context = {
            **_named(self.found),
            "dates": [_date(each, self.found.restaurant, now) for each in dates],
            "refusal": self.refusal,
            "refused_dates": self._refused_dates(),
            "change_form": self.change_form,
            "cancel_form": self.cancel_form,
            "may_change": self.found.status == SeriesStatus.ACTIVE and bool(self._ahead()),
            "terms": _terms(self.found.policy, self.zone),
        }
        return _private(render(self.request, "bookings/series.html", context, status=status))

    def _refused_dates(self) -> list[dict[str, Any]]:
        dates = self.refusal.details.get("dates", []) if self.refusal else []
        return [
            {"starts_at": datetime.fromisoformat(each["starts_at"]), "detail": each["detail"]}
            for each in dates
            if each["outcome"] == "refused"
        ]


def _terms(policy: dict[str, Any], zone: Any) -> list[str]:
    """Return the terms of a series as sentences, with what becomes of a date whose deposit does not come."""
    return [*terms_sentences(policy, starts_at=None, zone=zone), *wording.deposits_of_dates(policy)]


def _named(found: BookingSeries) -> dict[str, Any]:
    return {
        "series": found,
        "restaurant": found.restaurant,
        "party": wording.guests(found.party_size),
        "rule": how_often(found.every_weeks),
        "weekday": formatting.weekday(found.first_on.weekday()),
        "clock": formatting.time_of_day(found.local_time),
        "is_active": found.status == SeriesStatus.ACTIVE,
    }


def _date(occurrence: Any, restaurant: Restaurant, now: datetime) -> dict[str, Any]:
    booking = occurrence.booking
    is_booked = booking is not None and occurrence.state == OccurrenceState.BOOKED
    if booking is not None:
        booking.restaurant = restaurant
    return {
        "occurrence": occurrence,
        "starts_at": booking.starts_at if is_booked else occurrence.starts_at,
        "status": Status(booking.status).label if is_booked else OccurrenceState(occurrence.state).label,
        "tone": wording.tone_of(booking) if is_booked else "",
        "booking": booking if is_booked else None,
        "deposit": deposit_words(booking, now=now) if is_booked else None,
        "is_failed": occurrence.state == OccurrenceState.FAILED and occurrence.starts_at > now,
        "may_skip": occurrence.state in (OccurrenceState.PLANNED, OccurrenceState.FAILED)
        and occurrence.starts_at > now,
    }


def _private(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response
