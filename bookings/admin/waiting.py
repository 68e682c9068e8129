"""Who waits, at the desk: the list of an evening, and the queue at the door.

As on Today's page every action is a form that works without JavaScript, and news never wipes out what is being typed.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from bookings import board as boards
from bookings import errors, selectors, services, waitlist, wording
from bookings.admin.today import Desk, at_the_desk, board_html, day_page, panel, said_by, said_done
from bookings.forms import waiting as forms
from bookings.models import QueueEntry, StandbyEntry
from bookings.services import Actor
from bookings.states import Channel, QueueStatus, StandbyPriority, StandbyStatus
from core import audit
from core.errors import DomainError

DONE: dict[str, str | Promise] = {
    "add": gettext_lazy("%(name)s: on the waiting list."),
    "offer": gettext_lazy("%(name)s: a table is offered."),
    "withdraw": gettext_lazy("%(name)s: taken off the list."),
    "priority": gettext_lazy("%(name)s: the turn is changed."),
    "queue": gettext_lazy("%(name)s: in the queue, %(wait)s."),
    "notify": gettext_lazy("%(name)s: called to the table."),
    "seat": gettext_lazy("%(name)s: seated."),
    "leave": gettext_lazy("%(name)s: left the queue."),
    "remove": gettext_lazy("%(name)s: taken from the queue."),
}


def urls(site: Any) -> list[URLPattern]:
    """Return the addresses of those who wait, each behind the site's log-in."""

    def at(route: str, view: Callable[..., HttpResponse], name: str, *methods: str) -> URLPattern:
        door = require_http_methods(methods or ["GET", "HEAD"])
        return path(f"today/<uuid:house>/{route}", site.admin_view(door(at_the_desk(site, view))), name=name)

    return [
        at("waiting/", show_list, "today_waiting"),
        at("waiting/board/", show_list_board, "today_waiting_board"),
        at("waiting/add/", add_to_list, "today_wait", "GET", "HEAD", "POST"),
        at("waiting/<uuid:public_id>/", show_entry, "today_standby"),
        at("waiting/<uuid:public_id>/<slug:move>/", act_on_entry, "today_standby_act", "POST"),
        at("queue/", add_to_queue, "today_queue", "GET", "HEAD", "POST"),
        at("queue/strip/", show_queue_strip, "today_queue_strip"),
        at("queue/<uuid:public_id>/", show_place, "today_place"),
        at("queue/<uuid:public_id>/<slug:move>/", act_on_place, "today_place_act", "POST"),
    ]


# --- The list of an evening ------------------------------------------------------------------------------------------


def _entry(at: Desk, public_id: UUID) -> StandbyEntry:
    """Return a place on this very restaurant's list."""
    found = waitlist.entries_staffed_by(at.user).filter(restaurant=at.restaurant, public_id=public_id).first()
    if found is None:
        raise Http404(_("We found no such place on a waiting list."))
    return found


def _list_context(at: Desk) -> dict[str, Any]:
    day = at.day()
    entries = list(waitlist.entries_staffed_by(at.user).filter(restaurant=at.restaurant, service_day=day))
    live = [entry for entry in entries if entry.is_live]
    return {
        "desk": at,
        "restaurant": at.restaurant,
        "day": day,
        "zone": at.restaurant.time_zone,
        "entries": live,
        "past": [entry for entry in entries if not entry.is_live],
        "covers": sum(entry.party_size for entry in live),
        "offered": sum(entry.status == StandbyStatus.OFFERED for entry in live),
        "won": sum(entry.status == StandbyStatus.ACCEPTED for entry in entries),
    }


def show_list(at: Desk, *, status: int = 200) -> HttpResponse:
    context = _list_context(at)
    if context["entries"] or context["past"]:
        audit.note("standby.listed", outcome="done", restaurant_id=at.restaurant.public_id)
    page = {
        **at.site.each_context(at.request),
        "title": _("Waiting list"),
        "subtitle": at.restaurant.name,
        "content_title": None,
        "yesterday": context["day"] - timedelta(days=1),
        "tomorrow": context["day"] + timedelta(days=1),
        "live_url": f"/ws/restaurants/{at.restaurant.public_id}/today",
        **context,
    }
    return render(at.request, "admin/today/waiting.html", page, status=status)


def show_list_board(at: Desk) -> HttpResponse:
    return HttpResponse(_list_html(at))


def _list_html(at: Desk, *, said: str = "", oob: bool = False, refusal: str = "") -> str:
    context = {**_list_context(at), "said": said, "oob": oob, "board_refusal": refusal}
    return render_to_string("admin/today/_waiting.html", context, at.request)


def _list_done(at: Desk, what: str, entry: StandbyEntry) -> HttpResponse:
    sentence = DONE[what] % {"name": entry.guest_name}
    if not at.is_htmx:
        messages.success(at.request, sentence)
        return HttpResponseRedirect(at.address("today_waiting", day=entry.service_day))
    if at.request.POST.get("from") == "dialog":
        return HttpResponse(_list_html(at, said=sentence, oob=True), headers={"HX-Trigger": "today-done"})
    return HttpResponse(_list_html(at, said=sentence))


def add_to_list(at: Desk) -> HttpResponse:
    plan, now = at.plan(), timezone.now()
    data = at.request.POST or None
    asked = forms.DayForm({**{"date": at.day().isoformat(), "party": "2"}, **(data.dict() if data else {})})
    day, party = (asked.cleaned_data["date"], asked.cleaned_data["party"]) if asked.is_valid() else (at.day(), 2)
    form = forms.DeskWaitForm(data, initial={"date": day, "party": party}, auto_id="wait_%s")
    form.offer(plan, day, party, now=now, online=False)
    refusal, status = "", 200
    if data is not None:
        status = 422
        if form.is_valid():
            try:
                return _list_done(at, "add", _join(at, form))
            except DomainError as refused:
                refusal, status = said_by(refused), 409
    context = {"desk": at, "restaurant": at.restaurant, "form": form, "refusal": refusal, "day": day}
    return panel(at, "admin/today/_wait.html", _("Waiting list"), context, status)


def _join(at: Desk, form: forms.DeskWaitForm) -> StandbyEntry:
    answers, wish = form.cleaned_data, form.wish()
    return services.join_waitlist(
        restaurant_id=at.restaurant.pk,
        guest=form.guest(),
        by=Actor.staff(at.user, Channel(answers["channel"])),
        priority=StandbyPriority(answers["priority"]),
        **{**wish, "areas": [UUID(area) for area in wish["areas"]]},
    )


def show_entry(at: Desk, public_id: UUID) -> HttpResponse:
    entry = _entry(at, public_id)
    audit.record("standby.viewed", actor=at.user, target=entry)
    return _entry_panel(at, entry)


def _entry_panel(at: Desk, entry: StandbyEntry, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "desk": at,
        "restaurant": at.restaurant,
        "entry": entry,
        "zone": at.restaurant.time_zone,
        "history": list(waitlist.history_of(entry)),
        "day": entry.service_day,
        "refusal": refusal,
    }
    if at.may_run and entry.is_live:
        seen = {"version": entry.version}
        context["withdraw_form"] = forms.WithdrawForm(initial=seen, auto_id="withdraw_%s")
        if entry.status == StandbyStatus.WAITING:
            context["priority_form"] = forms.PriorityForm(
                initial={**seen, "priority": entry.priority}, auto_id="priority_%s"
            )
    return panel(at, "admin/today/_standby.html", entry.guest_name, context, status)


def act_on_entry(at: Desk, public_id: UUID, move: str) -> HttpResponse:
    """Offer a table now, change the turn, take off the list; a refusal comes back where it was asked."""
    entry, by = _entry(at, public_id), Actor.staff(at.user)
    if move not in ("offer", "withdraw", "priority"):
        raise Http404(_("We could not find that."))
    sent = at.request.POST
    version = int(sent["version"]) if sent.get("version", "").isdecimal() and len(sent["version"]) < 9 else -1
    try:
        if move == "offer":
            if entry.version != version:
                raise errors.QueueMovedOn(version=entry.version)
            services.offer_now(entry=entry, by=by)
        elif move == "withdraw":
            form = forms.WithdrawForm(sent)
            reason = form.cleaned_data["reason"] if form.is_valid() else ""
            services.leave_waitlist(entry=entry, by=by, reason=reason, expected_version=version)
        else:
            chosen = forms.PriorityForm(sent)
            if not chosen.is_valid():
                return _entry_panel(at, entry, status=422)
            priority = StandbyPriority(chosen.cleaned_data["priority"])
            services.set_priority(entry=entry, priority=priority, by=by, expected_version=version)
    except DomainError as refusal:
        if at.is_htmx and sent.get("from") != "dialog":
            return HttpResponse(_list_html(at, refusal=said_by(refusal)), status=409)
        return _entry_panel(at, _entry(at, public_id), said_by(refusal), 409)
    return _list_done(at, move, entry)


# --- The queue at the door -------------------------------------------------------------------------------------------


def _place(at: Desk, public_id: UUID) -> QueueEntry:
    found = waitlist.queue_staffed_by(at.user).filter(restaurant=at.restaurant, public_id=public_id).first()
    if found is None:
        raise Http404(_("We found no such party in the queue."))
    return found


def add_to_queue(at: Desk) -> HttpResponse:
    plan, now = at.plan(), timezone.now()
    form = forms.QueueForm(
        at.request.POST or None, plan=plan, initial={"request_key": uuid4(), "party": 2}, auto_id="queue_%s"
    )
    form.fields["name"].required = False
    refusal, status = "", 200
    if at.request.method == "POST":
        status = 422
        if form.is_valid():
            answers = form.cleaned_data
            try:
                entry = services.join_queue(
                    restaurant_id=at.restaurant.pk,
                    party_size=answers["party"],
                    by=Actor.staff(at.user, Channel.WALK_IN),
                    guest=form.guest(),
                    area=UUID(answers["area"]) if answers["area"] else None,
                    request_key=answers["request_key"],
                )
                return _queue_done(at, "queue", entry)
            except DomainError as refused:
                refusal, status = said_by(refused), 409
    context = {"desk": at, "restaurant": at.restaurant, "form": form, "refusal": refusal, "day": at.day()}
    context |= {"doors": waitlist.doors_of(plan, now), "zone": at.restaurant.time_zone}
    return panel(at, "admin/today/_queue_add.html", _("Queue"), context, status)


def show_queue_strip(at: Desk) -> HttpResponse:
    """The queue in one line, as the floor plan shows it above the tables."""
    context = {"desk": at, "restaurant": at.restaurant, "queue": waitlist.queue_rows(at.restaurant.pk, timezone.now())}
    return render(at.request, "admin/floor/_queue_strip.html", context)


def show_place(at: Desk, public_id: UUID) -> HttpResponse:
    entry = _place(at, public_id)
    audit.record("queue.viewed", actor=at.user, target=entry)
    return _place_panel(at, entry)


def _place_panel(
    at: Desk, entry: QueueEntry, *, refusal: str = "", bound: forms.SeatForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "desk": at,
        "restaurant": at.restaurant,
        "entry": entry,
        "zone": at.restaurant.time_zone,
        "history": list(waitlist.queue_history_of(entry)),
        "day": entry.service_day,
        "refusal": refusal,
        "is_queued": entry.status == QueueStatus.QUEUED,
    }
    if at.may_run and entry.is_live:
        context["form"] = bound or _seat_form(at, entry, None)
    return panel(at, "admin/today/_place.html", entry.guest_name or _("Walk-in"), context, status)


def _seat_form(at: Desk, entry: QueueEntry, data: Any) -> forms.SeatForm:
    now = timezone.now()
    form = forms.SeatForm(data, initial={"version": entry.version}, auto_id="seat_%s")
    today = selectors.service_day_of(at.restaurant.pk, now)
    form.fields["tables"].offer(  # type: ignore[attr-defined]
        boards.tables_at(at.restaurant.pk, today, now, now + timedelta(minutes=15))
    )
    return form


def act_on_place(at: Desk, public_id: UUID, move: str) -> HttpResponse:
    """Call, seat, or take out a party of the queue; one tap on the board, or with tables chosen in the dialog."""
    entry, by = _place(at, public_id), Actor.staff(at.user, Channel.WALK_IN)
    if move not in ("notify", "seat", "leave", "remove"):
        raise Http404(_("We could not find that."))
    form = _seat_form(at, entry, at.request.POST)
    if not form.is_valid():
        return _place_panel(at, entry, bound=form, status=422)
    answers = form.cleaned_data
    version: dict[str, Any] = {"expected_version": answers["version"]}
    try:
        if move == "notify":
            services.call_to_table(entry=entry, by=by, **version)
        elif move == "seat":
            tables = answers["tables"] or None
            services.seat_from_queue(
                entry=entry,
                by=by,
                table_ids=tables,
                minutes=answers["minutes"],
                heed_seats=not answers["over_seats"],
                **version,
            )
        elif move == "leave":
            services.leave_queue(entry=entry, by=by, **version)
        else:
            services.remove_from_queue(entry=entry, by=by, **version)
    except DomainError as refusal:
        sentence = said_by(refusal)
        if at.is_htmx and at.request.POST.get("from") != "dialog":
            return HttpResponse(board_html(at, at.day(), queue_refusal=sentence), status=409)
        if at.is_htmx:
            return _place_panel(at, _place(at, public_id), refusal=sentence, status=409)
        return day_page(at, at.day(), queue_refusal=sentence, status=409)
    return _queue_done(at, move, entry)


def _queue_done(at: Desk, what: str, entry: QueueEntry) -> HttpResponse:
    told = wording.wait(entry.quoted_low or 0, entry.quoted_high or 0)
    values = {"name": entry.guest_name or _("Walk-in"), "wait": told}
    return said_done(at, at.day(), DONE[what] % values, row="t-queue")
