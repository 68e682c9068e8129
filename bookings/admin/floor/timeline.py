"""The timeline: tables against hours, each party a bar that is moved or stretched by mouse, touch, keys or a form."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from bookings.admin.floor.frame import frame
from bookings.admin.today import Desk
from bookings.floor_view import FloorDay, day_on_the_floor
from bookings.states import OCCUPYING, Status


def show_timeline(at: Desk) -> HttpResponse:
    day = at.day()
    context = {**frame(at, day, _("Timeline"), "timeline"), **_context(at, day)}
    return render(at.request, "admin/floor/timeline.html", context)


def show_part(at: Desk) -> HttpResponse:
    """The bars alone, as an open page asks for them when something has changed."""
    return HttpResponse(render_to_string("admin/floor/_timeline.html", _context(at, at.day()), at.request))


def _context(at: Desk, day: date) -> dict[str, Any]:
    floor_day = day_on_the_floor(at.plan(), day)
    return {
        "desk": at,
        "restaurant": at.restaurant,
        "day": day,
        "floor_day": floor_day,
        "rows": floor_day.timeline(),
        "areas": {area.id: area.name for area in floor_day.floor.areas},
        "rules": _rules(floor_day),
        "now_minute": _now_minute(floor_day),
        "zone": floor_day.plan.zone.key,
    }


def _now_minute(floor_day: FloorDay) -> int | None:
    """Return where the line of the present stands; None where the hours shown are past or have yet to begin."""
    minute = floor_day.minute_of(floor_day.now)
    return minute if floor_day.is_today and 0 <= minute <= floor_day.span_minutes else None


def _rules(floor_day: FloorDay) -> dict[str, Any]:
    """Return what the page needs to see a conflict before the drop; the server decides again at the drop."""
    starting = [
        turn.booking
        for turn in floor_day.turns
        if turn.booking is not None and turn.booking.status in OCCUPYING | {Status.COMPLETED}
    ]
    slots = []
    for slot in floor_day.slots:
        until = slot.starts_at + timedelta(minutes=slot.shift.slot_minutes)
        here = [booking for booking in starting if slot.starts_at <= booking.starts_at < until]
        slots.append(
            {
                "minute": floor_day.minute_of(slot.starts_at),
                "covers": sum(booking.party_size for booking in here),
                "parties": len(here),
                "most_covers": slot.shift.max_covers_per_slot,
                "most_parties": slot.shift.max_parties_per_slot,
                "past": slot.starts_at < floor_day.now,
            }
        )
    return {
        "base": floor_day.hours[0].isoformat(),
        "span": floor_day.span_minutes,
        "buffer": floor_day.plan.policy.buffer_minutes,
        "slots": slots,
    }
