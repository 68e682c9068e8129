"""Messages for tests."""

from typing import Any

from notifications import services
from notifications.models import Message

_booking: dict[str, Any] = {
    "guest_name": "Ada",
    "restaurant_name": "Iya Eba & Sons",
    "code": "AC3 F7H",
    "party_size": 4,
    "when": "Friday 12 June, 19:30",
}
_place = {
    "address": "12 Allen Avenue, Ikeja, Lagos",
    "landmark": "Opposite the filling station after the second roundabout",
    "phone": "+234 803 123 4567",
    "map_url": "https://maps.example/?q=6.6,3.35&z=17",
}
_link = {"booking_url": "https://buka.example/en/bookings/018f?key=a&b=c"}
_terms = {
    "policy_text": "You can cancel free of charge until 17:30.",
    "occasion": "Birthday",
    "promised": "20 points are promised to you: they are yours once you have come.",
}
_instead = {
    "offer_url": "https://buka.example/en/bookings/018f/?token=a",
    "points": 200,
    "first_time": "Friday 12 June, 21:00",
    "first_time_url": "https://buka.example/en/r/iya/book/?starts_at=1&party=4&offer=a",
    "second_time": "Saturday 13 June, 19:30",
    "second_time_url": "https://buka.example/en/r/iya/book/?starts_at=2&party=4&offer=a",
    "third_time": "Saturday 13 June, 20:00",
    "third_time_url": "https://buka.example/en/r/iya/book/?starts_at=3&party=4&offer=a",
}
_why = {
    "phone": "+234 803 123 4567",
    "reason": "There is no water today.",
    "restaurant_url": "https://buka.example/en/r/iya",
}
_claim = {"name": "Bola", "restaurant_name": "Mama Put"}
_code = {"name": "Bola", "code": "402913", "minutes": 15}
_deed = {
    "name": "Bola",
    "when": "Friday 12 June 2026, 19:30",
    "device": "Chrome on Android",
    "ip_address": "2001:db8::7",
    "security_url": "https://buka.example/en/account/security/",
}
_deed_elsewhere = {name: value for name, value in _deed.items() if name != "security_url"}
_role = {"name": "Bola", "restaurant_name": "Iya Eba & Sons", "role": "Host"}
_keep = {"name": "Bola", "keep_url": "https://buka.example/en/privacy/keep/018f/?token=a"}

_waiting = {"guest_name": "Ada", "restaurant_name": "Iya Eba & Sons", "party_size": 4}
_range = {"day": "Friday 12 June", "earliest": "18:00", "latest": "20:30"}
_entry = {"entry_url": "https://buka.example/en/waitlist/018f/?token=a"}
_short_entry = {"entry_url": "https://buka.example/w/s0123456789012345678901ABCDEFGHIJKLMNOP"}
_short_booking = {
    "booking_url": "https://buka.example/w/b0123456789ABCDEFG",
    "when": "12/06 19:30",
}

_evening = {
    "guest_name": "Ada",
    "restaurant_name": "Iya Eba & Sons",
    "event_name": "Highlife & palm wine",
    "when": "12/06 19:30",
    "order_url": "https://buka.example/w/o0123456789012345678901ABCDEFGHIJKLMNOP",
}
_tickets = {"places": "2 × Ticket\n1 × Table for 4 guests", "code": "AC3 F7H"}

# Per kind the fullest context it takes; contexts_of() adds the barest.
CONTEXTS: dict[str, list[dict[str, Any]]] = {
    "payment.held": [
        {
            "name": "Ada",
            "restaurant_name": "Iya Eba & Sons",
            "amount": "NGN 20,000",
            "reference": "buka-0123456789abcdef01234567",
            "reasons": "The amount is very large.",
            "page_url": "https://buka.example/en/pay/0123456789abcdefghijklmnopqrstuv/back/",
        }
    ],
    "payment.looked_at": [
        {
            "name": "Ada",
            "restaurant_name": "Iya Eba & Sons",
            "amount": "NGN 20,000",
            "reference": "buka-0123456789abcdef01234567",
            "reasons": "The amount is very large.",
            "page_url": "https://buka.example/en/pay/0123456789abcdefghijklmnopqrstuv/back/",
            "outcome": outcome,
        }
        for outcome in ("counts", "goes_back", "may_pay", "stays_shut")
    ],
    "payment.waits_for_look": [
        {
            "name": "Bola",
            "count": "3",
            "since": "Friday 7 March 2025 at 19:30",
            "queue_url": "https://buka.example/admin/fraud/case/",
        }
    ],
    "payout.account": [
        {
            "name": "Bola",
            "restaurant_name": "Iya Eba & Sons",
            "what": what,
            "bank": "Guaranty Trust Bank",
            "last4": "6789",
            "page_url": "https://buka.example/admin/settlement/payoutaccount/",
        }
        # Only of one that waits is said from when on it is used.
        | ({"when": "Friday 7 March 2025 at 19:30"} if what == "named" else {})
        for what in ("first", "named", "active", "called_off", "refused")
    ],
    "payout.moved": [
        {
            "name": "Bola",
            "restaurant_name": "Iya Eba & Sons",
            "what": what,
            "amount": "NGN 1,250,000",
            "last4": "6789",
            "reference": "buka-po-0123456789abcdef01234567",
            "page_url": "https://buka.example/admin/settlement/issuedstatement/",
        }
        for what in ("paid", "failed", "returned")
    ],
    "payout.statement": [
        {
            "name": "Bola",
            "restaurant_name": "Iya Eba & Sons",
            "since": "1 March",
            "until": "7 March",
            "opening": "NGN 1,250,000",
            "closing": "NGN 2,500,000",
            "page_url": "https://buka.example/admin/settlement/issuedstatement/",
        }
    ],
    "security.alert": [
        {
            "name": "Bola",
            "what": "Many failed log-ins for one account",
            "times": "24",
            "when": "Friday 7 March 2025 at 19:30",
            "alert_url": "https://buka.example/admin/audit/securityalert/1/change/",
        }
    ],
    "booking.confirmed": [
        _booking | _place | _link | _terms | {"grace_minutes": 15, "step_free": "yes"} | deposit
        for deposit in ({"deposit": "NGN 1,250,000"}, {"deposit_there": "NGN 1,250,000"})
    ],
    "booking.requested": [_booking | _place | _link | _terms | {"step_free": "yes"}],
    "booking.changed": [
        _booking
        | _place
        | _link
        | _terms
        | {"grace_minutes": 1, "reason": "Eid is a day later.", "area": "Terrace", "step_free": "yes"}
        | {"step_free_wish": wish}
        for wish in ("made", "dropped")
    ],
    "booking.cancelled": [
        _booking | _why | {"policy_text": "Your deposit is on its way back.", "cancelled_by": who}
        for who in ("diner", "restaurant")
    ]
    + [
        _booking | _why | _instead | {"policy_text": "", "cancelled_by": "restaurant"} | {"points": points}
        for points in (1, 200)
    ],
    "booking.bumped": [
        {
            "restaurant_name": "Iya Eba & Sons of Pounded Yam",
            "when": "12/06 19:30",
            "reason": reason,
            "book_url": "https://buka.example/w/b0123456789ABCDEFG",
        }
        for reason in ("No power.", "Our generator failed, and the terrace is dark.")
    ],
    "booking.declined": [_booking | _why],
    "booking.held": [
        _booking
        | _short_booking
        | {"amount": "NGN 1,250,000", "until": "12/06 18:45", "table": table}
        | {
            "phone": "+234 803 123 4567",
            "instructions": "Sterling, 0123456789",
            "policy_text": "It comes off the bill.",
        }
        for table in ("held", "date", "booked")
    ],
    "booking.deposit_received": [
        _booking
        | _short_booking
        | {"amount": "NGN 1,250,000", "table": table, "missing": missing}
        | ({"until": "12/06 18:45"} if table == "held" else {})
        | {"phone": "+234 803 123 4567"}
        for table, missing in (
            ("confirmed", ""),
            ("held", "NGN 1,250,000"),
            ("booked", "NGN 1,250,000"),
            ("booked", ""),
            ("requested", ""),
            ("again", ""),
        )
    ],
    "booking.deposit_reminder": [
        _booking
        | _short_booking
        | {"amount": "NGN 1,250,000", "until": "12/06 18:45", "instructions": "Sterling, 0123456789"}
        | {"phone": "+234 803 123 4567"}
    ],
    "booking.deposit_waived": [
        _booking | _short_booking | {"amount": "NGN 1,250,000", "phone": "+234 803 123 4567"},
    ],
    "booking.deposit_kept": [
        _booking | _short_booking | {"amount": "NGN 1,250,000", "why": why, "phone": "+234 803 123 4567"}
        for why in ("late_cancellation", "no_show")
    ],
    "booking.card": [
        _booking | _short_booking | {"what": what, "phone": "+234 803 123 4567"} | more
        for what, more in (
            ("asked", {"until": "12/06 18:45", "policy_text": "Free until noon."}),
            ("taken", {"card": "visa •••• 4081", "policy_text": "Free until noon."}),
            ("taken", {}),
            ("late", {}),
            ("lapsed", {}),
        )
    ],
    "booking.fee": [
        _booking
        | _short_booking
        | {"amount": "NGN 1,250,000", "what": what, "why": why, "phone": "+234 803 123 4567"}
        | ({"pay_url": "https://buka.example/en/pay/x/"} if what == "unpaid" else {})
        | ({"receipt_url": "https://buka.example/en/pay/receipt/x/"} if what == "charged" else {})
        for why in ("no_show", "late")
        for what in ("asked", "charged", "unpaid", "waived", "returned")
    ],
    "booking.deposit_returned": [
        _booking
        | _short_booking
        | {"amount": "NGN 1,250,000", "why": why, "reference": "OUT-2025-0412", "phone": "+234 803 123 4567"}
        for why in ("too_late", "lapsed", "cancelled", "surplus", "left")
    ],
    "booking.deposit_lapsed": [
        _booking | _short_booking | {"phone": "+234 803 123 4567", "restaurant_url": "https://buka.example/en/r/iya"}
    ],
    "booking.deposit_owed_back": [
        _booking
        | _short_booking
        | {"amount": "NGN 1,250,000", "why": why, "times": "18:30 and 20:15", "by": "Friday 19 June"}
        | {"phone": "+234 803 123 4567", "restaurant_url": "https://buka.example/en/r/iya"}
        for why in ("too_late", "lapsed", "cancelled", "surplus", "left")
    ],
    "booking.series": [
        {
            "guest_name": "Adaeze",
            "restaurant_name": "Mama Put & Sons",
            "party_size": 4,
            "news": news,
            "dates": "Friday 7 March 2025 at 19:30: Booked",
            "on": on,
            "series_url": "https://buka.example/en/bookings/series/1/",
        }
        for news, on in (
            ("begun", ""),
            ("changed", ""),
            ("cancelled", ""),
            ("cancelled", "Friday 7 March 2025"),
            ("date_failed", "Friday 7 March 2025"),
            ("new_terms", "Friday 7 March 2025"),
        )
    ],
    "tickets.confirmed": [_evening | _place | _tickets | {"amount": "₦28,000", "terms": "Tickets are not taken back."}],
    "tickets.held": [
        _evening
        | _place
        | _tickets
        | {"amount": "NGN 1,280,000", "until": "11/06 14:45", "instructions": "Demo Bank, 0000000000.\nWrite the code."}
        | {"terms": "Tickets are not taken back."}
    ],
    "tickets.expired": [
        _evening | _place | _tickets | {"why": why, "owed_back": owed}
        for why, owed in (("too_late", "₦28,000"), ("part", "NGN 14,000"), ("unpaid", ""))
    ],
    "tickets.owed_back": [
        {name: value for name, value in _evening.items() if name != "when"}
        | {"code": "R4T QAW", "phone": "+234 803 123 4567", "why": why}
        | {"amount": "NGN 1,280,000", "owed_back": "NGN 1,280,000"}
        for why in ("cancelled", "called_off")
    ],
    "tickets.given_back": [
        _evening
        | _tickets
        | {"why": why, "is_whole": is_whole, "phone": "+234 803 123 4567", "reason": reason, "owed_back": "₦28,000"}
        for why, is_whole, reason in (
            ("restaurant", "yes", "There is no water today."),
            ("called_off", "yes", "The band is ill."),
            ("buyer", "yes", ""),
            ("buyer", "no", ""),
        )
    ],
    "ticket.passed_on": [_evening | _place | {"giver": "Bola", "code": "AC3F 7HQR", "places": "Ticket"}],
    "ticket.withdrawn": [
        {name: value for name, value in _evening.items() if name != "order_url"}
        | {"giver": "Bola", "phone": "+234 803 123 4567"}
    ],
    "event.moved": [_evening | _place | _tickets | {"reason": "The band is late."}],
    "event.reminder": [_evening | _place | _tickets | {"amount": "₦28,000"}],
    "booking.thanks": [
        {
            "guest_name": "Ada",
            "restaurant_name": "Iya Eba & Sons",
            "review_url": "https://buka.example/en/bookings/018f/review/?token=a",
            "no_thanks_url": "https://buka.example/en/bookings/018f/no-thanks/?token=a",
        }
    ],
    "booking.reminder": [_booking | _place | _link | {"grace_minutes": 15, "hours_before": hours} for hours in (24, 3)],
    "standby.joined": [_waiting | _range | _entry],
    "standby.offered": [_waiting | _short_entry | {"when": "12/06 19:30", "until": "18:45"}],
    "standby.lapsed": [_waiting | _range | {"restaurant_url": "https://buka.example/en/r/iya"}],
    "standby.closed": [_waiting | _range | {"restaurant_url": "https://buka.example/en/r/iya"}],
    "alert.set": [_waiting | _range | {"stop_url": "https://buka.example/en/alerts/018f/stop/?token=a"}],
    "alert.free_time": [
        _waiting
        | {"when": "12/06 19:30", "book_url": "https://buka.example/w/a0123456789012345678901ABCDEFGHIJKLMNOP"}
        | {"stop_url": "https://buka.example/en/alerts/018f/stop/?token=a"}
    ],
    "queue.joined": [
        {"restaurant_name": "Iya Eba & Sons", "wait": wait} | _short_entry
        for wait in ("15 to 25 minutes", "any moment now")
    ],
    "queue.seat_ready": [{"restaurant_name": "Iya Eba & Sons", "party_size": 4}],
    "account.email_confirmation_signup": [_code],
    "account.email_confirmation": [_code],
    "account.login_code": [_code | {"minutes": 1}],
    "account.phone_confirmation": [{"code": "048391", "minutes": 5}],
    "account.password_reset_code": [_code],
    "account.account_already_exists": [
        {"name": "Bola", "password_reset_url": "https://buka.example/en/account/password/reset/"},
        {
            "name": "Bola",
            "password_reset_url": "https://buka.example/en/account/password/reset/",
            "log_in_url": "https://buka.example/en/account/log-in/",
        },
    ],
    "account.unknown_account": [{"signup_url": "https://buka.example/en/account/register/"}],
    "account.new_device": [_deed],
    "privacy.export_ready": [
        {"name": "Bola", "archive_url": "https://buka.example/en/account/privacy/archive/", "until": "Friday 12 June"}
    ],
    "privacy.erasure_requested": [_keep | {"when": "Friday 12 June 2026, 19:30"}],
    "privacy.erasure_cancelled": [{"name": "Bola"}],
    "privacy.erasure_held_up": [_keep | {"reason": "Make somebody else an owner first."}],
    "privacy.erasure_done": [{"name": "Bola", "reference": "018f", "stays": "Bookings: day and time.\nClaims: that."}],
    "privacy.guest_archive_ready": [
        {"name": "Bola", "archive_url": "https://buka.example/en/privacy/archive/1/?key=a", "until": "Friday 12 June"}
    ],
    "privacy.guest_erased": [
        {"name": "Bola", "reference": "018f", "goes": "Tables: cancelled.", "stays": "Bookings: day and time."}
    ],
    "privacy.request_received": [{"name": "Bola", "reference": "34CDFGHJ", "when": "Friday 12 June 2026, 19:30"}],
    "privacy.request_answered": [{"name": "Bola", "reference": "34CDFGHJ", "answer": "We have corrected it.\nSorry."}],
    "booking.guest_erased": [
        {name: _booking[name] for name in ("restaurant_name", "code", "party_size", "when")} | {"asked_by": who}
        for who in ("account", "guest")
    ],
    "account.password_changed": [_deed_elsewhere | {"reset_url": "https://buka.example/en/account/password/reset/"}],
    "account.password_reset": [_deed_elsewhere | {"reset_url": "https://buka.example/en/account/password/reset/"}],
    "account.password_set": [_deed_elsewhere | {"reset_url": "https://buka.example/en/account/password/reset/"}],
    "account.email_changed": [
        _deed_elsewhere
        | {"from_email": "bola@example.com", "to_email": "bola@buka.example"}
        | {"ask_url": "https://buka.example/en/privacy/request/"}
    ],
    "account.email_confirm": [_deed],
    "account.email_deleted": [_deed | {"deleted_email": "old@example.com"}],
    "account.phone_changed": [_deed | {"phone_end": "67", "deed": deed} for deed in ("changed", "added")],
    "account.totp_activated": [_deed | {"log_ins": log_ins} for log_ins in ("ended", "stay")],
    "account.totp_deactivated": [_deed],
    "account.factor_guessed": [_deed],
    "account.recovery_code_used": [_deed | {"left": left} for left in (7, 1, 0)],
    "account.recovery_codes_generated": [_deed],
    "account.webauthn_added": [
        _deed_elsewhere | {"passkeys_url": "https://buka.example/en/account/passkeys/", "log_ins": log_ins}
        for log_ins in ("ended", "stay")
    ],
    "account.webauthn_removed": [_deed],
    "account.account_connected": [_deed | {"provider": "Google"}],
    "account.account_disconnected": [_deed | {"provider": "Facebook"}],
    "account.token_reused": [_deed],
    "account.second_factor_reset": [_deed],
    "account.log_ins_ended": [_deed],
    "account.invitation": [
        {
            "name": "Bola",
            "inviter": "Ngozi Eze",
            "restaurant_name": "Iya Eba & Sons",
            "role": "Manager",
            "until": "Friday 12 June, 19:30",
            "accept_url": "https://buka.example/en/invitations/?token=018f&key=a",
        }
    ],
    "account.role_changed": [
        _role | {"by_whom": who, "log_ins": log_ins}
        for who, log_ins in (("owner", "ended"), ("buka", "stay"), ("nobody_else", "ended"))
    ],
    "account.role_removed": [_role],
    "webhook.disabled": [
        {
            "name": "Table Talk Ltd",
            "app_name": "Table Talk",
            "address": "https://tabletalk.example/hooks/buka",
            "why": why,
        }
        for why in ("failures", "gone")
    ],
    "claim.received": [_claim],
    "claim.approved": [_claim | {"manage_url": "https://buka.example/admin/"}],
    "claim.refused": [_claim | {"reason": "Nobody at the restaurant knew of it."}],
}


def contexts_of(kind: str) -> list[dict[str, Any]]:
    from notifications.catalogue import KINDS

    full = CONTEXTS[kind]
    return [*full, {name: value for name, value in full[0].items() if name in KINDS[kind].needs}]


# As long as what stands in a text message can be.
_longest_in_a_text = {
    "restaurant_name": "Grandmother Ẹ̀bà's Seafood & Pounded Yam House",
    "code": "AC3 F7H",
    "party_size": 24,
    "when": "12/06 19:30",
    "on": "12/06",
    "reason": "Our generator failed, and the terrace is dark tonight.",
    "booking_url": "https://buka.example/w/b0123456789ABCDEFG",
    "review_url": "https://buka.example/w/v0123456789ABCDEFG",
}


# What is said by text alone, where a mail has room to say it otherwise.
_TEXTS_ALONE: dict[str, tuple[dict[str, Any], ...]] = {
    "booking.changed": ({}, {"is_free": "yes"}, {"is_free": "yes", "reason": ""}),
    "booking.cancelled": ({"booking_url": _longest_in_a_text["booking_url"]},),
    "booking.declined": ({"booking_url": _longest_in_a_text["booking_url"]},),
    "booking.series": ({"booking_url": _longest_in_a_text["booking_url"], "when": "12/06 19:30"},),
}


def text_contexts_of(kind: str) -> list[dict[str, Any]]:
    """Return what a text message of a kind is given: as in a mail, and with all that is written in fewer letters."""
    found = [context | more for context in contexts_of(kind) for more in _TEXTS_ALONE.get(kind, ({},))]
    return found + [
        context | {name: value for name, value in _longest_in_a_text.items() if context.get(name)} for context in found
    ]


def a_message(**changes: Any) -> Message:
    """Write a message, as a domain's subscriber would."""
    asked: dict[str, Any] = {
        "kind": "booking.confirmed",
        "to": "ada@example.com",
        "name": "Ada Obi",
        "context": contexts_of("booking.confirmed")[0],
        "dedupe_key": "booking.confirmed:1",
    }
    return services.send(**asked | changes)


def a_text(**changes: Any) -> Message:
    """Text a code, as the accounts' adapter would."""
    asked: dict[str, Any] = {
        "kind": "account.login_code",
        "to": "0803 123 4567",
        "code": "048391",
        "minutes": 5,
        "language": "en",
    }
    return services.send_code(**asked | changes)
