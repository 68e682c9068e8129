"""The demo city's guest books and reviews: who has come often, what staff noted, what guests said. All made up."""

import random
from datetime import datetime, timedelta

from django.db import transaction

from bookings.models import Booking, GuestNote, GuestTag, HouseGuest
from bookings.services import guests, tagging
from bookings.states import Status, TagRule
from restaurants.demo.loading import slugs
from restaurants.models import Restaurant
from restaurants.reviews import services as reviews
from restaurants.reviews.models import Review
from restaurants.reviews.services import first_name
from restaurants.reviews.states import ASPECTS

TAGS = (
    ("Regular", TagRule.VISITS, 2, 6),
    ("Misses bookings", TagRule.NO_SHOWS, 2, 12),
    ("Birthday soon", TagRule.BIRTHDAY, 7, None),
    ("Friend of the house", TagRule.BY_HAND, None, None),
)
NOTES = ("Prefers the terrace.", "Drinks zobo, never wine.", "Comes with two small children.", "Likes table 4.")
SAID = {
    5: ("Best jollof of the year, and the waiter knew our names.", "We will be back with everybody we know."),
    4: ("Very good pepper soup, a little loud at the bar.", "Worth the traffic."),
    3: ("Good food, but we waited long for it.", "Fair for the price."),
    2: ("The fish was cold, and nobody asked.",),
}
REVIEWS = 6


def load(*, now: datetime) -> list[str]:
    """Enter the guests of the demo bookings, mark some of them, and let some say how it was."""
    entered = 0
    while done := guests.enter_bookings_without_guest():
        entered += done
    written = 0
    for restaurant in Restaurant.objects.bookable().filter(slug__in=slugs()).order_by("pk"):
        with transaction.atomic():
            _mark(restaurant)
            written += _review(restaurant, now)
    said = [f"the guests of {entered} bookings"] if entered else []
    return said + ([f"{written} reviews"] if written else [])


def refresh(*, now: datetime) -> list[str]:
    return load(now=now)


def _mark(restaurant: Restaurant) -> None:
    tags = {}
    for name, rule, least, months in TAGS:
        tags[name], _is_new = GuestTag.objects.get_or_create(
            restaurant=restaurant, name=name, defaults={"rule": rule, "least": least, "months": months}
        )
        if rule != TagRule.BY_HAND:
            tagging.apply(tags[name])
    if GuestNote.objects.filter(guest__restaurant=restaurant).exists():
        return
    chance = random.Random(restaurant.slug)  # noqa: S311  (the same guests for everybody who loads it)
    for guest in HouseGuest.objects.filter(restaurant=restaurant).order_by("-visits", "pk")[:4]:
        GuestNote.objects.create(guest=guest, text=chance.choice(NOTES))
        guest.taggings.get_or_create(tag=tags["Friend of the house"])


def _review(restaurant: Restaurant, now: datetime) -> int:
    """Write some reviews, unless there are some; nobody is thanked, and nobody is told."""
    if Review.objects.filter(restaurant=restaurant).exists():
        return 0
    chance = random.Random(f"reviews {restaurant.slug}")  # noqa: S311
    visits = list(
        Booking.objects.filter(restaurant=restaurant, status=Status.COMPLETED, left_at__lt=now)
        .exclude(guest_phone_index="")
        .order_by("-left_at", "pk")[: REVIEWS * 3 : 3]
    )
    for visit in visits:
        overall = chance.choices((5, 4, 3, 2), (45, 35, 15, 5))[0]
        scores = {aspect: min(5, max(1, overall + chance.choice((-1, 0, 0, 1)))) for aspect in ASPECTS}
        review = Review.objects.create(
            restaurant=restaurant,
            booking_id=visit.public_id,
            author=visit.diner,
            author_name=first_name(visit.guest_name),
            visited_on=visit.service_day,
            text=chance.choice(SAID[overall]),
            **{**scores, "overall": overall},
        )
        written_at = min(now, (visit.left_at or now) + timedelta(hours=chance.randint(2, 40)))
        Review.objects.filter(pk=review.pk).update(created_at=written_at)
    if visits:
        last = Review.objects.filter(restaurant=restaurant).order_by("created_at").first()
        if last is not None:
            Review.objects.filter(pk=last.pk).update(
                answer="Thank you for coming. We hope to see you again soon.", answered_at=now
            )
        reviews.mend(restaurant.pk)
    return len(visits)
