"""One house that all examples of the schema speak of."""

from typing import Any

HOUSE = "5d8a4d0e-2f6b-4a57-9d6c-0c3f6f2b7a11"
PAGE = f"https://buka.example/api/restaurants/{HOUSE}"
NIGHTFALL = "2026-12-24T19:00:00+01:00"

SHORT: dict[str, Any] = {
    "id": HOUSE,
    "slug": "iya-moria-kitchen",
    "name": "Iya Moria Kitchen",
    "url": "https://buka.example/en/r/iya-moria-kitchen/",
    "status": "live",
    "bookable": True,
    "city": {"slug": "lagos", "name": "Lagos", "state": "Lagos"},
    "neighbourhood": "Yaba",
    "cuisines": [{"slug": "yoruba", "name": "Yoruba"}],
    "price_band": 2,
    "position": {"latitude": 6.5095, "longitude": 3.3711},
    "image": "https://buka.example/art/r/iya-moria-kitchen.svg",
    "rating": {"mean": 4.3, "count": 27},
    "attribution": None,
}
DETAIL: dict[str, Any] = {
    **SHORT,
    "description": "Amala at noon, pepper soup at night.",
    "address": {
        "street": "14 Herbert Macaulay Way",
        "neighbourhood": "Yaba",
        "city": "Lagos",
        "state": "Lagos",
        "country": "NG",
    },
    "landmark": "Opposite the old cinema",
    "time_zone": "Africa/Lagos",
    "phone": "+2348031234567",
    "email": None,
    "website": None,
    "amenities": [{"slug": "generator", "name": "Power all day"}],
    "areas": [{"id": "0f6e3f7c-52a9-4f2c-8d0b-8a52a2a9b6d1", "name": "Terrace", "outdoor": True}],
    "hours": [{"weekday": "friday", "opens": "12:00", "closes": "01:00", "closes_next_day": True}],
    "special_days": [{"date": "2026-12-25", "name": "Christmas Day", "closed": True, "note": "", "hours": []}],
    "policy": {
        "min_party": 1,
        "max_party": 8,
        "max_party_on_request": 40,
        "window_days": 60,
        "min_notice_minutes": 30,
        "grace_minutes": 20,
        "free_cancellation_hours": 2,
        "needs_approval": False,
        "deposit": {"per_guest": {"amount": "5000.00", "currency": "NGN"}, "from_party": 6},
        "fees": None,
        "note": "",
    },
    "charges": [
        {
            "kind": "vat",
            "name": "VAT",
            "tax": True,
            "rate": "7.50",
            "on": "net_and_charges",
            "included": False,
            "meals": True,
            "tickets": True,
            "from": "2026-01-01",
            "until": None,
        }
    ],
    "house_rules": "",
    "photos": [],
    "languages": [{"tag": "en", "url": "https://buka.example/en/r/iya-moria-kitchen/"}],
    "links": {
        "self": PAGE,
        "menu": f"{PAGE}/menu",
        "availability": f"{PAGE}/availability",
        "reviews": f"{PAGE}/reviews",
    },
    "updated_at": "2026-11-20T09:12:44Z",
}
MENU: dict[str, Any] = {
    "restaurant": HOUSE,
    "currency": "NGN",
    "menus": [
        {
            "name": "All day",
            "sections": [
                {
                    "name": "Soups",
                    "dishes": [
                        {
                            "id": "c7a1a5c2-4a07-4bd8-9f43-4f7f1a2d9e60",
                            "name": "Egusi soup",
                            "other_names": {"yo": "ẹ̀gúsí"},
                            "description": "Melon seed, bitterleaf, stockfish.",
                            "course": "soup",
                            "price": {"amount": "4500.00", "currency": "NGN"},
                            "allergens": ["fish", "crustacean"],
                            "removable_allergens": [],
                            "heat": 2,
                            "vegetarian": False,
                            "vegan": False,
                            "available": True,
                            "image": "https://buka.example/art/d/egusi-soup.svg?course=soup",
                        }
                    ],
                }
            ],
        }
    ],
}
