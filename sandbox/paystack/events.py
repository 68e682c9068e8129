"""Paystack's webhooks: their envelope, their signature and their schedule."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from sandbox.gateways import hooks
from sandbox.gateways.merchants import LIVE, MERCHANTS, TEST, Merchant

# Live: every three minutes for the first four tries, then hourly for three days. Test: hourly for ten hours.
FIRST_SECONDS, FIRST_TRIES, LATER_SECONDS = 180, 4, 3600
LIVE_LASTS, TEST_LASTS = 72 * 3600, 10 * 3600
TEST_PATIENCE, LIVE_PATIENCE = 30.0, 30.0


def tell(
    *, merchant: str, mode: str, event: str, reference: str, build: Callable[[frozenset[str]], dict[str, Any]]
) -> None:
    """Write a webhook down, in the transaction of what it tells; `build` returns its `data`."""

    def body(kinds: frozenset[str]) -> dict[str, Any]:
        data = build(kinds)
        if "wrong_mode" in kinds:
            data["domain"] = LIVE if mode == TEST else TEST
        if "string_amount" in kinds and "amount" in data:
            data["amount"] = str(data["amount"])
        return {"event": event, "data": data}

    hooks.announce(merchant=MERCHANTS[merchant], mode=mode, event=event, reference=reference, build=body)


def sign(merchant: Merchant, mode: str, body: bytes) -> dict[str, str]:
    signature = hmac.new(merchant.secrets[mode].encode(), body, hashlib.sha512).hexdigest()
    return {"x-paystack-signature": signature}


def retry_after(mode: str, attempts: int, age_seconds: float) -> float | None:
    lasts = LIVE_LASTS if mode == LIVE else TEST_LASTS
    wait = FIRST_SECONDS if mode == LIVE and attempts < FIRST_TRIES else LATER_SECONDS
    return wait if age_seconds + wait <= lasts else None


def patience_seconds(mode: str) -> float:
    return LIVE_PATIENCE if mode == LIVE else TEST_PATIENCE
