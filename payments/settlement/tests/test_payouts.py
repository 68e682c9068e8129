"""Payouts: from the books, approved by somebody else, sent once, and booked when they arrive."""

import json
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent
from payments.gateways import registry
from payments.gateways.base import (
    Absent,
    CheckoutAsk,
    Down,
    Opened,
    Payer,
    PayoutOutcome,
    Refused,
    SentPayout,
    Unknown,
)
from payments.ledger import chart, selectors
from payments.ledger.checking import check
from payments.models import Payment, WebhookEvent
from payments.services import journal
from payments.settlement import errors
from payments.settlement.invariants import INVARIANTS
from payments.settlement.models import Payout, PayoutAccount
from payments.settlement.services import payouts, sending
from payments.settlement.states import AccountState, NotSent, PayoutState
from payments.settlement.tests.factories import a_house, an_account, sold
from payments.tests.factories import a_dispute, a_refund
from restaurants.models import Restaurant
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db
NET = 892_500


@pytest.fixture
def paid_house(settings) -> Restaurant:
    """A house that is owed 8,925 naira, with an account; payouts go by a list."""
    settings.PAYOUTS_BY = "file"
    house = a_house()
    an_account(house)
    sold(house, 1_000_000, ago=timedelta(days=2))
    return house


@pytest.fixture
def boss():
    return UserFactory(is_superuser=True, is_staff=True)


def holds() -> bool:
    return all(found.holds for found in check()) and not any(each.broken() for each in INVARIANTS)


class TestDraft:
    def test_is_what_the_books_say_is_owed(self, paid_house):
        payout = payouts.draft(restaurant_id=paid_house.pk)

        assert (payout.amount_kobo, payout.state) == (NET, PayoutState.DRAFTED)
        assert selectors.owed_to(paid_house.pk) == NET

    def test_leaves_out_what_happened_later_and_what_went_back_since(self, paid_house):
        later = sold(paid_house, 4_000_000)
        until = timezone.now() - timedelta(days=1)

        assert payouts.draft(restaurant_id=paid_house.pk, until=until).amount_kobo == NET

        payouts.call_off(payout=Payout.objects.get(), by=None)
        a_dispute(later, 4_000_000)
        a_refund(sold(paid_house, 500_000), 500_000)
        first = Payout.objects.get().restaurant
        assert payouts.draft(restaurant_id=first.pk, until=until).amount_kobo == NET

    @pytest.mark.parametrize("state", [AccountState.CONFIRMED, AccountState.CALLED_OFF])
    def test_is_never_for_an_account_that_waits(self, paid_house, state):
        PayoutAccount.objects.update(state=state)

        with pytest.raises(errors.NoAccount):
            payouts.draft(restaurant_id=paid_house.pk)

    def test_is_never_of_nothing(self):
        house = a_house(least_payout_kobo=0)
        an_account(house)
        with pytest.raises(errors.NothingToPayOut):
            payouts.draft(restaurant_id=house.pk)
        payment = sold(house, 100_000)
        a_refund(payment, 100_000)
        with pytest.raises(errors.NothingToPayOut):
            payouts.draft(restaurant_id=house.pk)

    def test_is_one_at_a_time_and_one_for_each_period(self, paid_house):
        assert payouts.draft_due() == 1
        assert payouts.draft_due() == 0
        with pytest.raises(errors.PayoutUnderWay):
            payouts.draft(restaurant_id=paid_house.pk)


@pytest.mark.django_db(transaction=True)
def test_two_who_draft_at_once_draft_one(settings) -> None:
    settings.PAYOUTS_BY = "file"
    house = a_house()
    an_account(house)
    sold(house, 1_000_000)
    until, gate, came = timezone.now(), threading.Barrier(4), []

    def draft() -> None:
        try:
            gate.wait()
            came.append(payouts.draft(restaurant_id=house.pk, until=until))
        except errors.PayoutUnderWay as refusal:
            came.append(refusal)
        finally:
            connection.close()

    people = [threading.Thread(target=draft) for _each in range(4)]
    for each in people:
        each.start()
    for each in people:
        each.join()

    assert sorted(type(each).__name__ for each in came) == ["Payout", *["PayoutUnderWay"] * 3]


class TestApproving:
    def test_takes_somebody_else(self, paid_house, boss):
        payout = payouts.draft(restaurant_id=paid_house.pk, by=boss)
        assert payouts.approve(payout=payout, by=boss).state == PayoutState.APPROVED
        payouts.call_off(payout=payout, by=boss)
        other = UserFactory(is_superuser=True, is_staff=True)
        again = payouts.draft(restaurant_id=paid_house.pk, by=boss)

        with pytest.raises(errors.TwoPeopleNeeded):
            payouts.approve(payout=again, by=boss)
        assert payouts.approve(payout=again, by=other).approved_by == other
        with pytest.raises(errors.PayoutOver):
            payouts.approve(payout=again, by=other)


class TestByList:
    def test_is_booked_when_the_bank_has_paid_and_booked_back_when_it_comes_back(self, paid_house, boss):
        payout = payouts.approve(payout=payouts.draft(restaurant_id=paid_house.pk), by=boss)

        assert [row.pk for row in sending.take_into_list(by=boss)] == [payout.pk]
        sending.mark_paid(payout=payout, bank_reference="FT26335", by=boss)

        assert selectors.owed_to(paid_house.pk) == 0
        assert selectors.balance(chart.bank()) == -NET
        assert holds()
        with pytest.raises(errors.NothingToPayOut):
            payouts.draft(restaurant_id=paid_house.pk)

        sending.mark_returned(payout=payout, why="Account closed", by=boss)

        assert selectors.owed_to(paid_house.pk) == NET
        assert holds()
        assert payouts.draft(restaurant_id=paid_house.pk, until=payout.until).amount_kobo == NET

    def test_is_not_listed_once_the_account_has_changed_or_less_is_owed(self, paid_house, boss):
        payout = payouts.approve(payout=payouts.draft(restaurant_id=paid_house.pk), by=boss)
        a_refund(sold(paid_house, 10_000, fee_kobo=0), 10_000)
        a_dispute(payment_of(paid_house), 500_000)

        assert sending.take_into_list(by=boss) == []

        payout.refresh_from_db()
        assert (payout.state, payout.why) == (PayoutState.CALLED_OFF, NotSent.LESS_IS_OWED)
        with translation.override("ha"):
            assert payout.why_words == str(NotSent.LESS_IS_OWED.label)
        assert AuditEvent.objects.filter(action="settlement.payout_called_off", actor_id=boss.public_id).exists()

    def test_is_listed_once_and_again_only_on_purpose(self, paid_house, boss):
        payout = payouts.approve(payout=payouts.draft(restaurant_id=paid_house.pk), by=boss)
        assert sending.take_into_list(by=boss) == [payout]

        assert sending.take_into_list(by=boss) == []
        assert sending.repeat_list(by=boss) == [payout]
        a_dispute(payment_of(paid_house), 500_000)
        assert sending.repeat_list(by=boss) == []

        payout.refresh_from_db()
        assert payout.state == PayoutState.SENT
        assert AuditEvent.objects.filter(action="settlement.list_repeated").count() == 2

    def test_that_failed_may_be_noted_as_paid_after_all(self, paid_house, boss):
        payout = payouts.approve(payout=payouts.draft(restaurant_id=paid_house.pk), by=boss)
        sending.take_into_list(by=boss)
        sending.mark_returned(payout=payout, why="Not on the statement", by=boss)

        assert sending.mark_paid(payout=payout, bank_reference="FT1", by=boss).state == PayoutState.PAID
        assert selectors.owed_to(paid_house.pk) == 0
        assert holds()


def payment_of(house: Restaurant) -> Payment:
    return Payment.objects.filter(request__restaurant=house).earliest("pk")


ROUTES = {"paystack": "transfer", "flutterwave": "transfers"}


def answered(payout: Payout, answer: sending.Answer, *, is_first_telling: bool = False) -> Payout:
    """Return a payout after its gateway has given this answer."""
    return sending._note(payout.pk, answer, registry.gateway(payout.by), is_first_telling=is_first_telling)


class TestAnAnswer:
    @pytest.fixture
    def payout(self, settings, boss, sandbox) -> Payout:
        """A payout of which its gateway is being told."""
        settings.PAYOUTS_BY = "paystack"
        house = a_house()
        an_account(house)
        sold(house, 1_000_000, ago=timedelta(days=2))
        payout = payouts.approve(payout=payouts.draft(restaurant_id=house.pk), by=boss)
        sending._claimed(payout.pk)
        payout.refresh_from_db()
        return payout

    def arrived(self, payout: Payout) -> SentPayout:
        return SentPayout(
            reference=payout.reference, gateway_id="7", outcome=PayoutOutcome.PAID, word="success",
            amount_kobo=payout.amount_kobo, currency="NGN", fee_kobo=0,
        )  # fmt: skip

    def test_that_nothing_happened_counts_only_of_the_telling(self, payout):
        assert answered(payout, Down("the circuit is open")).state == PayoutState.SENDING
        assert answered(payout, Down("no connection"), is_first_telling=True).state == PayoutState.APPROVED

    @pytest.mark.parametrize("answer", [Absent(), Down("no connection"), Unknown("no answer")])
    def test_of_none_about_what_was_paid_is_asked_for_the_next_day(self, payout, answer):
        answered(payout, self.arrived(payout))
        sending._claimed(payout.pk)

        seen = answered(payout, answer).next_check_at

        assert seen is not None
        assert seen > timezone.now() + timedelta(hours=23)

    def test_that_a_failed_one_has_arrived_is_booked(self, payout):
        assert answered(payout, Refused("insufficient_balance", "insufficient funds")).state == PayoutState.FAILED
        again = payouts.draft(restaurant_id=payout.restaurant_id)

        assert answered(payout, self.arrived(payout)).state == PayoutState.PAID

        again.refresh_from_db()
        assert (again.state, again.why) == (PayoutState.CALLED_OFF, NotSent.EARLIER_ARRIVED)
        assert selectors.owed_to(payout.restaurant_id) == 0
        assert holds()

    def test_that_a_failed_one_has_arrived_when_its_period_was_paid_again_is_booked_too(self, payout, boss):
        answered(payout, Refused("insufficient_balance", "insufficient funds"))
        again = payouts.draft(restaurant_id=payout.restaurant_id, until=payout.until)
        again = payouts.approve(payout=again, by=boss)
        sending._claimed(again.pk)
        answered(again, self.arrived(again))

        assert answered(payout, self.arrived(payout)).state == PayoutState.PAID

        assert selectors.owed_to(payout.restaurant_id) == -NET
        assert holds()


def fill(sandbox: SandboxClient, name: str) -> None:
    """Have somebody pay at the gateway, so that there is something to pay out of."""
    ask = CheckoutAsk(
        reference=f"buka-{uuid.uuid4().hex[:12]}", amount_kobo=2_000_000, payer=Payer(email="ada@example.com"),
        return_url="http://localhost/back/", cancel_url="http://localhost/", description="Tickets",
    )  # fmt: skip
    assert isinstance(registry.gateway(name).open_checkout(ask), Opened)
    sandbox.pay(name, ask.reference)


class TestByGateway:
    @pytest.fixture(params=["paystack", "flutterwave"])
    def payout(self, request, sandbox, settings, boss) -> Payout:
        """A payout that was approved, and a gateway that has the money for it."""
        settings.PAYOUTS_BY = request.param
        house = a_house()
        an_account(house, number="0690000031", bank_code="044")
        sold(house, 1_000_000, gateway=request.param)
        fill(sandbox, request.param)
        return payouts.approve(payout=payouts.draft(restaurant_id=house.pk), by=boss)

    def go_on(self, payout: Payout) -> str:
        long_ago = timezone.now() - sending.SPEAKS
        Payout.objects.filter(pk=payout.pk).update(next_check_at=timezone.now())
        Payout.objects.filter(pk=payout.pk, told_at__isnull=False).update(told_at=long_ago)
        sending.send_due()
        payout.refresh_from_db()
        return payout.state

    def test_is_sent_arrives_and_is_booked_once(self, payout, sandbox):
        assert self.go_on(payout) == PayoutState.SENT
        assert selectors.owed_to(payout.restaurant_id) == NET
        sandbox.advance(60)
        assert self.go_on(payout) == PayoutState.PAID
        assert self.go_on(payout) == PayoutState.PAID

        assert selectors.owed_to(payout.restaurant_id) == 0
        assert holds()

    def test_whose_answer_is_lost_is_found_and_not_sent_again(self, payout, sandbox):
        sandbox.gateway_faults({"gateway": payout.by, "route": ROUTES[payout.by], "kind": "reset_after", "times": 1})
        assert self.go_on(payout) == PayoutState.SENDING

        state = self.go_on(payout)
        sandbox.advance(60)

        assert state == PayoutState.SENT
        assert self.go_on(payout) == PayoutState.PAID
        assert holds()

    def test_is_paid_at_once_when_the_gateway_says_so_by_a_webhook(self, payout, sandbox):
        self.go_on(payout)
        sandbox.advance(60)
        body = {
            "paystack": {"event": "transfer.success", "data": {"reference": payout.reference, "status": "success"}},
            "flutterwave": {
                "event": "transfer.completed", "event.type": "Transfer",
                "data": {"id": 1, "reference": payout.reference, "status": "SUCCESSFUL"},
            },
        }[payout.by]  # fmt: skip
        row = WebhookEvent.objects.create(
            gateway=payout.by, name=body["event"], key=f"x:{payout.reference}", body=json.dumps(body)
        )

        assert journal.work_off(event_id=row.pk).state == "done"
        payout.refresh_from_db()
        assert payout.state == PayoutState.PAID

    def test_that_never_came_there_is_sent_again_under_the_same_reference(self, payout, sandbox):
        sandbox.gateway_faults({"gateway": payout.by, "route": ROUTES[payout.by], "kind": "reset", "times": 1})
        assert self.go_on(payout) == PayoutState.SENDING

        assert self.go_on(payout) == PayoutState.SENT

    def test_while_the_gateway_is_down_waits(self, payout, sandbox):
        sandbox.gateway_faults({"gateway": payout.by, "route": ROUTES[payout.by], "kind": "error_429", "times": 1})

        assert self.go_on(payout) == PayoutState.APPROVED
        assert self.go_on(payout) == PayoutState.SENT

    def test_that_comes_back_is_owed_again(self, payout, sandbox):
        self.go_on(payout)
        sandbox.advance(60)
        self.go_on(payout)
        if payout.by == "flutterwave":
            # They know no word for what came back.
            return
        sandbox.tell("paystack", f"transfers/{payout.gateway_id}/step", to="reversed")

        assert self.go_on(payout) == PayoutState.RETURNED
        assert selectors.owed_to(payout.restaurant_id) == NET
        assert holds()
