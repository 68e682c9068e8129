"""Few rows for one asker and action a minute: what is beyond is counted, and said by the next row.

Somebody who tries a million times would otherwise fill the disk with rows that say the same. What they did it to, the
subject, is counted apart from everything else: a row never speaks of tries that concerned another account. Of each
subject the first five of a minute are written, then the 10th, 20th, 40th and so on, each with the number left out
before it: a thousand make 13 rows, and what the rows count is never less than half of what happened.

Many subjects are bounded as well. The first ten of a minute have rows of their own; whatever an asker does to further
ones in that minute is counted together, by the same steps, in rows that name none of them. A thousand tries at a
thousand accounts make 23 rows. Counters stand in Redis; while it is away each process counts for itself.
"""

import threading
import time
from dataclasses import dataclass
from hashlib import sha256

from redis.exceptions import RedisError

from core.breaker import redis_breaker
from core.redis import client, key

ROWS_A_MINUTE = 5
SUBJECTS_A_MINUTE = 10
_KEPT = 24 * 3600
_FURTHER = "further"

_own: dict[str, tuple[int, dict[str, int]]] = {}
_left_out: dict[str, int] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Row:
    """A row to be written."""

    times: int
    """how often it happened, this time among them"""
    names_subject: bool
    """whether all of that concerned this one subject; else it concerned several, and the row names none"""


def admit(action: str, asker: str, subject: str) -> Row | None:
    """Return what the row to be written stands for; None when none is to be written."""
    who, what = f"{action}:{_digest(asker)}", _digest(subject)
    minute = int(time.time() // 60)
    if not redis_breaker.is_open:
        try:
            return _by_redis(who, what, minute)
        except (RedisError, OSError) as error:
            redis_breaker.failed(error, "bounds of the audit")
    return _by_this_process(who, what, minute)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _is_written(seen: int) -> bool:
    turns = seen // ROWS_A_MINUTE
    return seen <= ROWS_A_MINUTE or (seen % ROWS_A_MINUTE == 0 and turns & (turns - 1) == 0)


def _by_redis(who: str, what: str, minute: int) -> Row | None:
    counters = key("audit", "seen", str(minute), who)
    redis = client()
    with redis.pipeline(transaction=True) as pipe:
        pipe.hexists(counters, what)
        pipe.hlen(counters)
        is_known, known = pipe.execute()
    if not is_known and known >= SUBJECTS_A_MINUTE:
        # Processes that ask in the same moment may let in one more each; a bound it remains.
        what = _FURTHER
    left_out = key("audit", "left-out", f"{who}:{what}")
    with redis.pipeline(transaction=True) as pipe:
        pipe.hincrby(counters, what, 1)
        pipe.expire(counters, 120)
        seen = int(pipe.execute()[0])
    if _is_written(seen):
        return Row(1 + int(redis.getdel(left_out) or 0), what != _FURTHER)
    with redis.pipeline(transaction=True) as pipe:
        pipe.incr(left_out)
        pipe.expire(left_out, _KEPT)
        pipe.execute()
    return None


def _by_this_process(who: str, what: str, minute: int) -> Row | None:
    with _lock:
        if len(_own) > 10_000:
            _own.clear()
        at, counters = _own.get(who, (minute, {}))
        if at != minute:
            counters = {}
        if what not in counters and len(counters) >= SUBJECTS_A_MINUTE:
            what = _FURTHER
        counters[what] = seen = counters.get(what, 0) + 1
        _own[who] = (minute, counters)
        kept = f"{who}:{what}"
        if _is_written(seen):
            return Row(1 + _left_out.pop(kept, 0), what != _FURTHER)
        if len(_left_out) > 10_000:
            _left_out.clear()
        _left_out[kept] = _left_out.get(kept, 0) + 1
        return None
