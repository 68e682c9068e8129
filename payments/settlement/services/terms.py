"""A house's terms: dated rows, made and ended by the platform's people."""

from typing import Any

from django.db import transaction

from accounts.models import User
from core import audit
from payments.settlement.models import SettlementTerms


@transaction.atomic
def save_terms(*, terms: SettlementTerms, by: User | None) -> SettlementTerms:
    """Keep terms that were made or changed.

    :raises django.core.exceptions.ValidationError: when they overlap others, or end before they begin
    """
    if terms.pk is None:
        terms.made_by = by
    terms.full_clean()
    terms.save()
    said: dict[str, Any] = {
        "from": terms.starts_on.isoformat(),
        "way": terms.way,
        "deposit": terms.deposit_basis_points,
        "tickets": terms.tickets_basis_points,
        "fee": terms.fee_basis_points,
    }
    audit.record("settlement.terms_made", actor=by, target=terms, restaurant_id=terms.restaurant_id, details=said)
    return terms
