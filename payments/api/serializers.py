"""What is sent and answered about payments."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import LineField, StrictSerializer
from payments.gateways.base import Channel
from payments.models import Payment, PaymentRequest, Refund
from payments.states import Kind, PaymentState, RefundReason, RefundState, RequestState
from restaurants.api.bodies import money
from restaurants.api.serializers import MoneySerializer


class BeginSerializer(StrictSerializer):
    # A guarantee is paid by card, whatever channel is named.
    kind = serializers.ChoiceField(
        choices=[kind.value for kind in (Kind.DEPOSIT, Kind.TICKETS, Kind.GUARANTEE, Kind.FEE)]
    )
    subject = serializers.UUIDField(help_text="The id of the booking, of the order of tickets, or of the fee.")
    channel = serializers.ChoiceField(choices=[way.value for way in (Channel.CARD, Channel.TRANSFER, Channel.USSD)])
    card = serializers.UUIDField(
        required=False,
        help_text="One of one's own saved cards (`GET /api/payments/methods`), charged at once; `channel` is `card`.",
    )
    email = serializers.EmailField(required=False, max_length=254)
    return_url = serializers.URLField(
        required=False, max_length=500, help_text="For partner apps: where the payer comes back to. Without a query."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "card" in attrs and attrs["channel"] != Channel.CARD:
            raise serializers.ValidationError({"channel": _("A saved card is paid with as a card.")})
        return attrs


class CallbackSerializer(StrictSerializer):
    reference = LineField(max_length=60)


class RefundAskSerializer(StrictSerializer):
    amount = serializers.CharField(required=False, max_length=30, help_text="In naira. Left out: all that is left.")
    reason = serializers.ChoiceField(
        choices=[RefundReason.GOODWILL.value, RefundReason.CALLED_OFF.value, RefundReason.TWICE.value], required=False
    )
    note = LineField(max_length=200, required=False, allow_blank=True)


class RefundSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=RefundState.choices)
    amount = MoneySerializer()
    reason = serializers.ChoiceField(choices=RefundReason.choices)
    expected_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class PaymentCardSerializer(serializers.Serializer[Any]):
    brand = serializers.CharField()
    last4 = serializers.CharField()


class PaymentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    subject = serializers.UUIDField()
    state = serializers.ChoiceField(choices=PaymentState.choices)
    is_counted = serializers.BooleanField(help_text="Whether what it was for has taken note of it.")
    amount = MoneySerializer(help_text="What was asked for.")
    received = MoneySerializer()
    refunded = MoneySerializer(help_text="Given back, or on its way.")
    channel = serializers.CharField(allow_null=True)
    card = PaymentCardSerializer(allow_null=True)
    checkout_url = serializers.URLField(allow_null=True, help_text="Where the payer goes; only while it is awaited.")
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    refunds = RefundSerializer(many=True)


class PaymentPageSerializer(serializers.Serializer[Any]):
    results = PaymentSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


def refund_body(row: Refund) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "state": row.state,
        "amount": money(row.amount_kobo),
        "reason": row.reason,
        "expected_at": row.expected_at,
        "created_at": row.created_at,
    }


def payment_body(row: Payment) -> dict[str, Any]:
    request: PaymentRequest = row.request
    is_awaited = row.state == PaymentState.PENDING and request.state == RequestState.OPEN
    return {
        "id": row.public_id,
        "reference": row.reference,
        "kind": request.kind,
        "subject": request.subject_id,
        "state": row.state,
        "is_counted": row.credited_at is not None,
        "amount": money(row.amount_kobo),
        "received": money(row.received_kobo),
        "refunded": money(row.refunded_kobo),
        "channel": row.channel or None,
        "card": {"brand": row.card_brand, "last4": row.card_last4} if row.card_last4 else None,
        "checkout_url": row.checkout_url if is_awaited and row.checkout_url else None,
        "expires_at": row.expires_at,
        "paid_at": row.paid_at,
        "created_at": row.created_at,
        "refunds": [refund_body(refund) for refund in row.refunds.all()],
    }
