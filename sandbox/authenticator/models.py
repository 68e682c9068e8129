"""Secrets somebody asked the authenticator to remember."""

from typing import ClassVar, Self

from django.db import models


class Entry(models.Model):
    secret = models.CharField(max_length=128, unique=True)
    name = models.CharField(max_length=120, blank=True)
    added_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_authenticator"
        ordering = ["pk"]
