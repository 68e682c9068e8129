"""What a house's quotes learn from what they came to: how much longer than drawn its waits are.

Pure rules over plain values. The forecast is too long in one house and too short in another: turn times are somebody's
guess, and evenings are not as simple as what it draws. Each party that was quoted and then seated says which: it sat
within what it was told, or not. The stretch, by which drawn waits are multiplied, moves a step down for the one and up
for the other, so that in the long run the share that sits within is the one aimed at, whatever the forecast gets wrong,
and follows it when that changes. (Adaptive conformal inference, Gibbs and Candès, 2021, moves the level of the quantile
so; a level rises no higher than to the longest wait that was drawn, a stretch does.)

Who leaves before a table is free says nothing here: how long they would have waited is not known. They go more often
when a wait is long, so in a house that many leave, long waits count for less than they should, and quotes err short.
"""

import math

from bookings.forecasting import LONGEST, TARGET

NEUTRAL = 1.0
STEP = 0.03
# No run of bad evenings makes a quote worthless.
LEAST, MOST = 0.6, 1.8


def says_something(quoted_high: int | None) -> bool:
    """Tell whether a quote can be learned from, once the wait is known.

    A free table ("any moment now") and a wait that was cut off at the longest are nothing that was stretched.
    """
    return quoted_high is not None and 0 < quoted_high < LONGEST


def learned(stretch: float, *, was_within: bool) -> float:
    """Return the stretch after one more party was seated, within what it was told or not."""
    return min(max(stretch * math.exp(STEP * (TARGET - was_within)), LEAST), MOST)
