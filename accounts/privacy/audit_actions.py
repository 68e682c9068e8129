"""What the audit trail knows of personal data."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "privacy.consent_given": Action(_("Agreed to a use of their data")),
    "privacy.consent_withdrawn": Action(_("Took back a consent")),
    "privacy.export_requested": Action(_("Asked for an archive of their data"), Severity.NOTICE),
    "privacy.export_ready": Action(_("An archive was put together")),
    "privacy.export_fetched": Action(_("Fetched an archive of personal data"), Severity.NOTICE),
    "privacy.export_refused": Action(_("Tried to fetch an archive again"), Severity.WARNING),
    "privacy.erasure_requested": Action(_("Asked to be erased"), Severity.NOTICE),
    "privacy.erasure_cancelled": Action(_("Took the wish to be erased back"), Severity.NOTICE),
    "privacy.erasure_held_up": Action(_("An erasure is held up"), Severity.WARNING),
    "privacy.erasure_done": Action(_("A person was erased"), Severity.NOTICE),
    "privacy.erasures_replayed": Action(_("Erasures were done again after a restored backup"), Severity.NOTICE),
    "privacy.request_received": Action(_("A request about personal data came in")),
    "privacy.request_answered": Action(_("Answered a request about personal data")),
    "privacy.retention_ran": Action(_("What was kept long enough was removed")),
    "privacy.breach_recorded": Action(_("Wrote a breach of personal data down"), Severity.WARNING),
    "privacy.breach_changed": Action(_("Changed the record of a breach"), Severity.NOTICE),
    "privacy.affected_listed": Action(_("Listed the people whom a breach touches"), Severity.WARNING),
}
