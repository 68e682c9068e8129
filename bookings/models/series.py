import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from bookings.states import Channel, Occasion, OccurrenceState, SeriesStatus
from core.encryption import BlindIndexed, BlindIndexField, BlindIndexQuerySet, EncryptedTextField


class BookingSeries(BlindIndexed):
    """A booking that repeats: the rule, and what each booking it makes is made of.

    The rule's dates are rows from the beginning; bookings are made of those within the house's booking window, and of
    the others as the window reaches them.
    """

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    diner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    guest_name = models.CharField(_("name"), max_length=100)
    guest_phone = EncryptedTextField(_("phone"), max_length=16, blank=True, aad="bookings.bookingseries.guest_phone")
    guest_phone_index = BlindIndexField(of="guest_phone", kind="phone")
    guest_email = EncryptedTextField(
        _("e-mail address"), max_length=254, blank=True, aad="bookings.bookingseries.guest_email"
    )
    guest_email_index = BlindIndexField(of="guest_email", kind="email")
    language = models.CharField(_("language"), max_length=10, default="en")
    channel = models.CharField(_("taken through"), max_length=10, choices=Channel.choices)

    status = models.CharField(_("status"), max_length=10, choices=SeriesStatus.choices, default=SeriesStatus.ACTIVE)
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    local_time = models.TimeField(_("time"), help_text=_("On the restaurant's clock."))
    every_weeks = models.PositiveSmallIntegerField(_("weeks between"), default=1)
    party_size = models.PositiveSmallIntegerField(_("party size"))
    area = models.ForeignKey(
        "restaurants.Area", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("area asked for")
    )
    # It may speak of somebody's health: it is the booking's, in no guest's entry, and goes with the guest.
    step_free = models.BooleanField(_("needs a table without steps"), default=False, db_default=False)
    occasion = models.CharField(
        _("occasion"), max_length=12, choices=Occasion.choices, blank=True, default=Occasion.NONE
    )
    notes = EncryptedTextField(_("wishes"), blank=True, max_length=500, aad="bookings.bookingseries.notes")
    # What was accepted when the series began; a booking made later under other terms is told of.
    policy = models.JSONField(_("terms accepted"), default=dict)

    request_key = models.UUIDField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects = BlindIndexQuerySet["BookingSeries"].as_manager()

    class Meta:
        verbose_name = _("repeated booking")
        verbose_name_plural = _("repeated bookings")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="series_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["request_key"], condition=Q(request_key__isnull=False), name="one_series_per_request_key"
            ),
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="series_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(every_weeks__range=(1, 8)), name="series_comes_round_within_two_months"),
            models.CheckConstraint(condition=Q(party_size__range=(1, 400)), name="series_party_size_is_believable"),
            models.CheckConstraint(condition=Q(status__in=SeriesStatus.values), name="series_status_is_known"),
        ]
        indexes = [
            models.Index(fields=["diner", "-created_at"], condition=Q(diner__isnull=False), name="series_of_a_diner"),
            models.Index(fields=["restaurant", "-created_at"], name="series_of_a_restaurant"),
            models.Index(fields=["guest_phone_index"], condition=~Q(guest_phone_index=""), name="series_by_phone"),
            models.Index(fields=["guest_email_index"], condition=~Q(guest_email_index=""), name="series_by_email"),
        ]

    def __str__(self) -> str:
        return f"{self.guest_name} · {self.first_on} – {self.last_on}"


class Occurrence(models.Model):
    """One date of a series and what has become of it."""

    series = models.ForeignKey(BookingSeries, models.CASCADE, related_name="occurrences", verbose_name=_("series"))
    planned_on = models.DateField(_("day of the rule"))
    starts_at = models.DateTimeField(_("starts"))
    state = models.CharField(_("state"), max_length=10, choices=OccurrenceState.choices)
    booking = models.ForeignKey(
        Booking, models.SET_NULL, null=True, blank=True, related_name="occurrences", verbose_name=_("booking")
    )
    is_changed = models.BooleanField(
        _("changed by itself"), default=False, help_text=_("It no longer follows what is changed for the whole series.")
    )
    # A refusal's code: why there is no booking for this date.
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    # The booking's version that the guest is told of in the series' own message.
    told_version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("date of a repeated booking")
        verbose_name_plural = _("dates of a repeated booking")
        ordering = ["planned_on"]
        constraints = [
            models.UniqueConstraint(fields=["series", "planned_on"], name="a_series_has_each_day_once"),
            models.UniqueConstraint(
                fields=["booking"], condition=Q(booking__isnull=False), name="a_booking_is_of_one_series"
            ),
            models.CheckConstraint(condition=Q(state__in=OccurrenceState.values), name="occurrence_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=OccurrenceState.PLANNED) | Q(booking__isnull=True),
                name="what_is_planned_has_no_booking",
            ),
        ]
        indexes = [
            models.Index(
                fields=["starts_at"], condition=Q(state=OccurrenceState.PLANNED), name="planned_dates_by_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.planned_on} {self.state}"
