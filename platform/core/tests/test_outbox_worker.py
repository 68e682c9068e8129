"""The outbox with a real worker, and with processes and servers that die."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings as django_settings

from conftest import ROOT, RealProcess, _environment, worker_is_ready
from core import outbox
from core.models import EventDelivery, OutboxEvent
from core.tests.pings import effects

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

PUBLISH = """
import os, signal, sys, time
import django
django.setup()
from django.db import transaction
from core import outbox
from core.tests.pings import Pinged

if "die" in sys.argv:
    # The last instruction this process runs: the transaction has committed, the bell has not been rung.
    outbox.ring = lambda: os.kill(os.getpid(), signal.SIGKILL)
for number in range(int(sys.argv[1])):
    begun = time.perf_counter()
    with transaction.atomic():
        outbox.publish(Pinged(number=number))
    print(time.perf_counter() - begun, flush=True)
"""


@pytest.fixture
def env(pinged, tmp_path) -> dict[str, str]:
    return {**_environment(tmp_path, 8129), "DJANGO_SETTINGS_MODULE": "core.tests.worker_settings"}


@pytest.fixture
def worker(env) -> Iterator[RealProcess]:
    worker = make_worker(env)
    worker.start(worker_is_ready)
    yield worker
    worker.stop()


def make_worker(env) -> RealProcess:
    command = ["-m", "celery", "-A", "config", "worker", "--loglevel=INFO", "--without-gossip", "--without-mingle"]
    return RealProcess("worker", [*command, "--concurrency=2"], env)


def publish_in_a_process(env, times: int, *extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PUBLISH, str(times), *extra]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)


def sweep(env) -> None:
    """What beat does every few seconds."""
    command = [sys.executable, "-m", "celery", "-A", "config", "call", "core.outbox.sweep"]
    subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=True, timeout=60)


def wait_for(condition, seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def all_done(count: int) -> bool:
    return EventDelivery.objects.filter(status=EventDelivery.Status.DONE).count() == count


@pytest.mark.long
def test_a_published_event_reaches_its_handler_within_a_second_or_two(env, worker):
    published = publish_in_a_process(env, 20)

    assert published.returncode == 0, published.stderr
    assert wait_for(lambda: all_done(20), 5)
    assert sorted(effects()) == list(range(20))


@pytest.mark.long
def test_killed_between_commit_and_bell_the_sweep_delivers(env, worker):
    published = publish_in_a_process(env, 1, "die")

    assert published.returncode == -signal.SIGKILL
    assert OutboxEvent.objects.filter(name="test.pinged", relayed_at=None).count() == 1
    assert not wait_for(lambda: all_done(1), 1)
    sweep(env)
    assert wait_for(lambda: all_done(1))
    assert effects() == [0]


def test_a_worker_killed_while_working_loses_and_doubles_nothing(env, worker):
    published = publish_in_a_process(env, 60)
    assert published.returncode == 0, published.stderr
    wait_for(lambda: EventDelivery.objects.filter(status="done").count() >= 3, 10)

    worker.kill()
    # What it held is left in peace for a lease; here the lease has run out.
    EventDelivery.objects.filter(status="waiting").update(next_attempt_at="2020-01-01T00:00Z")
    worker.lines.clear()
    worker.start(worker_is_ready)
    sweep(env)

    assert wait_for(lambda: all_done(60))
    assert sorted(effects()) == list(range(60))


@pytest.mark.long
def test_without_redis_publishing_commits_at_once_and_the_sweep_delivers_later(env):
    published = publish_in_a_process({**env, "REDIS_URL": "redis://127.0.0.1:1/0"}, 5)

    assert published.returncode == 0, published.stderr
    assert all(float(seconds) < 0.5 for seconds in published.stdout.split()), published.stdout
    assert OutboxEvent.objects.filter(name="test.pinged", relayed_at=None).count() == 5
    worker = make_worker(env)
    worker.start(worker_is_ready)
    try:
        sweep(env)
        assert wait_for(lambda: all_done(5))
    finally:
        worker.stop()


@pytest.mark.long
def test_a_redis_that_accepts_and_never_answers_costs_one_request_a_second(env, silent_server):
    published = publish_in_a_process({**env, "REDIS_URL": f"redis://127.0.0.1:{silent_server}/0"}, 5)

    seconds = [float(line) for line in published.stdout.split()]
    assert published.returncode == 0, published.stderr
    assert seconds[0] < 2.5, seconds
    assert all(later < 0.2 for later in seconds[1:]), seconds
    assert OutboxEvent.objects.filter(name="test.pinged").count() == 5


@pytest.mark.long
def test_a_redis_that_was_emptied_loses_nothing(env, pinged):
    publish_in_a_process(env, 3)
    outbox.relay_all()
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    client.delete(*client.scan_iter(match=f"{django_settings.REDIS_PREFIX}*"))
    client.close()

    EventDelivery.objects.update(next_attempt_at="2020-01-01T00:00Z")
    worker = make_worker(env)
    worker.start(worker_is_ready)
    try:
        sweep(env)
        assert wait_for(lambda: all_done(3))
    finally:
        worker.stop()
    assert sorted(effects()) == [0, 1, 2]
