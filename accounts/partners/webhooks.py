"""Everything that can be done to the addresses that partners are told at, and to what is on its way there."""

import base64
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.partners.errors import (
    AppNotActive,
    DeliveryNotFound,
    DeliveryUnderWay,
    EndpointExists,
    EndpointNotActive,
    EndpointNotFound,
    SecretJustMade,
    TooManyEndpoints,
)
from accounts.partners.models import Delivery, Endpoint, PartnerApp, PartnerGrant
from accounts.partners.states import (
    OVERLAP,
    SCOPE_OF_EVENTS,
    TEST_EVENT,
    UNDELIVERED,
    VERIFICATION_EVENT,
    AppStatus,
    DeliveryError,
    DeliveryStatus,
    DisabledBy,
    EndpointStatus,
    EventType,
    just_rotated,
)
from core import audit
from core.errors import InvalidInput
from core.fetching import UrlRefused, target_of
from core.ids import uuid7
from core.limits import Limit
from core.outbox import enqueue
from notifications.services import send

MOST_ENDPOINTS = 10
# Challenges, tests and repeats make this server ask others': nobody is to be bothered through it, whatever the door.
ON_REQUEST = Limit("partners.webhooks_on_request", most=20, seconds=600)


def new_secret() -> str:
    """Return a signing secret as Standard Webhooks writes it."""
    return f"whsec_{base64.b64encode(os.urandom(32)).decode()}"


# --- Addresses --------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_endpoint(
    *, app: PartnerApp, url: str, event_types: Iterable[str], by: Any, description: str = ""
) -> tuple[Endpoint, str]:
    """Add an address and send it the challenge; return it with its signing secret, which is not shown again.

    :param by: whoever asks, a person or the app itself
    :raises InvalidInput: for an address that is never asked, or events there are none of
    :raises AppNotActive: :raises EndpointExists: :raises TooManyEndpoints:
    :raises core.errors.TooManyAttempts: after too many challenges
    """
    _check_url(url)
    wanted = _known_events(event_types)
    app = PartnerApp.objects.select_for_update().get(pk=app.pk)
    if not app.is_active:
        raise AppNotActive
    if app.endpoints.count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints(most=MOST_ENDPOINTS)
    secret = new_secret()
    try:
        with transaction.atomic():
            endpoint = Endpoint.objects.create(
                app=app, url=url, description=description, event_types=wanted, secret=secret
            )
    except IntegrityError as clash:
        raise EndpointExists from clash
    audit.record("webhook.added", actor=by, target=endpoint, details={"app": app.public_id, "events": wanted})
    _challenge(endpoint)
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    *,
    endpoint: Endpoint,
    by: Any,
    url: str | None = None,
    event_types: Iterable[str] | None = None,
    description: str | None = None,
    enabled: bool | None = None,
) -> Endpoint:
    """Change what is given. Another address, and one that is switched on again, has to be proven anew.

    :raises InvalidInput: :raises EndpointExists: :raises core.errors.TooManyAttempts: as add_endpoint
    :raises AppNotActive:
    """
    endpoint = _locked(endpoint)
    changed: list[str] = []
    if event_types is not None and (wanted := _known_events(event_types)) != endpoint.event_types:
        endpoint.event_types = wanted
        changed.append("event_types")
    if description is not None and description != endpoint.description:
        endpoint.description = description
        changed.append("description")
    prove = False
    if url is not None and url != endpoint.url:
        _check_url(url)
        endpoint.url = url
        changed.append("url")
        prove = endpoint.status != EndpointStatus.DISABLED
    if enabled is False and endpoint.status != EndpointStatus.DISABLED:
        prove = False
        changed.append("enabled")
        _set_disabled(endpoint, DisabledBy.PARTNER)
    elif enabled is True and endpoint.status == EndpointStatus.DISABLED:
        if not endpoint.app.is_active:
            raise AppNotActive
        prove = True
        changed.append("enabled")
    if prove:
        endpoint.status = EndpointStatus.UNVERIFIED
        endpoint.disabled_by = DisabledBy.NOBODY
        endpoint.verified_at = endpoint.failing_since = endpoint.quiet_until = None
        endpoint.failures = 0
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError as clash:
        raise EndpointExists from clash
    if changed:
        audit.record("webhook.changed", actor=by, target=endpoint, details={"changed": changed})
    if prove:
        _challenge(endpoint)
    return endpoint


@transaction.atomic
def rotate_endpoint_secret(*, endpoint: Endpoint, by: Any, keep_old: bool = True) -> str:
    """Return a new signing secret; for a day messages carry a signature by the old one, too.

    :param keep_old: False where the old one is known to strangers, and where it cannot be read any more
    :raises SecretJustMade: with keep_old, within a minute of the last time :raises EndpointNotFound: just removed
    """
    endpoint = _locked(endpoint)
    now = timezone.now()
    if keep_old and just_rotated(endpoint.previous_secret_until, now):
        raise SecretJustMade
    endpoint.previous_secret = endpoint.secret if keep_old else ""
    endpoint.previous_secret_until = now + OVERLAP if keep_old else None
    endpoint.secret = new_secret()
    endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    audit.record("webhook.secret_rotated", actor=by, target=endpoint, details={"old_signs_on": keep_old})
    return endpoint.secret


@transaction.atomic
def remove_endpoint(*, endpoint: Endpoint, by: Any) -> None:
    """Remove an address, with its deliveries and their log.

    :raises EndpointNotFound: when somebody else just did
    """
    # First, as all who lock an address and its deliveries do: else this and a sender could wait for each other.
    endpoint = _locked(endpoint)
    audit.record("webhook.removed", actor=by, target=endpoint, details={"app": endpoint.app.public_id})
    endpoint.delete()


@transaction.atomic
def verify_again(*, endpoint: Endpoint) -> Delivery:
    """Send an address that is not verified yet a new challenge.

    :raises EndpointNotActive: when there is nothing to prove, or it is switched off
    :raises AppNotActive: when the app is shut out
    :raises core.errors.TooManyAttempts: after too many
    """
    endpoint = _locked(endpoint)
    if not endpoint.app.is_active:
        raise AppNotActive
    if endpoint.status != EndpointStatus.UNVERIFIED:
        raise EndpointNotActive(state=endpoint.status)
    return _challenge(endpoint)


@transaction.atomic
def send_test(*, endpoint: Endpoint) -> Delivery:
    """Send a test event.

    :raises EndpointNotActive: when the address is not verified, or switched off
    :raises AppNotActive: when the app is shut out
    :raises core.errors.TooManyAttempts: after too many
    """
    endpoint = _locked(endpoint)
    if not endpoint.app.is_active:
        raise AppNotActive
    if endpoint.status != EndpointStatus.ACTIVE:
        raise EndpointNotActive(state=endpoint.status)
    _count(endpoint)
    return _write(endpoint, TEST_EVENT, {"webhook_id": str(endpoint.public_id)})


@transaction.atomic
def send_again(*, delivery: Delivery, by: Any) -> Delivery:
    """Put a delivery back into the queue with all its tries; it keeps its id, by which receivers know the repeat.

    :raises EndpointNotActive: when the address is not verified, or switched off
    :raises DeliveryUnderWay: while it is being tried :raises AppNotActive: when the restaurant no longer allows it
    :raises core.errors.TooManyAttempts: after too many
    """
    endpoint = _locked(delivery.endpoint)
    if endpoint.status != EndpointStatus.ACTIVE or delivery.event_type == VERIFICATION_EVENT:
        raise EndpointNotActive(state=endpoint.status)
    found = Delivery.objects.select_for_update(of=("self",)).filter(pk=delivery.pk).first()
    if found is None:
        raise DeliveryNotFound
    delivery, now = found, timezone.now()
    if delivery.status == DeliveryStatus.SENDING and delivery.next_attempt_at > now:
        raise DeliveryUnderWay
    if not may_go(delivery):
        raise AppNotActive(_("The restaurant no longer lets this app see its bookings."))
    _count(endpoint)
    delivery.status = DeliveryStatus.WAITING
    delivery.attempts = 0
    delivery.next_attempt_at = now
    delivery.delivered_at = None
    delivery.last_error = ""
    delivery.save(update_fields=["status", "attempts", "next_attempt_at", "delivered_at", "last_error"])
    # Somebody asks for it by hand: the address need not be left in peace any longer.
    Endpoint.objects.filter(pk=endpoint.pk).update(quiet_until=None)
    audit.record("webhook.sent_again", actor=by, target=delivery)
    transaction.on_commit(ring, robust=True)
    return delivery


# --- Events -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def forward(
    *, event_id: UUID, event_type: str, restaurant: UUID, occurred_at: datetime, data: Mapping[str, str]
) -> int:
    """Write what happened at a restaurant for every address that may know, and return how many there are.

    :param restaurant: its public id
    :param data: ids, nothing else: whoever may see more asks for it with a token
    """
    grants = PartnerGrant.objects.standing().filter(
        restaurant__public_id=restaurant, scopes__contains=[SCOPE_OF_EVENTS], app__status=AppStatus.ACTIVE
    )
    houses = dict(grants.values_list("app_id", "restaurant_id"))
    # An app whose own registration lost the scope is told no more, whatever the house allows.
    apps = PartnerApp.objects.filter(pk__in=houses).select_related("client")
    told = [app.pk for app in apps if SCOPE_OF_EVENTS in app.client.get_scopes()]
    endpoints = Endpoint.objects.filter(app__in=told, event_types__contains=[event_type], status=EndpointStatus.ACTIVE)
    rows = [
        Delivery(
            endpoint=endpoint,
            event_id=event_id,
            event_type=event_type,
            restaurant_id=houses[endpoint.app_id],
            body=_body(event_type, occurred_at, data),
        )
        for endpoint in endpoints
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        transaction.on_commit(ring, robust=True)
    return len(rows)


def may_go(delivery: Delivery) -> bool:
    """Tell whether its app may (still) know what a delivery says."""
    app = delivery.endpoint.app
    if not app.is_active:
        return False
    if delivery.restaurant_id is None:
        return True
    if SCOPE_OF_EVENTS not in app.client.get_scopes():
        return False
    grants = app.grants.standing().filter(restaurant_id=delivery.restaurant_id, scopes__contains=[SCOPE_OF_EVENTS])
    return bool(grants.exists())


def park_what_may_not_go(*, app: PartnerApp) -> int:
    """Take what a restaurant no longer allows out of the queue, and return how many rows that were."""
    allowed = app.grants.standing().filter(scopes__contains=[SCOPE_OF_EVENTS]).values("restaurant_id")
    waiting = Delivery.objects.filter(
        endpoint__app=app, status=DeliveryStatus.WAITING, restaurant__isnull=False
    ).exclude(restaurant_id__in=allowed)
    return waiting.update(status=DeliveryStatus.PARKED, last_error=DeliveryError.NOT_ALLOWED)


def disable(endpoint: Endpoint, why: DisabledBy) -> None:
    """Switch an address off and tell the app's contact; what waits for it is parked and can be sent again later."""
    _set_disabled(endpoint, why)
    endpoint.save(update_fields=["status", "disabled_by", "quiet_until"])
    audit.record("webhook.disabled", target=endpoint, details={"why": why, "app": endpoint.app.public_id})
    send(
        kind="webhook.disabled",
        to=endpoint.app.contact_email,
        name=endpoint.app.organisation,
        context={
            "name": endpoint.app.organisation,
            "app_name": endpoint.app.name,
            "address": endpoint.url,
            "why": str(why),
        },
        dedupe_key=f"webhook.disabled:{endpoint.public_id}:{uuid7()}",
    )


def disable_all(*, app: PartnerApp, why: DisabledBy) -> None:
    """Switch all addresses of an app off, as part of something that is told anyway."""
    for endpoint in app.endpoints.select_for_update().exclude(status=EndpointStatus.DISABLED).order_by("pk"):
        _set_disabled(endpoint, why)
        endpoint.save(update_fields=["status", "disabled_by", "quiet_until"])


def ring() -> bool:
    """Ask a worker to send what is due; without one, the sweep does."""
    from accounts.partners.tasks import send_due

    return enqueue(send_due)


# --- Inner ------------------------------------------------------------------------------------------------------------


def _locked(endpoint: Endpoint) -> Endpoint:
    rows = Endpoint.objects.select_for_update(of=("self",)).select_related("app__client")
    locked = rows.filter(pk=endpoint.pk).first()
    if locked is None:
        raise EndpointNotFound
    return locked


def _check_url(url: str) -> None:
    try:
        target_of(url)
    except UrlRefused as refusal:
        raise InvalidInput(errors={"url": [refusal.why]}) from refusal


def _known_events(event_types: Iterable[str]) -> list[str]:
    wanted = set(event_types)
    if not wanted or wanted - set(EventType.values):
        choices = ", ".join(EventType.values)
        raise InvalidInput(errors={"event_types": [_("Choose from: %(choices)s.") % {"choices": choices}]})
    return [str(name) for name in EventType if name in wanted]


def _set_disabled(endpoint: Endpoint, why: DisabledBy) -> None:
    endpoint.status = EndpointStatus.DISABLED
    endpoint.disabled_by = why
    endpoint.quiet_until = None
    waiting = Delivery.objects.filter(endpoint=endpoint, status__in=UNDELIVERED)
    waiting.update(status=DeliveryStatus.PARKED, last_error=DeliveryError.SWITCHED_OFF)


def _challenge(endpoint: Endpoint) -> Delivery:
    """Send the address something it must send back: nobody has others' servers called by registering them here."""
    _count(endpoint)
    earlier = Delivery.objects.filter(endpoint=endpoint, event_type=VERIFICATION_EVENT, status__in=UNDELIVERED)
    earlier.update(status=DeliveryStatus.PARKED, last_error=DeliveryError.NEW_CHALLENGE)
    return _write(endpoint, VERIFICATION_EVENT, {"challenge": secrets.token_urlsafe(32)})


def _count(endpoint: Endpoint) -> None:
    ON_REQUEST.take(str(endpoint.app_id))


def _write(endpoint: Endpoint, event_type: str, data: Mapping[str, str]) -> Delivery:
    delivery = Delivery.objects.create(
        endpoint=endpoint,
        event_id=uuid7(),
        event_type=event_type,
        body=_body(event_type, timezone.now(), data),
    )
    transaction.on_commit(ring, robust=True)
    return delivery


def _body(event_type: str, occurred_at: datetime, data: Mapping[str, str]) -> str:
    content = {"type": event_type, "timestamp": occurred_at.isoformat(), "data": dict(data)}
    return json.dumps(content, separators=(",", ":"))
