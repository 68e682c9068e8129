"""What is recorded of money that people here move, or look after."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "payments.refund_asked": Action(_("Gave money of a payment back"), Severity.NOTICE),
    "payments.asked": Action(_("Asked the gateway about a payment")),
    "payments.refund_looked_after": Action(_("Asked the gateway about money that goes back")),
    "payments.released": Action(_("Let a payment through that was held"), Severity.NOTICE),
    "payments.refused": Action(_("Gave back a payment that was held"), Severity.NOTICE),
    "payments.webhook_replayed": Action(_("Worked a gateway's webhook off again"), Severity.NOTICE),
}
