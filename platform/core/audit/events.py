from dataclasses import dataclass
from uuid import UUID

from core.outbox import Event


@dataclass(frozen=True)
class SecurityAlertRaised(Event):
    """A rule saw more of something than is usual; platform admins hear of it."""

    name = "security.alert_raised"

    alert_id: UUID
