"""Reviews for machines. They live here because only a visit entitles to one, and visits are bookings."""

from uuid import UUID

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import person_of, staff_may
from accounts.states import Ability
from bookings import errors, limits, selectors
from bookings.api.entry import HasProof, entry_to
from bookings.api.views import NOT_FOUND as NO_BOOKING
from bookings.api.views import TOKEN, malformed
from bookings.models import Booking
from bookings.services import reviews
from core.api.asking import read, token_in
from core.api.idempotency import idempotent
from core.api.pagination import CursorPages
from core.api.schema import answered, asked, problem_response
from core.errors import NotAllowed
from localization.languages import current_language
from restaurants.api.views import NOT_FOUND as NO_RESTAURANT
from restaurants.api.views import no_such_restaurant
from restaurants.models import Restaurant
from restaurants.reviews import selectors as written
from restaurants.reviews import services
from restaurants.reviews.api import bodies, examples
from restaurants.reviews.api import serializers as words
from restaurants.reviews.errors import ReviewNotFound
from restaurants.reviews.models import Review
from restaurants.reviews.states import ASPECTS, ReportReason

TAGS = ["Reviews"]
NO_REVIEW = problem_response("There is no such review, or it is not shown.", review_not_found={})
NOT_ONE_TO_FIVE = malformed("overall", "Write a whole number from 1 to 5.", "max_value")


class ReadsOrProves(HasProof):
    """Anybody reads; whoever writes is somebody, or shows the token of their visit."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method == "GET" or super().has_permission(request, view)


class ReviewsView(APIView):
    permission_classes = (ReadsOrProves,)
    proof_in = staticmethod(token_in)

    @extend_schema(
        operation_id="reviews",
        summary="A restaurant's reviews",
        description="What guests say after their visit, the latest first, and the means of all that is published.",
        tags=TAGS,
        auth=[],
        parameters=[
            OpenApiParameter("cursor", OpenApiTypes.STR, description=str(CursorPages.cursor_query_description)),
            OpenApiParameter("limit", OpenApiTypes.INT, description=str(CursorPages.page_size_query_description)),
        ],
        responses={
            200: words.ReviewPageSerializer,
            400: malformed("limit", "Write a whole number from 1 to 100.", "invalid"),
            404: NO_RESTAURANT,
        },
        examples=[answered("One", examples.PAGE)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        limits.look(request)
        restaurant = Restaurant.objects.public().select_related("rating").filter(public_id=id).first()
        if restaurant is None:
            raise no_such_restaurant()
        pages = CursorPages()
        pages.ordering = ("-created_at", "-pk")
        found = written.published(restaurant.pk).select_related("restaurant")
        page = pages.paginate_queryset(found, request, None) or []
        answer = pages.get_paginated_response([bodies.review_body(review) for review in page])
        answer.data["rating"] = bodies.rating_body(written.rating_of(restaurant))
        return answer

    @extend_schema(
        operation_id="write_review",
        summary="Write a review",
        description=(
            "For the guest of a completed visit, within sixty days of it, once. Published at once under the first "
            "name; it can be changed for a day."
        ),
        tags=TAGS,
        parameters=[TOKEN],
        request=words.ReviewAskSerializer,
        responses={
            201: words.ReviewSerializer,
            400: NOT_ONE_TO_FIVE,
            404: NO_BOOKING,
            409: problem_response(
                "The visit cannot be reviewed, or has been.",
                review_no_visit={},
                review_written_already={},
                review_too_late={},
            ),
        },
        examples=[
            asked(
                "After the visit",
                {"booking": "b3c7be1c-6f4c-4f0c-8a2f-9f8d3c1e5a70", **examples.SCORES, "text": examples.TEXT},
            ),
            answered("Published", {**examples.REVIEW, "answer": None, "answered_at": None}, 201),
        ],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        ask = read(request, words.ReviewAskSerializer)
        visit = self._visit(request, id, ask["booking"])
        limits.book(request)
        review = reviews.review_visit(
            booking=visit,
            scores={aspect: ask[aspect] for aspect in ASPECTS},
            text=ask.get("text", ""),
            language=current_language().code,
        )
        location = {"Location": reverse("bookings_api:review", args=[review.public_id])}
        return Response(bodies.review_body(review), status=201, headers=location)

    def _visit(self, request: Request, restaurant: UUID, booking: UUID) -> Booking:
        entry = entry_to(request, booking)
        if not entry.is_diner or entry.booking.restaurant.public_id != restaurant:
            raise errors.BookingNotFound
        return entry.booking

    def check_again(self, request: Request, id: UUID) -> None:
        """Give a kept answer only to whoever is still the visit's guest."""
        self._visit(request, id, read(request, words.ReviewAskSerializer)["booking"])


def _shown(public_id: UUID) -> Review:
    """:raises ReviewNotFound: when there is none such, or it is taken down"""
    review = written.review_called(public_id)
    if review is None or not review.is_shown:
        raise ReviewNotFound
    return review


class ReviewView(APIView):
    permission_classes = (ReadsOrProves,)

    @extend_schema(
        operation_id="review",
        summary="A review",
        tags=TAGS,
        auth=[],
        responses={200: words.ReviewSerializer, 404: NO_REVIEW},
        examples=[answered("With an answer", examples.REVIEW)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(bodies.review_body(_shown(id)))

    @extend_schema(
        operation_id="change_review",
        summary="Change one's review",
        description="Within a day of writing it; all scores are said again.",
        tags=TAGS,
        parameters=[TOKEN],
        request=words.ReviewChangeSerializer,
        responses={
            200: words.ReviewSerializer,
            400: NOT_ONE_TO_FIVE,
            404: NO_REVIEW,
            409: problem_response("The day is over, or it was taken down.", review_too_late_to_change={}),
        },
        examples=[
            asked("With other scores", {**examples.SCORES, "text": examples.TEXT}),
            answered("Changed", {**examples.REVIEW, "edited_at": "2026-12-26T19:00:00Z"}),
        ],
    )
    def patch(self, request: Request, id: UUID) -> Response:
        review = _shown(id)
        visit = selectors.booking_by_public_id(review.booking_id)
        if visit is None:
            raise ReviewNotFound
        try:
            entry = entry_to(request, visit.public_id)
        except errors.BookingNotFound as nobody:
            raise ReviewNotFound from nobody
        if not entry.is_diner:
            raise ReviewNotFound
        ask = read(request, words.ReviewChangeSerializer)
        changed = services.edit_review(
            review=review, scores={aspect: ask[aspect] for aspect in ASPECTS}, text=ask.get("text", review.text)
        )
        return Response(bodies.review_body(changed))


class AnswerView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="answer_review",
        summary="Answer for the restaurant",
        tags=TAGS,
        request=words.AnswerAskSerializer,
        responses={
            200: words.ReviewSerializer,
            400: malformed("answer", "This is longer than 2,000 characters.", "text_too_long"),
            403: problem_response("Only who answers for the restaurant.", not_allowed={}),
            404: NO_REVIEW,
        },
        examples=[
            asked("Thanks", {"answer": examples.REVIEW["answer"]}),
            answered("Answered", examples.REVIEW),
        ],
    )
    def put(self, request: Request, id: UUID) -> Response:
        review, by = _shown(id), person_of(request)
        if not staff_may(by, Ability.ANSWER_REVIEWS, restaurant_id=review.restaurant_id):
            raise NotAllowed
        ask = read(request, words.AnswerAskSerializer)
        return Response(bodies.review_body(services.answer_review(review=review, by=by, answer=ask["answer"])))


class ReportView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="report_review",
        summary="Report a review",
        description="Somebody of Buka looks at it and decides; no machine does.",
        tags=TAGS,
        request=words.ReportAskSerializer,
        responses={
            204: None,
            400: malformed("reason", "This is none of the choices.", "invalid_choice"),
            404: NO_REVIEW,
        },
        examples=[asked("It tells of private matters", {"reason": ReportReason.PRIVATE.value})],
    )
    def post(self, request: Request, id: UUID) -> Response:
        ask = read(request, words.ReportAskSerializer)
        limits.book(request)
        services.report_review(review=_shown(id), by=person_of(request), reason=ReportReason(ask["reason"]))
        return Response(status=204)
