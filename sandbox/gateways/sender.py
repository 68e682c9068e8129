"""The background of the gateways: sends webhooks that are due and does what is due, until the process ends.

One thread looks for what is due and writes down what came of it; a few others send. Nothing is kept in memory that
is not in a row: what was on its way when the process died is sent again.
"""

import json
import logging
import queue
import threading
import time
from datetime import UTC, timedelta

import httpx
from django.db import close_old_connections, connection
from django.db.utils import OperationalError

from sandbox.gateways import clock, due, hooks
from sandbox.gateways.merchants import MERCHANTS, is_here
from sandbox.gateways.models import Delivery
from sandbox.gateways.registry import GATEWAYS
from sandbox.gateways.store import writing

log = logging.getLogger("sandbox.gateways")
SENDERS = 12
# Only so many are taken up at once, so that a stop or a reset finds few on their way.
MOST_UNDER_WAY = 4 * SENDERS
LOOK_SECONDS = 0.25
BREATH_SECONDS = 0.005
MOST_KEPT = 500


class Sender:
    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[int, str, dict[str, str], bytes, float]] = queue.SimpleQueue()
        self._answered: queue.SimpleQueue[tuple[int, int | str, str]] = queue.SimpleQueue()
        # By the delivery, the reference it is about: two about one payment go one after the other.
        self._under_way: dict[int, str] = {}
        self._stops = threading.Event()
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=SENDERS, max_keepalive_connections=SENDERS),
        )

    def start(self) -> None:
        # Daemons: a receiver that takes its time must not hold up the end of the process.
        threading.Thread(target=self._look, name="gateways", daemon=True).start()
        for number in range(SENDERS):
            threading.Thread(target=self._send, name=f"webhooks-{number}", daemon=True).start()

    def stop(self) -> None:
        self._stops.set()
        hooks.bell.set()

    def _look(self) -> None:
        looks_at = 0.0
        while not self._stops.is_set():
            try:
                if time.monotonic() >= looks_at:
                    due.work_off()
                    looks_at = time.monotonic() + LOOK_SECONDS
                self._write_down()
                if not self._take_up() and self._answered.empty():
                    hooks.bell.wait(LOOK_SECONDS)
                    hooks.bell.clear()
                # What comes in together is written down together.
                self._stops.wait(BREATH_SECONDS)
            except OperationalError:
                log.warning("The gateways' rows could not be read or written; trying again.")
                self._stops.wait(LOOK_SECONDS)
            except Exception:
                log.exception("A gateway could not do what was due")
                self._stops.wait(LOOK_SECONDS)
        close_old_connections()

    def _take_up(self) -> int:
        """Hand what is due to those who send, and return how many that were."""
        now = clock.now()
        room = MOST_UNDER_WAY - len(self._under_way)
        if room <= 0:
            return 0
        ready = Delivery.objects.filter(
            state__in=(Delivery.State.PENDING, Delivery.State.HELD), next_try_at__lte=now
        ).exclude(pk__in=list(self._under_way))
        taken = 0
        for delivery in ready[:room]:
            if delivery.reference in self._under_way.values():
                continue
            merchant = MERCHANTS[delivery.merchant]
            headers, body = hooks.outgoing(delivery, merchant)
            patience = GATEWAYS[delivery.gateway].patience_seconds(delivery.mode)
            self._under_way[delivery.pk] = delivery.reference
            self._asked.put((delivery.pk, merchant.webhook_url, headers, body, patience))
            taken += 1
        return taken

    def _send(self) -> None:
        while not self._stops.is_set():
            pk, url, headers, body, patience = self._asked.get()
            said: tuple[int | str, str]
            try:
                if not is_here(url):
                    said = "not of this machine", ""
                else:
                    answer = self._client.post(
                        url,
                        content=body,
                        headers={"Content-Type": "application/json", "User-Agent": "Buka-Sandbox", **headers},
                        timeout=patience,
                    )
                    said = answer.status_code, answer.text[:MOST_KEPT]
            except httpx.TimeoutException:
                said = "timeout", ""
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as wrong:
                said = type(wrong).__name__, ""
            self._answered.put((pk, *said))
            hooks.bell.set()

    def _write_down(self) -> None:
        answers = []
        while not self._answered.empty():
            answers.append(self._answered.get())
        if not answers:
            return
        with writing():
            rows = Delivery.objects.in_bulk([pk for pk, _status, _text in answers])
            for pk, status, text in answers:
                if pk in rows:
                    _keep(rows[pk], status, text)
            changed = list(rows.values())
            # One statement for all of them: what the ORM would write takes longer than the sending.
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE gateways_delivery SET attempts = %s, tries = %s, answer = %s, state = %s, next_try_at = %s"
                    " WHERE id = %s",
                    [_columns(row) for row in changed],
                )
            for gateway in {row.gateway for row in changed}:
                # Those that were to be overtaken have been.
                newest = max(row.pk for row in changed if row.gateway == gateway)
                Delivery.objects.filter(gateway=gateway, state=Delivery.State.HELD, pk__lt=newest).update(
                    state=Delivery.State.PENDING, next_try_at=clock.now()
                )
        for pk, _status, _text in answers:
            self._under_way.pop(pk, None)


def _columns(row: Delivery) -> tuple[int | str | None, ...]:
    due = str(row.next_try_at.astimezone(UTC).replace(tzinfo=None)) if row.next_try_at else None
    return row.attempts, json.dumps(row.tries), row.answer, row.state, due, row.pk


def _keep(delivery: Delivery, status: int | str, text: str) -> None:
    now = clock.now()
    delivery.attempts += 1
    delivery.tries = [*delivery.tries, {"at": now.isoformat(), "status": status}]
    delivery.answer = text
    if status == 200:
        delivery.state, delivery.next_try_at = Delivery.State.DELIVERED, None
        return
    age = (now - delivery.made_at).total_seconds()
    wait = GATEWAYS[delivery.gateway].retry_after(delivery.mode, delivery.attempts, age)
    delivery.state = Delivery.State.GIVEN_UP if wait is None else Delivery.State.PENDING
    delivery.next_try_at = None if wait is None else now + timedelta(seconds=wait)
