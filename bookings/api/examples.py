"""One evening that all examples of the schema speak of."""

from typing import Any

from restaurants.api.examples import HOUSE, NIGHTFALL, SHORT

BOOKING_ID = "b3c7be1c-6f4c-4f0c-8a2f-9f8d3c1e5a70"
TERRACE = {"id": "0f6e3f7c-52a9-4f2c-8d0b-8a52a2a9b6d1", "name": "Terrace"}
TOKEN = "m3xQ0yKX1hS7pE9fZb5cW2vJrT8uN4aLdG6iYoRkHsA"  # noqa: S105 - opens nothing
UNTIL = "2026-12-24T20:45:00+01:00"
ALTERNATIVES = [{"starts_at": "2026-12-24T20:00:00+01:00", "ends_at": UNTIL, "shift": "Dinner", "areas": [TERRACE]}]

FREE_SLOT: dict[str, Any] = {"starts_at": NIGHTFALL, "ends_at": UNTIL, "shift": "Dinner", "areas": [TERRACE]}
LISTED: dict[str, Any] = {
    "results": [{**SHORT, "free_slots": [FREE_SLOT]}],
    "next": "https://buka.example/api/restaurants?city=lagos&cursor=eyJvIjoxfQ",
    "previous": None,
}
DAY: dict[str, Any] = {
    "restaurant": HOUSE,
    "date": "2026-12-24",
    "party_size": 4,
    "area": None,
    "step_free": False,
    "time_zone": "Africa/Lagos",
    "bookable": True,
    "closed": False,
    "special_day": None,
    "deposit": None,
    "deposit_due": "at_the_house",
    "needs_approval": False,
    "reason": None,
    "note": "",
    "slots": [
        {**FREE_SLOT, "available": True, "reason": None, "deposit": None, "minimum_spend": None},
        {
            "starts_at": "2026-12-24T19:15:00+01:00",
            "ends_at": "2026-12-24T21:00:00+01:00",
            "shift": "Dinner",
            "areas": [],
            "available": False,
            "reason": "no_table",
            "deposit": None,
            "minimum_spend": None,
        },
    ],
    "suggestions": None,
}
OFFER = "WyJhIiwiYiJd:1vFq3k:Zb5cW2vJrT8uN4aLdG6iYoRkHsAm3xQ0yKX1hS7pE9f"
SUGGESTED: dict[str, Any] = {
    **DAY,
    "suggestions": {
        "asked_at": NIGHTFALL,
        "available": True,
        "times": [
            {
                "starts_at": "2026-12-24T20:30:00+01:00",
                "ends_at": "2026-12-24T22:15:00+01:00",
                "shift": "Dinner",
                "areas": [TERRACE],
                "points": 80,
            }
        ],
        "token": OFFER,
    },
}
CALENDAR: dict[str, Any] = {
    "restaurant": HOUSE,
    "from": "2026-12-24",
    "to": "2026-12-25",
    "party_size": 4,
    "area": None,
    "step_free": False,
    "time_zone": "Africa/Lagos",
    "bookable": True,
    "reason": None,
    "note": "",
    "days": [
        {
            "date": "2026-12-24",
            "closed": False,
            "special_day": None,
            "slots": 13,
            "available": 9,
            "first_at": "2026-12-24T18:00:00+01:00",
            "last_at": "2026-12-24T21:00:00+01:00",
        },
        {
            "date": "2026-12-25",
            "closed": True,
            "special_day": {"name": "Christmas Day", "note": "Back on the 26th."},
            "slots": 0,
            "available": 0,
            "first_at": None,
            "last_at": None,
        },
    ],
}
ASK: dict[str, Any] = {
    "restaurant": HOUSE,
    "starts_at": NIGHTFALL,
    "party_size": 4,
    "guest": {"name": "Adaeze Okafor", "phone": "0803 123 4567", "email": "adaeze@example.com"},
    "area": TERRACE["id"],
    "step_free": True,
    "notes": "One of us uses a wheelchair.",
    "occasion": "birthday",
}
BOOKING: dict[str, Any] = {
    "id": BOOKING_ID,
    "status": "confirmed",
    "starts_at": NIGHTFALL,
    "ends_at": UNTIL,
    "party_size": 4,
    "restaurant": HOUSE,
    "area": TERRACE,
    "step_free": True,
    "code": "K7F3WD",
    "restaurant_info": {
        "slug": "iya-moria-kitchen",
        "name": "Iya Moria Kitchen",
        "url": "https://buka.example/en/r/iya-moria-kitchen/",
        "phone": "+2348031234567",
        "time_zone": "Africa/Lagos",
    },
    "tables": ["T4"],
    "service_day": "2026-12-24",
    "shift": "Dinner",
    "guest": {"name": "Adaeze Okafor", "phone": "+2348031234567", "email": "adaeze@example.com"},
    "notes": "One of us uses a wheelchair.",
    "occasion": "birthday",
    "channel": "api",
    "hold_expires_at": None,
    "terms": {
        "free_cancellation_until": "2026-12-24T17:00:00+01:00",
        "grace_minutes": 20,
        "deposit": None,
        "minimum_spend": None,
        "no_show_fee": None,
        "late_cancellation_fee": None,
        "asks_for_card": False,
        "note": "",
    },
    "deposit": None,
    "minimum_spend": None,
    "asked_at": NIGHTFALL,
    "bonus_points": 0,
    "minutes_late": 0,
    "late_cancellation": False,
    "version": 1,
    "created_at": "2026-12-01T08:15:30Z",
    "updated_at": "2026-12-01T08:15:30Z",
    "links": {
        "self": f"https://buka.example/api/bookings/{BOOKING_ID}",
        "page": f"https://buka.example/en/bookings/{BOOKING_ID}/",
        "calendar": f"https://buka.example/api/bookings/{BOOKING_ID}/calendar.ics",
    },
    "manage_url": f"https://buka.example/en/bookings/{BOOKING_ID}/?token={TOKEN}",
    "token": TOKEN,
}
PLAIN_BOOKING: dict[str, Any] = {**BOOKING, "manage_url": None, "token": None}
CANCELLED: dict[str, Any] = {**PLAIN_BOOKING, "status": "cancelled", "tables": [], "version": 2}
HOLD: dict[str, Any] = {
    "id": BOOKING_ID,
    "status": "held",
    "starts_at": NIGHTFALL,
    "ends_at": UNTIL,
    "party_size": 4,
    "restaurant": HOUSE,
    "area": TERRACE,
    "step_free": False,
    "expires_at": "2026-12-01T08:25:30Z",
    "token": TOKEN,
}
