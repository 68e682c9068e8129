"""Comparisons with gateways, and what they found."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from payments.gateways.base import Mode
from payments.models import Payment
from payments.reconciliation.states import FINDING_MACHINE, FindingKind, FindingState, RunState, Stage

MODES = [(mode.value, mode.value) for mode in Mode]


class Run(models.Model):
    """The comparison of one day with one gateway's account. It is gone on with from where it stands."""

    gateway = models.CharField(_("gateway"), max_length=20)
    mode = models.CharField(_("mode"), max_length=4, choices=MODES)
    # By the clock of Nigeria.
    day = models.DateField(_("day"))
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    stage = models.CharField(_("busy with"), max_length=10, choices=Stage.choices, default=Stage.CHARGES)
    # What asks for the rest of this stage: a gateway's page, or the key of the last row of ours.
    place = models.CharField(max_length=200, blank=True, editable=False)
    charges = models.PositiveIntegerField(_("their payments"), default=0)
    refunds = models.PositiveIntegerField(_("their refunds"), default=0)
    disputes = models.PositiveIntegerField(_("their disputes"), default=0)
    settlements = models.PositiveIntegerField(_("their payouts"), default=0)
    payments = models.PositiveIntegerField(_("our payments"), default=0)
    why = models.CharField(_("why it waits"), max_length=200, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries without an answer"), default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    began_at = models.DateTimeField(_("begun"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("comparison with a gateway")
        verbose_name_plural = _("comparisons with gateways")
        ordering = ["-day", "gateway"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "mode", "day"], name="a_day_is_compared_in_one_row"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="run_stage_is_known"),
        ]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state="running"), name="runs_to_be_gone_on_with")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.day:%Y-%m-%d}"


class Sighting(models.Model):
    """Something that a gateway's lists had: kept while its comparison lasts, to know what they lacked."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="sightings")
    what = models.CharField(max_length=10)
    gateway_id = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "what", "gateway_id"], name="a_sighting_is_kept_once"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.gateway_id}"


class Finding(models.Model):
    """Something that differs between a gateway and us, or within: one row, however often it is found. Kobo."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    # Names the difference.
    key = models.CharField(max_length=200, editable=False)
    kind = models.CharField(_("what"), max_length=12, choices=FindingKind.choices)
    gateway = models.CharField(_("gateway"), max_length=20)
    mode = models.CharField(_("mode"), max_length=4, choices=MODES)
    # Which comparison saw it last; none for what is of no day.
    run = models.ForeignKey(
        Run, models.PROTECT, null=True, blank=True, related_name="findings", verbose_name=_("comparison")
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="findings", verbose_name=_("payment")
    )
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    gateway_id = models.CharField(_("number at the gateway"), max_length=100, blank=True)
    ours_kobo = models.BigIntegerField(_("here (kobo)"), null=True, blank=True)
    theirs_kobo = models.BigIntegerField(_("there (kobo)"), null=True, blank=True)
    # What stood on both sides when it was found last. Nothing of a card, and nobody's address.
    evidence = models.JSONField(_("evidence"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=FindingState.choices, default=FindingState.OPEN)
    times = models.PositiveIntegerField(_("found"), default=1, help_text=_("How often it was found."))
    found_at = models.DateTimeField(_("found first"))
    last_found_at = models.DateTimeField(_("found last"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    # Empty of what was gone by itself.
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("difference with a gateway")
        verbose_name_plural = _("differences with gateways")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="finding_public_id_is_unique"),
            models.UniqueConstraint(fields=["key"], name="a_difference_is_one_finding"),
            models.CheckConstraint(condition=Q(kind__in=FindingKind.values), name="finding_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=FindingState.values), name="finding_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=FindingState.OPEN, closed_at__isnull=True)
                | (~Q(state=FindingState.OPEN) & Q(closed_at__isnull=False)),
                name="a_closed_finding_says_since_when",
            ),
        ]
        indexes = [
            models.Index(fields=["gateway", "last_found_at"], condition=Q(state="open"), name="findings_open"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reference or self.gateway_id}"

    def move_to(self, state: FindingState) -> None:
        """Set the state if the move is legal.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        FINDING_MACHINE.check(FindingState(self.state), state)
        self.state = state
