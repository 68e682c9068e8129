from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import invariants


class Command(BaseCommand):
    help = "Ask the database whether everything that must always hold does. Ends with 1 if anything does not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", help="ask these alone: whole names, or what they begin with")

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        asked = [
            each for each in invariants.invariants() if not names or any(each.name.startswith(name) for name in names)
        ]
        if not asked:
            raise CommandError(f"No invariant is called {', '.join(names)}.")
        findings = invariants.ask(asked)
        for line in invariants.table(findings):
            self.stdout.write(line)
        broken = [each.invariant.name for each in findings if not each.holds]
        if broken:
            raise CommandError(f"{len(broken)} of {len(findings)} do not hold: {', '.join(broken)}.")
        self.stdout.write(f"All {len(findings)} hold.")
