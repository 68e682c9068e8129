from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class RoomPrices(models.Model):
    """What a quarter of an hour at each kind of table is worth on a weekday: `bookings.pricing.Prices`, kept.

    Nobody edits them; they are computed anew each night and when the plan they were computed for has changed.
    """

    restaurant = models.ForeignKey("restaurants.Restaurant", models.CASCADE, related_name="+", db_index=False)
    weekday = models.PositiveSmallIntegerField()
    plan_version = models.PositiveBigIntegerField()
    tables = models.JSONField()
    covers = models.JSONField()
    computed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("prices of a room")
        verbose_name_plural = _("prices of rooms")
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "weekday"], name="one_price_list_per_restaurant_and_weekday"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="price_list_weekday_is_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.restaurant_id} {self.weekday}"


class Rearrangement(models.Model):
    """The tables of a service arranged anew: by Buka once before it begins, and by staff as often as they like."""

    restaurant = models.ForeignKey("restaurants.Restaurant", models.CASCADE, related_name="+", db_index=False)
    service_day = models.DateField(_("service day"))
    shift_name = models.CharField(_("shift"), max_length=40, blank=True)
    moved = models.PositiveSmallIntegerField(_("parties moved"), default=0)
    # Who it was stands in the histories of the parties that moved.
    by_staff = models.BooleanField(_("asked for by staff"), default=False)
    done_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("rearrangement of tables")
        verbose_name_plural = _("rearrangements of tables")
        ordering = ["-done_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["restaurant", "service_day", "shift_name"],
                condition=Q(by_staff=False),
                name="one_rearrangement_by_buka_per_service",
            ),
        ]
        indexes = [models.Index(fields=["restaurant", "service_day"], name="rearrangements_of_a_day")]

    def __str__(self) -> str:
        return f"{self.service_day} {self.shift_name}"
