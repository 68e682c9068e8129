"""What restaurants does when a fact is reported: it writes to whoever claimed a listing."""

from typing import Any

from django.conf import settings

from notifications import services as notifications
from restaurants.models import ListingClaim


def tell_claim_received(*, claim_id: int) -> None:
    _write(claim_id, "claim.received")


def tell_claim_approved(*, claim_id: int) -> None:
    _write(claim_id, "claim.approved", manage_url=f"{settings.BASE_URL}/admin/")


def tell_claim_refused(*, claim_id: int, reason: str) -> None:
    _write(claim_id, "claim.refused", reason=reason)


def _write(claim_id: int, kind: str, **more: Any) -> None:
    claim = ListingClaim.objects.select_related("restaurant", "claimant").filter(pk=claim_id).first()
    if claim is None:
        return
    notifications.send(
        kind=kind,
        to=claim.claimant.email,
        name=claim.claimant.name,
        language=claim.claimant.language,
        context={"name": claim.claimant.name, "restaurant_name": claim.restaurant.name, **more},
        dedupe_key=f"{kind}:{claim.pk}",
    )
