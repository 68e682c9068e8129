"""What is recorded of listings changing hands; everything else that is done to restaurants, the back office records."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "claim.made": Action(_("Claimed a listing")),
    "claim.approved": Action(_("Approved a claim of a listing"), Severity.NOTICE),
    "claim.refused": Action(_("Refused a claim of a listing"), Severity.NOTICE),
}
