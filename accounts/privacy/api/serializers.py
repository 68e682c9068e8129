"""What the data-subject rights look like as JSON."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.privacy.services.consents import UnknownPurpose
from accounts.privacy.states import OPTIONAL, Door, ErasureStatus, ExportStatus, Purpose
from core.api.fields import StrictSerializer

CHOICES = [(purpose.value, purpose.label) for purpose in OPTIONAL]


class ConsentSerializer(serializers.Serializer[Any]):
    purpose = serializers.ChoiceField(choices=CHOICES)
    label = serializers.CharField(  # type: ignore[assignment]  # a field, here
        help_text="For people, in the asker's language."
    )
    text = serializers.CharField(help_text="The words one agrees to, in the asker's language.")
    version = serializers.IntegerField(help_text="Of the words.")
    given = serializers.BooleanField(help_text="Whether it counts today.")
    given_at = serializers.DateTimeField(allow_null=True)


class ConsentHistorySerializer(serializers.Serializer[Any]):
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    version = serializers.IntegerField()
    locale = serializers.CharField(help_text="The language in which the words were read.")
    given_at = serializers.DateTimeField()
    given_through = serializers.ChoiceField(choices=Door.choices)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_through = serializers.ChoiceField(choices=Door.choices, allow_null=True)


class ConsentsSerializer(serializers.Serializer[Any]):
    consents = ConsentSerializer(many=True)
    history = ConsentHistorySerializer(many=True, help_text="The latest first, at most a hundred.")


@extend_schema_field(
    {
        "type": "object",
        "properties": {purpose: {"type": "boolean"} for purpose, _label in CHOICES},
        "additionalProperties": False,
        "minProperties": 1,
    }
)
class ChoicesField(serializers.Field[Any, Any, Any, Any]):
    """Purpose → true or false, and nothing that only looks like it: a consent is not guessed."""

    default_error_messages = {
        "not_choices": _('Write purposes with true or false, as in {{"marketing": true}}.'),
        "not_boolean": _("Write true or false."),
    }

    def to_internal_value(self, data: Any) -> dict[str, bool]:
        if not isinstance(data, dict) or not data:
            self.fail("not_choices")
        wrong = {
            str(name): [self.error_messages["not_boolean"] if name in dict(CHOICES) else UnknownPurpose.message]
            for name, value in data.items()
            if name not in dict(CHOICES) or not isinstance(value, bool)
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class ChoicesSerializer(StrictSerializer):
    """What is left out stays as it is."""

    consents = ChoicesField()


class ExportSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ExportStatus.choices)
    requested_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Until when it can be fetched.")
    fetched_at = serializers.DateTimeField(allow_null=True)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes, while there is a file.")
    file_url = serializers.URLField(allow_null=True, help_text="Opens once, while the status is `ready`.")


class ErasureSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ErasureStatus.choices)
    requested_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="When it begins; until then it can be taken back.")
    cancelled_at = serializers.DateTimeField(allow_null=True)
