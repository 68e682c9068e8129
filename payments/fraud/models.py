"""Rules as rows, what they are asked about, what they answered, and what waits for a person's look."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField
from core.ids import uuid7
from payments.fraud.states import CASE_MACHINE, Answer, CaseState, Moment, RuleKind

# Nothing older than this is counted, nor kept to be counted.
LONGEST_WINDOW = timedelta(days=365)


class Rule(models.Model):
    """One version of a rule. A change makes a new one; the old one stays, for the decisions that name it."""

    series = models.UUIDField(_("rule"), default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    kind = models.CharField(_("looks at"), max_length=20, choices=RuleKind.choices)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("restaurant"),
        help_text=_("Empty: all. At a house with rules of its own of this kind, those stand in place of the general."),
    )
    window_minutes = models.PositiveIntegerField(
        _("looks back (minutes)"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(int(LONGEST_WINDOW.total_seconds() // 60))],
    )
    threshold = models.PositiveBigIntegerField(
        _("from"),
        validators=[MinValueValidator(1), MaxValueValidator(10**12)],
        help_text=_("Times, naira, per cent or guests, after what it looks at; 1 for a card of another country."),
    )
    least_naira = models.PositiveBigIntegerField(
        _("only from this amount (naira)"), default=0, validators=[MaxValueValidator(10**12)]
    )
    answer = models.CharField(_("answer"), max_length=10, choices=Answer.choices)
    is_active = models.BooleanField(_("in force"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True, help_text=_("Why it is as it is."))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    made_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    replaced_at = models.DateTimeField(_("until"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("fraud rule")
        verbose_name_plural = _("fraud rules")
        ordering = ["kind", "threshold", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["series", "version"], name="fraud_rule_has_each_version_once"),
            models.UniqueConstraint(
                fields=["series"], condition=Q(replaced_at=None), name="fraud_rule_has_one_present_version"
            ),
            models.CheckConstraint(condition=Q(kind__in=RuleKind.values), name="fraud_rule_kind_is_known"),
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="fraud_rule_answer_is_known"),
            models.CheckConstraint(
                condition=Q(threshold__gte=1, window_minutes__gte=1), name="fraud_rule_counts_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ≥ {self.threshold}: {self.get_answer_display()}"

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.window_minutes)


class Attempt(models.Model):
    """Somebody who began to pay, or was not let begin: what velocity is counted by. Keyed hashes, no contacts."""

    request = models.ForeignKey("payments.PaymentRequest", models.PROTECT, related_name="+")
    # None where the rules did not let it begin.
    payment = models.OneToOneField("payments.Payment", models.PROTECT, null=True, blank=True, related_name="+")
    restaurant = models.ForeignKey("restaurants.Restaurant", models.PROTECT, related_name="+")
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    device = models.CharField(max_length=64, blank=True)
    address_index = models.CharField(max_length=64, blank=True)
    # Of whoever booked, as they gave it.
    phone_index = models.CharField(max_length=64, blank=True)
    email_index = models.CharField(max_length=64, blank=True)
    amount_kobo = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("attempt to pay")
        verbose_name_plural = _("attempts to pay")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["device", "created_at"], condition=~Q(device=""), name="attempts_by_device"),
            models.Index(
                fields=["address_index", "created_at"], condition=~Q(address_index=""), name="attempts_by_address"
            ),
            models.Index(fields=["phone_index", "created_at"], condition=~Q(phone_index=""), name="attempts_by_phone"),
            models.Index(fields=["email_index", "created_at"], condition=~Q(email_index=""), name="attempts_by_email"),
            models.Index(fields=["payer", "created_at"], condition=~Q(payer=None), name="attempts_by_payer"),
            models.Index(fields=["restaurant", "created_at"], name="attempts_at_a_restaurant"),
            models.Index(fields=["created_at"], name="attempts_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}: {self.amount_kobo / 100:,.2f}"


class Decision(models.Model):
    """What the rules answered once, from which figures. `inputs` holds counts and shares, never who or what."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    moment = models.CharField(_("moment"), max_length=10, choices=Moment.choices)
    request = models.ForeignKey(
        "payments.PaymentRequest", models.PROTECT, related_name="+", verbose_name=_("payment request")
    )
    payment = models.ForeignKey(
        "payments.Payment", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("payment")
    )
    answer = models.CharField(_("answer"), max_length=10, choices=Answer.choices)
    is_proven = models.BooleanField(_("the payer had proven who they are"), default=False)
    inputs = models.JSONField(_("figures"), default=dict)
    made_at = models.DateTimeField(_("decided"), default=timezone.now)

    class Meta:
        verbose_name = _("fraud decision")
        verbose_name_plural = _("fraud decisions")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="fraud_decision_public_id_is_unique"),
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="fraud_decision_answer_is_known"),
            models.CheckConstraint(condition=Q(moment__in=Moment.values), name="fraud_decision_moment_is_known"),
        ]
        indexes = [models.Index(fields=["made_at"], name="fraud_decisions_by_age")]

    def __str__(self) -> str:
        return f"{self.get_moment_display()}: {self.get_answer_display()}"


class Hit(models.Model):
    """A rule that had something to say in a decision: the version, and the figure that it found."""

    decision = models.ForeignKey(Decision, models.CASCADE, related_name="hits", verbose_name=_("decision"))
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="hits", verbose_name=_("rule"))
    measured = models.PositiveBigIntegerField(_("found"))

    class Meta:
        verbose_name = _("rule that answered")
        verbose_name_plural = _("rules that answered")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["decision", "rule"], name="a_rule_answers_once_in_a_decision")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.measured}"


class Case(models.Model):
    """Something that waits for a person's look: a payment that is held, or one that the rules did not let begin."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    request = models.ForeignKey(
        "payments.PaymentRequest", models.PROTECT, related_name="+", verbose_name=_("payment request")
    )
    payment = models.OneToOneField(
        "payments.Payment", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("payment")
    )
    # None where a gateway's answer differed from what was asked for: then `why` says in what.
    decision = models.ForeignKey(
        Decision, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decision")
    )
    why = models.CharField(_("what differs"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=CaseState.choices, default=CaseState.OPEN)
    opened_at = models.DateTimeField(_("waits since"), default=timezone.now)
    appealed_at = models.DateTimeField(_("the payer asked for a person"), null=True, blank=True)
    appeal = EncryptedTextField(_("what the payer says"), aad="fraud.case.appeal", blank=True)
    note = EncryptedTextField(_("note"), aad="fraud.case.note", blank=True)
    closed_at = models.DateTimeField(_("looked at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("payment to be looked at")
        verbose_name_plural = _("payments to be looked at")
        ordering = ["opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="fraud_case_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["request"], condition=Q(payment=None, state="open"), name="one_open_case_for_what_did_not_begin"
            ),
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="fraud_case_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="fraud_case_is_closed_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["opened_at"], condition=Q(state="open"), name="fraud_cases_to_be_looked_at")]

    def __str__(self) -> str:
        return f"{self.payment or self.request}"

    def move_to(self, state: CaseState) -> None:
        """Set the state if the move is legal.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        CASE_MACHINE.check(CaseState(self.state), state)
        self.state = state
