"""Paystack's answers and webhooks, read: what they mean, and what nonsense in them cannot mean."""

import hashlib
import hmac
import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from payments.gateways.base import (
    Card,
    Channel,
    Charge,
    DisputeState,
    Mode,
    Outcome,
    RefundOutcome,
    Subject,
    Unreadable,
)
from payments.gateways.calling import Line
from payments.gateways.circuit import Circuit
from payments.gateways.paystack import Paystack, charge_of, dispute_of, refund_of, settlement_of
from payments.gateways.reading import Reading
from payments.tests.samples import (
    PAYSTACK_CHARGE,
    PAYSTACK_DISPUTE,
    PAYSTACK_REFUND,
    PAYSTACK_REFUND_EVENT,
    PAYSTACK_SETTLEMENT,
    TRANSFER_REJECTED,
    anything,
)

KEY = "sk_test_made_up_for_the_tests"
paystack = Paystack(
    line=Line("paystack", "http://127.0.0.1:9", KEY, Circuit("paystack")),
    key=KEY,
    previous_keys=("sk_test_made_up_and_replaced",),
)


def charge(**changed: Any) -> Charge:
    made = charge_of(Reading({**PAYSTACK_CHARGE, **changed}))
    assert made is not None
    return made


def would_be_booked(made: Charge | None) -> bool:
    """What §4.3 of the contract asks, of an order of 25,000 naira."""
    return (
        made is not None
        and (made.outcome, made.reference, made.currency, made.mode)
        == (
            Outcome.PAID,
            "buka-7f3a",
            "NGN",
            Mode.TEST,
        )
        and made.amount_kobo >= 2_500_000
    )


class TestACharge:
    def test_that_is_paid(self):
        made = charge()

        assert would_be_booked(made)
        assert (made.gateway_id, made.debited_kobo, made.fee_kobo) == ("4099260516", 2_500_000, 47_500)
        assert (made.channel, made.email, made.ip) == (Channel.CARD, "ada@example.com", "197.0.2.1")
        assert made.made_at == datetime(2026, 1, 22, 9, 14, 24, tzinfo=UTC)
        assert made.paid_at == datetime(2026, 1, 22, 9, 15, 2, tzinfo=UTC)
        assert made.card == Card(
            last4="4081",
            brand="visa",
            bank="TEST BANK",
            country="NG",
            bin="408408",
            expires="2030-12",
            fingerprint="SIG_demo7dLBeqG0",
            token="AUTH_demo8bcl3z",
        )

    def test_does_not_show_what_charges_the_card(self):
        assert "AUTH_demo" not in repr(charge())
        assert "SIG_demo" not in repr(charge())
        assert KEY not in repr(paystack)

    @pytest.mark.parametrize(
        ("word", "outcome"),
        [
            ("success", Outcome.PAID),
            ("failed", Outcome.FAILED),
            ("abandoned", Outcome.UNFINISHED),
            ("reversed", Outcome.REVERSED),
            ("ongoing", Outcome.PENDING),
            ("pending", Outcome.PENDING),
            ("processing", Outcome.PENDING),
            ("queued", Outcome.PENDING),
            ("reversal-pending", Outcome.PENDING),
            ("timeout", Outcome.PENDING),
            ("SUCCESS", Outcome.PENDING),
            ("success ", Outcome.PENDING),
            ("successful", Outcome.PENDING),
            ("", Outcome.PENDING),
        ],
    )
    def test_is_what_its_word_says_and_pending_where_nobody_knows_it(self, word: str, outcome: Outcome):
        assert charge(status=word).outcome == outcome

    @pytest.mark.parametrize(
        ("amounts", "counts"),
        [
            # The payer bears the fee.
            ({"requested_amount": 30050, "amount": 40333, "fees": 10283}, 30050),
            # A partial debit.
            ({"requested_amount": 2500000, "amount": 1000000}, 1000000),
            # Older answers do not name it.
            ({"requested_amount": None}, 2500000),
            ({"requested_amount": 0}, 2500000),
            ({"requested_amount": "2500000", "amount": "2500000"}, 2500000),
            ({"channel": "bank_transfer", "amount": 2547500, "fees": 47500}, 2500000),
            # Too much, and not because of a fee.
            ({"channel": "bank_transfer", "amount": 2600000}, 2600000),
            ({"amount": 5000000}, 5000000),
            # Who keeps the rest is not told yet.
            ({"amount": 2600000, "fees": None}, 2500000),
        ],
    )
    def test_counts_for_what_was_paid_for(self, amounts: dict[str, Any], counts: int):
        assert charge(**amounts).amount_kobo == counts

    @pytest.mark.parametrize("metadata", ["", 0, None, "text", {}, {"order": "7f3a"}, []])
    def test_metadata_may_be_anything(self, metadata: Any):
        assert would_be_booked(charge(metadata=metadata, log=metadata, customer=metadata, split=metadata))

    def test_only_camel_case_is_as_good(self):
        made = charge(paid_at=None, created_at=None)

        assert (made.paid_at, made.made_at) == (charge().paid_at, charge().made_at)

    def test_a_card_that_cannot_be_charged_again_has_no_token(self):
        for reusable in (False, "true", 1, None):
            made = charge(authorization={**PAYSTACK_CHARGE["authorization"], "reusable": reusable})
            assert made.card is not None
            assert made.card.token == ""

    def test_a_transfer_is_no_card(self):
        made = charge(channel="bank_transfer", authorization={"bin": "008XXX", "last4": "X123", "reusable": False})

        assert (made.channel, made.card) == (Channel.TRANSFER, None)

    def test_a_whole_number_in_the_place_of_four_digits_is_not_kept(self):
        made = charge(authorization={**PAYSTACK_CHARGE["authorization"], "last4": "1234567890123456"})

        assert made.card is None

    @given(st.sampled_from(sorted(PAYSTACK_CHARGE)), anything)
    def test_with_nonsense_in_a_field_never_raises_and_is_never_paid_for_it(self, name: str, value: Any):
        assume(value != PAYSTACK_CHARGE[name])
        made = charge_of(Reading({**PAYSTACK_CHARGE, name: value}))

        if name in ("status", "reference", "currency", "domain", "id"):
            # Only what says the very same may pass: an id of another charge is another charge.
            assert not would_be_booked(made) or (made is not None and name == "id" and made.gateway_id == str(value))
        if name == "amount" and would_be_booked(made):
            assert int(value) >= 2_500_000
        if name in ("requested_amount", "fees"):
            assert made is not None and made.debited_kobo == 2_500_000

    @given(st.lists(st.sampled_from(["status", "reference", "currency", "domain", "id", "amount"]), min_size=1))
    def test_that_lacks_what_is_compared_is_not_paid(self, names: list[str]):
        data = {name: value for name, value in PAYSTACK_CHARGE.items() if name not in names}
        made = charge_of(Reading(data))

        assert made is None or made.outcome is not Outcome.PAID

    @given(anything)
    def test_that_is_none_is_none(self, value: Any):
        assert not would_be_booked(charge_of(Reading(value)))


class TestARefund:
    def test_is_read_with_its_charge_and_our_number(self):
        made = refund_of(Reading(PAYSTACK_REFUND))

        assert made is not None
        assert (made.gateway_id, made.outcome, made.amount_kobo) == ("3018284", RefundOutcome.PENDING, 100_000)
        assert (made.reference, made.charge_id, made.note) == ("buka-7f3a", "4099260516", "Buka refund 0193-7c1e")
        assert made.expected_at == datetime(2026, 2, 1, 9, 21, 17, 16000, tzinfo=UTC)

    def test_names_its_charge_by_a_bare_number_when_it_is_fetched_alone(self):
        made = refund_of(Reading({**PAYSTACK_REFUND, "transaction": 4099260516}))

        assert made is not None
        assert (made.charge_id, made.reference) == ("4099260516", "")

    @pytest.mark.parametrize(
        ("word", "outcome"),
        [
            ("pending", RefundOutcome.PENDING),
            ("processing", RefundOutcome.PENDING),
            ("processed", RefundOutcome.DONE),
            ("failed", RefundOutcome.FAILED),
            ("needs-attention", RefundOutcome.NEEDS_ATTENTION),
            ("whatever", RefundOutcome.PENDING),
        ],
    )
    def test_is_what_its_word_says(self, word: str, outcome: RefundOutcome):
        made = refund_of(Reading({**PAYSTACK_REFUND, "status": word}))

        assert made is not None
        assert made.outcome == outcome

    @given(st.sampled_from(sorted(PAYSTACK_REFUND)), anything)
    def test_with_nonsense_in_a_field_never_raises_and_is_never_done_for_it(self, name: str, value: Any):
        assume(value != "processed")
        made = refund_of(Reading({**PAYSTACK_REFUND, name: value}))

        assert made is None or made.outcome is not RefundOutcome.DONE


class TestADispute:
    @pytest.mark.parametrize(
        ("changed", "state"),
        [
            ({}, DisputeState.OPEN),
            ({"status": "awaiting-bank-feedback", "resolution": "declined"}, DisputeState.OPEN),
            ({"status": "resolved", "resolution": "merchant-accepted"}, DisputeState.LOST),
            ({"status": "resolved", "resolution": "auto-accepted"}, DisputeState.LOST),
            ({"status": "resolved", "resolution": "declined"}, DisputeState.WON),
            ({"status": "resolved", "resolution": "whatever"}, DisputeState.UNKNOWN),
            ({"status": "archived", "resolution": "declined"}, DisputeState.WON),
            ({"status": "whatever"}, DisputeState.UNKNOWN),
        ],
    )
    def test_is_open_won_lost_or_unknown(self, changed: dict[str, Any], state: DisputeState):
        made = dispute_of(Reading({**PAYSTACK_DISPUTE, **changed}))

        assert made is not None
        assert made.state == state
        assert (made.reference, made.charge_id, made.amount_kobo) == ("buka-7f3a", "4099260516", 2_500_000)

    def test_whose_money_is_gone_is_lost_whatever_it_says(self):
        reversed_charge = {**PAYSTACK_DISPUTE["transaction"], "status": "reversed"}
        told = {**PAYSTACK_DISPUTE, "status": "resolved", "resolution": "declined", "transaction": reversed_charge}
        made = dispute_of(Reading(told))

        assert made is not None
        assert made.state == DisputeState.LOST

    @given(st.sampled_from(sorted(PAYSTACK_DISPUTE)), anything)
    def test_with_nonsense_in_a_field_never_raises(self, name: str, value: Any):
        dispute_of(Reading({**PAYSTACK_DISPUTE, name: value}))


def test_a_settlement_is_what_reached_the_bank():
    made = settlement_of(Reading(PAYSTACK_SETTLEMENT))

    assert made is not None
    assert (made.amount_kobo, made.fee_kobo, made.word) == (990_000, 5_000, "success")
    assert made.settled_on == datetime(2026, 1, 23, tzinfo=UTC)


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    return {"X-Paystack-Signature": hmac.new(key.encode(), body, hashlib.sha512).hexdigest()}


class TestAWebhook:
    body = b'{"event":"charge.success","data":{"id":1}}'

    def test_is_genuine_with_our_key_and_with_one_that_was_replaced(self):
        assert paystack.is_genuine(signed(self.body), self.body)
        assert paystack.is_genuine(signed(self.body, "sk_test_made_up_and_replaced"), self.body)
        assert paystack.is_genuine({"x-paystack-signature": signed(self.body)["X-Paystack-Signature"]}, self.body)

    def test_is_not_genuine_otherwise(self):
        told = signed(self.body)["X-Paystack-Signature"]

        assert not paystack.is_genuine(signed(self.body, "sk_test_made_up_of_a_stranger"), self.body)
        assert not paystack.is_genuine(signed(self.body), self.body + b"\n")
        assert not paystack.is_genuine(signed(self.body), self.body.replace(b"1", b"2"))
        for odd in ("", told.upper(), told[:-1], told + "0", "sha512=" + told, "ü" * 128, "\ud800"):
            assert not paystack.is_genuine({"x-paystack-signature": odd}, self.body)
        assert not paystack.is_genuine({}, self.body)

    def test_is_never_genuine_while_there_is_no_key(self):
        keyless = Paystack(line=paystack.line, key="")

        assert not keyless.is_genuine(signed(self.body, ""), self.body)

    def test_of_a_charge(self):
        event = paystack.read_event(json.dumps({"event": "charge.success", "data": PAYSTACK_CHARGE}).encode())

        assert event.key == "charge.success:4099260516:success"
        assert (event.subject, event.reference, event.charge_id) == (Subject.CHARGE, "buka-7f3a", "4099260516")
        assert event.mode is Mode.TEST

    @pytest.mark.parametrize("amount", ["100000", 100000])
    def test_of_a_refund_with_either_form_of_amount_and_no_number(self, amount: Any):
        told = deepcopy(PAYSTACK_REFUND_EVENT)
        told["data"]["amount"] = amount
        event = paystack.read_event(json.dumps(told).encode())

        assert event.key == "refund.processed:buka-7f3a:132013318360:100000:processed"
        assert (event.subject, event.reference, event.refund_id) == (Subject.REFUND, "buka-7f3a", "")

    def test_of_a_refund_that_tells_its_number_as_a_text(self):
        told = deepcopy(PAYSTACK_REFUND_EVENT)
        told["data"]["id"] = "3018284"
        event = paystack.read_event(json.dumps(told).encode())

        assert (event.key, event.refund_id) == ("refund.processed:3018284:processed", "3018284")

    def test_of_a_dispute(self):
        event = paystack.read_event(json.dumps({"event": "charge.dispute.create", "data": PAYSTACK_DISPUTE}).encode())

        assert (event.subject, event.dispute_id, event.reference) == (Subject.DISPUTE, "12345", "buka-7f3a")

    def test_of_a_transfer_that_was_sent_back(self):
        event = paystack.read_event(json.dumps(TRANSFER_REJECTED).encode())

        assert (event.subject, event.charge_id, event.mode) == (Subject.CHARGE, "3103959930", Mode.TEST)

    def test_of_something_else_is_read_too(self):
        event = paystack.read_event(b'{"event":"customeridentification.success","data":{"customer_id":9}}')

        assert event.subject is Subject.OTHER

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b'{"event":"x"}', b'{"event":5,"data":[]}', b'{"data":{"id":1}}']
    )
    def test_that_is_none_is_unreadable(self, body: bytes):
        with pytest.raises(Unreadable):
            paystack.read_event(body)

    @given(
        st.sampled_from(["charge.success", "refund.failed", "charge.dispute.remind", "bank.transfer.rejected", "x"]),
        st.dictionaries(
            st.sampled_from(["id", "reference", "status", "amount", "transaction", "domain", "bank_transfer"]), anything
        ),
    )
    def test_with_any_fields_is_read_or_unreadable_and_its_key_fits_its_column(self, name: str, data: dict[str, Any]):
        body = json.dumps({"event": name, "data": data}).encode()
        try:
            event = paystack.read_event(body)
        except Unreadable:
            return
        assert 0 < len(event.key) <= 200
        assert event.key == paystack.read_event(body).key
