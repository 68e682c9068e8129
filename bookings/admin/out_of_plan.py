"""What a change of hours, shifts, turn times, tables or special days leaves behind: bookings that no longer fit."""

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings import selectors
from bookings.selectors import OutOfPlan
from localization import formatting

NAMED = 8
REASONS = {
    "day_closed": gettext_lazy("the day is closed"),
    "outside_shifts": gettext_lazy("no shift has this time"),
    "past_hard_close": gettext_lazy("it would stay after closing time"),
    "table_not_in_use": gettext_lazy("its table is out of use"),
    "table_has_steps": gettext_lazy("it needs a table without steps, and its own has some now"),
    "tables_not_joined": gettext_lazy("its tables are no longer put together"),
    "table_too_small": gettext_lazy("its table is too small"),
    "other_area": gettext_lazy("its table is no longer in the area it asked for"),
    "turn_meets_next": gettext_lazy("with the new turn time it would run into the next party"),
}


Known = frozenset[tuple[int, str]]
"""By its key, what a booking did not fit, and why."""


def note(request: HttpRequest, restaurant_id: int) -> None:
    """Keep with the request what did not fit before its first change of a plan: that is nothing new."""
    noted = _noted(request)
    if restaurant_id not in noted:
        found = selectors.bookings_out_of_plan(restaurant_id)
        noted[restaurant_id] = frozenset((each.booking.pk, each.reason) for each in found)


def _noted(request: HttpRequest) -> dict[int, Known]:
    kept: dict[int, Known] = vars(request).setdefault("out_of_plan_before", {})
    return kept


def warn(request: HttpRequest, restaurant_id: int) -> None:
    """Tell whoever saved the plan which bookings to come it has ceased to fit. Nobody has been moved."""
    known = _noted(request).get(restaurant_id, frozenset())
    all_found = selectors.bookings_out_of_plan(restaurant_id)
    found = [each for each in all_found if (each.booking.pk, each.reason) not in known]
    if not found:
        return
    sentence = ngettext(
        "%(count)d booking to come does not fit these settings. It stands as it is; look at it:",
        "%(count)d bookings to come do not fit these settings. They stand as they are; look at them:",
        len(found),
    ) % {"count": len(found)}
    more = _("and more") if len(found) > NAMED else ""
    links = format_html_join(" · ", "{}", ((_link(each),) for each in found[:NAMED]))
    messages.warning(request, format_html("{} {} {}", sentence, links, more))


def _link(found: OutOfPlan) -> SafeString:
    booking = found.booking
    where = reverse("admin:today_booking", args=[booking.restaurant.public_id, booking.public_id])
    words = _("%(code)s, %(day)s %(time)s, %(name)s (%(reason)s)") % {
        "code": booking.code,
        "day": formatting.short_day(booking.starts_at, zone=booking.restaurant.time_zone),
        "time": formatting.time_of_day(booking.starts_at, zone=booking.restaurant.time_zone),
        "name": booking.guest_name or booking.get_status_display(),
        "reason": REASONS[found.reason],
    }
    return format_html('<a href="{}">{}</a>', where, words)
