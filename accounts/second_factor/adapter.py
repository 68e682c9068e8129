"""Where allauth's second factors ask Buka: secrets are encrypted like everything personal."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.signed_in import device_name
from core import encryption

AAD = "mfa.authenticator"


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right, or it was used already. Wait for the next one."),
        "cannot_delete_authenticator": _("The second factor cannot be taken off."),
        "cannot_generate_recovery_codes": _("Recovery codes stand in for a second factor: set one up first."),
        "unverified_email": _("Confirm your e-mail address first."),
    }

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text, aad=AAD)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text, aad=AAD)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """Return what a passkey is called that its owner gave no name: the device it was made on."""
        return device_name(self.request.headers.get("User-Agent", ""))

    def get_totp_issuer(self) -> str:
        return "Buka"
