"""Why a payment was stopped or held, in words for its payer. They name what was seen, and no figure to stay below."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.fraud.models import Decision
from payments.fraud.states import Answer, Moment, RuleKind

# A case without a decision: the gateway's answer differs from what was asked for.
DIFFERS = _("What our payment partner tells of it differs from what was asked for.")

REASONS: dict[str, str | Promise] = {
    RuleKind.CARD: _("The same card was used several times within a short time."),
    RuleKind.CARD_PEOPLE: _("The same card was used by several people."),
    RuleKind.MANY_CARDS: _("Several cards were used by the same person or on the same device."),
    RuleKind.DEVICE: _("Payments were begun many times on the same device."),
    RuleKind.PHONE: _("Payments were begun many times for the same phone number."),
    RuleKind.ACCOUNT: _("Payments were begun many times from the same account."),
    RuleKind.ADDRESS: _("Very many payments were begun from the same network."),
    RuleKind.FAILURES: _("Several attempts to pay were declined shortly before."),
    RuleKind.AMOUNT: _("The amount is very large."),
    RuleKind.AMOUNT_PAYER: _("The amount is much larger than usual for you."),
    RuleKind.AMOUNT_HOUSE: _("The amount is much larger than usual at this restaurant."),
    RuleKind.COUNTRY: _("The card comes from another country."),
    RuleKind.NEW_ACCOUNT: _("The account is new, and the party is large."),
    RuleKind.REFUNDS: _("A large part of earlier payments went back."),
    RuleKind.NO_SHOWS: _("Nobody came to several earlier bookings."),
}


def reasons_for(kinds: Iterable[str]) -> list[str]:
    """Return a sentence for each kind of rule, each once, in the active language."""
    return [str(REASONS[kind]) for kind in dict.fromkeys(kinds)]


def kinds_of(decision: Decision) -> list[str]:
    """Return the kinds of rules that made a decision what it is: those that only note are no reason."""
    counts = [Answer.STEP_UP, Answer.REFUSE] if decision.moment == Moment.BEGIN else [Answer.HOLD, Answer.REFUSE]
    hits = [hit for hit in decision.hits.all() if hit.rule.answer in counts]
    return [hit.rule.kind for hit in hits]


def reasons_of(decision: Decision | None) -> list[str]:
    """Return why, in the active language."""
    return [str(DIFFERS)] if decision is None else reasons_for(kinds_of(decision))
