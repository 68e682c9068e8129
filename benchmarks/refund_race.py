"""64 clients give money of one payment back at once, over HTTP against a real server, again and again.

Each round has a payment of its own that was made at the gateways' stand-in. Everybody wants another part back, together
far more than there is, and half of them send their request twice with the same key, as an app does whose answer was
lost. Behind it a worker tells the gateway, which loses some answers after it gave the money back.

Promised: never more goes back than came, here or at the gateway; one decision gives back once; what is left could not
have paid any that was refused; and nobody hears an error.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from benchmarks import harness
from benchmarks.chaos.payers import DEPOSIT_KOBO, Crowd, Street
from benchmarks.chaos.staging import Stage
from benchmarks.harness import HOST, last_line, machine, percentile, say, step, table
from benchmarks.race import Answer, Client

ROUNDS, QUICK_ROUNDS = 50, 5
CLIENTS = 64
# The API lets one person ask ten times a second; a house has as many who may give back as that needs.
MANAGERS = 16
GATEWAYS = ("paystack", "flutterwave")
PAID_KOBO = 2 * DEPOSIT_KOBO
SETTLE_SECONDS = 300


@dataclass(frozen=True)
class Wish:
    """What one client asks for: sent twice, it gives back once."""

    key: str
    kobo: int
    bearer: str
    is_sent_twice: bool


@dataclass
class Round:
    """One payment, those who want some of it back, and what they heard."""

    payment_id: UUID
    wishes: list[Wish]
    answers: list[tuple[Wish, Answer]] = field(default_factory=list)

    @property
    def granted(self) -> dict[str, int]:
        """What was promised: by key, however often it was sent."""
        return {wish.key: wish.kobo for wish, answer in self.answers if answer.status == 201}

    @property
    def errors(self) -> int:
        return sum(answer.status not in (201, 409) for _wish, answer in self.answers)

    @property
    def wrongly_refused(self) -> int:
        """Those who were told that there was not so much left, and there was, to the end."""
        left = PAID_KOBO - sum(self.granted.values())
        refused = {wish.key: wish.kobo for wish, answer in self.answers if answer.code == "refund_too_large"}
        return sum(kobo <= left for key, kobo in refused.items() if key not in self.granted)


@dataclass
class Found:
    """What stands in the rows, the books and at the gateways once everything has been told. Kobo."""

    over_refunded: int = 0
    twice: int = 0
    diff_kobo: int = 0
    unsettled: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Run the race; 1 when a promise is broken."""
    asked = harness.options(
        "refund_race",
        __doc__,
        arguments,
        rounds={"type": int, "default": None, "help": f"{ROUNDS}, with --quick {QUICK_ROUNDS}"},
        clients={"type": int, "default": CLIENTS},
    )
    count = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    rng, where = random.Random(asked.seed), machine()
    from sandbox.testing import RunningSandbox

    with harness.scratch("refund-gateways") as folder, RunningSandbox(folder / "sandbox") as sandbox:
        # Buka's addresses of the gateways follow from this one.
        os.environ |= {"SANDBOX_URL": sandbox.url, "EMAIL_PORT": str(sandbox.smtp_port)}
        sandbox.http.timeout = 60
        with harness.world("refund_race") as world:
            from benchmarks.payments_chaos import broken_invariants, put_rules_out_of_force

            with Stage(world, sandbox, rng) as stage:
                put_rules_out_of_force()
                with step(f"{count} payments"):
                    rounds = prepare(stage, count, asked.clients, rng)
                sandbox.gateway_faults(*faults(), seed=asked.seed)
                with step(f"Racing: {count} rounds of {asked.clients}"):
                    asyncio.run(race(stage.port, rounds))
                with step("Until the gateways have been told"):
                    settle(stage)
                found = compare(rounds, {name: sandbox.payments(name) for name in GATEWAYS})
                invariants = broken_invariants()
    tell(rounds)
    for line in invariants:
        say(f"BROKEN: {line}")
    say(f"\n{where}")
    times = [answer.seconds * 1000 for one in rounds for _wish, answer in one.answers]
    errors = sum(one.errors for one in rounds)
    wrongly = sum(one.wrongly_refused for one in rounds)
    last_line(
        "refund_race",
        rounds=len(rounds),
        clients=asked.clients,
        refunds=sum(len(one.granted) for one in rounds),
        over_refunded=found.over_refunded,
        twice=found.twice,
        diff_kobo=found.diff_kobo,
        wrongly_refused=wrongly,
        unsettled=found.unsettled,
        errors=errors,
        p50_ms=round(percentile(times, 0.5)),
        p95_ms=round(percentile(times, 0.95)),
    )
    broken = found.over_refunded or found.twice or found.diff_kobo or found.unsettled or wrongly or errors
    return 1 if broken or invariants else 0


def faults() -> list[dict[str, Any]]:
    """Return how answers of the gateways are lost after, or before, they have given money back."""
    return [
        {"gateway": "*", "route": "refund", "kind": kind, "chance": 0.15, "options": options}
        for kind, options in (("reset_after", {}), ("reset", {}), ("error_500", {"after": True}))
    ]


# --- Before the start -----------------------------------------------------------------------------------------------


def prepare(stage: Stage, count: int, clients: int, rng: random.Random) -> list[Round]:
    """Have as many deposits paid as there are rounds, at both gateways by turns, and say who wants what of each."""
    from django.conf import settings
    from django.utils import timezone

    from benchmarks.races import bearer_of_an_owner
    from payments.models import Payment

    # The tokens that are made here name the web process that takes them.
    settings.BASE_URL = f"http://localhost:{stage.port}"
    crowd, street = Crowd(stage.sandbox, stage.url, 0), Street()
    bearers: dict[int, list[str]] = {}
    rounds = []
    for number in range(count):
        house, starts_at = street.place()
        if house.pk not in bearers:
            bearers[house.pk] = [bearer_of_an_owner(house, manager) for manager in range(MANAGERS)]
        begun = crowd.deposit(number, (house, starts_at))
        stage.sandbox.pay(begun.gateway, begun.reference)
        crowd.come_back(begun.reference, begun.headers)
        payment = Payment.objects.get(reference=begun.reference)
        assert payment.received_kobo == PAID_KOBO, payment.state  # noqa: S101
        wishes = [
            Wish(
                key=f"refund-race-{number}-{client}-{timezone.now():%H%M%S%f}",
                # Together about ten times what there is.
                kobo=rng.randint(1, PAID_KOBO * 20 // clients // 100) * 100,
                bearer=bearers[house.pk][client % MANAGERS],
                is_sent_twice=client % 2 == 0,
            )
            for client in range(clients)
        ]
        rounds.append(Round(payment.public_id, wishes))
    return rounds


# --- The race -------------------------------------------------------------------------------------------------------


def request(payment_id: UUID, wish: Wish) -> bytes:
    """Return one client's whole request."""
    body = json.dumps({"amount": f"{wish.kobo // 100}.{wish.kobo % 100:02d}", "reason": "goodwill"}).encode()
    head = (
        f"POST /api/payments/{payment_id}/refunds HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nAuthorization: Bearer {wish.bearer}\r\nIdempotency-Key: {wish.key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def race(port: int, rounds: list[Round]) -> None:
    """Run the rounds one after the other and note what everybody heard."""
    for one in rounds:
        sent = [wish for wish in one.wishes for _again in range(2 if wish.is_sent_twice else 1)]
        clients = [Client(port) for _wish in sent]
        await asyncio.gather(*(client.step_up() for client in clients))
        began = time.perf_counter()
        for client, wish in zip(clients, sent, strict=True):
            client.go(request(one.payment_id, wish))
        answers = await asyncio.gather(*(client.hear(began) for client in clients))
        one.answers = list(zip(sent, answers, strict=True))
        await asyncio.gather(*(client.leave() for client in clients))


# --- Afterwards -----------------------------------------------------------------------------------------------------


def settle(stage: Stage) -> None:
    """Let the workers tell the gateways of every refund, time passing in steps for those whose answer was lost."""
    from benchmarks.chaos import comparing

    began = time.monotonic()
    stage.beat(at_once=True)
    stage.wait_until_idle()
    while comparing.unsettled() and time.monotonic() - began < SETTLE_SECONDS:
        for _passed in stage.passing(60, 60):
            pass


def compare(rounds: list[Round], gateways: dict[str, list[dict[str, Any]]]) -> Found:
    """Return what differs between what was promised, the rows, the books and the gateways."""
    from benchmarks.chaos import comparing
    from payments.ledger.selectors import left_of_payment
    from payments.models import Payment
    from payments.states import RefundState

    there = {str(row["reference"]): row for rows in gateways.values() for row in rows}
    found = Found(unsettled=len(comparing.unsettled()))
    for one in rounds:
        payment = Payment.objects.get(public_id=one.payment_id)
        promised = sum(one.granted.values())
        refunds = list(payment.refunds.exclude(state=RefundState.FAILED))
        given, at_gateway = sum(refund.amount_kobo for refund in refunds), there[payment.reference]["refunded_kobo"]
        found.over_refunded += max(0, max(promised, given, at_gateway) - PAID_KOBO)
        found.twice += max(0, len(refunds) - len(one.granted))
        in_books = payment.received_kobo - left_of_payment(payment.public_id)
        told = (promised, given, at_gateway, payment.refunded_kobo, in_books)
        found.diff_kobo += max(told) - min(told)
        if max(told) != min(told):
            say(f"BROKEN: {payment.reference}: promised, rows, gateway, payment, books: {told}")
    return found


def tell(rounds: list[Round]) -> None:
    """Print what everybody heard."""
    answers = [answer for one in rounds for _wish, answer in one.answers]
    kinds = Counter((answer.status, answer.code) for answer in answers)
    rows = []
    for (status, code), count in sorted(kinds.items()):
        times = [answer.seconds * 1000 for answer in answers if (answer.status, answer.code) == (status, code)]
        rows.append([f"{status or 'no answer'} {code}".strip(), count, percentile(times, 0.5), percentile(times, 0.95)])
    say()
    table(["answer", "how many", "p50 ms", "p95 ms"], rows)


if __name__ == "__main__":
    sys.exit(main())
