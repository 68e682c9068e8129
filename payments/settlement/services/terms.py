"""A house's terms: dated rows, made and ended by the platform's people."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from localization.formatting import HOME_ZONE
from payments.settlement import errors, selectors
from payments.settlement.models import SettlementTerms


def expect_in_time(*, restaurant_id: int, starts_on: date, ends_on: date | None, is_new: bool) -> None:
    """Let nobody change what holds today, or held before: sales were made by it.

    Terms of a house that has sold nothing yet may begin whenever one likes.

    :raises TermsTooLate: when they would
    """
    today = timezone.localdate(timezone=HOME_ZONE)
    if restaurant_id not in selectors.houses_owed():
        return
    if (is_new and starts_on <= today) or (ends_on is not None and ends_on <= today):
        raise errors.TermsTooLate


@transaction.atomic
def save_terms(*, terms: SettlementTerms, by: User | None) -> SettlementTerms:
    """Keep terms that were made or changed.

    :raises TermsTooLate: when they would change what sales were made by
    :raises django.core.exceptions.ValidationError: when they overlap others, or end before they begin
    """
    is_new = terms.pk is None
    expect_in_time(restaurant_id=terms.restaurant_id, starts_on=terms.starts_on, ends_on=terms.ends_on, is_new=is_new)
    if is_new:
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
