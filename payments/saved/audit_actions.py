"""What is recorded about saved cards."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action

ACTIONS = {
    "payments_saved.forgotten": Action(_("Had a saved card forgotten")),
}
