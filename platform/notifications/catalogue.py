"""The catalogue of messages: what Buka writes to people, by which channels, and what each message needs to know.

The words stand in `templates/notifications/<kind>/`: `email.subject.txt`, `email.txt` and `email.html`, and `sms.txt`
where the kind goes to phones, short enough for one part in every language. What would not fit the seventy characters of
a part in other letters is said in fewer words where there is an `sms.brief.txt`, and else in English. A value is given
ready to be read (dates, times and money formatted in the recipient's language by whoever sends).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.states import Channel

WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"']{3,2000}")


# The names under which a message of that kind is given near times, each with an address of its own.
OFFERED_TIMES = ("first_time", "second_time", "third_time")


class Purpose(Enum):
    TRANSACTIONAL = "transactional"
    # Kept apart from the others: wants consent, a way out, and decent hours.
    PROMOTIONAL = "promotional"


class WrongContext(Exception):
    """A message was given too little, too much, or a value it has no words for: a mistake in the calling code."""


@dataclass(frozen=True)
class Kind:
    name: str
    label: str | Promise
    needs: frozenset[str]
    may_have: frozenset[str] = frozenset()
    # Values that choose between wordings, and the ones there are words for.
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    purpose: Purpose = Purpose.TRANSACTIONAL
    # Carries a code: once it is sent, or can no longer be, its words are forgotten.
    is_secret: bool = False

    def part_of(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of some values that its templates know, for writers that have the same ones for many kinds."""
        return {name: value for name, value in context.items() if name in self.needs | self.may_have}

    def complete(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return the context with every name a template may use; what was left out is empty.

        :raises WrongContext: when a needed value is missing or empty, unknown, or has no words
        """
        missing = sorted(name for name in self.needs if context.get(name) in (None, ""))
        if missing:
            raise WrongContext(f"{self.name} needs {', '.join(missing)}.")
        unknown = sorted(set(context) - self.needs - self.may_have)
        if unknown:
            raise WrongContext(f"{self.name} does not know {', '.join(unknown)}.")
        for name, values in self.choices.items():
            if context.get(name) not in values:
                raise WrongContext(f"{self.name} has no words for {name}={context.get(name)!r}; use one of {values}.")
        for name in context:
            if name.endswith("_url") and context[name] and not WEB_ADDRESS.fullmatch(str(context[name])):
                raise WrongContext(f"{name} of {self.name} is not a web address.")
        return dict.fromkeys(self.may_have, "") | {
            name: "" if value is None else value for name, value in context.items()
        }


_booking = frozenset({"guest_name", "restaurant_name", "code", "party_size", "when"})
_stay = _booking - {"guest_name"}
_place = frozenset({"address", "landmark", "phone", "map_url"})
# What a house offers instead of a table it had to take back: near times, the page with all of them, points.
_offered_instead = frozenset({"offer_url", "points", *OFFERED_TIMES, *(f"{name}_url" for name in OFFERED_TIMES)})
_owed_because = ("too_late", "lapsed", "cancelled", "surplus", "left")
_waiting = frozenset({"restaurant_name", "party_size"})
_range = frozenset({"day", "earliest", "latest"})
_waiter = frozenset({"guest_name"})
_claim = frozenset({"name", "restaurant_name"})
_code = frozenset({"name", "minutes"})
# Who did it, as far as we know, and the page where one can do something about it.
_deed = frozenset({"name", "device", "ip_address", "security_url"})
# These lead elsewhere: whoever gets them may not get into the account as before.
_deed_elsewhere = _deed - {"security_url"}
_deed_by_password = _deed_elsewhere | {"reset_url"}
# What became of log-ins: of others, where something was added to an account; of all, where rights were taken.
_log_ins = {"log_ins": ("stay", "ended")}

_evening = frozenset({"guest_name", "restaurant_name", "event_name", "when", "order_url"})
_tickets = frozenset({"places", "code"})

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "booking.confirmed",
            _("Booking confirmed"),
            needs=_booking | {"address", "booking_url"},
            may_have=_place
            | {
                "policy_text",
                "occasion",
                "grace_minutes",
                "deposit",
                "receipt_url",
                "deposit_there",
                "step_free",
                "promised",
            },
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.requested",
            _("Booking requested"),
            needs=_booking | {"booking_url"},
            may_have=_place | {"policy_text", "occasion", "step_free", "promised"},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.changed",
            _("Booking changed"),
            needs=_booking | {"address", "booking_url"},
            may_have=_place
            | {"policy_text", "occasion", "grace_minutes", "reason", "area", "step_free", "is_free", "promised"}
            | {"step_free_wish"},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.cancelled",
            _("Booking cancelled"),
            needs=_booking | {"cancelled_by"},
            may_have=frozenset({"phone", "reason", "policy_text", "restaurant_url", "booking_url"}) | _offered_instead,
            choices={"cancelled_by": ("diner", "restaurant")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        # The mail is the cancellation's; a phone is told besides, for the guest may be on their way.
        Kind(
            "booking.bumped",
            _("Booking cancelled for want of a table"),
            needs=frozenset({"restaurant_name", "when", "book_url"}),
            may_have=frozenset({"reason"}),
            channels=(Channel.SMS,),
        ),
        Kind(
            "booking.declined",
            _("Booking declined"),
            needs=_booking,
            may_have=frozenset({"phone", "reason", "restaurant_url", "booking_url"}),
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.reminder",
            _("Booking reminder"),
            needs=_booking | {"address", "booking_url", "hours_before"},
            may_have=_place | {"grace_minutes"},
            choices={"hours_before": (24, 3)},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.held",
            _("Table held for a deposit"),
            needs=_stay | {"amount", "until", "booking_url", "table"},
            may_have=frozenset({"guest_name", "phone", "instructions", "policy_text"}),
            # Of a booked table the deposit is only asked for; a date of a series is given back without it.
            choices={"table": ("held", "date", "booked")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.deposit_received",
            _("Deposit received"),
            needs=_stay | {"amount", "booking_url", "table"},
            may_have=frozenset({"guest_name", "phone", "missing", "until", "receipt_url"}),
            choices={"table": ("confirmed", "held", "booked", "requested", "again")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.deposit_reminder",
            _("Reminder of a deposit"),
            needs=_stay | {"amount", "until", "booking_url"},
            may_have=frozenset({"guest_name", "phone", "instructions"}),
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.deposit_waived",
            _("Deposit not asked for any more"),
            needs=_stay | {"amount", "booking_url"},
            may_have=frozenset({"guest_name", "phone"}),
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.deposit_kept",
            _("Deposit kept"),
            needs=_stay | {"amount", "booking_url", "why"},
            may_have=frozenset({"guest_name", "phone"}),
            choices={"why": ("late_cancellation", "no_show")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.card",
            _("Card that guarantees a table"),
            needs=_stay | {"what", "booking_url"},
            may_have=frozenset({"guest_name", "phone", "until", "card", "policy_text"}),
            choices={"what": ("asked", "taken", "late", "lapsed")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.fee",
            _("Fee"),
            needs=_stay | {"amount", "what", "why", "booking_url"},
            may_have=frozenset({"guest_name", "phone", "pay_url", "receipt_url"}),
            choices={"what": ("asked", "charged", "unpaid", "waived", "returned"), "why": ("no_show", "late")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.deposit_returned",
            _("Deposit paid back"),
            needs=_stay | {"amount", "booking_url", "why"},
            may_have=frozenset({"guest_name", "phone", "reference"}),
            choices={"why": _owed_because},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.deposit_lapsed",
            _("Time for a deposit is over"),
            needs=_stay | {"booking_url"},
            may_have=frozenset({"guest_name", "phone", "restaurant_url"}),
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.deposit_owed_back",
            _("Deposit owed back"),
            needs=_stay | {"amount", "booking_url", "why"},
            may_have=frozenset({"guest_name", "phone", "restaurant_url", "times", "by"}),
            choices={"why": _owed_because},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "booking.series",
            _("Repeated booking"),
            needs=frozenset({"guest_name", "restaurant_name", "party_size", "news", "series_url"}),
            may_have=frozenset({"dates", "on", "when", "booking_url"}),
            choices={"news": ("begun", "changed", "cancelled", "date_failed", "new_terms")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "standby.joined",
            _("On the waiting list"),
            needs=_waiting | _range | {"entry_url"},
            may_have=_waiter,
        ),
        Kind(
            "standby.offered",
            _("A table for the waiting list"),
            needs=_waiting | {"when", "until", "entry_url"},
            may_have=_waiter,
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "standby.lapsed",
            _("Offer of a table has lapsed"),
            needs=_waiting | _range | {"restaurant_url"},
            may_have=_waiter,
        ),
        Kind(
            "standby.closed",
            _("Waiting list closed"),
            needs=_waiting | _range | {"restaurant_url"},
            may_have=_waiter,
        ),
        Kind(
            "alert.set",
            _("News of a free table wanted"),
            needs=_waiting | _range | {"stop_url"},
            may_have=_waiter,
        ),
        Kind(
            "alert.free_time",
            _("A table is free"),
            needs=_waiting | {"when", "book_url"},
            may_have=_waiter | {"stop_url"},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "queue.joined",
            _("In the queue"),
            needs=frozenset({"restaurant_name", "wait", "entry_url"}),
            channels=(Channel.SMS,),
        ),
        Kind(
            "queue.seat_ready",
            _("The table is ready"),
            needs=frozenset({"restaurant_name", "party_size"}),
            channels=(Channel.SMS,),
        ),
        # A text message goes to a phone whose owner left no address, and says less: only what every channel needs.
        Kind(
            "tickets.confirmed",
            _("Tickets for an event"),
            needs=_evening - {"guest_name"},
            may_have=_place | _tickets | {"guest_name", "amount", "terms", "receipt_url"},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "tickets.held",
            _("Tickets wait for the payment"),
            needs=_evening - {"guest_name", "when"} | {"amount", "until"},
            may_have=_place | _tickets | {"guest_name", "when", "instructions", "terms"},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "tickets.expired",
            _("Tickets were not paid in time"),
            needs=_evening - {"guest_name"} | {"why"},
            may_have=_place | _tickets | {"guest_name", "owed_back"},
            choices={"why": ("unpaid", "part", "too_late")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "tickets.owed_back",
            _("Money for tickets to be paid back"),
            needs=_evening - {"guest_name", "when"} | {"amount", "owed_back", "why"},
            may_have=frozenset({"code", "guest_name", "phone", "when"}),
            choices={"why": ("cancelled", "called_off")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "tickets.given_back",
            _("Tickets given back or cancelled"),
            needs=_evening - {"guest_name"} | {"why", "is_whole"},
            may_have=_tickets | {"guest_name", "phone", "reason", "owed_back"},
            choices={"why": ("buyer", "restaurant", "called_off"), "is_whole": ("yes", "no")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "ticket.passed_on",
            _("A ticket from somebody else"),
            needs=_evening | {"giver", "code"},
            may_have=_place | {"places"},
        ),
        Kind(
            "ticket.withdrawn",
            _("A ticket from somebody else was given back"),
            needs=_evening - {"order_url"} | {"giver"},
            may_have=frozenset({"phone"}),
        ),
        Kind(
            "event.moved",
            _("An event has another time"),
            needs=_evening - {"guest_name"},
            may_have=_place | _tickets | {"guest_name", "reason"},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "event.reminder",
            _("Reminder of an event"),
            needs=_evening,
            may_have=_place | _tickets | {"amount"},
        ),
        Kind(
            "booking.thanks",
            _("Thanks after a visit"),
            needs=frozenset({"guest_name", "restaurant_name", "review_url", "no_thanks_url"}),
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "account.email_confirmation_signup",
            _("Code for a new account"),
            needs=frozenset({"code"}),
            may_have=_code,
            is_secret=True,
        ),
        Kind(
            "account.email_confirmation",
            _("Code for a new address"),
            needs=frozenset({"code"}),
            may_have=_code,
            is_secret=True,
        ),
        Kind(
            "account.login_code",
            _("Code to log in"),
            needs=frozenset({"code"}),
            may_have=_code,
            channels=(Channel.EMAIL, Channel.SMS),
            is_secret=True,
        ),
        Kind(
            "account.phone_confirmation",
            _("Code for a phone number"),
            needs=frozenset({"code"}),
            may_have=_code,
            channels=(Channel.SMS,),
            is_secret=True,
        ),
        Kind(
            "account.password_reset_code",
            _("Code for a new password"),
            needs=frozenset({"code"}),
            may_have=_code,
            is_secret=True,
        ),
        Kind(
            "account.account_already_exists",
            _("Account exists already"),
            needs=frozenset({"password_reset_url"}),
            may_have=frozenset({"name", "log_in_url"}),
        ),
        Kind("account.unknown_account", _("No account with this address"), needs=frozenset({"signup_url"})),
        Kind("account.new_device", _("Logged in on a new device"), needs=frozenset({"when"}), may_have=_deed),
        Kind("account.password_changed", _("Password changed"), needs=frozenset({"when"}), may_have=_deed_by_password),
        Kind(
            "account.password_reset",
            _("New password by code"),
            needs=frozenset({"when"}),
            may_have=_deed_by_password,
        ),
        Kind("account.password_set", _("Password set"), needs=frozenset({"when"}), may_have=_deed_by_password),
        Kind(
            "account.email_changed",
            _("E-mail address changed"),
            needs=frozenset({"when", "from_email", "to_email"}),
            may_have=_deed_elsewhere | {"ask_url"},
        ),
        Kind("account.email_confirm", _("E-mail address confirmed"), needs=frozenset({"when"}), may_have=_deed),
        Kind(
            "account.email_deleted",
            _("E-mail address removed"),
            needs=frozenset({"when", "deleted_email"}),
            may_have=_deed,
        ),
        # The last digits only: a mailbox that somebody else reads must not learn the number.
        Kind(
            "account.phone_changed",
            _("Phone number changed"),
            needs=frozenset({"when", "phone_end", "deed"}),
            may_have=_deed,
            choices={"deed": ("added", "changed")},
        ),
        Kind(
            "account.totp_activated",
            _("Authenticator app added"),
            needs=frozenset({"when", "log_ins"}),
            may_have=_deed,
            choices=_log_ins,
        ),
        Kind("account.totp_deactivated", _("Authenticator app removed"), needs=frozenset({"when"}), may_have=_deed),
        Kind(
            "account.factor_guessed", _("Wrong codes of the second factor"), needs=frozenset({"when"}), may_have=_deed
        ),
        Kind("account.recovery_code_used", _("Recovery code used"), needs=frozenset({"when", "left"}), may_have=_deed),
        Kind("account.recovery_codes_generated", _("New recovery codes"), needs=frozenset({"when"}), may_have=_deed),
        Kind(
            "account.webauthn_added",
            _("Passkey added"),
            needs=frozenset({"when", "log_ins"}),
            may_have=_deed_elsewhere | {"passkeys_url"},
            choices=_log_ins,
        ),
        Kind("account.webauthn_removed", _("Passkey removed"), needs=frozenset({"when"}), may_have=_deed),
        Kind(
            "account.account_connected",
            _("Other log-in connected"),
            needs=frozenset({"when", "provider"}),
            may_have=_deed,
        ),
        Kind(
            "account.account_disconnected",
            _("Other log-in disconnected"),
            needs=frozenset({"when", "provider"}),
            may_have=_deed,
        ),
        Kind(
            "privacy.export_ready",
            _("Archive of data ready"),
            needs=frozenset({"archive_url", "until"}),
            may_have=frozenset({"name"}),
            is_secret=True,
        ),
        Kind(
            "privacy.erasure_requested",
            _("Erasure asked for"),
            needs=frozenset({"when", "keep_url"}),
            may_have=frozenset({"name"}),
        ),
        Kind("privacy.erasure_cancelled", _("Erasure taken back"), needs=frozenset(), may_have=frozenset({"name"})),
        Kind(
            "privacy.erasure_held_up",
            _("Erasure held up"),
            needs=frozenset({"reason", "keep_url"}),
            may_have=frozenset({"name"}),
        ),
        Kind(
            "privacy.erasure_done",
            _("Erased"),
            needs=frozenset({"reference"}),
            may_have=frozenset({"name", "stays"}),
        ),
        Kind(
            "privacy.guest_archive_ready",
            _("Archive of a guest's data ready"),
            needs=frozenset({"archive_url", "until"}),
            may_have=frozenset({"name"}),
            is_secret=True,
        ),
        Kind(
            "privacy.guest_erased",
            _("Guest erased in their bookings"),
            needs=frozenset({"reference"}),
            may_have=frozenset({"name", "goes", "stays"}),
        ),
        Kind(
            "privacy.request_received",
            _("Request about data received"),
            needs=frozenset({"reference", "when"}),
            may_have=frozenset({"name"}),
        ),
        Kind(
            "privacy.request_answered",
            _("Request about data answered"),
            needs=frozenset({"reference", "answer"}),
            may_have=frozenset({"name"}),
        ),
        Kind(
            "booking.guest_erased",
            _("Booking given back: the guest was erased"),
            needs=frozenset({"restaurant_name", "code", "party_size", "when", "asked_by"}),
            choices={"asked_by": ("account", "guest")},
        ),
        Kind("account.token_reused", _("Log-in closed: key used twice"), needs=frozenset({"when"}), may_have=_deed),
        Kind(
            "account.invitation",
            _("Invitation to work at a restaurant"),
            needs=frozenset({"restaurant_name", "role", "until", "accept_url"}),
            may_have=frozenset({"name", "inviter"}),
            is_secret=True,
        ),
        Kind(
            "account.role_changed",
            _("Role changed"),
            needs=frozenset({"name", "restaurant_name", "role", "by_whom", "log_ins"}),
            choices={"by_whom": ("owner", "buka", "nobody_else")} | _log_ins,
        ),
        Kind("account.role_removed", _("Role taken away"), needs=frozenset({"name", "restaurant_name", "role"})),
        Kind(
            "account.second_factor_reset", _("Second factor reset by Buka"), needs=frozenset({"when"}), may_have=_deed
        ),
        Kind("account.log_ins_ended", _("Logged out by Buka for safety"), needs=frozenset({"when"}), may_have=_deed),
        Kind(
            "payment.held",
            _("A payment is being looked at"),
            needs=frozenset({"restaurant_name", "amount", "page_url"}),
            may_have=frozenset({"name", "reference", "reasons"}),
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "payment.looked_at",
            _("A payment was looked at"),
            needs=frozenset({"restaurant_name", "amount", "page_url", "outcome"}),
            may_have=frozenset({"name", "reference", "reasons"}),
            # With money, and of what was not let begin.
            choices={"outcome": ("counts", "goes_back", "may_pay", "stays_shut")},
            channels=(Channel.EMAIL, Channel.SMS),
        ),
        Kind(
            "payment.waits_for_look",
            _("Payments wait to be looked at"),
            needs=frozenset({"count", "since", "queue_url"}),
            may_have=frozenset({"name"}),
        ),
        Kind(
            "payout.account",
            _("Account for payouts"),
            needs=frozenset({"restaurant_name", "what", "bank", "last4", "page_url"}),
            may_have=frozenset({"name", "when"}),
            choices={"what": ("first", "named", "active", "called_off", "refused")},
        ),
        Kind(
            "payout.moved",
            _("Payout"),
            needs=frozenset({"restaurant_name", "what", "amount", "last4", "reference", "page_url"}),
            may_have=frozenset({"name"}),
            choices={"what": ("paid", "failed", "returned")},
        ),
        Kind(
            "payout.statement",
            _("Statement"),
            needs=frozenset({"restaurant_name", "since", "until", "opening", "closing", "page_url"}),
            may_have=frozenset({"name"}),
        ),
        Kind(
            "security.alert",
            _("Security alert"),
            needs=frozenset({"what", "times", "when", "alert_url"}),
            may_have=frozenset({"name"}),
        ),
        Kind(
            "webhook.disabled",
            _("Partner's webhook switched off"),
            needs=frozenset({"name", "app_name", "address", "why"}),
            choices={"why": ("failures", "gone")},
        ),
        Kind("claim.received", _("Listing claim received"), needs=_claim),
        Kind("claim.approved", _("Listing claim approved"), needs=_claim | {"manage_url"}),
        Kind("claim.refused", _("Listing claim refused"), needs=_claim, may_have=frozenset({"reason"})),
    )
}


def kind_called(name: str) -> Kind:
    """Return the catalogue's entry.

    :raises WrongContext: for a name that is not in the catalogue
    """
    try:
        return KINDS[name]
    except KeyError:
        raise WrongContext(f"There is no message called {name!r}; the catalogue has {', '.join(KINDS)}.") from None
