"""How long is kept into which account a business was paid."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, emptying
from payments.settlement.models import Payout, PayoutAccount, Subaccount


def old_accounts(before: datetime) -> QuerySet[PayoutAccount]:
    rows = PayoutAccount.objects.annotate(written=Length("number") + Length("holder"))
    return rows.filter(ended_at__lt=before, written__gt=0)


def _never_used(rows: QuerySet[PayoutAccount]) -> QuerySet[PayoutAccount]:
    """Narrow to those to which nothing was ever paid, or divided."""
    payouts = Payout.objects.filter(account=OuterRef("pk"))
    return rows.filter(~Exists(payouts), ~Exists(Subaccount.objects.filter(account=OuterRef("pk"))))


def unused_accounts(before: datetime) -> QuerySet[PayoutAccount]:
    return _never_used(old_accounts(before))


POLICIES = [
    Policy(
        "settlement.unused_accounts",
        _("Into which bank account a restaurant was to be paid, and never was"),
        timedelta(days=90),
        _("after it was called off, refused or replaced"),
        _("To say who had named it and when, should somebody ask why money was to go there."),
        **emptying(unused_accounts, number="", holder=""),
    ),
    Policy(
        "settlement.accounts",
        _("Into which bank account a restaurant was paid"),
        timedelta(days=6 * 365),
        _("after it was used last"),
        _("Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."),
        **emptying(old_accounts, number="", holder=""),
    ),
]
