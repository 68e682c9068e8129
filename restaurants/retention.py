"""How long the proof of a claim is kept."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, emptying
from restaurants.models import ListingClaim


def decided_claims(before: datetime) -> QuerySet[ListingClaim]:
    # The ciphertext's length: what is encrypted cannot be asked for its value.
    told = Length("phone") + Length("proof")
    return ListingClaim.objects.annotate(told=told).filter(decided_at__lt=before, told__gt=0)


POLICIES = [
    Policy(
        "restaurants.claims",
        _("Phone and proof in claims of restaurants"),
        timedelta(days=730),
        _("after the decision"),
        _("To settle a quarrel about whose house it is."),
        **emptying(decided_claims, phone="", proof=""),
    )
]
