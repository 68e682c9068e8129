"""After a backup was restored, before it serves anybody: forget again whom it has brought back."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts.privacy.services import replaying


class Command(BaseCommand):
    help = "Erase again everybody on the list of the forgotten who is in this database, as after a restored backup."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--list", type=Path, help="a folder or file with the list; by default what lies in PRIVATE_ROOT/erasures"
        )

    def handle(self, *args: Any, list: Path | None, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '10min'")
        entries = None
        if list is not None:
            files = sorted(list.glob("*.json")) if list.is_dir() else [list]
            try:
                entries = [json.loads(file.read_text()) for file in files]
            except (OSError, ValueError) as error:
                raise CommandError(f"The list cannot be read: {error}") from error
        try:
            listed, back = replaying.replay_erasures(entries=entries)
        except replaying.KeysMissing as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{listed} on the list, {back} had come back and are forgotten again.")
