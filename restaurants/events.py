"""What other domains may learn from restaurants."""

from dataclasses import dataclass
from typing import ClassVar

from core.outbox import Event


@dataclass(frozen=True)
class ListingClaimed(Event):
    """Somebody says that an unverified listing is theirs."""

    name: ClassVar[str] = "restaurant.claimed"
    claim_id: int


@dataclass(frozen=True)
class ClaimApproved(Event):
    name: ClassVar[str] = "restaurant.claim_approved"
    claim_id: int


@dataclass(frozen=True)
class ClaimRefused(Event):
    name: ClassVar[str] = "restaurant.claim_refused"
    claim_id: int
    reason: str
