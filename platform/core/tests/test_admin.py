import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse

from core import outbox
from core.models import EventDelivery
from core.testing import log_in

pytestmark = pytest.mark.django_db(transaction=True)
Status = EventDelivery.Status


@pytest.fixture
def parked(pinged):
    with transaction.atomic():
        outbox.publish(pinged.Pinged(number=1))
    outbox.relay_batch(bell=False)
    delivery = EventDelivery.objects.get()
    EventDelivery.objects.filter(pk=delivery.pk).update(
        status=Status.PARKED, attempts=12, last_error="Traceback …\nRuntimeError: <b>The kitchen is closed.</b>"
    )
    return delivery


@pytest.fixture
def operator(client):
    user = get_user_model().objects.create(email="operator@example.com", is_staff=True, is_superuser=True)
    log_in(client, user)
    return client


@pytest.fixture
def manager(client):
    """Somebody who enters the back office for something else."""
    user = get_user_model().objects.create(email="manager@example.com", is_staff=True)
    user.platform_memberships.create(role="translator")
    log_in(client, user)
    return client


LIST = "admin:core_eventdelivery_changelist"


class TestEventDeliveryAdmin:
    def test_shows_what_is_parked_and_why(self, operator, parked):
        answer = operator.get(reverse(LIST), {"status__exact": "parked"})

        page = answer.content.decode()
        assert answer.status_code == 200
        assert "test.pinged" in page and "core.tests.pings.write" in page
        assert "RuntimeError: &lt;b&gt;The kitchen is closed." in page

    def test_runs_a_parked_delivery_again(self, operator, parked, pinged):
        answer = operator.post(reverse(LIST), {"action": "run_again", "_selected_action": [parked.pk]}, follow=True)

        assert "1 delivery runs again." in answer.content.decode()
        parked.refresh_from_db()
        assert (parked.status, parked.attempts) == (Status.WAITING, 0)
        assert outbox.attempt(parked.pk)
        assert pinged.effects() == [1]

    def test_what_is_done_is_not_run_again(self, operator, parked, pinged):
        EventDelivery.objects.update(status=Status.WAITING, attempts=0)
        outbox.attempt(parked.pk)

        answer = operator.post(reverse(LIST), {"action": "run_again", "_selected_action": [parked.pk]}, follow=True)

        assert "None of these is parked" in answer.content.decode()
        parked.refresh_from_db()
        assert parked.status == Status.DONE

    def test_is_for_superusers_only(self, manager, parked):
        assert manager.get(reverse(LIST)).status_code == 403
        answer = manager.post(reverse(LIST), {"action": "run_again", "_selected_action": [parked.pk]})

        assert answer.status_code == 403
        parked.refresh_from_db()
        assert parked.status == Status.PARKED

    def test_nothing_can_be_edited_or_deleted(self, operator, parked):
        assert operator.get(reverse("admin:core_eventdelivery_add")).status_code == 403
        assert operator.post(reverse("admin:core_eventdelivery_delete", args=[parked.pk])).status_code == 403
        answer = operator.post(reverse("admin:core_eventdelivery_change", args=[parked.pk]), {"status": "done"})
        assert answer.status_code == 403
        assert operator.get(reverse("admin:core_eventdelivery_change", args=[parked.pk])).status_code == 200


class TestOutboxEventAdmin:
    def test_shows_an_event_with_its_deliveries(self, operator, parked):
        listing = operator.get(reverse("admin:core_outboxevent_changelist"), {"q": "pinged"})
        event = operator.get(reverse("admin:core_outboxevent_change", args=[parked.event_id]))

        assert "0/1" in listing.content.decode()
        assert "core.tests.pings.write" in event.content.decode()

    def test_is_for_superusers_only(self, manager, parked):
        assert manager.get(reverse("admin:core_outboxevent_changelist")).status_code == 403
