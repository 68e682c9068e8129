"""A partner app for the demo city, to try the API with: its secret is known to everybody, so production has none."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.partners import services
from accounts.partners.models import PartnerApp
from accounts.partners.states import GRANTED_SCOPES, Plan, Scope
from restaurants.models import Restaurant

CLIENT_ID = "buka-demo-partner"
SECRET = "bps_for-development-only"  # noqa: S105  (printed on the screen of everybody who starts the demo)
WORKS_AT = "agbalumo-terrace"


@transaction.atomic
def load(*, now: datetime) -> list[str]:
    """Register the app and let it into one house; what is there already stays as it is."""
    house = Restaurant.objects.filter(slug=WORKS_AT).first()
    if settings.IS_PRODUCTION or house is None or PartnerApp.objects.filter(client_id=CLIENT_ID).exists():
        return []
    app, _secret = services.register_app(
        name="Demo partner",
        organisation="Demo partner",
        contact_email="partner@example.com",
        scopes=list(Scope),
        plan=Plan.STANDARD,
        by=None,
        credentials=(CLIENT_ID, SECRET),
    )
    services.grant_access(app=app, restaurant_id=house.pk, scopes=GRANTED_SCOPES, by=None)
    return ["a partner app"]


def refresh(*, now: datetime) -> list[str]:
    return []


def login_lines() -> list[str]:
    """Return the app's credentials, where there is one."""
    if settings.IS_PRODUCTION:
        return []
    return [f"Partner app   client id {CLIENT_ID}   secret {SECRET}   works for Agbalumo Terrace (docs/partners.md)"]
