"""Who reads a receipt, and where: pages, files, the API, the back office."""

import io
import re

import pypdf
import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import translation

from accounts.tests.factories import UserFactory, log_in, member
from payments.models import Payment
from payments.receipts.models import Receipt
from payments.services import bookkeeping
from payments.states import DisputeState, Kind, RefundState
from payments.tests.factories import a_dispute, a_payment, a_refund
from restaurants.tests.factories import ChargeLineFactory, RestaurantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def payer():
    return UserFactory(name="Ada Obi")


@pytest.fixture
def payment(payer) -> Payment:
    house = RestaurantFactory(slug="zuma-hearth", legal_name="Zuma Hearth Ltd", tax_number="00001234-0001")
    ChargeLineFactory(restaurant=house)
    return a_payment(house, 1_075_000, payer=payer, kind=Kind.TICKETS)


def page_of(payment: Payment, name: str = "receipt") -> str:
    return reverse(f"payments:{name}", args=[payment.public_id])


def read(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


class TestPage:
    def test_shows_all_of_it_to_its_payer(self, client, payer, payment):
        client.force_login(payer)
        a_refund(payment, 75_000, state=RefundState.DONE)

        page = client.get(page_of(payment))

        text = page.content.decode()
        for said in (
            "000001",
            "000002",
            "Zuma Hearth Ltd",
            "00001234-0001",
            "Ada Obi",
            "VAT (7.5%)",
            "₦750",
            "₦10,750",
        ):
            assert said in text
        assert "Credit note" in text
        assert page["Cache-Control"] == "private, no-store"

    def test_of_a_kept_deposit_says_so_at_every_door(self, client, payer, payment):
        deposit = a_payment(payment.request.restaurant, payer=payer)
        with transaction.atomic():
            bookkeeping.deposit_retained(deposit)
        client.force_login(payer)
        said = "The restaurant keeps ₦20,000 of this deposit"

        assert said in client.get(page_of(deposit)).content.decode()
        assert said in read(client.get(page_of(deposit, "receipt_pdf")).content).replace("\n", " ")
        body = client.get(f"/api/payments/{deposit.public_id}/receipt").json()
        assert (body["kept"]["amount"], body["taken_back"]) == ("20000.00", None)

    def test_says_what_a_bank_took_back_once_that_is_decided(self, client, payer, payment):
        client.force_login(payer)
        a_dispute(payment, 75_000)
        assert "A bank has taken" not in client.get(page_of(payment)).content.decode()
        a_dispute(payment, 25_000, state=DisputeState.LOST)

        assert "A bank has taken ₦250 of this back." in client.get(page_of(payment)).content.decode()
        assert client.get(f"/api/payments/{payment.public_id}/receipt").json()["taken_back"]["amount"] == "250.00"
        assert [row.kind for row in Receipt.objects.all()] == ["receipt"]

    def test_of_a_fee_says_what_it_is(self, client, payer, payment):
        fee = a_payment(payment.request.restaurant, payer=payer, kind=Kind.FEE)
        client.force_login(payer)

        assert "Fee for not coming, or for cancelling late" in client.get(page_of(fee)).content.decode()

    def test_is_found_by_nobody_else(self, client, payment):
        assert client.get(page_of(payment)).status_code == 404
        client.force_login(UserFactory())

        assert client.get(page_of(payment)).status_code == 404
        assert client.get(page_of(payment, "receipt_pdf")).status_code == 404

    def test_is_not_there_before_the_money_counts(self, client, payer, payment):
        waiting = a_payment(payment.request.restaurant, payer=payer, credited_at=None)
        client.force_login(payer)

        assert client.get(page_of(waiting)).status_code == 404

    def test_is_opened_by_the_link_that_was_paid(self, client, payment):
        token = payment.request.token

        page = client.get(reverse("payments:link_receipt", args=[token]))
        file = client.get(reverse("payments:link_receipt_pdf", args=[token]))

        assert Receipt.objects.get().number in page.content.decode()
        assert file["Content-Type"] == "application/pdf"
        assert client.get(reverse("payments:link_receipt", args=["another"])).status_code == 404

    def test_of_a_share_that_a_friend_paid_from_an_account_is_the_friends_whoever_has_the_link(
        self, client, payer, payment
    ):
        share = a_payment(payment.request.restaurant, payer=payer, is_share=True, label="Share 1")
        where = reverse("payments:link_receipt", args=[share.request.token])
        assert client.get(where).status_code == 404
        client.force_login(payer)

        assert client.get(where).status_code == 200

    def test_by_the_link_shows_all_that_it_was_paid_with(self, client, payment):
        second = a_payment(payment.request.restaurant, 100_000, kind=Kind.TICKETS)
        Payment.objects.filter(pk=second.pk).update(request=payment.request)

        page = client.get(reverse("payments:link_receipt", args=[payment.request.token])).content.decode()

        for receipt in Receipt.objects.all():
            assert receipt.number in page
            file = client.get(
                reverse("payments:link_receipt_pdf", args=[payment.request.token]), {"number": receipt.number}
            )
            assert receipt.number in file["Content-Disposition"]

    def test_costs_the_same_however_much_went_back(self, client, payer, payment, django_assert_max_num_queries):
        for _number in range(5):
            a_refund(payment, 10_000, state=RefundState.DONE)
        client.force_login(payer)

        with django_assert_max_num_queries(8):
            client.get(page_of(payment))


class TestFile:
    def test_says_what_the_page_says_and_is_always_the_same(self, client, payer, payment):
        client.force_login(payer)

        first, second = (client.get(page_of(payment, "receipt_pdf")).content for _time in range(2))

        text = read(first)
        for said in (Receipt.objects.get().number, "Zuma Hearth Ltd", "Ada Obi", "VAT (7.5%)", "₦750", "₦10,750"):
            assert said in text
        assert first == second

    def test_is_of_the_document_that_is_named(self, client, payer, payment):
        a_refund(payment, 75_000, state=RefundState.DONE)
        note = Receipt.objects.get(kind="credit_note")
        client.force_login(payer)

        file = client.get(page_of(payment, "receipt_pdf"), {"number": note.number})

        assert "Credit note" in read(file.content)
        assert client.get(page_of(payment, "receipt_pdf"), {"number": "BUKA-1"}).status_code == 404

    def test_of_a_deposit_says_that_it_comes_off_the_bill(self, client, payer, payment):
        deposit = a_payment(payment.request.restaurant, payer=payer)
        client.force_login(payer)

        text = read(client.get(page_of(deposit, "receipt_pdf")).content).replace("\n", " ")

        assert "Paid on account of the bill" in text
        assert "VAT" not in text


class TestApi:
    def path(self, payment: Payment) -> str:
        return f"/api/payments/{payment.public_id}/receipt"

    def test_answers_it_to_its_payer(self, client, payer, payment):
        a_refund(payment, 75_000, state=RefundState.DONE)
        client.force_login(payer)

        body = client.get(self.path(payment)).json()

        assert re.fullmatch(r"BUKA-ZUMA-HEARTH-\d{4}-000001", body["number"])
        assert body["net"] == {"amount": "10000.00", "currency": "NGN"}
        assert [(line["name"], line["amount"]["amount"]) for line in body["charges"]] == [("VAT", "750.00")]
        assert (body["payer"], body["seller"]["tax_number"]) == ("Ada Obi", "00001234-0001")
        assert [each["kind"] for each in body["later"]] == ["credit_note"]

    @pytest.mark.parametrize("how", [{"headers": {"Accept": "application/pdf"}}, {"query_params": {"format": "pdf"}}])
    def test_answers_the_file(self, client, payer, payment, how):
        client.force_login(payer)

        answer = client.get(self.path(payment), **how)

        assert answer["Content-Type"] == "application/pdf"
        assert "Ada Obi" in read(answer.content)

    def test_is_found_by_nobody_else(self, client, payment):
        client.force_login(UserFactory())

        answer = client.get(self.path(payment), headers={"Accept": "application/pdf"})

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "payment_not_found"


class TestBackOffice:
    def test_lists_the_houses_own(self, client, payment):
        other = a_payment(RestaurantFactory(slug="elsewhere"))
        log_in(client, member(payment.request.restaurant_id))

        page = client.get(reverse("admin:payments_receipts_receipt_changelist"), {"q": "000001"}).content.decode()

        assert Receipt.objects.get(payment=payment).number in page
        assert Receipt.objects.get(payment=other).number not in page

    def test_shows_and_hands_out_one(self, client, payment):
        receipt = Receipt.objects.get()
        log_in(client, member(payment.request.restaurant_id))

        page = client.get(reverse("admin:payments_receipts_receipt_change", args=[receipt.pk])).content.decode()
        file = client.get(reverse("admin:payments_receipts_receipt_pdf", args=[receipt.pk]))

        assert "VAT (7.5%)" in page
        assert file["Content-Type"] == "application/pdf"

    def test_hides_anothers(self, client, payment):
        receipt = Receipt.objects.get()
        log_in(client, member(RestaurantFactory().pk))

        assert client.get(reverse("admin:payments_receipts_receipt_pdf", args=[receipt.pk])).status_code == 404

    def test_exports_credit_notes_below_zero(self, client, payment):
        a_refund(payment, 75_000, state=RefundState.DONE)
        log_in(client, member(payment.request.restaurant_id))
        asked = {"action": "export_csv", "_selected_action": list(Receipt.objects.values_list("pk", flat=True))}

        answer = client.post(reverse("admin:payments_receipts_receipt_changelist"), asked)

        lines = b"".join(answer.streaming_content).decode().splitlines()
        assert ",10750.00,10000.00,750.00,0.00,NGN," in lines[1]
        assert "-75" not in lines[1]
        assert "-750.00" in lines[2]


def test_language_of_the_page_is_the_payers(client, payer, payment):
    """A booking's language, whatever the browser's is."""
    client.force_login(payer)
    with translation.override("fr"):
        assert page_of(payment).startswith("/fr/")
        text = client.get(page_of(payment)).content.decode()

    assert "VAT" in text
    # The site around it stays the reader's.
    assert '<html lang="fr"' in text
    assert '<article class="stack" lang="en" dir="ltr"' in text
