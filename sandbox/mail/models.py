"""Mails as they came in: the source untouched, and what a reader wants of it."""

from typing import ClassVar, Self

from django.db import models
from django.urls import reverse


class MailQuerySet(models.QuerySet["Mail"]):
    def to(self, address: str) -> Self:
        return self.filter(recipients__address=address.strip().lower())

    def matching(self, words: str) -> Self:
        """Keep the mails whose subject, or one of whose recipients, contains the words."""
        found = models.Q(subject__icontains=words) | models.Q(
            models.Exists(Recipient.objects.filter(mail=models.OuterRef("pk"), address__icontains=words))
        )
        return self.filter(found)

    def with_copies(self) -> Self:
        """Count, beside each mail, the mails with its Message-ID, and how many of them came no later than it."""
        same = Mail.objects.filter(message_id=models.OuterRef("message_id")).exclude(message_id="").order_by()
        count = models.Subquery(same.values("message_id").annotate(n=models.Count("pk")).values("n"))
        until = same.filter(pk__lte=models.OuterRef("pk"))
        place = models.Subquery(until.values("message_id").annotate(n=models.Count("pk")).values("n"))
        return self.annotate(
            copies=models.functions.Coalesce(count, 1),
            copy_number=models.functions.Coalesce(place, 1),
        )


class Mail(models.Model):
    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        # Kept, but the sender was never told: the connection broke after the last line.
        DROPPED = "dropped"

    received_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.ACCEPTED)
    sent_by = models.CharField(max_length=400)
    message_id = models.CharField(max_length=998, blank=True, db_index=True)
    subject = models.TextField(blank=True)
    headers = models.JSONField(default=list)
    plain = models.TextField(blank=True)
    html = models.TextField(blank=True)
    raw = models.BinaryField()

    objects = MailQuerySet.as_manager()

    class Meta:
        app_label = "sandbox_mail"
        ordering = ["-pk"]

    def get_absolute_url(self) -> str:
        return reverse("mail:detail", args=[self.pk])


class Recipient(models.Model):
    mail = models.ForeignKey(Mail, on_delete=models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=400, db_index=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_mail"
        ordering = ["pk"]


class Attachment(models.Model):
    mail = models.ForeignKey(Mail, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)
    content = models.BinaryField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_mail"
        ordering = ["pk"]

    def get_absolute_url(self) -> str:
        return reverse("mail:attachment", args=[self.mail.pk, self.pk])
