from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.states import FEE_MACHINE, FeeKind, FeeState
from core.audit.row_history import keeps_history
from core.ids import uuid7


@keeps_history(
    "FeeRowHistory",
    verbose_name=_("history of a fee"),
    exclude=("next_try_at", "tries", "updated_at", "waived_by", "reason"),
)
class Fee(models.Model):
    """What a house asks for a table to which nobody came, or which was cancelled too late, as its terms said. Kobo.

    What is kept of a deposit is off it already. A machine of its own beside the booking's and the payments'.
    """

    public_id = models.UUIDField(default=uuid7, editable=False)
    booking = models.ForeignKey(
        # A row about money does not go with what it is asked for.
        "bookings.Booking",
        models.PROTECT,
        related_name="fees",
        verbose_name=_("booking"),
    )
    kind = models.CharField(_("for"), max_length=10, choices=FeeKind.choices)
    state = models.CharField(_("state"), max_length=10, choices=FeeState.choices, default=FeeState.ASKED)
    amount_kobo = models.PositiveBigIntegerField(_("amount (kobo)"))
    # Of this time: what was paid before the fee was given up is given back, and not counted any more.
    paid_kobo = models.PositiveBigIntegerField(_("paid (kobo)"), default=0)
    returned_kobo = models.PositiveBigIntegerField(_("given back (kobo)"), default=0)
    # Until then the house may think better of it, and nothing is charged.
    due_at = models.DateTimeField(_("charged from"))
    # How often it was asked for anew, after it had been given up.
    turn = models.PositiveSmallIntegerField(default=1, editable=False)
    next_try_at = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(_("tried"), default=0, editable=False)
    reason = models.CharField(_("why it is waived"), max_length=300, blank=True)
    waived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("waived by")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("fee")
        verbose_name_plural = _("fees")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="fee_public_id_is_unique"),
            models.UniqueConstraint(fields=["booking", "kind"], name="one_fee_of_a_kind_for_a_booking"),
            models.CheckConstraint(condition=Q(amount_kobo__gt=0), name="fee_asks_for_something"),
            models.CheckConstraint(condition=Q(kind__in=FeeKind.values), name="fee_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=FeeState.values), name="fee_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=FeeState.PAID) | Q(paid_kobo__gte=F("amount_kobo")), name="a_paid_fee_is_paid"
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="fees_to_be_charged"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount_kobo / 100:,.2f}"

    def move_to(self, state: FeeState) -> None:
        """Set the state if the move is legal; the service saves and publishes.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        FEE_MACHINE.check(FeeState(self.state), state)
        self.state = state

    @property
    def missing_kobo(self) -> int:
        """What is still to come, while it is asked for."""
        if self.state not in (FeeState.ASKED, FeeState.UNPAID):
            return 0
        return max(self.amount_kobo - self.paid_kobo, 0)
