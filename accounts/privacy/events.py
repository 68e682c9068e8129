"""What other domains may learn of people's rights."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.outbox import Event


@dataclass(frozen=True)
class ErasureCompleted(Event):
    """Somebody is forgotten here; whoever keeps something about them elsewhere forgets it now.

    `user` is the row's key, which stays with nothing personal in it; None for a guest without an account, whose rows
    are named in `rows` (model label -> public ids).
    """

    name: ClassVar[str] = "privacy.erasure_completed"
    erasure: UUID
    user: int | None
    pseudonym: str
    rows: dict


@dataclass(frozen=True)
class ConsentWithdrawn(Event):
    """Somebody took back what they had agreed to; whoever relied on it lets go of what it covered."""

    name: ClassVar[str] = "privacy.consent_withdrawn"
    user: int
    purpose: str
