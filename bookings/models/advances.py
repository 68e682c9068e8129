from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.states import ADVANCE_MACHINE, ActorKind, AdvanceState, Channel
from core.audit.row_history import never_emptied


class Advance(models.Model):
    """Money paid before the visit, on account of the bill: a deposit. Amounts in kobo.

    A machine of its own beside the booking's; events join them. Tickets keep their account on the order (decision 29).
    """

    booking = models.OneToOneField(
        # A row about money does not go with what it was paid for.
        "bookings.Booking",
        models.PROTECT,
        related_name="advance",
        verbose_name=_("booking"),
    )
    state = models.CharField(
        _("state"), max_length=10, choices=AdvanceState.choices, default=AdvanceState.AWAITED, editable=False
    )
    amount_kobo = models.PositiveBigIntegerField(_("asked for (kobo)"))
    received_kobo = models.PositiveBigIntegerField(_("received (kobo)"), default=0)
    returned_kobo = models.PositiveBigIntegerField(_("paid back (kobo)"), default=0)
    due_at = models.DateTimeField(_("due"), help_text=_("A table that waits for it is given back then."))
    # Of a table that is booked already; one that is held for its deposit is given back by the hold's own time.
    gives_table_back = models.BooleanField(
        _("the table is given back if it does not come"), default=False, db_default=False
    )
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AdvanceState.values), name="advance_state_is_known"),
            models.CheckConstraint(
                condition=Q(returned_kobo__lte=F("received_kobo")), name="no_more_is_paid_back_than_came"
            ),
            models.CheckConstraint(
                # Money that has no table any more is owed back, and never called by another name.
                condition=~Q(state=AdvanceState.LAPSED) | Q(received_kobo=F("returned_kobo")),
                name="a_lapsed_advance_holds_no_money",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=[AdvanceState.AWAITED, AdvanceState.OWED_BACK]),
                name="advances_to_be_settled",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.amount_kobo / 100:,.2f}"

    def move_to(self, state: AdvanceState) -> None:
        """Set the state if the move is legal; the service saves, writes the history and publishes.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        ADVANCE_MACHINE.check(AdvanceState(self.state), state)
        self.state = state

    @property
    def held_kobo(self) -> int:
        """What the house has of it."""
        return self.received_kobo - self.returned_kobo

    @property
    def missing_kobo(self) -> int:
        """What is still to come, while anything is."""
        if self.state not in (AdvanceState.AWAITED, AdvanceState.RECEIVED):
            return 0
        return max(self.amount_kobo - self.held_kobo, 0)

    @property
    def owed_kobo(self) -> int:
        """What the house is to pay back: all of it, or what came beyond the amount."""
        if self.state == AdvanceState.OWED_BACK:
            return self.held_kobo
        if self.state in (AdvanceState.RECEIVED, AdvanceState.APPLIED, AdvanceState.KEPT):
            return max(self.held_kobo - self.amount_kobo, 0)
        return 0


class AdvanceHistory(models.Model):
    """Who moved an advance, took money for it or paid some back: when, how much, under which reference, and why."""

    advance = models.ForeignKey(Advance, models.PROTECT, related_name="history", verbose_name=_("deposit"))
    at = models.DateTimeField(_("when"), auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    partner = models.ForeignKey(
        "partners.PartnerApp", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("partner app")
    )
    actor_kind = models.CharField(_("as"), max_length=10, choices=ActorKind.choices)
    channel = models.CharField(_("through"), max_length=10, choices=Channel.choices)
    from_state = models.CharField(_("from"), max_length=10, choices=AdvanceState.choices, blank=True)
    to_state = models.CharField(_("to"), max_length=10, choices=AdvanceState.choices)
    amount_kobo = models.PositiveBigIntegerField(_("asked for then (kobo)"))
    received_kobo = models.PositiveBigIntegerField(_("received (kobo)"), default=0)
    returned_kobo = models.PositiveBigIntegerField(_("paid back (kobo)"), default=0)
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("entry of a deposit's history")
        verbose_name_plural = _("history of deposits")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["advance", "reference"],
                condition=Q(received_kobo__gt=0) & ~Q(reference=""),
                name="money_of_one_reference_is_received_once",
            ),
        ]
        triggers = [never_emptied()]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
