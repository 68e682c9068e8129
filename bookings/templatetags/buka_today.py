"""Words and small look-ups of the desk's pages: `{% load buka_today %}`."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import template
from django.utils.translation import get_language_bidi, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

from bookings import terms, wording
from bookings.deposit_words import advance_of, is_paid_there, returned_by
from bookings.floor_view import FloorDay, TableState, TableView
from bookings.models import Booking, BookingHistory
from bookings.states import AdvanceState, Course, Status, SystemReason
from core import phones
from localization import formatting

register = template.Library()

MOVES = {
    "approve": gettext_lazy("Approve"),
    "decline": gettext_lazy("Decline"),
    "arrive": gettext_lazy("Arrived"),
    "seat": gettext_lazy("Seat"),
    "complete": gettext_lazy("Complete"),
    "leave": gettext_lazy("Left"),
    "no-show": gettext_lazy("No-show"),
    "undo": gettext_lazy("Undo no-show"),
}


@register.filter
def move_label(move: str) -> str:
    return str(MOVES[move])


@register.simple_tag
def wait_words(low: int | None, high: int | None) -> str:
    return wording.wait(low or 0, high or 0)


@register.filter
def of_key(mapping: Mapping[Any, Any], key: Any) -> Any:
    return mapping.get(key, "")


@register.filter
def national_phone(number: str) -> str:
    return phones.national(number)


@register.filter
def points_open(booking: Booking) -> int:
    """Return how many points a guest is still owed by a booking: for coming, or because the house cancelled it."""
    is_owed = booking.status == Status.CANCELLED or wording.is_promise_open(booking)
    return booking.bonus_points if is_owed else 0


@register.filter
def history_text(entry: BookingHistory, zone: str) -> str:
    """Say what happened to a booking, in the house's words."""
    if entry.from_status != entry.to_status:
        return str(entry.get_to_status_display())
    changes = entry.changes
    parts = []
    if "starts_at" in changes:
        moment = datetime.fromisoformat(changes["starts_at"]["to"])
        parts.append(_("moved to %(when)s") % {"when": formatting.day_and_time(moment, zone=zone)})
    elif "ends_at" in changes:
        moment = datetime.fromisoformat(changes["ends_at"]["to"])
        parts.append(_("until %(time)s") % {"time": formatting.time_of_day(moment, zone=zone)})
    if "party_size" in changes:
        size = changes["party_size"]["to"]
        parts.append(ngettext("now %(count)d guest", "now %(count)d guests", size) % {"count": size})
    if "tables" in changes:
        parts.append(_("table %(tables)s") % {"tables": formatting.list_of(changes["tables"]["to"])})
    if "course" in changes:
        parts.append(str(Course(changes["course"]["to"]).label))
    if "deposit_kobo" in changes:
        parts.append(_("deposit %(amount)s") % {"amount": formatting.money(changes["deposit_kobo"]["to"])})
    if "bonus_points" in changes:
        points = changes["bonus_points"]["to"]
        parts.append(ngettext("%(count)d point promised", "%(count)d points promised", points) % {"count": points})
    if set(changes) - {"starts_at", "ends_at", "party_size", "tables", "course", "deposit_kobo", "bonus_points"}:
        parts.append(_("details changed"))
    return _("Changed: %(what)s") % {"what": ", ".join(parts)} if parts else _("Changed")


# --- Deposits ----------------------------------------------------------------------------------------------------


@register.filter
def reason_said(reason: str) -> str:
    """Return a reason as it was written, or, where nobody wrote one, in the reader's language."""
    return str(SystemReason(reason).label) if reason in SystemReason.values else reason


@register.filter
def deposit_note(booking: Booking) -> str:
    """Say what the desk is to know of a booking's deposit; nothing where there is none, or none any more."""
    advance = advance_of(booking)
    if advance is None:
        asked = terms.deposit_kobo(booking.policy) if booking.is_occupying else 0
        return _("%(amount)s deposit, paid here") % {"amount": formatting.money(asked)} if asked else ""
    if advance.owed_kobo:
        by = returned_by(advance, zone=booking.restaurant.time_zone)
        return _("%(amount)s to be paid back by %(day)s") % {"amount": formatting.money(advance.owed_kobo), "day": by}
    if advance.missing_kobo and is_paid_there(booking):
        return _("%(amount)s of the deposit still to be paid here") % {"amount": formatting.money(advance.missing_kobo)}
    if advance.missing_kobo:
        return _("%(amount)s of the deposit is missing") % {"amount": formatting.money(advance.missing_kobo)}
    if advance.state in (AdvanceState.RECEIVED, AdvanceState.KEPT, AdvanceState.APPLIED):
        words = {"amount": formatting.money(advance.held_kobo), "state": advance.get_state_display()}
        return _("Deposit %(amount)s: %(state)s") % words
    return ""


# --- The floor plan ----------------------------------------------------------------------------------------------


@register.filter
def half(length: float) -> float:
    return length / 2


@register.filter
def below(top: float, height: float) -> float:
    """Where a note under a table stands."""
    return top + height + 1.9


@register.filter
def hour_minutes(hour: int) -> str:
    """The minute of a full hour, for an attribute: no language writes it its own way."""
    return str(hour * 60)


@register.filter
def table_note(view: TableView, zone: str) -> str:
    """Return the few letters that stand under a table on the plan."""
    if view.turn is not None and view.turn.is_seated:
        return _("%(minutes)d min") % {"minutes": view.minutes}
    if view.turn is not None and view.turn.booking is not None and not view.turn.is_over:
        return formatting.time_of_day(view.turn.starts_at, zone=zone)
    if view.state == TableState.SOON and view.next is not None:
        return formatting.time_of_day(view.next.starts_at, zone=zone)
    return ""


@register.filter
def table_line(view: TableView, zone: str) -> str:
    """Return what the plan shows of a table, in words: its state, who is there and for how long, who comes next."""
    parts = [str(view.state.label)]
    if view.table.is_step_free:
        parts.append(pgettext("of a table", "without steps"))
    turn = view.turn
    if turn is not None and turn.booking is not None:
        parts.append(_party_words(turn.booking))
        if turn.is_seated:
            parts.append(str(Course(turn.booking.course).label))
            parts.append(formatting.duration(timedelta(minutes=view.minutes)))
        parts.append(_("until %(time)s") % {"time": formatting.time_of_day(turn.ends_at, zone=zone)})
    elif turn is not None and turn.block is not None:
        parts.append(turn.block.reason)
    if view.next is not None and view.next.booking is not None:
        coming = {"time": formatting.time_of_day(view.next.starts_at, zone=zone)}
        parts.append(_("next %(time)s, %(party)s") % {**coming, "party": _party_words(view.next.booking)})
    if view.is_pressed:
        parts.append(_("runs into the next party"))
    return " · ".join(parts)


@register.filter
def table_words(view: TableView, zone: str) -> str:
    """Return a table with all that is shown of it, as a screen reader says it."""
    return _("Table %(table)s: %(line)s") % {"table": view.table.name, "line": table_line(view, zone)}


@register.filter
def party_name(booking: Booking) -> str:
    """Return whose table it is: the guest's name, or what stands for it while there is none."""
    return booking.guest_name or (_("Held") if booking.status == Status.HELD else _("Walk-in"))


def _party_words(booking: Booking) -> str:
    words = ngettext("%(name)s, %(count)d guest", "%(name)s, %(count)d guests", booking.party_size) % {
        "name": _apart(party_name(booking)),
        "count": booking.party_size,
    }
    return _("%(party)s (no steps)") % {"party": words} if booking.step_free else words


def _apart(name: str) -> str:
    """Keep a name in the other direction from turning the words around it, where there is no markup to do it."""
    return f"\u2068{name}\u2069" if get_language_bidi() else name


@register.simple_tag
def new_key() -> str:
    """Return a key for a form that is to make one booking, however often it is sent."""
    return str(uuid4())


@register.filter
def as_json(value: Any) -> str:
    """Return plain values as the script of a page reads them from an attribute."""
    return json.dumps(value)


@register.filter
def slot_clock(floor_day: FloorDay, minute: int) -> str:
    return formatting.time_of_day(floor_day.moment_at(minute), zone=floor_day.plan.zone)


@register.simple_tag
def clock_words() -> dict[str, str]:
    """Return how the reader's language writes times, for scripts; the `clock` filter writes them on pages."""
    return formatting.clock_words()
