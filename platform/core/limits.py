"""How often something may be tried: counted in Redis, so that several processes count together.

While Redis is away nobody can tell how often something was tried. A limit against guessing then lets nothing through:
a dead Redis must not open the door. A limit that only spreads load goes on counting in each process for itself.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from redis.exceptions import RedisError

from core.breaker import redis_breaker
from core.errors import TooManyAttempts, Unavailable
from core.households import household
from core.redis import client
from core.redis import key as redis_key

# Counting and giving the count its end in one step: a count without an end would shut somebody out for ever.
_COUNT = """
local tried = redis.call("INCR", KEYS[1])
local left = redis.call("PTTL", KEYS[1])
if left < 0 then
  redis.call("PEXPIRE", KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {tried, left}
"""
_GIVE_BACK = """
if tonumber(redis.call("GET", KEYS[1]) or "0") > 0 then
  redis.call("DECR", KEYS[1])
end
"""
MOST_KEPT_HERE = 10_000
_NOTED = "_limit_standing"
_REFUSED = "_limit_refused"


@dataclass(frozen=True)
class Standing:
    """Where an asker stands with a limit, as the headers `RateLimit-*` tell."""

    most: int
    left: int
    seconds: int
    """until the count begins anew"""

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.most),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.seconds),
        }

    def is_closer_than(self, other: "Standing") -> bool:
        return self.left < other.left


class CountsHere:
    """Counts of this process, while there are no common ones."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._clock = clock

    def count(self, asker: str, seconds: int) -> tuple[int, int]:
        now = self._clock()
        with self._lock:
            tried, until = self._counts.get(asker, (0, 0.0))
            if now >= until:
                tried, until = 0, now + seconds
            self._counts[asker] = (tried + 1, until)
            if len(self._counts) > MOST_KEPT_HERE:
                self._counts = {name: kept for name, kept in self._counts.items() if kept[1] > now}
                if len(self._counts) > MOST_KEPT_HERE:
                    self._counts.clear()
        return tried + 1, int((until - now) * 1000)


@dataclass(frozen=True)
class Limit:
    """At most `most` attempts by one asker within `seconds` of the first.

    :param spreads_load: go on, counting in each process for itself, while Redis is away; never for what can be guessed
    """

    name: str
    most: int
    seconds: int = 3600
    spreads_load: bool = False
    _here: CountsHere = field(default_factory=CountsHere, repr=False, compare=False)

    def take(self, asker: str) -> Standing:
        """Count an attempt before it is made, so that many at once cannot slip by; give_back() when it succeeds.

        :raises TooManyAttempts: when there have been enough
        :raises Unavailable: when nobody can tell how many there were
        """
        tried, milliseconds = self._count(asker)
        standing = Standing(self.most, max(0, self.most - tried), max(1, -(-milliseconds // 1000)))
        if tried > self.most:
            raise TooManyAttempts(retry_after=standing.seconds, limit=self.most)
        return standing

    def give_back(self, asker: str) -> None:
        """Take a successful attempt out of the count."""
        try:
            if not redis_breaker.is_open:
                client().eval(_GIVE_BACK, 1, self._key(asker))
        except (RedisError, OSError) as error:
            redis_breaker.failed(error, f"limit {self.name}")

    def _count(self, asker: str) -> tuple[int, int]:
        error: Exception | None = None
        if not redis_breaker.is_open:
            try:
                answer: Any = client().eval(_COUNT, 1, self._key(asker), str(self.seconds * 1000))
                return int(answer[0]), int(answer[1])
            except (RedisError, OSError) as away:
                redis_breaker.failed(away, f"limit {self.name}")
                error = away
        if not self.spreads_load:
            raise Unavailable from error
        return self._here.count(asker, self.seconds)

    def _key(self, asker: str) -> str:
        # Addresses and codes are nobody's business in a store's list of keys, and may be of any length.
        return redis_key("limits", self.name, hashlib.sha256(asker.encode()).hexdigest()[:32])


def note(request: Any, standing: Standing) -> None:
    """Have the answer to this request tell where its asker stands; of several limits the closest is told.

    :param request: Django's or the API's
    """
    inner = getattr(request, "_request", request)
    known: Standing | None = getattr(inner, _NOTED, None)
    if known is None or standing.is_closer_than(known):
        setattr(inner, _NOTED, standing)


def noted(request: HttpRequest) -> Standing | None:
    """Return what was noted for the answer to this request: the limit that refused it, else the closest."""
    return refused(request) or getattr(request, _NOTED, None)


def note_refusal(request: Any, standing: Standing) -> None:
    """Have the answer to this request tell when the limit that refuses it lets its asker try again.

    :param request: Django's or the API's
    """
    setattr(getattr(request, "_request", request), _REFUSED, standing)


def refused(request: Any) -> Standing | None:
    """Return where this request's asker stands with the limit that refused it; None when none did.

    :param request: Django's or the API's
    """
    return getattr(getattr(request, "_request", request), _REFUSED, None)


def address_of(request: HttpRequest) -> str:
    """Return who asks, as far as a limit is concerned: an IPv4 address, or the /64 that one IPv6 household has."""
    return household(str(request.META.get("REMOTE_ADDR", "")))
