"""Africa's Talking as it documents itself, and the pages beside it."""

import re
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


ACCOUNT = f"AC{'0' * 32}"
MESSAGES = f"/sms/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def by_twilio(sandbox, auth=(ACCOUNT, "sandbox-token"), **changes):
    form = {"To": "+2348031234567", "Body": "123456 is your code", "From": "Buka"}
    return sandbox.http.post(MESSAGES, data=form | changes, auth=auth)


class TestTwilio:
    def test_takes_a_message_and_lists_it(self, sandbox):
        send(sandbox, message="By the other network")
        answer = by_twilio(sandbox)

        assert answer.status_code == 201
        made = answer.json()
        assert (made["status"], made["to"], made["from"], made["num_segments"]) == (
            "queued",
            "+2348031234567",
            "Buka",
            "1",
        )
        listed = sandbox.http.get(
            MESSAGES, params={"To": "+2348031234567", "PageSize": 20}, auth=(ACCOUNT, "sandbox-token")
        ).json()["messages"]
        assert [each["sid"] for each in listed] == [made["sid"]]
        assert [text["network"] for text in sandbox.texts()] == ["twilio", "africastalking"]

    @pytest.mark.parametrize(
        ("asked", "size"),
        [("9" * 5000, 1000), ("1001", 1000), ("0", 1), ("-5", 50), ("x", 50), ("20", 20)],
        ids=["monstrous", "too large", "nothing", "negative", "no number", "usual"],
    )
    def test_lists_at_most_a_thousand(self, sandbox, asked, size):
        by_twilio(sandbox)

        answer = sandbox.http.get(MESSAGES, params={"PageSize": asked}, auth=(ACCOUNT, "sandbox-token"))

        assert (answer.status_code, answer.json()["page_size"], len(answer.json()["messages"])) == (200, size, 1)

    @pytest.mark.parametrize("auth", [None, (ACCOUNT, "wrong"), ("AC1", "sandbox-token")])
    def test_refuses_a_wrong_log_in(self, sandbox, auth):
        answer = by_twilio(sandbox, auth=auth)

        assert (answer.status_code, answer.json()["code"]) == (401, 20003)
        assert sandbox.texts() == []

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"To": ""}, 21604),
            ({"To": "0803"}, 21211),
            ({"Body": ""}, 21602),
            ({"Body": "a" * 1601}, 21617),
            ({"From": ""}, 21603),
            ({"From": "much too long a name"}, 21606),
            ({"MessagingServiceSid": "MG1"}, 21606),
        ],
    )
    def test_says_what_is_wrong(self, sandbox, changes, code):
        answer = by_twilio(sandbox, **changes)

        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert sandbox.texts() == []

    @pytest.mark.parametrize(
        ("mode", "status", "kept"),
        [("opted_out", 400, 0), ("busy", 429, 0), ("down", 503, 0), ("lost", 500, 1), ("garbage", 201, 1)],
    )
    def test_has_faults_of_its_own(self, sandbox, mode, status, kept):
        sandbox.spoil("twilio", mode, times=1)

        assert by_twilio(sandbox).status_code == status
        assert len(sandbox.texts()) == kept
        assert send(sandbox).status_code == 201


class TestPages:
    def test_shows_both_networks_and_a_switch_for_each(self, sandbox):
        send(sandbox)
        by_twilio(sandbox)

        page = sandbox.http.get("/sms/").text

        assert "by Twilio" in page and "by Africa’s Talking" in page
        assert "Faults of Twilio" in page and "Faults of Africa’s Talking" in page
        assert len(re.findall(r'id="delay-(?:sms|twilio)"', page)) == 2

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
