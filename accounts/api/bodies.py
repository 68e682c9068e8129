"""What the API says of people, as plain values."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from accounts import selectors
from accounts.models import Membership, User
from accounts.signed_in import Device

CURRENCY = "NGN"


def me_body(user: User) -> dict[str, Any]:
    """Return who somebody is, for themselves."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    memberships = list(Membership.objects.filter(user=user).select_related("restaurant").order_by("restaurant__name"))
    held = selectors.roles_held(user)
    return {
        "id": user.public_id,
        "email": user.email,
        "email_verified": EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists(),
        "name": user.name,
        "phone": user.phone,
        "phone_verified": user.phone_verified_at is not None,
        "language": user.language,
        "currency": CURRENCY,
        # No points are counted yet.
        "loyalty_tier": None,
        "roles": sorted({"diner", *held}),
        "memberships": [
            {
                "restaurant": {
                    "id": membership.restaurant.public_id,
                    "slug": membership.restaurant.slug,
                    "name": membership.restaurant.name,
                },
                "role": membership.role,
                "since": membership.created_at,
            }
            for membership in memberships
        ],
        "has_password": user.has_usable_password(),
        "second_factor": {
            "kinds": sorted(kinds - {Authenticator.Type.RECOVERY_CODES}),
            "recovery_codes": Authenticator.Type.RECOVERY_CODES in kinds,
            "required": selectors.needs_second_factor(user),
            "passed": user.passed_second_factor,
        },
    }


def session_body(device: Device) -> dict[str, Any]:
    """Return a log-in on one device."""
    return {
        "id": device.family.public_id,
        "client": device.family.client,
        "program": device.family.user_agent,
        "address": device.ip_address or None,
        "signed_in_by": device.family.amr,
        "signed_in_at": device.signed_in_at,
        "last_seen_at": device.last_seen_at,
        "is_current": device.is_this_one,
    }
