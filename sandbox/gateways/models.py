"""What the payment gateways have in common, as rows: nothing here may be forgotten by a restart."""

from typing import ClassVar, Self

from django.db import models


class Clock(models.Model):
    """The gateways' clock, in one row: so far from the real one, or stopped."""

    offset_seconds = models.FloatField(default=0)
    frozen_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "gateways"


class Rule(models.Model):
    """Something that goes wrong, where, how often and how many times."""

    gateway = models.CharField(max_length=20)
    route = models.CharField(max_length=60)
    kind = models.CharField(max_length=30)
    chance = models.FloatField(default=1)
    # None: until it is removed.
    times_left = models.PositiveIntegerField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    options = models.JSONField(default=dict)
    # The next number is made of both, so a run can be repeated, and a restart changes nothing.
    seed = models.CharField(max_length=40)
    draws = models.PositiveIntegerField(default=0)
    # How often it was played.
    hits = models.PositiveIntegerField(default=0)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "gateways"
        ordering = ["pk"]


class Addresses(models.Model):
    """What a merchant has changed on its dashboard."""

    merchant = models.CharField(max_length=40, unique=True)
    webhook_url = models.CharField(max_length=500, blank=True)
    callback_url = models.CharField(max_length=500, blank=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "gateways"


class Delivery(models.Model):
    """A webhook on its way to a merchant: written in the transaction of what it tells."""

    class State(models.TextChoices):
        PENDING = "pending"
        # Waits until a later one has gone ahead.
        HELD = "held"
        DELIVERED = "delivered"
        # Its schedule is over.
        GIVEN_UP = "given_up"
        DROPPED = "dropped"

    gateway = models.CharField(max_length=20)
    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    event = models.CharField(max_length=60)
    reference = models.CharField(max_length=200, db_index=True)
    # As the signature covers it: what goes wrong with the bytes is done to them on their way.
    body = models.TextField()
    # By kind, the options of the faults that it suffers.
    faults = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    made_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # Of each attempt: when, by the gateways' clock, and the status or what went wrong.
    tries = models.JSONField(default=list)
    answer = models.CharField(max_length=500, blank=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "gateways"
        ordering = ["pk"]
        indexes = [models.Index(fields=["state", "next_try_at"], name="delivery_due")]


class Due(models.Model):
    """Something that a gateway will do later by its clock: a transfer that arrives, a refund that moves on."""

    gateway = models.CharField(max_length=20)
    action = models.CharField(max_length=40)
    arguments = models.JSONField(default=dict)
    due_at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "gateways"
        ordering = ["due_at", "pk"]


class Visit(models.Model):
    """How far a payer is on a hosted checkout page. Of a card it knows which test card it is, never its number."""

    gateway = models.CharField(max_length=20)
    token = models.CharField(max_length=100)
    # What is asked now: choose, one of the instrument's steps, transfer, ussd.
    step = models.CharField(max_length=20, default="choose")
    instrument = models.CharField(max_length=40, blank=True)
    steps_done = models.PositiveSmallIntegerField(default=0)
    wrong_answers = models.PositiveSmallIntegerField(default=0)
    account_number = models.CharField(max_length=10, blank=True)
    account_expires_at = models.DateTimeField(null=True, blank=True)
    ussd_code = models.CharField(max_length=40, blank=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "gateways"
        constraints = [models.UniqueConstraint(fields=["gateway", "token"], name="visit_once")]
