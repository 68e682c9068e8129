"""Google and Facebook as they document themselves: a log-in from outside, step by step, and what they refuse."""

import base64
import hashlib
import hmac
import re
import secrets
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from sandbox.testing import RunningSandbox

GOOGLE = "buka-sandbox.apps.googleusercontent.com"
FACEBOOK = "100000000000001"
BACK = "http://127.0.0.1:8000/account/google/login/callback/"
AUTHORIZE = {"google": "/openid/google/o/oauth2/v2/auth", "facebook": "/openid/facebook/v23.0/dialog/oauth"}
VERIFIER = secrets.token_urlsafe(64)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def ask(sandbox, service="google", **changes) -> httpx.Response:
    asked = {
        "client_id": GOOGLE if service == "google" else FACEBOOK,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "openid email profile",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return sandbox.http.get(AUTHORIZE[service], params={k: v for k, v in (asked | changes).items() if v})


def agree(sandbox, page: httpx.Response, **form) -> dict[str, str]:
    """Send the consent form, and return what the app is sent back with."""
    signed = re.search(r'name="asked" value="([^"]+)"', page.text)
    assert signed is not None
    data = {"csrfmiddlewaretoken": sandbox.http.cookies["sandbox_csrf"], "asked": signed[1], "person": "ada"} | form
    answer = sandbox.http.post(page.url.path, data=data)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(BACK)
    return {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchange(sandbox, code: str, service="google", **changes) -> httpx.Response:
    data = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "client_id": GOOGLE if service == "google" else FACEBOOK,
        "client_secret": "sandbox-secret",
        "code_verifier": VERIFIER,
    } | changes
    path = "/openid/google/token" if service == "google" else "/openid/facebook/v23.0/oauth/access_token"
    return sandbox.http.post(path, data=data)


def read(sandbox, token: str) -> dict:
    keys = sandbox.http.get("/openid/google/oauth2/v3/certs").json()["keys"]
    return jwt.decode(token, jwt.PyJWK(keys[0]).key, algorithms=["RS256"], audience=GOOGLE)


class TestGoogle:
    def test_a_log_in_gives_a_signed_token_about_the_person(self, sandbox):
        back = agree(sandbox, ask(sandbox))
        given = exchange(sandbox, back["code"]).json()

        said = read(sandbox, given["id_token"])
        info = sandbox.http.get(
            "/openid/google/v1/userinfo", headers={"Authorization": f"Bearer {given['access_token']}"}
        )
        assert back["state"] == "the-state"
        assert said["iss"] == "https://accounts.google.com"
        assert (said["nonce"], said["email"], said["email_verified"]) == ("the-nonce", "ada.obi@example.com", True)
        assert info.json()["sub"] == said["sub"]
        assert (given["token_type"], given["expires_in"]) == ("Bearer", 3599)

    def test_a_code_is_good_once_and_its_copy_takes_back_what_it_gave(self, sandbox):
        back = agree(sandbox, ask(sandbox))
        given = exchange(sandbox, back["code"]).json()

        again = exchange(sandbox, back["code"])

        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        bearer = {"Authorization": f"Bearer {given['access_token']}"}
        assert sandbox.http.get("/openid/google/v1/userinfo", headers=bearer).status_code == 401

    @pytest.mark.parametrize(
        ("changes", "status", "error"),
        [
            ({"code_verifier": "x" * 64}, 400, "invalid_grant"),
            ({"code_verifier": ""}, 400, "invalid_grant"),
            ({"redirect_uri": BACK + "?x=1"}, 400, "invalid_grant"),
            ({"code": "4/made-up"}, 400, "invalid_grant"),
            ({"client_secret": "wrong"}, 401, "invalid_client"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ],
    )
    def test_refuses_an_exchange_that_does_not_fit(self, sandbox, changes, status, error):
        back = agree(sandbox, ask(sandbox))

        answer = exchange(sandbox, **{"code": back["code"]} | changes)

        assert (answer.status_code, answer.json()["error"]) == (status, error)

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "somebody-else"},
            {"redirect_uri": "https://evil.example/back"},
            {"redirect_uri": "javascript:alert(1)"},
            {"response_type": "token"},
            {"scope": "email"},
            {"code_challenge_method": "plain"},
        ],
    )
    def test_sends_nobody_to_an_app_that_asks_wrongly(self, sandbox, changes):
        page = ask(sandbox, **changes)

        assert page.status_code == 400
        assert "Access blocked" in page.text

    def test_a_form_that_was_not_shown_is_refused(self, sandbox):
        page = ask(sandbox)
        form = {"csrfmiddlewaretoken": sandbox.http.cookies["sandbox_csrf"], "asked": "made:up", "person": "ada"}

        assert sandbox.http.post(page.url.path, data=form).status_code == 400

    def test_the_form_may_lead_back_to_the_app_and_nowhere_else(self, sandbox):
        policy = ask(sandbox).headers["Content-Security-Policy"]

        assert "form-action 'self' http://127.0.0.1:8000;" in policy

    def test_saying_no_is_told(self, sandbox):
        assert agree(sandbox, ask(sandbox), answer="no") == {"error": "access_denied", "state": "the-state"}

    def test_somebody_of_ones_own_making_is_the_same_person_next_time(self, sandbox):
        own = {"person": "", "name": "Ngozi", "email": "Ngozi@example.com"}

        said = [
            read(sandbox, exchange(sandbox, agree(sandbox, ask(sandbox), **own)["code"]).json()["id_token"])
            for _time in range(2)
        ]

        assert said[0]["sub"] == said[1]["sub"]
        assert said[0]["email_verified"] is False

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("wrong_aud", jwt.InvalidAudienceError),
            ("expired", jwt.ExpiredSignatureError),
            ("alg_none", jwt.InvalidAlgorithmError),
            ("alg_hs256", jwt.InvalidAlgorithmError),
            ("tampered", jwt.InvalidSignatureError),
        ],
    )
    def test_spoils_a_token_as_it_was_told(self, sandbox, fault, error):
        sandbox.spoil("google", fault, times=1)
        token = exchange(sandbox, agree(sandbox, ask(sandbox))["code"]).json()["id_token"]

        with pytest.raises(error):
            read(sandbox, token)

        assert read(sandbox, exchange(sandbox, agree(sandbox, ask(sandbox))["code"]).json()["id_token"])

    @pytest.mark.parametrize(
        ("fault", "changed"),
        [
            ("wrong_nonce", {"nonce": "of-another-log-in"}),
            ("wrong_issuer", {"iss": "https://accounts.example.com"}),
            ("no_email", {"email": None, "email_verified": None}),
            ("unverified_email", {"email_verified": False}),
            ("other_email", {"email": "new.ada.obi@example.com"}),
        ],
    )
    def test_says_something_else_as_it_was_told(self, sandbox, fault, changed):
        sandbox.spoil("google", fault, times=1)

        said = read(sandbox, exchange(sandbox, agree(sandbox, ask(sandbox))["code"]).json()["id_token"])

        assert {name: said.get(name) for name in changed} == changed

    def test_a_revoked_token_opens_nothing(self, sandbox):
        given = sandbox.tokens("google", person="ada")

        about = sandbox.http.get("/openid/google/tokeninfo", params={"access_token": given["access_token"]})
        revoked = sandbox.http.post("/openid/google/revoke", data={"token": given["access_token"]})
        after = sandbox.http.get("/openid/google/tokeninfo", params={"access_token": given["access_token"]})

        assert about.json()["aud"] == GOOGLE
        assert (revoked.status_code, after.status_code) == (200, 400)

    def test_tokeninfo_knows_its_own_tokens(self, sandbox):
        good = sandbox.tokens("google", person="ada")["id_token"]
        bad = sandbox.tokens("google", person="ada", fault="tampered")["id_token"]

        answers = [sandbox.http.get("/openid/google/tokeninfo", params={"id_token": token}) for token in (good, bad)]

        assert answers[0].json()["email"] == "ada.obi@example.com"
        assert answers[1].status_code == 400


class TestFacebook:
    def proof(self, token: str) -> str:
        return hmac.new(b"sandbox-secret", token.encode(), hashlib.sha256).hexdigest()

    def me(self, sandbox, token: str, **changes) -> httpx.Response:
        params = {"fields": "id,name,email", "access_token": token, "appsecret_proof": self.proof(token)} | changes
        return sandbox.http.get("/openid/facebook/v23.0/me", params=params)

    def test_a_log_in_gives_a_token_that_names_the_person(self, sandbox):
        back = agree(sandbox, ask(sandbox, "facebook"))
        given = exchange(sandbox, back["code"], "facebook").json()

        said = self.me(sandbox, given["access_token"]).json()

        assert set(said) == {"id", "name", "email"}
        assert said["name"] == "Ada Obi"

    def test_wants_proof_that_the_app_itself_asks(self, sandbox):
        token = sandbox.tokens("facebook", person="ada")["access_token"]

        answer = self.me(sandbox, token, appsecret_proof="0" * 64)

        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "OAuthException"

    def test_tells_the_app_whose_token_it_is(self, sandbox):
        own = sandbox.tokens("facebook", person="ada")["access_token"]
        other = sandbox.tokens("facebook", person="ada", fault="wrong_aud")["access_token"]
        asked = {"access_token": f"{FACEBOOK}|sandbox-secret"}

        about = [
            sandbox.http.get("/openid/facebook/v23.0/debug_token", params=asked | {"input_token": token}).json()["data"]
            for token in (own, other)
        ]
        made_up = sandbox.http.get("/openid/facebook/v23.0/debug_token", params=asked | {"input_token": "EAAB"})

        assert [each["app_id"] == FACEBOOK for each in about] == [True, False]
        assert made_up.json()["data"]["is_valid"] is False

    def test_may_leave_the_address_out(self, sandbox):
        token = sandbox.tokens("facebook", person="emeka")["access_token"]

        assert set(self.me(sandbox, token).json()) == {"id", "name"}

    def test_saying_no_is_told_with_a_reason(self, sandbox):
        back = agree(sandbox, ask(sandbox, "facebook"), answer="no")

        assert (back["error"], back["error_reason"], back["state"]) == ("access_denied", "user_denied", "the-state")


@pytest.mark.parametrize("service", ["google", "facebook"])
def test_shows_whom_one_can_be_and_takes_faults(sandbox, service):
    page = sandbox.http.get(f"/openid/{service}/")
    form = {
        "csrfmiddlewaretoken": sandbox.http.cookies["sandbox_csrf"],
        "mode": "denied",
        "delay_seconds": "0",
        "times": "1",
    }

    switched = sandbox.http.post(f"/openid/{service}/faults", data=form)

    assert "Ada Obi" in page.text
    assert switched.status_code == 302
    assert sandbox.http.get(f"/openid/{service}/api/faults").json()["mode"] == "denied"


@pytest.mark.long
def test_a_restart_keeps_the_key(tmp_path):
    sandbox = RunningSandbox(tmp_path)
    sandbox.start()
    before = sandbox.http.get("/openid/google/oauth2/v3/certs").json()

    sandbox.stop()
    sandbox.start()

    assert sandbox.http.get("/openid/google/oauth2/v3/certs").json() == before
    sandbox.stop()
    sandbox.http.close()
