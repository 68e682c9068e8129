"""The rules against fraud on a real way to pay: pages, the API, and the gateways' stand-ins over a socket."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import UserFactory
from bookings.models import Advance, Booking
from bookings.states import AdvanceState, Status
from bookings.tests.factories import book, guest
from core.testing import log_in, work_off_outbox
from notifications.models import Message
from payments import services as payments
from payments.fraud.devices import cookie_name
from payments.fraud.models import Attempt, Case, Decision, Rule
from payments.fraud.services import looking, ruling
from payments.fraud.states import Answer, CaseState, RuleKind
from payments.gateways.base import Channel, Payer
from payments.ledger.selectors import standing_of_payment
from payments.models import Payment, PaymentRequest, Refund
from payments.services.beginning import Wish
from payments.states import Kind, PaymentState, RefundReason, Review
from restaurants.models import Restaurant
from restaurants.tests.factories import house
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gateways(sandbox_process: Any, settings: Any) -> Iterator[SandboxClient]:
    """Both gateways, played by the sandbox."""
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    settings.PAYMENT_GATEWAYS = ["paystack", "flutterwave"]
    yield client
    client.reset()
    client.http.close()


@pytest.fixture
def place() -> Restaurant:
    terms = {"deposit_kobo_per_guest": 1_000_000, "deposit_from_party": 1, "deposit_due": "before"}
    return house(tables=(2, 2, 2, 2), policy=terms)


def rule(kind: RuleKind, threshold: int, answer: Answer, **more: Any) -> Rule:
    said = {"window_minutes": 60, "least_naira": 0, "restaurant": None, "is_active": True, "note": "", **more}
    Rule.objects.update(is_active=False)
    return ruling.make_rule(by=None, kind=kind, threshold=threshold, answer=answer, **said)


def asked_for(booking: Booking) -> PaymentRequest:
    return payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)


def begun(booking: Booking, **more: Any) -> Payment:
    wish = Wish(
        payer=Payer(email="ada@example.com", name="Ada Demo"),
        return_url="https://buka.example/en/pay/link/back/",
        cancel_url="https://buka.example/en/pay/link/",
        channel=Channel.CARD,
        **more,
    )
    return payments.begin(request=asked_for(booking), wish=wish)


def paid(gateways: SandboxClient, booking: Booking, **more: Any) -> Payment:
    payment = begun(booking, **more)
    gateways.pay(payment.gateway, payment.reference)
    payment = payments.settle(payment_id=payment.pk)
    work_off_outbox()
    payment.refresh_from_db()
    return payment


def standing(payment: Payment) -> dict[str, int]:
    """Return what a payment's money stands on in the books, what the gateway has taken left out."""
    found = standing_of_payment(payment.public_id)
    aside = ("gateway_clearing", "gateway_fees")
    return {account.kind.value: kobo for account, kobo in found.items() if kobo and account.kind not in aside}


def sent(browser: Client, asked: PaymentRequest) -> Any:
    """Press the button on the page of a link."""
    where = reverse("payments:pay", args=[asked.token])
    return browser.post(where, {"channel": "card", "email": "ada@example.com"})


class TestMoneyThatIsHeld:
    def test_counts_for_nothing_until_a_person_lets_it_through(
        self, gateways: SandboxClient, place: Restaurant
    ) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.HOLD)
        booking = book(place, guest=guest(1))
        payment = paid(gateways, booking)

        booking.refresh_from_db()
        assert (payment.state, payment.review) == (PaymentState.SUCCEEDED, Review.HELD)
        assert payment.credited_at is None
        assert booking.status == Status.HELD
        assert standing(payment) == {"suspense": 2_000_000}

        looking.let_through(case=Case.objects.get(), note="A guest of the house.", by=None)
        work_off_outbox()

        booking.refresh_from_db()
        payment.refresh_from_db()
        assert payment.credited_at is not None
        assert booking.status == Status.CONFIRMED
        assert Advance.objects.get(booking=booking).state == AdvanceState.RECEIVED
        assert standing(payment) == {"deposits_held": 2_000_000}

    def test_goes_back_at_the_gateway_when_a_person_says_so(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.HOLD)
        booking = book(place, guest=guest(1))
        payment = paid(gateways, booking)

        looking.give_back(case=Case.objects.get(), note="Not theirs.", by=None)
        work_off_outbox()
        for refund in Refund.objects.all():
            payments.look_after_refund(refund_id=refund.pk)

        [row] = [row for row in gateways.payments(payment.gateway) if row["reference"] == payment.reference]
        assert row["refunded_kobo"] == 2_000_000
        assert Refund.objects.get().reason == RefundReason.REVIEWED
        assert Advance.objects.get(booking=booking).received_kobo == 0

    def test_asked_about_again_and_again_it_is_decided_once(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.HOLD)
        payment = paid(gateways, book(place, guest=guest(1)))

        for _time in range(3):
            payments.settle(payment_id=payment.pk)
            work_off_outbox()

        assert Decision.objects.filter(payment=payment, moment="paid").count() == 1
        assert Case.objects.count() == 1
        assert Message.objects.filter(kind="payment.held", channel="email").count() == 1

    def test_its_table_is_kept_as_long_as_the_terms_allow(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.HOLD)
        booking = book(place, guest=guest(1))
        before = booking.hold_expires_at

        paid(gateways, booking)

        booking.refresh_from_db()
        assert before is not None and booking.hold_expires_at is not None
        assert booking.hold_expires_at > before

    def test_the_same_card_once_too_often_is_held(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.CARD, 3, Answer.HOLD)

        reviews = [paid(gateways, book(place, guest=guest(number))).review for number in range(1, 4)]

        assert reviews == [Review.NONE, Review.NONE, Review.HELD]

    def test_its_page_says_why_and_takes_an_appeal(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.HOLD)
        payment = paid(gateways, book(place, guest=guest(1)))
        browser, token = Client(), payment.request.token
        back = reverse("payments:back", args=[token])

        page = browser.get(back).content.decode()
        pressed = browser.post(reverse("payments:look_again", args=[token]), {"words": "It is my wedding."})
        again = browser.get(back).content.decode()

        assert "The amount is very large." in page
        assert reverse("payments:look_again", args=[token]) in page
        assert (pressed.status_code, pressed["Location"]) == (302, back)
        assert Case.objects.get().appeal == "It is my wedding."
        assert "You have asked for a person to look at it" in again

    def test_no_card_number_is_taken_with_an_appeal(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.HOLD)
        payment = paid(gateways, book(place, guest=guest(1)))
        where = reverse("payments:look_again", args=[payment.request.token])

        answer = Client().post(where, {"words": "My card is 4084 0840 8408 4081"})

        assert answer.status_code == 400
        assert Case.objects.get().appealed_at is None


class TestWhatIsNotLetBegin:
    def test_nothing_is_begun_at_a_gateway_and_the_payer_may_ask_for_a_person(
        self, gateways: SandboxClient, place: Restaurant
    ) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.REFUSE)
        asked = asked_for(book(place, guest=guest(1)))
        browser = Client()

        stopped = sent(browser, asked)
        page = stopped.content.decode()
        pressed = browser.post(reverse("payments:look_again", args=[asked.token]))

        assert stopped.status_code == 403
        assert "The amount is very large." in page
        assert gateways.payments("paystack") == []
        assert not Payment.objects.exists()
        assert pressed.status_code == 302
        looking.let_through(case=Case.objects.get(), note="Known to us.", by=None)
        assert "You can pay now" in browser.get(reverse("payments:pay", args=[asked.token])).content.decode()
        assert sent(browser, asked)["Location"].startswith(gateways.url)

    def test_a_device_that_tries_too_often_logs_in_first(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.DEVICE, 2, Answer.STEP_UP)
        first, second = (asked_for(book(place, guest=guest(number))) for number in (1, 2))
        browser = Client()
        browser.get(reverse("payments:pay", args=[first.token]))

        assert sent(browser, first).status_code == 302
        stopped = sent(browser, second)

        assert stopped.status_code == 403
        assert f"{reverse('account_login')}?next=/en/pay/{second.token}/" in stopped.content.decode()
        log_in(browser, UserFactory(), second_factor=False)
        let = sent(browser, second)
        assert let.status_code == 302
        assert let["Location"].startswith(gateways.url)

    def test_whoever_logged_in_long_ago_is_asked_again(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.STEP_UP)
        asked, browser = asked_for(book(place, guest=guest(1))), Client()
        log_in(browser, UserFactory(), second_factor=False)
        session = browser.session
        session["account_authentication_methods"] = [{"method": "password", "at": 0}]
        session.save()

        answer = sent(browser, asked)

        assert answer.status_code == 302
        assert answer["Location"].startswith("/en/account/again/")
        assert not Payment.objects.exists()

    def test_another_browser_is_another_device(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.DEVICE, 2, Answer.REFUSE)
        browsers = [Client(), Client()]
        for number, browser in enumerate(browsers, start=1):
            asked = asked_for(book(place, guest=guest(number)))
            browser.get(reverse("payments:pay", args=[asked.token]))
            assert sent(browser, asked).status_code == 302

        assert len(set(Attempt.objects.values_list("device", flat=True))) == 2

    def test_the_api_says_which_rule_and_how_to_go_on(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.AMOUNT, 1, Answer.STEP_UP)
        ada = UserFactory()
        booking = book(place, guest=guest(1), diner=ada)
        browser = Client()
        log_in(browser, ada, second_factor=False)
        session = browser.session
        session["account_authentication_methods"] = [{"method": "password", "at": 0}]
        session.save()

        answer = browser.post(
            "/api/delivery/payment",
            json.dumps({"kind": "deposit", "subject": str(booking.public_id), "channel": "card"}),
            content_type="application/json",
            headers={"Idempotency-Key": str(uuid4())},
        )

        assert answer.status_code == 403, answer.content
        assert answer.json()["code"] == "payment_proof_needed"
        assert "The amount is very large." in answer.content.decode()

    def test_going_on_with_an_open_page_is_no_new_attempt(self, gateways: SandboxClient, place: Restaurant) -> None:
        rule(RuleKind.AMOUNT, 10**9, Answer.REFUSE)
        booking = book(place, guest=guest(1))

        for _time in range(5):
            begun(booking)

        assert Attempt.objects.count() == 1

    def test_a_gateway_that_is_down_makes_no_second_attempt_of_one(
        self, gateways: SandboxClient, place: Restaurant
    ) -> None:
        rule(RuleKind.AMOUNT, 10**9, Answer.REFUSE)
        gateways.gateway_faults({"gateway": "paystack", "route": "*", "kind": "error_429"})

        payment = begun(book(place, guest=guest(1)))

        assert Payment.objects.count() == 2
        assert Attempt.objects.get().payment == payment
        assert Decision.objects.count() == 1


class TestTheDevice:
    def test_only_pages_where_one_pays_give_a_browser_its_mark(self, place: Restaurant) -> None:
        asked, browser = asked_for(book(place, guest=guest(1))), Client()

        browser.get("/en/")
        assert cookie_name() not in browser.cookies
        browser.get(reverse("payments:pay", args=[asked.token]))

        mark = browser.cookies[cookie_name()]
        assert (mark["path"], mark["httponly"], mark["samesite"]) == ("/en/pay/", True, "Lax")
        browser.get(reverse("payments:pay", args=[asked.token]))
        assert browser.cookies[cookie_name()].value == mark.value

    @pytest.mark.parametrize("forged", ["", "abc", "abc:1tAbCd:xyz", "a" * 5000])
    def test_a_mark_that_is_not_ours_counts_for_nothing(
        self, gateways: SandboxClient, place: Restaurant, forged: str
    ) -> None:
        rule(RuleKind.AMOUNT, 10**9, Answer.REFUSE)
        asked, browser = asked_for(book(place, guest=guest(1))), Client()
        browser.cookies[cookie_name()] = forged

        assert sent(browser, asked).status_code == 302

        assert Attempt.objects.get().device == ""


class TestLateLooks:
    def test_money_let_through_when_the_table_is_gone_goes_back_by_itself(
        self, gateways: SandboxClient, place: Restaurant
    ) -> None:
        from datetime import timedelta

        import time_machine
        from django.utils import timezone

        from bookings import services

        rule(RuleKind.AMOUNT, 1, Answer.HOLD)
        booking = book(place, guest=guest(1))
        paid(gateways, booking)
        with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
            services.release_expired_holds()
            for number in range(2, 6):
                book(place, guest=guest(number))
            looking.let_through(case=Case.objects.get(), note="Known to us.", by=None)
            work_off_outbox()

        assert Case.objects.get().state == CaseState.LET_THROUGH
        assert Refund.objects.get().reason == RefundReason.TOO_LATE
