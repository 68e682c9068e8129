"""What bookings writes to guests about cards that guarantee a table, and about fees, by mail and to their phone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from bookings import access
from bookings.card_words import card_key, fee_key
from bookings.models import Booking, Fee
from bookings.selectors import booking_by_public_id
from bookings.services import guarantees
from bookings.states import FeeState, Status
from bookings.subscribers import manage_url, terms_text
from bookings.texting import BOOKING, naira, send_text, short_time, short_url
from core import codes, phones
from localization import formatting
from notifications import services as notifications
from payments import errors as refusals
from payments import services as payments
from payments.receipts.selectors import link_to_receipt
from payments.saved import selectors as cards
from payments.selectors import has_payments
from payments.states import Kind

USEFUL = timedelta(days=14)


def ask_for_card(*, booking_id: UUID, until: datetime, **_more: Any) -> None:
    """Say until when a card is to be given, and what for, while it is awaited."""
    booking = booking_by_public_id(booking_id)
    if booking is None or not guarantees.waits(booking) or until <= timezone.now():
        return
    with translation.override(booking.language):
        told = {
            "until": formatting.day_and_time(until, zone=booking.restaurant.time_zone),
            "policy_text": terms_text(booking),
        }
    by_text = {"until": short_time(until, booking.restaurant.time_zone, like=timezone.now())}
    key = card_key(booking, "asked")
    _write(booking, "booking.card", key, {"what": "asked"}, by_mail=told, by_text=by_text, useful_until=until)


def tell_of_card(*, booking_id: UUID, confirms: bool, **_more: Any) -> None:
    """Say that a card guarantees the table, and what is charged when; or that it came too late."""
    booking = booking_by_public_id(booking_id)
    if booking is None or (confirms and booking.status != Status.CONFIRMED):
        return
    method = cards.guarantee_of(Kind.GUARANTEE, booking_id)
    with translation.override(booking.language):
        told = {"policy_text": terms_text(booking) if confirms else "", "card": str(method) if method else ""}
    what = "taken" if confirms else "late"
    # The confirmation is the text: it has the terms' address.
    by_text: dict[str, Any] | None = None if confirms else {}
    key = card_key(booking, what)
    _write(booking, "booking.card", key, {"what": what}, by_mail=told, by_text=by_text)


def tell_of_lapse(*, booking_id: UUID, **_more: Any) -> None:
    """Say that the table is given back, unless a card has come meanwhile, of which its own message tells."""
    booking = booking_by_public_id(booking_id)
    if booking is None or booking.status != Status.EXPIRED or has_payments(Kind.GUARANTEE, booking_id, came=True):
        return
    until = max(booking.starts_at, timezone.now() + timedelta(hours=1))
    key = card_key(booking, "lapsed")
    _write(booking, "booking.card", key, {"what": "lapsed"}, by_mail={}, by_text={}, useful_until=until)


def tell_of_coming_fee(*, fee_id: UUID, due_at: datetime, **_more: Any) -> None:
    """Say that a fee is asked for, before it is charged: whoever was there after all can call.

    Who has given no card is sent the link to pay it when its time has come.
    """
    fee = _fee(fee_id)
    if fee is not None and cards.guarantee_of(Kind.GUARANTEE, fee.booking.public_id) is None:
        return
    if fee is None or fee.state != FeeState.ASKED or fee.due_at != due_at:
        return
    _tell(fee, "asked", key=f"{fee.turn}:asked")


def tell_of_fee(*, fee_id: UUID, state: str, version: str, **_more: Any) -> None:
    """Say that a fee was charged, could not be, or is not asked for any more, while that is so."""
    fee = _fee(fee_id)
    if fee is None or fee.state != state or state == FeeState.ASKED:
        return
    what = {
        FeeState.PAID.value: "charged",
        FeeState.UNPAID.value: "unpaid",
        FeeState.WAIVED.value: "returned" if fee.returned_kobo else "waived",
    }[state]
    _tell(fee, what, key=version)


def _fee(fee_id: UUID) -> Fee | None:
    return Fee.objects.select_related("booking__restaurant").filter(public_id=fee_id).first()


def _tell(fee: Fee, what: str, *, key: str) -> None:
    booking = fee.booking
    kobo = fee.returned_kobo if what == "returned" else fee.amount_kobo
    with translation.override(booking.language):
        link = _link(fee, what)
    # A short address leads to the booking's page, and that to the link.
    by_text: dict[str, Any] = {"amount": naira(kobo)}
    _write(
        booking,
        "booking.fee",
        fee_key(fee, key),
        {"what": what, "why": fee.kind},
        by_mail={
            "amount": formatting.money(kobo, booking.language),
            "pay_url": link if what == "unpaid" else "",
            "receipt_url": link if what == "charged" else "",
        },
        by_text=by_text,
    )


def _link(fee: Fee, what: str) -> str:
    """Return where an unpaid fee is paid, or the receipt of a paid one is; nothing where there is none."""
    if what == "unpaid":
        try:
            asked = payments.request_payment(kind=Kind.FEE, subject_id=fee.public_id)
        except (refusals.NothingToPay, refusals.PaymentIsChecked):
            return ""
        return settings.BASE_URL + reverse("payments:pay", args=[asked.token])
    if what == "charged":
        booking = fee.booking
        return link_to_receipt(
            Kind.FEE,
            fee.public_id,
            owner_id=booking.diner_id,
            token=access.token_for(booking),
            language=booking.language,
        )
    return ""


def _write(
    booking: Booking,
    kind: str,
    key: str,
    what: Mapping[str, str],
    *,
    by_mail: dict[str, Any],
    by_text: dict[str, Any] | None,
    useful_until: datetime | None = None,
) -> None:
    """Write to the guest by mail and to their phone, as far as they have given either; once for each key."""
    restaurant = booking.restaurant
    until = useful_until or timezone.now() + USEFUL
    known = {"restaurant_name": restaurant.name, "code": codes.display(booking.code), "party_size": booking.party_size}
    if booking.guest_email:
        with translation.override(booking.language):
            context = {
                **known,
                **what,
                "guest_name": booking.guest_name,
                "when": formatting.day_and_time(booking.starts_at, zone=restaurant.time_zone),
                "booking_url": manage_url(booking),
                "phone": phones.national(restaurant.phone) if restaurant.phone else "",
                **by_mail,
            }
        notifications.send(
            kind=kind,
            to=booking.guest_email,
            name=booking.guest_name,
            language=booking.language,
            context=notifications.catalogue.kind_called(kind).part_of(context),
            dedupe_key=key,
            useful_until=until,
        )
    if not booking.guest_phone or by_text is None:
        return
    send_text(
        kind=kind,
        to=booking.guest_phone,
        name=booking.guest_name,
        language=booking.language,
        context={
            **known,
            **what,
            "when": short_time(booking.starts_at, restaurant.time_zone),
            "booking_url": short_url(BOOKING, booking.public_id),
            **by_text,
        },
        dedupe_key=key,
        useful_until=until,
    )
