"""Webhooks as they came."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField
from payments.states import JournalState


class WebhookEvent(models.Model):
    """A genuine webhook, kept as it came and worked off from here; the same news once, however often it comes."""

    gateway = models.CharField(_("gateway"), max_length=20)
    key = models.CharField(_("key"), max_length=200)
    name = models.CharField(_("event"), max_length=60)
    # Names people, and parts of cards.
    body = EncryptedTextField(_("body"), aad="payments.webhookevent.body")
    state = models.CharField(_("state"), max_length=10, choices=JournalState.choices, default=JournalState.WAITING)
    times = models.PositiveIntegerField(_("came"), default=1, help_text=_("How often it was sent."))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    note = models.CharField(_("what became of it"), max_length=300, blank=True)
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    received_at = models.DateTimeField(_("came first"), auto_now_add=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook of a gateway")
        verbose_name_plural = _("webhooks of gateways")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "key"], name="the_same_news_is_kept_once"),
            models.CheckConstraint(condition=Q(state__in=JournalState.values), name="journal_state_is_known"),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="webhooks_to_be_worked_off"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="webhooks_by_reference"),
            models.Index(fields=["received_at"], name="webhooks_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway}: {self.name}"
