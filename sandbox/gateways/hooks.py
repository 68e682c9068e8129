"""Webhooks: written down with what they tell of, then sent by `sandbox.gateways.sender`."""

import json
import threading
from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.db import transaction

from sandbox.gateways import clock, faults
from sandbox.gateways.merchants import LIVE, TEST, Merchant
from sandbox.gateways.models import Delivery
from sandbox.gateways.registry import GATEWAYS, WEBHOOK

DELAY_SECONDS = 5.0
# A fault here changes what the body says; the others what is done to its bytes or when it goes.
SHAPES = frozenset({"string_amount", "legacy_shape", "omit_refund_id", "include_refund_id", "wrong_mode"})
# During a request: the deliveries that are to be tried before it is answered, with the fault that wants it.
awaited: ContextVar[list[tuple[str, int]] | None] = ContextVar("awaited", default=None)
# Set when there may be something to send.
bell = threading.Event()


def compact(payload: Any) -> str:
    """Return JSON as a gateway's own serializer writes it: no spaces, raw UTF-8, no needless decimals."""
    return json.dumps(_whole(payload), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(each) for each in value]
    return value


def announce(
    *,
    merchant: Merchant,
    mode: str,
    event: str,
    reference: str,
    build: Callable[[frozenset[str]], Any],
) -> list[Delivery]:
    """Write a webhook down, to be sent once the transaction is committed; call it in the transaction of the effect.

    `build` returns the body and is told which faults of `SHAPES` it is to play.
    """
    found = faults.drawn(merchant.gateway, WEBHOOK, "webhook", event=event)
    body = compact(build(SHAPES & set(found)))
    now = clock.now()
    state, next_try_at = Delivery.State.PENDING, now
    if "delay" in found:
        next_try_at = now + timedelta(seconds=_seconds(found["delay"]))
    if "reorder" in found:
        # Should nothing follow, it goes by itself.
        state, next_try_at = Delivery.State.HELD, now + timedelta(seconds=_seconds(found["reorder"]))
    if "drop" in found:
        state = Delivery.State.DROPPED
    copies = int(found["duplicate"].options.get("n", 2)) if "duplicate" in found else 1
    made = [
        Delivery.objects.create(
            gateway=merchant.gateway,
            merchant=merchant.name,
            mode=mode,
            event=event,
            reference=reference[:200],
            body=body,
            faults={kind: each.options for kind, each in found.items()},
            state=state,
            made_at=now,
            next_try_at=None if state == Delivery.State.DROPPED else next_try_at,
        )
        for _copy in range(max(1, copies))
    ]
    expected = awaited.get()
    if expected is not None:
        for kind in ("before_redirect", "before_answer"):
            expected.extend((kind, delivery.pk) for delivery in made if kind in found)
    transaction.on_commit(bell.set)
    return made


def _seconds(fault: faults.Drawn) -> float:
    return DELAY_SECONDS if fault.seconds is None else fault.seconds


def outgoing(delivery: Delivery, merchant: Merchant) -> tuple[dict[str, str], bytes]:
    """Return the headers and bytes that go out: signed, and then spoilt as the delivery's faults want it."""
    body = delivery.body.encode()
    spoilt = delivery.faults
    signer, mode = merchant, delivery.mode
    if "foreign_merchant" in spoilt:
        signer = merchant.other
    if "wrong_mode" in spoilt and not spoilt["wrong_mode"].get("keep_key"):
        mode = LIVE if mode == TEST else TEST
    headers = GATEWAYS[delivery.gateway].sign(signer, mode, body)
    if "unsigned" in spoilt:
        headers = {}
    if "bad_signature" in spoilt:
        headers = {name: _other(value) for name, value in headers.items()}
    if "tampered" in spoilt:
        body = _tampered(delivery.body).encode()
    if "reserialised" in spoilt:
        body = json.dumps(json.loads(delivery.body), indent=2).encode()
    if "truncated" in spoilt:
        body = body[: len(body) * 2 // 3]
    return headers, body


def _other(signature: str) -> str:
    return signature[:-1] + ("0" if signature[-1:] != "0" else "1")


def _tampered(body: str) -> str:
    """Return the body with ten times the amount, or with one field more where there is none."""
    for name in ("amount", "AmountRefunded"):
        before, found, after = body.partition(f'"{name}":')
        if found:
            digits = len(after) - len(after.lstrip('"0123456789'))
            sum_of_money = after[:digits]
            more = f'{sum_of_money[:-1]}0"' if sum_of_money.endswith('"') else f"{sum_of_money}0"
            return before + found + more + after[digits:]
    return body[:-1] + ',"tampered":true}'


def resend(delivery: Delivery) -> None:
    """Send it now, whatever has become of it."""
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.PENDING, next_try_at=clock.now())
    bell.set()


def as_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "gateway": delivery.gateway,
        "merchant": delivery.merchant,
        "mode": delivery.mode,
        "event": delivery.event,
        "reference": delivery.reference,
        "state": delivery.state,
        "faults": delivery.faults,
        "attempts": delivery.attempts,
        "tries": delivery.tries,
        "made_at": delivery.made_at.isoformat(),
        "next_try_at": delivery.next_try_at and delivery.next_try_at.isoformat(),
        "answer": delivery.answer,
        "body": json.loads(delivery.body),
    }
