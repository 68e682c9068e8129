"""The seam between allauth, which enrols authenticator apps, and django-otp, which takes their codes.

allauth alone would take one code twice (its memory of used codes is shorter than the codes live) and keeps that memory
in a cache; django-otp keeps the last step taken in a row, under a lock. allauth offers no hook here, so three of its
functions are replaced when the app starts; tests/test_bridge.py holds on to what is expected of them.
"""

from contextvars import ContextVar
from typing import Any

import django_otp
from allauth.account import app_settings as account_settings
from allauth.account.internal.flows import reauthentication
from allauth.mfa.totp.internal import auth
from django.db import IntegrityError, transaction

from accounts.second_factor import codes
from accounts.second_factor.errors import AppThere
from accounts.selectors import has_second_factor
from accounts.sign_in_records import fresh_since

# Which step the code of an enrolment belonged to, from its check to the row it makes a moment later.
_enrolled_with: ContextVar[tuple[str, int] | None] = ContextVar("enrolled_with", default=None)


def validate_totp_code(secret: str, code: str) -> bool:
    step = codes.step_of(secret, code)
    _enrolled_with.set(None if step is None else (secret, step))
    return step is not None


class BridgedTOTP(auth.TOTP):
    @classmethod
    def activate(cls, user: Any, secret: str) -> "BridgedTOTP":
        from accounts.second_factor.models import AuthenticatorApp

        seen = _enrolled_with.get()
        last_t = seen[1] if seen is not None and seen[0] == secret else -1
        try:
            with transaction.atomic():
                made = super().activate(user, secret)
                AuthenticatorApp.objects.create(
                    user=user, name="TOTP", authenticator=made.instance, last_t=last_t, confirmed=True
                )
        except IntegrityError as clash:
            # Set up twice at the same moment.
            raise AppThere from clash
        return cls(made.instance)

    def validate_code(self, code: str) -> bool:
        app = self.instance.app
        return django_otp.verify_token(self.instance.user, app.persistent_id, code) is not None


def join() -> None:
    """Put django-otp behind allauth's authenticator apps."""
    auth.validate_totp_code = validate_totp_code
    auth.TOTP = BridgedTOTP
    from allauth.mfa.base import forms as base_forms
    from allauth.mfa.totp import forms as totp_forms
    from allauth.mfa.totp.internal import flows
    from allauth.mfa.webauthn import forms as webauthn_forms

    from accounts.second_factor import pauses

    flows.TOTP = BridgedTOTP
    for forms in (base_forms, totp_forms, webauthn_forms):
        forms.check_rate_limit = pauses.count_try
    reauthentication.did_recently_reauthenticate = did_recently_reauthenticate


def did_recently_reauthenticate(request: Any) -> bool:
    """Answer allauth's own question as everybody else's."""
    return signed_in_just_now(request.user, request.session)


def signed_in_just_now(user: Any, session: Any) -> bool:
    """Tell whether this session has shown within the last minutes who it is.

    A log-in counts as well as what was asked for again. Where there is a second factor nothing else counts: a session
    begun with a stolen password could otherwise take that factor away. Who has neither a password nor a factor has
    nothing to be asked for, and must log in anew: allauth would let their old sessions do everything.
    """
    if not user.is_authenticated:
        return False
    return fresh_since(session, user, account_settings.REAUTHENTICATION_TIMEOUT, by_factor=has_second_factor(user))
