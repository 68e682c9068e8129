"""django-otp's part in an authenticator app that allauth has enrolled: no code twice, drift, a pause after errors."""

import time
from typing import ClassVar

from allauth.core import context as allauth_context
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.db import models
from django_otp.models import Device, DeviceManager, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from accounts import known_devices
from accounts.second_factor.codes import STEP, TOLERANCE, key_of

# The pause doubles with each wrong code: 2 to the power of 8 is 256 seconds.
LONGEST_PAUSE = 9


class AuthenticatorApp(TimestampMixin, ThrottlingMixin, Device):
    """What has been seen of one authenticator app. Its secret stays where allauth keeps it."""

    authenticator = models.OneToOneField(Authenticator, models.CASCADE, related_name="app")
    # The time step of the last code that was taken: only later ones count, so none counts twice.
    last_t = models.BigIntegerField(default=-1)
    drift = models.SmallIntegerField(default=0)

    objects: ClassVar[DeviceManager] = DeviceManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user"], name="one_authenticator_app_per_person")]

    def verify_token(self, token: str) -> bool:
        """Tell whether this is the app's code, now or one step off; django_otp.verify_token calls it under a lock."""
        is_known = known_devices.knows(allauth_context.request, self.user)
        allowed, _why = self.verify_is_allowed()
        if not allowed and not is_known:
            return False
        code = "".join(str(token).split())
        totp = TOTP(key_of(decrypt(self.authenticator.data["secret"])), step=STEP, drift=self.drift)
        totp.time = time.time()
        is_number = code.isascii() and code.isdigit() and len(code) == totp.digits
        if is_number and totp.verify(int(code), TOLERANCE, self.last_t + 1):
            self.last_t, self.drift = totp.t(), totp.drift
            self.throttle_reset(commit=False)
            self.set_last_used_timestamp(commit=False)
            self.save()
            return True
        if not is_known:
            # Known devices have a count of their own (pauses.count_try).
            self.throttle_increment(commit=True)
        return False

    def throttle_increment(self, commit: bool = True) -> None:
        """Count a wrong code, up to a pause of about four minutes: a thief must not be able to lock its owner out."""
        super().throttle_increment(commit=False)
        self.throttling_failure_count = min(self.throttling_failure_count, LONGEST_PAUSE)  # type: ignore[has-type]
        if commit:
            self.save()

    def get_throttle_factor(self) -> int:
        # Seconds, doubled with each wrong code; allauth's own limit of five in five minutes comes on top.
        return 1
