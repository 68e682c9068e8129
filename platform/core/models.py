from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField
from core.ids import uuid7


class OutboxEvent(models.Model):
    """A fact, recorded in the transaction that made it true (`core.outbox`)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("event"), max_length=100)
    payload = models.JSONField(_("payload"))
    created_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    relayed_at = models.DateTimeField(_("handed over at"), null=True, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["created_at"], name="outbox_event_created"),
            models.Index(
                fields=["created_at"], condition=models.Q(relayed_at__isnull=True), name="outbox_event_unrelayed"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EventDelivery(models.Model):
    """One event on its way to one handler; once done, the receipt that its effect has happened."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        PARKED = "parked", _("Parked")

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("event"))
    handler = models.CharField(_("handler"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"))
    last_error = models.TextField(_("last error"), blank=True, default="")
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="event_delivery_once_per_handler"),
            models.CheckConstraint(
                condition=models.Q(status="done", done_at__isnull=False)
                | models.Q(~models.Q(status="done"), done_at__isnull=True),
                name="event_delivery_done_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=models.Q(status="waiting"), name="event_delivery_due"),
            models.Index(fields=["id"], condition=models.Q(status="parked"), name="event_delivery_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.handler}"

    def is_due(self, now: datetime) -> bool:
        return self.status == self.Status.WAITING and self.next_attempt_at <= now


class IdempotencyKey(models.Model):
    """The answer once given to a request that carried a key; written in the transaction of its effect."""

    actor = models.CharField(max_length=120)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    # Answers name guests and carry the token that opens a booking.
    body = EncryptedTextField(blank=True, aad="core.idempotencykey.body")
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "method", "path", "key"], name="idempotency_key_one_answer"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_created")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
