import logging
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from celery import shared_task
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from core import audit
from core.audit import bounds, context
from core.audit.context import Context, RequestIdFilter, opened
from core.audit.live import LiveContext
from core.audit.middleware import AuditMiddleware
from core.audit.models import AuditEvent

pytestmark = pytest.mark.django_db


def answer_of(view: Any, path: str = "/en/", **headers: Any) -> HttpResponse:
    request = RequestFactory().get(path, headers=headers, REMOTE_ADDR="102.89.1.7")
    request.user = get_user_model().objects.create_user(email="ada@example.com")
    return AuditMiddleware(view)(request)


class TestRequestId:
    def test_is_taken_up_and_returned(self, client: Client) -> None:
        answer = client.get("/healthz", headers={"X-Request-ID": "proxy-17.a_b"})

        assert answer["X-Request-ID"] == "proxy-17.a_b"

    @pytest.mark.parametrize("odd", ["", "short", "a" * 65, "with space", 'quote"quote', "línea-larga"])
    def test_is_made_anew_when_it_is_none(self, odd: str) -> None:
        answer = answer_of(lambda request: HttpResponse(), **{"X-Request-ID": odd})

        assert answer["X-Request-ID"] != odd
        assert len(answer["X-Request-ID"]) == 32

    def test_stands_in_the_lines_of_the_log_and_in_events(self) -> None:
        record = logging.makeLogRecord({"msg": "seen"})

        def view(request: HttpRequest) -> HttpResponse:
            RequestIdFilter().filter(record)
            audit.record("data.viewed")
            return HttpResponse()

        answer_of(view, **{"X-Request-ID": "proxy-17.a_b"})

        assert record.request_id == "proxy-17.a_b"
        assert AuditEvent.objects.get().request_id == "proxy-17.a_b"

    def test_is_a_dash_where_there_is_none(self) -> None:
        record = logging.makeLogRecord({"msg": "seen"})

        RequestIdFilter().filter(record)

        assert record.request_id == "-"


@shared_task(name="core.audit.tests.look")
def look() -> None:
    audit.record("data.viewed")


class TestTasks:
    def test_are_a_door_of_their_own_and_give_the_context_back(self) -> None:
        with opened(Context(door="api", request_id="request-1")):
            look.apply()
            inside = context.current()

        event = AuditEvent.objects.get()
        assert (event.door, event.actor_kind, event.user_agent) == ("task", "system", "core.audit.tests.look")
        assert (inside.door, inside.request_id) == ("api", "request-1")

    def test_know_which_request_asked_for_them(self) -> None:
        headers: dict[str, Any] = {}
        from celery.signals import before_task_publish

        with opened(Context(door="api", request_id="request-1")):
            before_task_publish.send(sender="core.audit.tests.look", headers=headers, body=((), {}, {}))

        look.apply(headers=headers)

        assert AuditEvent.objects.get().request_id == "request-1"


class TestNote:
    def test_survives_the_transaction_that_is_rolled_back(self) -> None:
        def view(request: HttpRequest) -> HttpResponse:
            with pytest.raises(LookupError), transaction.atomic():
                audit.note("access.refused", details={"why": "test"})
                raise LookupError
            return HttpResponse()

        answer_of(view)

        event = AuditEvent.objects.get()
        assert (event.action, event.outcome, event.severity) == ("access.refused", "refused", "warning")

    def test_remembers_who_it_was_when_they_are_gone_at_the_end(self) -> None:
        people = []

        def view(request: HttpRequest) -> HttpResponse:
            people.append(request.user)
            with transaction.atomic():
                audit.note("access.refused")
            del request.user
            return HttpResponse()

        answer_of(view)

        assert AuditEvent.objects.get().actor_id == people[0].public_id

    def test_writes_few_rows_for_many_repetitions_and_counts_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds.time, "time", lambda: 1_700_000_000.0)
        with opened(Context(door="api", request_id="request-1", address="102.89.1.7")):
            for _attempt in range(200):
                audit.note("access.refused", actor=None)

        times = list(AuditEvent.objects.order_by("id").values_list("times", flat=True))
        assert times == [1, 1, 1, 1, 1, 5, 10, 20, 40, 80]

        monkeypatch.setattr(bounds.time, "time", lambda: 1_700_000_060.0)
        with opened(Context(door="api", request_id="request-1", address="102.89.1.7")):
            audit.note("access.refused", actor=None)

        assert AuditEvent.objects.latest("id").times == 1 + 40

    def test_bounds_each_asker_alone(self) -> None:
        for number in range(8):
            with opened(Context(door="api", request_id="request-1", address=f"102.89.1.{number}")):
                audit.note("access.refused", actor=None)

        assert AuditEvent.objects.count() == 8

    def test_counts_in_this_process_while_redis_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds.redis_breaker, "_until", float("inf"))
        monkeypatch.setattr(bounds.time, "time", lambda: 1_700_000_000.0)
        with opened(Context(door="api", request_id="request-1", address="102.89.1.99")):
            for _attempt in range(20):
                audit.note("access.refused", actor=None)

        assert sum(AuditEvent.objects.values_list("times", flat=True)) == 20
        assert AuditEvent.objects.count() == 7


class TestRefusalsAtTheDoor:
    def refused(self, status: int, path: str = "/api/bookings", **more: Any) -> list[AuditEvent]:
        def view(request: HttpRequest) -> HttpResponse:
            answer = HttpResponse(status=status)
            for name, value in more.items():
                setattr(answer, name, value)
            return answer

        answer_of(view, path)
        return list(AuditEvent.objects.all())

    @pytest.mark.parametrize(
        ("status", "code", "action"),
        [
            (403, "not_allowed", "access.refused"),
            (403, "csrf_failed", "access.csrf_failed"),
            (403, "second_factor_required", "access.no_second_factor"),
            (429, "too_many_attempts", "access.limited"),
        ],
    )
    def test_are_noted_by_what_was_answered(self, status: int, code: str, action: str) -> None:
        (event,) = self.refused(status, data={"code": code})

        assert (event.action, event.door, event.outcome) == (action, "api", "refused")

    @pytest.mark.parametrize("status", [200, 401, 404, 409])
    def test_are_not_noted_where_nothing_was_refused(self, status: int) -> None:
        assert self.refused(status) == []

    def test_say_when_a_form_came_from_elsewhere(self) -> None:
        client = Client(enforce_csrf_checks=True)

        page = client.post(reverse("account_login"), {"login": "a"})

        assert page.status_code == 403
        assert AuditEvent.objects.get().action == "access.csrf_failed"

    def test_are_noted_once_when_whoever_refused_has_said_more(self) -> None:
        def view(request: HttpRequest) -> HttpResponse:
            audit.note("access.csrf_failed", details={"reason": "cookie"})
            return HttpResponse(status=403)

        answer_of(view)

        assert [event.action for event in AuditEvent.objects.all()] == ["access.csrf_failed"]


class TestLiveConnections:
    def closed_with(self, code: int) -> list[AuditEvent]:
        person = get_user_model().objects.create_user(email="ada@example.com")

        async def consumer(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.close", "code": code})

        async def receive() -> Any:
            return {}

        sent = []

        async def send(message: Any) -> None:
            sent.append(message)

        path = "/ws/restaurants/7d9c3bd4-8a1b-4a5e-9a38-0f6c0e1c2d3b/today"
        scope = {"type": "websocket", "path": path, "client": ["102.89.1.7", 1], "headers": [], "user": person}
        async_to_sync(LiveContext(consumer))(scope, receive, send)
        assert sent == [{"type": "websocket.close", "code": code}]
        return list(AuditEvent.objects.all())

    def test_that_are_refused_are_noted(self) -> None:
        (event,) = self.closed_with(4403)

        assert (event.action, event.door, event.address) == ("access.refused", "ws", "102.89.1.7")
        assert event.actor_kind == "person"
        assert str(event.restaurant_id) == event.target_id == "7d9c3bd4-8a1b-4a5e-9a38-0f6c0e1c2d3b"

    @pytest.mark.parametrize("code", [1000, 1012, 4401])
    def test_that_end_otherwise_are_not(self, code: int) -> None:
        assert self.closed_with(code) == []


class TestCommands:
    def test_are_told_by_their_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(context, "_of_process", Context(door="command", request_id=""))

        context.begin_command(["manage.py", "seal_audit", "--verbosity=1"])
        event = audit.record("data.viewed")

        assert (event.door, event.actor_kind, event.user_agent) == ("command", "system", "manage.py seal_audit")
        assert len(event.request_id) == 32
