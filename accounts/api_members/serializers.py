"""What the API says and hears about staff and invitations."""

from django.conf import settings
from rest_framework import serializers

from accounts.states import InvitationStatus, Role
from core.api.fields import StrictSerializer

Words = StrictSerializer


class HouseSerializer(Words):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class MemberSerializer(Words):
    id = serializers.UUIDField(help_text="Of the person.")
    name = serializers.CharField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(Role.choices)
    has_second_factor = serializers.BooleanField(help_text="Without one, nobody works with the restaurant's rows.")
    since = serializers.DateTimeField()


class MembersSerializer(Words):
    results = MemberSerializer(many=True)


class ChangeRoleSerializer(Words):
    role = serializers.ChoiceField(Role.choices)


class InviteSerializer(Words):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(Role.choices)
    language = serializers.ChoiceField(
        settings.LANGUAGES, required=False, help_text="Of the mail; who has an account gets it in their own."
    )
    also_at = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=50,
        help_text="Further restaurants of yours to invite to at once.",
    )


class InvitationSerializer(Words):
    id = serializers.UUIDField()
    restaurant = HouseSerializer()
    email = serializers.EmailField()
    role = serializers.ChoiceField(Role.choices)
    status = serializers.ChoiceField(InvitationStatus.choices)
    invited_by = serializers.CharField(allow_null=True, help_text="The name.")
    sent_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class InvitationsSerializer(Words):
    results = InvitationSerializer(many=True)


class OfferSerializer(Words):
    """What the holder of a link sees: not the whole address it was sent to."""

    restaurant = HouseSerializer()
    role = serializers.ChoiceField(Role.choices)
    invited_by = serializers.CharField(allow_null=True)
    email = serializers.CharField(help_text="Masked.")
    expires_at = serializers.DateTimeField()


class AcceptedSerializer(Words):
    restaurant = HouseSerializer()
    role = serializers.ChoiceField(Role.choices)
    since = serializers.DateTimeField()
