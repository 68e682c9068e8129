"""Paying while things go wrong in the middle: each of these was found by `benchmarks.payments_chaos`, or looked for."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from django.conf import settings as project
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from bookings import services, subscribers_payments
from bookings.models import Advance, Booking
from bookings.services import Actor
from bookings.states import AdvanceState, Status
from bookings.tests.factories import book
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import later, refunds_done, settled, wish
from conftest import RealProcess, _answers, _environment, free_port
from core import outbox
from core.invariants import ask, invariants
from core.models import EventDelivery
from core.testing import work_off_outbox
from payments import errors as payments_errors
from payments import services as payments
from payments.gateways import base
from payments.gateways import registry as payments_of_gateway
from payments.gateways.base import Channel
from payments.gateways.circuit import Circuit
from payments.ledger import chart
from payments.ledger.agreements import agreements
from payments.ledger.models import Transaction
from payments.ledger.selectors import balance, left_of_payment
from payments.models import Payment, Refund, WebhookEvent
from payments.services import disputing
from payments.states import JournalState, Kind, PaymentState, RefundReason, RefundState, Review
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gateways(sandbox_process: Any, settings: Any) -> Iterator[SandboxClient]:
    """Both gateways, played by the sandbox; their webhooks go nowhere unless a test says so."""
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    yield client
    client.reset()
    client.http.close()


@pytest.fixture(autouse=True)
def books_agree() -> Iterator[None]:
    """Whatever a test does to payments, the books say the same of them afterwards."""
    yield
    broken = [found for found in ask([*invariants(), *agreements()]) if not found.holds]
    assert broken == []


def begun(booking: Booking, **more: Any) -> Payment:
    """Return a payment for a booking's deposit that waits for its payer at the gateway's page."""
    asked = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
    return payments.begin(request=asked, wish=wish(**more))


class TestAKey:
    """What a request that may be sent twice begins."""

    def test_goes_on_to_the_other_gateway_when_the_first_is_down(self, gateways: SandboxClient):
        gateways.gateway_faults({"gateway": "paystack", "route": "*", "kind": "error_429"})

        payment = begun(book(strict()), key="once")

        assert (payment.gateway, payment.state, payment.key) == ("flutterwave", PaymentState.PENDING, "once")

    def test_begins_what_no_gateway_could_begin_before(self, gateways: SandboxClient):
        booking = book(strict())
        gateways.gateway_faults({"gateway": "*", "route": "*", "kind": "error_429"})
        with pytest.raises(payments_errors.NoGateway):
            begun(booking, key="once")
        gateways.gateway_faults()

        payment = begun(booking, key="once")

        assert payment.state == PaymentState.PENDING
        assert begun(booking, key="once").pk == payment.pk


class TestMoneyBack:
    def paid(self, gateways: SandboxClient, booking: Booking, gateway: str = "paystack", **more: Any) -> Payment:
        payment = begun(booking, **more)
        gateways.pay(gateway, payment.reference, how="card")
        return settled(payment)

    def test_news_of_a_refund_waits_while_the_gateway_cannot_be_asked(self, gateways: SandboxClient, buka_server: str):
        payment = self.paid(gateways, book(strict()))
        gateways.set_webhook_url("paystack", f"{buka_server}/api/webhooks/paystack")
        # Somebody gives it back at the gateway.
        payments_of_gateway.gateway("paystack").refund(
            base.RefundAsk(payment.reference, payment.gateway_id, 500_000, note="by hand")
        )
        gateways.wait_for_deliveries(1, gateway="paystack", event="refund.pending")
        gateways.gateway_faults({"gateway": "paystack", "route": "refund_list", "kind": "error_500"})
        event = WebhookEvent.objects.get(name="refund.pending")

        payments.work_off(event_id=event.pk)

        event.refresh_from_db()
        assert event.state == JournalState.WAITING
        gateways.gateway_faults()
        Circuit("paystack").forget()
        payments.work_off(event_id=event.pk)
        event.refresh_from_db()
        assert event.state == JournalState.DONE
        assert Refund.objects.get().amount_kobo == 500_000

    def test_what_is_owed_while_a_bank_has_it_goes_back_when_the_bank_lets_go(self, gateways: SandboxClient):
        booking = book(strict())
        payment = self.paid(gateways, booking)
        seen = base.Dispute("77", base.DisputeState.OPEN, "pending", 2_000_000, "NGN", reference=payment.reference)
        disputing.note_dispute(payment_id=payment.pk, seen=seen)
        booking.refresh_from_db()
        services.cancel_booking(booking=booking, by=Actor.diner(None))
        work_off_outbox()
        assert not Refund.objects.exists()

        disputing.note_dispute(payment_id=payment.pk, seen=replace(seen, state=base.DisputeState.WON))
        work_off_outbox()

        assert Refund.objects.get().amount_kobo == 2_000_000

    @pytest.mark.parametrize("what", ["dispute", "refund"])
    def test_news_of_what_goes_back_that_comes_before_news_of_the_money(
        self, gateways: SandboxClient, buka_server: str, what: str
    ):
        gateways.set_webhook_url("paystack", f"{buka_server}/api/webhooks/paystack")
        booking = book(strict())
        payment = begun(booking)
        if what == "dispute":
            gateways.gateway_faults({"gateway": "paystack", "route": "checkout", "kind": "dispute"})
        gateways.pay("paystack", payment.reference)
        if what == "refund":
            gateway = payments_of_gateway.gateway("paystack")
            gateway.refund(base.RefundAsk(payment.reference, "", 500_000, note="by hand"))
        name = "charge.dispute.create" if what == "dispute" else "refund.pending"
        gateways.wait_for_deliveries(1, gateway="paystack", event=name)

        payments.work_off(event_id=WebhookEvent.objects.get(name=name).pk)

        payment.refresh_from_db()
        assert payment.state == PaymentState.SUCCEEDED
        assert (payment.disputed_kobo, payment.refunded_kobo) == ((2_000_000, 0) if what == "dispute" else (0, 500_000))
        assert left_of_payment(payment.public_id) == payment.left_kobo

    def test_an_old_payment_whose_gateway_has_given_back_much_since(
        self, gateways: SandboxClient, settings: Any, monkeypatch: pytest.MonkeyPatch
    ):
        settings.PAYMENT_GATEWAYS = ["flutterwave"]
        # Flutterwave lists everybody's refunds, and so many pages of them are read.
        monkeypatch.setattr("payments.gateways.flutterwave.MOST_PAGES", 1)
        gateway = payments_of_gateway.gateway("flutterwave")
        others = self.paid(gateways, book(strict()), "flutterwave")
        gateways.advance(-10 * 86400)
        for _number in range(21):
            gateway.refund(base.RefundAsk(others.reference, others.gateway_id, 10_000, note="before"))
        gateways.turn_clock(reset=True)
        payment = self.paid(gateways, book(strict()), "flutterwave")
        Payment.objects.filter(pk=payment.pk).update(created_at=payment.created_at - timedelta(days=11))
        refund = payments.refund(payment=payment, amount_kobo=700_000, reason=RefundReason.GOODWILL, key="old")
        gateways.gateway_faults({"gateway": "flutterwave", "route": "refund", "kind": "reset_after", "times": 1})
        payments.look_after_refund(refund_id=refund.pk)

        payments.look_after_refund(refund_id=refund.pk)

        refund.refresh_from_db()
        assert refund.state == RefundState.DONE

    def test_what_has_arrived_and_is_not_noted_yet_is_not_given_back_again(
        self, gateways: SandboxClient, settings: Any
    ):
        settings.PAYMENT_GATEWAYS = ["flutterwave"]
        booking = book(strict())
        payment = begun(booking, channel=Channel.TRANSFER)
        gateways.pay("flutterwave", payment.reference, how="transfer", kobo=2_500_000)
        settled(payment)
        [surplus] = Refund.objects.all()
        # A refund of Flutterwave's has arrived at once; that its house hears of it takes a moment.
        payments.look_after_refund(refund_id=surplus.pk)
        surplus.refresh_from_db()
        assert surplus.state == RefundState.DONE

        advance = Advance.objects.get(booking=booking)
        with transaction.atomic():
            subscribers_payments.give_deposit_back(booking_id=booking.public_id, entry=10**9, why="surplus")

        assert Refund.objects.count() == 1
        work_off_outbox()
        advance.refresh_from_db()
        assert (advance.received_kobo, advance.returned_kobo) == (2_500_000, 500_000)

    def test_two_who_give_back_at_once_give_it_back_once(self, gateways: SandboxClient, settings: Any):
        settings.PAYMENT_GATEWAYS = ["flutterwave"]
        booking = book(strict())
        payment = begun(booking, channel=Channel.TRANSFER)
        gateways.pay("flutterwave", payment.reference, how="transfer", kobo=2_500_000)
        payments.settle(payment_id=payment.pk)
        _deliver_only("bookings.subscribers_payments.take_payment")
        start = threading.Barrier(2)

        def give_back(entry: int) -> None:
            try:
                start.wait(10)
                with transaction.atomic():
                    subscribers_payments.give_deposit_back(booking_id=booking.public_id, entry=entry, why="surplus")
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(give_back, 10**9 + number) for number in range(2)]:
                done.result()

        assert sum(Refund.objects.values_list("amount_kobo", flat=True)) == 500_000
        work_off_outbox()

    def test_money_that_was_not_let_through_leaves_the_deposit_alone(self, gateways: SandboxClient, settings: Any):
        settings.PAYMENT_GATEWAYS = ["flutterwave"]
        booking = book(strict())
        payment = begun(booking)
        gateways.pay("flutterwave", payment.reference)
        Payment.objects.filter(pk=payment.pk).update(review=Review.HELD)
        held = settled(payment)
        payments.refuse_payment(payment=held, by=None)
        work_off_outbox()

        refunds_done()

        # It had never counted, so its way back is no news for the house.
        advance = Advance.objects.get(booking=booking)
        assert (advance.state, advance.received_kobo, advance.returned_kobo) == (AdvanceState.AWAITED, 0, 0)
        assert Refund.objects.get().state == RefundState.DONE


class TestAFeeOnTop:
    @pytest.mark.parametrize("gateway", ["paystack", "flutterwave"])
    def test_is_paid_by_the_payer_and_not_by_us(self, gateways: SandboxClient, settings: Any, gateway: str):
        settings.PAYMENT_GATEWAYS = [gateway]
        gateways.gateway_faults({"gateway": gateway, "route": "checkout", "kind": "fee_on_top"})
        payment = begun(book(strict()))
        gateways.pay(gateway, payment.reference)

        payment = settled(payment)

        [row] = [row for row in gateways.payments(gateway) if row["reference"] == payment.reference]
        assert row["amount_kobo"] > payment.received_kobo == 2_000_000
        assert payment.fee_kobo == 0
        assert balance(chart.gateway_clearing(gateway)) == row["amount_kobo"] - row["fee_kobo"]


class TestWhoComesBackLate:
    def test_the_page_asks_about_an_attempt_that_was_given_up(
        self, gateways: SandboxClient, client: Client, buka_server: str
    ):
        booking = book(strict())
        payment = begun(booking)
        with later(hours=2):
            assert settled(payment).state == PaymentState.EXPIRED
            # No webhook comes: all that there is is the payer, who comes back from the gateway's page.
            gateways.pay("paystack", payment.reference)

            client.get(reverse("payments:back", args=[payment.request.token]))

        payment.refresh_from_db()
        assert payment.state == PaymentState.SUCCEEDED
        work_off_outbox()
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED


class TestAllAtOnce:
    def test_ten_webhooks_and_ten_looks_count_once(self, gateways: SandboxClient, buka_server: str):
        booking = book(strict())
        payment = begun(booking)
        gateways.pay("paystack", payment.reference)
        headers, body = signed(payment)

        def send(number: int) -> int:
            if number % 2:
                return payments.settle(payment_id=payment.pk).received_kobo
            return httpx.post(
                f"{buka_server}/api/webhooks/paystack", content=body, headers=headers, timeout=30
            ).status_code

        assert set(at_once(send, 20)) == {200, 2_000_000}
        event = WebhookEvent.objects.get()
        assert event.times == 10
        at_once(lambda _number: payments.work_off(event_id=event.pk), 4)
        work_off_outbox()

        advance = Advance.objects.get(booking=booking)
        assert (advance.state, advance.received_kobo) == (AdvanceState.RECEIVED, 2_000_000)
        assert Transaction.objects.filter(payment_id=payment.public_id).count() == 1

    @pytest.mark.parametrize("gateway", ["paystack", "flutterwave"])
    def test_four_workers_with_one_refund_give_it_back_once(self, gateways: SandboxClient, settings: Any, gateway: str):
        settings.PAYMENT_GATEWAYS = [gateway]
        payment = begun(book(strict()))
        gateways.pay(gateway, payment.reference)
        payment = settled(payment)
        made = at_once(lambda number: _refunded(payment, key=f"decision {number % 2}"), 4)
        assert sorted(made) == ["a refund", "a refund", "too large", "too large"]
        refund = Refund.objects.get()

        at_once(lambda _number: payments.look_after_refund(refund_id=refund.pk), 4)

        [row] = [row for row in gateways.payments(gateway) if row["reference"] == payment.reference]
        assert row["refunded_kobo"] == 2_000_000
        refunds_done()

    def test_two_gateways_paid_for_one_table_keep_one_deposit(self, gateways: SandboxClient, settings: Any):
        booking = book(strict())
        one = begun(booking)
        settings.PAYMENT_GATEWAYS = ["flutterwave", "paystack"]
        other = begun(booking, channel=Channel.TRANSFER)
        assert (one.gateway, other.gateway) == ("paystack", "flutterwave")
        gateways.pay("paystack", one.reference)
        gateways.pay("flutterwave", other.reference, how="transfer")

        at_once(lambda number: payments.settle(payment_id=(one, other)[number].pk), 2)
        work_off_outbox()
        refunds_done()

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        rows = [row for name in ("paystack", "flutterwave") for row in gateways.payments(name)]
        assert sum(row["amount_kobo"] - row["refunded_kobo"] for row in rows) == 2_000_000


class TestWhatIsSaidAndNotSo:
    def test_a_redirect_made_by_hand_says_nothing(self, gateways: SandboxClient, client: Client):
        booking = book(strict())
        payment = begun(booking)
        address = reverse("payments:back", args=[payment.request.token])

        client.get(f"{address}?status=successful&transaction_id=1&trxref={payment.reference}&reference=x")

        work_off_outbox()
        booking.refresh_from_db()
        assert booking.status == Status.HELD
        payment.refresh_from_db()
        assert payment.state == PaymentState.PENDING

    def test_a_genuine_webhook_about_what_is_not_paid_pays_nothing(self, gateways: SandboxClient):
        payment = begun(book(strict()))
        headers, body = signed(payment)
        event = payments.take_in(gateway="paystack", headers=headers, body=body.encode())
        assert event is not None

        payments.work_off(event_id=event.pk)

        payment.refresh_from_db()
        assert (payment.state, payment.received_kobo) == (PaymentState.PENDING, 0)

    @pytest.mark.parametrize("gateway", ["paystack", "flutterwave"])
    def test_kobo_in_the_place_of_naira_confirm_nothing(self, gateways: SandboxClient, settings: Any, gateway: str):
        settings.PAYMENT_GATEWAYS = [gateway]
        gateways.gateway_faults(wrong(gateway, 0.01))
        booking = book(strict())
        payment = begun(booking)
        gateways.pay(gateway, payment.reference)

        assert settled(payment).received_kobo == 20_000

        booking.refresh_from_db()
        assert booking.status == Status.HELD
        assert Advance.objects.get(booking=booking).missing_kobo == 1_980_000

    @pytest.mark.parametrize("gateway", ["paystack", "flutterwave"])
    def test_naira_in_the_place_of_kobo_go_back(self, gateways: SandboxClient, settings: Any, gateway: str):
        settings.PAYMENT_GATEWAYS = [gateway]
        gateways.gateway_faults(wrong(gateway, 100))
        payment = begun(book(strict()))
        gateways.pay(gateway, payment.reference)

        settled(payment)
        refunds_done()

        assert Refund.objects.get().amount_kobo == 198_000_000

    def test_news_of_what_is_held_for_a_look_is_done(self, gateways: SandboxClient):
        gateways.gateway_faults({"gateway": "paystack", "route": "checkout", "kind": "wrong_currency"})
        payment = begun(book(strict()))
        gateways.pay("paystack", payment.reference)
        headers, body = signed(payment)
        event = payments.take_in(gateway="paystack", headers=headers, body=body.encode())
        assert event is not None

        payments.work_off(event_id=event.pk)

        event.refresh_from_db()
        payment.refresh_from_db()
        assert (event.state, payment.review) == (JournalState.DONE, Review.HELD)


class TestTheNight:
    def test_a_gateway_that_is_down_for_an_hour_loses_nobody_their_table(self, gateways: SandboxClient):
        booking = book(strict(tables=(2,)))
        payment = begun(booking)
        gateways.pay("paystack", payment.reference)
        gateways.gateway_faults({"gateway": "*", "route": "*", "kind": "error_500"})
        for minutes in (1, 20, 40, 61, 75):
            with later(minutes=minutes):
                settled(payment)
                services.release_expired_holds()
                payment.refresh_from_db()
                # Nobody knows, so nobody says that it failed.
                assert payment.is_live
        booking.refresh_from_db()
        assert booking.status == Status.EXPIRED
        gateways.gateway_faults()
        Circuit("paystack").forget()

        with later(minutes=80):
            assert settled(payment).state == PaymentState.SUCCEEDED

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    @pytest.mark.long
    def test_a_webhook_is_sent_again_when_the_database_was_gone(self, gateways: SandboxClient, tmp_path: Path):
        payment = begun(book(strict()))
        headers, body = signed(payment)
        # The way to the database leads through a link, which can be taken away.
        folder = tmp_path / "pg"
        folder.mkdir()
        real = Path(connection.settings_dict["HOST"])
        sockets = list(real.glob(".s.PGSQL.*[0-9]"))
        assert sockets, f"no socket in {real}"
        links = {folder / socket.name: socket for socket in sockets}
        for link, socket in links.items():
            link.symlink_to(socket)
        with a_web_process(tmp_path, database=(str(real), str(folder))) as url:
            address = f"{url}/api/webhooks/paystack"
            for link in links:
                link.unlink()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            refused = httpx.post(address, content=body, headers=headers, timeout=60)
            assert refused.status_code >= 500
            assert not WebhookEvent.objects.exists()
            for link, socket in links.items():
                link.symlink_to(socket)

            taken = httpx.post(address, content=body, headers=headers, timeout=60)

        assert taken.status_code == 200
        assert WebhookEvent.objects.get().times == 1

    @pytest.mark.long
    def test_a_webhook_is_taken_in_while_redis_is_gone(self, gateways: SandboxClient, tmp_path: Path):
        payment = begun(book(strict()))
        headers, body = signed(payment)
        with a_web_process(tmp_path, REDIS_URL=f"unix://{tmp_path}/nobody.sock") as url:
            answers = [
                httpx.post(f"{url}/api/webhooks/paystack", content=body, headers=headers, timeout=60) for _ in range(3)
            ]

        assert [answer.status_code for answer in answers] == [200, 200, 200]
        event = WebhookEvent.objects.get()
        assert (event.state, event.times) == (JournalState.WAITING, 3)
        gateways.pay("paystack", payment.reference)
        # The sweep finds it without having heard of it.
        payments.work_off(event_id=event.pk)
        event.refresh_from_db()
        assert event.state == JournalState.DONE


@contextmanager
def a_web_process(tmp_path: Path, *, database: tuple[str, str] = ("", ""), **environment: str) -> Iterator[str]:
    """A web process of this test's own: with another way to the database, or another Redis."""
    port = free_port()
    env = _environment(tmp_path, port) | environment
    if database[0]:
        env["DATABASE_URL"] = env["DATABASE_URL"].replace(quote(database[0]), quote(database[1]))
        assert quote(database[1]) in env["DATABASE_URL"]
    command = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "config.asgi:application"]
    process = RealProcess("web", command, env, f"http://localhost:{port}")
    process.start(lambda it: _answers(f"{it.url}/healthz"))
    try:
        yield process.url
    finally:
        process.kill()


def at_once(act: Callable[[int], Any], count: int) -> list[Any]:
    """Return what each of so many threads had, that all began at one moment."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        try:
            barrier.wait(20)
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [done.result() for done in [pool.submit(run, number) for number in range(count)]]


def _refunded(payment: Payment, *, key: str) -> str:
    try:
        payments.refund(payment=payment, reason=RefundReason.GOODWILL, key=key)
    except payments_errors.RefundTooLarge:
        return "too large"
    return "a refund"


def wrong(gateway: str, ratio: float) -> dict[str, Any]:
    return {"gateway": gateway, "route": "checkout", "kind": "wrong_amount", "options": {"ratio": ratio}}


def signed(payment: Payment) -> tuple[dict[str, str], str]:
    """Return a genuine webhook that says that a payment was paid: its headers and its body."""
    data = {"id": payment.pk, "reference": payment.reference, "status": "success", "domain": "test", "amount": 1}
    body = json.dumps({"event": "charge.success", "data": data})
    signature = hmac.new(project.PAYSTACK_SECRET_KEY.encode(), body.encode(), hashlib.sha512).hexdigest()
    return {"x-paystack-signature": signature}, body


def _deliver_only(handler: str) -> None:
    outbox.relay_batch(bell=False)
    for delivery in EventDelivery.objects.filter(handler=handler):
        assert outbox.attempt(delivery.pk)
