"""What an archive holds of the reviews somebody wrote, reported, answered or decided about."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.personal_data import Collector, Subject
from restaurants.reviews.models import Review, ReviewReport
from restaurants.reviews.states import ASPECTS


def reviews_about(subject: Subject) -> QuerySet[Review]:
    """Return what somebody wrote: with their account, or about the bookings a guest has shown to be theirs."""
    mine = Q(booking_id__in=subject.rows.get("bookings.Booking", ()))
    if subject.user_id is not None:
        mine |= Q(author_id=subject.user_id)
    return Review.objects.filter(mine).order_by("pk")


def reviews(subject: Subject) -> Iterator[dict[str, Any]]:
    for review in reviews_about(subject).select_related("restaurant"):
        yield {
            "id": review.public_id,
            "booking": review.booking_id,
            "restaurant": review.restaurant.name,
            "shown_name": review.author_name,
            **{aspect: getattr(review, aspect) for aspect in ASPECTS},
            "text": review.text,
            "language": review.language,
            "status": review.status,
            "why": review.status_reason,
            "answer_of_the_restaurant": review.answer,
            "written_at": review.created_at,
            "changed_at": review.edited_at,
        }


def reports(subject: Subject) -> Iterator[dict[str, Any]]:
    for report in ReviewReport.objects.filter(reporter_id=subject.account).select_related("review").order_by("pk"):
        yield {"review": report.review.public_id, "reason": report.reason, "reported_at": report.reported_at}


def work_on_reviews(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody did with other people's reviews, for a restaurant or for Buka."""
    for review in Review.objects.filter(answered_by_id=subject.account).order_by("pk"):
        yield {"review": review.public_id, "at": review.answered_at, "what": f"answered: {review.answer}"}
    for review in Review.objects.filter(moderated_by_id=subject.account).order_by("pk"):
        yield {"review": review.public_id, "at": review.moderated_at, "what": f"decided: {review.status}"}


COLLECTORS = [
    Collector(
        "reviews",
        _("Reviews you wrote"),
        reviews,
        ("reviews.Review.author",),
        is_for_guests=True,
    ),
    Collector(
        "review_reports", _("Reviews you reported"), reports, ("reviews.ReviewReport", "reviews.ReviewReport.reporter")
    ),
    Collector(
        "review_work",
        _("What you did with reviews for a restaurant or for Buka"),
        work_on_reviews,
        ("reviews.Review.answered_by", "reviews.Review.moderated_by"),
    ),
]
