"""The cards that somebody lets us keep, for machines."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.partners.access import LetsPartnersIn
from core.api.schema import answered, problem_response
from payments.saved import errors, selectors
from payments.saved.models import SavedMethod
from payments.saved.services import forgetting
from payments.saved.states import Purpose

TAGS = ["Payments"]
NOT_FOUND = problem_response("There is no such card, or it is not yours.", saved_card_not_found={})
CARD: dict[str, Any] = {
    "id": "019acf60-2c41-7d15-8a63-3c0f6c1b7a90",
    "brand": "visa",
    "last4": "4081",
    "bank": "TEST BANK",
    "expires": "2030-12",
    "is_expired": False,
    "for_next_time": True,
    "guarantees": [],
    "created_at": "2026-12-24T18:04:11+01:00",
}


class SavedCardSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    brand = serializers.CharField()
    last4 = serializers.CharField()
    bank = serializers.CharField()
    expires = serializers.CharField(help_text="Year and month; empty where the gateway does not say.")
    is_expired = serializers.BooleanField()
    for_next_time = serializers.BooleanField(help_text="Whether its holder may pay with it again.")
    guarantees = serializers.ListField(
        child=serializers.UUIDField(), help_text="The bookings that it guarantees: until they are over it is kept."
    )
    created_at = serializers.DateTimeField()


class SavedCardsSerializer(serializers.Serializer[Any]):
    results = SavedCardSerializer(many=True)


def card_body(method: SavedMethod) -> dict[str, Any]:
    consents = [consent for consent in method.consents.all() if consent.ended_at is None]
    return {
        "id": method.public_id,
        "brand": method.brand,
        "last4": method.last4,
        "bank": method.bank,
        "expires": method.expires,
        "is_expired": method.is_over,
        "for_next_time": any(consent.purpose == Purpose.NEXT_TIME for consent in consents),
        "guarantees": [subject_id for _kind, subject_id in selectors.guaranteed_by(method)],
        "created_at": method.created_at,
    }


def _user(request: Request) -> User:
    """:raises NoSuchCard: for an app: a card is a person's"""
    if not isinstance(request.user, User):
        raise errors.NoSuchCard
    return request.user


def _own(request: Request, public_id: UUID) -> SavedMethod:
    method = selectors.method_of(_user(request), public_id)
    if method is None:
        raise errors.NoSuchCard
    return method


class SavedCardsView(LetsPartnersIn, APIView):
    # No scope: an app is told that this is a person's, and not that its token is no good.
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="saved_cards",
        summary="My saved cards",
        description="The cards that the asker lets us keep, the newest first. What charges them is never told.",
        tags=TAGS,
        responses={200: SavedCardsSerializer, 404: NOT_FOUND},
        examples=[answered("One", {"results": [CARD]})],
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [card_body(method) for method in selectors.methods_of(_user(request))]})


class SavedCardView(LetsPartnersIn, APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="saved_card",
        summary="One saved card",
        tags=TAGS,
        responses={200: SavedCardSerializer, 404: NOT_FOUND},
        examples=[answered("A card", CARD)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(card_body(_own(request, id)))

    @extend_schema(
        operation_id="forget_saved_card",
        summary="Have a saved card forgotten",
        description="At once here: nothing can be charged to it any more. The gateway is told until it answers.",
        tags=TAGS,
        responses={
            204: None,
            404: NOT_FOUND,
            409: problem_response(
                "It guarantees a booking that is still to come.", saved_card_guarantees_a_booking={"codes": ["K7PX3M"]}
            ),
        },
    )
    def delete(self, request: Request, id: UUID) -> Response:
        forgetting.forget(method=_own(request, id), by=_user(request))
        return Response(status=204)
