import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class CalendarFeed(models.Model):
    """An address under which a calendar program finds somebody's bookings, or those of a house where they work.

    The address is signed over `public_id` and `generation`: a new generation is a new address, and the old one is shut.
    """

    public_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    generation = models.UUIDField(default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.CASCADE, null=True, related_name="+", verbose_name=_("restaurant")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "restaurant"], nulls_distinct=False, name="one_calendar_per_person_and_house"
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)
