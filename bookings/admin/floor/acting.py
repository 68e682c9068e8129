"""Acts of the hosts: a list of them from a screen that may have been offline, or one from a plain form."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _

from bookings.admin.moved_on import what_stands
from bookings.admin.today import DONE, Desk
from bookings.errors import BookingMovedOn
from bookings.models import Booking
from bookings.refusal_words import names_tables
from bookings.services import Act, Actor, Answer, Guest, perform
from bookings.services.desk_acts import DOES, MOST_AT_ONCE
from bookings.states import Course
from bookings.templatetags.buka_today import party_name
from core import phones
from core.text import clean_name
from localization import formatting

LARGEST = 128 * 1024
MOST_TABLES = 40
LONGEST_STAY = 720
# An act that a form or screen sends, but for which Today has no sentence.
_CHANGED = "change"


class Unreadable(ValueError):
    """What was sent is no act."""


def perform_acts(at: Desk) -> HttpResponse:
    """Do a list of acts in their order, each exactly once, and answer what became of each.

    A screen that lost its connection sends what it has not heard an answer to, as often as it likes.
    """
    try:
        sent = json.loads(at.request.body[: LARGEST + 1])
        acts = [act_from(each) for each in sent["acts"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return JsonResponse({"code": "invalid_input", "sentence": _("This is no list of acts.")}, status=400)
    if not 0 < len(acts) <= MOST_AT_ONCE:
        return JsonResponse({"code": "invalid_input", "sentence": _("This is no list of acts.")}, status=400)
    answers = perform(restaurant_id=at.restaurant.pk, acts=acts, by=Actor.staff(at.user))
    return JsonResponse({"answers": [_told(at, act, answer) for act, answer in zip(acts, answers, strict=False)]})


def _told(at: Desk, act: Act, answer: Answer) -> dict[str, Any]:
    return {
        "id": str(answer.id),
        "done": answer.is_done,
        "final": answer.is_final,
        "code": answer.code,
        "sentence": _sentence(at, act, answer),
        "booking": answer.booking,
        "version": answer.version,
    }


def _sentence(at: Desk, act: Act, answer: Answer) -> str:
    """Say whose act was not done and why not; to whom came second, also who was first and how it stands.

    A host may read it long after, among others: it names the guest and the table.
    """
    if answer.is_done:
        return answer.sentence
    sentence = answer.sentence
    about: list[str] = []
    booking = Booking.objects.filter(restaurant=at.restaurant, public_id=act.booking).first() if act.booking else None
    if booking is not None:
        if answer.code == BookingMovedOn.code:
            sentence = f"{sentence} {what_stands(booking.pk)}"
        about.append(party_name(booking))
        kept = booking.allocations.order_by("table__name").values_list("table__name", flat=True)
        # Who has been cancelled keeps rows that are live no more; two moves may have left two of one table.
        tables = list(dict.fromkeys(kept))
    else:
        names = at.plan().table_names
        tables = [names[table] for table in act.tables if table in names]
    # What names the tables that it is about needs no others beside them.
    if tables and not names_tables(sentence, tables):
        about.append(_("table %(tables)s") % {"tables": formatting.list_of(tables)})
    if not about:
        return sentence
    return _("%(about)s: %(sentence)s") % {"about": ", ".join(about), "sentence": sentence}


def do(at: Desk) -> HttpResponse:
    """Do one act that a form has sent, and lead back to the screen it came from."""
    form = at.request.POST
    where = at.address("timeline" if form.get("from") == "timeline" else "floor", day=at.day())
    try:
        act = act_from(_from_form(form))
    except (ValueError, KeyError, TypeError):
        messages.error(at.request, _("Please correct what is marked."))
        return HttpResponseRedirect(where)
    answer = perform(restaurant_id=at.restaurant.pk, acts=[act], by=Actor.staff(at.user))[0]
    if answer.is_done:
        booking = Booking.objects.filter(restaurant=at.restaurant, public_id=answer.booking).first()
        name = (booking.guest_name if booking else "") or _("Walk-in")
        messages.success(at.request, str(DONE.get(act.what, DONE[_CHANGED])) % {"name": name})
    else:
        messages.error(at.request, _sentence(at, act, answer))
    return HttpResponseRedirect(where)


def _from_form(form: Any) -> dict[str, Any]:
    sent: dict[str, Any] = {name: value for name, value in form.items() if value}
    sent["tables"] = [int(table) for table in form.getlist("tables")]
    if "seating" in sent:
        # A choice among parties, each as the host saw it.
        sent["booking"], _at, sent["version"] = sent.pop("seating").partition("@")
    for name in ("version", "party", "minutes"):
        if name in sent:
            sent[name] = int(sent[name])
    if sent.get("do") == "move":
        starts_at = datetime.fromisoformat(sent["starts_at"])
        sent["ends_at"] = (starts_at + timedelta(minutes=sent.pop("minutes"))).isoformat()
    for name in ("over_pacing", "over_seats"):
        sent[name] = bool(sent.get(name))
    return sent


# --- From plain values to an act ---------------------------------------------------------------------------------


def act_from(sent: Mapping[str, Any]) -> Act:
    """Return the act that plain values describe.

    :raises Unreadable: when they make no sense
    """
    what = sent["do"]
    if what not in DOES:
        raise Unreadable(what)
    tables = sent.get("tables") or []
    if not isinstance(tables, list) or len(tables) > MOST_TABLES:
        raise Unreadable("tables")
    course = sent.get("course") or ""
    if course not in Course.values:
        raise Unreadable("course")
    return Act(
        id=UUID(str(sent["id"])),
        what=what,
        booking=UUID(str(sent["booking"])) if sent.get("booking") else None,
        version=_whole(sent.get("version"), most=2**31 - 1),
        after=UUID(str(sent["after"])) if sent.get("after") else None,
        tables=tuple(sorted({_key(table) for table in tables})),
        starts_at=_instant(sent.get("starts_at")),
        ends_at=_instant(sent.get("ends_at")),
        party=_whole(sent.get("party"), most=400),
        minutes=_whole(sent.get("minutes"), most=LONGEST_STAY),
        over_pacing=sent.get("over_pacing") is True,
        over_seats=sent.get("over_seats") is True,
        course=course,
        guest=Guest(name=_name(sent.get("name")), phone=_phone(sent.get("phone"))),
    )


def _key(value: Any) -> int:
    key = _whole(value, most=2**62)
    if key is None:
        raise Unreadable("tables")
    return key


def _whole(value: Any, *, most: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        raise Unreadable(value)
    return value


def _instant(value: Any) -> datetime | None:
    if not value:
        return None
    moment = datetime.fromisoformat(str(value)[:40])
    if moment.tzinfo is None or not 2000 < moment.year < 2200:
        raise Unreadable(value)
    return moment


def _name(value: Any) -> str:
    try:
        return clean_name(str(value or "")[:400], max_length=100)
    except ValidationError as error:
        raise Unreadable("name") from error


def _phone(value: Any) -> str:
    try:
        return phones.normalise(str(value)[:40]) if value else ""
    except ValidationError as error:
        raise Unreadable("phone") from error
