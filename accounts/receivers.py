"""What Buka does when Django or allauth reports that somebody signed in, out, or changed how they sign in."""

from typing import Any

from allauth.account import signals as account
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social
from django.contrib.auth import SESSION_KEY
from django.contrib.auth import signals as auth
from django.contrib.auth.models import AnonymousUser
from django.dispatch import receiver

from accounts import sign_in_records
from accounts.models import User
from accounts.second_factor import pauses
from accounts.selectors import has_second_factor, second_factors_of
from accounts.tokens import services, strategy
from accounts.tokens.middleware import CHANGED, SIGNED_IN, SIGNED_OUT
from accounts.tokens.states import Reason
from core import audit


@receiver(auth.user_logged_in)
def signed_in(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    if request is None or not hasattr(request, "allauth"):
        # Django's test client and commands; nobody is there to be given tokens.
        return
    if not strategy.is_app(request):
        setattr(request, SIGNED_IN, True)
    audit.record(
        "account.logged_in", actor=user, target=user, details={"by": sign_in_records.methods_of(request.session, user)}
    )


@receiver(auth.user_logged_out)
def signed_out(sender: Any, request: Any, user: User | None, **kwargs: Any) -> None:
    if request is None or user is None:
        return
    setattr(request, SIGNED_OUT, True)
    key = getattr(request.session, "session_key", None)
    if key:
        services.close_session(session_key=key, reason=Reason.LOGGED_OUT)
    audit.record("account.logged_out", actor=user, target=user)


@receiver(account.user_signed_up)
def signed_up(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    audit.record("account.registered", actor=user, target=user)


@receiver(account.password_changed)
@receiver(account.password_set)
def password_changed(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    _follow(request, user)
    _close_others(request, user, Reason.PASSWORD)
    audit.record("account.password_changed", actor=user, target=user)


@receiver(account.password_reset)
def password_reset(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    is_here = request.session.get(SESSION_KEY) == str(user.pk)
    services.close_families(user=user, reason=Reason.PASSWORD)
    if is_here:
        # The session at hand has just ended with the others: it must not be saved at the end of the request.
        request.session.flush()
        request.user = AnonymousUser()
        setattr(request, SIGNED_OUT, True)
    audit.record("account.password_reset", actor=user, target=user)


@receiver(account.email_confirmed)
def email_confirmed(sender: Any, request: Any, email_address: Any, **kwargs: Any) -> None:
    audit.record("account.email_verified", actor=email_address.user, target=email_address.user)


@receiver(account.email_changed)
def email_changed(sender: Any, request: Any, user: User, from_email_address: Any = None, **kwargs: Any) -> None:
    if from_email_address is None:
        # The first address of a new account.
        return
    audit.record("account.email_changed", actor=user, target=user)


@receiver(account.authentication_step_completed)
def step_completed(sender: Any, request: Any, user: User, method: str, **kwargs: Any) -> None:
    # A signed-in person showed a second factor: the tokens are to say so.
    if request.user.is_authenticated and request.user.pk == user.pk:
        _follow(request, user)
        if method == "mfa":
            request.user.passed_second_factor = True


@receiver(account.login_code_rejected)
@receiver(account.password_reset_code_rejected)
@receiver(account.email_verification_code_rejected)
def code_rejected(sender: Any, request: Any, user: User | None = None, **kwargs: Any) -> None:
    # For nobody's code as well (AlikeForNobody): benchmarks/tests/test_login_timing.py compares what is written.
    audit.note("account.code_refused", target=user if user is not None else ("person", ""), outcome="failed")


@receiver(mfa.authenticator_added)
def factor_added(sender: Any, request: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        # They come with the first factor, and are none themselves.
        audit.record("account.recovery_codes_made", actor=user, target=user)
        return
    audit.record("account.factor_added", actor=user, target=user, details={"kind": authenticator.type})
    if second_factors_of(user).count() == 1:
        # Sessions that never saw it may be anybody's who knows the password.
        _close_others(request, user, Reason.FACTOR_ADDED)
    if request.user.is_authenticated:
        # Whoever has just shown a code of it, or touched the key, has passed it in this session.
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type, reauthenticated=True)


@receiver(mfa.authenticator_removed)
def factor_removed(sender: Any, request: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        audit.record("account.recovery_codes_removed", actor=user, target=user)
        return
    audit.record("account.factor_removed", actor=user, target=user, details={"kind": authenticator.type})
    if not has_second_factor(user):
        sign_in_records.drop_factor(request.session)
        request.user.passed_second_factor = False
        _follow(request, user)
        _close_others(request, user, Reason.FACTOR_REMOVED)


@receiver(mfa.authenticator_reset)
def codes_made_anew(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    audit.record("account.recovery_codes_made", actor=user, target=user)


@receiver(mfa.authenticator_used)
def factor_used(sender: Any, request: Any, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        return
    # Read anew: the code was ticked off in another copy of the row, under a lock.
    left = len(Authenticator.objects.get(pk=authenticator.pk).wrap().get_unused_codes())
    audit.record("account.recovery_code_used", actor=user, target=user, details={"left": left})
    get_adapter().tell("account.recovery_code_used", user, left=left)


@receiver(mfa.authentication_failed)
def factor_refused(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    audit.note("account.factor_refused", actor=user, target=user, outcome="failed")
    pauses.count_wrong_code(user)


@receiver(social.social_account_added)
def social_connected(sender: Any, request: Any, sociallogin: Any, **kwargs: Any) -> None:
    user, provider = sociallogin.user, sociallogin.account.provider
    audit.record("account.social_connected", actor=user, target=user, details={"provider": provider})


@receiver(social.social_account_removed)
def social_disconnected(sender: Any, request: Any, socialaccount: Any, **kwargs: Any) -> None:
    user = socialaccount.user
    audit.record("account.social_disconnected", actor=user, target=user, details={"provider": socialaccount.provider})


def _follow(request: Any, user: User) -> None:
    """Let the log-in's family follow its session, whose key or means of signing in have changed.

    Here and not at the end of the request: for programs allauth puts another session in its place before that.
    """
    services.renew(session=request.session, user=user)
    # A browser gets cookies that say the same.
    setattr(request, CHANGED, True)


def _close_others(request: Any, user: User, reason: Reason) -> None:
    from uuid import UUID

    mine = request.session.get(services.SESSION_KEY)
    services.close_families(
        user=user,
        reason=reason,
        except_family=UUID(hex=mine) if mine else None,
        except_session=request.session.session_key,
    )
