"""For how long whoever was refused has to wait: allauth counts, and says yes or no, but not until when.

Its one function that counts is wrapped when the app starts, so that every refusal leaves behind on the request when it
ends (`core.limits.refused`). Pages, doors and headers read it there; tests/test_waiting.py holds on to what is expected
of allauth.
"""

import math
import time
from typing import Any

from allauth.core import context as allauth_context
from allauth.core.exceptions import RateLimited
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from core import limits
from core.errors import TooManyAttempts
from core.limits import Standing
from localization.formatting import wait

_allauths_own = ratelimit._consume_single_rate


def install() -> None:
    """Put the function that notes refusals in the place of allauth's."""
    ratelimit._consume_single_rate = _consume_single_rate


def _consume_single_rate(
    request: Any, *, rate: Any, dry_run: bool = False, raise_exception: bool = False, **of: Any
) -> Any:
    usage = _allauths_own(request, rate=rate, dry_run=dry_run, **of)
    if usage is None:
        limits.note_refusal(request, Standing(rate.amount, 0, _seconds_left(request, rate, of)))
        if raise_exception:
            raise RateLimited
    return usage


def _seconds_left(request: Any, rate: Any, of: dict[str, Any]) -> int:
    """Return after how many seconds the oldest of the tries that fill the limit stops to count."""
    history = cache.get(ratelimit.get_cache_key(request, rate=rate, **of), [])
    if len(history) < rate.amount:
        # Refused because others were counting at the same moment.
        return 1
    return max(1, math.ceil(history[rate.amount - 1] + rate.duration - time.time()))


def note(request: Any, refusal: TooManyAttempts) -> None:
    """Leave a refusal of our own limits where allauth's leave theirs."""
    limits.note_refusal(request, Standing(refusal.limit or 0, 0, refusal.retry_after or 60))


def _seconds() -> int | None:
    request = allauth_context.request
    standing = limits.refused(request) if request is not None else None
    return None if standing is None else standing.seconds


def _locked() -> str:
    seconds = _seconds()
    if seconds is None:
        return _("That was wrong too often. Please start again.")
    return _("Too many tries. Try again in %(time)s, or log in another way.") % {"time": wait(seconds)}


def _too_quick() -> str:
    return _("That was too quick. Try again in %(time)s.") % {"time": wait(_seconds() or 1)}


# Put into words when they are read: allauth looks its sentences up before it knows of a refusal.
too_many_tries: Any = lazy(_locked, str)()
too_quick: Any = lazy(_too_quick, str)()
