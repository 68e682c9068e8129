"""What bookings writes to guests about deposits, by mail and to their phone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from bookings import services
from bookings.deposit_words import advance_of, is_paid_there, message_key, returned_by, until
from bookings.models import Advance, AdvanceHistory, Booking, Occurrence
from bookings.selectors import booking_by_public_id
from bookings.states import AdvanceState, OwedBecause, Status
from bookings.subscribers import manage_url, receipt_url_of, terms_text
from bookings.texting import BOOKING, naira, send_text, short_time, short_url
from core import codes, phones
from localization import formatting
from notifications import services as notifications

# Money is news for longer than a table.
USEFUL = timedelta(days=14)


def tell_of_deposit(*, booking_id: UUID, entry: int, amount_kobo: int, due_at: datetime, **_more: Any) -> None:
    """Say what is to be paid by when, while it is still to come."""
    booking = booking_by_public_id(booking_id)
    advance = advance_of(booking) if booking is not None else None
    if booking is None or advance is None or advance.missing_kobo != amount_kobo or due_at <= timezone.now():
        return
    table = "held" if booking.status == Status.HELD else "date" if advance.gives_table_back else "booked"
    _write(
        booking,
        "booking.held",
        entry,
        useful_until=due_at,
        by_mail={
            "amount": formatting.money(amount_kobo, booking.language),
            "until": _until(due_at, booking),
            "instructions": booking.policy.get("deposit_instructions", ""),
            "policy_text": _terms(booking),
            "table": table,
        },
        # Of a series' many dates nobody wants as many texts: the mail says which.
        by_text=None
        if Occurrence.objects.filter(booking=booking).exists()
        else {"amount": naira(amount_kobo), "until": _until_in_short(due_at, booking), "table": table},
    )


def tell_of_money(
    *, booking_id: UUID, entry: int, received_kobo: int, missing_kobo: int, confirms: bool, **_more: Any
) -> None:
    """Say that money has come. Where it confirms the table, the mail of the confirmation says so by itself."""
    booking = booking_by_public_id(booking_id)
    advance = advance_of(booking) if booking is not None else None
    if booking is None or advance is None:
        return
    table = "confirmed" if confirms else _table_of(booking, advance)
    # What is paid at the house is not missing before.
    missing_kobo = 0 if is_paid_there(booking) else missing_kobo
    _write(
        booking,
        "booking.deposit_received",
        entry,
        useful_until=timezone.now() + USEFUL,
        by_mail={
            "amount": formatting.money(received_kobo, booking.language),
            "missing": formatting.money(missing_kobo, booking.language) if missing_kobo else "",
            "until": _until(advance.due_at, booking) if table == "held" else "",
            "table": table,
            "receipt_url": receipt_url_of(booking),
        },
        by_text={
            "amount": naira(received_kobo),
            "missing": naira(missing_kobo) if missing_kobo else "",
            "table": table,
        },
    )


def remind_of_deposit(*, booking_id: UUID, due_at: datetime, **_more: Any) -> None:
    """Remind of a deposit that is still missing when it is due within a day, while it is."""
    booking = booking_by_public_id(booking_id)
    advance = advance_of(booking) if booking is not None else None
    if booking is None or advance is None or advance.state != AdvanceState.AWAITED or advance.due_at != due_at:
        return
    last = advance.history.order_by("-pk").values_list("pk", flat=True).first() or 0
    _write(
        booking,
        "booking.deposit_reminder",
        last,
        useful_until=due_at,
        by_mail={
            "amount": formatting.money(advance.missing_kobo, booking.language),
            "until": _until(due_at, booking),
            "instructions": booking.policy.get("deposit_instructions", ""),
        },
        by_text={"amount": naira(advance.missing_kobo), "until": _until_in_short(due_at, booking)},
    )


def tell_of_waiver(*, booking_id: UUID, entry: int, waived_kobo: int, confirms: bool, **_more: Any) -> None:
    """Say that no more is asked for. Where that gives them the table, the confirmation says what there is to say."""
    if confirms:
        return
    booking = booking_by_public_id(booking_id)
    if booking is None or booking.status not in (Status.CONFIRMED, Status.ARRIVED):
        return
    _write(
        booking,
        "booking.deposit_waived",
        entry,
        useful_until=max(booking.ends_at, timezone.now()),
        by_mail={"amount": formatting.money(waived_kobo, booking.language)},
        by_text={"amount": naira(waived_kobo)},
    )


def tell_of_keeping(*, booking_id: UUID, entry: int, kept_kobo: int, why: str, **_more: Any) -> None:
    """Say that the house keeps a deposit, and why, unless a no-show has been undone meanwhile."""
    booking = booking_by_public_id(booking_id)
    advance = advance_of(booking) if booking is not None else None
    if booking is None or advance is None or advance.state != AdvanceState.KEPT:
        return
    _write(
        booking,
        "booking.deposit_kept",
        entry,
        useful_until=timezone.now() + USEFUL,
        by_mail={"amount": formatting.money(kept_kobo, booking.language), "why": why},
        by_text={"amount": naira(kept_kobo), "why": why},
    )


def tell_of_release(*, booking_id: UUID, entry: int, amount_kobo: int, **_more: Any) -> None:
    """Say that a deposit which was to be kept is not. No text: whoever it is about has just come in."""
    booking = booking_by_public_id(booking_id)
    if booking is None:
        return
    _write(
        booking,
        "booking.deposit_received",
        entry,
        useful_until=timezone.now() + USEFUL,
        by_mail={"amount": formatting.money(amount_kobo, booking.language), "table": "again"},
        by_text=None,
    )


def tell_of_return(*, booking_id: UUID, entry: int, returned_kobo: int, why: str = "cancelled", **_more: Any) -> None:
    """Say that the house has paid money back, and under which reference it is found."""
    booking = booking_by_public_id(booking_id)
    paid = AdvanceHistory.objects.filter(pk=entry).first()
    if booking is None or paid is None:
        return
    _write(
        booking,
        "booking.deposit_returned",
        entry,
        useful_until=timezone.now() + USEFUL,
        by_mail={
            "amount": formatting.money(returned_kobo, booking.language),
            "why": why,
            "reference": paid.reference,
        },
        by_text={"amount": naira(returned_kobo), "why": why},
    )


def _table_of(booking: Booking, advance: Advance) -> str:
    if booking.status == Status.REQUESTED:
        return "requested"
    is_held = booking.status == Status.HELD and advance.state == AdvanceState.AWAITED
    return "held" if is_held else "booked"


def tell_of_lapse(*, booking_id: UUID, entry: int, **_more: Any) -> None:
    """Say that the table is given back, unless money has come meanwhile."""
    booking = booking_by_public_id(booking_id)
    advance = advance_of(booking) if booking is not None else None
    if booking is None or advance is None or advance.state != AdvanceState.LAPSED:
        return
    useful_until = max(booking.starts_at, timezone.now() + timedelta(hours=1))
    _write(booking, "booking.deposit_lapsed", entry, useful_until=useful_until, by_mail={}, by_text={})


def tell_of_money_back(*, booking_id: UUID, entry: int, owed_kobo: int, why: str, **_more: Any) -> None:
    """Say that the house owes money back; to who has no table any more, what is free near their time."""
    booking = booking_by_public_id(booking_id)
    if booking is None:
        return
    _write(
        booking,
        "booking.deposit_owed_back",
        entry,
        useful_until=timezone.now() + USEFUL,
        by_mail={
            "amount": formatting.money(owed_kobo, booking.language),
            "why": why,
            "times": _times_near(booking) if why in (OwedBecause.TOO_LATE, OwedBecause.LAPSED) else "",
            "by": _returned_by(booking),
        },
        by_text={"amount": naira(owed_kobo), "why": why},
    )


def _returned_by(booking: Booking) -> str:
    advance = advance_of(booking)
    with translation.override(booking.language):
        return returned_by(advance, zone=booking.restaurant.time_zone) if advance is not None else ""


def _times_near(booking: Booking) -> str:
    if booking.starts_at <= timezone.now():
        return ""
    free = services.nearest_times(
        restaurant_id=booking.restaurant_id,
        wanted=booking.starts_at,
        party_size=booking.party_size,
        include_wanted=True,
    )
    zone, now = booking.restaurant.time_zone, timezone.now()
    with translation.override(booking.language):
        return formatting.list_of(until(datetime.fromisoformat(each["starts_at"]), zone=zone, now=now) for each in free)


def _until(moment: datetime, booking: Booking) -> str:
    with translation.override(booking.language):
        return formatting.day_and_time(moment, zone=booking.restaurant.time_zone)


def _until_in_short(moment: datetime, booking: Booking) -> str:
    return short_time(moment, booking.restaurant.time_zone, like=timezone.now())


def _terms(booking: Booking) -> str:
    with translation.override(booking.language):
        return terms_text(booking)


def _write(
    booking: Booking,
    kind: str,
    entry: int,
    *,
    useful_until: datetime,
    by_mail: dict[str, Any] | None,
    by_text: dict[str, Any] | None,
) -> None:
    """Write to the guest by mail and to their phone, as far as they have given either; once for each fact."""
    restaurant = booking.restaurant
    known = {
        "restaurant_name": restaurant.name,
        "code": codes.display(booking.code),
        "party_size": booking.party_size,
    }
    key = message_key(kind, entry)
    # What confirms a table is told by the mail with the calendar's file.
    if booking.guest_email and by_mail is not None and by_mail.get("table") != "confirmed":
        with translation.override(booking.language):
            context = {
                **known,
                "guest_name": booking.guest_name,
                "when": formatting.day_and_time(booking.starts_at, zone=restaurant.time_zone),
                "booking_url": manage_url(booking),
                "restaurant_url": settings.BASE_URL + reverse("bookings:restaurant", args=[restaurant.slug]),
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
            useful_until=useful_until,
        )
    if not booking.guest_phone or by_text is None:
        return
    context = {
        **known,
        "when": short_time(booking.starts_at, restaurant.time_zone),
        "booking_url": short_url(BOOKING, booking.public_id),
        **by_text,
    }
    send_text(
        kind=kind,
        to=booking.guest_phone,
        name=booking.guest_name,
        language=booking.language,
        context=context,
        dedupe_key=key,
        useful_until=useful_until,
    )
