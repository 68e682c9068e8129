"""What was shown to a diner, sealed: the time asked for and the times suggested beside it, each with its bonus.

Whoever books hands the seal back with the wish. The bonus is what the seal says, so no client can make one up, and a
promise once shown is kept although the prices have moved on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core import signing

SALT = "bookings.offers"
LASTS = timedelta(hours=2)
LONGEST = 600


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


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
