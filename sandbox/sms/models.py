"""Text messages as they came in."""

from typing import Self

from django.db import models


class TextQuerySet(models.QuerySet["Text"]):
    def to(self, number: str) -> Self:
        """Keep the messages to a number, or to every number that has these digits in it."""
        digits = "".join(character for character in number if character.isdigit())
        # 0803 … at home is +234 803 … everywhere.
        return self.filter(number__contains=digits.lstrip("0")) if digits else self


class Text(models.Model):
    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        # Kept, but the sender was told that something went wrong.
        LOST = "lost"

    class Network(models.TextChoices):
        AFRICASTALKING = "africastalking", "Africa’s Talking"
        TWILIO = "twilio", "Twilio"

    network = models.CharField(max_length=20, choices=Network, default=Network.AFRICASTALKING)
    received_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.ACCEPTED)
    number = models.CharField(max_length=20, db_index=True)
    sender = models.CharField(max_length=20)
    words = models.TextField()
    message_id = models.CharField(max_length=50)
    parts = models.PositiveSmallIntegerField()

    objects = TextQuerySet.as_manager()

    class Meta:
        app_label = "sandbox_sms"
        ordering = ["-pk"]
