"""When a booking that repeats comes round: the same weekday at the same wall time, whatever the clocks do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

# A year of weekly bookings, with both ends.
MOST_DATES = 53
MOST_DAYS = 371
MOST_WEEKS_BETWEEN = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """Every so many weeks from a first day on, until a last day or so many times, whichever comes first."""

    first_on: date
    at: time
    every_weeks: int = 1
    until: date | None = None
    count: int | None = None

    def dates(self) -> list[date]:
        """Return the days, at most MOST_DATES of them."""
        return list(islice(self._dates(), min(self.count or MOST_DATES, MOST_DATES)))

    def _dates(self) -> Iterator[date]:
        last = min(self.until or date.max, self.first_on + timedelta(days=MOST_DAYS))
        day = self.first_on
        while day <= last:
            yield day
            day += timedelta(weeks=self.every_weeks)

    def starts_at(self, day: date, zone: ZoneInfo) -> datetime:
        """Return the instant of the wall time on a day in the restaurant's zone."""
        return datetime.combine(day, self.at, tzinfo=zone)
