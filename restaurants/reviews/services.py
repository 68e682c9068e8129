"""Everything that is done to reviews. The sums move with the rows, in one transaction, by steps and never by a guess.

Whether somebody was there is known on a higher floor: `bookings.services.reviews` asks for the visit and calls down.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from core import audit
from core.hotcache import bump
from restaurants.models import Restaurant
from restaurants.receivers import LIST_VERSION, version_of
from restaurants.reviews import errors, selectors
from restaurants.reviews.models import Rating, Review, ReviewReport
from restaurants.reviews.states import ASPECTS, CHANGE_WITHIN, WRITE_WITHIN, ReportReason, ReviewStatus

BATCH = 500


def write_review(
    *,
    restaurant_id: int,
    booking_id: UUID,
    visited_on: date,
    left_at: datetime,
    author: User | None,
    author_name: str,
    scores: Mapping[str, int],
    text: str = "",
    language: str = "en",
) -> Review:
    """Publish what somebody says of their visit, and return it.

    :param booking_id: the booking's public id
    :param left_at: when the visit ended, by which the sixty days are counted
    :param scores: one to five for each of `states.ASPECTS`
    :raises TooLateToReview: :raises AlreadyReviewed:
    """
    if timezone.now() - left_at > WRITE_WITHIN:
        raise errors.TooLateToReview
    try:
        with transaction.atomic():
            review = Review.objects.create(
                restaurant_id=restaurant_id,
                booking_id=booking_id,
                visited_on=visited_on,
                author=author,
                author_name=first_name(author_name),
                text=text,
                language=language,
                **_whole(scores),
            )
            _step(restaurant_id, 1, scores)
            _show_anew(restaurant_id)
    except IntegrityError as clash:
        if "one_review_per_visit" not in str(clash):
            raise
        raise errors.AlreadyReviewed from clash
    return review


@transaction.atomic
def edit_review(*, review: Review, scores: Mapping[str, int], text: str) -> Review:
    """Change a review within a day of writing it, and return it; the door has checked whose it is.

    :raises TooLateToEdit: afterwards, and once it was taken down
    """
    review = _locked(review)
    if timezone.now() - review.created_at > CHANGE_WITHIN or not review.is_shown:
        raise errors.TooLateToEdit
    wanted = _whole(scores)
    _step(review.restaurant_id, 0, {aspect: wanted[aspect] - getattr(review, aspect) for aspect in ASPECTS})
    for aspect, score in wanted.items():
        setattr(review, aspect, score)
    review.text, review.edited_at = text, timezone.now()
    review.save()
    _show_anew(review.restaurant_id)
    return review


@transaction.atomic
def answer_review(*, review: Review, by: User, answer: str) -> Review:
    """Let the house answer; an empty answer takes the earlier one back."""
    review = _locked(review)
    review.answer = answer.strip()
    review.answered_by, review.answered_at = (by, timezone.now()) if review.answer else (None, None)
    review.save()
    audit.record("review.answered", actor=by, target=review)
    return review


@transaction.atomic
def report_review(*, review: Review, by: User, reason: ReportReason) -> ReviewReport:
    """Say that a review should not stand; said twice by the same person it is said once."""
    report, _is_new = ReviewReport.objects.get_or_create(review=review, reporter=by, defaults={"reason": reason})
    return report


@transaction.atomic
def moderate_review(*, review: Review, by: User, status: ReviewStatus, reason: str) -> Review:
    """Hide, remove or publish a review again, and settle what was reported of it.

    :raises ModerationReasonMissing: without a reason
    :raises core.states.IllegalMove: when it is so already
    """
    if not reason.strip():
        raise errors.ModerationReasonMissing
    review = _locked(review)
    was_shown = review.is_shown
    review.move_to(status)
    review.status_reason = reason.strip()[:300]
    review.moderated_by, review.moderated_at = by, timezone.now()
    review.save()
    if review.is_shown != was_shown:
        sign = 1 if review.is_shown else -1
        _step(review.restaurant_id, sign, {aspect: sign * getattr(review, aspect) for aspect in ASPECTS})
        _show_anew(review.restaurant_id)
    review.reports.filter(settled_at=None).update(settled_at=timezone.now())
    audit.record("review.moderated", actor=by, target=review, details={"to": status.value})
    return review


@transaction.atomic
def leave_standing(*, review: Review, by: User) -> Review:
    """Settle what was reported of a review, and leave it as it is."""
    review = _locked(review)
    review.reports.filter(settled_at=None).update(settled_at=timezone.now())
    audit.record("review.left_standing", actor=by, target=review)
    return review


def first_name(name: str) -> str:
    """Return what is shown of an author: the first word of their name."""
    return (name.split() or [""])[0][:60]


# --- The sums ----------------------------------------------------------------------------------------------------


def _whole(scores: Mapping[str, int]) -> dict[str, int]:
    return {aspect: int(scores[aspect]) for aspect in ASPECTS}


def _step(restaurant_id: int, count: int, scores: Mapping[str, int]) -> None:
    """Add to the sums of a house; the row's own lock puts two at once in line."""
    changes = {f"{aspect}_sum": F(f"{aspect}_sum") + scores[aspect] for aspect in ASPECTS}
    if not Rating.objects.filter(pk=restaurant_id).update(count=F("count") + count, **changes):
        Rating.objects.bulk_create([Rating(restaurant_id=restaurant_id)], ignore_conflicts=True)
        Rating.objects.filter(pk=restaurant_id).update(count=F("count") + count, **changes)


def _show_anew(restaurant_id: int) -> None:
    bump(version_of(restaurant_id), LIST_VERSION)


def out_of_step() -> dict[int, tuple[dict[str, int], dict[str, int]]]:
    """Return the houses whose sums differ from their reviews: key -> what stands, what is so."""
    names = ("count", *(f"{aspect}_sum" for aspect in ASPECTS))
    wrong: dict[int, tuple[dict[str, int], dict[str, int]]] = {}
    keys = Restaurant.objects.filter(pk__in=Review.objects.order_by().values("restaurant_id")).values_list(
        "pk", flat=True
    )
    everybody = sorted({*keys, *Rating.objects.values_list("pk", flat=True)})
    for start in range(0, len(everybody), BATCH):
        some = everybody[start : start + BATCH]
        stands = {
            row["pk"]: {name: row[name] for name in names}
            for row in Rating.objects.filter(pk__in=some).values("pk", *names)
        }
        for key, true in selectors.sums_of(some).items():
            if (standing := stands.get(key, dict.fromkeys(names, 0))) != true:
                wrong[key] = (standing, true)
    return wrong


@transaction.atomic
def mend(restaurant_id: int) -> None:
    """Write the sums of a house anew from its reviews, with its row locked: who writes meanwhile adds afterwards."""
    Rating.objects.bulk_create([Rating(restaurant_id=restaurant_id)], ignore_conflicts=True)
    Rating.objects.select_for_update().get(pk=restaurant_id)
    Rating.objects.filter(pk=restaurant_id).update(**selectors.sums_of([restaurant_id])[restaurant_id])
    _show_anew(restaurant_id)


def _locked(review: Review) -> Review:
    return Review.objects.select_for_update(of=("self",)).select_related("restaurant").get(pk=review.pk)
