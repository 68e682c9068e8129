"""What is recorded of reviews: what houses and the platform do to what guests say."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "review.answered": Action(_("Answered a review for the restaurant")),
    "review.moderated": Action(_("Hid, removed or published a review"), Severity.NOTICE),
    "review.left_standing": Action(_("Left a reported review standing")),
}
