"""A new secret between the request that made it and the page that shows it.

It lies in Redis for a minute, encrypted, under a name that only the session it was made in can compute, and is gone
when it has been looked at once. The address of the page says nothing of it.
"""

from typing import Any

from django.http import HttpRequest
from redis.exceptions import RedisError

from accounts.doors import person_of
from core.encryption import CannotDecrypt, blind_index, decrypt, encrypt
from core.errors import Unavailable
from core.redis import client, key

SECONDS = 60


def keep(request: HttpRequest, row: Any, secret: str) -> None:
    """Keep the secret of a row for who asks; one that was kept before is replaced.

    :raises core.errors.Unavailable: when it cannot be kept
    """
    name = _name(request, row)
    try:
        client().set(key("shown_once", name), encrypt(secret, aad=_aad(name)), ex=SECONDS)
    except (RedisError, OSError) as error:
        raise Unavailable from error


def take(request: HttpRequest, row: Any) -> str | None:
    """Return the secret of a row, to who made it and once; None ever after, and to everybody else.

    :raises core.errors.Unavailable: when it cannot be looked for
    """
    name = _name(request, row)
    try:
        found: Any = client().getdel(key("shown_once", name))
    except (RedisError, OSError) as error:
        raise Unavailable from error
    try:
        return decrypt(found.decode(), aad=_aad(name)) if found else None
    except CannotDecrypt:
        # The key was retired within this minute.
        return None


def _name(request: HttpRequest, row: Any) -> str:
    asked = f"{request.session.session_key}:{person_of(request).pk}:{row._meta.label_lower}:{row.pk}"
    return blind_index(asked, purpose="partners.shown_once")


def _aad(name: str) -> str:
    return f"partners.shown_once:{name}"
