"""Flutterwave's own books: sessions, transactions, refunds, chargebacks, subaccounts, settlements. Sums are kobo."""

from typing import ClassVar, Self

from django.db import models


class Preferences(models.Model):
    """What a merchant would choose on the dashboard, in one row."""

    # Off for every account until it is asked for.
    tells_of_refunds = models.BooleanField(default=False)
    retries_webhooks = models.BooleanField(default=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"

    @classmethod
    def current(cls) -> Self:
        return cls.objects.first() or cls(pk=1)


class Customer(models.Model):
    """Whoever pays, known to one merchant by e-mail address."""

    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    email = models.EmailField()
    name = models.CharField(max_length=200, default="Anonymous customer")
    phone = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        constraints = [
            models.UniqueConstraint(fields=["merchant", "mode", "email"], name="flutterwave_customer_known_by_email")
        ]


class Link(models.Model):
    """A hosted session: one address on which somebody pays, maybe at the third try."""

    code = models.CharField(max_length=40, unique=True)
    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    tx_ref = models.CharField(max_length=100, db_index=True)
    amount_kobo = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    redirect_url = models.CharField(max_length=2000, blank=True)
    payment_options = models.CharField(max_length=200, blank=True)
    customer = models.ForeignKey(Customer, models.CASCADE)
    customizations = models.JSONField(default=dict)
    # As it was given: an object, or nothing at all.
    meta = models.JSONField(null=True)
    subaccounts = models.JSONField(default=list)
    # None: as often as one likes.
    most_failures = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    transactions: "models.QuerySet[Transaction]"
    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        ordering = ["-pk"]


class CardToken(models.Model):
    """A card that may be charged again, by the merchant and for the address it was first charged for."""

    token = models.CharField(max_length=80, unique=True)
    customer = models.ForeignKey(Customer, models.CASCADE)
    # What the merchant may change later, apart from what the customer is called elsewhere.
    email = models.EmailField()
    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=40, blank=True)
    instrument = models.CharField(max_length=20)
    issued_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        constraints = [
            models.UniqueConstraint(fields=["customer", "instrument"], name="flutterwave_token_one_per_card"),
        ]


class Transaction(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        SUCCESSFUL = "successful"
        FAILED = "failed"

    class Type(models.TextChoices):
        CARD = "card"
        ACCOUNT = "account"
        TRANSFER = "bank_transfer"
        USSD = "ussd"

    link = models.ForeignKey(Link, models.CASCADE, null=True, related_name="transactions")
    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    customer = models.ForeignKey(Customer, models.CASCADE)
    tx_ref = models.CharField(max_length=100, db_index=True)
    flw_ref = models.CharField(max_length=80, unique=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    payment_type = models.CharField(max_length=20, choices=Type.choices)
    amount_kobo = models.BigIntegerField()
    charged_kobo = models.BigIntegerField()
    fee_kobo = models.BigIntegerField(default=0)
    vat_kobo = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    auth_model = models.CharField(max_length=20)
    processor_response = models.CharField(max_length=200)
    narration = models.CharField(max_length=200)
    ip = models.CharField(max_length=60, default="127.0.0.1")
    meta = models.JSONField(null=True)
    subaccounts = models.JSONField(default=list)
    # By subaccount's id, the kobo it gets of what is settled.
    shares = models.JSONField(default=dict)

    # The test card or account, once the bank has said yes or no to it.
    instrument = models.CharField(max_length=20, blank=True)
    token = models.ForeignKey(CardToken, models.SET_NULL, null=True)
    # A saved card whose bank wants to see the customer: the end of the address to go to.
    challenge = models.CharField(max_length=40, blank=True, db_index=True)
    redirect_url = models.CharField(max_length=2000, blank=True)

    # A transfer: where to, until when, and who sent it.
    account_number = models.CharField(max_length=10, blank=True)
    account_expires_at = models.DateTimeField(null=True)
    sender = models.JSONField(default=dict)

    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    settlement = models.ForeignKey("Settlement", models.SET_NULL, null=True, related_name="transactions")

    link_id: int | None
    events: "models.QuerySet[Event]"
    refunds: "models.QuerySet[Refund]"
    chargebacks: "models.QuerySet[Chargeback]"
    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        ordering = ["-pk"]

    @property
    def settled_kobo(self) -> int:
        return self.charged_kobo - self.fee_kobo - self.vat_kobo


class Event(models.Model):
    """A line of a transaction's timeline."""

    transaction = models.ForeignKey(Transaction, models.CASCADE, related_name="events")
    note = models.CharField(max_length=200)
    thing = models.CharField(max_length=40)
    action = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        ordering = ["pk"]


class Refund(models.Model):
    COMPLETED, FAILED = "completed", "failed"

    transaction = models.ForeignKey(Transaction, models.CASCADE, related_name="refunds")
    flw_ref = models.CharField(max_length=80, unique=True)
    amount_kobo = models.BigIntegerField()
    # Any word: nobody has the whole list.
    status = models.CharField(max_length=40)
    destination = models.CharField(max_length=40, default="payment_source")
    comments = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    settlement = models.ForeignKey("Settlement", models.SET_NULL, null=True, related_name="refunds")
    # The settlement that gave back what an earlier one had kept for it, because it failed.
    undone_in = models.ForeignKey("Settlement", models.SET_NULL, null=True, related_name="+")

    transaction_id: int
    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        ordering = ["-pk"]


class Chargeback(models.Model):
    class Status(models.TextChoices):
        INITIATED = "initiated"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WON = "won"
        LOST = "lost"

    transaction = models.ForeignKey(Transaction, models.CASCADE, related_name="chargebacks")
    amount_kobo = models.BigIntegerField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.INITIATED)
    stage = models.CharField(max_length=20, default="new")
    comment = models.CharField(max_length=200)
    history = models.JSONField(default=list)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    settlement = models.ForeignKey("Settlement", models.SET_NULL, null=True, related_name="chargebacks")

    transaction_id: int
    settlement_id: int | None
    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        ordering = ["-pk"]


class Subaccount(models.Model):
    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    subaccount_id = models.CharField(max_length=40, unique=True)
    account_bank = models.CharField(max_length=11)
    account_number = models.CharField(max_length=20)
    business_name = models.CharField(max_length=100)
    business_mobile = models.CharField(max_length=40)
    business_email = models.CharField(max_length=254, blank=True)
    business_contact = models.CharField(max_length=100, blank=True)
    business_contact_mobile = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=2, default="NG")
    split_type = models.CharField(max_length=20)
    split_value = models.DecimalField(max_digits=14, decimal_places=4)
    meta = models.JSONField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        ordering = ["-pk"]


class Settlement(models.Model):
    """What a merchant is paid out of a stretch of transactions in one currency."""

    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    currency = models.CharField(max_length=3)
    gross_kobo = models.BigIntegerField()
    fee_kobo = models.BigIntegerField()
    vat_kobo = models.BigIntegerField()
    refund_kobo = models.BigIntegerField()
    chargeback_kobo = models.BigIntegerField()
    subaccount_kobo = models.BigIntegerField()
    net_kobo = models.BigIntegerField()
    disburse_ref = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    transactions: "models.QuerySet[Transaction]"
    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        ordering = ["-pk"]


class Transfer(models.Model):
    """Money that a merchant sends to a bank account."""

    class Status(models.TextChoices):
        NEW = "NEW"
        PENDING = "PENDING"
        SUCCESSFUL = "SUCCESSFUL"
        FAILED = "FAILED"

    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    reference = models.CharField(max_length=100)
    account_bank = models.CharField(max_length=11)
    account_number = models.CharField(max_length=20)
    amount_kobo = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    narration = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.NEW)
    complete_message = models.CharField(max_length=200, blank=True)
    meta = models.JSONField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "sandbox_flutterwave"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "mode", "reference"], name="flutterwave_transfer_reference_once"
            )
        ]
