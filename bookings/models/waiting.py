"""Who waits: for a day to come (standby), to be told of a free time (alert), at the door (queue)."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from bookings.states import (
    QUEUE_LIVE,
    QUEUE_MACHINE,
    STANDBY_LIVE,
    STANDBY_MACHINE,
    ActorKind,
    Channel,
    QueueStatus,
    StandbyPriority,
    StandbyStatus,
)
from core.audit.row_history import never_emptied
from core.encryption import BlindIndexed, BlindIndexField, BlindIndexQuerySet, EncryptedTextField


class StandbyEntry(BlindIndexed):
    """A party's place on a restaurant's waiting list for one service day.

    An offer is a real hold: `booking` is then a booking in the state HELD that keeps a table until `offer_expires_at`.
    """

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    diner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    guest_name = models.CharField(_("name"), max_length=100)
    guest_phone = EncryptedTextField(_("phone"), max_length=16, blank=True, aad="bookings.standbyentry.guest_phone")
    guest_phone_index = BlindIndexField(of="guest_phone", kind="phone")
    guest_email = EncryptedTextField(
        _("e-mail address"), max_length=254, blank=True, aad="bookings.standbyentry.guest_email"
    )
    guest_email_index = BlindIndexField(of="guest_email", kind="email")
    language = models.CharField(_("language"), max_length=10, default="en")

    status = models.CharField(_("status"), max_length=10, choices=StandbyStatus.choices, default=StandbyStatus.WAITING)
    channel = models.CharField(_("taken through"), max_length=10, choices=Channel.choices)
    priority = models.PositiveSmallIntegerField(
        _("class"), choices=StandbyPriority.choices, default=StandbyPriority.USUAL
    )
    party_size = models.PositiveSmallIntegerField(_("party size"))
    service_day = models.DateField(_("service day"))
    earliest = models.DateTimeField(_("from"))
    latest = models.DateTimeField(_("until"), help_text=_("The latest time at which the party would still start."))
    areas = models.ManyToManyField(
        "restaurants.Area", related_name="+", blank=True, verbose_name=_("areas"), help_text=_("Empty: anywhere.")
    )

    booking = models.ForeignKey(
        Booking, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("table offered")
    )
    offered_at = models.DateTimeField(_("offered"), null=True, blank=True)
    offer_expires_at = models.DateTimeField(_("offer ends"), null=True, blank=True)
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = BlindIndexQuerySet["StandbyEntry"].as_manager()

    class Meta:
        verbose_name = _("place on the waiting list")
        verbose_name_plural = _("waiting list")
        ordering = ["service_day", "priority", "joined_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="standby_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["restaurant", "service_day", "diner"],
                condition=Q(status__in=sorted(STANDBY_LIVE), diner__isnull=False),
                name="one_place_per_diner_and_day",
            ),
            models.UniqueConstraint(
                fields=["restaurant", "service_day", "guest_phone_index"],
                condition=Q(status__in=sorted(STANDBY_LIVE)) & ~Q(guest_phone_index=""),
                name="one_place_per_phone_and_day",
            ),
            models.UniqueConstraint(
                fields=["restaurant", "service_day", "guest_email_index"],
                condition=Q(status__in=sorted(STANDBY_LIVE)) & ~Q(guest_email_index=""),
                name="one_place_per_email_and_day",
            ),
            models.CheckConstraint(condition=Q(latest__gte=F("earliest")), name="standby_range_has_an_order"),
            models.CheckConstraint(condition=Q(party_size__range=(1, 400)), name="standby_party_size_is_believable"),
            models.CheckConstraint(condition=Q(status__in=StandbyStatus.values), name="standby_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=StandbyStatus.OFFERED) | Q(offer_expires_at__isnull=False),
                name="an_offer_has_an_expiry",
            ),
        ]
        indexes = [
            models.Index(
                fields=["restaurant", "service_day", "priority", "joined_at"],
                condition=Q(status=StandbyStatus.WAITING),
                name="standby_in_fair_order",
            ),
            models.Index(fields=["restaurant", "service_day", "joined_at"], name="standby_of_a_service_day"),
            models.Index(fields=["latest"], condition=Q(status=StandbyStatus.WAITING), name="standby_by_latest"),
            models.Index(
                fields=["offer_expires_at"], condition=Q(status=StandbyStatus.OFFERED), name="offers_by_expiry"
            ),
            models.Index(fields=["diner", "-earliest"], condition=Q(diner__isnull=False), name="standby_of_a_diner"),
            models.Index(fields=["guest_email_index"], condition=~Q(guest_email_index=""), name="standby_by_email"),
        ]

    def __str__(self) -> str:
        return f"{self.service_day} · {self.guest_name}"

    def move_to(self, status: StandbyStatus) -> None:
        """Set the state if the move is legal; the service saves and writes the history.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        STANDBY_MACHINE.check(StandbyStatus(self.status), status)
        self.status = status

    @property
    def is_live(self) -> bool:
        return self.status in STANDBY_LIVE


class StandbyHistory(models.Model):
    """What became of a place on the list, by whom and why; an offer tells whom it passed, and that they did not fit."""

    entry = models.ForeignKey(StandbyEntry, models.CASCADE, related_name="history")
    at = models.DateTimeField(_("when"), auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    actor_kind = models.CharField(_("as"), max_length=10, choices=ActorKind.choices)
    channel = models.CharField(_("through"), max_length=10, choices=Channel.choices)
    from_status = models.CharField(_("from"), max_length=10, choices=StandbyStatus.choices, blank=True)
    to_status = models.CharField(_("to"), max_length=10, choices=StandbyStatus.choices)
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("entry of the waiting list’s history")
        verbose_name_plural = _("history of the waiting list")
        ordering = ["at", "pk"]
        triggers = [never_emptied()]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class FreeTimeAlert(BlindIndexed):
    """Somebody who wants to be told when a time gets free. All are told at once; the first to book has it."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="+", verbose_name=_("restaurant")
    )
    diner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    guest_name = models.CharField(_("name"), max_length=100, blank=True)
    guest_phone = EncryptedTextField(_("phone"), max_length=16, blank=True, aad="bookings.freetimealert.guest_phone")
    guest_phone_index = BlindIndexField(of="guest_phone", kind="phone")
    guest_email = EncryptedTextField(
        _("e-mail address"), max_length=254, blank=True, aad="bookings.freetimealert.guest_email"
    )
    guest_email_index = BlindIndexField(of="guest_email", kind="email")
    language = models.CharField(_("language"), max_length=10, default="en")
    party_size = models.PositiveSmallIntegerField(_("party size"))
    service_day = models.DateField(_("service day"))
    earliest = models.DateTimeField(_("from"))
    latest = models.DateTimeField(_("until"))
    told_at = models.DateTimeField(_("told"), null=True, blank=True)
    told_of = models.DateTimeField(_("told of"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = BlindIndexQuerySet["FreeTimeAlert"].as_manager()

    class Meta:
        verbose_name = _("wish to be told of a free time")
        verbose_name_plural = _("wishes to be told of a free time")
        ordering = ["service_day", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="alert_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["restaurant", "service_day", "guest_phone_index"],
                condition=Q(ended_at__isnull=True) & ~Q(guest_phone_index=""),
                name="one_alert_per_phone_and_day",
            ),
            models.UniqueConstraint(
                fields=["restaurant", "service_day", "guest_email_index"],
                condition=Q(ended_at__isnull=True) & ~Q(guest_email_index=""),
                name="one_alert_per_email_and_day",
            ),
            models.CheckConstraint(condition=Q(latest__gte=F("earliest")), name="alert_range_has_an_order"),
            models.CheckConstraint(condition=Q(party_size__range=(1, 400)), name="alert_party_size_is_believable"),
        ]
        indexes = [
            models.Index(
                fields=["restaurant", "service_day"], condition=Q(ended_at__isnull=True), name="alerts_of_a_service_day"
            ),
            models.Index(fields=["latest"], condition=Q(ended_at__isnull=True), name="alerts_by_latest"),
            models.Index(fields=["diner"], condition=Q(diner__isnull=False), name="alerts_of_a_diner"),
        ]

    def __str__(self) -> str:
        return f"{self.service_day} · {self.party_size}"


class QueueEntry(BlindIndexed):
    """A party that waits at the door. What it was told on joining is kept beside how long it then waited."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    guest_name = models.CharField(_("name"), max_length=100, blank=True)
    guest_phone = EncryptedTextField(_("phone"), max_length=16, blank=True, aad="bookings.queueentry.guest_phone")
    guest_phone_index = BlindIndexField(of="guest_phone", kind="phone")
    language = models.CharField(_("language"), max_length=10, default="en")
    status = models.CharField(_("status"), max_length=10, choices=QueueStatus.choices, default=QueueStatus.QUEUED)
    party_size = models.PositiveSmallIntegerField(_("party size"))
    service_day = models.DateField(_("service day"))
    area = models.ForeignKey(
        "restaurants.Area", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("area asked for")
    )
    ahead_on_joining = models.PositiveSmallIntegerField(_("parties ahead on joining"), default=0)
    quoted_low = models.PositiveSmallIntegerField(_("told on joining, from (minutes)"), null=True, blank=True)
    quoted_high = models.PositiveSmallIntegerField(_("told on joining, up to (minutes)"), null=True, blank=True)
    # What stands now, counted from joining, as the first was: a quote that slips is told anew.
    current_low = models.PositiveSmallIntegerField(_("now from (minutes)"), null=True, blank=True)
    current_high = models.PositiveSmallIntegerField(_("now up to (minutes)"), null=True, blank=True)
    requoted_at = models.DateTimeField(_("told anew"), null=True, blank=True)
    joined_at = models.DateTimeField(_("joined"))
    notified_at = models.DateTimeField(_("called"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    booking = models.ForeignKey(
        Booking, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("seated as")
    )
    request_key = models.UUIDField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    objects = BlindIndexQuerySet["QueueEntry"].as_manager()

    class Meta:
        verbose_name = _("party in the queue")
        verbose_name_plural = _("queue")
        ordering = ["joined_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="queue_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["request_key"], condition=Q(request_key__isnull=False), name="one_queue_entry_per_request_key"
            ),
            models.CheckConstraint(condition=Q(party_size__range=(1, 400)), name="queue_party_size_is_believable"),
            models.CheckConstraint(condition=Q(status__in=QueueStatus.values), name="queue_status_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=sorted(QUEUE_LIVE)) | Q(ended_at__isnull=False),
                name="who_is_out_of_the_queue_has_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["restaurant", "service_day", "joined_at"], name="queue_of_a_service_day"),
            models.Index(
                fields=["restaurant", "joined_at"],
                condition=Q(status__in=sorted(QUEUE_LIVE)),
                name="queue_as_it_stands",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guest_name} · {self.party_size}"

    def move_to(self, status: QueueStatus) -> None:
        """Set the state if the move is legal; the service saves and writes the history.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        QUEUE_MACHINE.check(QueueStatus(self.status), status)
        self.status = status

    @property
    def is_live(self) -> bool:
        return self.status in QUEUE_LIVE

    @property
    def waited_minutes(self) -> int | None:
        """How long the party waited until it was seated; None when it was not."""
        if self.status != QueueStatus.SEATED or self.ended_at is None:
            return None
        return int((self.ended_at - self.joined_at) / timedelta(minutes=1))

    @property
    def quote_error(self) -> int | None:
        """The actual wait less the quoted one, in minutes; None while one of them is unknown."""
        waited = self.waited_minutes
        return None if waited is None or self.quoted_high is None else waited - self.quoted_high


class QueueHistory(models.Model):
    """What became of a party in the queue, by whom, and what it was told meanwhile."""

    entry = models.ForeignKey(QueueEntry, models.CASCADE, related_name="history")
    at = models.DateTimeField(_("when"), auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    actor_kind = models.CharField(_("as"), max_length=10, choices=ActorKind.choices)
    channel = models.CharField(_("through"), max_length=10, choices=Channel.choices)
    from_status = models.CharField(_("from"), max_length=10, choices=QueueStatus.choices, blank=True)
    to_status = models.CharField(_("to"), max_length=10, choices=QueueStatus.choices)
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("entry of the queue’s history")
        verbose_name_plural = _("history of the queue")
        ordering = ["at", "pk"]
        triggers = [never_emptied()]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class QuoteStretch(models.Model):
    """How much longer than drawn a house's waits at the door are: what `bookings.learning` has learned there.

    A house without such a row quotes what is drawn. Nobody edits it; it holds nothing about a person.
    """

    restaurant = models.OneToOneField("restaurants.Restaurant", models.CASCADE, related_name="+")
    stretch = models.FloatField()
    # So many it was learned from.
    parties = models.PositiveIntegerField(default=0)
    learned_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("learned stretch of waits")
        verbose_name_plural = _("learned stretches of waits")
        constraints = [
            models.CheckConstraint(condition=Q(stretch__gt=0), name="waits_are_stretched_by_more_than_nothing")
        ]

    def __str__(self) -> str:
        return f"{self.restaurant_id}: {self.stretch:.2f}"
