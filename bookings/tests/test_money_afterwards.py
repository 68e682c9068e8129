"""Money that comes, or comes back, only after what it was for has had its end; no gateway is asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.tests.factories import member
from bookings import services
from bookings import subscribers_payments as hears
from bookings.events import FeeMoved
from bookings.models import Advance, Booking, Fee
from bookings.states import AdvanceState, FeeKind, FeeState
from bookings.tests.factories import at, book, guest
from bookings.tests.test_deposits import desk, strict
from bookings.tests.test_fees import careful, missed
from core.invariants import ask, invariants
from core.models import OutboxEvent
from core.testing import work_off_outbox
from payments import errors as refusals
from payments import services as payments
from payments.gateways import base
from payments.ledger import chart, selectors
from payments.models import Payment, Refund
from payments.reconciliation.models import Finding
from payments.saved.models import CardCharge
from payments.services import refunding
from payments.services.disputing import note_dispute
from payments.states import Kind, PaymentState, RefundReason, RefundState
from payments.tests.factories import a_payment

pytestmark = pytest.mark.django_db


def came(kind: str, subject: Any, place: Any, kobo: int, *, counts: bool = True) -> Payment:
    """Have money come, and, by default, be counted."""
    payment = a_payment(place, kobo, kind=kind, subject_id=subject, credited_at=None)
    if counts:
        hear(payment)
    return Payment.objects.get(pk=payment.pk)


def hear(payment: Payment) -> None:
    hears.take_payment(
        payment_id=payment.public_id,
        kind=payment.request.kind,
        subject_id=payment.request.subject_id,
        amount_kobo=payment.received_kobo,
        reference=payment.reference,
    )


def disputed(payment: Payment, kobo: int, number: str = "7") -> base.Dispute:
    claim = base.Dispute(number, base.DisputeState.OPEN, "pending", kobo, "NGN", reference=payment.reference)
    note_dispute(payment_id=payment.pk, seen=claim)
    return claim


def let_go(payment: Payment, claim: base.Dispute) -> None:
    note_dispute(payment_id=payment.pk, seen=replace(claim, state=base.DisputeState.WON, word="won"))
    work_off_outbox()


def failed(refund: Refund) -> None:
    """Have a refund come to nothing."""
    seen = base.Refund(f"r{refund.pk}", base.RefundOutcome.FAILED, "failed", refund.amount_kobo, "NGN")
    refunding.note_refund(payment_id=refund.payment_id, seen=seen, refund_id=refund.pk)
    work_off_outbox()


def nobody_came(booking: Booking) -> None:
    with time_machine.travel(at("19:30"), tick=True):
        services.mark_no_show(booking=booking, by=desk(booking.restaurant))
        work_off_outbox()


def stands(place: Any) -> tuple[int, int]:
    """Return what is held of a house's deposits, and what it has retained."""
    return selectors.balance(chart.deposits_held(place.pk)), selectors.balance(chart.deposit_retained(place.pk))


class TestDeposits:
    def test_what_a_bank_held_at_the_end_goes_the_way_of_the_deposit_once_it_lets_go(self):
        place = strict()
        booking = book(place)
        payment = came(Kind.DEPOSIT, booking.public_id, place, 2_000_000)
        claim = disputed(payment, 2_000_000)
        nobody_came(booking)
        assert stands(place) == (0, 0)

        let_go(payment, claim)

        assert Advance.objects.get().state == AdvanceState.KEPT
        assert stands(place) == (0, 2_000_000)

    def test_what_comes_after_the_end_stays_the_guest_s_only_as_far_as_it_is_owed(self):
        place = strict()
        booking = book(place)
        services.receive_deposit(booking=booking, amount_kobo=1_500_000, by=desk(place))
        services.waive_deposit(booking=booking, by=desk(place))
        Advance.objects.update(amount_kobo=2_000_000)
        nobody_came(booking)

        payment = came(Kind.DEPOSIT, booking.public_id, place, 800_000, counts=False)
        hear(payment)

        assert stands(place) == (300_000, 500_000)
        work_off_outbox()
        assert Refund.objects.get().amount_kobo == 300_000
        assert stands(place) == (0, 500_000)

    def test_a_kindness_that_never_arrived_goes_the_way_of_the_deposit(self):
        place = strict()
        booking = book(place)
        payment = came(Kind.DEPOSIT, booking.public_id, place, 2_000_000)
        refund = payments.refund(payment=payment, amount_kobo=500_000, reason=RefundReason.GOODWILL, key="kind")
        nobody_came(booking)
        assert stands(place) == (0, 1_500_000)

        failed(refund)

        assert stands(place) == (0, 2_000_000)

    def test_an_undone_no_show_has_what_is_left(self):
        place = strict()
        booking = book(place)
        payment = came(Kind.DEPOSIT, booking.public_id, place, 2_000_000)
        nobody_came(booking)
        payments.refund(payment=payment, amount_kobo=400_000, reason=RefundReason.GOODWILL, key="kind")
        assert stands(place) == (0, 1_600_000)

        with time_machine.travel(at("19:40"), tick=True):
            services.undo_no_show(booking=booking, by=desk(place))
            work_off_outbox()
        assert stands(place) == (1_600_000, 0)

        nobody_came(booking)
        assert stands(place) == (0, 1_600_000)


def a_fee() -> Fee:
    return missed(book(careful(policy={"asks_for_card": False})))


def waive(fee: Fee) -> Fee:
    by = member(fee.booking.restaurant_id)
    return services.waive_fee(booking=fee.booking, kind=FeeKind.NO_SHOW, by=by, reason="Kindness")


def back(fee: Fee) -> list[tuple[int, int]]:
    """Return which payments went back, and how much of each."""
    rows = Refund.objects.filter(payment__request__subject_id=fee.public_id).exclude(state=RefundState.FAILED)
    return list(rows.order_by("payment_id", "pk").values_list("payment_id", "amount_kobo"))


class TestFees:
    def test_a_waived_one_goes_back_of_the_payment_that_paid_it_and_what_counts_later_of_itself(self):
        fee = a_fee()
        paid = came(Kind.FEE, fee.public_id, fee.booking.restaurant, fee.amount_kobo)
        waits = came(Kind.FEE, fee.public_id, fee.booking.restaurant, fee.amount_kobo, counts=False)

        waive(fee)
        assert back(fee) == [(paid.pk, fee.amount_kobo)]
        for _twice in range(2):
            hear(waits)

        assert back(fee) == [(paid.pk, fee.amount_kobo), (waits.pk, fee.amount_kobo)]
        fee.refresh_from_db()
        assert (fee.state, fee.returned_kobo) == (FeeState.WAIVED, 2 * fee.amount_kobo)
        told = OutboxEvent.objects.filter(name=FeeMoved.name).order_by("pk").last()
        assert told.payload["returned_kobo"] == 2 * fee.amount_kobo

    def test_a_bank_that_lets_go_twice_has_it_given_back_twice_and_counted_once(self):
        fee = a_fee()
        paid = came(Kind.FEE, fee.public_id, fee.booking.restaurant, fee.amount_kobo)
        claim = disputed(paid, fee.amount_kobo)
        waive(fee)
        let_go(paid, claim)
        fee.refresh_from_db()
        assert fee.returned_kobo == fee.amount_kobo

        # The bank takes it up again before the first refund is there, which then fails for want of money.
        refund = Refund.objects.get()
        Refund.objects.update(key=f"again:{refund.key}")
        failed(refund)
        fee.refresh_from_db()
        assert fee.returned_kobo == 0
        Refund.objects.update(key=refund.key)
        note_dispute(payment_id=paid.pk, seen=claim)
        let_go(paid, claim)

        fee.refresh_from_db()
        assert back(fee) == [(paid.pk, fee.amount_kobo)]
        assert fee.returned_kobo == fee.amount_kobo

    def test_a_failed_refund_is_asked_for_again_and_then_a_person_finds_it(self):
        fee = a_fee()
        paid = came(Kind.FEE, fee.public_id, fee.booking.restaurant, fee.amount_kobo)
        waive(fee)

        failed(Refund.objects.get())
        fee.refresh_from_db()
        assert back(fee) == [(paid.pk, fee.amount_kobo)]
        assert fee.returned_kobo == fee.amount_kobo
        assert not Finding.objects.exists()

        failed(Refund.objects.get(state=RefundState.REQUESTED))
        fee.refresh_from_db()
        assert (back(fee), fee.returned_kobo) == ([], 0)
        found = Finding.objects.get()
        assert (found.payment, found.ours_kobo, found.evidence["here"]["state"]) == (paid, fee.amount_kobo, "failed")

    def test_a_charge_that_is_just_being_told_is_not_waived(self):
        fee = a_fee()
        asked = payments.request_payment(kind=Kind.FEE, subject_id=fee.public_id)
        payment = Payment.objects.create(
            request=asked, gateway="paystack", mode="test", reference="buka-1", amount_kobo=1, expires_at=timezone.now()
        )
        assert payment.state == PaymentState.INITIATED
        CardCharge.objects.create(payment=payment, is_present=False)

        with pytest.raises(refusals.PaymentIsChecked):
            payments.close_requests(kind=Kind.FEE, subject_id=fee.public_id)


def test_what_comes_is_locked_after_what_it_is_for(django_assert_max_num_queries):
    fee = a_fee()
    paid = came(Kind.FEE, fee.public_id, fee.booking.restaurant, fee.amount_kobo, counts=False)
    booking = book(careful())
    guarantee = came(Kind.GUARANTEE, booking.public_id, booking.restaurant, 10_000, counts=False)

    held = book(strict(), guest=guest(7))
    deposit = came(Kind.DEPOSIT, held.public_id, held.restaurant, 2_000_000, counts=False)

    for payment, mine in ((paid, "bookings_fee"), (guarantee, "bookings_booking"), (deposit, "bookings_booking")):
        with django_assert_max_num_queries(1000) as asked:
            hear(payment)
        said = [query["sql"] for query in asked.captured_queries]
        first = next(i for i, sql in enumerate(said) if "FOR UPDATE" in sql and mine in sql)
        theirs = [
            next(i for i, sql in enumerate(said) if "payments_paymentrequest" in sql and "FOR UPDATE" in sql),
            next(i for i, sql in enumerate(said) if sql.startswith('UPDATE "payments_payment"')),
        ]
        assert [first, *theirs] == sorted([first, *theirs])


class TestGuarantees:
    def test_a_refund_that_failed_is_asked_for_again(self):
        booking = book(careful())
        came(Kind.GUARANTEE, booking.public_id, booking.restaurant, 10_000)

        failed(Refund.objects.get())
        again = Refund.objects.get(state=RefundState.REQUESTED)
        failed(again)

        assert (again.amount_kobo, again.reason) == (10_000, RefundReason.GUARANTEE)
        assert Finding.objects.count() == 1

    def test_what_a_bank_had_goes_back_once_it_lets_go(self):
        booking = book(careful())
        payment = came(Kind.GUARANTEE, booking.public_id, booking.restaurant, 10_000, counts=False)
        claim = disputed(payment, 10_000)
        hear(payment)
        assert not Refund.objects.exists()

        let_go(payment, claim)

        assert Refund.objects.get().amount_kobo == 10_000


def test_what_is_left_lying_is_an_alarm():
    place = strict()
    booking, other = book(place), book(careful())
    came(Kind.DEPOSIT, booking.public_id, place, 2_000_000)
    guarantee = came(Kind.GUARANTEE, other.public_id, other.restaurant, 10_000, counts=False)
    Advance.objects.update(state=AdvanceState.KEPT, updated_at=timezone.now() - timedelta(hours=1))
    Payment.objects.filter(pk=guarantee.pk).update(paid_at=timezone.now() - timedelta(days=2))

    found = {each.invariant.name for each in ask(invariants()) if not each.holds}

    assert {"bookings.no_deposit_is_held_after_its_end", "bookings.no_guarantee_is_kept"} <= found
