import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.models import User
from accounts.tests import factories
from accounts.tests.pages import (
    PASSWORD,
    app_code,
    code_sent_to,
    confirm,
    is_logged_in,
    log_in,
    person,
    register,
    with_app,
)
from accounts.tokens import cookies, services
from accounts.tokens.models import TokenFamily
from core.audit.models import AuditEvent
from notifications.models import Message

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "egusi with pounded yam"
ELSEWHERE = ["https://evil.example/", "//evil.example", "javascript:alert(1)"]


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def ada() -> User:
    return person()


def text_of(response) -> str:
    return response.content.decode()


class TestLogIn:
    def test_goes_to_the_bookings(self, client, ada):
        response = log_in(client)

        assert response["Location"] == reverse("bookings:my_bookings")
        assert is_logged_in(client)

    @pytest.mark.parametrize("login", ["ADA@example.com", " ada@example.com "])
    def test_does_not_mind_how_the_address_is_written(self, client, ada, login):
        log_in(client, login)

        assert is_logged_in(client)

    @pytest.mark.parametrize(
        ("login", "password"),
        [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("\0", "\0"), ("x" * 10_000, "y" * 10_000)],
    )
    def test_says_the_same_for_a_wrong_address_and_a_wrong_password(self, client, ada, login, password):
        response = log_in(client, login, password)

        assert response.status_code == 422
        assert not is_logged_in(client)
        if "@" in login:
            assert "do not belong together" in text_of(response)

    def test_goes_on_where_one_was(self, client, ada):
        assert log_in(client, next="/en/find/?code=ABC")["Location"] == "/en/find/?code=ABC"

    @pytest.mark.parametrize("elsewhere", ELSEWHERE)
    def test_never_leads_to_another_site(self, client, ada, elsewhere):
        assert log_in(client, next=elsewhere)["Location"] == reverse("bookings:my_bookings")

    def test_gives_the_session_another_key(self, client, ada):
        client.get(reverse("account_login"))
        session = client.session
        session["before"] = True
        session.save()
        client.cookies["session"] = before = session.session_key

        log_in(client)

        assert client.cookies["session"].value != before

    def test_takes_the_language_of_the_account_to_this_device(self, client, ada):
        User.objects.update(language="ha")

        response = log_in(client)

        assert response["Location"].startswith("/ha/")
        assert response.cookies["buka_language"].value == "ha"

    def test_is_over_for_who_is_logged_in(self, client, ada):
        log_in(client)

        assert client.get(reverse("account_login"))["Location"] == reverse("bookings:my_bookings")


class TestFromLoggingInToACode:
    def test_takes_along_what_was_typed(self, client, ada):
        page = text_of(client.get(reverse("account_login")))
        assert f'formaction="{reverse("account_request_login_code")}"' in page

        sent = client.post(
            reverse("account_request_login_code"), {"login": "ada@example.com", "password": "x", "from": "log-in"}
        )

        assert sent["Location"] == reverse("account_confirm_login_code")
        assert code_sent_to("ada@example.com")

    def test_asks_for_an_address_where_none_was_typed(self, client, ada):
        asked = client.post(
            reverse("account_request_login_code"), {"login": " ", "from": "log-in", "next": "/en/find/"}
        )

        assert asked["Location"] == f"{reverse('account_request_login_code')}?next=%2Fen%2Ffind%2F"
        assert not Message.objects.exists()

    def test_says_when_no_code_is_sent_any_more(self, client, ada):
        client.post(reverse("account_request_login_code"), {"login": "ada@example.com"})
        where = reverse("account_confirm_login_code")
        before = text_of(client.get(where))
        while "Send the code again" in text_of(client.get(where)):
            assert client.post(where, {"action": "resend"}).status_code == 302

        assert "as often as it can be" not in before
        assert "as often as it can be" in text_of(client.get(where))

    @pytest.mark.parametrize("login", ["ada@example.com", "nobody@example.com", "0803 555 0000"])
    def test_who_has_no_account_is_shown_how_to_make_one(self, client, ada, login):
        on = {"login": login, "from": "log-in", "next": "/en/find/"}
        sent = client.post(reverse("account_request_login_code"), on)

        for page in (client.get(sent["Location"]), Client().get(reverse("account_request_login_code"))):
            assert f'href="{reverse("account_signup")}' in text_of(page).split("<main")[1]

    def test_registering_tells_that_a_phone_number_will_do_later(self, client):
        assert "add a phone number" in text_of(client.get(reverse("account_signup")))

    def test_calls_a_code_of_a_log_in_otherwise_than_one_of_a_booking(self, client, ada):
        client.post(reverse("account_request_login_code"), {"login": "ada@example.com"})
        with translation.override("ha"):
            assert "Lambar ajiya" not in text_of(client.get(reverse("account_confirm_login_code")))


class TestLogInByCode:
    def ask(self, client, login="ada@example.com", **more):
        return client.post(reverse("account_request_login_code"), {"login": login, **more})

    def type(self, client, code, **more):
        return client.post(reverse("account_confirm_login_code"), {"code": code, "action": "verify", **more})

    def test_needs_no_password(self, client, ada):
        self.ask(client)

        response = self.type(client, code_sent_to("ada@example.com"), next="/en/find/")

        assert response["Location"] == "/en/find/"
        assert is_logged_in(client)

    def test_looks_the_same_for_an_address_without_account(self, client, ada):
        known, unknown = Client(), Client()
        answers = [self.ask(known), self.ask(unknown, "nobody@example.com")]

        pages = [text_of(each.get(reverse("account_confirm_login_code"))) for each in (known, unknown)]

        assert {answer["Location"] for answer in answers} == {reverse("account_confirm_login_code")}
        alike = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]*"', "", page) for page in pages]
        assert alike[0].replace("ada@example.com", "X") == alike[1].replace("nobody@example.com", "X")
        assert Message.objects.get(recipient="nobody@example.com").kind == "account.unknown_account"

    def test_refuses_a_wrong_code_and_ends_after_three(self, client, ada):
        self.ask(client)
        right = code_sent_to("ada@example.com")
        wrong = "000000" if right != "000000" else "111111"

        answers = [self.type(client, wrong) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [422, 422, 302]
        assert self.type(client, right)["Location"] == reverse("account_request_login_code")
        assert not is_logged_in(client)

    @pytest.mark.parametrize("login", ["", "ada", "12", "x" * 10_000, "\0"])
    def test_refuses_what_is_neither_address_nor_number(self, client, login):
        response = self.ask(client, login)

        assert response.status_code == 422
        assert 'id="id_login_error"' in text_of(response)


class TestLogOut:
    def test_is_done_by_a_button_only(self, client, ada):
        log_in(client)

        page = client.get(reverse("account_logout"))
        assert page.status_code == 200
        assert is_logged_in(client)

        client.post(reverse("account_logout"))
        assert not is_logged_in(client)


class TestRegister:
    def test_asks_for_the_code_then_logs_in_and_goes_on(self, client):
        asked = register(client, next="/en/find/")

        assert asked["Location"] == reverse("account_email_verification_sent")
        assert not is_logged_in(client)
        done = confirm(client, code_sent_to("ngozi@example.com"))

        user = User.objects.get()
        assert done["Location"] == "/en/find/"
        assert is_logged_in(client)
        assert (user.name, user.email, user.is_staff) == ("Ngozi Eze", "ngozi@example.com", False)
        assert user.emailaddress_set.get().verified

    def test_is_not_asked_again_for_what_was_just_proved(self, client, freezer_past):
        register(client)
        confirm(client, code_sent_to("ngozi@example.com"))

        soon = client.get(reverse("mfa_activate_totp"))
        freezer_past(client)
        later = client.get(reverse("mfa_activate_totp"))

        assert soon.status_code == 200
        assert later["Location"].startswith(reverse("account_reauthenticate"))

    def test_a_new_address_is_no_proof_to_who_is_logged_in(self, client, ada, freezer_past):
        log_in(client)
        client.post(reverse("account_email"), {"email": "new@example.com", "action_add": "1"})
        freezer_past(client)
        confirm(client, code_sent_to("new@example.com"))

        assert User.objects.get().email == "new@example.com"
        assert client.get(reverse("mfa_activate_totp"))["Location"].startswith(reverse("account_reauthenticate"))

    def test_keeps_the_language_of_the_page(self, client):
        with translation.override("ar"):
            register(client, email="amina@example.com")
            done = confirm(client, code_sent_to("amina@example.com"))

        assert User.objects.get().language == "ar"
        assert done["Location"].startswith("/ar/")

    @pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com"])
    def test_answers_a_taken_address_like_a_free_one(self, client, ada, email):
        taken, free = client, Client()

        answers = [register(taken, email=email), register(free)]
        pages = [text_of(each.get(reverse("account_email_verification_sent"))) for each in (taken, free)]

        assert {answer["Location"] for answer in answers} == {reverse("account_email_verification_sent")}
        assert "Look into your mail" in pages[0]
        assert User.objects.filter(email__iexact="ada@example.com").count() == 1
        mail = Message.objects.get(recipient="ada@example.com")
        assert mail.kind == "account.account_already_exists"
        assert reverse("account_login") in mail.body_text
        alike = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]*"', "", each) for each in pages]
        assert "Send me a log-in code" in alike[0]
        assert alike[0].replace(email.lower(), "X") == alike[1].replace("ngozi@example.com", "X")

    def test_no_code_opens_a_taken_address(self, client, ada):
        register(client, email="ada@example.com")

        assert confirm(client, "000000").status_code == 422
        assert confirm(client, "").status_code == 422
        assert not is_logged_in(client)

    def test_writes_one_mail_with_the_code_and_tells_of_nothing_else(self, client):
        register(client)
        confirm(client, code_sent_to("ngozi@example.com"))

        assert is_logged_in(client)
        assert [each.kind for each in Message.objects.all()] == ["account.email_confirmation_signup"]

    def test_greets_whoever_has_that_address_without_the_name_that_was_typed(self, client):
        register(client, name="You have won a phone")

        mail = Message.objects.get()
        assert mail.recipient == "ngozi@example.com"
        assert "won" not in mail.subject + mail.body_text + mail.body_html + mail.recipient_name

    def test_refuses_an_address_of_the_web_for_a_name(self, client):
        response = register(client, name="Go to https://evil.example/claim now")

        assert "Write the name alone here" in text_of(response)
        assert not Message.objects.exists()

    @pytest.mark.parametrize("password", ["", "short", "ngozi@example.com", "1234567890", "password1234", "x" * 10_000])
    def test_refuses_a_password_that_protects_nothing(self, client, password):
        response = register(client, password1=password)

        page = text_of(response)
        assert response.status_code == 422
        assert 'id="id_password1_error"' in page
        assert "Ngozi Eze" in page
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        "answers",
        [
            {"name": ""},
            {"name": "a\0b"},
            {"name": "x" * 10_000},
            {"email": "ngozi"},
            {"email": ""},
            {"accepts_terms": ""},
            {"is_adult": ""},
        ],
    )
    def test_refuses_what_it_cannot_keep(self, client, answers):
        assert register(client, **answers).status_code == 422
        assert not User.objects.exists()

    @pytest.mark.parametrize("elsewhere", ELSEWHERE)
    def test_never_leads_to_another_site(self, client, elsewhere):
        register(client, next=elsewhere)

        assert confirm(client, code_sent_to("ngozi@example.com"))["Location"] == reverse("bookings:my_bookings")

    def test_sends_the_code_again(self, client, settings):
        settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "confirm_email": "9/m/key"}
        register(client)
        Message.objects.all().delete()

        client.post(reverse("account_email_verification_sent"), {"action": "resend"})

        assert confirm(client, code_sent_to("ngozi@example.com")).status_code == 302
        assert is_logged_in(client)

    def test_is_not_for_who_is_logged_in(self, client, ada):
        log_in(client)

        assert client.get(reverse("account_signup")).status_code == 302


class TestProfile:
    def test_is_for_who_is_logged_in(self, client):
        assert client.get(reverse("accounts:profile"))["Location"].startswith(reverse("account_login"))

    def test_saves_and_goes_on_in_the_chosen_language(self, client, ada):
        log_in(client)

        response = client.post(reverse("accounts:profile"), {"name": "Ada O. Obi", "language": "yo"})

        ada.refresh_from_db()
        assert response["Location"] == "/yo/account/"
        assert (ada.name, ada.language) == ("Ada O. Obi", "yo")
        assert response.cookies["buka_language"].value == "yo"

    @pytest.mark.parametrize("answers", [{"name": ""}, {"name": "a\0b"}, {"language": "tlh"}])
    def test_refuses_what_it_cannot_keep(self, client, ada, answers):
        log_in(client)

        response = client.post(reverse("accounts:profile"), {"name": "X", "language": "en", **answers})

        ada.refresh_from_db()
        assert response.status_code == 422
        assert ada.name == "Ada Obi"


class TestPassword:
    def test_is_changed_here_and_other_devices_are_logged_out(self, client, ada):
        other_device = Client()
        for each in (client, other_device):
            log_in(each)

        wrong = client.post(reverse("account_change_password"), {"oldpassword": "not it", "password1": NEW_PASSWORD})
        right = client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})

        assert wrong.status_code == 422
        assert right["Location"] == reverse("accounts:security")
        assert client.get(reverse("accounts:profile")).status_code == 200
        assert other_device.get(reverse("accounts:profile")).status_code == 302
        told = Message.objects.get(kind="account.password_changed", recipient="ada@example.com")
        assert f"{settings.BASE_URL}/en/account/password/reset/" in told.body_text
        assert "choose a new password at once with a code" in told.body_text

    def test_is_chosen_anew_by_a_code(self, client, ada):
        client.post(reverse("account_reset_password"), {"email": "ada@example.com"})
        typed = client.post(reverse("account_confirm_password_reset_code"), {"code": code_sent_to("ada@example.com")})
        weak = client.post(reverse("account_complete_password_reset"), {"password1": "short"})
        done = client.post(reverse("account_complete_password_reset"), {"password1": NEW_PASSWORD})

        assert typed["Location"] == reverse("account_complete_password_reset")
        assert weak.status_code == 422
        assert done["Location"] == reverse("account_password_reset_completed")
        assert log_in(Client(), password=PASSWORD).status_code == 422
        assert log_in(Client(), password=NEW_PASSWORD).status_code == 302

    def test_is_chosen_anew_while_logged_in_and_this_device_is_logged_out_as_well(self, client, ada):
        log_in(client)
        kept = client.cookies["session"].value
        client.post(reverse("account_reset_password"), {"email": "ada@example.com"})
        client.post(reverse("account_confirm_password_reset_code"), {"code": code_sent_to("ada@example.com")})

        asked = client.get(reverse("account_complete_password_reset"))
        done = client.post(reverse("account_complete_password_reset"), {"password1": NEW_PASSWORD}, follow=True)

        assert done.redirect_chain == [(reverse("account_password_reset_completed"), 302)]
        assert done.status_code == 200
        told = Message.objects.get(kind="account.password_reset", recipient="ada@example.com").body_text
        for each in (text_of(asked), text_of(done), told):
            assert "logged out everywhere" in each
            assert "ther devices are logged out" not in each
        assert not client.cookies[cookies.ACCESS_NAME].value
        assert client.get(reverse("accounts:security"))["Location"].startswith(reverse("account_login"))
        assert TokenFamily.objects.get().reason == "password"
        client.cookies["session"] = kept
        assert client.get(reverse("accounts:security")).status_code == 302
        assert log_in(client, password=NEW_PASSWORD)["Location"] == reverse("bookings:my_bookings")

    def test_of_another_account_chosen_anew_leaves_this_one_logged_in(self, client, ada):
        bola = person(email="bola@example.com")
        log_in(client)
        client.post(reverse("account_reset_password"), {"email": bola.email})
        client.post(reverse("account_confirm_password_reset_code"), {"code": code_sent_to(bola.email)})

        done = client.post(reverse("account_complete_password_reset"), {"password1": NEW_PASSWORD})

        assert done["Location"] == reverse("account_password_reset_completed")
        assert "ada@example.com" in text_of(client.get(reverse("accounts:security")))

    def test_reset_sends_its_code_again_and_only_the_last_one_counts(self, client, ada):
        where = reverse("account_confirm_password_reset_code")
        client.post(reverse("account_reset_password"), {"email": "ada@example.com"})
        first = code_sent_to("ada@example.com")
        again = client.post(where, {"action": "resend"})
        second = code_sent_to("ada@example.com")

        assert again["Location"] == where
        assert Message.objects.filter(kind="account.password_reset_code").count() == 2
        assert first == second or client.post(where, {"code": first}).status_code == 422
        assert client.post(where, {"code": second})["Location"] == reverse("account_complete_password_reset")

    def test_reset_offers_to_send_again_to_a_stranger_too(self, client, ada):
        where, pages = reverse("account_confirm_password_reset_code"), []
        for email in ("ada@example.com", "nobody@example.com"):
            each = Client()
            each.post(reverse("account_reset_password"), {"email": email})
            while "Send the code again" in text_of(each.get(where)):
                assert each.post(where, {"action": "resend"}).status_code == 302
                pages.append(text_of(each.get(where)).replace(email, "X"))

        alike = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]*"', "", page) for page in pages]
        half = len(alike) // 2
        assert half and alike[:half] == alike[half:]
        assert Message.objects.filter(recipient="nobody@example.com", kind="account.unknown_account").count() == 1

    def test_reset_answers_a_stranger_the_same(self, client, ada):
        answers = [
            Client().post(reverse("account_reset_password"), {"email": email})
            for email in ("ada@example.com", "nobody@example.com")
        ]

        assert {answer["Location"] for answer in answers} == {reverse("account_confirm_password_reset_code")}

    def test_cannot_be_chosen_without_the_code(self, client, ada):
        client.post(reverse("account_reset_password"), {"email": "ada@example.com"})

        done = client.post(reverse("account_complete_password_reset"), {"password1": NEW_PASSWORD})

        assert done["Location"] == reverse("account_confirm_password_reset_code")
        assert log_in(Client(), password=PASSWORD).status_code == 302

    def test_can_be_given_to_an_account_without_one(self, client, ada):
        ada.set_unusable_password()
        ada.save()
        factories.log_in(client, ada, second_factor=False)

        assert client.get(reverse("account_change_password"))["Location"] == reverse("account_set_password")
        done = client.post(reverse("account_set_password"), {"password1": NEW_PASSWORD})

        assert done["Location"] == reverse("accounts:security")
        assert log_in(Client(), password=NEW_PASSWORD).status_code == 302


class TestEmail:
    def test_takes_the_place_of_the_old_one_after_its_code(self, client, ada):
        log_in(client)

        asked = client.post(reverse("account_email"), {"email": "ada@buka.example", "action_add": "1"})
        ada.refresh_from_db()
        assert ada.email == "ada@example.com"
        done = confirm(client, code_sent_to("ada@buka.example"))

        ada.refresh_from_db()
        assert asked["Location"] == reverse("account_email_verification_sent")
        assert done["Location"] == reverse("accounts:security")
        assert ada.email == "ada@buka.example"
        assert list(ada.emailaddress_set.values_list("email", flat=True)) == ["ada@buka.example"]
        told = Message.objects.get(kind="account.email_changed", recipient="ada@example.com")
        # The old address opens nothing any more: neither a password nor a page behind the log-in helps its owner.
        assert f"{settings.BASE_URL}/en/privacy/request/" in told.body_text
        assert "change your password" not in told.body_text.lower()
        assert reverse("accounts:security") not in told.body_text
        assert Client().get("/en/privacy/request/").status_code == 200

    def test_of_somebody_else_is_answered_like_a_free_one_and_never_taken(self, client, ada):
        person(email="bola@example.com")
        log_in(client)

        asked = client.post(reverse("account_email"), {"email": "bola@example.com", "action_add": "1"})
        # Who can read that mailbox may learn that it is taken; nobody gets it.
        typed = confirm(client, code_sent_to("bola@example.com"))

        assert asked["Location"] == reverse("account_email_verification_sent")
        assert typed.status_code == 422
        assert User.objects.get(email="bola@example.com") != ada
        ada.refresh_from_db()
        assert ada.email == "ada@example.com"

    def test_needs_a_fresh_proof(self, client, ada, freezer_past):
        log_in(client)
        freezer_past(client)

        asked = client.post(reverse("account_email"), {"email": "ada@buka.example", "action_add": "1"})

        assert asked["Location"].startswith(reverse("account_reauthenticate"))
        page = client.get(asked["Location"])
        assert "Is it you?" in text_of(page)
        wrong = client.post(asked["Location"], {"password": "not it"})
        assert wrong.status_code == 422
        again = client.post(asked["Location"], {"password": PASSWORD})
        # What was asked for before is done now.
        assert again["Location"] == reverse("account_email_verification_sent")
        assert code_sent_to("ada@buka.example")


@pytest.fixture
def freezer_past():
    """Let the log-in of a client be an hour old."""

    def move(client):
        session = client.session
        for record in session["account_authentication_methods"]:
            record["at"] -= 3600
        session.save()

    return move


def passkey_of(user: User) -> Authenticator:
    """Give somebody a passkey that no device has: it can be offered, not used."""
    public_key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential = AttestedCredentialData.create(Aaguid.NONE, b"a-demo-passkey", public_key)
    data = AuthenticatorData.create(b"\0" * 32, AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT, 0, credential)
    response = {
        "clientDataJSON": websafe_encode(
            b'{"type": "webauthn.create", "challenge": "", "origin": "http://testserver"}'
        ),
        "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
    }
    name = websafe_encode(b"a-demo-passkey")
    said = {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
    return Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "phone", "credential": said}
    )


class TestSecondStep:
    def enrol(self, client, **more):
        page = client.get(reverse("mfa_activate_totp"), more)
        secret = re.search(r'class="enrol__key"[^>]*>(\w+)<', text_of(page))[1]
        return client.post(reverse("mfa_activate_totp"), {"code": app_code(secret), **more}), page

    @pytest.mark.django_db(transaction=True)  # the session learns of the new factor on commit
    def test_is_set_up_and_gives_recovery_codes_once(self, client, ada):
        log_in(client)

        done, page = self.enrol(client)
        shown = client.get(done["Location"])
        again = client.get(done["Location"])

        assert '<img class="enrol__qr" src="data:image/svg+xml;base64,' in text_of(page)
        assert done["Location"] == reverse("mfa_view_recovery_codes")
        codes = re.findall(r"<li>(\w+)</li>", text_of(shown))
        assert len(codes) == 10
        assert not any(code in text_of(again) for code in codes)
        assert Message.objects.filter(kind="account.totp_activated").exists()

    @pytest.mark.django_db(transaction=True)  # the session learns of the new factor on commit
    def test_the_first_one_closes_every_other_log_in(self, client, ada):
        others = [Client(), Client(headers={"user-agent": PHONE})]
        for each in (*others, client):
            log_in(each)
        here = client.session["token_family"]

        done, _page = self.enrol(client)

        assert done.status_code == 302
        assert [each.get(reverse("accounts:profile")).status_code for each in others] == [302, 302]
        assert [each.get("/api/auth/me").status_code for each in others] == [401, 401]
        assert client.get(reverse("accounts:profile")).status_code == 200
        assert client.get("/api/auth/me").json()["second_factor"]["passed"]
        left = TokenFamily.objects.get(revoked_at__isnull=True)
        assert left.public_id.hex == here
        ended = TokenFamily.objects.exclude(pk=left.pk)
        assert {each.reason for each in ended} == {"factor_added"}

    @pytest.mark.django_db(transaction=True)  # the session learns of the new factor on commit
    def test_the_first_one_says_that_it_does_so_and_another_does_not(self, client, ada):
        log_in(client)

        _done, page = self.enrol(client)
        of_another = client.get(reverse("mfa_add_webauthn"))

        mail = Message.objects.get(kind="account.totp_activated")
        assert "Your other devices are logged out with it" in text_of(page)
        assert "Your other devices were logged out with it" in mail.body_text
        assert of_another.status_code == 200
        assert "other devices" not in text_of(of_another)

    @pytest.mark.django_db(transaction=True)  # the session learns of the new factor on commit
    def test_a_refused_one_closes_none(self, client, ada):
        other = Client()
        for each in (other, client):
            log_in(each)
        client.get(reverse("mfa_activate_totp"))

        client.post(reverse("mfa_activate_totp"), {"code": "abc"})

        assert other.get(reverse("accounts:profile")).status_code == 200

    @pytest.mark.parametrize(
        ("kinds", "offered", "not_offered"),
        [
            ({"totp"}, ["authenticator app", 'id="id_code"'], ["passkey", "ecovery code"]),
            ({"totp", "recovery_codes"}, ['id="id_code"', "ecovery code"], ["passkey"]),
            ({"webauthn"}, ["Use a passkey", "data-passkey"], ["authenticator app", 'id="id_code"', "ecovery code"]),
            ({"webauthn", "recovery_codes"}, ["Use a passkey", "ecovery code"], ["authenticator app", 'id="id_code"']),
            ({"totp", "webauthn"}, ['id="id_code"', "or use a passkey", "data-passkey"], ["ecovery code"]),
        ],
    )
    def test_offers_only_what_the_person_has(self, client, ada, kinds, offered, not_offered):
        with_app(ada)
        if "webauthn" in kinds:
            passkey_of(ada)
        Authenticator.objects.exclude(type__in=kinds).delete()
        log_in(client)

        page = re.search(r"<main.*</main>", text_of(client.get(reverse("mfa_authenticate"))), re.DOTALL)[0]

        assert [words for words in offered if words not in page] == []
        assert [words for words in not_offered if words in page] == []

    def test_refuses_a_wrong_code(self, client, ada):
        log_in(client)
        client.get(reverse("mfa_activate_totp"))

        response = client.post(reverse("mfa_activate_totp"), {"code": "abc"})

        assert response.status_code == 422
        assert not Authenticator.objects.exists()

    @pytest.mark.django_db(transaction=True)  # the session learns of the new factor on commit
    def test_tells_staff_why_and_leads_them_back_to_their_work(self, client, ada):
        User.objects.update(is_superuser=True)
        log_in(client)

        done, page = self.enrol(client, next="/admin/")
        shown = client.get(done["Location"])

        assert "Your work asks for it" in text_of(page)
        assert done["Location"] == f"{reverse('mfa_view_recovery_codes')}?next=%2Fadmin%2F"
        assert 'href="/admin/">I have kept them' in text_of(shown)

    @pytest.mark.parametrize("elsewhere", ELSEWHERE)
    def test_leads_to_no_other_site(self, client, ada, elsewhere):
        log_in(client)

        done, _page = self.enrol(client, next=elsewhere)
        shown = client.get(reverse("mfa_view_recovery_codes"), {"next": elsewhere})

        assert "evil" not in done["Location"]
        assert elsewhere not in text_of(shown)

    def test_is_asked_for_at_log_in_and_keeps_where_one_was(self, client, ada):
        with_app(ada)

        first = log_in(client, next="/en/find/")
        page = client.get(first["Location"])
        wrong = client.post(first["Location"], {"code": "000000" if app_code() != "000000" else "111111"})

        assert first["Location"] == reverse("mfa_authenticate")
        assert "One more step" in text_of(page)
        assert wrong.status_code == 422
        assert not is_logged_in(client)

    def test_opens_with_the_code_of_the_app(self, client, ada):
        with_app(ada)
        log_in(client, next="/en/find/")

        done = client.post(reverse("mfa_authenticate"), {"code": app_code()})

        assert done["Location"] == "/en/find/"
        assert is_logged_in(client)

    def test_opens_with_each_recovery_code_once(self, client, ada):
        with_app(ada)
        kept = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
        log_in(client)

        done = client.post(reverse("mfa_authenticate"), {"code": kept[0]})

        assert done.status_code == 302
        assert is_logged_in(client)
        assert "9 are left" in text_of(client.get(reverse("accounts:security")))
        other = Client()
        log_in(other)
        assert other.post(reverse("mfa_authenticate"), {"code": kept[0]}).status_code == 422

    def test_is_taken_off(self, client, ada):
        with_app(ada)
        log_in(client)
        client.post(reverse("mfa_authenticate"), {"code": app_code()})

        assert "Take the authenticator app off?" in text_of(client.get(reverse("mfa_deactivate_totp")))
        done = client.post(reverse("mfa_deactivate_totp"))

        assert done["Location"] == reverse("accounts:security")
        assert not Authenticator.objects.exists()

    def test_makes_new_recovery_codes(self, client, ada):
        with_app(ada)
        before = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
        log_in(client)
        client.post(reverse("mfa_authenticate"), {"code": app_code()})

        done = client.post(reverse("mfa_generate_recovery_codes"))
        page = text_of(client.get(done["Location"]))

        assert len(re.findall(r"<li>(\w+)</li>", page)) == 10
        assert not any(code in page for code in before)


class TestPasskeys:
    @pytest.mark.parametrize("name", ["account_login", "mfa_add_webauthn"])
    def test_are_offered_where_the_address_is_a_name(self, client, ada, name):
        if name != "account_login":
            log_in(client)

        here = text_of(client.get(reverse(name), headers={"host": "localhost:8000"}))
        elsewhere = text_of(client.get(f"{reverse(name)}?next=/en/find/", headers={"host": "127.0.0.1:8000"}))

        assert "data-passkey=" in here
        assert "made of numbers" not in here
        assert "data-passkey=" not in elsewhere
        assert f'<a href="{settings.BASE_URL}{reverse(name)}?next=/en/find/">' in elsewhere

    def test_are_called_by_their_device_at_first(self, client, ada):
        log_in(client)
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

        shown = text_of(client.get(reverse("mfa_add_webauthn"), headers={"user-agent": agent}))

        assert 'value="Firefox on Linux"' in shown

    def test_say_so_where_there_is_no_name_to_go_to(self, client, settings):
        settings.BASE_URL = "http://127.0.0.1:8000"

        shown = text_of(client.get(reverse("account_login"), headers={"host": "[::1]:8000"}))

        assert "made of numbers" in shown
        assert "Open this page at" not in shown

    @pytest.mark.parametrize("credential", ["", "{", "[]", "1", '"x"', "null", "{}", '{"id": 1, "response": []}'])
    def test_what_is_no_passkey_opens_nothing(self, client, ada, credential):
        client.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})

        response = client.post(reverse("mfa_login_webauthn"), {"credential": credential})

        assert response["Location"] == reverse("account_login")
        assert not is_logged_in(client)

    @pytest.mark.parametrize("credential", ["", "{", "[]", "1", "null", "{}", '{"id": 1, "response": []}'])
    def test_what_is_no_passkey_is_not_added(self, client, ada, credential):
        log_in(client)
        client.get(reverse("mfa_add_webauthn"))

        response = client.post(reverse("mfa_add_webauthn"), {"credential": credential, "name": "x"})

        assert response.status_code == 422
        assert not Authenticator.objects.exists()

    def test_of_others_are_not_to_be_seen(self, client, ada):
        others = Authenticator.objects.create(
            user=person(email="bola@example.com"),
            type=Authenticator.Type.WEBAUTHN,
            data={"name": "k", "credential": {}},
        )
        log_in(client)

        for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
            assert client.get(reverse(name, args=[others.pk])).status_code == 404
            assert client.post(reverse(name, args=[others.pk]), {"name": "mine"}).status_code == 404
        assert Authenticator.objects.get().data["name"] == "k"


PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"


class TestDevices:
    def on(self, user_agent):
        return Client(headers={"user-agent": user_agent})

    def test_lists_where_one_is_logged_in(self, client, ada):
        phone = self.on(PHONE)
        for each in (phone, client):
            log_in(each)
            each.get(reverse("accounts:profile"))

        page = text_of(client.get(reverse("usersessions_list")))

        assert "Chrome on Android" in page
        assert page.count("This device") == 1

    def test_stay_listed_as_long_as_they_are_logged_in(self, client, ada):
        phone = self.on(PHONE)
        for each in (phone, client):
            log_in(each)
        # Addresses are forgotten after thirty days; the log-in stands
        UserSession.objects.all().delete()

        page = text_of(client.get(reverse("usersessions_list")))
        client.post(reverse("usersessions_list"))

        assert "Chrome on Android" in page
        assert phone.get(reverse("accounts:profile")).status_code == 302
        assert client.get(reverse("accounts:profile")).status_code == 200

    def test_that_ran_out_are_not_listed(self, client, ada):
        log_in(self.on(PHONE))
        long_ago = timezone.now() - timedelta(days=90)
        TokenFamily.objects.update(created_at=long_ago, expires_at=long_ago + timedelta(days=60))
        log_in(client)

        assert "Chrome on Android" not in text_of(client.get(reverse("usersessions_list")))

    def test_were_last_seen_when_their_tokens_were_renewed(self, client, ada):
        log_in(client)
        TokenFamily.objects.update(refreshed_at=datetime(2026, 3, 4, 11, 5, tzinfo=UTC))

        assert "4 March 2026" in text_of(client.get(reverse("usersessions_list")))

    def test_logs_one_of_them_out(self, client, ada):
        phone = self.on(PHONE)
        for each in (phone, client):
            log_in(each)
            each.get(reverse("accounts:profile"))
        button = re.search(r'name="device" value="([0-9a-f-]{36})"', text_of(client.get(reverse("usersessions_list"))))

        client.post(reverse("usersessions_list"), {"device": button[1]})

        assert phone.get(reverse("accounts:profile")).status_code == 302
        assert client.get(reverse("accounts:profile")).status_code == 200

    def test_logs_all_others_out(self, client, ada):
        others = [Client(), self.on(PHONE)]
        for each in (*others, client):
            log_in(each)
            each.get(reverse("accounts:profile"))

        client.post(reverse("usersessions_list"))

        assert [each.get(reverse("accounts:profile")).status_code for each in others] == [302, 302]
        assert client.get(reverse("accounts:profile")).status_code == 200
        assert AuditEvent.objects.get(action="account.others_logged_out").target_id == str(ada.public_id)
        ended = TokenFamily.objects.filter(revoked_at__isnull=False)
        assert {each.reason for each in ended} == {"everywhere"}

    @pytest.mark.parametrize("device", ["", "x", "-1", "9" * 30, "٣", "\0"])
    def test_minds_no_nonsense(self, client, ada, device):
        log_in(client)

        assert client.post(reverse("usersessions_list"), {"device": device}).status_code == 302
        assert client.get(reverse("accounts:profile")).status_code == 200

    def test_never_touches_somebody_elses(self, client, ada):
        bola = Client()
        person(email="bola@example.com")
        log_in(bola, "bola@example.com")
        bola.get(reverse("accounts:profile"))
        log_in(client)
        theirs = TokenFamily.objects.get(user__email="bola@example.com")

        client.post(reverse("usersessions_list"), {"device": str(theirs.public_id)})

        assert bola.get(reverse("accounts:profile")).status_code == 200


class TestSecurityPage:
    def test_warns_staff_without_a_second_step(self, client, ada):
        User.objects.update(is_superuser=True)
        log_in(client)

        page = text_of(client.get(reverse("accounts:security")))

        assert "Your work asks for a second factor" in page

    def test_knows_what_is_set_up(self, client, ada):
        with_app(ada)
        log_in(client)
        client.post(reverse("mfa_authenticate"), {"code": app_code()})

        page = text_of(client.get(reverse("accounts:security")))

        assert "Take the app off" in page
        assert "10 are left" in page
        assert "Your work asks" not in page

    def test_tells_what_happened_lately(self, client, ada):
        log_in(Client(headers={"user-agent": PHONE}), password="wrong")
        log_in(client)

        page = text_of(client.get(reverse("accounts:security")))

        assert "Log-in failed" in page
        assert "Chrome on Android" in page
        assert "Was that you?" in page
        assert "Logged in" in page

    def test_warns_of_a_stolen_token_and_tells_of_a_device_that_was_logged_out(self, client, ada):
        stolen, other = Client(), Client()
        for each in (stolen, other, client):
            log_in(each)
        token = stolen.cookies[cookies.REFRESH_NAME].value
        services.refresh(token=token)
        with pytest.raises(services.LoginEnded):
            services.refresh(token=token)
        other_login = TokenFamily.objects.filter(revoked_at=None).earliest("pk")
        client.post(reverse("usersessions_list"), {"device": str(other_login.public_id)})

        page = text_of(client.get(reverse("accounts:security")))

        assert "A used refresh token came a second time" in page
        assert "Was that you?" in page
        assert "Logged a device out" in page

    def test_opens_without_the_key_that_old_addresses_were_encrypted_with(self, client, ada, settings):
        log_in(client)
        settings.ENCRYPTION_KEYS = {"newest": bytes(32)}
        log_in(Client(), password="wrong")

        answer = client.get(reverse("accounts:security"))

        assert answer.status_code == 200
        assert "Logged in" in text_of(answer)
        assert "127.0.0.1" in text_of(answer)

    def test_tells_a_wrong_password_at_is_it_you_from_a_failed_log_in(self, client, ada):
        log_in(client)

        wrong = client.post(reverse("account_reauthenticate"), {"password": "not it"})
        page = text_of(client.get(reverse("accounts:security")))

        assert wrong.status_code == 422
        assert "Wrong password when asked again who it is" in page
        assert "Log-in failed" not in page

    @pytest.mark.django_db(transaction=True)  # the session learns of the new factor on commit
    def test_tells_each_part_of_setting_up_a_second_step_once(self, client, ada):
        log_in(client)
        TestSecondStep().enrol(client)

        page = text_of(client.get(reverse("accounts:security")))

        assert page.count("Second factor added") == 1
        assert page.count("New recovery codes made") == 1
        client.post(reverse("mfa_deactivate_totp"))
        page = text_of(client.get(reverse("accounts:security")))
        assert page.count("Second factor removed") == 1
        assert page.count("Recovery codes removed") == 1

    def test_tells_that_a_recovery_code_was_used_and_a_mail_says_how_many_are_left(self, client, ada):
        with_app(ada)
        code = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
        log_in(client)

        client.post(reverse("mfa_authenticate"), {"code": code})

        assert "A recovery code was used" in text_of(client.get(reverse("accounts:security")))
        told = Message.objects.get(kind="account.recovery_code_used")
        assert told.recipient == "ada@example.com"
        assert "9 are left" in told.body_text

    def test_an_apps_code_is_no_recovery_code(self, client, ada):
        with_app(ada)
        log_in(client)

        client.post(reverse("mfa_authenticate"), {"code": app_code()})

        assert not Message.objects.filter(kind="account.recovery_code_used").exists()
        assert not AuditEvent.objects.filter(action="account.recovery_code_used").exists()

    def test_tells_it_of_nobody_else(self, client, ada):
        person(email="bola@example.com")
        log_in(Client(), "bola@example.com", "wrong")
        log_in(client)

        assert "Log-in failed" not in text_of(client.get(reverse("accounts:security")))


ENTRANCES = ["account_login", "account_signup", "account_request_login_code", "account_reset_password"]
OWN = [
    "accounts:profile",
    "accounts:security",
    "account_email",
    "account_change_phone",
    "account_reauthenticate",
    "account_change_password",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_list_webauthn",
    "usersessions_list",
    "socialaccount_connections",
]


class TestTheHeadOfPages:
    @pytest.mark.parametrize("name", ["bookings:home", "bookings:search", "privacy:notice"])
    def test_leads_to_ones_account_and_names_nobody(self, client, ada, name):
        link = f'<a class="site-nav__link" href="{reverse("accounts:profile")}"'
        assert link not in text_of(client.get(reverse(name)))

        log_in(client)
        shown = client.get(reverse(name))

        assert link in text_of(shown)
        assert ada.name not in text_of(shown)
        assert ada.email not in text_of(shown)
        assert "public" not in shown.headers.get("Cache-Control", "")


class TestEveryPage:
    @pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
    def test_answers_in_every_language(self, client, ada, language):
        with translation.override(language):
            entrances = [client.get(reverse(name)) for name in ENTRANCES]
            log_in(client)
            own = [client.get(reverse(name)) for name in OWN]

        for response in (*entrances, *own):
            assert response.status_code == 200, response.request["PATH_INFO"]
            assert response.request["PATH_INFO"].startswith(f"/{language}/account/")
            assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in text_of(response)

    @pytest.mark.parametrize("name", ENTRANCES)
    def test_labels_every_field_and_is_kept_by_nobody(self, client, name):
        response = client.get(reverse(name))

        page = text_of(response)
        fields = re.findall(r'<input(?![^>]*type="hidden")[^>]*id="([^"]+)"', page)
        assert fields
        assert all(f'<label for="{field}">' in page for field in fields)
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize("name", OWN)
    def test_of_ones_own_is_for_nobody_else(self, client, ada, name):
        assert client.get(reverse(name))["Location"].startswith(reverse("account_login"))

        log_in(client)
        assert "no-store" in client.get(reverse(name))["Cache-Control"]

    @pytest.mark.parametrize(("name", "most"), [("accounts:profile", 8), ("accounts:security", 12)])
    def test_asks_the_database_little(self, client, ada, django_assert_max_num_queries, name, most):
        log_in(client)
        client.get(reverse(name))

        with django_assert_max_num_queries(most):
            client.get(reverse(name))

    def test_devices_cost_the_same_however_many(self, client, ada, django_assert_max_num_queries):
        for _ in range(4):
            log_in(Client(headers={"user-agent": PHONE}))
        log_in(client)
        client.get(reverse("usersessions_list"))

        with django_assert_max_num_queries(8):
            page = text_of(client.get(reverse("usersessions_list")))
        assert page.count("panel__name") == 5

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_knows_two_methods(self, client, method):
        for name in ENTRANCES:
            assert getattr(client, method)(reverse(name)).status_code == 405

    def test_too_much_is_refused_in_our_frame(self, client, ada, settings):
        settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login": "2/m/ip"}

        answers = [log_in(client, password="wrong") for _ in range(4)]

        assert answers[-1].status_code == 429
        assert "Please wait a moment" in text_of(answers[-1])

    def test_needs_the_forms_own_token(self, ada):
        client = Client(enforce_csrf_checks=True)

        assert log_in(client).status_code == 403

    @pytest.mark.parametrize(
        "path", ["account/log-in/", "account/register/", "account/log-out/", "account/", "account/password/"]
    )
    def test_old_addresses_answer(self, client, path):
        assert client.get(f"/en/{path}").status_code in (200, 302)

    def test_old_names_are_gone(self):
        for name in ("log_in", "log_out", "register", "change_password"):
            with pytest.raises(NoReverseMatch):
                reverse(f"accounts:{name}")
