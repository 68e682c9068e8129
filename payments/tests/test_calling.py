"""What came of a call, over real sockets: nothing has happened, nobody knows, or this is what they say."""

import gzip
import logging
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from payments.gateways import calling
from payments.gateways.base import (
    Absent,
    BankAccount,
    Challenge,
    Channel,
    Charge,
    CheckoutAsk,
    Down,
    Opened,
    Outcome,
    Page,
    Payer,
    Refund,
    RefundAsk,
    Refused,
    SavedCharge,
    Split,
    Unknown,
)
from payments.gateways.calling import Answer, Line
from payments.gateways.circuit import Circuit
from payments.gateways.flutterwave import Flutterwave
from payments.gateways.paystack import Paystack
from payments.tests.answering import Act, AnsweringServer, breaks_off, drips, hangs_up, is_silent, says, sends
from payments.tests.samples import FLUTTERWAVE_CHARGE, FLUTTERWAVE_REFUND, PAYSTACK_CHARGE, PAYSTACK_REFUND

KEY = "sk_test_made_up_for_the_tests"
OK = says({"status": True, "message": "Fine", "data": {}})


def line_to(url: str, **changed: Any) -> Line:
    patience = {"connect_seconds": 0.5, "read_seconds": 0.6, "create_seconds": 0.6}
    circuit = Circuit("under-test", failures=1000)
    return Line("paystack", url, KEY, circuit, **{**patience, **changed})


def paystack_at(url: str) -> Paystack:
    return Paystack(line=line_to(url), key=KEY)


def flutterwave_at(url: str) -> Flutterwave:
    return Flutterwave(line=line_to(f"{url}/v3"), key="FLWSECK_TEST-made-up-X", secret_hash="made-up-hash-of-tests")


def nobody_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


class TestNothingHasHappened:
    @pytest.mark.parametrize("status", [401, 429])
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_after_their_front_door_refused(self, status: int, method: str):
        with AnsweringServer(says({"status": False, "message": "Invalid key"}, status)) as server:
            outcome = ask(server.url, method)

        assert isinstance(outcome, Down)
        assert len(server.requests) == 1

    def test_while_nobody_listens(self):
        assert isinstance(ask(nobody_listens(), "post"), Down)

    def test_while_the_name_is_none(self, settings):
        settings.OUTBOUND_BLOCKED = False

        assert isinstance(ask("http://no-such-host.invalid", "post"), Down)

    def test_while_nobody_takes_the_connection(self):
        # A queue of one that is full: the next connection waits until it may not wait any longer.
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            waiting = [socket.socket() for _ in range(4)]
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(server.getsockname())
            try:
                outcome = ask(f"http://127.0.0.1:{server.getsockname()[1]}", "post")
            finally:
                for each in waiting:
                    each.close()

        assert isinstance(outcome, Down)

    def test_where_the_other_side_cannot_prove_who_it_is(self):
        with AnsweringServer(OK) as server:
            outcome = ask(server.url.replace("http://", "https://"), "post")

        assert isinstance(outcome, Down)

    def test_where_nothing_may_leave_this_machine(self, settings):
        settings.OUTBOUND_BLOCKED = True

        outcome = ask("https://api.example.com", "get")

        assert isinstance(outcome, Down)
        assert "OUTBOUND_BLOCKED" in outcome.why

    def test_while_the_circuit_is_open(self):
        with AnsweringServer(OK) as server:
            circuit = Circuit("under-test", failures=1)
            circuit.failed()
            outcome = Line("paystack", server.url, KEY, circuit).get("/x", doing="try")

        assert isinstance(outcome, Down)
        assert server.requests == []


def ask(url: str, method: str) -> Answer | Down | Unknown:
    line = line_to(url)
    return line.get("/x", doing="try") if method == "get" else line.post("/x", {"amount": 1}, doing="try")


class TestNobodyKnows:
    @pytest.mark.parametrize(
        "act",
        [
            pytest.param(is_silent, id="silence"),
            pytest.param(breaks_off, id="a reset"),
            pytest.param(hangs_up, id="no answer"),
            pytest.param(drips, id="a drop at a time"),
            pytest.param(sends(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), id="half an answer"),
            pytest.param(sends(b"SSH-2.0-OpenSSH_9.6\r\n"), id="another protocol"),
            pytest.param(says(b"<html>Welcome</html>", 200), id="a page"),
            pytest.param(says(b"[]", 200), id="a list"),
            pytest.param(says(b"", 200), id="nothing"),
            pytest.param(says(b"<html>Forbidden</html>", 403), id="a page that forbids"),
            pytest.param(says({"status": False, "message": "No"}, 500), id="500"),
            pytest.param(says({"status": "error", "message": "No"}, 503), id="503"),
            pytest.param(says({"status": True, "data": {}}, 502), id="a yes with 502"),
            pytest.param(says(b"", 302, Location="http://127.0.0.1:9/elsewhere"), id="a redirect"),
            pytest.param(says({"status": True}, 200, Content_Encoding="br"), id="packed in another way"),
            pytest.param(says(b"\x1f\x8bnonsense", 200, Content_Encoding="gzip"), id="packed and broken"),
            pytest.param(says(gzip.compress(b"{}")[:-9], 200, Content_Encoding="gzip"), id="packed and cut off"),
        ],
    )
    def test_after_no_answer_in_their_format_to_something_that_is_to_be_done(self, act: Act):
        with AnsweringServer(act) as server:
            outcome = ask(server.url, "post")

        assert isinstance(outcome, Unknown)
        # It may have been done: it is not sent again.
        assert len(server.requests) == 1

    def test_a_long_answer_is_not_read_to_its_end(self, monkeypatch):
        monkeypatch.setattr(calling, "MOST_READ", 100_000)
        with AnsweringServer(says(b"{" + b" " * 5_000_000 + b"}")) as server:
            outcome = ask(server.url, "post")

        assert isinstance(outcome, Unknown)
        assert "too long" in outcome.why

    def test_a_little_that_unpacks_to_much_is_not_unpacked(self, monkeypatch):
        monkeypatch.setattr(calling, "MOST_READ", 100_000)
        packed = gzip.compress(b"{" + b" " * 50_000_000 + b"}")
        with AnsweringServer(says(packed, 200, Content_Encoding="gzip")) as server:
            outcome = ask(server.url, "post")

        assert len(packed) < 100_000
        assert isinstance(outcome, Unknown)
        assert "too long" in outcome.why

    def test_it_ends_in_its_time_however_slow_they_are(self):
        began = time.monotonic()
        with AnsweringServer(drips) as server:
            ask(server.url, "get")
            ended = time.monotonic()

        assert ended - began < 3


class TestAnAnswer:
    def test_is_read_also_when_it_came_packed(self):
        packed = gzip.compress(b'{"status":true,"data":{"amount":2462.37}}')
        with AnsweringServer(says(packed, 200, Content_Encoding="gzip")) as server:
            outcome = ask(server.url, "get")

        assert isinstance(outcome, Answer)
        assert outcome.body.part("data").raw("amount") == Decimal("2462.37")
        assert server.requests[0].headers["accept-encoding"] == "identity"

    def test_was_asked_for_with_our_key_and_nothing_from_the_surroundings(self, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", nobody_listens())
        monkeypatch.setenv("ALL_PROXY", nobody_listens())
        with AnsweringServer(OK) as server:
            outcome = ask(server.url, "post")

        assert isinstance(outcome, Answer)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.requests[0].headers["content-type"] == "application/json"

    @pytest.mark.parametrize("act", [hangs_up, breaks_off, says({"status": False}, 500), says(b"garbage")])
    def test_to_a_question_is_asked_for_twice_more(self, act: Act):
        with AnsweringServer(act, act, OK) as server:
            outcome = ask(server.url, "get")

        assert isinstance(outcome, Answer)
        assert len(server.requests) == 3

    def test_to_a_question_is_not_asked_for_more_often(self):
        with AnsweringServer(hangs_up) as server:
            assert isinstance(ask(server.url, "get"), Unknown)

        assert len(server.requests) == 3

    def test_follows_nobody_elsewhere(self):
        with AnsweringServer(OK) as elsewhere, AnsweringServer(says(b"", 307, Location=elsewhere.url)) as server:
            assert isinstance(ask(server.url, "get"), Unknown)

        assert elsewhere.requests == []
        assert len(server.requests) == 1


class TestTheLog:
    def test_has_neither_keys_nor_what_was_asked_or_answered(self, caplog):
        caplog.set_level(logging.DEBUG)
        logging.getLogger("httpx").setLevel(logging.WARNING)
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        try:
            with AnsweringServer(says({"status": False, "message": "ada@example.com has 0123456789"}, 500)) as server:
                outcome = line_to(server.url).get(
                    "/bank/resolve", {"account_number": "0123456789"}, doing="name an account"
                )
        finally:
            logging.getLogger("httpx").setLevel(logging.NOTSET)
            logging.getLogger("httpcore").setLevel(logging.NOTSET)

        assert "name an account" in caplog.text
        for secret in (KEY, "0123456789", "ada@example.com"):
            assert secret not in caplog.text
            assert secret not in repr(outcome)

    def test_libraries_that_write_addresses_are_kept_quiet(self, settings):
        for name in ("httpx", "httpcore"):
            assert settings.LOGGING["loggers"][name]["level"] == "WARNING"


def an_ask(**changed: Any) -> CheckoutAsk:
    asked: dict[str, Any] = {
        "reference": "buka-7f3a",
        "amount_kobo": 250_050,
        "payer": Payer(email="ada@example.com", name="Ada Obi"),
        "return_url": "https://buka.example/en/pay/back/",
        "cancel_url": "https://buka.example/en/pay/cancelled/",
        "description": "A table for four",
        "metadata": {"payment": "7f3a"},
    }
    return CheckoutAsk(**{**asked, **changed})


PAYSTACK_OPENED = says(
    {
        "status": True,
        "message": "Authorization URL created",
        "data": {
            "authorization_url": "https://checkout.paystack.com/x1",
            "access_code": "x1",
            "reference": "buka-7f3a",
        },
    }
)
FLUTTERWAVE_OPENED = says(
    {
        "status": "success",
        "message": "Hosted Link",
        "data": {"link": "https://checkout.flutterwave.com/v3/hosted/pay/x"},
    }
)


class TestOpeningACheckout:
    def test_at_paystack_is_asked_for_in_kobo(self):
        ask = an_ask(channels=[Channel.CARD, Channel.TRANSFER], reusable=True, split=Split("ACCT_demo", 12_500))
        with AnsweringServer(PAYSTACK_OPENED) as server:
            assert paystack_at(server.url).open_checkout(ask) == Opened("https://checkout.paystack.com/x1")

        [request] = server.requests
        assert (request.method, request.target) == ("POST", "/transaction/initialize")
        assert request.json == {
            "email": "ada@example.com",
            "amount": 250050,
            "currency": "NGN",
            "reference": "buka-7f3a",
            "callback_url": "https://buka.example/en/pay/back/",
            "channels": ["card", "bank_transfer"],
            "metadata": {
                "payment": "7f3a",
                "description": "A table for four",
                "cancel_action": "https://buka.example/en/pay/cancelled/",
                "custom_filters": {"recurring": True},
            },
            "subaccount": "ACCT_demo",
            "transaction_charge": 12500,
        }

    def test_at_flutterwave_is_asked_for_in_naira_to_the_kobo(self):
        ask = an_ask(channels=[Channel.CARD, Channel.USSD], minutes=30, split=Split("RS_demo", 12_507))
        with AnsweringServer(FLUTTERWAVE_OPENED) as server:
            outcome = flutterwave_at(server.url).open_checkout(ask)

        assert outcome == Opened("https://checkout.flutterwave.com/v3/hosted/pay/x")
        [request] = server.requests
        assert (request.method, request.target) == ("POST", "/v3/payments")
        assert b'"amount":2500.50,' in request.body
        # What the restaurant gets of it: their fee is taken out of what is left.
        assert b'"transaction_charge_type":"flat_subaccount","transaction_charge":2375.43' in request.body
        assert request.json["tx_ref"] == "buka-7f3a"
        assert request.json["payment_options"] == "card, ussd"
        assert request.json["session_duration"] == 30
        assert request.json["customer"] == {"email": "ada@example.com", "name": "Ada Obi"}

    @pytest.mark.parametrize(
        ("said", "status", "kind"),
        [
            ({"status": False, "message": "Invalid Amount Sent", "code": "invalid_amount"}, 400, Refused),
            ({"status": False, "message": "Currency not supported by merchant"}, 403, Refused),
            ({"status": False, "message": "No"}, 200, Refused),
            (
                {"status": False, "message": "Duplicate Transaction Reference", "code": "duplicate_reference"},
                400,
                Unknown,
            ),
            ({"status": False, "message": "Duplicate Transaction Reference"}, 400, Unknown),
            ({"status": False, "message": "x", "type": "processor_error"}, 400, Unknown),
            ({"status": False, "message": "Invalid key", "code": "invalid_Key"}, 400, Down),
            ({"status": "false", "message": "x"}, 400, Unknown),
            ({"message": "x"}, 400, Unknown),
            ({"status": True, "data": {}}, 200, Unknown),
            ({"status": True, "data": {"authorization_url": "javascript:alert(1)"}}, 200, Unknown),
            ({"status": True, "data": {"authorization_url": "https://a.example", "reference": "other"}}, 200, Unknown),
        ],
    )
    def test_at_paystack_means_what_the_body_says(self, said: Any, status: int, kind: type):
        with AnsweringServer(says(said, status)) as server:
            assert isinstance(paystack_at(server.url).open_checkout(an_ask()), kind)

    @pytest.mark.parametrize(
        ("said", "status", "kind"),
        [
            ({"status": "error", "message": "amount is required", "data": None}, 400, Refused),
            ({"status": "error", "message": "Invalid authorization key"}, 400, Down),
            ({"status": "error", "message": "Authorization required"}, 401, Down),
            ({"status": "error", "message": "An error occurred. Please contact support"}, 400, Unknown),
            ({"status": "error", "message": "An error occurred. Please contact support"}, 503, Unknown),
            (
                {"error_id": "ERR1", "message": "Application error. Please contact support", "code": "app_error"},
                500,
                Unknown,
            ),
            ({"status": "error", "message": "Duplicate tx_ref"}, 400, Unknown),
            ({"status": True, "data": {"link": "https://a.example"}}, 200, Unknown),
            ({"status": "success", "data": {"link": None}}, 200, Unknown),
        ],
    )
    def test_at_flutterwave_means_what_the_body_says(self, said: Any, status: int, kind: type):
        with AnsweringServer(says(said, status)) as server:
            assert isinstance(flutterwave_at(server.url).open_checkout(an_ask()), kind)


def paystack_says(data: Any, message: str = "Verification successful", **more: Any) -> Act:
    return says({"status": True, "message": message, "data": data, **more})


def flutterwave_says(data: Any, **more: Any) -> Act:
    return says({"status": "success", "message": "Fetched", "data": data, **more})


class TestVerifying:
    def test_at_paystack(self):
        with AnsweringServer(paystack_says(PAYSTACK_CHARGE)) as server:
            outcome = paystack_at(server.url).verify("buka-7f3a")

        assert isinstance(outcome, Charge)
        assert outcome.outcome is Outcome.PAID
        assert server.requests[0].target == "/transaction/verify/buka-7f3a"

    @pytest.mark.parametrize("make", [paystack_at, flutterwave_at])
    def test_believes_nothing_that_is_said_of_another_charge(self, make: Callable[[str], Any]):
        data = {**PAYSTACK_CHARGE, **FLUTTERWAVE_CHARGE, "status": "success"}
        for status in (True, "success"):
            with AnsweringServer(says({"status": status, "data": data})) as server:
                assert isinstance(make(server.url).verify("buka-other"), Unknown)
                assert isinstance(make(server.url).find("999"), Unknown)

    @pytest.mark.parametrize(
        ("said", "status", "kind"),
        [
            (
                {"status": False, "message": "Transaction reference not found.", "code": "transaction_not_found"},
                400,
                Absent,
            ),
            ({"status": False, "message": "Transaction ID or reference is invalid"}, 404, Absent),
            ({"status": False, "message": "Route not found"}, 404, Unknown),
            ({"status": False, "message": "Try again"}, 400, Unknown),
            ({"status": True, "data": None}, 200, Unknown),
            ({"status": True, "data": []}, 200, Unknown),
        ],
    )
    def test_at_paystack_says_absent_only_in_their_words(self, said: Any, status: int, kind: type):
        with AnsweringServer(says(said, status)) as server:
            assert isinstance(paystack_at(server.url).verify("buka-7f3a"), kind)

    @pytest.mark.parametrize("status", [200, 400, 404])
    def test_at_flutterwave_absent_has_any_number(self, status: int):
        said = {"status": "error", "message": "No transaction was found for this id", "data": None}
        with AnsweringServer(says(said, status)) as server:
            assert isinstance(flutterwave_at(server.url).verify("buka-7f3a"), Absent)

    def test_at_flutterwave_finds_the_one_that_was_paid_among_several(self):
        failed = {**FLUTTERWAVE_CHARGE, "id": 1, "status": "failed"}
        rows = [
            {**failed, "id": "1"},
            {**FLUTTERWAVE_CHARGE, "id": "8415006"},
            {**FLUTTERWAVE_CHARGE, "tx_ref": "other"},
        ]
        page = {"page_info": {"total": 3, "current_page": 1, "total_pages": 1}}
        acts = (flutterwave_says(failed), flutterwave_says(rows, meta=page), flutterwave_says(FLUTTERWAVE_CHARGE))
        with AnsweringServer(*acts) as server:
            outcome = flutterwave_at(server.url).verify("buka-7f3a")

        assert isinstance(outcome, Charge)
        assert (outcome.gateway_id, outcome.outcome) == ("8415006", Outcome.PAID)
        assert [request.target for request in server.requests] == [
            "/v3/transactions/verify_by_reference?tx_ref=buka-7f3a",
            "/v3/transactions?tx_ref=buka-7f3a&page=1",
            "/v3/transactions/8415006/verify",
        ]

    def test_at_flutterwave_does_not_call_it_failed_while_others_cannot_be_seen(self):
        failed = {**FLUTTERWAVE_CHARGE, "status": "failed"}
        with AnsweringServer(flutterwave_says(failed), says({"status": "error", "message": "x"}, 500)) as server:
            assert isinstance(flutterwave_at(server.url).verify("buka-7f3a"), Unknown)

    def test_at_flutterwave_tells_of_somebody_who_paid_twice(self):
        rows = [{**FLUTTERWAVE_CHARGE, "id": "1"}, {**FLUTTERWAVE_CHARGE, "id": "2"}]
        acts = (
            flutterwave_says({**FLUTTERWAVE_CHARGE, "id": 1}),
            flutterwave_says(rows, meta={"page_info": {"total_pages": 1}}),
            flutterwave_says({**FLUTTERWAVE_CHARGE, "id": 2}),
        )
        with AnsweringServer(*acts) as server:
            charges = flutterwave_at(server.url).charges_of("buka-7f3a")

        assert isinstance(charges, tuple)
        assert [(each.gateway_id, each.outcome) for each in charges] == [("1", Outcome.PAID), ("2", Outcome.PAID)]

    def test_a_reference_is_no_path(self):
        with AnsweringServer(says({"status": False, "message": "Transaction reference not found."}, 400)) as server:
            paystack_at(server.url).verify("../refund?x=1")

        assert server.requests[0].target == "/transaction/verify/..%2Frefund%3Fx%3D1"


def a_saved_charge() -> SavedCharge:
    return SavedCharge(
        reference="buka-7f3a",
        amount_kobo=2_500_000,
        email="ada@example.com",
        token="AUTH_demo",
        description="No-show",
        return_url="https://buka.example/en/pay/back/",
    )


class TestChargingASavedCard:
    def test_that_is_paid(self):
        with AnsweringServer(paystack_says(PAYSTACK_CHARGE, "Charge attempted")) as server:
            outcome = paystack_at(server.url).charge_saved(a_saved_charge())

        assert isinstance(outcome, Charge)
        assert outcome.outcome is Outcome.PAID
        assert server.requests[0].json["authorization_code"] == "AUTH_demo"

    def test_that_the_bank_asks_about_is_not_paid_although_everything_says_yes(self):
        data = {
            "authorization_url": "https://checkout.paystack.com/resume/x",
            "reference": "buka-7f3a",
            "access_code": "x",
            "paused": True,
        }
        with AnsweringServer(paystack_says(data)) as server:
            outcome = paystack_at(server.url).charge_saved(a_saved_charge())

        assert outcome == Challenge("https://checkout.paystack.com/resume/x")

    def test_that_was_declined_with_an_error(self):
        said = {"status": False, "message": "Charge attempted", "data": {"status": "failed", "message": "Declined"}}
        with AnsweringServer(says(said, 400)) as server:
            assert isinstance(paystack_at(server.url).charge_saved(a_saved_charge()), Refused)

    def test_at_flutterwave_that_the_bank_asks_about(self):
        data = {**FLUTTERWAVE_CHARGE, "status": "pending"}
        meta = {"authorization": {"mode": "redirect", "redirect": "https://bank.example/3ds"}}
        with AnsweringServer(flutterwave_says(data, meta=meta)) as server:
            outcome = flutterwave_at(server.url).charge_saved(a_saved_charge())

        assert outcome == Challenge("https://bank.example/3ds")
        assert b'"amount":25000,' in server.requests[0].body

    @pytest.mark.parametrize("make", [paystack_at, flutterwave_at])
    def test_of_another_reference_is_unknown(self, make: Callable[[str], Any]):
        data = {**PAYSTACK_CHARGE, "reference": "other", "tx_ref": "other"}
        for status in (True, "success"):
            with AnsweringServer(says({"status": status, "data": data})) as server:
                assert isinstance(make(server.url).charge_saved(a_saved_charge()), Unknown)

    @pytest.mark.parametrize(
        ("said", "status", "told"),
        [
            ({"status": True, "message": "Authorization has been deactivated"}, 200, True),
            ({"status": False, "message": "Authorization code not found."}, 404, True),
        ],
    )
    def test_is_over_once_it_is_forgotten(self, said: Any, status: int, told: bool):
        with AnsweringServer(says(said, status)) as server:
            assert paystack_at(server.url).forget_saved("AUTH_demo") is told


def a_refund(**changed: Any) -> RefundAsk:
    asked: dict[str, Any] = {
        "reference": "buka-7f3a",
        "gateway_id": "4099260516",
        "amount_kobo": 100_050,
        "note": "Buka refund 0193-7c1e",
    }
    return RefundAsk(**{**asked, **changed})


class TestGivingBack:
    def test_at_paystack_carries_our_number(self):
        with AnsweringServer(paystack_says(PAYSTACK_REFUND, "Refund has been queued for processing")) as server:
            outcome = paystack_at(server.url).refund(a_refund())

        assert isinstance(outcome, Refund)
        assert server.requests[0].json == {
            "transaction": "4099260516",
            "amount": 100050,
            "currency": "NGN",
            "merchant_note": "Buka refund 0193-7c1e",
        }

    def test_at_flutterwave_carries_our_number(self):
        with AnsweringServer(flutterwave_says(FLUTTERWAVE_REFUND)) as server:
            outcome = flutterwave_at(server.url).refund(a_refund(gateway_id="8415006", amount_kobo=69_050))

        assert isinstance(outcome, Refund)
        assert server.requests[0].target == "/v3/transactions/8415006/refund"
        assert b'"amount":690.50' in server.requests[0].body
        assert server.requests[0].json["comments"] == "Buka refund 0193-7c1e"

    def test_of_too_much_is_refused(self):
        said = {"status": False, "message": "Transaction has been fully reversed", "code": "transaction_reversed"}
        with AnsweringServer(says(said, 400)) as server:
            outcome = paystack_at(server.url).refund(a_refund())

        assert outcome == Refused("transaction_reversed", "Transaction has been fully reversed")

    def test_that_names_another_charge_is_unknown(self):
        other = {**PAYSTACK_REFUND, "transaction": {"id": 7, "reference": "other"}}
        with AnsweringServer(paystack_says(other)) as server:
            assert isinstance(paystack_at(server.url).refund(a_refund()), Unknown)

    def test_whose_answer_was_lost_is_found_by_our_number(self):
        rows = [
            {**PAYSTACK_REFUND, "id": 1, "merchant_note": "another"},
            PAYSTACK_REFUND,
            {**PAYSTACK_REFUND, "id": 3, "transaction": {"id": 7, "reference": "other"}},
        ]
        with AnsweringServer(
            hangs_up, says({"status": True, "data": rows, "meta": {"page": 1, "pageCount": 1}})
        ) as server:
            paystack = paystack_at(server.url)
            assert isinstance(paystack.refund(a_refund()), Unknown)
            found = paystack.refunds_of(reference="buka-7f3a", gateway_id="4099260516")

        assert isinstance(found, tuple)
        assert [each.gateway_id for each in found] == ["1", "3018284"]
        assert [each.gateway_id for each in found if each.note == "Buka refund 0193-7c1e"] == ["3018284"]

    def test_is_looked_for_on_all_pages(self):
        first = [{**PAYSTACK_REFUND, "id": number} for number in range(1, 101)]
        acts = (
            says({"status": True, "data": first, "meta": {"page": 1, "pageCount": 2}}),
            says({"status": True, "data": [PAYSTACK_REFUND], "meta": {"page": 2, "pageCount": 2}}),
        )
        with AnsweringServer(*acts) as server:
            found = paystack_at(server.url).refunds_of(reference="buka-7f3a", gateway_id="4099260516")

        assert isinstance(found, tuple)
        assert len(found) == 101
        assert len(server.requests) == 2

    @pytest.mark.parametrize("row", [None, {}, {"id": 5}, {**PAYSTACK_REFUND, "amount": "much"}])
    def test_one_that_cannot_be_read_may_be_ours(self, row: Any):
        with AnsweringServer(says({"status": True, "data": [row]})) as server:
            found = paystack_at(server.url).refunds_of(reference="buka-7f3a", gateway_id="4099260516")

        assert isinstance(found, Unknown)

    def test_at_flutterwave_is_looked_for_among_all(self):
        rows = [FLUTTERWAVE_REFUND, {**FLUTTERWAVE_REFUND, "id": 2, "tx_id": 7}]
        since = datetime(2026, 2, 27, 18, 29, tzinfo=UTC)
        with AnsweringServer(flutterwave_says(rows, meta={"page_info": {"total_pages": 1}})) as server:
            found = flutterwave_at(server.url).refunds_of(reference="buka-7f3a", gateway_id="8415006", since=since)

        assert isinstance(found, tuple)
        assert [each.gateway_id for each in found] == ["75923"]
        assert "from=2026-02-26" in server.requests[0].target


class TestLists:
    since = datetime(2026, 1, 22, tzinfo=UTC)
    until = since + timedelta(days=1)

    def test_of_paystack_go_on_and_end(self):
        rows = [{**PAYSTACK_CHARGE, "id": number} for number in range(1, 4)]
        acts = (
            says({"status": True, "data": [*rows, None], "meta": {"page": 1, "pageCount": 2}}),
            says({"status": True, "data": rows, "meta": {"page": 2, "pageCount": 2}}),
        )
        with AnsweringServer(*acts) as server:
            paystack = paystack_at(server.url)
            first = paystack.charges(since=self.since, until=self.until)
            assert isinstance(first, Page)
            last = paystack.charges(since=self.since, until=self.until, page=first.next)

        assert (len(first.rows), first.next, first.unreadable) == (3, "2", 1)
        assert isinstance(last, Page)
        assert last.next == ""
        assert "from=2026-01-22T00%3A00%3A00.000Z&to=2026-01-23" in server.requests[0].target

    def test_of_flutterwave_have_what_was_made_in_the_time_alone(self):
        rows = [
            {**FLUTTERWAVE_CHARGE, "id": "1", "created_at": "2026-01-22T00:00:00.000Z"},
            {**FLUTTERWAVE_CHARGE, "id": "2", "created_at": "2026-01-21T23:59:59.000Z"},
            {**FLUTTERWAVE_CHARGE, "id": "3", "created_at": "2026-01-23T00:00:00.000Z"},
            {**FLUTTERWAVE_CHARGE, "id": "4", "created_at": None},
        ]
        with AnsweringServer(flutterwave_says(rows, meta={"page_info": {"total_pages": 3}})) as server:
            page = flutterwave_at(server.url).charges(since=self.since, until=self.until)

        assert isinstance(page, Page)
        assert ([each.gateway_id for each in page.rows], page.next) == (["1", "4"], "2")

    def test_of_flutterwaves_payouts_are_empty_where_it_shows_none(self):
        with AnsweringServer(says({"status": "error", "message": "Not here"}, 404)) as server:
            page = flutterwave_at(server.url).settlements(since=self.since, until=self.until)

        assert page == Page(())


class TestARestaurantsAccount:
    account = BankAccount("058", "0123456789")

    def test_has_a_name_at_both(self):
        with AnsweringServer(paystack_says({"account_name": "MAMA PUT LTD", "account_number": "0123456789"})) as server:
            assert paystack_at(server.url).name_of_account(self.account) == "MAMA PUT LTD"
        with AnsweringServer(flutterwave_says({"account_name": "MAMA PUT LTD"})) as server:
            assert flutterwave_at(server.url).name_of_account(self.account) == "MAMA PUT LTD"

    def test_that_is_none_is_refused(self):
        said = {"status": False, "message": "Could not resolve account name. Check parameters or try again."}
        with AnsweringServer(says(said, 422)) as server:
            assert isinstance(paystack_at(server.url).name_of_account(self.account), Refused)

    def test_becomes_a_subaccount_of_which_each_charge_says_what_buka_keeps(self):
        asked = {"name": "Mama Put", "account": self.account, "email": "house@example.com", "phone": "+2348000000000"}
        with AnsweringServer(says({"status": True, "data": {"subaccount_code": "ACCT_demo"}}, 201)) as server:
            assert paystack_at(server.url).make_subaccount(**asked) == "ACCT_demo"
            assert server.requests[0].json["percentage_charge"] == 0
        with AnsweringServer(flutterwave_says({"id": 1, "subaccount_id": "RS_demo"})) as server:
            assert flutterwave_at(server.url).make_subaccount(**asked) == "RS_demo"
            assert server.requests[0].json["split_value"] == 0
