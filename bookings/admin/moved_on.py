"""What a host is told who comes second: who changed the booking, and how it stands now."""

from django.utils.translation import gettext as _

from bookings import selectors
from bookings.models import Booking
from bookings.templatetags.buka_today import history_text
from localization import formatting
from restaurants.service_plan import remembered_plan


def what_stands(booking_id: int) -> str:
    """Return in a sentence or two who changed a booking last, and what is true of it now; three queries."""
    booking = Booking.objects.get(pk=booking_id)
    zone = remembered_plan(booking.restaurant_id).zone
    tables = list(booking.allocations.filter(live=True).order_by("table__name").values_list("table__name", flat=True))
    facts = [str(booking.get_status_display()), formatting.time_of_day(booking.starts_at, zone=zone)]
    if tables:
        facts.append(_("table %(tables)s") % {"tables": formatting.list_of(tables)})
    stands = _("It stands so now: %(facts)s.") % {"facts": formatting.list_of(facts)}
    entry = selectors.history_of(booking).last()
    if entry is None:
        return stands
    changed = _("%(who)s, %(time)s: %(what)s.") % {
        "who": getattr(entry.actor, "name", "") or entry.get_actor_kind_display(),
        "time": formatting.time_of_day(entry.at, zone=zone),
        "what": history_text(entry, zone.key),
    }
    return f"{changed} {stands}"
