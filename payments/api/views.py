"""Paying, looking what became of it, and giving back, for machines."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import staff_may
from accounts.models import User
from accounts.partners.access import LetsPartnersIn
from accounts.partners.models import PartnerApp
from accounts.partners.states import Scope
from accounts.sensitive import ReauthenticationNeeded, expect_fresh_sign_in
from accounts.states import Ability
from core import audit, money
from core.api.asking import TOKEN_HEADER, read, token_in
from core.api.idempotency import (
    HEADER,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    idempotent,
)
from core.api.pagination import CursorPages
from core.api.schema import answered, asked, problem_response
from core.errors import DomainError, InvalidInput, NotAllowed
from core.limits import address_of
from payments import errors, limits, selectors, services
from payments.api import examples
from payments.api import serializers as words
from payments.gateways.base import Channel, Payer
from payments.models import Payment, PaymentRequest
from payments.saved.errors import CardUnusable, NoSuchCard
from payments.saved.selectors import card_of, payable_with
from payments.saved.services.charging import charge_saved
from payments.services.beginning import Wish, key_of
from payments.states import RefundReason
from payments.subjects import subject_of

TAGS = ["Payments"]
TOKEN = OpenApiParameter(
    TOKEN_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="For guests without an account: the token that came with the booking, or with the order.",
)
NOT_FOUND = problem_response("There is no such payment, or it is not yours.", payment_not_found={})


def _user(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _actor(request: Request) -> str:
    return f"{type(request.user).__name__}:{request.user.pk or token_in(request)}"


def _visible(request: Request, kind: str, subject_id: UUID) -> None:
    """:raises NoSuchRequest: unless the asker may see what is paid for"""
    if not subject_of(kind).visible_to(subject_id, request=request, token=token_in(request)):
        raise errors.NoSuchRequest


def own(request: Request, payment: Payment | None) -> Payment:
    """Return a payment to its payer, and to who may see what it is for.

    :raises NoSuchPayment:
    """
    if payment is None:
        raise errors.NoSuchPayment
    user = _user(request)
    if user is not None and payment.payer_id == user.pk:
        return payment
    about = payment.request
    if not subject_of(about.kind).visible_to(about.subject_id, request=request, token=token_in(request)):
        raise errors.NoSuchPayment
    return payment


class MayProve(AllowAny):
    """Anybody who can show something: a log-in, or a token. What that opens is looked at for each payment."""

    lets_strangers_in = True

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated and not token_in(request):
            raise NotAuthenticated
        return True


class BeginView(LetsPartnersIn, APIView):
    permission_classes = (MayProve,)
    partner_scopes = {"POST": Scope.BOOKINGS_WRITE}

    @extend_schema(
        operation_id="begin_payment",
        summary="Begin to pay",
        description=(
            "For what is still due of a booking's deposit or fee, or an order of tickets, or for the card that "
            "guarantees a booking. Answers the page of the gateway on "
            "which the payer goes on. An attempt that waits for its payer is answered again; while a bank's answer is "
            "awaited, nobody is let pay a second time (409 `payment_being_checked`). With one of one's own saved cards "
            "(`card`) it is charged at once, for who has just shown that it is they; `checkout_url` is set where their "
            "bank asks them to confirm."
        ),
        tags=TAGS,
        parameters=[TOKEN, OpenApiParameter(HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER, required=True)],
        request=words.BeginSerializer,
        responses={
            201: words.PaymentSerializer,
            404: problem_response(
                "There is no such thing to pay for, or it is not yours.", payment_request_not_found={}
            ),
            409: problem_response(
                "Nothing is due, or a bank's answer is awaited.", payment_nothing_due={}, payment_being_checked={}
            ),
            403: problem_response(
                "The rules against fraud ask the payer to prove who they are (`POST /api/auth/reauthenticate`, or log "
                "in), or do not let this begin; `reasons` says why, and the page of the link takes an appeal.",
                payment_proof_needed={},
                payment_not_let_begin={},
                account_reauthentication_needed={"ways": ["reauthenticate"]},
            ),
            422: problem_response(
                "The bank did not let the saved card be charged, or the key was used for something else.",
                saved_card_refused={},
                idempotency_key_reused={},
            ),
            503: problem_response("No gateway can be reached.", payment_gateways_unavailable={}),
        },
        examples=[asked("A transfer", examples.BEGIN), answered("A page to pay on", examples.WAITING, 201)],
    )
    def post(self, request: Request) -> Response:
        key = _key(request)
        given = read(request, words.BeginSerializer)
        _visible(request, given["kind"], given["subject"])
        due = subject_of(given["kind"]).due(given["subject"])
        known = Payment.objects.filter(key=key_of(actor=_actor(request), key=key)).first()
        if known is not None and not _is_for(known, given):
            raise IdempotencyKeyReused
        to_pay = (
            known.request
            if known is not None
            else services.request_payment(kind=given["kind"], subject_id=given["subject"], by=_user(request))
        )
        limits.pay(request, to_pay.pk)
        if "card" in given:
            paid = _pay_with_saved(request, to_pay, given, key=key_of(actor=_actor(request), key=key))
            found = selectors.payment_by_public_id(paid.public_id)
            return Response(words.payment_body(own(request, found)), status=201)
        user = _user(request)
        payer = due.payer if due else Payer(email="")
        email = given.get("email") or payer.email or (user.email if user else "")
        payment = services.begin(
            request=to_pay,
            wish=Wish(
                payer=Payer(email=email, name=payer.name, phone=payer.phone),
                return_url=_return_url(request, given, to_pay.token),
                cancel_url=request.build_absolute_uri(reverse("payments:pay", args=[to_pay.token])),
                channel=Channel(given["channel"]),
                by=user,
                address=address_of(request._request),
                key=key_of(actor=_actor(request), key=key),
                is_proven=_is_proven(request),
                language=get_language() or "en",
            ),
        )
        found = selectors.payment_by_public_id(payment.public_id)
        return Response(words.payment_body(own(request, found)), status=201)


def _is_for(known: Payment, given: dict[str, Any]) -> bool:
    """Tell whether a payment that was begun with this key is for what is asked for now, and paid in the same way."""
    if (known.request.kind, known.request.subject_id) != (given["kind"], given["subject"]):
        return False
    charged = card_of(known)
    if "card" in given or charged is not None:
        return charged is not None and charged.public_id == given.get("card")
    # How it was really paid is known by the end.
    return not known.is_live or known.channel in ("", given["channel"])


def _pay_with_saved(request: Request, to_pay: PaymentRequest, given: dict[str, Any], *, key: str) -> Payment:
    """Charge one of the asker's own cards, and return the payment as it stands then.

    :raises ReauthenticationNeeded: a stolen session is not to spend what a card is good for
    :raises NoSuchCard: when it is none of theirs; apps have none
    :raises CardUnusable: for a guarantee, and when the card is forgotten or over
    :raises CardRefused: when the bank says no
    :raises NoGateway: when the card's own gateway cannot be reached
    """
    user = _user(request)
    method = payable_with(user).filter(public_id=given["card"]).first() if user is not None else None
    if user is None or method is None:
        raise NoSuchCard
    expect_fresh_sign_in(request)
    due = subject_of(given["kind"]).due(given["subject"])
    if due is not None and due.keeps_card:
        # A guarantee is for the card that is given with it, and for what is agreed to on its page.
        raise CardUnusable
    done = charge_saved(
        request=to_pay,
        method=method,
        return_url=_return_url(request, given, to_pay.token),
        key=key,
        by=user,
        address=address_of(request._request),
    )
    if (refusal := done.refusal) is not None:
        raise refusal
    return done.payment


def _is_proven(request: Request) -> bool:
    try:
        expect_fresh_sign_in(request)
    except ReauthenticationNeeded:
        return False
    return True


def _return_url(request: Request, wanted: dict[str, Any], token: str) -> str:
    given = wanted.get("return_url")
    if given and not isinstance(request.user, PartnerApp):
        raise InvalidInput(errors={"return_url": [str(NotAllowed.message)]})
    if given and "?" in given:
        raise InvalidInput(errors={"return_url": [str(InvalidInput.message)]})
    return str(given or request.build_absolute_uri(reverse("payments:back", args=[token])))


def _key(request: Request) -> str:
    key = (request.headers.get(HEADER) or "").strip().strip('"')
    if not key:
        raise IdempotencyKeyMissing
    if len(key) > 255 or not key.isascii() or not key.isprintable() or " " in key:
        raise IdempotencyKeyInvalid
    return key


class CallbackView(LetsPartnersIn, APIView):
    permission_classes = (MayProve,)
    partner_scopes = {"POST": Scope.BOOKINGS_READ}

    @extend_schema(
        operation_id="payment_callback",
        summary="Come back from the gateway's page",
        description="Asks the gateway what became of the payment. Nothing else of what its page said is looked at.",
        tags=TAGS,
        parameters=[TOKEN],
        request=words.CallbackSerializer,
        responses={200: words.PaymentSerializer, 404: NOT_FOUND},
        examples=[asked("A reference", examples.REFERENCE), answered("Paid", examples.PAID)],
    )
    def post(self, request: Request) -> Response:
        return _asked_about(request, read(request, words.CallbackSerializer)["reference"])


class VerifyView(LetsPartnersIn, APIView):
    permission_classes = (MayProve,)
    partner_scopes = {"GET": Scope.BOOKINGS_READ}

    @extend_schema(
        operation_id="verify_payment",
        summary="What became of a payment",
        description="As the gateway says when it is asked; at most every three seconds, and else as it was last heard.",
        tags=TAGS,
        parameters=[TOKEN],
        responses={200: words.PaymentSerializer, 404: NOT_FOUND},
        examples=[answered("Paid", examples.PAID)],
    )
    def get(self, request: Request, reference: str) -> Response:
        return _asked_about(request, reference)


def _asked_about(request: Request, reference: str) -> Response:
    payment = own(request, selectors.payment_by_reference(reference))
    if payment.may_be_paid:
        try:
            limits.ASK_GATEWAY.take(payment.reference)
        except DomainError:
            pass
        else:
            services.settle(payment_id=payment.pk)
            payment = own(request, selectors.payment_by_reference(reference))
    return Response(words.payment_body(payment))


class PaymentsView(LetsPartnersIn, APIView):
    permission_classes = (IsAuthenticated,)
    partner_scopes = {"GET": Scope.BOOKINGS_READ}
    ordering = ("-created_at", "-pk")

    @extend_schema(
        operation_id="payments",
        summary="My payments",
        description=(
            "Those of the asker, the newest first, with what went back of each. A partner app gets those for bookings "
            "and orders of tickets at the restaurants that let it see them."
        ),
        tags=TAGS,
        responses={
            200: words.PaymentPageSerializer,
            400: problem_response("A parameter makes no sense; `errors` names it.", invalid_input={"errors": []}),
        },
        examples=[answered("One", examples.PAGE)],
    )
    def get(self, request: Request) -> Response:
        rows = _listed_to(request)
        pages = CursorPages()
        page: list[Payment] = pages.paginate_queryset(rows, request, self) or []
        return pages.get_paginated_response([words.payment_body(row) for row in page])


def _listed_to(request: Request) -> "QuerySet[Payment]":
    if isinstance(request.user, PartnerApp):
        return selectors.payments_seen_by(request.user)
    user = _user(request)
    return selectors.payments_by(user) if user else Payment.objects.none()


class PaymentView(LetsPartnersIn, APIView):
    permission_classes = (MayProve,)
    partner_scopes = {"GET": Scope.BOOKINGS_READ}

    @extend_schema(
        operation_id="payment",
        summary="One payment",
        tags=TAGS,
        parameters=[TOKEN],
        responses={200: words.PaymentSerializer, 404: NOT_FOUND},
        examples=[answered("Paid", examples.PAID)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(words.payment_body(own(request, selectors.payment_by_public_id(id))))


class RefundsView(LetsPartnersIn, APIView):
    # No scope: money is given back by the house's own people.
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="refund_payment",
        summary="Give money back",
        description="For the house's own people: all that is left of a payment, or a part. A worker tells the gateway.",
        tags=TAGS,
        parameters=[OpenApiParameter(HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER, required=True)],
        request=words.RefundAskSerializer,
        responses={
            201: words.PaymentSerializer,
            404: NOT_FOUND,
            409: problem_response("There is not so much left.", refund_too_large={}, payment_not_refundable={}),
        },
        examples=[asked("A part", examples.REFUND_ASK), answered("Decided", examples.GIVEN_BACK, 201)],
    )
    @idempotent(required=True)
    def post(self, request: Request, id: UUID) -> Response:
        payment = selectors.payment_by_public_id(id)
        user = _user(request)
        if payment is None or user is None:
            raise errors.NoSuchPayment
        where = payment.request.restaurant_id
        if not staff_may(user, Ability.SEE_BOOKINGS, restaurant_id=where):
            raise errors.NoSuchPayment
        if not staff_may(user, Ability.HANDLE_MONEY, restaurant_id=where):
            raise NotAllowed
        given = read(request, words.RefundAskSerializer)
        made = services.refund(
            payment=payment,
            amount_kobo=_kobo(given.get("amount")),
            reason=RefundReason(given.get("reason") or RefundReason.GOODWILL),
            key=f"api:{key_of(actor=_actor(request), key=_key(request))}",
            note=given.get("note", ""),
            by=user,
        )
        audit.record(
            "payments.refund_asked",
            actor=user,
            target=payment,
            restaurant_id=where,
            details={"kobo": made.amount_kobo, "reason": made.reason},
        )
        again = selectors.payment_by_public_id(id)
        return Response(words.payment_body(again or payment), status=201)

    def check_again(self, request: Request, id: UUID) -> None:
        """Whoever has lost the right to give back is not told a second time what they did."""
        payment = selectors.payment_by_public_id(id)
        user = _user(request)
        where = payment.request.restaurant_id if payment else 0
        if user is None or not staff_may(user, Ability.HANDLE_MONEY, restaurant_id=where):
            raise errors.NoSuchPayment


def _kobo(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return money.parse(text)
    except ValidationError as error:
        raise InvalidInput(errors={"amount": error.messages}) from error
