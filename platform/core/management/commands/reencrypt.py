"""Rewrites what older keys encrypted; docs/operations/keys.md says when."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import key_rotation
from core.encryption import writing_key
from core.key_rotation import BATCH, Outcome


class Command(BaseCommand):
    help = (
        "Rewrites every encrypted value that the first of ENCRYPTION_KEYS did not write. "
        "Can be stopped at any moment, begun again, and run while people work."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count, by column and key")
        parser.add_argument(
            "--indexes", action="store_true", help="build the blind indexes anew: BLIND_INDEX_KEY changed"
        )
        parser.add_argument("--batch", type=int, default=BATCH, help="rows in a transaction")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("A batch has at least one row.")
        if options["dry_run"]:
            self._count()
            return
        if options["indexes"]:
            self._index(options["batch"])
            return
        self._rewrite(options["batch"])

    def _index(self, batch: int) -> None:
        for model in key_rotation.indexed_models():
            altered = key_rotation.index_anew(model, batch=batch)
            self.stdout.write(f"{model._meta.label}: the indexes of {altered} rows were built anew")
            self.stdout.flush()

    def _count(self) -> None:
        for place in key_rotation.all_places():
            keys = key_rotation.keys_in_use(place)
            shown = ", ".join(f"{name}: {count}" for name, count in keys.items()) or "empty"
            kept = " (append-only: stays as it is)" if place.is_fixed else ""
            self.stdout.write(f"{place}: {shown}{kept}")
        places = [place for place in key_rotation.all_places() if not place.is_fixed]
        to_go = sum(key_rotation.remaining(place) for place in places)
        self.stdout.write(f"{to_go} values to rewrite with the key {writing_key()}.")

    def _rewrite(self, batch: int) -> None:
        rewritten, troubles, began = 0, [], time.monotonic()
        for place in key_rotation.all_places():
            if place.is_fixed:
                continue
            outcome = key_rotation.rotate(place, batch=batch, told=_Progress(self))
            rewritten += outcome.rewritten
            if outcome.rewritten or outcome.remaining:
                self._tell(outcome)
            troubles += _troubles(outcome)
        seconds = time.monotonic() - began
        self.stdout.write(f"{rewritten} values rewritten with the key {writing_key()} in {seconds:.1f} s.")
        self._tell_of_kept()
        if troubles:
            raise CommandError("\n".join(troubles))

    def _tell(self, outcome: Outcome) -> None:
        self.stdout.write(f"{outcome.place}: {outcome.rewritten} rewritten, {outcome.remaining} to go")
        self.stdout.flush()

    def _tell_of_kept(self) -> None:
        for place in key_rotation.all_places():
            older = [name for name in key_rotation.keys_in_use(place) if name != writing_key()]
            if place.is_fixed and older:
                self.stdout.write(f"{place} is append-only and still needs the keys: {', '.join(older)}")


class _Progress:
    """Says now and then how far a column is."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._said_at = time.monotonic()

    def __call__(self, outcome: Outcome) -> None:
        if time.monotonic() - self._said_at >= 1:
            self._said_at = time.monotonic()
            self._command._tell(outcome)


def _troubles(outcome: Outcome) -> list[str]:
    if outcome.refusal:
        return [f"{outcome.place} was not rewritten: {outcome.refusal}"]
    troubles = []
    if outcome.unreadable:
        rows = ", ".join(str(pk) for pk in outcome.unreadable[:10])
        troubles.append(
            f"{outcome.place}: {len(outcome.unreadable)} values do not open (rows {rows}). "
            "Give their key back to ENCRYPTION_KEYS, or look for whoever altered them."
        )
    busy = outcome.remaining - len(outcome.unreadable)
    if busy > 0:
        troubles.append(f"{outcome.place}: {busy} values are being written by others. Run the command again.")
    return troubles
