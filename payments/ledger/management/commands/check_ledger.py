import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import invariants
from payments.ledger import checking, selectors


class Command(BaseCommand):
    help = (
        "Prove the books: every transaction sums to zero, every balance is the sum of its entries, and they agree with "
        "payments, refunds and settlements. Ends with 1 and names what differs if anything does."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        findings = checking.check()
        seconds = max(time.monotonic() - began, 0.001)
        for line in invariants.table(findings):
            self.stdout.write(line)
        counts = selectors.counts()
        differing = [each for each in findings if not each.holds]
        self.stdout.write(
            f"check_ledger accounts={counts['accounts']} transactions={counts['transactions']} "
            f"entries={counts['entries']} seconds={seconds:.2f} differences={len(differing)}"
        )
        if differing:
            raise CommandError("The books differ: " + ", ".join(each.invariant.name for each in differing) + ".")
        self.stdout.write("The books balance.")
