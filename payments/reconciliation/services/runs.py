"""The comparison of a day with a gateway: begun, gone on with from where it stands, and ended.

Each step reads one page of one list outside any transaction, compares its rows one by one, and then notes in the run
how far it has come. Whatever dies in between is done once more: every step may be repeated.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from core import audit
from core.outbox import enqueue
from payments.gateways import registry
from payments.gateways.base import Down, Gateway, Page, Unknown
from payments.models import Dispute, Payment, Refund
from payments.reconciliation import errors
from payments.reconciliation.models import Run, Sighting
from payments.reconciliation.selectors import bounds_of, days_due
from payments.reconciliation.services import attempts, books, charges, findings, going_back
from payments.reconciliation.services.charges import Comparing, NotNow, said
from payments.reconciliation.states import FindingKind, RunState, Stage
from payments.states import DisputeState, PaymentState, RefundState

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A worker that has taken a run keeps it so long; if it dies, the next one takes it.
LEASE = timedelta(seconds=120)
# A task goes on so long, and rings for the next one.
SECONDS = 45.0
BATCH = 100
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
TRIES = 20
# After so many tries in vain it goes on without the few rows about which the gateway does not answer.
PATIENCE, MOST_SILENT = 5, 3
# A night's comparisons are begun once, however often the bell rings.
NIGHT = timedelta(hours=12)
ORDER = list(Stage)


class Overtaken(Exception):
    """Another worker went on with it, or it was begun once more: what was done here is done twice, and no matter."""


def accounts() -> list[Gateway]:
    """Return every gateway that Buka has an account at, those too that are no longer offered."""
    found = []
    for name in registry.MAKERS:
        try:
            found.append(registry.gateway(name))
        except registry.NoSuchGateway:
            continue
    return found


@transaction.atomic
def begin(*, gateway: str, day: date, by: User | None = None, unless_since: Any = None) -> Run:
    """Begin the comparison of a day, or begin it once more, and return it; `go_on` does it.

    :param unless_since: leave alone what was begun since then
    :raises NoSuchAccount: when there is no key for this gateway
    :raises DayNotOver: when nothing of the day can be compared yet
    """
    try:
        account = registry.gateway(gateway)
    except registry.NoSuchGateway as error:
        raise errors.NoSuchAccount from error
    since, until = bounds_of(day)
    if until <= since:
        raise errors.DayNotOver
    now = timezone.now()
    run, is_new = Run.objects.select_for_update(of=("self",)).get_or_create(
        gateway=account.name,
        mode=account.mode,
        day=day,
        defaults={"since": since, "until": until, "began_at": now, "next_try_at": now, "asked_by": by},
    )
    if not is_new:
        if unless_since is not None and run.began_at > unless_since:
            return run
        if run.state == RunState.RUNNING and run.next_try_at is not None and run.next_try_at > now and not run.tries:
            # Somebody is at it.
            return run
        run.sightings.all().delete()
        run.since, run.until, run.began_at, run.done_at = since, until, now, None
        run.state, run.stage, run.place = RunState.RUNNING, Stage.CHARGES, ""
        run.charges = run.refunds = run.disputes = run.settlements = run.payments = 0
        run.why, run.tries, run.next_try_at, run.asked_by = "", 0, now, by
        run.save()
    if by is not None:
        details = {"gateway": run.gateway, "day": f"{day:%Y-%m-%d}"}
        audit.record("reconciliation.begun", actor=by, target=("comparison", str(run.pk)), details=details)
    return run


def begin_night() -> int:
    """Begin the comparisons that are due tonight, ring for workers, and return how many there are."""
    begun = 0
    for account in accounts():
        for day in days_due(gateway=account.name, mode=account.mode):
            ring(begin(gateway=account.name, day=day, unless_since=timezone.now() - NIGHT))
            begun += 1
    return begun


def ring(run: Run) -> None:
    """Have a worker go on with a comparison."""
    from payments.reconciliation.tasks import go_on as task

    transaction.on_commit(lambda: enqueue(task, run.pk))


def go_on_with_due(limit: int = 20) -> int:
    """Ring for the comparisons whose time has come, and return how many there were."""
    rows = Run.objects.filter(state=RunState.RUNNING, next_try_at__lte=timezone.now()).order_by("next_try_at")
    due = list(rows[:limit])
    for run in due:
        ring(run)
    return len(due)


def look_after_ours() -> None:
    """Look through what is of no day: money that counts for nothing, what waits too long."""
    for account in accounts():
        attempts.look_through(gateway=account.name, mode=account.mode)


def go_on(*, run_id: int, seconds: float = SECONDS) -> Run | None:
    """Go on with a comparison until it is done, the gateway does not answer, or the time is over; return it.

    None when another worker has it, or nothing is to be done.
    """
    run = _taken(run_id)
    if run is None:
        return None
    account = next((each for each in accounts() if (each.name, each.mode) == (run.gateway, run.mode)), None)
    if account is None:
        return _wait(run, "there is no key for this account")
    day = Comparing(run, account)
    deadline = time.monotonic() + seconds
    try:
        while run.state == RunState.RUNNING:
            _step(day)
            if time.monotonic() > deadline:
                break
    except Overtaken:
        return None
    except NotNow as why:
        return _wait(run, str(why))
    except Exception as error:
        logger.exception("The comparison %s failed", run)
        return _wait(run, type(error).__name__)
    if run.state == RunState.RUNNING:
        try:
            _note(run, next_try_at=timezone.now())
        except Overtaken:
            return None
        ring(run)
    return run


@transaction.atomic
def _taken(run_id: int) -> Run | None:
    now = timezone.now()
    rows = Run.objects.filter(pk=run_id, state=RunState.RUNNING, next_try_at__lte=now)
    run = rows.select_for_update(skip_locked=True, of=("self",)).first()
    if run is None:
        return None
    run.next_try_at = now + LEASE
    run.save(update_fields=["next_try_at"])
    return run


def _wait(run: Run, why: str) -> Run | None:
    tries = min(run.tries + 1, 32_000)
    again = timezone.now() + min(FIRST_WAIT * 2 ** min(tries - 1, 10), LONGEST_WAIT)
    is_stuck = tries >= TRIES
    if is_stuck:
        logger.error("The comparison %s has come to a halt: %s", run, why)
    try:
        _note(run, tries=tries, why=why[:200], next_try_at=None if is_stuck else again,
              state=RunState.STUCK if is_stuck else RunState.RUNNING)  # fmt: skip
    except Overtaken:
        return None
    return run


# --- One step --------------------------------------------------------------------------------------------------------


def _step(day: Comparing) -> None:
    """Do one page of the stage that the run is in."""
    STEPS[Stage(day.run.stage)](day)


def _moved(day: Comparing, place: str, **counted: int) -> None:
    """Note how far the run has come; without a place, the stage is over.

    :raises Overtaken: when it is no longer where this step found it
    """
    run = day.run
    stage = run.stage if place else ORDER[ORDER.index(Stage(run.stage)) + 1]
    _note(run, stage=stage, place=place, tries=0, why="", next_try_at=timezone.now() + LEASE,
          **{name: getattr(run, name) + number for name, number in counted.items()})  # fmt: skip


def _note(run: Run, **changed: Any) -> None:
    here = Run.objects.filter(
        pk=run.pk, began_at=run.began_at, state=RunState.RUNNING, stage=run.stage, place=run.place
    )
    if not here.update(**changed):
        raise Overtaken
    for name, value in changed.items():
        setattr(run, name, value)


def _each(day: Comparing, what: str, rows: Iterable[T], compare: Callable[[Comparing, T], None]) -> None:
    """Compare rows one by one; one about which the gateway never answers does not hold up all the others.

    :raises NotNow: when it does not answer, the first times; or not about several
    """
    silent = 0
    for row in rows:
        try:
            compare(day, row)
        except NotNow as why:
            silent += 1
            if day.run.tries < PATIENCE or silent > MOST_SILENT:
                raise
            number = str(getattr(row, "gateway_id", ""))
            day.note(FindingKind.UNREADABLE, f"{what}:{number}", gateway_id=number, list=what, why=str(why)[:200])


def _see(day: Comparing, what: str, numbers: Iterable[str]) -> None:
    Sighting.objects.bulk_create(
        (Sighting(run=day.run, what=what, gateway_id=number) for number in numbers if number), ignore_conflicts=True
    )


def _listed(
    what: str, count: str, ask: Callable[..., Page[T] | Down | Unknown], compare: Callable[[Comparing, T], None]
) -> Callable[[Comparing], None]:
    """Return the step that compares one page of a gateway's list."""

    def step(day: Comparing) -> None:
        run = day.run
        page: Page[T] = said(ask(day.gateway, since=run.since, until=run.until, page=run.place))
        if page.unreadable:
            day.note(FindingKind.UNREADABLE, f"{what}:{run.day:%Y-%m-%d}:{run.place}", theirs=None, list=what,
                     rows=page.unreadable, day=f"{run.day:%Y-%m-%d}")  # fmt: skip
        _each(day, what, page.rows, compare)
        _see(day, what, (row.gateway_id for row in page.rows if _is_settled(row)))  # type: ignore[attr-defined]
        _moved(day, page.next, **{count: len(page.rows)})

    return step


def _is_settled(row: Any) -> bool:
    # What was reversed is looked at once more when all that went back of it has been read.
    return getattr(row, "outcome", None) != charges.Outcome.REVERSED


def _ours(
    what: str, rows: Callable[[Run], QuerySet[Any]], compare: Callable[[Comparing, Any], None], count: str = ""
) -> Callable[[Comparing], None]:
    """Return the step that looks for what the gateway's lists did not have of some rows of ours."""

    def step(day: Comparing) -> None:
        run = day.run
        batch = list(rows(run).filter(pk__gt=int(run.place or 0)).order_by("pk")[:BATCH])
        numbers = [row.gateway_id for row in batch]
        seen = set(run.sightings.filter(what=what, gateway_id__in=numbers).values_list("gateway_id", flat=True))
        _each(day, what, (row for row in batch if row.gateway_id not in seen), compare)
        counted = {count: len(batch)} if count else {}
        _moved(day, str(batch[-1].pk) if len(batch) == BATCH else "", **counted)

    return step


def _at(run: Run) -> Q:
    return Q(gateway=run.gateway, mode=run.mode)


def _our_payments(run: Run) -> QuerySet[Payment]:
    rows = Payment.objects.select_related("request", "beside").filter(_at(run), state=PaymentState.SUCCEEDED)
    return rows.filter(paid_at__gte=run.since, paid_at__lt=run.until)


def _our_refunds(run: Run) -> QuerySet[Refund]:
    rows = Refund.objects.select_related("payment__request")
    rows = rows.filter(payment__gateway=run.gateway, payment__mode=run.mode).exclude(gateway_id="")
    rows = rows.exclude(state=RefundState.FAILED)
    return rows.filter(created_at__gte=run.since, created_at__lt=run.until)


def _our_disputes(run: Run) -> QuerySet[Dispute]:
    rows = Dispute.objects.select_related("payment__request")
    rows = rows.filter(payment__gateway=run.gateway, payment__mode=run.mode)
    # Of an open one the end is awaited, whenever it was opened.
    of_day = Q(created_at__gte=run.since, created_at__lt=run.until)
    return rows.filter(of_day | Q(state=DisputeState.OPEN))


def _books(day: Comparing) -> None:
    run = day.run
    moved = Q(paid_at__gte=run.since, paid_at__lt=run.until)
    for way in ("refunds", "disputes"):
        moved |= Q(**{f"{way}__created_at__gte": run.since, f"{way}__created_at__lt": run.until})
    rows = Payment.objects.select_related("request").filter(_at(run), moved).filter(pk__gt=int(run.place or 0))
    numbers = list(rows.order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])
    batch = list(Payment.objects.select_related("request").filter(pk__in=numbers).order_by("pk"))
    books.compare_books(day, batch)
    books.compare_what_was_kept(day, batch)
    if len(numbers) < BATCH:
        books.compare_what_was_paid_out(day)
        books.compare_what_only_the_books_have(day)
    _moved(day, str(numbers[-1]) if len(numbers) == BATCH else "")


def _attempts(day: Comparing) -> None:
    attempts.look_through(gateway=day.run.gateway, mode=day.run.mode)
    _moved(day, "")


@transaction.atomic
def _over(day: Comparing) -> None:
    run = day.run
    findings.close_what_is_gone(run)
    run.sightings.all().delete()
    _note(run, state=RunState.DONE, done_at=timezone.now(), next_try_at=None)


STEPS: dict[Stage, Callable[[Comparing], None]] = {
    Stage.CHARGES: _listed("charge", "charges", lambda each, **asked: each.charges(**asked), charges.compare_charge),
    Stage.REFUNDS: _listed("refund", "refunds", lambda each, **asked: each.refunds(**asked), going_back.compare_refund),
    Stage.DISPUTES: _listed(
        "dispute", "disputes", lambda each, **asked: each.disputes(**asked), going_back.compare_dispute
    ),
    Stage.SETTLEMENTS: _listed(
        "payout", "settlements", lambda each, **asked: each.settlements(**asked), books.book_settlement
    ),
    Stage.OUR_PAYMENTS: _ours("charge", _our_payments, charges.compare_payment, "payments"),
    Stage.OUR_REFUNDS: _ours("refund", _our_refunds, going_back.compare_our_refund),
    Stage.OUR_DISPUTES: _ours("dispute", _our_disputes, going_back.compare_our_dispute),
    Stage.BOOKS: _books,
    Stage.ATTEMPTS: _attempts,
    Stage.OVER: _over,
}
