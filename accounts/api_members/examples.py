"""One house and one colleague that all examples of the schema speak of."""

from typing import Any

HOUSE: dict[str, Any] = {
    "id": "5d8a4d0e-2f6b-4a57-9d6c-0c3f6f2b7a11",
    "slug": "iya-moria-kitchen",
    "name": "Iya Moria Kitchen",
}
MEMBER: dict[str, Any] = {
    "id": "0f6e3f7c-52a9-4f2c-8d0b-8a52a2a9b6d1",
    "name": "Bisi Ade",
    "email": "bisi@example.com",
    "role": "host",
    "has_second_factor": True,
    "since": "2026-11-20T09:12:44Z",
}
INVITATION: dict[str, Any] = {
    "id": "7c1c4b1f-7a0e-4c39-9a39-1f8e3b1d2a55",
    "restaurant": HOUSE,
    "email": "ngozi@example.com",
    "role": "manager",
    "status": "pending",
    "invited_by": "Ada Obi",
    "sent_at": "2026-11-20T09:12:44Z",
    "expires_at": "2026-11-27T09:12:44Z",
}
OFFER: dict[str, Any] = {
    "restaurant": HOUSE,
    "role": "manager",
    "invited_by": "Ada Obi",
    "email": "n••••@example.com",
    "expires_at": "2026-11-27T09:12:44Z",
}
ACCEPTED: dict[str, Any] = {"restaurant": HOUSE, "role": "manager", "since": "2026-11-20T10:00:00Z"}
