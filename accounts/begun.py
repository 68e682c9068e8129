"""What is begun and not finished: a log-in, a new password, the proof of an address or a number.

Each remembers how the account stood when it was begun, and is over as soon as the account stands otherwise: a code that
went to the old address, or a log-in begun with the old password, must not outlive the change that was to shut them out.
Its codes are counted in Redis before they are compared: a count in the session is read, changed and written, and many
tries at once would all find it at the beginning.
"""

import secrets
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.models import EmailAddress, Login
from allauth.account.utils import user_pk_to_url_str
from allauth.core.internal.cryptokit import compare_user_code
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import DomainError, TooManyAttempts
from core.limits import Limit

MARK = "mark"
STEP = "step"
# Longer than any step lasts.
SECONDS = 24 * 3600
_SALT = "accounts.begun"


class StepOver(DomainError):
    """Out of order: the step before is missing, was taken already, or took too long."""

    code = "account_step_over"
    message = _("There is nothing to go on with here: begin again, this step is over or was never begun.")
    status = 409


def mark_of(user: User | None) -> str:
    """Return how an account stands as far as ways into it go, in a form that tells nothing; empty for nobody's."""
    if user is None:
        return ""
    stands = f"{user.pk}\n{user.email}\n{user.phone}\n{user.password}\n{user.is_active}"
    return salted_hmac(_SALT, stands, algorithm="sha256").hexdigest()[:32]


def stands_as(user: User | None, mark: str | None) -> bool:
    """Tell whether an account stands as it did when something was begun."""
    return mark is not None and constant_time_compare(mark, mark_of(user))


def proves_another(user: User | None, email: str | None) -> bool:
    """Tell whether an address is not the one that an account has proved: it opens nothing and replaces nothing.

    Nobody's account is looked up as well: whether there is one must not be told by how long it takes.
    """
    of = user.pk if user is not None else 0
    proved = [
        each.lower() for each in EmailAddress.objects.filter(user_id=of, verified=True).values_list("email", flat=True)
    ]
    return bool(email and proved) and str(email).lower() not in proved


class CountedCode(str):
    """A code that is compared with what somebody types only so many times."""

    step: str
    most: int

    @classmethod
    def of(cls, code: str, *, step: str, most: int) -> "CountedCode":
        counted = cls(code)
        counted.step, counted.most = step, most
        return counted


def compare_counted(*, actual: str, expected: str) -> bool:
    """Tell whether a code is right, in place of allauth's function; a counted one is counted first.

    :raises django.core.exceptions.ValidationError: when it was tried often enough; it is not looked at then
    """
    if not isinstance(expected, CountedCode):
        return bool(compare_user_code(actual=actual, expected=expected))
    tries = Limit("codes.tries", expected.most, SECONDS)
    try:
        tries.take(expected.step)
    except TooManyAttempts as error:
        raise get_adapter().validation_error("too_many_login_attempts") from error
    is_right = bool(compare_user_code(actual=actual, expected=str(expected)))
    if is_right:
        # What else was wrong with the form may be corrected.
        tries.give_back(expected.step)
    return is_right


class Begun:
    """A process of allauth's that is over when the account stands otherwise, with a code that is counted."""

    state: dict[str, Any]
    user: Any
    max_attempts: int

    @classmethod
    def initial_state(cls, user: Any, email: str | None = None, phone: str | None = None) -> dict[str, Any]:
        state: dict[str, Any] = super().initial_state(user, email, phone)  # type: ignore[misc]
        return {**state, STEP: secrets.token_urlsafe(12), MARK: mark_of(user)}

    def is_valid(self) -> bool:
        return bool(super().is_valid()) and stands_as(self.user, self.state.get(MARK))  # type: ignore[misc]

    @property
    def code(self) -> str:
        return CountedCode.of(str(self.state.get("code", "")), step=str(self.state[STEP]), most=self.max_attempts)

    def end_once(self) -> None:
        """Let one request alone finish this, however many bring the right code at the same moment.

        :raises StepOver: for the others
        """
        try:
            Limit("codes.ends", 1, SECONDS).take(str(self.state[STEP]))
        except TooManyAttempts as error:
            raise StepOver from error

    def expect_as_begun(self) -> None:
        """Hold on to the account's row until the transaction ends.

        :raises StepOver: when the account stands otherwise by now
        """
        now = User.objects.select_for_update().filter(pk=self.user.pk).first()
        if not stands_as(now, self.state.get(MARK)):
            raise StepOver

    def remember_anew(self) -> None:
        """Remember how the account stands now, after a change that this very step has made."""
        self.state[MARK] = mark_of(User.objects.filter(pk=self.user.pk).first())


# --- Pending log-ins: between the first step and the second ---------------------------------------------------------

_serialize, _deserialize = Login.serialize, Login.deserialize


def serialize_login(login: Login) -> Any:
    """Return a log-in as the session keeps it, in place of allauth's method; the first time, with the mark."""
    login.state.setdefault(MARK, mark_of(login.user))
    return _serialize(login)


def deserialize_login(data: dict[str, Any]) -> Login:
    """Return the log-in that a session keeps, in place of allauth's method.

    :raises ValueError: when the account has changed since it was begun, which allauth takes for "none was begun"
    """
    login = _deserialize(data)
    if not stands_as(login.user, login.state.get(MARK)):
        raise ValueError
    return login


def remember_login_anew(request: HttpRequest, user: User) -> None:
    """Let the log-in that this session has begun go on after a change that a step of it has made."""
    kept = request.session.get(LOGIN_SESSION_KEY)
    if isinstance(kept, dict) and kept.get("user_pk") == user_pk_to_url_str(user):
        kept["state"][MARK] = mark_of(User.objects.filter(pk=user.pk).first())
        request.session.modified = True
