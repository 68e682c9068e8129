"""The whole way: a real Celery worker, a real Redis, a real mail server, and what is left when one of them dies."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core import outbox
from core.breaker import redis_breaker
from notifications import services
from notifications.models import Message
from notifications.states import Status
from notifications.tests.factories import a_message

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]


@pytest.mark.long
def test_a_worker_sends_what_was_rung_for(sandbox, celery_worker_process):
    with transaction.atomic():
        message = a_message()

    sandbox.wait_for_mails(1, message_id=message.message_id)
    deadline = time.monotonic() + 5
    while not Message.objects.filter(pk=message.pk, status=Status.SENT).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.long
def test_a_worker_killed_between_mail_and_mark_leaves_the_same_mail_to_the_sweep(sandbox, celery_worker_process):
    sandbox.fault(delay_seconds=30, times=1)
    with transaction.atomic():
        message = a_message()
    sandbox.wait_for_mails(1, message_id=message.message_id)

    celery_worker_process.kill()

    message.refresh_from_db()
    assert message.status == Status.SENDING
    assert services.send_due() == 0
    Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now())
    assert services.send_due() == 1
    mails = sandbox.mails(message_id=message.message_id)
    assert [(mail["copy_number"], mail["copies"]) for mail in mails] == [(2, 2), (1, 2)]


def test_a_dead_redis_keeps_nobody_waiting_and_loses_nothing(sandbox, monkeypatch):
    monkeypatch.setattr(outbox, "_producers", {})
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", "redis://127.0.0.1:1/0")
    began = time.monotonic()

    with transaction.atomic():
        message = a_message()

    assert time.monotonic() - began < 2
    assert redis_breaker.is_open
    assert services.send_due() == 1
    assert [mail["message_id"] for mail in sandbox.mails()] == [message.message_id]


def test_two_transactions_about_one_fact_write_one_message(sandbox):
    barrier = threading.Barrier(8)
    written: list[int] = []

    def tell() -> None:
        try:
            barrier.wait(10)
            with transaction.atomic():
                written.append(a_message().pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(written) == 8
    assert len(set(written)) == 1


def test_eight_sweeps_at_once_send_each_message_once(sandbox):
    with transaction.atomic():
        messages = [a_message(dedupe_key=f"fact:{number}", to=f"guest{number}@example.com") for number in range(24)]
    barrier = threading.Barrier(8)
    sent: list[int] = []

    def sweep() -> None:
        try:
            barrier.wait(10)
            sent.append(services.send_due())
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sum(sent) == 24
    assert sorted(mail["message_id"] for mail in sandbox.mails()) == sorted(message.message_id for message in messages)
