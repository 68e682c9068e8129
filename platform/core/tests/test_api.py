import json
import threading
from contextlib import closing
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core import signing
from django.db import connection
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from core.api import idempotency
from core.models import IdempotencyKey, OutboxEvent
from core.tests import api_urls

pytestmark = pytest.mark.urls("core.tests.api_urls")

KEY = "4e0f3a64-7d0b-4c5e-9a3c-1f7f0f1c2d3e"


@pytest.fixture
def api() -> Client:
    return Client(raise_request_exception=False, headers={"accept": "application/json"})


@pytest.fixture
def diner(db):
    return get_user_model().objects.create(email="diner@example.com")


def post(api, body, key=None, path="/api/pings", **headers):
    if key is not None:
        headers["Idempotency-Key"] = key
    raw = body if isinstance(body, bytes) else json.dumps(body)
    return api.post(path, raw, content_type="application/json", headers=headers)


def pings():
    return OutboxEvent.objects.filter(name="test.pinged").count()


@pytest.mark.django_db
class TestProblems:
    def test_a_refusal_carries_its_code_sentence_and_details(self, api):
        answer = api.get("/api/fault/domain")

        assert answer.status_code == 409
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json() == {
            "type": "/api/docs/errors#test_no_ping_left",
            "title": "Conflict",
            "status": 409,
            "detail": "Only 0 pings are left.",
            "code": "test_no_ping_left",
            "instance": "/api/fault/domain",
            "left": 0,
            "alternatives": [1, 2],
        }

    def test_fields_are_pointed_at(self, api):
        answer = post(api, {"number": "four", "guest": {"phone": "1234567"}, "tags": [1, "x"]})

        assert answer.status_code == 400
        problem = answer.json()
        assert problem["code"] == "invalid_input"
        assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
            ("#/number", "invalid"),
            ("#/guest/phone", "max_length"),
            ("#/tags/1", "invalid"),
        ]
        assert pings() == 0

    @pytest.mark.parametrize(
        ("name", "status", "code"),
        [
            ("input", 400, "invalid_input"),
            ("throttle", 429, "too_many_attempts"),
            ("drf-throttle", 429, "too_many_attempts"),
            ("missing", 404, "not_found"),
            ("forbidden", 403, "not_allowed"),
            ("validation", 400, "invalid_input"),
            ("lock", 409, "busy"),
            ("surprise", 500, "server_error"),
            ("database", 500, "server_error"),
        ],
    )
    def test_every_fault_has_its_problem(self, api, name, status, code):
        answer = api.get(f"/api/fault/{name}")

        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        problem = answer.json()
        assert (problem["status"], problem["code"], problem["instance"]) == (status, code, f"/api/fault/{name}")

    def test_says_when_to_come_back(self, api):
        assert api.get("/api/fault/throttle")["Retry-After"] == "30"
        assert api.get("/api/fault/drf-throttle")["Retry-After"] == "13"
        assert api.get("/api/fault/lock")["Retry-After"] == "1"

    def test_two_sentences_for_one_field_are_two_errors(self, api):
        errors = api.get("/api/fault/input").json()["errors"]

        assert [error["detail"] for error in errors] == ["Too many.", "And odd."]
        assert {error["pointer"] for error in errors} == {"#/party_size"}

    def test_a_plain_view_below_api_answers_problems_too(self, api):
        for name, status in [("domain", 409), ("missing", 404), ("forbidden", 403), ("surprise", 500), ("lock", 409)]:
            answer = api.get(f"/api/plain/{name}")
            assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), name
        assert api.get("/api/plain/throttle")["Retry-After"] == "30"

    def test_unknown_address_method_and_type(self, api):
        assert api.get("/api/nowhere").json()["code"] == "not_found"
        assert api.delete("/api/pings").json()["code"] == "method_not_allowed"
        answer = api.post("/api/pings", "number=4", content_type="application/x-www-form-urlencoded")
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    def test_a_stranger_is_asked_to_log_in(self, api):
        answer = api.get("/api/signed-in")

        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_a_session_needs_its_csrf_token_to_change_anything(self, diner):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(diner)

        answer = post(browser, {}, key=KEY, path="/api/signed-in")

        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


@pytest.mark.django_db
class TestParser:
    @pytest.mark.parametrize(
        ("raw", "code"),
        [
            (b"", "invalid_input"),
            (b"{", "not_json"),
            (b'{"number": NaN}', "not_json"),
            (b'{"number": Infinity}', "not_json"),
            (b'{"number": 4,}', "not_json"),
            (b'{"number": "\xff"}', "not_utf8"),
            (b'{"number": "\\ud800"}', "not_json"),
            (b"[" * 33 + b"]" * 33, "too_deep"),
            (b"[" * 100_000, "not_json"),
            (b"[1, 2]", "invalid_input"),
            (b"null", "invalid_input"),
            (b'{"number": 100000000000000000000000000}', "invalid_input"),
            (b'{"number": 4, "guest": {"phone": "\\u0000"}}', "invalid_input"),
        ],
    )
    def test_refuses_what_json_does_not_allow(self, api, raw, code):
        answer = post(api, raw)

        assert (answer.status_code, answer.json()["code"]) == (400, code), answer.content
        assert pings() == 0

    def test_says_where_it_stumbled(self, api):
        assert "line 2, column 3" in post(api, b"{\n  number: 4}").json()["detail"]

    def test_thirty_two_levels_are_welcome(self, api):
        assert post(api, b"[" * 32 + b"]" * 32).json()["code"] == "invalid_input"

    def test_refuses_a_large_body(self, api):
        answer = post(api, b'{"number": "' + b"x" * 256 * 1024 + b'"}')

        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.django_db(transaction=True)
class TestIdempotency:
    def test_sent_twice_happens_once_and_is_answered_alike(self, api):
        first = post(api, {"number": 4}, key=KEY)
        second = post(api, {"number": 4}, key=KEY)

        assert (first.status_code, second.status_code) == (201, 201)
        assert second.content == first.content
        assert (second["Location"], second["Content-Type"]) == (first["Location"], first["Content-Type"])
        assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
        assert pings() == 1

    def test_white_space_and_order_do_not_make_another_body(self, api):
        post(api, b'{"number": 4, "tags": [1]}', key=KEY)

        assert post(api, b'{"tags":[1],\n"number":4}', key=f'"{KEY}"')["Idempotency-Replayed"] == "true"

    def test_the_same_key_with_another_body_is_refused(self, api):
        post(api, {"number": 4}, key=KEY)

        answer = post(api, {"number": 5}, key=KEY)

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert pings() == 1

    def test_another_person_may_use_the_same_key(self, api, diner):
        post(api, {"number": 4}, key=KEY)
        api.force_login(diner)

        answer = post(api, {"number": 5}, key=KEY)

        assert answer.status_code == 201
        assert pings() == 2

    def test_two_strangers_with_a_simple_key_do_not_meet(self, api):
        post(api, {"number": 4}, key="1")

        elsewhere = Client(REMOTE_ADDR="192.0.2.7")
        assert post(elsewhere, {"number": 5}, key="1").status_code == 201

    def test_a_phone_that_changed_its_address_still_gets_its_answer(self, api):
        post(api, {"number": 4}, key=KEY)

        elsewhere = Client(REMOTE_ADDR="192.0.2.7")
        assert post(elsewhere, {"number": 4}, key=KEY)["Idempotency-Replayed"] == "true"

    def test_a_refusal_is_kept_and_its_changes_are_not(self, api):
        first = post(api, {"number": 40}, key=KEY)
        second = post(api, {"number": 40}, key=KEY)

        assert (first.status_code, second.status_code) == (409, 409)
        assert second.json() == first.json()
        assert second["Content-Type"] == "application/problem+json"
        assert second["Idempotency-Replayed"] == "true"
        assert pings() == 0

    @pytest.mark.parametrize(("number", "status"), [(0, 400), (50, 500), (60, 409)])
    def test_what_may_be_tried_again_is_not_kept(self, api, number, status):
        assert post(api, {"number": number}, key=KEY).status_code == status

        assert not IdempotencyKey.objects.exists()
        assert pings() == 0
        assert post(api, {"number": 7}, key=KEY).status_code == 201

    def test_the_answer_is_kept_encrypted(self, api):
        first = post(api, {"number": 11}, key=KEY)

        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM core_idempotencykey")
            (stored,) = cursor.fetchone()

        assert stored.startswith("ae1:")
        assert post(api, {"number": 11}, key=KEY).content == first.content

    def test_while_the_first_runs_the_second_is_asked_to_wait(self, api, monkeypatch):
        entered, go_on = threading.Event(), threading.Event()
        monkeypatch.setitem(api_urls.HOOKS, 9, lambda: (entered.set(), go_on.wait(10)))
        answers = []

        def first():
            with closing(connection):
                answers.append(post(Client(), {"number": 9}, key=KEY))

        thread = threading.Thread(target=first)
        thread.start()
        assert entered.wait(10)
        waiting = post(api, {"number": 9}, key=KEY)
        go_on.set()
        thread.join(10)

        assert (waiting.status_code, waiting.json()["code"]) == (409, "request_in_progress")
        assert waiting["Retry-After"] == "1"
        assert answers[0].status_code == 201
        assert post(api, {"number": 9}, key=KEY)["Idempotency-Replayed"] == "true"
        assert pings() == 1

    @pytest.mark.race
    def test_many_at_once_have_one_effect(self):
        start = threading.Barrier(8)
        answers = []

        def send():
            with closing(connection):
                client = Client(raise_request_exception=False)
                start.wait(10)
                answers.append(post(client, {"number": 3}, key=KEY).status_code)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert pings() == 1
        assert set(answers) <= {201, 409}
        assert 201 in answers

    @pytest.mark.race
    def test_the_race_is_real_without_a_key(self):
        """The twin of the test above: without its key, the same request has eight effects."""
        threads = [threading.Thread(target=send_without_key) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert pings() == 8

    @pytest.mark.parametrize("key", ["", " ", "x" * 256, "with space", "ключ", "\x7f"])
    def test_refuses_a_key_that_is_none(self, api, key):
        answer = post(api, {"number": 4}, key=key)

        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
        assert pings() == 0

    def test_is_missed_where_it_is_required(self, api, diner):
        api.force_login(diner)

        assert post(api, {}, path="/api/signed-in").json()["code"] == "idempotency_key_missing"
        assert post(api, {}, path="/api/signed-in", key=KEY).status_code == 200

    def test_is_forgotten_after_a_day(self, api):
        post(api, {"number": 4}, key=KEY)
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))

        again = post(api, {"number": 5}, key=KEY)

        assert again.status_code == 201
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert idempotency.forget_old() == 1
        assert idempotency.forget_old() == 0

    def test_cleared_away_while_it_is_looked_at_it_is_none(self, api):
        post(api, {"number": 4}, key=KEY)
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
        cleared = []

        def clear():
            with closing(connection):
                cleared.append(idempotency.forget_old())

        def clear_before_it_is_read(execute, sql, params, many, context):
            if not cleared and sql.startswith('SELECT "core_idempotencykey"'):
                worker = threading.Thread(target=clear)
                worker.start()
                worker.join(10)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(clear_before_it_is_read):
            again = post(api, {"number": 5}, key=KEY)

        assert cleared == [1]
        assert again.status_code == 201
        assert IdempotencyKey.objects.count() == 1


def send_without_key():
    with closing(connection):
        post(Client(), {"number": 3})


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def events(self):
        # Some share their time, as rows of one transaction do.
        now = timezone.now()
        for number in range(25):
            event = OutboxEvent.objects.create(name="test.page", payload={"number": number})
            OutboxEvent.objects.filter(pk=event.pk).update(created_at=now + timedelta(seconds=number // 3))

    def walk(self, api, url, link="next"):
        seen = []
        while url:
            page = api.get(url).json()
            seen.append([row["payload"]["number"] for row in page["results"]])
            url = page[link]
        return seen

    def test_every_row_once_forwards_and_back(self, api, django_assert_max_num_queries):
        with django_assert_max_num_queries(6):
            pages = self.walk(api, "/api/pings?limit=7")

        assert [len(page) for page in pages] == [7, 7, 7, 4]
        assert sorted(number for page in pages for number in page) == list(range(25))
        page = api.get("/api/pings?limit=7").json()
        assert (list(page), page["previous"]) == (["results", "next", "previous"], None)
        while page["next"]:
            page = api.get(page["next"]).json()
        backwards = self.walk(api, page["previous"], "previous")
        assert [number for page in reversed(backwards) for number in page] == [n for p in pages[:-1] for n in p]

    @pytest.mark.parametrize("limit", ["0", "-1", "101", "four", "", "1e9", "9" * 5000, "٤", "1\0"])
    def test_refuses_a_limit_that_is_none(self, api, limit):
        answer = api.get("/api/pings", {"limit": limit})

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/limit")

    @pytest.mark.parametrize("cursor", ["", "x", "cD0yMDI2", "\0", "🍛", "a:b:c"])
    def test_refuses_a_cursor_that_is_none(self, api, cursor):
        answer = api.get("/api/pings", {"cursor": cursor})

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/cursor")

    def test_refuses_a_cursor_of_another_address_or_kind(self, api):
        elsewhere = signing.dumps([0, False, "2026-01-01"], salt="cursor:/api/other", compress=True)
        odd = signing.dumps([0, False, "not a time"], salt="cursor:/api/pings", compress=True)

        assert api.get("/api/pings", {"cursor": elsewhere}).status_code == 400
        assert api.get("/api/pings", {"cursor": odd}).status_code == 400


class TestETags:
    def test_what_the_client_has_is_not_sent_again(self, api):
        first = api.get("/api/tagged")
        again = api.get("/api/tagged", headers={"If-None-Match": f'"x", W/{first["ETag"]}'})

        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert api.get("/api/tagged", headers={"If-None-Match": '"x"'}).status_code == 200

    def test_what_the_client_has_not_seen_is_not_overwritten(self, api):
        etag = api.get("/api/tagged")["ETag"]

        stale = api.patch("/api/tagged", headers={"If-Match": '"x"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
        # What a client that takes compressed answers was given is a weakened tag.
        for given in ({"If-Match": etag}, {"If-Match": f"W/{etag}"}, {"If-Match": "*"}, {}):
            assert api.patch("/api/tagged", headers=given).status_code == 204


class TestSchema:
    @pytest.fixture
    def schema(self):
        return SchemaGenerator(urlconf="core.tests.api_urls").get_schema(request=None, public=True)

    def test_every_operation_says_which_problems_it_answers(self, schema):
        operation = schema["paths"]["/api/pings"]["post"]

        for code in ("400", "406", "409", "413", "415", "422", "429"):
            content = operation["responses"][code]["content"]
            assert list(content) == ["application/problem+json"], code
            assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
        example = operation["responses"]["409"]["content"]["application/problem+json"]["examples"]["TestNoPingLeft"]
        assert example["value"]["left"] == 0
        assert (example["value"]["status"], example["value"]["title"]) == (409, "Conflict")
        # Open to all, and still: a token that is not valid is refused.
        assert "401" in operation["responses"]
        assert "401" in schema["paths"]["/api/signed-in"]["get"]["responses"]
        assert "404" in schema["paths"]["/api/fault/{name}"]["get"]["responses"]

    def test_the_problem_and_its_errors_are_described(self, schema):
        problem = schema["components"]["schemas"]["Problem"]

        assert {"type", "title", "status", "detail", "code", "instance", "errors"} == set(problem["properties"])
        assert "ProblemError" in schema["components"]["schemas"]

    def test_the_idempotency_key_is_described_where_it_is_heard(self, schema):
        def header(path):
            parameters = schema["paths"][path]["post"].get("parameters", [])
            return [parameter for parameter in parameters if parameter["name"] == "Idempotency-Key"]

        assert header("/api/pings")[0].get("required", False) is False
        assert header("/api/signed-in")[0]["required"] is True
        assert "Idempotency-Key" not in json.dumps(schema["paths"]["/api/tagged"])

    def test_pages_and_log_in_are_described(self, schema):
        listing = schema["paths"]["/api/pings"]["get"]

        assert {parameter["name"] for parameter in listing["parameters"]} >= {"cursor", "limit"}
        assert "session" in schema["components"]["securitySchemes"]
