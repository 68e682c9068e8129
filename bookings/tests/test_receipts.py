"""What a receipt says of the tickets that it was for."""

import io

import pypdf
import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from bookings.tests.ticket_factories import event_at, order
from payments.models import Payment
from payments.states import Kind
from payments.tests.factories import a_payment
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


def paid(kobo: int, **more) -> Payment:
    place = house()
    made = order(event_at(place), Ticket=2, Table=1)
    return a_payment(place, kobo, kind=Kind.TICKETS, subject_id=made.public_id, **more)


def test_names_each_kind_with_its_number_and_price_at_every_door(client):
    payer = UserFactory()
    payment = paid(2_800_000, payer=payer)
    client.force_login(payer)

    text = client.get(reverse("payments:receipt", args=[payment.public_id])).content.decode()
    body = client.get(f"/api/payments/{payment.public_id}/receipt").json()

    file = client.get(reverse("payments:receipt_pdf", args=[payment.public_id]))
    printed = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file.content)).pages)

    assert "2 × Ticket, ₦5,000 each" in printed
    assert "Bought" in text
    assert "2 × Ticket, ₦5,000 each" in text
    assert "1 × Table, ₦18,000 each" in text
    assert [(each["name"], each["number"], each["unit_price"]["amount"]) for each in body["items"]] == [
        ("Ticket", 2, "5000.00"),
        ("Table", 1, "18000.00"),
    ]


def test_of_a_share_says_what_it_was_paid_towards(client):
    payment = paid(1_000_000, is_share=True)

    text = client.get(reverse("payments:link_receipt", args=[payment.request.token])).content.decode()

    assert "Paid towards" in text
    assert "2 × Ticket, ₦5,000 each" in text
