"""What the two providers remember: their signing key, and what they handed out."""

from typing import ClassVar, Self

from django.db import models


class SigningKey(models.Model):
    service = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=40)
    pem = models.TextField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_openid"


class Grant(models.Model):
    """A code or an access token: for whom, for which app, and what will go wrong with it."""

    class Kind(models.TextChoices):
        CODE = "code"
        ACCESS = "access"

    service = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=200, unique=True)
    client_id = models.CharField(max_length=200)
    redirect_uri = models.TextField(blank=True)
    challenge = models.CharField(max_length=200, blank=True)
    nonce = models.CharField(max_length=200, blank=True)
    scope = models.TextField(blank=True)
    # The person, as an ID token would describe them.
    claims = models.JSONField(default=dict)
    fault = models.CharField(max_length=40, default="none")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    made_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_openid"
        ordering = ["-pk"]
