"""Signing in by API, as a browser and as a program, on real PostgreSQL and Redis."""

import re
import time
from typing import Any

import pytest
import time_machine
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import known_devices
from accounts.models import User
from accounts.second_factor.codes import code_now
from accounts.second_factor.services import enrol
from accounts.tests.factories import UserFactory
from accounts.tokens import cookies
from accounts.tokens.models import TokenFamily
from core.audit.models import AuditEvent
from notifications.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "eat-well-tonight"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
APP = {"X-Client": "app"}


@pytest.fixture
def ada() -> User:
    user = UserFactory(email="demo.ada@example.com", name="Demo Ada")
    user.set_password(PASSWORD)
    user.save()
    return user


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/api/auth/{path}", body or {}, content_type="application/json", headers=names)


def log_in(client: Client, **headers: str) -> Any:
    return post(client, "login", {"email": "demo.ada@example.com", "password": PASSWORD}, **headers)


def code_in_last_mail(kind: str) -> str:
    message = Message.objects.filter(kind=kind).latest("pk")
    found = re.search(r"\b[0-9A-Z]{3,4}-[0-9A-Z]{3,4}\b|\b[0-9A-Z]{6,8}\b", message.subject)
    assert found, message.subject
    return found[0]


class TestBrowser:
    def test_gets_cookies_and_no_token_in_the_body(self, client: Client, ada: User) -> None:
        answer = log_in(client)

        assert answer.status_code == 200, answer.content
        assert set(answer.json()) == {"user"}
        access, refresh = answer.cookies[cookies.ACCESS_NAME], answer.cookies[cookies.REFRESH_NAME]
        assert access["httponly"] and refresh["httponly"]
        assert (access["samesite"], refresh["samesite"]) == ("Lax", "Strict")
        assert refresh["path"] == "/api/auth/"
        assert client.get("/api/auth/me").json()["email"] == ada.email

    def test_needs_its_csrf_token_to_change_something(self, ada: User) -> None:
        client = Client(enforce_csrf_checks=True)
        log_in(client)

        answer = post(client, "logout")

        assert answer.status_code == 403
        assert answer.json()["code"] == "csrf_failed"
        assert client.get("/api/auth/me").status_code == 200

        token = client.cookies["csrf"].value
        assert post(client, "logout", X_CSRFToken=token).status_code == 204

    def test_is_refused_from_another_origin(self, client: Client, ada: User) -> None:
        answer = log_in(client, Origin="https://evil.example")

        assert answer.status_code == 403
        assert answer.json()["code"] == "csrf_failed"

    def test_refreshes_by_cookie(self, client: Client, ada: User) -> None:
        log_in(client)
        first = client.cookies[cookies.REFRESH_NAME].value

        answer = post(client, "refresh")

        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()
        assert client.cookies[cookies.REFRESH_NAME].value != first

    def test_logs_out_and_its_access_cookie_opens_nothing(self, client: Client, ada: User) -> None:
        log_in(client)
        kept = client.cookies[cookies.ACCESS_NAME].value

        assert post(client, "logout").status_code == 204

        assert client.get("/api/auth/me").status_code == 401
        assert client.get("/api/auth/me", headers={"Authorization": f"Bearer {kept}"}).status_code == 401
        assert TokenFamily.objects.get().reason == "logged_out"


class TestProgram:
    def test_gets_tokens_and_no_cookies(self, client: Client, ada: User) -> None:
        answer = log_in(client, **APP)

        assert answer.status_code == 200, answer.content
        body = answer.json()
        assert not {cookies.ACCESS_NAME, cookies.REFRESH_NAME, "session"} & set(answer.cookies)
        assert body["token_type"] == "Bearer"
        assert body["expires_in"] == 600
        me = client.get("/api/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"})
        assert me.json()["id"] == str(ada.public_id)

    def test_a_refresh_token_seen_twice_closes_the_family_and_tells_its_owner(self, client: Client, ada: User) -> None:
        held = log_in(client, **APP).json()
        second = post(client, "refresh", {"refresh_token": held["refresh_token"]}).json()

        again = post(client, "refresh", {"refresh_token": held["refresh_token"]})

        assert again.status_code == 401
        assert again.json()["code"] == "account_login_ended"
        for token in (held["access_token"], second["access_token"]):
            assert client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
        assert post(client, "refresh", {"refresh_token": second["refresh_token"]}).status_code == 401
        assert TokenFamily.objects.get().reason == "reused"
        assert Message.objects.filter(kind="account.token_reused", recipient=ada.email).count() == 1
        assert AuditEvent.objects.filter(action="account.token_reused").count() == 1

    def test_the_same_try_again_gets_the_same_successor(self, client: Client, ada: User) -> None:
        held = log_in(client, **APP).json()["refresh_token"]
        key = "11111111-2222-4333-8444-555555555555"

        first = post(client, "refresh", {"refresh_token": held}, Idempotency_Key=key)
        lost = post(client, "refresh", {"refresh_token": held}, Idempotency_Key=key)

        assert (first.status_code, lost.status_code) == (200, 200)
        assert post(client, "refresh", {"refresh_token": lost.json()["refresh_token"]}).status_code == 200
        with time_machine.travel(timezone.now() + timezone.timedelta(seconds=90)):
            late = post(client, "refresh", {"refresh_token": held}, Idempotency_Key=key)
        assert late.status_code == 401

    def test_logs_out_everywhere(self, client: Client, ada: User) -> None:
        here, there = log_in(Client(), **APP).json(), log_in(Client(), **APP).json()

        answer = post(client, "logout", {"everywhere": True}, Authorization=f"Bearer {here['access_token']}")

        assert answer.status_code == 204, answer.content
        for held in (here, there):
            headers = {"Authorization": f"Bearer {held['access_token']}"}
            assert client.get("/api/auth/me", headers=headers).status_code == 401
        assert not TokenFamily.objects.filter(revoked_at__isnull=True).exists()
        assert AuditEvent.objects.filter(action="account.logged_out_everywhere", actor_id=ada.public_id).count() == 1

    def test_lists_and_ends_devices(self, client: Client, ada: User) -> None:
        here, there = log_in(Client(), **APP).json(), log_in(Client(), **APP).json()
        headers = {"Authorization": f"Bearer {here['access_token']}"}

        listed = client.get("/api/auth/sessions", headers=headers).json()["results"]
        other = next(each for each in listed if not each["is_current"])
        answer = client.delete(f"/api/auth/sessions/{other['id']}", headers=headers)

        assert len(listed) == 2
        assert answer.status_code == 204
        gone = {"Authorization": f"Bearer {there['access_token']}"}
        assert client.get("/api/auth/me", headers=gone).status_code == 401
        assert client.get("/api/auth/me", headers=headers).status_code == 200

    def test_a_log_in_that_ran_out_is_no_device(self, client: Client, ada: User) -> None:
        here = log_in(Client(), **APP).json()
        log_in(Client(), **APP)
        headers = {"Authorization": f"Bearer {here['access_token']}"}
        listed = client.get("/api/auth/sessions", headers=headers).json()["results"]
        over = next(each["id"] for each in listed if not each["is_current"])
        TokenFamily.objects.filter(public_id=over).update(expires_at=timezone.now())

        answer = client.delete(f"/api/auth/sessions/{over}", headers=headers)

        assert answer.status_code == 404
        assert TokenFamily.objects.get(public_id=over).revoked_at is None
        left = client.get("/api/auth/sessions", headers=headers).json()["results"]
        assert [each["is_current"] for each in left] == [True]

    def test_another_device_is_ended_by_who_signed_in_just_now(self, client: Client, ada: User) -> None:
        here = log_in(Client(), **APP).json()
        log_in(Client(), **APP)
        headers = {"Authorization": f"Bearer {here['access_token']}"}
        other = TokenFamily.objects.latest("pk")
        with time_machine.travel(time.time() + 400):
            answer = client.delete(f"/api/auth/sessions/{other.public_id}", headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (403, "account_reauthentication_needed")
        other.refresh_from_db()
        assert other.revoked_at is None

    def test_a_log_in_with_a_second_step_is_one_device(self, client: Client, ada: User) -> None:
        enrol(ada, SECRET)
        step = log_in(client, **APP).json()["session_token"]

        held = post(client, "2fa/verify", {"code": code_now(SECRET)}, X_Session_Token=step).json()

        assert TokenFamily.objects.count() == 1
        headers = {"Authorization": f"Bearer {held['access_token']}"}
        assert len(client.get("/api/auth/sessions", headers=headers).json()["results"]) == 1
        assert client.get("/api/auth/me", headers=headers).json()["second_factor"]["passed"]
        assert post(client, "refresh", {"refresh_token": held["refresh_token"]}).status_code == 200

    def test_cannot_end_somebody_elses_device(self, client: Client, ada: User) -> None:
        log_in(Client(), **APP)
        family = TokenFamily.objects.get()
        stranger = UserFactory(email="demo.bola@example.com")
        client.force_login(stranger)

        answer = client.delete(f"/api/auth/sessions/{family.public_id}")

        assert answer.status_code == 404
        family.refresh_from_db()
        assert family.revoked_at is None


class TestRegister:
    def test_by_code_and_nobody_learns_who_has_an_account(self, client: Client, ada: User) -> None:
        fresh = {"email": "demo.new@example.com", "password": "Moin-moin-2026", "name": "Demo New"}
        fresh |= {"accepts_terms": True, "is_adult": True}

        new = post(client, "register", fresh, **APP)
        taken = post(Client(), "register", {**fresh, "email": ada.email}, **APP)

        assert new.status_code == taken.status_code == 202, (new.content, taken.content)
        assert set(new.json()) == set(taken.json())
        assert Message.objects.filter(kind="account.account_already_exists", recipient=ada.email).exists()
        code = code_in_last_mail("account.email_confirmation_signup")
        done = post(client, "email/verify", {"code": code}, X_Session_Token=new.json()["session_token"])
        assert done.status_code == 200, done.content
        assert done.json()["user"]["email_verified"]
        assert done.json()["access_token"]
        # The code proved just now who they are.
        bearer = f"Bearer {done.json()['access_token']}"
        assert post(client, "2fa/setup", Authorization=bearer).status_code == 200


class TestSecondFactor:
    def test_set_up_then_asked_for(self, client: Client, ada: User) -> None:
        log_in(client)
        secret = post(client, "2fa/setup").json()["secret"]
        wrong = post(client, "2fa/confirm", {"code": "000000"})
        done = post(client, "2fa/confirm", {"code": code_now(secret)})

        assert wrong.status_code == 400
        assert done.status_code == 200, done.content
        assert len(done.json()["codes"]) == 10
        assert client.get("/api/auth/me").json()["second_factor"]["passed"]

        elsewhere = Client()
        step = log_in(elsewhere)
        assert step.status_code == 401
        assert step.json()["code"] == "account_second_factor_step"
        replayed = post(elsewhere, "2fa/verify", {"code": code_now(secret)})
        assert replayed.status_code == 400
        by_recovery = post(elsewhere, "2fa/verify", {"code": done.json()["codes"][0]})
        assert by_recovery.status_code == 200, by_recovery.content
        again = Client()
        log_in(again)
        assert post(again, "2fa/verify", {"code": done.json()["codes"][0]}).status_code == 400

    def test_a_browser_gets_no_token_in_the_body(self, client: Client, ada: User) -> None:
        log_in(client)
        secret = post(client, "2fa/setup").json()["secret"]

        done = post(client, "2fa/confirm", {"code": code_now(secret)})

        assert set(done.json()) == {"codes"}

    def test_shown_again_by_a_program_is_in_its_new_tokens(self, client: Client, ada: User) -> None:
        held = log_in(client, **APP).json()["access_token"]
        enrol(ada, SECRET)

        done = post(client, "reauthenticate", {"code": code_now(SECRET)}, Authorization=f"Bearer {held}").json()

        me = client.get("/api/auth/me", headers={"Authorization": f"Bearer {done['access_token']}"}).json()
        assert me["second_factor"]["passed"]

    def test_where_there_is_none_none_is_removed(self, client: Client, ada: User) -> None:
        log_in(client)

        answer = post(client, "2fa/disable")

        assert (answer.status_code, answer.json()["code"]) == (409, "account_second_factor_absent")
        assert not AuditEvent.objects.filter(action="account.factor_removed").exists()
        assert post(Client(), "2fa/disable").status_code == 401

    def test_a_code_counts_once_and_not_from_a_clock_two_minutes_off(self, client: Client, ada: User) -> None:
        enrol(ada, SECRET)
        with time_machine.travel(time.time() + 120):
            late = code_now(SECRET)
        log_in(client, **APP)
        token = log_in(client, **APP).json()["session_token"]

        assert post(client, "2fa/verify", {"code": late}, X_Session_Token=token).status_code == 400
        time.sleep(1.1)
        first = post(client, "2fa/verify", {"code": code_now(SECRET)}, X_Session_Token=token)
        assert first.status_code == 200, first.content
        other = log_in(client, **APP).json()["session_token"]
        assert post(client, "2fa/verify", {"code": code_now(SECRET)}, X_Session_Token=other).status_code == 400


class TestWhoComesBefore:
    def test_a_strangers_password_is_gone_when_the_owner_proves_the_address(self, client: Client, db: None) -> None:
        stranger = {"email": "demo.victim@example.com", "password": "a-strangers-password", "name": "Stranger"}
        post(Client(), "register", {**stranger, "accepts_terms": True, "is_adult": True})

        step = post(client, "code", {"email": stranger["email"]}, **APP).json()["session_token"]
        code = code_in_last_mail("account.login_code")
        owner = post(client, "code/confirm", {"code": code}, X_Session_Token=step)
        taken = post(Client(), "login", {"email": stranger["email"], "password": stranger["password"]})

        assert owner.status_code == 200, owner.content
        assert not owner.json()["user"]["has_password"]
        assert owner.json()["user"]["name"] == ""
        assert taken.status_code == 400

    def test_a_session_by_password_cannot_take_the_second_factor(self, ada: User) -> None:
        owner, thief = Client(), Client()
        held = log_in(thief, **APP).json()["access_token"]
        log_in(owner)
        secret = post(owner, "2fa/setup").json()["secret"]
        post(owner, "2fa/confirm", {"code": code_now(secret)})

        assert thief.get("/api/auth/me", headers={"Authorization": f"Bearer {held}"}).status_code == 401

        enrolled = UserFactory(email="demo.bola@example.com")
        enrol(enrolled, SECRET)
        thief.force_login(enrolled)
        session = thief.session
        session["account_authentication_methods_user"] = str(enrolled.pk)
        session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
        session.save()
        for path in ("2fa/recovery-codes", "2fa/disable"):
            refused = post(thief, path)
            assert refused.status_code == 403, refused.content
            assert refused.json()["ways"] == ["mfa_reauthenticate"]


class TestPassword:
    def test_reset_by_code_logs_out_everything(self, client: Client, ada: User) -> None:
        held = log_in(Client(), **APP).json()
        begun = post(client, "password/reset", {"email": ada.email}, **APP)
        unknown = post(Client(), "password/reset", {"email": "nobody@example.com"}, **APP)

        assert begun.status_code == unknown.status_code == 202, begun.content
        code = code_in_last_mail("account.password_reset_code")
        on = {"X_Session_Token": begun.json()["session_token"]}
        weak = post(client, "password/reset/confirm", {"code": code, "password": "short"}, **on)
        done = post(client, "password/reset/confirm", {"code": code, "password": "suya-and-zobo-26"}, **on)

        assert weak.status_code == 400
        assert done.status_code == 204, done.content
        headers = {"Authorization": f"Bearer {held['access_token']}"}
        assert client.get("/api/auth/me", headers=headers).status_code == 401
        assert log_in(Client()).status_code == 400

    def test_reset_while_logged_in_logs_the_browser_out_as_well(self, client: Client, ada: User) -> None:
        log_in(client)
        begun = post(client, "password/reset", {"email": ada.email})
        code = code_in_last_mail("account.password_reset_code")

        done = post(client, "password/reset/confirm", {"code": code, "password": "suya-and-zobo-26"})

        assert (begun.status_code, begun.json()) == (202, {"next": "password_reset_by_code"})
        assert done.status_code == 204, done.content
        assert not client.cookies[cookies.ACCESS_NAME].value
        assert client.get("/api/auth/me").status_code == 401
        assert TokenFamily.objects.get().reason == "password"
        again = post(client, "login", {"email": ada.email, "password": "suya-and-zobo-26"})
        assert again.status_code == 200, again.content

    def test_reset_while_logged_in_logs_the_program_out_as_well(self, client: Client, ada: User) -> None:
        bearer = {"Authorization": f"Bearer {log_in(client, **APP).json()['access_token']}"}
        begun = post(client, "password/reset", {"email": ada.email}, **bearer)
        code = code_in_last_mail("account.password_reset_code")

        done = post(client, "password/reset/confirm", {"code": code, "password": "suya-and-zobo-26"}, **bearer)

        assert (begun.status_code, begun.json()) == (202, {"next": "password_reset_by_code"})
        assert done.status_code == 204, done.content
        assert client.get("/api/auth/me", headers=bearer).status_code == 401
        assert TokenFamily.objects.get().reason == "password"

    def test_change_keeps_this_device_and_ends_the_others(self, client: Client, ada: User) -> None:
        held = log_in(Client(), **APP).json()
        log_in(client)

        answer = post(client, "password/change", {"current_password": PASSWORD, "new_password": "suya-and-zobo-26"})

        assert answer.status_code == 204, answer.content
        assert client.get("/api/auth/me").status_code == 200
        assert post(client, "refresh").status_code == 200
        headers = {"Authorization": f"Bearer {held['access_token']}"}
        assert client.get("/api/auth/me", headers=headers).status_code == 401

    def test_change_by_a_program_keeps_the_program_in(self, client: Client, ada: User) -> None:
        held = log_in(client, **APP).json()
        bearer = {"Authorization": f"Bearer {held['access_token']}"}

        body = {"current_password": PASSWORD, "new_password": "suya-and-zobo-26"}
        changed = post(client, "password/change", body, **bearer)
        refreshed = post(client, "refresh", {"refresh_token": held["refresh_token"]})

        assert (changed.status_code, refreshed.status_code) == (204, 200), (changed.content, refreshed.content)
        bearer = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
        assert post(client, "2fa/setup", **bearer).status_code == 200

    def test_however_a_phone_is_spelt_its_tries_are_counted_together(self, client: Client, ada: User) -> None:
        ada.phone, ada.phone_verified_at = "+2348031234567", timezone.now()
        ada.save()
        spelt = [
            "08031234567",
            "0803 1234567",
            "0803 123 4567",
            "+2348031234567",
            "+234 803 123 4567",
            "234-803-1234567",
        ]

        answers = [post(Client(), "login", {"phone": each, "password": "wrong-password"}) for each in spelt * 2]

        assert answers[-1].status_code == 429
        assert log_in(Client()).status_code == 429

    def test_wrong_ones_are_limited_and_a_known_device_is_not_locked_out(self, client: Client, ada: User) -> None:
        log_in(client)
        post(client, "logout")
        wrong = {"email": ada.email, "password": "not-the-password"}

        answers = [post(Client(), "login", wrong) for _ in range(7)]

        assert [answer.status_code for answer in answers[:5]] == [400] * 5
        assert answers[-1].status_code == 429
        assert int(answers[-1]["Retry-After"]) > 0
        assert log_in(Client()).status_code == 429
        assert log_in(client).status_code == 200

    def test_a_program_that_knows_the_account_is_not_locked_out_and_no_news(self, client: Client, ada: User) -> None:
        held = log_in(client, **APP).json()["device_token"]
        wrong = {"email": ada.email, "password": "not-the-password"}

        answers = [post(Client(), "login", wrong, **APP) for _ in range(6)]
        known = log_in(client, **APP, X_Device_Token=held)

        assert answers[-1].status_code == 429
        assert log_in(Client(), **APP).status_code == 429
        assert known.status_code == 200, known.content
        assert known.json()["device_token"]
        assert known_devices.NAME not in known.cookies
        assert Message.objects.filter(kind="account.new_device").count() == 1

    def test_a_devices_token_is_nobody_elses_and_ends_with_the_password(self, client: Client, ada: User) -> None:
        held = log_in(client, **APP).json()["device_token"]
        request = RequestFactory().get("/", headers={known_devices.HEADER: held})
        bola = UserFactory(email="demo.bola@example.com")

        assert known_devices.knows(request, ada)
        assert not known_devices.knows(request, bola)
        assert not known_devices.knows(RequestFactory().get("/", headers={known_devices.HEADER: held[:-1]}), ada)
        ada.set_password("suya-and-zobo-26")
        assert not known_devices.knows(request, ada)

    def test_a_browser_gets_no_devices_token_in_the_body(self, client: Client, ada: User) -> None:
        assert "device_token" not in log_in(client).json()
        assert client.cookies[known_devices.NAME]["httponly"]


class TestOddRequests:
    @pytest.mark.parametrize("path", ["register", "login", "refresh", "2fa/verify", "email/verify", "password/reset"])
    @pytest.mark.parametrize("body", [[], "text", 5, {"email": {}, "password": [], "code": {}, "refresh_token": 1.5}])
    def test_are_answered_with_a_clear_4xx(self, client: Client, db: None, path: str, body: Any) -> None:
        import orjson

        answer = client.post(f"/api/auth/{path}", orjson.dumps(body), content_type="application/json")

        assert 400 <= answer.status_code < 500, answer.content
        assert answer.json()["code"]

    def test_a_bad_bearer_is_answered_with_401(self, client: Client, ada: User) -> None:
        answer = post(client, "password/change", {"new_password": "x" * 12}, Authorization="Bearer not-a-token")

        assert answer.status_code == 401
        assert answer.json()["code"] == "token_not_valid"

    def test_form_data_is_refused(self, client: Client, ada: User) -> None:
        answer = client.post("/api/auth/login", {"email": ada.email, "password": PASSWORD})

        assert answer.status_code == 415

    def test_no_code_to_log_in_goes_to_who_is_logged_in(self, client: Client, ada: User) -> None:
        log_in(client)
        bearer = {"Authorization": f"Bearer {log_in(Client(), **APP).json()['access_token']}"}

        answers = [post(client, "code", {"email": ada.email}), post(Client(), "code", {"email": ada.email}, **bearer)]

        assert [answer.status_code for answer in answers] == [409, 409], answers[0].content
        assert {answer.json()["code"] for answer in answers} == {"account_logged_in_already"}
        assert not Message.objects.filter(kind="account.login_code").exists()

    def test_steps_out_of_order(self, client: Client, ada: User) -> None:
        assert post(client, "email/verify", {"code": "ABC123"}).status_code == 409
        assert post(client, "2fa/verify", {"code": "123456"}).status_code == 401
        assert post(client, "password/reset/confirm", {"code": "A", "password": "x" * 12}).status_code == 409
        assert post(client, "code/confirm", {"code": "A"}).status_code == 409
