"""Africa's Talking as it documents itself, and the pages beside it."""

import threading
import time

import pytest

FORM = {"username": "sandbox", "to": "+2348031234567", "message": "123456 is your code"}
KEY = {"apiKey": "sandbox-key", "Accept": "application/json"}


def send(sandbox, headers=KEY, **changes):
    return sandbox.http.post("/sms/version1/messaging", data=FORM | changes, headers=headers)


class TestTakingMessages:
    def test_answers_for_each_number_in_its_own_format(self, sandbox):
        answer = send(sandbox, to="+2348031234567,+2348020000001,12")

        assert answer.status_code == 201
        said = answer.json()["SMSMessageData"]
        assert said["Message"] == "Sent to 2/3 Total Cost: NGN 4.4000"
        assert [(each["number"], each["statusCode"], each["status"]) for each in said["Recipients"]] == [
            ("+2348031234567", 101, "Success"),
            ("+2348020000001", 101, "Success"),
            ("12", 403, "InvalidPhoneNumber"),
        ]
        assert [text["to"] for text in sandbox.texts()] == ["+2348020000001", "+2348031234567"]
        assert sandbox.texts()[0]["message_id"] == said["Recipients"][1]["messageId"]

    @pytest.mark.parametrize(
        ("headers", "changes"),
        [({}, {}), ({"apiKey": "wrong"}, {}), (KEY, {"username": "somebody"})],
    )
    def test_refuses_a_wrong_log_in(self, sandbox, headers, changes):
        answer = send(sandbox, headers=headers, **changes)

        assert (answer.status_code, answer.text) == (401, "The supplied authentication is invalid")
        assert sandbox.texts() == []

    @pytest.mark.parametrize("missing", ["to", "message"])
    def test_says_what_is_missing(self, sandbox, missing):
        answer = send(sandbox, **{missing: ""})

        assert (answer.status_code, answer.text) == (400, f"Must have {missing} in your request")

    def test_refuses_a_sender_that_nobody_registered(self, sandbox):
        answer = send(sandbox, **{"from": "much too long a name"})

        assert answer.json()["SMSMessageData"] == {"Message": "InvalidSenderId", "Recipients": []}
        assert sandbox.texts() == []

    @pytest.mark.parametrize(
        ("words", "parts"),
        [("a" * 160, 1), ("a" * 161, 2), ("ẹ" * 70, 1), ("ẹ" * 71, 2), ("€" * 80, 1), ("€" * 81, 2)],
    )
    def test_counts_parts_as_networks_do(self, sandbox, words, parts):
        send(sandbox, message=words)

        assert sandbox.texts()[0]["parts"] == parts


class TestFaults:
    @pytest.mark.parametrize(
        ("mode", "code"),
        [("invalid_number", 403), ("blacklisted", 406), ("no_balance", 405), ("do_not_disturb", 409), ("gateway", 501)],
    )
    def test_refuses_a_number(self, sandbox, mode, code):
        sandbox.spoil("sms", mode, times=1)

        refused = send(sandbox).json()["SMSMessageData"]["Recipients"][0]
        taken = send(sandbox).json()["SMSMessageData"]["Recipients"][0]

        assert (refused["statusCode"], taken["statusCode"]) == (code, 101)
        assert len(sandbox.texts()) == 1

    @pytest.mark.parametrize(
        ("mode", "status", "kept"), [("unauthorised", 401, 0), ("down", 503, 0), ("lost", 502, 1), ("garbage", 201, 1)]
    )
    def test_answers_with_an_error(self, sandbox, mode, status, kept):
        sandbox.spoil("sms", mode)

        assert send(sandbox).status_code == status
        assert len(sandbox.texts()) == kept

    def test_a_late_answer_blocks_nobody_else(self, sandbox):
        sandbox.spoil("sms", delay_seconds=2, times=1)
        slow = threading.Thread(target=send, args=[sandbox])
        slow.start()
        time.sleep(0.3)
        began = time.monotonic()

        send(sandbox)

        assert time.monotonic() - began < 1.5
        slow.join(10)
        assert len(sandbox.texts()) == 2


class TestPages:
    def test_lists_newest_first_and_finds_a_number_in_any_spelling(self, sandbox):
        send(sandbox, message="First")
        send(sandbox, message="Second", to="+2348020000001")

        everything = sandbox.http.get("/sms/").text
        found = sandbox.http.get("/sms/", params={"q": "0802 000 0001"}).text

        assert 0 < everything.index("Second") < everything.index("First")
        assert "Second" in found
        assert "First" not in found

    def test_escapes_what_messages_say(self, sandbox):
        send(sandbox, message="<script>alert(1)</script>")

        assert "<script>alert" not in sandbox.http.get("/sms/").text

    def test_switches_faults_and_empties_the_box_by_form(self, sandbox):
        send(sandbox)
        sandbox.http.get("/sms/")
        form = {"csrfmiddlewaretoken": sandbox.http.cookies["sandbox_csrf"]}

        switched = sandbox.http.post("/sms/faults", data=form | {"mode": "down", "delay_seconds": "0", "times": ""})
        refused = sandbox.http.post("/sms/faults", data=form | {"mode": "explode"})
        emptied = sandbox.http.post("/sms/delete", data=form)

        assert (switched.status_code, refused.status_code, emptied.status_code) == (302, 400, 302)
        assert sandbox.http.get("/sms/api/faults").json()["mode"] == "down"
        assert sandbox.texts() == []

    def test_stands_on_the_front_page(self, sandbox):
        sandbox.spoil("sms", "down")

        page = sandbox.http.get("/").text

        for path in ("/sms/", "/authenticator/", "/openid/google/", "/openid/facebook/"):
            assert f'href="{path}"' in page
        assert page.count("A fault is switched on") == 1
