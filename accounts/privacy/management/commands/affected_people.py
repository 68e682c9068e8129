"""Whom a breach touches, as a table: the questions of the register of breaches, for the night it is needed."""

import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.privacy.services import breaches
from core import personal_data
from core.errors import DomainError


def instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _write_for_its_owner_alone(file: Path, text: str) -> None:
    """Write a file that nobody else reads; one that stood there for others to read is closed to them first."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as table:
        os.fchmod(descriptor, 0o600)
        table.write(text)


class Command(BaseCommand):
    help = "List the people whom a breach touches as CSV. Without a question: the questions there are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("query", nargs="?", help="a question's name")
        parser.add_argument("--since", type=instant, help="as 2026-12-24T19:00+01:00; without an offset, UTC")
        parser.add_argument("--until", type=instant)
        parser.add_argument("--restaurant", default="", help="its slug")
        parser.add_argument("--csv", type=Path, help="write to this file, readable by its owner alone")

    def handle(self, *args: Any, query: str | None, csv: Path | None, **options: Any) -> None:
        if query is None:
            for each in personal_data.queries():
                self.stdout.write(f"{each.name}: {each.label} ({', '.join(each.asks) or 'asks nothing'})")
            return
        try:
            rows = breaches.affected(
                query=query, since=options["since"], until=options["until"], restaurant=options["restaurant"]
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        table = breaches.as_csv(rows)
        if csv is None:
            self.stdout.write(table)
            return
        _write_for_its_owner_alone(csv, table)
        self.stdout.write(f"{len(rows)} people, in {csv}.")
