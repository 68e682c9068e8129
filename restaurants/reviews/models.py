"""What guests say of a house after their visit, and the sums of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from restaurants.reviews.states import (
    ASPECTS,
    LEAST,
    LONGEST_ANSWER,
    LONGEST_TEXT,
    MACHINE,
    MOST,
    ReportReason,
    ReviewStatus,
)


class Review(models.Model):
    """One visit, rated by who was there. It names its booking by the public id: bookings stand on a higher floor."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="+", verbose_name=_("restaurant")
    )
    booking_id = models.UUIDField(_("booking"), editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    # The first name; empty once the author is erased.
    author_name = models.CharField(_("shown name"), max_length=60, blank=True)
    visited_on = models.DateField(_("day of the visit"))
    language = models.CharField(_("language"), max_length=10, default="en")

    overall = models.PositiveSmallIntegerField(_("overall"))
    food = models.PositiveSmallIntegerField(_("food"))
    service = models.PositiveSmallIntegerField(_("service"))
    ambience = models.PositiveSmallIntegerField(_("ambience"))
    value = models.PositiveSmallIntegerField(_("value for money"))
    text = models.TextField(_("text"), max_length=LONGEST_TEXT, blank=True)

    answer = models.TextField(_("the restaurant's answer"), max_length=LONGEST_ANSWER, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("answered by"),
    )
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    status = models.CharField(_("status"), max_length=10, choices=ReviewStatus.choices, default=ReviewStatus.PUBLISHED)
    status_reason = models.CharField(_("why"), max_length=300, blank=True)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("decided by"),
    )
    moderated_at = models.DateTimeField(_("decided"), null=True, blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="review_public_id_is_unique"),
            models.UniqueConstraint(fields=["booking_id"], name="one_review_per_visit"),
            models.CheckConstraint(condition=Q(status__in=ReviewStatus.values), name="review_status_is_known"),
            models.CheckConstraint(
                condition=Q(**{f"{aspect}__range": (LEAST, MOST) for aspect in ASPECTS}),
                name="review_scores_are_one_to_five",
            ),
        ]
        indexes = [
            models.Index(
                fields=["restaurant", "-created_at", "-id"],
                condition=Q(status=ReviewStatus.PUBLISHED),
                name="published_reviews_of_a_house",
            ),
            models.Index(fields=["author"], condition=Q(author__isnull=False), name="reviews_of_an_author"),
        ]

    def __str__(self) -> str:
        return f"{self.overall}/{MOST} · {self.visited_on:%d/%m/%Y}"

    def move_to(self, status: ReviewStatus) -> None:
        """Set the state if the move is legal.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        MACHINE.check(ReviewStatus(self.status), status)
        self.status = status

    @property
    def is_shown(self) -> bool:
        return self.status == ReviewStatus.PUBLISHED


class Rating(models.Model):
    """The sums of a house's published reviews, kept with each of them in the same transaction."""

    restaurant = models.OneToOneField(
        "restaurants.Restaurant", models.CASCADE, primary_key=True, related_name="rating", verbose_name=_("restaurant")
    )
    count = models.PositiveIntegerField(_("reviews"), default=0)
    overall_sum = models.PositiveIntegerField(default=0)
    food_sum = models.PositiveIntegerField(default=0)
    service_sum = models.PositiveIntegerField(default=0)
    ambience_sum = models.PositiveIntegerField(default=0)
    value_sum = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    *(Q(**{f"{each}_sum__gte": F("count") * LEAST}) for each in ASPECTS),
                    *(Q(**{f"{each}_sum__lte": F("count") * MOST}) for each in ASPECTS),
                ),
                name="rating_sums_fit_their_count",
            )
        ]

    def __str__(self) -> str:
        return str(self.count)


class ReviewReport(models.Model):
    """Somebody thinks that a review should not stand; the platform's people decide."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="reports", verbose_name=_("review"))
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("reported by")
    )
    reason = models.CharField(_("why"), max_length=12, choices=ReportReason.choices)
    reported_at = models.DateTimeField(_("reported"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("report of a review")
        verbose_name_plural = _("reports of reviews")
        ordering = ["-reported_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["review", "reporter"], name="one_report_per_person_and_review"),
            models.CheckConstraint(condition=Q(reason__in=ReportReason.values), name="report_reason_is_known"),
        ]
        indexes = [
            models.Index(fields=["review"], condition=Q(settled_at__isnull=True), name="open_reports_of_reviews")
        ]

    def __str__(self) -> str:
        return str(self.get_reason_display())
