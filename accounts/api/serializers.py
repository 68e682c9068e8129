"""The words of /api/auth/: what is asked and what is answered, for checking and for the schema."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.fields import LineField, NameField, PhoneField, StrictSerializer

LONGEST_PASSWORD = 1000


class Password(serializers.CharField):
    """Kept to the last space; far more than anybody types."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_PASSWORD, trim_whitespace=False, **kwargs)


class Code(serializers.CharField):
    """As it was read out: spaces and hyphens do not count."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return "".join(str(super().to_internal_value(data)).split())


class Ask(StrictSerializer):
    """What is asked."""


class Register(Ask):
    email = serializers.EmailField(max_length=254)
    password = Password()
    name = NameField(max_length=100)
    accepts_terms = serializers.BooleanField(help_text="The terms are accepted and the privacy notice has been read.")
    is_adult = serializers.BooleanField(help_text="Accounts are for people of 18 and older.")


class SocialSignUp(Ask):
    email = serializers.EmailField(
        max_length=254, required=False, help_text="Not asked where the other vouches for one: that is taken then."
    )
    name = NameField(max_length=100)
    accepts_terms = serializers.BooleanField(help_text="The terms are accepted and the privacy notice has been read.")
    is_adult = serializers.BooleanField(help_text="Accounts are for people of 18 and older.")


class ComesThroughOthers(serializers.Serializer[Any]):
    provider = serializers.CharField(help_text="`google` or `facebook`.")
    name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    email_verified = serializers.BooleanField(
        help_text="The other vouches for the address: it stays as it is, and no code is asked for."
    )


class LogIn(Ask):
    email = serializers.EmailField(max_length=254, required=False)
    phone = PhoneField(required=False)
    password = Password()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return one_of(attrs, "email", "phone")


def one_of(attrs: dict[str, Any], *names: str) -> dict[str, Any]:
    if sum(bool(attrs.get(name)) for name in names) != 1:
        raise serializers.ValidationError({names[0]: _("Give either an e-mail address or a phone number.")})
    return attrs


class AskCode(Ask):
    email = serializers.EmailField(max_length=254, required=False)
    phone = PhoneField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return one_of(attrs, "email", "phone")


class GiveCode(Ask):
    code = Code()


class LogOut(Ask):
    everywhere = serializers.BooleanField(required=False, default=False)


class Refresh(Ask):
    refresh_token = serializers.CharField(
        required=False, max_length=2000, help_text="Of programs; browsers send their cookie."
    )


class AskReset(Ask):
    email = serializers.EmailField(max_length=254)


class Reset(Ask):
    code = Code()
    password = Password()


class ChangePassword(Ask):
    current_password = Password(required=False)
    new_password = Password()


class ChangeEmail(Ask):
    email = serializers.EmailField(max_length=254)


class ChangePhone(Ask):
    phone = PhoneField()


class Reauthenticate(Ask):
    password = Password(required=False)
    code = Code(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("password")) == bool(attrs.get("code")):
            raise serializers.ValidationError({"password": _("Give either your password or a code.")})
        return attrs


class Social(Ask):
    id_token = serializers.CharField(max_length=8000, required=False)
    access_token = serializers.CharField(max_length=8000, required=False)
    client_id = serializers.CharField(max_length=300, required=False, help_text="Left out, Buka's own.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("id_token") and not attrs.get("access_token"):
            raise serializers.ValidationError({"id_token": _("Give an id_token or an access_token.")})
        return attrs


class Credential(Ask):
    credential = serializers.DictField(help_text="What navigator.credentials answered, as JSON (WebAuthn level 3).")

    def validate_credential(self, credential: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(credential.get("response"), dict):
            raise serializers.ValidationError(_("This is no credential of a passkey."))
        return credential


class NewPasskey(Credential):
    name = LineField(max_length=100)


class ChangeMe(Ask):
    name = NameField(max_length=100, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)


# --- Answers ---------------------------------------------------------------------------------------------------------


class RestaurantShort(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class MembershipBody(serializers.Serializer[Any]):
    restaurant = RestaurantShort()
    role = serializers.CharField()
    since = serializers.DateTimeField()


class SecondFactorBody(serializers.Serializer[Any]):
    kinds = serializers.ListField(child=serializers.CharField())
    recovery_codes = serializers.BooleanField()
    required = serializers.BooleanField(  # type: ignore[assignment]  # a field, here
        help_text="Somebody with a role works with a second factor only."
    )
    passed = serializers.BooleanField(help_text="This log-in has shown one.")


class Me(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    email_verified = serializers.BooleanField()
    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    phone_verified = serializers.BooleanField()
    language = serializers.CharField()
    currency = serializers.CharField()
    loyalty_tier = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    memberships = MembershipBody(many=True)
    has_password = serializers.BooleanField()
    second_factor = SecondFactorBody()


class SignedIn(serializers.Serializer[Any]):
    user = Me()
    access_token = serializers.CharField(required=False, help_text="Programs only (`X-Client: app`).")
    refresh_token = serializers.CharField(required=False)
    token_type = serializers.CharField(required=False)
    expires_in = serializers.IntegerField(required=False, help_text="Seconds.")
    device_token = serializers.CharField(
        required=False,
        help_text="Programs only, of a log-in: keep it and send it on as X-Device-Token, also after logging out.",
    )


class Refreshed(serializers.Serializer[Any]):
    access_token = serializers.CharField(required=False, help_text="Programs only; browsers get cookies.")
    refresh_token = serializers.CharField(required=False)
    token_type = serializers.CharField(required=False)
    expires_in = serializers.IntegerField(help_text="Seconds.")


class Begun(serializers.Serializer[Any]):
    next = serializers.CharField(help_text="The step that comes now.")
    session_token = serializers.CharField(required=False, help_text="Programs send it on as X-Session-Token.")


class Setup(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Base32.")
    otpauth_uri = serializers.CharField()
    qr_svg = serializers.CharField()


class RecoveryCodes(serializers.Serializer[Any]):
    codes = serializers.ListField(child=serializers.CharField(), help_text="Shown this once.")


class FreshTokens(serializers.Serializer[Any]):
    access_token = serializers.CharField(required=False, help_text="Programs only (`Authorization: Bearer`).")
    refresh_token = serializers.CharField(required=False)
    token_type = serializers.CharField(required=False)
    expires_in = serializers.IntegerField(required=False, help_text="Seconds.")


class FactorConfirmed(RecoveryCodes, FreshTokens):
    pass


class SessionBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client = serializers.CharField()
    program = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_null=True)
    signed_in_by = serializers.ListField(child=serializers.CharField())
    signed_in_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    is_current = serializers.BooleanField()


class Sessions(serializers.Serializer[Any]):
    results = SessionBody(many=True)


class Ticket(serializers.Serializer[Any]):
    ticket = serializers.CharField(help_text="For `?ticket=` of a WebSocket's address; opens one connection.")
    expires_in = serializers.IntegerField(help_text="Seconds.")


class Passkey(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    added_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class PasskeyAdded(Passkey, FreshTokens):
    pass


class Passkeys(serializers.Serializer[Any]):
    results = Passkey(many=True)


class Options(serializers.Serializer[Any]):
    options = serializers.DictField(help_text="For navigator.credentials, as JSON.")
