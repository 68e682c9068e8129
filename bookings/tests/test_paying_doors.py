"""Paying through the API and on the pages: who may, what is told, and what is asked twice."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.states import Role
from accounts.tests.factories import UserFactory, member
from bookings import access
from bookings.models import Booking
from bookings.states import Status
from bookings.tests.factories import book
from bookings.tests.test_api import Api, problem, signed_in
from bookings.tests.test_api_schema import check
from bookings.tests.test_deposits import strict
from bookings.tests.test_paying import begun, gateways, settled  # noqa: F401 (a fixture)
from payments import services as payments
from payments.models import Payment, PaymentRequest, Refund
from payments.states import Kind, PaymentState, RefundReason, RequestState
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db(transaction=True)
PAY = "/api/delivery/payment"


@pytest.fixture(scope="module")
def schema() -> Any:
    return Client().get("/api/schema").json()


@pytest.fixture
def booking() -> Booking:
    return book(strict())


@pytest.fixture
def api() -> Api:
    return Api(raise_request_exception=False)


def asked(booking: Booking, **more: Any) -> dict[str, Any]:
    return {"kind": "deposit", "subject": str(booking.public_id), "channel": "card", **more}


def begin(api: Api, booking: Booking, *, key: str = "key-of-this-test", **more: Any) -> Any:
    token = more.pop("token", access.token_for(booking))
    headers = {"Idempotency-Key": key} if key else {}
    return api.send("POST", PAY, asked(booking, **more), token=token, **headers)


class TestApi:
    def test_begins_looks_and_comes_back(self, gateways: SandboxClient, api, booking, schema):  # noqa: F811
        answer = begin(api, booking)
        body = check(schema, answer, PAY, "post")
        assert (body["state"], body["amount"]) == ("pending", {"amount": "20000.00", "currency": "NGN"})
        assert body["checkout_url"].startswith(gateways.url)
        gateways.pay("paystack", body["reference"])
        token = access.token_for(booking)

        verified = api.send("GET", f"{PAY}/verify/{body['reference']}", token=token)

        told = check(schema, verified, PAY + "/verify/{reference}")
        assert (told["state"], told["received"]["amount"], told["checkout_url"]) == ("succeeded", "20000.00", None)
        again = api.send("POST", f"{PAY}/callback", {"reference": body["reference"]}, token=token)
        assert check(schema, again, PAY + "/callback", "post")["state"] == "succeeded"
        one = api.send("GET", f"/api/payments/{body['id']}", token=token)
        assert check(schema, one, "/api/payments/{id}")["reference"] == body["reference"]

    def test_sent_twice_begins_one_payment(self, gateways: SandboxClient, api, booking):  # noqa: F811
        first, second = begin(api, booking).json(), begin(api, booking).json()

        assert first["id"] == second["id"]
        assert Payment.objects.count() == 1

    def test_a_key_is_of_one_request(self, gateways: SandboxClient, api, booking):  # noqa: F811
        begin(api, booking)
        other = book(strict(name="Elsewhere"))

        answer = api.send(
            "POST", PAY, asked(other), token=access.token_for(other), **{"Idempotency-Key": "key-of-this-test"}
        )

        assert answer.status_code in (201, 422)
        assert Payment.objects.filter(request__subject_id=other.public_id).count() == (answer.status_code == 201)

    @pytest.mark.parametrize(
        ("more", "status"),
        [
            ({"key": ""}, 400),
            ({"kind": "order"}, 400),
            ({"channel": "cash"}, 400),
            ({"subject": "nonsense"}, 400),
            ({"amount": "1.00"}, 400),
            ({"token": "wrong"}, 404),
            ({"subject": str(uuid4())}, 404),
            ({"email": "nobody"}, 400),
            ({"return_url": "https://shop.example/back"}, 400),
        ],
    )
    def test_refuses_nonsense(self, gateways: SandboxClient, api, booking, more, status):  # noqa: F811
        answer = begin(api, booking, **more)

        assert answer.status_code == status, answer.content
        assert problem(answer)["code"]
        assert not Payment.objects.exists()

    def test_another_sees_nothing(self, gateways: SandboxClient, api, booking):  # noqa: F811
        body = begin(api, booking).json()
        stranger, somebody = Api(), signed_in(UserFactory())

        for path in (f"{PAY}/verify/{body['reference']}", f"/api/payments/{body['id']}"):
            assert stranger.send("GET", path).status_code == 401
            assert stranger.send("GET", path, token="wrong").status_code == 404
            assert somebody.send("GET", path).status_code == 404
        assert somebody.send("GET", "/api/payments").json()["results"] == []

    def test_lists_ones_own(self, gateways: SandboxClient, schema):  # noqa: F811
        diner = UserFactory()
        booking = book(strict())
        Booking.objects.filter(pk=booking.pk).update(diner=diner)
        mine = signed_in(diner)
        answer = mine.send("POST", PAY, asked(booking), **{"Idempotency-Key": "mine-alone-here"})
        assert answer.status_code == 201, answer.content

        listed = check(schema, mine.send("GET", "/api/payments"), "/api/payments")

        assert [row["id"] for row in listed["results"]] == [answer.json()["id"]]

    def test_the_house_gives_back(self, gateways: SandboxClient, booking, schema):  # noqa: F811
        payment = begun(booking)
        gateways.pay(payment.gateway, payment.reference)
        settled(payment)
        path = f"/api/payments/{payment.public_id}/refunds"
        manager = signed_in(member(booking.restaurant_id, Role.MANAGER))
        host = signed_in(member(booking.restaurant_id, Role.HOST))
        key = {"Idempotency-Key": "give-it-back"}

        assert host.send("POST", path, {"amount": "500.00"}, **key).status_code == 403
        assert signed_in(UserFactory()).send("POST", path, {"amount": "500.00"}, **key).status_code == 404
        too_much = manager.send("POST", path, {"amount": "20000.01"}, **{"Idempotency-Key": "too-much-of-it"})
        assert problem(too_much)["code"] == "refund_too_large"
        for _ in range(2):
            answer = manager.send("POST", path, {"amount": "500.00", "note": "The soup was cold."}, **key)
            body = check(schema, answer, "/api/payments/{id}/refunds", "post")

        assert body["refunded"]["amount"] == "500.00"
        assert Refund.objects.get().amount_kobo == 50_000
        for wrong in ("0", "-5", "1e3", "many"):
            answer = manager.send("POST", path, {"amount": wrong}, **{"Idempotency-Key": f"wrong-{wrong}-here"})
            assert answer.status_code == 400, wrong
        assert Refund.objects.count() == 1


class TestPages:
    def opened(self, booking: Booking) -> Client:
        client = Client()
        client.get(f"/en/bookings/{booking.public_id}/", {"token": access.token_for(booking)}, follow=True)
        return client

    def test_a_guest_pays_and_comes_back(self, gateways: SandboxClient, booking):  # noqa: F811
        client = self.opened(booking)
        page = client.get(f"/en/bookings/{booking.public_id}/").content.decode()
        assert "Pay ₦20,000 now" in page
        to_pay = client.post(f"/en/pay/for/deposit/{booking.public_id}/all/")
        assert to_pay.status_code == 302
        form = client.get(to_pay["Location"])
        assert "₦20,000" in form.content.decode()

        sent = client.post(to_pay["Location"], {"channel": "card", "email": "ada@example.com"})

        assert sent.status_code == 302
        assert sent["Location"].startswith(gateways.url)
        payment = Payment.objects.get()
        back = client.get(f"{to_pay['Location']}back/", {"reference": "forged", "status": "successful"})
        assert "Not paid yet" in back.content.decode()
        gateways.pay(payment.gateway, payment.reference)
        settled(payment)
        back = client.get(f"{to_pay['Location']}back/")
        assert "Paid. Thank you." in back.content.decode()
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        payments.refund(payment=payment, reason=RefundReason.GOODWILL, key="all")
        for path in (to_pay["Location"], f"{to_pay['Location']}back/"):
            said = client.get(path).content.decode()
            assert "all of it is given back" in said.lower(), path
            assert "To be given back: <bdi>₦20,000</bdi>" in said
            assert "Thank you" not in said

    def test_the_link_of_a_share_shows_nothing_else(self, gateways: SandboxClient, booking):  # noqa: F811
        client = self.opened(booking)
        shared = client.post(f"/en/pay/for/deposit/{booking.public_id}/share/", {"people": "2"})
        assert shared.status_code == 302
        share = PaymentRequest.objects.filter(is_share=True).first()
        assert share is not None
        assert share.label == "1"
        own = client.get(shared["Location"]).content.decode()
        assert "https://wa.me/?text=Deposit" in own
        assert f'data-copy="http://testserver/en/pay/{share.token}/"' in own
        friend = Client()
        assert "Share 1" in friend.get(f"/en/pay/{share.token}/").content.decode()

        page = friend.get(f"/en/pay/{share.token}/").content.decode()

        assert "₦10,000" in page
        assert booking.guest_email not in page
        assert f"/bookings/{booking.public_id}/" not in page
        assert friend.get(f"/en/pay/for/deposit/{booking.public_id}/").status_code == 404

    def test_what_is_wrong_is_said_beside_it(self, gateways: SandboxClient, booking):  # noqa: F811
        one = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)

        answer = Client().post(f"/en/pay/{one.token}/", {"channel": "gold", "email": "ada"})

        page = answer.content.decode()
        assert "Please choose how to pay." in page
        assert "Please write an e-mail address" in page
        assert not Payment.objects.exists()

    @pytest.mark.parametrize("path", ["/en/pay/nobody-has-this/", "/en/pay/nobody-has-this/back/"])
    def test_a_wrong_link_opens_nothing(self, db, path):
        assert Client().get(path).status_code == 404

    def test_an_unknown_kind_is_no_page(self, booking):
        assert self.opened(booking).get(f"/en/pay/for/gold/{booking.public_id}/").status_code == 404

    def test_nothing_is_due_once_it_is_called_off(self, gateways: SandboxClient, booking):  # noqa: F811
        one = payments.request_payment(kind=Kind.DEPOSIT, subject_id=booking.public_id)
        Booking.objects.filter(pk=booking.pk).update(status=Status.CANCELLED)

        page = Client().get(f"/en/pay/{one.token}/")

        assert one.state == RequestState.OPEN
        assert page.status_code == 200
        assert not Payment.objects.exists()

    def test_few_questions_are_asked_of_the_database(self, gateways: SandboxClient, booking):  # noqa: F811
        client = self.opened(booking)
        payment = begun(booking)
        gateways.pay(payment.gateway, payment.reference, how="declined")
        settled(payment)
        begun(booking)
        link = PaymentRequest.objects.get().token
        counts = {}
        for path in (f"/en/pay/{link}/", f"/en/pay/for/deposit/{booking.public_id}/"):
            client.get(path)
            with CaptureQueriesContext(connection) as asked_for:
                assert client.get(path).status_code == 200
            counts[path] = len(asked_for)

        assert max(counts.values()) <= 10, counts
        assert payment.state in PaymentState.values
