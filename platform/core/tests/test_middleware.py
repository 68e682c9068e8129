import re

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import translation

from core.middleware import HealthMiddleware


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


class TestHealthz:
    def test_answers_without_touching_anything(self, visitor):
        answer = visitor.get("/healthz", headers={"host": "any-name-a-probe-uses"})

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies


@pytest.mark.django_db
class TestReadyz:
    def test_names_each_part(self, visitor):
        answer = visitor.get("/readyz")

        assert answer.status_code == 200
        parts = {"database": "ok", "migrations": "ok", "redis": "ok"}
        assert answer.json() == {"status": "ok", "parts": parts}

    def test_goes_on_without_redis_and_says_so(self, visitor, redis_away):
        answer = visitor.get("/readyz")

        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["parts"]["redis"]) == ("degraded", "unreachable")

    def test_is_not_ready_before_its_migrations(self):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'core'")

        answer = HealthMiddleware(lambda request: None)(RequestFactory().get("/readyz"))

        assert answer.status_code == 503
        assert b'"migrations":"missing"' in answer.content


class TestReadyzWithoutDatabase:
    def test_is_not_ready(self, django_db_blocker, monkeypatch):
        from django.db import OperationalError

        from core import middleware

        class Gone:
            def cursor(self):
                raise OperationalError("connection refused")

        monkeypatch.setattr(middleware, "connection", Gone())

        answer = HealthMiddleware(lambda request: None)(RequestFactory().get("/readyz"))

        assert answer.status_code == 503
        assert b'"database":"unreachable"' in answer.content


@pytest.mark.django_db
@pytest.mark.urls("core.tests.api_urls")
class TestRefusalsOnPages:
    def test_a_refusal_is_a_page_with_its_sentence_and_status(self, visitor):
        answer = visitor.get("/page/domain")

        assert answer.status_code == 409
        assert "Only 0 pings are left." in answer.content.decode()
        assert "<html" in answer.content.decode()

    def test_htmx_gets_a_fragment(self, visitor):
        answer = visitor.get("/page/domain", headers={"HX-Request": "true"})

        assert answer.status_code == 409
        assert "Only 0 pings are left." in answer.content.decode()
        assert "<html" not in answer.content.decode()

    def test_says_when_to_come_back(self, visitor):
        assert visitor.get("/page/throttle")["Retry-After"] == "30"

    def test_waiting_too_long_for_others_is_a_refusal_not_a_crash(self, visitor):
        assert visitor.get("/page/lock").status_code == 409

    @pytest.mark.parametrize(("name", "status"), [("missing", 404), ("forbidden", 403), ("surprise", 500)])
    def test_other_faults_have_their_pages(self, visitor, name, status):
        answer = visitor.get(f"/page/{name}")

        assert answer.status_code == status
        assert "<html" in answer.content.decode()

    def test_what_people_sent_is_never_markup(self, visitor, monkeypatch):
        from core.errors import DomainError
        from core.tests import api_urls

        monkeypatch.setitem(api_urls.FAULTS, "xss", api_urls.raises(DomainError("<script>alert(1)</script>")))

        assert "<script>alert" not in visitor.get("/page/xss").content.decode()

    def test_a_form_without_its_token_is_explained(self):
        answer = Client(enforce_csrf_checks=True).post("/page/domain", {"name": "Bola"})

        assert answer.status_code == 403
        assert "This form has expired" in answer.content.decode()

    @pytest.mark.parametrize(
        ("came_from", "again"),
        [
            ("http://testserver/en/find/?q=suya", "http://testserver/en/find/?q=suya"),
            ("https://evil.example/form", "/page/domain?a=1"),
            ("javascript:alert(1)", "/page/domain?a=1"),
            (None, "/page/domain?a=1"),
        ],
    )
    def test_and_leads_back_to_the_form_and_nowhere_else(self, came_from, again):
        headers = {"referer": came_from} if came_from else {}

        answer = Client(enforce_csrf_checks=True).post("/page/domain?a=1", {"name": "Bola"}, headers=headers)

        assert f'href="{again}">Load the page again</a>' in answer.content.decode()

    @pytest.mark.parametrize("name", ["missing", "forbidden", "surprise", "unclear"])
    def test_in_the_language_of_the_page(self, visitor, name):
        address = f"/page/{name}"

        english = visitor.get(address, headers={"accept-language": "en"}).content.decode()
        arabic = visitor.get(address, headers={"accept-language": "ar"}).content.decode()

        heading = re.compile(r"<h1>(.+?)</h1>")
        assert 'lang="ar" dir="rtl"' in arabic
        assert heading.search(arabic)[1] != heading.search(english)[1]


def test_sentences_are_made_for_translation():
    with translation.override("en"):
        from core.errors import Busy

        assert str(Busy()).startswith("Many people")


@pytest.mark.django_db
class TestBodies:
    @pytest.mark.parametrize(
        ("path", "size", "status"),
        [("/api/bookings", 256 * 1024 + 1, 413), ("/en/find/", 13 * 1024 * 1024 + 1, 413), ("/healthz", 0, 200)],
    )
    def test_are_refused_by_their_announced_size_unread(self, path, size, status):
        class Unread:
            def read(self, *_arguments):
                raise AssertionError("It was read.")

            readline = read

        answer = Client(raise_request_exception=False).generic(
            "POST", path, b"", content_type="application/json", **{"CONTENT_LENGTH": str(size), "wsgi.input": Unread()}
        )

        assert answer.status_code == status
        if path.startswith("/api/"):
            assert answer.json()["code"] == "body_too_large"

    @pytest.mark.parametrize("length", ["-1", "many", "٣", ""])
    def test_a_size_that_is_none_breaks_nothing(self, length):
        answer = Client(raise_request_exception=False).generic("GET", "/en/", b"", CONTENT_LENGTH=length)

        assert answer.status_code < 500


def test_a_foreign_host_is_refused_in_a_line(caplog):
    answer = Client(raise_request_exception=False).get("/en/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert "could not be rendered" not in caplog.text
