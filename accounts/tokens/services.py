"""Opening, refreshing and closing log-ins.

A family is closed in one place, close(): its Django session goes, its access tokens are marked in Redis, its live
connections are told. Everything that ends a log-in comes through here.
"""

import hashlib
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import caches
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.models import User
from accounts.sign_in_records import methods_of
from accounts.tokens import codec
from accounts.tokens.models import TokenFamily
from accounts.tokens.states import Client, Reason
from core import audit
from core.errors import DomainError, Unavailable
from core.realtime import announce

logger = logging.getLogger(__name__)

# In the Django session: which family it belongs to.
SESSION_KEY = "token_family"
# A lost answer on a bad line: the same request may come again this long.
SAME_ATTEMPT = timedelta(seconds=60)


class LoginEnded(DomainError):
    code = "account_login_ended"
    message = _("You are logged out on this device. Please log in again.")
    status = 401


@dataclass(frozen=True)
class Pair:
    """What a client holds: both tokens, and how long each lives, in seconds."""

    access: str
    refresh: str
    access_seconds: int
    refresh_seconds: int
    family: TokenFamily


def open_family(*, user: User, session: Any, client: Client, user_agent: str = "") -> Pair:
    """Begin the tokens of a log-in that has just happened.

    :param session: Django's session of that log-in, saved or not
    """
    if not session.session_key:
        session.save()
    now = timezone.now()
    family = TokenFamily.objects.create(
        user=user,
        session_key=session.session_key,
        client=client,
        amr=methods_of(session, user),
        user_agent=user_agent[:200],
        refreshed_at=now,
        expires_at=now + timedelta(seconds=settings.TOKEN_FAMILY_SECONDS),
    )
    session[SESSION_KEY] = family.public_id.hex
    return _pair(family)


def _pair(family: TokenFamily) -> Pair:
    now = timezone.now()
    access_until = min(now + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS), family.expires_at)
    refresh_until = min(now + timedelta(seconds=settings.REFRESH_TOKEN_SECONDS), family.expires_at)
    who = {"family": family.public_id, "user": family.user.public_id, "amr": family.amr}
    return Pair(
        access=codec.issue(codec.ACCESS, jti=uuid.uuid4(), expires_at=access_until, **who),
        refresh=codec.issue(codec.REFRESH, jti=family.current_jti, expires_at=refresh_until, **who),
        access_seconds=int((access_until - now).total_seconds()),
        refresh_seconds=int((refresh_until - now).total_seconds()),
        family=family,
    )


def refresh(*, token: str, attempt: str = "") -> Pair:
    """Exchange a refresh token for the next pair. Each opens once; a second use closes the whole family.

    :param attempt: the request's Idempotency-Key: the very same try within a minute gets the same successor
    :raises LoginEnded: whatever is wrong with it
    :raises core.errors.Unavailable: when sessions cannot be reached
    """
    try:
        claims = codec.read(token, codec.REFRESH)
    except codec.BadToken as error:
        raise LoginEnded from error
    mark = hashlib.sha256(attempt.encode()).hexdigest() if attempt else ""
    with transaction.atomic():
        family = (
            TokenFamily.objects.select_for_update(of=["self"])
            .select_related("user")
            .filter(public_id=claims.family)
            .first()
        )
        if family is None or family.revoked_at is not None or not family.user.is_active:
            raise LoginEnded
        now = timezone.now()
        session = _extended_session(family) if family.expires_at > now else None
        if session is not None:
            family.amr = methods_of(session, family.user)
        if session is None:
            outcome = Reason.EXPIRED
        elif claims.jti == family.current_jti:
            family.previous_jti, family.current_jti = family.current_jti, uuid.uuid4()
            family.attempt, family.refreshed_at = mark, now
            family.save(update_fields=["previous_jti", "current_jti", "attempt", "refreshed_at", "amr"])
            return _pair(family)
        elif (
            mark
            and mark == family.attempt
            and claims.jti == family.previous_jti
            and now - family.refreshed_at <= SAME_ATTEMPT
        ):
            return _pair(family)
        else:
            outcome = Reason.REUSED
        # Closed here and committed, though the caller is refused.
        close([family], outcome)
        if outcome == Reason.REUSED:
            _tell_of_reuse(family)
    raise LoginEnded


def _extended_session(family: TokenFamily) -> Any:
    """Let the Django session live as long as the new refresh token, and return it; None when it is there no longer."""
    try:
        store = _session(family.session_key)
        if store.get(SESSION_KEY) != family.public_id.hex:
            return None
        store.set_expiry(settings.REFRESH_TOKEN_SECONDS)
        store.save()
    except UpdateError:
        return None
    except (RedisError, OSError) as error:
        raise Unavailable from error
    return store


def _tell_of_reuse(family: TokenFamily) -> None:
    from accounts.adapters import AccountAdapter

    audit.record("account.token_reused", actor=family.user, target=family, outcome="refused")
    AccountAdapter().tell("account.token_reused", family.user)


def close_families(
    *, user: User, reason: Reason | str, except_family: UUID | None = None, except_session: str | None = None
) -> int:
    """Log somebody out on every device, or on all but the one at hand; return how many log-ins were closed."""
    with transaction.atomic():
        open_ones = TokenFamily.objects.select_for_update().filter(user=user, revoked_at__isnull=True).order_by("pk")
        to_close = [
            family
            for family in open_ones
            if family.public_id != except_family and (not except_session or family.session_key != except_session)
        ]
        close(to_close, Reason(reason))
        # Sessions begun before there were families, or by another way, go as well.
        keys = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
        kept = {except_session} | {f.session_key for f in open_ones if f.public_id == except_family}
        _end_sessions([key for key in keys if key not in kept])
    return len(to_close)


def close_session(*, session_key: str, reason: Reason | str) -> None:
    """Close the family of a Django session that ends."""
    with transaction.atomic():
        close(
            TokenFamily.objects.select_for_update().filter(session_key=session_key, revoked_at__isnull=True),
            Reason(reason),
        )


def close(families: Iterable[TokenFamily], reason: Reason) -> None:
    """Close families: their sessions, access tokens and live connections with them, as soon as this commits.

    The mark in Redis and the end of the session come first and are repeated on commit: whoever is refused while the
    transaction is open loses nothing, whoever slips in between would be seen twice.
    """
    families = list(families)
    if not families:
        return
    now = timezone.now()
    TokenFamily.objects.filter(pk__in=[family.pk for family in families], revoked_at__isnull=True).update(
        revoked_at=now, reason=reason
    )
    for family in families:
        family.revoked_at, family.reason = now, reason
    for family in families:
        announce(live_group(family.public_id), {"type": "login.ended"})
    _shut(families)
    # Once more when it is true for everybody; should Redis go away in between, the first time holds.
    transaction.on_commit(lambda: _shut(families), robust=True)


def _shut(families: list[TokenFamily]) -> None:
    try:
        caches["sessions"].set_many(
            {_revoked(family.public_id): 1 for family in families}, timeout=settings.ACCESS_TOKEN_SECONDS + 60
        )
        _end_sessions([family.session_key for family in families])
    except (RedisError, OSError) as error:
        # Nobody is told "logged out" while the tokens still open doors.
        raise Unavailable from error


def _end_sessions(keys: list[str]) -> None:
    for key in keys:
        _session(key).delete(key)
    UserSession.objects.filter(session_key__in=keys).delete()


def live_group(family: UUID) -> str:
    """Return the group that live connections of a log-in join, to be closed with it."""
    return f"login.{family.hex}"


def _revoked(family: UUID) -> str:
    return f"jwt:revoked:{family.hex}"


def is_revoked(family: UUID) -> bool:
    """Tell whether a family's access tokens stopped to count before their time.

    :raises core.errors.Unavailable: when nobody can tell
    """
    try:
        return caches["sessions"].get(_revoked(family)) is not None
    except (RedisError, OSError) as error:
        raise Unavailable from error


def authenticate(token: str) -> tuple[User, codec.Claims]:
    """Return whom an access token stands for, marked with whether a second factor was shown.

    :raises LoginEnded: when it opens nothing (any more)
    :raises core.errors.Unavailable: when revocations cannot be read
    """
    try:
        claims = codec.read(token, codec.ACCESS)
    except codec.BadToken as error:
        raise LoginEnded from error
    if is_revoked(claims.family):
        raise LoginEnded
    user = User.objects.filter(public_id=claims.user, is_active=True).first()
    if user is None:
        raise LoginEnded
    user.passed_second_factor = "mfa" in claims.amr
    return user, claims


def session_key_of(family: UUID) -> str | None:
    """Return the Django session of an open family."""
    return (
        TokenFamily.objects.filter(public_id=family, revoked_at__isnull=True)
        .values_list("session_key", flat=True)
        .first()
    )


def renew(*, session: Any, user: User) -> Pair | None:
    """Follow a session whose key or means of signing in have changed, and return a pair that says so.

    None for a session that has no open family.
    """
    family_id = session.get(SESSION_KEY)
    if not family_id:
        return None
    with transaction.atomic():
        family = (
            TokenFamily.objects.select_for_update(of=["self"])
            .select_related("user")
            .filter(public_id=UUID(hex=family_id), user=user, revoked_at__isnull=True)
            .first()
        )
        if family is None:
            return None
        family.session_key, family.amr = session.session_key, methods_of(session, user)
        family.save(update_fields=["session_key", "amr"])
    return _pair(family)


def pair_of(family: UUID) -> Pair:
    """Return the tokens of an open log-in anew, saying by which means it stands now; the refresh token stays the same.

    :raises LoginEnded: when it is open no longer
    """
    found = TokenFamily.objects.select_related("user").filter(public_id=family, revoked_at__isnull=True).first()
    if found is None:
        raise LoginEnded
    return _pair(found)


def _session(key: str | None) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)
