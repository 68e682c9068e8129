"""What is of no day: money that counts for nothing, waits for a person, or never comes to an end."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from payments.models import Payment, Refund
from payments.reconciliation.selectors import GRACE
from payments.reconciliation.services import evidence
from payments.reconciliation.services.findings import Difference, close_what_is_gone_of_no_day, note
from payments.reconciliation.states import FindingKind
from payments.states import LIVE, REFUND_UNDER_WAY, PaymentState, RefundState, Review

# A person has looked by then.
LOOKED_AT_WITHIN = timedelta(hours=24)
# Since it was last waited for.
ENDS_WITHIN = timedelta(hours=24)
# Banks take up to ten working days, and some more.
REFUND_ARRIVES_WITHIN = timedelta(days=21)


def look_through(*, gateway: str, mode: str) -> int:
    """Note what is wrong at a gateway, whatever the day; close what is wrong no longer; return how much is wrong."""
    began = timezone.now()
    found = 0
    for difference in _differences(gateway, mode):
        note(difference)
        found += 1
    close_what_is_gone_of_no_day(gateway=gateway, mode=mode, since=began)
    return found


def _differences(gateway: str, mode: str) -> Iterator[Difference]:
    now = timezone.now()
    rows = Payment.objects.filter(gateway=gateway, mode=mode).select_related("request")
    paid = rows.filter(state=PaymentState.SUCCEEDED)
    stranded = paid.filter(
        credited_at=None,
        review__in=(Review.NONE, Review.RELEASED),
        refunded_kobo__lt=F("received_kobo") - F("disputed_kobo"),
        updated_at__lt=now - GRACE,
    )
    for payment in stranded:
        yield _of(FindingKind.STRANDED, payment, kobo=payment.left_kobo)
    held = rows.filter(review=Review.HELD).exclude(state__in=(PaymentState.FAILED, PaymentState.EXPIRED))
    for payment in held:
        if (payment.paid_at or payment.created_at) < now - LOOKED_AT_WITHIN:
            yield _of(FindingKind.HELD, payment, kobo=payment.left_kobo)
    # One that a person holds is named above.
    live = rows.filter(state__in=LIVE).exclude(review=Review.HELD)
    for payment in live.filter(Q(expires_at__lt=now - ENDS_WITHIN) | Q(next_check_at=None)):
        yield _of(FindingKind.ENDLESS, payment, kobo=payment.amount_kobo)
    yield from _endless_refunds(gateway, mode)


def _of(kind: FindingKind, payment: Payment, *, kobo: int) -> Difference:
    return Difference(
        kind=kind,
        gateway=payment.gateway,
        mode=payment.mode,
        about=payment.reference,
        payment=payment,
        ours_kobo=kobo,
        evidence={"here": evidence.of_payment(payment)},
    )


def _endless_refunds(gateway: str, mode: str) -> Iterator[Difference]:
    now = timezone.now()
    rows = Refund.objects.filter(payment__gateway=gateway, payment__mode=mode, state__in=REFUND_UNDER_WAY)
    early = Q(state__in=(RefundState.REQUESTED, RefundState.CHECKING), created_at__lt=now - ENDS_WITHIN)
    late = Q(created_at__lt=now - REFUND_ARRIVES_WITHIN)
    for row in rows.filter(early | late).select_related("payment__request"):
        yield Difference(
            kind=FindingKind.ENDLESS,
            gateway=gateway,
            mode=mode,
            about=f"refund:{row.public_id}",
            payment=row.payment,
            gateway_id=row.gateway_id,
            ours_kobo=row.amount_kobo,
            evidence={"here": evidence.of_refund(row), "payment_here": evidence.of_payment(row.payment)},
        )
