"""The floor plan: every table at a moment, drawn by the server, with a list beside it that says the same."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings import board as boards
from bookings.admin.floor.frame import frame
from bookings.admin.today import Desk, panel
from bookings.floor_view import SIGNS, SOON, FloorDay, TableState, TableView, Turn, day_on_the_floor
from bookings.forms.floor import move_form
from bookings.models import Booking
from bookings.states import Course, Status
from bookings.templatetags.buka_today import MOVES, party_name
from core import audit
from localization import formatting
from restaurants.floor_plan import PlacedTable

# What the slider jumps by.
STEP = 15


@dataclass(frozen=True)
class Mark:
    """One kind of state with how many tables are in it, for the legend."""

    state: str
    label: str
    sign: str
    count: int


def show_floor(at: Desk) -> HttpResponse:
    day = at.day()
    context = {**frame(at, day, _("Floor plan"), "floor"), **_context(at, day)}
    return render(at.request, "admin/floor/floor.html", context)


def show_part(at: Desk) -> HttpResponse:
    """The plan alone, as an open page asks for it when something has changed or the slider was moved."""
    return HttpResponse(render_to_string("admin/floor/_floor.html", _context(at, at.day()), at.request))


def _context(at: Desk, day: date) -> dict[str, Any]:
    floor_day = day_on_the_floor(at.plan(), day)
    moment, minute = moment_asked(at.request, floor_day)
    views = floor_day.at(moment)
    names = {area.id: area.name for area in floor_day.floor.areas}
    grouped: dict[str, list[TableView]] = {name: [] for name in names.values()}
    for view in views:
        grouped[names[view.table.area_id]].append(view)
    return {
        "desk": at,
        "restaurant": at.restaurant,
        "day": day,
        "floor_day": floor_day,
        "floor": floor_day.floor,
        "views": views,
        "groups": grouped.items(),
        "moment": moment,
        "minute": minute,
        "now_minute": floor_day.minute_of(floor_day.now),
        "step": STEP,
        "legend": _legend(views),
        "state": last_state(floor_day, views, moment),
        "zone": floor_day.plan.zone.key,
    }


def moment_asked(request: HttpRequest, floor_day: FloorDay) -> tuple[datetime, int | None]:
    """Return the moment the slider stands at, and its minute; None while it follows the clock.

    Another day than today stands at its first hour of service.
    """
    asked = request.GET.get("minute", "")
    if asked.isascii() and asked.isdecimal() and len(asked) < 5:
        minute = min(int(asked), floor_day.span_minutes)
        return floor_day.moment_at(minute), minute
    if floor_day.is_today:
        return floor_day.now, None
    first = floor_day.slots[0].starts_at if floor_day.slots else floor_day.hours[0]
    return first, floor_day.minute_of(first)


def last_state(floor_day: FloorDay, views: list[TableView], moment: datetime) -> dict[str, Any]:
    """Return what the page needs to go on while there is no network: who is expected where, and words for the acts."""
    zone = floor_day.plan.zone
    parties: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    for view in views:
        turns = [turn for turn in floor_day.turns_at(view.table.id) if not turn.is_over]
        for booking in (turn.booking for turn in turns):
            if booking is not None:
                parties[str(booking.public_id)] = {
                    "name": party_name(booking),
                    "size": ngettext("%(count)d guest", "%(count)d guests", booking.party_size)
                    % {"count": booking.party_size},
                    "time": formatting.time_of_day(booking.starts_at, zone=zone),
                    "status": booking.status,
                    "version": booking.version,
                }
        tables[str(view.table.id)] = {
            "title": _("Table %(table)s") % {"table": view.table.name},
            "parties": [str(turn.booking.public_id) for turn in turns if turn.booking is not None],
            "state": view.state.value,
            "party": str(view.turn.booking.public_id)
            if view.turn and view.turn.booking and not view.turn.is_over
            else None,
            "smallest": view.table.min_party,
            "largest": view.table.max_party,
        }
    return {
        "parties": parties,
        "tables": tables,
        "words": _words(),
        "base": floor_day.hours[0].isoformat(),
        "minute": floor_day.minute_of(moment),
        "today": floor_day.is_today,
    }


def _words() -> dict[str, Any]:
    return {
        "moves": {move: str(label) for move, label in MOVES.items()},
        "statuses": {status.value: str(status.label) for status in Status},
        "guests": _("Guests"),
        "states": {state.value: str(state.label) for state in TableState},
        "signs": {state.value: SIGNS[state] for state in TableState},
        "walkIn": _("Seat a walk-in here"),
        "walkInOf": _("Walk-in of %(count)s") % {"count": "%count"},
        "waits": _("not sent yet"),
        # Said of a plan without a network, whose slider stands at another time.
        "stood": _("the plan shows %(time)s") % {"time": "%time"},
        "offline": _("There is no connection: this is how things stood. What you do is sent when it is back."),
    }


def _legend(views: list[TableView]) -> list[Mark]:
    counts = {state: sum(view.state == state for view in views) for state in TableState}
    return [Mark(state.value, str(state.label), SIGNS[state], counts[state]) for state in TableState]


# --- What a tap opens --------------------------------------------------------------------------------------------


def show_table(at: Desk, table: int) -> HttpResponse:
    """A table with its parties of the day and all that can be done with them."""
    floor_day = day_on_the_floor(at.plan(), at.day())
    placed = next((each for each in floor_day.floor.tables if each.id == table), None)
    if placed is None:
        raise Http404(_("We could not find that."))
    moment, _minute = moment_asked(at.request, floor_day)
    view = floor_day.table_at(placed, moment)
    turns = [turn for turn in floor_day.turns_at(table) if not turn.is_over and turn.block is None]
    for turn in turns:
        if turn.booking is not None:
            audit.record("booking.viewed", actor=at.user, target=turn.booking)
    context = {
        **_panel_context(at, floor_day),
        "view": view,
        "parties": [_party(at, floor_day, turn) for turn in turns],
        "is_free": view.state in (TableState.FREE, TableState.SOON) and floor_day.is_today,
        "seats": {placed.id: [placed.min_party, placed.max_party]},
        "walk_in_id": uuid4(),
        "others": _others(floor_day, view),
        "seat_id": uuid4(),
    }
    title = _("Table %(table)s") % {"table": placed.name}
    return panel(at, "admin/floor/_table.html", title, context, 200)


def _others(floor_day: FloorDay, view: TableView) -> list[Booking]:
    """Return the parties that fit this table and are expected now at another: who has arrived stands first."""
    near = [
        turn.booking
        for turn in floor_day.turns
        if turn.booking is not None
        and turn.booking.status in (Status.ARRIVED, Status.CONFIRMED)
        and view.table.id not in turn.table_ids
        and turn.booking.party_size <= view.table.max_party
        and abs(turn.booking.starts_at - floor_day.now) <= 2 * SOON
    ]
    return sorted(near, key=lambda booking: (booking.status != Status.ARRIVED, booking.starts_at))


def show_party(at: Desk, public_id: UUID) -> HttpResponse:
    """A party with all that can be done with it; what the timeline does by dragging is a form here."""
    booking = at.booking(public_id)
    floor_day = day_on_the_floor(at.plan(), booking.service_day)
    turn = floor_day.turn_of(booking)
    audit.record("booking.viewed", actor=at.user, target=booking)
    context = {
        **_panel_context(at, floor_day),
        "parties": [_party(at, floor_day, turn or Turn(booking.starts_at, booking.ends_at, (), booking=booking))],
    }
    return panel(at, "admin/floor/_parties.html", party_name(booking), context, 200)


def _panel_context(at: Desk, floor_day: FloorDay) -> dict[str, Any]:
    return {
        "desk": at,
        "restaurant": at.restaurant,
        "day": floor_day.day,
        "zone": floor_day.plan.zone.key,
        "courses": [(course.value, course.label) for course in Course],
        "from": at.request.GET.get("from", "floor"),
    }


def _party(at: Desk, floor_day: FloorDay, turn: Turn) -> dict[str, Any]:
    booking = turn.booking
    assert booking is not None  # noqa: S101  (callers leave blocks out)
    moves = _moves(floor_day, booking)
    tables: list[PlacedTable] = floor_day.free_for(turn)
    return {
        "turn": turn,
        "booking": booking,
        "moves": [(move, uuid4()) for move in moves],
        "tables": [table.name for table in floor_day.floor.tables if table.id in turn.table_ids],
        "kept": list(turn.table_ids),
        "seats": {table.id: [table.min_party, table.max_party] for table in tables},
        "minutes": int((floor_day.now - booking.seated_at).total_seconds() // 60) if booking.seated_at else 0,
        "course_id": uuid4(),
        "move_form": move_form(floor_day, turn, tables) if at.may_run and booking.is_occupying else None,
    }


def _moves(floor_day: FloorDay, booking: Booking) -> list[str]:
    """Return what one tap may do; what wants a reason is done from the opened booking."""
    return [
        move for move in boards.moves_of(floor_day.plan, booking, floor_day.now) if move not in ("decline",)
    ]  # fmt: skip
