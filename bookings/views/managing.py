"""A booking that stands: see it, change it, cancel it, keep it in one's account and calendar."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from bookings import (
    access,
    calendars,
    errors,
    guest_book,
    limits,
    selectors,
    services,
    terms,
    ticketing,
    waitlist,
    wording,
)
from bookings.availability import Slot
from bookings.card_words import card_words, fee_words, late_fee_sentences
from bookings.deposit_words import advance_of, deposit_words, is_hold_over, read_what_is_owed
from bookings.forms.booking import LATE_CHOICES, ChangeDetailsForm, LateForm, MoveForm, OtherTimeForm, SeenForm
from bookings.models import Booking
from bookings.qr import qr_of
from bookings.services import Actor, fees, guests
from bookings.states import UPCOMING, Occasion, Status
from bookings.story import story_for_guest
from bookings.subscribers import address_of, manage_url, map_url, terms_sentences
from bookings.times import times_instead
from bookings.views.ticketing import orders_listed
from core import phones
from core.errors import DomainError
from core.headers import private_page
from localization import formatting
from payments.gateways.registry import is_paid_online
from restaurants.service_plan import ServicePlan, plan_of

# After these a fee may have been asked for; a no-show that was undone has one, waived, of which it is told by mail.
FEES_STAND = frozenset({Status.NO_SHOW, Status.CANCELLED})
PAST_ON_A_PAGE = 10
ORDERS_SHOWN = 20
NEW_FOR = timedelta(minutes=15)


@private_page
@require_safe
def booking(request: HttpRequest, public_id: UUID) -> HttpResponse:
    if "token" in request.GET:
        return _by_link(request, public_id)
    found = _own(request, public_id)
    return _booking_page(request, found)


def _by_link(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let the browser remember a booking opened by its link, and go on without the token in the address."""
    found = selectors.booking_by_public_id(public_id)
    if found is None or not access.may_see(request, found, request.GET["token"]):
        raise Http404(_("We found no such booking."))
    access.remember(request, found)
    return redirect("bookings:booking", public_id=public_id)


def _own(request: HttpRequest, public_id: UUID) -> Booking:
    found = selectors.booking_by_public_id(public_id)
    if found is None or not access.may_see(request, found):
        raise Http404(_("We found no such booking."))
    return found


def _booking_page(request: HttpRequest, found: Booking) -> HttpResponse:
    now = timezone.now()
    restaurant = found.restaurant
    history = list(selectors.history_of(found))
    status = Status(found.status)
    restaurant_url = request.build_absolute_uri(reverse("bookings:restaurant", args=[restaurant.slug]))
    when = formatting.day_and_time(found.starts_at, zone=restaurant.time_zone)
    invitation = _("We have a table at %(restaurant)s on %(when)s.") % {"restaurant": restaurant.name, "when": when}
    is_bumped = selectors.is_owed_an_apology(found)
    is_texted = bool(found.guest_phone) and phones.receives_sms(found.guest_phone)
    context = {
        **_named(found),
        "heading": wording.heading_of(found, now),
        "is_bumped": is_bumped,
        "points": found.bonus_points if is_bumped else 0,
        "promised": "" if is_hold_over(found, now) else wording.points_promised(found),
        "allergies": guest_book.allergies_told(found, found.guest, _person(request)),
        "times_instead": times_instead(found, now=now) if is_bumped else [],
        "tone": wording.tone_of(found),
        "is_new": status in UPCOMING and now - found.created_at < NEW_FOR and len(history) == 1,
        "texted_to": phones.national(found.guest_phone) if is_texted else "",
        "is_requested": status == Status.REQUESTED,
        "has_table": found.is_occupying and not is_hold_over(found, now),
        "is_booked": found.is_occupying and status != Status.HELD,
        "deposit": deposit_words(found, now=now),
        **_payable(found, now),
        "card": card_words(found, now=now),
        "fees": fee_words(list(selectors.fees_of(found)), now=now) if status in FEES_STAND else [],
        "is_over": status == Status.COMPLETED,
        "may_change": _may_change(found),
        **_lateness(found, now),
        "may_keep": request.user.is_authenticated and found.diner_id is None,
        "is_mine": found.diner_id is not None and found.diner_id == request.user.pk,
        "may_repeat": status != Status.HELD,
        "occasion": Occasion(found.occasion).label if found.occasion else "",
        "address": address_of(restaurant),
        "map_url": map_url(restaurant),
        "qr": qr_of(manage_url(found)) if found.is_occupying and status != Status.HELD else "",
        "terms": terms_sentences(
            found.policy, starts_at=found.starts_at, zone=restaurant.time_zone, is_over=status not in UPCOMING
        ),
        "lines": story_for_guest(found, history),
        "restaurant_url": restaurant_url,
        "invitation": invitation,
        "whatsapp_url": f"https://wa.me/?text={quoted(f'{invitation} {restaurant_url}')}",
    }
    return _private(render(request, "bookings/booking.html", context))


def _payable(found: Booking, now: datetime) -> dict[str, Any]:
    """Return what the page says of paying the deposit online."""
    advance = advance_of(found)
    if advance is None:
        return {"may_pay": False, "has_payments": False}
    missing = 0 if is_hold_over(found, now) or found.starts_at <= now else advance.missing_kobo
    return {
        "may_pay": missing > 0 and is_paid_online() and found.status != Status.REQUESTED,
        "to_pay": formatting.money(missing),
        "has_payments": advance.received_kobo > 0,
    }


def _named(found: Booking) -> dict[str, Any]:
    """Return what every page about one booking shows of it."""
    phone = found.restaurant.phone
    return {
        "booking": found,
        "restaurant": found.restaurant,
        "restaurant_phone": phones.national(phone) if phone else "",
        "party": wording.guests(found.party_size),
    }


def _lateness(found: Booking, now: datetime) -> dict[str, Any]:
    """Return what the page says and offers to somebody who is running late."""
    if not services.may_say_late(found, now):
        return {"may_say_late": False}
    kept_until = found.starts_at + timedelta(minutes=int(found.policy.get("grace_minutes", 0)))
    return {
        "may_say_late": True,
        "late_choices": [(minutes, formatting.duration(timedelta(minutes=minutes))) for minutes in LATE_CHOICES],
        "said_late": formatting.duration(timedelta(minutes=found.minutes_late)) if found.minutes_late else "",
        "kept_until": formatting.time_of_day(kept_until.astimezone(ZoneInfo(found.restaurant.time_zone))),
        "is_beyond_grace": found.starts_at + timedelta(minutes=found.minutes_late) > kept_until,
    }


def _private(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response


@private_page
@require_safe
def calendar(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _own(request, public_id)
    response = HttpResponse(calendars.calendar_of(found), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="buka-{found.code}.ics"'
    return _private(response)


@private_page
@require_POST
@login_required
def keep(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Put a booking made without an account on the account of the person who now is signed in."""
    found = _own(request, public_id)
    if isinstance(request.user, User):
        services.attach_to_account(booking=found, diner=request.user)
        messages.success(request, _("This booking is now in your account."))
    return redirect("bookings:booking", public_id=public_id)


@private_page
@require_safe
@login_required
def my_bookings(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    pages = Paginator(selectors.past_bookings_of(request.user, now=now), PAST_ON_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    is_first = page.number == 1
    tickets, past_tickets = (
        ticketing.upcoming_and_past_orders_of(request.user, most=ORDERS_SHOWN, now=now) if is_first else ([], [])
    )
    context = {
        "waiting": list(waitlist.live_entries_of(request.user)) if is_first else [],
        "alerts": list(waitlist.alerts_of(request.user)) if is_first else [],
        "upcoming": _listed(selectors.upcoming_bookings_of(request.user, now=now)) if is_first else [],
        "ticket_orders": orders_listed(tickets),
        "past_orders": orders_listed(past_tickets),
        "past": _listed(page),
        "is_first": is_first,
        "previous_url": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next_url": f"?page={page.next_page_number()}" if page.has_next() else "",
        "position": _("Page %(page)d of %(pages)d") % {"page": page.number, "pages": pages.num_pages},
    }
    return _private(render(request, "bookings/my_bookings.html", context))


def _listed(bookings: Any) -> list[dict[str, Any]]:
    bookings = list(bookings)
    read_what_is_owed(advance_of(each) for each in bookings)
    return [
        {
            **_named(each),
            "day": each.starts_at.astimezone(ZoneInfo(each.restaurant.time_zone)),
            "status": Status(each.status).label,
            "tone": wording.tone_of(each),
            "is_upcoming": _may_change(each),
            "deposit": deposit_words(each),
        }
        for each in bookings
    ]


@private_page
@require_POST
def take_back_allergies(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let the house forget what its guest told of their allergies."""
    found = _own(request, public_id)
    try:
        guests.take_back_allergies(booking=found, user=_person(request))
    except errors.BookingNotFound:
        messages.info(request, _("The restaurant keeps nothing about your allergies from this booking."))
    else:
        messages.success(request, _("The restaurant no longer keeps your allergies."))
    return redirect("bookings:booking", public_id=public_id)


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


# --- Late ------------------------------------------------------------------------------------------------------


@private_page
@require_POST
def late(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Tell the house that the party is on its way; one tap, said again it counts anew."""
    found = _own(request, public_id)
    form = LateForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Please choose how late you come."))
        return redirect("bookings:booking", public_id=public_id)
    try:
        services.say_late(booking=found, minutes=form.cleaned_data["minutes"], by=_actor(request))
    except DomainError as refusal:
        messages.warning(request, str(refusal))
    else:
        said = _("The restaurant knows.") if form.cleaned_data["minutes"] else _("The restaurant expects you on time.")
        messages.success(request, said)
    return redirect("bookings:booking", public_id=public_id)


# --- Cancel ----------------------------------------------------------------------------------------------------


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _own(request, public_id)
    refusal: DomainError | None = None
    if request.method == "POST":
        seen = SeenForm(request.POST)
        # Whoever sends the form without the version has seen no state to compare with: the pages always send it.
        version = seen.cleaned_data["version"] if seen.is_valid() else -1
        try:
            services.cancel_booking(booking=found, by=_actor(request), expected_version=version)
        except DomainError as error:
            refusal = error
            found = _own(request, public_id)
        else:
            messages.success(request, _("Your booking is cancelled. The table is free for others now."))
            return redirect("bookings:booking", public_id=public_id)
    if refusal is None and not _may_change(found):
        return redirect("bookings:booking", public_id=public_id)
    return _cancel_page(request, found, refusal)


def _cancel_page(request: HttpRequest, found: Booking, refusal: DomainError | None) -> HttpResponse:
    hours = found.policy.get("free_cancellation_hours", 0)
    free_until = found.starts_at - timedelta(hours=hours)
    history = list(selectors.history_of(found))
    advance = advance_of(found)
    is_late = found.status == Status.CONFIRMED and timezone.now() > free_until
    context = {
        **_named(found),
        "may_change": _may_change(found),
        "refusal": refusal,
        "news": _news(request, history, refusal, found),
        "seen": SeenForm(initial={"version": found.version, "seen": len(history)}),
        "is_late": is_late,
        "costs": late_fee_sentences(found, fees.late_fee_kobo(found)) if is_late else [],
        "free_until": formatting.day_and_time(free_until, zone=found.restaurant.time_zone),
        "notice": formatting.duration(timedelta(hours=hours)),
        "is_held": found.status == Status.HELD,
        "promised_points": found.bonus_points,
        "is_apology": found.apology_from_id is not None,
        "paid": formatting.money(advance.held_kobo) if advance is not None and advance.held_kobo else "",
    }
    return _private(render(request, "bookings/cancel.html", context, status=refusal.status if refusal else 200))


def _actor(request: HttpRequest) -> Actor:
    return Actor.diner(_person(request))


def _may_change(found: Booking) -> bool:
    now = timezone.now()
    return found.status in UPCOMING and found.starts_at > now and not is_hold_over(found, now)


def _news(request: HttpRequest, history: list[Any], refusal: DomainError | None, found: Booking) -> list[wording.Line]:
    """Return what has happened since the diner opened the form, when that is why it was refused."""
    seen = SeenForm(request.POST)
    if not isinstance(refusal, services.BookingMovedOn) or not seen.is_valid():
        return []
    return wording.lines_of(history[seen.cleaned_data["seen"] or 0 :], zone=found.restaurant.time_zone)


# --- Change ----------------------------------------------------------------------------------------------------


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _own(request, public_id)
    if not _may_change(found):
        messages.warning(request, errors.TooLateToChange.message)
        return redirect("bookings:booking", public_id=public_id)
    page = ChangePage(request, found)
    if request.method != "POST":
        return page.show()
    return page.change_details() if request.POST.get("part") == "details" else page.move()


class ChangePage:
    """The page on which a diner chooses another time, or corrects the details; each is a form of its own."""

    def __init__(self, request: HttpRequest, found: Booking) -> None:
        self.request = request
        self.found = found
        self.plan: ServicePlan = plan_of(found.restaurant_id)
        self.zone = ZoneInfo(found.restaurant.time_zone)
        self.details = ChangeDetailsForm.of(found)
        self.mistakes: list[str] = []
        self.refusal: DomainError | None = None

    def move(self) -> HttpResponse:
        move = MoveForm(self.request.POST)
        if not move.is_valid():
            self.mistakes = move.said()
            return self.show(status=422)
        wish = move.wish()
        if "step_free" not in self.request.POST:
            del wish["step_free"]
        return self._attempt(**wish)

    def change_details(self) -> HttpResponse:
        self.details = ChangeDetailsForm(self.request.POST)
        if not self.details.is_valid():
            return self.show(status=422)
        return self._attempt(guest=self.details.guest(), **self.details.wishes())

    def _attempt(self, **wanted: Any) -> HttpResponse:
        seen = SeenForm(self.request.POST)
        version = seen.cleaned_data["version"] if seen.is_valid() else -1
        try:
            limits.change(self.request, self.found.pk)
            changed = services.change_booking(
                booking=self.found, by=_actor(self.request), expected_version=version, **wanted
            )
        except DomainError as refusal:
            self.refusal = refusal
            self.found = _own(self.request, self.found.public_id)
            return self.show(status=refusal.status)
        if changed.version == version:
            messages.info(self.request, _("Nothing was different, so your booking stays as it is."))
        else:
            messages.success(self.request, _("Your booking is changed."))
        return redirect("bookings:booking", public_id=changed.public_id)

    def show(self, status: int = 200) -> HttpResponse:
        history = list(selectors.history_of(self.found))
        other, day, party, area = self._looked_for()
        step_free = bool(getattr(other, "cleaned_data", {}).get("step_free"))
        slots = self._slots(day, party, area, step_free) if day and party else []
        context = {
            **_named(self.found),
            "when": formatting.day_and_time(self.found.starts_at, zone=self.zone),
            "refusal": self.refusal,
            "mistakes": self.mistakes,
            "news": _news(self.request, history, self.refusal, self.found),
            "choices": self._alternatives(),
            "other": other,
            "day": day,
            "slots": slots,
            "has_free_slots": any(slot.available for slot in slots),
            "wanted_party": party,
            "wanted_area": area,
            "wants_step_free": step_free,
            "details": self.details,
            "seen": SeenForm(initial={"version": self.found.version, "seen": len(history)}),
            "terms": terms_sentences(self.found.policy, starts_at=self.found.starts_at, zone=self.zone),
            "largest_party": self._largest_party(),
            "other_deposit": self._other_deposit(party),
            "at_stake": wording.points_at_stake(self.found),
        }
        return _private(render(self.request, "bookings/change.html", context, status=status))

    def _largest_party(self) -> int:
        if self.found.status == Status.REQUESTED:
            return self.plan.largest_party_on_request
        return max(self.plan.largest_party_online, self.found.party_size)

    def _other_deposit(self, party: int | None) -> str:
        """Return what the deposit of a party of another size is, by the terms that were accepted."""
        if party is None or party == self.found.party_size:
            return ""
        wanted = terms.deposit_kobo(terms.with_amounts(self.found.policy, party))
        return "" if wanted == terms.deposit_kobo(self.found.policy) else formatting.money(wanted)

    def _looked_for(self) -> tuple[OtherTimeForm, date | None, int | None, UUID | None]:
        """Return for which day, party and area times are shown: what was asked, else the booking's own."""
        asked: dict[str, Any] = {
            "date": self.found.service_day.isoformat(),
            "party": self.found.party_size,
            "area": str(self.found.area.public_id) if self.found.area else "",
            "step_free": self.found.step_free,
        }
        for source in (self.request.GET, self.request.POST):
            asked |= {name: source[name] for name in ("date", "party", "area") if name in source}
        # A box that is not ticked is not sent: of a form that was sent it says no.
        if self.request.method == "POST" or "date" in self.request.GET:
            asked["step_free"] = "step_free" in self.request.GET or self.request.POST.get("step_free", "")
        today = timezone.now().astimezone(self.zone).date()
        form = OtherTimeForm(
            asked,
            areas=[(area.public_id, area.name) for area in self.plan.areas],
            has_step_free=bool(self.plan.step_free),
            largest_party=self._largest_party(),
            first_day=today,
            last_day=today + timedelta(days=self.plan.policy.window_days),
        )
        if not form.is_valid():
            return form, None, None, None
        day = form.cleaned_data["date"]
        if not today - timedelta(days=1) <= day <= today + timedelta(days=self.plan.policy.window_days):
            form.add_error("date", errors.TimeTooFarAhead(days=self.plan.policy.window_days).message)
            return form, None, None, None
        area = form.cleaned_data["area"]
        return form, day, form.cleaned_data["party"], UUID(area) if area else None

    def _slots(self, day: date, party: int, area: UUID | None, step_free: bool) -> list[Any]:
        slots = selectors.slots_on(
            self.found.restaurant_id, day, party, step_free=step_free, except_booking=self.found.pk
        )
        wanted = self.plan.area_named(area) if area else None
        return [self._offered(slot, wanted.id if wanted else None) for slot in slots]

    def _offered(self, slot: Slot, area_id: int | None) -> "OfferedTime":
        is_free = slot.available and (area_id is None or area_id in slot.area_ids)
        local = slot.starts_at.astimezone(self.zone)
        return OfferedTime(local, is_free, is_current=slot.starts_at == self.found.starts_at)

    def _alternatives(self) -> list[dict[str, Any]]:
        """Return the nearest free times after a refusal, each with the address that shows its day."""
        found = self.refusal.details.get("alternatives", []) if self.refusal else []
        choices = []
        for alternative in found:
            starts_at = datetime.fromisoformat(alternative["starts_at"])
            query = {"date": starts_at.date().isoformat(), "party": self.request.POST.get("party", "")}
            query |= {"step_free": "on"} if self.request.POST.get("step_free") else {}
            choices.append({"starts_at": starts_at, "value": alternative["starts_at"], "query": urlencode(query)})
        return choices


class OfferedTime:
    """A start that the change page shows: free, full, or the booking's own."""

    def __init__(self, starts_at: datetime, available: bool, is_current: bool) -> None:
        self.starts_at = starts_at
        self.available = available
        self.is_current = is_current
        self.value = starts_at.isoformat()
