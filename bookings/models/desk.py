"""What hosts did at the desk, by the ids their own screens gave it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class DeskAct(models.Model):
    """One act of a host with the answer it got, so that a screen which never heard the answer may ask again.

    Holds nothing of the guest: the booking it touched has that.
    """

    restaurant = models.ForeignKey("restaurants.Restaurant", models.CASCADE, related_name="+", db_index=False)
    client_id = models.UUIDField(_("id given by the screen"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    what = models.CharField(_("what"), max_length=12)
    digest = models.CharField(_("digest of what was asked"), max_length=64)
    is_done = models.BooleanField(_("done"), default=False)
    answer = models.JSONField(_("answer"), default=dict)
    at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("act at the desk")
        verbose_name_plural = _("acts at the desk")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "client_id"], name="one_desk_act_per_client_id"),
        ]
        indexes = [models.Index(fields=["at"], name="desk_acts_by_time")]

    def __str__(self) -> str:
        return self.what
