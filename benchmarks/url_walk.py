"""Walk the whole URL map as people of one house, or of none, with the identifiers of another.

Every line of the URL map is asked by every method as stranger, diner, courier, host, manager, owner, owner of two
others, translator and partner app. Promised: nothing private of the other house is seen, nothing of it is changed,
nothing crashes. A last walk with the owner's own identifiers shows that the private words would be seen.
"""

import sys
import time
from typing import TYPE_CHECKING

from benchmarks import harness
from benchmarks.harness import last_line, machine, say, step, table

if TYPE_CHECKING:
    from tests.trespassing import Walk

# What a quick run leaves out are methods that a door does not know in any case.
QUICK_ROLES = ("stranger", "manager", "partner")


def main(arguments: list[str] | None = None) -> int:
    """Run the walk; 1 when something of the other house was seen or changed, or something crashed."""
    asked = harness.options("url_walk", __doc__, arguments)
    where = machine()
    with harness.world("url_walk"):
        from django.conf import settings
        from django.test.utils import setup_test_environment

        from tests.populated import populated
        from tests.trespassing import READING, ROLES, walk

        settings.LOGGING_CONFIG = None
        setup_test_environment()
        with step("Opening two houses"):
            amber, birch = populated("amber"), populated("birch")
        walks: list[Walk] = []
        began = time.monotonic()
        for role in QUICK_ROLES if asked.quick else ROLES:
            with step(f"Walking as {role}"):
                walks.append(walk(role, amber, birch, thoroughly=not asked.quick))
        seconds = time.monotonic() - began
        with step("Walking at home, where the words are to be seen"):
            at_home = walk("owner", birch, birch, methods=READING)
    tell(walks, where=where)
    leaks = [leak for each in walks for leak in each.leaks]
    crashes = [crash for each in walks for crash in each.crashes]
    for fault in [*leaks, *crashes]:
        say(f"  {fault}")
    last_line(
        "url_walk",
        tried=sum(each.tried for each in walks),
        **{each.role: each.tried for each in walks},
        leaks=len(leaks),
        crashes=len(crashes),
        seen_at_home=at_home.seen,
        seconds=round(seconds),
    )
    return 1 if leaks or crashes or not at_home.seen else 0


def tell(walks: "list[Walk]", *, where: str) -> None:
    """Print what each role met."""
    say()
    say(f"Every address with another house's identifiers; {where}")
    say()
    statuses = sorted({status for each in walks for status in each.statuses})
    rows = [
        [each.role, str(each.tried), *(str(each.statuses[status] or "") for status in statuses), str(len(each.leaks))]
        for each in walks
    ]
    table(["as", "tried", *map(str, statuses), "leaks"], rows)


if __name__ == "__main__":
    sys.exit(main())
