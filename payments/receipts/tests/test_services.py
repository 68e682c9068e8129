"""Receipts and credit notes as they are issued, and that nobody changes one afterwards."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.utils import timezone

from core.invariants import ask, invariants
from payments import services as payments
from payments.ledger import chart, checking, selectors
from payments.models import Payment
from payments.receipts import services
from payments.receipts.invariants import INVARIANTS
from payments.receipts.models import Receipt, Series
from payments.receipts.states import DocumentKind
from payments.services import bookkeeping
from payments.states import Kind, PaymentState, RefundReason, RefundState, Review
from payments.tests.factories import a_payment, a_refund
from restaurants.models import Restaurant
from restaurants.tests.factories import ChargeLineFactory, RestaurantFactory

pytestmark = pytest.mark.django_db


def a_house(**more) -> Restaurant:
    return RestaurantFactory(slug="zuma-hearth", legal_name="Zuma Hearth Ltd", tax_number="00001234-0001", **more)


def taxed(house: Restaurant) -> Restaurant:
    ChargeLineFactory(restaurant=house)
    ChargeLineFactory(restaurant=house, what="consumption_tax", rate_bp=500)
    return house


def to_be_counted(house: Restaurant, kobo: int = 2_000_000, **more) -> Payment:
    return a_payment(house, kobo, credited_at=None, **more)


def broken() -> list[str]:
    with transaction.atomic(), connection.cursor() as cursor:
        # What was just given back is left alone for ten minutes.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE payments_refund SET updated_at = %s", [timezone.now() - timedelta(hours=1)])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return [found.invariant.name for found in ask(INVARIANTS) if not found.holds]


class TestIssue:
    def test_is_done_with_the_counting_and_once(self):
        payment = to_be_counted(a_house())

        assert payments.credit(payment_id=payment.public_id)
        assert not payments.credit(payment_id=payment.public_id)

        receipt = Receipt.objects.get(payment=payment)
        assert receipt.number == f"BUKA-ZUMA-HEARTH-{timezone.localdate().year}-000001"
        assert (receipt.kind, receipt.amount_kobo, receipt.charges) == (DocumentKind.RECEIPT, 2_000_000, [])
        assert receipt.seller["legal_name"] == "Zuma Hearth Ltd"
        assert receipt.seller["address"] == "Yaba, Lagos"
        assert (receipt.card, receipt.reference) == ("Visa 4081", payment.reference)
        assert broken() == []

    def test_year_and_day_are_of_one_clock(self):
        payment = to_be_counted(a_house())

        # An hour later in Lagos than the database's own.
        with time_machine.travel(datetime(2030, 12, 31, 23, 30, tzinfo=UTC), tick=False):
            payments.credit(payment_id=payment.public_id)

        receipt = Receipt.objects.get()
        assert receipt.number == "BUKA-ZUMA-HEARTH-2031-000001"
        assert receipt.issued_at == datetime(2030, 12, 31, 23, 30, tzinfo=UTC)

    def test_gives_no_number_when_the_counting_is_undone(self):
        house = a_house()
        payment = to_be_counted(house)

        with pytest.raises(ZeroDivisionError), transaction.atomic():
            payments.credit(payment_id=payment.public_id)
            raise ZeroDivisionError
        payments.credit(payment_id=payment.public_id)

        assert list(Receipt.objects.values_list("sequence", flat=True)) == [1]

    def test_names_the_taxes_that_a_ticket_contains(self):
        payment = to_be_counted(taxed(a_house()), 1_125_000, kind=Kind.TICKETS)

        payments.credit(payment_id=payment.public_id)

        receipt = Receipt.objects.get()
        assert receipt.net_kobo == 1_000_000
        assert [(line.key, line.kobo) for line in receipt.lines] == [("vat", 75_000), ("consumption_tax", 50_000)]

    def test_stays_as_it_was_whatever_the_house_changes(self):
        house = taxed(a_house())
        payment = to_be_counted(house, 1_125_000, kind=Kind.TICKETS)
        payments.credit(payment_id=payment.public_id)

        Restaurant.objects.filter(pk=house.pk).update(legal_name="Another Ltd", slug="another")
        services.issue(payment=payment)

        assert Receipt.objects.get().seller["legal_name"] == "Zuma Hearth Ltd"

    def test_gives_two_houses_of_one_name_numbers_of_their_own(self):
        first, second = RestaurantFactory(slug="zuma-hearth"), RestaurantFactory(slug="zuma-hearth-of-the-north")

        numbers = [services.issue(payment=a_payment(house)).number for house in (first, second)]

        year = timezone.localdate().year
        assert numbers == [f"BUKA-ZUMA-HEARTH-{year}-000001", f"BUKA-ZUMA-HEARTH-{second.pk}-{year}-000001"]

    def test_is_made_up_for_what_counted_before(self):
        house = a_house()
        payment = to_be_counted(house)
        Payment.objects.filter(pk=payment.pk).update(credited_at=timezone.now())
        assert broken() == ["receipts.say_what_stands"]

        assert services.issue_missing() == 1

        assert services.issue_missing() == 0
        assert broken() == []


class TestCreditNotes:
    def test_take_back_all_of_each_line_by_the_last(self):
        payment = a_payment(taxed(a_house()), 1_000_001, kind=Kind.TICKETS)

        for kobo in (333_333, 333_333, 333_335):
            a_refund(payment, kobo, state=RefundState.DONE)

        receipt, *notes = Receipt.objects.order_by("pk")
        assert [note.kind for note in notes] == [DocumentKind.CREDIT_NOTE] * 3
        assert sum(note.net_kobo for note in notes) == receipt.net_kobo
        for index, line in enumerate(receipt.lines):
            assert sum(note.lines[index].kobo for note in notes) == line.kobo
        assert broken() == []

    def test_come_for_what_has_arrived_alone(self):
        payment = a_payment(a_house())

        refund = a_refund(payment, state=RefundState.PENDING)
        assert Receipt.objects.count() == 1
        refund.state = RefundState.DONE
        refund.save()
        services.note_refund(payment=payment, refund=refund)
        services.note_refund(payment=payment, refund=refund)

        assert Receipt.objects.filter(kind=DocumentKind.CREDIT_NOTE).count() == 1

    def test_are_withdrawn_when_a_bank_returns_the_money(self):
        payment = a_payment(a_house())
        refund = a_refund(payment, state=RefundState.DONE)

        refund.state = RefundState.FAILED
        refund.save()
        Payment.objects.filter(pk=payment.pk).update(refunded_kobo=0)
        services.note_refund(payment=payment, refund=refund)

        assert sum(each.signed_kobo for each in Receipt.objects.all()) == payment.received_kobo
        assert broken() == []

    def test_come_with_the_receipt_of_what_went_back_before_it_counted(self):
        payment = to_be_counted(a_house())
        a_refund(payment, 2_000_000, state=RefundState.DONE)

        payments.credit(payment_id=payment.public_id)

        assert [each.kind for each in Receipt.objects.order_by("pk")] == ["receipt", "credit_note"]


class TestKept:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE payments_receipts_receipt SET amount_kobo = 1",
            "DELETE FROM payments_receipts_receipt",
            "TRUNCATE payments_receipts_receipt CASCADE",
            "UPDATE payments_receipts_series SET last = last + 2",
            "DELETE FROM payments_receipts_series",
        ],
    )
    def test_the_database_refuses_changes(self, statement):
        a_payment(a_house())
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

        with pytest.raises(DatabaseError, match=r"refused|goes on by one"), transaction.atomic():
            connection.cursor().execute(statement)

    def test_the_database_refuses_a_gap(self):
        a_payment(a_house())

        with pytest.raises(IntegrityError, match="is on no receipt"), transaction.atomic():
            connection.cursor().execute("UPDATE payments_receipts_series SET last = last + 1")
            connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    def test_a_name_may_be_forgotten(self):
        a_payment(a_house())

        assert Receipt.objects.update(payer_name="") == 1


class TestTaxesInTheBooks:
    def standing(self, payment: Payment) -> dict[str, int]:
        found = selectors.standing_of_payment(payment.public_id)
        return {account.name: kobo for account, kobo in found.items() if account.kind == "tax_payable"}

    def test_stand_apart_from_what_is_the_houses(self):
        house = taxed(a_house())

        payment = a_payment(house, 1_125_000, kind=Kind.TICKETS)

        assert self.standing(payment) == {"vat": 75_000, "consumption_tax": 50_000}
        assert selectors.balance(chart.restaurant_payable(house.pk)) == 1_000_000
        assert [each for each in checking.check() if not each.holds] == []

    def test_of_a_deposit_are_none(self):
        assert self.standing(a_payment(taxed(a_house()))) == {}

    def test_go_back_in_parts_and_entirely(self):
        house = taxed(a_house())
        payment = a_payment(house, 1_125_000, kind=Kind.TICKETS)

        payments.refund(payment=payment, amount_kobo=225_000, reason=RefundReason.GOODWILL, key="a part")
        payment.refresh_from_db()
        assert self.standing(payment) == {"vat": 60_000, "consumption_tax": 40_000}
        payments.refund(payment=payment, reason=RefundReason.GOODWILL, key="the rest")

        assert self.standing(payment) == {}
        assert selectors.balance(chart.restaurant_payable(house.pk)) == 0
        assert [each for each in checking.check() if not each.holds] == []

    def test_stand_again_when_a_refund_has_failed(self):
        payment = a_payment(taxed(a_house()), 1_125_000, kind=Kind.TICKETS)
        refund = payments.refund(payment=payment, reason=RefundReason.GOODWILL, key="all")

        refund.state = RefundState.FAILED
        payment.refunded_kobo = 0
        payment.save()
        bookkeeping.refund_moved(payment, refund)

        assert self.standing(payment) == {"vat": 75_000, "consumption_tax": 50_000}

    def test_wait_for_the_look_at_what_is_held(self):
        payment = a_payment(
            taxed(a_house()), 1_125_000, kind=Kind.TICKETS, review=Review.HELD, credited_at=None,
            state=PaymentState.SUCCEEDED,
        )  # fmt: skip
        assert self.standing(payment) == {}

        payments.release_payment(payment=payment, by=None)

        assert self.standing(payment) == {"vat": 75_000, "consumption_tax": 50_000}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestNumbers:
    def test_have_no_gap_when_many_count_at_once_and_some_fail(self):
        house = a_house()
        waiting = [to_be_counted(house) for _number in range(20)]
        start = threading.Barrier(len(waiting))
        failed: list[int] = []

        def count(index: int, payment: Payment) -> None:
            try:
                start.wait(timeout=30)
                with transaction.atomic():
                    payments.credit(payment_id=payment.public_id)
                    if index % 4 == 0:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                failed.append(index)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=count, args=pair) for pair in enumerate(waiting)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)

        assert len(failed) == 5
        assert sorted(Receipt.objects.values_list("sequence", flat=True)) == list(range(1, 16))
        assert Series.objects.get().last == 15
        assert [each.invariant.name for each in ask(invariants()) if not each.holds] == []
