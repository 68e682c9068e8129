"""What an archive holds of somebody's dealings with partner apps."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.partners.models import PartnerApp, PartnerGrant
from core.personal_data import Collector, Subject


def partner_apps(subject: Subject) -> Iterator[dict[str, Any]]:
    for app in PartnerApp.objects.filter(created_by_id=subject.account).order_by("pk"):
        yield {"app": app.name, "what": "registered", "restaurant": "", "at": app.created_at}
    grants = PartnerGrant.objects.filter(Q(granted_by_id=subject.account) | Q(revoked_by_id=subject.account))
    for grant in grants.select_related("app", "restaurant").order_by("pk"):
        did = "granted" if grant.granted_by_id == subject.account else "revoked"
        at = grant.granted_at if did == "granted" else grant.revoked_at
        yield {"app": grant.app.name, "what": did, "restaurant": grant.restaurant.name, "at": at}


COLLECTORS = [
    Collector(
        "partner_apps",
        _("Partner apps you registered or let in"),
        partner_apps,
        ("partners.PartnerApp.created_by", "partners.PartnerGrant.granted_by", "partners.PartnerGrant.revoked_by"),
    ),
]

NOT_COLLECTED = {
    "allauth_idp_oidc.Client.owner": "Clients belong to partner apps and have no owner of their own.",
    "allauth_idp_oidc.Token.user": "Tokens of partner apps are made for the app, not for a person.",
    "allauth_idp_oidc.Token": "Tokens of partner apps, as hashes.",
    "partners.PartnerApp.contact_email": "The organisation's contact.",
    "partners.PartnerApp": "Who registered it stands in partner_apps; the rest is the organisation's.",
    "partners.PartnerGrant": "Who gave it stands in partner_apps; the rest is the restaurant's.",
    "partners.Endpoint": "A partner organisation's address.",
    "partners.Delivery": "Sent to a partner organisation; names rows, not people.",
}
