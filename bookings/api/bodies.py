"""What the API says of free times and bookings, as plain values (see serializers for the words)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from bookings import access, terms
from bookings.availability import Reason, Slot, party_refusal
from bookings.deposit_words import advance_of, is_paid_there
from bookings.models import Booking
from bookings.services import Offering
from bookings.services.booking import alternative
from bookings.services.claiming import refused
from bookings.states import AdvanceState, Status
from bookings.subscribers import manage_url
from restaurants.api.bodies import absolute, money, page_url
from restaurants.service_plan import ServicePlan
from restaurants.states import DepositDue

# --- Free times --------------------------------------------------------------------------------------------------


def slot_body(plan: ServicePlan, slot: Slot) -> dict[str, Any]:
    """Return a free time: what the alternatives of a refusal are made of, too."""
    return alternative(plan, slot)


def day_body(
    plan: ServicePlan,
    day: date,
    party_size: int,
    slots: list[Slot],
    area: UUID | None,
    offering: Offering | None = None,
) -> dict[str, Any]:
    """Return a service day's times for a party, those it cannot have among them, with the reason.

    :param plan: with the seatings that the party may have, as the slots were found
    """
    special = plan.special_days.get(day)
    refusal = party_refusal(plan, party_size, online=True)
    asked = plan.area_named(area) if area else None
    answers = [
        {**_answer(plan, slot, area), **_amounts(plan, party_size, slot, asked.id if asked else None)} for slot in slots
    ]
    return {
        "restaurant": plan.public_id,
        "date": day,
        "party_size": party_size,
        "area": area,
        "step_free": plan.only_step_free,
        "time_zone": plan.zone.key,
        "bookable": plan.is_bookable,
        "closed": not plan.shifts_on(day),
        "special_day": {"name": special.name, "note": special.note} if special else None,
        "deposit": max(
            (body["deposit"] for body in answers if body["deposit"]),
            key=lambda each: Decimal(each["amount"]),
            default=_money(terms.policy_deposit_kobo(plan, party_size)) if not answers else None,
        ),
        "deposit_due": plan.policy.deposit_due,
        "needs_approval": plan.awaits_approval(party_size),
        "reason": refusal,
        "note": str(refused(refusal, plan)) if refusal else (special.note if special else ""),
        "slots": answers,
        "suggestions": _suggestions(plan, slots, offering, area) if offering else None,
    }


def _suggestions(plan: ServicePlan, slots: list[Slot], offering: Offering, area: UUID | None) -> dict[str, Any]:
    asked = next(slot for slot in slots if slot.starts_at == offering.asked_at)
    return {
        "asked_at": _local(offering.asked_at, plan.zone),
        "available": _answer(plan, asked, area)["available"],
        "times": [{**_in_area(plan, each.slot, area), "points": each.points} for each in offering.suggestions],
        "token": offering.token,
    }


def _in_area(plan: ServicePlan, slot: Slot, area: UUID | None) -> dict[str, Any]:
    body = slot_body(plan, slot)
    if area is not None:
        body["areas"] = [each for each in body["areas"] if each["id"] == str(area)]
    return body


def _answer(plan: ServicePlan, slot: Slot, area: UUID | None) -> dict[str, Any]:
    body = _in_area(plan, slot, area)
    reason: str | None = slot.reason
    if area is not None and slot.available and not body["areas"]:
        reason = Reason.NO_TABLE
    return {**body, "available": reason is None, "reason": reason}


def calendar_body(
    plan: ServicePlan, first: date, last: date, party_size: int, days: dict[date, list[Slot]], area: UUID | None
) -> dict[str, Any]:
    """Return how much is free on each of some days."""
    refusal = party_refusal(plan, party_size, online=True)
    return {
        "restaurant": plan.public_id,
        "from": first,
        "to": last,
        "party_size": party_size,
        "area": area,
        "step_free": plan.only_step_free,
        "time_zone": plan.zone.key,
        "bookable": plan.is_bookable,
        "reason": refusal,
        "note": str(refused(refusal, plan)) if refusal else "",
        "days": [_summary(plan, day, slots, area) for day, slots in days.items()],
    }


def _summary(plan: ServicePlan, day: date, slots: list[Slot], area: UUID | None) -> dict[str, Any]:
    asked = plan.area_named(area) if area else None
    free = [slot for slot in slots if slot.available and (asked is None or asked.id in slot.area_ids)]
    special = plan.special_days.get(day)
    return {
        "date": day,
        "closed": not plan.shifts_on(day),
        "special_day": {"name": special.name, "note": special.note} if special else None,
        "slots": len(slots),
        "available": len(free),
        "first_at": _local(free[0].starts_at, plan.zone) if free else None,
        "last_at": _local(free[-1].starts_at, plan.zone) if free else None,
    }


def _amounts(plan: ServicePlan, party_size: int, slot: Slot, area_id: int | None) -> dict[str, dict[str, str] | None]:
    """Return what a booking of this time asks for."""
    deposit, least = terms.amounts_of(plan, party_size, day=slot.service_day, starts_at=slot.starts_at, area_id=area_id)
    return {"deposit": _money(deposit), "minimum_spend": _money(least)}


def _money(kobo: int | None) -> dict[str, str] | None:
    return money(kobo) if kobo else None


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat()


# --- Bookings ----------------------------------------------------------------------------------------------------


def booking_body(booking: Booking, *, for_staff: bool = False, with_token: bool = False) -> dict[str, Any]:
    """Return a booking as its diner, or with `for_staff` as the house, sees it.

    :param booking: with restaurant, area and live allocations, as bookings.selectors gives them
    :param with_token: for somebody without an account: what opens the booking again
    """
    restaurant = booking.restaurant
    body = {
        **_claim(booking),
        "code": booking.code,
        "restaurant_info": {
            "slug": restaurant.slug,
            "name": restaurant.name,
            "url": page_url(restaurant.slug),
            "phone": restaurant.phone or None,
            "time_zone": restaurant.time_zone,
        },
        "tables": [allocation.table.name for allocation in booking.allocations.all()],
        "service_day": booking.service_day,
        "shift": booking.shift_name,
        "guest": {
            "name": booking.guest_name,
            "phone": booking.guest_phone or None,
            "email": booking.guest_email or None,
        },
        "notes": booking.notes,
        "occasion": booking.occasion or None,
        "channel": booking.channel,
        "hold_expires_at": booking.hold_expires_at if booking.status == Status.HELD else None,
        "terms": _terms(booking),
        "deposit": deposit_body(booking),
        "minimum_spend": _money(booking.policy.get("minimum_spend_kobo")),
        "asked_at": _local(booking.asked_at, ZoneInfo(restaurant.time_zone)) if booking.asked_at else None,
        "bonus_points": 0 if booking.status == Status.NO_SHOW else booking.bonus_points,
        "minutes_late": booking.minutes_late,
        "late_cancellation": booking.is_late_cancellation,
        "version": booking.version,
        "created_at": booking.created_at,
        "updated_at": booking.updated_at,
        "links": _links(booking),
        "manage_url": manage_url(booking) if with_token else None,
        "token": access.token_for(booking) if with_token else None,
    }
    if for_staff:
        body["staff"] = {
            "notes": booking.staff_notes,
            "has_account": booking.diner_id is not None,
            "table_promised": booking.is_locked,
            "arrived_at": booking.arrived_at,
            "seated_at": booking.seated_at,
            "left_at": booking.left_at,
        }
    return body


def hold_body(booking: Booking) -> dict[str, Any]:
    """Return a hold; its token is all that whoever made it needs to confirm it or give it back."""
    return {**_claim(booking), "expires_at": booking.hold_expires_at, "token": access.token_for(booking)}


def _claim(booking: Booking) -> dict[str, Any]:
    restaurant, area = booking.restaurant, booking.area
    zone = restaurant.time_zone
    return {
        "id": booking.public_id,
        "status": booking.status,
        "starts_at": _local(booking.starts_at, ZoneInfo(zone)),
        "ends_at": _local(booking.ends_at, ZoneInfo(zone)),
        "party_size": booking.party_size,
        "restaurant": restaurant.public_id,
        "area": {"id": area.public_id, "name": area.name} if area else None,
        "step_free": booking.step_free,
    }


def _terms(booking: Booking) -> dict[str, Any]:
    policy = booking.policy
    hours = policy.get("free_cancellation_hours", 0)
    free_until = booking.starts_at - timedelta(hours=hours)
    return {
        "free_cancellation_until": _local(free_until, ZoneInfo(booking.restaurant.time_zone)),
        "grace_minutes": policy.get("grace_minutes", 0),
        "deposit": _money(policy.get("deposit_kobo")),
        "minimum_spend": _money(policy.get("minimum_spend_kobo")),
        "no_show_fee": _money(policy.get("no_show_fee_kobo")),
        "late_cancellation_fee": _money(policy.get("late_cancellation_fee_kobo")),
        "asks_for_card": terms.asks_card(policy),
        "note": policy.get("note", ""),
    }


def deposit_body(booking: Booking) -> dict[str, Any] | None:
    """Return where the deposit stands; None where there is none."""
    advance, policy = advance_of(booking), booking.policy
    amount = advance.amount_kobo if advance is not None else terms.deposit_kobo(policy)
    if advance is None and not amount:
        return None
    is_awaited = advance is not None and advance.missing_kobo > 0 and not is_paid_there(booking)
    return {
        "amount": money(amount),
        "due": DepositDue.BEFORE if terms.is_due_before(policy) or is_awaited else DepositDue.AT_THE_HOUSE,
        "state": advance.state if advance is not None else None,
        "due_at": advance.due_at if advance is not None and is_awaited else None,
        "table_given_back": is_awaited
        and advance is not None
        and advance.state == AdvanceState.AWAITED
        and (booking.status == Status.HELD or advance.gives_table_back),
        "received": money(advance.received_kobo if advance is not None else 0),
        "missing": money(advance.missing_kobo if advance is not None else 0),
        "owed_back": money(advance.owed_kobo if advance is not None else 0),
        "instructions": policy.get("deposit_instructions", "") if is_awaited else "",
    }


def _links(booking: Booking) -> dict[str, str]:
    return {
        "self": absolute(reverse("bookings_api:booking", args=[booking.public_id])),
        "page": absolute(reverse("bookings:booking", args=[booking.public_id])),
        "calendar": absolute(reverse("bookings_api:calendar", args=[booking.public_id])),
    }
