"""Rows that only ever come to be: triggers of the database refuse every change (migrations/0002_append_only.py)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.audit import catalogue
from core.audit.states import ActorKind, Door, Outcome, Severity
from core.encryption import EncryptedTextField
from core.ids import uuid7


class AuditEvent(models.Model):
    """Somebody did something. No foreign keys: the people and rows it names may go, the event stays.

    `at`, `tx`, `era` and what it was written after are the database's own: a trigger overwrites whatever is given.
    """

    public_id = models.UUIDField(_("public id"), default=uuid7, editable=False)
    at = models.DateTimeField(_("when"), db_default=models.functions.Now())
    tx = models.BigIntegerField(
        _("transaction"), db_default=0, help_text=_("Sealing waits until every transaction before it is decided.")
    )
    era = models.BigIntegerField(
        _("era"), db_default=0, help_text=_("Names the database cluster: transactions count anew in another one.")
    )
    # The newest seal there was: an event that saw seal 7 proves which seal 7 there was.
    after_seal = models.BigIntegerField(_("written after seal"), db_default=0)
    after_digest = models.CharField(_("its digest begins with"), max_length=16, db_default="")

    action = models.CharField(_("action"), max_length=100)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices, default=Severity.INFO)
    times = models.PositiveIntegerField(
        _("times"), default=1, help_text=_("How often it happened, where repetitions share a row.")
    )

    actor_kind = models.CharField(_("kind of actor"), max_length=10, choices=ActorKind.choices)
    actor_id = models.UUIDField(_("actor"), null=True, blank=True)
    on_behalf_of_id = models.UUIDField(_("on behalf of"), null=True, blank=True)
    target_type = models.CharField(_("kind of target"), max_length=100, blank=True, default="")
    target_id = models.CharField(_("target"), max_length=64, blank=True, default="")
    restaurant_id = models.UUIDField(_("restaurant"), null=True, blank=True)

    door = models.CharField(_("door"), max_length=10, choices=Door.choices)
    address = EncryptedTextField(
        _("from address"), blank=True, default="", aad="audit.auditevent.address", is_fixed=True
    )
    address_index = models.CharField(max_length=64, blank=True, default="", editable=False)
    user_agent = models.CharField(_("program"), max_length=200, blank=True, default="")
    request_id = models.CharField(_("request"), max_length=64, blank=True, default="")
    details = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="audit_event_public_id_is_unique"),
            models.CheckConstraint(condition=models.Q(outcome__in=Outcome.values), name="audit_event_outcome_is_known"),
            models.CheckConstraint(
                condition=models.Q(severity__in=Severity.values), name="audit_event_severity_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(actor_kind__in=ActorKind.values), name="audit_event_actor_kind_is_known"
            ),
            models.CheckConstraint(condition=models.Q(door__in=Door.values), name="audit_event_door_is_known"),
            models.CheckConstraint(
                condition=models.Q(actor_id__isnull=False) | models.Q(actor_kind__in=["system", "stranger"]),
                name="audit_event_people_have_an_id",
            ),
        ]
        indexes = [
            models.Index(fields=["era", "tx", "id"], name="audit_event_chain"),
            models.Index(fields=["-at", "-id"], name="audit_event_recent"),
            models.Index(fields=["action", "-at"], name="audit_event_action"),
            models.Index(
                fields=["actor_id", "-at"], condition=models.Q(actor_id__isnull=False), name="audit_event_actor"
            ),
            models.Index(fields=["target_id", "-at"], condition=~models.Q(target_id=""), name="audit_event_target"),
            models.Index(
                fields=["restaurant_id", "-at"],
                condition=models.Q(restaurant_id__isnull=False),
                name="audit_event_restaurant",
            ),
            models.Index(
                fields=["at", "action"],
                condition=models.Q(severity__in=["warning", "alert"]),
                name="audit_event_security",
            ),
        ]

    def __str__(self) -> str:
        return str(self.label)

    @property
    def label(self) -> Any:
        """The action in words; its name, where the app that listed it is gone."""
        action = catalogue.actions().get(self.action)
        return action.label if action else self.action


class AuditSeal(models.Model):
    """A link of the chain: the digests of the events it covers, tied to the seal before it.

    It covers the events of its era after the previous seal of that era, up to (last_tx, last_id).
    """

    number = models.PositiveBigIntegerField(_("number"))
    at = models.DateTimeField(_("sealed at"))
    era = models.BigIntegerField(_("era"))
    last_tx = models.BigIntegerField(_("last transaction"))
    last_id = models.BigIntegerField(_("last row"))
    rows = models.PositiveIntegerField(_("events"))
    leaves = models.BinaryField(
        _("digests of the events"), help_text=_("Of each event its row (8 bytes) and its SHA-256 (32 bytes).")
    )
    rows_digest = models.CharField(_("digest of the events"), max_length=64)
    previous = models.CharField(_("digest of the seal before"), max_length=64)
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="audit_seal_number_is_unique"),
            models.UniqueConstraint(fields=["previous"], name="audit_seal_chain_does_not_fork"),
            models.UniqueConstraint(fields=["era", "last_tx", "last_id"], name="audit_seal_covers_more_than_the_last"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.digest[:12]}"


class AuditCheckpoint(models.Model):
    """Events up to a seal have served their time and may be deleted; what follows is verified from here on."""

    at = models.DateTimeField(_("recorded at"), db_default=models.functions.Now())
    seal_number = models.PositiveBigIntegerField(_("up to seal"))
    seal_digest = models.CharField(_("digest of that seal"), max_length=64)

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        ordering = ["-seal_number"]
        constraints = [
            models.UniqueConstraint(fields=["seal_number"], name="audit_checkpoint_once_per_seal"),
        ]

    def __str__(self) -> str:
        return str(self.seal_number)


class SecurityAlert(models.Model):
    """A rule saw more of something than is usual (`core.audit.rules`); somebody looks into it."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACKNOWLEDGED = "acknowledged", _("Being looked into")
        CLOSED = "closed", _("Closed")

    public_id = models.UUIDField(_("public id"), default=uuid7, editable=False)
    rule = models.CharField(_("rule"), max_length=60)
    subject_kind = models.CharField(_("kind of subject"), max_length=20)
    subject = models.CharField(_("subject"), max_length=64, blank=True, default="")
    restaurant_id = models.UUIDField(_("restaurant"), null=True, blank=True)
    count = models.PositiveIntegerField(_("times seen"))
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    last_event_id = models.UUIDField(_("latest event"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.OPEN)
    raised_at = models.DateTimeField(_("raised at"), auto_now_add=True)
    handled_by_id = models.UUIDField(_("handled by"), null=True, blank=True)
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    remark = models.TextField(_("remark"), blank=True, default="", max_length=2000)

    class Meta:
        verbose_name = _("security alert")
        verbose_name_plural = _("security alerts")
        ordering = ["-raised_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="security_alert_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["rule", "subject"],
                condition=~models.Q(state="closed"),
                name="security_alert_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "acknowledged", "closed"]), name="security_alert_state_is_known"
            ),
        ]
        indexes = [models.Index(fields=["rule", "subject", "-id"], name="security_alert_subject")]

    def __str__(self) -> str:
        from core.audit import rules

        rule = rules.RULES.get(self.rule)
        return str(rule.label) if rule else self.rule
