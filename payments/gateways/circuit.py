"""Which gateway is left alone for a while because it failed too often: known to every process, through Redis.

Closed, calls pass; each failure counts one, and each answer takes one off, for of many calls some always fail. At
`failures` within `window_seconds` the circuit opens, and nobody asks for `open_seconds`. Then one caller at a time may
try (half-open): what succeeds closes it, what fails opens it again. While Redis is away it is closed: that costs the
wait for a gateway that is down, and nothing else.
"""

from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from core.breaker import redis_breaker
from core.redis import client
from core.redis import key as redis_key

# Only Redis's own clock counts, as the lives of keys: no two machines have to agree on the time.
_LETS_THROUGH = """
if redis.call("EXISTS", KEYS[1]) == 1 then return 0 end
if redis.call("EXISTS", KEYS[2]) == 0 then return 1 end
if redis.call("SET", KEYS[3], "1", "NX", "PX", ARGV[1]) then return 1 end
return 0
"""
_FAILED = """
if redis.call("EXISTS", KEYS[2]) == 0 then
  local failures = redis.call("INCR", KEYS[4])
  if failures == 1 or redis.call("PTTL", KEYS[4]) < 0 then redis.call("PEXPIRE", KEYS[4], ARGV[2]) end
  if failures < tonumber(ARGV[1]) then return 0 end
end
redis.call("SET", KEYS[1], "1", "PX", ARGV[3])
redis.call("SET", KEYS[2], "1", "PX", ARGV[4])
redis.call("DEL", KEYS[3], KEYS[4])
return 1
"""
# What was asked before the circuit opened says nothing about afterwards.
_SUCCEEDED = """
if tonumber(redis.call("GET", KEYS[4]) or 0) > 0 then redis.call("DECR", KEYS[4]) end
if redis.call("EXISTS", KEYS[1]) == 1 or redis.call("EXISTS", KEYS[2]) == 0 then return 0 end
redis.call("DEL", KEYS[2], KEYS[3], KEYS[4])
return 1
"""
# How long one caller may try alone: longer than the longest call takes. One that dies in it is not waited for longer.
PROBE_SECONDS = 45.0
# After this nobody remembers that it was open.
REMEMBERED_SECONDS = 3600.0


@dataclass(frozen=True)
class Circuit:
    """The circuit of one gateway."""

    name: str
    failures: int = 5
    window_seconds: float = 30.0
    open_seconds: float = 20.0
    probe_seconds: float = PROBE_SECONDS

    @property
    def is_open(self) -> bool:
        """Whether nobody may ask now; looking takes nobody's turn to try."""
        return bool(self._redis("is it open?", lambda redis: redis.exists(self._keys()[0]), otherwise=0))

    def lets_through(self) -> bool:
        """Tell whether this caller may ask: every one while it is closed, one at a time after it was open."""
        milliseconds = int(self.probe_seconds * 1000)
        return bool(self._eval("may I ask?", _LETS_THROUGH, milliseconds, otherwise=1))

    def failed(self) -> bool:
        """Count a failure; True where it opened the circuit."""
        lives = (self.window_seconds, self.open_seconds, max(REMEMBERED_SECONDS, 2 * self.open_seconds))
        return bool(self._eval("it failed", _FAILED, self.failures, *(int(each * 1000) for each in lives), otherwise=0))

    def succeeded(self) -> bool:
        """Note that it answered; True where that closed the circuit."""
        return bool(self._eval("it answered", _SUCCEEDED, otherwise=0))

    def forget(self) -> None:
        """Close it, whatever it has seen."""
        self._redis("forget", lambda redis: redis.delete(*self._keys()), otherwise=0)

    def _keys(self) -> list[str]:
        return [redis_key("payments", "circuit", self.name, part) for part in ("open", "tripped", "probe", "failures")]

    def _eval(self, doing: str, script: str, *arguments: int, otherwise: int) -> Any:
        keys = self._keys()
        return self._redis(doing, lambda redis: redis.eval(script, len(keys), *keys, *arguments), otherwise=otherwise)

    def _redis(self, doing: str, ask: Any, *, otherwise: int) -> Any:
        if not redis_breaker.is_open:
            try:
                return ask(client())
            except (RedisError, OSError) as error:
                redis_breaker.failed(error, f"circuit of {self.name}: {doing}")
        return otherwise


def is_down(name: str) -> bool:
    """Tell whether a gateway is being left alone: another one is offered meanwhile."""
    return Circuit(name).is_open
