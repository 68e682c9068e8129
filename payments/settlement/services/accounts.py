"""Where a house's money goes: named by an owner, confirmed by its name, and used after a waiting time."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from core import audit
from payments.gateways import registry
from payments.gateways.base import BankAccount, Refused
from payments.settlement import errors, telling
from payments.settlement.models import PayoutAccount
from payments.settlement.states import AccountState
from restaurants.models import Restaurant


@dataclass(frozen=True)
class Found:
    """An account as the bank knows it: shown, and confirmed, before it is kept."""

    bank_code: str
    number: str = field(repr=False)
    holder: str = field(repr=False)


def look_up(*, bank_code: str, number: str) -> Found:
    """Ask whose account it is: the gateways in their order, until one says.

    :raises AccountNotFound: when one says that there is none
    :raises NameUnknownNow: when none can be asked
    """
    for gateway in registry.gateways().values():
        answer = gateway.name_of_account(BankAccount(bank_code, number))
        if isinstance(answer, str):
            return Found(bank_code, number, answer)
        if isinstance(answer, Refused):
            raise errors.AccountNotFound
    raise errors.NameUnknownNow


@transaction.atomic
def name_account(*, restaurant_id: int, found: Found, by: User | None) -> PayoutAccount:
    """Keep an account that an owner has confirmed. Every owner is told.

    A house's first is used at once: nothing is led elsewhere by it. Any other, also one after an account that was
    refused, waits (`PAYOUT_ACCOUNT_WAITS`), and takes the place of one that waits already.

    :raises SameAccount: when payouts go there already
    """
    # The house's own row is the one lock that there is before its first account.
    restaurant = Restaurant.objects.select_for_update(of=("self",), no_key=True).get(pk=restaurant_id)
    rows = PayoutAccount.objects.filter(restaurant=restaurant)
    now = timezone.now()
    active = rows.filter(state=AccountState.ACTIVE).first()
    if active is not None and _is_same(active, found):
        raise errors.SameAccount
    for waiting in rows.filter(state=AccountState.CONFIRMED):
        _end(waiting, AccountState.CALLED_OFF, by, now)
    is_first = not rows.filter(state__in=(AccountState.ACTIVE, AccountState.REPLACED, AccountState.REFUSED)).exists()
    made = PayoutAccount.objects.create(
        restaurant=restaurant,
        version=(rows.aggregate(last=Max("version"))["last"] or 0) + 1,
        bank_code=found.bank_code,
        number=found.number,
        last4=found.number[-4:],
        holder=found.holder,
        state=AccountState.ACTIVE if is_first else AccountState.CONFIRMED,
        named_by=by,
        confirmed_at=now,
        active_from=now if is_first else now + settings.PAYOUT_ACCOUNT_WAITS,
    )
    _record("settlement.account_named", made, by)
    telling.tell_of_account(made, "first" if is_first else "named")
    return made


def _is_same(account: PayoutAccount, found: Found) -> bool:
    return account.bank_code == found.bank_code and hmac.compare_digest(account.number, found.number)


@transaction.atomic
def call_off(*, account: PayoutAccount, by: User | None) -> PayoutAccount:
    """Take back a change while it waits; payouts go on to the account that was in use.

    :raises AccountOver: when it does not wait any more
    """
    account = _locked(account)
    if account.state != AccountState.CONFIRMED:
        raise errors.AccountOver
    _end(account, AccountState.CALLED_OFF, by, timezone.now())
    _record("settlement.account_called_off", account, by)
    telling.tell_of_account(account, "called_off")
    return account


@transaction.atomic
def refuse(*, account: PayoutAccount, by: User | None) -> PayoutAccount:
    """Have nothing paid there any more: for the platform's people, when something about it is wrong.

    :raises AccountOver: when it is not used, nor waits
    """
    account = _locked(account)
    if account.state not in (AccountState.CONFIRMED, AccountState.ACTIVE):
        raise errors.AccountOver
    _end(account, AccountState.REFUSED, by, timezone.now())
    _record("settlement.account_refused", account, by)
    telling.tell_of_account(account, "refused")
    return account


def activate_due(*, now: datetime | None = None) -> int:
    """Take into use the accounts whose waiting time is over, and return how many."""
    now = now or timezone.now()
    due = PayoutAccount.objects.filter(state=AccountState.CONFIRMED, active_from__lte=now)
    return sum(_activate(pk, now) for pk in due.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _activate(account_id: int, now: datetime) -> bool:
    account = _locked(PayoutAccount.objects.get(pk=account_id))
    if account.state != AccountState.CONFIRMED or account.active_from > now:
        return False
    for old in PayoutAccount.objects.filter(restaurant=account.restaurant_id, state=AccountState.ACTIVE):
        _end(old, AccountState.REPLACED, None, now)
    account.move_to(AccountState.ACTIVE)
    account.save(update_fields=["state"])
    _record("settlement.account_in_use", account, None)
    telling.tell_of_account(account, "active")
    return True


def _locked(account: PayoutAccount) -> PayoutAccount:
    """Lock the house first, as whoever names an account does, so that nobody waits in a circle."""
    Restaurant.objects.select_for_update(of=("self",), no_key=True).get(pk=account.restaurant_id)
    return PayoutAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)


def _end(account: PayoutAccount, state: AccountState, by: User | None, now: datetime) -> None:
    account.move_to(state)
    account.ended_at, account.ended_by = now, by
    account.save(update_fields=["state", "ended_at", "ended_by"])


def _record(action: str, account: PayoutAccount, by: User | None) -> None:
    audit.record(
        action,
        actor=by,
        target=account,
        restaurant_id=account.restaurant_id,
        details={"bank": account.bank_code, "version": account.version},
    )
