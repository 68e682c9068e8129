"""Logging in with Google and Facebook, played by the sandbox: who gets in, who is asked for more, who does not."""

import re
import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client
from django.utils import timezone

from accounts import adapters, social
from accounts.models import User
from accounts.privacy.models import Consent
from accounts.privacy.states import AT_SIGN_UP, Door
from accounts.tests.pages import PASSWORD, SECRET, app_code, code_sent_to, confirm, is_logged_in, person, with_app
from core.audit.models import AuditEvent
from notifications.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada.obi@example.com"
REGISTER = "/account/connections/register/"
SPOILT_TOKENS = [
    "wrong_nonce",
    "wrong_aud",
    "wrong_issuer",
    "expired",
    "alg_none",
    "alg_hs256",
    "unknown_key",
    "tampered",
    "no_id_token",
    "error",
    "garbage",
]


@pytest.fixture
def client() -> Client:
    # The sandbox sends nobody back to a made-up host.
    return Client(SERVER_NAME="127.0.0.1")


def leave(client: Client, provider: str, **form: str) -> str:
    """Press the provider's button, and return the address one is led to."""
    answer = client.post(f"/account/{provider}/login/", {"language": "en", **form})
    assert answer.status_code == 200
    return str(answer.context["redirect_to"])


def choose(sandbox: Any, address: str, **form: str) -> str:
    """Choose who one is over there, and return the address one is sent back to."""
    page = sandbox.http.get(address)
    signed = re.search(r'name="asked" value="([^"]+)"', page.text)
    assert signed is not None, page.text
    asked = {"csrfmiddlewaretoken": sandbox.http.cookies["sandbox_csrf"], "asked": signed[1], **form}
    answer = sandbox.http.post(page.url.path, data=asked)
    return str(answer.headers["Location"])


def come_back(client: Client, address: str) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def go(client: Client, sandbox: Any, provider: str, who: str = "ada", **form: str) -> Any:
    """Go to the provider, be somebody there, come back."""
    return come_back(client, choose(sandbox, leave(client, provider, **form), person=who))


def fill_in(client: Client, page: str, **answers: str) -> Any:
    """Send the page of registering as it is filled in, with both boxes ticked; an answer of "" leaves one out."""
    form = client.get(page).context["form"]
    shown = {name: form[name].value() for name in ("name", "email") if not form.fields[name].disabled}
    said = {**shown, "accepts_terms": "on", "is_adult": "on", **answers}
    return client.post(page, {name: value for name, value in said.items() if value})


def join(client: Client, sandbox: Any, provider: str, who: str = "ada", **answers: str) -> Any:
    """Go to the provider, be somebody new there, come back and register."""
    answer = go(client, sandbox, provider, who)
    assert answer.url.endswith(REGISTER), answer.url
    return fill_in(client, answer.url, **answers)


def subject(sandbox: Any, who: str) -> str:
    """Return the number Google has for somebody."""
    said = jwt.decode(sandbox.tokens("google", person=who)["id_token"], options={"verify_signature": False})
    return str(said["sub"])


def make_old(client: Client) -> None:
    """Let the log-in of a session be of an hour ago."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()


class TestGoogle:
    def test_makes_an_account_of_what_google_vouches_for(self, client, sandbox):
        answer = join(client, sandbox, "google", "bola")

        assert answer.status_code == 302
        assert is_logged_in(client)
        assert not Message.objects.exists()
        user = User.objects.get()
        assert (user.email, user.name, user.language) == ("bola@example.com", "Bola Adéyẹmí", "en")
        assert not user.has_usable_password()
        assert EmailAddress.objects.get().verified
        account = SocialAccount.objects.get()
        assert account.uid == subject(sandbox, "bola")
        assert set(account.extra_data) == {"name", "email"}
        assert not SocialToken.objects.exists()

    def test_shows_what_google_says_before_there_is_an_account(self, client, sandbox):
        answer = go(client, sandbox, "google", "bola")

        page = client.get(answer.url)
        form = page.context["form"]
        assert (form["name"].value(), form["email"].value()) == ("Bola Adéyẹmí", "bola@example.com")
        assert [name for name, field in form.fields.items() if field.disabled] == ["email"]
        assert "Google has confirmed it." in page.content.decode()
        assert "no-store" in page["Cache-Control"]
        assert not is_logged_in(client)
        assert not User.objects.exists()

    @pytest.mark.parametrize("left_out", ["accepts_terms", "is_adult", "name"])
    def test_makes_no_account_without_terms_age_and_name(self, client, sandbox, left_out):
        answer = join(client, sandbox, "google", **{left_out: ""})

        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {left_out}
        assert not User.objects.exists()
        assert fill_in(client, "/en" + REGISTER).status_code == 302
        assert is_logged_in(client)

    def test_remembers_what_was_accepted_and_the_name_they_want(self, client, sandbox):
        join(client, sandbox, "google", name="Adaeze")

        user = User.objects.get()
        assert user.name == "Adaeze"
        purposes = Consent.objects.filter(user=user, door=Door.SIGN_UP).values_list("purpose", flat=True)
        assert sorted(purposes) == sorted(AT_SIGN_UP)

    def test_an_address_google_vouches_for_cannot_be_exchanged(self, client, sandbox):
        person(email="bola@example.com")

        join(client, sandbox, "google", "ada", email="bola@example.com")

        assert is_logged_in(client)
        assert EmailAddress.objects.get(user__socialaccount__isnull=False).email == ADA
        assert not Message.objects.exists()

    def test_what_was_not_finished_is_forgotten_after_a_while(self, client, sandbox):
        answer = go(client, sandbox, "google")

        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
            late = client.post(answer.url, {"name": "Ada", "accepts_terms": "on", "is_adult": "on"})

        assert late.url.endswith("/account/log-in/")
        assert not User.objects.exists()

    def test_who_registered_elsewhere_in_the_meantime_starts_again(self, client, sandbox):
        other = Client(SERVER_NAME="127.0.0.1")
        pages = [go(each, sandbox, "google", "emeka").url for each in (client, other)]
        fill_in(client, pages[0], email="emeka@example.com")

        answer = fill_in(other, pages[1], email="other@example.com")

        assert answer.status_code == 422
        assert "Please start again" in answer.content.decode()
        assert [user.email for user in User.objects.all()] == ["emeka@example.com"]

    def test_knows_a_person_by_their_number_whatever_their_address_is_now(self, client, sandbox):
        join(client, sandbox, "google")
        sandbox.spoil("google", "other_email", times=1)
        again = Client(SERVER_NAME="127.0.0.1")

        go(again, sandbox, "google")

        assert is_logged_in(again)
        assert [user.email for user in User.objects.all()] == [ADA]

    def test_opens_the_account_with_a_verified_address_and_tells_its_owner(self, client, sandbox):
        ada = person(email=ADA)

        go(client, sandbox, "google")

        assert client.session["_auth_user_id"] == str(ada.pk)
        assert SocialAccount.objects.get().user == ada
        assert User.objects.get(pk=ada.pk).has_usable_password()
        assert Message.objects.filter(kind="account.account_connected", recipient=ADA).exists()
        assert AuditEvent.objects.filter(action="account.social_connected").count() == 1

    def test_a_password_set_by_somebody_who_never_proved_the_address_is_wiped(self, client, sandbox):
        ada = person(email=ADA)
        EmailAddress.objects.update(verified=False)

        go(client, sandbox, "google")

        assert not User.objects.get(pk=ada.pk).has_usable_password()
        confirm(client, code_sent_to(ADA))
        assert client.session["_auth_user_id"] == str(ada.pk)

    def test_an_address_google_does_not_vouch_for_is_proved_by_a_code(self, client, sandbox):
        join(client, sandbox, "google", "chidi")
        assert not is_logged_in(client)

        confirm(client, code_sent_to("chidi@example.com"))

        assert is_logged_in(client)
        assert EmailAddress.objects.get().verified

    def test_an_address_google_does_not_vouch_for_opens_nobodys_account(self, client, sandbox):
        person(email="chidi@example.com")

        join(client, sandbox, "google", "chidi")

        assert not is_logged_in(client)
        assert not SocialAccount.objects.exists()
        assert Message.objects.get(recipient="chidi@example.com").kind == "account.account_already_exists"

    def test_without_an_address_one_is_asked_for_it(self, client, sandbox):
        answer = go(client, sandbox, "google", "emeka")

        fill_in(client, answer.url, email="emeka@example.com")
        confirm(client, code_sent_to("emeka@example.com"))

        assert is_logged_in(client)
        assert (User.objects.get().name, SocialAccount.objects.get().uid) == ("Emeka Okafor", subject(sandbox, "emeka"))

    @pytest.mark.parametrize("fault", SPOILT_TOKENS)
    def test_a_token_that_is_not_right_lets_nobody_in(self, client, sandbox, fault):
        person(email=ADA)
        sandbox.spoil("google", fault, times=1)

        answer = go(client, sandbox, "google")

        assert answer.status_code == 401
        assert "That did not work" in answer.content.decode()
        assert not is_logged_in(client)
        assert User.objects.count() == 1
        assert not SocialAccount.objects.exists()
        assert AuditEvent.objects.filter(action="account.social_failed").exists()

    def test_somebody_elses_state_lets_nobody_in(self, client, sandbox):
        sandbox.spoil("google", "wrong_state", times=1)

        assert go(client, sandbox, "google").status_code == 401
        assert not is_logged_in(client)

    def test_a_way_back_works_once(self, client, sandbox):
        address = choose(sandbox, leave(client, "google"), person="ada")
        come_back(client, address)
        client.logout()

        assert come_back(client, address).status_code == 401
        assert not is_logged_in(client)

    def test_a_way_back_works_in_the_browser_that_left(self, client, sandbox):
        address = choose(sandbox, leave(client, "google"), person="ada")
        victim = Client(SERVER_NAME="127.0.0.1")

        assert come_back(victim, address).status_code == 401
        assert not is_logged_in(victim)

    def test_saying_no_there_is_no_error(self, client, sandbox):
        address = choose(sandbox, leave(client, "google"), answer="no")

        answer = come_back(client, address)

        assert answer.url.endswith("/account/connections/cancelled/")
        assert not AuditEvent.objects.filter(action="account.social_failed").exists()

    def test_a_google_that_does_not_answer_is_not_waited_for(self, client, sandbox, monkeypatch):
        monkeypatch.setattr(social, "TIMEOUT_SECONDS", (0.5, 0.5))
        sandbox.spoil("google", delay_seconds=2, times=1)
        began = time.monotonic()

        answer = go(client, sandbox, "google")

        assert answer.status_code == 401
        assert time.monotonic() - began < 1.9

    def test_asks_with_proof_and_for_nothing_an_address_could_add(self, client, sandbox):
        answer = client.post(
            "/account/google/login/?scope=https://mail.google.com/&auth_params=redirect_uri%3Dhttps%3A%2F%2Fevil.example"
        )

        asked = parse_qs(urlsplit(answer.context["redirect_to"]).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert len(asked["nonce"][0]) == 64
        assert asked["redirect_uri"] == ["http://127.0.0.1/account/google/login/callback/"]
        assert set(asked["scope"][0].split()) == {"openid", "email", "profile"}
        assert len(asked["redirect_uri"]) == 1

    def test_asks_for_the_second_factor_as_well(self, client, sandbox):
        with_app(person(email=ADA))

        answer = go(client, sandbox, "google")

        assert "/second-step/" in answer.url
        assert not is_logged_in(client)
        client.post(answer.url, {"code": app_code(SECRET)})
        assert is_logged_in(client)

    def test_closed_accounts_stay_closed(self, client, sandbox):
        join(client, sandbox, "google")
        User.objects.update(is_active=False)
        again = Client(SERVER_NAME="127.0.0.1")

        go(again, sandbox, "google")

        assert not is_logged_in(again)


def told(client: Client, answer: Any) -> str:
    """Return what the page somebody is led to says, without what is theirs."""
    page = client.get(answer.url).content.decode()
    return re.sub(r'value="[^"]+"|nonce="[^"]+"|[a-z.]+@example\.com', "", page)


class TestFacebook:
    def test_an_address_from_there_is_proved_by_a_code(self, client, sandbox):
        join(client, sandbox, "facebook")
        assert not is_logged_in(client)

        confirm(client, code_sent_to(ADA))

        assert is_logged_in(client)
        assert (User.objects.get().name, SocialAccount.objects.get().provider) == ("Ada Obi", "facebook")

    def test_does_not_open_an_account_by_its_address_and_does_not_say_that_there_is_one(self, client, sandbox):
        person(email=ADA)

        other = Client(SERVER_NAME="127.0.0.1")
        asked = [go(client, sandbox, "facebook", "ada"), go(other, sandbox, "facebook", "bola")]
        assert told(client, asked[0]) == told(other, asked[1])

        taken, free = (fill_in(each, answer.url) for each, answer in zip((client, other), asked, strict=True))

        assert not is_logged_in(client)
        assert User.objects.filter(email=ADA).count() == 1
        assert not SocialAccount.objects.filter(user__email=ADA).exists()
        assert Message.objects.get(recipient=ADA).kind == "account.account_already_exists"
        assert (taken.status_code, taken.url) == (free.status_code, free.url)
        assert told(client, taken) == told(other, free)

    def test_a_free_address_costs_a_hash_like_a_taken_one(self, client, sandbox, monkeypatch):
        hashed: list[str] = []
        for module in (social, adapters):
            monkeypatch.setattr(module, "make_password", lambda _password, name=module.__name__: hashed.append(name))
        person(email=ADA)

        join(client, sandbox, "facebook", "ada")
        join(Client(SERVER_NAME="127.0.0.1"), sandbox, "facebook", "bola")

        assert hashed == ["accounts.adapters", "accounts.social"]

    def test_another_address_than_theirs_is_the_only_one_the_account_gets(self, client, sandbox):
        join(client, sandbox, "facebook", "ada", email="mine@example.com")

        confirm(client, code_sent_to("mine@example.com"))

        assert is_logged_in(client)
        assert [each.email for each in EmailAddress.objects.all()] == ["mine@example.com"]
        assert not Message.objects.filter(recipient=ADA).exists()

    def test_without_an_address_one_is_asked_for_it(self, client, sandbox):
        sandbox.spoil("facebook", "no_email", times=1)

        answer = go(client, sandbox, "facebook")

        form = client.get(answer.url).context["form"]
        assert (form["name"].value(), form["email"].value()) == ("Ada Obi", "")

    @pytest.mark.parametrize("fault", ["expired", "error", "me_error", "garbage", "wrong_state"])
    def test_an_answer_that_is_not_right_lets_nobody_in(self, client, sandbox, fault):
        sandbox.spoil("facebook", fault, times=1)

        assert go(client, sandbox, "facebook").status_code == 401
        assert not is_logged_in(client)
        assert not User.objects.exists()

    def test_saying_no_there_is_no_error(self, client, sandbox):
        answer = come_back(client, choose(sandbox, leave(client, "facebook"), answer="no"))

        assert answer.url.endswith("/account/connections/cancelled/")

    def test_proves_that_it_was_we_who_asked(self, client, sandbox):
        address = leave(client, "facebook")

        assert parse_qs(urlsplit(address).query)["code_challenge_method"] == ["S256"]
        # The stand-in refuses the code without the proof, so this would fail if it were not sent along.
        assert come_back(client, choose(sandbox, address, person="ada")).status_code == 302


class TestConnecting:
    @pytest.fixture
    def ada(self, client) -> User:
        ada = person(email="ada@example.com")
        client.post("/en/account/log-in/", {"login": "ada@example.com", "password": PASSWORD})
        assert is_logged_in(client)
        return ada

    def test_a_signed_in_person_connects_and_disconnects(self, client, sandbox, ada):
        go(client, sandbox, "facebook", process="connect")
        account = SocialAccount.objects.get()
        assert account.user == ada

        client.post("/en/account/connections/", {"account": account.pk})

        assert not SocialAccount.objects.exists()
        kinds = set(Message.objects.filter(recipient=ada.email).values_list("kind", flat=True))
        assert {"account.account_connected", "account.account_disconnected"} <= kinds
        events = AuditEvent.objects.filter(action__startswith="account.social_").values_list("action", flat=True)
        assert sorted(events) == ["account.social_connected", "account.social_disconnected"]

    def test_wants_a_fresh_log_in_first(self, client, sandbox, ada):
        make_old(client)

        answer = go(client, sandbox, "google", process="connect")

        assert "/account/again/" in answer.url
        assert not SocialAccount.objects.exists()
        client.post(answer.url, {"password": PASSWORD})
        assert SocialAccount.objects.get().user == ada

    def test_disconnecting_wants_a_fresh_log_in_too(self, client, sandbox, ada):
        go(client, sandbox, "google", process="connect")
        make_old(client)

        client.post("/en/account/connections/", {"account": SocialAccount.objects.get().pk})

        assert SocialAccount.objects.exists()

    def test_what_opens_one_account_does_not_open_another(self, client, sandbox, ada):
        other = Client(SERVER_NAME="127.0.0.1")
        join(other, sandbox, "google", "bola")

        go(client, sandbox, "google", "bola", process="connect")

        assert SocialAccount.objects.get().user.email == "bola@example.com"

    def test_the_last_way_in_is_not_cut_off(self, client, sandbox):
        join(client, sandbox, "google")

        answer = client.post("/en/account/connections/", {"account": SocialAccount.objects.get().pk})

        assert SocialAccount.objects.exists()
        assert "Set a password first" in answer.content.decode()

    def test_somebody_elses_connection_cannot_be_cut(self, client, sandbox, ada):
        other = Client(SERVER_NAME="127.0.0.1")
        join(other, sandbox, "google", "bola")

        client.post("/en/account/connections/", {"account": SocialAccount.objects.get().pk})

        assert SocialAccount.objects.exists()


class TestTokenDoor:
    def post(self, provider: str, **body: Any) -> Any:
        return Client().post(
            f"/api/auth/social/{provider}", body, content_type="application/json", headers={"X-Client": "app"}
        )

    def test_an_id_token_of_google_logs_in_once(self, sandbox):
        token = sandbox.tokens("google", person="ada")["id_token"]

        person(email=ADA)

        first = self.post("google", id_token=token)
        again = self.post("google", id_token=token)

        assert first.status_code == 200, first.content
        assert first.json()["access_token"]
        assert User.objects.get().email == ADA
        assert 400 <= again.status_code < 500

    @pytest.mark.parametrize(
        "fault", [fault for fault in SPOILT_TOKENS if fault not in ("wrong_nonce", "error", "garbage", "no_id_token")]
    )
    def test_a_token_of_google_that_is_not_right_is_refused(self, sandbox, fault):
        answer = self.post("google", id_token=sandbox.tokens("google", person="ada", fault=fault)["id_token"])

        assert 400 <= answer.status_code < 500
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        "token",
        ["x", "a.b.c", "eyJhbGciOiJSUzI1NiJ9.e30.", "eyJhbGciOiJSUzI1NiIsImtpZCI6MX0.e30.AA", "\u0000", "é.é.é"],
    )
    def test_what_is_no_token_is_refused(self, sandbox, token):
        for provider in ("google", "facebook"):
            for name in ("id_token", "access_token"):
                assert 400 <= self.post(provider, **{name: token}).status_code < 500

    def test_an_access_token_of_facebook_logs_in_once(self, sandbox):
        token = sandbox.tokens("facebook", person="ada")["access_token"]

        first = self.post("facebook", access_token=token)
        again = self.post("facebook", access_token=token)

        # Whoever they are has to register first; the token was good all the same.
        assert (first.status_code, first.json()["code"]) == (401, "account_sign_up_step")
        assert 400 <= again.status_code < 500
        assert again.json()["code"] != "account_sign_up_step"

    @pytest.mark.parametrize("fault", ["wrong_aud", "expired", "old", "me_error"])
    def test_an_access_token_of_facebook_that_is_not_right_is_refused(self, sandbox, fault):
        answer = self.post(
            "facebook", access_token=sandbox.tokens("facebook", person="ada", fault=fault)["access_token"]
        )

        assert 400 <= answer.status_code < 500
        assert not User.objects.exists()

    @pytest.mark.parametrize("fault", ["none", "wrong_aud", "expired", "alg_none", "tampered"])
    def test_an_id_token_of_facebook_is_looked_at_as_closely(self, sandbox, fault):
        answer = self.post("facebook", id_token=sandbox.tokens("facebook", person="ada", fault=fault)["id_token"])

        assert (answer.json()["code"] == "account_sign_up_step") == (fault == "none")
        assert not User.objects.exists()

    def test_googles_token_is_not_facebooks(self, sandbox):
        token = sandbox.tokens("google", person="ada")["id_token"]

        assert 400 <= self.post("facebook", id_token=token).status_code < 500
        assert not User.objects.exists()


def test_a_provider_without_keys_is_not_offered(client, settings, sandbox):
    settings.SOCIALACCOUNT_PROVIDERS["google"]["APPS"] = []

    page = client.get("/en/account/log-in/").content.decode()

    assert "Facebook" in page
    assert "Google" not in page
    assert client.post("/account/google/login/").status_code == 404
    assert client.get("/account/google/login/callback/?code=1&state=1").status_code == 404
    assert TestTokenDoor().post("google", id_token="x.y.z").status_code == 404
