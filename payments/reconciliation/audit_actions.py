"""What is recorded of comparing with gateways."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "reconciliation.begun": Action(_("Compared a day with a gateway")),
    "reconciliation.finding_closed": Action(_("Closed a difference with a gateway"), Severity.NOTICE),
    "reconciliation.fee_taken_over": Action(_("Took over a gateway's fee"), Severity.NOTICE),
}
