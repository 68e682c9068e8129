"""A special day that turns out to be another one: see who is affected, then move it with all that hangs on it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.selectors import may
from accounts.states import Ability
from bookings import services
from bookings.admin.today import Desk, at_the_desk
from bookings.forms.days import MoveDayForm
from bookings.services import Actor, DayMove
from bookings.states import Status
from core.errors import DomainError
from localization import formatting
from restaurants.models import SpecialDay


def urls(site: Any) -> list[URLPattern]:
    view = require_http_methods(["GET", "HEAD", "POST"])(at_the_desk(site, move_day))
    return [path("today/<uuid:house>/special-days/<int:pk>/move/", site.admin_view(view), name="move_special_day")]


def move_day(at: Desk, pk: int) -> HttpResponse:
    """Ask for the new date, show what would happen to whom, and do exactly that."""
    special_day = SpecialDay.objects.filter(restaurant=at.restaurant, pk=pk).first()
    if (
        special_day is None
        or not at.may_run
        or not may(at.user, Ability.EDIT_RESTAURANT, restaurant_id=at.restaurant.pk)
    ):
        raise Http404(_("We could not find that."))
    asked = at.request.POST if at.request.method == "POST" else at.request.GET
    form = MoveDayForm(asked if "to" in asked else None)
    found: DayMove | None = None
    refusal, status = "", 200
    if form.is_bound and not form.is_valid():
        status = 422
    elif form.is_bound:
        try:
            if "move" in at.request.POST:
                return _moved(at, special_day, form)
            found = services.look_at_day_move(special_day=special_day, to=form.cleaned_data["to"])
        except DomainError as refused:
            refusal, status = str(refused), refused.status
            if isinstance(refused, services.DayMoveOutdated):
                special_day.refresh_from_db()
                found = services.look_at_day_move(special_day=special_day, to=form.cleaned_data["to"])
    return _page(at, special_day, form, found, refusal, status)


def _moved(at: Desk, special_day: SpecialDay, form: MoveDayForm) -> HttpResponse:
    at.site.plan_to_change(at.request, at.restaurant.pk)
    done = services.move_special_day(
        special_day=special_day,
        to=form.cleaned_data["to"],
        by=Actor.staff(at.user),
        digest=form.cleaned_data["digest"],
        reason=form.cleaned_data["reason"],
    )
    day, count = formatting.day(done.to), len(done.moves)
    messages.success(
        at.request,
        ngettext(
            "The day is now %(day)s, and %(count)d booking went along.",
            "The day is now %(day)s, and %(count)d bookings went along.",
            count,
        )
        % {"day": day, "count": count},
    )
    at.site.plan_saved(at.request, at.restaurant.pk)
    return HttpResponseRedirect(reverse("admin:restaurants_specialday_change", args=[special_day.pk]))


def _page(
    at: Desk, special_day: SpecialDay, form: MoveDayForm, found: DayMove | None, refusal: str, status: int
) -> HttpResponse:
    if found is not None:
        initial = {"to": found.to, "digest": found.digest, "reason": form.cleaned_data.get("reason", "")}
        form = MoveDayForm(initial=initial)
    context = {
        **at.site.each_context(at.request),
        "title": _("Move %(name)s to another day") % {"name": special_day.name},
        "subtitle": at.restaurant.name,
        "special_day": special_day,
        "house": at.restaurant,
        "form": form,
        "found": found,
        "moves": [_line(at, each) for each in found.moves] if found else [],
        "stays": [_line(at, each) for each in found.stays] if found else [],
        "staying": _staying(at, found.staying) if found else [],
        "refusal": refusal,
    }
    return render(at.request, "admin/today/move_day.html", context, status=status)


def _staying(at: Desk, staying: services.Staying) -> list[dict[str, Any]]:
    """Return the kinds of what stays on its date, each with what becomes of it and where one sees to it."""
    zone = at.restaurant.time_zone

    def row(name: str, moment: Any, url: str = "") -> dict[str, str]:
        return {"name": name, "when": formatting.day_and_time(moment, zone=zone), "url": url}

    kinds = [
        (
            _("Tables just being booked or offered"),
            _("Their time ends by itself within minutes; what becomes a booking by then moves when you look again."),
            [row(each.guest_name or each.code, each.starts_at) for each in staying.holds],
        ),
        (
            _("Places on the waiting list"),
            _("They stay on the list of their date. Nobody is offered a table while the house is closed: tell them."),
            [
                row(each.guest_name, each.earliest, at.address("today_waiting", day=each.service_day))
                for each in staying.waiting
            ],
        ),
        (
            _("Guests who want to hear of a free table"),
            _("They stay with their date, and hear nothing while the house is closed then."),
            [row(each.guest_name, each.earliest) for each in staying.alerts],
        ),
        (
            _("Ticketed events"),
            _("They stay at their time, and their tickets hold. Move an event on its own page: everybody is told."),
            [
                row(each.name, each.starts_at, reverse("admin:bookings_ticketedevent_change", args=[each.pk]))
                for each in staying.events
            ],
        ),
        (
            _("Blocks"),
            _("They stay as they are, and keep their tables from sale."),
            [
                row(each.reason, each.starts_at, reverse("admin:bookings_block_change", args=[each.pk]))
                for each in staying.blocks
            ],
        ),
    ]
    return [{"title": title, "what": what, "rows": rows} for title, what, rows in kinds if rows]


def _line(at: Desk, affected: Any) -> dict[str, Any]:
    zone, booking = at.restaurant.time_zone, affected.booking
    return {
        "booking": booking,
        "was": formatting.day_and_time(booking.starts_at, zone=zone),
        "to": formatting.day_and_time(affected.starts_at, zone=zone) if affected.starts_at else "",
        "why": str(affected.refusal) if affected.refusal else "",
        "state": "" if booking.status == Status.CONFIRMED else Status(booking.status).label,
        "url": at.address("today_booking", booking.public_id),
    }
