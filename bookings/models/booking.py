import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.states import LIVE, MACHINE, OCCUPYING, ActorKind, Channel, Course, Occasion, Status
from core.audit.row_history import never_emptied
from core.encryption import BlindIndexed, BlindIndexField, BlindIndexQuerySet, EncryptedTextField


class BookingQuerySet(BlindIndexQuerySet["Booking"]):
    def occupying(self) -> "BookingQuerySet":
        """Those that keep their tables."""
        return self.filter(status__in=OCCUPYING)

    def on_service_day(self, restaurant_id: int, day: Any) -> "BookingQuerySet":
        return self.filter(restaurant_id=restaurant_id, service_day=day)


class Booking(BlindIndexed):
    """A party's claim on tables for a stretch of time. A hold is a booking in the state HELD, with an expiry."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=6)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    diner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    guest = models.ForeignKey(
        "bookings.HouseGuest",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="bookings",
        verbose_name=_("entry in the guest book"),
    )
    guest_name = models.CharField(_("name"), max_length=100)
    guest_phone = EncryptedTextField(_("phone"), max_length=16, blank=True, aad="bookings.booking.guest_phone")
    guest_phone_index = BlindIndexField(of="guest_phone", kind="phone")
    guest_email = EncryptedTextField(
        _("e-mail address"), max_length=254, blank=True, aad="bookings.booking.guest_email"
    )
    guest_email_index = BlindIndexField(of="guest_email", kind="email")
    language = models.CharField(_("language"), max_length=10, default="en")

    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    channel = models.CharField(_("taken through"), max_length=10, choices=Channel.choices)
    party_size = models.PositiveSmallIntegerField(_("party size"))
    service_day = models.DateField(_("service day"))
    shift_name = models.CharField(_("shift"), max_length=40, blank=True)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"), help_text=_("When the party is expected to leave, without the buffer."))
    area = models.ForeignKey(
        "restaurants.Area", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("area asked for")
    )
    # It may speak of somebody's health: it is the booking's, in no guest's entry, and goes with the guest.
    step_free = models.BooleanField(_("needs a table without steps"), default=False, db_default=False)
    is_locked = models.BooleanField(
        _("table promised"), default=False, help_text=_("The table was promised or chosen by staff; it is not moved.")
    )
    hold_expires_at = models.DateTimeField(_("held until"), null=True, blank=True)

    occasion = models.CharField(
        _("occasion"), max_length=12, choices=Occasion.choices, blank=True, default=Occasion.NONE
    )
    # Wishes speak of allergies, wheelchairs and surprises.
    notes = EncryptedTextField(_("wishes"), blank=True, max_length=500, aad="bookings.booking.notes")
    staff_notes = EncryptedTextField(
        _("notes of the house"), blank=True, max_length=500, aad="bookings.booking.staff_notes"
    )
    policy = models.JSONField(_("terms accepted"), default=dict)

    # What the diner asked for and was shown beside it; the bonus is owed once the party has come.
    asked_at = models.DateTimeField(_("asked for"), null=True, blank=True, editable=False)
    suggested_times = models.JSONField(_("suggested"), default=list, blank=True, editable=False)
    # The one that the house cancelled and whose apology is promised with this one; it goes back there if this fails.
    apology_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, editable=False
    )
    bonus_points = models.PositiveSmallIntegerField(_("bonus promised (points)"), default=0, editable=False)
    spend_kobo = models.PositiveBigIntegerField(
        _("spent (kobo)"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("What the bill came to, once it is known."),
    )
    is_late_cancellation = models.BooleanField(_("cancelled late"), default=False)
    minutes_late = models.PositiveSmallIntegerField(
        _("says that it comes late (minutes)"), default=0, db_default=0, editable=False
    )
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    seated_at = models.DateTimeField(_("seated"), null=True, blank=True)
    course = models.CharField(_("course"), max_length=8, choices=Course.choices, blank=True, default=Course.NONE)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)
    reminded_day_before_at = models.DateTimeField(null=True, blank=True, editable=False)
    reminded_hours_before_at = models.DateTimeField(null=True, blank=True, editable=False)

    # One form, one booking: a second submission with the same key finds the first's booking.
    request_key = models.UUIDField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("booked"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="booking_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status__in=sorted(LIVE)), name="code_is_unique_among_live_bookings"
            ),
            models.UniqueConstraint(
                fields=["request_key"], condition=Q(request_key__isnull=False), name="one_booking_per_request_key"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="booking_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(party_size__range=(1, 400)), name="booking_party_size_is_believable"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="booking_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=Status.HELD) | Q(hold_expires_at__isnull=False), name="a_hold_has_an_expiry"
            ),
        ]
        indexes = [
            models.Index(fields=["restaurant", "service_day", "starts_at"], name="bookings_of_a_service_day"),
            models.Index(fields=["diner", "-starts_at"], condition=Q(diner__isnull=False), name="bookings_of_a_diner"),
            models.Index(fields=["code"], name="bookings_by_code"),
            models.Index(fields=["guest_phone_index"], condition=~Q(guest_phone_index=""), name="bookings_by_phone"),
            models.Index(fields=["guest_email_index"], condition=~Q(guest_email_index=""), name="bookings_by_email"),
            models.Index(
                fields=["starts_at"], condition=Q(status=Status.CONFIRMED), name="confirmed_bookings_by_start"
            ),
            models.Index(
                fields=["apology_from"], condition=Q(apology_from__isnull=False), name="bookings_by_their_apology"
            ),
            models.Index(fields=["hold_expires_at"], condition=Q(status=Status.HELD), name="holds_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.guest_name}"

    def move_to(self, status: Status) -> None:
        """Set the state if the move is legal; the service saves, writes the history and publishes.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        MACHINE.check(Status(self.status), status)
        self.status = status

    @property
    def is_occupying(self) -> bool:
        return self.status in OCCUPYING


class BookingHistory(models.Model):
    """Who moved or changed a booking, when, from what to what, through which door, and why.

    Of the guest's own details, `changes` tells that they changed and not what they were.
    """

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="history")
    at = models.DateTimeField(_("when"), auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    partner = models.ForeignKey(
        "partners.PartnerApp", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("partner app")
    )
    actor_kind = models.CharField(_("as"), max_length=10, choices=ActorKind.choices)
    channel = models.CharField(_("through"), max_length=10, choices=Channel.choices)
    from_status = models.CharField(_("from"), max_length=10, choices=Status.choices, blank=True)
    to_status = models.CharField(_("to"), max_length=10, choices=Status.choices)
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("entry of the history")
        verbose_name_plural = _("history")
        ordering = ["at", "pk"]
        triggers = [never_emptied()]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"
