"""Flutterwave's answers and webhooks, read: what they mean, and what nonsense in them cannot mean."""

import json
from copy import deepcopy
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
from payments.gateways.flutterwave import Flutterwave, charge_of, dispute_of, refund_of, settlement_of
from payments.gateways.reading import Reading, read
from payments.tests.samples import (
    FLUTTERWAVE_CHARGE,
    FLUTTERWAVE_EVENT,
    FLUTTERWAVE_FLAT_EVENT,
    FLUTTERWAVE_REFUND,
    FLUTTERWAVE_REFUND_EVENT,
    FLUTTERWAVE_SETTLEMENT,
    anything,
)

KEY = "FLWSECK_TEST-made-up-for-the-tests-X"
HASH = "made-up-hash-of-the-tests"
flutterwave = Flutterwave(
    line=Line("flutterwave", "http://127.0.0.1:9/v3", KEY, Circuit("flutterwave")),
    key=KEY,
    secret_hash=HASH,
    previous_hashes=("made-up-hash-that-was-replaced",),
)


def reading(data: Any) -> Reading:
    """Read data as it comes: its fractions become decimals."""
    return read(json.dumps({"data": data}).encode()).part("data")


def charge(**changed: Any) -> Charge:
    made = charge_of(reading({**FLUTTERWAVE_CHARGE, **changed}))
    assert made is not None
    return made


def would_be_booked(made: Charge | None) -> bool:
    """What §4.3 of the contract asks, of an order of 2,500 naira."""
    return (
        made is not None
        and (made.outcome, made.reference, made.currency)
        == (
            Outcome.PAID,
            "buka-7f3a",
            "NGN",
        )
        and made.amount_kobo >= 250_000
    )


class TestACharge:
    def test_that_is_paid(self):
        made = charge()

        assert would_be_booked(made)
        assert (made.gateway_id, made.amount_kobo, made.debited_kobo) == ("8415006", 250_000, 250_000)
        assert (made.mode, made.channel, made.email) == (None, Channel.CARD, "ada@example.com")
        assert made.card == Card(
            last4="2950",
            brand="MASTERCARD",
            bank="ACCESS BANK PLC",
            country="NIGERIA NG",
            bin="553188",
            expires="2032-09",
            token="flw-t1nf-demo-m03k",
        )

    def test_does_not_show_what_charges_the_card(self):
        assert "flw-t1nf" not in repr(charge())
        assert KEY not in repr(flutterwave)
        assert HASH not in repr(flutterwave)

    @pytest.mark.parametrize(
        ("word", "outcome"),
        [
            ("successful", Outcome.PAID),
            ("failed", Outcome.FAILED),
            ("pending", Outcome.PENDING),
            ("SUCCESSFUL", Outcome.PENDING),
            ("success", Outcome.PENDING),
            ("success-pending-validation", Outcome.PENDING),
            ("", Outcome.PENDING),
        ],
    )
    def test_is_what_its_word_says_and_pending_where_nobody_knows_it(self, word: str, outcome: Outcome):
        assert charge(status=word).outcome == outcome

    def test_of_a_payer_who_bears_the_fee_counts_for_what_was_asked(self):
        made = charge(charged_amount=2537.63, amount_settled=2500)

        assert (made.amount_kobo, made.debited_kobo, made.fee_kobo) == (250_000, 253_763, 3_763)

    def test_that_is_short_or_too_much_counts_for_what_came(self):
        assert charge(amount=2000, charged_amount=2000).amount_kobo == 200_000
        assert charge(amount=3000, charged_amount=3000).amount_kobo == 300_000

    @pytest.mark.parametrize(
        ("told", "fee"),
        [
            # 35 naira and 7.5 % of them, as their own arithmetic has it.
            ({}, 3_763),
            ({"amount_settled": None}, 3_763),
            # A restaurant's share is missing from it as well.
            ({"amount_settled": 200}, 3_763),
            ({"app_fee": None}, None),
            ({"app_fee": 0, "amount_settled": 2500}, 0),
            ({"app_fee": "nonsense"}, None),
        ],
    )
    def test_tells_the_fee_with_its_tax(self, told: dict[str, Any], fee: int | None):
        assert charge(**told).fee_kobo == fee

    def test_a_paid_one_gives_no_reason(self):
        # A paid sample may still show the bank's question for a code.
        assert charge(processor_response="Kindly enter the OTP sent to your phone").reason == ""
        assert charge(status="failed", processor_response="Insufficient funds").reason == "Insufficient funds"

    def test_without_a_card_or_a_token_in_it(self):
        assert charge(payment_type="bank_transfer", card=None).card is None
        without = charge(card={name: v for name, v in FLUTTERWAVE_CHARGE["card"].items() if name != "token"})
        assert without.card is not None
        assert without.card.token == ""

    def test_of_a_list_tells_its_number_as_a_text(self):
        assert charge(id="8415006").gateway_id == "8415006"

    @given(st.sampled_from(sorted(FLUTTERWAVE_CHARGE)), anything)
    def test_with_nonsense_in_a_field_never_raises_and_is_never_paid_for_it(self, name: str, value: Any):
        assume(value != FLUTTERWAVE_CHARGE[name])
        try:
            made = charge_of(reading({**FLUTTERWAVE_CHARGE, name: value}))
        except UnicodeEncodeError:  # half a character cannot be sent
            return

        if name in ("status", "tx_ref", "currency"):
            assert not would_be_booked(made)
        if name == "id" and would_be_booked(made):
            assert made is not None and made.gateway_id == str(value)
        if name == "amount" and would_be_booked(made):
            assert float(value) >= 2500

    @given(st.lists(st.sampled_from(["status", "tx_ref", "currency", "id", "amount"]), min_size=1))
    def test_that_lacks_what_is_compared_is_not_paid(self, names: list[str]):
        made = charge_of(reading({name: value for name, value in FLUTTERWAVE_CHARGE.items() if name not in names}))

        assert made is None or made.outcome is not Outcome.PAID


class TestARefund:
    def test_is_read_with_its_charge_and_our_number(self):
        made = refund_of(reading(FLUTTERWAVE_REFUND))

        assert made is not None
        assert (made.gateway_id, made.outcome, made.amount_kobo) == ("75923", RefundOutcome.DONE, 69_050)
        assert (made.charge_id, made.note) == ("8415006", "Buka refund 0193-7c1e")

    @pytest.mark.parametrize(
        ("word", "outcome"),
        [
            ("completed", RefundOutcome.DONE),
            ("processing", RefundOutcome.PENDING),
            ("pending-momo", RefundOutcome.PENDING),
            ("failed", RefundOutcome.FAILED),
            ("whatever", RefundOutcome.PENDING),
        ],
    )
    def test_is_what_its_word_says(self, word: str, outcome: RefundOutcome):
        made = refund_of(reading({**FLUTTERWAVE_REFUND, "status": word}))

        assert made is not None
        assert made.outcome == outcome

    @given(st.sampled_from(sorted(FLUTTERWAVE_REFUND)), anything)
    def test_with_nonsense_in_a_field_never_raises(self, name: str, value: Any):
        made = refund_of(Reading({**FLUTTERWAVE_REFUND, name: value}))

        assert made is None or made.amount_kobo >= 0


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("initiated", DisputeState.OPEN),
        ("declined", DisputeState.OPEN),
        ("won", DisputeState.WON),
        ("lost", DisputeState.LOST),
        ("accepted", DisputeState.LOST),
        ("whatever", DisputeState.UNKNOWN),
    ],
)
def test_a_chargeback_is_open_won_lost_or_unknown(word: str, state: DisputeState):
    made = dispute_of(
        reading({"id": 7, "amount": 2500, "status": word, "tx_ref": "buka-7f3a", "transaction_id": 8415006})
    )

    assert made is not None
    assert (made.state, made.amount_kobo, made.charge_id) == (state, 250_000, "8415006")


def test_a_settlement_is_what_reached_the_bank():
    made = settlement_of(reading(FLUTTERWAVE_SETTLEMENT))

    assert made is not None
    assert (made.amount_kobo, made.fee_kobo) == (11_989_200, 210_800)


def event_of(told: Any) -> Any:
    return flutterwave.read_event(json.dumps(told).encode())


class TestAWebhook:
    def test_is_genuine_with_our_hash_and_with_one_that_was_replaced(self):
        assert flutterwave.is_genuine({"verif-hash": HASH}, b"{}")
        assert flutterwave.is_genuine({"Verif-Hash": "made-up-hash-that-was-replaced"}, b"{}")

    def test_is_not_genuine_otherwise(self):
        for odd in ("", HASH.upper(), HASH[:-1], HASH + "x", "ü", "\ud800"):
            assert not flutterwave.is_genuine({"verif-hash": odd}, b"{}")
        assert not flutterwave.is_genuine({}, b"{}")

    def test_is_never_genuine_while_there_is_no_hash(self):
        hashless = Flutterwave(line=flutterwave.line, key=KEY, secret_hash="")

        assert not hashless.is_genuine({"verif-hash": ""}, b"{}")
        assert not hashless.is_genuine({}, b"{}")

    def test_of_a_charge_in_an_envelope(self):
        event = event_of(FLUTTERWAVE_EVENT)

        assert (event.key, event.name) == ("charge:8415006:successful", "charge.completed")
        assert (event.subject, event.reference, event.charge_id) == (Subject.CHARGE, "buka-7f3a", "8415006")

    def test_of_the_same_charge_in_the_flat_shape_is_the_same_news(self):
        event = event_of(FLUTTERWAVE_FLAT_EVENT)

        assert event.key == event_of(FLUTTERWAVE_EVENT).key
        assert (event.subject, event.reference, event.charge_id) == (Subject.CHARGE, "buka-7f3a", "8415006")

    def test_of_a_failed_charge_is_other_news(self):
        told = deepcopy(FLUTTERWAVE_EVENT)
        told["data"]["status"] = "failed"

        assert event_of(told).key == "charge:8415006:failed"

    def test_of_a_refund(self):
        event = event_of(FLUTTERWAVE_REFUND_EVENT)

        assert event.key == "refund:75923:completed"
        assert (event.subject, event.refund_id, event.charge_id) == (Subject.REFUND, "75923", "8415006")

    def test_of_the_dashboards_trial(self):
        assert event_of({"event": "test_assess", "data": {}}).subject is Subject.OTHER

    def test_of_a_transfer(self):
        event = event_of(
            {"event": "transfer.completed", "event.type": "Transfer", "data": {"id": 5, "status": "FAILED"}}
        )

        assert (event.subject, event.key) == (Subject.TRANSFER, "transfer.completed:5:FAILED")

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data":{"id":1}}', b'{"id":1,"status":"successful"}'])
    def test_of_no_known_shape_is_unreadable(self, body: bytes):
        with pytest.raises(Unreadable):
            flutterwave.read_event(body)

    @given(
        st.sampled_from([FLUTTERWAVE_EVENT, FLUTTERWAVE_FLAT_EVENT, FLUTTERWAVE_REFUND_EVENT]),
        st.dictionaries(
            st.sampled_from(["id", "tx_ref", "txRef", "status", "event", "data", "TransactionId"]), anything
        ),
    )
    def test_with_any_fields_is_read_or_unreadable_and_its_key_fits_its_column(
        self, told: dict[str, Any], changed: dict[str, Any]
    ):
        body = json.dumps({**told, **changed}).encode()
        try:
            event = flutterwave.read_event(body)
        except Unreadable:
            return
        assert 0 < len(event.key) <= 200


def test_the_key_tells_the_mode():
    assert flutterwave.mode is Mode.TEST
    assert Flutterwave(line=flutterwave.line, key="FLWSECK-made-up-X", secret_hash=HASH).mode is Mode.LIVE
