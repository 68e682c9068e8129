"""How houses are paid: the ways, the periods, and what becomes of an account and of a payout."""

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.states import Machine


class Way(TextChoices):
    """How a house comes to its money."""

    # Buka's own account collects, and pays out.
    PAYOUT = "payout", _("Buka collects and pays out")
    # What is sold is divided by the gateway; deposits of guests are paid out after the visit all the same.
    SUBACCOUNT = "subaccount", _("Divided by the gateway when it is paid")


class Period(TextChoices):
    """When what a house is owed is added up: always at midnight, by Nigeria's clock."""

    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly, on Monday")
    MONTHLY = "monthly", _("Monthly, on the first")


class Bearer(TextChoices):
    """Who bears what the gateway keeps of a sale."""

    BUKA = "buka", _("Buka")
    HOUSE = "house", _("The restaurant")


class AccountState(TextChoices):
    """Of the bank account that a house has named."""

    # The name that the bank says was confirmed; nothing is paid there before the waiting time is over.
    CONFIRMED = "confirmed", _("Waiting")
    ACTIVE = "active", pgettext_lazy("of a bank account", "In use")
    REPLACED = "replaced", _("Replaced")
    CALLED_OFF = "called_off", pgettext_lazy("of a bank account", "Called off")
    # By the platform's people.
    REFUSED = "refused", pgettext_lazy("of a bank account", "Refused")


class SubaccountState(TextChoices):
    # The gateway is told next, or was told and did not answer: a person looks there before it is told again.
    ASKED = "asked", _("Asked for")
    MADE = "made", pgettext_lazy("of a subaccount", "Made")
    REFUSED = "refused", pgettext_lazy("of a subaccount", "Refused")


class PayoutState(TextChoices):
    """Of what is paid to a house for a period."""

    DRAFTED = "drafted", _("To be approved")
    APPROVED = "approved", pgettext_lazy("of a payout", "Approved")
    # The gateway is being told, or did not answer: it is asked by our reference before it is told again.
    SENDING = "sending", _("Waiting for the gateway's answer")
    SENT = "sent", pgettext_lazy("of a payout", "On its way")
    PAID = "paid", pgettext_lazy("of a payout", "Paid")
    # It had arrived, or was said to have, and came back.
    RETURNED = "returned", pgettext_lazy("of a payout", "Came back")
    # Nothing has left.
    FAILED = "failed", pgettext_lazy("of a payout", "Failed")
    CALLED_OFF = "called_off", pgettext_lazy("of a payout", "Called off")


ACCOUNT_MACHINE = Machine(
    AccountState,
    {
        AccountState.CONFIRMED: {AccountState.ACTIVE, AccountState.CALLED_OFF, AccountState.REFUSED},
        AccountState.ACTIVE: {AccountState.REPLACED, AccountState.REFUSED},
    },
)

PAYOUT_MACHINE = Machine(
    PayoutState,
    {
        PayoutState.DRAFTED: {PayoutState.APPROVED, PayoutState.CALLED_OFF},
        PayoutState.APPROVED: {PayoutState.SENDING, PayoutState.SENT, PayoutState.CALLED_OFF},
        PayoutState.SENDING: {PayoutState.APPROVED, PayoutState.SENT, PayoutState.PAID, PayoutState.FAILED},
        PayoutState.SENT: {PayoutState.PAID, PayoutState.FAILED},
        # Banks send back for days.
        PayoutState.PAID: {PayoutState.RETURNED},
        # Whoever said so was wrong: it has left after all.
        PayoutState.FAILED: {PayoutState.PAID},
    },
)


class NotSent(TextChoices):
    """Why a payout that was approved is not sent after all: kept as a word, and said in the reader's language."""

    ACCOUNT_NOT_IN_USE = "account_not_in_use", _("The account is not in use any more.")
    LESS_IS_OWED = "less_is_owed", _("Less is owed by now.")
    EARLIER_ARRIVED = "earlier_arrived", _("An earlier payout, which counted as failed, has arrived after all.")


# Until one of these has ended, no other is made for the same house.
OPEN_PAYOUTS: Final = (PayoutState.DRAFTED, PayoutState.APPROVED, PayoutState.SENDING, PayoutState.SENT)
# These leave the money where it was: their period may be paid once more.
UNPAID: Final = (PayoutState.RETURNED, PayoutState.FAILED, PayoutState.CALLED_OFF)
