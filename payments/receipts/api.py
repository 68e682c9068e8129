"""A payment's receipt for machines: as JSON, and as the same PDF."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils import translation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.partners.access import LetsPartnersIn
from accounts.partners.models import PartnerApp
from accounts.partners.states import Scope
from core.api.asking import token_in
from core.api.renderers import JSONRenderer
from core.api.schema import answered
from payments import errors
from payments.api import views as doors
from payments.models import Payment
from payments.receipts import selectors, views
from payments.receipts.models import Receipt
from payments.receipts.states import DocumentKind
from payments.states import Kind
from restaurants.api.bodies import money
from restaurants.api.serializers import MoneySerializer
from restaurants.states import ChargeWhat


class PDFRenderer(JSONRenderer):
    """For whoever asks for the file; what is refused to them is told in words."""

    media_type = "application/pdf"
    format = "pdf"


class ReceiptSellerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    legal_name = serializers.CharField(allow_null=True)
    tax_number = serializers.CharField(allow_null=True, help_text="TIN.")
    address = serializers.CharField()


class ReceiptChargeSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(ChargeWhat.choices)
    name = serializers.CharField(help_text="In the language of the receipt.")
    tax = serializers.BooleanField()
    rate = serializers.CharField(help_text='Per cent, as `"7.50"`.')
    amount = MoneySerializer()


class ReceiptItemSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The kind of ticket, as its house named it then.")
    number = serializers.IntegerField()
    unit_price = MoneySerializer()


class ReceiptDocumentSerializer(serializers.Serializer[Any]):
    number = serializers.CharField(help_text="They follow one another without a gap, for each house and year.")
    kind = serializers.ChoiceField(DocumentKind.choices)
    issued_at = serializers.DateTimeField()
    amount = MoneySerializer(help_text="What was received, or given back.")
    net = MoneySerializer(help_text="The amount without its taxes and charges.")
    charges = ReceiptChargeSerializer(many=True, help_text="None on a deposit: they are settled on the bill.")


class ReceiptSerializer(ReceiptDocumentSerializer):
    language = serializers.CharField(help_text="Of the document: its payer's.")
    seller = ReceiptSellerSerializer()
    payer = serializers.CharField(help_text="Empty where somebody paid whom we do not know by name.")
    purpose = serializers.ChoiceField(Kind.choices)
    title = serializers.CharField(help_text="What was paid for, in words.")
    items = ReceiptItemSerializer(
        many=True, help_text="The tickets of the order, at this payment: a part or a share paid towards all of them."
    )
    code = serializers.CharField(allow_null=True, help_text="Of the booking, or of the order.")
    channel = serializers.CharField(allow_null=True)
    card = serializers.CharField(allow_null=True, help_text="Its brand and last four digits.")
    reference = serializers.CharField()
    paid_at = serializers.DateTimeField()
    url = serializers.CharField(help_text="Its page, for its payer and the house.")
    kept = MoneySerializer(allow_null=True, help_text="Of a deposit: what the house keeps by the booking's terms.")
    taken_back = MoneySerializer(allow_null=True, help_text="What a bank took back by a dispute; no credit note is.")
    later = ReceiptDocumentSerializer(many=True, help_text="Credit notes for what went back since.")


EXAMPLE = {
    "number": "BUKA-ZUMA-HEARTH-2026-000123",
    "kind": "receipt",
    "issued_at": "2026-12-24T18:04:13+01:00",
    "amount": {"amount": "10750.00", "currency": "NGN"},
    "net": {"amount": "10000.00", "currency": "NGN"},
    "charges": [
        {
            "kind": "vat",
            "name": "VAT",
            "tax": True,
            "rate": "7.50",
            "amount": {"amount": "750.00", "currency": "NGN"},
        }
    ],
    "language": "en",
    "seller": {
        "name": "Zuma Hearth",
        "legal_name": "Zuma Hearth Kitchens Ltd",
        "tax_number": "00000006-0001",
        "address": "4 Granite Road, Maitama, Abuja",
    },
    "payer": "Ada Obi",
    "purpose": "tickets",
    "title": "Tickets: Highlife night, Zuma Hearth, Saturday, 26 December 2026 at 7:00 pm",
    "items": [{"name": "Standing", "number": 2, "unit_price": {"amount": "5375.00", "currency": "NGN"}}],
    "code": "K7PM2Q",
    "channel": "card",
    "card": "Visa 4081",
    "reference": "buka-4f1c9f0b7a8f2f1b1a10c0de",
    "paid_at": "2026-12-24T18:04:11+01:00",
    "url": "https://buka.example/en/payments/019acf3e-7c1a-7b52-9a41-6a54fd0c9d11/receipt/",
    "kept": None,
    "taken_back": None,
    "later": [],
}


class ReceiptView(LetsPartnersIn, APIView):
    permission_classes = (doors.MayProve,)
    partner_scopes = {"GET": Scope.BOOKINGS_READ}
    renderer_classes = (JSONRenderer, PDFRenderer)

    @extend_schema(
        operation_id="payment_receipt",
        summary="A payment's receipt",
        description=(
            "Of a payment that counts, with the credit notes for what went back of it. As PDF with "
            "`Accept: application/pdf`, or `?format=pdf`; `number` says which of the documents. Read by the payer, by "
            "whoever booked what nobody else paid from an account, by partner apps that see bookings there where no "
            "account paid, and by who handles money at the house. Somebody who paid a share has a receipt of their "
            "own, which whoever booked is not shown."
        ),
        tags=doors.TAGS,
        parameters=[
            doors.TOKEN,
            OpenApiParameter("format", OpenApiTypes.STR, enum=["json", "pdf"]),
            OpenApiParameter("number", OpenApiTypes.STR, description="Of one document; the receipt by default."),
        ],
        responses={
            (200, "application/json"): ReceiptSerializer,
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, description="The document."),
            404: doors.NOT_FOUND,
        },
        examples=[
            answered("Of a ticket", EXAMPLE),
            OpenApiExample("A file", "%PDF-…", response_only=True, status_codes=["200"], media_type="application/pdf"),
        ],
    )
    def get(self, request: Request, id: UUID) -> Response | HttpResponse:
        documents = selectors.documents_of([_readable(request, id)])
        number = request.query_params.get("number") or ""
        chosen = next((each for each in documents if number in ("", each.number)), None)
        if chosen is None:
            raise errors.NoSuchPayment
        if isinstance(request.accepted_renderer, PDFRenderer):
            return views.file_of(chosen)
        receipt, *later = documents
        with translation.override(receipt.language):
            url = request.build_absolute_uri(reverse("payments:receipt", args=[id]))
            return Response({**_body(receipt), **_more(receipt), "url": url, "later": [_body(each) for each in later]})


def _readable(request: Request, payment_id: UUID) -> Payment:
    """:raises NoSuchPayment: unless there is a receipt, and the asker may read it"""
    payment = selectors.payment_with_receipt(payment_id)
    if payment is None or not _may_read(request, payment):
        raise errors.NoSuchPayment
    return payment


def _may_read(request: Request, payment: Payment) -> bool:
    asker = request.user
    if isinstance(asker, PartnerApp) and selectors.app_may_see(asker, payment):
        return True
    user = asker if isinstance(asker, User) else None
    if selectors.is_bookers(user, payment) or selectors.opened_with(payment, token_in(request)):
        return True
    return selectors.may_see(user, payment)


def _body(receipt: Receipt) -> dict[str, Any]:
    return {
        "number": receipt.number,
        "kind": receipt.kind,
        "issued_at": receipt.issued_at,
        "amount": money(receipt.amount_kobo),
        "net": money(receipt.net_kobo),
        "charges": [
            {
                "kind": line.what,
                "name": line.name,
                "tax": line.is_tax,
                "rate": f"{line.rate_bp // 100}.{line.rate_bp % 100:02d}",
                "amount": money(line.kobo),
            }
            for line in receipt.lines
        ],
    }


def _more(receipt: Receipt) -> dict[str, Any]:
    seller, since = receipt.seller, selectors.since(receipt)
    return {
        "language": receipt.language,
        "seller": {
            "name": seller["name"],
            "legal_name": seller["legal_name"] or None,
            "tax_number": seller["tax_number"] or None,
            "address": seller["address"],
        },
        "payer": receipt.payer_name,
        "purpose": receipt.purpose,
        "title": receipt.title,
        "items": [
            {"name": item.name, "number": item.number, "unit_price": money(item.each_kobo)} for item in receipt.bought
        ],
        "code": receipt.code or None,
        "channel": receipt.channel or None,
        "card": receipt.card or None,
        "reference": receipt.reference,
        "paid_at": receipt.paid_at,
        "kept": money(since.kept_kobo) if since.kept_kobo else None,
        "taken_back": money(since.taken_kobo) if since.taken_kobo else None,
    }
