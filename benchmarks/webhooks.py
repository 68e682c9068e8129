"""Webhooks of both gateways while no worker runs, over HTTP against a real server; and what is left once they return.

Payments are begun and paid at the gateways' stand-in, whose webhooks are caught on their way. Then the workers stop,
and all of it comes at once from many connections: each payment's own webhook several times, genuine ones about
payments of other systems on the same account, and such as nobody signed. Then the workers come back.

Promised: what is genuine is answered 200 and kept once, what is not is answered 401 and not kept; and when the workers
have caught up, every payment counts, although nothing else told them of it.
"""

import asyncio
import hashlib
import hmac
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from benchmarks import harness
from benchmarks.chaos.payers import Crowd, Street
from benchmarks.chaos.staging import Stage
from benchmarks.harness import HOST, last_line, machine, percentile, processes, say, step, table
from benchmarks.race import Answer, Client

if TYPE_CHECKING:
    from sandbox.testing import SandboxClient

WEBHOOKS, QUICK_WEBHOOKS = 10_000, 600
# Of twenty webhooks one is about a payment of ours; the same again, so many times.
ONE_PAYMENT_IN, TIMES = 20, 3
FORGED_IN = 10
CONNECTIONS = 32
DRAIN_SECONDS = 900
PAYERS_AT_ONCE = 4
GATEWAYS = ("paystack", "flutterwave")


@dataclass(frozen=True)
class Sent:
    """One webhook, as it goes over the wire."""

    gateway: str
    kind: str
    headers: dict[str, str]
    body: bytes

    @property
    def request(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = (
            f"POST /api/webhooks/{self.gateway} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
            f"{lines}Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


@dataclass
class Caught:
    """Where the gateways send to while their webhooks are gathered."""

    found: list[Sent] = field(default_factory=list)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        found = self.found

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proof = ("x-paystack-signature", "verif-hash", "flutterwave-signature")
                headers = {name: value for name, value in self.headers.items() if name.lower() in proof}
                found.append(Sent(self.path.strip("/"), "payment", headers, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        return Handler


def main(arguments: list[str] | None = None) -> int:
    """Measure; 1 when a promise is broken."""
    asked = harness.options(
        "webhooks",
        __doc__,
        arguments,
        webhooks={"type": int, "default": None, "help": f"{WEBHOOKS}, with --quick {QUICK_WEBHOOKS}"},
        connections={"type": int, "default": CONNECTIONS},
    )
    count = asked.webhooks or (QUICK_WEBHOOKS if asked.quick else WEBHOOKS)
    rng, where = random.Random(asked.seed), machine()
    from sandbox.testing import RunningSandbox

    with harness.scratch("webhook-gateways") as folder, RunningSandbox(folder / "sandbox") as sandbox:
        # Buka's addresses of the gateways follow from this one.
        os.environ |= {"SANDBOX_URL": sandbox.url, "EMAIL_PORT": str(sandbox.smtp_port)}
        sandbox.http.timeout = 60
        with harness.world("webhooks") as world, Stage(world, sandbox, rng) as stage:
            from benchmarks.payments_chaos import put_rules_out_of_force

            put_rules_out_of_force()
            with step("Paying where nobody hears of it"):
                caught = pay(stage, sandbox, max(1, count // ONE_PAYMENT_IN // TIMES))
            sent = webhooks(caught, count, rng)
            stage.workers_away()
            with step(f"{count} webhooks while no worker runs"):
                began = time.monotonic()
                answers = asyncio.run(send(stage.port, sent, asked.connections))
                seconds = time.monotonic() - began
            lost, backlog, counted_before = not_kept(sent), rows_kept(), counted()
            stage.revive()
            with step("Until the workers have caught up"):
                drained = drain(stage)
            uncounted = len(caught) - counted()
            table_of_rows()
    tell(sent, answers)
    say(f"\n{where}")
    wrong = sum(answer.status != (401 if one.kind == "forged" else 200) for one, answer in answers)
    times = [answer.seconds * 1000 for one, answer in answers if one.kind != "forged"]
    last_line(
        "webhooks",
        sent=count,
        connections=asked.connections,
        per_second=round(count / seconds),
        p50_ms=round(percentile(times, 0.5), 1),
        p99_ms=round(percentile(times, 0.99), 1),
        slowest_ms=round(max(times)),
        wrong_answers=wrong,
        lost=lost,
        counted_while_away=counted_before,
        drained_s="never" if drained is None else round(drained, 1),
        backlog=backlog,
        uncounted=uncounted,
    )
    return 1 if wrong or lost or drained is None or uncounted or counted_before else 0


# --- What is sent ---------------------------------------------------------------------------------------------------


def pay(stage: Stage, sandbox: "SandboxClient", count: int) -> list[Sent]:
    """Have so many deposits begun and paid, at the gateways by turns, and return their webhooks, caught on their way.

    :raises AssertionError: when one does not come
    """
    from django.db import connections

    caught = Caught()
    server = ThreadingHTTPServer((HOST, 0), caught.handler())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for gateway in GATEWAYS:
        sandbox.set_webhook_url(gateway, f"http://{HOST}:{server.server_port}/{gateway}")
    crowd, street, guard = Crowd(sandbox, stage.url, 0), Street(), threading.Lock()

    def one(number: int) -> None:
        try:
            with guard:
                place = street.place()
            begun = crowd.deposit(number, place)
            sandbox.pay(begun.gateway, begun.reference)
        finally:
            connections.close_all()

    try:
        # Half of them at the gateway that is asked when the first is down.
        for first, numbers in ((None, range(count // 2)), ("paystack", range(count // 2, count))):
            rules = [{"gateway": first, "route": "initialize", "kind": "error_429"}] if first else []
            sandbox.gateway_faults(*rules)
            with ThreadPoolExecutor(PAYERS_AT_ONCE) as pool:
                list(pool.map(one, numbers))
        sandbox.gateway_faults()
        for _ in processes.until(60):
            if len(caught.found) >= count:
                break
        assert len(caught.found) == count, f"{len(caught.found)} webhooks came of {count}."  # noqa: S101
    finally:
        server.shutdown()
        server.server_close()
    return caught.found


def webhooks(caught: list[Sent], count: int, rng: random.Random) -> list[Sent]:
    """Return so many webhooks in an order drawn from the seed."""
    found = [one for one in caught for _again in range(TIMES)]
    while len(found) < count:
        found.append(forged(rng.choice(caught), rng) if rng.random() < 1 / FORGED_IN else foreign(caught, rng))
    rng.shuffle(found)
    return found


def foreign(caught: list[Sent], rng: random.Random) -> Sent:
    """Return a genuine webhook about a payment that is not Buka's: of another system with the same account."""
    model = rng.choice(caught)
    body = json.loads(model.body)
    data, number = body["data"], rng.getrandbits(40)
    data["id"] = number
    data["reference" if model.gateway == "paystack" else "tx_ref"] = f"shop-{number}"
    return _signed(model.gateway, "of another system", json.dumps(body).encode())


def forged(model: Sent, rng: random.Random) -> Sent:
    """Return a webhook about a payment of ours that nobody signed who knows the secret."""
    headers = {name: f"{rng.getrandbits(256):064x}" for name in model.headers}
    return Sent(model.gateway, "forged", headers, model.body)


def _signed(gateway: str, kind: str, body: bytes) -> Sent:
    from django.conf import settings

    if gateway == "paystack":
        proof = hmac.new(settings.PAYSTACK_SECRET_KEY.encode(), body, hashlib.sha512).hexdigest()
        return Sent(gateway, kind, {"x-paystack-signature": proof}, body)
    return Sent(gateway, kind, {"verif-hash": settings.FLUTTERWAVE_SECRET_HASH}, body)


# --- Sending --------------------------------------------------------------------------------------------------------


async def send(port: int, sent: list[Sent], connections: int) -> list[tuple[Sent, Answer]]:
    """Send all of them over so many connections, each of which sends one after the other; return the answers."""
    waiting, heard = iter(sent), list[tuple[Sent, Answer]]()

    async def one() -> None:
        client = Client(port)
        for webhook in waiting:
            await client.step_up()
            began = time.perf_counter()
            client.go(webhook.request)
            heard.append((webhook, await client.hear(began)))
        with suppress(OSError):
            await client.leave()

    await asyncio.gather(*(one() for _ in range(connections)))
    return heard


# --- What is left ---------------------------------------------------------------------------------------------------


def not_kept(sent: list[Sent]) -> int:
    """Return how many genuine webhooks stand nowhere, and how many that were not genuine, or twice, do."""
    from payments.gateways import registry
    from payments.models import WebhookEvent

    keys = {
        (one.gateway, registry.gateway(one.gateway).read_event(one.body).key[:200])
        for one in sent
        if one.kind != "forged"
    }
    kept = list(WebhookEvent.objects.values_list("gateway", "key"))
    return len(keys ^ set(kept)) + len(kept) - len(set(kept))


def rows_kept() -> int:
    from payments.models import WebhookEvent

    return WebhookEvent.objects.count()


def counted() -> int:
    from payments.models import Payment

    return Payment.objects.filter(state="succeeded", credited_at__isnull=False).count()


def drain(stage: Stage) -> float | None:
    """Return after how many seconds nothing waited any more; None when it still did at the end.

    The clock that asks about payments stays still: that they count is due to the webhooks alone.
    """
    from payments.models import WebhookEvent

    began = time.monotonic()
    while time.monotonic() - began < DRAIN_SECONDS:
        stage.beat(only=("payments.work_off_due", "core.outbox.sweep"))
        if not WebhookEvent.objects.filter(state="waiting").exists() and stage.wait_until_idle():
            return time.monotonic() - began
        time.sleep(0.5)
    return None


def table_of_rows() -> None:
    """Print what became of the webhooks."""
    from django.db.models import Count, Sum

    from payments.models import WebhookEvent

    rows = WebhookEvent.objects.values("gateway", "state").order_by("gateway", "state")
    say()
    table(
        ["kept", "what became of them", "how many", "came so often"],
        [[row["gateway"], row["state"], row["n"], row["t"]] for row in rows.annotate(n=Count("pk"), t=Sum("times"))],
    )


def tell(sent: list[Sent], answers: list[tuple[Sent, Answer]]) -> None:
    """Print what was answered."""
    kinds = Counter((one.gateway, one.kind, answer.status) for one, answer in answers)
    rows = []
    for (gateway, kind, status), many in sorted(kinds.items()):
        times = [a.seconds * 1000 for s, a in answers if (s.gateway, s.kind, a.status) == (gateway, kind, status)]
        what = f"{gateway}, {kind}: {status or 'no answer'}"
        rows.append([what, many, percentile(times, 0.5), percentile(times, 0.99)])
    say()
    table(["webhook, and its answer", "how many", "p50 ms", "p99 ms"], rows)


if __name__ == "__main__":
    sys.exit(main())
