import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.audit import digest_file, verifying

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Recompute the audit's chain of digests and name what was changed, removed or added. Ends with 1 if anything "
        "was. docs/operations/audit.md says what to do then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--digests",
            type=Path,
            help="compare with the digests that left the database; by default AUDIT_DIGEST_FILE, if that is set",
        )

    def handle(self, *args: Any, digests: Path | None = None, **options: Any) -> None:
        began = time.monotonic()
        path = digests or digest_file.place()
        if path is not None and not path.is_file():
            raise CommandError(f"The file of digests, {path}, cannot be found.")
        report = verifying.verify(digests=path)
        seconds = max(time.monotonic() - began, 0.001)
        self.stdout.write(
            f"verify_audit seals={report.seals} rows={report.rows} unsealed={report.unsealed} "
            f"rows_per_second={report.rows / seconds:.0f} findings={len(report.findings)}"
        )
        if report.is_late:
            self.stdout.write("Events have waited for a quarter of an hour to be sealed: is the beat running?")
        if path is None:
            self.stdout.write("Without AUDIT_DIGEST_FILE nobody can tell whether the newest seals were taken off.")
        if report.is_sound:
            self.stdout.write("The chain is whole.")
            return
        for finding in report.findings[:SHOWN]:
            self.stderr.write(str(finding))
        if len(report.findings) > SHOWN:
            self.stderr.write(f"… and {len(report.findings) - SHOWN} more.")
        raise CommandError(f"The audit was tampered with, first at seal {report.findings[0].seal}.")
