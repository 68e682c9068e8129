"""Access and refresh tokens on the wire: JWT (RFC 7519), HS256, the key chosen by `kid` from settings.TOKEN_KEYS."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.utils import timezone

ALGORITHM = "HS256"
AUDIENCE = "buka"
ACCESS, REFRESH = "access", "refresh"
# Far more than any of ours has; nothing longer is even looked at.
LONGEST = 2000


class BadToken(Exception):
    """A token that is not ours, not of this kind, altered, or run out."""


@dataclass(frozen=True)
class Claims:
    kind: str
    family: UUID
    jti: UUID
    user: UUID
    amr: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime


def issue(kind: str, *, family: UUID, jti: UUID, user: UUID, amr: list[str], expires_at: datetime) -> str:
    """Return a signed token. Roles are never in it: they are read at each request."""
    name, key = next(iter(settings.TOKEN_KEYS.items()))
    payload = {
        "iss": settings.BASE_URL,
        "aud": AUDIENCE,
        "typ": kind,
        "sid": family.hex,
        "jti": jti.hex,
        "user_id": str(user),
        "amr": amr,
        "iat": int(timezone.now().timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": name})


def read(token: str, kind: str) -> Claims:
    """Return what a token says.

    :raises BadToken: when it was not made here for this use, or its time is over
    """
    if not token or len(token) > LONGEST:
        raise BadToken("This is no token.")
    try:
        key = settings.TOKEN_KEYS.get(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            raise BadToken("The token names no key of ours.")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.BASE_URL,
            options={"require": ["exp", "iat", "iss", "aud", "jti", "sid", "typ", "user_id"]},
            # Two of our machines may differ by a moment; the sender's clock is never asked.
            leeway=timedelta(seconds=5),
        )
        if claims["typ"] != kind:
            raise BadToken("The token is meant for another use.")
        return Claims(
            kind=kind,
            family=UUID(hex=claims["sid"]),
            jti=UUID(hex=claims["jti"]),
            user=UUID(claims["user_id"]),
            amr=tuple(map(str, claims.get("amr") or ())),
            issued_at=datetime.fromtimestamp(claims["iat"], UTC),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise BadToken(str(error)) from error
