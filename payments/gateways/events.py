"""The key of a webhook: the same for the same news, so that the journal keeps one row of however many are sent."""

import hashlib

LONGEST = 200


def event_key(*told: str) -> str:
    """Return one key of what a webhook tells; of a long one its hash, for the column's sake."""
    key = ":".join(told)
    return key if len(key) <= LONGEST else f"{told[0]}:{hashlib.sha256(key.encode()).hexdigest()}"
