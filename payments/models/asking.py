"""What one payer is asked for."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField
from core.ids import uuid7
from payments.states import REQUEST_MACHINE, Kind, RequestState


class PaymentRequest(models.Model):
    """A sum that one payer is asked for: all of a deposit or an order, or a share of it. Kobo.

    What it is for belongs to a domain above: `kind` and `subject_id` name it, and `payments.subjects` asks that domain.
    """

    public_id = models.UUIDField(default=uuid7, editable=False)
    # Opens the page on which it is paid, for whoever has the link: the hash of it.
    token_hash = models.CharField(max_length=64, editable=False)
    # Shown again to who made it and in mails; opened only for that.
    token = EncryptedTextField(aad="payments.paymentrequest.token", editable=False)
    kind = models.CharField(_("for"), max_length=10, choices=Kind.choices)
    subject_id = models.UUIDField(_("number of what is paid for"), default=uuid.uuid4)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    state = models.CharField(_("state"), max_length=10, choices=RequestState.choices, default=RequestState.OPEN)
    amount_kobo = models.PositiveBigIntegerField(_("amount (kobo)"))
    paid_kobo = models.PositiveBigIntegerField(_("paid (kobo)"), default=0)
    # The share of one of several payers, called by a name that its maker gave it.
    is_share = models.BooleanField(_("a share"), default=False)
    label = models.CharField(_("whose share"), max_length=60, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("payment request")
        verbose_name_plural = _("payment requests")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="payment_request_public_id_is_unique"),
            models.UniqueConstraint(fields=["token_hash"], name="payment_request_token_is_unique"),
            models.UniqueConstraint(
                fields=["kind", "subject_id"],
                condition=Q(state=RequestState.OPEN, is_share=False),
                name="one_open_request_for_the_whole",
            ),
            models.CheckConstraint(condition=Q(amount_kobo__gt=0), name="payment_request_asks_for_something"),
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="payment_request_state_is_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="payment_request_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(state=RequestState.PAID) | Q(paid_kobo__gte=F("amount_kobo")),
                name="a_paid_request_is_paid",
            ),
        ]
        indexes = [models.Index(fields=["kind", "subject_id"], name="payment_requests_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount_kobo / 100:,.2f}"

    def move_to(self, state: RequestState) -> None:
        """Set the state if the move is legal.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        REQUEST_MACHINE.check(RequestState(self.state), state)
        self.state = state

    @property
    def whose(self) -> str:
        """Whose share it is, in the active language: equal shares have a number alone, which is no name."""
        number = self.label
        return gettext("Share %(number)d") % {"number": int(number)} if number.isdecimal() else number

    @property
    def missing_kobo(self) -> int:
        """What is still to come."""
        return max(self.amount_kobo - self.paid_kobo, 0)
