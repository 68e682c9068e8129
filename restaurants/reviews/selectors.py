"""Questions about reviews and ratings, answered without changing anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from restaurants.models import Restaurant
from restaurants.reviews.models import Rating, Review
from restaurants.reviews.states import ASPECTS, ReviewStatus


@dataclass(frozen=True)
class RatingFigures:
    """How a house is rated: how often, and per aspect the mean to a tenth."""

    count: int
    means: dict[str, float]

    @property
    def overall(self) -> float:
        return self.means["overall"]


def published(restaurant_id: int) -> QuerySet[Review]:
    """Return the reviews of a house that are shown, the latest first."""
    shown = Review.objects.filter(restaurant_id=restaurant_id, status=ReviewStatus.PUBLISHED)
    return shown.order_by("-created_at", "-pk")


def after(reviews: QuerySet[Review], public_id: str) -> QuerySet[Review]:
    """Return those of some reviews, the latest first, that were written before one of them; none after none of ours."""
    try:
        last = Review.objects.filter(public_id=UUID(public_id)).only("created_at", "pk").first()
    except ValueError:
        last = None
    if last is None:
        return reviews.none()
    return reviews.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk))


def review_of(booking_id: UUID) -> Review | None:
    """Return what was written about a visit, by the booking's public id."""
    return Review.objects.filter(booking_id=booking_id).select_related("restaurant").first()


def review_called(public_id: UUID) -> Review | None:
    return Review.objects.filter(public_id=public_id).select_related("restaurant").first()


def rating_of(restaurant: Restaurant) -> RatingFigures | None:
    """Return how a house is rated; None while nobody has. No query where `rating` was read along."""
    rating: Rating | None = getattr(restaurant, "rating", None)
    return figures_of(rating)


def figures_of(rating: Rating | None) -> RatingFigures | None:
    if rating is None or not rating.count:
        return None
    return RatingFigures(
        rating.count, {aspect: mean(getattr(rating, f"{aspect}_sum"), rating.count) for aspect in ASPECTS}
    )


def mean(total: int, count: int) -> float:
    """Return a mean to a tenth, halves away from zero as people round."""
    return (total * 20 // count + 1) // 2 / 10


def sums_of(restaurant_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return the sums of houses, by key, counted from their published reviews in one query."""
    keys = list(restaurant_ids)
    shown = Review.objects.filter(restaurant_id__in=keys, status=ReviewStatus.PUBLISHED).order_by()
    totals: dict[str, Any] = {f"{aspect}_sum": Sum(aspect) for aspect in ASPECTS}
    rows: Any = shown.values("restaurant_id").annotate(count=Count("pk"), **totals)
    names = ("count", *totals)
    found = {row["restaurant_id"]: {name: int(row[name]) for name in names} for row in rows}
    return {key: found.get(key, dict.fromkeys(names, 0)) for key in keys}


def reported() -> Q:
    """Return the condition that somebody has reported a review and nobody has decided."""
    return Q(reports__isnull=False, reports__settled_at__isnull=True)
