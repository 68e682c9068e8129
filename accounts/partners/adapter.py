import secrets

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from django.conf import settings


class PartnerAdapter(DefaultOIDCAdapter):
    """What allauth makes for partner apps: names and secrets that can be pasted, and found when they leak."""

    def generate_client_id(self) -> str:
        return f"buka-{secrets.token_hex(12)}"

    def generate_client_secret(self) -> str:
        # Letters and figures only: it travels in forms, headers and shells.
        return f"bps_{secrets.token_hex(32)}"

    def get_issuer(self) -> str:
        return str(settings.BASE_URL)
