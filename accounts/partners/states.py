"""What a partner app may be allowed, how often it may ask, and what it may be told: the one place that says so."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.states import Ability
from core.fetching import Why


class Scope(models.TextChoices):
    """What an app may ask for; a token carries some of these."""

    BOOKINGS_READ = "bookings:read", _("See bookings and their guests")
    BOOKINGS_WRITE = "bookings:write", _("Take, change and seat bookings")
    AVAILABILITY_READ = "availability:read", _("See free times")
    MENU_READ = "menu:read", _("See the menu")
    WEBHOOKS_MANAGE = "webhooks:manage", _("Manage its own webhooks")


# What a scope opens at a restaurant that granted it. Free times and menus are public, webhooks are the app's own: for
# these no house is asked.
ABILITIES: dict[str, frozenset[Ability]] = {
    Scope.BOOKINGS_READ: frozenset({Ability.SEE_BOOKINGS}),
    Scope.BOOKINGS_WRITE: frozenset({Ability.SEE_BOOKINGS, Ability.RUN_SERVICE}),
    Scope.AVAILABILITY_READ: frozenset(),
    Scope.MENU_READ: frozenset(),
    Scope.WEBHOOKS_MANAGE: frozenset(),
}
# What a restaurant is asked for, one by one.
GRANTED_SCOPES = tuple(scope for scope in Scope if ABILITIES[scope])


def scopes_able_to(ability: Ability) -> list[str]:
    """Return the scopes that carry an ability."""
    return [scope for scope, abilities in ABILITIES.items() if ability in abilities]


class AppStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    # By the platform, for a while: what restaurants allow and the addresses stay, what happens meanwhile is not told.
    SUSPENDED = "suspended", _("Suspended")
    # For good: the credentials never open anything again.
    REVOKED = "revoked", _("Revoked")


class Plan(models.TextChoices):
    """How often an app may ask."""

    TRIAL = "trial", _("Trial")
    STANDARD = "standard", _("Standard")
    VOLUME = "volume", _("Volume")


REQUESTS_A_MINUTE = {Plan.TRIAL: 60, Plan.STANDARD: 300, Plan.VOLUME: 1500}

# A rotated secret, of a client or of a webhook, is good for so long beside the new one.
OVERLAP = timedelta(hours=24)
# Not one after the other so soon: the older of two would end, and it may be the one in use.
BETWEEN_ROTATIONS = timedelta(minutes=1)


def just_rotated(previous_until: datetime | None, now: datetime) -> bool:
    """Tell whether a secret was replaced a moment ago, by when the one before it ends."""
    return previous_until is not None and previous_until - OVERLAP + BETWEEN_ROTATIONS > now


# --- Webhooks ---------------------------------------------------------------------------------------------------------


class EventType(models.TextChoices):
    """What an app may be told; the names are those of the events that the restaurants' work publishes."""

    BOOKING_REQUESTED = "booking.requested", _("A table was asked for")
    BOOKING_CONFIRMED = "booking.confirmed", _("A booking was confirmed")
    BOOKING_CHANGED = "booking.changed", _("A booking was changed")
    BOOKING_CANCELLED = "booking.cancelled", _("A booking was cancelled")
    BOOKING_DECLINED = "booking.declined", _("A request was declined")
    BOOKING_EXPIRED = "booking.expired", _("A request was not answered in time")
    BOOKING_SEATED = "booking.seated", _("A party was seated")
    BOOKING_COMPLETED = "booking.completed", _("A party has left")
    BOOKING_NO_SHOW = "booking.no_show", _("A party did not come")
    DEPOSIT_AWAITED = "deposit.awaited", _("A deposit is awaited, or more of one")
    DEPOSIT_RECEIVED = "deposit.received", _("Money came for a deposit")
    DEPOSIT_WAIVED = "deposit.waived", _("A deposit is not asked for any more")
    DEPOSIT_LAPSED = "deposit.lapsed", _("A table was given back: its deposit did not come")
    DEPOSIT_KEPT = "deposit.kept", _("A deposit is kept by the house")
    DEPOSIT_RELEASED = "deposit.released", _("A deposit that was kept counts again")
    DEPOSIT_OWED_BACK = "deposit.owed_back", _("A deposit, or a part of it, is owed back")
    DEPOSIT_RETURNED = "deposit.returned", _("Money of a deposit was paid back")
    TICKETS_ORDERED = "tickets.ordered", _("Tickets were ordered")
    TICKETS_CONFIRMED = "tickets.confirmed", _("Tickets were paid for")
    TICKETS_EXPIRED = "tickets.expired", _("Tickets were not paid for in time")
    TICKETS_GIVEN_BACK = "tickets.given_back", _("Tickets were given back")
    TICKET_PASSED_ON = "ticket.passed_on", _("A ticket was passed on to somebody else")
    TICKET_ADMITTED = "ticket.admitted", _("A guest came in with a ticket")
    EVENT_MOVED = "event.moved", _("An event was moved to another time")


# Without it an app learns nothing of a house's bookings, neither by asking nor by being told.
SCOPE_OF_EVENTS = Scope.BOOKINGS_READ
# What Buka says of itself, to every endpoint.
TEST_EVENT = "webhook.test"
VERIFICATION_EVENT = "webhook.verification"


class EndpointStatus(models.TextChoices):
    # Its owner has yet to prove that it is theirs.
    UNVERIFIED = "unverified", _("Not verified")
    ACTIVE = "active", _("Active")
    DISABLED = "disabled", _("Disabled")


class DisabledBy(models.TextChoices):
    NOBODY = "", _("Not disabled")
    PARTNER = "partner", _("Switched off by hand")
    FAILURES = "failures", _("Five days of failures")
    GONE = "gone", _("It answered 410 Gone")
    APP = "app", _("The app was revoked")


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    # Claimed by a worker; one that dies here leaves a lease that runs out.
    SENDING = "sending", _("Being sent")
    DELIVERED = "delivered", _("Delivered")
    # No more tries of its own accord; it may be sent again by hand.
    PARKED = "parked", _("Parked")


UNDELIVERED = (DeliveryStatus.WAITING, DeliveryStatus.SENDING)


class DeliveryError(models.TextChoices):
    """Why a delivery did not arrive, besides what core.fetching.Why says; stored as codes, read in any language."""

    NOT_ALLOWED = "not_allowed", _("The restaurant or the app no longer allows this.")
    SWITCHED_OFF = "switched_off", _("The webhook was switched off.")
    NEW_CHALLENGE = "new_challenge", _("A new challenge was sent.")
    WORKER_STOPPED = "worker_stopped", _("The worker stopped while it was sending, at every try.")
    BAD_STATUS = "bad_status", _("Answered %(status)s.")
    NO_CHALLENGE = "no_challenge", _('The answer does not hold the challenge, as {"challenge": "…"}.')
    NOT_SIGNED = "not_signed", _("The message could not be signed: the signing secret cannot be read.")
    UNEXPECTED = "unexpected", _("Something went wrong on our side while this was sent.")


def error_text(code: str, status: int | None) -> str:
    """Return what a stored error says, in the reader's language.

    :param status: what the address answered at that try
    """
    for kind in (DeliveryError, Why):
        if code in kind.values:
            return (
                str(kind(code).label) % {"status": status}
                if code == DeliveryError.BAD_STATUS
                else str(kind(code).label)
            )
    # Written down in words, before there were codes.
    return code
