"""What the rules do not let begin."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound


class ProofNeeded(DomainError):
    """The payer has to prove first who they are: to log in, or to log in again. `reasons` says why."""

    code = "payment_proof_needed"
    message = _("Before you pay, please show us that it is you: log in, and then pay.")
    status = 403


class NotLetBegin(DomainError):
    """The rules do not let this payment begin; `decision` may be appealed, `reasons` says why."""

    code = "payment_not_let_begin"
    message = _("This cannot be paid online just now. Nothing has been charged. You can ask a person to look at it.")
    status = 403


class NothingToLookAt(NotFound):
    """Nothing of this waits for a person, and the rules have stopped nothing."""

    code = "fraud_nothing_to_look_at"
    message = _("There is nothing here that a person could look at.")


class NoteNeeded(DomainError):
    code = "fraud_note_needed"
    message = _("Please write why: whoever asks later wants to know.")
    status = 400


class AlreadyLookedAt(DomainError):
    code = "fraud_already_looked_at"
    message = _("Somebody has looked at this already.")


class RuleDoesNotFit(DomainError):
    """A rule that could never answer so."""

    code = "fraud_rule_does_not_fit"
    message = _("A card is known only when the money has come: such a rule can note or hold, and cannot ask before.")
    status = 400
