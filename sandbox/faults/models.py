"""The fault each service is told to play; one row a service, so that a restart changes nothing."""

from typing import ClassVar, Self

from django.db import models


class Fault(models.Model):
    service = models.CharField(max_length=40, unique=True)
    mode = models.CharField(max_length=40, default="none")
    delay_seconds = models.PositiveSmallIntegerField(default=0)
    # None: until it is switched off.
    times_left = models.PositiveSmallIntegerField(null=True, blank=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_faults"
