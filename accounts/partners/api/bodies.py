"""What the API says of apps, grants and webhooks, as plain values (see serializers for the words)."""

from typing import Any

from accounts.partners.models import Delivery, Endpoint, PartnerApp, PartnerGrant
from accounts.partners.states import REQUESTS_A_MINUTE, DeliveryStatus, Plan, error_text


def app_body(app: PartnerApp, *, is_manager: bool) -> dict[str, Any]:
    """Return an app; those who only let it in learn who it is, not how it is run."""
    body: dict[str, Any] = {
        "id": app.public_id,
        "client_id": app.client_id,
        "name": app.name,
        "organisation": app.organisation,
        "website": app.website or None,
        "status": app.status,
        "scopes": app.allowed_scopes(),
        "restaurant": app.restaurant.public_id if app.restaurant else None,
        "is_manager": is_manager,
        "contact_email": None,
        "plan": None,
        "requests_per_minute": None,
        "secret_made_at": None,
        "previous_secret_until": None,
        "last_token_at": None,
        "created_at": app.created_at,
        "revoked_at": app.revoked_at,
    }
    if is_manager:
        body |= {
            "contact_email": app.contact_email,
            "plan": app.plan,
            "requests_per_minute": REQUESTS_A_MINUTE[Plan(app.plan)],
            "secret_made_at": app.secret_made_at,
            "previous_secret_until": app.previous_secret_until,
            "last_token_at": app.last_token_at,
        }
    return body


def grant_body(grant: PartnerGrant) -> dict[str, Any]:
    return {
        "id": grant.public_id,
        "app": grant.app.public_id,
        "restaurant": grant.restaurant.public_id,
        "scopes": grant.scopes,
        "granted_at": grant.granted_at,
        "revoked_at": grant.revoked_at,
    }


def endpoint_body(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.public_id,
        "app": endpoint.app.public_id,
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": endpoint.event_types,
        "status": endpoint.status,
        "disabled_by": endpoint.disabled_by or None,
        "verified_at": endpoint.verified_at,
        "failing_since": endpoint.failing_since,
        "previous_secret_until": endpoint.previous_secret_until,
        "created_at": endpoint.created_at,
    }


def delivery_body(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery and its tries; what the address answered is told by its status alone."""
    is_waiting = delivery.status == DeliveryStatus.WAITING
    return {
        "id": delivery.public_id,
        "event_id": delivery.webhook_id,
        "event_type": delivery.event_type,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at if is_waiting else None,
        "answer_status": delivery.answer_status,
        "error": delivery.last_error_text or None,
        "tries": [
            {
                "at": each["at"],
                "status": each["status"],
                "error": error_text(each["error"], each["status"]) or None,
                "milliseconds": each["ms"],
            }
            for each in delivery.tries
        ],
        "created_at": delivery.created_at,
        "delivered_at": delivery.delivered_at,
    }
