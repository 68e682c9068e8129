"""What Buka takes of a house's trade: worked out from the terms, and kept in the books in step with what is left.

Whatever happens to a payment, its commission is a part of what still stands as the house's sale. So each posting that
moves a payment's money is followed by `keep_up`, which works out what should have been taken by now and posts what is
missing, or puts back what is too much. A sale that is given back in full leaves no commission, whatever was rounded.
"""

from datetime import datetime

from django.conf import settings

from payments.ledger import chart, postings, selectors, services
from payments.ledger.chart import AccountKind, AccountName
from payments.ledger.models import Transaction
from payments.ledger.postings import Share
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from payments.models import Payment
from payments.settlement.models import SettlementTerms
from payments.settlement.selectors import terms_of, terms_that_take
from payments.settlement.states import Bearer
from payments.states import Kind

# The name of the tax on Buka's commission.
VAT = "vat"


def part_of(amount_kobo: int, basis_points: int) -> int:
    """Return so many ten-thousandths of an amount, to the nearest kobo."""
    return (amount_kobo * basis_points + 5_000) // 10_000


def commission_of(*, restaurant_id: int, kind: str, amount_kobo: int, at: datetime, fee_kobo: int = 0) -> Share:
    """Return what Buka takes of a sale of this kind by the terms of that moment: commission, its tax, and the fee.

    :param kind: one of `payments.states.Kind`; for a deposit, of what is applied or retained of it
    :param fee_kobo: what the gateway keeps of it, which is taken where the house bears that
    """
    return _share(terms_of(restaurant_id, at=at), kind, amount_kobo, fee_kobo)


def _share(terms: SettlementTerms, kind: str, amount_kobo: int, fee_kobo: int) -> Share:
    basis_points = {
        Kind.DEPOSIT: terms.deposit_basis_points,
        Kind.TICKETS: terms.tickets_basis_points,
        Kind.FEE: terms.fee_basis_points,
        Kind.ORDER: terms.order_basis_points,
        # The guest's all along, and on its way back.
        Kind.GUARANTEE: 0,
    }[Kind(kind)]
    return with_tax(part_of(amount_kobo, basis_points), fee_kobo if terms.bears_fee == Bearer.HOUSE else 0)


def with_tax(commission_kobo: int, fee_kobo: int = 0) -> Share:
    """Return a commission with the tax on top of it."""
    tax = part_of(commission_kobo, settings.SETTLEMENT_VAT_BASIS_POINTS)
    return Share(commission_kobo=commission_kobo, commission_taxes={VAT: tax}, fee_kobo=fee_kobo)


def keep_up(payment: Payment, *, at: datetime) -> Transaction | None:
    """Bring the commission of a payment in step with what stands as the house's sale, and return what was posted.

    Belongs into the transaction of what moved the payment's money, under the payment's lock. The terms are those of
    the day on which it first became a sale.

    :param at: when that happened
    """
    house, kind = payment.request.restaurant_id, payment.request.kind
    if terms_that_take(house, at=at) is None:
        return None
    key = f"payment:{payment.public_id}:commission:"
    before = Transaction.objects.filter(key__startswith=key).count()
    standing = selectors.standing_of_payment(payment.public_id)
    sale = _sale_of(standing)
    if sale <= 0 and not before:
        return None
    terms = terms_of(house, at=_sold_at(payment) or at)
    fees = sum(kobo for account, kobo in standing.items() if account.kind == AccountKind.GATEWAY_FEES)
    # Of what went back Buka bears the fee: no gateway returns it.
    fee = fees * max(sale, 0) // payment.received_kobo if payment.received_kobo else 0
    lines = _difference(house, _share(terms, kind, max(sale, 0), max(fee, 0)), standing)
    if not lines:
        return None
    taken = -sum(line.amount_kobo for line in lines if line.account != chart.restaurant_payable(house))
    return services.post(
        key=f"{key}{before}",
        kind=TransactionKind.SHARED_OUT if taken > 0 else TransactionKind.SHARE_RETURNED,
        lines=lines,
        happened_at=at,
        about=About.payment(payment.public_id),
        restaurant_id=house,
    )


def _sold_at(payment: Payment) -> datetime | None:
    """Return when a payment first became a sale: a deposit when it was applied or retained, all else when it came."""
    if payment.request.kind != Kind.DEPOSIT:
        return payment.paid_at
    rows = selectors.transactions_of_payment(payment.public_id)
    sold = rows.filter(kind__in=(TransactionKind.DEPOSIT_APPLIED, TransactionKind.DEPOSIT_RETAINED))
    return sold.values_list("happened_at", flat=True).first()


def _sale_of(standing: dict[AccountName, int]) -> int:
    """Return what of a payment stands as a sale: what is left of it, without what is still the guest's or nobody's."""
    left = 0
    for account, kobo in standing.items():
        if account.kind in chart.LEFT_OF_A_PAYMENT:
            left += chart.sign_of(account.kind) * kobo
        elif account.kind in (AccountKind.SUSPENSE, AccountKind.DEPOSITS_HELD):
            left -= kobo
    return left


def _difference(house: int, wanted: Share, standing: dict[AccountName, int]) -> postings.Lines:
    payable, parts = chart.restaurant_payable(house), []
    taxes = dict(wanted.commission_taxes or {})
    for account, kobo in (
        (chart.platform_commission(house), wanted.commission_kobo),
        (chart.fees_passed_on(house), wanted.fee_kobo),
        *((chart.tax_payable(tax), kobo) for tax, kobo in taxes.items()),
    ):
        missing = kobo - standing.get(account, 0)
        parts.append(postings.move(max(missing, 0), debit=payable, credit=account))
        parts.append(postings.move(max(-missing, 0), debit=account, credit=payable))
    return postings.together(*parts)


def charge_for_guests(*, restaurant_id: int, booking_id: str, guests: int, at: datetime) -> Transaction | None:
    """Take the fixed sum for guests who came, once for each booking; None where the terms know none."""
    kobo = terms_of(restaurant_id, at=at).per_guest_kobo * guests
    if kobo <= 0:
        return None
    key = f"booking:{booking_id}:guests"
    if (known := selectors.transaction_of(key)) is not None:
        return known
    return services.post(
        key=key,
        kind=TransactionKind.SHARED_OUT,
        lines=postings.shared_out(house=restaurant_id, share=with_tax(kobo)),
        happened_at=at,
        about=About("booking", booking_id),
        restaurant_id=restaurant_id,
    )
