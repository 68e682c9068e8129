"""What owners are told of their house's money: where it goes, what was paid, and how it stands.

Written in the transaction of what it tells about: a message about an account stands if and only if the change does.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from accounts.selectors import members_of
from accounts.states import Role
from localization import formatting
from notifications import services as notifications
from payments.settlement.banks import bank_name
from payments.settlement.models import IssuedStatement, Payout, PayoutAccount
from restaurants.models import Restaurant


def tell_of_account(account: PayoutAccount, what: str) -> None:
    """Tell every owner, also the one who did it, of a change: `what` is one of the words of the message."""

    def said() -> dict[str, Any]:
        return {
            "what": what,
            "bank": bank_name(account.bank_code),
            "last4": account.last4,
            "when": formatting.day_and_time(account.active_from, zone=formatting.HOME_ZONE) if what == "named" else "",
            "page_url": _page("settlement_payoutaccount_changelist"),
        }

    _tell("payout.account", account.restaurant, said, key=f"{account.public_id}:{what}:{uuid.uuid4()}")


def tell_of_payout(payout: Payout, what: str) -> None:
    """Tell every owner that a payout arrived, failed or came back."""

    def said() -> dict[str, Any]:
        return {
            "what": what,
            "amount": formatting.money(payout.amount_kobo),
            "last4": payout.account.last4,
            "reference": payout.reference,
            "page_url": _page("settlement_issuedstatement_changelist"),
        }

    _tell("payout.moved", payout.restaurant, said, key=f"{payout.public_id}:{what}")


def tell_of_statement(statement: IssuedStatement) -> None:
    """Tell every owner that a period's statement is there."""

    def said() -> dict[str, Any]:
        last = statement.until.astimezone(formatting.HOME_ZONE).date() - timedelta(days=1)
        return {
            "since": formatting.short_day(statement.since.astimezone(formatting.HOME_ZONE).date()),
            "until": formatting.short_day(last),
            "opening": formatting.money(statement.opening_kobo),
            "closing": formatting.money(statement.closing_kobo),
            "page_url": _page("settlement_issuedstatement_change", statement.pk),
        }

    _tell("payout.statement", statement.restaurant, said, key=f"{statement.restaurant_id}:{statement.until:%Y-%m-%d}")


def owners_of(restaurant_id: int) -> list[User]:
    """Return the owners of a house."""
    return [member.user for member in members_of(restaurant_id).filter(role=Role.OWNER, user__is_active=True)]


def _page(name: str, *args: Any) -> str:
    return f"{settings.BASE_URL}{reverse(f'admin:{name}', args=args)}"


def _tell(kind: str, restaurant: Restaurant, said: Callable[[], dict[str, Any]], *, key: str) -> None:
    for owner in owners_of(restaurant.pk):
        # The address of a page begins with its language, too.
        with translation.override(owner.language):
            context = {"name": owner.name, "restaurant_name": restaurant.name, **said()}
        notifications.send(
            kind=kind,
            to=owner.email,
            name=owner.name,
            language=owner.language,
            context=context,
            dedupe_key=f"{kind}:{key}:{owner.public_id}",
        )
