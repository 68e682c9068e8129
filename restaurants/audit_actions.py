"""What is recorded of listings changing hands and of the floor plan; the back office records everything else."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "claim.made": Action(_("Claimed a listing")),
    "claim.approved": Action(_("Approved a claim of a listing"), Severity.NOTICE),
    "claim.refused": Action(_("Refused a claim of a listing"), Severity.NOTICE),
    "floor_plan.table_added": Action(_("Put a new table on the floor plan")),
    "floor_plan.arranged": Action(_("Moved tables on the floor plan")),
}
