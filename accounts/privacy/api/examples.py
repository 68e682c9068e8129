"""What the API documentation shows for data-subject rights."""

from typing import Any

CONSENT: dict[str, Any] = {
    "purpose": "marketing",
    "label": "News and offers",
    "text": "Buka may write to me about offers, events and new restaurants. I can stop this at any time.",
    "version": 1,
    "given": True,
    "given_at": "2026-12-01T10:00:00Z",
}
HISTORY: dict[str, Any] = {
    "purpose": "marketing",
    "version": 1,
    "locale": "en",
    "given_at": "2026-12-01T10:00:00Z",
    "given_through": "api",
    "withdrawn_at": None,
    "withdrawn_through": None,
}
CONSENTS = {"consents": [CONSENT], "history": [HISTORY]}
EXPORT: dict[str, Any] = {
    "id": "5b2f6f0e-6d0a-4b8e-9c0d-2a51c7a3f1d2",
    "status": "requested",
    "requested_at": "2026-12-01T10:00:00Z",
    "ready_at": None,
    "expires_at": None,
    "fetched_at": None,
    "size": None,
    "file_url": None,
}
READY = {
    **EXPORT,
    "status": "ready",
    "ready_at": "2026-12-01T10:00:09Z",
    "expires_at": "2026-12-08T10:00:09Z",
    "size": 18230,
    "file_url": "https://buka.example/api/account/export/5b2f6f0e-6d0a-4b8e-9c0d-2a51c7a3f1d2/file",
}
ERASURE: dict[str, Any] = {
    "id": "0d4f7c9a-1b1c-4a53-8f0e-3f1de0a6b8e4",
    "status": "regret",
    "requested_at": "2026-12-01T10:00:00Z",
    "due_at": "2026-12-15T10:00:00Z",
    "cancelled_at": None,
}
