"""Issuing receipts, in the transaction that makes them true: their numbers follow one another, and none is lost."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from payments import subjects
from payments.models import Payment, Refund
from payments.receipts import selectors
from payments.receipts.models import Receipt, Series, charge_of, row_of
from payments.receipts.states import SIGN, DocumentKind
from payments.states import Kind, RefundState
from restaurants.charges import Bill, of_which
from restaurants.models import Restaurant
from restaurants.selectors import charge_lines_of

LONGEST_PREFIX = 12
MOST_AT_ONCE = 500


# What only shows that a card can be charged, and goes back at once, is no part of a house's trade.
WITHOUT_RECEIPT = (Kind.GUARANTEE,)


@transaction.atomic
def issue(*, payment: Payment) -> Receipt | None:
    """Issue the receipt of a payment that counts, and return it; the one that there is, when it has one.

    None for a guarantee, which is no part of the house's trade.
    """
    if payment.request.kind in WITHOUT_RECEIPT:
        return None
    # Nobody else issues about the same payment until the transaction ends.
    payment = Payment.objects.select_for_update(of=("self",)).select_related("request", "payer").get(pk=payment.pk)
    if known := selectors.receipt_of(payment):
        return known
    house = Restaurant.objects.select_related("city").get(pk=payment.request.restaurant_id)
    bill = bill_of_payment(payment, house)
    language, title, code, name = _about(payment)
    receipt = Receipt(
        kind=DocumentKind.RECEIPT,
        restaurant=house,
        payment=payment,
        amount_kobo=payment.received_kobo,
        net_kobo=bill.net_kobo,
        currency=payment.currency,
        language=language,
        seller=_seller(house),
        charges=[row_of(charge, charge.kobo) for charge in bill.charges],
        items=_items(payment),
        purpose=payment.request.kind,
        title=title[:400],
        code=code,
        payer_name=name,
        channel=payment.channel,
        card=f"{payment.brand_name} {payment.card_last4}".strip() if payment.card_last4 else "",
        reference=payment.reference,
        paid_at=payment.paid_at or timezone.now(),
    )
    _numbered(receipt, house)
    # Money that went back before it was counted.
    for refund in payment.refunds.filter(state=RefundState.DONE).order_by("pk"):
        _note(receipt, refund, DocumentKind.CREDIT_NOTE)
    return receipt


@transaction.atomic
def note_refund(*, payment: Payment, refund: Refund) -> Receipt | None:
    """Issue a credit note for money that went back, or withdraw it where a bank returned it; return what was issued.

    Nothing is, where no receipt says that the money came.
    """
    # Whoever is just issuing its receipt looks at its refunds, too.
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    refund.refresh_from_db(fields=["state"])
    kind = {RefundState.DONE: DocumentKind.CREDIT_NOTE, RefundState.FAILED: DocumentKind.WITHDRAWAL}.get(
        RefundState(refund.state)
    )
    if kind is None or (receipt := selectors.receipt_of(payment)) is None:
        return None
    known = set(Receipt.objects.filter(refund=refund).values_list("kind", flat=True))
    if kind in known or (kind == DocumentKind.WITHDRAWAL and DocumentKind.CREDIT_NOTE not in known):
        return None
    return _note(receipt, refund, kind)


def issue_missing(*, limit: int = MOST_AT_ONCE) -> int:
    """Issue the receipts of payments that counted before there were any, the oldest first; return their number."""
    counted = Payment.objects.filter(credited_at__isnull=False, received_kobo__gt=0)
    without = counted.exclude(request__kind__in=WITHOUT_RECEIPT).exclude(
        pk__in=Receipt.objects.filter(kind=DocumentKind.RECEIPT).values("payment")
    )
    rows = list(without.order_by("credited_at", "pk")[:limit])
    for payment in rows:
        issue(payment=payment)
    return len(rows)


def bill_of_payment(payment: Payment, house: Restaurant) -> Bill:
    """Return what of a payment is net and what taxes and charges: of tickets by the lines of the day on which it came.

    A deposit is on account of a bill, where they are settled.
    """
    if payment.request.kind != Kind.TICKETS or payment.paid_at is None:
        return Bill(payment.received_kobo, (), payment.received_kobo)
    day = payment.paid_at.astimezone(ZoneInfo(house.time_zone)).date()
    return of_which(payment.received_kobo, charge_lines_of(house.pk, day, for_tickets=True))


def _note(receipt: Receipt, refund: Refund, kind: DocumentKind) -> Receipt:
    """The same seller, payer and purpose, and the part of each line that goes back with this money."""
    others = list(Receipt.objects.filter(payment_id=receipt.payment_id).exclude(pk=receipt.pk))
    gone = -sum(other.signed_kobo for other in others)
    then = gone - SIGN[kind] * refund.amount_kobo
    lines = [
        row_of(charge, abs(part_of(charge.kobo, then, receipt) - part_of(charge.kobo, gone, receipt)))
        for charge in map(charge_of, receipt.charges)
    ]
    made = Receipt(
        kind=kind,
        restaurant_id=receipt.restaurant_id,
        payment_id=receipt.payment_id,
        refund=refund,
        amount_kobo=refund.amount_kobo,
        net_kobo=refund.amount_kobo - sum(line["kobo"] for line in lines),
        charges=lines,
        **{name: getattr(receipt, name) for name in _KEPT},
    )
    return _numbered(made, Restaurant.objects.get(pk=receipt.restaurant_id))


_KEPT: Sequence[str] = (
    "currency", "language", "seller", "purpose", "title", "code", "payer_name", "channel", "card", "reference",
    "paid_at",
)  # fmt: skip


def part_of(kobo: int, gone_kobo: int, receipt: Receipt) -> int:
    """Return how much of a line has gone back when so much of its receipt has; all of it, when all has."""
    return kobo * gone_kobo // receipt.amount_kobo


def _numbered(receipt: Receipt, house: Restaurant) -> Receipt:
    """Give the next number of the house's year; whoever comes at the same time waits until this is decided."""
    # Of one clock: a number of one year is issued on no day of the next.
    receipt.issued_at = timezone.now()
    year = receipt.issued_at.astimezone(ZoneInfo(house.time_zone)).year
    series = _series(house, year)
    series.last += 1
    series.save(update_fields=["last"])
    receipt.series = series
    receipt.sequence = series.last
    receipt.number = f"BUKA-{series.prefix}-{series.year}-{series.last:06d}"
    receipt.save(force_insert=True)
    return receipt


def _series(house: Restaurant, year: int) -> Series:
    rows = Series.objects.select_for_update()
    if found := rows.filter(restaurant=house, year=year).first():
        return found
    earlier = Series.objects.filter(restaurant=house).order_by("-year").values_list("prefix", flat=True).first()
    wanted = earlier or _prefix(house)
    if Series.objects.filter(prefix=wanted, year=year).exclude(restaurant=house).exists():
        wanted = f"{wanted}-{house.pk}"
    Series.objects.bulk_create([Series(restaurant=house, year=year, prefix=wanted)], ignore_conflicts=True)
    if found := rows.filter(restaurant=house, year=year).first():
        return found
    # Another house took the same name this moment.
    Series.objects.bulk_create([Series(restaurant=house, year=year, prefix=f"{wanted}-{house.pk}")])
    return rows.get(restaurant=house, year=year)


def _prefix(house: Restaurant) -> str:
    """Return a house's name in its numbers: of whole words of its address here, as many as are short."""
    words = re.findall(r"[A-Z0-9]+", house.slug.upper()) or ["HOUSE"]
    prefix = words[0][:LONGEST_PREFIX]
    for word in words[1:]:
        if len(prefix) + 1 + len(word) > LONGEST_PREFIX:
            break
        prefix = f"{prefix}-{word}"
    return prefix


def _seller(house: Restaurant) -> dict[str, str]:
    places = (house.street, house.neighbourhood, house.city.name, house.city.state)
    usual = ", ".join(dict.fromkeys(place for place in places if place))
    return {
        "name": house.name,
        "legal_name": house.legal_name,
        "tax_number": house.tax_number,
        "address": house.receipt_address or usual,
        "phone": house.phone,
        "time_zone": house.time_zone,
    }


def _items(payment: Payment) -> list[dict[str, Any]]:
    asked = payment.request
    if asked.kind not in settings.PAYMENT_SUBJECTS:
        return []
    return [asdict(item) for item in subjects.subject_of(asked.kind).items(asked.subject_id)]


def _about(payment: Payment) -> tuple[str, str, str, str]:
    """Return the payer's language, and what it was for in it; its code, and who paid."""
    asked = payment.request
    payer = str(payment.payer.name) if payment.payer else ""
    if asked.kind not in settings.PAYMENT_SUBJECTS:
        return settings.LANGUAGE_CODE, "", "", payer
    subject = subjects.subject_of(asked.kind)
    language = subject.background(asked.subject_id).language
    with translation.override(language):
        due, whose = subject.due(asked.subject_id), asked.whose
    named = subject.named([asked.subject_id]).get(asked.subject_id)
    if asked.is_share:
        # Who pays a share knows what for, and need not be able to open the booking.
        return language, due.title if due else "", "", payer or whose
    # A link may be paid by anybody: who booked is named where it was paid with their address.
    if not payer and named and due and payment.email.lower() == due.payer.email.lower():
        payer = named.name
    return language, due.title if due else "", named.code if named else "", payer
