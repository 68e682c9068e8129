"""Whole evenings: a diner books on the page, and the mail arrives, whatever dies in between."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import icalendar
import pytest

from bookings.models import Booking
from bookings.states import Status
from bookings.tests.factories import at
from conftest import RealProcess, _answers, _environment, free_port, worker_is_ready
from core.embedded import paths
from core.embedded.services import Embedded
from restaurants.models import Restaurant
from restaurants.tests.factories import house
from sandbox.testing import SandboxClient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker]

ADA = "ada@example.com"
# Long enough for a second copy to arrive, if there were one.
QUIET_SECONDS = 3


@pytest.fixture
def suya_spot(transactional_db: None) -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 2), landmark="Opposite the filling station")


@pytest.fixture
def sandbox(sandbox_process: RealProcess) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    yield client
    client.http.close()


class Diner:
    """A person with a browser that sends forms and runs no script."""

    def __init__(self, home: str) -> None:
        self.browser = httpx.Client(base_url=home, timeout=20, trust_env=False, follow_redirects=True)

    def book(self, clock: str = "19:00") -> httpx.Response:
        path = "/en/r/suya-spot/book/"
        form = self.browser.get(path, params={"starts_at": at(clock).isoformat(), "party": "2"})
        assert form.status_code == 200, form.text[:2000]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.text))
        answers = {**hidden, "name": "Adaeze Okonkwo", "phone": "0803 123 4567", "email": ADA}
        return self.browser.post(path, data=answers)


@pytest.fixture
def diner(buka_server: str) -> Iterator[Diner]:
    someone = Diner(buka_server)
    yield someone
    someone.browser.close()


def mails_once_quiet(sandbox: SandboxClient) -> list[dict[str, Any]]:
    """Return Ada's mails when one has come and no more follow."""
    sandbox.wait_for_mails(1, to=ADA)
    time.sleep(QUIET_SECONDS)
    return sandbox.mails(to=ADA)


def test_who_books_on_the_page_reads_the_code_in_the_mail(
    diner: Diner, celery_worker_process: RealProcess, sandbox: SandboxClient, suya_spot: Restaurant
) -> None:
    page = diner.book()

    booking = Booking.objects.get()
    assert "Your table is booked" in page.text
    [mail] = sandbox.wait_for_mails(1, to=ADA)
    spoken = f"{booking.code[:3]} {booking.code[3:]}"
    assert "Suya Spot" in mail["subject"]
    # As a person reads it, on the sandbox's page.
    read = sandbox.http.get(mail["url"]).raise_for_status().text
    assert spoken in read
    assert "buka.ics" in read

    [event] = icalendar.Calendar.from_ical(calendar_of(sandbox, mail)).walk("VEVENT")
    assert event["SUMMARY"] == "Table at Suya Spot"
    assert event.decoded("DTSTART") == at("19:00")
    assert spoken in event["DESCRIPTION"]


def calendar_of(sandbox: SandboxClient, mail: dict[str, Any]) -> bytes:
    """Return the calendar file that came with a mail."""
    [part] = [part for part in mail["attachments"] if part["name"] == "buka.ics"]
    return sandbox.http.get(part["url"]).raise_for_status().content


@pytest.mark.long
def test_the_link_in_the_mail_opens_the_booking_on_another_phone(
    diner: Diner, buka_server: str, celery_worker_process: RealProcess, sandbox: SandboxClient, suya_spot: Restaurant
) -> None:
    diner.book()
    [mail] = sandbox.wait_for_mails(1, to=ADA)
    link = re.search(r"https?://[^/\s]+(/en/bookings/[^\s]+token=[^\s]+)", mail["plain"])

    other_phone = Diner(buka_server)
    opened = other_phone.browser.get(link[1] if link else "")

    assert opened.status_code == 200
    assert "Your table is booked" in opened.text
    assert "token" not in str(opened.url)
    other_phone.browser.close()


@pytest.mark.long
def test_a_worker_killed_between_booking_and_mail_sends_it_once_when_it_is_back(
    diner: Diner, celery_worker_process: RealProcess, sandbox: SandboxClient, suya_spot: Restaurant
) -> None:
    celery_worker_process.kill()

    page = diner.book()
    assert "Your table is booked" in page.text
    assert Booking.objects.get().status == Status.CONFIRMED
    assert sandbox.mails(to=ADA) == []
    celery_worker_process.lines.clear()
    celery_worker_process.start(worker_is_ready)

    [mail] = mails_once_quiet(sandbox)
    assert mail["copies"] == 1


class PrivateRedis:
    """A Redis of this test's own, to be stopped and started again."""

    def __init__(self, home: Path) -> None:
        self.embedded = Embedded(home, durable=False)
        self.url = paths.redis_url(home)
        self.service = self.embedded.start_redis()

    def stop(self) -> None:
        self.service.stop()

    def start(self) -> None:
        self.service = self.embedded.start_redis()


@pytest.fixture
def private_redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    redis = PrivateRedis(tmp_path / "redis")
    yield redis
    redis.embedded.stop()


@pytest.fixture
def start_process(
    transactional_db: None, tmp_path: Path, sandbox_process: RealProcess
) -> Iterator[Callable[..., RealProcess]]:
    """Start a process of Buka's on another Redis than the other tests'."""
    started: list[RealProcess] = []

    def start(name: str, command: list[str], redis_url: str, is_ready: Callable[[RealProcess], bool]) -> RealProcess:
        port = free_port()
        env = _environment(tmp_path, port) | {"REDIS_URL": redis_url, "SANDBOX_URL": sandbox_process.url}
        env |= {"EMAIL_PORT": sandbox_process.env["EMAIL_PORT"]}
        arguments = [word.format(port=port) for word in command]
        process = RealProcess(name, arguments, env, f"http://127.0.0.1:{port}")
        process.start(is_ready)
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        process.stop()


WEB = ["-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "config.asgi:application"]
WORKER = ["-m", "celery", "-A", "config", "worker", "--loglevel=INFO", "--concurrency=1", "--without-gossip"]


def test_bookings_go_on_while_redis_is_gone_and_the_mail_follows(
    private_redis: PrivateRedis,
    start_process: Callable[..., RealProcess],
    sandbox: SandboxClient,
    suya_spot: Restaurant,
) -> None:
    web = start_process("web", WEB, private_redis.url, lambda it: _answers(f"{it.url}/readyz"))
    someone = Diner(web.url)
    assert someone.browser.get("/en/r/suya-spot/book/", params={"starts_at": at().isoformat(), "party": "2"}).is_success

    private_redis.stop()
    began = time.monotonic()
    page = someone.book()
    took = time.monotonic() - began

    booking = Booking.objects.get()
    assert "Your table is booked" in page.text
    # The page, its form and the confirmation: none of them waits for what is not there.
    assert took < 8, took
    assert "no-store" in page.headers["Cache-Control"]
    assert someone.browser.get(f"/en/bookings/{booking.public_id}/").status_code == 200
    assert someone.browser.get(f"/en/bookings/{booking.public_id}/change/").status_code == 200
    guess = {"code": booking.code, "contact": ADA, "csrfmiddlewaretoken": someone.browser.cookies["csrf"]}
    assert someone.browser.post("/en/find/", data=guess).status_code == 503
    assert sandbox.mails(to=ADA) == []

    private_redis.start()
    worker = start_process("worker", WORKER, private_redis.url, worker_is_ready)
    # What beat does every few seconds.
    sweep = ["-m", "celery", "-A", "config", "call", "core.outbox.sweep"]
    start_and_end(sweep, worker.env)

    [mail] = mails_once_quiet(sandbox)
    assert mail["copies"] == 1
    someone.browser.close()


def start_and_end(command: list[str], env: dict[str, str]) -> None:
    subprocess.run([sys.executable, *command], env=env, check=True, capture_output=True, timeout=60)
