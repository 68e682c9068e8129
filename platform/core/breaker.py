"""A short memory of what could not be reached, so that not every request waits for the same dead server."""

import logging
import threading
import time

logger = logging.getLogger(__name__)


class Breaker:
    """Opens for `seconds` when a call failed; while open, callers go without.

    One per process and server, shared by all that talk to it. Logs at most one line a minute.
    """

    def __init__(self, name: str, *, seconds: float = 2.0) -> None:
        self.name = name
        self.seconds = seconds
        self._until = 0.0
        self._last_line = float("-inf")
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._until

    def failed(self, error: BaseException, doing: str) -> None:
        """Remember that the server could not be reached."""
        now = time.monotonic()
        with self._lock:
            self._until = now + self.seconds
            silent = now - self._last_line < 60
            if not silent:
                self._last_line = now
        if not silent:
            logger.warning("%s cannot be reached (%s): %s. Going on without it.", self.name, doing, error)

    def reset(self) -> None:
        """Forget; the next call tries again."""
        with self._lock:
            self._until = 0.0
            self._last_line = float("-inf")


redis_breaker = Breaker("Redis")
