"""What was shown to a diner, sealed: the time asked for and the times suggested beside it, each with its bonus.

Whoever books hands the seal back with the wish. The bonus is what the seal says, so no client can make one up, and a
promise once shown is kept although the prices have moved on.

An apology is another kind of seal: of a booking that the house had to cancel, whose points go along to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core import signing

SALT = "bookings.offers"
LASTS = timedelta(hours=2)
LONGEST = 600
APOLOGY_SALT = "bookings.apologies"
# Whoever was sent away may need a while before they like to come again.
APOLOGY_LASTS = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Offer:
    """A time asked for by a party, and the suggested times with their points."""

    restaurant_id: int
    party_size: int
    asked_at: datetime
    suggested: tuple[tuple[datetime, int], ...]

    def points_for(self, starts_at: datetime) -> int:
        """Return the bonus promised for a time: none for any but the suggested ones."""
        return next((points for moment, points in self.suggested if moment == starts_at), 0)


def seal(restaurant_id: int, party_size: int, asked_at: datetime, suggested: Sequence[tuple[datetime, int]]) -> str:
    """Return an offer as a token that can be read but not made up."""
    times = [[int(moment.timestamp()), points] for moment, points in suggested]
    return signing.dumps([restaurant_id, party_size, int(asked_at.timestamp()), times], salt=SALT)


def opened(token: str, *, restaurant_id: int, party_size: int) -> Offer | None:
    """Return the offer that a token seals; None when it is made up, too old, or another party's or house's."""
    if not token or len(token) > LONGEST:
        return None
    try:
        house, size, asked_at, times = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if (house, size) != (restaurant_id, party_size):
        return None
    suggested = tuple((_moment(seconds), points) for seconds, points in times)
    return Offer(restaurant_id, party_size, _moment(asked_at), suggested)


def seal_apology(restaurant_id: int, booking: UUID) -> str:
    """Return the token that carries the points of a bumped booking over to the next one at that house."""
    return signing.dumps([restaurant_id, booking.hex], salt=APOLOGY_SALT)


def opened_apology(token: str, *, restaurant_id: int) -> UUID | None:
    """Return the bumped booking that a token apologises for; None when it is made up, too old or another house's."""
    if not token or len(token) > LONGEST:
        return None
    try:
        house, booking = signing.loads(token, salt=APOLOGY_SALT, max_age=APOLOGY_LASTS)
        return UUID(hex=booking) if house == restaurant_id else None
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
