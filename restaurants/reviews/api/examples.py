"""A review that the schema's examples speak of."""

from typing import Any

from restaurants.api.examples import HOUSE

SCORES: dict[str, int] = {"overall": 5, "food": 5, "service": 4, "ambience": 4, "value": 5}
TEXT = "The ofada stew is worth the journey."
REVIEW: dict[str, Any] = {
    "id": "7f0f5d31-9d3a-4a55-9a06-4d1c0c1d7d11",
    "restaurant": HOUSE,
    "author": "Demo",
    "visited": "2026-12",
    **SCORES,
    "text": TEXT,
    "language": "en",
    "answer": "Thank you, Demo. Come again soon.",
    "answered_at": "2026-12-27T10:00:00Z",
    "created_at": "2026-12-26T18:12:44Z",
    "edited_at": None,
}
PAGE: dict[str, Any] = {
    "results": [REVIEW],
    "next": None,
    "previous": None,
    "rating": {"count": 27, "overall": 4.3, "food": 4.5, "service": 4.1, "ambience": 4.0, "value": 4.4},
}
