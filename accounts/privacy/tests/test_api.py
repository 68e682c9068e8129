"""/api/account/: each asker's own data and nothing else, after a fresh sign-in where it weighs."""

import io
import json
import time
import uuid
import zipfile

import pytest
from django.test import Client

from accounts.privacy import selectors
from accounts.privacy.models import Erasure, Export
from accounts.privacy.services import erasing, exporting
from accounts.tests.factories import UserFactory
from core.testing import log_in
from notifications.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory(name="Ẹniọlá Òjó")


@pytest.fixture
def client(user):
    client = Client(raise_request_exception=False)
    log_in(client, user)
    return client


def signed_in_long_ago(client: Client) -> None:
    session = client.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**record, "at": time.time() - 600} for record in records]
    session.save()


def put(client, body):
    return client.put("/api/account/consents", body, content_type="application/json")


class TestLanguage:
    def test_mails_are_in_the_accounts_language_whatever_the_program_reads(self, client, user):
        user.language = "ha"
        user.save()
        client.post("/api/account/export", headers={"accept-language": "en"})
        exporting.build_due()
        client.post("/api/account/erasure")
        client.delete("/api/account/erasure", headers={"accept-language": "ar"})

        told = dict(Message.objects.filter(kind__startswith="privacy.").values_list("kind", "language"))
        assert told == dict.fromkeys(
            ["privacy.export_ready", "privacy.erasure_requested", "privacy.erasure_cancelled"], "ha"
        )
        assert "/ha/account/privacy/archive/" in Message.objects.get(kind="privacy.export_ready").body_text

    @pytest.mark.parametrize("path", ["archive/", "erase/"])
    def test_nor_does_the_page_decide_that_was_read(self, client, user, path):
        user.language = "ha"
        user.save()
        client.post(f"/ar/account/privacy/{path}", {"understands": "on"})
        exporting.build_due()

        assert set(Message.objects.values_list("language", flat=True)) == {"ha"}


class TestConsents:
    def test_are_off_until_they_are_given_and_as_easily_taken_back(self, client):
        before = client.get("/api/account/consents").json()
        given = put(client, {"consents": {"marketing": True}}).json()
        withdrawn = put(client, {"consents": {"marketing": False}}).json()

        assert not any(each["given"] for each in before["consents"])
        assert {each["purpose"] for each in given["consents"] if each["given"]} == {"marketing"}
        assert not any(each["given"] for each in withdrawn["consents"])
        assert [each["withdrawn_through"] for each in withdrawn["history"]] == ["api"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"consents": {}},
            {"consents": []},
            {"consents": {"spam": True}},
            {"consents": {"terms": False}},
            {"consents": {"marketing": "yes"}},
            {"consents": {"marketing": 1}},
            {"consents": {"marketing": None}},
            [],
            '"marketing"',
        ],
        ids=str,
    )
    def test_a_choice_is_not_guessed(self, client, user, body):
        answer = put(client, body)

        assert answer.status_code == 400, answer.content
        assert answer.json()["code"] == "invalid_input"
        assert not selectors.history_of(user).exists()

    def test_are_nobody_elses(self):
        assert Client().get("/api/account/consents").status_code == 401

    def test_cost_few_queries(self, client, django_assert_max_num_queries):
        with django_assert_max_num_queries(6):
            client.get("/api/account/consents")


class TestExport:
    def test_from_the_wish_to_the_file(self, client, user):
        assert client.get("/api/account/export").status_code == 404
        asked = client.post("/api/account/export")
        exporting.build_due()
        export = client.get("/api/account/export").json()

        file = client.get(export["file_url"].partition("/api")[1] + export["file_url"].partition("/api")[2])

        assert asked.status_code == 202
        assert asked.json()["status"] == "requested"
        assert export["status"] == "ready"
        assert file.status_code == 200
        assert file["Cache-Control"] == "private, no-store"
        with zipfile.ZipFile(io.BytesIO(file.content)) as zipped:
            assert json.loads(zipped.read("data.json"))["sections"]["account"][0]["name"] == "Ẹniọlá Òjó"
        assert client.get("/api/account/export").json()["file_url"] is None

    def test_the_link_opens_once_for_one_device(self, client, user):
        export = exporting.request_export(user=user)
        exporting.build(export_id=export.pk)
        path = f"/api/account/export/{export.public_id}/file"
        other = Client(raise_request_exception=False)
        log_in(other, user)

        whole = client.get(path)
        rest = client.get(path, headers={"Range": "bytes=100-"})
        elsewhere = other.get(path)

        assert rest.status_code == 206
        assert rest.content == whole.content[100:]
        assert rest["Content-Range"] == f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}"
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (410, "privacy_export_gone")

    def test_asking_for_its_head_does_not_use_the_link_up(self, client, user):
        export = exporting.request_export(user=user)
        exporting.build(export_id=export.pk)

        answer = client.head(f"/api/account/export/{export.public_id}/file")

        assert answer.status_code == 405
        export.refresh_from_db()
        assert export.can_be_fetched

    def test_a_part_there_is_not_is_416(self, client, user):
        export = exporting.request_export(user=user)
        exporting.build(export_id=export.pk)

        answer = client.get(f"/api/account/export/{export.public_id}/file", headers={"Range": "bytes=99999999-"})

        assert answer.status_code == 416

    @pytest.mark.parametrize("method", ["post", "file"])
    def test_wants_a_fresh_sign_in(self, client, user, method):
        export = exporting.request_export(user=user)
        exporting.build(export_id=export.pk)
        signed_in_long_ago(client)

        answer = (
            client.post("/api/account/export")
            if method == "post"
            else client.get(f"/api/account/export/{export.public_id}/file")
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "account_reauthentication_needed")
        export.refresh_from_db()
        assert export.can_be_fetched

    def test_anothers_is_not_there(self, client):
        export = exporting.request_export(user=UserFactory())
        exporting.build(export_id=export.pk)

        assert client.get(f"/api/account/export/{export.public_id}/file").status_code == 404
        assert client.get(f"/api/account/export/{uuid.uuid4()}/file").status_code == 404
        assert client.get("/api/account/export").status_code == 404

    def test_before_it_is_ready_it_says_so(self, client, user):
        export = exporting.request_export(user=user)

        answer = client.get(f"/api/account/export/{export.public_id}/file")

        assert (answer.status_code, answer.json()["code"]) == (409, "privacy_export_not_ready")

    def test_strangers_get_nothing(self):
        for answer in (
            Client().get("/api/account/export"),
            Client().post("/api/account/export"),
            Client().get(f"/api/account/export/{uuid.uuid4()}/file"),
        ):
            assert answer.status_code == 401
        assert not Export.objects.exists()


def test_an_app_that_has_just_signed_in_asks_fetches_and_is_no_other_app(user):
    user.set_password("eat-well-tonight")
    user.save()
    app, other = (bearer_of(user) for _each in range(2))

    asked = Client().post("/api/account/export", headers=app)
    exporting.build_due()
    path = f"/api/account/export/{asked.json()['id']}/file"
    answers = [Client().get(path, headers=headers).status_code for headers in (app, app, other)]

    assert asked.status_code == 202, asked.content
    assert answers == [200, 200, 410]


def bearer_of(user) -> dict[str, str]:
    answer = Client().post(
        "/api/auth/login",
        {"email": user.email, "password": "eat-well-tonight"},
        content_type="application/json",
        headers={"X-Client": "app"},
    )
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


class TestErasure:
    def test_is_asked_for_and_taken_back(self, client, user):
        asked = client.post("/api/account/erasure")
        seen = client.get("/api/account/erasure")
        kept = client.delete("/api/account/erasure")

        assert (asked.status_code, asked.json()["status"]) == (202, "regret")
        assert seen.json()["id"] == asked.json()["id"]
        assert kept.json()["status"] == "cancelled"
        assert client.get("/api/account/erasure").status_code == 404
        assert client.delete("/api/account/erasure").json()["code"] == "privacy_no_erasure"

    def test_wants_a_fresh_sign_in(self, client):
        signed_in_long_ago(client)

        answer = client.post("/api/account/erasure")

        assert (answer.status_code, answer.json()["code"]) == (403, "account_reauthentication_needed")
        assert not Erasure.objects.exists()

    def test_refuses_the_last_who_runs_the_platform(self):
        admin = UserFactory(is_superuser=True, is_staff=True)
        client = Client()
        log_in(client, admin)

        answer = client.post("/api/account/erasure")

        assert (answer.status_code, answer.json()["code"]) == (409, "account_last_admin")

    def test_once_begun_it_cannot_be_taken_back(self, client, user):
        erasure = erasing.request_erasure(user=user)
        Erasure.objects.filter(pk=erasure.pk).update(status="running")

        answer = client.delete("/api/account/erasure")

        assert (answer.status_code, answer.json()["code"]) == (409, "privacy_erasure_under_way")
