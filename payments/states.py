"""The states of what is to be paid, of each attempt to pay it, and of money given back; and the legal moves."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.states import Machine


class Kind(TextChoices):
    """What somebody pays for. The rows themselves belong to the domains above."""

    DEPOSIT = "deposit", _("Deposit")
    TICKETS = "tickets", _("Tickets")
    FEE = "fee", _("Fee")
    # A small sum that goes back at once: with it comes the card that a fee would be charged to.
    GUARANTEE = "guarantee", _("Guarantee by card")
    ORDER = "order", pgettext_lazy("of a delivery", "Order")


class RequestState(TextChoices):
    """Of what one payer is asked for."""

    OPEN = "open", _("To be paid")
    PAID = "paid", _("Paid")
    # Nothing is to be paid any more: it was called off, paid elsewhere, or is too late.
    CLOSED = "closed", _("No longer to be paid")


class PaymentState(TextChoices):
    """Of one attempt to pay at one gateway."""

    # Written down, with its reference, before the gateway is told.
    INITIATED = "initiated", _("Begun")
    # The payer has been given the gateway's page.
    PENDING = "pending", _("Waiting for the payer")
    # Something has been done, or may have been: the bank's answer is awaited, and nobody is asked to pay again.
    CHECKING = "checking", _("Waiting for the bank's answer")
    SUCCEEDED = "succeeded", pgettext_lazy("of a payment", "Paid")
    FAILED = "failed", pgettext_lazy("of a payment", "Failed")
    EXPIRED = "expired", pgettext_lazy("of a payment", "Not paid in time")


class Review(TextChoices):
    """Whether a person has to look at a payment before it counts."""

    NONE = "none", _("Not needed")
    HELD = "held", _("Held for a look")
    RELEASED = "released", _("Let through")
    REFUSED = "refused", _("Not let through")


class RefundState(TextChoices):
    """Of money that is given back."""

    # Decided; the gateway has not taken it yet.
    REQUESTED = "requested", _("Asked for")
    # The gateway was asked and did not answer: its list is read before anything is asked again.
    CHECKING = "checking", _("Waiting for the gateway's answer")
    PENDING = "pending", _("On its way")
    NEEDS_ATTENTION = "attention", _("Needs bank details")
    DONE = "done", pgettext_lazy("of a refund", "Given back")
    FAILED = "failed", pgettext_lazy("of a refund", "Failed")


class RefundReason(TextChoices):
    """Why money is given back."""

    CALLED_OFF = "called_off", _("What was paid for was called off")
    SURPLUS = "surplus", _("More was paid than asked for")
    TWICE = "twice", _("Paid twice")
    TOO_LATE = "too_late", _("Paid when it was too late")
    NOT_ASKED = "not_asked", _("Nobody had asked for it")
    GOODWILL = "goodwill", _("As a kindness of the house")
    REVIEWED = "reviewed", _("Not let through after a look")
    GUARANTEE = "guarantee", _("It only showed that the card can be charged")
    WAIVED = "waived", _("The fee is not asked for any more")
    # Begun at the gateway, by a person there or by the gateway itself.
    GATEWAY = "gateway", _("Given back by the gateway")


class DisputeState(TextChoices):
    """Of money that a bank wants back."""

    OPEN = "open", _("To be answered")
    WON = "won", pgettext_lazy("of a dispute", "Won")
    LOST = "lost", pgettext_lazy("of a dispute", "Lost")


class JournalState(TextChoices):
    """Of a webhook that was taken in."""

    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    # Nothing of ours: unknown event, or a reference of somebody else's.
    IGNORED = "ignored", _("Not for us")
    PARKED = "parked", _("Parked")


REQUEST_MACHINE = Machine(
    RequestState,
    {
        RequestState.OPEN: {RequestState.PAID, RequestState.CLOSED},
        # Given back in full, and asked for again.
        RequestState.PAID: {RequestState.OPEN},
        # Money that comes late still counts, and what was called off may be asked for again.
        RequestState.CLOSED: {RequestState.OPEN, RequestState.PAID},
    },
)

PAYMENT_MACHINE = Machine(
    PaymentState,
    {
        PaymentState.INITIATED: {
            PaymentState.PENDING,
            PaymentState.CHECKING,
            PaymentState.SUCCEEDED,
            PaymentState.FAILED,
            PaymentState.EXPIRED,
        },
        PaymentState.PENDING: {
            PaymentState.CHECKING,
            PaymentState.SUCCEEDED,
            PaymentState.FAILED,
            PaymentState.EXPIRED,
        },
        PaymentState.CHECKING: {
            PaymentState.PENDING,
            PaymentState.SUCCEEDED,
            PaymentState.FAILED,
            PaymentState.EXPIRED,
        },
        # A page at the gateway may outlive our patience, and one that was declined may be tried once more:
        # what the gateway then says is paid is paid.
        PaymentState.FAILED: {PaymentState.SUCCEEDED},
        PaymentState.EXPIRED: {PaymentState.SUCCEEDED},
    },
)

REFUND_MACHINE = Machine(
    RefundState,
    {
        RefundState.REQUESTED: {
            RefundState.CHECKING,
            RefundState.PENDING,
            RefundState.NEEDS_ATTENTION,
            RefundState.DONE,
            RefundState.FAILED,
        },
        RefundState.CHECKING: {
            RefundState.REQUESTED,
            RefundState.PENDING,
            RefundState.NEEDS_ATTENTION,
            RefundState.DONE,
            RefundState.FAILED,
        },
        RefundState.PENDING: {RefundState.NEEDS_ATTENTION, RefundState.DONE, RefundState.FAILED},
        RefundState.NEEDS_ATTENTION: {RefundState.PENDING, RefundState.DONE, RefundState.FAILED},
        # Seen at Paystack: a bank returns what was called processed.
        RefundState.DONE: {RefundState.FAILED},
    },
)

DISPUTE_MACHINE = Machine(
    DisputeState,
    {
        DisputeState.OPEN: {DisputeState.WON, DisputeState.LOST},
        DisputeState.WON: {DisputeState.OPEN, DisputeState.LOST},
        DisputeState.LOST: {DisputeState.WON},
    },
)

# An attempt that may still take money, as far as we know.
LIVE = (PaymentState.INITIATED, PaymentState.PENDING, PaymentState.CHECKING)
# What was promised to the payer, or is already gone: it counts against what is left.
REFUND_COUNTS = (
    RefundState.REQUESTED,
    RefundState.CHECKING,
    RefundState.PENDING,
    RefundState.NEEDS_ATTENTION,
    RefundState.DONE,
)
REFUND_UNDER_WAY = (
    RefundState.REQUESTED,
    RefundState.CHECKING,
    RefundState.PENDING,
    RefundState.NEEDS_ATTENTION,
)
