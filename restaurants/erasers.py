"""Forgetting who claimed a restaurant: the decision stays, the person and their proof go."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext_lazy as _

from core.personal_data import Eraser, Outcome, Subject
from restaurants.models import ListingClaim
from restaurants.states import ClaimStatus


def forget_claims(subject: Subject) -> Outcome:
    claims = ListingClaim.objects.filter(claimant_id=subject.account)
    gone, _rows = claims.filter(status=ClaimStatus.PENDING).delete()
    keys = list(claims.values_list("pk", flat=True))
    claims.update(phone="", proof="", job="")
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(ListingClaim), object_id__in=[str(key) for key in keys]
    )
    about.update(object_repr=subject.pseudonym)
    return Outcome(gone=gone, kept=len(keys))


ERASERS = [
    Eraser(
        "restaurants.claims",
        _("Claims of restaurants"),
        35,
        forget_claims,
        goes=_("Phone, proof and what you do there; claims that nobody has decided yet go whole."),
        stays=_("Which restaurant was handed over or refused, and when, without your name."),
        why=_("The house and we must be able to show how it changed hands."),
        covers=(
            "restaurants.ListingClaim.claimant",
            "restaurants.ListingClaim.phone",
            "restaurants.ListingClaim.phone_index",
            "restaurants.ListingClaim.proof",
        ),
    )
]

NOT_ERASED = {
    "restaurants.ListingClaim.decided_by": "The row it leads to holds nothing of the person any more.",
    "restaurants.Restaurant.phone": "The house's own number, shown to everybody.",
    "restaurants.Restaurant.email": "The house's own address.",
}
