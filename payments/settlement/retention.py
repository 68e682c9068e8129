"""How long is kept into which account a business was paid."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, emptying
from payments.settlement.models import PayoutAccount


def old_accounts(before: datetime) -> QuerySet[PayoutAccount]:
    rows = PayoutAccount.objects.annotate(written=Length("number") + Length("holder"))
    return rows.filter(ended_at__lt=before, written__gt=0)


POLICIES = [
    Policy(
        "settlement.accounts",
        _("Into which bank account a restaurant was paid"),
        timedelta(days=6 * 365),
        _("after it was used last"),
        _("Books and records of a business are kept for six years (Companies and Allied Matters Act 2020, s. 375)."),
        **emptying(old_accounts, number="", holder=""),
    ),
]
