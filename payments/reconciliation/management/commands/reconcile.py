import time
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import DomainError
from payments.reconciliation import selectors, services
from payments.reconciliation.models import Finding, Run
from payments.reconciliation.services.runs import accounts
from payments.reconciliation.states import FindingState, RunState

HOURS = 6


class Command(BaseCommand):
    help = (
        "Compare days with the payment gateways: payments, refunds, disputes and payouts with ours and the books. "
        "Ends with 1 when something differs, or a gateway does not answer."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--gateway", help="this one alone; all that there is a key for by default")
        parser.add_argument("--day", type=date.fromisoformat, help="as in 2026-12-01; yesterday by default")
        parser.add_argument("--days", type=int, default=1, help="so many days, that one the last")

    def handle(self, *args: Any, **options: Any) -> None:
        names = [options["gateway"]] if options["gateway"] else [account.name for account in accounts()]
        last = options["day"] or selectors.day_of(timezone.now()) - timedelta(days=1)
        unfinished = 0
        for name in names:
            for back in reversed(range(max(options["days"], 1))):
                run = self._compared(name, last - timedelta(days=back))
                unfinished += run.state != RunState.DONE
        differing = Finding.objects.filter(state=FindingState.OPEN, gateway__in=names)
        for finding in differing.order_by("pk"):
            self.stdout.write(
                f"{finding.gateway} {finding.kind} {finding.reference or finding.gateway_id} "
                f"ours={finding.ours_kobo} theirs={finding.theirs_kobo}"
            )
        self.stdout.write(f"reconcile open={differing.count()} unfinished={unfinished}")
        if differing.exists() or unfinished:
            raise CommandError("Something differs, or could not be compared.")

    def _compared(self, gateway: str, day: date) -> Run:
        began = time.monotonic()
        try:
            run = services.begin(gateway=gateway, day=day)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        services.go_on(run_id=run.pk, seconds=HOURS * 3600)
        run.refresh_from_db()
        self.stdout.write(
            f"{gateway} {day:%Y-%m-%d} {run.state} charges={run.charges} refunds={run.refunds} "
            f"disputes={run.disputes} payouts={run.settlements} payments={run.payments} "
            f"seconds={time.monotonic() - began:.2f}{f' why={run.why}' if run.why else ''}"
        )
        return run
