"""Cards that somebody let us keep, what they let us keep them for, and charges of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField
from core.ids import uuid7
from payments import brands
from payments.gateways.base import Mode
from payments.models import Payment
from payments.saved.states import METHOD_MACHINE, MethodState, Purpose
from payments.states import Kind


class SavedMethod(models.Model):
    """A card at one gateway that can be charged again. Of the card itself, what its holder knows it by."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    # None of a guest without an account: then it is the booking's alone that it guarantees.
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("holder")
    )
    state = models.CharField(_("state"), max_length=10, choices=MethodState.choices, default=MethodState.KEPT)
    gateway = models.CharField(_("gateway"), max_length=20)
    mode = models.CharField(_("mode"), max_length=4, choices=[(mode.value, mode.value) for mode in Mode])
    # Charges the card; empty once the gateway has forgotten it, or says that it cannot.
    token = EncryptedTextField(aad="payments_saved.savedmethod.token", blank=True, editable=False)
    # The address that it was saved with: the gateway compares.
    email = EncryptedTextField(_("e-mail address"), aad="payments_saved.savedmethod.email", blank=True)
    # The same for one card, keyed, as on a payment.
    card_index = models.CharField(max_length=64, blank=True, editable=False)
    last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    brand = models.CharField(_("card"), max_length=20, blank=True)
    bank = models.CharField(_("bank"), max_length=60, blank=True)
    # "2030-12"; empty where it is not told.
    expires = models.CharField(_("expires"), max_length=7, blank=True)
    next_try_at = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(_("told the gateway"), default=0, editable=False)
    forgotten_at = models.DateTimeField(_("forgotten"), null=True, blank=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("saved card")
        verbose_name_plural = _("saved cards")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="saved_method_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["holder", "gateway", "mode", "card_index"],
                condition=Q(state=MethodState.KEPT, holder__isnull=False) & ~Q(card_index=""),
                name="one_card_is_saved_once_for_a_person",
            ),
            models.CheckConstraint(condition=Q(state__in=MethodState.values), name="saved_method_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=MethodState.FORGOTTEN, forgotten_at__isnull=False)
                | (~Q(state=MethodState.FORGOTTEN) & Q(forgotten_at=None)),
                name="a_forgotten_card_says_since_when",
            ),
        ]
        indexes = [
            models.Index(fields=["holder"], condition=Q(state=MethodState.KEPT), name="saved_methods_of_a_holder"),
            models.Index(
                fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="saved_methods_to_be_forgotten"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand_name} •••• {self.last4}".strip()

    @property
    def brand_name(self) -> str:
        """The brand as it is printed on the card."""
        return brands.brand_name(self.brand)

    def move_to(self, state: MethodState) -> None:
        """Set the state if the move is legal.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        METHOD_MACHINE.check(MethodState(self.state), state)
        self.state = state

    @property
    def is_over(self) -> bool:
        """Whether the month printed on it has passed."""
        return bool(self.expires) and self.expires < f"{timezone.now():%Y-%m}"


class CardConsent(models.Model):
    """That somebody let a card be kept, for what, in which words and when. The card comes with the money."""

    method = models.ForeignKey(SavedMethod, models.CASCADE, null=True, blank=True, related_name="consents")
    # With which the card was given; none where a card that was kept before is used.
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="+")
    purpose = models.CharField(_("for"), max_length=10, choices=Purpose.choices)
    kind = models.CharField(_("given with"), max_length=10, choices=Kind.choices)
    subject_id = models.UUIDField(_("number of what it was given with"))
    version = models.PositiveSmallIntegerField(_("version of the words"))
    language = models.CharField(_("language"), max_length=10)
    given_at = models.DateTimeField(_("given"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent to keep a card")
        verbose_name_plural = _("consents to keep cards")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "purpose"], condition=Q(payment__isnull=False), name="a_payment_asks_once_for_each"
            ),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="card_consent_purpose_is_known"),
        ]
        indexes = [
            models.Index(fields=["subject_id"], condition=Q(ended_at=None), name="card_consents_of_a_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} ({self.version}, {self.language})"


class CardCharge(models.Model):
    """That a payment is a charge of a saved card, and whether its holder was there."""

    payment = models.OneToOneField(Payment, models.PROTECT, related_name="card_charge")
    method = models.ForeignKey(SavedMethod, models.SET_NULL, null=True, related_name="charges")
    is_present = models.BooleanField(_("the holder was there"))
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("charge of a saved card")
        verbose_name_plural = _("charges of saved cards")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.payment)
