"""What was paid online for a booking or an order, for whoever handles the house's money."""

from typing import Any
from uuid import UUID

from accounts.selectors import may
from accounts.states import Ability
from payments import selectors
from payments.states import Kind


def online_payments(person: Any, kind: Kind, subject_id: UUID, restaurant_id: int) -> list[Any]:
    """Return the payments, the newest first; none to whom they are not shown."""
    if not may(person, Ability.HANDLE_MONEY, restaurant_id=restaurant_id):
        return []
    return list(selectors.payments_of(kind, subject_id).defer("email", "address"))
