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
        assert "<html" in answer.content.decode()


def test_sentences_are_made_for_translation():
    with translation.override("en"):
        from core.errors import Busy

        assert str(Busy()).startswith("Many people")
