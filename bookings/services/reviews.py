"""Reviews, as far as they ask for a visit: only whoever was there may write one."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from bookings import errors
from bookings.models import Booking
from bookings.states import Status
from restaurants.reviews import selectors, services
from restaurants.reviews.errors import ReviewNotFound
from restaurants.reviews.models import Review


def review_visit(*, booking: Booking, scores: Mapping[str, int], text: str = "", language: str = "en") -> Review:
    """Write about a completed visit; the door has checked whose it is.

    :raises NoVisitYet: while the party has not come and left again
    :raises restaurants.reviews.errors.TooLateToReview: after sixty days
    :raises restaurants.reviews.errors.AlreadyReviewed: for the second review of a visit
    """
    if booking.status != Status.COMPLETED:
        raise errors.NoVisitYet
    return services.write_review(
        restaurant_id=booking.restaurant_id,
        booking_id=booking.public_id,
        visited_on=booking.starts_at.astimezone(ZoneInfo(booking.restaurant.time_zone)).date(),
        left_at=booking.left_at or booking.ends_at,
        author=booking.diner,
        author_name=booking.guest_name,
        scores=scores,
        text=text,
        language=language,
    )


def edit_review(*, booking: Booking, scores: Mapping[str, int], text: str) -> Review:
    """Change what was written about a visit, within a day.

    :raises restaurants.reviews.errors.ReviewNotFound: when nothing was
    :raises restaurants.reviews.errors.TooLateToEdit: afterwards
    """
    review = selectors.review_of(booking.public_id)
    if review is None:
        raise ReviewNotFound
    return services.edit_review(review=review, scores=scores, text=text)
