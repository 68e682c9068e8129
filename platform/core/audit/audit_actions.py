from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "access.refused": Action(_("Was refused: not allowed"), Severity.WARNING),
    "access.out_of_scope": Action(_("Asked for what is another's"), Severity.WARNING),
    "access.no_second_factor": Action(_("Was refused: no second factor"), Severity.NOTICE),
    "access.csrf_failed": Action(_("Sent a form that came from elsewhere"), Severity.WARNING),
    "access.limited": Action(_("Ran into a limit of attempts"), Severity.WARNING),
    "admin.added": Action(_("Added in the back office"), Severity.INFO),
    "admin.changed": Action(_("Changed in the back office"), Severity.INFO),
    "admin.deleted": Action(_("Deleted in the back office"), Severity.NOTICE),
    "admin.action": Action(_("Ran an action in the back office"), Severity.NOTICE),
    "admin.exported": Action(_("Exported from the back office"), Severity.NOTICE),
    "data.viewed": Action(_("Looked at personal data"), Severity.INFO),
    "data.searched": Action(_("Searched personal data"), Severity.INFO),
    "audit.checkpoint": Action(_("Old audit events were deleted"), Severity.NOTICE),
    "audit.broken": Action(_("The audit chain is broken"), Severity.ALERT),
    "security.alert_raised": Action(_("A security alert was raised"), Severity.NOTICE),
    "security.alert_handled": Action(_("A security alert was taken up or closed"), Severity.NOTICE),
}
