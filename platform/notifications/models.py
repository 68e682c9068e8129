"""Messages to people: rendered once, in their language, and kept with what became of them."""

import uuid
from datetime import datetime
from email.utils import parseaddr
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core import phones
from core.encryption import EncryptedTextField, index_of_phone, mask_email
from notifications.states import UNDELIVERED, Channel, Status


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime) -> Self:
        """Keep what a worker should take up now: waiting ones, and those whose worker let the lease run out."""
        return self.filter(status__in=UNDELIVERED, next_attempt_at__lte=now)

    def to_phone(self, phone: str) -> Self:
        """Keep the text messages to a number, in any spelling."""
        return self.filter(channel=Channel.SMS, recipient=index_of_phone(phone))


class Message(models.Model):
    """One message to one person about one fact, by one channel."""

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=60)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    # An e-mail address; of a text message the blind index of its number, which stands encrypted beside it.
    recipient = models.CharField(_("to"), max_length=320)
    phone = EncryptedTextField(_("phone"), aad="notifications.message.phone", blank=True, default="")
    recipient_name = models.CharField(_("name"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=250)
    body_text = models.TextField(_("text"), blank=True)
    body_html = models.TextField(_("HTML"), blank=True)
    sms_text = EncryptedTextField(_("text message"), aad="notifications.message.sms_text", blank=True, default="")
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
    # Who took a text message, or may have taken it without saying so: nobody else is asked then.
    carrier = models.CharField(_("carrier"), max_length=20, blank=True, default="", db_default="")
    # What the network that carried it calls it.
    provider_reference = models.CharField(_("provider's number"), max_length=100, blank=True, default="")

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
            # Nobody's number, and no words to it, stand here in the clear.
            models.CheckConstraint(
                condition=~models.Q(channel=Channel.SMS)
                | models.Q(body_text="", body_html="", recipient__regex="^[0-9a-f]{64}$"),
                name="message_to_a_phone_is_sealed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(status__in=UNDELIVERED), name="message_undelivered"
            ),
            models.Index(fields=["-created_at", "-id"], name="message_newest_first"),
            # For archives and erasures: whatever went to somebody, however the address was spelt.
            models.Index(Upper("recipient"), name="messages_by_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.masked_recipient}"

    @property
    def masked_recipient(self) -> str:
        """The address as lists may show it: enough to recognise, not enough to copy out."""
        return phones.mask(self.phone) if self.channel == Channel.SMS else mask_email(self.recipient)

    @property
    def message_id(self) -> str:
        """The Message-ID header: the same at every attempt, so that mail programs show a repeat as one mail."""
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
        return f"<{self.public_id}@{domain}>"
