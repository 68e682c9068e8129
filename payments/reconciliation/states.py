"""How far a comparison with a gateway has come, and what can differ."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.states import Machine


class RunState(TextChoices):
    """Of the comparison of one day with one gateway."""

    # Going on, or to be gone on with when the gateway answers.
    RUNNING = "running", _("Going on")
    DONE = "done", pgettext_lazy("of a comparison", "Done")
    # The gateway did not answer so often that a person has to see why.
    STUCK = "stuck", _("Came to a halt")


class Stage(TextChoices):
    """What a comparison is busy with, in this order."""

    CHARGES = "charges", _("Their payments")
    REFUNDS = "refunds", _("Their refunds")
    DISPUTES = "disputes", _("Their disputes")
    SETTLEMENTS = "payouts", _("Their payouts")
    OUR_PAYMENTS = "our_paid", _("Our payments")
    OUR_REFUNDS = "our_back", _("Our refunds")
    OUR_DISPUTES = "our_claims", _("Our disputes")
    BOOKS = "books", _("The books")
    ATTEMPTS = "attempts", _("Payments without an end")
    OVER = "over", pgettext_lazy("a stage of a comparison", "Nothing more")


class FindingKind(TextChoices):
    """What differs."""

    UNASKED = "unasked", _("Paid there, unknown here")
    UNNOTICED = "unnoticed", _("Paid there, not noticed here before")
    MISSING_THERE = "missing", _("Paid here, not there")
    REFERENCE = "reference", _("Another reference")
    AMOUNT = "amount", _("Another amount")
    CURRENCY = "currency", _("Another currency")
    MODE = "mode", _("Test and real money mixed up")
    FEE = "fee", _("Another fee")
    REFUND_UNKNOWN = "refund_new", _("Given back there, unknown here")
    REFUND_MISSING = "refund_gone", _("Given back here, not there")
    REFUND_DIFFERS = "refund", _("A refund stands otherwise there")
    DISPUTE_UNKNOWN = "claim_new", _("Disputed there, unknown here")
    DISPUTE_MISSING = "claim_gone", _("Disputed here, not there")
    DISPUTE_DIFFERS = "claim", _("A dispute stands otherwise there")
    SETTLEMENT = "payout", _("A payout that does not fit")
    BOOKS = "books", _("The books say something else")
    UNREADABLE = "unreadable", _("Something in their list cannot be read")
    DUPLICATE = "twice", _("Paid twice, and not given back")
    STRANDED = "stranded", _("Money that counts for nothing")
    HELD = "held", _("Held for a look for too long")
    ENDLESS = "endless", _("Never comes to an end")


class FindingState(TextChoices):
    """Of something that differs."""

    OPEN = "open", _("To be looked into")
    # It differs no longer, or a person has set it right.
    RESOLVED = "resolved", _("Set right")
    # It still differs, and a person knows why.
    EXPLAINED = "explained", _("Explained")


FINDING_MACHINE = Machine(
    FindingState,
    {
        FindingState.OPEN: {FindingState.RESOLVED, FindingState.EXPLAINED},
        # It differs again, or otherwise than what was explained.
        FindingState.RESOLVED: {FindingState.OPEN},
        FindingState.EXPLAINED: {FindingState.OPEN, FindingState.RESOLVED},
    },
)

# Not of a day: all of a gateway's are looked at each time.
OF_NO_DAY = (FindingKind.STRANDED, FindingKind.HELD, FindingKind.ENDLESS)
