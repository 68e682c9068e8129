"""What a gateway has divided leaves what Buka owes a house the moment it is paid, so that nobody pays it again.

The house's part is a debt of the gateway's from then on. Paystack says what it pays to each subaccount: until then the
part stands on an account of that subaccount's own beside the gateway's clearing, and what it paid clears it.
Flutterwave says nothing of that and takes the parts out of what it pays Buka: there it leaves clearing at once.
"""

from payments.ledger import postings, services
from payments.ledger.models import Transaction
from payments.ledger.services import About
from payments.ledger.states import TransactionKind
from payments.models import Payment
from payments.settlement.models import SplitCharge

DIVIDED = "divided"
# Whose payouts to subaccounts can be read.
TELLS_OF_SUBACCOUNTS = frozenset({"paystack"})


def split_charge_of(payment: Payment) -> SplitCharge | None:
    """Return how a payment's gateway was asked to divide it: a second charge under a reference as the first."""
    of_whom = payment.beside_id or payment.pk
    row = SplitCharge.objects.select_related("subaccount__account", "payment").filter(payment=of_whom).first()
    return row if row is not None and row.subaccount.gateway == payment.gateway else None


def part_of_house(payment: Payment, row: SplitCharge) -> int:
    """Return what of a payment the gateway gives the house, in kobo; also where something else came than was asked.

    Paystack was told what Buka keeps, and gives the house the rest. Flutterwave was told what the house gets, and gives
    it of what its fee has left.
    """
    if payment.gateway == "paystack":
        return max(payment.received_kobo - row.kept_kobo, 0)
    wanted = row.payment.amount_kobo - row.kept_kobo
    return max(min(wanted, payment.received_kobo - (payment.fee_kobo or 0)), 0)


def book_divided(payment: Payment) -> Transaction | None:
    """Take what the gateway gives the house itself off what Buka owes it, and return what was posted.

    Belongs into the transaction that captures the payment; also of what is held for a look: the house has it all the
    same. It is about the gateway's money and not about the payment's: what is given back later is owed by the house.
    """
    row = split_charge_of(payment)
    kobo = part_of_house(payment, row) if row is not None else 0
    if row is None or kobo == 0:
        return None
    house = row.subaccount.account.restaurant_id
    subaccount = row.subaccount.code if payment.gateway in TELLS_OF_SUBACCOUNTS else ""
    return services.post(
        key=f"{DIVIDED}:{payment.public_id}",
        kind=TransactionKind.SETTLED,
        lines=postings.divided(gateway=payment.gateway, house=house, amount_kobo=kobo, subaccount=subaccount),
        happened_at=payment.paid_at or payment.updated_at,
        about=About(DIVIDED, str(payment.public_id)),
        restaurant_id=house,
    )
