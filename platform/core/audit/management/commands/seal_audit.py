from typing import Any

from django.core.management.base import BaseCommand

from core.audit import seals


class Command(BaseCommand):
    help = "Seal now what the beat would seal within a minute: before a backup, or where no beat runs."

    def handle(self, *args: Any, **options: Any) -> None:
        made = seals.seal_all()
        self.stdout.write(f"seal_audit seals={len(made)} rows={sum(seal.rows for seal in made)}")
