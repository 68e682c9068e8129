"""A booking in plain words, for the person who made it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.card_words import waits_for_card
from bookings.deposit_words import advance_of, is_hold_over
from bookings.models import Booking, BookingHistory
from bookings.states import FOR_THE_GUEST, Status
from bookings.terms import deposit_due_hours, is_due_before
from localization import formatting
from restaurants.service_plan import ServicePlan, TermsPlan

HEADINGS = {
    Status.HELD: gettext_lazy("Your table is kept for a moment"),
    Status.REQUESTED: gettext_lazy("The restaurant has your request"),
    Status.CONFIRMED: gettext_lazy("Your table is booked"),
    Status.ARRIVED: gettext_lazy("Welcome: the restaurant knows you are here"),
    Status.SEATED: gettext_lazy("Enjoy your meal"),
    Status.COMPLETED: gettext_lazy("Thank you for your visit"),
    Status.CANCELLED: gettext_lazy("This booking is cancelled"),
    Status.NO_SHOW: gettext_lazy("The restaurant waited for you"),
    Status.LEFT: gettext_lazy("You left before you were seated"),
    Status.DECLINED: gettext_lazy("The restaurant cannot take this booking"),
    Status.EXPIRED: gettext_lazy("This table has been given back"),
}
TONES = {
    Status.CONFIRMED: "good",
    Status.ARRIVED: "good",
    Status.SEATED: "good",
    Status.COMPLETED: "good",
    Status.HELD: "wait",
    Status.REQUESTED: "wait",
}

# In these a party may yet come, or is there: what was promised for its coming still stands.
PROMISING = frozenset({Status.HELD, Status.REQUESTED, Status.CONFIRMED, Status.ARRIVED, Status.SEATED})


@dataclass(frozen=True)
class Line:
    """One entry of a booking's history as its guest reads it."""

    at: datetime
    text: str
    reason: str = ""


def heading_of(booking: Booking, now: datetime | None = None) -> str:
    if booking.status == Status.HELD and advance_of(booking) is not None:
        is_over = is_hold_over(booking, now or timezone.now())
        return _("Your table was held until now") if is_over else _("Your table is held for the deposit")
    if waits_for_card(booking):
        is_over = is_hold_over(booking, now or timezone.now())
        return _("Your table was held until now") if is_over else _("Your table is held for your card")
    return str(HEADINGS[Status(booking.status)])


def tone_of(booking: Booking) -> str:
    """Return good, wait or bad, for the colour of its mark."""
    if is_hold_over(booking, timezone.now()):
        return "bad"
    return TONES.get(Status(booking.status), "bad")


def guests(count: int) -> str:
    return ngettext("%(count)d guest", "%(count)d guests", count) % {"count": count}


def deposits_of_dates(policy: Mapping[str, Any]) -> list[str]:
    """Return what to say of the deposit of each date of a repeated booking; nothing where none is due before."""
    if not is_due_before(policy):
        return []
    hours = deposit_due_hours(policy, of_a_date=True)
    sentence = ngettext(
        "Each date has a deposit of its own, due %(count)d hour before it; without it the date is given back.",
        "Each date has a deposit of its own, due %(count)d hours before it; without it the date is given back.",
        hours,
    )
    return [sentence % {"count": hours}]


def wait(low: int, high: int) -> str:
    """Return a quote for the queue as every door says it: any moment, so many minutes, or from so many to so many.

    :param low: minutes from now
    :param high: minutes from now
    """
    if high <= 0:
        return _("any moment now")
    if low <= 0:
        return ngettext("up to %(count)d minute", "up to %(count)d minutes", high) % {"count": high}
    if low >= high:
        return ngettext("about %(count)d minute", "about %(count)d minutes", high) % {"count": high}
    return _("%(low)d to %(high)d minutes") % {"low": low, "high": high}


def price(deposit_kobo: int, minimum_spend_kobo: int) -> str:
    """Return what a time asks for, short enough to stand beside it; nothing where it is free."""
    parts = []
    if deposit_kobo:
        parts.append(_("deposit %(amount)s") % {"amount": formatting.money(deposit_kobo)})
    if minimum_spend_kobo:
        parts.append(_("minimum spend %(amount)s") % {"amount": formatting.money(minimum_spend_kobo)})
    return " · ".join(parts)


def is_promise_open(booking: Booking) -> bool:
    """Tell whether points are promised with a booking that its guest may yet earn by coming."""
    return bool(booking.bonus_points) and booking.status in PROMISING


def points_promised(booking: Booking) -> str:
    """Return what a guest is promised beside the table and has not got yet, as a sentence; nothing where it is none."""
    count = booking.bonus_points
    if not is_promise_open(booking):
        return ""
    return ngettext(
        "%(count)d point is promised to you: it is yours once you have come.",
        "%(count)d points are promised to you: they are yours once you have come.",
        count,
    ) % {"count": count}


def points_at_stake(booking: Booking) -> str:
    """Return that another time forfeits the promised points, where it does (services.changing)."""
    if not booking.bonus_points or not booking.suggested_times:
        return ""
    count = booking.bonus_points
    return ngettext(
        "%(count)d point is promised to you for this time. At another time it is not given.",
        "%(count)d points are promised to you for this time. At another time they are not given.",
        count,
    ) % {"count": count}


def special_terms(terms: TermsPlan, plan: ServicePlan) -> str:
    """Return special terms of a house as one sentence: for whom and when, and what is asked."""
    return _("%(name)s (%(when)s): %(what)s.") % {
        "name": terms.name,
        "when": _for_whom(terms, plan),
        "what": formatting.list_of(_asked(terms)) or _("no deposit"),
    }


def _for_whom(terms: TermsPlan, plan: ServicePlan) -> str:
    parts = []
    if terms.special_day is not None:
        parts.append(formatting.day(terms.special_day))
    elif terms.weekdays:
        parts.append(formatting.list_of(formatting.weekday(day) for day in sorted(terms.weekdays)))
    clocks = {"first": terms.starts_from, "last": terms.starts_before}
    told = {name: formatting.time_of_day(clock) for name, clock in clocks.items() if clock is not None}
    if len(told) == 2:
        parts.append(_("starting from %(first)s and before %(last)s") % told)
    elif "first" in told:
        parts.append(_("starting from %(first)s") % told)
    elif "last" in told:
        parts.append(_("starting before %(last)s") % told)
    sizes = {"smallest": terms.from_party, "largest": terms.to_party}
    if terms.to_party is not None:
        parts.append(_("parties of %(smallest)d to %(largest)d") % sizes)
    elif terms.from_party > 1:
        parts.append(_("parties of %(smallest)d and more") % sizes)
    parts += [area.name for area in plan.areas if area.id == terms.area_id]
    return ", ".join(parts) or _("each booking")


def _asked(terms: TermsPlan) -> list[str]:
    amounts = {
        _("a deposit of %(amount)s a head"): terms.deposit_kobo_per_guest,
        _("a deposit of %(amount)s a party"): terms.deposit_kobo_per_party,
        _("a minimum spend of %(amount)s a head"): terms.minimum_spend_kobo_per_guest,
        _("a minimum spend of %(amount)s a table"): terms.minimum_spend_kobo_per_party,
        _("a fee of %(amount)s a head if nobody comes"): terms.no_show_fee_kobo_per_guest,
        _("a fee of %(amount)s a head for cancelling late"): terms.late_cancellation_fee_kobo_per_guest,
    }
    asked = [words % {"amount": formatting.money(kobo)} for words, kobo in amounts.items() if kobo]
    if terms.free_cancellation_hours is not None:
        count = terms.free_cancellation_hours
        free = ngettext(
            "free to cancel until %(count)d hour before", "free to cancel until %(count)d hours before", count
        )
        asked.append(free % {"count": count})
    return asked


def lines_of(history: Iterable[BookingHistory], *, zone: str) -> list[Line]:
    """Return what happened, without what is the house's own affair, such as which table it was."""
    lines = []
    for entry in history:
        for text in _texts(entry, zone):
            is_for_guest = (
                entry.to_status in (Status.CANCELLED, Status.DECLINED) and entry.actor_kind not in FOR_THE_GUEST
            )
            lines.append(Line(entry.at, text, entry.reason if is_for_guest else ""))
    return lines


def _texts(entry: BookingHistory, zone: str) -> list[str]:
    if entry.from_status == entry.to_status:
        return _changes(entry.changes, is_own=entry.actor_kind in FOR_THE_GUEST, zone=zone)
    text = _move(entry)
    return [text] if text else []


def _move(entry: BookingHistory) -> str:
    is_own = entry.actor_kind in FOR_THE_GUEST
    status = Status(entry.to_status)
    if not entry.from_status:
        if status == Status.REQUESTED:
            return _("You asked for this table.")
        if status == Status.HELD:
            return _("The table was held.")
        return _("You booked this table.") if is_own else _("The restaurant wrote this booking down.")
    if status == Status.CANCELLED:
        return _("You cancelled the booking.") if is_own else _("The restaurant cancelled the booking.")
    if status == Status.CONFIRMED and entry.from_status == Status.NO_SHOW:
        return _("The restaurant corrected the no-show.")
    sentences = {
        Status.CONFIRMED: _("The booking was confirmed."),
        Status.HELD: _("The restaurant said yes, and holds the table for the deposit."),
        Status.DECLINED: _("The restaurant declined the request."),
        Status.ARRIVED: _("You arrived."),
        Status.SEATED: _("You were shown to your table."),
        Status.COMPLETED: _("The visit ended."),
        Status.NO_SHOW: _("Nobody came within the time the table was kept."),
        Status.LEFT: _("You left before you were seated."),
        Status.EXPIRED: _("The table was given back."),
    }
    return sentences.get(status, "")


def _changes(changes: dict[str, Any], *, is_own: bool, zone: str) -> list[str]:
    texts = []
    if "starts_at" in changes:
        when = formatting.day_and_time(datetime.fromisoformat(changes["starts_at"]["to"]), zone=zone)
        own, other = _("You moved the booking to %(when)s."), _("The restaurant moved the booking to %(when)s.")
        texts.append((own if is_own else other) % {"when": when})
    if "party_size" in changes:
        values = {"guests": guests(changes["party_size"]["to"])}
        own = _("You changed the number of guests: now %(guests)s.")
        other = _("The restaurant changed the number of guests: now %(guests)s.")
        texts.append((own if is_own else other) % values)
    if "area" in changes:
        area = changes["area"]["to"]
        texts.append(_("Area: %(area)s.") % {"area": area} if area else _("Area: anywhere in the house."))
    if "deposit_kobo" in changes:
        amount = formatting.money(changes["deposit_kobo"]["to"])
        texts.append(_("Deposit for this party: %(amount)s.") % {"amount": amount})
    if "minutes_late" in changes:
        minutes = changes["minutes_late"]["to"]
        texts.append(late(minutes, is_own=is_own) if minutes else _("The party comes on time after all."))
    if {"guest_name", "guest_phone", "guest_email", "notes", "step_free", "occasion"} & set(changes):
        texts.append(_("You changed your details.") if is_own else _("The restaurant changed your details."))
    return texts


def late(minutes: int, *, is_own: bool) -> str:
    """Return the sentence that tells how late a party is going to be."""
    if is_own:
        text = ngettext(
            "You said that you come %(count)d minute late.", "You said that you come %(count)d minutes late.", minutes
        )
    else:
        text = ngettext(
            "The restaurant noted that you come %(count)d minute late.",
            "The restaurant noted that you come %(count)d minutes late.",
            minutes,
        )
    return text % {"count": minutes}
