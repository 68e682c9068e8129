"""No card number, secret, token or signature stands anywhere: not in our files, rows, logs, pages, answers or mails."""

import hashlib
import hmac
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings as project
from django.db import connection
from django.urls import reverse

from bookings import access, services
from bookings.models import Booking
from bookings.services import Actor
from bookings.tests.factories import book
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import begun
from conftest import ROOT, RealProcess, _answers, _environment, free_port
from core.embedded import processes
from payments import services as payments
from payments.gateways import registry
from payments.gateways.base import Charge
from payments.models import Payment, Refund, WebhookEvent
from payments.services.journal import NotGenuine
from sandbox.testing import SandboxClient

# Where the published test cards stand, which the stand-ins know and tests type, and numbers that are to be refused.
MAY_NAME_TEST_CARDS = (
    "payments/tests/test_admin.py",
    "bookings/tests/test_payment_checks.py",
    "payments/fraud/tests/test_admin.py",
    "platform/core/tests/test_logs.py",
    "platform/core/tests/test_text.py",
    "platform/notifications/tests/test_rendering.py",
    "sandbox/flutterwave/cards.py",
    "sandbox/paystack/instruments.py",
    "sandbox/tests/test_flutterwave.py",
    "sandbox/tests/test_gateways.py",
    "sandbox/tests/test_paystack.py",
    "tests/browser/test_checkout.py",
)
# Thirteen to nineteen digits, alone or in groups; not a piece of something longer, nor of a number with a point.
DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])")
# How the numbers of the card schemes begin that are met here: Visa, Mastercard, Verve and Discover, Amex and others.
SCHEMES = re.compile(r"4|5|6|3[0-9]|2[2-7]")
# Daphne's list of the addresses that were asked for, which `make run` shows and production's server does not write.
ACCESS_LOG = re.compile(r'"(GET|POST) /\S+" \d{3} \d+$')
PHONE = re.compile(r"234\d{10}")


def card_numbers(text: str) -> list[str]:
    """Return what could be a card's number: as long as one, begun as one, and right by Luhn's formula."""
    found = (re.sub(r"\D", "", match[0]) for match in DIGITS.finditer(text))
    return [
        digits
        for digits in found
        if SCHEMES.match(digits) and not PHONE.fullmatch(digits) and len(set(digits)) > 1 and passes_luhn(digits)
    ]


def passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


class TestTheSearch:
    @pytest.mark.parametrize(
        "text",
        [
            "paid with 4084 0840 8408 4081 today",
            '{"number":"4084084084084081"}',
            "5060-6666-6666-6666-666",
            "card=5531886652142950&",
        ],
    )
    def test_finds_a_card_number_however_it_is_written(self, text: str):
        assert card_numbers(text)

    @pytest.mark.parametrize("text", ["4084 0840 8408 4082", "+2348031234504", "0.40840840840840810", "1234"])
    def test_leaves_other_numbers_alone(self, text: str):
        assert not card_numbers(text)


def test_no_file_of_ours_names_a_card():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = [name for name in listed.decode().split("\0") if name]
    assert len(files) > 500
    found = {}
    for name in files:
        if name in MAY_NAME_TEST_CARDS or name.startswith("tests/test_no_card_data"):
            continue
        try:
            text = (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        if numbers := card_numbers(text):
            found[name] = numbers
    assert found == {}


# --- What is left behind when people pay -----------------------------------------------------------------------------


@pytest.fixture
def gateways(sandbox_process: Any, settings: Any) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    yield client
    client.reset()
    client.http.close()


@pytest.fixture
def web(transactional_db: None, gateways: SandboxClient, tmp_path: Any) -> Iterator[RealProcess]:
    """A web process of this test's own, whose every line is kept."""
    port = free_port()
    env = _environment(tmp_path, port) | {"SANDBOX_URL": gateways.url, "LOG_LEVEL": "INFO"}
    command = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "config.asgi:application"]
    process = RealProcess("web", command, env, f"http://localhost:{port}")
    process.start(lambda it: _answers(f"{it.url}/readyz"))
    yield process
    process.kill()


@pytest.mark.early
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gateway", ["paystack", pytest.param("flutterwave", marks=pytest.mark.long)])
def test_paying_leaves_no_card_secret_token_or_signature_behind(
    gateways: SandboxClient,
    web: RealProcess,
    celery_worker_process: RealProcess,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    gateway: str,
):
    settings.PAYMENT_GATEWAYS = [gateway]
    gateways.set_webhook_url(gateway, f"{web.url}/api/webhooks/{gateway}")
    caplog.set_level("INFO")
    answers: list[str] = []
    # One who pays, is told so by a webhook and the page, cancels, and is given it back; one whose card is declined.
    paid = pay(book(strict()), gateways, gateway, "card", web, answers)
    pay(book(strict()), gateways, gateway, "declined", web, answers)
    booking = Booking.objects.get(public_id=paid.request.subject_id)
    services.cancel_booking(booking=booking, by=Actor.diner(None))
    # The worker does the rest.
    wait_until(lambda: Refund.objects.exclude(gateway_id="").exists())
    signatures = forge(gateway, web, answers)
    bad_answers(web, answers)

    charge = registry.gateway(gateway).verify(paid.reference)
    assert isinstance(charge, Charge)
    secrets = {
        "the secret key": project.PAYSTACK_SECRET_KEY if gateway == "paystack" else project.FLUTTERWAVE_SECRET_KEY,
        "the hash of webhooks": project.FLUTTERWAVE_SECRET_HASH,
        "the card's token": charge.card.token if charge.card else "",
        "the card's fingerprint": charge.card.fingerprint if charge.card else "",
        **{f"a signature ({number})": signature for number, signature in enumerate(signatures)},
    }
    if gateway == "flutterwave":
        # Theirs is the hash itself.
        secrets.pop("the card's fingerprint")
    link = {"the payer's link": paid.request.token}
    said = [*web.lines, *celery_worker_process.lines, *(record.getMessage() for record in caplog.records)]
    said += [str(record.exc_text) for record in caplog.records if record.exc_text]
    assert len(said) > 20
    look_for(secrets, "our answers", answers)
    look_for({**secrets, **link}, "the logs", [line for line in said if not ACCESS_LOG.search(line)])
    assert not any(secret and secret in line for line in said for secret in secrets.values())
    look_for({**secrets, **link}, "the database", cells())
    assert WebhookEvent.objects.exists()


def pay(
    booking: Booking, gateways: SandboxClient, gateway: str, how: str, web: RealProcess, answers: list[str]
) -> Payment:
    """Have somebody pay, and keep every page and answer that they see."""
    payment = begun(booking)
    headers = {"X-Booking-Token": access.token_for(booking)}
    gateways.pay(gateway, payment.reference, how=how)
    if how == "card":
        gateways.wait_for_deliveries(1, gateway=gateway, reference=payment.reference, seconds=60)
    with httpx.Client(base_url=web.url, timeout=30, trust_env=False) as client:
        token = payment.request.token
        for path in (reverse("payments:back", args=[token]), reverse("payments:pay", args=[token])):
            answers.append(_text(client.get(path)))
        answers.append(
            _text(client.post("/api/delivery/payment/callback", json={"reference": payment.reference}, headers=headers))
        )
        for path in (f"/api/delivery/payment/verify/{payment.reference}", f"/api/payments/{payment.public_id}"):
            answers.append(_text(client.get(path, headers=headers)))
    payment = payments.settle(payment_id=payment.pk)
    if how == "card":
        wait_until(lambda: Payment.objects.filter(pk=payment.pk, credited_at__isnull=False).exists())
    answers.append(_text_of_page(web, payment, headers))
    return payment


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in processes.until(90, pause=0.2):
        if is_so():
            return
    raise AssertionError("The worker did not do it in time.")


def _text_of_page(web: RealProcess, payment: Payment, headers: dict[str, str]) -> str:
    return _text(httpx.get(f"{web.url}/api/payments/{payment.public_id}", headers=headers, timeout=30, trust_env=False))


def _text(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers}\n{answer.text}"


def forge(gateway: str, web: RealProcess, answers: list[str]) -> list[str]:
    """Send webhooks that are genuine, forged and broken, and return their signatures."""
    body = json.dumps({"event": "charge.success", "data": {"reference": "buka-nobody", "id": 1, "status": "success"}})
    signature = hmac.new(project.PAYSTACK_SECRET_KEY.encode(), body.encode(), hashlib.sha512).hexdigest()
    name = "x-paystack-signature" if gateway == "paystack" else "verif-hash"
    proofs = [signature if gateway == "paystack" else project.FLUTTERWAVE_SECRET_HASH, "forged-" + "a1b2c3d4" * 12]
    for proof in proofs:
        for sent in (body, body[:30], '{"event": "x", "data": {"card": "4084 0840 8408 4081"}}'):
            answer = httpx.post(
                f"{web.url}/api/webhooks/{gateway}",
                content=sent,
                headers={name: proof, "Content-Type": "application/json"},
                timeout=30,
                trust_env=False,
            )
            answers.append(_text(answer))
            if gateway == "paystack" and proof != signature:
                with pytest.raises(NotGenuine):
                    payments.take_in(gateway=gateway, headers={name: proof}, body=sent.encode())
    return proofs


def bad_answers(web: RealProcess, answers: list[str]) -> None:
    """Ask for what does not exist, with a card's number in each place."""
    number = "4084084084084081"
    with httpx.Client(base_url=web.url, timeout=30, trust_env=False) as client:
        answers.append(_text(client.get("/api/delivery/payment/verify/buka-nobody")))
        answers.append(_text(client.post("/api/delivery/payment/callback", json={"reference": "x" * 80})))
        asked = {"kind": "deposit", "subject": number, "channel": number, "email": number}
        client.post("/api/delivery/payment", json=asked, headers={"Idempotency-Key": "k"})
        client.post("/api/delivery/payment/callback", json={"reference": number})
        client.get(f"/api/delivery/payment/verify/{number}")
        time.sleep(0.5)


def look_for(secrets: dict[str, str], where: str, texts: Iterable[str]) -> None:
    for text in texts:
        for what, value in secrets.items():
            assert not (value and value in text), f"{what} stands in {where}: {_around(text, value)}"
        numbers = card_numbers(text)
        assert numbers == [], f"a card's number stands in {where}: {_around(text, numbers[0])}"


def _around(text: str, value: str) -> str:
    place = max(0, text.find(value))
    return text[max(0, place - 100) : place + 100]


def cells() -> Iterator[str]:
    """Return every cell of the database that holds text or JSON, table by table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND "
            "data_type IN ('text', 'character varying', 'jsonb', 'json', 'ARRAY')"
        )
        columns = cursor.fetchall()
        for table, column in columns:
            cursor.execute(f'SELECT DISTINCT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL LIMIT 5000')
            yield from (f"{table}.{column}: {value}" for (value,) in cursor.fetchall())
