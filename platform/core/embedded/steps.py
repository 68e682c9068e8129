"""Long steps that show that they move: a line when one begins, its seconds when it ends.

Only the standard library: the bootstrap uses it before anything is installed.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SILENCE = 5  # seconds without a word, at most


def say(line: str = "") -> None:
    """Print a line now, also where the output is a file or a pipe."""
    print(line, flush=True)


@contextmanager
def step(doing: str, *, speaks: bool = False) -> Iterator[None]:
    """Announce a step, say every few seconds that it goes on, and, when it went well, how long it took.

    A step that `speaks` shows by itself that it goes on.
    """
    say(f"▸ {doing} …")
    began = time.monotonic()
    is_over = threading.Event()
    if not speaks:
        threading.Thread(target=_go_on, args=[began, is_over], daemon=True).start()
    try:
        yield
    finally:
        is_over.set()
    say(f"  done in {time.monotonic() - began:.1f} s")


def _go_on(began: float, is_over: threading.Event) -> None:
    while not is_over.wait(SILENCE):
        say(f"  still at it, after {time.monotonic() - began:.0f} s")
