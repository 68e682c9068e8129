"""What can be done to somebody's second factors outside their own pages."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction

from accounts.models import User
from accounts.second_factor.bridge import BridgedTOTP
from accounts.second_factor.codes import key_of


@transaction.atomic
def enrol(user: User, secret: str) -> None:
    """Give somebody an authenticator app with a known secret, and recovery codes; for demo people and tests.

    :param secret: base32
    :raises ValueError: when it is not base32
    """
    key_of(secret)
    if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        BridgedTOTP.activate(user, secret)
        RecoveryCodes.activate(user)


@transaction.atomic
def remove_all(user: User) -> int:
    """Take all second factors and recovery codes away, and return how many; whoever asks closes the sessions."""
    gone = Authenticator.objects.filter(user=user)
    count = gone.count()
    gone.delete()
    return count
