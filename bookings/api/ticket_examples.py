"""One evening with tickets that all examples of the schema speak of."""

from typing import Any

from bookings.api.examples import TERRACE, TOKEN
from restaurants.api.examples import HOUSE, SHORT

EVENT_ID = "8b1e6c1d-3c44-4f0e-9d5b-2f7c9a1e4b60"
TICKET_KIND = "4c2d8f0a-6b1e-4a7d-8e3f-1a2b3c4d5e6f"
TABLE_KIND = "e7a1b2c3-d4e5-4f60-8a7b-9c0d1e2f3a4b"
ORDER_ID = "c9d8e7f6-a5b4-4c3d-9e2f-0a1b2c3d4e5f"
TICKET_IDS = ("1f0e2d3c-4b5a-4697-8877-665544332211", "2a3b4c5d-6e7f-4081-9223-344556677889")
BEGINS, ENDS = "2026-12-24T19:00:00+01:00", "2026-12-25T00:00:00+01:00"
UNTIL = "2026-12-22T19:00:00+01:00"
EVENT_HOUSE: dict[str, Any] = {
    "id": HOUSE,
    "slug": SHORT["slug"],
    "name": SHORT["name"],
    "url": SHORT["url"],
    "city": SHORT["city"],
    "time_zone": "Africa/Lagos",
}


def _naira(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "NGN"}


EVENT: dict[str, Any] = {
    "id": EVENT_ID,
    "url": f"https://buka.example/en/events/{EVENT_ID}/",
    "name": "Highlife on the terrace",
    "description": "A band, three courses and palm wine. Dress up.",
    "status": "on_sale",
    "restaurant": EVENT_HOUSE,
    "starts_at": BEGINS,
    "ends_at": ENDS,
    "area": TERRACE,
    "kinds": [
        {
            "id": TICKET_KIND,
            "name": "Ticket",
            "note": "With a glass of palm wine",
            "guests": 1,
            "price": _naira("17500.00"),
            "left": 23,
        },
        {
            "id": TABLE_KIND,
            "name": "Table for ten",
            "note": "",
            "guests": 10,
            "price": _naira("160000.00"),
            "left": 2,
        },
    ],
    "price_from": _naira("17500.00"),
    "guests_left": 43,
    "sale": {"open": True, "opens_at": None, "closes_at": BEGINS, "most_guests": 10},
    "terms": {
        "paid": "before",
        "hold_minutes": 45,
        "returnable_until": UNTIL,
        "transferable": True,
        "minimum_age": 18,
    },
    "links": {
        "self": f"https://buka.example/api/events/{EVENT_ID}",
        "orders": f"https://buka.example/api/events/{EVENT_ID}/orders",
    },
}
EVENT_PAGE: dict[str, Any] = {"results": [EVENT], "next": None, "previous": None}
SHORT_EVENT: dict[str, Any] = {
    name: EVENT[name] for name in ("id", "url", "name", "status", "starts_at", "ends_at", "restaurant")
}

ORDER_ASK: dict[str, Any] = {
    "tickets": [{"kind": TICKET_KIND, "count": 2}],
    "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567", "email": "adaeze@example.com"},
    "amount": "35000.00",
}


def _ticket(number: int, code: str) -> dict[str, Any]:
    return {
        "id": TICKET_IDS[number],
        "code": code,
        "kind": {"id": TICKET_KIND, "name": "Ticket", "guests": 1},
        "place": number + 1,
        "state": "valid",
        "holder": {"name": "Adaeze Okafor"},
        "passed_on": False,
        "admitted_at": None,
    }


FIRST, SECOND = _ticket(0, "K7F3WD2M"), _ticket(1, "P9XR4TQA")
ORDER: dict[str, Any] = {
    "id": ORDER_ID,
    "code": "R4TQAW",
    "status": "held",
    "event": SHORT_EVENT,
    "guest": {"name": "Adaeze Okafor", "phone": "+2348031234567", "email": "adaeze@example.com"},
    "tickets": [FIRST, SECOND],
    "money": {
        "due": _naira("35000.00"),
        "paid": _naira("0.00"),
        "paid_back": _naira("0.00"),
        "outstanding": _naira("35000.00"),
        "owed_back": _naira("0.00"),
        "contains": [
            {"kind": "vat", "name": "VAT", "tax": True, "rate": "7.50", "amount": _naira("2441.86")},
        ],
    },
    "hold_expires_at": "2026-12-01T10:00:30+01:00",
    "payment_instructions": "Transfer to Example Bank 0000000000 and write the code of your order with it.",
    "terms": {"paid": "before", "returnable_until": UNTIL, "transferable": True, "minimum_age": 18},
    "channel": "api",
    "version": 1,
    "created_at": "2026-12-01T09:15:30+01:00",
    "updated_at": "2026-12-01T09:15:30+01:00",
    "links": {
        "self": f"https://buka.example/api/ticket-orders/{ORDER_ID}",
        "page": f"https://buka.example/en/ticket-orders/{ORDER_ID}/",
    },
    "manage_url": f"https://buka.example/en/ticket-orders/{ORDER_ID}/?token={TOKEN}",
    "token": TOKEN,
}
PAID: dict[str, Any] = {
    **ORDER,
    "status": "confirmed",
    "money": {**ORDER["money"], "paid": _naira("35000.00"), "outstanding": _naira("0.00")},
    "hold_expires_at": None,
    "payment_instructions": None,
    "version": 2,
    "manage_url": None,
    "token": None,
}
PASSED: dict[str, Any] = {**SECOND, "id": None, "code": None, "holder": {"name": "Bola Adeyemi"}, "passed_on": True}
OWN_ORDER: dict[str, Any] = {**PAID, "tickets": [FIRST, PASSED]}
STAFF_ORDER: dict[str, Any] = {
    **PAID,
    "tickets": [{**each, "holder": {**each["holder"], "email": None}} for each in (FIRST, SECOND)],
    "staff": {"has_account": False},
}
VOID: dict[str, Any] = {"state": "void"}
PARTLY_RETURNED: dict[str, Any] = {
    **PAID,
    "tickets": [FIRST, {**SECOND, **VOID}],
    "money": {**PAID["money"], "due": _naira("17500.00"), "owed_back": _naira("17500.00")},
    "version": 3,
}
CANCELLED: dict[str, Any] = {
    **PAID,
    "status": "cancelled",
    "tickets": [{**each, **VOID} for each in (FIRST, SECOND)],
    "money": {**PAID["money"], "due": _naira("0.00"), "owed_back": _naira("35000.00")},
    "version": 3,
}
PAID_BACK: dict[str, Any] = {
    **CANCELLED,
    "tickets": [{**each, **VOID} for each in STAFF_ORDER["tickets"]],
    "money": {**CANCELLED["money"], "paid_back": _naira("5000.00"), "owed_back": _naira("30000.00")},
    "version": 4,
    "staff": {"has_account": False},
}
HELD_TICKET: dict[str, Any] = {**FIRST, "order": ORDER_ID, "event": SHORT_EVENT}
PASSED_ON: dict[str, Any] = {**PASSED, "handover": None}
ADMISSION: dict[str, Any] = {
    **FIRST,
    "state": "admitted",
    "holder": {"name": "Adaeze Okafor", "email": None},
    "admitted_at": "2026-12-24T19:20:00+01:00",
    "order": ORDER_ID,
    "order_code": "R4TQAW",
    "buyer": "Adaeze Okafor",
    "minimum_age": 18,
}
USED_ALREADY: dict[str, Any] = {
    "detail": "This ticket was used already, at 19:20.",
    "at": "19:20",
    "admitted_at": "2026-12-24T19:20:00+01:00",
    "through": "admin",
}
