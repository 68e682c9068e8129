"""A house's statement, for its own programs."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import staff_may
from accounts.models import User
from accounts.partners.access import LetsPartnersIn
from accounts.states import Ability
from core.api.schema import answered, problem_response
from payments.settlement import errors, statements
from payments.settlement.api import examples
from payments.settlement.api.serializers import StatementAskSerializer, StatementSerializer, statement_body
from restaurants.models import Restaurant


class StatementView(LetsPartnersIn, APIView):
    # No scope: an app is told that this is for people.
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="restaurant_statement",
        summary="A restaurant's statement",
        description=(
            "For those who handle money at the restaurant: the balance before, each thing that happened from the "
            "first day to the last, and the balance after. The sum of `net` is the difference of the balances."
        ),
        tags=["Payments"],
        parameters=[
            OpenApiParameter("restaurant", OpenApiTypes.UUID, required=True),
            OpenApiParameter("from", OpenApiTypes.DATE, required=True, description="The first day."),
            OpenApiParameter("until", OpenApiTypes.DATE, required=True, description="The last day."),
        ],
        responses={
            200: StatementSerializer,
            400: problem_response(
                "The time makes no sense, or is longer than a year.", statement_bad_period={}, invalid_input={}
            ),
            404: problem_response("There is no such restaurant, or it is not yours.", statement_not_found={}),
        },
        examples=[answered("A week", examples.STATEMENT)],
    )
    def get(self, request: Request) -> Response:
        asking = StatementAskSerializer(data=request.query_params)
        asking.is_valid(raise_exception=True)
        asked = asking.validated_data
        house = Restaurant.objects.filter(public_id=asked["restaurant"]).values_list("pk", flat=True).first()
        user = request.user
        if house is None or not isinstance(user, User):
            raise errors.NoSuchStatement
        if not staff_may(user, Ability.HANDLE_MONEY, restaurant_id=house):
            raise errors.NoSuchStatement
        found = statements.of_days(house, asked["first"], asked["last"])
        return Response(statement_body(found, asked["restaurant"]))
