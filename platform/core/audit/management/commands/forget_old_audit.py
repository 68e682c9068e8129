from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.audit import retention


class Command(BaseCommand):
    help = (
        "Delete audit events that are older than 24 months, up to a recorded checkpoint from which the chain verifies."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be deleted, and delete nothing")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        try:
            forgotten = retention.forget_old(dry_run=dry_run)
        except retention.ChainBroken as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"forget_old_audit up_to_seal={forgotten.up_to_seal} events={forgotten.events} dry_run={dry_run}"
        )
