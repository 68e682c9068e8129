"""What a merchant says to Paystack, for tests of the sandbox."""

from typing import Any

import httpx

from sandbox.gateways.keys import PAYSTACK
from sandbox.testing import SandboxClient

KEY = PAYSTACK["ours", "test"]


def call(sandbox: SandboxClient, method: str, path: str, *, key: str = KEY, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}", **more.pop("headers", {})}
    return sandbox.http.request(method, f"/paystack{path}", headers=headers, **more)


def initialize(
    sandbox: SandboxClient, reference: str = "buka-1", amount: Any = 2_500_000, **more: Any
) -> httpx.Response:
    key = more.pop("key", KEY)
    asked = {"email": "payer@example.com", "amount": amount, "reference": reference, **more}
    return call(sandbox, "POST", "/transaction/initialize", json=asked, key=key)


def verify(sandbox: SandboxClient, reference: str = "buka-1", *, key: str = KEY) -> dict[str, Any]:
    return call(sandbox, "GET", f"/transaction/verify/{reference}", key=key).raise_for_status().json()["data"]


def paid(sandbox: SandboxClient, reference: str = "buka-1", amount: int = 2_500_000, **more: Any) -> dict[str, Any]:
    """Return a payment that has been made, by card unless `how` says otherwise."""
    how = {name: more.pop(name) for name in ("how", "card") if name in more}
    initialize(sandbox, reference, amount, **more).raise_for_status()
    sandbox.pay("paystack", reference, **how)
    return verify(sandbox, reference)


def refund(sandbox: SandboxClient, reference: str = "buka-1", *, key: str = KEY, **more: Any) -> httpx.Response:
    return call(sandbox, "POST", "/refund", json={"transaction": reference, **more}, key=key)
