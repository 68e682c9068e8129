"""Forgetting who wrote a review: the review stays, its author goes."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext_lazy as _

from core.personal_data import Eraser, Outcome, Subject
from restaurants.reviews.collectors import reviews_about
from restaurants.reviews.models import Review, ReviewReport


def forget_author(subject: Subject) -> Outcome:
    keys = list(reviews_about(subject).values_list("pk", flat=True))
    # A random word in their place would look like somebody's name; without one the page says "a guest".
    Review.objects.filter(pk__in=keys).update(author=None, author_name="")
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Review), object_id__in=[str(key) for key in keys]
    ).update(object_repr=subject.pseudonym)
    return Outcome(gone=0, kept=len(keys))


def forget_reports(subject: Subject) -> Outcome:
    gone, _rows = ReviewReport.objects.filter(reporter_id=subject.account).delete()
    return Outcome(gone=gone)


ERASERS = [
    Eraser(
        "reviews.author",
        _("Reviews"),
        28,
        forget_author,
        goes=_("Your name beside them, and the way from them to your account."),
        stays=_("What you wrote about a restaurant, as “a guest”. Take out before what would tell who you are."),
        why=_("Others have relied on it, and the restaurant has answered; nobody can be known by it any more."),
        covers=("reviews.Review.author",),
        is_for_guests=True,
    ),
    Eraser(
        "reviews.reports",
        _("Reports of reviews"),
        28,
        forget_reports,
        goes=_("That you reported a review."),
        covers=("reviews.ReviewReport", "reviews.ReviewReport.reporter"),
    ),
]

_pseudonym = "The row it leads to holds nothing of the person any more."
NOT_ERASED = {"reviews.Review.answered_by": _pseudonym, "reviews.Review.moderated_by": _pseudonym}
