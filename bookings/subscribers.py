"""What bookings does when a fact is reported: it writes to the guest, and keeps the guest book up."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.privacy.states import Purpose
from bookings import access, calendars, selectors, terms, wording
from bookings.card_words import fee_sentences
from bookings.deposit_words import advance_of
from bookings.models import Advance, Booking, BookingSeries, Occurrence
from bookings.services import guests, tagging
from bookings.states import ActorKind, Occasion, OccurrenceState, Status
from bookings.texting import BOOKING, REVIEW, decent_time, naira, send_text, short_time, short_url
from bookings.times import times_instead
from core import codes, phones
from localization import formatting
from localization.formatting import Zone
from notifications import services as notifications
from notifications.states import Channel
from payments.receipts.selectors import link_to_receipt
from payments.states import Kind
from restaurants.models import Restaurant

# The rest stands on the series' own page.
MOST_DATES_IN_A_MAIL = 20
_RELATED = ("restaurant", "restaurant__city", "area", "advance")
# As long before the start a guest may be on the way, whom no mail reaches.
NEAR = timedelta(hours=24)
# For how many days after the party has left a mail still says something.
USEFUL = {"booking.thanks": 7}
# A text about what a guest has just changed waits so long for their next change, which is then told in its place.
SETTLES = timedelta(minutes=1)
# More changes than a booking can get while one is waiting: the limit on changing, and the house's own.
MOST_WAITING = 50


def tell_of_confirmation(*, booking_id: UUID, by_money: bool = False, **_more: Any) -> None:
    booking = _booking(booking_id)
    if booking is not None and booking.status == Status.CONFIRMED and not _told_by_series(booking):
        key = f"booking.confirmed:{booking.public_id}"
        deposit = _deposit_received(advance_of(booking), booking.language)
        _write(
            booking,
            "booking.confirmed",
            key,
            method="REQUEST",
            # The text that says that the deposit has come says by itself that the table is booked.
            is_texted=by_money,
            deposit=deposit,
            receipt_url=receipt_url_of(booking) if deposit else "",
            deposit_there="" if deposit else _deposit_there(booking),
        )


def _deposit_received(advance: Advance | None, language: str) -> str:
    """Return what of a deposit has come, to be said with the table that it confirms; nothing where none has."""
    if advance is None or not advance.held_kobo:
        return ""
    return formatting.money(min(advance.held_kobo, advance.amount_kobo), language)


def _deposit_there(booking: Booking) -> str:
    """Return what is to be paid at the house, for the text: the mail says it among the terms; nothing where none is."""
    if terms.is_due_before(booking.policy):
        return ""
    kobo = terms.deposit_kobo(booking.policy)
    return naira(kobo) if kobo else ""


def tell_of_request(*, booking_id: UUID, **_more: Any) -> None:
    booking = _booking(booking_id)
    if booking is not None and booking.status == Status.REQUESTED and not _told_by_series(booking):
        _write(booking, "booking.requested", f"booking.requested:{booking.public_id}")


def tell_of_change(*, booking_id: UUID, version: int, changes: dict[str, Any], reason: str = "", **_more: Any) -> None:
    """Write to the guest when time, size, area or the wish for no steps is another one.

    Which table it is, is the house's own affair.
    """
    booking = _booking(booking_id)
    if booking is None or _told_by_series(booking):
        return
    is_moved = booking.policy.get(terms.CHANGED_BY_HOUSE) == version
    # Whoever is still to pay is told by the deposit's own message, unless it is the house that changes their table.
    is_held_elsewhere = is_moved and booking.status == Status.HELD
    if booking.status not in (Status.REQUESTED, Status.CONFIRMED) and not is_held_elsewhere:
        return
    stands = {
        "starts_at": booking.starts_at.isoformat(),
        "party_size": booking.party_size,
        "area": booking.area.name if booking.area else None,
    }
    told = {name: changes[name]["to"] for name in stands if name in changes}
    # What has changed once more is told by that change; a note or another table takes nothing back.
    if not (told or "step_free" in changes) or any(stands[name] != value for name, value in told.items()):
        return
    # Somebody who asked and was moved hears that it was the house's doing.
    kind = "booking.changed" if booking.status == Status.CONFIRMED or is_moved else "booking.requested"
    area = booking.area.name if booking.area and "area" in told else ""
    # In the mail alone: a text is read over many a shoulder, and the wish may tell of somebody's health.
    wish = ("made" if booking.step_free else "dropped") if "step_free" in changes else ""
    _write(
        booking,
        kind,
        _change_key(booking, version),
        method="REQUEST",
        # Only the house gives reasons.
        also_by_text=(is_moved or bool(reason)) and _is_near(booking),
        version=version,
        settles=not (is_moved or reason),
        reason=reason,
        area=area,
        step_free_wish=wish,
        is_free="yes" if is_moved else "",
    )


def tell_of_cancellation(
    *, booking_id: UUID, by: str, is_late: bool, reason: str, is_bumped: bool = False, **_more: Any
) -> None:
    booking = _booking(booking_id)
    if booking is None or _told_by_series(booking):
        return
    if is_bumped:
        _text_of_bump(booking, reason)
    is_houses = by == ActorKind.STAFF
    _write(
        booking,
        "booking.cancelled",
        f"booking.cancelled:{booking.public_id}",
        method="CANCEL",
        # Who is bumped has a text of their own.
        is_texted=is_bumped,
        also_by_text=is_houses and _is_near(booking),
        cancelled_by="restaurant" if is_houses else "diner",
        reason=reason,
        # What was agreed about cancelling is past.
        policy_text="",
        **(_offered_instead(booking) if is_bumped else {}),
    )


def _is_near(booking: Booking) -> bool:
    """Tell whether a party may be on its way before it looks at its mails again."""
    return booking.starts_at - timezone.now() < NEAR


def _offered_instead(booking: Booking) -> dict[str, Any]:
    """Return what the mail to a bumped guest offers: the nearest times that are free as it is written, and points."""
    zone = booking.restaurant.time_zone
    offered: dict[str, Any] = {
        "offer_url": manage_url(booking),
        "points": booking.bonus_points or "",
        # One button too many beside the times that carry the points.
        "restaurant_url": "",
    }
    with translation.override(booking.language):
        names = notifications.catalogue.OFFERED_TIMES
        for name, time in zip(names, times_instead(booking, count=len(names)), strict=False):
            offered[name] = formatting.day_and_time(time.starts_at, zone=zone)
            offered[f"{name}_url"] = settings.BASE_URL + time.url
    return offered


def _text_of_bump(booking: Booking, reason: str) -> None:
    """Text whoever is bumped: they may be on their way, and no mail reaches them there."""
    if not booking.guest_phone:
        return
    send_text(
        kind="booking.bumped",
        to=booking.guest_phone,
        name=booking.guest_name,
        language=booking.language,
        context={
            "restaurant_name": booking.restaurant.name,
            "when": short_time(booking.starts_at, booking.restaurant.time_zone),
            "reason": reason,
            "book_url": short_url(BOOKING, booking.public_id),
        },
        dedupe_key=f"booking.bumped:{booking.public_id}",
        useful_until=max(booking.starts_at, timezone.now()) + timedelta(minutes=30),
    )


def tell_of_refusal(*, booking_id: UUID, reason: str, **_more: Any) -> None:
    booking = _booking(booking_id)
    if booking is not None:
        _write(booking, "booking.declined", f"booking.declined:{booking.public_id}", reason=reason)


def tell_of_no_answer(*, booking_id: UUID, **_more: Any) -> None:
    booking = _booking(booking_id)
    if booking is None:
        return
    with translation.override(booking.language):
        reason = _("The restaurant did not answer in time.")
    _write(booking, "booking.declined", f"booking.declined:{booking.public_id}", reason=reason)


def remind(*, booking_id: UUID, lead: str) -> None:
    booking = _booking(booking_id)
    if booking is None or booking.status != Status.CONFIRMED:
        return
    hours, marked = (24, booking.reminded_day_before_at) if lead == "day" else (3, booking.reminded_hours_before_at)
    if marked is None:  # the time has changed since, and is reminded of when it is due
        return
    key = f"booking.reminder:{hours}:{booking.public_id}:{booking.starts_at.isoformat()}"
    _write(booking, "booking.reminder", key, also_by_text=hours == 3, hours_before=hours)


def tell_of_series(*, series_id: UUID, version: int, news: str, on: str = "", **_more: Any) -> None:
    """Write one mail about a repeated booking, with every date that is still to come."""
    series = BookingSeries.objects.select_related("restaurant").filter(public_id=series_id).first()
    if series is None or not (series.guest_email or series.guest_phone):
        return
    zone = series.restaurant.time_zone
    ahead = list(
        series.occurrences.filter(starts_at__gt=timezone.now()).select_related(
            "booking", *(f"booking__{name}" for name in _RELATED)
        )
    )
    with translation.override(series.language):
        context = {
            "guest_name": series.guest_name,
            "restaurant_name": series.restaurant.name,
            "party_size": series.party_size,
            "news": news,
            "dates": _lines_of([each for each in ahead if each.state != OccurrenceState.WITHDRAWN], zone),
            "on": formatting.day(date.fromisoformat(on)) if on else "",
            "series_url": settings.BASE_URL + reverse("bookings:series", args=[series.public_id]),
        }
    booked = [each.booking for each in ahead if each.booking is not None]
    key = f"booking.series:{series.public_id}:{version}:{news}:{on}"
    if not series.guest_email:
        _text_of_series(series, booked, key, context, on=on)
        return
    content = calendars.calendar_of_many(booked, language=series.language)
    notifications.send(
        kind="booking.series",
        to=series.guest_email,
        name=series.guest_name,
        language=series.language,
        context=context,
        dedupe_key=key,
        attachments=[notifications.Attachment("buka.ics", "text/calendar; method=PUBLISH", content)] if booked else [],
        useful_until=timezone.now() + timedelta(days=3),
    )


def _text_of_series(
    series: BookingSeries, booked: list[Booking], key: str, context: dict[str, Any], *, on: str
) -> None:
    """Text whoever left no address what has become of a series, and lead to the next date of it."""
    zone, now = series.restaurant.time_zone, timezone.now()
    # What a night's work finds out can wait for the morning; what somebody has just done cannot.
    can_wait = context["news"] in ("date_failed", "new_terms")
    send_text(
        kind="booking.series",
        to=series.guest_phone,
        name=series.guest_name,
        language=series.language,
        context={
            **context,
            "dates": "",
            "on": date.fromisoformat(on).strftime("%d/%m") if on else "",
            "when": short_time(booked[0].starts_at, zone) if booked else "",
            "booking_url": short_url(BOOKING, booked[0].public_id) if booked else "",
        },
        dedupe_key=key,
        not_before=decent_time(now, zone) if can_wait else None,
        useful_until=now + timedelta(days=3),
    )


def _lines_of(occurrences: list[Occurrence], zone: Zone) -> str:
    lines = [_line_of(each, zone) for each in occurrences[:MOST_DATES_IN_A_MAIL]]
    if rest := len(occurrences) - len(lines):
        lines.append(ngettext("and %(count)d more date", "and %(count)d more dates", rest) % {"count": rest})
    return "\n".join(lines)


def _line_of(occurrence: Occurrence, zone: Zone) -> str:
    """Return one date of a series as a line: when, and what stands with it."""
    when = formatting.day_and_time(occurrence.starts_at, zone=zone)
    booking = occurrence.booking
    if booking is not None and occurrence.state == OccurrenceState.BOOKED:
        status, code = Status(booking.status).label, codes.display(booking.code)
        return _("%(when)s: %(status)s, code %(code)s") % {"when": when, "status": status, "code": code}
    return _("%(when)s: %(status)s") % {"when": when, "status": OccurrenceState(occurrence.state).label}


def _told_by_series(booking: Booking) -> bool:
    """Tell whether the state a booking is in stands in its series' own message."""
    return Occurrence.objects.filter(booking=booking, told_version=booking.version).exists()


# A visit that is closed in the books long after is nobody's last evening.
THANKED_WITHIN = timedelta(days=2)


def thank(*, booking_id: UUID, **_more: Any) -> None:
    """Thank a guest for coming and ask what it was like; never who has said that they want no such mails."""
    booking = _booking(booking_id)
    if booking is None or booking.status != Status.COMPLETED:
        return
    if booking.left_at is None or timezone.now() - booking.left_at > THANKED_WITHIN:
        return
    if selectors.wants_no_thanks(booking):
        return
    with translation.override(booking.language):
        links: dict[str, Any] = {
            "review_url": _signed(booking, "bookings:review"),
            "no_thanks_url": _signed(booking, "bookings:no_thanks"),
        }
    _write(booking, "booking.thanks", f"booking.thanks:{booking.public_id}", **links)


def retag_guest(*, booking_id: UUID, **_more: Any) -> None:
    """Give and take the tags of a guest by their house's rules, now that a booking of theirs has ended."""
    booking = Booking.objects.select_related("guest").filter(public_id=booking_id).first()
    if booking is not None and booking.guest is not None:
        tagging.retag(booking.guest)


def forget_allergies(*, user: int, purpose: str) -> None:
    """Empty what houses keep of a person's allergies, once they have taken their consent back."""
    if purpose == Purpose.SENSITIVE:
        guests.forget_allergies(account_id=user)


def _booking(public_id: UUID) -> Booking | None:
    return Booking.objects.select_related(*_RELATED).filter(public_id=public_id).first()


def _write(
    booking: Booking,
    kind: str,
    key: str,
    *,
    method: str = "",
    also_by_text: bool = False,
    is_texted: bool = False,
    version: int | None = None,
    settles: bool = False,
    **more: Any,
) -> None:
    """Write to the guest in their language: a mail, and a text where they left no address; each once for each fact.

    :param also_by_text: a phone is told although there is an address
    :param is_texted: a text of another kind says it already
    :param version: which change of the booking this tells; None when it tells how the booking stands
    :param settles: a text waits a little for the guest's next change
    """
    with translation.override(booking.language):
        context = {**_context(booking), **more}
    if booking.guest_email:
        _mail(booking, kind, key, context, method=method)
    if kind not in ("booking.thanks", "booking.reminder"):
        _fold_changes(booking, before=version or booking.version + 1)
    if is_texted or not booking.guest_phone:
        return
    # A text to another country costs many times as much: what has gone there by mail is not said twice.
    if not booking.guest_email or (also_by_text and phones.is_at_home(booking.guest_phone)):
        _text(booking, kind, key, context, not_before=timezone.now() + SETTLES if settles else None)


def _fold_changes(booking: Booking, *, before: int) -> None:
    """Keep texts about earlier changes that still wait from leaving: what is told now says how the booking stands."""
    # The first version is the booking itself.
    first = max(2, before - MOST_WAITING)
    keys = [_change_key(booking, version) for version in range(first, before)]
    notifications.outdate(keys=keys, channel=Channel.SMS)


def _change_key(booking: Booking, version: int) -> str:
    return f"booking.changed:{booking.public_id}:{version}"


def _mail(booking: Booking, kind: str, key: str, context: dict[str, Any], *, method: str) -> None:
    attachments = []
    if method:
        content = calendars.calendar_of(booking, method=method)
        attachments.append(notifications.Attachment("buka.ics", f"text/calendar; method={method}", content))
    notifications.send(
        kind=kind,
        to=booking.guest_email,
        name=booking.guest_name,
        language=booking.language,
        context=notifications.catalogue.kind_called(kind).part_of(context),
        dedupe_key=key,
        attachments=attachments,
        useful_until=_useful_until(booking, kind),
    )


def _text(
    booking: Booking, kind: str, key: str, context: dict[str, Any], *, not_before: datetime | None = None
) -> None:
    zone = booking.restaurant.time_zone
    context = {
        **context,
        "when": short_time(booking.starts_at, zone),
        "booking_url": short_url(BOOKING, booking.public_id),
        "review_url": short_url(REVIEW, booking.public_id),
    }
    send_text(
        kind=kind,
        to=booking.guest_phone,
        name=booking.guest_name,
        language=booking.language,
        context=notifications.catalogue.kind_called(kind).part_of(context),
        dedupe_key=key,
        not_before=decent_time(timezone.now(), zone) if kind == "booking.thanks" else not_before,
        useful_until=_useful_until(booking, kind),
    )


def _useful_until(booking: Booking, kind: str) -> datetime:
    if kind == "booking.reminder":
        return booking.starts_at
    return booking.ends_at + timedelta(days=USEFUL.get(kind, 1))


def _context(booking: Booking) -> dict[str, Any]:
    restaurant = booking.restaurant
    return {
        "guest_name": booking.guest_name,
        "restaurant_name": restaurant.name,
        "code": codes.display(booking.code),
        "party_size": booking.party_size,
        "when": formatting.day_and_time(booking.starts_at, zone=restaurant.time_zone),
        "address": address_of(restaurant),
        "landmark": restaurant.landmark,
        "phone": phones.national(restaurant.phone) if restaurant.phone else "",
        "map_url": map_url(restaurant),
        "booking_url": manage_url(booking),
        "restaurant_url": settings.BASE_URL + reverse("bookings:restaurant", args=[restaurant.slug]),
        "policy_text": terms_text(booking),
        "grace_minutes": booking.policy.get("grace_minutes") or None,
        "occasion": Occasion(booking.occasion).label if booking.occasion else "",
        "step_free": _("yes") if booking.step_free else "",
        "promised": wording.points_promised(booking),
    }


def address_of(restaurant: Restaurant) -> str:
    parts = [restaurant.street, restaurant.neighbourhood, restaurant.city.name]
    return ", ".join(dict.fromkeys(part for part in parts if part))


def map_url(restaurant: Restaurant) -> str:
    """Return an address that a phone opens in its own map."""
    latitude, longitude = f"{restaurant.latitude:.5f}", f"{restaurant.longitude:.5f}"
    return f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"


def receipt_url_of(booking: Booking) -> str:
    """Return the address of the receipt for a booking's deposit, which its own token opens; nothing where none is."""
    return link_to_receipt(
        Kind.DEPOSIT,
        booking.public_id,
        owner_id=booking.diner_id,
        token=access.token_for(booking),
        language=booking.language,
    )


def manage_url(booking: Booking) -> str:
    """Return the signed address under which a guest sees, changes and cancels a booking without an account."""
    return _signed(booking, "bookings:booking")


def _signed(booking: Booking, name: str) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=[booking.public_id])}?token={access.token_for(booking)}"


def terms_text(booking: Booking) -> str:
    """Return the terms that were accepted with a booking, as sentences in the active language."""
    return " ".join(terms_sentences(booking.policy, starts_at=booking.starts_at, zone=booking.restaurant.time_zone))


def terms_sentences(
    policy: dict[str, Any], *, starts_at: datetime | None, zone: Zone, is_over: bool = False
) -> list[str]:
    """Return a booking's terms, its own or those it would have, as sentences in the active language.

    Without a start, while it is still to be chosen, they count from whichever it will be.

    :param is_over: whether nothing can be cancelled any more
    """
    sentences = []
    if is_over:
        policy = {**policy, "free_cancellation_hours": 0, "grace_minutes": 0}
    if policy.get(terms.CHANGED_BY_HOUSE) and not is_over:
        sentences.append(_("The restaurant has changed this booking, so you can cancel it free of charge."))
    if policy.get("free_cancellation_hours") and starts_at is None:
        count = policy["free_cancellation_hours"]
        sentence = ngettext(
            "Free to cancel until %(count)d hour before.", "Free to cancel until %(count)d hours before.", count
        )
        sentences.append(sentence % {"count": count})
    elif policy.get("free_cancellation_hours") and starts_at is not None:
        moment = starts_at - timedelta(hours=policy["free_cancellation_hours"])
        if moment > timezone.now():
            when = formatting.day_and_time(moment, zone=zone)
            sentences.append(_("You can cancel free of charge until %(when)s.") % {"when": when})
        else:
            sentences.append(_("It is too late to cancel free of charge."))
    if policy.get("grace_minutes"):
        sentences.append(
            ngettext(
                "Your table is kept for %(count)d minute after the time.",
                "Your table is kept for %(count)d minutes after the time.",
                policy["grace_minutes"],
            )
            % {"count": policy["grace_minutes"]}
        )
    if policy.get("minimum_spend_kobo"):
        amount = formatting.money(policy["minimum_spend_kobo"])
        sentences.append(_("The least bill for your table is %(amount)s.") % {"amount": amount})
    if policy.get("deposit_kobo"):
        sentences += _deposit_sentences(policy, formatting.money(policy["deposit_kobo"]))
    sentences += fee_sentences(policy)
    if policy.get("note"):
        sentences.append(policy["note"])
    return sentences


def _deposit_sentences(policy: dict[str, Any], amount: str) -> list[str]:
    if not terms.is_due_before(policy):
        return [_("The restaurant asks for a deposit of %(amount)s, payable there.") % {"amount": amount}]
    asked = _("A deposit of %(amount)s is paid before the visit; it comes off your bill.") % {"amount": amount}
    if policy.get("free_cancellation_hours"):
        return [asked, _("If you cancel after the free time, or do not come, the restaurant keeps it.")]
    return [asked, _("If you do not come, the restaurant keeps it.")]
