"""What a house's quotes learn from what they came to: by which share of the drawn waits the next one is chosen.

Pure rules over plain values. The forecast is a little too long in one house and too short in another, since nobody's
evenings are as simple as what it draws. Each party that was quoted and then seated says which: it sat within what it
was told, or not. The level moves a step down for the one and up for the other, so that in the long run the share that
sits within is the one aimed at, whatever the forecast gets wrong, and follows it when that changes (adaptive conformal
inference: Gibbs and Candès, 2021).

Who leaves before a table is free says nothing here: how long they would have waited is not known. They go more often
when a wait is long, so in a house that many leave, long waits count for less than they should, and quotes err short.
"""

from bookings.forecasting import LONGEST, TARGET

STEP = 0.02
# No run of bad evenings makes a quote worthless: neither half of the parties nor nearly all sit within it.
LEAST, MOST = 0.65, 0.95


def says_something(quoted_high: int | None) -> bool:
    """Tell whether a quote can be learned from, once the wait is known.

    A free table ("any moment now") and a wait that was cut off at the longest are no choice of the level's.
    """
    return quoted_high is not None and 0 < quoted_high < LONGEST


def learned(level: float, *, was_within: bool) -> float:
    """Return the level after one more party was seated, within what it was told or not."""
    return min(max(level + STEP * (TARGET - was_within), LEAST), MOST)
