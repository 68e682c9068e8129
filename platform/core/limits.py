"""How often something may be tried: counters in the `limits` cache, which never forgives.

While that cache cannot be reached nothing is let through: a dead Redis must not open the door to guessing.
"""

import hashlib
import ipaddress
from dataclasses import dataclass

from django.core.cache import caches
from django.http import HttpRequest
from redis.exceptions import RedisError

from core.breaker import redis_breaker
from core.errors import TooManyAttempts, Unavailable


@dataclass(frozen=True)
class Limit:
    """At most `most` failed attempts by one asker within `seconds` of the first."""

    name: str
    most: int
    seconds: int = 3600

    def take(self, asker: str) -> None:
        """Count an attempt before it is made, so that many at once cannot slip by; give_back() when it succeeds.

        :raises TooManyAttempts: when there have been enough
        :raises Unavailable: when nobody can tell how many there were
        """
        if redis_breaker.is_open:
            raise Unavailable
        key = self._key(asker)
        try:
            cache = caches["limits"]
            cache.add(key, 0, timeout=self.seconds)
            tried = cache.incr(key)
            if tried == 1:
                # Had it run out between the two statements, this one would live for ever.
                cache.touch(key, self.seconds)
        except ValueError:
            # It ran out between the first two statements: this attempt is the first of a new stretch.
            tried = 1
        except (RedisError, OSError) as error:
            redis_breaker.failed(error, f"limit {self.name}")
            raise Unavailable from error
        if tried > self.most:
            raise TooManyAttempts(retry_after=self.seconds)

    def give_back(self, asker: str) -> None:
        """Take a successful attempt out of the count."""
        try:
            caches["limits"].decr(self._key(asker))
        except ValueError:
            return
        except (RedisError, OSError) as error:
            redis_breaker.failed(error, f"limit {self.name}")

    def _key(self, asker: str) -> str:
        # Addresses and codes are nobody's business in a cache's list of keys, and may be of any length.
        return f"{self.name}:{hashlib.sha256(asker.encode()).hexdigest()[:32]}"


def address_of(request: HttpRequest) -> str:
    """Return who asks, as far as a limit is concerned: an IPv4 address, or the /64 that one IPv6 household has."""
    text = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return str(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
