"""A code for a token: who may, once, with the proof that it was they who asked."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from sandbox.openid.models import Grant


class Refused(Exception):
    """The code is not honoured; the text is the standard's word for it."""


def redeem(service: str, values: Mapping[str, str], *, client_id: str) -> Grant:
    """Return the grant of a code, which is used up by it.

    :raises Refused: when it is unknown, old, used, another app's, or the proof does not fit
    """
    with transaction.atomic():
        code = Grant.objects.filter(service=service, kind=Grant.Kind.CODE, value=values.get("code", "")).first()
        was_used = code is not None and code.used_at is not None
        if code is not None and was_used:
            # A code shown twice was copied: what it gave is taken back.
            Grant.objects.filter(made_from=code).delete()
        if code is not None and not was_used and _fits(code, values, client_id):
            code.used_at = timezone.now()
            code.save(update_fields=["used_at"])
            return code
    raise Refused("invalid_grant")


def _fits(code: Grant, values: Mapping[str, str], client_id: str) -> bool:
    if code.client_id != client_id or code.expires_at <= timezone.now():
        return False
    if code.redirect_uri != values.get("redirect_uri", ""):
        return False
    if not code.challenge:
        return True
    digest = hashlib.sha256(values.get("code_verifier", "").encode()).digest()
    proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(proof, code.challenge.rstrip("="))


def access(service: str, value: str) -> Grant | None:
    """Return the grant of an access token that is still good."""
    return Grant.objects.filter(
        service=service, kind=Grant.Kind.ACCESS, value=value, expires_at__gt=timezone.now()
    ).first()
