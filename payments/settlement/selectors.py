"""Questions about houses' terms, accounts and payouts."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from localization.formatting import HOME_ZONE
from payments.ledger import chart
from payments.ledger.models import Account
from payments.settlement.models import IssuedStatement, Payout, PayoutAccount, SettlementTerms, Subaccount
from payments.settlement.states import OPEN_PAYOUTS, AccountState, Period, SubaccountState
from restaurants.models import Restaurant


def default_terms(restaurant_id: int) -> SettlementTerms:
    """Return the terms of a house for which none were made, unsaved: those of the settings."""
    return SettlementTerms(restaurant_id=restaurant_id, starts_on=date.min, **settings.SETTLEMENT_DEFAULTS)


def terms_of(restaurant_id: int, *, at: datetime) -> SettlementTerms:
    """Return the terms that held at a moment, by Nigeria's clock; the settings' where none were made."""
    return _on(every_terms(restaurant_id), restaurant_id, at)


def every_terms(restaurant_id: int) -> list[SettlementTerms]:
    return list(SettlementTerms.objects.filter(restaurant=restaurant_id))


def _on(rows: Collection[SettlementTerms], restaurant_id: int, at: datetime) -> SettlementTerms:
    day = timezone.localdate(at, HOME_ZONE)
    for row in rows:
        if row.starts_on <= day and (row.ends_on is None or day < row.ends_on):
            return row
    return default_terms(restaurant_id)


def terms_that_take(restaurant_id: int, *, at: datetime) -> SettlementTerms | None:
    """Return the terms at a moment; None where no terms that the house ever had take anything of a sale."""
    rows = every_terms(restaurant_id)
    if all(row.takes_nothing for row in rows) and default_terms(restaurant_id).takes_nothing:
        return None
    return _on(rows, restaurant_id, at)


def last_end_of(period: str, *, now: datetime) -> datetime:
    """Return the last midnight by Nigeria's clock at which a period of this kind ended, at or before a moment."""
    day = timezone.localdate(now, HOME_ZONE)
    if period == Period.WEEKLY:
        day -= timedelta(days=day.weekday())
    elif period == Period.MONTHLY:
        day = day.replace(day=1)
    return midnight(day)


def start_of(period: str, end: datetime) -> datetime:
    """Return when the period began that ended at this midnight."""
    return last_end_of(period, now=end - timedelta(microseconds=1))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), HOME_ZONE)


def houses_owed() -> list[int]:
    """Return the keys of the restaurants that ever had money in the books."""
    kinds = [kind.value for kind in chart.OWED_TO_A_RESTAURANT]
    rows = Account.objects.filter(kind__in=kinds, restaurant__isnull=False)
    return sorted(rows.values_list("restaurant_id", flat=True).distinct())


# --- Accounts --------------------------------------------------------------------------------------------------------


def accounts_of(restaurant_id: int) -> QuerySet[PayoutAccount]:
    return PayoutAccount.objects.filter(restaurant=restaurant_id).order_by("-version")


def active_account(restaurant_id: int) -> PayoutAccount | None:
    return PayoutAccount.objects.filter(restaurant=restaurant_id, state=AccountState.ACTIVE).first()


def house_of_subaccount(gateway: str, code: str) -> int | None:
    """Return whose subaccount this is, also one that is no longer used: what was divided to it is still paid."""
    rows: Any = Subaccount.objects.filter(gateway=gateway, code=code, state=SubaccountState.MADE)
    house: int | None = rows.values_list("account__restaurant_id", flat=True).first() if code else None
    return house


# --- Payouts ---------------------------------------------------------------------------------------------------------


def open_payout(restaurant_id: int) -> Payout | None:
    return Payout.objects.filter(restaurant=restaurant_id, state__in=OPEN_PAYOUTS).first()


def statements_of(restaurant_id: int) -> QuerySet[IssuedStatement]:
    return IssuedStatement.objects.filter(restaurant=restaurant_id)


def houses_named(ids: Collection[int] | None) -> list[tuple[int, str]]:
    """Return key and name of these houses, or of all that ever had money in the books, by name."""
    rows = Restaurant.objects.filter(pk__in=houses_owed() if ids is None else ids)
    return list(rows.order_by("name", "pk").values_list("pk", "name"))
