"""Saved cards at their doors: paying with one, seeing and forgetting them, and that they are nobody else's."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import UserFactory, log_in
from core import personal_data
from core.personal_data import Subject
from payments import services as payments
from payments.gateways.base import Channel, Payer
from payments.models import Payment
from payments.saved import collectors, selectors
from payments.saved.models import CardConsent, SavedMethod
from payments.saved.states import MethodState, Purpose
from payments.saved.tests.factories import a_card, an_evening
from payments.services.beginning import Wish
from payments.states import Kind, PaymentState
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db(transaction=True)
BACK = "https://buka.example/en/pay/link/back/"


@pytest.fixture
def ada() -> Any:
    return UserFactory(name="Ada Demo")


@pytest.fixture
def own(ada: Any) -> Client:
    client = Client()
    log_in(client, ada, second_factor=False)
    return client


def pay_page(asked: Any) -> str:
    return reverse("payments:pay", args=[asked.token])


class TestThePayPage:
    def test_offers_to_keep_the_card_to_who_has_an_account_and_ticks_nothing(self, own, client, gateways):
        asked = an_evening(Kind.DEPOSIT)
        page = own.get(pay_page(asked)).content.decode()
        assert 'name="keep_card"' in page
        assert "checked" not in page.split('name="keep_card"')[1].split(">")[0]
        assert 'name="keep_card"' not in client.get(pay_page(asked)).content.decode()

        answer = own.post(pay_page(asked), {"channel": "card", "email": "ada@example.com", "keep_card": "on"})

        assert answer.status_code == 302
        consent = CardConsent.objects.get()
        assert (consent.purpose, consent.language) == (Purpose.NEXT_TIME, "en")

    def test_a_guarantee_says_what_is_agreed_to(self, client, gateways):
        asked = an_evening(Kind.GUARANTEE, kobo=10_000)

        page = client.get(pay_page(asked)).content.decode()
        answer = client.post(pay_page(asked), {"channel": "card", "email": "ada@example.com"})

        assert "I let this card be kept for this booking" in page
        assert 'value="transfer"' not in page
        assert answer.status_code == 302
        assert CardConsent.objects.get().purpose == Purpose.GUARANTEE

    def test_one_s_own_card_pays_once_however_often_it_is_sent(self, own, ada, gateways: SandboxClient):
        wish = Wish(Payer("ada@example.com"), BACK, BACK, channel=Channel.CARD, by=ada, keeps_card=True)
        payment = payments.begin(request=an_evening(Kind.DEPOSIT), wish=wish)
        gateways.pay("paystack", payment.reference)
        payments.settle(payment_id=payment.pk)
        (method,) = selectors.payable_with(ada)
        asked = an_evening(Kind.DEPOSIT)
        assert "•••• 4081" in own.get(pay_page(asked)).content.decode()

        sent = {"card": str(method.public_id), "request_key": str(uuid4())}
        for _twice in range(2):
            answer = own.post(pay_page(asked), sent)

        assert answer["Location"].endswith("/back/")
        paid = Payment.objects.get(request=asked)
        assert (paid.state, paid.payer) == (PaymentState.SUCCEEDED, ada)

    def test_the_api_charges_it_once_for_who_has_just_shown_who_they_are(self, own, ada, gateways: SandboxClient):
        wish = Wish(Payer("ada@example.com"), BACK, BACK, channel=Channel.CARD, by=ada, keeps_card=True)
        payment = payments.begin(request=an_evening(Kind.DEPOSIT), wish=wish)
        gateways.pay("paystack", payment.reference)
        payments.settle(payment_id=payment.pk)
        (method,) = selectors.payable_with(ada)
        asked = an_evening(Kind.DEPOSIT)
        body = {"kind": "deposit", "subject": str(asked.subject_id), "channel": "card", "card": str(method.public_id)}
        where, key = reverse("payments_api:begin"), {"Idempotency-Key": "pay-with-a-card"}

        answers = [own.post(where, body, content_type="application/json", headers=key) for _twice in range(2)]

        assert [answer.status_code for answer in answers] == [201, 201], answers[0].content
        assert {(answer.json()["id"], answer.json()["state"]) for answer in answers} == {
            (str(Payment.objects.get(request=asked).public_id), "succeeded")
        }
        body |= {"channel": "transfer", "subject": str(an_evening(Kind.DEPOSIT).subject_id)}
        refused = own.post(where, body, content_type="application/json", headers={"Idempotency-Key": "b"})
        body |= {"channel": "card", "card": str(a_card(UserFactory()).public_id)}
        of_another = own.post(where, body, content_type="application/json", headers={"Idempotency-Key": "c"})
        assert refused.status_code == 400
        elsewhere = body | {"channel": "card", "card": str(method.public_id)}
        reused = own.post(where, elsewhere, content_type="application/json", headers=key)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
        assert (of_another.status_code, of_another.json()["code"]) == (404, "saved_card_not_found")

    def test_somebody_else_s_card_pays_nothing(self, own):
        asked, other = an_evening(Kind.DEPOSIT), a_card(UserFactory())

        answer = own.post(pay_page(asked), {"card": str(other.public_id), "request_key": str(uuid4())})

        assert answer.status_code == 404
        assert not Payment.objects.exists()


class TestOwnCards:
    def test_are_shown_and_forgotten(self, own, ada):
        method = a_card(ada)
        assert "•••• 4081" in own.get(reverse("own_payments:list")).content.decode()
        where = reverse("own_payments:forget_card", args=[method.public_id])
        assert "Forget this card?" in own.get(where).content.decode()
        method.refresh_from_db()
        assert method.state == MethodState.KEPT

        assert own.post(where).status_code == 302

        method.refresh_from_db()
        assert method.state == MethodState.FORGETTING
        assert own.get(where).status_code == 404

    def test_one_that_guarantees_a_booking_says_which(self, own, ada):
        asked = an_evening(Kind.GUARANTEE)
        method = a_card(ada, purpose=Purpose.GUARANTEE, kind=asked.kind, subject_id=asked.subject_id)
        where = reverse("own_payments:forget_card", args=[method.public_id])

        assert "K7PX3M" in own.get(where).content.decode()
        assert own.post(where).status_code == 409
        method.refresh_from_db()
        assert method.state == MethodState.KEPT

    def test_many_cards_cost_no_more_questions(self, own, ada):
        a_card(ada, last4="0001")
        own.get(reverse("own_payments:list"))
        with CaptureQueriesContext(
            connection,
        ) as few:
            own.get(reverse("own_payments:list"))
        for number in range(2, 6):
            a_card(ada, last4=f"000{number}")
        with CaptureQueriesContext(connection) as many:
            own.get(reverse("own_payments:list"))
        assert len(many) <= len(few)


class TestApi:
    def test_tells_of_one_s_own_cards_and_of_nobody_else_s(self, own, ada):
        mine, others = a_card(ada), a_card(UserFactory())

        listed = own.get("/api/payments/methods").json()["results"]

        assert [card["id"] for card in listed] == [str(mine.public_id)]
        assert listed[0]["for_next_time"] is True
        assert "token" not in str(listed)
        assert own.get(f"/api/payments/methods/{mine.public_id}").json() == listed[0]
        for method in (own.get, own.delete):
            answer = method(f"/api/payments/methods/{others.public_id}")
            assert (answer.status_code, answer.json()["code"]) == (404, "saved_card_not_found")
        others.refresh_from_db()
        assert others.state == MethodState.KEPT

    def test_forgets(self, own, ada):
        method = a_card(ada)

        assert own.delete(f"/api/payments/methods/{method.public_id}").status_code == 204

        assert own.get("/api/payments/methods").json()["results"] == []

    def test_a_consent_is_in_the_language_that_was_asked_for(self, own, gateways: SandboxClient):
        asked = an_evening(Kind.GUARANTEE, kobo=10_000)
        given = {"kind": "guarantee", "subject": str(asked.subject_id), "channel": "card"}

        answer = own.post(
            "/api/delivery/payment",
            given,
            content_type="application/json",
            headers={"Accept-Language": "ha", "Idempotency-Key": "in-hausa-please"},
        )

        assert answer.status_code == 201, answer.content
        assert CardConsent.objects.get().language == "ha"

    def test_strangers_are_asked_to_log_in(self, client):
        assert client.get("/api/payments/methods").status_code == 401


class TestPrivacy:
    def test_an_archive_has_the_card_and_not_what_charges_it(self, ada):
        a_card(ada, token="AUTH_secret")
        a_card(UserFactory())

        (row,) = collectors.COLLECTORS[0].rows(Subject(user_id=ada.pk, public_id=ada.public_id))

        assert (row["card"], row["consents"][0]["for"]) == ("visa 4081", "next_time")
        assert "AUTH_secret" not in str(row)

    def test_an_erasure_forgets_them_and_the_night_what_is_left(self, ada):
        method = a_card(ada, bank="Zenith", expires="2030-12")

        [eraser] = [each for each in personal_data.erasers() if each.name == "payments_saved.cards"]
        with transaction.atomic():
            eraser.erase(Subject(user_id=ada.pk, public_id=ada.public_id))

        method.refresh_from_db()
        assert (method.holder, method.email, method.card_index) == (None, "", "")
        assert (method.bank, method.expires, method.last4) == ("", "", "4081")
        assert not SavedMethod.objects.filter(state=MethodState.KEPT).exists()
