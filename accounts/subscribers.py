"""What accounts does when a fact is reported: it writes to the people who look after the platform."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from core.audit.models import SecurityAlert
from localization import formatting
from notifications import services as notifications


def tell_of_security_alert(*, alert_id: UUID) -> None:
    alert = SecurityAlert.objects.filter(public_id=alert_id).first()
    if alert is None:
        return
    for address, name, language in _guards():
        notifications.send(
            kind="security.alert",
            to=address,
            name=name,
            language=language,
            context=_words(alert, name, language),
            dedupe_key=f"security.alert:{alert.public_id}",
        )


def _guards() -> Iterator[tuple[str, str, str]]:
    """Return the platform's admins, and whoever the settings name: each address once."""
    admins = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    told = set()
    for admin in admins:
        told.add(admin.email.lower())
        yield admin.email, admin.name, admin.language
    for address in settings.SECURITY_ALERT_EMAIL:
        if address.strip().lower() not in told:
            told.add(address.strip().lower())
            yield address, "", settings.LANGUAGE_CODE


def _words(alert: SecurityAlert, name: str, language: str) -> dict[str, Any]:
    with translation.override(language):
        return {
            "name": name,
            "what": str(alert),
            "times": formatting.number(alert.count),
            "when": formatting.day_and_time(alert.last_seen_at, zone=formatting.HOME_ZONE),
            "alert_url": f"{settings.BASE_URL}{reverse('admin:audit_securityalert_change', args=[alert.pk])}",
        }
