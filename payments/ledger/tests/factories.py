"""The smallest of what the books hold."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.ids import uuid7
from payments.ledger import postings, services
from payments.ledger.models import Transaction
from payments.ledger.postings import Lines
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from restaurants.tests.factories import RestaurantFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GATEWAY = "paystack"


def a_house() -> int:
    """Return the key of a restaurant."""
    return int(RestaurantFactory().pk)


def write(kind: TransactionKind, lines: Lines, *, payment: UUID | None = None, **more: Any) -> Transaction:
    """Post under a key of its own, at noon, about a payment."""
    about = About.payment(payment) if payment else About("settlement", str(uuid7()))
    given = {"key": f"{kind}:{uuid7()}", "happened_at": NOON, "about": about, **more}
    return services.post(kind=kind, lines=lines, **given)


def a_deposit(
    house: int, kobo: int = 1_000_000, *, payment: UUID | None = None, fee_kobo: int | None = 25_000, **more: Any
) -> Transaction:
    """Have a guest pay a deposit."""
    lines = postings.deposit_captured(gateway=GATEWAY, house=house, amount_kobo=kobo, fee_kobo=fee_kobo)
    return write(TransactionKind.CAPTURED, lines, payment=payment or uuid7(), **more)


Writer = Callable[[TransactionKind, Lines], object]
