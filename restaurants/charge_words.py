"""Taxes and charges in the words that guests read before they pay."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from localization import formatting
from restaurants.charges import Charge, bill_of, of_which
from restaurants.models import ChargeLine

# What an estimate is shown for.
EXAMPLE_KOBO = 1_000_000


def named(line: Charge | ChargeLine) -> str:
    """Return a line's name with its rate: `VAT (7.5%)`."""
    return _("%(name)s (%(rate)s)") % {"name": line.name, "rate": rate(line.rate_bp)}


def rate(bp: int) -> str:
    """Return hundredths of a per cent as people read them."""
    return f"{formatting.number(Decimal(bp) / 100)}%"


def contained(amount_kobo: int, lines: Sequence[ChargeLine]) -> list[tuple[str, str]]:
    """Return what of an all-in price each line is: its name and its amount. Nothing of what is for free."""
    if not amount_kobo:
        return []
    return [(named(charge), formatting.money(charge.kobo)) for charge in of_which(amount_kobo, lines).charges]


def of_tickets(lines: Sequence[ChargeLine]) -> str:
    """Return the sentence beside the prices of tickets; nothing for a house without lines."""
    if not lines:
        return ""
    names = formatting.list_of(named(line) for line in lines)
    return _("The prices are all that you pay. They contain: %(lines)s.") % {"lines": names}


def of_meals(lines: Sequence[ChargeLine]) -> list[str]:
    """Return what is said beside a menu: what its prices contain, what comes on top, and what that makes of a bill."""
    within = [named(line) for line in lines if line.is_included]
    on_top = [named(line) for line in lines if not line.is_included]
    said = []
    if within:
        said.append(_("The prices contain: %(lines)s.") % {"lines": formatting.list_of(within)})
    if on_top:
        said.append(
            _("On top of the prices come: %(lines)s. Dishes for %(prices)s make a bill of about %(bill)s.")
            % {
                "lines": formatting.list_of(on_top),
                "prices": formatting.money(EXAMPLE_KOBO),
                "bill": formatting.money(bill_of(EXAMPLE_KOBO, lines).total_kobo),
            }
        )
    return said
