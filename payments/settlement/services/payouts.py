"""Payouts are drafted from the books, approved by a person, and sent to the account that is in use.

A house has one payout under way at a time, and one for each period: constraints have the last word. What it is owed
is asked of the books under the house's lock; the books are written when the money has gone, and by then nothing else
can have been drafted from the same sum.
"""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from payments.ledger.selectors import owed_to
from payments.settlement import errors, selectors
from payments.settlement.models import Payout
from payments.settlement.states import UNPAID, PayoutState
from restaurants.models import Restaurant


def draft(*, restaurant_id: int, until: datetime | None = None, by: User | None = None) -> Payout:
    """Draft what a house is owed of what happened before a moment, less what has gone back since.

    :param until: left out: now
    :raises NoAccount: when the house has no account in use
    :raises NothingToPayOut: when that is less than its terms pay out at once
    :raises PayoutUnderWay: when another one has not ended, or the period was paid
    """
    try:
        with transaction.atomic():
            return _draft(restaurant_id, until or timezone.now(), by)
    except IntegrityError as clash:
        raise errors.PayoutUnderWay from clash


def _draft(restaurant_id: int, until: datetime, by: User | None) -> Payout:
    Restaurant.objects.select_for_update(of=("self",), no_key=True).get(pk=restaurant_id)
    account = selectors.active_account(restaurant_id)
    if account is None:
        raise errors.NoAccount
    if selectors.open_payout(restaurant_id) is not None:
        raise errors.PayoutUnderWay
    # What is disputed or promised back has left what is owed already. What has gone back since must not be paid.
    owed = min(owed_to(restaurant_id, at=until), owed_to(restaurant_id))
    if owed < max(1, selectors.terms_of(restaurant_id, at=until).least_payout_kobo):
        raise errors.NothingToPayOut(owed_kobo=owed)
    made = Payout.objects.create(
        restaurant_id=restaurant_id,
        account=account,
        reference=f"buka-po-{secrets.token_hex(12)}",
        until=until,
        owed_kobo=owed,
        amount_kobo=owed,
        made_by=by,
    )
    _record("settlement.payout_drafted", made, by)
    return made


def draft_due(*, now: datetime | None = None) -> int:
    """Draft the payouts of every period that has ended, once each, and return how many there are now."""
    now = now or timezone.now()
    made = 0
    for house in selectors.houses_owed():
        until = selectors.last_end_of(selectors.terms_of(house, at=now).period, now=now)
        # One that failed or was called off is drafted again by a person, who knows why.
        if Payout.objects.filter(restaurant=house, until__gte=until).exists():
            continue
        try:
            draft(restaurant_id=house, until=until)
        except (errors.NoAccount, errors.NothingToPayOut, errors.PayoutUnderWay):
            continue
        made += 1
    return made


@transaction.atomic
def approve(*, payout: Payout, by: User) -> Payout:
    """Let a payout be sent.

    :raises TwoPeopleNeeded: when whoever approves has drafted it, and somebody else could approve it
    :raises PayoutOver: when it does not wait for that
    """
    payout = locked(payout.pk)
    if payout.state != PayoutState.DRAFTED:
        raise errors.PayoutOver
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=by.pk)
    if payout.made_by_id == by.pk and others.exists():
        raise errors.TwoPeopleNeeded
    payout.move_to(PayoutState.APPROVED)
    payout.approved_by, payout.approved_at = by, timezone.now()
    payout.by = settings.PAYOUTS_BY
    payout.next_check_at = None if payout.by == "file" else timezone.now()
    payout.save()
    _record("settlement.payout_approved", payout, by)
    return payout


@transaction.atomic
def call_off(*, payout: Payout, by: User | None, why: str = "") -> Payout:
    """Do not send a payout; what is owed stays owed.

    :raises PayoutOver: when it is on its way, or over
    """
    payout = locked(payout.pk)
    if payout.state not in (PayoutState.DRAFTED, PayoutState.APPROVED):
        raise errors.PayoutOver
    end_unsent(payout, by=by, why=why)
    return payout


def end_unsent(payout: Payout, *, by: User | None, why: str) -> None:
    """Note that a payout is not sent: it is locked, and nobody was told of it."""
    payout.move_to(PayoutState.CALLED_OFF)
    payout.why, payout.ended_at, payout.next_check_at = why[:200], timezone.now(), None
    payout.save()
    _record("settlement.payout_called_off", payout, by)


def locked(payout_id: int) -> Payout:
    """Return a payout that nobody else moves until the transaction ends; its house is locked before it.

    Without its key: whoever books a table there, or pays, need not wait.
    """
    house = Payout.objects.values_list("restaurant_id", flat=True).get(pk=payout_id)
    Restaurant.objects.select_for_update(of=("self",), no_key=True).get(pk=house)
    rows = Payout.objects.select_for_update(of=("self",)).select_related("account", "restaurant")
    return rows.get(pk=payout_id)


def is_over(payout: Payout) -> bool:
    return payout.state in (*UNPAID, PayoutState.PAID)


def _record(action: str, payout: Payout, by: User | None) -> None:
    audit.record(
        action,
        actor=by,
        target=payout,
        restaurant_id=payout.restaurant_id,
        details={"kobo": payout.amount_kobo, "reference": payout.reference},
    )
