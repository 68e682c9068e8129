"""Let go of what was kept long enough: `manage.py retain`, or `--dry-run` to see first."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.privacy.services import retaining
from core import personal_data
from core.errors import NotFound


class Command(BaseCommand):
    help = "Look after the retention rules, or one of them; with --dry-run only count."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("policy", nargs="*", help="names of rules; all when left out")
        parser.add_argument("--dry-run", action="store_true", help="count, and remove nothing")

    def handle(self, *args: Any, policy: list[str], dry_run: bool, **options: Any) -> None:
        failed = False
        for name in policy or [each.name for each in personal_data.policies()]:
            try:
                # A command has all the time it needs.
                figures = retaining.run(policy=name, dry_run=dry_run, budget=timedelta(days=1))
            except NotFound as error:
                raise CommandError(str(error)) from error
            did = "would go" if dry_run else "gone"
            count = figures.found if dry_run else figures.removed
            self.stdout.write(f"{name}: {count} {did}{f', failed: {figures.error}' if figures.error else ''}")
            failed |= bool(figures.error)
        if failed:
            raise CommandError("Some rules failed; see above and the log.")
