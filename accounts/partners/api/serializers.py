"""The words of the API about partner apps and webhooks: what it takes in, and what the schema says it answers."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.partners.states import (
    GRANTED_SCOPES,
    AppStatus,
    DeliveryStatus,
    DisabledBy,
    EndpointStatus,
    EventType,
    Plan,
    Scope,
)
from core.api.fields import LineField, StrictSerializer

Words = StrictSerializer
GRANTED = [(scope.value, scope.label) for scope in GRANTED_SCOPES]
WHY_DISABLED = [choice for choice in DisabledBy.choices if choice[0]]


def _scopes(choices: Any = Scope.choices, **more: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.ChoiceField(choices), min_length=1, max_length=20, **more)


# --- Apps -------------------------------------------------------------------------------------------------------------


class AppSerializer(Words):
    id = serializers.UUIDField()
    client_id = serializers.CharField(help_text="No secret: whoever lets the app in asks its maker for this.")
    name = serializers.CharField()
    organisation = serializers.CharField()
    website = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(AppStatus.choices)
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices))
    restaurant = serializers.UUIDField(allow_null=True, help_text="Of a house's own app, the house.")
    is_manager = serializers.BooleanField(help_text="Whether you may change it. Without that, what follows is null.")
    contact_email = serializers.CharField(allow_null=True)
    plan = serializers.ChoiceField(Plan.choices, allow_null=True)
    requests_per_minute = serializers.IntegerField(allow_null=True)
    secret_made_at = serializers.DateTimeField(allow_null=True)
    previous_secret_until = serializers.DateTimeField(allow_null=True, help_text="Until when the old secret works.")
    last_token_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class AppWithSecretSerializer(AppSerializer):
    client_secret = serializers.CharField(help_text="Shown this once; only a hash of it is kept.")


class AppPageSerializer(Words):
    results = AppSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class AppAskSerializer(Words):
    name = LineField(max_length=100)
    organisation = LineField(max_length=100)
    contact_email = serializers.EmailField(max_length=254)
    website = serializers.URLField(max_length=200, required=False, allow_blank=True)
    scopes = _scopes()
    restaurant = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="Makes a house's own app: it works there at once and nowhere else. Owners must name theirs.",
    )
    plan = serializers.ChoiceField(Plan.choices, required=False, help_text="For the platform's people to choose.")


class AppChangeSerializer(Words):
    name = LineField(max_length=100, required=False)
    organisation = LineField(max_length=100, required=False)
    contact_email = serializers.EmailField(max_length=254, required=False)
    website = serializers.URLField(max_length=200, required=False, allow_blank=True)
    scopes = _scopes(required=False)
    plan = serializers.ChoiceField(Plan.choices, required=False, help_text="For the platform's people to choose.")
    status = serializers.ChoiceField(
        [choice for choice in AppStatus.choices if choice[0] != AppStatus.REVOKED],
        required=False,
        help_text="For the platform's people; to revoke an app, delete it.",
    )


class RotationSerializer(Words):
    keep_old = serializers.BooleanField(
        default=True, help_text="False ends the old secret at once, where strangers may know it."
    )


class SecretSerializer(Words):
    secret = serializers.CharField(help_text="Shown this once.")
    previous_secret_until = serializers.DateTimeField(allow_null=True, help_text="Until when the old one works, too.")


class GrantSerializer(Words):
    id = serializers.UUIDField()
    app = serializers.UUIDField()
    restaurant = serializers.UUIDField()
    scopes = serializers.ListField(child=serializers.ChoiceField(GRANTED))
    granted_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class GrantPageSerializer(Words):
    results = GrantSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class GrantAskSerializer(Words):
    restaurant = serializers.UUIDField()
    scopes = _scopes(GRANTED, help_text="What the app may do there; replaces what it was allowed before.")


# --- Webhooks ---------------------------------------------------------------------------------------------------------


class WebhookSerializer(Words):
    id = serializers.UUIDField()
    app = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField()
    event_types = serializers.ListField(child=serializers.ChoiceField(EventType.choices))
    status = serializers.ChoiceField(EndpointStatus.choices)
    disabled_by = serializers.ChoiceField(WHY_DISABLED, allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True, help_text="After five days of this it is disabled.")
    previous_secret_until = serializers.DateTimeField(allow_null=True, help_text="Until when both secrets sign.")
    created_at = serializers.DateTimeField()


class WebhookWithSecretSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="`whsec_…`, shown this once.")


class WebhookPageSerializer(Words):
    results = WebhookSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class AddressField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2000, help_text="https on port 443, without credentials or fragment.", **kwargs)


class WebhookAskSerializer(Words):
    url = AddressField()
    event_types = serializers.ListField(
        child=serializers.ChoiceField(EventType.choices), min_length=1, max_length=len(EventType)
    )
    description = LineField(max_length=200, required=False, allow_blank=True)
    app = serializers.UUIDField(required=False, help_text="For people; an app's own token says which app.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.context.get("needs_app") and "app" not in attrs:
            raise serializers.ValidationError({"app": _("Say for which app.")})
        return attrs


class WebhookChangeSerializer(Words):
    url = AddressField(required=False)
    event_types = serializers.ListField(
        child=serializers.ChoiceField(EventType.choices), min_length=1, max_length=len(EventType), required=False
    )
    description = LineField(max_length=200, required=False, allow_blank=True)
    enabled = serializers.BooleanField(required=False, help_text="True for a disabled one sends a new challenge.")


class TrySerializer(Words):
    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True, help_text="What the address answered with.")
    error = serializers.CharField(allow_null=True)
    milliseconds = serializers.IntegerField()


class DeliverySerializer(Words):
    id = serializers.UUIDField()
    event_id = serializers.CharField(help_text="The header `webhook-id`: the same at every try.")
    event_type = serializers.CharField()
    status = serializers.ChoiceField(DeliveryStatus.choices)
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    answer_status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    tries = TrySerializer(many=True)
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


class DeliveryPageSerializer(Words):
    results = DeliverySerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


# --- OAuth ------------------------------------------------------------------------------------------------------------


class TokenAskSerializer(Words):
    grant_type = serializers.ChoiceField(["client_credentials"])
    scope = serializers.CharField(required=False, help_text="Divided by spaces; all of the app's, if left out.")
    client_id = serializers.CharField(required=False, help_text="Here, or as the name of HTTP Basic.")
    client_secret = serializers.CharField(required=False, help_text="Here, or as the password of HTTP Basic.")


class TokenSerializer(Words):
    access_token = serializers.CharField()
    token_type = serializers.ChoiceField(["Bearer"])
    expires_in = serializers.IntegerField(help_text="Seconds.")
    scope = serializers.CharField()


class RevocationAskSerializer(Words):
    token = serializers.CharField()
    token_type_hint = serializers.CharField(required=False)
    client_id = serializers.CharField(required=False)
    client_secret = serializers.CharField(required=False)


class OAuthErrorSerializer(Words):
    """What OAuth 2 answers (RFC 6749, 5.2); not problem details, as its clients know this."""

    error = serializers.CharField()
    error_description = serializers.CharField(required=False)


class MetadataSerializer(Words):
    issuer = serializers.CharField()
    token_endpoint = serializers.CharField()
    revocation_endpoint = serializers.CharField()
    scopes_supported = serializers.ListField(child=serializers.CharField())
    response_types_supported = serializers.ListField(child=serializers.CharField())
    grant_types_supported = serializers.ListField(child=serializers.CharField())
    token_endpoint_auth_methods_supported = serializers.ListField(child=serializers.CharField())
    revocation_endpoint_auth_methods_supported = serializers.ListField(child=serializers.CharField())
    service_documentation = serializers.CharField()
