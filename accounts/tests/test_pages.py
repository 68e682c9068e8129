import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "amala and ewedu for two"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def ada() -> User:
    user = UserFactory(email="ada@example.com", name="Ada Obi")
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(client, email="ada@example.com", password=PASSWORD, **more):
    return client.post(reverse("accounts:log_in"), {"username": email, "password": password, **more})


def register(client, **answers):
    asked = {"name": "Ngozi Eze", "email": "ngozi@example.com", "phone": "", "password": PASSWORD, **answers}
    return client.post(reverse("accounts:register"), asked)


def is_logged_in(client) -> bool:
    return "_auth_user_id" in client.session


class TestLogIn:
    def test_goes_to_the_bookings(self, client, ada):
        response = log_in(client)

        assert response["Location"] == reverse("bookings:my_bookings")
        assert is_logged_in(client)

    @pytest.mark.parametrize("email", ["ADA@example.com", " ada@example.com "])
    def test_does_not_mind_how_the_address_is_written(self, client, ada, email):
        log_in(client, email)

        assert is_logged_in(client)

    @pytest.mark.parametrize(
        ("email", "password"),
        [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("\0", "\0"), ("x" * 10_000, "y" * 10_000)],
    )
    def test_says_the_same_for_a_wrong_address_and_a_wrong_password(self, client, ada, email, password):
        response = log_in(client, email, password)

        assert response.status_code == 422
        assert not is_logged_in(client)
        if "@" in email:
            assert "do not belong together" in response.content.decode()

    def test_goes_on_where_one_was(self, client, ada):
        response = log_in(client, next="/en/find/?code=ABC")

        assert response["Location"] == "/en/find/?code=ABC"

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
    def test_never_leads_to_another_site(self, client, ada, elsewhere):
        response = log_in(client, next=elsewhere)

        assert response["Location"] == reverse("bookings:my_bookings")

    def test_gives_the_session_another_key(self, client, ada):
        client.get(reverse("accounts:log_in"))
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


class TestLogOut:
    def test_is_done_by_a_button_only(self, client, ada):
        client.force_login(ada)

        assert client.get(reverse("accounts:log_out")).status_code == 405
        assert is_logged_in(client)

        client.post(reverse("accounts:log_out"))
        assert not is_logged_in(client)


class TestRegister:
    def test_makes_the_account_and_logs_in(self, client):
        response = register(client, phone="0803 123 4567")

        user = User.objects.get()
        assert response["Location"] == reverse("bookings:my_bookings")
        assert (user.name, user.email, user.phone) == ("Ngozi Eze", "ngozi@example.com", "+2348031234567")
        assert not user.is_staff
        assert is_logged_in(client)

    def test_keeps_the_language_of_the_page(self, client):
        client.post(
            "/ar/account/register/",
            {"name": "Amina", "email": "amina@example.com", "password": PASSWORD},
        )

        assert User.objects.get().language == "ar"
        assert client.cookies["buka_language"].value == "ar"

    @pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com"])
    def test_an_address_has_one_account(self, client, ada, email):
        response = register(client, email=email)

        assert response.status_code == 422
        assert "There is already an account with this e-mail address." in response.content.decode()
        assert User.objects.count() == 1

    @pytest.mark.parametrize("password", ["", "short", "ngozi@example.com", "1234567890", "password1234", "x" * 10_000])
    def test_refuses_a_password_that_protects_nothing(self, client, password):
        response = register(client, password=password)

        page = response.content.decode()
        assert response.status_code == 422
        assert 'id="id_password_error"' in page
        assert "Ngozi Eze" in page
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        "answers",
        [{"name": ""}, {"name": "a\0b"}, {"name": "x" * 10_000}, {"email": "ngozi"}, {"email": ""}, {"phone": "12"}],
    )
    def test_refuses_what_it_cannot_keep(self, client, answers):
        assert register(client, **answers).status_code == 422
        assert not User.objects.exists()

    def test_never_leads_to_another_site(self, client):
        assert register(client, next="https://evil.example/")["Location"] == reverse("bookings:my_bookings")

    def test_is_not_for_who_is_logged_in(self, client, ada):
        client.force_login(ada)

        assert client.get(reverse("accounts:register")).status_code == 302


class TestProfile:
    def test_is_for_who_is_logged_in(self, client):
        assert client.get(reverse("accounts:profile"))["Location"].startswith(reverse("accounts:log_in"))

    def test_saves_and_goes_on_in_the_chosen_language(self, client, ada):
        client.force_login(ada)

        response = client.post(
            reverse("accounts:profile"), {"name": "Ada O. Obi", "phone": "08031234567", "language": "yo"}
        )

        ada.refresh_from_db()
        assert response["Location"] == "/yo/account/"
        assert (ada.name, ada.phone, ada.language) == ("Ada O. Obi", "+2348031234567", "yo")
        assert response.cookies["buka_language"].value == "yo"

    @pytest.mark.parametrize("answers", [{"name": ""}, {"phone": "1"}, {"language": "tlh"}])
    def test_refuses_what_it_cannot_keep(self, client, ada, answers):
        client.force_login(ada)

        response = client.post(reverse("accounts:profile"), {"name": "X", "phone": "", "language": "en", **answers})

        ada.refresh_from_db()
        assert response.status_code == 422
        assert ada.name == "Ada Obi"

    def test_changes_the_password_and_stays_logged_in_here_only(self, client, ada):
        other_device = Client()
        for each in (client, other_device):
            each.force_login(ada)
        new = "egusi with pounded yam"

        wrong = client.post(
            reverse("accounts:change_password"),
            {"old_password": "not it", "new_password1": new, "new_password2": new},
        )
        right = client.post(
            reverse("accounts:change_password"),
            {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
        )

        assert wrong.status_code == 422
        assert right["Location"] == reverse("accounts:profile")
        assert client.get(reverse("accounts:profile")).status_code == 200
        assert other_device.get(reverse("accounts:profile")).status_code == 302

    def test_is_kept_by_nobody(self, client, ada):
        client.force_login(ada)

        assert "no-store" in client.get(reverse("accounts:profile"))["Cache-Control"]


@pytest.mark.parametrize("name", ["log_in", "register"])
def test_every_field_has_a_label(client, name):
    page = client.get(reverse(f"accounts:{name}")).content.decode()

    fields = re.findall(r'<input(?![^>]*type="hidden")[^>]*id="([^"]+)"', page)
    assert fields
    assert all(f'<label for="{field}">' in page for field in fields)
