"""Paystack as it documents itself and was observed: its interface, its refunds and disputes, its oddities."""

import csv
import io
import json
import re
from datetime import UTC, datetime

import pytest

from sandbox.gateways.keys import PAYSTACK
from sandbox.tests.paying import KEY, call, initialize, paid, refund, verify

LIVE, FOREIGN = PAYSTACK["ours", "live"], PAYSTACK["foreign", "test"]


def said(answer):
    return answer.status_code, answer.json()["message"]


def charge_saved(sandbox, code, reference="buka-2", amount=500_000, **more):
    asked = {"email": "payer@example.com", "amount": amount, "reference": reference, "authorization_code": code}
    return call(sandbox, "POST", "/transaction/charge_authorization", json=asked | more)


class TestKeys:
    @pytest.mark.parametrize("key", ["none", "sk_test_wrong", KEY.replace("sk_", "pk_")])
    def test_are_needed(self, sandbox, key):
        answer = call(sandbox, "GET", "/transaction", key=key)

        assert said(answer) == (401, "Invalid key")
        assert answer.json() == {
            "status": False,
            "message": "Invalid key",
            "meta": {"nextStep": "Ensure that you provide the correct authorization key for the request"},
            "type": "validation_error",
            "code": "invalid_Key",
        }

    def test_keep_test_live_and_others_apart(self, sandbox):
        for key in (KEY, LIVE, FOREIGN):
            initialize(sandbox, key=key).raise_for_status()

        assert [verify(sandbox, key=key)["domain"] for key in (KEY, LIVE, FOREIGN)] == ["test", "live", "test"]
        assert len({verify(sandbox, key=key)["id"] for key in (KEY, LIVE, FOREIGN)}) == 3
        number = verify(sandbox, key=FOREIGN)["id"]
        assert said(call(sandbox, "GET", f"/transaction/{number}")) == (404, "Transaction not found")
        sandbox.pay("paystack", "buka-1", merchant="foreign")
        assert verify(sandbox)["status"] == "abandoned"


class TestInitialize:
    def test_answers_with_the_address_of_the_checkout(self, sandbox):
        answer = initialize(sandbox)

        assert said(answer) == (200, "Authorization URL created")
        data = answer.json()["data"]
        assert set(data) == {"authorization_url", "access_code", "reference"}
        assert data["reference"] == "buka-1"
        assert re.fullmatch(r"[a-z0-9]{15}", data["access_code"])
        assert data["authorization_url"] == f"{sandbox.url}/paystack/checkout/{data['access_code']}"
        assert verify(sandbox)["status"] == "abandoned"

    @pytest.mark.parametrize("amount", [5000, "5000", "5000.00", 5000.0])
    def test_takes_whole_kobo_in_several_spellings(self, sandbox, amount):
        initialize(sandbox, amount=amount).raise_for_status()

        assert verify(sandbox)["amount"] == 5000

    @pytest.mark.parametrize("amount", [4999, 0, -1, "5000.5", 5000.5, "five", "", None, True, [5000], "٥٠٠٠٠", 10**15])
    def test_refuses_other_sums(self, sandbox, amount):
        answer = initialize(sandbox, amount=amount)

        assert said(answer) == (400, "Invalid Amount Sent")
        assert answer.json()["code"] == "invalid_amount"
        assert sandbox.payments("paystack") == []

    @pytest.mark.parametrize(
        ("changes", "message", "code"),
        [
            ({"email": ""}, "Email Address is required", "missing_params"),
            ({"email": "nobody"}, "Invalid Email Address Passed", "invalid_email_address"),
            ({"currency": "GHS"}, "Currency not supported by merchant", "unsupported_currency"),
            ({"reference": "buka_1"}, "Invalid reference. Only -, ., = and alphanumeric characters allowed",
             "invalid_params"),
            ({"channels": ["qr"]}, "No active channel", "no_active_channel"),
            ({"subaccount": "ACCT_none"}, "Subaccount not found", "not_found"),
            ({"split_code": "SPL_none"}, "Split not found", "not_found"),
        ],
    )  # fmt: skip
    def test_says_what_is_wrong(self, sandbox, changes, message, code):
        answer = initialize(sandbox, **changes)

        assert said(answer) == (400, message)
        assert (answer.json()["status"], answer.json()["code"]) == (False, code)
        assert answer.json()["type"] == "validation_error"
        assert answer.json()["meta"]["nextStep"]
        assert sandbox.payments("paystack") == []

    @pytest.mark.parametrize("how", ["card", "declined", "abandoned"])
    def test_takes_a_reference_once_for_ever(self, sandbox, how):
        initialize(sandbox)
        sandbox.pay("paystack", "buka-1", how=how)

        answer = initialize(sandbox)

        assert said(answer) == (400, "Duplicate Transaction Reference")
        assert answer.json()["code"] == "duplicate_reference"

    def test_makes_a_reference_where_none_is_sent(self, sandbox):
        answer = call(sandbox, "POST", "/transaction/initialize", json={"email": "a@example.com", "amount": 5000})

        assert re.fullmatch(r"[a-z0-9]{10,15}", answer.json()["data"]["reference"])

    @pytest.mark.parametrize(
        "sent",
        [
            {"data": {"email": "a@example.com", "amount": "5000", "reference": "buka-1"}},
            # No content type at all, and no content length.
            {"content": b'{"email": "a@example.com", "amount": 5000, "reference": "buka-1", "extra": [1]}'},
            {"content": iter([b'{"email": "a@example.com",', b'"amount": 5000, "reference": "buka-1"}'])},
            {
                "json": {"email": "a@example.com", "amount": 5000, "reference": "buka-1"},
                "headers": {"Idempotency-Key": "k-1"},
            },
        ],
    )
    def test_takes_what_published_clients_send(self, sandbox, sent):
        answer = call(sandbox, "POST", "/transaction/initialize", **sent)

        assert answer.status_code == 200
        assert verify(sandbox)["amount"] == 5000

    @pytest.mark.parametrize(
        "path", ["/transaction/?perPage=50", "//transaction?perPage=50", "/transaction?&perPage=50"]
    )
    def test_takes_addresses_that_published_clients_send(self, sandbox, path):
        answer = sandbox.http.get(f"/paystack{path}", headers={"Authorization": f"Bearer {KEY}"})

        assert said(answer) == (200, "Transactions retrieved")
        assert answer.json()["meta"]["perPage"] == 50

    def test_refuses_what_it_does_not_know(self, sandbox):
        assert said(call(sandbox, "POST", "/transaction/invent")) == (404, "Route not found")
        assert said(call(sandbox, "DELETE", "/refund")) == (404, "Route not found")
        assert call(sandbox, "POST", "/transaction/initialize", content=b"{", headers={
            "Content-Type": "application/json"}).status_code == 400  # fmt: skip

    @pytest.mark.parametrize("odd", ["NaN", '"\\ud800"', "[" * 100_000, "Infinity"])
    def test_refuses_json_that_cannot_be_written_again(self, sandbox, odd):
        sent = f'{{"email": "a@example.com", "amount": 5000, "reference": "buka-1", "metadata": {odd}}}'

        answer = call(
            sandbox, "POST", "/transaction/initialize", content=sent, headers={"Content-Type": "application/json"}
        )

        assert said(answer) == (400, "Invalid JSON")


class TestVerify:
    def test_tells_all_of_a_payment(self, sandbox):
        data = paid(sandbox, metadata={"order": "7f3a"})

        assert data["id"] > 2**31
        assert (data["status"], data["amount"], data["requested_amount"], data["fees"]) == (
            "success", 2_500_000, 2_500_000, 47_500,
        )  # fmt: skip
        assert (data["currency"], data["channel"], data["gateway_response"]) == ("NGN", "card", "Successful")
        assert data["metadata"] == {"order": "7f3a"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", data["paid_at"])
        assert (data["paid_at"], data["created_at"]) == (data["paidAt"], data["createdAt"])
        card = data["authorization"]
        assert re.fullmatch(r"AUTH_[a-z0-9]{10}", card["authorization_code"])
        assert (card["bin"], card["last4"], card["card_type"], card["reusable"]) == ("408408", "4081", "visa ", True)
        assert data["customer"]["email"] == "payer@example.com"
        assert data["customer"]["customer_code"].startswith("CUS_")
        assert (data["plan"], data["split"], data["plan_object"], data["subaccount"]) == (None, {}, {}, {})
        assert data["log"]["success"] is True

    @pytest.mark.parametrize(
        ("amount", "fee"), [(249_999, 3750), (250_000, 13_750), (2_500_000, 47_500), (100_000_000, 200_000)]
    )
    def test_takes_its_fee(self, sandbox, amount, fee):
        assert paid(sandbox, amount=amount)["fees"] == fee

    @pytest.mark.parametrize(
        ("given", "shown"),
        [(None, ""), ('{"order": 1}', {"order": 1}), ("plain", "plain"), ({"order": 1}, {"order": 1})],
    )
    def test_shows_metadata_as_it_came(self, sandbox, given, shown):
        initialize(sandbox, **({} if given is None else {"metadata": given}))

        assert verify(sandbox)["metadata"] == shown

    @pytest.mark.parametrize("value", [0, None, ""])
    def test_shows_odd_metadata_when_told_to(self, sandbox, value):
        initialize(sandbox, metadata={"order": 1})
        sandbox.gateway_faults({"route": "verify", "kind": "odd_metadata", "options": {"value": value}})

        assert verify(sandbox)["metadata"] == value

    def test_does_not_know_another_reference(self, sandbox):
        answer = call(sandbox, "GET", "/transaction/verify/buka-none")

        assert said(answer) == (400, "Transaction reference not found.")
        assert answer.json()["code"] == "transaction_not_found"

    def test_answers_fine_for_money_that_did_not_come(self, sandbox):
        data = paid(sandbox, how="declined")

        assert (data["status"], data["gateway_response"], data["paid_at"], data["fees"]) == (
            "failed", "Declined", None, None,
        )  # fmt: skip


class TestMoneyThatIsOdd:
    @pytest.mark.parametrize(
        ("kind", "options", "amount", "currency"),
        [
            ("wrong_amount", {"kobo": 100}, 100, "NGN"),
            ("wrong_amount", {"ratio": 0.5}, 1_250_000, "NGN"),
            ("wrong_currency", {"currency": "USD"}, 2_500_000, "USD"),
            ("fee_on_top", {}, 2_547_500, "NGN"),
        ],
    )
    def test_comes_in(self, sandbox, receiver, kind, options, amount, currency):
        sandbox.gateway_faults({"gateway": "paystack", "route": "checkout", "kind": kind, "options": options})

        data = paid(sandbox)

        assert (data["status"], data["amount"], data["currency"]) == ("success", amount, currency)
        assert data["requested_amount"] == 2_500_000
        assert receiver.wait(1)[0].json()["data"]["amount"] == amount
        assert sandbox.payments("paystack")[0]["amount_kobo"] == amount

    def test_a_failed_payment_is_not_told_of_unless_a_rule_wants_it(self, sandbox, receiver):
        paid(sandbox, how="declined")
        sandbox.gateway_faults({"kind": "failed_webhook"})
        paid(sandbox, "buka-2", how="declined")

        (got,) = receiver.wait(1)
        assert (got.json()["event"], got.json()["data"]["reference"]) == ("charge.failed", "buka-2")

    def test_a_payment_can_be_disputed_at_once(self, sandbox, receiver):
        sandbox.gateway_faults({"kind": "dispute", "times": 1})
        paid(sandbox)

        receiver.wait(2)
        assert receiver.events() == ["charge.success", "charge.dispute.create"]


class TestCards:
    @pytest.mark.parametrize(
        ("card", "status", "words"),
        [
            ("success", "success", "Successful"),
            ("pin", "success", "Successful"),
            ("pin-otp", "success", "Successful"),
            ("pin-phone-otp", "success", "Successful"),
            ("bank-page", "success", "Successful"),
            ("declined", "failed", "Declined"),
            ("no-token", "failed", "Token Not Generated. Customer Not Registered"),
            ("insufficient-funds", "failed", "Insufficient Funds"),
        ],
    )
    def test_do_what_is_published_of_them(self, sandbox, card, status, words):
        data = paid(sandbox, card=card)

        assert (data["status"], data["gateway_response"]) == (status, words)

    def test_have_one_signature_each_and_a_code_for_each_payment(self, sandbox):
        first, second = (paid(sandbox, f"buka-{number}")["authorization"] for number in range(2))
        other = paid(sandbox, "buka-3", card="pin")["authorization"]
        foreign = paid(sandbox, "buka-4")  # Ours once more.

        assert first["authorization_code"] != second["authorization_code"]
        assert first["signature"] == second["signature"] == foreign["authorization"]["signature"]
        assert first["signature"] != other["signature"]

    def test_may_be_somebody_elses(self, sandbox):
        initialize(sandbox)

        sandbox.pay("paystack", "buka-1", email="Other@example.com")

        assert verify(sandbox)["customer"]["email"] == "other@example.com"

    def test_an_unknown_card_of_a_test_is_named(self, sandbox):
        initialize(sandbox)
        answer = sandbox.http.post("/paystack/api/pay", json={"reference": "buka-1", "card": "gold"})

        assert answer.status_code == 400
        assert "card must be one of success, pin" in answer.json()["error"]


class TestTransfers:
    def test_of_the_exact_sum_pay(self, sandbox, receiver):
        data = paid(sandbox, how="transfer")

        assert (data["status"], data["channel"]) == ("success", "bank_transfer")
        by = receiver.wait(1)[0].json()["data"]["authorization"]
        assert (by["bin"], by["card_type"], by["brand"]) == ("008XXX", "transfer", "Managed Account")
        assert (by["reusable"], by["sender_country"]) == (False, "NG")

    @pytest.mark.parametrize(("how", "sent"), [("transfer_short", "2490000"), ("transfer_excess", "2510000")])
    def test_of_another_sum_are_sent_back(self, sandbox, receiver, how, sent):
        data = paid(sandbox, how=how)

        assert data["status"] == "ongoing"
        got = receiver.wait(1)[0].json()
        assert got["event"] == "bank.transfer.rejected"
        assert got["data"]["bank_transfer"] == {
            "amount": sent,
            "message": "incorrect amount sent",
            "message_type": "INCORRECT_AMOUNT",
            "transaction_id": str(data["id"]),
        }
        assert got["data"]["customer"]["email"] == "payer@example.com"
        # The right sum can still come.
        assert sandbox.pay("paystack", "buka-1", how="transfer")["status"] == "success"

    def test_that_come_late_are_sent_back(self, sandbox, receiver):
        initialize(sandbox)
        answer = sandbox.pay("paystack", "buka-1", how="transfer_late")
        arrives_at = datetime.fromisoformat(answer["arrives_at"])
        assert 30 * 60 < (arrives_at - sandbox.clock()).total_seconds() < 32 * 60
        assert verify(sandbox)["status"] == "ongoing"

        sandbox.advance(32 * 60)

        assert receiver.wait(1)[0].json()["data"]["bank_transfer"]["message_type"] == "EXPIRED_ACCOUNT"
        assert verify(sandbox)["status"] == "abandoned"

    def test_that_come_twice_are_sent_back(self, sandbox, receiver):
        sandbox.advance(0)
        paid(sandbox, how="transfer")
        answer = sandbox.http.post("/paystack/api/pay", json={"reference": "buka-1", "how": "transfer"})

        assert answer.status_code == 400
        assert answer.json()["error"] == "This payment has been made."


class TestUssd:
    def test_pays_when_the_bank_confirms(self, sandbox):
        data = paid(sandbox, how="ussd")

        authorization = data["authorization"]
        assert (data["status"], authorization["channel"], authorization["card_type"], authorization["reusable"]) == (
            "success", "ussd", "offline", False,
        )  # fmt: skip

    def test_may_confirm_late_or_never(self, sandbox):
        paid(sandbox, how="ussd_late")
        paid(sandbox, "buka-2", how="ussd_never")
        assert {verify(sandbox)["status"], verify(sandbox, "buka-2")["status"]} == {"ongoing"}

        sandbox.advance(3600)

        assert (verify(sandbox)["status"], verify(sandbox, "buka-2")["status"]) == ("success", "abandoned")


class TestSavedCards:
    def test_are_charged(self, sandbox, receiver):
        code = paid(sandbox)["authorization"]["authorization_code"]

        answer = charge_saved(sandbox, code)

        assert said(answer) == (200, "Charge attempted")
        data = answer.json()["data"]
        assert (data["status"], data["amount"], data["reference"]) == ("success", 500_000, "buka-2")
        assert data["authorization"]["authorization_code"] == code
        assert receiver.wait(2)[1].json()["data"]["source"]["entry_point"] == "charge_authorization"

    def test_may_be_declined(self, sandbox):
        code = paid(sandbox)["authorization"]["authorization_code"]
        sandbox.gateway_faults({"route": "charge_authorization", "kind": "declined",
                                "options": {"reason": "Insufficient Funds"}})  # fmt: skip

        answer = charge_saved(sandbox, code)

        assert said(answer) == (200, "Charge attempted")
        assert (answer.json()["data"]["status"], answer.json()["data"]["gateway_response"]) == (
            "failed", "Insufficient Funds",
        )  # fmt: skip

    @pytest.mark.parametrize("by", ["fault", "card"])
    @pytest.mark.parametrize(("how", "status"), [("challenge", "success"), ("declined", "failed")])
    def test_may_ask_for_their_owner(self, sandbox, by, how, status):
        code = paid(sandbox, card="success" if by == "fault" else "bank-page")["authorization"]["authorization_code"]
        if by == "fault":
            sandbox.gateway_faults({"route": "charge_authorization", "kind": "challenge"})

        answer = charge_saved(sandbox, code)

        assert said(answer) == (200, "Please, redirect your customer to the authorization url provided")
        data = answer.json()["data"]
        assert data["paused"] is True
        assert data["authorization_url"] == f"{sandbox.url}/paystack/checkout/resume/{data['access_code']}"
        page = sandbox.http.get(data["authorization_url"])
        assert "Your bank asks whether this is you" in page.text
        assert "Choose another way to pay" not in page.text
        assert verify(sandbox, "buka-2")["status"] == "ongoing"
        assert sandbox.pay("paystack", "buka-2", how=how)["status"] == status

    def test_wait_in_a_queue(self, sandbox):
        code = paid(sandbox)["authorization"]["authorization_code"]

        answer = charge_saved(sandbox, code, queue=True)

        assert answer.json()["data"]["status"] == "queued"
        sandbox.advance(61)
        assert verify(sandbox, "buka-2")["status"] == "success"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"email": "other@example.com"}, "Email does not match Authorization code. Please confirm."),
            ({"authorization_code": "AUTH_none"}, "Authorization code is invalid"),
            ({"authorization_code": ""}, "Authorization code is required"),
            ({"reference": "buka-1"}, "Duplicate Transaction Reference"),
            ({"amount": 10}, "Invalid Amount Sent"),
        ],
    )
    def test_are_refused(self, sandbox, changes, message):
        code = paid(sandbox)["authorization"]["authorization_code"]

        answer = charge_saved(sandbox, changes.pop("authorization_code", code), **changes)

        assert said(answer) == (400, message)
        assert len(sandbox.payments("paystack")) == 1

    def test_are_not_made_by_transfers(self, sandbox):
        code = paid(sandbox, how="transfer")["authorization"]["authorization_code"]

        assert said(charge_saved(sandbox, code)) == (400, "Authorization code is not reusable")

    def test_of_another_merchant_are_unknown(self, sandbox):
        initialize(sandbox, key=FOREIGN)
        sandbox.pay("paystack", "buka-1", merchant="foreign")
        code = verify(sandbox, key=FOREIGN)["authorization"]["authorization_code"]

        assert said(charge_saved(sandbox, code)) == (400, "Authorization code is invalid")

    def test_are_forgotten(self, sandbox):
        code = paid(sandbox)["authorization"]["authorization_code"]
        asked = {"authorization_code": code}

        assert said(call(sandbox, "POST", "/customer/authorization/deactivate", json=asked)) == (
            200, "Authorization has been deactivated",
        )  # fmt: skip
        assert said(charge_saved(sandbox, code)) == (400, "Authorization code is invalid")
        again = call(sandbox, "POST", "/customer/authorization/deactivate", json=asked)
        assert said(again) == (404, "Authorization code not found.")

    def test_are_not_debited_in_part(self, sandbox):
        answer = call(sandbox, "POST", "/transaction/partial_debit", json={"amount": 5000})

        assert said(answer) == (400, "merchant is not enabled for Partial Debit")
        assert answer.json()["code"] == "unknown"


class TestDirectCharges:
    def charge(self, sandbox, **channel):
        asked = {"email": "payer@example.com", "amount": 500_000, "reference": "buka-1", **channel}
        return call(sandbox, "POST", "/charge", json=asked)

    def submit(self, sandbox, name, value):
        return call(sandbox, "POST", f"/charge/submit_{name}", json={name: value, "reference": "buka-1"})

    @pytest.mark.parametrize(("minutes", "lives"), [(1, 15), (60, 60), (9999, 480), (None, 30)])
    def test_show_an_account_that_lives_as_long_as_allowed(self, sandbox, minutes, lives):
        now = sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
        until = {} if minutes is None else {
            "account_expires_at": datetime.fromtimestamp(now.timestamp() + minutes * 60, UTC).isoformat()
        }  # fmt: skip

        data = self.charge(sandbox, bank_transfer={"x": 1, **until}).json()["data"]

        assert data["status"] == "pending_bank_transfer"
        assert set(data) == {"status", "reference", "display_text", "account_name", "account_number", "bank",
                             "account_expires_at"}  # fmt: skip
        shown = datetime.fromisoformat(data["account_expires_at"])
        assert (shown - now).total_seconds() == lives * 60
        checked = call(sandbox, "GET", "/charge/buka-1")
        assert said(checked) == (200, "Reference check successful")
        assert checked.json()["data"]["status"] == "pending_bank_transfer"
        assert sandbox.pay("paystack", "buka-1", how="transfer")["status"] == "success"
        assert call(sandbox, "GET", "/charge/buka-1").json()["data"]["status"] == "success"

    def test_show_a_code_to_dial(self, sandbox):
        data = self.charge(sandbox, ussd={"type": "737"}).json()["data"]

        assert data["status"] == "pay_offline"
        assert data["ussd_code"].startswith("*737*")
        assert self.charge(sandbox, ussd={"type": "1"}).status_code == 400

    def test_ask_about_a_bank_account(self, sandbox):
        first = self.charge(sandbox, bank={"code": "057", "account_number": "0000000000"})
        second = self.submit(sandbox, "birthday", "2007-04-15")
        third = self.submit(sandbox, "otp", "123456")

        assert [each.json()["data"]["status"] for each in (first, second, third)] == [
            "send_birthday", "send_otp", "pending",
        ]  # fmt: skip
        assert said(third) == (200, "Charge attempted")
        sandbox.advance(5)
        assert verify(sandbox)["status"] == "success"

    def test_take_a_token_of_kuda_with_the_call(self, sandbox):
        answer = self.charge(sandbox, bank={"code": "50211", "phone": "+2348100000000", "token": "123456"})

        assert answer.json()["data"]["status"] == "pending"

    def test_ask_about_a_card(self, sandbox):
        card = {"number": "5060666666666666666", "cvv": "123", "expiry_month": "12", "expiry_year": "30"}
        first = self.charge(sandbox, card=card)
        second = self.submit(sandbox, "pin", "1234")
        third = self.submit(sandbox, "otp", "123456")

        assert [each.json()["data"]["status"] for each in (first, second, third)] == [
            "send_pin", "send_otp", "success",
        ]  # fmt: skip

    def test_lead_to_a_page_of_the_bank(self, sandbox):
        data = self.charge(sandbox, card={"number": "5192602720584796"}).json()["data"]

        assert data["status"] == "open_url"
        assert "Your bank asks" in sandbox.http.get(data["url"]).text

    def test_say_a_decline_at_a_step_as_an_error(self, sandbox):
        self.charge(sandbox, card={"number": "507850785078507853"})

        answer = self.submit(sandbox, "pin", "0000")

        assert said(answer) == (400, "Charge attempted")
        assert answer.json()["status"] is False
        assert answer.json()["data"]["status"] == "failed"
        assert verify(sandbox)["status"] == "failed"

    def test_a_wrong_answer_can_be_mended_twice(self, sandbox):
        self.charge(sandbox, card={"number": "507850785078507812"})

        answers = [self.submit(sandbox, "pin", "9999") for _attempt in range(3)]

        assert [each.status_code for each in answers] == [200, 200, 400]
        assert answers[0].json()["data"]["status"] == "send_pin"

    def test_know_no_other_reference(self, sandbox):
        assert said(self.submit(sandbox, "pin", "1234")) == (400, "Transaction reference is invalid")
        assert said(call(sandbox, "GET", "/charge/buka-none")) == (400, "Transaction reference is invalid")


class TestLists:
    def test_come_in_pages(self, sandbox):
        for number in range(5):
            initialize(sandbox, f"buka-{number}", amount=10_000 + number)
        sandbox.pay("paystack", "buka-3")

        answer = call(sandbox, "GET", "/transaction", params={"perPage": 2, "page": 2}).json()

        assert answer["message"] == "Transactions retrieved"
        assert [each["reference"] for each in answer["data"]] == ["buka-2", "buka-1"]
        assert answer["meta"] == {
            "total": 5, "total_volume": 10_003, "skipped": 2, "perPage": 2, "page": 2, "pageCount": 3,
        }  # fmt: skip

    def test_come_by_cursor(self, sandbox):
        for number in range(5):
            initialize(sandbox, f"buka-{number}")

        def page(**more):
            asked = {"use_cursor": "true", "perPage": 2, **more}
            answer = call(sandbox, "GET", "/transaction", params=asked).json()
            return [each["reference"] for each in answer["data"]], answer["meta"]

        first, meta = page()
        assert (first, meta["previous"], set(meta)) == (
            ["buka-4", "buka-3"], None, {"next", "previous", "perPage"},
        )  # fmt: skip
        second, meta = page(next=meta["next"])
        assert second == ["buka-2", "buka-1"]
        assert page(previous=meta["previous"])[0] == first
        last, meta = page(next=meta["next"])
        assert (last, meta["next"]) == (["buka-0"], None)

    def test_are_narrowed(self, sandbox):
        sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
        data = paid(sandbox)
        sandbox.advance(86400)
        paid(sandbox, "buka-2", how="declined", email="other@example.com")

        def listed(**narrowed):
            found = call(sandbox, "GET", "/transaction", params=narrowed).json()["data"]
            return [each["reference"] for each in found]

        assert listed() == ["buka-2", "buka-1"]
        assert listed(status="success") == ["buka-1"]
        assert listed(status="failed") == ["buka-2"]
        assert listed(**{"from": "2027-01-02"}) == ["buka-2"]
        assert listed(to="2027-01-01T23:59:59.000Z") == ["buka-1"]
        assert listed(customer=data["customer"]["id"]) == ["buka-1"]
        assert listed(amount=1) == []

    def test_one_is_fetched_by_its_id(self, sandbox):
        data = paid(sandbox)

        answer = call(sandbox, "GET", f"/transaction/{data['id']}")

        assert said(answer) == (200, "Transaction retrieved")
        fetched = answer.json()["data"]
        # Where it came from is told here and in the list only.
        assert fetched.pop("source") == {
            "type": "api", "source": "merchant_api", "entry_point": "transaction_initialize", "identifier": None,
        }  # fmt: skip
        assert fetched.pop("helpdesk_link") is None
        assert fetched == {name: value for name, value in data.items() if name != "source"}

    def test_tell_of_the_way_to_a_payment(self, sandbox):
        data = paid(sandbox, card="pin")

        for wanted in ("buka-1", data["id"]):
            answer = call(sandbox, "GET", f"/transaction/timeline/{wanted}")
            assert said(answer) == (200, "Timeline retrieved")
            assert answer.json()["data"]["success"] is True
            assert answer.json()["data"]["history"][-1]["type"] == "success"
        assert said(call(sandbox, "GET", "/transaction/timeline/none")) == (
            400, "Transaction ID or reference is invalid",
        )  # fmt: skip

    def test_count_all(self, sandbox):
        paid(sandbox)
        paid(sandbox, "buka-2", how="declined")

        answer = call(sandbox, "GET", "/transaction/totals")

        assert said(answer) == (200, "Transaction totals")
        data = answer.json()["data"]
        assert (data["total_transactions"], data["total_volume"]) == (2, 2_500_000)
        assert data["total_volume_by_currency"] == [{"currency": "NGN", "amount": 2_500_000}]

    def test_are_exported(self, sandbox):
        paid(sandbox)

        answer = call(sandbox, "GET", "/transaction/export")

        assert said(answer) == (200, "Export successful")
        rows = list(csv.DictReader(io.StringIO(sandbox.http.get(answer.json()["data"]["path"]).text)))
        assert [(row["reference"], row["amount"]) for row in rows] == [("buka-1", "2500000")]
        assert sandbox.http.get(answer.json()["data"]["path"] + "x").status_code == 404


class TestRefunds:
    def test_are_queued_and_done(self, sandbox, receiver):
        payment = paid(sandbox)
        sandbox.turn_clock(is_frozen=True)

        answer = refund(sandbox, amount=100_000, merchant_note="Table given back", customer_note="Sorry")

        assert said(answer) == (200, "Refund has been queued for processing")
        made = answer.json()["data"]
        assert (made["status"], made["amount"], made["currency"], made["domain"]) == ("pending", 100_000, "NGN", "test")
        assert made["transaction"]["id"] == payment["id"]
        assert (made["deducted_amount"], made["fully_deducted"], made["merchant_note"]) == (
            0, False, "Table given back",
        )  # fmt: skip
        assert self.of(sandbox, made)["transaction"] == payment["id"]

        sandbox.advance(5)

        done = self.of(sandbox, made)
        assert (done["status"], done["fully_deducted"], done["deducted_amount"]) == ("processed", 1, 100_000)
        assert done["refunded_at"]
        # A part given back leaves the payment as it is.
        assert verify(sandbox)["status"] == "success"
        receiver.wait(4)
        assert receiver.events() == ["charge.success", "refund.pending", "refund.processing", "refund.processed"]

    def of(self, sandbox, made):
        answer = call(sandbox, "GET", f"/refund/{made['id']}")
        assert said(answer) == (200, "Refund retrieved")
        return answer.json()["data"]

    def test_tell_little_in_their_webhooks(self, sandbox, receiver):
        paid(sandbox)
        refund(sandbox, amount=100_000)
        sandbox.advance(5)

        pending, processing, processed = (got.json()["data"] for got in receiver.wait(4)[1:])

        assert pending["amount"] == processing["amount"] == processed["amount"] == "100000"
        assert (pending["refund_reference"], processing["refund_reference"]) == (None, None)
        assert processed["refund_reference"]
        assert processed["transaction_reference"] == "buka-1"
        assert "id" not in processed
        assert set(processed["customer"]) == {"first_name", "last_name", "email"}

    def test_tell_their_id_when_told_to(self, sandbox, receiver):
        paid(sandbox)
        sandbox.gateway_faults({"route": "webhook", "kind": "include_refund_id"})
        made = refund(sandbox).json()["data"]
        sandbox.advance(5)

        assert [got.json()["data"]["id"] for got in receiver.wait(4)[1:]] == [str(made["id"])] * 3

    def test_of_all_reverse_the_payment(self, sandbox):
        paid(sandbox)
        refund(sandbox, amount=1_000_000)
        # Without an amount it is what is left.
        made = refund(sandbox).json()["data"]
        sandbox.advance(5)

        assert made["amount"] == 1_500_000
        assert verify(sandbox)["status"] == "reversed"
        answer = refund(sandbox)
        assert said(answer) == (400, "Transaction has been fully reversed")
        assert (answer.json()["code"], answer.json()["type"]) == ("transaction_reversed", "api_error")

    @pytest.mark.parametrize("amount", [2_500_001, 0, -1, "lots", 1.5])
    def test_are_not_of_more_than_came_in(self, sandbox, amount):
        paid(sandbox)

        assert refund(sandbox, amount=amount).status_code == 400
        assert sandbox.payments("paystack")[0]["refunded_kobo"] == 0

    def test_are_not_of_what_was_not_paid_or_is_not_ours(self, sandbox):
        paid(sandbox, how="declined")

        assert refund(sandbox).status_code == 400
        assert said(refund(sandbox, "buka-none")) == (404, "Transaction not found")
        assert said(refund(sandbox, key=FOREIGN)) == (404, "Transaction not found")

    def test_can_be_asked_for_by_the_payments_id(self, sandbox):
        payment = paid(sandbox)

        assert call(sandbox, "POST", "/refund", json={"transaction": payment["id"]}).status_code == 200

    @pytest.mark.parametrize("by", ["rule", "card"])
    def test_may_fail(self, sandbox, receiver, by):
        paid(sandbox, card="success" if by == "rule" else "refund-fails")
        if by == "rule":
            sandbox.gateway_faults({"route": "refund", "kind": "refund_failed"})
        made = refund(sandbox).json()["data"]
        sandbox.advance(5)

        assert self.of(sandbox, made)["status"] == "failed"
        assert verify(sandbox)["status"] == "success"
        receiver.wait(4)
        assert receiver.events()[-1] == "refund.failed"
        assert receiver.received[-1].json()["data"]["amount"] == 2_500_000
        # The money is back and can be given back again.
        assert sandbox.payments("paystack")[0]["refunded_kobo"] == 0
        assert refund(sandbox).status_code == 200

    @pytest.mark.parametrize("by", ["rule", "card"])
    def test_may_need_attention_and_are_tried_again(self, sandbox, receiver, by):
        paid(sandbox, card="success" if by == "rule" else "refund-needs-attention")
        if by == "rule":
            sandbox.gateway_faults({"route": "refund", "kind": "refund_needs_attention"})
        made = refund(sandbox).json()["data"]
        path, details = f"/refund/retry_with_customer_details/{made['id']}", {
            "refund_account_details": {"currency": "NGN", "account_number": "0123456789", "bank_id": "9"}
        }  # fmt: skip
        too_early = call(sandbox, "POST", path, json=details)
        sandbox.advance(5)
        told = receiver.wait(4)[3].json()

        assert said(too_early) == (422, 'Invalid Refund state, refund status should be "needs-attention"')
        assert (told["event"], told["data"]["id"]) == ("refund.needs-attention", str(made["id"]))
        assert call(sandbox, "POST", path, json={}).status_code == 400
        assert call(sandbox, "POST", path, json=details).json()["data"]["status"] == "processing"
        sandbox.advance(5)
        assert self.of(sandbox, made)["status"] == "processed"
        assert verify(sandbox)["status"] == "reversed"

    def test_may_stay_pending_until_somebody_moves_them(self, sandbox):
        paid(sandbox)
        sandbox.gateway_faults({"route": "refund", "kind": "refund_pending"})
        made = refund(sandbox).json()["data"]
        sandbox.advance(30 * 86400)
        assert self.of(sandbox, made)["status"] == "pending"
        step = f"/paystack/api/refunds/{made['id']}/step"

        assert sandbox.http.post(step, json={"to": "processed"}).json()["status"] == "processed"
        refused = sandbox.http.post(step, json={"to": "pending"})
        assert (refused.status_code, refused.json()["error"]) == (
            400, "A refund that is processed can go to: nowhere.",
        )  # fmt: skip

    def test_may_be_refused_for_lack_of_money(self, sandbox):
        paid(sandbox)
        sandbox.gateway_faults({"route": "refund", "kind": "refund_balance_short"})

        answer = refund(sandbox)

        assert answer.status_code == 400
        assert answer.json()["message"].startswith("Insufficient balance to fulfill this refund")
        assert "code" not in answer.json()

    def test_that_run_may_show_in_the_payment(self, sandbox):
        paid(sandbox)
        sandbox.gateway_faults({"kind": "refund_pending"}, {"kind": "reversal_pending"})
        refund(sandbox)

        assert verify(sandbox)["status"] == "reversal-pending"

    def test_are_listed_by_payment(self, sandbox):
        payment = paid(sandbox)
        paid(sandbox, "buka-2")
        refund(sandbox, amount=1000)
        refund(sandbox, amount=2000)
        refund(sandbox, "buka-2")

        for wanted in (payment["id"], "buka-1"):
            answer = call(sandbox, "GET", "/refund", params={"transaction": wanted})
            assert said(answer) == (200, "Refunds retrieved")
            assert [each["amount"] for each in answer.json()["data"]] == [2000, 1000]
        assert call(sandbox, "GET", "/refund").json()["meta"]["total"] == 3
        assert call(sandbox, "GET", "/refund", key=FOREIGN).json()["data"] == []

    def test_can_begin_on_the_dashboard(self, sandbox, receiver):
        paid(sandbox)

        sandbox.http.post("/paystack/api/refunds", json={"reference": "buka-1", "kobo": 700}).raise_for_status()

        assert receiver.wait(2)[1].json()["event"] == "refund.pending"
        assert call(sandbox, "GET", "/refund").json()["data"][0]["amount"] == 700


class TestDisputes:
    def open(self, sandbox, **more):
        return sandbox.http.post("/paystack/api/disputes", json={"reference": "buka-1", **more}).json()

    def test_are_told_reminded_of_and_lost_without_an_answer(self, sandbox, receiver):
        paid(sandbox)
        opened = self.open(sandbox)
        sandbox.advance(25 * 3600)
        sandbox.advance(25 * 3600)

        created, reminded, resolved = (got.json() for got in receiver.wait(4)[1:])
        assert [each["event"] for each in (created, reminded, resolved)] == [
            "charge.dispute.create", "charge.dispute.remind", "charge.dispute.resolve",
        ]  # fmt: skip
        assert (created["data"]["id"], created["data"]["status"]) == (opened["id"], "awaiting-merchant-feedback")
        assert (created["data"]["transaction"]["status"], created["data"]["transaction_reference"]) == ("success", None)
        assert (created["data"]["bin"], created["data"]["last4"]) == ("408408", "4081")
        assert (resolved["data"]["status"], resolved["data"]["resolution"]) == ("resolved", "auto-accepted")
        assert resolved["data"]["transaction"]["status"] == "reversed"
        assert verify(sandbox)["status"] == "reversed"
        assert sandbox.payments("paystack")[0]["disputed_kobo"] == 2_500_000

    def test_are_listed_fetched_and_answered(self, sandbox):
        payment = paid(sandbox)
        number = self.open(sandbox, kobo=1_000_000)["id"]

        assert said(call(sandbox, "GET", "/dispute")) == (200, "Disputes retrieved")
        assert call(sandbox, "GET", "/dispute", params={"status": "resolved"}).json()["data"] == []
        assert call(sandbox, "GET", f"/dispute/{number}").json()["data"]["refund_amount"] == 1_000_000
        assert call(sandbox, "GET", f"/dispute/transaction/{payment['id']}").json()["data"]["id"] == number
        assert call(sandbox, "PUT", f"/dispute/{number}", json={"refund_amount": 500_000}).status_code == 200
        upload = call(sandbox, "GET", f"/dispute/{number}/upload_url").json()["data"]
        assert set(upload) == {"signedUrl", "fileName"}
        missing = call(sandbox, "POST", f"/dispute/{number}/evidence", json={"customer_email": "a@example.com"})
        assert missing.status_code == 400
        given = {"customer_email": "a@example.com", "customer_name": "Ada Demo", "customer_phone": "0803",
                 "service_details": "A table for two"}  # fmt: skip
        assert call(sandbox, "POST", f"/dispute/{number}/evidence", json=given).status_code == 200
        answer = call(sandbox, "PUT", f"/dispute/{number}/resolve", json={
            "resolution": "declined", "message": "They ate", "refund_amount": 0,
            "uploaded_filename": upload["fileName"],
        })  # fmt: skip

        assert said(answer) == (200, "Dispute successfully resolved")
        assert (answer.json()["data"]["status"], answer.json()["data"]["resolution"]) == ("resolved", "declined")
        assert verify(sandbox)["status"] == "success"
        assert sandbox.payments("paystack")[0]["disputed_kobo"] == 0
        assert call(sandbox, "PUT", f"/dispute/{number}", json={"refund_amount": 1}).status_code == 400

    def test_that_are_accepted_cost_what_was_agreed(self, sandbox):
        paid(sandbox)
        number = self.open(sandbox)["id"]

        call(sandbox, "PUT", f"/dispute/{number}/resolve", json={
            "resolution": "merchant-accepted", "message": "Sorry", "refund_amount": 500_000,
            "uploaded_filename": "note.pdf",
        }).raise_for_status()  # fmt: skip

        assert sandbox.payments("paystack")[0]["disputed_kobo"] == 500_000
        assert refund(sandbox).json()["data"]["amount"] == 2_000_000

    @pytest.mark.parametrize(
        ("to", "status", "event"),
        [
            ("auto-accept", "reversed", "resolve"),
            ("merchant-won", "success", "resolve"),
            ("remind", "success", "remind"),
        ],
    )
    def test_can_be_moved_by_a_test(self, sandbox, receiver, to, status, event):
        paid(sandbox)
        number = self.open(sandbox)["id"]

        sandbox.http.post(f"/paystack/api/disputes/{number}/step", json={"to": to}).raise_for_status()

        assert verify(sandbox)["status"] == status
        assert receiver.wait(3)[2].json()["event"] == f"charge.dispute.{event}"
        refused = sandbox.http.post(f"/paystack/api/disputes/{number}/step", json={"to": "vanish"})
        assert refused.status_code == 400

    def test_of_others_are_not_shown(self, sandbox):
        paid(sandbox)
        number = self.open(sandbox)["id"]

        assert said(call(sandbox, "GET", f"/dispute/{number}", key=FOREIGN)) == (404, "Dispute not found")


class TestSharing:
    def subaccount(self, sandbox, percentage=20, **more):
        asked = {"business_name": "Demo Kitchen", "settlement_bank": "058", "account_number": "0123456789",
                 "percentage_charge": percentage, **more}  # fmt: skip
        return call(sandbox, "POST", "/subaccount", json=asked)

    def test_subaccounts_are_made_changed_and_listed(self, sandbox):
        answer = self.subaccount(sandbox)

        assert said(answer) == (201, "Subaccount created")
        data = answer.json()["data"]
        assert data["subaccount_code"].startswith("ACCT_")
        assert (data["settlement_bank"], data["bank"], data["active"], data["settlement_schedule"]) == (
            "Guaranty Trust Bank", 9, True, "AUTO",
        )  # fmt: skip
        for wanted in (data["id"], data["subaccount_code"]):
            changed = call(sandbox, "PUT", f"/subaccount/{wanted}", json={"percentage_charge": 10})
            assert changed.json()["data"]["percentage_charge"] == 10
            assert call(sandbox, "GET", f"/subaccount/{wanted}").json()["data"]["percentage_charge"] == 10
        assert call(sandbox, "GET", "/subaccount").json()["meta"]["total"] == 1
        assert self.subaccount(sandbox, settlement_bank=None, bank_code="057").status_code == 201
        assert self.subaccount(sandbox, settlement_bank="999").status_code == 400
        assert call(sandbox, "GET", "/subaccount", key=FOREIGN).json()["data"] == []

    @pytest.mark.parametrize(
        ("more", "integration", "part"),
        [
            ({}, 500_000 - 47_500, 2_000_000),
            ({"bearer": "subaccount"}, 500_000, 2_000_000 - 47_500),
            ({"transaction_charge": 300_000}, 300_000 - 47_500, 2_200_000),
        ],
    )
    def test_one_subaccount_gets_its_share(self, sandbox, more, integration, part):
        code = self.subaccount(sandbox).json()["data"]["subaccount_code"]

        data = paid(sandbox, subaccount=code, **more)

        split = data["fees_split"]
        assert (split["paystack"], split["integration"], split["subaccount"]) == (47_500, integration, part)
        assert split["paystack"] + split["integration"] + split["subaccount"] == data["amount"]
        assert data["subaccount"]["subaccount_code"] == code

    @pytest.mark.parametrize("bearer", ["account", "subaccount", "all-proportional", "all"])
    @pytest.mark.parametrize("is_inline", [True, False])
    def test_several_get_theirs(self, sandbox, bearer, is_inline):
        codes = [self.subaccount(sandbox).json()["data"]["subaccount_code"] for _number in range(2)]
        split = {
            "type": "percentage",
            "bearer_type": bearer,
            "bearer_subaccount": codes[1],
            "subaccounts": [{"subaccount": codes[0], "share": 60}, {"subaccount": codes[1], "share": 30}],
        }
        if is_inline:
            data = paid(sandbox, split=split)
        else:
            made = call(sandbox, "POST", "/split", json={"name": "Halves", "currency": "NGN", **split})
            assert said(made) == (200, "Split created")
            assert made.json()["data"]["split_code"].startswith("SPL_")
            data = paid(sandbox, split_code=made.json()["data"]["split_code"])

        shares = data["split"]["shares"]
        given = {one["subaccount_code"]: one["amount"] for one in shares["subaccounts"]}
        assert shares["paystack"] + shares["integration"] + sum(given.values()) == data["amount"]
        if bearer == "account":
            assert given == {codes[0]: 1_500_000, codes[1]: 750_000}
        if bearer == "subaccount":
            assert given == {codes[0]: 1_500_000, codes[1]: 750_000 - 47_500}

    def test_splits_are_looked_up_and_changed(self, sandbox):
        first, second = (self.subaccount(sandbox).json()["data"]["subaccount_code"] for _number in range(2))
        asked = {"name": "Halves", "type": "percentage", "currency": "NGN", "bearer_type": "account",
                 "subaccounts": [{"subaccount": first, "share": 50}]}  # fmt: skip
        bad = call(sandbox, "POST", "/split", json=asked | {"bearer_type": "everyone"})
        assert said(bad) == (
            400, "Invalid bearer type : must be one of: subaccount, account, all-proportional or all",
        )  # fmt: skip
        assert bad.json()["code"] == "invalid_params"
        number = call(sandbox, "POST", "/split", json=asked).json()["data"]["id"]

        added = call(sandbox, "POST", f"/split/{number}/subaccount/add", json={"subaccount": second, "share": 20})
        assert added.json()["data"]["total_subaccounts"] == 2
        too_much = call(sandbox, "POST", f"/split/{number}/subaccount/add", json={"subaccount": second, "share": 60})
        assert too_much.status_code == 400
        call(sandbox, "POST", f"/split/{number}/subaccount/remove", json={"subaccount": second}).raise_for_status()
        call(sandbox, "PUT", f"/split/{number}", json={"name": "Half", "active": False}).raise_for_status()

        data = call(sandbox, "GET", f"/split/{number}").json()["data"]
        assert (data["name"], data["active"], data["total_subaccounts"]) == ("Half", False, 1)
        assert call(sandbox, "GET", "/split").json()["meta"]["total"] == 1


class TestPayouts:
    def test_settlements_pay_out_what_came_in(self, sandbox):
        code = call(sandbox, "POST", "/subaccount", json={
            "business_name": "Demo Kitchen", "bank_code": "058", "account_number": "0123456789",
            "percentage_charge": 20,
        }).json()["data"]["subaccount_code"]  # fmt: skip
        paid(sandbox, subaccount=code)
        paid(sandbox, "buka-2", 1_000_000)
        refund(sandbox, "buka-2", amount=100_000)
        assert call(sandbox, "GET", "/settlement").json()["data"] == []

        sandbox.http.post("/paystack/api/settlements", json={}).raise_for_status()

        listed = call(sandbox, "GET", "/settlement")
        assert said(listed) == (200, "Settlements retrieved")
        kitchen, main = listed.json()["data"]
        assert (kitchen["subaccount"]["subaccount_code"], kitchen["effective_amount"]) == (code, 2_000_000)
        fees = 47_500 + 25_000
        assert (main["total_processed"], main["total_fees"], main["deductions"]) == (3_500_000, fees, 100_000)
        assert main["effective_amount"] == 3_500_000 - fees - 2_000_000 - 100_000
        rows = call(sandbox, "GET", f"/settlement/{main['id']}/transactions").json()["data"]
        assert [row["reference"] for row in rows] == ["buka-2", "buka-1"]
        assert sandbox.http.post("/paystack/api/settlements", json={}).json() == {"settlements": []}

    def test_live_settlements_run_by_themselves(self, sandbox):
        sandbox.turn_clock(set="2027-01-01T10:00:00Z", is_frozen=True)
        initialize(sandbox, key=LIVE)
        sandbox.pay("paystack", "buka-1")
        assert call(sandbox, "GET", "/settlement", key=LIVE).json()["data"] == []

        sandbox.advance(86400)

        (row,) = call(sandbox, "GET", "/settlement", key=LIVE).json()["data"]
        assert (row["effective_amount"], row["settlement_date"]) == (2_452_500, "2027-01-02T10:00:00.000Z")

    def test_transfers_leave_the_balance(self, sandbox, receiver):
        paid(sandbox)
        held = call(sandbox, "GET", "/balance").json()["data"][0]["balance"]
        made = call(sandbox, "POST", "/transferrecipient", json={
            "type": "nuban", "name": "Demo Kitchen", "account_number": "0123456789", "bank_code": "058",
            "currency": "NGN",
        })  # fmt: skip
        assert made.status_code == 201
        asked = {"source": "balance", "amount": 1_000_000, "recipient": made.json()["data"]["recipient_code"],
                 "reference": "payout-1", "reason": "Week 1"}  # fmt: skip
        sent = call(sandbox, "POST", "/transfer", json=asked)
        assert sent.json()["data"]["status"] == "pending"
        assert call(sandbox, "POST", "/transfer", json=asked).status_code == 400
        too_much = call(sandbox, "POST", "/transfer", json=asked | {"reference": "payout-2", "amount": 10**9})
        assert too_much.status_code == 400
        sandbox.advance(5)

        told = receiver.wait(2)[1].json()
        assert (held, told["event"]) == (2_452_500, "transfer.success")
        assert (told["data"]["status"], told["data"]["reference"]) == ("success", "payout-1")
        assert told["data"]["recipient"]["details"]["bank_name"] == "Guaranty Trust Bank"
        assert told["data"]["integration"]["is_live"] is False
        assert call(sandbox, "GET", "/balance").json()["data"][0]["balance"] == 1_452_500
        looked_up = call(sandbox, "GET", "/transfer/verify/payout-1")
        assert looked_up.json()["data"]["transfer_code"] == told["data"]["transfer_code"]
        step = f"/paystack/api/transfers/{told['data']['transfer_code']}/step"
        sandbox.http.post(step, json={"to": "reversed"}).raise_for_status()
        assert receiver.wait(3)[2].json()["event"] == "transfer.reversed"
        assert call(sandbox, "GET", "/balance").json()["data"][0]["balance"] == 2_452_500

    def test_banks_and_names_are_looked_up(self, sandbox):
        banks = call(sandbox, "GET", "/bank")
        assert said(banks) == (200, "Banks retrieved")
        assert {"name": "Zenith Bank", "code": "057"}.items() <= banks.json()["data"][-2].items()
        found = call(sandbox, "GET", "/bank/resolve", params={"account_number": "0123456789", "bank_code": "057"})
        assert said(found) == (200, "Account number resolved")
        nobody = call(sandbox, "GET", "/bank/resolve", params={"account_number": "0123456404", "bank_code": "057"})
        assert said(nobody) == (422, "Could not resolve account name. Check parameters or try again.")


class TestPage:
    def submit(self, sandbox, path, **form):
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', sandbox.http.get("/paystack/").text)
        assert token
        return sandbox.http.post(f"/paystack/api/form/{path}", data={"csrfmiddlewaretoken": token[1], **form})

    def test_lists_payments_with_what_can_happen_to_them(self, sandbox):
        access_code = initialize(sandbox).json()["data"]["access_code"]
        page = sandbox.http.get("/paystack/").text
        assert "buka-1" in page
        assert f'href="/paystack/checkout/{access_code}"' in page

        assert self.submit(sandbox, "pay", token=access_code, how="card").status_code == 302
        assert self.submit(sandbox, "disputes", reference="buka-1", merchant="paystack").status_code == 302
        number = call(sandbox, "GET", "/dispute").json()["data"][0]["id"]
        assert self.submit(sandbox, f"disputes/{number}/step", to="merchant-won").status_code == 302
        sandbox.gateway_faults({"kind": "refund_pending"})
        made = refund(sandbox).json()["data"]
        assert self.submit(sandbox, f"refunds/{made['id']}/step", to="needs-attention").status_code == 302
        refused = self.submit(sandbox, f"refunds/{made['id']}/step", to="pending")

        assert (refused.status_code, "can go to" in refused.text) == (400, True)
        page = sandbox.http.get("/paystack/").text
        assert f"Refund {made['id']}: needs-attention" in page
        assert f"Dispute {number}: resolved declined" in page

    def test_finds_a_reference_and_escapes_it(self, sandbox):
        initialize(sandbox)
        initialize(sandbox, "other-2", email="<script>@example.com")

        page = sandbox.http.get("/paystack/", params={"q": "other"}).text

        assert "other-2" in page
        assert "buka-1" not in page
        assert "<script>" not in page

    def test_stands_on_the_front_page(self, sandbox):
        sandbox.gateway_faults({"kind": "slow", "route": "verify"})

        page = sandbox.http.get("/").text

        assert 'href="/paystack/"' in page
        assert "1 rule of what goes wrong" in page

    def test_is_careful_with_numbers_that_are_too_long(self, sandbox):
        for path in (
            "/transaction/99999999999999999999",
            "/refund/99999999999999999999",
            "/dispute/99999999999999999999",
            "/subaccount/99999999999999999999",
            "/settlement/99999999999999999999/transactions",
        ):
            assert call(sandbox, "GET", path).status_code == 404, path
        assert json.loads(call(sandbox, "GET", "/transaction?page=99999999999").text)["data"] == []
