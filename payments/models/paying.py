"""One attempt to pay at one gateway."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.audit.row_history import keeps_history
from core.encryption import BlindIndexed, BlindIndexField, BlindIndexQuerySet, EncryptedTextField
from core.ids import uuid7
from payments import brands
from payments.gateways.base import Channel, Mode
from payments.models.asking import PaymentRequest
from payments.states import LIVE, PAYMENT_MACHINE, PaymentState, Review

CHANNELS = {
    Channel.CARD: _("Card"),
    Channel.TRANSFER: _("Bank transfer"),
    Channel.USSD: _("USSD"),
    Channel.BANK: _("Bank account"),
    Channel.OTHER: _("Otherwise"),
}


class PaymentQuerySet(BlindIndexQuerySet["Payment"]):
    def live(self) -> "PaymentQuerySet":
        return self.filter(state__in=LIVE)

    def to_be_checked(self) -> "PaymentQuerySet":
        return self.filter(next_check_at__isnull=False).order_by("next_check_at")


@keeps_history(
    "PaymentRowHistory",
    verbose_name=_("history of a payment"),
    exclude=("email", "email_index", "address", "checkout_url", "next_check_at", "checks", "updated_at"),
)
class Payment(BlindIndexed, models.Model):
    """One attempt to pay at one gateway, under a reference of ours that is committed before the gateway is told. Kobo.

    Only `payments.services.settle` moves it, by what the gateway says when asked.
    """

    public_id = models.UUIDField(default=uuid7, editable=False)
    request = models.ForeignKey(PaymentRequest, models.PROTECT, related_name="payments", verbose_name=_("request"))
    gateway = models.CharField(_("gateway"), max_length=20)
    mode = models.CharField(_("mode"), max_length=4, choices=[(mode.value, mode.value) for mode in Mode])
    # Letters, digits, "-", "." and "=" only: what both gateways take.
    reference = models.CharField(_("reference"), max_length=60)
    # A further charge that the gateway made under this payment's reference.
    beside = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    gateway_id = models.CharField(_("number at the gateway"), max_length=40, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=PaymentState.choices, default=PaymentState.INITIATED)
    review = models.CharField(
        pgettext_lazy("of a payment", "review"), max_length=10, choices=Review.choices, default=Review.NONE
    )
    amount_kobo = models.PositiveBigIntegerField(_("asked for (kobo)"))
    received_kobo = models.PositiveBigIntegerField(_("received (kobo)"), default=0)
    refunded_kobo = models.PositiveBigIntegerField(
        _("given back (kobo)"), default=0, help_text=_("With what is on its way back.")
    )
    disputed_kobo = models.PositiveBigIntegerField(_("taken back by banks (kobo)"), default=0)
    fee_kobo = models.PositiveBigIntegerField(_("the gateway's fee (kobo)"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="NGN")
    channel = models.CharField(_("paid by"), max_length=10, choices=CHANNELS.items(), blank=True)
    checkout_url = models.URLField(_("page at the gateway"), max_length=500, blank=True)
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("payer")
    )
    email = EncryptedTextField(_("e-mail address"), aad="payments.payment.email", blank=True)
    email_index = BlindIndexField(of="email", kind="email")
    address = EncryptedTextField(_("network address"), aad="payments.payment.address", blank=True)
    card_last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    card_brand = models.CharField(_("card"), max_length=20, blank=True)
    card_bank = models.CharField(_("bank"), max_length=60, blank=True)
    card_country = models.CharField(_("country of the card"), max_length=2, blank=True)
    # The same for one card: of the gateway's own signature, keyed, so that it says nothing by itself.
    card_index = models.CharField(max_length=64, blank=True, editable=False)
    # The gateway's word and reason, for people.
    word = models.CharField(_("the gateway's word"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    # After this the payer is not waited for; what comes later still counts.
    expires_at = models.DateTimeField(_("waits until"))
    next_check_at = models.DateTimeField(_("next asked about"), null=True, blank=True, editable=False)
    checks = models.PositiveSmallIntegerField(_("asked about"), default=0, editable=False)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    # When what it was for had taken note of it, in the same transaction as what that did.
    credited_at = models.DateTimeField(_("counted"), null=True, blank=True, editable=False)
    # Of a request that may be sent twice: who sent it, and its key.
    key = models.CharField(max_length=64, null=True, blank=True, editable=False)  # noqa: DJ001 - most have none
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="payment_public_id_is_unique"),
            models.UniqueConstraint(fields=["reference"], name="payment_reference_is_unique"),
            models.UniqueConstraint(
                fields=["gateway", "mode", "gateway_id"],
                condition=~Q(gateway_id=""),
                name="a_charge_at_a_gateway_is_one_payment",
            ),
            models.UniqueConstraint(fields=["key"], name="one_key_begins_one_payment"),
            models.CheckConstraint(condition=Q(amount_kobo__gt=0), name="payment_asks_for_something"),
            models.CheckConstraint(condition=Q(state__in=PaymentState.values), name="payment_state_is_known"),
            models.CheckConstraint(condition=Q(review__in=Review.values), name="payment_review_is_known"),
            models.CheckConstraint(
                condition=Q(refunded_kobo__lte=F("received_kobo")), name="no_more_is_refunded_than_received"
            ),
            models.CheckConstraint(
                condition=Q(state=PaymentState.SUCCEEDED, received_kobo__gt=0, paid_at__isnull=False)
                | (~Q(state=PaymentState.SUCCEEDED) & Q(received_kobo=0)),
                name="a_payment_has_money_when_it_succeeded",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"], condition=Q(next_check_at__isnull=False), name="payments_to_be_checked"
            ),
            models.Index(fields=["request", "state"], name="payments_of_a_request"),
            models.Index(fields=["payer", "-id"], condition=Q(payer__isnull=False), name="payments_of_a_payer"),
            models.Index(fields=["card_index"], condition=~Q(card_index=""), name="payments_by_card"),
            models.Index(fields=["id"], condition=Q(review="held"), name="payments_held_for_a_look"),
            models.Index(
                fields=["paid_at"],
                condition=Q(state="succeeded", credited_at__isnull=True),
                name="payments_not_counted",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def move_to(self, state: PaymentState) -> None:
        """Set the state if the move is legal; the service saves and publishes.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        PAYMENT_MACHINE.check(PaymentState(self.state), state)
        self.state = state

    @property
    def brand_name(self) -> str:
        """The card's brand as it is printed on it; empty where there is none."""
        return brands.brand_name(self.card_brand)

    @property
    def is_live(self) -> bool:
        """Whether it may still take money, as far as we know."""
        return self.state in LIVE

    @property
    def may_be_paid(self) -> bool:
        """Whether its page may still take money: also one that we have given up waiting for."""
        return self.is_live or (self.state != PaymentState.SUCCEEDED and self.checkout_url != "")

    @property
    def left_kobo(self) -> int:
        """What could still be given back."""
        return max(self.received_kobo - self.refunded_kobo - self.disputed_kobo, 0)
