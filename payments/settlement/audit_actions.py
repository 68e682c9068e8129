"""What is recorded of houses' terms, accounts and payouts."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "settlement.terms_made": Action(_("Made or changed a restaurant's terms of settlement"), Severity.NOTICE),
    "settlement.account_named": Action(_("Named an account for payouts"), Severity.WARNING),
    "settlement.account_called_off": Action(_("Called off a change of the account for payouts"), Severity.NOTICE),
    "settlement.account_refused": Action(_("Refused an account for payouts"), Severity.WARNING),
    "settlement.account_in_use": Action(_("An account for payouts came into use"), Severity.NOTICE),
    "settlement.account_seen": Action(_("Looked at an account for payouts")),
    "settlement.payout_drafted": Action(_("Drafted a payout")),
    "settlement.payout_approved": Action(_("Approved a payout"), Severity.NOTICE),
    "settlement.payout_called_off": Action(_("Called off a payout"), Severity.NOTICE),
    "settlement.payout_paid": Action(_("A payout arrived")),
    "settlement.payout_failed": Action(_("A payout failed"), Severity.NOTICE),
    "settlement.payout_returned": Action(_("A payout came back"), Severity.NOTICE),
    "settlement.payout_marked": Action(_("Noted what the bank did with a payout"), Severity.NOTICE),
    "settlement.list_repeated": Action(_("Took the list of payouts for the bank once more"), Severity.WARNING),
    "settlement.list_taken": Action(_("Took the list of payouts for the bank"), Severity.NOTICE),
}
