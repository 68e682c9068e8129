"""Long steps that show that they move: a line when one begins, its seconds when it ends.

Only the standard library: the bootstrap uses it before anything is installed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(line: str = "") -> None:
    """Print a line now, also where the output is a file or a pipe."""
    print(line, flush=True)


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Announce a step and, when it went well, say how long it took."""
    say(f"▸ {doing} …")
    began = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - began:.1f} s")
