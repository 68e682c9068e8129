"""What can become of one payment, as a story of turns drawn at random, with a count of its own of what happened."""

from collections.abc import Callable
from random import Random

from payments.ledger import chart, postings
from payments.ledger.chart import AccountKind, AccountName
from payments.ledger.postings import Lines, Share
from payments.ledger.states import TransactionKind as Kind

GATEWAY = "flutterwave"
# Where money of a payment can stand, in the order in which it is taken back from there.
STANDS_ON = (
    AccountKind.SUSPENSE, AccountKind.DEPOSITS_HELD, AccountKind.RESTAURANT_PAYABLE, AccountKind.DEPOSIT_RETAINED,
)  # fmt: skip


class Story:
    """A deposit or a sale, told turn by turn until nothing of it is open.

    :param write: takes what is posted; raises `Refused` when the books will not have it
    """

    def __init__(self, random: Random, house: int, write: Callable[[Kind, Lines], object]) -> None:
        self.random, self.house, self._write = random, house, write
        self.sums: dict[AccountName, int] = {}
        # Counted here, and not taken from the books.
        self.came = self.went_back = self.asked = self.disputed = self.fee = 0
        self.open_refunds: list[dict[AccountName, int]] = []
        self.open_disputes: list[dict[AccountName, int]] = []
        self.refused = 0
        self.share = Share()

    def write(self, kind: Kind, lines: Lines) -> None:
        if not lines:
            return
        self._write(kind, lines)
        for line in lines:
            self.sums[line.account] = self.sums.get(line.account, 0) + line.amount_kobo

    def begin(self) -> None:
        asked = self.random.randint(1, 5_000_000)
        self.came = asked + self.random.choice([0, 0, 0, 1, -1, asked]) or asked
        told = self.random.choice([None, self.came // 60])
        self.fee = told or 0
        if self.random.random() < 0.6:
            lines = postings.deposit_captured(
                gateway=GATEWAY, house=self.house, amount_kobo=self.came, asked_kobo=asked, fee_kobo=told
            )
        else:
            self.share = Share(
                commission_kobo=min(asked, self.came) // 20,
                commission_taxes={"VAT": min(asked, self.came) // 300},
                taxes={"VAT": min(asked, self.came) // 15, "Consumption tax": min(asked, self.came) // 21},
                fee_kobo=self.fee,
            )
            lines = postings.sale_captured(
                gateway=GATEWAY, house=self.house, amount_kobo=self.came, asked_kobo=asked, fee_kobo=told,
                share=self.share,
            )  # fmt: skip
        self.write(Kind.CAPTURED, lines)

    # --- Turns ---------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        self.random.choice(
            [
                self.ask_for_refund, self.ask_for_refund, self.end_refund, self.dispute, self.end_dispute, self.apply,
                self.retain, self.tell_fee, self.place_surplus, self.give_share_back,
            ]
        )()  # fmt: skip

    def ask_for_refund(self) -> None:
        wanted = self.random.choice([1, self.came // 2, self.came, self.came + 1, self.random.randint(1, self.came)])
        if not wanted:
            return
        out_of = self.taken_from(wanted)
        if self.came - self.went_back - self.asked - self.disputed < wanted:
            self.refused += 1
            # More than there is: whatever it would be taken out of, the books must not have it.
            out_of = {chart.restaurant_payable(self.house): wanted}
        self._refund(out_of)

    def _refund(self, out_of: dict[AccountName, int]) -> None:
        self.write(Kind.REFUND_ASKED, postings.refund_asked(gateway=GATEWAY, out_of=out_of))
        self.open_refunds.append(out_of)
        self.asked += sum(out_of.values())

    def end_refund(self) -> None:
        if not self.open_refunds:
            return
        out_of = self.open_refunds.pop()
        amount = sum(out_of.values())
        self.asked -= amount
        if self.random.random() < 0.3:
            self.write(Kind.REFUND_FAILED, postings.refund_failed(gateway=GATEWAY, out_of=out_of))
            return
        fee = self.random.choice([0, 0, 5_000])
        self.fee += fee
        self.went_back += amount
        self.write(Kind.REFUND_DONE, postings.refund_done(gateway=GATEWAY, amount_kobo=amount, fee_kobo=fee))

    def dispute(self) -> None:
        left = self.came - self.went_back - self.asked - self.disputed
        if left <= 0:
            return
        out_of = self.taken_from(self.random.randint(1, left))
        self.disputed += sum(out_of.values())
        self.write(Kind.DISPUTE_OPENED, postings.dispute_opened(gateway=GATEWAY, out_of=out_of))
        self.open_disputes.append(out_of)

    def end_dispute(self) -> None:
        if not self.open_disputes:
            return
        out_of = self.open_disputes.pop()
        amount = sum(out_of.values())
        self.disputed -= amount
        if self.random.random() < 0.5:
            self.write(Kind.DISPUTE_WON, postings.dispute_won(gateway=GATEWAY, out_of=out_of))
            return
        self.went_back += amount
        self.fee += 100_000
        lost = postings.dispute_lost(gateway=GATEWAY, amount_kobo=amount, fee_kobo=100_000)
        self.write(Kind.DISPUTE_LOST, lost)

    def apply(self) -> None:
        if held := self.stands_on(chart.deposits_held(self.house)):
            part = self.random.choice([held, self.random.randint(1, held)])
            self.write(Kind.DEPOSIT_APPLIED, postings.deposit_applied(house=self.house, amount_kobo=part))

    def retain(self) -> None:
        if held := self.stands_on(chart.deposits_held(self.house)):
            self.write(Kind.DEPOSIT_RETAINED, postings.deposit_retained(house=self.house, amount_kobo=held))

    def tell_fee(self) -> None:
        told = self.random.randint(0, 60_000)
        lines = postings.fee_told(gateway=GATEWAY, fee_kobo=told, before_kobo=self.fee)
        self.fee = told
        self.write(Kind.FEE_TOLD, lines)

    def place_surplus(self) -> None:
        if surplus := self.stands_on(chart.suspense(GATEWAY)):
            into = chart.deposits_held(self.house)
            self.write(
                Kind.SUSPENSE_CLEARED, postings.suspense_cleared(gateway=GATEWAY, amount_kobo=surplus, into=into)
            )

    def give_share_back(self) -> None:
        self.write(Kind.SHARE_RETURNED, postings.share_returned(house=self.house, share=self.share))
        self.share = Share()

    # --- The end -------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Decide what is open, and say what the guest's money was for."""
        while self.open_refunds:
            self.end_refund()
        while self.open_disputes:
            self.end_dispute()
        self.place_surplus()
        while self.stands_on(chart.deposits_held(self.house)):
            self.apply()

    # --- What stands where ---------------------------------------------------------------------------------------

    def stands_on(self, account: AccountName) -> int:
        return chart.sign_of(account.kind) * self.sums.get(account, 0)

    def taken_from(self, amount: int) -> dict[AccountName, int]:
        """Return out of which accounts an amount is taken; what is short is the house's to bear."""
        taken: dict[AccountName, int] = {}
        for account in sorted(self.sums, key=lambda each: (each.kind not in STANDS_ON, each.order)):
            there = self.stands_on(account) if account.kind in STANDS_ON else 0
            if there > 0 and amount:
                taken[account] = min(there, amount)
                amount -= taken[account]
        if amount:
            payable = chart.restaurant_payable(self.house)
            taken[payable] = taken.get(payable, 0) + amount
        return taken

    @property
    def left(self) -> int:
        return sum(kobo for account, kobo in self.sums.items() if account.kind in chart.LEFT_OF_A_PAYMENT)
