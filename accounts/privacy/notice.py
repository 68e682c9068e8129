"""What the privacy page tells, taken from the code that does it."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, override

from accounts.privacy import processing, texts
from accounts.privacy.models import PrivacySettings
from accounts.privacy.states import OPTIONAL
from core import encryption, personal_data

# What lies encrypted, as a person would call it, by model and column; a test holds it against the database.
ENCRYPTED = {
    "accounts.User.phone": _("The phone number of your account"),
    "bookings.Booking.guest_email": _("The e-mail address that a booking was made with"),
    "bookings.Booking.guest_phone": _("The phone number that a booking was made with"),
    "bookings.Booking.notes": _("Your wishes for a booking, allergies among them"),
    "bookings.Booking.staff_notes": _("What a restaurant noted about a booking"),
    "bookings.BookingSeries.guest_email": _("The e-mail address that a booking was made with"),
    "bookings.BookingSeries.guest_phone": _("The phone number that a booking was made with"),
    "bookings.BookingSeries.notes": _("Your wishes for a booking, allergies among them"),
    "bookings.StandbyEntry.guest_email": _("The e-mail address and the phone number of who waits for a table"),
    "bookings.StandbyEntry.guest_phone": _("The e-mail address and the phone number of who waits for a table"),
    "bookings.FreeTimeAlert.guest_email": _("The e-mail address and the phone number of who waits for a table"),
    "bookings.FreeTimeAlert.guest_phone": _("The e-mail address and the phone number of who waits for a table"),
    "bookings.QueueEntry.guest_phone": _("The e-mail address and the phone number of who waits for a table"),
    "bookings.HouseGuest.email": _("The addresses and numbers in a restaurant's guest book"),
    "bookings.HouseGuest.phone": _("The addresses and numbers in a restaurant's guest book"),
    "bookings.OtherContact.email": _("The addresses and numbers in a restaurant's guest book"),
    "bookings.OtherContact.phone": _("The addresses and numbers in a restaurant's guest book"),
    "bookings.HouseGuest.allergies": _("The allergies and the festive days in a restaurant's guest book"),
    "bookings.HouseGuest.birthday": _("The allergies and the festive days in a restaurant's guest book"),
    "bookings.HouseGuest.anniversary": _("The allergies and the festive days in a restaurant's guest book"),
    "bookings.HouseGuest.block_reason": _("What a restaurant noted about a guest"),
    "bookings.GuestNote.text": _("What a restaurant noted about a guest"),
    "bookings.TicketOrder.guest_email": _("The e-mail address and the phone number of who orders tickets"),
    "bookings.TicketOrder.guest_phone": _("The e-mail address and the phone number of who orders tickets"),
    "bookings.Ticket.holder_email": _("The e-mail address of who gets a ticket from somebody else"),
    "payments.Payment.email": _("The e-mail address and the network address of who pays"),
    "payments.Payment.address": _("The e-mail address and the network address of who pays"),
    "payments.PaymentRequest.token": _("The links on which people pay"),
    "payments_receipts.Receipt.payer_name": _("The name on a receipt"),
    "payments.WebhookEvent.body": _("What payment gateways send about payments"),
    "payments_saved.SavedMethod.token": _("What charges a card that you let us keep, and the address given with it"),
    "payments_saved.SavedMethod.email": _("What charges a card that you let us keep, and the address given with it"),
    "fraud.Case.appeal": _("What is written when a person looks at a payment"),
    "fraud.Case.note": _("What is written when a person looks at a payment"),
    "settlement.PayoutAccount.number": _("The bank account into which a restaurant is paid"),
    "settlement.PayoutAccount.holder": _("The bank account into which a restaurant is paid"),
    "mfa.Authenticator.data": _("The secrets of authenticator apps, and recovery codes"),
    "audit.AuditEvent.address": _("The internet addresses in the record of who did what"),
    "privacy.Consent.address": _("The internet address from which a consent was given or taken back"),
    "privacy.Consent.withdrawn_address": _("The internet address from which a consent was given or taken back"),
    "privacy.DataRequest.name": _("The name, the addresses and the words of a request about data"),
    "privacy.DataRequest.email": _("The name, the addresses and the words of a request about data"),
    "privacy.DataRequest.proven_contact": _("The name, the addresses and the words of a request about data"),
    "privacy.DataRequest.message": _("The name, the addresses and the words of a request about data"),
    "privacy.DataRequest.answer": _("Our answer to a request about data"),
    "privacy.Erasure.subject": _("What must still be known of somebody while they are being erased"),
    "privacy.Export.file_key": _("The key of an archive of your data, which is itself encrypted"),
    "notifications.Message.phone": _("The phone number that a text message goes to, and its words"),
    "notifications.Message.sms_text": _("The phone number that a text message goes to, and its words"),
    "restaurants.ListingClaim.phone": _("The phone number and the proof of whoever claims a restaurant"),
    "restaurants.ListingClaim.proof": _("The phone number and the proof of whoever claims a restaurant"),
    "core.IdempotencyKey.body": _("Answers to programs, kept for a while so that nothing is booked twice"),
    "partners.Endpoint.secret": _("The secrets by which partners know messages of ours"),
    "partners.Endpoint.previous_secret": _("The secrets by which partners know messages of ours"),
}


def encrypted() -> list[str]:
    """Return what lies encrypted in the database, in words, each once; a column without words by its name."""
    found: dict[str, None] = {}
    for place in encryption.places():
        key = f"{place.model._meta.label}.{place.column}"
        found[str(ENCRYPTED.get(key, key))] = None
    return sorted(found)


def retention() -> list[dict[str, Any]]:
    """Return how long what is kept, as the nightly rules do it."""
    return [
        {
            "name": policy.name,
            "label": policy.label,
            "keep": duration(policy.keep),
            "since": policy.since,
            "then": _now("Emptied of what is personal") if policy.is_emptied else _now("Deleted"),
            "why": policy.why,
        }
        for policy in personal_data.policies()
    ]


def duration(length: timedelta) -> str:
    """Return a length of time in words, in its largest even unit."""
    days = length.days
    if not days:
        hours = length.seconds // 3600
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    if days % 365 == 0 and days > 365:
        return ngettext("%(count)d year", "%(count)d years", days // 365) % {"count": days // 365}
    if days >= 60:
        months = round(days / 30.44)
        return ngettext("%(count)d month", "%(count)d months", months) % {"count": months}
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def erasure_lines() -> list[dict[str, Any]]:
    """Return what an erasure takes away, what it leaves and why."""
    return [
        {"label": eraser.label, "goes": eraser.goes, "stays": eraser.stays, "why": eraser.why}
        for eraser in personal_data.erasers()
        if eraser.goes or eraser.stays
    ]


def page() -> dict[str, Any]:
    """Return all that the page shows."""
    rules = {rule["name"]: rule for rule in retention()}
    return {
        "settings": PrivacySettings.load(),
        "activities": [
            {"it": activity, "kept": [rules[name] for name in activity.kept if name in rules]}
            for activity in processing.ACTIVITIES
        ],
        "consents": [{"label": purpose.label, "wording": texts.current(purpose)} for purpose in OPTIONAL],
        "processors": processing.PROCESSORS,
        "encrypted": encrypted(),
        "retention": list(rules.values()),
        "erasure": erasure_lines(),
        "rights": processing.RIGHTS,
    }


def register() -> str:
    """Return the processing register as a page of Markdown, in English."""
    with override("en"):
        lines = [
            "# Processing register",
            "",
            "Made by `manage.py document_processing` from what the code does, never by hand. A test keeps it current.",
            "",
            "## Uses",
            "",
            "| use | what for | data | whose | ground | shared with | ended by |",
            "|---|---|---|---|---|---|---|",
        ]
        for activity in processing.ACTIVITIES:
            cells = [
                activity.label,
                activity.what_for,
                activity.data,
                activity.people,
                activity.ground,
                activity.shared_with,
                ", ".join(f"`{name}`" for name in activity.kept),
            ]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        lines += [
            "",
            "## Processors",
            "",
            "| who | what for | data | where | ground of the transfer |",
            "|---|---|---|---|---|",
        ]
        for processor in processing.PROCESSORS:
            cells = [processor.name, processor.what_for, processor.data, processor.country, processor.transfer]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        lines += ["", "## How long", "", "| rule | what | how long | from | then | why |", "|---|---|---|---|---|---|"]
        for rule in retention():
            cells = [f"`{rule['name']}`", rule["label"], rule["keep"], rule["since"], rule["then"], rule["why"]]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        lines += ["", "## What an erasure does", "", "| step | goes | stays | why |", "|---|---|---|---|"]
        for eraser in personal_data.erasers():
            cells = [eraser.label, eraser.goes or "–", eraser.stays or "–", eraser.why or "–"]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        lines += ["", "## Encrypted columns", "", "| model | column |", "|---|---|"]
        for place in sorted(encryption.places(), key=str):
            label = apps.get_model(place.model._meta.label)._meta.label
            lines.append(f"| {label} | `{place.column}` |")
    return "\n".join(lines) + "\n"
