"""What the payment gateways have in common: the clock, what goes wrong, webhooks, the checkout page, the books."""

import hashlib
import hmac
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.gateways.keys import PAYSTACK
from sandbox.testing import RunningSandbox
from sandbox.tests.paying import KEY, call, initialize, paid, refund, verify
from sandbox.tests.receiving import Listening

ROUTE = {"gateway": "paystack", "route": "initialize"}


def hook(kind, **more):
    return {"gateway": "paystack", "route": "webhook", "kind": kind, **more}


def is_signed(received, key=KEY):
    expected = hmac.new(key.encode(), received.body, hashlib.sha512).hexdigest()
    return hmac.compare_digest(received.headers.get("x-paystack-signature", ""), expected)


class TestClock:
    def test_is_put_forward_stopped_and_set_right(self, sandbox):
        assert abs(sandbox.clock() - datetime.now(UTC)) < timedelta(seconds=5)

        later = sandbox.advance(3600)
        assert timedelta(minutes=59) < later - datetime.now(UTC) < timedelta(minutes=61)

        stopped = sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
        time.sleep(0.05)
        assert sandbox.clock() == stopped == datetime(2027, 1, 1, 10, tzinfo=UTC)
        assert sandbox.advance(60) == datetime(2027, 1, 1, 10, 1, tzinfo=UTC)

        assert sandbox.turn_clock(is_frozen=False) < sandbox.clock() < datetime(2027, 1, 1, 10, 2, tzinfo=UTC)
        assert abs(sandbox.turn_clock(reset=True) - datetime.now(UTC)) < timedelta(seconds=5)

    @pytest.mark.parametrize(
        ("asked", "says"),
        [
            ({"advance_seconds": "soon"}, "advance_seconds must be a number"),
            ({"set": "2027-01-01"}, "name its time zone"),
            ({"set": "tomorrow"}, "must be a moment"),
            ({"is_frozen": 1}, "true or false"),
            ({"back": 1}, "Write advance_seconds"),
            ({}, "Write advance_seconds"),
        ],
    )
    def test_says_what_it_does_not_understand(self, sandbox, asked, says):
        answer = sandbox.http.put("/gateways/api/clock", json=asked)

        assert answer.status_code == 400
        assert says in answer.json()["error"]

    def test_dates_what_the_gateways_do(self, sandbox):
        sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)

        assert paid(sandbox)["paid_at"] == "2027-01-01T10:00:00.000Z"


class TestRules:
    @pytest.mark.parametrize(
        ("rule", "says"),
        [
            ({"kind": "explode"}, "kind must be one of slow"),
            ({"kind": "slow", "gateway": "stripe"}, "gateway must be one of"),
            ({"kind": "slow", "route": "nowhere"}, "route must be one of"),
            ({"kind": "slow", "chance": 2}, "chance must be a number from 0 to 1"),
            ({"kind": "slow", "times": 0}, "times must be a whole number"),
            ({"kind": "slow", "seconds": -1}, "seconds must be a number"),
            ({"kind": "slow", "options": []}, None),
            ({"kind": "slow", "options": [1]}, "options must be an object"),
            ({"kind": "slow", "often": 1}, "There is no often"),
            ("slow", "A rule is an object"),
        ],
    )
    def test_says_what_is_wrong_with_one(self, sandbox, rule, says):
        sandbox.gateway_faults({"kind": "error_429"})

        answer = sandbox.http.put("/gateways/api/faults", json={"rules": [rule]})

        if says is None:
            assert answer.status_code == 200
            return
        assert answer.status_code == 400
        assert says in answer.json()["error"]
        # What was before still stands.
        assert [each["kind"] for each in sandbox.http.get("/gateways/api/faults").json()["rules"]] == ["error_429"]

    def test_are_added_listed_and_removed(self, sandbox):
        sandbox.http.post("/gateways/api/faults", json={"kind": "slow", "seconds": 0.1, "times": 2}).raise_for_status()

        (rule,) = sandbox.http.get("/gateways/api/faults").json()["rules"]
        assert (rule["gateway"], rule["route"], rule["kind"], rule["times"]) == ("*", "*", "slow", 2)
        assert sandbox.http.delete("/gateways/api/faults").status_code == 204
        assert sandbox.http.get("/gateways/api/faults").json()["rules"] == []

    def test_end_after_so_many_times(self, sandbox):
        sandbox.gateway_faults({**ROUTE, "kind": "error_500", "times": 2})

        statuses = [initialize(sandbox, f"buka-{number}").status_code for number in range(4)]

        assert statuses == [500, 500, 200, 200]

    def test_a_seed_repeats_what_chance_decided(self, sandbox):
        def run(seed):
            sandbox.gateway_faults({**ROUTE, "kind": "error_500", "chance": 0.5}, seed=seed)
            return [initialize(sandbox, f"buka-{seed}-{time.monotonic_ns()}").status_code for _call in range(24)]

        first, again, other = run(7), run(7), run(8)

        assert first == again
        assert first != other
        assert set(first) == {200, 500}

    def test_say_how_often_they_were_played(self, sandbox):
        sandbox.gateway_faults(
            {**ROUTE, "kind": "error_500", "times": 2},
            {**ROUTE, "kind": "error_429"},
            {**ROUTE, "kind": "slow", "seconds": 0},
        )

        statuses = [initialize(sandbox).status_code for _call in range(5)]

        # One answer goes wrong in one way: the second rule was only asked when the first had nothing to say.
        assert statuses == [500, 500, 429, 429, 429]
        rules = sandbox.http.get("/gateways/api/faults").json()["rules"]
        assert [(rule["kind"], rule["hits"]) for rule in rules] == [("error_500", 2), ("error_429", 3), ("slow", 5)]

    def test_concern_only_their_route(self, sandbox):
        sandbox.gateway_faults({"gateway": "paystack", "route": "verify", "kind": "error_500"})

        assert initialize(sandbox).status_code == 200
        assert call(sandbox, "GET", "/transaction/verify/buka-1").status_code == 500

    def test_tell_the_methods_of_one_address_apart(self, sandbox):
        paid(sandbox)
        sandbox.gateway_faults({"gateway": "paystack", "route": "refund", "kind": "error_500"})

        assert call(sandbox, "GET", "/refund").status_code == 200
        assert refund(sandbox).status_code == 500


class TestOnTheWire:
    @pytest.mark.parametrize(
        ("kind", "status", "has_effect"),
        [("error_500", 500, False), ("error_503", 503, False), ("error_429", 429, False), ("garbage", 200, False)],
    )
    def test_answers_in_another_way(self, sandbox, kind, status, has_effect):
        sandbox.gateway_faults({**ROUTE, "kind": kind, "times": 1})

        answer = initialize(sandbox)

        assert answer.status_code == status
        assert ("<h1>" in answer.text) == (kind == "garbage")
        assert (len(sandbox.payments("paystack")) == 1) == has_effect

    def test_may_do_it_and_still_say_that_it_failed(self, sandbox):
        sandbox.gateway_faults({**ROUTE, "kind": "error_500", "times": 1, "options": {"after": True}})

        assert initialize(sandbox).status_code == 500
        assert initialize(sandbox).json()["message"] == "Duplicate Transaction Reference"

    @pytest.mark.parametrize(
        ("kind", "error", "has_effect"),
        [
            ("reset", httpx.ReadError, False),
            ("reset_after", httpx.ReadError, True),
            ("timeout_before", httpx.RemoteProtocolError, False),
            ("timeout_after", httpx.RemoteProtocolError, True),
        ],
    )
    def test_hangs_up(self, sandbox, kind, error, has_effect):
        sandbox.gateway_faults({**ROUTE, "kind": kind, "times": 1, "seconds": 0.3})
        began = time.monotonic()

        with pytest.raises(error):
            initialize(sandbox)

        assert (time.monotonic() - began > 0.25) == kind.startswith("timeout")
        assert (len(sandbox.payments("paystack")) == 1) == has_effect

    def test_a_caller_who_gives_up_waiting_finds_the_effect(self, sandbox):
        sandbox.gateway_faults({**ROUTE, "kind": "timeout_after", "times": 1, "seconds": 60})

        with pytest.raises(httpx.ReadTimeout):
            sandbox.http.post(
                "/paystack/transaction/initialize",
                json={"email": "payer@example.com", "amount": 5000, "reference": "buka-1"},
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=0.5,
            )

        assert verify(sandbox)["status"] == "abandoned"

    def test_waiting_blocks_nobody_else(self, sandbox):
        sandbox.gateway_faults({**ROUTE, "kind": "slow", "seconds": 5, "times": 8})
        with ThreadPoolExecutor(8) as pool, httpx.Client(trust_env=False, timeout=30) as others:
            slow = [
                pool.submit(
                    others.post,
                    f"{sandbox.url}/paystack/transaction/initialize",
                    json={"email": "a@example.com", "amount": 5000, "reference": f"slow-{number}"},
                    headers={"Authorization": f"Bearer {KEY}"},
                )
                for number in range(8)
            ]
            time.sleep(0.5)
            began = time.monotonic()
            call(sandbox, "GET", "/bank").raise_for_status()
            took = time.monotonic() - began
            statuses = {each.result().status_code for each in slow}

        assert took < 3
        assert statuses == {200}


class TestWebhooks:
    def test_come_signed_over_their_exact_bytes(self, sandbox, receiver):
        paid(sandbox, metadata={"who": "Ẹniọlá & Co/…"})

        (got,) = receiver.wait(1)

        assert got.path == "/paystack"
        assert got.headers["content-type"] == "application/json"
        assert is_signed(got)
        assert re.fullmatch(r"[0-9a-f]{128}", got.headers["x-paystack-signature"])
        # What JavaScript would write of it again is the same.
        assert got.body.decode() == json.dumps(got.json(), ensure_ascii=False, separators=(",", ":"))
        assert "Ẹniọlá & Co/…" in got.body.decode()

    def test_are_repeated_by_the_schedule_of_test_mode(self, sandbox, receiver):
        receiver.statuses = [500, 302, 404]
        sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
        paid(sandbox)
        receiver.wait(1)
        self.settled(sandbox, 1)

        sandbox.advance(3599)
        time.sleep(0.5)
        assert len(receiver.received) == 1

        for tries in (2, 3, 4):
            sandbox.advance(3600 if tries > 2 else 1)
            receiver.wait(tries)
            self.settled(sandbox, tries)

        (delivery,) = sandbox.deliveries()
        assert [each["status"] for each in delivery["tries"]] == [500, 302, 404, 200]
        assert [each["at"][11:16] for each in delivery["tries"]] == ["10:00", "11:00", "12:00", "13:00"]
        assert (delivery["state"], delivery["next_try_at"], delivery["answer"]) == ("delivered", None, "ok")
        assert {got.path for got in receiver.received} == {"/paystack"}

    def test_are_repeated_by_the_schedule_of_live_mode(self, sandbox, receiver):
        receiver.statuses = [500] * 200
        live = PAYSTACK["ours", "live"]
        sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
        initialize(sandbox, key=live)
        sandbox.pay("paystack", "buka-1")
        receiver.wait(1)
        for tries, seconds in enumerate([180, 180, 180, 3600, 3600], start=2):
            self.settled(sandbox, tries - 1)
            sandbox.advance(seconds)
            receiver.wait(tries)
        self.settled(sandbox, 6)

        (delivery,) = sandbox.deliveries()
        assert [each["at"][11:16] for each in delivery["tries"]] == [
            "10:00", "10:03", "10:06", "10:09", "11:09", "12:09",
        ]  # fmt: skip
        assert is_signed(receiver.received[0], live)

    def test_are_given_up_at_the_end(self, sandbox, receiver):
        receiver.statuses = [500] * 20
        sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
        paid(sandbox)
        receiver.wait(1)
        self.settled(sandbox, 1)
        sandbox.advance(10 * 3600)
        receiver.wait(2)
        self.settled(sandbox, 2)

        assert sandbox.deliveries()[0]["state"] == "given_up"
        sandbox.advance(86400)
        time.sleep(0.5)
        assert len(receiver.received) == 2

    def settled(self, sandbox, tries):
        deadline = time.monotonic() + 10
        while sandbox.deliveries()[0]["attempts"] < tries:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def test_one_that_nobody_takes_is_written_down(self, sandbox):
        sandbox.set_webhook_url("paystack", "http://127.0.0.1:9/hooks")
        paid(sandbox)
        self.settled(sandbox, 1)

        (delivery,) = sandbox.deliveries(reference="buka-1", event="charge.success")
        assert delivery["tries"][0]["status"] == "ConnectError"
        assert delivery["state"] == "pending"

    @pytest.mark.parametrize("url", ["http://example.com/hooks", "http://10.0.0.1/", "ftp://127.0.0.1/", "hooks"])
    def test_never_leave_this_machine(self, sandbox, url):
        answer = sandbox.http.put("/gateways/api/merchants/paystack", json={"webhook_url": url})

        assert answer.status_code == 400
        assert "this machine only" in answer.json()["error"]

    def test_are_sent_again_when_asked_to(self, sandbox, receiver):
        paid(sandbox)
        (delivery,) = sandbox.wait_for_deliveries(1)

        sandbox.resend(delivery["id"])

        first, second = receiver.wait(2)
        assert first.body == second.body

    def test_two_about_one_payment_go_in_order(self, sandbox, receiver):
        for number in range(15):
            paid(sandbox, f"buka-{number}")
            refund(sandbox, f"buka-{number}", amount=1000)
            refund(sandbox, f"buka-{number}", amount=1000)
        sandbox.advance(5)
        receiver.wait(15 * 7)

        for number in range(15):
            about = [got.json()["event"] for got in receiver.received if f'"buka-{number}"' in got.body.decode()]
            assert about[0] == "charge.success"
            assert about.index("refund.pending") < about.index("refund.processing") < about.index("refund.processed")

    @pytest.mark.long
    def test_many_go_quickly(self, sandbox, receiver):
        for number in range(100):
            initialize(sandbox, f"buka-{number}")
            sandbox.pay("paystack", f"buka-{number}")

        receiver.wait(100, seconds=10)
        assert len({got.json()["data"]["id"] for got in receiver.received}) == 100


class TestSpoiltWebhooks:
    def test_more_than_once(self, sandbox, receiver):
        sandbox.gateway_faults(hook("duplicate", options={"n": 3}))
        paid(sandbox)

        bodies = [got.body for got in receiver.wait(3)]

        assert len(set(bodies)) == 1

    def test_late(self, sandbox, receiver):
        sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
        sandbox.gateway_faults(hook("delay", seconds=600))
        paid(sandbox)
        time.sleep(0.6)
        assert receiver.received == []

        sandbox.advance(600)

        receiver.wait(1)

    def test_never(self, sandbox, receiver):
        sandbox.gateway_faults(hook("drop", times=1))
        paid(sandbox)
        paid(sandbox, "buka-2")

        assert receiver.wait(1)[0].json()["data"]["reference"] == "buka-2"
        assert [each["state"] for each in sandbox.deliveries()] == ["dropped", "delivered"]

    def test_in_another_order(self, sandbox, receiver):
        sandbox.gateway_faults(hook("reorder", times=1, seconds=3600))
        paid(sandbox)
        paid(sandbox, "buka-2")

        assert [got.json()["data"]["reference"] for got in receiver.wait(2)] == ["buka-2", "buka-1"]

    def test_one_that_nothing_overtakes_goes_by_itself(self, sandbox, receiver):
        sandbox.gateway_faults(hook("reorder", seconds=0.2))
        paid(sandbox)

        receiver.wait(1)

    def test_without_or_with_another_signature(self, sandbox, receiver):
        sandbox.gateway_faults(hook("unsigned", times=1))
        paid(sandbox)
        receiver.wait(1)
        sandbox.gateway_faults(hook("bad_signature", times=1))
        paid(sandbox, "buka-2")
        receiver.wait(2)
        sandbox.gateway_faults(hook("foreign_merchant", times=1))
        paid(sandbox, "buka-3")
        unsigned, bad, foreign = receiver.wait(3)

        assert "x-paystack-signature" not in unsigned.headers
        assert len(bad.headers["x-paystack-signature"]) == 128
        assert not is_signed(bad)
        assert is_signed(foreign, PAYSTACK["foreign", "test"])

    def test_with_bytes_that_were_not_signed(self, sandbox, receiver):
        for number, kind in enumerate(("tampered", "reserialised", "truncated")):
            sandbox.gateway_faults(hook(kind))
            paid(sandbox, f"buka-{number}")
            receiver.wait(number + 1)
        tampered, reserialised, truncated = receiver.received

        assert not any(is_signed(got) for got in receiver.received)
        assert tampered.json()["data"]["amount"] == 25_000_000
        assert reserialised.json()["data"]["amount"] == 2_500_000
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            truncated.json()

    def test_in_other_shapes(self, sandbox, receiver):
        sandbox.gateway_faults(hook("string_amount"), hook("legacy_shape"))
        paid(sandbox)

        (got,) = receiver.wait(1)

        assert is_signed(got)
        assert got.json()["data"]["amount"] == "2500000"
        assert "requested_amount" not in got.json()["data"]

    @pytest.mark.parametrize(("options", "mode"), [({}, "live"), ({"keep_key": True}, "test")])
    def test_of_the_wrong_mode(self, sandbox, receiver, options, mode):
        sandbox.gateway_faults(hook("wrong_mode", options=options))
        paid(sandbox)

        (got,) = receiver.wait(1)

        assert got.json()["data"]["domain"] == "live"
        assert is_signed(got, PAYSTACK["ours", mode])

    def test_before_the_call_that_caused_it_is_answered(self, sandbox, receiver):
        code = paid(sandbox)["authorization"]["authorization_code"]
        receiver.wait(1)
        receiver.seconds = 0.4
        sandbox.gateway_faults(hook("before_answer"))

        call(sandbox, "POST", "/transaction/charge_authorization", json={
            "email": "payer@example.com", "amount": 500_000, "reference": "buka-2", "authorization_code": code,
        }).raise_for_status()  # fmt: skip

        assert [got.json()["data"]["reference"] for got in receiver.received] == ["buka-1", "buka-2"]

    def test_before_the_payer_is_sent_back(self, sandbox, receiver):
        receiver.seconds = 0.4
        sandbox.gateway_faults(hook("before_redirect"))
        address = initialize(sandbox, callback_url="http://127.0.0.1:9/back").json()["data"]["authorization_url"]

        back = press(sandbox, address, do="card", instrument="success")

        assert back.headers["location"].startswith("http://127.0.0.1:9/back")
        assert len(receiver.received) == 1

    def test_only_of_one_event(self, sandbox, receiver):
        sandbox.gateway_faults(hook("drop", options={"event": "refund.pending"}))
        paid(sandbox)
        refund(sandbox)
        sandbox.advance(5)

        receiver.wait(3)
        assert receiver.events() == ["charge.success", "refund.processing", "refund.processed"]


def press(sandbox, address, **form):
    """Send a form of the checkout page as a browser does, with the token that the page gave."""
    page = sandbox.http.get(address)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.text
    return sandbox.http.post(address, data={"csrfmiddlewaretoken": token[1], **form})


class TestCheckoutPage:
    @pytest.fixture
    def address(self, sandbox):
        answer = initialize(
            sandbox, callback_url="http://localhost:9/back", metadata={"cancel_action": "http://localhost:9/cancelled"}
        )
        return answer.json()["data"]["authorization_url"]

    def test_offers_the_ways_to_pay(self, sandbox, address):
        page = sandbox.http.get(address)

        assert page.status_code == 200
        assert "Pay ₦25,000.00 to Buka" in page.text
        for words in ("Card ending in 4081", "Bank transfer", "USSD", "Cancel the payment"):
            assert words in page.text
        # Browsers would not let the answer to a form lead back to the merchant otherwise.
        assert "form-action 'self' http://localhost:9" in page.headers["content-security-policy"]

    def test_lets_no_address_change_its_policy(self, sandbox):
        answer = initialize(sandbox, "buka-2", callback_url="http://a.example; script-src *; x/back")
        page = sandbox.http.get(answer.json()["data"]["authorization_url"])

        assert page.status_code == 200
        assert "script-src" not in page.headers["content-security-policy"]

    def test_pays_by_a_card_that_asks_nothing(self, sandbox, address):
        back = press(sandbox, address, do="card", number="4084084084084081")

        assert back.status_code == 302
        assert back.headers["location"] == "http://localhost:9/back?trxref=buka-1&reference=buka-1"
        assert verify(sandbox)["status"] == "success"
        assert "This payment has been made" in sandbox.http.get(address).text

    def test_asks_what_the_card_asks(self, sandbox, address):
        press(sandbox, address, do="card", instrument="pin-phone-otp")
        assert "Card PIN" in sandbox.http.get(address).text
        wrong = press(sandbox, address, do="answer", answer="9999")
        assert (wrong.status_code, "That is not right" in wrong.text) == (400, True)
        press(sandbox, address, do="answer", answer="0000")
        assert "Phone number" in sandbox.http.get(address).text
        assert verify(sandbox)["status"] == "ongoing"
        press(sandbox, address, do="answer", answer="08030000000")
        back = press(sandbox, address, do="answer", answer="123456")

        assert back.headers["location"].startswith("http://localhost:9/back")
        assert verify(sandbox)["status"] == "success"

    def test_three_wrong_answers_are_the_end(self, sandbox, address):
        press(sandbox, address, do="card", instrument="pin")
        for _attempt in range(3):
            press(sandbox, address, do="answer", answer="9999")

        assert verify(sandbox)["status"] == "failed"

    @pytest.mark.parametrize(("answer", "status"), [("yes", "success"), ("no", "failed")])
    def test_leads_over_a_page_of_the_bank(self, sandbox, address, answer, status):
        press(sandbox, address, do="card", instrument="bank-page")
        assert "Your bank asks whether this is you" in sandbox.http.get(address).text
        press(sandbox, address, do="answer", answer=answer)

        assert verify(sandbox)["status"] == status

    def test_says_that_a_card_was_declined(self, sandbox, address):
        press(sandbox, address, do="card", instrument="insufficient-funds")

        assert "failed: Insufficient Funds" in sandbox.http.get(address).text
        assert verify(sandbox)["gateway_response"] == "Insufficient Funds"

    def test_turns_real_cards_away_and_keeps_no_number(self, sandbox, running_sandbox, address):
        refused = press(sandbox, address, do="card", number="4111 1111 1111 1111")
        press(sandbox, address, do="card", number="5078 5078 5078 5078 12")
        press(sandbox, address, do="answer", answer="1111")

        assert (refused.status_code, "Only the test cards" in refused.text) == (400, True)
        assert verify(sandbox)["authorization"]["last4"] == "7812"
        kept = b"".join(each.read_bytes() for each in running_sandbox.home.rglob("*") if each.is_file())
        assert b"4111111111111111" not in kept.replace(b" ", b"")
        assert b"507850785078507812" not in kept.replace(b" ", b"")

    def test_shows_an_account_that_lives_half_an_hour(self, sandbox, address):
        press(sandbox, address, do="transfer")
        page = sandbox.http.get(address).text
        number = re.search(r"Account number</dt><dd><code>(\d{10})<", page)
        assert number
        sandbox.advance(29 * 60)
        assert number[1] in sandbox.http.get(address).text
        assert "its time is over" not in sandbox.http.get(address).text

        press(sandbox, address, do="send", sum="25,000.00", when="now")

        data = verify(sandbox)
        assert (data["status"], data["channel"]) == ("success", "bank_transfer")
        assert data["authorization"]["sender_name"] == "DEMO PAYER"

    def test_an_account_whose_time_is_over_takes_nothing(self, sandbox, receiver, address):
        press(sandbox, address, do="transfer")
        sandbox.advance(31 * 60)
        assert verify(sandbox)["status"] == "abandoned"
        press(sandbox, address, do="transfer")
        press(sandbox, address, do="send", sum="25000", when="late")
        sandbox.advance(32 * 60)

        (got,) = receiver.wait(1)
        assert got.json()["event"] == "bank.transfer.rejected"
        assert got.json()["data"]["bank_transfer"]["message_type"] == "EXPIRED_ACCOUNT"
        assert verify(sandbox)["status"] == "abandoned"

    def test_shows_a_code_to_dial(self, sandbox, address):
        press(sandbox, address, do="ussd")
        assert re.search(r"\*737\*000\*\d{4}#", sandbox.http.get(address).text)
        back = press(sandbox, address, do="dial", session="fine")

        assert back.headers["location"].startswith("http://localhost:9/back")
        assert verify(sandbox)["authorization"]["channel"] == "ussd"

    def test_a_broken_session_is_confirmed_ten_minutes_later(self, sandbox, address):
        press(sandbox, address, do="ussd")
        press(sandbox, address, do="dial", session="broken")
        sandbox.advance(599)
        assert verify(sandbox)["status"] == "ongoing"
        sandbox.advance(2)

        assert verify(sandbox)["status"] == "success"

    def test_leads_back_when_it_is_cancelled(self, sandbox, address):
        back = press(sandbox, address, do="cancel")

        assert back.headers["location"] == "http://localhost:9/cancelled"
        assert verify(sandbox)["status"] == "abandoned"

    def test_another_way_can_be_chosen(self, sandbox, address):
        press(sandbox, address, do="ussd")
        press(sandbox, address, do="again")

        assert "Card ending in 4081" in sandbox.http.get(address).text

    def test_knows_no_payment_that_there_is_not(self, sandbox):
        assert sandbox.http.get("/paystack/checkout/nothing").status_code == 404

    def test_takes_no_form_of_another_place(self, sandbox, address):
        assert sandbox.http.post(address, data={"do": "card", "instrument": "success"}).status_code == 403
        assert verify(sandbox)["status"] == "abandoned"


class TestBooks:
    def test_count_to_the_kobo(self, sandbox):
        paid(sandbox, "buka-1", 2_500_000)
        paid(sandbox, "buka-2", 249_999)
        paid(sandbox, "buka-3", 1_000_000, how="declined")
        refund(sandbox, "buka-1", amount=1_000_000)
        sandbox.http.post("/paystack/api/disputes", json={"reference": "buka-2"}).raise_for_status()
        initialize(sandbox, "buka-1", key=PAYSTACK["foreign", "test"])
        sandbox.pay("paystack", "buka-1", merchant="foreign")
        sandbox.advance(3 * 86400)

        ours, foreign = sandbox.summary("paystack")

        assert ours == {
            "merchant": "paystack",
            "mode": "test",
            "currency": "NGN",
            "payments": 3,
            "paid": 2,
            "in_kobo": 2_749_999,
            "refunded_kobo": 1_000_000,
            "fees_kobo": 47_500 + 3_750,
            "disputed_kobo": 249_999,
        }
        assert (foreign["merchant"], foreign["in_kobo"]) == ("paystack-foreign", 2_500_000)
        lines = sandbox.payments("paystack")
        assert [(line["reference"], line["status"], line["amount_kobo"]) for line in lines] == [
            ("buka-1", "success", 2_500_000),
            ("buka-2", "reversed", 249_999),
            ("buka-3", "failed", 0),
            ("buka-1", "success", 2_500_000),
        ]

    def test_are_read_page_by_page(self, sandbox):
        for number in range(5):
            initialize(sandbox, f"buka-{number}")

        asked = {"gateway": "paystack", "limit": "2"}
        first = sandbox.http.get("/gateways/api/payments", params=asked).json()
        second = sandbox.http.get("/gateways/api/payments", params=asked | {"after": str(first["next"])}).json()

        assert [line["reference"] for line in first["payments"] + second["payments"]] == [
            f"buka-{number}" for number in range(4)
        ]


class TestControls:
    def test_turn_pages_of_other_places_away(self, sandbox):
        answer = sandbox.http.delete("/gateways/api/state", headers={"Sec-Fetch-Site": "cross-site"})

        assert answer.status_code == 403

    def test_say_what_they_do_not_know(self, sandbox):
        for path, words in (
            ("/gateways/api/merchants/nobody", "The merchants are paystack"),
            ("/gateways/api/payments?gateway=stripe", "gateway must be one of"),
            ("/gateways/api/payments?gateway=paystack&after=x", "after must be a whole number"),
        ):
            answer = sandbox.http.get(path)
            assert answer.status_code == 400
            assert words in answer.json()["error"]

    def test_show_no_keys(self, sandbox):
        shown = sandbox.http.get("/gateways/api/merchants").text + sandbox.http.get("/gateways/").text

        assert "sk_test" not in shown
        assert "FLWSECK" not in shown

    def test_forget_everything(self, sandbox, receiver):
        paid(sandbox)
        receiver.wait(1)
        sandbox.gateway_faults({"kind": "slow"})
        sandbox.advance(3600)

        assert sandbox.http.delete("/gateways/api/state").status_code == 204

        assert sandbox.payments("paystack") == []
        assert sandbox.deliveries() == []
        assert sandbox.http.get("/gateways/api/faults").json()["rules"] == []
        assert abs(sandbox.clock() - datetime.now(UTC)) < timedelta(seconds=5)
        assert receiver.url not in sandbox.http.get("/gateways/api/merchants").text


class TestPage:
    def test_turns_the_clock_and_adds_rules_by_form(self, sandbox):
        paid(sandbox)

        def submit(path, **form):
            token = re.search(r'value="([^"]+)"', sandbox.http.get("/gateways/").text)
            return sandbox.http.post(f"/gateways/{path}", data={"csrfmiddlewaretoken": token[1], **form})

        assert submit("clock", do="advance", minutes="30").status_code == 302
        assert submit("clock", do="freeze").status_code == 302
        assert submit("rules", gateway="paystack", route="verify", kind="slow", chance="0.5", times="3", seconds="1",
                      options="{}").status_code == 302  # fmt: skip
        refused = submit("rules", gateway="paystack", route="verify", kind="slow", chance="7")
        page = sandbox.http.get("/gateways/").text

        assert (refused.status_code, "chance must be" in refused.text) == (400, True)
        assert "stopped" in page
        assert "chance 0.5, played 0 times of 0, 3 times left" in page
        assert "charge.success" in page
        assert submit("rules/remove").status_code == 302
        assert "Nothing goes wrong" in sandbox.http.get("/gateways/").text
        assert submit("forget").status_code == 302
        assert sandbox.payments("paystack") == []


class TestRestart:
    def test_nothing_is_forgotten(self, tmp_path):
        with Listening() as receiver, RunningSandbox(tmp_path) as first:
            receiver.statuses = [500]
            first.set_webhook_url("paystack", receiver.url)
            first.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
            first.gateway_faults({"kind": "error_500", "route": "verify", "times": 3})
            initialize(first)
            first.pay("paystack", "buka-1")
            receiver.wait(1)
            refund(first)
            first.wait_for_deliveries(1, event="refund.pending")
            first.stop()

            first.start()

            assert first.clock() == datetime(2027, 1, 1, 10, tzinfo=UTC)
            assert call(first, "GET", "/transaction/verify/buka-1").status_code == 500
            assert first.payments("paystack")[0]["status"] == "success"
            first.advance(3600)
            receiver.wait(5)
            assert sorted(receiver.events()) == [
                "charge.success", "charge.success", "refund.pending", "refund.processed", "refund.processing",
            ]  # fmt: skip

    @pytest.mark.long
    def test_a_receiver_that_takes_its_time_does_not_hold_it_up(self, tmp_path):
        with Listening() as receiver, RunningSandbox(tmp_path) as running:
            receiver.seconds = 15
            running.set_webhook_url("paystack", receiver.url)
            initialize(running)
            running.pay("paystack", "buka-1")
            time.sleep(0.5)
            began = time.monotonic()

            assert running.stop() == 0
            assert time.monotonic() - began < 8
            running.start()


class TestAtOnce:
    def test_one_reference_is_one_payment(self, sandbox):
        def ask(_number):
            with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=30) as http:
                return http.post(
                    "/paystack/transaction/initialize",
                    json={"email": "payer@example.com", "amount": 5000, "reference": "buka-1"},
                    headers={"Authorization": f"Bearer {KEY}"},
                ).status_code

        with ThreadPoolExecutor(16) as pool:
            statuses = sorted(pool.map(ask, range(16)))

        assert statuses == [200] + [400] * 15

    def test_two_refunds_never_give_back_more_than_came_in(self, sandbox):
        paid(sandbox, amount=1_000_000)
        start = threading.Barrier(16)

        def ask(_number):
            with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=30) as http:
                start.wait(20)
                return http.post(
                    "/paystack/refund",
                    json={"transaction": "buka-1", "amount": 300_000},
                    headers={"Authorization": f"Bearer {KEY}"},
                ).status_code

        with ThreadPoolExecutor(16) as pool:
            statuses = sorted(pool.map(ask, range(16)))

        assert statuses == [200] * 3 + [400] * 13
        assert sandbox.payments("paystack")[0]["refunded_kobo"] == 900_000
