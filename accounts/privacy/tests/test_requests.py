"""Questions, wishes and grievances: taken, acknowledged, answered in time."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.utils import translation

from accounts.privacy.models import DataRequest
from accounts.privacy.services import requests
from accounts.privacy.states import RequestKind, RequestStatus
from accounts.tests.factories import UserFactory
from core.errors import TooManyAttempts
from core.states import IllegalMove
from notifications.models import Message

pytestmark = pytest.mark.django_db


def sent(number: int = 1, **fields) -> DataRequest:
    asked = {
        "kind": RequestKind.GRIEVANCE,
        "name": "Bola",
        "email": f"bola{number}@example.com",
        "message": "You kept my number.",
        "address": "203.0.113.7",
    }
    return requests.take_request(**{**asked, **fields})


class TestTaking:
    def test_is_acknowledged_with_a_reference_and_thirty_days_to_answer(self):
        request = sent()

        mail = Message.objects.get(kind="privacy.request_received")
        assert request.reference in mail.subject
        assert mail.recipient == "bola1@example.com"
        assert request.due_at - request.received_at == timedelta(days=30)

    def test_greets_no_stranger_in_the_senders_words(self):
        sent(name="You have won a phone")
        known = UserFactory(email="ada@example.com", name="Ada")
        EmailAddress.objects.update_or_create(user=known, email=known.email, defaults={"verified": True})
        sent(name="Ada", email="ada@example.com", user=known)

        stranger, own = Message.objects.filter(kind="privacy.request_received").order_by("pk")
        assert "won" not in stranger.body_text + stranger.body_html + stranger.recipient_name
        assert "Hello," in stranger.body_text
        assert "Hello Ada," in own.body_text

    def test_is_acknowledged_and_answered_in_the_language_of_the_account(self):
        user = UserFactory(language="ha")
        with translation.override("ar"):
            request = sent(user=user)
            sent(2)
        requests.answer_request(request=request, by=UserFactory(), answer="Madalla.")

        told = Message.objects.order_by("pk").values_list("recipient", "language")
        assert list(told) == [("bola1@example.com", "ha"), ("bola2@example.com", "ar"), ("bola1@example.com", "ha")]

    def test_lies_encrypted(self):
        request = sent()

        with connection.cursor() as cursor:
            cursor.execute("SELECT name, email, message FROM privacy_datarequest WHERE id = %s", [request.pk])
            stored = cursor.fetchone()
        assert all(value.startswith("ae1:") for value in stored)

    def test_one_mailbox_cannot_be_filled_by_strangers(self):
        for number in range(3):
            sent(address=f"203.0.113.{number}")

        with pytest.raises(TooManyAttempts):
            sent(address="203.0.113.99")

        assert DataRequest.objects.count() == 3

    def test_one_address_cannot_send_without_end(self):
        for number in range(10):
            sent(number)

        with pytest.raises(TooManyAttempts):
            sent(99)


class TestAnswering:
    def test_goes_to_the_person_by_mail(self):
        request, admin = sent(), UserFactory()

        requests.answer_request(request=request, by=admin, answer="It is gone.\n\nSorry.")

        mail = Message.objects.get(kind="privacy.request_answered")
        assert "It is gone." in mail.body_text
        request.refresh_from_db()
        assert (request.status, request.answered_by) == (RequestStatus.ANSWERED, admin)

    def test_wants_words(self):
        with pytest.raises(requests.AnswerMissing):
            requests.answer_request(request=sent(), by=UserFactory(), answer="  ")

        assert DataRequest.objects.get().status == RequestStatus.OPEN

    def test_happens_once(self):
        request, admin = sent(), UserFactory()
        requests.answer_request(request=request, by=admin, answer="Yes.")

        with pytest.raises(IllegalMove):
            requests.answer_request(request=request, by=admin, answer="No.", is_refused=True)

        assert Message.objects.filter(kind="privacy.request_answered").count() == 1
