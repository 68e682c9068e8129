"""Both gateways as the sandbox plays them: the same questions at each, over real sockets to a real process."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from payments.gateways import registry
from payments.gateways.base import (
    Absent,
    BankAccount,
    Challenge,
    Channel,
    Charge,
    CheckoutAsk,
    Dispute,
    DisputeState,
    Down,
    Gateway,
    Mode,
    Opened,
    Outcome,
    Page,
    Payer,
    PayoutAsk,
    PayoutOutcome,
    Refund,
    RefundAsk,
    RefundOutcome,
    Refused,
    SavedCharge,
    SentPayout,
    Settlement,
    Split,
    Subject,
    Unknown,
)
from payments.gateways.calling import Line
from payments.gateways.circuit import Circuit
from payments.gateways.flutterwave import Flutterwave
from payments.gateways.paystack import Paystack
from payments.tests.answering import AnsweringServer, says
from sandbox.testing import SandboxClient

BOTH = ("paystack", "flutterwave")
ORDER_KOBO = 1_250_050
PAYER = Payer(email="ada@example.com", name="Ada Obi", phone="+2348000000001")
HOUSE = BankAccount("044", "0690000031")


@pytest.fixture(params=BOTH)
def gateway(request: pytest.FixtureRequest, sandbox: SandboxClient) -> Gateway:
    return registry.gateway(request.param)


def a_reference() -> str:
    return f"buka-{uuid.uuid4().hex[:12]}"


def an_ask(**changed: Any) -> CheckoutAsk:
    asked: dict[str, Any] = {
        "reference": a_reference(),
        "amount_kobo": ORDER_KOBO,
        "payer": PAYER,
        "return_url": "http://localhost:8000/en/pay/back/",
        "cancel_url": "http://localhost:8000/en/pay/cancelled/",
        "description": "A table for four",
        "metadata": {"payment": "7f3a"},
    }
    return CheckoutAsk(**{**asked, **changed})


def opened(gateway: Gateway, **changed: Any) -> str:
    """Open a checkout and return its reference."""
    ask = an_ask(**changed)
    answer = gateway.open_checkout(ask)
    assert isinstance(answer, Opened), answer
    return ask.reference


def paid(gateway: Gateway, sandbox: SandboxClient, *, how: str = "card", **changed: Any) -> Charge:
    """Open a checkout, pay there, and return what the gateway says of it."""
    reference = opened(gateway, **changed)
    sandbox.pay(gateway.name, reference, how=how)
    charge = gateway.verify(reference)
    assert isinstance(charge, Charge), charge
    return charge


def all_of(page_of: Callable[[str], Any]) -> list[Any]:
    rows: list[Any] = []
    page = ""
    for _ in range(20):
        answer = page_of(page)
        assert isinstance(answer, Page), answer
        assert answer.unreadable == 0
        rows += answer.rows
        page = answer.next
        if not page:
            return rows
    raise AssertionError("The list does not end.")


class TestACheckout:
    def test_is_a_page_that_people_can_open(self, gateway: Gateway, sandbox: SandboxClient):
        answer = gateway.open_checkout(an_ask(channels=[Channel.CARD, Channel.TRANSFER, Channel.USSD]))

        assert isinstance(answer, Opened)
        assert httpx.get(answer.url, trust_env=False).status_code == 200

    def test_that_nobody_has_paid_on_is_not_paid(self, gateway: Gateway, sandbox: SandboxClient):
        charge = gateway.verify(opened(gateway))

        assert isinstance(charge, Absent) or (isinstance(charge, Charge) and charge.outcome is Outcome.UNFINISHED)

    def test_of_less_than_the_least_is_refused(self, sandbox: SandboxClient):
        paystack = registry.gateway("paystack")

        assert isinstance(paystack.open_checkout(an_ask(amount_kobo=paystack.least_kobo - 1)), Refused)
        assert isinstance(paystack.open_checkout(an_ask(amount_kobo=paystack.least_kobo)), Opened)

    def test_with_a_reference_that_is_known_may_be_our_own_from_before(self, sandbox: SandboxClient):
        paystack = registry.gateway("paystack")
        reference = opened(paystack)

        assert isinstance(paystack.open_checkout(an_ask(reference=reference)), Unknown)

    def test_with_a_key_that_is_none_has_not_happened(self, gateway: Gateway, sandbox: SandboxClient, settings):
        settings.PAYSTACK_SECRET_KEY = "sk_test_made_up_and_wrong"
        settings.FLUTTERWAVE_SECRET_KEY = "FLWSECK_TEST-made-up-and-wrong-X"
        stranger = registry.gateway(gateway.name)

        assert isinstance(stranger.open_checkout(an_ask()), Down)
        assert isinstance(stranger.verify(a_reference()), Down)


class TestACharge:
    def test_that_is_paid_by_card(self, gateway: Gateway, sandbox: SandboxClient):
        charge = paid(gateway, sandbox)

        assert charge.outcome is Outcome.PAID
        assert (charge.amount_kobo, charge.debited_kobo, charge.currency) == (ORDER_KOBO, ORDER_KOBO, "NGN")
        assert charge.mode in (Mode.TEST, None)
        assert (charge.channel, charge.email) == (Channel.CARD, "ada@example.com")
        assert charge.card is not None
        assert len(charge.card.last4) == 4
        assert charge.card.token
        assert charge.made_at is not None
        assert charge.fee_kobo is not None
        assert 0 < charge.fee_kobo < ORDER_KOBO // 20
        assert gateway.find(charge.gateway_id) == charge
        assert gateway.charges_of(charge.reference) == (charge,)

    def test_tells_the_fee_that_the_gateway_keeps(self, gateway: Gateway, sandbox: SandboxClient):
        charge = paid(gateway, sandbox)

        [line] = [each for each in sandbox.payments(gateway.name) if each["reference"] == charge.reference]
        assert charge.fee_kobo == line["fee_kobo"]

    @pytest.mark.parametrize(
        ("how", "channel"), [("transfer", Channel.TRANSFER), ("ussd", Channel.USSD), ("bank", Channel.BANK)]
    )
    def test_that_is_paid_otherwise(self, gateway: Gateway, sandbox: SandboxClient, how: str, channel: Channel):
        reference = opened(gateway)
        sandbox.pay(gateway.name, reference, how=how)
        sandbox.advance(120)
        charge = gateway.verify(reference)

        assert isinstance(charge, Charge)
        assert (charge.outcome, charge.channel, charge.amount_kobo) == (Outcome.PAID, channel, ORDER_KOBO)
        assert charge.card is None

    def test_that_was_declined_is_not_paid(self, gateway: Gateway, sandbox: SandboxClient):
        reference = opened(gateway)
        sandbox.pay(gateway.name, reference, how="declined")
        charge = gateway.verify(reference)

        assert isinstance(charge, Charge)
        assert charge.outcome is not Outcome.PAID

    def test_that_nobody_knows_is_absent(self, gateway: Gateway, sandbox: SandboxClient):
        assert gateway.verify(a_reference()) == Absent()
        assert gateway.find("999999999999") == Absent()
        assert gateway.charges_of(a_reference()) == ()

    def test_of_a_foreign_merchant_is_none_of_our_business(self, gateway: Gateway, sandbox: SandboxClient, settings):
        charge = paid(gateway, sandbox)
        settings.PAYSTACK_SECRET_KEY = f"sk_test_sandbox{'foreign':0>31}"
        settings.FLUTTERWAVE_SECRET_KEY = f"FLWSECK_TEST-sandbox{'foreign-X':0>28}"
        foreign = registry.gateway(gateway.name)

        assert foreign.verify(charge.reference) == Absent()
        assert foreign.find(charge.gateway_id) == Absent()

    @pytest.mark.parametrize("ratio", [0.5, 2])
    def test_of_another_sum_says_what_came(self, gateway: Gateway, sandbox: SandboxClient, ratio: float):
        rule = {"gateway": gateway.name, "route": "*", "kind": "wrong_amount", "options": {"ratio": ratio}}
        sandbox.gateway_faults(rule)
        charge = paid(gateway, sandbox)

        assert charge.amount_kobo == ORDER_KOBO * ratio

    def test_in_another_currency_says_so(self, gateway: Gateway, sandbox: SandboxClient):
        sandbox.gateway_faults({"gateway": gateway.name, "route": "*", "kind": "wrong_currency"})

        assert paid(gateway, sandbox).currency == "USD"

    def test_with_the_fee_on_top_counts_for_what_was_asked(self, gateway: Gateway, sandbox: SandboxClient):
        sandbox.gateway_faults({"gateway": gateway.name, "route": "*", "kind": "fee_on_top"})
        charge = paid(gateway, sandbox)

        assert charge.outcome is Outcome.PAID
        assert charge.amount_kobo == ORDER_KOBO
        assert charge.fee_kobo is not None
        assert charge.debited_kobo == ORDER_KOBO + charge.fee_kobo

    def test_with_odd_metadata_is_read_all_the_same(self, sandbox: SandboxClient):
        sandbox.gateway_faults({"gateway": "paystack", "route": "*", "kind": "odd_metadata"})

        assert paid(registry.gateway("paystack"), sandbox).outcome is Outcome.PAID

    def test_declined_first_and_paid_then_is_paid(self, sandbox: SandboxClient):
        flutterwave = registry.gateway("flutterwave")
        reference = opened(flutterwave)
        sandbox.pay("flutterwave", reference, how="declined")
        sandbox.pay("flutterwave", reference, how="card")

        charge = flutterwave.verify(reference)
        charges = flutterwave.charges_of(reference)
        assert isinstance(charge, Charge)
        assert charge.outcome is Outcome.PAID
        assert isinstance(charges, tuple)
        assert sorted(each.outcome for each in charges) == [Outcome.FAILED, Outcome.PAID]

    def test_split_with_a_restaurant_goes_through(self, gateway: Gateway, sandbox: SandboxClient):
        code = gateway.make_subaccount(
            name="Mama Put", account=HOUSE, email="house@example.com", phone="+2348000000002"
        )
        assert isinstance(code, str), code
        charge = paid(gateway, sandbox, split=Split(code, 125_000))

        assert charge.outcome is Outcome.PAID
        # A restaurant's share is no fee.
        assert charge.fee_kobo is not None
        assert charge.fee_kobo < ORDER_KOBO // 20


class TestWhatGoesWrongOnTheWay:
    """Each fault, and whether anything may have happened: what the client says has to hold in the sandbox's books."""

    @pytest.fixture
    def impatient(self, gateway: Gateway) -> Gateway:
        assert isinstance(gateway, Paystack | Flutterwave)
        line = Line(
            gateway.name,
            gateway.line.base_url,
            gateway.key,
            Circuit(f"{gateway.name}-impatient", failures=1000),
            read_seconds=1.0,
            create_seconds=1.0,
        )
        if isinstance(gateway, Paystack):
            return Paystack(line=line, key=gateway.key)
        return Flutterwave(line=line, key=gateway.key, secret_hash=gateway.secret_hash)

    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("timeout_before", {}),
            ("timeout_after", {}),
            ("reset", {}),
            ("reset_after", {}),
            ("error_500", {}),
            ("error_500", {"after": True}),
            ("error_503", {}),
            ("garbage", {}),
            ("garbage", {"after": True}),
        ],
    )
    def test_to_a_refund_nobody_knows_until_its_charge_is_asked(
        self, impatient: Gateway, sandbox: SandboxClient, kind: str, options: dict[str, Any]
    ):
        charge = paid(impatient, sandbox)
        sandbox.gateway_faults({"gateway": impatient.name, "route": "refund", "kind": kind, "options": options})
        ask = RefundAsk(charge.reference, charge.gateway_id, 100_050, note="Buka refund 0193-7c1e")
        answer = impatient.refund(ask)
        sandbox.gateway_faults()

        assert isinstance(answer, Unknown)
        found = impatient.refunds_of(reference=charge.reference, gateway_id=charge.gateway_id, since=charge.made_at)
        assert isinstance(found, tuple)
        ours = [each for each in found if each.note == "Buka refund 0193-7c1e"]
        [line] = [each for each in sandbox.payments(impatient.name) if each["reference"] == charge.reference]
        assert sum(each.amount_kobo for each in ours) == line["refunded_kobo"]
        has_happened = (
            kind.endswith("_after")
            or "after" in options
            or (kind, impatient.name)
            == (
                "error_503",
                "flutterwave",
            )
        )
        assert len(ours) == has_happened

    def test_too_many_requests_have_done_nothing(self, impatient: Gateway, sandbox: SandboxClient):
        charge = paid(impatient, sandbox)
        sandbox.gateway_faults({"gateway": impatient.name, "route": "*", "kind": "error_429"})
        answer = impatient.refund(RefundAsk(charge.reference, charge.gateway_id, 100_050, note="x"))
        sandbox.gateway_faults()

        assert isinstance(answer, Down)
        assert impatient.refunds_of(reference=charge.reference, gateway_id=charge.gateway_id) == ()

    @pytest.mark.parametrize("kind", ["reset", "error_500", "garbage"])
    def test_twice_with_a_question_is_not_noticed(self, impatient: Gateway, sandbox: SandboxClient, kind: str):
        reference = opened(impatient)
        sandbox.pay(impatient.name, reference)
        sandbox.gateway_faults({"gateway": impatient.name, "route": "verify", "kind": kind, "times": 2})

        charge = impatient.verify(reference)
        assert isinstance(charge, Charge)
        assert charge.outcome is Outcome.PAID

    def test_to_a_checkout_leaves_it_to_be_asked_for(self, impatient: Gateway, sandbox: SandboxClient):
        sandbox.gateway_faults({"gateway": impatient.name, "route": "initialize", "kind": "timeout_after"})
        ask = an_ask()

        assert isinstance(impatient.open_checkout(ask), Unknown)
        sandbox.gateway_faults()
        # Whoever finds the page pays on it all the same: that is seen by our reference.
        sandbox.pay(impatient.name, ask.reference)
        charge = impatient.verify(ask.reference)
        assert isinstance(charge, Charge)
        assert charge.outcome is Outcome.PAID


def a_saved_charge(charge: Charge, **changed: Any) -> SavedCharge:
    assert charge.card is not None
    asked: dict[str, Any] = {
        "reference": a_reference(),
        "amount_kobo": 500_000,
        "email": "ada@example.com",
        "token": charge.card.token,
        "description": "Nobody came",
        "return_url": "http://localhost:8000/en/pay/back/",
    }
    return SavedCharge(**{**asked, **changed})


class TestASavedCard:
    def test_is_charged(self, gateway: Gateway, sandbox: SandboxClient):
        ask = a_saved_charge(paid(gateway, sandbox, reusable=True))
        charge = gateway.charge_saved(ask)

        assert isinstance(charge, Charge), charge
        assert (charge.outcome, charge.amount_kobo) == (Outcome.PAID, 500_000)
        verified = gateway.verify(ask.reference)
        assert isinstance(verified, Charge)
        assert verified.gateway_id == charge.gateway_id

    def test_whose_bank_asks_its_owner_is_not_paid(self, gateway: Gateway, sandbox: SandboxClient):
        ask = a_saved_charge(paid(gateway, sandbox, reusable=True))
        sandbox.gateway_faults({"gateway": gateway.name, "route": "charge_authorization", "kind": "challenge"})
        answer = gateway.charge_saved(ask)

        assert isinstance(answer, Challenge), answer
        assert httpx.get(answer.url, trust_env=False).status_code == 200
        charge = gateway.verify(ask.reference)
        assert isinstance(charge, Charge)
        assert charge.outcome is Outcome.PENDING

    def test_that_is_declined_is_not_paid(self, gateway: Gateway, sandbox: SandboxClient):
        ask = a_saved_charge(paid(gateway, sandbox, reusable=True))
        sandbox.gateway_faults({"gateway": gateway.name, "route": "charge_authorization", "kind": "declined"})
        answer = gateway.charge_saved(ask)

        assert isinstance(answer, Refused) or (isinstance(answer, Charge) and answer.outcome is Outcome.FAILED)

    def test_of_somebody_else_is_refused(self, gateway: Gateway, sandbox: SandboxClient):
        ask = a_saved_charge(paid(gateway, sandbox, reusable=True), email="somebody-else@example.com")

        assert isinstance(gateway.charge_saved(ask), Refused)

    def test_is_forgotten_where_that_can_be(self, sandbox: SandboxClient):
        paystack = registry.gateway("paystack")
        charge = paid(paystack, sandbox, reusable=True)
        assert charge.card is not None

        assert paystack.forget_saved(charge.card.token) is True
        assert isinstance(paystack.charge_saved(a_saved_charge(charge)), Refused)
        assert paystack.forget_saved("AUTH_nobodyknows") is True


class TestARefund:
    def test_is_taken_and_becomes_done(self, gateway: Gateway, sandbox: SandboxClient):
        charge = paid(gateway, sandbox)
        refund = gateway.refund(RefundAsk(charge.reference, charge.gateway_id, 100_050, note="Buka refund 1"))

        assert isinstance(refund, Refund), refund
        assert (refund.amount_kobo, refund.currency, refund.note) == (100_050, "NGN", "Buka refund 1")
        sandbox.advance(7 * 86400)
        done = gateway.find_refund(refund.gateway_id)
        assert isinstance(done, Refund)
        assert (done.outcome, done.amount_kobo) == (RefundOutcome.DONE, 100_050)
        assert charge.gateway_id == done.charge_id

    def test_without_a_number_of_the_charge_is_found_by_our_reference(self, gateway: Gateway, sandbox: SandboxClient):
        charge = paid(gateway, sandbox)
        refund = gateway.refund(RefundAsk(charge.reference, "", 100_000, note="x"))

        assert isinstance(refund, Refund), refund
        found = gateway.refunds_of(reference=charge.reference, gateway_id="")
        assert isinstance(found, tuple)
        assert [each.gateway_id for each in found] == [refund.gateway_id]

    def test_in_parts_cannot_be_more_than_was_paid(self, gateway: Gateway, sandbox: SandboxClient):
        charge = paid(gateway, sandbox)
        asks = [
            RefundAsk(charge.reference, charge.gateway_id, amount, note=f"part {amount}")
            for amount in (1_000_000, 250_050, 1)
        ]
        answers = [gateway.refund(ask) for ask in asks]

        assert isinstance(answers[0], Refund)
        assert isinstance(answers[1], Refund)
        assert isinstance(answers[2], Refused)
        found = gateway.refunds_of(reference=charge.reference, gateway_id=charge.gateway_id, since=charge.made_at)
        assert isinstance(found, tuple)
        assert sorted(each.note for each in found) == ["part 1000000", "part 250050"]

    def test_of_what_was_not_paid_is_refused(self, gateway: Gateway, sandbox: SandboxClient):
        reference = opened(gateway)

        assert isinstance(gateway.refund(RefundAsk(reference, "", 100_000, note="x")), Refused)

    def test_that_fails_says_so(self, gateway: Gateway, sandbox: SandboxClient):
        sandbox.gateway_faults({"gateway": gateway.name, "route": "*", "kind": "refund_failed"})
        charge = paid(gateway, sandbox)
        refund = gateway.refund(RefundAsk(charge.reference, charge.gateway_id, 100_000, note="x"))
        assert isinstance(refund, Refund), refund
        sandbox.advance(7 * 86400)

        failed = gateway.find_refund(refund.gateway_id)
        assert isinstance(failed, Refund)
        assert failed.outcome is RefundOutcome.FAILED

    def test_that_waits_for_bank_details_says_so(self, sandbox: SandboxClient):
        paystack = registry.gateway("paystack")
        sandbox.gateway_faults({"gateway": "paystack", "route": "*", "kind": "refund_needs_attention"})
        charge = paid(paystack, sandbox)
        refund = paystack.refund(RefundAsk(charge.reference, charge.gateway_id, 100_000, note="x"))
        assert isinstance(refund, Refund), refund
        sandbox.advance(60)

        waiting = paystack.find_refund(refund.gateway_id)
        assert isinstance(waiting, Refund)
        assert waiting.outcome is RefundOutcome.NEEDS_ATTENTION

    def test_that_nobody_knows_is_absent(self, gateway: Gateway, sandbox: SandboxClient):
        assert gateway.find_refund("999999") == Absent()

    def test_of_the_whole_reverses_the_charge_at_paystack(self, sandbox: SandboxClient):
        paystack = registry.gateway("paystack")
        charge = paid(paystack, sandbox)
        paystack.refund(RefundAsk(charge.reference, charge.gateway_id, ORDER_KOBO, note="all"))
        sandbox.advance(60)

        verified = paystack.verify(charge.reference)
        assert isinstance(verified, Charge)
        assert verified.outcome is Outcome.REVERSED


class TestLists:
    def test_have_every_charge_of_a_time_once(self, gateway: Gateway, sandbox: SandboxClient):
        since = sandbox.clock()
        made = [paid(gateway, sandbox) for _ in range(12)]
        until = sandbox.clock() + timedelta(seconds=5)

        listed = all_of(lambda page: gateway.charges(since=since - timedelta(seconds=5), until=until, page=page))

        assert sorted(each.gateway_id for each in listed) == sorted(each.gateway_id for each in made)
        assert {each.outcome for each in listed} == {Outcome.PAID}
        assert sum(each.amount_kobo for each in listed) == 12 * ORDER_KOBO
        fees = {each.gateway_id: each.fee_kobo for each in made}
        assert all(each.fee_kobo == fees[each.gateway_id] for each in listed)

    def test_have_the_refunds_of_a_time(self, gateway: Gateway, sandbox: SandboxClient):
        since = sandbox.clock() - timedelta(seconds=5)
        charge = paid(gateway, sandbox)
        refund = gateway.refund(RefundAsk(charge.reference, charge.gateway_id, 100_000, note="x"))
        assert isinstance(refund, Refund), refund
        until = sandbox.clock() + timedelta(seconds=5)

        listed = all_of(lambda page: gateway.refunds(since=since, until=until, page=page))
        assert [each.gateway_id for each in listed] == [refund.gateway_id]
        later = all_of(lambda page: gateway.refunds(since=until, until=until + timedelta(days=1), page=page))
        assert later == []

    def test_have_disputes_and_how_they_end(self, gateway: Gateway, sandbox: SandboxClient):
        since = sandbox.clock() - timedelta(seconds=5)
        charges = [paid(gateway, sandbox) for _ in range(2)]
        what = "disputes" if gateway.name == "paystack" else "chargebacks"
        for charge in charges:
            sandbox.tell(gateway.name, what, reference=charge.reference)
        until = sandbox.clock() + timedelta(seconds=5)

        listed = all_of(lambda page: gateway.disputes(since=since, until=until, page=page))

        assert sorted(each.reference for each in listed) == sorted(each.reference for each in charges)
        assert {(each.state, each.amount_kobo) for each in listed} == {(DisputeState.OPEN, ORDER_KOBO)}
        # Nobody answers them.
        sandbox.advance(60 * 86400)
        for each in listed:
            ended = gateway.find_dispute(each.gateway_id)
            assert isinstance(ended, Dispute)
            assert ended.state is DisputeState.LOST
        assert gateway.find_dispute("999999") == Absent()

    def test_have_what_was_paid_out(self, gateway: Gateway, sandbox: SandboxClient):
        since = sandbox.clock() - timedelta(days=2)
        charge = paid(gateway, sandbox)
        sandbox.advance(3 * 86400)
        sandbox.tell(gateway.name, "settlements")
        until = sandbox.clock() + timedelta(days=5)

        listed: list[Settlement] = all_of(lambda page: gateway.settlements(since=since, until=until, page=page))
        assert charge.fee_kobo is not None
        assert sum(each.amount_kobo for each in listed) == ORDER_KOBO - charge.fee_kobo


class TestARestaurantsAccount:
    def test_has_a_name(self, gateway: Gateway, sandbox: SandboxClient):
        name = gateway.name_of_account(HOUSE)

        assert isinstance(name, str)
        assert name

    def test_that_is_none_is_refused(self, gateway: Gateway, sandbox: SandboxClient):
        assert isinstance(gateway.name_of_account(BankAccount("044", "12")), Refused)


class TestAPayout:
    def ask(self, **changed: Any) -> PayoutAsk:
        asked = {"reference": f"buka-po-{uuid.uuid4().hex[:20]}", "amount_kobo": 400_050, "account": HOUSE,
                 "name": "DEMO KITCHEN", "reason": "Buka, week 1"}  # fmt: skip
        return PayoutAsk(**{**asked, **changed})

    def test_arrives_and_is_found_by_our_reference(self, gateway: Gateway, sandbox: SandboxClient):
        paid(gateway, sandbox)
        ask = self.ask()
        assert gateway.find_payout(ask.reference) == Absent()

        sent = gateway.pay_out(ask)

        assert isinstance(sent, SentPayout), sent
        assert (sent.outcome, sent.reference, sent.amount_kobo) == (PayoutOutcome.PENDING, ask.reference, 400_050)
        sandbox.advance(60)
        found = gateway.find_payout(ask.reference)
        assert isinstance(found, SentPayout)
        assert (found.outcome, found.gateway_id, found.amount_kobo) == (PayoutOutcome.PAID, sent.gateway_id, 400_050)

    def test_asked_for_twice_is_sent_once(self, gateway: Gateway, sandbox: SandboxClient):
        paid(gateway, sandbox)
        ask = self.ask()
        first, again = gateway.pay_out(ask), gateway.pay_out(ask)

        assert isinstance(first, SentPayout), first
        # The second may not say no: it has happened.
        assert isinstance(again, Unknown)

    def test_to_an_account_that_is_none_does_not_leave(self, gateway: Gateway, sandbox: SandboxClient):
        paid(gateway, sandbox)
        nobody = {"paystack": "0690000404", "flutterwave": "0000000000"}[gateway.name]
        ask = self.ask(account=BankAccount("044", nobody))
        gateway.pay_out(ask)
        sandbox.advance(60)

        found = gateway.find_payout(ask.reference)
        assert isinstance(found, SentPayout), found
        assert found.outcome is PayoutOutcome.FAILED

    def test_of_more_than_there_is_is_refused_at_paystack(self, sandbox: SandboxClient):
        assert isinstance(registry.gateway("paystack").pay_out(self.ask(amount_kobo=10**9)), Refused)


class TestAWebhook:
    """As it is sent: what a receiver took down, byte for byte."""

    def test_of_a_charge_is_genuine_and_says_what_to_ask(self, gateway: Gateway, sandbox: SandboxClient):
        charges: list[Charge] = []
        [(headers, body)] = received(sandbox, gateway.name, lambda: charges.append(paid(gateway, sandbox)))
        event = gateway.read_event(body)

        assert gateway.is_genuine(headers, body)
        assert (event.subject, event.reference, event.charge_id) == (
            Subject.CHARGE,
            charges[0].reference,
            charges[0].gateway_id,
        )

    def test_sent_twice_has_one_key(self, gateway: Gateway, sandbox: SandboxClient):
        sandbox.gateway_faults({"gateway": gateway.name, "route": "webhook", "kind": "duplicate", "options": {"n": 3}})
        sent = received(sandbox, gateway.name, lambda: paid(gateway, sandbox), count=3)

        assert len(sent) == 3
        assert len({gateway.read_event(body).key for _headers, body in sent}) == 1

    @pytest.mark.parametrize("kind", ["bad_signature", "unsigned", "truncated", "tampered", "reserialised"])
    def test_that_was_spoilt_is_not_genuine_at_paystack(self, sandbox: SandboxClient, kind: str):
        paystack = registry.gateway("paystack")
        sandbox.gateway_faults({"gateway": "paystack", "route": "webhook", "kind": kind})
        [(headers, body)] = received(sandbox, "paystack", lambda: paid(paystack, sandbox))

        assert not paystack.is_genuine(headers, body)

    @pytest.mark.parametrize("kind", ["bad_signature", "unsigned"])
    def test_without_our_word_is_not_genuine_at_flutterwave(self, sandbox: SandboxClient, kind: str):
        flutterwave = registry.gateway("flutterwave")
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "webhook", "kind": kind})
        [(headers, body)] = received(sandbox, "flutterwave", lambda: paid(flutterwave, sandbox))

        assert not flutterwave.is_genuine(headers, body)

    # Flutterwave has one secret hash for both modes: there only the key that asks again keeps them apart.
    @pytest.mark.parametrize(
        ("name", "kind"),
        [("paystack", "foreign_merchant"), ("paystack", "wrong_mode"), ("flutterwave", "foreign_merchant")],
    )
    def test_of_a_foreign_merchant_or_the_other_mode_is_not_genuine(self, sandbox: SandboxClient, name: str, kind: str):
        gateway = registry.gateway(name)
        sandbox.gateway_faults({"gateway": name, "route": "webhook", "kind": kind})
        [(headers, body)] = received(sandbox, name, lambda: paid(gateway, sandbox))

        assert not gateway.is_genuine(headers, body)

    def test_in_the_old_shape_is_the_same_news(self, sandbox: SandboxClient):
        flutterwave = registry.gateway("flutterwave")
        charges: list[Charge] = []
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "webhook", "kind": "legacy_shape"})
        [(headers, body)] = received(sandbox, "flutterwave", lambda: charges.append(paid(flutterwave, sandbox)))
        event = flutterwave.read_event(body)

        assert flutterwave.is_genuine(headers, body)
        assert b"txRef" in body
        assert (event.key, event.reference) == (f"charge:{charges[0].gateway_id}:successful", charges[0].reference)

    @pytest.mark.parametrize("kind", ["omit_refund_id", "include_refund_id", "string_amount"])
    def test_of_a_refund_leads_to_it_with_or_without_its_number(self, sandbox: SandboxClient, kind: str):
        paystack = registry.gateway("paystack")
        charge = paid(paystack, sandbox)
        sandbox.gateway_faults({"gateway": "paystack", "route": "webhook", "kind": kind})
        refunds: list[Any] = []

        def give_back() -> None:
            refunds.append(paystack.refund(RefundAsk(charge.reference, charge.gateway_id, 100_000, note="x")))
            sandbox.advance(60)

        sent = received(sandbox, "paystack", give_back, count=3)
        events = [paystack.read_event(body) for _headers, body in sent]
        events = [event for event in events if event.subject is Subject.REFUND]

        assert {event.reference for event in events} == {charge.reference}
        assert len({event.key for event in events}) == len(events) == 3
        if kind == "include_refund_id":
            assert {event.refund_id for event in events} == {refunds[0].gateway_id}

    def test_of_a_refund_in_capitals(self, sandbox: SandboxClient):
        flutterwave = registry.gateway("flutterwave")
        httpx.put(
            f"{sandbox.url}/flutterwave/api/preferences", json={"tells_of_refunds": True}, trust_env=False
        ).raise_for_status()
        charge = paid(flutterwave, sandbox)
        refunds: list[Any] = []

        def give_back() -> None:
            refunds.append(
                flutterwave.refund(RefundAsk(charge.reference, charge.gateway_id, 100_050, note="Buka refund 1"))
            )

        sent = received(sandbox, "flutterwave", give_back)
        [event] = {flutterwave.read_event(body) for _headers, body in sent if b"AmountRefunded" in body}

        assert (event.subject, event.charge_id, event.refund_id) == (
            Subject.REFUND,
            charge.gateway_id,
            refunds[0].gateway_id,
        )


def received(
    sandbox: SandboxClient, gateway: str, act: Callable[[], object], count: int = 1
) -> list[tuple[dict[str, str], bytes]]:
    """Return the webhooks that come for what is done, as they come."""
    with AnsweringServer(says({})) as receiver:
        sandbox.set_webhook_url(gateway, f"{receiver.url}/hook")
        act()
        deadline = time.monotonic() + 20
        while len(receiver.requests) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return [(request.headers, request.body) for request in receiver.requests]
