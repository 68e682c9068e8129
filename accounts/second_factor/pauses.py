"""The wait after wrong codes of a second factor: said as what it is, before the next code is looked at.

Two things make somebody wait: the app's own pause, which doubles with each wrong code (`models.AuthenticatorApp`), and
allauth's five tries in five minutes. A device that knows the account waits only for its own wrong codes, five in five
minutes, and not for the app's pause. Only who has passed the password, or another first step, comes to know of it.
"""

import math
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context as allauth_context
from allauth.core import ratelimit
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import known_devices, waiting
from accounts.models import User
from accounts.second_factor.models import AuthenticatorApp
from core import audit, limits
from core.errors import TooManyAttempts
from core.limits import Limit

DIGITS = 6
# So many wrong codes within a day are told to the account's owner, once.
PILE = Limit("second_factor.wrong_codes", most=5, seconds=24 * 3600)
# Wrong codes of one device that knows the account; the app's pause does not hold it up.
KNOWN_DEVICE = Limit("second_factor.known_device", most=5, seconds=300)


class SecondFactorPaused(TooManyAttempts):
    """Wrong codes were given before; this one was not looked at, right or not."""

    code = "account_second_factor_paused"
    message = _("Wrong codes were given before, so this one was not looked at. Wait, then give the newest code.")


def _known_device(user: User) -> str:
    """Return what the wrong codes of a device that knows the account are counted under, empty for all others.

    Whoever has stolen the password must not be able to keep its owner out with wrong codes.
    """
    request = allauth_context.request
    if not known_devices.knows(request, user):
        return ""
    return f"{user.public_id}:device:{known_devices.device_of(request)}"


def count_try(user: User, error_key: str | None = None) -> Callable[[], None]:
    """Count a code before it is looked at, in place of allauth's function, and return what is done when it is right.

    :raises ValidationError: when there were too many
    """
    request, device, key = allauth_context.request, _known_device(user), _strangers(user)
    if device:
        try:
            KNOWN_DEVICE.take(device)
        except TooManyAttempts as error:
            waiting.note(request, error)
            raise get_adapter().validation_error(error_key or "too_many_login_attempts") from error
        return lambda: KNOWN_DEVICE.give_back(device)
    if not ratelimit.consume(request, action="login_failed", key=key):
        raise get_adapter().validation_error(error_key or "too_many_login_attempts")
    return lambda: ratelimit.clear(request, action="login_failed", key=key)


def _strangers(user: User) -> str:
    return f"mfa-auth-user-{user.pk}"


def expect_no_pause(user: User, code: str) -> None:
    """Find out whether a code will be looked at now. A recovery code does not wait for the app's pause.

    :raises SecondFactorPaused: when it will not, with when one will be
    """
    device = _known_device(user)
    seconds = _seconds_of_device(device) if device else _seconds_of_strangers(user)
    plain = "".join(code.split())
    if not device and len(plain) == DIGITS and plain.isdigit():
        seconds = max(seconds, _pause_of(user))
    if seconds:
        raise SecondFactorPaused(retry_after=seconds)


def _seconds_of_device(device: str) -> int:
    try:
        KNOWN_DEVICE.take(device)
    except TooManyAttempts as error:
        return error.retry_after or 1
    KNOWN_DEVICE.give_back(device)
    return 0


def _seconds_of_strangers(user: User) -> int:
    request = allauth_context.request
    if ratelimit.consume(request, action="login_failed", key=_strangers(user), dry_run=True):
        return 0
    refused = limits.refused(request)
    return refused.seconds if refused is not None else 1


def _pause_of(user: User) -> int:
    """Return for how many seconds the app's codes are not looked at; 0 when they are."""
    app = AuthenticatorApp.objects.filter(user=user, confirmed=True).first()
    is_allowed, why = (True, None) if app is None else app.verify_is_allowed()
    if is_allowed or why is None:
        return 0
    return max(1, math.ceil((why["locked_until"] - timezone.now()).total_seconds()))


class GivesCode:
    """A form of allauth's that takes a code of the second factor, and says when it is too early for one."""

    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        """Return the code that was given.

        :raises SecondFactorPaused: when it is too early for one
        """
        expect_no_pause(self.user, str(self.cleaned_data["code"]))
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except ValidationError as error:
            if error.code != "too_many_login_attempts":
                raise
            # Others used up the tries in this very moment.
            refused = limits.refused(allauth_context.request)
            raise SecondFactorPaused(retry_after=refused.seconds if refused is not None else 1) from error


def count_wrong_code(user: User) -> None:
    """Count a wrong code; when they pile up, tell the owner: whoever gives them has passed the first step."""
    try:
        standing = PILE.take(str(user.public_id))
    except TooManyAttempts:
        return
    if standing.left == 0:
        audit.record("account.factor_guessed", actor=user, target=user, outcome="failed")
        get_adapter().tell("account.factor_guessed", user)
