"""Payments through both gateways' stand-ins while everything goes wrong, and what the rows say afterwards.

People book tables that want a deposit and pay it: by card, by transfer, too little, too much, twice, too late, or not
at all; some cancel, some are given a part back. Meanwhile the gateways reset connections, answer late, twice, in HTML
or not at all, lose webhooks, send them twice, out of order, forged or cut off, and refuse refunds; and the web process
and the workers get SIGKILL at random and are started again. All of it is drawn from a seed.

Then the faults end, time passes until nothing more can happen at a gateway, those pay who are too late, and five
minutes after that every kobo is looked for: the gateways' own sums, the payments and the books must say the same, money
must stand for a table or be on its way back, and nothing may have counted twice.

Minutes here are simulated: the gateways' clock is put forward, and what Buka waits for is put back by as much
(`chaos.staging.Stage.put_time_on`). The beat's tasks are rung in each step, and the workers do the rest in real time.
"""

import argparse
import math
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.chaos import comparing
from benchmarks.chaos.payers import Crowd
from benchmarks.chaos.staging import Stage
from benchmarks.harness import last_line, machine, say, step, table

PAYMENTS, QUICK_PAYMENTS = 20_000, 200
PAYERS_AT_ONCE = 8
GATEWAYS = ("paystack", "flutterwave")
# Once all processes are at work one is killed after so many seconds, and stays away so long. In a long run less often:
# most of the time nobody could pay.
KILLED_AFTER, QUICKLY_KILLED_AFTER, STAYS_AWAY = (1.0, 45.0), (1.0, 12.0), 2.0
MOST = 1_000_000
# The promise: so many simulated minutes after the last event. What is not settled then is waited for so long.
PROMISED_SECONDS, LIMIT_SECONDS = 300, 6 * 3600

MESSAGES_OF_MONEY = {"paystack": "charge.success", "flutterwave": "charge.completed"}


def rules() -> list[dict[str, Any]]:
    """Return every fault that the sandbox has and that a payment of ours can meet, with how likely it is."""
    found: list[dict[str, Any]] = []

    def add(kind: str, chance: float, *, route: str = "*", gateway: str = "*", **more: Any) -> None:
        # With a number of times, the sandbox counts how often it has happened.
        found.append({"gateway": gateway, "route": route, "kind": kind, "chance": chance, "times": MOST, **more})

    for route in ("initialize", "verify", "refund"):
        for kind in ("reset", "reset_after", "error_500", "error_503", "error_429", "garbage"):
            add(kind, 0.015, route=route)
        add("slow", 0.02, route=route, seconds=1.5)
        # Longer than Buka waits, and a little more.
        add("timeout_before", 0.004, route=route, seconds=14)
        add("timeout_after", 0.004, route=route, seconds=14)
        add("error_500", 0.01, route=route, options={"after": True})
    for kind in ("reset", "error_500", "garbage"):
        for route in ("refund_list", "refund_fetch", "refunds", "transactions", "dispute"):
            add(kind, 0.02, route=route)
    for kind, chance in (
        ("duplicate", 0.15),
        ("reorder", 0.1),
        ("before_redirect", 0.1),
        ("before_answer", 0.1),
        ("string_amount", 0.1),
        ("legacy_shape", 0.1),
        ("omit_refund_id", 0.3),
        ("include_refund_id", 0.3),
        ("reserialised", 0.02),
    ):
        add(kind, chance, route="webhook", seconds=4.0)
    add("delay", 0.1, route="webhook", seconds=20.0)
    for gateway, event in MESSAGES_OF_MONEY.items():
        for kind in ("drop", "bad_signature", "unsigned", "truncated", "tampered", "foreign_merchant", "wrong_mode"):
            add(kind, 0.03, route="webhook", gateway=gateway, options={"event": event})
    for kind, chance in (("wrong_amount", 0.02), ("wrong_currency", 0.01), ("fee_on_top", 0.03), ("declined", 0.03)):
        add(kind, chance, route="checkout")
    add("wrong_amount", 0.01, route="checkout", options={"ratio": 100})
    add("wrong_amount", 0.01, route="checkout", options={"ratio": 0.01})
    # Chargebacks of Flutterwave are told by no webhook; the nightly reconciliation reads their list.
    add("dispute", 0.03, route="checkout", gateway="paystack")
    for kind in ("refund_pending", "refund_failed", "refund_needs_attention", "refund_balance_short"):
        add(kind, 0.03, route="refund")
    add("reversal_pending", 0.05, route="verify")
    add("odd_metadata", 0.1, route="verify", gateway="paystack")
    add("failed_webhook", 0.3, route="webhook", gateway="paystack")
    return found


def put_rules_out_of_force() -> None:
    """Thousands who pay from one address with the same few test cards look like fraud; here they are none."""
    from payments.fraud.models import Rule

    Rule.objects.update(is_active=False)


def main(arguments: list[str] | None = None) -> int:
    """Run it; 1 when a promise is broken."""
    asked = harness.options(
        "payments_chaos",
        __doc__,
        arguments,
        payments={"type": int, "default": None, "help": f"{PAYMENTS}, with --quick {QUICK_PAYMENTS}"},
        minutes={
            "type": float,
            "default": None,
            "help": "nobody begins to pay after so long",
        },
        keep={"type": Path, "default": None, "help": "a folder for the logs of the processes that were killed"},
    )
    count = asked.payments or (QUICK_PAYMENTS if asked.quick else PAYMENTS)
    where, began = machine(), time.monotonic()
    from sandbox.testing import RunningSandbox

    with harness.scratch("chaos-gateways") as folder, RunningSandbox(folder / "sandbox") as sandbox:
        # Buka's addresses of the gateways follow from this one.
        os.environ |= {"SANDBOX_URL": sandbox.url, "EMAIL_PORT": str(sandbox.smtp_port)}
        sandbox.http.timeout = 120
        with harness.world("payments_chaos") as world, Stage(world, sandbox, random.Random(asked.seed)) as stage:
            put_rules_out_of_force()
            crowd = Crowd(sandbox, stage.url, asked.seed)
            try:
                faults = storm(stage, crowd, count, asked)
                count = crowd.came
                settled_after, late_after = calm(stage, crowd, random.Random(asked.seed))
                found = comparing.compare({name: sandbox.payments(name) for name in GATEWAYS})
                waiting = comparing.unsettled()
                ways = list(comparing.outcomes(crowd.ways))
                invariants = broken_invariants()
            finally:
                if asked.keep:
                    asked.keep.mkdir(parents=True, exist_ok=True)
                    for one in (stage.web, *stage.workers):
                        (asked.keep / one.log.name).write_bytes(one.log.read_bytes())
    tell(faults, crowd, ways, stage.kills)
    for line in (*found.lines, *waiting[:20], *invariants):
        say(f"BROKEN: {line}")
    say(f"\n{where}; {time.monotonic() - began:.0f} s")
    last_line(
        "payments_chaos",
        payments=count,
        seed=asked.seed,
        killed=sum(stage.kills.values()),
        faults=sum(row[2] for row in faults),
        ledger_diff_kobo=found.ledger_diff_kobo,
        stranded=found.stranded,
        doubled=found.doubled,
        unsettled=found.unsettled,
        unsettled_after_5_minutes=late_after,
        settled_after_s=settled_after,
        held=found.held,
        failed_refunds=found.failed_refunds,
        lost_payers=sum(crowd.lost.values()),
    )
    broken = found.ledger_diff_kobo or found.stranded or found.doubled or found.unsettled or late_after or invariants
    return 1 if broken else 0


def storm(stage: Stage, crowd: Crowd, count: int, asked: argparse.Namespace) -> list[tuple[str, str, int]]:
    """Have everybody pay while everything goes wrong; return the faults: kind, route, how often."""
    from django.db import connections

    # Of two threads neither may wait for the other to begin: the connections of each are its own.
    connections.close_all()
    stage.sandbox.gateway_faults(*rules(), seed=asked.seed)
    next_kill = back_at = None
    end = time.monotonic() + asked.minutes * 60 if asked.minutes else math.inf
    between = QUICKLY_KILLED_AFTER if asked.quick else KILLED_AFTER
    with step(f"{count} payments, and all that goes wrong"), ThreadPoolExecutor(PAYERS_AT_ONCE) as pool:
        under_way = [pool.submit(crowd.one, number) for number in range(count)]
        try:
            while time.monotonic() < end and not all(one.done() for one in under_way):
                now = time.monotonic()
                stage.beat()
                if back_at is not None and now >= back_at:
                    stage.revive()
                    back_at = None
                elif back_at is None and next_kill is None and stage.is_whole():
                    next_kill = now + stage.rng.uniform(*between)
                elif next_kill is not None and now >= next_kill:
                    stage.kill_somebody()
                    next_kill, back_at = None, now + STAYS_AWAY
                time.sleep(0.5)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            stage.revive()
    stage.wait_for_web()
    return happened(stage)


def happened(stage: Stage) -> list[tuple[str, str, int]]:
    """Return what the sandbox has played: kind, route, how often."""
    counted = Counter[tuple[str, str]]()
    for rule in stage.sandbox.http.get("/gateways/api/faults").raise_for_status().json()["rules"]:
        counted[rule["kind"], rule["route"]] += MOST - (rule["times"] or 0)
    return [(kind, route, times) for (kind, route), times in sorted(counted.items())]


def calm(stage: Stage, crowd: Crowd, rng: random.Random) -> tuple[float | None, int]:
    """Let everything end; return after how many seconds all was settled, and how much was not after five minutes.

    The last event is what those do who pay too late: then every page, account and hold is long over.
    """
    stage.sandbox.gateway_faults()
    with step("Time passes: a minute in steps, then two hours"):
        for _passed in stage.passing(60, 15):
            pass
        for _passed in stage.passing(7200, 900):
            pass
    end_disputes(stage, rng)
    with step(f"{len(crowd.late)} pay too late"):
        crowd.pay_late(rng)
    settled_after: float | None = None
    late_after = 0
    with step("Waiting until everything is settled"):
        passed = 0.0
        stage.beat(at_once=True)
        stage.wait_until_idle()
        while passed < LIMIT_SECONDS:
            if not comparing.unsettled() and is_still_so():
                settled_after = passed
                break
            size = 15 if passed < PROMISED_SECONDS else 300
            for _each in stage.passing(size, size):
                passed += size
            if passed == PROMISED_SECONDS:
                late_after = len(comparing.unsettled())
    return settled_after, late_after


def is_still_so() -> bool:
    """Whether nothing has come in after a moment: a webhook may be on its way."""
    time.sleep(3)
    return not comparing.unsettled()


def end_disputes(stage: Stage, rng: random.Random) -> None:
    """Have the banks decide."""
    from payments.models import Dispute

    for number in Dispute.objects.filter(state="open").order_by("pk").values_list("gateway_id", flat=True):
        stage.sandbox.tell("paystack", f"disputes/{number}/step", to=rng.choice(("merchant-won", "merchant-lost")))


def broken_invariants() -> list[str]:
    """Return what `check_invariants` and `check_ledger` would say."""
    from core.invariants import ask, invariants
    from payments.ledger.agreements import agreements

    found = [one for one in ask([*invariants(), *agreements()]) if not one.holds]
    return [f"{one.invariant.name}: {one.count} rows, as {dict(one.rows[0])}" for one in found]


def tell(
    faults: list[tuple[str, str, int]], crowd: Crowd, ways: list[tuple[str, str, int]], kills: Counter[str]
) -> None:
    """Print the faults and the outcomes."""
    say()
    table(["what went wrong at the gateways", "where", "how often"], [list(row) for row in faults])
    say()
    table(["what was killed", "how often"], [[name, count] for name, count in sorted(kills.items())])
    say()
    table(["how they paid", "what became of it", "how many"], [list(row) for row in ways])
    say()
    table(["what they heard", "how often"], [[what, count] for what, count in sorted(crowd.heard.items())])
    for what, count in sorted(crowd.lost.items()):
        say(f"LOST: {count} × {what}")


if __name__ == "__main__":
    sys.exit(main())
