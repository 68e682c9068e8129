"""Terms and accounts for the demo city's restaurants; the account numbers are the gateways' for trying things out."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from payments.settlement.models import PayoutAccount, SettlementTerms
from payments.settlement.services import accounts
from payments.settlement.states import Bearer, Period, Way
from restaurants.models import Restaurant

# The house whose owner, manager and host the demo's log-ins are, and others beside it.
TERMS = {
    "agbalumo-terrace": {"way": Way.PAYOUT, "period": Period.WEEKLY, "deposit_basis_points": 500,
                         "tickets_basis_points": 700, "fee_basis_points": 500},
    "coal-city-okpa-room": {"way": Way.SUBACCOUNT, "period": Period.DAILY, "deposit_basis_points": 300,
                            "tickets_basis_points": 500, "bears_fee": Bearer.HOUSE},
}  # fmt: skip
ACCOUNT = accounts.Found("044", "0690000031", "DEMO ACCOUNT 0031")


@transaction.atomic
def load(*, now: datetime) -> list[str]:
    """Give houses their terms and accounts; a house that has any keeps them."""
    made = 0
    for slug, said in TERMS.items():
        house = Restaurant.objects.filter(slug=slug).first()
        if house is None or SettlementTerms.objects.filter(restaurant=house).exists():
            continue
        SettlementTerms.objects.create(restaurant=house, starts_on=timezone.localdate(now).replace(day=1), **said)
        if not PayoutAccount.objects.filter(restaurant=house).exists():
            # Quietly: nobody is sent a message by the demo.
            PayoutAccount.objects.create(
                restaurant=house, version=1, bank_code=ACCOUNT.bank_code, number=ACCOUNT.number,
                last4=ACCOUNT.number[-4:], holder=ACCOUNT.holder, state="active", confirmed_at=now, active_from=now,
            )  # fmt: skip
        made += 1
    return [f"terms of settlement of {made} restaurants"] if made else []


def refresh(*, now: datetime) -> list[str]:
    return []
