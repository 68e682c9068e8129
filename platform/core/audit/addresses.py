"""From where events were, read one by one: a key that has left the ring takes no event with it, only its address."""

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from core.audit.models import AuditEvent
from core.encryption import UnknownKey, decrypt

_AAD = "audit.auditevent.address"


def with_stored_addresses(events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Return the same events in a form whose addresses address_in() reads, without another query each."""
    return events.defer("address").annotate(stored_address=Cast("address", TextField()))


def address_in(event: AuditEvent) -> str:
    """Return the address of an event of with_stored_addresses(); empty when it has none, or its key is gone."""
    stored: str = event.stored_address  # type: ignore[attr-defined]  # annotated above
    try:
        return decrypt(stored, aad=_AAD) if stored else ""
    except UnknownKey:
        return ""
