"""What was begun before an account changed is over afterwards."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.phone import set_phone
from accounts.tests.pages import PASSWORD, app_code, code_sent_to, is_logged_in, log_in, person, with_app
from notifications.models import Message

pytestmark = pytest.mark.django_db(transaction=True)

ADA, NEW = "ada@example.com", "demo.ada.new@example.com"
OTHER_PASSWORD = "moi moi for the whole street"


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(f"/api/auth/{path}", body or {}, content_type="application/json")


@pytest.fixture
def ada() -> User:
    user = person(email=ADA)
    EmailAddress.objects.update_or_create(user=user, email=ADA, defaults={"verified": True, "primary": True})
    return user


@pytest.fixture
def old_mailbox() -> Client:
    return Client(SERVER_NAME="127.0.0.1", REMOTE_ADDR="203.0.113.9")


def change_address(client: Client) -> None:
    assert post(client, "login", {"email": ADA, "password": PASSWORD}).status_code == 200
    assert post(client, "email", {"email": NEW}).status_code == 202
    assert post(client, "email/verify", {"code": code_sent_to(NEW)}).status_code == 200
    assert User.objects.get().email == NEW


def change_password(client: Client) -> None:
    log_in(client)
    said = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert post(client, "password/change", said).status_code == 204


class TestTheOldAddress:
    def test_its_code_logs_nobody_in_after_the_change(self, client: Client, old_mailbox: Client, ada: User) -> None:
        post(old_mailbox, "code", {"email": ADA})
        code = code_sent_to(ADA)
        change_address(client)
        mails = Message.objects.filter(recipient=ADA).count()

        answer = post(old_mailbox, "code/confirm", {"code": code})

        assert (answer.status_code, answer.json()["code"]) == (409, "account_step_over")
        assert post(old_mailbox, "email/verify", {"code": code}).status_code == 409
        assert Message.objects.filter(recipient=ADA).count() == mails
        assert list(EmailAddress.objects.values_list("email", "verified")) == [(NEW, True)]
        assert old_mailbox.get("/api/auth/me").status_code == 401

    def test_its_code_logs_nobody_in_by_the_pages(self, client: Client, old_mailbox: Client, ada: User) -> None:
        old_mailbox.post(reverse("account_request_login_code"), {"login": ADA})
        code = code_sent_to(ADA)
        change_address(client)

        old_mailbox.post(reverse("account_confirm_login_code"), {"code": code, "action": "verify"})

        assert not is_logged_in(old_mailbox)
        assert User.objects.get().email == NEW

    def test_its_code_sets_no_password_after_the_change(self, client: Client, old_mailbox: Client, ada: User) -> None:
        post(old_mailbox, "password/reset", {"email": ADA})
        code = code_sent_to(ADA)
        change_address(client)

        answer = post(old_mailbox, "password/reset/confirm", {"code": code, "password": OTHER_PASSWORD})

        assert (answer.status_code, answer.json()["code"]) == (409, "account_step_over")
        assert User.objects.get().check_password(PASSWORD)

    def test_what_was_proved_before_the_change_sets_no_password_by_the_pages(
        self, client: Client, old_mailbox: Client, ada: User
    ) -> None:
        old_mailbox.post(reverse("account_reset_password"), {"email": ADA})
        went_on = old_mailbox.post(reverse("account_confirm_password_reset_code"), {"code": code_sent_to(ADA)})
        change_address(client)

        old_mailbox.post(went_on.url, {"password1": OTHER_PASSWORD})

        assert User.objects.get().check_password(PASSWORD)

    def test_a_second_address_that_nobody_proved_takes_no_place_by_a_log_in(self, client: Client, ada: User) -> None:
        EmailAddress.objects.create(user=ada, email=NEW, verified=False)

        post(client, "code", {"email": NEW})
        assert not Message.objects.filter(recipient=NEW, kind="account.login_code").exists()
        post(Client(), "password/reset", {"email": NEW})
        assert not Message.objects.filter(recipient=NEW, kind="account.password_reset_code").exists()
        post(Client(), "login", {"email": NEW, "password": PASSWORD})

        assert not Message.objects.filter(recipient=NEW, kind__startswith="account.email_confirmation").exists()
        assert User.objects.get().email == ADA
        assert EmailAddress.objects.get(verified=True).email == ADA


class TestTheOldPassword:
    def test_a_reset_asked_for_before_it_changed_is_over(self, client: Client, old_mailbox: Client, ada: User) -> None:
        post(old_mailbox, "password/reset", {"email": ADA})
        code = code_sent_to(ADA)
        change_password(client)

        answer = post(old_mailbox, "password/reset/confirm", {"code": code, "password": "a third one of theirs"})

        assert answer.status_code == 409
        assert User.objects.get().check_password(OTHER_PASSWORD)

    def test_a_log_in_begun_with_it_does_not_finish(self, client: Client, old_mailbox: Client, ada: User) -> None:
        with_app(ada)
        assert post(old_mailbox, "login", {"email": ADA, "password": PASSWORD}).status_code == 401
        ada.set_password(OTHER_PASSWORD)
        ada.save()

        answer = post(old_mailbox, "2fa/verify", {"code": app_code()})

        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert old_mailbox.get("/api/auth/me").status_code == 401

    def test_a_log_in_finishes_when_nothing_changed(self, client: Client, ada: User) -> None:
        with_app(ada)
        post(client, "login", {"email": ADA, "password": PASSWORD})

        assert post(client, "2fa/verify", {"code": app_code()}).status_code == 200


def test_a_change_of_address_begun_before_the_password_changed_is_over(client: Client, ada: User) -> None:
    post(client, "login", {"email": ADA, "password": PASSWORD})
    post(client, "email", {"email": NEW})
    change_password(client)

    answer = post(client, "email/verify", {"code": code_sent_to(NEW)})

    assert answer.status_code == 409
    assert User.objects.get().email == ADA


def test_a_code_for_the_old_number_does_not_bring_it_back(client: Client, ada: User) -> None:
    set_phone(user=ada, phone="+2348031234567", is_verified=True)
    post(client, "code", {"phone": "+2348031234567"})
    code = next(
        stage["data"]["code"]
        for name, stage in client.session["account_login"]["state"]["stages"].items()
        if name == "login_by_code"
    )
    set_phone(user=ada, phone="+2348037654321", is_verified=True)

    answer = post(client, "code/confirm", {"code": code})

    assert answer.status_code == 409
    assert User.objects.get().phone == "+2348037654321"


class TestSomebodyElsesBegunAccount:
    @pytest.fixture
    def begun_by_another(self) -> User:
        said = {"email": NEW, "password": OTHER_PASSWORD, "name": "Not Ada", "accepts_terms": True, "is_adult": True}
        assert post(Client(REMOTE_ADDR="203.0.113.9"), "register", said).status_code == 202
        return User.objects.get(email=NEW)

    @pytest.mark.parametrize("by_page", [True, False])
    def test_yields_to_who_proves_the_address(
        self, client: Client, ada: User, begun_by_another: User, by_page: bool
    ) -> None:
        log_in(client)
        post(client, "email", {"email": NEW})
        code = code_sent_to(NEW)

        if by_page:
            client.post(reverse("account_email_verification_sent"), {"code": code, "action": "verify"})
        else:
            assert post(client, "email/verify", {"code": code}).status_code == 200

        ada.refresh_from_db()
        assert ada.email == NEW
        assert list(EmailAddress.objects.values_list("user", "email", "verified")) == [(ada.pk, NEW, True)]
        assert list(User.objects.all()) == [ada]

    def test_keeps_it_when_it_is_in_use_and_nothing_is_half_changed(
        self, client: Client, ada: User, begun_by_another: User
    ) -> None:
        User.objects.filter(pk=begun_by_another.pk).update(last_login=begun_by_another.date_joined)
        log_in(client)
        post(client, "email", {"email": NEW})

        answer = post(client, "email/verify", {"code": code_sent_to(NEW)})

        assert (answer.status_code, answer.json()["code"]) == (409, "account_email_taken")
        ada.refresh_from_db()
        assert ada.email == ADA
        assert list(EmailAddress.objects.filter(user=ada).values_list("email", "verified")) == [(ADA, True)]
