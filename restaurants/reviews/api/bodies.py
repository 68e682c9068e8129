"""What the API says of reviews, as plain values (see serializers for the words)."""

from typing import Any

from restaurants.reviews.models import Review
from restaurants.reviews.selectors import RatingFigures
from restaurants.reviews.states import ASPECTS


def review_body(review: Review) -> dict[str, Any]:
    """Return a review; its restaurant is read already."""
    return {
        "id": review.public_id,
        "restaurant": review.restaurant.public_id,
        "author": review.author_name,
        "visited": f"{review.visited_on:%Y-%m}",
        **{aspect: getattr(review, aspect) for aspect in ASPECTS},
        "text": review.text,
        "language": review.language,
        "answer": review.answer or None,
        "answered_at": review.answered_at,
        "created_at": review.created_at,
        "edited_at": review.edited_at,
    }


def rating_body(rating: RatingFigures | None) -> dict[str, Any] | None:
    return None if rating is None else {"count": rating.count, **rating.means}
