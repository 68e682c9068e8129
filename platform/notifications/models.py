"""Messages to people: rendered once, in their language, and kept with what became of them."""

import uuid
from datetime import datetime
from email.utils import parseaddr
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.states import UNDELIVERED, Channel, Status


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime) -> Self:
        """Keep what a worker should take up now: waiting ones, and those whose worker let the lease run out."""
        return self.filter(status__in=UNDELIVERED, next_attempt_at__lte=now)


class Message(models.Model):
    """One message to one person about one fact, by one channel."""

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=60)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    recipient = models.CharField(_("to"), max_length=320)
    recipient_name = models.CharField(_("name"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=250)
    body_text = models.TextField(_("text"))
    body_html = models.TextField(_("HTML"), blank=True)
    # [{"name": ..., "content_type": ..., "content": base64}]
    attachments = models.JSONField(_("attachments"), default=list, blank=True)
    dedupe_key = models.CharField(_("fact"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # While waiting: when to try next. While being sent: when the worker's lease runs out.
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now)
    useful_until = models.DateTimeField(_("useful until"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("written at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key", "channel", "recipient"], name="message_is_written_once_per_fact_and_person"
            ),
            models.CheckConstraint(
                condition=models.Q(status=Status.SENT, sent_at__isnull=False)
                | models.Q(~models.Q(status=Status.SENT), sent_at__isnull=True),
                name="message_sent_has_its_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(status__in=UNDELIVERED), name="message_undelivered"
            ),
            models.Index(fields=["-created_at", "-id"], name="message_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient}"

    @property
    def message_id(self) -> str:
        """The Message-ID header: the same at every attempt, so that mail programs show a repeat as one mail."""
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
        return f"<{self.public_id}@{domain}>"
