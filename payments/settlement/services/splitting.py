"""Sales that the gateway divides when they are paid: the house's part goes to its subaccount, the rest to Buka.

Only what the house has earned the moment it is paid is divided: tickets, orders, fees. A guest's deposit is the guest's
until the visit, and may have to go back: it stays whole with Buka, and is paid out after the visit like everything of
a house that is paid by payouts.
"""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from payments.gateways import registry
from payments.gateways.base import BankAccount, Down, Gateway, Refused, Split
from payments.models import Payment
from payments.settlement import errors, selectors, telling
from payments.settlement.models import PayoutAccount, SplitCharge, Subaccount
from payments.settlement.services.commission import commission_of, part_of
from payments.settlement.states import AccountState, SubaccountState, Way
from payments.states import Kind

EARNED_AT_ONCE = (Kind.TICKETS, Kind.ORDER, Kind.FEE)


def split_of(payment: Payment, *, mode: str) -> Split | None:
    """Return how a gateway is to divide a payment, and keep what it was asked; None where Buka takes all of it.

    What Buka keeps is its commission and the tax on that. The gateway's fee is taken from what Buka keeps; where the
    house bears it, that stands in the books and is settled with the next payout. Where Buka would keep less than the
    fee, nothing is divided.
    """
    asked = SplitCharge.objects.select_related("subaccount").filter(payment=payment).first()
    if asked is not None:
        # Asked for once more, it is divided as it was the first time.
        return Split(subaccount=asked.subaccount.code, kept_kobo=asked.kept_kobo)
    request = payment.request
    if request.kind not in EARNED_AT_ONCE:
        return None
    now = timezone.now()
    if selectors.terms_of(request.restaurant_id, at=now).way != Way.SUBACCOUNT:
        return None
    rows = Subaccount.objects.filter(
        account__restaurant=request.restaurant_id, account__state=AccountState.ACTIVE, state=SubaccountState.MADE
    )
    subaccount = rows.filter(gateway=payment.gateway, mode=mode).first()
    if subaccount is None:
        return None
    share = commission_of(
        restaurant_id=request.restaurant_id, kind=request.kind, amount_kobo=payment.amount_kobo, at=now
    )
    kept = share.commission_kobo + sum((share.commission_taxes or {}).values())
    if kept < most_fee_of(payment.amount_kobo) or kept >= payment.amount_kobo:
        # The gateway's fee is taken out of what Buka keeps: there has to be so much of it.
        return None
    SplitCharge.objects.get_or_create(payment=payment, defaults={"subaccount": subaccount, "kept_kobo": kept})
    return Split(subaccount=subaccount.code, kept_kobo=kept)


def most_fee_of(amount_kobo: int) -> int:
    """Return what a gateway keeps at the most of a charge to a Nigerian card: 2 % and ₦100, to ₦2,000, and VAT."""
    fee = min(part_of(amount_kobo, 200) + 100_00, 2_000_00)
    return fee + part_of(fee, settings.SETTLEMENT_VAT_BASIS_POINTS)


def make_due() -> int:
    """Have the subaccounts made that houses need and do not have, and return how many there are more."""
    made = 0
    for account in PayoutAccount.objects.filter(state=AccountState.ACTIVE).select_related("restaurant").order_by("pk"):
        if selectors.terms_of(account.restaurant_id, at=timezone.now()).way != Way.SUBACCOUNT:
            continue
        for gateway in registry.gateways().values():
            known = Subaccount.objects.filter(account=account, gateway=gateway.name, mode=gateway.mode)
            if not known.exists():
                made += make(account=account, gateway=gateway).state == SubaccountState.MADE
    return made


def make(*, account: PayoutAccount, gateway: Gateway) -> Subaccount:
    """Have one subaccount made.

    It is written down first: where no answer comes, a person looks at the gateway before it is asked for again.
    """
    with transaction.atomic():
        row, is_new = Subaccount.objects.select_for_update().get_or_create(
            account=account, gateway=gateway.name, mode=gateway.mode
        )
    if not is_new:
        return row
    owners = telling.owners_of(account.restaurant_id)
    answer = gateway.make_subaccount(
        name=account.restaurant.name[:100],
        account=BankAccount(account.bank_code, account.number),
        email=owners[0].email if owners else "",
        phone=account.restaurant.phone,
    )
    if isinstance(answer, Down):
        # Nothing has happened there.
        row.delete()
        return row
    if isinstance(answer, str):
        row.state, row.code = SubaccountState.MADE, answer
    elif isinstance(answer, Refused):
        row.state, row.why = SubaccountState.REFUSED, answer.why[:200]
    else:
        row.why = answer.why[:200]
    row.save()
    return row


def ask_again(*, subaccount: Subaccount) -> Subaccount:
    """Have a subaccount asked for once more, after somebody has looked at the gateway that there is none.

    :raises AccountOver: when it was made, or its account is not used any more
    """
    if subaccount.state == SubaccountState.MADE or subaccount.account.state != AccountState.ACTIVE:
        raise errors.AccountOver
    account, gateway = subaccount.account, registry.gateway(subaccount.gateway)
    subaccount.delete()
    return make(account=account, gateway=gateway)
