"""What Paystack keeps. Sums are in the hundredth of their currency, as it counts them itself."""

from typing import ClassVar, Self

from django.db import models

# Real ids are far beyond 2³¹, and so are these.
FIRST_TRANSACTION = 4_099_260_000
FIRST_CUSTOMER = 181_873_000
FIRST_REFUND = 3_018_000


class Customer(models.Model):
    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    email = models.CharField(max_length=254)
    code = models.CharField(max_length=40, unique=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=40, blank=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        constraints = [models.UniqueConstraint(fields=["merchant", "mode", "email"], name="customer_once")]

    @property
    def number(self) -> int:
        return FIRST_CUSTOMER + self.pk


class Authorization(models.Model):
    """What can be charged again: which test card it is, never its number."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="authorizations")
    code = models.CharField(max_length=40, unique=True)
    # Empty for transfers and USSD.
    instrument = models.CharField(max_length=40, blank=True)
    is_reusable = models.BooleanField()
    is_active = models.BooleanField(default=True)
    # The rest of what is answered of it.
    details = models.JSONField(default=dict)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"


class Transaction(models.Model):
    class Status(models.TextChoices):
        ABANDONED = "abandoned"
        ONGOING = "ongoing"
        PENDING = "pending"
        QUEUED = "queued"
        FAILED = "failed"
        SUCCESS = "success"
        REVERSED = "reversed"

    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    reference = models.CharField(max_length=100)
    access_code = models.CharField(max_length=40, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="transactions")
    status = models.CharField(max_length=20, choices=Status, default=Status.ABANDONED)
    requested = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # What came in, once it has; and in what.
    received = models.BigIntegerField(default=0)
    received_currency = models.CharField(max_length=3, blank=True)
    fees = models.BigIntegerField(default=0)
    channel = models.CharField(max_length=20, default="card")
    channels = models.JSONField(default=list)
    gateway_response = models.CharField(max_length=200)
    metadata = models.JSONField(null=True, blank=True)
    callback_url = models.CharField(max_length=500, blank=True)
    entry_point = models.CharField(max_length=40)
    ip_address = models.CharField(max_length=45)
    # Who gets which share: as it was asked for, and as it came out.
    sharing = models.JSONField(default=dict)
    shares = models.JSONField(default=dict)
    authorization = models.ForeignKey(Authorization, null=True, blank=True, on_delete=models.SET_NULL)
    # The test card or account that paid, or that is asked for its owner's consent.
    instrument = models.CharField(max_length=40, blank=True)
    is_paused = models.BooleanField(default=False)
    is_cancelled = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    history = models.JSONField(default=list)
    created_at = models.DateTimeField(db_index=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    settlement = models.ForeignKey("paystack.Settlement", null=True, blank=True, on_delete=models.SET_NULL)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "mode", "reference"], name="transaction_reference_once")
        ]

    @property
    def number(self) -> int:
        return FIRST_TRANSACTION + self.pk

    @property
    def is_paid(self) -> bool:
        return self.status in (self.Status.SUCCESS, self.Status.REVERSED)

    @property
    def is_final(self) -> bool:
        return self.is_paid or self.status == self.Status.FAILED


class Refund(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        PROCESSING = "processing"
        PROCESSED = "processed"
        FAILED = "failed"
        NEEDS_ATTENTION = "needs-attention"

    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="refunds")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    # Where it goes by itself: processed, failed, needs-attention, or pending for nowhere.
    goal = models.CharField(max_length=20, default=Status.PROCESSED)
    customer_note = models.CharField(max_length=500, blank=True)
    merchant_note = models.CharField(max_length=500, blank=True)
    reference = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    refunded_at = models.DateTimeField(null=True, blank=True)
    # The payout from which it was taken.
    settlement = models.ForeignKey("paystack.Settlement", null=True, blank=True, on_delete=models.SET_NULL)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        ordering = ["-pk"]

    @property
    def number(self) -> int:
        return FIRST_REFUND + self.pk


class Dispute(models.Model):
    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="disputes")
    status = models.CharField(max_length=40, default="awaiting-merchant-feedback")
    resolution = models.CharField(max_length=40, blank=True)
    category = models.CharField(max_length=40, default="chargeback")
    refund_amount = models.BigIntegerField()
    evidence = models.JSONField(null=True, blank=True)
    upload = models.CharField(max_length=200, blank=True)
    history = models.JSONField(default=list)
    messages = models.JSONField(default=list)
    due_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # What the payer's bank took back.
    lost = models.BigIntegerField(default=0)
    settlement = models.ForeignKey("paystack.Settlement", null=True, blank=True, on_delete=models.SET_NULL)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        ordering = ["-pk"]


class Subaccount(models.Model):
    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    code = models.CharField(max_length=40, unique=True)
    business_name = models.CharField(max_length=200)
    bank_code = models.CharField(max_length=10)
    account_number = models.CharField(max_length=10)
    # Of each payment, how many percent the main account keeps.
    percentage_charge = models.FloatField()
    is_active = models.BooleanField(default=True)
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        ordering = ["-pk"]


class Split(models.Model):
    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    bearer_type = models.CharField(max_length=20)
    bearer_subaccount = models.CharField(max_length=40, blank=True)
    # Each a subaccount's code and its share.
    subaccounts = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        ordering = ["-pk"]


class Settlement(models.Model):
    """Money on its way from Paystack to the merchant or one of its subaccounts."""

    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    # Empty for the main account.
    subaccount = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    total_processed = models.BigIntegerField()
    total_fees = models.BigIntegerField()
    # Refunds and lost disputes.
    deductions = models.BigIntegerField(default=0)
    effective_amount = models.BigIntegerField()
    # The transactions of a subaccount are those of the main account's settlements.
    numbers = models.JSONField(default=list)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        ordering = ["-pk"]


class Transfer(models.Model):
    """Money that the merchant sends to a bank account from its balance."""

    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    reference = models.CharField(max_length=100)
    code = models.CharField(max_length=40, unique=True)
    recipient = models.ForeignKey("paystack.Recipient", on_delete=models.PROTECT)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, default="pending")
    created_at = models.DateTimeField()
    transferred_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "mode", "reference"], name="transfer_reference_once")
        ]


class Recipient(models.Model):
    merchant = models.CharField(max_length=40)
    mode = models.CharField(max_length=4)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    bank_code = models.CharField(max_length=10)
    account_number = models.CharField(max_length=10)
    currency = models.CharField(max_length=3, default="NGN")
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "paystack"
        ordering = ["-pk"]
