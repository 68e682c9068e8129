"""The links on which people pay: unguessable, and looked up by their hash."""

import hashlib
import secrets


def new_token() -> str:
    """Return the token of a new link."""
    return secrets.token_urlsafe(24)


def hash_of(token: str) -> str:
    """Return what a link is looked up by."""
    return hashlib.sha256(token.encode()).hexdigest()
