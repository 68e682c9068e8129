"""What the description of the API shows."""

from typing import Any

BOOKING = "0b6d5c0e-2f55-4f1c-9f0b-7a8f2f1b1a10"
BEGIN = {"kind": "deposit", "subject": BOOKING, "channel": "transfer"}
REFERENCE = {"reference": "buka-4f1c9f0b7a8f2f1b1a10c0de"}
REFUND_ASK = {"amount": "5000.00", "reason": "goodwill", "note": "The soup was cold."}
WAITING: dict[str, Any] = {
    "id": "019acf3e-7c1a-7b52-9a41-6a54fd0c9d11",
    **REFERENCE,
    "kind": "deposit",
    "subject": BOOKING,
    "state": "pending",
    "is_counted": False,
    "amount": {"amount": "20000.00", "currency": "NGN"},
    "received": {"amount": "0.00", "currency": "NGN"},
    "refunded": {"amount": "0.00", "currency": "NGN"},
    "channel": "transfer",
    "card": None,
    "checkout_url": "https://checkout.paystack.com/3ni8kdavz62431k",
    "expires_at": "2026-12-24T18:35:00+01:00",
    "paid_at": None,
    "created_at": "2026-12-24T18:00:00+01:00",
    "refunds": [],
}
PAID: dict[str, Any] = {
    **WAITING,
    "state": "succeeded",
    "is_counted": True,
    "received": {"amount": "20000.00", "currency": "NGN"},
    "checkout_url": None,
    "paid_at": "2026-12-24T18:04:11+01:00",
}
GIVEN_BACK: dict[str, Any] = {
    **PAID,
    "refunded": {"amount": "5000.00", "currency": "NGN"},
    "refunds": [
        {
            "id": "019acf52-0d3b-7c60-8f0e-2b9f5a3f6c22",
            "state": "requested",
            "amount": {"amount": "5000.00", "currency": "NGN"},
            "reason": "goodwill",
            "expected_at": None,
            "created_at": "2026-12-24T21:30:00+01:00",
        }
    ],
}
PAGE = {"results": [PAID], "next": None, "previous": None}
