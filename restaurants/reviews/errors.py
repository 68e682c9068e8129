"""Refusals of the review services."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound


class ReviewRefused(DomainError):
    code = "review_refused"
    message = _("This review cannot be written.")
    status = 409


class AlreadyReviewed(ReviewRefused):
    code = "review_written_already"
    message = _("You have written about this visit already.")


class TooLateToReview(ReviewRefused):
    code = "review_too_late"
    message = _("A visit can be reviewed for sixty days.")


class TooLateToEdit(ReviewRefused):
    code = "review_too_late_to_change"
    message = _("A review can be changed for a day.")


class ReviewNotFound(NotFound):
    code = "review_not_found"
    message = _("We found no such review.")


class ModerationReasonMissing(DomainError):
    code = "review_reason_missing"
    message = _("Write down why: the author and the restaurant may ask.")
    status = 422
