"""Fees for a no-show and a late cancellation: told, guaranteed by a card, charged once, waived, given back."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.states import Role
from accounts.tests.factories import log_in, member
from bookings import errors, services, terms
from bookings.access import token_for
from bookings.models import Booking, Fee
from bookings.services import Actor
from bookings.states import FeeKind, FeeState, Status
from bookings.subscribers import terms_text
from bookings.tests.factories import at, book, tomorrow
from bookings.tests.test_paying import refunds_done, settled, wish
from core.audit.models import AuditEvent
from core.invariants import ask, invariants
from core.testing import work_off_outbox
from notifications.models import Message
from payments import services as payments
from payments.gateways import base
from payments.ledger.agreements import agreements
from payments.ledger.models import Entry
from payments.models import Payment, PaymentRequest, Refund
from payments.saved import selectors as cards
from payments.saved.models import SavedMethod
from payments.saved.states import MethodState
from payments.services.disputing import note_dispute
from payments.states import Kind, PaymentState, RefundReason
from restaurants.models import Restaurant, SpecialDay, SpecialTerms
from restaurants.service_plan import plan_of
from restaurants.tests.factories import house
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db(transaction=True)

# 5,000 naira a head if nobody comes, 3,000 for a late cancellation; free until two hours before.
FEES = {"no_show_fee_kobo_per_guest": 500_000, "late_cancellation_fee_kobo_per_guest": 300_000}


@pytest.fixture
def gateways(sandbox_process: Any, settings: Any) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    settings.PAYSTACK_BASE_URL = f"{client.url}/paystack"
    settings.FLUTTERWAVE_BASE_URL = f"{client.url}/flutterwave/v3"
    settings.PAYMENT_GATEWAYS = ["paystack", "flutterwave"]
    yield client
    client.reset()
    client.http.close()


@pytest.fixture(autouse=True)
def books_agree() -> Iterator[None]:
    yield
    broken = [found for found in ask([*invariants(), *agreements()]) if not found.holds]
    assert broken == []


def careful(**more: Any) -> Restaurant:
    """Return a house that asks for fees, and for a card when one books."""
    return house(policy={**FEES, **more.pop("policy", {})}, **more)


def staff(place: Restaurant) -> Actor:
    return Actor.staff(member(place.pk))


def guaranteed(gateways: SandboxClient, place: Restaurant | None = None, **asked: Any) -> Booking:
    """Return a booking whose guest has given a card."""
    booking = book(place or careful(), **asked)
    request = payments.request_payment(kind=Kind.GUARANTEE, subject_id=booking.public_id)
    payment = payments.begin(request=request, wish=wish())
    gateways.pay("paystack", payment.reference)
    settled(payment)
    refunds_done()
    booking.refresh_from_db()
    return booking


def missed(booking: Booking) -> Fee:
    """Mark that nobody came, and return the fee as it stands when its time has come."""
    with time_machine.travel(at("19:30"), tick=True):
        services.mark_no_show(booking=booking, by=staff(booking.restaurant))
        work_off_outbox()
    return Fee.objects.get(booking=booking)


def charge(fee: Fee, clock: str = "21:40") -> Fee:
    with time_machine.travel(at(clock), tick=True):
        services.charge_fee(fee_id=fee.public_id)
        work_off_outbox()
    fee.refresh_from_db()
    return fee


SUBJECTS = {
    "Give a card for your table": "card asked",
    "Your card guarantees your table": "card taken",
    "Your table is gone": "card late",
    "A fee for your booking": "asked",
    "Fee paid": "charged",
    "Fee to be paid": "unpaid",
    "Fee given back": "returned",
    "No fee is asked for": "waived",
}


def told(kind: str) -> list[str]:
    """Return what mails of a kind said, in their order."""
    rows = Message.objects.filter(kind=kind, channel="email").order_by("pk")
    return [SUBJECTS[row.subject.split(":")[0]] for row in rows]


class TestTerms:
    def test_fees_are_told_and_follow_the_party(self):
        asked = terms.terms_for(plan_of(careful().pk), 4, day=tomorrow(), starts_at=at())

        assert (asked["no_show_fee_kobo"], asked["late_cancellation_fee_kobo"]) == (2_000_000, 1_200_000)
        assert terms.with_amounts(asked, 2)["no_show_fee_kobo"] == 1_000_000
        assert terms.asks_card(asked)

    def test_special_terms_with_fees_stand_in_place_of_the_policy_s(self):
        place = careful()
        SpecialTerms.objects.create(restaurant=place, name="Large", from_party=6, no_show_fee_kobo_per_guest=900_000)
        SpecialTerms.objects.create(restaurant=place, name="Spend", from_party=2, minimum_spend_kobo_per_party=1)
        plan = plan_of(place.pk)

        large = terms.terms_for(plan, 6, day=tomorrow(), starts_at=at())
        small = terms.terms_for(plan, 2, day=tomorrow(), starts_at=at())

        assert (large["no_show_fee_kobo"], large["late_cancellation_fee_kobo"]) == (5_400_000, 0)
        assert small["no_show_fee_kobo"] == 1_000_000

    def test_who_is_booked_by_the_house_has_agreed_to_none(self):
        place = careful()

        booking = book(place, by=staff(place))

        assert booking.status == Status.CONFIRMED
        assert not terms.no_show_fee_kobo(booking.policy)

    def test_where_nothing_is_paid_online_there_are_none(self, settings: Any):
        settings.PAYMENT_GATEWAYS = []

        booking = book(careful())

        assert (booking.status, terms.no_show_fee_kobo(booking.policy)) == (Status.CONFIRMED, 0)

    def test_a_deposit_before_the_visit_is_guarantee_enough(self):
        asked = {**FEES, "deposit_kobo_per_guest": 1_000_000, "deposit_from_party": 1, "deposit_due": "before"}

        booking = book(house(policy=asked))

        assert not terms.asks_card(booking.policy)
        assert terms.no_show_fee_kobo(booking.policy) == 1_000_000

    def test_they_are_said_in_the_terms(self):
        said = terms_text(book(careful()))

        assert "₦10,000" in said
        assert "₦6,000" in said


class TestGuarantee:
    def test_a_table_is_held_for_a_card_and_booked_once_it_has_come(self, gateways: SandboxClient):
        booking = book(careful())
        assert (booking.status, booking.hold_expires_at is None) == (Status.HELD, False)

        request = payments.request_payment(kind=Kind.GUARANTEE, subject_id=booking.public_id)
        payment = payments.begin(request=request, wish=wish())
        gateways.pay("paystack", payment.reference)
        settled(payment)
        refunds_done()

        booking.refresh_from_db()
        refund = Refund.objects.get()
        assert booking.status == Status.CONFIRMED
        assert (refund.amount_kobo, refund.reason) == (payment.amount_kobo, RefundReason.GUARANTEE)
        method = cards.guarantee_of(Kind.GUARANTEE, booking.public_id)
        assert method is not None
        assert method.last4 == Payment.objects.get(pk=payment.pk).card_last4
        assert told("booking.card") == ["card asked", "card taken"]

    def test_a_card_that_comes_late_takes_the_table_again_or_is_forgotten(self, gateways: SandboxClient):
        place = careful(tables=(2,))
        booking = book(place)
        request = payments.request_payment(kind=Kind.GUARANTEE, subject_id=booking.public_id)
        payment = payments.begin(request=request, wish=wish())
        work_off_outbox()
        with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
            book(place, by=staff(place))
            gateways.pay("paystack", payment.reference)
            settled(payment)
            refunds_done()

        booking.refresh_from_db()
        assert booking.status == Status.EXPIRED
        assert SavedMethod.objects.get().state == MethodState.FORGETTING
        assert Refund.objects.get().amount_kobo == payment.amount_kobo
        assert told("booking.card") == ["card asked", "card late"]

    def test_a_table_for_which_no_card_comes_is_given_back_and_its_guest_told(self):
        booking = book(careful())
        work_off_outbox()
        with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
            services.release_expired_holds()
            work_off_outbox()

        booking.refresh_from_db()
        assert booking.status == Status.EXPIRED
        assert told("booking.card") == ["card asked", "card late"]

    def test_a_request_that_the_house_confirms_waits_for_its_card(self):
        place = careful(policy={"needs_approval": True})
        booking = book(place)
        assert booking.status == Status.REQUESTED

        booking = services.confirm_request(booking=booking, by=staff(place))

        assert booking.status == Status.HELD
        with pytest.raises(errors.CardOutstanding):
            services.confirm_hold(hold=booking, guest=services.Guest(name="x", phone="+2348031234567"), by=staff(place))

    def test_it_is_forgotten_when_the_booking_is_over(self, gateways: SandboxClient):
        booking = guaranteed(gateways)
        assert services.forget_cards() == 0

        services.cancel_booking(booking=booking, by=Actor.diner(None))

        assert services.forget_cards() == 1
        assert SavedMethod.objects.get().state == MethodState.FORGETTING
        assert not Fee.objects.exists()


class TestCharging:
    def test_a_no_show_is_charged_once_after_the_house_has_had_its_time(self, gateways: SandboxClient):
        booking = guaranteed(gateways)
        fee = missed(booking)
        assert (fee.state, fee.amount_kobo) == (FeeState.ASKED, 1_000_000)
        assert charge(fee, "20:00").state == FeeState.ASKED
        assert not Payment.objects.filter(request__kind=Kind.FEE).exists()

        for _again in range(3):
            fee = charge(fee)

        payment = Payment.objects.get(request__kind=Kind.FEE)
        for _told_again in range(2):
            settled(payment)
        payment.refresh_from_db()
        fee.refresh_from_db()
        assert (fee.state, payment.received_kobo, payment.state) == (FeeState.PAID, 1_000_000, PaymentState.SUCCEEDED)
        assert Entry.objects.filter(transaction__payment_id=payment.public_id, account__kind="late_fees").exists()
        assert told("booking.fee") == ["asked", "charged"]
        mail = Message.objects.filter(kind="booking.fee", channel="email").order_by("pk").last()
        address = re.search(r"https?://[^/]+(/\S+/receipt/\?token=\S+)", mail.body_text)
        assert payment.receipts.get().number in Client().get(address.group(1)).content.decode()
        with time_machine.travel(timezone.now() + timedelta(days=3), tick=True):
            assert services.forget_cards() == 1

    def test_a_late_cancellation_has_its_own_fee(self, gateways: SandboxClient, client: Client):
        booking = guaranteed(gateways)
        back = client.get(reverse("payments:back", args=[PaymentRequest.objects.get().token])).content.decode()
        assert "Your card guarantees your table" in back
        assert "iven back: <bdi>₦100</bdi>" in back
        with time_machine.travel(at("18:30"), tick=True):
            client.get(reverse("bookings:booking", args=[booking.public_id]), {"token": token_for(booking)})
            asked = client.get(reverse("bookings:cancel", args=[booking.public_id])).content.decode()
            assert "Cancelling now costs a fee of ₦6,000" in asked
            assert f"It is charged to your card {cards.guarantee_of(Kind.GUARANTEE, booking.public_id)} in 2" in asked
            services.cancel_booking(booking=booking, by=Actor.diner(None))
            work_off_outbox()

        fee = charge(Fee.objects.get())

        assert (fee.kind, fee.state, fee.paid_kobo) == (FeeKind.LATE, FeeState.PAID, 600_000)

    def test_neither_the_house_s_cancellation_nor_a_closed_day_costs_anything(self, gateways: SandboxClient):
        place = careful()
        booking, other = guaranteed(gateways, place), guaranteed(gateways, place, clock="20:00")
        with time_machine.travel(at("18:30"), tick=True):
            services.cancel_booking(booking=booking, by=staff(place), reason="The kitchen is flooded.")
        SpecialDay.objects.create(restaurant=place, date=tomorrow(), name="Flood", is_closed=True)
        with time_machine.travel(at("20:30"), tick=True):
            services.mark_no_show(booking=other, by=staff(place))

        assert not Fee.objects.exists()

    def test_what_is_kept_of_a_deposit_comes_off(self):
        asked = {**FEES, "deposit_kobo_per_guest": 400_000, "deposit_from_party": 1, "deposit_due": "before"}
        place = house(policy=asked)
        booking = book(place)
        services.receive_deposit(booking=booking, amount_kobo=800_000, by=staff(place))

        assert missed(booking).amount_kobo == 200_000

    def test_a_gateway_that_is_away_is_asked_again(self, gateways: SandboxClient, settings: Any):
        fee = missed(guaranteed(gateways))
        url, settings.PAYSTACK_BASE_URL = settings.PAYSTACK_BASE_URL, "http://127.0.0.1:9/paystack"
        fee = charge(fee)
        assert (fee.state, fee.tries) == (FeeState.ASKED, 1)
        assert fee.next_try_at is not None

        settings.PAYSTACK_BASE_URL = url
        fee = charge(fee, "22:00")

        assert fee.state == FeeState.PAID
        assert set(Payment.objects.values_list("gateway", flat=True)) == {"paystack"}

    @pytest.mark.parametrize("kind", ["declined", "challenge"])
    def test_what_the_bank_does_not_let_pass_the_guest_may_pay_by_a_link(self, gateways: SandboxClient, kind: str):
        booking = guaranteed(gateways)
        fee = missed(booking)
        gateways.gateway_faults({"gateway": "paystack", "route": "charge_authorization", "kind": kind})
        fee = charge(fee)
        gateways.gateway_faults()
        assert fee.state == FeeState.UNPAID
        assert told("booking.fee") == ["asked", "unpaid"]
        mail = Message.objects.filter(kind="booking.fee", channel="email").latest("pk")
        assert "/en/pay/" in mail.body_text

        request = payments.request_payment(kind=Kind.FEE, subject_id=fee.public_id)
        payment = payments.begin(request=request, wish=wish())
        gateways.pay("paystack", payment.reference, how="challenge" if kind == "challenge" else "card")
        settled(payment)

        fee.refresh_from_db()
        assert (fee.state, fee.paid_kobo) == (FeeState.PAID, 1_000_000)

    @pytest.mark.parametrize("kind", ["reset", "timeout_after", "error_500"])
    def test_a_lost_answer_is_looked_up_and_the_fee_is_charged_once(
        self, gateways: SandboxClient, kind: str, settings: Any
    ):
        fee = missed(guaranteed(gateways))
        rule = {"gateway": "paystack", "route": "charge_authorization", "kind": kind, "seconds": 1}
        if kind == "error_500":
            rule["options"] = {"after": True}
        gateways.gateway_faults(rule)
        charge(fee)
        gateways.gateway_faults()

        payment = Payment.objects.get(request__kind=Kind.FEE)
        with time_machine.travel(at("22:10"), tick=True):
            settled(payment)
        fee = charge(fee, "22:20")

        assert fee.state == FeeState.PAID
        came = Payment.objects.filter(request__kind=Kind.FEE, state=PaymentState.SUCCEEDED)
        assert [one.received_kobo for one in came] == [1_000_000]
        there = [one for one in gateways.payments("paystack") if one["amount_kobo"] == 1_000_000]
        assert len([one for one in there if one["status"] == "success"]) == 1

    def test_without_a_card_the_guest_is_sent_a_link(self):
        fee = charge(missed(book(careful(policy={"asks_for_card": False}))))

        assert fee.state == FeeState.UNPAID
        assert told("booking.fee") == ["unpaid"]


class TestGivingUp:
    def test_a_no_show_that_is_undone_before_is_never_charged(self, gateways: SandboxClient):
        booking = guaranteed(gateways)
        fee = missed(booking)
        with time_machine.travel(at("19:40"), tick=True):
            services.undo_no_show(booking=booking, by=staff(booking.restaurant))
            work_off_outbox()

        fee = charge(fee)

        assert fee.state == FeeState.WAIVED
        assert not Payment.objects.filter(request__kind=Kind.FEE).exists()
        assert told("booking.fee") == ["asked", "waived"]

    def test_what_was_charged_goes_back_and_may_be_asked_for_again(self, gateways: SandboxClient):
        booking = guaranteed(gateways)
        fee = charge(missed(booking))
        by = member(booking.restaurant_id)

        with pytest.raises(errors.ReasonMissing):
            services.waive_fee(booking=booking, kind=FeeKind.NO_SHOW, by=by, reason=" ")
        services.waive_fee(booking=booking, kind=FeeKind.NO_SHOW, by=by, reason="They were in hospital.")
        work_off_outbox()
        refunds_done()
        fee.refresh_from_db()
        refund = Refund.objects.get(payment__request__kind=Kind.FEE)
        assert (fee.state, fee.returned_kobo, refund.amount_kobo) == (FeeState.WAIVED, 1_000_000, 1_000_000)
        assert refund.reason == RefundReason.WAIVED
        assert told("booking.fee")[-1] == "returned"

        with time_machine.travel(at("22:00"), tick=True):
            services.undo_no_show(booking=booking, by=staff(booking.restaurant))
            booking.refresh_from_db()
            services.mark_no_show(booking=booking, by=staff(booking.restaurant))
            fee = services.charge_now(booking=booking, kind=FeeKind.NO_SHOW, by=by)
        fee = charge(fee, "22:10")
        assert (fee.state, fee.turn) == (FeeState.PAID, 2)
        assert Payment.objects.filter(request__kind=Kind.FEE, state=PaymentState.SUCCEEDED).count() == 2

    def test_what_a_bank_held_meanwhile_goes_back_once_it_lets_go(self, gateways: SandboxClient):
        booking = guaranteed(gateways)
        charge(missed(booking))
        payment = Payment.objects.get(request__kind=Kind.FEE)
        claim = base.Dispute("7", base.DisputeState.OPEN, "pending", 1_000_000, "NGN", reference=payment.reference)
        note_dispute(payment_id=payment.pk, seen=claim)
        services.waive_fee(booking=booking, kind=FeeKind.NO_SHOW, by=member(booking.restaurant_id), reason="Kindness")
        assert not Refund.objects.filter(payment=payment).exists()

        note_dispute(payment_id=payment.pk, seen=replace(claim, state=base.DisputeState.WON, word="won"))
        work_off_outbox()

        assert Refund.objects.get(payment=payment).amount_kobo == 1_000_000

    def test_money_that_comes_for_a_waived_fee_goes_back(self, gateways: SandboxClient):
        booking = guaranteed(gateways)
        fee = missed(booking)
        request = payments.request_payment(kind=Kind.FEE, subject_id=fee.public_id)
        payment = payments.begin(request=request, wish=wish())
        services.waive_fee(booking=booking, kind=FeeKind.NO_SHOW, by=member(booking.restaurant_id), reason="Kindness")
        gateways.pay("paystack", payment.reference)
        settled(payment)

        assert Refund.objects.get(payment=payment).amount_kobo == 1_000_000


class TestDoors:
    def test_the_booking_s_page_asks_for_the_card_and_says_what_it_costs(self, client: Client):
        booking = book(careful())

        where = reverse("bookings:booking", args=[booking.public_id])
        page = client.get(where, {"token": token_for(booking)}, follow=True)
        said = page.content.decode()
        onwards = client.post(reverse("payments:pay_all", args=["guarantee", booking.public_id]))

        assert "for your card" in said
        assert "a fee of ₦10,000 is charged" in said
        assert onwards.status_code == 302
        assert "/pay/" in onwards["Location"]
        page = client.get(onwards["Location"]).content.decode()
        assert "<h1>Give a card</h1>" in page
        assert 'type="radio"' not in page

    def test_who_looks_after_money_charges_and_waives_and_nobody_else(self, client: Client):
        booking = book(careful(policy={"asks_for_card": False}))
        fee = missed(booking)
        booking.refresh_from_db()
        where = {
            move: reverse("admin:today_act", args=[booking.restaurant.public_id, booking.public_id, move])
            for move in ("charge-fee", "waive-fee")
        }
        sent = {"version": booking.version, "kind": "no_show", "reason": "A kindness"}

        with time_machine.travel(at("20:00"), tick=True):
            log_in(client, member(booking.restaurant_id, role=Role.HOST))
            page = client.get(reverse("admin:today_booking", args=[booking.restaurant.public_id, booking.public_id]))
            assert "Waive the fee" not in page.content.decode()
            assert client.post(where["waive-fee"], sent).status_code == 403

            log_in(client, member(booking.restaurant_id, role=Role.MANAGER))
            page = client.get(reverse("admin:today_booking", args=[booking.restaurant.public_id, booking.public_id]))
            assert "Waive the fee" in page.content.decode()
            assert client.post(where["charge-fee"], sent).status_code in (200, 302)
            fee.refresh_from_db()
            assert fee.due_at <= timezone.now()
            assert client.post(where["waive-fee"], sent).status_code in (200, 302)

        fee.refresh_from_db()
        assert (fee.state, fee.reason) == (FeeState.WAIVED, "A kindness")
        assert AuditEvent.objects.filter(action="fee.waived").exists()
