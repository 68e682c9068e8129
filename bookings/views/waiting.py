"""Waiting: joining a list when nothing is free, answering an offer, being told of a free time, the queue's page."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from bookings import access, errors, limits, selectors, services, waitlist, wording
from bookings.forms.waiting import DayForm, WaitForm
from bookings.models import FreeTimeAlert, QueueEntry, StandbyEntry
from bookings.services import Actor
from bookings.states import QueueStatus, StandbyStatus
from bookings.texting import ALERT, BOOKING, ORDER, QUEUE, REVIEW, STANDBY, TICKET
from bookings.ticketing import order_by_public_id, ticket_by_public_id
from bookings.times import book_url
from bookings.views.ticketing import is_at_the_door
from core import phones
from core.errors import DomainError
from core.headers import private_page
from localization import formatting
from localization.languages import current_language
from restaurants.models import Restaurant
from restaurants.selectors import place_by_slug
from restaurants.service_plan import plan_of

# --- Joining ---------------------------------------------------------------------------------------------------------


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def wait(request: HttpRequest, slug: str) -> HttpResponse:
    """Join the waiting list of an evening, or ask to be told."""
    restaurant = place_by_slug(slug)
    if restaurant is None:
        raise Http404(_("We know no such restaurant."))
    evening = DayForm(request.POST or request.GET)
    if not evening.is_valid():
        return redirect("bookings:restaurant", slug=slug)
    day, party = evening.cleaned_data["date"], evening.cleaned_data["party"]
    plan = plan_of(restaurant.pk)
    known = {"date": day, "party": party, **_known_of(request)}
    form = WaitForm(request.POST or None, initial=known)
    times = form.offer(plan, day, party, now=timezone.now(), online=True)
    refusal: DomainError | None = None
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                limits.wait(request)
                if request.POST.get("do") == "tell":
                    return _tell(request, restaurant, form)
                return _join(request, restaurant, form)
            except errors.AlreadyWaiting as again:
                mine = waitlist.entries_like(
                    restaurant_id=restaurant.pk, day=day, among=access.remembered(request), diner=request.user
                )
                if mine is not None:
                    messages.info(request, str(again))
                    return redirect("bookings:standby", public_id=mine.public_id)
                refusal, status = again, again.status
            except DomainError as refused:
                refusal, status = refused, refused.status
    context = {
        "restaurant": restaurant,
        "restaurant_phone": phones.national(restaurant.phone) if restaurant.phone else "",
        "day": day,
        "party": wording.guests(party),
        "form": form,
        "has_times": bool(times),
        "refusal": refusal,
        "choices": _choices(refusal, restaurant, party),
        "other_times_url": f"{reverse('bookings:restaurant', args=[slug])}?date={day:%Y-%m-%d}&party={party}",
    }
    response = render(request, "bookings/waiting/wait.html", context, status=status)
    if refusal is not None and refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    return _unlisted(response)


def _known_of(request: HttpRequest) -> dict[str, str]:
    if not isinstance(request.user, User):
        return {}
    return {"name": request.user.name, "phone": request.user.phone, "email": request.user.email}


def _join(request: HttpRequest, restaurant: Restaurant, form: WaitForm) -> HttpResponse:
    diner = request.user if isinstance(request.user, User) else None
    wish = form.wish()
    entry = services.join_waitlist(
        restaurant_id=restaurant.pk,
        guest=form.guest(),
        by=Actor.diner(diner),
        diner=diner,
        language=current_language().code,
        **{**wish, "areas": [UUID(area) for area in wish["areas"]]},
    )
    access.remember(request, entry)
    return redirect("bookings:standby", public_id=entry.public_id)


def _tell(request: HttpRequest, restaurant: Restaurant, form: WaitForm) -> HttpResponse:
    diner = request.user if isinstance(request.user, User) else None
    wish = {name: value for name, value in form.wish().items() if name != "areas"}
    services.set_alert(
        restaurant_id=restaurant.pk, guest=form.guest(), diner=diner, language=current_language().code, **wish
    )
    messages.success(
        request, _("We tell you when a table becomes free. Everybody who asked is told then: the first to book has it.")
    )
    return redirect("bookings:restaurant", slug=restaurant.slug)


def _choices(refusal: DomainError | None, restaurant: Restaurant, party: int) -> list[dict[str, Any]]:
    """Return the free times with which a refusal says that nobody need wait."""

    free = refusal.details.get("alternatives", []) if isinstance(refusal, errors.TableIsFree) else []
    zone = ZoneInfo(restaurant.time_zone)
    starts = [datetime.fromisoformat(each["starts_at"]) for each in free]
    return [{"starts_at": start, "url": book_url(restaurant.slug, start, zone, party)} for start in starts]


# --- A place on the list ---------------------------------------------------------------------------------------------

HEADINGS = {
    StandbyStatus.WAITING: gettext_lazy("You are on the waiting list"),
    StandbyStatus.OFFERED: gettext_lazy("A table is kept for you"),
    StandbyStatus.ACCEPTED: gettext_lazy("The table is yours"),
    StandbyStatus.DECLINED: gettext_lazy("You declined the table"),
    StandbyStatus.LAPSED: gettext_lazy("The offer has lapsed"),
    StandbyStatus.WITHDRAWN: gettext_lazy("You are no longer on the list"),
    StandbyStatus.CLOSED: gettext_lazy("No table became free"),
}


@private_page
@require_safe
def standby(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = waitlist.entry_by_public_id(public_id)
    if found is None or not _may_see(request, found):
        raise Http404(_("We found no such place on a waiting list."))
    if "token" in request.GET:
        access.remember(request, found)
        return redirect("bookings:standby", public_id=public_id)
    return _standby_page(request, found)


def _may_see(request: HttpRequest, waiter: StandbyEntry | QueueEntry | FreeTimeAlert) -> bool:
    diner_id = getattr(waiter, "diner_id", None)
    if request.user.is_authenticated and diner_id == request.user.pk:
        return True
    token = request.GET.get("token", "")
    return access.remembers(request, waiter.public_id) or access.opens(token, waiter.public_id)


def _standby_page(request: HttpRequest, found: StandbyEntry, refusal: DomainError | None = None) -> HttpResponse:
    restaurant, hold = found.restaurant, found.booking
    now = timezone.now()
    is_open = (
        found.status == StandbyStatus.OFFERED and found.offer_expires_at is not None and found.offer_expires_at > now
    )
    # The sweep may not have been by yet; the clock has.
    status = StandbyStatus.LAPSED if found.status == StandbyStatus.OFFERED and not is_open else found.status
    context = {
        "entry": found,
        "restaurant": restaurant,
        "zone": restaurant.time_zone,
        "party": wording.guests(found.party_size),
        "heading": HEADINGS[StandbyStatus(status)],
        "status": StandbyStatus(status).label,
        "tone": {"waiting": "wait", "offered": "good", "accepted": "good"}.get(status, "bad"),
        "areas": formatting.list_of([area.name for area in found.areas.all()]),
        "ahead": waitlist.places_ahead(found) if status == StandbyStatus.WAITING else 0,
        "is_waiting": status == StandbyStatus.WAITING,
        "is_offered": is_open,
        "is_accepted": status == StandbyStatus.ACCEPTED,
        "hold": hold,
        "refusal": refusal,
        "other_times_url": (
            f"{reverse('bookings:restaurant', args=[restaurant.slug])}"
            f"?date={found.service_day:%Y-%m-%d}&party={found.party_size}"
        ),
    }
    return _unlisted(
        render(request, "bookings/waiting/standby.html", context, status=refusal.status if refusal else 200)
    )


@private_page
@require_POST
def standby_act(request: HttpRequest, public_id: UUID, act: str) -> HttpResponse:
    """Accept or decline an offer, or leave the list."""
    found = waitlist.entry_by_public_id(public_id)
    if found is None or not _may_see(request, found) or act not in ("accept", "decline", "leave"):
        raise Http404(_("We found no such place on a waiting list."))
    by = Actor.diner(request.user if isinstance(request.user, User) else None)
    try:
        if act == "accept":
            booking = services.accept_offer(entry=found, by=by)
            access.remember(request, booking)
            return redirect("bookings:booking", public_id=booking.public_id)
        if act == "decline":
            services.decline_offer(entry=found, by=by)
            messages.success(request, _("The table goes to the next on the list. Thank you for telling us."))
        else:
            services.leave_waitlist(entry=found, by=by)
            messages.success(request, _("You have left the waiting list."))
    except DomainError as refusal:
        found = waitlist.entry_by_public_id(public_id) or found
        return _standby_page(request, found, refusal)
    return redirect("bookings:standby", public_id=public_id)


# --- A wish to be told -----------------------------------------------------------------------------------------------


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def stop_alert(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Be told no more. The link of the mail shows a button: programs that look through mails follow links."""
    found = waitlist.alert_by_public_id(public_id)
    if found is None or not _may_see(request, found):
        raise Http404(_("We found no such wish."))
    if request.method == "POST":
        services.stop_alert(public_id=public_id)
        messages.success(request, _("We tell you no more about this."))
        return redirect("bookings:restaurant", slug=found.restaurant.slug)
    context = {
        "alert": found,
        "restaurant": found.restaurant,
        "zone": found.restaurant.time_zone,
        "party": wording.guests(found.party_size),
        "token": request.GET.get("token", ""),
    }
    return _unlisted(render(request, "bookings/waiting/stop_alert.html", context))


# --- The queue -------------------------------------------------------------------------------------------------------


@private_page
@require_safe
def queue(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = waitlist.queue_entry_by_public_id(public_id)
    if found is None or not _may_see(request, found):
        raise Http404(_("We found no such party in the queue."))
    if "token" in request.GET:
        access.remember(request, found)
        return redirect("bookings:queue", public_id=public_id)
    template = "bookings/waiting/_queue.html" if request.headers.get("HX-Request") else "bookings/waiting/queue.html"
    return _unlisted(render(request, template, _place(found)))


def _place(found: QueueEntry) -> dict[str, Any]:
    now = timezone.now()
    row = waitlist.row_of(found, place=1, now=now)
    is_queued = found.status == QueueStatus.QUEUED
    opens_at = waitlist.opens_at(plan_of(found.restaurant_id), now) if is_queued else None
    return {
        "entry": found,
        "restaurant": found.restaurant,
        "party": wording.guests(found.party_size),
        "ahead": waitlist.parties_ahead(found),
        "wait": wording.wait(row.low, row.high),
        "is_any_moment": not row.high,
        "is_over": row.is_over,
        "is_queued": is_queued,
        "opens_at": opens_at,
        "zone": found.restaurant.time_zone,
        "is_called": found.status == QueueStatus.NOTIFIED,
        "is_seated": found.status == QueueStatus.SEATED,
        "is_told_anew": found.requoted_at is not None,
    }


@private_page
@require_POST
def leave_queue(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = waitlist.queue_entry_by_public_id(public_id)
    if found is None or not _may_see(request, found):
        raise Http404(_("We found no such party in the queue."))
    try:
        services.leave_queue(entry=found, by=Actor.diner(request.user if isinstance(request.user, User) else None))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("You have left the queue."))
    return redirect("bookings:queue", public_id=public_id)


# --- Short addresses -------------------------------------------------------------------------------------------------


@private_page
@require_safe
def short(request: HttpRequest, key: str) -> HttpResponse:
    """Lead from the address in a text message to the page it is about, which this browser may then see."""
    with limits.misses_counted(request):
        return _opened(request, key)


def _opened(request: HttpRequest, key: str) -> HttpResponse:
    if (brief := selectors.booking_by_brief_key(key)) is not None:
        kind, found = brief
        access.remember(request, found)
        return redirect("bookings:review" if kind == REVIEW else "bookings:booking", public_id=found.public_id)
    opened = access.opened_by(key)
    if opened is None:
        raise Http404(_("We could not find that."))
    kind, public_id = opened
    if kind == STANDBY and (entry := waitlist.entry_by_public_id(public_id)) is not None:
        access.remember(request, entry)
        return redirect("bookings:standby", public_id=public_id)
    if kind == QUEUE and (place := waitlist.queue_entry_by_public_id(public_id)) is not None:
        access.remember(request, place)
        return redirect("bookings:queue", public_id=public_id)
    if kind == TICKET and (ticket := ticket_by_public_id(public_id)) is not None:
        if not is_at_the_door(request, ticket):
            access.remember(request, ticket)
        return redirect("bookings:ticket", public_id=public_id)
    if kind == ORDER and (order := order_by_public_id(public_id)) is not None:
        access.remember(request, order)
        return redirect("bookings:ticket_order", public_id=public_id)
    if kind == BOOKING and (booking := selectors.booking_by_public_id(public_id)) is not None:
        access.remember(request, booking)
        return redirect("bookings:booking", public_id=public_id)
    if kind == ALERT and (alert := waitlist.alert_by_public_id(public_id)) is not None:
        if alert.told_of is None or alert.told_of <= timezone.now():
            return redirect("bookings:restaurant", slug=alert.restaurant.slug)
        zone = ZoneInfo(alert.restaurant.time_zone)
        return redirect(book_url(alert.restaurant.slug, alert.told_of, zone, alert.party_size))
    raise Http404(_("We could not find that."))


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response
