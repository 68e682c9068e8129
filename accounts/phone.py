"""Telephone numbers as a way in: proved by a code, looked up by a blind index, never told apart from unknown ones.

allauth asks its adapter for all of this; PhoneMixin is that part of Buka's. A number opens an account only when its
owner has proved to have it. A code for a number that opens none is written, counted and thrown away instead of sent, so
that neither the page nor its time says which it was.
"""

import logging
from contextlib import nullcontext
from typing import Any

from allauth.account import app_settings
from allauth.core import context as allauth_context
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import code_limits
from accounts.models import User
from core import audit, phones
from core.encryption import index_of_phone
from core.errors import DomainError
from core.forms import PhoneField
from notifications import services as notifications

logger = logging.getLogger(__name__)

DIGITS = "0123456789"
# Enough to know one's own number by, too little to call.
DIGITS_TOLD = 2


class PhoneTaken(DomainError):
    code = "account_phone_taken"
    message = _("Another account is opened with this phone number already.")
    status = 409


class MobileField(PhoneField):
    """A number in any spelling that text messages can reach."""

    def clean(self, value: Any) -> str:
        phone = str(super().clean(value) or "")
        if phone and not phones.receives_sms(phone):
            raise ValidationError(
                _("This number cannot receive text messages. Write a mobile number, for example 0803 123 4567."),
                code="phone_no_messages",
            )
        return phone


class PhoneMixin:
    """What allauth's account adapter has to know about phones."""

    def phone_form_field(self, **kwargs: Any) -> MobileField:
        return MobileField(**{"label": _("Phone"), **kwargs})

    def clean_phone(self, phone: str) -> str:
        return phones.normalise(phone)

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified_at is not None) if user.phone else None

    def get_user_by_phone(self, phone: str) -> User | None:
        """Return whom a number opens an account of; a number merely written down opens none."""
        return User.objects.filter(
            phone_index=index_of_phone(phone), phone_verified_at__isnull=False, is_active=True
        ).first()

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        set_phone(user=user, phone=phone, is_verified=verified)

    def set_phone_verified(self, user: User, phone: str) -> None:
        if phone and user.phone == phone and user.phone_verified_at is not None:
            # Logging in by a code proves once more what is known.
            return
        deed = "added" if user.phone_verified_at is None else "changed"
        set_phone(user=user, phone=phone, is_verified=True)
        self.tell("account.phone_changed", user, phone_end=phone[-DIGITS_TOLD:], deed=deed)  # type: ignore[attr-defined]

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        """Text a code to the number, to log in with or to prove that it is one's own."""
        is_log_in = user.phone_verified_at is not None and user.phone == phone
        request: Any = allauth_context.request
        with nullcontext() if is_log_in else code_limits.counted_for_new_number(request, user):
            notifications.send_code(
                kind="account.login_code" if is_log_in else "account.phone_confirmation",
                to=phone,
                # A number that is not theirs yet is to them what it is to any stranger.
                asker=code_limits.who_asks(request, user) if is_log_in else f"person:{user.public_id}",
                is_known=is_log_in and code_limits.knows(request, user),
                name=user.name,
                code=str(code),
                minutes=(app_settings.LOGIN_BY_CODE_TIMEOUT if is_log_in else app_settings.PHONE_VERIFICATION_TIMEOUT)
                // 60,
                language=user.language,
            )

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        """Do for an unknown number what is done for a known one, without a message: strangers must cost us none."""
        notifications.send_code(
            kind="account.login_code",
            to=phone,
            asker=code_limits.who_asks(allauth_context.request, None),
            code=get_random_string(app_settings.PHONE_VERIFICATION_CODE_FORMAT["length"], DIGITS),
            minutes=app_settings.LOGIN_BY_CODE_TIMEOUT // 60,
            language=get_language() or "en",
            withheld=True,
        )

    def send_account_already_exists_sms(self, phone: str) -> None:
        self.send_unknown_account_sms(phone)


@transaction.atomic
def set_phone(*, user: User, phone: str, is_verified: bool, by: User | None = None) -> None:
    """Give a person a number, or none; who has another one has not shown it to us yet, unless it `is_verified`.

    :param by: who does it, if not they themselves
    :raises PhoneTaken: when it is proved and opens somebody else's account already
    """
    user.phone = phone
    user.phone_verified_at = timezone.now() if is_verified and phone else None
    try:
        with transaction.atomic():
            user.save(update_fields=["phone", "phone_verified_at"])
    except IntegrityError as clash:
        user.refresh_from_db(fields=["phone", "phone_verified_at"])
        raise PhoneTaken from clash
    audit.record("account.phone_changed", actor=by or user, target=user, details={"proved": is_verified})
