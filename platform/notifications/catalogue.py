"""The catalogue of messages: what Buka writes to people, by which channels, and what each message needs to know.

The words stand in `templates/notifications/<kind>/`: `email.subject.txt`, `email.txt` and `email.html`. A value is
given ready to be read (dates, times and money formatted in the recipient's language by whoever sends).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.states import Channel

WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"']{3,2000}")


class Purpose(Enum):
    TRANSACTIONAL = "transactional"
    # Kept apart from the others: wants consent, a way out, and decent hours.
    PROMOTIONAL = "promotional"


class WrongContext(Exception):
    """A message was given too little, too much, or a value it has no words for: a mistake in the calling code."""


@dataclass(frozen=True)
class Kind:
    name: str
    label: str | Promise
    needs: frozenset[str]
    may_have: frozenset[str] = frozenset()
    # Values that choose between wordings, and the ones there are words for.
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    purpose: Purpose = Purpose.TRANSACTIONAL

    def complete(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return the context with every name a template may use; what was left out is empty.

        :raises WrongContext: when a needed value is missing or empty, unknown, or has no words
        """
        missing = sorted(name for name in self.needs if context.get(name) in (None, ""))
        if missing:
            raise WrongContext(f"{self.name} needs {', '.join(missing)}.")
        unknown = sorted(set(context) - self.needs - self.may_have)
        if unknown:
            raise WrongContext(f"{self.name} does not know {', '.join(unknown)}.")
        for name, values in self.choices.items():
            if context.get(name) not in values:
                raise WrongContext(f"{self.name} has no words for {name}={context.get(name)!r}; use one of {values}.")
        for name in context:
            if name.endswith("_url") and context[name] and not WEB_ADDRESS.fullmatch(str(context[name])):
                raise WrongContext(f"{name} of {self.name} is not a web address.")
        return dict.fromkeys(self.may_have, "") | {
            name: "" if value is None else value for name, value in context.items()
        }


_booking = frozenset({"guest_name", "restaurant_name", "code", "party_size", "when"})
_place = frozenset({"address", "landmark", "phone", "map_url"})
_claim = frozenset({"name", "restaurant_name"})

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "booking.confirmed",
            _("Booking confirmed"),
            needs=_booking | {"address", "booking_url"},
            may_have=_place | {"policy_text", "occasion", "grace_minutes"},
        ),
        Kind(
            "booking.requested",
            _("Booking requested"),
            needs=_booking | {"booking_url"},
            may_have=_place | {"policy_text", "occasion"},
        ),
        Kind(
            "booking.changed",
            _("Booking changed"),
            needs=_booking | {"address", "booking_url"},
            may_have=_place | {"policy_text", "occasion", "grace_minutes"},
        ),
        Kind(
            "booking.cancelled",
            _("Booking cancelled"),
            needs=_booking | {"cancelled_by"},
            may_have=frozenset({"phone", "reason", "policy_text", "restaurant_url"}),
            choices={"cancelled_by": ("diner", "restaurant")},
        ),
        Kind(
            "booking.declined",
            _("Booking declined"),
            needs=_booking,
            may_have=frozenset({"phone", "reason", "restaurant_url"}),
        ),
        Kind(
            "booking.reminder",
            _("Booking reminder"),
            needs=_booking | {"address", "booking_url", "hours_before"},
            may_have=_place | {"grace_minutes"},
            choices={"hours_before": (24, 3)},
        ),
        Kind("claim.received", _("Listing claim received"), needs=_claim),
        Kind("claim.approved", _("Listing claim approved"), needs=_claim | {"manage_url"}),
        Kind("claim.refused", _("Listing claim refused"), needs=_claim, may_have=frozenset({"reason"})),
    )
}


def kind_called(name: str) -> Kind:
    """Return the catalogue's entry.

    :raises WrongContext: for a name that is not in the catalogue
    """
    try:
        return KINDS[name]
    except KeyError:
        raise WrongContext(f"There is no message called {name!r}; the catalogue has {', '.join(KINDS)}.") from None
