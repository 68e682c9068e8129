"""A booking by telephone or WhatsApp in one line; what the line leaves open, the form asks for."""

from datetime import date, time
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import quick_line, selectors
from bookings.admin.today import Desk, book_or_ask, done, panel, slots_of
from bookings.availability import slot_times
from bookings.forms import desk
from core import phones
from localization import formatting
from restaurants.service_plan import ServicePlan


def take(at: Desk) -> HttpResponse:
    """Book what the line says, when it says enough; else open the form with what it said."""
    now, plan = timezone.now(), at.plan()
    today = selectors.service_day_of(at.restaurant.pk, now)
    said = quick_line.read(at.request.POST.get("line", ""), today)
    day = max(said.day or at.day(), today)
    clock = _meant(plan, day, said.clock) if said.clock else None
    data: dict[str, Any] = {
        "name": said.name,
        "phone": said.phone,
        "party": said.party or 2,
        "day": day.isoformat(),
        "clock": clock.strftime("%H:%M") if clock else "",
        "channel": said.channel.value,
        "notes": said.notes,
        "request_key": at.request.POST.get("request_key") or str(uuid4()),
    }
    form = desk.DeskBookingForm(data, auto_id="book_%s")
    form.offer(plan, slots_of(plan, day, said.party or 2, now), now=now)
    refusal, status = _not_understood(said), 200
    if said.is_complete and form.is_valid():
        booking, refusal, status = book_or_ask(at, form)
        if booking is not None:
            return done(at, day, "book", booking)
    elif not said.is_complete:
        # Nobody is told off for what they have not typed yet.
        form = desk.DeskBookingForm(initial={**data, "phone": _readable(said.phone)}, auto_id="book_%s")
        form.offer(plan, slots_of(plan, day, said.party or 2, now), now=now)
        status = 422 if refusal else 200
    else:
        status = 422
    context = {"desk": at, "restaurant": at.restaurant, "form": form, "refusal": refusal, "day": day}
    return panel(at, "admin/today/_book.html", _("New booking"), context, status)


def _not_understood(said: quick_line.QuickLine) -> str:
    """Say what stands in the line and means nothing: it is neither dropped nor made part of a name."""
    sentences = []
    if said.past:
        sentences.append(_("“%(word)s” has passed.") % {"word": said.past})
    if said.unread:
        words = formatting.list_of([f"“{word}”" for word in said.unread])
        sentences.append(_("Not understood: %(words)s.") % {"words": words})
    if said.phone and not said.is_complete:
        try:
            phones.normalise(said.phone)
        except ValidationError as wrong:
            sentences.append(f"“{said.phone}”: {wrong.messages[0]}")
    return " ".join(sentences)


def _readable(phone: str) -> str:
    try:
        return phones.normalise(phone) if phone else ""
    except ValidationError:
        return phone


def _meant(plan: ServicePlan, day: date, clock: time) -> time:
    """Return the time as the house understands it: `7:30` is in the evening where nobody eats in the morning."""
    starts = {slot.starts_at.astimezone(plan.zone).time() for slot in slot_times(plan, day)}
    later = clock.replace(hour=clock.hour + 12) if clock.hour < 12 else clock
    return later if clock not in starts and later in starts else clock
