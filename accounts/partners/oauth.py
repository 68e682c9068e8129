"""OAuth 2 for programs: client credentials in, a token for an hour out, on allauth's clients and tokens.

Of allauth's server only this one grant is mounted: whoever needs no log-in page, no id token and no private key should
not have their doors either. Two things are ours: an app may have two secrets while one replaces the other, and a
client ends its own tokens only.
"""

import re
import secrets
from typing import Any

from allauth.core.internal.httpkit import extract_basic_auth
from allauth.idp.oidc import app_settings
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.models import Token
from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.utils import timezone
from oauthlib.common import Request, urlencode
from oauthlib.oauth2 import BackendApplicationServer, InvalidClientError

from accounts.partners.models import PartnerApp
from core import audit

# Known at a glance, to us and to whoever searches repositories for secrets that leaked.
TOKEN_PREFIX = "bpt_"  # noqa: S105
_CLIENT_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
LONGEST_SECRET = 200
# What may stand in a request; the library would take any other name for a value of its own.
_KNOWN = ("grant_type", "scope", "client_id", "client_secret", "token", "token_type_hint")


class PartnerValidator(OAuthLibRequestValidator):
    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        return True

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        client_id, secret = extract_basic_auth(request.headers)
        if client_id is None:
            client_id, secret = request.client_id, request.client_secret
        found = app_with(client_id, secret)
        if found is None:
            return False
        app, request.proven = found
        request.client = app.client
        request.client.client_id = app.client_id
        return True

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        # A program acts for itself: no person stands behind its token.
        request.user = None
        with transaction.atomic():
            rows = PartnerApp.objects.select_for_update(of=("self",)).select_related("client")
            app = rows.get(pk=request.client.partner_app.pk)
            # To check a secret takes a while; one that was ended meanwhile, with all its tokens, gets no new one.
            if not app.is_active or request.proven not in app.secret_hashes_at(timezone.now()):
                raise InvalidClientError(request=request)
            super().save_bearer_token(token, request, *args, **kwargs)
            app.last_token_at = timezone.now()
            app.save(update_fields=["last_token_at"])
            audit.record("partner.token_issued", actor=app, target=app, details={"scopes": list(request.scopes)})

    def revoke_token(self, token: str, token_type_hint: str, request: Request, *args: Any, **kwargs: Any) -> None:
        Token.objects.by_value(token).filter(client=request.client).delete()


def app_with(client_id: Any, secret: Any) -> tuple[PartnerApp, str] | None:
    """Return the active app with these credentials, and the hash that they fit.

    Its last secret, too, works for a day after a new one was made.
    """
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        return None
    if not isinstance(secret, str) or not 0 < len(secret) <= LONGEST_SECRET:
        return None
    app = PartnerApp.objects.select_related("client").filter(client_id=client_id).first()
    if app is None or not app.is_active:
        return None
    proven = next((kept for kept in app.secret_hashes_at(timezone.now()) if check_password(secret, kept)), None)
    return None if proven is None else (app, proven)


def server() -> BackendApplicationServer:
    return BackendApplicationServer(
        PartnerValidator(),
        token_generator=lambda request: TOKEN_PREFIX + secrets.token_urlsafe(48),
        token_expires_in=app_settings.ACCESS_TOKEN_EXPIRES_IN,
    )


def body_of(sent: Any) -> str:
    """Return the form of a request as the library reads it, with what belongs there only."""
    return str(urlencode([(name, sent[name]) for name in _KNOWN if name in sent]))
