"""What of a sale is not the house's: what stands of it in the books is brought to this after each move."""

from payments.ledger.postings import Share
from payments.models import Payment
from payments.receipts.selectors import receipt_of
from payments.receipts.services import bill_of_payment
from payments.states import Kind, Review
from restaurants.models import Restaurant


def share_of_sale(payment: Payment) -> Share:
    """Return what is to be taken out of a payment as it stands now: the taxes of tickets, for what did not go back.

    All of it went back: nothing. The lines are those on its receipt, or before that those of the day on which it came.
    """
    if payment.request.kind != Kind.TICKETS or payment.review in (Review.HELD, Review.REFUSED):
        return Share()
    receipt = receipt_of(payment)
    charges = (
        receipt.lines
        if receipt is not None
        else bill_of_payment(payment, Restaurant.objects.get(pk=payment.request.restaurant_id)).charges
    )
    gone = payment.received_kobo - payment.left_kobo
    taxes: dict[str, int] = {}
    for charge in charges:
        if charge.is_tax:
            stands = charge.kobo - charge.kobo * gone // payment.received_kobo
            taxes[charge.key] = taxes.get(charge.key, 0) + stands
    return Share(taxes=taxes)
