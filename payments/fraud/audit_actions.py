"""What is recorded of the rules against fraud, and of looks at what they stopped."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "fraud.rule_made": Action(_("Made a rule against fraud"), Severity.NOTICE),
    "fraud.rule_changed": Action(_("Changed a rule against fraud"), Severity.NOTICE),
    "fraud.stopped": Action(_("Was not let begin to pay by the rules against fraud"), Severity.NOTICE),
    "fraud.appealed": Action(_("Asked for a person's look at a payment")),
    "fraud.looked_at": Action(_("Looked at a payment and decided"), Severity.NOTICE),
}
