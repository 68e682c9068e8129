"""The whole way: a real Celery worker, a real receiver, and what is left when the worker is killed."""

import threading
import time

import pytest
from django.db import connection, transaction

from accounts.partners import sending, webhooks
from accounts.partners.models import Delivery, Endpoint
from accounts.partners.states import DeliveryStatus, EndpointStatus
from accounts.partners.tests.factories import a_webhook, an_app, receiving
from core.redis import client, key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]


def until(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not come to that in time."
        time.sleep(0.05)


@pytest.mark.long
def test_a_worker_sends_what_was_rung_for(celery_worker_process):
    app, _secret = an_app()
    with receiving() as receiver:
        endpoint, receiver.secret = webhooks.add_endpoint(
            app=app, url=receiver.url, event_types=["booking.confirmed"], by=app
        )
        until(lambda: Endpoint.objects.filter(pk=endpoint.pk, status=EndpointStatus.ACTIVE).exists())

        delivery = webhooks.send_test(endpoint=endpoint)
        until(lambda: Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.DELIVERED).exists())

    assert receiver.types == ["webhook.verification", "webhook.test"]


@pytest.mark.long
def test_a_worker_killed_while_the_address_thinks_loses_nothing(celery_worker_process):
    app, _secret = an_app()
    thinks, answered = threading.Event(), threading.Event()

    def think(message):
        thinks.set()
        answered.wait(10)
        return 200, b""

    with receiving() as receiver:
        endpoint, receiver.secret = webhooks.add_endpoint(
            app=app, url=receiver.url, event_types=["booking.confirmed"], by=app
        )
        until(lambda: Endpoint.objects.filter(pk=endpoint.pk, status=EndpointStatus.ACTIVE).exists())
        receiver.answers = think
        with transaction.atomic():
            delivery = webhooks.send_test(endpoint=endpoint)
        assert thinks.wait(15)

        celery_worker_process.kill()
        answered.set()

        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == (DeliveryStatus.SENDING, 1)
        assert client().exists(key("webhooks", "sender"))
        assert sending.send_due() == 0
        # A minute later: the turn of sending has run out in Redis, the lease in the row.
        client().delete(key("webhooks", "sender"))
        Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=delivery.created_at)
        assert sending.send_due() == 1

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 2)
    twice = [each["webhook-id"] for each in receiver.headers[1:]]
    assert twice == [delivery.webhook_id, delivery.webhook_id]


def test_eight_workers_at_once_send_each_message_once():
    app, _secret = an_app()
    arrived: list[int] = []
    barrier = threading.Barrier(8)

    def work():
        try:
            barrier.wait(10)
            deadline = time.monotonic() + 20
            while len(receiver.got) < 12 and time.monotonic() < deadline:
                arrived.append(sending._send_all(None))
                time.sleep(0.05)
        finally:
            connection.close()

    with receiving() as receiver:
        endpoint = a_webhook(app, receiver)
        for _number in range(12):
            webhooks.send_test(endpoint=endpoint)
        # Without the turn of sending that keeps them apart: the rows' own locks have to do.
        threads = [threading.Thread(target=work) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert sum(arrived) == 12
    assert len({each["webhook-id"] for each in receiver.headers}) == 12 == len(receiver.got)


def test_two_events_heard_at_once_make_one_delivery():
    app, _secret = an_app()
    with receiving() as receiver:
        endpoint = a_webhook(app, receiver)
    first = webhooks.send_test(endpoint=endpoint)
    twin = Delivery(endpoint=endpoint, event_id=first.event_id, event_type=first.event_type, body=first.body)

    assert Delivery.objects.bulk_create([twin], ignore_conflicts=True)

    assert Delivery.objects.filter(event_id=first.event_id).count() == 1
