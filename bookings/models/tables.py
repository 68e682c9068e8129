"""What takes a table: for how long, and for whom or what."""

import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking


class Block(models.Model):
    """A table, an area or the whole floor taken from sale for a time: repair, private event, rain."""

    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, related_name="+", verbose_name=_("restaurant")
    )
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    area = models.ForeignKey(
        "restaurants.Area", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("area")
    )
    table = models.ForeignKey(
        "restaurants.Table", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("table")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("blocking of tables")
        verbose_name_plural = _("blocked tables")
        ordering = ["-starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="block_public_id_is_unique"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="block_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return self.reason


class TableAllocation(models.Model):
    """One table taken for one half-open stretch of UTC time, buffer included.

    `live` rows of one table never overlap: the exclusion constraint refuses them whatever the code does. `covers` is
    the party's size on the first row of a booking and 0 on the rest and on blocks, so that pacing is a plain sum.
    """

    restaurant = models.ForeignKey("restaurants.Restaurant", models.CASCADE, related_name="+", db_index=False)
    table = models.ForeignKey("restaurants.Table", models.PROTECT, related_name="+")
    booking = models.ForeignKey(Booking, models.CASCADE, null=True, blank=True, related_name="allocations")
    block = models.ForeignKey(Block, models.CASCADE, null=True, blank=True, related_name="allocations")
    during = DateTimeRangeField()
    live = models.BooleanField(default=True)
    covers = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_table_one_party",
                expressions=[
                    (Func(F("table"), F("table"), Value("[]"), function="int8range"), "&&"),
                    ("during", "&&"),
                ],
                condition=Q(live=True),
            ),
            models.CheckConstraint(
                condition=Q(booking__isnull=False, block__isnull=True) | Q(booking__isnull=True, block__isnull=False),
                name="allocation_belongs_to_a_booking_or_a_block",
            ),
        ]
        indexes = [
            # Answers availability by itself; never ask `during &&` without the table (docs/decisions).
            models.Index(
                F("restaurant"),
                Func(F("during"), function="lower"),
                include=["table", "during", "covers", "expires_at", "booking"],
                condition=Q(live=True),
                name="allocations_of_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_id} {self.during}"
