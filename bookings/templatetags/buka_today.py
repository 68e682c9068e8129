"""Words and small look-ups of the desk's pages: `{% load buka_today %}`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.models import BookingHistory
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


@register.filter
def of_key(mapping: Mapping[Any, Any], key: Any) -> Any:
    return mapping.get(key, "")


@register.filter
def national_phone(number: str) -> str:
    return phones.national(number)


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
    if "party_size" in changes:
        size = changes["party_size"]["to"]
        parts.append(ngettext("now %(count)d guest", "now %(count)d guests", size) % {"count": size})
    if "tables" in changes:
        parts.append(_("table %(tables)s") % {"tables": formatting.list_of(changes["tables"]["to"])})
    if set(changes) - {"starts_at", "party_size", "tables"}:
        parts.append(_("details changed"))
    return _("Changed: %(what)s") % {"what": ", ".join(parts)} if parts else _("Changed")
