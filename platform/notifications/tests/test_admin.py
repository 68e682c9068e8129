"""The messages in the admin: for the platform's own people only, to read and to send again."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from core.testing import log_in
from notifications import services
from notifications.models import Message
from notifications.states import Status
from notifications.tests.factories import a_message

pytestmark = pytest.mark.django_db
LIST = "admin:notifications_message_changelist"


@pytest.fixture
def message(monkeypatch):
    monkeypatch.setattr(services, "enqueue", lambda task, *args: True)
    return a_message()


@pytest.fixture
def owner(client):
    user = get_user_model().objects.create_superuser(email="owner@example.com")
    log_in(client, user)
    return client


@pytest.fixture
def staff(client):
    """Somebody who may use the admin, and was even given every right on messages by mistake."""
    from django.contrib.auth.models import Permission

    user = get_user_model().objects.create_user(email="host@example.com", is_staff=True)
    user.platform_memberships.create(role="translator")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="notifications"))
    log_in(client, user)
    return client


class TestReading:
    def test_the_list_shows_what_became_of_a_message_but_not_the_whole_address(self, owner, message):
        page = owner.get(reverse(LIST), {"status__exact": "waiting", "kind": "booking.confirmed"})

        assert page.status_code == 200
        assert "a••••@example.com" in page.content.decode()
        assert "ada@example.com" not in page.content.decode()

    def test_finds_a_message_by_its_address(self, owner, message):
        found = owner.get(reverse(LIST), {"q": "ADA@example.com"})
        missed = owner.get(reverse(LIST), {"q": "bola@example.com"})

        assert "a••••@example.com" in found.content.decode()
        assert "a••••@example.com" not in missed.content.decode()

    def test_the_message_can_be_read_and_not_changed(self, owner, message):
        where = reverse("admin:notifications_message_change", args=[message.pk])

        page = owner.get(where)
        changed = owner.post(where, {"subject": "Something else"})

        assert page.status_code == 200
        assert message.message_id.strip("<>") in page.content.decode()
        assert changed.status_code == 403
        message.refresh_from_db()
        assert message.subject.startswith("Booked")

    def test_restaurant_staff_see_nothing_of_it(self, staff, message):
        index = staff.get(reverse("admin:index"))
        answers = [
            staff.get(reverse(LIST)),
            staff.get(reverse("admin:notifications_message_change", args=[message.pk])),
            staff.post(reverse(LIST), {"action": "send_again", "_selected_action": [message.pk]}),
        ]

        assert reverse(LIST) not in index.content.decode()
        assert [answer.status_code for answer in answers] == [403, 403, 403]


class TestSendAgain:
    def test_puts_a_parked_message_back_into_the_queue(self, owner, message):
        Message.objects.update(status=Status.FAILED, attempts=8, last_error="550 no")

        answer = owner.post(reverse(LIST), {"action": "send_again", "_selected_action": [message.pk]}, follow=True)

        message.refresh_from_db()
        assert "1 message will be sent again." in answer.content.decode()
        assert (message.status, message.attempts, message.last_error) == (Status.WAITING, 0, "")
