"""The books. Rows are added and never change: the database refuses the rest (migrations/0002_append_only.py)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from payments.ledger import chart
from payments.ledger.chart import AccountKind, AccountName
from payments.ledger.states import TransactionKind


class Account(models.Model):
    """One account of the chart. It has no balance of its own: that is the sum of its entries."""

    kind = models.CharField(_("kind"), max_length=30, choices=AccountKind.choices)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("restaurant"),
    )
    gateway = models.CharField(_("gateway"), max_length=30, blank=True)
    name = models.CharField(_("name"), max_length=60, blank=True, help_text=_("Of a tax, a bank account, a programme."))
    owner_id = models.UUIDField(_("diner"), null=True, blank=True, help_text=_("Whose points they are: a public id."))
    currency = models.CharField(_("currency"), max_length=10, default=chart.NAIRA)
    opened_at = models.DateTimeField(_("opened"), db_default=models.functions.Now())

    class Meta:
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")
        ordering = ["kind", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "restaurant", "gateway", "name", "owner_id", "currency"],
                name="ledger_account_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="ledger_account_kind_is_known"),
            models.CheckConstraint(
                condition=Q(~Q(gateway=""), kind__in=sorted(chart.OF_A_GATEWAY))
                | Q(~Q(kind__in=sorted(chart.OF_A_GATEWAY)), gateway=""),
                name="ledger_account_names_its_gateway",
            ),
            models.CheckConstraint(
                condition=Q(restaurant__isnull=False, kind__in=sorted(chart.OF_A_RESTAURANT | chart.OF_EITHER))
                | Q(~Q(kind__in=sorted(chart.OF_A_RESTAURANT)), restaurant__isnull=True),
                name="ledger_account_names_its_restaurant",
            ),
            models.CheckConstraint(
                condition=Q(currency=chart.POINTS, kind__in=sorted(chart.IN_POINTS))
                | Q(~Q(currency=chart.POINTS) & ~Q(kind__in=sorted(chart.IN_POINTS))),
                name="ledger_account_points_are_no_money",
            ),
            models.CheckConstraint(
                condition=Q(owner_id__isnull=False, kind=AccountKind.POINTS)
                | Q(~Q(kind=AccountKind.POINTS), owner_id__isnull=True),
                name="ledger_account_names_its_owner",
            ),
        ]

    def __str__(self) -> str:
        told = (str(self.get_kind_display()), self.gateway, self.name, str(self.restaurant or ""))
        return " · ".join(part for part in told if part)

    @property
    def named(self) -> AccountName:
        return AccountName(
            AccountKind(self.kind), self.restaurant_id, self.gateway, self.name, self.owner_id, self.currency
        )


class Transaction(models.Model):
    """Something happened to money: two entries or more, which sum to zero in each currency.

    `recorded_at` and `tx` are the database's own: a trigger overwrites whatever is given.
    """

    id = models.UUIDField(_("number"), primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("what happened"), max_length=30, choices=TransactionKind.choices)
    happened_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=models.functions.Now())
    tx = models.BigIntegerField(_("transaction of the database"), db_default=0, editable=False)
    key = models.CharField(
        _("key"),
        max_length=200,
        # Byte by byte, so that the one index finds what begins with something, too.
        db_collation="C",
        help_text=_("The same thing is recorded once under its key."),
    )
    about_kind = models.CharField(_("kind of what it is about"), max_length=30)
    about_id = models.CharField(_("what it is about"), max_length=64)
    payment_id = models.UUIDField(
        _("payment"), null=True, blank=True, help_text=_("Whose money moves, where it is that of one payment.")
    )
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("restaurant")
    )
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    actor_id = models.UUIDField(_("who"), null=True, blank=True, help_text=_("A public id; empty of Buka itself."))
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("ledger transaction")
        verbose_name_plural = _("ledger transactions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="ledger_transaction_once_per_key"),
            models.CheckConstraint(
                condition=Q(kind=TransactionKind.REVERSED, reverses__isnull=False)
                | Q(~Q(kind=TransactionKind.REVERSED), reverses__isnull=True),
                name="ledger_reversal_says_of_what",
            ),
        ]
        indexes = [
            models.Index(fields=["about_kind", "about_id"], name="ledger_transactions_about"),
            models.Index(
                fields=["payment_id"], condition=Q(payment_id__isnull=False), name="ledger_transactions_payment"
            ),
            models.Index(fields=["restaurant", "happened_at"], name="ledger_transactions_restaurant"),
            models.Index(fields=["happened_at"], name="ledger_transactions_happened"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.key}"


class Entry(models.Model):
    """What a transaction does to one account: a debit above zero, a credit below."""

    transaction = models.ForeignKey(
        Transaction,
        models.PROTECT,
        related_name="entries",
        verbose_name=_("transaction"),
        # The indexes below begin with these.
        db_index=False,
    )
    account = models.ForeignKey(
        Account,
        models.PROTECT,
        related_name="entries",
        verbose_name=_("account"),
        db_index=False,
    )
    amount_kobo = models.BigIntegerField(
        _("amount (kobo)"), help_text=_("In the smallest unit of the account's currency: kobo, or points.")
    )

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount_kobo=0), name="ledger_entry_moves_something"),
        ]
        indexes = [
            models.Index(fields=["transaction", "id"], name="ledger_entries_of_transaction"),
            # A balance is a sum over this alone: the table itself is not read.
            models.Index(fields=["account", "id"], include=["amount_kobo"], name="ledger_entries_of_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.amount_kobo}"
