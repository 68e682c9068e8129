"""What an archive holds of somebody's work on houses' money. An account is a business's, kept in whoever named it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.personal_data import Collector, Subject
from payments.settlement.banks import bank_name
from payments.settlement.models import Payout, PayoutAccount, SettlementTerms


def named(subject: Subject) -> Iterator[dict[str, Any]]:
    """The bank accounts that somebody has named, or called off, for their restaurants."""
    whose = Q(named_by_id=subject.account) | Q(ended_by_id=subject.account)
    rows = PayoutAccount.objects.filter(whose).select_related("restaurant").order_by("pk")
    for row in rows.iterator(chunk_size=100):
        is_mine = row.named_by_id == subject.account
        yield {
            "restaurant": row.restaurant.name,
            "bank": bank_name(row.bank_code),
            "account_number": row.number if is_mine else f"…{row.last4}",
            "name_of_the_account": row.holder if is_mine else "",
            "state": row.state,
            "confirmed_at": row.confirmed_at,
            "ended_at": row.ended_at,
        }


def work(subject: Subject) -> Iterator[dict[str, Any]]:
    """The terms that somebody made, and the payouts that they drafted or approved, in their work for Buka."""
    for terms in SettlementTerms.objects.filter(made_by_id=subject.account).select_related("restaurant").order_by("pk"):
        yield {"restaurant": terms.restaurant.name, "what": "terms", "kobo": None, "at": terms.made_at}
    whose = Q(made_by_id=subject.account) | Q(approved_by_id=subject.account)
    for row in Payout.objects.filter(whose).select_related("restaurant").order_by("pk").iterator(chunk_size=100):
        yield {"restaurant": row.restaurant.name, "what": "payout", "kobo": row.amount_kobo, "at": row.made_at}


COLLECTORS = [
    Collector(
        "payout_accounts",
        _("Bank accounts that you named for restaurants"),
        named,
        (
            "settlement.PayoutAccount.named_by",
            "settlement.PayoutAccount.ended_by",
            "settlement.PayoutAccount.number",
            "settlement.PayoutAccount.holder",
        ),
    ),
    Collector(
        "settlement_work",
        _("What you did about restaurants' payouts"),
        work,
        ("settlement.SettlementTerms.made_by", "settlement.Payout.made_by", "settlement.Payout.approved_by"),
    ),
]
NOT_COLLECTED = {
    "settlement.SettlementTerms.per_guest_kobo": "A price; it says nothing of any guest.",
    "settlement.Subaccount": "Where a gateway divides a business's sales to; the account is in whoever named it.",
    "settlement.SplitCharge": "How a gateway divided a payment, which is in the archive of who paid.",
    "settlement.Payout": "What a business was paid; who drafted and approved it is in the archive of their work.",
}
