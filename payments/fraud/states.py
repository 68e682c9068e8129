"""What a rule looks at, when it is asked, what it answers, and how far a person's look has come."""

from dataclasses import dataclass
from enum import Enum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.states import Machine


class RuleKind(TextChoices):
    """What a rule measures; the figure from which it answers is its threshold."""

    CARD = "card", _("The same card again")
    CARD_PEOPLE = "card_people", _("One card, several people")
    MANY_CARDS = "many_cards", _("One person or device, many cards")
    DEVICE = "device", _("The same device again")
    PHONE = "phone", _("The same phone number again")
    ACCOUNT = "account", _("The same account again")
    ADDRESS = "address", _("The same network address again")
    FAILURES = "failures", _("Many failures")
    AMOUNT = "amount", _("Amount")
    AMOUNT_PAYER = "amount_payer", _("Amount against what this person pays otherwise")
    AMOUNT_HOUSE = "amount_house", _("Amount against what is paid at this house otherwise")
    COUNTRY = "country", _("Card of another country")
    NEW_ACCOUNT = "new_account", _("New account, large party")
    REFUNDS = "refunds", _("Share of payments that went back")
    NO_SHOWS = "no_shows", _("Share of bookings to which nobody came")


class Moment(TextChoices):
    """When the rules are asked."""

    BEGIN = "begin", _("Before the payer is sent to the bank's page")
    PAID = "paid", _("When the money has come")


class Answer(TextChoices):
    """What a rule says, the mildest first: of several rules the strictest counts."""

    ALLOW = "allow", _("Let it pass, and note it")
    STEP_UP = "step_up", _("Ask the payer to prove who they are")
    HOLD = "hold", _("Hold it for a person's look")
    REFUSE = "refuse", _("Do not let it begin")


class CaseState(TextChoices):
    """Of what waits for a person's look."""

    OPEN = "open", _("To be looked at")
    LET_THROUGH = "let", _("Let through")
    GIVEN_BACK = "back", _("Given back")
    # Of one that the rules had not let begin: a person has looked, and it stays so.
    KEPT_SHUT = "shut", _("Not let begin")


class Unit(Enum):
    """What a threshold counts."""

    TIMES = "times"
    NAIRA = "naira"
    PERCENT = "percent"
    GUESTS = "guests"
    FLAG = "flag"


UNITS = {
    Unit.TIMES: pgettext_lazy("unit of a threshold", "times"),
    Unit.NAIRA: pgettext_lazy("unit of a threshold", "naira"),
    Unit.PERCENT: pgettext_lazy("unit of a threshold", "per cent"),
    Unit.GUESTS: pgettext_lazy("unit of a threshold", "guests"),
    Unit.FLAG: pgettext_lazy("unit of a threshold", "yes"),
}


@dataclass(frozen=True)
class Measure:
    """What a kind of rule needs and counts.

    :param needs_card: is known only once the money has come
    :param has_window: looks back for a time; the others look at the payment alone
    """

    unit: Unit
    needs_card: bool = False
    has_window: bool = True


MEASURES: dict[RuleKind, Measure] = {
    RuleKind.CARD: Measure(Unit.TIMES, needs_card=True),
    RuleKind.CARD_PEOPLE: Measure(Unit.TIMES, needs_card=True),
    RuleKind.MANY_CARDS: Measure(Unit.TIMES, needs_card=True),
    RuleKind.DEVICE: Measure(Unit.TIMES),
    RuleKind.PHONE: Measure(Unit.TIMES),
    RuleKind.ACCOUNT: Measure(Unit.TIMES),
    RuleKind.ADDRESS: Measure(Unit.TIMES),
    RuleKind.FAILURES: Measure(Unit.TIMES),
    RuleKind.AMOUNT: Measure(Unit.NAIRA, has_window=False),
    RuleKind.AMOUNT_PAYER: Measure(Unit.PERCENT),
    RuleKind.AMOUNT_HOUSE: Measure(Unit.PERCENT),
    RuleKind.COUNTRY: Measure(Unit.FLAG, needs_card=True, has_window=False),
    RuleKind.NEW_ACCOUNT: Measure(Unit.GUESTS),
    RuleKind.REFUNDS: Measure(Unit.PERCENT),
    RuleKind.NO_SHOWS: Measure(Unit.PERCENT, has_window=False),
}

# What can still be answered at each moment. Once the money has come, what would not have been let begin is held.
AT: dict[Moment, tuple[Answer, ...]] = {
    Moment.BEGIN: (Answer.ALLOW, Answer.STEP_UP, Answer.REFUSE),
    Moment.PAID: (Answer.ALLOW, Answer.HOLD, Answer.REFUSE),
}

CASE_MACHINE = Machine(
    CaseState,
    {CaseState.OPEN: {CaseState.LET_THROUGH, CaseState.GIVEN_BACK, CaseState.KEPT_SHUT}},
)


def strictness(answer: str) -> int:
    """Return a number that is higher for a stricter answer."""
    return list(Answer).index(Answer(answer))
