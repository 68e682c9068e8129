from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "partner.registered": Action(_("Registered a partner app"), Severity.NOTICE),
    "partner.changed": Action(_("Changed a partner app"), Severity.NOTICE),
    "partner.secret_rotated": Action(_("Replaced a partner app's secret"), Severity.NOTICE),
    "partner.suspended": Action(_("Suspended a partner app"), Severity.NOTICE),
    "partner.resumed": Action(_("Let a suspended partner app go on"), Severity.NOTICE),
    "partner.revoked": Action(_("Revoked a partner app"), Severity.NOTICE),
    "partner.token_issued": Action(_("Gave a partner app a token"), Severity.INFO),
    "partner.token_refused": Action(_("Refused a partner app a token"), Severity.WARNING),
    "partner.scope_missing": Action(_("A partner app asked beyond its scopes"), Severity.WARNING),
    "partner.access_granted": Action(_("Let a partner app work for a restaurant"), Severity.NOTICE),
    "partner.access_changed": Action(_("Changed what a partner app may do for a restaurant"), Severity.NOTICE),
    "partner.access_ended": Action(_("Ended a partner app's work for a restaurant"), Severity.NOTICE),
    "webhook.added": Action(_("Added a webhook"), Severity.NOTICE),
    "webhook.changed": Action(_("Changed a webhook"), Severity.NOTICE),
    "webhook.removed": Action(_("Removed a webhook"), Severity.NOTICE),
    "webhook.verified": Action(_("A webhook's address was proven"), Severity.INFO),
    "webhook.secret_rotated": Action(_("Replaced a webhook's secret"), Severity.NOTICE),
    "webhook.disabled": Action(_("A webhook was disabled"), Severity.NOTICE),
    "webhook.sent_again": Action(_("Had a webhook's delivery sent again"), Severity.INFO),
}
