"""What happened to a person's look at a payment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.outbox import Event


@dataclass(frozen=True)
class CaseClosed(Event):
    """A person has looked at what was held, or was not let begin, and decided."""

    name = "fraud.case_closed"
    case_id: UUID


@dataclass(frozen=True)
class CasesWait(Event):
    """Something has waited too long for a person's look; each reminder is one of its own, by its time."""

    name = "fraud.cases_wait"
    at: datetime
    case_ids: list[UUID]
