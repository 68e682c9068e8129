"""Documents with numbers that follow one another, as they were issued."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField
from core.ids import uuid7
from payments.receipts.states import SIGN, DocumentKind
from payments.states import Kind
from payments.subjects import Item
from restaurants.charges import Charge


class Series(models.Model):
    """The numbers of a house in one year: `last` is the last that was given, and none is left out."""

    restaurant = models.ForeignKey("restaurants.Restaurant", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("year"))
    prefix = models.CharField(_("name in numbers"), max_length=40)
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("series of receipts")
        verbose_name_plural = _("series of receipts")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "year"], name="a_house_has_one_series_a_year"),
            models.UniqueConstraint(fields=["prefix", "year"], name="no_two_series_give_the_same_numbers"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}"


class Receipt(models.Model):
    """A document about money, with all that stands on it. Kobo. The database refuses every change but forgetting.

    Of a deposit it says that the money is on account of the bill, and names no taxes: they are settled there.
    """

    public_id = models.UUIDField(default=uuid7, editable=False)
    series = models.ForeignKey(Series, models.PROTECT, related_name="receipts", verbose_name=_("series"))
    sequence = models.PositiveIntegerField(_("number in its series"))
    number = models.CharField(_("number"), max_length=60)
    kind = models.CharField(_("document"), max_length=12, choices=DocumentKind.choices)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    payment = models.ForeignKey("payments.Payment", models.PROTECT, related_name="receipts", verbose_name=_("payment"))
    # What a credit note is about.
    refund = models.ForeignKey(
        "payments.Refund", models.PROTECT, null=True, blank=True, related_name="receipts", verbose_name=_("refund")
    )
    amount_kobo = models.PositiveBigIntegerField(_("amount (kobo)"))
    net_kobo = models.PositiveBigIntegerField(_("of that net (kobo)"))
    currency = models.CharField(_("currency"), max_length=3, default="NGN")
    # What stood on it that day, in its language.
    language = models.CharField(_("language"), max_length=10)
    seller = models.JSONField(_("seller"))
    charges = models.JSONField(_("taxes and charges"), default=list, blank=True)
    # What was sold, where that is known: of a part or a share all that it was paid towards. Rows of `item_of`.
    items = models.JSONField(_("what was bought"), default=list, db_default=[], blank=True)
    purpose = models.CharField(_("for"), max_length=10, choices=Kind.choices)
    title = models.CharField(_("what it was for"), max_length=400, blank=True)
    code = models.CharField(_("code"), max_length=20, blank=True)
    payer_name = EncryptedTextField(_("payer"), aad="payments_receipts.receipt.payer_name", blank=True)
    channel = models.CharField(_("paid by"), max_length=10, blank=True)
    card = models.CharField(_("card"), max_length=30, blank=True)
    reference = models.CharField(_("reference"), max_length=60)
    paid_at = models.DateTimeField(_("paid"))
    issued_at = models.DateTimeField(_("issued"), db_default=Now())

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="receipt_public_id_is_unique"),
            models.UniqueConstraint(fields=["number"], name="receipt_number_is_unique"),
            models.UniqueConstraint(fields=["series", "sequence"], name="a_number_is_given_once"),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(kind=DocumentKind.RECEIPT), name="a_payment_has_one_receipt"
            ),
            models.UniqueConstraint(
                fields=["refund", "kind"], condition=Q(refund__isnull=False), name="a_refund_has_one_credit_note"
            ),
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="receipt_kind_is_known"),
            models.CheckConstraint(
                condition=Q(kind=DocumentKind.RECEIPT) ^ Q(refund__isnull=False),
                name="what_is_no_receipt_is_about_a_refund",
            ),
            models.CheckConstraint(
                condition=Q(amount_kobo__gt=0, net_kobo__lte=F("amount_kobo")), name="receipt_is_about_money"
            ),
        ]
        indexes = [
            models.Index(fields=["restaurant", "-issued_at"], name="receipts_of_a_house"),
            models.Index(fields=["issued_at"], name="receipts_by_age"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def signed_kobo(self) -> int:
        """Its amount on the side on which it counts."""
        return SIGN[DocumentKind(self.kind)] * self.amount_kobo

    @property
    def lines(self) -> list[Charge]:
        """Its taxes and charges, to be named in the active language."""
        return [charge_of(row) for row in self.charges]

    @property
    def bought(self) -> list[Item]:
        """What was sold with it, as it was named and cost then."""
        return [item_of(row) for row in self.items]

    @property
    def is_of_all(self) -> bool:
        """Whether what was sold comes to just its amount: else it is of a part, or of a share."""
        return sum(item.number * item.each_kobo for item in self.bought) == self.amount_kobo


def item_of(row: dict[str, Any]) -> Item:
    return Item(row["name"], row["number"], row["each_kobo"])


def charge_of(row: dict[str, Any]) -> Charge:
    return Charge(row["what"], row["own_name"], row["rate_bp"], True, row["kobo"])


def row_of(charge: Charge, kobo: int) -> dict[str, Any]:
    return {"what": charge.what, "own_name": charge.own_name, "rate_bp": charge.rate_bp, "kobo": kobo}
