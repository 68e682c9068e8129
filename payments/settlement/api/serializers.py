"""What is asked and answered about statements."""

from typing import Any

from rest_framework import serializers

from payments.forms import WITHIN
from payments.settlement.papers import signed
from payments.settlement.statements import Line, LineKind, Statement
from restaurants.api.serializers import MoneySerializer


class StatementAskSerializer(serializers.Serializer[Any]):
    restaurant = serializers.UUIDField()
    since = serializers.DateField(help_text="The first day, by Nigeria's clock.", source="first", validators=WITHIN)
    until = serializers.DateField(help_text="The last day.", source="last", validators=WITHIN)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        # `from` is a word of Python's.
        return {"restaurant": fields["restaurant"], "from": fields["since"], "until": fields["until"]}


class StatementLineSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=LineKind.choices)
    code = serializers.CharField(allow_null=True, help_text="Of the booking or the order.")
    payment = serializers.UUIDField(allow_null=True)
    gross = MoneySerializer(help_text="Below zero: what went back, or was paid out.")
    commission = MoneySerializer()
    commission_vat = MoneySerializer()
    gateway_fee = MoneySerializer(help_text="Where the restaurant bears it.")
    tax_within = MoneySerializer(help_text="Tax of the restaurant's own sale, which the gross sum contains.")
    net = MoneySerializer(help_text="What the balance moves by.")
    balance = MoneySerializer()


class StatementSerializer(serializers.Serializer[Any]):
    restaurant = serializers.UUIDField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    opening = MoneySerializer()
    closing = MoneySerializer()
    lines = StatementLineSerializer(many=True)


def statement_body(found: Statement, restaurant: Any) -> dict[str, Any]:
    return {
        "restaurant": restaurant,
        "since": found.since,
        "until": found.until,
        "opening": _money(found.opening_kobo),
        "closing": _money(found.closing_kobo),
        "lines": [_line(line) for line in found.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "at": line.at,
        "kind": line.kind.value,
        "code": line.code or None,
        "payment": line.payment_id,
        "gross": _money(line.gross_kobo),
        "commission": _money(line.commission_kobo),
        "commission_vat": _money(line.commission_tax_kobo),
        "gateway_fee": _money(line.fee_kobo),
        "tax_within": _money(line.tax_kobo),
        "net": _money(line.net_kobo),
        "balance": _money(line.balance_kobo),
    }


def _money(kobo: int) -> dict[str, str]:
    return {"amount": signed(kobo), "currency": "NGN"}
