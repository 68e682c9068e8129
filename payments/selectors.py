"""Questions about money, answered without changing anything. Kobo throughout."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts.models import User
from accounts.partners.models import PartnerApp
from accounts.selectors import restaurant_ids_where
from accounts.states import Ability
from localization.formatting import HOME_ZONE
from payments.ledger.models import Entry
from payments.models import Payment, PaymentRequest, Refund, WebhookEvent
from payments.states import LIVE, REFUND_COUNTS, REFUND_UNDER_WAY, Kind, PaymentState, Review
from payments.subjects import called
from payments.tokens import hash_of
from restaurants.models import Restaurant

# Banks take up to ten working days.
REFUND_TAKES = timedelta(days=14)

OWN_STATES = {
    "paid": Q(state=PaymentState.SUCCEEDED),
    "waiting": Q(state__in=LIVE),
    "failed": Q(state__in=(PaymentState.FAILED, PaymentState.EXPIRED)),
    "given_back": Q(refunded_kobo__gt=0),
}


def promised_back(*, kind: str, subject_id: UUID) -> dict[UUID, int]:
    """Return what of the money that was counted for a subject was given back or is to be: the refunds, and their kobo.

    Those too that have arrived: whoever counts the money may not have heard of that yet.
    """
    rows = Refund.objects.filter(
        payment__request__kind=kind, payment__request__subject_id=subject_id, state__in=REFUND_COUNTS
    )
    # What was not let through after a look never counted, and so its way back says nothing of what did.
    counted = rows.exclude(payment__review=Review.REFUSED, payment__credited_at=None)
    return dict(counted.values_list("public_id", "amount_kobo"))


def expected_back(kind: str, subject_ids: Collection[UUID]) -> "dict[UUID, datetime | None]":
    """Return, for each of these for which money came online, when the last of what goes back is expected.

    None where no gateway has said yet: then it takes up to `REFUND_TAKES`. Without those whose money came otherwise.
    """
    rows = Payment.objects.filter(request__kind=kind, request__subject_id__in=subject_ids, state=PaymentState.SUCCEEDED)
    on_its_way = Q(refunds__state__in=REFUND_UNDER_WAY)
    found = rows.order_by().values("request__subject_id").annotate(by=Max("refunds__expected_at", filter=on_its_way))
    return {row["request__subject_id"]: row["by"] for row in found}


def request_by_token(token: str) -> PaymentRequest | None:
    """Return what the holder of a link is asked for."""
    return PaymentRequest.objects.filter(token_hash=hash_of(token)).select_related("restaurant").first()


def payments_of(kind: str, subject_id: UUID) -> "QuerySet[Payment]":
    """Return the attempts to pay for a subject, the newest first, with their refunds."""
    rows = Payment.objects.filter(request__kind=kind, request__subject_id=subject_id)
    return rows.select_related("request").prefetch_related("refunds", "disputes").order_by("-pk")


def refunds_of(asked: PaymentRequest) -> "QuerySet[Refund]":
    """Return what went back of the money that came by one link, or is to go back, the oldest first."""
    return Refund.objects.filter(payment__request=asked).order_by("pk")


def is_all_given_back(asked: PaymentRequest) -> bool:
    """Tell whether money came by this link, and all of it went back or is on its way."""
    rows = Payment.objects.filter(request=asked, state=PaymentState.SUCCEEDED)
    sums = rows.aggregate(came=Sum("received_kobo"), back=Sum("refunded_kobo"))
    return bool(sums["came"]) and sums["back"] >= sums["came"]


def has_payments(kind: str, subject_id: UUID, *, came: bool = False) -> bool:
    """Tell whether anybody has begun to pay online for a subject.

    :param came: whether only money that has come is meant
    """
    rows = Payment.objects.filter(request__kind=kind, request__subject_id=subject_id)
    return (rows.filter(state=PaymentState.SUCCEEDED) if came else rows).exists()


def requests_for(kind: str, subject_id: UUID) -> "QuerySet[PaymentRequest]":
    """Return all that was asked of anybody for a subject, the oldest first."""
    rows = PaymentRequest.objects.filter(kind=kind, subject_id=subject_id)
    return rows.defer("token").select_related("asked_by").order_by("pk")


def houses_with_payments(restaurant_ids: Collection[int] | None) -> list[tuple[int, str, str]]:
    """Return key, name and clock of the houses that ever asked for money, of these or of all, by name."""
    rows = Restaurant.objects.filter(Exists(PaymentRequest.objects.filter(restaurant=OuterRef("pk"))))
    if restaurant_ids is not None:
        rows = rows.filter(pk__in=restaurant_ids)
    return list(rows.order_by("name", "pk").values_list("pk", "name", "time_zone"))


def webhooks_of(payment: Payment) -> "QuerySet[WebhookEvent]":
    """Return the webhooks that name a payment's reference, the newest first, without their bodies."""
    reference = payment.beside.reference if payment.beside is not None else payment.reference
    rows = WebhookEvent.objects.filter(gateway=payment.gateway, reference=reference)
    return rows.defer("body").order_by("-pk")


def entries_of(payment: Payment) -> "QuerySet[Entry]":
    """Return what stands in the books about a payment's money, in its order."""
    rows = Entry.objects.filter(transaction__payment_id=payment.public_id)
    return rows.select_related("transaction", "account").order_by("transaction_id", "pk")


def row_history_of(payment: Payment) -> "QuerySet[Any]":
    """Return how a payment's row stood after each change, the newest first."""
    rows: QuerySet[Any] = payment.events.order_by("-pgh_id")  # type: ignore[attr-defined]
    return rows


def payment_by_public_id(public_id: UUID) -> Payment | None:
    """Return a payment whoever asks; the door must know that they may see it."""
    rows = Payment.objects.select_related("request__restaurant")
    return rows.prefetch_related("refunds", "disputes").filter(public_id=public_id).first()


def payment_by_reference(reference: str) -> Payment | None:
    """Return the payment of a reference whoever asks; the door must know that they may see it."""
    if "\0" in reference:
        # The database would not even compare it.
        return None
    rows = Payment.objects.select_related("request__restaurant")
    return rows.prefetch_related("refunds", "disputes").filter(reference=reference).first()


def payments_by(user: User) -> "QuerySet[Payment]":
    """Return somebody's payments, with their refunds."""
    return Payment.objects.filter(payer=user).select_related("request").prefetch_related("refunds")


def payments_seen_by(app: PartnerApp) -> "QuerySet[Payment]":
    """Return the payments at the houses that let an app see their bookings, with their refunds."""
    rows = Payment.objects.filter(request__kind__in=list(settings.PAYMENT_SUBJECTS))
    ids = restaurant_ids_where(app, Ability.SEE_BOOKINGS)
    if ids is not None:
        rows = rows.filter(request__restaurant_id__in=ids)
    return rows.select_related("request").prefetch_related("refunds")


def own_payments(user: User, *, year: int | None = None, state: str = "", words: str = "") -> "QuerySet[Payment]":
    """Return what somebody paid or tried to pay, the newest first, with what went back of it.

    :param year: by Nigeria's clock
    :param state: paid, waiting, failed or given_back; all by default
    :param words: a part of the restaurant's name, a booking's or an order's code, or a reference
    """
    # Of a gateway that could not be reached they never saw anything; a fee, or a saved card, is charged without a page.
    unseen = Q(state=PaymentState.FAILED, checkout_url="", card_charge=None) & ~Q(request__kind=Kind.FEE)
    rows = (
        payments_by(user)
        .exclude(unseen)
        .select_related("request__restaurant")
        .defer("email", "address", "request__token")
    )
    if year is not None:
        begins = datetime(year, 1, 1, tzinfo=HOME_ZONE)
        rows = rows.filter(created_at__gte=begins, created_at__lt=begins.replace(year=year + 1))
    if state:
        rows = rows.filter(OWN_STATES[state])
    if words:
        found = Q(request__restaurant__name__icontains=words) | Q(reference__iexact=words)
        for kind, ids in called(words).items():
            found |= Q(request__kind=kind, request__subject_id__in=ids)
        rows = rows.filter(found)
    return rows.order_by("-pk")


def own_months(user: User, year: int) -> list[tuple[date, int, int]]:
    """Return, for each month of a year in which somebody paid, what came and what of it went back, in kobo."""
    begins = datetime(year, 1, 1, tzinfo=HOME_ZONE)
    rows = Payment.objects.filter(
        payer=user, state=PaymentState.SUCCEEDED, paid_at__gte=begins, paid_at__lt=begins.replace(year=year + 1)
    )
    months = rows.order_by().annotate(month=TruncMonth("paid_at", tzinfo=HOME_ZONE)).values("month")
    sums = months.annotate(paid=Sum("received_kobo"), back=Sum("refunded_kobo")).order_by("month")
    return [(row["month"].date(), row["paid"], row["back"]) for row in sums]


def years_of(user: User) -> list[int]:
    """Return the years in which somebody paid, the latest first."""
    moments = payments_by(user).order_by().aggregate(first=Min("created_at"), last=Max("created_at"))
    if moments["first"] is None:
        return []
    first, last = (moments[each].astimezone(HOME_ZONE).year for each in ("first", "last"))
    return list(range(last, first - 1, -1))


def is_checked(kind: str, subject_id: UUID) -> bool:
    """Tell whether an attempt to pay for a subject may have taken money that does not count yet."""
    rows = Payment.objects.filter(request__kind=kind, request__subject_id=subject_id)
    waits = Q(state=PaymentState.CHECKING) | Q(state=PaymentState.SUCCEEDED, credited_at=None)
    return rows.filter(waits).exclude(review=Review.REFUSED).exists()


def stranded() -> "QuerySet[Payment]":
    """Return the payments whose money has come and counts nowhere: an alarm, once they are more than minutes old."""
    return Payment.objects.filter(state=PaymentState.SUCCEEDED, credited_at__isnull=True, refunded_kobo=0)
