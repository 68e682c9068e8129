"""A house's terms: dated rows, made and ended by the platform's people."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from localization.formatting import HOME_ZONE
from payments.settlement import errors, selectors
from payments.settlement.models import SettlementTerms

# What may change of terms that have begun; `ends_on` from tomorrow on.
FREE = frozenset({"id", "ends_on", "note", "made_by", "made_at"})


def expect_in_time(
    *, restaurant_id: int, starts_on: date, ends_on: date | None, stored: SettlementTerms | None = None
) -> None:
    """Let nobody change what holds today, or held before: sales were made by it.

    Terms of a house that has sold nothing yet may begin whenever one likes.

    :param stored: the terms as they are now, where they were made before
    :raises TermsTooLate: when they would hold on other days up to today
    """
    if restaurant_id not in selectors.houses_owed():
        return
    before = _days_begun(stored.starts_on, stored.ends_on) if stored is not None else None
    if _days_begun(starts_on, ends_on) != before:
        raise errors.TermsTooLate


def _days_begun(starts_on: date, ends_on: date | None) -> tuple[date, date] | None:
    """Return from which day until before which terms have held, today included; None where they have not begun."""
    tomorrow = timezone.localdate(timezone=HOME_ZONE) + timedelta(days=1)
    if starts_on >= tomorrow:
        return None
    return starts_on, min(ends_on or tomorrow, tomorrow)


def _expect_same_terms(terms: SettlementTerms, stored: SettlementTerms) -> None:
    """Terms that have begun say what they said.

    :raises TermsTooLate: when they would not
    """
    if stored.restaurant_id not in selectors.houses_owed() or not _days_begun(stored.starts_on, stored.ends_on):
        return
    names = [field.attname for field in SettlementTerms._meta.concrete_fields if field.name not in FREE]
    if any(getattr(terms, name) != getattr(stored, name) for name in names):
        raise errors.TermsTooLate


@transaction.atomic
def save_terms(*, terms: SettlementTerms, by: User | None) -> SettlementTerms:
    """Keep terms that were made or changed.

    :raises TermsTooLate: when they would change what sales were made by
    :raises django.core.exceptions.ValidationError: when they overlap others, or end before they begin
    """
    stored = SettlementTerms.objects.select_for_update(of=("self",)).filter(pk=terms.pk).first() if terms.pk else None
    expect_in_time(restaurant_id=terms.restaurant_id, starts_on=terms.starts_on, ends_on=terms.ends_on, stored=stored)
    if stored is not None:
        _expect_same_terms(terms, stored)
    else:
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
