"""Flutterwave v3 as it documents itself, over a real socket, with a real receiver of its webhooks."""

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import pytest

from sandbox.gateways import keys
from sandbox.testing import RunningSandbox

KEY = keys.FLUTTERWAVE["ours", "test"]
HASH = keys.FLUTTERWAVE_HASHES["ours"]
V3 = "/flutterwave/v3"
# The keys of the published answers, in their order: to a verification, and to a refund.
TOLD = (
    "id tx_ref flw_ref device_fingerprint amount currency charged_amount app_fee merchant_fee processor_response "
    "auth_model ip narration status payment_type created_at account_id"
)
VERIFIED = f"{TOLD} card meta amount_settled customer"
REFUNDED = "id account_id tx_id flw_ref wallet_id amount_refunded status destination comments meta created_at"


def ask(sandbox, method, path, body=None, *, key=KEY, **more):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return sandbox.http.request(method, f"{V3}{path}", json=body, headers=headers, **more)


def said(answer, status=200):
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == ("success" if status == 200 else "error")
    return answer.json()


def data(answer):
    return said(answer)["data"]


def refusal(answer, status=400):
    body = said(answer, status)
    assert body["data"] is None
    return body["message"]


def payment(**changes):
    return {
        "tx_ref": "buka-7f3a",
        "amount": 2500,
        "currency": "NGN",
        "redirect_url": "http://localhost:8000/payments/back",
        "customer": {"email": "payer@example.com", "name": "Ada Demo", "phonenumber": "08100000000"},
        "meta": {"order": "7f3a"},
    } | changes


def open_link(sandbox, **changes):
    answer = said(ask(sandbox, "POST", "/payments", payment(**changes)))
    assert answer["message"] == "Hosted Link"
    return answer["data"]["link"]


def pay(sandbox, how="card", **asked):
    """Open a session and pay it; return what the control tells of it."""
    changes = asked.pop("payment", {})
    open_link(sandbox, **changes)
    return sandbox.pay("flutterwave", changes.get("tx_ref", "buka-7f3a"), how=how, **asked)


def verified(sandbox, tx_ref="buka-7f3a"):
    return data(ask(sandbox, "GET", f"/transactions/verify_by_reference?tx_ref={tx_ref}"))


def a_paid(sandbox, **asked):
    pay(sandbox, **asked)
    return verified(sandbox, asked.get("payment", {}).get("tx_ref", "buka-7f3a"))


def told(receiver, count):
    """Return what webhooks said, as soon as so many have come."""
    return [each.json() for each in receiver.wait(count)]


class TestKeys:
    @pytest.mark.parametrize(
        ("headers", "message"),
        [
            ({}, "Authorization required"),
            ({"Authorization": KEY}, "merchant secret key required"),
            ({"Authorization": "Bearer FLWSECK_TEST-nobody-X"}, "Invalid authorization key"),
            ({"Authorization": f"Bearer {KEY.replace('FLWSECK', 'FLWPUBK')}"}, "Invalid authorization key"),
        ],
    )
    def test_refuses_who_shows_no_secret_key(self, sandbox, headers, message):
        answer = sandbox.http.post(f"{V3}/payments", json=payment(), headers=headers)

        assert refusal(answer, 401) == message

    @pytest.mark.parametrize("other", [("foreign", "test"), ("ours", "live")])
    def test_shows_nobody_what_is_another_merchants_or_of_the_other_mode(self, sandbox, other):
        paid = a_paid(sandbox)
        key = keys.FLUTTERWAVE[other]

        assert refusal(ask(sandbox, "GET", f"/transactions/{paid['id']}/verify", key=key)) == (
            "No transaction was found for this id"
        )
        assert refusal(ask(sandbox, "POST", f"/transactions/{paid['id']}/refund", {}, key=key))
        assert data(ask(sandbox, "GET", "/transactions", key=key)) == []
        charge = {"token": paid["card"]["token"], "email": "payer@example.com", "amount": 100, "tx_ref": "theirs"}
        assert refusal(ask(sandbox, "POST", "/tokenized-charges", charge, key=key)) == "Wrong token or email passed"


class TestInitialize:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"tx_ref": ""}, "tx_ref is required"),
            ({"tx_ref": "x" * 101}, "tx_ref must be a string of at most 100 characters"),
            ({"amount": None}, "amount is required"),
            ({"amount": 0}, "amount must be a positive number"),
            ({"amount": -5}, "amount must be a positive number"),
            ({"amount": "a lot"}, "amount must be a positive number"),
            ({"amount": 10.005}, "amount must be a positive number"),
            ({"amount": True}, "amount must be a positive number"),
            ({"currency": "XYZ"}, "currency is not supported"),
            ({"customer": None}, "customer is required"),
            ({"customer": {"name": "Ada Demo"}}, "email is required"),
            ({"customer": {"email": "nobody"}}, "email must be a valid email"),
            ({"meta": "text"}, "meta must be an object"),
            ({"session_duration": 1441}, "session_duration must be a number from 1 to 1440"),
            ({"configuration": {"session_duration": 0}}, "session_duration must be a number from 1 to 1440"),
            ({"subaccounts": [{"id": "RS_NOBODY"}]}, "Invalid subaccount id"),
        ],
    )
    def test_says_what_is_wrong(self, sandbox, changes, message):
        assert refusal(ask(sandbox, "POST", "/payments", payment(**changes))) == message

    def test_makes_no_transaction_yet(self, sandbox):
        link = open_link(sandbox)

        assert urlsplit(link).path.startswith(f"{V3}/hosted/pay/flwlnk-")
        assert refusal(ask(sandbox, "GET", "/transactions/verify_by_reference?tx_ref=buka-7f3a"))
        assert data(ask(sandbox, "GET", "/transactions")) == []

    @pytest.mark.parametrize(("amount", "told"), [("7500", 7500), (7500.5, 7500.5), ("0.07", 0.07), (2462.37, 2462.37)])
    def test_takes_naira_as_numbers_and_as_texts(self, sandbox, amount, told):
        paid = a_paid(sandbox, payment={"amount": amount})

        assert paid["amount"] == told
        assert type(paid["amount"]) is type(told)

    def test_takes_json_whatever_its_type_is_called(self, sandbox):
        answer = sandbox.http.post(
            f"{V3}/payments",
            content=json.dumps(payment()),
            headers={"Authorization": f"Bearer {KEY}", "Content-Type": "text/plain", "Idempotency-Key": "ignored"},
        )
        broken = sandbox.http.post(f"{V3}/payments", content="{", headers={"Authorization": f"Bearer {KEY}"})

        assert said(answer)["message"] == "Hosted Link"
        assert refusal(broken) == "Invalid JSON in the request body"

    @pytest.mark.parametrize(
        "body",
        [
            '{"tx_ref": "\\ud800", "amount": 1, "customer": {"email": "payer@example.com"}}',
            '{"tx_ref": "x", "amount": NaN, "customer": {"email": "payer@example.com"}}',
            '{"tx_ref": "x", "amount": 1e999999999, "customer": {"email": "payer@example.com"}}',
            '{"tx_ref": "x", "amount": "sNaN", "customer": {"email": "payer@example.com"}}',
            '{"tx_ref": "x", "amount": 1, "customer": [], "meta": []}',
            '{"meta": ' + "[" * 100_000,
            "[]",
        ],
    )
    def test_refuses_what_nobody_can_keep(self, sandbox, body):
        assert refusal(sandbox.http.post(f"{V3}/payments", content=body, headers={"Authorization": f"Bearer {KEY}"}))

    def test_bears_with_what_libraries_send(self, sandbox):
        bearer = {"Authorization": f"Bearer {KEY}"}

        for path in ("/flutterwave//v3/transactions", "//flutterwave/v3/transactions/", f"{V3}/transactions/?&page=1"):
            answer = sandbox.http.get(f"{sandbox.url}{path}", headers=bearer)
            assert said(answer)["message"] == "Transactions fetched"

    def test_takes_a_body_in_chunks_without_type_and_length(self, sandbox):
        body = json.dumps(payment()).encode()
        head = f"POST {V3}/payments HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:])) + b"0\r\n\r\n"
        with socket.create_connection(("127.0.0.1", sandbox.http_port), timeout=10) as line:
            line.sendall(f"{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode() + chunks)
            answer = b"".join(iter(lambda: line.recv(65536), b""))

        assert b"200 OK" in answer and b"Hosted Link" in answer

    def test_knows_no_other_addresses(self, sandbox):
        assert refusal(ask(sandbox, "GET", "/payments"), 404) == "Cannot GET /flutterwave/v3/payments"
        assert refusal(ask(sandbox, "POST", "/virtual-cards", {}), 404)


class TestVerify:
    def test_answers_like_the_published_sample(self, sandbox):
        paid = a_paid(sandbox, card="pin")

        assert " ".join(paid) == VERIFIED
        assert paid["flw_ref"].startswith("FLW-MOCK-")
        assert (paid["amount"], paid["charged_amount"], paid["app_fee"], paid["amount_settled"]) == (
            2500,
            2500,
            35,
            2462.37,
        )
        assert (paid["status"], paid["auth_model"], paid["payment_type"]) == ("successful", "PIN", "card")
        assert (paid["narration"], paid["account_id"]) == ("CARD Transaction ", 20937)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", paid["created_at"])
        token = paid["card"].pop("token")
        assert re.fullmatch(r"flw-t1nf-[0-9a-f]{32}-m03k", token)
        assert paid["card"] == {
            "first_6digits": "553188",
            "last_4digits": "2950",
            "issuer": "ACCESS BANK PLC",
            "country": "NIGERIA NG",
            "type": "MASTERCARD",
            "expiry": "09/32",
        }
        assert paid["meta"] == {"order": "7f3a"}
        customer = paid["customer"]
        assert (customer["name"], customer["phone_number"], customer["email"]) == (
            "Ada Demo",
            "08100000000",
            "payer@example.com",
        )

    def test_may_keep_the_banks_question_although_it_is_paid(self, sandbox):
        paid = a_paid(sandbox, card="3ds_visa")

        assert paid["status"] == "successful"
        assert paid["processor_response"].startswith("Please enter the OTP")

    def test_answers_the_same_by_id(self, sandbox):
        paid = a_paid(sandbox)

        assert data(ask(sandbox, "GET", f"/transactions/{paid['id']}/verify")) == paid

    @pytest.mark.parametrize(
        "asked", ["1/verify", "nonsense/verify", "9" * 40 + "/verify", "verify_by_reference?tx_ref=x"]
    )
    def test_finds_nothing(self, sandbox, asked):
        assert refusal(ask(sandbox, "GET", f"/transactions/{asked}")) == "No transaction was found for this id"

    def test_answers_for_a_reference_the_newest_success_else_the_newest(self, sandbox):
        open_link(sandbox)
        first = sandbox.pay("flutterwave", "buka-7f3a", how="declined")["transactions"][0]
        assert verified(sandbox)["status"] == "failed"

        open_link(sandbox)
        second = sandbox.pay("flutterwave", "buka-7f3a")["transactions"][0]
        open_link(sandbox)
        third = sandbox.pay("flutterwave", "buka-7f3a", how="declined")["transactions"][0]

        assert int(first["id"]) < int(second["id"]) < int(third["id"])
        assert verified(sandbox)["id"] == int(second["id"])

    def test_lists_with_ids_as_texts(self, sandbox):
        for number in range(11):
            pay(sandbox, payment={"tx_ref": f"buka-{number}"})

        first, second = (said(ask(sandbox, "GET", f"/transactions?page={page}")) for page in (1, 2))

        assert first["meta"] == {"page_info": {"total": 11, "current_page": 1, "total_pages": 2}}
        assert [each["tx_ref"] for each in first["data"]] == [f"buka-{number}" for number in range(10, 0, -1)]
        assert [each["tx_ref"] for each in second["data"]] == ["buka-0"]
        row = second["data"][0]
        assert isinstance(row["id"], str) and row["account_id"] == "20937"
        assert (row["customer_name"], row["customer_email"]) == ("Ada Demo", "payer@example.com")
        assert "token" not in row["card"] and "customer" not in row

    def test_narrows_the_list(self, sandbox):
        pay(sandbox, "declined")
        pay(sandbox, payment={"tx_ref": "other"})
        today = sandbox.clock().date().isoformat()

        def refs(query):
            return [each["tx_ref"] for each in data(ask(sandbox, "GET", f"/transactions?{query}"))]

        assert refs("status=failed") == ["buka-7f3a"]
        assert refs("tx_ref=other") == ["other"]
        assert refs(f"from={today}&to={today}") == ["other", "buka-7f3a"]
        assert refs("from=2020-01-01&to=2020-01-02") == []
        assert refusal(ask(sandbox, "GET", "/transactions?from=yesterday"))

    def test_tells_fees_and_what_happened(self, sandbox):
        paid = a_paid(sandbox)

        fee = data(ask(sandbox, "GET", "/transactions/fee?amount=10000&currency=NGN"))
        events = data(ask(sandbox, "GET", f"/transactions/{paid['id']}/events"))

        assert (fee["charge_amount"], fee["fee"], fee["flutterwave_fee"], fee["currency"]) == (10000, 140, 140, "NGN")
        assert data(ask(sandbox, "GET", "/transactions/fee?amount=1000000"))["fee"] == 2000
        assert [each["action"] for each in events] == ["switched", "successful"]
        assert {"note", "actor", "object", "action", "context", "created_at"} == set(events[0])


class Page:
    """A payer's browser without JavaScript on the hosted page."""

    def __init__(self, sandbox, link):
        self.http, self.path = sandbox.http, urlsplit(link).path
        self.shown = self.http.get(self.path)

    def send(self, **form):
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.shown.text)[1]
        answer = self.http.post(self.path, data={"csrfmiddlewaretoken": token, **form})
        if answer.headers.get("location", "").startswith(("/", "?")):
            answer = self.http.get(answer.headers["location"])
        self.shown = answer if answer.status_code in (200, 400) else self.shown
        return answer


def returned(answer):
    assert answer.status_code == 302, answer.text
    return parse_qsl(urlsplit(answer.headers["location"]).query)


class TestHostedPage:
    def test_takes_a_card_with_pin_and_code_and_sends_the_payer_back(self, sandbox):
        page = Page(sandbox, open_link(sandbox, customizations={"title": "Demo Buka"}))
        assert "Pay ₦2,500.00 to Demo Buka" in page.shown.text

        page.send(do="card", number="5531886652142950")
        assert verified(sandbox)["status"] == "pending"
        page.send(do="answer", answer="3310")
        wrong = page.send(do="answer", answer="00000")
        back = returned(page.send(do="answer", answer="12345"))

        paid = verified(sandbox)
        assert wrong.status_code == 400 and "That is not right" in wrong.text
        assert paid["status"] == "successful"
        assert back == [("status", "successful"), ("tx_ref", "buka-7f3a"), ("transaction_id", str(paid["id"]))]

    @pytest.mark.parametrize(
        ("card", "answers", "auth_model"),
        [
            ("5438898014560229", ["yes", "12345"], "VBVSECURECODE"),
            ("4187427415564246", ["yes", "12345"], "VBVSECURECODE"),
            ("5061460410120223210", ["3310", "12345"], "PIN"),
            ("5061460166976054667", [], "NOAUTH"),
            ("4556052704172643", ["1 Demo Street, Lagos", "12345"], "AVS_VBVSECURECODE"),
        ],
    )
    def test_asks_what_each_published_card_asks(self, sandbox, card, answers, auth_model):
        page = Page(sandbox, open_link(sandbox))

        answer = page.send(do="card", number=card)
        for told in answers:
            answer = page.send(do="answer", answer=told)

        assert ("status", "successful") in returned(answer)
        paid = verified(sandbox)
        assert (paid["card"]["first_6digits"], paid["auth_model"]) == (card[:6], auth_model)

    def test_keeps_no_card_number(self, sandbox):
        page = Page(sandbox, open_link(sandbox))
        page.send(do="card", number="5061460166976054667")

        for file in sandbox.home.rglob("*"):
            if file.is_file():
                assert b"5061460166976054667" not in file.read_bytes(), file

    def test_refuses_a_card_that_is_none_of_the_published_ones(self, sandbox):
        page = Page(sandbox, open_link(sandbox))

        assert page.send(do="card", number="4111111111111111").status_code == 400
        assert data(ask(sandbox, "GET", "/transactions")) == []

    def test_sends_back_without_an_id_who_cancels_and_keeps_the_query_of_the_address(self, sandbox):
        page = Page(sandbox, open_link(sandbox, redirect_url="http://localhost:8000/back?status=mine&x=1"))

        back = returned(page.send(do="cancel"))

        assert back == [("status", "mine"), ("x", "1"), ("status", "cancelled"), ("tx_ref", "buka-7f3a")]
        assert data(ask(sandbox, "GET", "/transactions")) == []
        shown = sandbox.http.get(page.path).text
        assert "This payment was cancelled" in shown and "transaction_id" not in shown
        assert 'href="http://localhost:8000/back?status=mine&amp;x=1&amp;status=cancelled' in shown

    def test_lets_a_payer_try_again_as_often_as_was_agreed(self, sandbox):
        page = Page(sandbox, open_link(sandbox, configuration={"max_retry_attempt": 2}))

        again = page.send(do="card", instrument="insufficient")
        over = returned(page.send(do="card", instrument="insufficient"))

        assert again.status_code == 200
        assert over[0] == ("status", "failed")
        rows = data(ask(sandbox, "GET", "/transactions?tx_ref=buka-7f3a"))
        assert [row["status"] for row in rows] == ["failed", "failed"]
        assert "failed too often" in sandbox.http.get(page.path).text

    @pytest.mark.parametrize("place", [{"session_duration": 10}, {"configuration": {"session_duration": "10"}}])
    def test_closes_when_the_session_is_over(self, sandbox, place):
        page = Page(sandbox, open_link(sandbox, **place))
        sandbox.advance(599)
        assert "<button" in sandbox.http.get(page.path).text.split('<main id="main">')[1]

        sandbox.advance(2)

        assert "This session has expired" in sandbox.http.get(page.path).text
        assert page.send(do="card", instrument="noauth").status_code == 400

    def test_offers_only_what_the_merchant_wants(self, sandbox):
        page = Page(sandbox, open_link(sandbox, payment_options="banktransfer, ussd"))

        assert "Bank transfer" in page.shown.text and "USSD" in page.shown.text
        assert 'name="number"' not in page.shown.text
        assert page.send(do="card", instrument="noauth").status_code == 400

    def test_takes_a_test_account(self, sandbox):
        page = Page(sandbox, open_link(sandbox))

        page.send(do="bank", number="0690000031")
        back = returned(page.send(do="answer", answer="12345"))

        paid = verified(sandbox)
        assert back[0] == ("status", "completed")
        assert (paid["payment_type"], paid["account"]["nuban"]) == ("account", "0690000031")
        assert "card" not in paid

    def test_shows_an_account_for_half_an_hour(self, sandbox):
        page = Page(sandbox, open_link(sandbox))

        page.send(do="transfer")
        first = re.search(r"<code>(99\d{8})</code>", page.shown.text)[1]
        sandbox.advance(29 * 60)
        still = re.search(r"<code>(99\d{8})</code>", sandbox.http.get(page.path).text)[1]
        sandbox.advance(2 * 60)
        over = sandbox.http.get(page.path).text

        assert still == first
        assert "its time is over" in over
        assert verified(sandbox)["account"]["nuban"] == first


class TestTransfersAndUssd:
    @pytest.mark.parametrize(
        ("how", "amount"), [("transfer", 2500), ("transfer_short", 2400), ("transfer_excess", 2600)]
    )
    def test_takes_whatever_sum_is_sent(self, sandbox, how, amount):
        paid_by = pay(sandbox, how)

        paid = verified(sandbox)
        assert (paid["status"], paid["payment_type"]) == ("successful", "bank_transfer")
        assert (paid["amount"], paid["charged_amount"]) == (amount, amount)
        assert "card" not in paid
        assert ("status", "completed") in parse_qsl(urlsplit(paid_by["way_back"]).query)

    def test_takes_a_late_transfer_when_its_time_comes(self, sandbox):
        pay(sandbox, "transfer_late")
        assert verified(sandbox)["status"] == "pending"

        sandbox.advance(30 * 60)
        assert verified(sandbox)["status"] == "pending"
        sandbox.advance(61)

        assert verified(sandbox)["status"] == "successful"

    def test_takes_a_second_payment_that_was_under_way_as_one_of_its_own(self, sandbox):
        pay(sandbox, "transfer_late")
        sandbox.pay("flutterwave", "buka-7f3a", how="card")
        sandbox.advance(32 * 60)

        rows = data(ask(sandbox, "GET", "/transactions?tx_ref=buka-7f3a&status=successful"))
        assert sorted(row["payment_type"] for row in rows) == ["bank_transfer", "card"]

    def test_takes_ussd_now_later_or_never(self, sandbox):
        pay(sandbox, "ussd", payment={"tx_ref": "now"})
        pay(sandbox, "ussd_late", payment={"tx_ref": "later"})
        pay(sandbox, "ussd_never", payment={"tx_ref": "never"})
        assert verified(sandbox, "now")["payment_type"] == "ussd"
        assert [verified(sandbox, ref)["status"] for ref in ("now", "later", "never")] == [
            "successful",
            "pending",
            "pending",
        ]

        sandbox.advance(11 * 60)

        assert [verified(sandbox, ref)["status"] for ref in ("later", "never")] == ["successful", "pending"]


class TestSavedCards:
    def charge(self, sandbox, token, **changes):
        asked = {
            "token": token,
            "email": "payer@example.com",
            "currency": "NGN",
            "country": "NG",
            "amount": 300,
            "tx_ref": "no-show-1",
            "narration": "No-show fee",
            "full_name": "Ada Demo",
        }
        return ask(sandbox, "POST", "/tokenized-charges", asked | changes)

    def test_charges_a_card_without_its_owner(self, sandbox):
        token = a_paid(sandbox)["card"]["token"]

        answer = said(self.charge(sandbox, token))

        assert answer["message"] == "Charge successful"
        charged = answer["data"]
        assert (charged["status"], charged["auth_model"], charged["amount"], charged["app_fee"]) == (
            "successful",
            "noauth",
            300,
            4.2,
        )
        assert charged["card"]["token"] == token
        assert verified(sandbox, "no-show-1")["id"] == charged["id"]

    def test_keeps_one_token_for_a_card(self, sandbox):
        first = a_paid(sandbox, card="pin")["card"]["token"]
        same = a_paid(sandbox, card="pin", payment={"tx_ref": "again"})["card"]["token"]
        other = a_paid(sandbox, card="verve", payment={"tx_ref": "other"})["card"]["token"]

        assert first == same != other

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"email": "else@example.com"}, "Wrong token or email passed"),
            ({"token": "flw-t1nf-nothing-m03k"}, "Wrong token or email passed"),
            ({"token": ""}, "token is required"),
            ({"email": ""}, "email is required"),
            ({"amount": ""}, "amount is required"),
            ({"tx_ref": ""}, "tx_ref is required"),
        ],
    )
    def test_refuses_what_is_not_this_card(self, sandbox, changes, message):
        token = a_paid(sandbox)["card"]["token"]

        assert refusal(self.charge(sandbox, **({"token": token} | changes))) == message
        assert len(data(ask(sandbox, "GET", "/transactions"))) == 1

    def test_forgets_a_card_after_a_year(self, sandbox):
        token = a_paid(sandbox)["card"]["token"]
        sandbox.advance(364 * 86400)
        assert said(self.charge(sandbox, token))

        sandbox.advance(86400)

        assert refusal(self.charge(sandbox, token)) == "Token has expired"

    def test_waits_for_the_owner_when_the_bank_wants_them(self, sandbox):
        token = a_paid(sandbox)["card"]["token"]
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "charge_authorization", "kind": "challenge"})

        answer = said(self.charge(sandbox, token, redirect_url="http://localhost:8000/back"))
        assert answer["data"]["status"] == "pending"
        assert verified(sandbox, "no-show-1")["status"] == "pending"
        page = Page(sandbox, answer["meta"]["authorization"]["redirect"])
        back = returned(page.send(do="answer", answer="yes"))

        assert back[:2] == [("status", "successful"), ("tx_ref", "no-show-1")]
        assert verified(sandbox, "no-show-1")["status"] == "successful"

    def test_fails_when_the_bank_declines(self, sandbox, receiver):
        token = a_paid(sandbox)["card"]["token"]
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "charge_authorization", "kind": "declined"})

        assert data(self.charge(sandbox, token))["status"] == "failed"
        assert [each["data"]["status"] for each in told(receiver, 2)] == ["successful", "failed"]

    def test_moves_a_token_to_another_address(self, sandbox):
        token = a_paid(sandbox)["card"]["token"]

        told = said(ask(sandbox, "PUT", f"/tokens/{token}", {"email": "new@example.com", "first_name": "Bola"}))

        assert told["message"] == "Token details updated"
        assert (told["data"]["customer_email"], told["data"]["customer_full_name"]) == ("new@example.com", "Bola")
        assert refusal(self.charge(sandbox, token))
        assert data(self.charge(sandbox, token, email="new@example.com"))["status"] == "successful"


class TestRefunds:
    def refund(self, sandbox, paid, **asked):
        return ask(sandbox, "POST", f"/transactions/{paid['id']}/refund", asked)

    def test_gives_parts_back_until_nothing_is_left(self, sandbox):
        paid = a_paid(sandbox)

        first = said(self.refund(sandbox, paid, amount="1000.50", comments="Came late", id=paid["id"]))
        assert first["message"] == "Transaction refund initiated"
        assert " ".join(first["data"]) == REFUNDED
        assert first["data"]["flw_ref"].startswith("URF_")
        assert (first["data"]["amount_refunded"], first["data"]["status"]) == (1000.5, "completed")
        assert refusal(self.refund(sandbox, paid, amount=1500))
        assert data(self.refund(sandbox, paid))["amount_refunded"] == 1499.5
        assert refusal(self.refund(sandbox, paid)) == "Transaction has already been fully refunded"

        assert verified(sandbox)["status"] == "successful"
        listed = said(ask(sandbox, "GET", f"/refunds?id={paid['id']}"))
        assert listed["meta"]["page_info"] == {"total": 2, "current_page": 1, "total_pages": 1, "page_size": 20}
        assert [each["amount_refunded"] for each in listed["data"]] == [1499.5, 1000.5]
        assert data(ask(sandbox, "GET", f"/refunds/{first['data']['id']}")) == first["data"]
        assert data(ask(sandbox, "GET", "/refunds?id=1")) == []

    def test_gives_back_only_what_was_paid(self, sandbox):
        pay(sandbox, "declined")

        assert refusal(self.refund(sandbox, verified(sandbox)))
        assert refusal(ask(sandbox, "POST", "/transactions/1/refund", {})) == "No transaction was found for this id"
        assert data(ask(sandbox, "GET", "/refunds")) == []

    def test_holds_the_ceiling_in_a_race(self, sandbox):
        paid = a_paid(sandbox)

        with ThreadPoolExecutor(16) as many:
            answers = list(many.map(lambda _number: self.refund(sandbox, paid, amount=1000), range(16)))

        assert sorted(answer.status_code for answer in answers) == [200, 200] + [400] * 14
        assert sandbox.payments("flutterwave")[0]["refunded_kobo"] == 200_000

    @pytest.mark.parametrize(
        ("kind", "options", "status"),
        [
            ("refund_pending", {}, "processing"),
            ("refund_pending", {"status": "pending-momo"}, "pending-momo"),
            ("refund_needs_attention", {}, "pending-review"),
            ("refund_failed", {}, "failed"),
        ],
    )
    def test_begins_with_the_word_that_a_fault_wants(self, sandbox, kind, options, status):
        paid = a_paid(sandbox)
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "refund", "kind": kind, "options": options})

        assert data(self.refund(sandbox, paid))["status"] == status

    def test_moves_on_and_returns_to_the_merchant_what_failed(self, sandbox):
        paid = a_paid(sandbox)
        sandbox.gateway_faults({"kind": "refund_pending"})
        made = data(self.refund(sandbox, paid))
        sandbox.gateway_faults()
        assert refusal(self.refund(sandbox, paid, amount=1))

        step = f"/flutterwave/api/refunds/{made['id']}/step"
        assert sandbox.http.post(step, json={"to": "failed"}).json()["status"] == "failed"
        again = data(self.refund(sandbox, paid))

        assert again["amount_refunded"] == 2500
        assert sandbox.http.post(step, json={"to": "completed"}).status_code == 400
        assert sandbox.payments("flutterwave")[0]["refunded_kobo"] == 250_000


class TestSplits:
    def make(self, sandbox, **changes):
        asked = {
            "account_bank": "044",
            "account_number": "0690000037",
            "business_name": "Demo Buka",
            "business_mobile": "08000000000",
            "business_email": "buka@example.com",
            "country": "NG",
            "split_type": "percentage",
            "split_value": 0.1,
        }
        return ask(sandbox, "POST", "/subaccounts", asked | changes)

    def test_keeps_subaccounts(self, sandbox):
        made = said(self.make(sandbox))
        assert made["message"] == "Subaccount created"
        made = made["data"]
        assert re.fullmatch(r"RS_[0-9A-F]{32}", made["subaccount_id"])
        assert (made["split_type"], made["split_value"]) == ("percentage", 0.1)
        assert made["bank_name"] == "ACCESS BANK NIGERIA"

        assert refusal(self.make(sandbox)) == "A subaccount with the account number and bank already exists"
        assert refusal(self.make(sandbox, split_value=10)) == "split_value must be less than or equal to 1"
        assert refusal(self.make(sandbox, split_type="flat", split_value=1e12)) == "split_value must be a number"
        assert refusal(self.make(sandbox, account_bank="000"))
        assert refusal(self.make(sandbox, business_name="")) == "business_name is required"
        changed = said(ask(sandbox, "PUT", f"/subaccounts/{made['id']}", {"split_type": "flat", "split_value": "200"}))
        assert (changed["message"], changed["data"]["split_value"]) == ("Subaccount edited", 200)
        assert data(ask(sandbox, "GET", f"/subaccounts/{made['id']}"))["business_name"] == "Demo Buka"
        listed = said(ask(sandbox, "GET", "/subaccounts"))
        assert (listed["meta"]["page_info"]["total"], listed["data"][0]["id"]) == (1, made["id"])
        assert said(ask(sandbox, "DELETE", f"/subaccounts/{made['id']}"))["message"] == "Subaccount deleted"
        assert refusal(ask(sandbox, "GET", f"/subaccounts/{made['id']}"))

    def shares(self, sandbox, *rules):
        pay(sandbox, payment={"subaccounts": list(rules)})
        row = sandbox.http.get("/flutterwave/api/transactions").json()["transactions"][0]
        return row["settled_kobo"], [row["shares_kobo"].get(rule["id"]) for rule in rules]

    @pytest.mark.parametrize(
        ("rule", "share"),
        [
            ({}, 246_237 - 24_624),
            ({"transaction_charge_type": "percentage", "transaction_charge": 0.25}, 246_237 - 61_559),
            ({"transaction_charge_type": "flat", "transaction_charge": 100}, 236_237),
            ({"transaction_charge_type": "flat_subaccount", "transaction_charge": "500.50"}, 50_050),
            ({"transaction_charge_type": "flat_subaccount", "transaction_charge": 9000}, 246_237),
            ({"transaction_charge_type": "flat", "transaction_charge": 9000}, 0),
        ],
    )
    def test_divides_what_is_settled(self, sandbox, rule, share):
        subaccount = data(self.make(sandbox))["subaccount_id"]

        assert self.shares(sandbox, {"id": subaccount, **rule}) == (246_237, [share])

    def test_divides_among_several_by_ratio(self, sandbox):
        one = data(self.make(sandbox, split_value=0))["subaccount_id"]
        two = data(self.make(sandbox, split_value=0, account_number="0690000038"))["subaccount_id"]

        settled, shares = self.shares(
            sandbox, {"id": one, "transaction_split_ratio": 2}, {"id": two, "transaction_split_ratio": "1"}
        )

        assert shares == [164_158, 82_079] and sum(shares) == settled

    def test_settles_what_is_left_for_the_merchant(self, sandbox):
        subaccount = data(self.make(sandbox))["subaccount_id"]
        pay(sandbox, payment={"subaccounts": [{"id": subaccount}]})
        paid = verified(sandbox)
        sandbox.gateway_faults({"kind": "refund_pending"})
        refund = data(ask(sandbox, "POST", f"/transactions/{paid['id']}/refund", {"amount": 100}))

        sandbox.tell("flutterwave", "settlements")

        listed = said(ask(sandbox, "GET", "/settlements"))
        row = listed["data"][0]
        assert (row["gross_amount"], row["app_fee"], row["refund"], row["net_amount"]) == (2500, 37.63, 100, 146.24)
        one = data(ask(sandbox, "GET", f"/settlements/{row['id']}"))
        assert one["transactions"][0]["subaccount_settlement"] == 2216.13
        assert one["meta"] == f"[{paid['id']}]"

        sandbox.tell("flutterwave", f"refunds/{refund['id']}/step", to="failed")
        second = sandbox.tell("flutterwave", "settlements")["settlements"]
        assert [(each["refund"], each["net_amount"]) for each in second] == [(-100, 100)]
        assert sandbox.tell("flutterwave", "settlements")["settlements"] == []


class TestChargebacks:
    def open(self, sandbox, **asked):
        return sandbox.tell("flutterwave", "chargebacks", tx_ref="buka-7f3a", **asked)

    @pytest.mark.parametrize(
        ("action", "status", "disputed"), [("accept", "accepted", 250_000), ("decline", "declined", 0)]
    )
    def test_takes_the_merchants_answer_once(self, sandbox, action, status, disputed):
        paid = a_paid(sandbox)
        made = self.open(sandbox)

        found = said(ask(sandbox, "GET", f"/chargebacks?flw_ref={paid['flw_ref']}"))
        assert (found["message"], found["data"]) == ("Chargebacks fetched", [made])
        assert (made["status"], made["amount"], made["transaction_id"]) == ("initiated", 2500, paid["id"])
        assert refusal(ask(sandbox, "PUT", f"/chargebacks/{made['id']}", {"action": "ignore"}))
        assert data(ask(sandbox, "PUT", f"/chargebacks/{made['id']}", {"action": action}))["status"] == status
        assert refusal(ask(sandbox, "PUT", f"/chargebacks/{made['id']}", {"action": action}))
        assert sandbox.payments("flutterwave")[0]["disputed_kobo"] == disputed

    def test_is_lost_when_nobody_answers(self, sandbox):
        a_paid(sandbox)
        self.open(sandbox, kobo=100_000)

        sandbox.advance(2 * 86400)

        row = data(ask(sandbox, "GET", "/chargebacks"))[0]
        assert (row["status"], row["meta"]["history"][-1]["description"]) == ("lost", "No merchant response")
        assert sandbox.payments("flutterwave")[0]["disputed_kobo"] == 100_000

    def test_holds_the_money_until_the_bank_decides(self, sandbox):
        paid = a_paid(sandbox)
        made = self.open(sandbox)
        ask(sandbox, "PUT", f"/chargebacks/{made['id']}", {"action": "decline"})
        refused = refusal(ask(sandbox, "POST", f"/transactions/{paid['id']}/refund", {}))
        assert refused == "Transaction has a chargeback"

        sandbox.tell("flutterwave", f"chargebacks/{made['id']}/step", to="won")

        assert data(ask(sandbox, "POST", f"/transactions/{paid['id']}/refund", {}))["amount_refunded"] == 2500

    def test_comes_by_a_fault(self, sandbox):
        sandbox.gateway_faults({"gateway": "flutterwave", "kind": "dispute"})

        a_paid(sandbox)

        assert data(ask(sandbox, "GET", "/chargebacks?status=initiated"))[0]["tx_ref"] == "buka-7f3a"


class TestPayouts:
    def test_sends_money_to_an_account_and_tells_of_it(self, sandbox, receiver):
        asked = {"account_bank": "044", "account_number": "0690000040", "amount": 5500, "reference": "payout-1"}

        made = said(ask(sandbox, "POST", "/transfers", asked))
        assert (made["message"], made["data"]["status"], made["data"]["fee"]) == (
            "Transfer Queued Successfully",
            "NEW",
            26.875,
        )
        assert refusal(ask(sandbox, "POST", "/transfers", asked))
        sandbox.advance(31)

        news = told(receiver, 1)[0]
        assert (news["event"], news["event.type"], news["data"]["status"]) == (
            "transfer.completed",
            "Transfer",
            "SUCCESSFUL",
        )
        assert data(ask(sandbox, "GET", f"/transfers/{made['data']['id']}"))["status"] == "SUCCESSFUL"
        assert said(ask(sandbox, "GET", "/transfers"))["meta"]["page_info"]["total"] == 1
        assert data(ask(sandbox, "GET", "/transfers/fee?amount=12500&currency=NGN"))[0]["fee"] == 26.875

    def test_fails_for_an_account_that_there_is_not(self, sandbox):
        asked = {"account_bank": "044", "account_number": "12", "amount": 5500, "reference": "payout-1"}
        made = data(ask(sandbox, "POST", "/transfers", asked))

        sandbox.advance(31)

        assert data(ask(sandbox, "GET", f"/transfers/{made['id']}"))["status"] == "FAILED"

    def test_knows_banks_and_whose_an_account_is(self, sandbox):
        assert {"id", "code", "name"} == set(data(ask(sandbox, "GET", "/banks/NG"))[0])
        asked = {"account_number": "0690000032", "account_bank": "044"}
        told = said(ask(sandbox, "POST", "/accounts/resolve", asked))
        assert told["message"] == "Account details fetched" and told["data"]["account_name"]
        assert refusal(ask(sandbox, "POST", "/accounts/resolve", asked | {"account_number": "1"}))


class TestWebhooks:
    def test_tells_of_a_card_payment(self, sandbox, receiver):
        paid = a_paid(sandbox, card="pin", payment={"customer": {"email": "payer@example.com", "name": "Adé Demo"}})

        news = told(receiver, 1)[0]

        headers, body = receiver.received[0].headers, receiver.received[0].body
        assert headers["verif-hash"] == HASH
        assert headers["content-type"].startswith("application/json")
        assert body == json.dumps(news, ensure_ascii=False, separators=(",", ":")).encode() and "Adé".encode() in body
        assert list(news) == ["event", "data", "meta_data", "event.type"]
        assert (news["event"], news["event.type"]) == ("charge.completed", "CARD_TRANSACTION")
        assert news["meta_data"] == {"order": "7f3a"}
        inner = news["data"]
        assert " ".join(inner) == f"{TOLD} customer card"
        assert "token" not in inner["card"] and inner["card"]["country"] == "NG"
        assert {key: inner[key] for key in TOLD.split()} == {key: paid[key] for key in TOLD.split()}

    def test_tells_of_failures_too(self, sandbox, receiver):
        pay(sandbox, "declined")

        news = told(receiver, 1)[0]["data"]
        assert (news["status"], news["processor_response"]) == ("failed", "Do not honour")

    def test_tells_of_a_transfer_who_sent_it(self, sandbox, receiver):
        pay(sandbox, "transfer_excess")

        news = told(receiver, 1)[0]
        assert news["event.type"] == "BANK_TRANSFER_TRANSACTION"
        assert news["data"]["payment_type"] == "bank_transfer"
        assert set(news["meta_data"]) == {
            "order",
            "originatorname",
            "originatoraccountnumber",
            "bankname",
            "originatoramount",
        }
        assert news["meta_data"]["originatoramount"] == "2600"

    def test_has_the_flat_shape_of_old(self, sandbox, receiver):
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "webhook", "kind": "legacy_shape"})
        paid = a_paid(sandbox)

        news = told(receiver, 1)[0]

        assert "event" not in news and "data" not in news
        assert (news["id"], news["txRef"], news["flwRef"]) == (paid["id"], "buka-7f3a", paid["flw_ref"])
        assert news["orderRef"].startswith("URF_")
        assert (news["amount"], news["charged_amount"], news["appfee"], news["status"]) == (
            2500,
            2500,
            35,
            "successful",
        )
        assert (news["customer"]["fullName"], news["customer"]["email"]) == ("Ada Demo", "payer@example.com")
        assert news["entity"]["card_last4"] == paid["card"]["last_4digits"]
        assert news["event.type"] == "CARD_TRANSACTION"

    def test_tells_of_refunds_only_where_that_is_wanted(self, sandbox, receiver):
        paid = a_paid(sandbox)
        receiver.wait(1)
        made = data(ask(sandbox, "POST", f"/transactions/{paid['id']}/refund", {"amount": 1000, "comments": "Late"}))
        assert len(sandbox.deliveries(gateway="flutterwave")) == 1

        sandbox.http.put("/flutterwave/api/preferences", json={"tells_of_refunds": True}).raise_for_status()
        sandbox.tell("flutterwave", f"refunds/{made['id']}/step", to="completed")

        news = told(receiver, 2)[1]
        assert (news["id"], news["AmountRefunded"], news["status"]) == (made["id"], 1000, "completed")
        assert (news["FlwRef"], news["TransactionId"], news["comments"]) == (made["flw_ref"], paid["id"], "Late")
        assert json.loads(news["meta"]) == {"source": "availablebalance"}
        assert {"destination", "AccountId", "walletId", "createdAt"} <= set(news)

    def test_has_a_self_test(self, sandbox, receiver):
        sandbox.tell("flutterwave", "self-test")

        assert told(receiver, 1)[0]["event"] == "test_assess"

    def test_is_sent_again_on_request(self, sandbox, receiver):
        paid = a_paid(sandbox)

        answer = said(ask(sandbox, "POST", f"/transactions/{paid['id']}/resend-hook", {}))

        assert (answer["message"], answer["data"]) == ("hook sent successfully", "hook sent")
        first, second = told(receiver, 2)
        assert first == second

    @pytest.mark.parametrize("status", [201, 302, 500])
    def test_tries_three_times_more_half_an_hour_apart(self, sandbox, receiver, status):
        receiver.statuses = [status] * 10
        sandbox.turn_clock(is_frozen=True)
        pay(sandbox)
        receiver.wait(1)

        for attempt in (2, 3, 4):
            self.settle(sandbox, attempt - 1)
            sandbox.advance(1799)
            assert len(receiver.received) == attempt - 1
            sandbox.advance(1)
            receiver.wait(attempt)
        self.settle(sandbox, 4)
        sandbox.advance(86400)

        time.sleep(0.6)
        assert len(receiver.received) == 4
        assert sandbox.deliveries(gateway="flutterwave")[0]["state"] == "given_up"

    def settle(self, sandbox, attempts):
        deadline = time.monotonic() + 10
        while sandbox.deliveries(gateway="flutterwave")[0]["attempts"] < attempts:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def test_tries_once_where_the_merchant_wants_no_retries(self, sandbox, receiver):
        sandbox.http.put("/flutterwave/api/preferences", json={"retries_webhooks": False}).raise_for_status()
        receiver.statuses = [500]
        pay(sandbox)
        receiver.wait(1)

        self.settle(sandbox, 1)

        assert sandbox.deliveries(gateway="flutterwave")[0]["state"] == "given_up"

    def test_can_be_spoilt(self, sandbox, receiver):
        def news(kind):
            sandbox.gateway_faults({"gateway": "flutterwave", "route": "webhook", "kind": kind})
            receiver.received.clear()
            paid = a_paid(sandbox, payment={"tx_ref": f"ref-{kind}"})
            receiver.wait(1)
            return paid, receiver.received[0].headers, receiver.received[0].body

        assert "verif-hash" not in news("unsigned")[1]
        assert news("bad_signature")[1]["verif-hash"] != HASH
        assert news("foreign_merchant")[1]["verif-hash"] == keys.FLUTTERWAVE_HASHES["foreign"]
        assert json.loads(news("string_amount")[2])["data"]["amount"] == "2500"
        assert json.loads(news("tampered")[2])["data"]["amount"] == 25000
        paid, _headers, body = news("wrong_mode")
        other = json.loads(body)["data"]["id"]
        assert other != paid["id"]
        assert refusal(ask(sandbox, "GET", f"/transactions/{other}/verify"))


class TestFaults:
    def test_answers_503_although_it_happened(self, sandbox):
        token = a_paid(sandbox)["card"]["token"]
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "charge_authorization", "kind": "error_503"})

        asked = {"token": token, "email": "payer@example.com", "amount": 300, "tx_ref": "no-show-1"}
        answer = ask(sandbox, "POST", "/tokenized-charges", asked)

        assert refusal(answer, 503) == "An error occurred. Please contact support"
        assert verified(sandbox, "no-show-1")["status"] == "successful"

    def test_has_another_shape_for_its_own_faults(self, sandbox):
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "initialize", "kind": "error_500", "times": 1})

        answer = ask(sandbox, "POST", "/payments", payment())

        assert answer.status_code == 500
        assert answer.json()["error_id"].startswith("ERR")
        assert (answer.json()["message"], answer.json()["code"]) == (
            "Application error. Please contact support",
            "app_error",
        )
        assert "status" not in answer.json()
        assert said(ask(sandbox, "POST", "/payments", payment()))

    def test_says_that_there_are_too_many(self, sandbox):
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "verify", "kind": "error_429"})

        assert refusal(ask(sandbox, "GET", "/transactions/1/verify"), 429)

    @pytest.mark.parametrize(
        ("rule", "amount", "currency", "charged"),
        [
            ({"kind": "wrong_amount", "options": {"kobo": 100}}, 1, "NGN", 1),
            ({"kind": "wrong_amount", "options": {"ratio": 0.5}}, 1250, "NGN", 1250),
            ({"kind": "wrong_currency", "options": {"currency": "USD"}}, 2500, "USD", 2500),
            ({"kind": "fee_on_top"}, 2500, "NGN", 2537.63),
        ],
    )
    def test_spoils_the_money(self, sandbox, rule, amount, currency, charged):
        sandbox.gateway_faults({"gateway": "flutterwave", "route": "checkout", **rule})

        paid = a_paid(sandbox)

        assert (paid["amount"], paid["currency"], paid["charged_amount"]) == (amount, currency, charged)

    def test_settles_the_whole_sum_when_the_payer_bears_the_fee(self, sandbox):
        sandbox.gateway_faults({"gateway": "flutterwave", "kind": "fee_on_top"})

        assert a_paid(sandbox)["amount_settled"] == 2500
        line = sandbox.payments("flutterwave")[0]
        assert line["amount_kobo"] - line["fee_kobo"] == 250_000


class TestBooks:
    def test_tells_the_sums_to_the_kobo(self, sandbox):
        paid = a_paid(sandbox)
        pay(sandbox, "declined", payment={"tx_ref": "declined"})
        pay(sandbox, "ussd_never", payment={"tx_ref": "pending"})
        ask(sandbox, "POST", f"/transactions/{paid['id']}/refund", {"amount": 0.01})

        assert sandbox.summary("flutterwave") == [
            {
                "merchant": "flutterwave",
                "mode": "test",
                "currency": "NGN",
                "payments": 3,
                "paid": 1,
                "in_kobo": 250_000,
                "refunded_kobo": 1,
                "fees_kobo": 3_763,
                "disputed_kobo": 0,
            }
        ]

    @pytest.mark.long
    def test_survives_a_restart(self, tmp_path):
        with RunningSandbox(tmp_path / "sandbox") as sandbox:
            paid = a_paid(sandbox)
            refund = data(ask(sandbox, "POST", f"/transactions/{paid['id']}/refund", {"amount": 100}))
            pay(sandbox, "transfer_late", payment={"tx_ref": "late"})
            page = urlsplit(open_link(sandbox, tx_ref="open")).path

            sandbox.stop()
            sandbox.start()

            assert verified(sandbox) == paid
            assert data(ask(sandbox, "GET", f"/refunds/{refund['id']}")) == refund
            assert "Pay ₦2,500.00" in sandbox.http.get(page).text
            assert sandbox.pay("flutterwave", "open")["status"] == "successful"
            sandbox.advance(32 * 60)
            assert verified(sandbox, "late")["status"] == "successful"


class TestPage:
    def test_lists_what_can_be_paid_and_what_was(self, sandbox):
        pay(sandbox, payment={"tx_ref": "<b>bold"})
        open_link(sandbox, tx_ref="waiting")

        page = sandbox.http.get("/flutterwave/")

        assert page.status_code == 200
        assert "&lt;b&gt;bold" in page.text and "<b>bold" not in page.text
        assert re.search(rf'href="{V3}/hosted/pay/flwlnk-[0-9a-f]+"', page.text)
        assert "waiting" not in sandbox.http.get("/flutterwave/?q=bold").text.split("<table>")[1]

    def test_stands_on_the_front_page(self, sandbox):
        assert sandbox.http.get("/").text.count('href="/flutterwave/"') == 2

    def test_refunds_disputes_and_decides_by_form(self, sandbox):
        sandbox.gateway_faults({"kind": "refund_pending"})
        paid = a_paid(sandbox)
        sandbox.http.get("/flutterwave/")
        form = {"csrfmiddlewaretoken": sandbox.http.cookies["sandbox_csrf"]}

        def click(path, **more):
            return sandbox.http.post(f"/flutterwave/api/forms/{path}", data=form | more).status_code

        def numbers(kind):
            page = sandbox.http.get("/flutterwave/").text
            return re.findall(rf"forms/{kind}/(\d+)", page)

        assert click(f"transactions/{paid['id']}/refund", sum="1,000.00") == 302
        assert click(f"transactions/{paid['id']}/refund", sum="9,000.00") == 400
        assert click(f"refunds/{numbers('refunds')[0]}", to="completed") == 302
        assert click(f"transactions/{paid['id']}/chargeback") == 302
        assert click(f"chargebacks/{numbers('chargebacks')[0]}", to="lost") == 302
        assert click(f"transactions/{paid['id']}/hook") == 302
        assert click("settle") == click("self-test") == click("preferences", tells_of_refunds="on") == 302
        assert click("transactions/1/hook") == 400

        line = sandbox.payments("flutterwave")[0]
        assert (line["refunded_kobo"], line["disputed_kobo"]) == (100_000, 150_000)
        assert sandbox.http.get("/flutterwave/api/preferences").json() == {
            "tells_of_refunds": True,
            "retries_webhooks": False,
        }
        assert data(ask(sandbox, "GET", "/settlements"))[0]["chargeback"] == 1500
