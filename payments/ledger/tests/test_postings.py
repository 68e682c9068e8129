"""Whatever happens to money, and in whatever order, none of it comes to be and none is lost."""

from random import Random
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.ledger import chart, postings
from payments.ledger.chart import AccountKind, AccountName
from payments.ledger.postings import Lines, Share, left_of, move, opposite, together
from payments.ledger.states import TransactionKind
from payments.ledger.tests.stories import GATEWAY, Story

HOUSE = 7
kobo = st.integers(min_value=0, max_value=10**13)
maybe = st.none() | kobo
taxes = st.dictionaries(st.sampled_from(["VAT", "Consumption tax", "Levy"]), kobo)
shares = st.builds(Share, commission_kobo=kobo, commission_taxes=taxes, taxes=taxes, fee_kobo=kobo)
sources = st.dictionaries(
    st.sampled_from(
        [
            chart.deposits_held(HOUSE), chart.restaurant_payable(HOUSE), chart.deposit_retained(HOUSE),
            chart.suspense(GATEWAY), chart.tax_payable("VAT", HOUSE), chart.platform_commission(HOUSE),
        ]
    ),
    kobo,
)  # fmt: skip
POSTINGS = {
    "captured": st.builds(
        postings.captured, gateway=st.just(GATEWAY), amount_kobo=kobo, into=st.just(chart.late_fees(HOUSE)),
        asked_kobo=maybe, fee_kobo=maybe,
    ),
    "deposit_captured": st.builds(
        postings.deposit_captured, gateway=st.just(GATEWAY), house=st.just(HOUSE), amount_kobo=kobo,
        asked_kobo=maybe, fee_kobo=maybe,
    ),
    "sale_captured": st.builds(
        postings.sale_captured, gateway=st.just(GATEWAY), house=st.just(HOUSE), amount_kobo=kobo, asked_kobo=maybe,
        fee_kobo=maybe, share=st.none() | shares,
    ),
    "late_fee_captured": st.builds(
        postings.late_fee_captured, gateway=st.just(GATEWAY), house=st.just(HOUSE), amount_kobo=kobo, fee_kobo=maybe,
        share=st.none() | shares,
    ),
    "unasked_captured": st.builds(
        postings.unasked_captured, gateway=st.just(GATEWAY), amount_kobo=kobo, fee_kobo=maybe
    ),
    "suspense_cleared": st.builds(
        postings.suspense_cleared, gateway=st.just(GATEWAY), amount_kobo=kobo, into=st.just(chart.deposits_held(HOUSE))
    ),
    "shared_out": st.builds(postings.shared_out, house=st.just(HOUSE), share=shares),
    "share_returned": st.builds(postings.share_returned, house=st.just(HOUSE), share=shares),
    "deposit_applied": st.builds(
        postings.deposit_applied, house=st.just(HOUSE), amount_kobo=kobo, share=st.none() | shares
    ),
    "deposit_retained": st.builds(
        postings.deposit_retained, house=st.just(HOUSE), amount_kobo=kobo, share=st.none() | shares
    ),
    "comped": st.builds(postings.comped, house=st.just(HOUSE), amount_kobo=kobo, by_house=st.booleans()),
    "refund_asked": st.builds(postings.refund_asked, gateway=st.just(GATEWAY), out_of=sources),
    "refund_done": st.builds(postings.refund_done, gateway=st.just(GATEWAY), amount_kobo=kobo, fee_kobo=kobo),
    "refund_failed": st.builds(postings.refund_failed, gateway=st.just(GATEWAY), out_of=sources),
    "refund_taken_in": st.builds(postings.refund_taken_in, gateway=st.just(GATEWAY), out_of=sources),
    "dispute_opened": st.builds(postings.dispute_opened, gateway=st.just(GATEWAY), out_of=sources),
    "dispute_won": st.builds(postings.dispute_won, gateway=st.just(GATEWAY), out_of=sources),
    "dispute_lost": st.builds(postings.dispute_lost, gateway=st.just(GATEWAY), amount_kobo=kobo, fee_kobo=kobo),
    "fee_told": st.builds(postings.fee_told, gateway=st.just(GATEWAY), fee_kobo=kobo, before_kobo=kobo),
    "fee_passed_on": st.builds(postings.fee_passed_on, house=st.just(HOUSE), fee_kobo=kobo),
    "settled": st.builds(
        postings.settled, gateway=st.just(GATEWAY), bank_kobo=kobo, houses=st.dictionaries(st.integers(1, 9), kobo),
        fee_kobo=kobo,
    ),
    "divided": st.builds(
        postings.divided, gateway=st.just(GATEWAY), house=st.just(HOUSE), amount_kobo=kobo,
        subaccount=st.sampled_from(["", "ACCT_demo"]),
    ),
    "subaccount_settled": st.builds(
        postings.subaccount_settled, gateway=st.just(GATEWAY), subaccount=st.just("ACCT_demo"), amount_kobo=kobo
    ),
    "paid_out": st.builds(postings.paid_out, house=st.just(HOUSE), amount_kobo=kobo),
    "tax_paid": st.builds(postings.tax_paid, tax=st.just("VAT"), amount_kobo=kobo, house=st.none() | st.just(HOUSE)),
    "points_awarded": st.builds(postings.points_awarded, owner_id=st.just(uuid4()), points=kobo),
    "points_spent": st.builds(postings.points_spent, owner_id=st.just(uuid4()), points=kobo),
}  # fmt: skip
# They put others together.
_PARTS = {"move", "together", "opposite", "left_of"}


def sums_of(lines: Lines) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.account.currency] = sums.get(line.account.currency, 0) + line.amount_kobo
    return sums


class TestEveryPosting:
    @pytest.mark.parametrize("name", POSTINGS)
    def test_sums_to_zero_and_moves_something_on_each_account_once(self, name: str) -> None:
        @settings(max_examples=60, deadline=None)
        @given(POSTINGS[name])
        def holds(lines: Lines) -> None:
            assert not any(sums_of(lines).values())
            assert all(line.amount_kobo for line in lines)
            assert len({line.account for line in lines}) == len(lines)
            assert len(lines) != 1

        holds()

    def test_is_tried(self) -> None:
        made = {
            name
            for name, value in vars(postings).items()
            if callable(value) and getattr(value, "__module__", "") == postings.__name__ and not name.startswith("_")
        }

        assert made - _PARTS - {"Line", "Share"} == set(POSTINGS)

    @given(POSTINGS["sale_captured"])
    @settings(max_examples=60, deadline=None)
    def test_is_undone_by_its_opposite(self, lines: Lines) -> None:
        assert together(lines, opposite(lines)) == ()


class TestMove:
    def test_refuses_amounts_below_zero(self) -> None:
        with pytest.raises(ValueError, match="never below zero"):
            move(-1, debit=chart.bank(), credit=chart.restaurant_payable(HOUSE))

    def test_refuses_to_turn_points_into_money(self) -> None:
        with pytest.raises(ValueError, match="Nothing moves from points to NGN"):
            move(1, debit=chart.bank(), credit=chart.points(uuid4()))


class TestAmounts:
    """Where each kobo goes, in examples that an accountant can follow."""

    def amounts(self, lines: Lines) -> dict[AccountName, int]:
        return {line.account: line.amount_kobo for line in lines}

    def test_a_deposit_with_its_fee_and_a_surplus(self) -> None:
        lines = postings.deposit_captured(
            gateway=GATEWAY, house=HOUSE, amount_kobo=1_050_000, asked_kobo=1_000_000, fee_kobo=25_000
        )

        assert self.amounts(lines) == {
            chart.gateway_clearing(GATEWAY): 1_025_000,
            chart.gateway_fees(GATEWAY): 25_000,
            chart.deposits_held(HOUSE): -1_000_000,
            chart.suspense(GATEWAY): -50_000,
        }

    def test_less_than_was_asked_for_is_all_held(self) -> None:
        lines = postings.deposit_captured(gateway=GATEWAY, house=HOUSE, amount_kobo=900_000, asked_kobo=1_000_000)

        assert self.amounts(lines) == {
            chart.gateway_clearing(GATEWAY): 900_000,
            chart.deposits_held(HOUSE): -900_000,
        }

    def test_tickets_with_taxes_commission_and_a_fee_that_the_house_bears(self) -> None:
        share = Share(commission_kobo=50_000, commission_taxes={"VAT": 3_750}, taxes={"VAT": 69_767}, fee_kobo=15_000)

        lines = postings.sale_captured(
            gateway=GATEWAY, house=HOUSE, amount_kobo=1_000_000, fee_kobo=15_000, share=share
        )

        assert self.amounts(lines) == {
            chart.gateway_clearing(GATEWAY): 985_000,
            chart.gateway_fees(GATEWAY): 15_000,
            chart.fees_passed_on(HOUSE): -15_000,
            chart.platform_commission(HOUSE): -50_000,
            chart.tax_payable("VAT"): -3_750,
            chart.tax_payable("VAT", HOUSE): -69_767,
            chart.restaurant_payable(HOUSE): -861_483,
        }

    def test_a_dispute_lost_with_its_fee(self) -> None:
        lines = postings.dispute_lost(gateway=GATEWAY, amount_kobo=400_000, fee_kobo=100_000)

        assert self.amounts(lines) == {
            chart.disputes_pending(GATEWAY): 400_000,
            chart.gateway_fees(GATEWAY): 100_000,
            chart.gateway_clearing(GATEWAY): -500_000,
        }

    def test_a_settlement_with_a_split(self) -> None:
        lines = postings.settled(gateway=GATEWAY, bank_kobo=50_000, houses={HOUSE: 935_000}, fee_kobo=1_000)

        assert self.amounts(lines) == {
            chart.bank(): 50_000,
            chart.restaurant_payable(HOUSE): 935_000,
            chart.gateway_fees(GATEWAY): 1_000,
            chart.gateway_clearing(GATEWAY): -986_000,
        }

    def test_a_fee_that_is_corrected_downwards(self) -> None:
        lines = postings.fee_told(gateway=GATEWAY, fee_kobo=10_000, before_kobo=15_000)

        assert self.amounts(lines) == {
            chart.gateway_clearing(GATEWAY): 5_000,
            chart.gateway_fees(GATEWAY): -5_000,
        }


class Refused(Exception):
    """As the books refuse."""


class TestStories:
    """A payment with anything that can become of it, drawn at random."""

    def tell(self, seed: int) -> tuple[Story, list[Lines]]:
        written: list[Lines] = []

        def write(kind: TransactionKind, lines: Lines) -> None:
            left = left_of(line for posting in written for line in posting)
            if kind == TransactionKind.REFUND_ASKED and left + left_of(lines) < 0:
                raise Refused
            written.append(lines)

        story = Story(Random(seed), HOUSE, write)
        story.begin()
        for _turn in range(story.random.randint(0, 25)):
            refused = story.refused
            try:
                story.turn()
            except Refused:
                assert story.refused == refused + 1, "The books refused what there was money for."
            else:
                assert story.refused == refused, "More was given back than came."
            assert story.left == story.came - story.went_back - story.asked - story.disputed
            assert 0 <= story.went_back <= story.came
        story.end()
        return story, written

    @given(st.integers(min_value=0, max_value=10**9))
    @settings(max_examples=300, deadline=None)
    def test_no_more_goes_back_than_came_and_nothing_stays_open(self, seed: int) -> None:
        story, written = self.tell(seed)
        lines = together(*written)
        at_the_end = {line.account: line.amount_kobo for line in lines}

        assert not any(sums_of(lines).values())
        over = {
            AccountKind.DEPOSITS_HELD, AccountKind.REFUNDS_PENDING, AccountKind.DISPUTES_PENDING, AccountKind.SUSPENSE,
        }  # fmt: skip
        assert [account for account in at_the_end if account.kind in over] == []
        assert at_the_end.get(chart.gateway_clearing(GATEWAY), 0) == story.came - story.went_back - story.fee

    def test_some_are_refused_and_some_end_with_everything_given_back(self) -> None:
        stories = [self.tell(seed)[0] for seed in range(200)]

        assert any(story.refused for story in stories)
        assert any(story.went_back == story.came for story in stories)

    @given(st.lists(st.integers(min_value=0, max_value=10**9), max_size=8))
    @settings(max_examples=40, deadline=None)
    def test_once_all_is_paid_out_nothing_is_left_anywhere_but_what_was_earned_and_spent(
        self, seeds: list[int]
    ) -> None:
        lines = together(*(posting for seed in seeds for posting in self.tell(seed)[1]))
        sums = {line.account: line.amount_kobo for line in lines}
        owed = -sum(kobo for account, kobo in sums.items() if is_owed(account))
        clearing = sums.get(chart.gateway_clearing(GATEWAY), 0)

        out = together(
            lines,
            swept(clearing, debit=chart.bank(), credit=chart.gateway_clearing(GATEWAY)),
            swept(owed, debit=chart.restaurant_payable(HOUSE), credit=chart.bank()),
        )

        left = {line.account: line.amount_kobo for line in out}
        assert chart.gateway_clearing(GATEWAY) not in left
        assert sum(kobo for account, kobo in left.items() if is_owed(account)) == 0
        # What stands in the bank is what Buka has earned, and owes as tax, less the fees it bore.
        own = {chart.gateway_fees(GATEWAY), chart.fees_passed_on(HOUSE), chart.platform_commission(HOUSE)}
        own.add(chart.tax_payable("VAT"))
        assert left.get(chart.bank(), 0) == -sum(left.get(account, 0) for account in own)


def is_owed(account: AccountName) -> bool:
    return account.kind in chart.OWED_TO_A_RESTAURANT and account.restaurant_id == HOUSE


def swept(kobo: int, *, debit: AccountName, credit: AccountName) -> Lines:
    """Move an amount to the other side where it is below zero."""
    return move(kobo, debit=debit, credit=credit) if kobo >= 0 else move(-kobo, debit=credit, credit=debit)
