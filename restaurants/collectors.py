"""What an archive holds of the restaurants somebody claimed, or decided about."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.personal_data import Collector, Subject
from restaurants.models import ListingClaim


def claims(subject: Subject) -> Iterator[dict[str, Any]]:
    for claim in ListingClaim.objects.filter(claimant_id=subject.account).select_related("restaurant").order_by("pk"):
        yield {
            "restaurant": claim.restaurant.name,
            "your_role_there": claim.job,
            "phone": claim.phone,
            "proof": claim.proof,
            "status": claim.status,
            "claimed_at": claim.created_at,
            "decided_at": claim.decided_at,
            "reason": claim.reason,
        }


def decisions(subject: Subject) -> Iterator[dict[str, Any]]:
    for claim in ListingClaim.objects.filter(decided_by_id=subject.account).select_related("restaurant").order_by("pk"):
        yield {"restaurant": claim.restaurant.name, "decision": claim.status, "decided_at": claim.decided_at}


COLLECTORS = [
    Collector(
        "claims",
        _("Restaurants you claimed"),
        claims,
        (
            "restaurants.ListingClaim.claimant",
            "restaurants.ListingClaim.phone",
            "restaurants.ListingClaim.phone_index",
            "restaurants.ListingClaim.proof",
        ),
    ),
    Collector("claims_decided", _("Claims you decided"), decisions, ("restaurants.ListingClaim.decided_by",)),
]

NOT_COLLECTED = {
    "restaurants.Restaurant.phone": "The house's own number, shown to everybody.",
    "restaurants.Restaurant.email": "The house's own address.",
}
