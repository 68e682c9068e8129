"""The mail server and its pages, from outside: over sockets, as Buka and people use them."""

import smtplib
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from sandbox.testing import RunningSandbox


def a_mail(*, subject: str = "Booked: Iya Eba", to: str = "ada@example.com", message_id: str = "<one@buka.example>"):
    mail = EmailMessage()
    mail["From"] = "Buka <tables@buka.example>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = message_id
    mail.set_content("Your table is booked: http://127.0.0.1:8000/en/bookings/1")
    mail.add_alternative("<html><head></head><body><p>Your <b>table</b> is booked.</p></body></html>", subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="booking.ics")
    return mail


def post(sandbox: RunningSandbox, mail: EmailMessage, *, timeout: float = 5) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, local_hostname="buka.example", timeout=timeout) as server:
        server.send_message(mail)


class TestTakingMail:
    def test_keeps_every_part(self, sandbox):
        post(sandbox, a_mail(subject="Ẹ káàbọ̀ 😀"))

        [mail] = sandbox.mails(to="ADA@example.com")
        assert mail["subject"] == "Ẹ káàbọ̀ 😀"
        assert mail["recipients"] == ["ada@example.com"]
        assert mail["plain"].startswith("Your table is booked")
        assert "<b>table</b>" in mail["html"]
        assert [(part["name"], part["content_type"], part["bytes"]) for part in mail["attachments"]] == [
            ("booking.ics", "text/calendar", 15)
        ]

    def test_keeps_a_mail_that_nobody_can_parse(self, sandbox):
        garbage = (
            b"Subject: =?utf-9?b?////?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe\x80 caf\xe9\r\n"
        )
        with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, local_hostname="buka.example", timeout=5) as server:
            server.sendmail("a@buka.example", ["b@example.com"], garbage)

        [mail] = sandbox.mails(to="b@example.com")
        source = sandbox.http.get(mail["url"] + "raw")
        assert "caf" in mail["plain"]
        assert source.content == garbage
        assert sandbox.http.get(mail["url"]).status_code == 200

    def test_refuses_a_mail_that_is_too_large(self, sandbox):
        mail = a_mail()
        mail.add_attachment(b"x" * 11 * 1024 * 1024, maintype="application", subtype="octet-stream", filename="big")

        with pytest.raises(smtplib.SMTPResponseException) as refusal:
            post(sandbox, mail, timeout=20)

        assert refusal.value.smtp_code == 552
        assert sandbox.mails() == []


class TestFaults:
    def test_reject_refuses_for_good(self, sandbox):
        sandbox.fault("reject")

        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            post(sandbox, a_mail())

        assert refusal.value.recipients["ada@example.com"][0] == 550
        assert sandbox.mails() == []

    def test_temporary_passes_after_the_agreed_times(self, sandbox):
        sandbox.fault("temporary", times=2)

        for _attempt in range(2):
            with pytest.raises(smtplib.SMTPDataError) as refusal:
                post(sandbox, a_mail())
            assert refusal.value.smtp_code == 451
        post(sandbox, a_mail())

        assert len(sandbox.mails()) == 1
        assert sandbox.http.get("/mail/api/faults").json() == {"mode": "none", "delay_seconds": 0, "times": None}

    def test_drop_keeps_the_mail_and_tells_nobody(self, sandbox):
        sandbox.fault("drop", times=1)

        with pytest.raises(smtplib.SMTPServerDisconnected):
            post(sandbox, a_mail())

        assert [mail["outcome"] for mail in sandbox.mails()] == ["dropped"]

    def test_delay_answers_late_and_blocks_nobody_else(self, sandbox):
        sandbox.fault(delay_seconds=2, times=1)
        began = time.monotonic()

        with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, local_hostname="buka.example", timeout=5) as slow:
            slow.ehlo()
            slow.mail("tables@buka.example")
            slow.rcpt("slow@example.com")
            slow.putcmd("data")
            slow.getreply()
            slow.send(b"Subject: slow\r\n\r\nslow\r\n.\r\n")
            post(sandbox, a_mail())
            quick = time.monotonic() - began
            code, _reply = slow.getreply()

        assert code == 250
        assert quick < 1.5 < 2 <= time.monotonic() - began

    @pytest.mark.parametrize(
        "asked",
        [
            b"",
            b"[]",
            b'{"mode": "explode"}',
            b'{"mode": "none", "delay_seconds": -1}',
            b'{"mode": "none", "delay_seconds": 100000}',
            b'{"mode": "none", "times": true}',
            b'{"mode": "none", "when": 1}',
            b'{"mode": ["none"]}',
        ],
    )
    def test_refuses_a_switch_it_does_not_have(self, sandbox, asked):
        answer = sandbox.http.put("/mail/api/faults", content=asked)

        assert answer.status_code == 400
        assert answer.json()["error"]
        assert sandbox.http.get("/mail/api/faults").json()["mode"] == "none"


class TestPages:
    def test_lists_newest_first_and_searches(self, sandbox):
        post(sandbox, a_mail(subject="First", message_id="<1@buka.example>"))
        post(sandbox, a_mail(subject="Second", to="bola@example.com", message_id="<2@buka.example>"))

        everything = sandbox.http.get("/mail/").text
        found = sandbox.http.get("/mail/", params={"q": "BOLA"}).text

        assert 0 < everything.index("Second") < everything.index("First")
        assert "Second" in found
        assert "First" not in found

    def test_reloads_by_itself_only_when_asked(self, sandbox):
        assert 'http-equiv="refresh"' not in sandbox.http.get("/mail/").text
        assert 'http-equiv="refresh"' in sandbox.http.get("/mail/?refresh=on").text

    def test_marks_copies_of_the_same_mail(self, sandbox):
        post(sandbox, a_mail())
        post(sandbox, a_mail())

        assert "same mail, copy 2 of 2" in sandbox.http.get("/mail/").text
        assert [(mail["copy_number"], mail["copies"]) for mail in sandbox.mails()] == [(2, 2), (1, 2)]

    def test_shows_html_where_it_can_do_nothing(self, sandbox):
        mail = a_mail()
        mail.get_payload()[0].get_payload()[1].set_content("<head></head><script>alert(1)</script>", subtype="html")
        post(sandbox, mail)
        [kept] = sandbox.mails()

        page = sandbox.http.get(kept["url"])
        html = sandbox.http.get(kept["url"] + "html")

        assert "alert(1)" not in page.text
        policy = html.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-popups")
        assert "allow-scripts" not in policy
        assert "default-src 'none'" in policy

    def test_escapes_what_mails_say(self, sandbox):
        post(sandbox, a_mail(subject="<script>alert(1)</script>"))
        [mail] = sandbox.mails()

        for page in ("/mail/", mail["url"]):
            assert "<script>alert" not in sandbox.http.get(page).text

    def test_hands_out_attachments_as_downloads(self, sandbox):
        post(sandbox, a_mail())
        [mail] = sandbox.mails()

        file = sandbox.http.get(mail["attachments"][0]["url"])

        assert file.content == b"BEGIN:VCALENDAR"
        assert file.headers["Content-Disposition"] == 'attachment; filename="booking.ics"'
        assert file.headers["X-Content-Type-Options"] == "nosniff"

    def test_deleting_wants_a_token_of_our_own_form(self, sandbox):
        post(sandbox, a_mail())

        refused = sandbox.http.post("/mail/delete")
        sandbox.http.get("/mail/")
        token = sandbox.http.cookies["sandbox_csrf"]
        accepted = sandbox.http.post("/mail/delete", data={"csrfmiddlewaretoken": token})

        assert refused.status_code == 403
        assert accepted.status_code == 302
        assert sandbox.mails() == []

    def test_switches_faults_by_form(self, sandbox):
        sandbox.http.get("/mail/")
        token = sandbox.http.cookies["sandbox_csrf"]
        form = {"csrfmiddlewaretoken": token, "mode": "temporary", "delay_seconds": "1", "times": ""}

        accepted = sandbox.http.post("/mail/faults", data=form)
        refused = sandbox.http.post("/mail/faults", data=form | {"delay_seconds": "a day"})

        assert accepted.status_code == 302
        assert refused.status_code == 400
        assert "must be a whole number from 0 to 120" in refused.text
        assert sandbox.http.get("/mail/api/faults").json() == {"mode": "temporary", "delay_seconds": 1, "times": None}

    def test_answers_only_to_this_machines_names(self, sandbox):
        assert sandbox.http.get("/mail/", headers={"Host": "elsewhere.example"}).status_code == 400

    def test_unknown_mails_are_not_found(self, sandbox):
        for path in ("/mail/999999/", "/mail/999999/html", "/mail/999999/raw", "/mail/999999/attachments/1"):
            assert sandbox.http.get(path).status_code == 404


class TestProcess:
    @pytest.mark.long
    def test_stops_cleanly_and_finds_everything_again(self, tmp_path: Path):
        sandbox = RunningSandbox(tmp_path)
        sandbox.start()
        post(sandbox, a_mail())
        sandbox.fault("temporary")

        code = sandbox.stop()
        sandbox.start()

        assert code == 0
        assert [mail["subject"] for mail in sandbox.mails()] == ["Booked: Iya Eba"]
        assert sandbox.http.get("/mail/api/faults").json()["mode"] == "temporary"
        assert sandbox.stop() == 0
        sandbox.http.close()

    @pytest.mark.long
    @pytest.mark.parametrize(("port", "variable"), [("smtp_port", "EMAIL_PORT"), ("http_port", "SANDBOX_PORT")])
    def test_says_which_port_is_taken(self, sandbox, tmp_path, port, variable):
        second = RunningSandbox(tmp_path)
        setattr(second, port, getattr(sandbox, port))

        with pytest.raises(RuntimeError, match=f"Choose another port with {variable}"):
            second.start()
