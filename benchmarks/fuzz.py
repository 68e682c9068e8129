"""Send made-up requests to every operation of the API, as everybody, and hold the answers to its description.

Schemathesis makes up the requests, from the schema and against it, with a fixed seed. Promised: no answer is a 5xx,
every one fits the description, what is wrong is refused, what needs a log-in asks for one. People have signed in just
now, so that sensitive doors open too; `2xx` counts the answers of those that did.
"""

import sys
import time
from typing import TYPE_CHECKING

from benchmarks import harness
from benchmarks.harness import last_line, machine, say, step, table

if TYPE_CHECKING:
    from tests.fuzzing import Fuzz


def main(arguments: list[str] | None = None) -> int:
    """Run it; 1 when an answer did not fit."""
    asked = harness.options("fuzz", __doc__, arguments)
    where = machine()
    share, examples = (0.04, 2) if asked.quick else (1.0, 25)
    with harness.world("fuzz"):
        from django.conf import settings
        from django.db import transaction
        from django.test.utils import setup_test_environment

        from tests.fuzzing import ROLES, fuzz
        from tests.populated import populated

        settings.LOGGING_CONFIG = None
        # What a hash costs is not measured here, and there are thousands.
        settings.PASSWORD_HASHERS = ["core.testing.QuickHasher", *settings.PASSWORD_HASHERS]
        setup_test_environment()
        with step("Opening a house"):
            house = populated("calm")
        began = time.monotonic()
        with step(f"Asking as {', '.join(ROLES)}"), transaction.atomic():
            found = fuzz(house, share=share, examples=examples, seed=asked.seed)
            transaction.set_rollback(True)
        seconds = time.monotonic() - began
    tell(found, where=where)
    failures = {key: text for each in found.values() for key, text in each.failures.items()}
    for key, text in failures.items():
        say(f"--- {key}\n{text}")
    last_line(
        "fuzz",
        operations=max(len(each.asked) for each in found.values()),
        examples=sum(each.examples for each in found.values()),
        **{role: each.examples for role, each in found.items()},
        **{f"{role}_2xx": sum(each.opened.values()) for role, each in found.items()},
        failures=len(failures),
        server_errors=sum(count for each in found.values() for status, count in each.statuses.items() if status >= 500),
        seed=asked.seed,
        seconds=round(seconds),
    )
    return 1 if failures else 0


def tell(found: "dict[str, Fuzz]", *, where: str) -> None:
    """Print what each role was answered."""
    say()
    say(f"Made-up requests to every operation; {where}")
    say()
    statuses = sorted({status for each in found.values() for status in each.statuses if not 200 <= status < 300})
    rows = [
        [
            role,
            str(each.examples),
            str(sum(each.opened.values())),
            str(len(each.opened)),
            *(str(each.statuses[status] or "") for status in statuses),
            str(len(each.failures)),
        ]
        for role, each in found.items()
    ]
    table(["as", "requests", "2xx", "of operations", *map(str, statuses), "failures"], rows)
    closed = {name for each in found.values() for name in each.asked}
    closed -= {name for each in found.values() for name in each.opened}
    say(f"Operations that answered nobody 2xx: {', '.join(sorted(closed)) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
