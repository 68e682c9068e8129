"""ID tokens: read when the provider signed them, for us, just now, and for this log-in; refused otherwise."""

import hmac
import time
from collections.abc import Collection
from typing import Any

import jwt
import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from core.errors import TooManyAttempts
from core.limits import Limit

# The one both providers sign with. A token does not choose its own: `none`, or our public key as a shared secret, is no
# signature.
ALGORITHM = "RS256"
CLOCKS_APART_SECONDS = 60
KEYS_FOR_SECONDS = 3600
# A made-up key name must not make us ask the provider again and again.
KEYS_ANEW_SECONDS = 30


class BadToken(OAuth2Error):
    """The token is not what it should be; the text says what is wrong and never holds the token."""


def read(
    token: str, *, keys_url: str, issuers: Collection[str], audience: str, nonce: str | None = None
) -> dict[str, Any]:
    """Return what an ID token says.

    :param nonce: what was sent along when the log-in began; None where the token came by itself
    :raises BadToken: when anything about it is wrong
    :raises requests.RequestException: when the provider's keys cannot be had
    """
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise BadToken("It is no JSON Web Token.") from error
    if header.get("alg") != ALGORITHM:
        raise BadToken("It is not signed with RS256.")
    key = _key(keys_url, header.get("kid"))
    try:
        said: dict[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=[ALGORITHM],
            audience=audience,
            leeway=CLOCKS_APART_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError as error:
        raise BadToken(f"It is refused: {type(error).__name__}.") from error
    if said["iss"] not in issuers:
        raise BadToken("It comes from somebody else.")
    if said.get("azp", audience) != audience:
        raise BadToken("It was made for another app.")
    if nonce is not None and not hmac.compare_digest(str(said.get("nonce", "")).encode(), nonce.encode()):
        raise BadToken("It belongs to another log-in.")
    if not isinstance(said["sub"], str) or not said["sub"]:
        raise BadToken("It names nobody.")
    return said


def use_once(token: str, *, seconds: float) -> None:
    """Take a token that came by itself; whoever shows the same one again has copied it.

    :param seconds: for how long it could still be shown
    :raises BadToken: when it was used before
    :raises Unavailable: when nobody can tell
    """
    try:
        Limit("social-token", most=1, seconds=max(int(seconds), 1)).take(token)
    except TooManyAttempts as error:
        raise BadToken("It was used before.") from error


def seconds_left(said: dict[str, Any]) -> float:
    """Return for how long an ID token is still good, our clocks' difference included."""
    return float(said["exp"]) - time.time() + CLOCKS_APART_SECONDS


def nonce_for(state_id: str) -> str:
    """Return the nonce of a log-in: only we can tell it from the state, which is good once and in one browser."""
    return salted_hmac("accounts.social_providers.nonce", state_id, algorithm="sha256").hexdigest()


def _key(keys_url: str, name: Any) -> Any:
    if not isinstance(name, str):
        raise BadToken("It does not say which key it is signed with.")
    place = f"social-keys:{keys_url}"
    known = cache.get(place)
    if known is None or (name not in known["keys"] and time.time() - known["at"] > KEYS_ANEW_SECONDS):
        known = {"at": time.time(), "keys": _keys(keys_url)}
        cache.set(place, known, KEYS_FOR_SECONDS)
    if name not in known["keys"]:
        raise BadToken("It is signed with a key that the provider does not have.")
    return jwt.PyJWK(known["keys"][name], algorithm=ALGORITHM).key


def _keys(keys_url: str) -> dict[str, dict[str, Any]]:
    with get_adapter().get_requests_session() as session:
        answer = session.get(keys_url)
        answer.raise_for_status()
        keys = answer.json().get("keys", [])
    return {
        key["kid"]: key
        for key in keys
        if key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and isinstance(key.get("kid"), str)
    }


def answer_of(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object a provider answered with.

    :raises requests.RequestException: for an error, or anything that is not JSON
    :raises BadToken: when it is JSON and no object
    """
    response.raise_for_status()
    data = response.json()
    if not isinstance(data, dict):
        raise BadToken("The provider answered something that is not its format.")
    return data
