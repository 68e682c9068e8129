import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core import outbox
from core.checks import subscriptions_lead_somewhere
from core.models import EventDelivery, OutboxEvent
from core.testing import work_off_outbox
from core.tests.subscriptions import SUBSCRIPTIONS as SUBSCRIBED

Status = EventDelivery.Status


def publish(event):
    with transaction.atomic():
        return outbox.publish(event)


def relayed(pinged, number=1):
    """A delivery on its way, as the relay makes it, without a worker that takes it."""
    publish(pinged.Pinged(number=number))
    outbox.relay_batch(bell=False)
    return EventDelivery.objects.get(event__name="test.pinged", event__payload__number=number)


def make_due(delivery):
    EventDelivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
class TestPublish:
    def test_records_the_event_with_the_change(self, pinged):
        publish(pinged.Pinged(number=7))

        event = OutboxEvent.objects.get()
        assert (event.name, event.payload, event.relayed_at) == ("test.pinged", {"number": 7}, None)

    def test_refuses_outside_a_transaction(self, pinged):
        with pytest.raises(transaction.TransactionManagementError, match="Pinged"):
            outbox.publish(pinged.Pinged(number=1))

        assert not OutboxEvent.objects.exists()

    def test_a_transaction_that_is_rolled_back_publishes_nothing(self, pinged):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            outbox.publish(pinged.Pinged(number=1))
            1 / 0  # noqa: B018

        assert not OutboxEvent.objects.exists()

    def test_rings_once_for_a_whole_transaction_and_not_before_it_commits(self, pinged, monkeypatch):
        rings = []
        monkeypatch.setattr(outbox, "enqueue", lambda task, *args: rings.append(task.name))

        with transaction.atomic():
            outbox.publish(pinged.Pinged(number=1))
            outbox.publish(pinged.Pinged(number=2))
            assert rings == []

        assert rings == ["core.outbox.relay"]

    def test_a_savepoint_that_is_rolled_back_does_not_take_the_bell_with_it(self, pinged, monkeypatch):
        rings = []
        monkeypatch.setattr(outbox, "enqueue", lambda task, *args: rings.append(task.name))

        with transaction.atomic():
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                outbox.publish(pinged.Pinged(number=1))
                1 / 0  # noqa: B018
            outbox.publish(pinged.Pinged(number=2))

        assert rings == ["core.outbox.relay"]
        assert [event.payload["number"] for event in OutboxEvent.objects.all()] == [2]

    def test_values_come_back_as_the_types_they_were(self, pinged):
        sent = pinged.Everything(
            id=uuid4(), at=datetime(2026, 12, 24, 19, 30, tzinfo=UTC), day=date(2026, 12, 24), note=None,
            sizes=(2, 4), times=[datetime(2026, 1, 1, tzinfo=UTC)], by_name={"table": uuid4()},
        )  # fmt: skip

        publish(sent)
        work_off_outbox()

        assert pinged.heard == [outbox.fields_of(sent)]

    def test_an_event_recorded_before_a_field_was_added_is_still_heard(self, pinged):
        payload = outbox.to_payload(
            pinged.Everything(uuid4(), datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), "x", (), [], {})
        )
        del payload["added_later"]
        payload["removed_since"] = True

        assert outbox.from_payload("test.everything", payload)["added_later"] == "default"

    def test_refuses_what_is_no_plain_value(self, pinged):
        with pytest.raises(TypeError, match="object"):
            publish(pinged.Pinged(number=object()))

        assert not OutboxEvent.objects.exists()

    def test_two_events_may_not_share_a_name(self, pinged):
        with pytest.raises(TypeError, match=r"test\.pinged"):

            @dataclass(frozen=True)
            class Other(outbox.Event):
                name: ClassVar[str] = "test.pinged"

        with pytest.raises(TypeError, match="needs a name"):

            class Nameless(outbox.Event):
                pass


@pytest.mark.django_db(transaction=True)
class TestRelay:
    def test_makes_one_delivery_for_each_hearer_and_hands_over_once(self, pinged):
        delivery = relayed(pinged)

        assert outbox.relay_batch(bell=False) == 0
        assert (delivery.handler, delivery.status, delivery.attempts) == ("core.tests.pings.write", Status.WAITING, 0)
        with pytest.raises(IntegrityError):
            EventDelivery.objects.create(event=delivery.event, handler=delivery.handler, next_attempt_at=timezone.now())

    def test_an_event_that_nobody_hears_is_done(self, pinged):
        with transaction.atomic():
            pinged.write(1)

        assert outbox.relay_all() == 1
        assert not EventDelivery.objects.exists()

    def test_relays_at_the_same_time_take_different_events(self, pinged):
        with transaction.atomic():
            for number in range(150):
                outbox.publish(pinged.Pinged(number=number))

        run_together(lambda: outbox.relay_batch(bell=False), times=4)

        assert EventDelivery.objects.count() == 150
        assert not OutboxEvent.objects.filter(relayed_at=None).exists()


@pytest.mark.django_db(transaction=True)
class TestAttempt:
    def test_effect_and_receipt_stand_together(self, pinged):
        delivery = relayed(pinged, number=3)

        assert outbox.attempt(delivery.pk)

        delivery.refresh_from_db()
        assert delivery.status == Status.DONE and delivery.done_at is not None and delivery.attempts == 1
        assert pinged.effects() == [3]

    def test_happens_once_whoever_asks_again(self, pinged):
        delivery = relayed(pinged)

        assert outbox.attempt(delivery.pk)
        assert not outbox.attempt(delivery.pk)
        assert not outbox.attempt(delivery.pk + 1000)

        assert pinged.effects() == [1]

    def test_a_handler_that_fails_twice_is_tried_again_and_leaves_one_effect(self, pinged, settings, monkeypatch):
        monkeypatch.setitem(SUBSCRIBED, "test.pinged", ["core.tests.pings.fail_a_few_times"])
        delivery = relayed(pinged)
        pinged.failures_left = 2
        waits = []

        for tried in (1, 2):
            before = timezone.now()
            assert not outbox.attempt(delivery.pk)
            delivery.refresh_from_db()
            waits.append((delivery.next_attempt_at - before).total_seconds())
            assert (delivery.status, delivery.attempts) == (Status.WAITING, tried)
            assert "The kitchen � is closed." in delivery.last_error
            assert pinged.effects() == []
        assert outbox.attempt(delivery.pk)

        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts, delivery.last_error) == (Status.DONE, 3, "")
        assert pinged.effects() == [1]
        assert 1.4 < waits[0] < 2.8 < waits[1] < 5.3

    def test_parked_after_twelve_tries_and_run_again_from_there(self, pinged, monkeypatch):
        monkeypatch.setitem(SUBSCRIBED, "test.pinged", ["core.tests.pings.fail_a_few_times"])
        delivery = relayed(pinged)
        pinged.failures_left = 12
        for _ in range(12):
            outbox.attempt(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == (Status.PARKED, 12)
        assert not outbox.attempt(delivery.pk)
        assert outbox.hand_over_due() == 0

        assert outbox.run_again([delivery]) == 1
        assert outbox.run_again([delivery]) == 0
        assert outbox.attempt(delivery.pk)

        delivery.refresh_from_db()
        assert delivery.status == Status.DONE
        assert pinged.effects() == [1]

    def test_a_handler_that_takes_its_worker_with_it_is_parked_too(self, pinged):
        delivery = relayed(pinged)
        EventDelivery.objects.filter(pk=delivery.pk).update(attempts=outbox.TRIES)

        assert not outbox.attempt(delivery.pk)

        delivery.refresh_from_db()
        assert delivery.status == Status.PARKED
        assert "died" in delivery.last_error
        assert pinged.effects() == []

    def test_an_event_that_is_no_longer_declared_waits_for_a_person(self, pinged):
        delivery = relayed(pinged)
        OutboxEvent.objects.filter(pk=delivery.event_id).update(name="test.renamed")

        assert not outbox.attempt(delivery.pk)

        delivery.refresh_from_db()
        assert "was it renamed?" in delivery.last_error

    def test_a_task_that_is_out_of_date_does_nothing(self, pinged):
        delivery = relayed(pinged)
        EventDelivery.objects.filter(pk=delivery.pk).update(attempts=1)

        assert not outbox.attempt(delivery.pk, attempts=0)

        assert pinged.effects() == []

    @pytest.mark.race
    def test_two_workers_with_one_delivery_leave_one_effect(self, pinged):
        for number in range(30):
            delivery = relayed(pinged, number=number)

            done = run_together(lambda pk=delivery.pk: outbox.attempt(pk), times=4)

            assert sum(done) == 1
        assert pinged.effects() == list(range(30))

    @pytest.mark.race
    def test_the_race_is_real_without_the_receipt_it_is_lost(self, pinged):
        """The twin of the test above, without the guard: the same workers, the same handler, more than one effect."""
        for number in range(30):
            delivery = relayed(pinged, number=number)

            def unguarded(payload=delivery.event.payload):
                with transaction.atomic():
                    if not OutboxEvent.objects.filter(name="test.effect", payload=payload).exists():
                        pinged.write(**payload)

            run_together(unguarded, times=4)

        assert len(pinged.effects()) > 30


@pytest.mark.django_db(transaction=True)
class TestSweep:
    def test_takes_up_what_a_lost_task_left_behind(self, pinged, monkeypatch):
        delivery = relayed(pinged)
        tasks = []
        monkeypatch.setattr(outbox, "enqueue", lambda task, *args: tasks.append((task.name, *args)) or True)
        assert outbox.hand_over_due() == 0

        make_due(delivery)
        assert outbox.hand_over_due() == 1
        assert outbox.hand_over_due() == 0

        assert tasks == [("core.outbox.deliver", delivery.pk, 0)]

    def test_what_redis_did_not_take_is_due_at_once(self, pinged, monkeypatch):
        publish(pinged.Pinged(number=1))
        monkeypatch.setattr(outbox, "enqueue", lambda task, *args: False)

        outbox.relay_all()

        assert EventDelivery.objects.get().is_due(timezone.now())

    def test_waits_double_up_to_an_hour(self):
        waits = [outbox.wait_after(attempts).total_seconds() for attempts in range(1, 13)]

        assert all(
            low <= wait <= high for wait, low, high in zip(waits, [1.5, 3, 6, 12], [2.5, 5, 10, 20], strict=False)
        )
        assert all(wait <= 3600 * 1.25 for wait in waits)

    def test_forgets_what_is_old_and_done_and_nothing_else(self, pinged):
        done, stuck = relayed(pinged, number=1), relayed(pinged, number=2)
        outbox.attempt(done.pk)
        publish(pinged.Pinged(number=3))
        OutboxEvent.objects.update(created_at=timezone.now() - timedelta(days=31))
        fresh = relayed(pinged, number=4)
        outbox.attempt(fresh.pk)

        OutboxEvent.objects.filter(name="test.effect").delete()
        OutboxEvent.objects.filter(payload={"number": 3}).update(relayed_at=None)
        assert outbox.forget_old() == 1

        assert sorted(event.payload["number"] for event in OutboxEvent.objects.filter(name="test.pinged")) == [2, 3, 4]
        assert EventDelivery.objects.filter(pk=stuck.pk).exists()


@pytest.mark.django_db
class TestConstraints:
    def test_done_has_its_time(self, pinged):
        delivery = relayed(pinged)

        with pytest.raises(IntegrityError, match="event_delivery_done_has_its_time"), transaction.atomic():
            EventDelivery.objects.filter(pk=delivery.pk).update(status=Status.DONE)


class TestSubscriptionsCheck:
    def test_every_real_subscription_leads_somewhere(self):
        assert subscriptions_lead_somewhere(None) == []

    def test_finds_names_and_paths_that_do_not_exist(self, pinged, monkeypatch):
        monkeypatch.setitem(SUBSCRIBED, "test.unheard_of", ["core.tests.pings.write"])
        monkeypatch.setitem(
            SUBSCRIBED, "test.pinged", ["core.tests.pings.nowhere", "core.tests.pings.heard", "core.tests.pings.heard"]
        )

        found = sorted(problem.id for problem in subscriptions_lead_somewhere(None))

        assert found == ["core.E001", "core.E002", "core.E002", "core.E002", "core.E003"]


def run_together(action, *, times):
    """Run an action in several threads with connections of their own, from one starting line."""
    start = threading.Barrier(times)
    results, failures = [], []

    def run():
        with closing(connection):
            try:
                start.wait(10)
                results.append(action())
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    return results
