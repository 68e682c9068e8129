"""Getting deliveries to partners: claim, ask, settle.

One sender at a time, in the worker that heard the bell first: it keeps a few addresses busy at once, but never two
messages to one address, so a slow partner holds nobody up but itself. A worker that dies in between leaves a lease
behind; whoever sweeps after it has run out sends again, with the same id.
"""

import json
import logging
import random
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from redis.exceptions import RedisError
from standardwebhooks import Webhook

from accounts.partners.models import Delivery, Endpoint
from accounts.partners.states import VERIFICATION_EVENT, DeliveryError, DeliveryStatus, DisabledBy, EndpointStatus
from accounts.partners.webhooks import disable, may_go
from core import audit
from core.fetching import Answer, NotFetched, fetch
from core.redis import client, key

logger = logging.getLogger(__name__)

RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
)
TRIES = len(RETRIES) + 1
# Longer than fetch() may take.
LEASE = timedelta(seconds=60)
DISABLED_AFTER = timedelta(days=5)
FIRST_PEACE = timedelta(seconds=5)
LONGEST_PEACE = timedelta(minutes=5)
PARALLEL = 8
KEPT_TRIES = 20
# Longer than a sweep takes, with what is under way at its end.
TURN_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    """What one try came to; `error` is a code."""

    answer: Answer | None
    error: str
    milliseconds: int

    @property
    def status(self) -> int | None:
        return self.answer.status if self.answer else None


def send_due(*, until: datetime | None = None) -> int:
    """Send what is due, oldest first, and return how much arrived; nothing while another worker is at it.

    :param until: nothing new is begun after this moment
    """
    with _turn() as is_ours:
        return _send_all(until) if is_ours else 0


def _send_all(until: datetime | None) -> int:
    arrived, is_over = 0, False
    under_way: dict[Future[Outcome], Delivery] = {}
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="webhook") as threads:
        while True:
            while not is_over and len(under_way) < PARALLEL and (until is None or timezone.now() < until):
                try:
                    delivery = claim()
                except Exception:
                    # What is under way is still to be written down; the next sweep tries again.
                    logger.exception("No more webhooks could be claimed")
                    is_over = True
                    break
                if delivery is None:
                    break
                headers = _signed(delivery)
                if headers is None:
                    arrived += _settled(delivery, Outcome(None, DeliveryError.NOT_SIGNED, 0))
                    continue
                # The threads only speak to the network; rows are touched here.
                under_way[threads.submit(_ask, delivery.endpoint.url, delivery.body, headers)] = delivery
            if not under_way:
                return arrived
            done, _others = wait(under_way, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                arrived += _settled(under_way.pop(future), future.result())


def _signed(delivery: Delivery) -> dict[str, str] | None:
    """Return the headers, or None when they cannot be made: a secret that does not decrypt, an address just removed."""
    try:
        return _headers(delivery)
    except Exception:
        logger.exception("The webhook delivery %s could not be signed", delivery.public_id)
        return None


def _settled(delivery: Delivery, outcome: Outcome) -> bool:
    """Settle one delivery; should that fail, its lease runs out and it is sent again, and the others lose nothing."""
    try:
        return settle(delivery, outcome)
    except Exception:
        logger.exception("What became of the webhook delivery %s could not be written down", delivery.public_id)
        return False


@contextmanager
def _turn() -> Iterator[bool]:
    """Take the turn of sending; it runs out by itself should this process die."""
    name, mine = key("webhooks", "sender"), secrets.token_hex(8)
    try:
        is_ours = bool(client().set(name, mine, nx=True, ex=TURN_SECONDS))
    except RedisError:
        is_ours = False
    try:
        yield is_ours
    finally:
        if is_ours:
            try:
                if client().get(name) == mine.encode():
                    client().delete(name)
            except RedisError:
                logger.warning("The turn of sending webhooks could not be given back; it runs out by itself")


@transaction.atomic
def claim() -> Delivery | None:
    """Take the next due delivery and lease it; None when there is nothing to do."""
    now = timezone.now()
    busy = Delivery.objects.filter(
        endpoint=OuterRef("endpoint"), status=DeliveryStatus.SENDING, next_attempt_at__gt=now
    )
    due = (
        Delivery.objects.due(now)
        .filter(Q(endpoint__quiet_until=None) | Q(endpoint__quiet_until__lte=now), ~Exists(busy))
        .filter(
            Q(endpoint__status=EndpointStatus.ACTIVE)
            | Q(endpoint__status=EndpointStatus.UNVERIFIED, event_type=VERIFICATION_EVENT)
        )
        .order_by("next_attempt_at", "pk")
        .with_endpoint()
        .select_for_update(skip_locked=True, of=("self",))
    )
    while (delivery := due.first()) is not None:
        if delivery.attempts >= TRIES:
            # Only a worker that died at the last try leaves such a row.
            delivery.status = DeliveryStatus.PARKED
            delivery.last_error = delivery.last_error or DeliveryError.WORKER_STOPPED
        elif not may_go(delivery):
            delivery.status = DeliveryStatus.PARKED
            delivery.last_error = DeliveryError.NOT_ALLOWED
        else:
            delivery.status = DeliveryStatus.SENDING
            delivery.attempts += 1
            delivery.next_attempt_at = now + LEASE
        delivery.save(update_fields=["status", "attempts", "next_attempt_at", "last_error"])
        if delivery.status == DeliveryStatus.SENDING:
            return delivery
    return None


def _headers(delivery: Delivery) -> dict[str, str]:
    """Return the headers of Standard Webhooks: while a secret is being replaced, a signature by each."""
    now = timezone.now()
    signatures = [
        Webhook(secret).sign(delivery.webhook_id, now, delivery.body) for secret in delivery.endpoint.secrets_at(now)
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Buka-Webhooks/1",
        "webhook-id": delivery.webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _ask(url: str, body: str, headers: dict[str, str]) -> Outcome:
    began = time.monotonic()
    answer, error = None, ""
    try:
        answer = fetch("POST", url, body=body.encode(), headers=headers)
    except NotFetched as failure:
        error = failure.code
    except Exception:
        # Whatever it is, the other addresses must still get their turn; the log has the traceback.
        logger.exception("A webhook could not be sent")
        error = DeliveryError.UNEXPECTED
    return Outcome(answer, error, round((time.monotonic() - began) * 1000))


def settle(delivery: Delivery, outcome: Outcome) -> bool:
    """Write down what a try came to, and tell whether the message arrived."""
    error = _failure(delivery, outcome)
    if not error:
        _arrived(delivery, outcome)
        return True
    _failed(delivery, outcome, error)
    return False


def _failure(delivery: Delivery, outcome: Outcome) -> str:
    if outcome.answer is None:
        return outcome.error
    if not 200 <= outcome.answer.status < 300:
        return DeliveryError.BAD_STATUS
    if delivery.event_type == VERIFICATION_EVENT and not _echoes(delivery, outcome.answer):
        return DeliveryError.NO_CHALLENGE
    return ""


def _echoes(delivery: Delivery, answer: Answer) -> bool:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        # Also for four kilobytes of opening brackets.
        return False
    challenge = json.loads(delivery.body)["data"]["challenge"]
    return isinstance(said, dict) and isinstance(said.get("challenge"), str) and said["challenge"] == challenge


def _locked(delivery: Delivery) -> Endpoint | None:
    """Lock a delivery's address; None when it was removed in the meantime, with all its deliveries."""
    rows = Endpoint.objects.select_for_update(of=("self",)).select_related("app")
    return rows.filter(pk=delivery.endpoint_id).first()


@transaction.atomic
def _arrived(delivery: Delivery, outcome: Outcome) -> None:
    now = timezone.now()
    endpoint = _locked(delivery)
    if endpoint is None:
        return
    # Without looking at whose lease it is: the message has arrived, nobody needs to send it again.
    Delivery.objects.filter(pk=delivery.pk).exclude(status=DeliveryStatus.DELIVERED).update(
        status=DeliveryStatus.DELIVERED, delivered_at=now, last_error="", **_log(delivery, outcome, now)
    )
    endpoint.failing_since = endpoint.quiet_until = None
    endpoint.failures = 0
    proven = delivery.event_type == VERIFICATION_EVENT and endpoint.status == EndpointStatus.UNVERIFIED
    # Another address than the one that answered is as unproven as before.
    if proven and endpoint.url == delivery.endpoint.url:
        endpoint.status = EndpointStatus.ACTIVE
        endpoint.verified_at = now
        audit.record("webhook.verified", target=endpoint)
    endpoint.save(update_fields=["failing_since", "quiet_until", "failures", "status", "verified_at"])


@transaction.atomic
def _failed(delivery: Delivery, outcome: Outcome, error: str) -> None:
    now = timezone.now()
    is_last = delivery.attempts >= TRIES
    endpoint = _locked(delivery)
    if endpoint is None:
        return
    # The number of attempts is the lease's name: a worker that woke up late must not undo what a later one did.
    mine = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.SENDING, attempts=delivery.attempts)
    if not mine.update(
        status=DeliveryStatus.PARKED if is_last else DeliveryStatus.WAITING,
        next_attempt_at=now + wait_after(delivery.attempts),
        last_error=error[:300],
        **_log(delivery, outcome, now, error),
    ):
        return
    endpoint.failures += 1
    endpoint.quiet_until = now + min(FIRST_PEACE * 3 ** min(endpoint.failures - 1, 10), LONGEST_PEACE)
    if endpoint.status != EndpointStatus.ACTIVE:
        endpoint.save(update_fields=["failures", "quiet_until"])
        return
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.save(update_fields=["failures", "quiet_until", "failing_since"])
    if outcome.status == 410:
        disable(endpoint, DisabledBy.GONE)
    elif endpoint.failing_since <= now - DISABLED_AFTER:
        disable(endpoint, DisabledBy.FAILURES)


def _log(delivery: Delivery, outcome: Outcome, now: datetime, error: str = "") -> dict[str, Any]:
    entry = {"at": now.isoformat(), "status": outcome.status, "error": error[:300], "ms": outcome.milliseconds}
    body = outcome.answer.body.decode(errors="replace").replace("\0", "�") if outcome.answer else ""
    return {
        "tries": [*delivery.tries, entry][-KEPT_TRIES:],
        "answer_status": outcome.status,
        "answer_body": body,
    }


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after that many tries, up to a tenth longer so that all do not come at once."""
    pause = RETRIES[min(max(attempts, 1), len(RETRIES)) - 1]
    return pause * random.uniform(1.0, 1.1)  # noqa: S311  (spreads load, guards nothing)
