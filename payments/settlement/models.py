"""The terms of each house, where its money goes, and what was paid to it. Kobo; parts of a sum in basis points."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField
from core.ids import uuid7
from payments.gateways.base import Mode
from payments.settlement.states import (
    ACCOUNT_MACHINE,
    OPEN_PAYOUTS,
    PAYOUT_MACHINE,
    UNPAID,
    AccountState,
    Bearer,
    NotSent,
    PayoutState,
    Period,
    SubaccountState,
    Way,
)

# A third of a sale: more is a mistake in typing.
MOST_BASIS_POINTS = 3333
_PART = [MaxValueValidator(MOST_BASIS_POINTS)]
_MODES = [(mode.value, mode.value) for mode in Mode]


class SettlementTerms(models.Model):
    """What Buka takes of a house's trade, and when it pays: from one day on, until another."""

    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The first day without; empty: for good.")
    )
    way = models.CharField(_("way"), max_length=12, choices=Way.choices, default=Way.PAYOUT)
    deposit_basis_points = models.PositiveSmallIntegerField(
        _("of deposits (basis points)"), default=0, validators=_PART, help_text=_("100 are one per cent.")
    )
    tickets_basis_points = models.PositiveSmallIntegerField(_("of tickets (basis points)"), default=0, validators=_PART)
    fee_basis_points = models.PositiveSmallIntegerField(
        _("of fees for late cancelling (basis points)"), default=0, validators=_PART
    )
    order_basis_points = models.PositiveSmallIntegerField(_("of orders (basis points)"), default=0, validators=_PART)
    per_guest_kobo = models.PositiveIntegerField(
        _("for each guest who came (kobo)"), default=0, validators=[MaxValueValidator(10_000_00)]
    )
    bears_fee = models.CharField(
        _("the gateway’s fee is borne by"), max_length=5, choices=Bearer.choices, default=Bearer.BUKA
    )
    period = models.CharField(_("paid out"), max_length=8, choices=Period.choices, default=Period.WEEKLY)
    least_payout_kobo = models.PositiveBigIntegerField(_("least payout (kobo)"), default=1_000_00)
    note = models.CharField(_("note"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"),
        editable=False,
    )  # fmt: skip
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("terms of settlement")
        verbose_name_plural = _("terms of settlement")
        ordering = ["restaurant", "-starts_on"]
        constraints = [
            ExclusionConstraint(
                name="settlement_terms_of_a_house_do_not_overlap",
                expressions=[
                    (Func(F("restaurant"), F("restaurant"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("starts_on"), F("ends_on"), Value("[)"), function="daterange"), "&&"),
                ],
                violation_error_message=_("The restaurant has other terms on some of these days."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")),
                name="settlement_terms_end_after_they_start",
                violation_error_message=_("The terms end before they begin."),
            ),
            models.CheckConstraint(
                condition=Q(
                    way__in=Way.values,
                    bears_fee__in=Bearer.values,
                    period__in=Period.values,
                    deposit_basis_points__lte=MOST_BASIS_POINTS,
                    tickets_basis_points__lte=MOST_BASIS_POINTS,
                    fee_basis_points__lte=MOST_BASIS_POINTS,
                    order_basis_points__lte=MOST_BASIS_POINTS,
                ),
                name="settlement_terms_are_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.restaurant} · {self.starts_on:%Y-%m-%d}"

    @property
    def takes_nothing(self) -> bool:
        """Whether nothing is taken out of any sale."""
        parts = (self.deposit_basis_points, self.tickets_basis_points, self.fee_basis_points, self.order_basis_points)
        return not any(parts) and self.bears_fee == Bearer.BUKA


class PayoutAccount(models.Model):
    """A bank account that a house has named. A change is a new row; the old ones stay."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    version = models.PositiveIntegerField(_("version"))
    bank_code = models.CharField(_("bank"), max_length=6)
    number = EncryptedTextField(_("account number"), aad="settlement.payoutaccount.number")
    last4 = models.CharField(_("last four digits"), max_length=4)
    # As the bank says it; of a small house it may be a person's.
    holder = EncryptedTextField(_("name of the account"), aad="settlement.payoutaccount.holder")
    state = models.CharField(_("state"), max_length=10, choices=AccountState.choices, default=AccountState.CONFIRMED)
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    confirmed_at = models.DateTimeField(_("confirmed"), default=timezone.now)
    active_from = models.DateTimeField(_("in use from"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("ended by")
    )

    class Meta:
        verbose_name = _("account for payouts")
        verbose_name_plural = _("accounts for payouts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="payout_account_public_id_is_unique"),
            models.UniqueConstraint(fields=["restaurant", "version"], name="payout_account_has_each_version_once"),
            models.UniqueConstraint(
                fields=["restaurant"], condition=Q(state="active"), name="a_house_is_paid_into_one_account"
            ),
            models.UniqueConstraint(
                fields=["restaurant"], condition=Q(state="confirmed"), name="one_account_of_a_house_waits"
            ),
            models.CheckConstraint(condition=Q(state__in=AccountState.values), name="payout_account_state_is_known"),
        ]
        indexes = [models.Index(fields=["active_from"], condition=Q(state="confirmed"), name="payout_accounts_waiting")]

    def __str__(self) -> str:
        return f"•••••• {self.last4}"

    def move_to(self, state: AccountState) -> None:
        """Set the state if the move is legal.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        ACCOUNT_MACHINE.check(AccountState(self.state), state)
        self.state = state


class Subaccount(models.Model):
    """Where a gateway divides a house's sales to: one for each account, gateway and mode."""

    account = models.ForeignKey(
        PayoutAccount, models.PROTECT, related_name="subaccounts", verbose_name=_("account for payouts")
    )
    gateway = models.CharField(_("gateway"), max_length=20)
    mode = models.CharField(_("mode"), max_length=4, choices=_MODES)
    code = models.CharField(_("code"), max_length=60, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=SubaccountState.choices, default=SubaccountState.ASKED)
    why = models.CharField(_("why"), max_length=200, blank=True)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)

    class Meta:
        verbose_name = _("subaccount at a gateway")
        verbose_name_plural = _("subaccounts at gateways")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "gateway", "mode"], name="one_subaccount_at_a_gateway"),
            models.UniqueConstraint(
                fields=["gateway", "mode", "code"], condition=~Q(code=""), name="a_subaccount_is_one_house_s"
            ),
            models.CheckConstraint(
                condition=Q(state="made") & ~Q(code="") | (~Q(state="made") & Q(code="")),
                name="a_subaccount_that_was_made_has_a_code",
            ),
        ]

    def __str__(self) -> str:
        return self.code or f"{self.gateway}: {self.get_state_display()}"


class SplitCharge(models.Model):
    """A payment that its gateway was asked to divide, and what Buka was to keep of it."""

    payment = models.OneToOneField("payments.Payment", models.PROTECT, related_name="+", verbose_name=_("payment"))
    subaccount = models.ForeignKey(Subaccount, models.PROTECT, related_name="+", verbose_name=_("subaccount"))
    kept_kobo = models.PositiveBigIntegerField(_("kept by Buka (kobo)"))
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)

    class Meta:
        verbose_name = _("divided payment")
        verbose_name_plural = _("divided payments")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.payment)


class Payout(models.Model):
    """What Buka pays a house for a period, out of what the books say it is owed. Kobo."""

    public_id = models.UUIDField(default=uuid7, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    account = models.ForeignKey(PayoutAccount, models.PROTECT, related_name="+", verbose_name=_("account"))
    # Ours, under which the gateway is told and asked: committed before it is told.
    reference = models.CharField(_("reference"), max_length=60)
    until = models.DateTimeField(_("what happened before"))
    state = models.CharField(_("state"), max_length=10, choices=PayoutState.choices, default=PayoutState.DRAFTED)
    owed_kobo = models.BigIntegerField(_("owed then (kobo)"))
    amount_kobo = models.PositiveBigIntegerField(_("amount (kobo)"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    made_at = models.DateTimeField(_("drafted"), default=timezone.now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("approved by"),
    )  # fmt: skip
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    # A gateway, or "file": the bank's list.
    by = models.CharField(_("sent by"), max_length=20, blank=True)
    mode = models.CharField(_("mode"), max_length=4, choices=_MODES, blank=True)
    gateway_id = models.CharField(_("number at the gateway"), max_length=60, blank=True)
    bank_reference = models.CharField(_("the bank’s reference"), max_length=60, blank=True)
    word = models.CharField(_("the gateway's word"), max_length=40, blank=True)
    why = models.CharField(_("why"), max_length=200, blank=True)
    told_at = models.DateTimeField(_("told"), null=True, blank=True)
    next_check_at = models.DateTimeField(_("next asked about"), null=True, blank=True, editable=False)
    checks = models.PositiveSmallIntegerField(_("asked about"), default=0, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="payout_public_id_is_unique"),
            models.UniqueConstraint(fields=["reference"], name="payout_reference_is_unique"),
            models.UniqueConstraint(
                fields=["restaurant", "until"],
                condition=~Q(state__in=[state.value for state in UNPAID]),
                name="a_period_is_paid_once",
            ),
            models.UniqueConstraint(
                fields=["restaurant"],
                condition=Q(state__in=[state.value for state in OPEN_PAYOUTS]),
                name="one_payout_of_a_house_at_a_time",
            ),
            models.CheckConstraint(condition=Q(amount_kobo__gt=0), name="payout_pays_something"),
            models.CheckConstraint(condition=Q(amount_kobo__lte=F("owed_kobo")), name="payout_pays_what_is_owed"),
            models.CheckConstraint(condition=Q(state__in=PayoutState.values), name="payout_state_is_known"),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"], condition=Q(next_check_at__isnull=False), name="payouts_to_be_checked"
            )
        ]

    def __str__(self) -> str:
        return self.reference

    def move_to(self, state: PayoutState) -> None:
        """Set the state if the move is legal; the service saves and tells.

        :raises core.states.IllegalMove: when the table of moves does not have it
        """
        PAYOUT_MACHINE.check(PayoutState(self.state), state)
        self.state = state

    @property
    def why_words(self) -> str:
        """Why it was called off, failed or came back: ours in the reader's language, others' as they said it."""
        return str(NotSent(self.why).label) if self.why in NotSent.values else self.why

    @property
    def is_open(self) -> bool:
        """Whether its end is still awaited."""
        return self.state in OPEN_PAYOUTS


class IssuedStatement(models.Model):
    """A period's statement as it was sent: what the books knew of it by then. What came later stands on the next."""

    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    since = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    # What the statement before was made of; what the books heard after that stands on this one.
    known_before = models.DateTimeField(editable=False)
    known_by = models.DateTimeField(_("as known on"))
    opening_kobo = models.BigIntegerField(_("opening balance (kobo)"))
    closing_kobo = models.BigIntegerField(_("closing balance (kobo)"))
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-until", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "until"], name="a_statement_is_issued_once"),
            models.UniqueConstraint(fields=["restaurant", "since"], name="a_statement_follows_another"),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="statement_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d} – {self.until:%Y-%m-%d}"
