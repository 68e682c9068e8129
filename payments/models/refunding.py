"""Money that goes back: given back by the house or by Buka, or taken back by a bank."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.audit.row_history import keeps_history
from core.ids import uuid7
from payments.models.paying import Payment
from payments.states import (
    DISPUTE_MACHINE,
    REFUND_MACHINE,
    REFUND_UNDER_WAY,
    DisputeState,
    RefundReason,
    RefundState,
)


@keeps_history(
    "RefundRowHistory", verbose_name=_("history of a refund"), exclude=("next_check_at", "checks", "updated_at")
)
class Refund(models.Model):
    """Money of one payment that is given back, in full or in part. Kobo."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    state = models.CharField(_("state"), max_length=10, choices=RefundState.choices, default=RefundState.REQUESTED)
    amount_kobo = models.PositiveBigIntegerField(_("amount (kobo)"))
    reason = models.CharField(_("why"), max_length=10, choices=RefundReason.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    # What it is asked for by: the same decision gives money back once, however often it is heard.
    key = models.CharField(max_length=120, editable=False)
    gateway_id = models.CharField(_("number at the gateway"), max_length=40, blank=True)
    word = models.CharField(_("the gateway's word"), max_length=40, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    # When the payer should have it, as the gateway says.
    expected_at = models.DateTimeField(_("expected"), null=True, blank=True)
    next_check_at = models.DateTimeField(_("next asked about"), null=True, blank=True, editable=False)
    checks = models.PositiveSmallIntegerField(_("asked about"), default=0, editable=False)
    # When the gateway was last told; from then on it may have it, whatever was answered.
    told_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="refund_public_id_is_unique"),
            models.UniqueConstraint(fields=["payment", "key"], name="one_decision_gives_back_once"),
            models.UniqueConstraint(
                fields=["payment", "gateway_id"],
                condition=~Q(gateway_id=""),
                name="a_refund_at_a_gateway_is_one_refund",
            ),
            models.CheckConstraint(condition=Q(amount_kobo__gt=0), name="refund_gives_something"),
            models.CheckConstraint(condition=Q(state__in=RefundState.values), name="refund_state_is_known"),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"], condition=Q(next_check_at__isnull=False), name="refunds_to_be_checked"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.amount_kobo / 100:,.2f}"

    def move_to(self, state: RefundState) -> None:
        """Set the state if the move is legal; the service saves and publishes.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        REFUND_MACHINE.check(RefundState(self.state), state)
        self.state = state

    @property
    def is_under_way(self) -> bool:
        """Whether its end is still awaited."""
        return self.state in REFUND_UNDER_WAY


@keeps_history("DisputeRowHistory", verbose_name=_("history of a dispute"), exclude=("updated_at",))
class Dispute(models.Model):
    """A bank that wants money back from a payment, as the gateway tells it. Kobo."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes", verbose_name=_("payment"))
    gateway_id = models.CharField(_("number at the gateway"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=DisputeState.choices, default=DisputeState.OPEN)
    amount_kobo = models.PositiveBigIntegerField(_("amount (kobo)"))
    # Of what went back already a bank cannot take more than is left.
    counted_kobo = models.PositiveBigIntegerField(_("taken out of what is left (kobo)"), default=0, editable=False)
    category = models.CharField(_("category"), max_length=40, blank=True)
    word = models.CharField(_("the gateway's word"), max_length=40, blank=True)
    due_at = models.DateTimeField(_("to be answered until"), null=True, blank=True)
    created_at = models.DateTimeField(_("heard of"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="dispute_public_id_is_unique"),
            models.UniqueConstraint(fields=["payment", "gateway_id"], name="a_dispute_is_written_down_once"),
            models.CheckConstraint(condition=Q(amount_kobo__gt=0), name="dispute_is_about_something"),
            models.CheckConstraint(condition=Q(state__in=DisputeState.values), name="dispute_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.amount_kobo / 100:,.2f}"

    def move_to(self, state: DisputeState) -> None:
        """Set the state if the move is legal.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        DISPUTE_MACHINE.check(DisputeState(self.state), state)
        self.state = state
