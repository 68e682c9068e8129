"""What the description of the API shows."""

from typing import Any


def _naira(text: str) -> dict[str, str]:
    return {"amount": text, "currency": "NGN"}


STATEMENT: dict[str, Any] = {
    "restaurant": "019acf3e-7c1a-7b52-9a41-6a54fd0c9d11",
    "since": "2026-11-23T00:00:00+01:00",
    "until": "2026-11-30T00:00:00+01:00",
    "opening": _naira("0.00"),
    "closing": _naira("8925.00"),
    "lines": [
        {
            "at": "2026-11-24T19:30:00+01:00",
            "kind": "deposit",
            "code": "AC3F7H",
            "payment": "019acf52-0d3b-7c60-8f0e-2b9f5a3f6c22",
            "gross": _naira("10000.00"),
            "commission": _naira("1000.00"),
            "commission_vat": _naira("75.00"),
            "gateway_fee": _naira("0.00"),
            "tax_within": _naira("0.00"),
            "net": _naira("8925.00"),
            "balance": _naira("8925.00"),
        }
    ],
}
