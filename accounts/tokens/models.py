import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.tokens.states import Client, Reason


class TokenFamily(models.Model):
    """One log-in on one device: the Django session, and the refresh tokens that follow one another in it.

    Only the current refresh token opens anything; its `jti` stands here, never the token.
    """

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="token_families")
    session_key = models.CharField(max_length=40)
    client = models.CharField(max_length=8, choices=Client)
    current_jti = models.UUIDField(default=uuid.uuid4)
    previous_jti = models.UUIDField(null=True, blank=True)
    # What the last refresh called itself: the same try again, within a minute, gets the same answer.
    attempt = models.CharField(max_length=64, blank=True)
    amr = models.JSONField(_("signed in by"), default=list)
    user_agent = models.CharField(_("program"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("signed in"), auto_now_add=True)
    refreshed_at = models.DateTimeField(_("last seen"))
    expires_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=20, choices=Reason, blank=True)

    class Meta:
        verbose_name = _("device signed in")
        verbose_name_plural = _("devices signed in")
        ordering = ["-refreshed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="token_family_public_id_is_unique"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="token_family_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, reason="") | Q(revoked_at__isnull=False) & ~Q(reason=""),
                name="a_closed_family_has_its_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(revoked_at__isnull=True), name="open_families_of_a_person"),
            models.Index(fields=["session_key"], name="families_by_session"),
            models.Index(fields=["expires_at"], name="families_by_end"),
            models.Index(fields=["revoked_at"], condition=Q(revoked_at__isnull=False), name="closed_families_by_time"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)
