"""Pages say what something is for, what a choice allows, and where one can go next."""

import pytest
from django.urls import reverse
from django.utils import translation

from accounts.partners import sending, webhooks
from accounts.partners.models import Delivery, PartnerApp
from accounts.partners.states import DeliveryStatus
from accounts.partners.tests.factories import a_webhook, an_app, receiving
from accounts.privacy.services import erasing
from accounts.states import Ability, Role
from accounts.templatetags.back_office import crumb
from accounts.tests.factories import UserFactory, log_in, member
from core import errors_reference
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def platform(client):
    log_in(client, UserFactory(is_superuser=True, is_staff=True))
    return client


@pytest.mark.django_db(transaction=True)
class TestDelivery:
    def test_is_sent_again_from_its_own_page(self, platform, settings):
        settings.WEBHOOKS_ALLOW_PRIVATE = True
        with receiving() as receiver:
            webhooks.send_test(endpoint=a_webhook(an_app()[0], receiver))
            sending.send_due()
        challenge, delivery = Delivery.objects.order_by("pk")
        assert delivery.status == DeliveryStatus.DELIVERED
        assert (
            "/again/"
            not in platform.get(reverse("admin:partners_delivery_change", args=[challenge.pk])).content.decode()
        )
        page = platform.get(reverse("admin:partners_delivery_change", args=[delivery.pk])).content.decode()
        again = reverse("admin:partners_delivery_again", args=[delivery.pk])
        assert f'action="{again}"' in page

        platform.post(again)

        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.WAITING

    def test_of_others_is_not_found(self, client, settings):
        settings.WEBHOOKS_ALLOW_PRIVATE = True
        with receiving() as receiver:
            a_webhook(an_app()[0], receiver)
        delivery = Delivery.objects.get()
        log_in(client, member(house(tables=(2,)).pk, Role.OWNER))

        assert client.post(reverse("admin:partners_delivery_again", args=[delivery.pk])).status_code == 404
        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DELIVERED


class TestChoices:
    def test_a_role_is_chosen_knowing_what_it_may(self, client):
        log_in(client, member(house(tables=(2,)).pk, Role.OWNER))

        page = client.get(reverse("admin:accounts_invitation_add")).content.decode()

        assert f"{Ability.DELIVER.label}" in page
        assert f"{Ability.RUN_SERVICE.label}" in page

    def test_a_plan_is_chosen_knowing_its_limit(self, platform):
        page = platform.get(reverse("admin:partners_partnerapp_add")).content.decode()

        assert "Trial: 60 requests a minute" in page
        assert "Volume: 1,500 requests a minute" in page


class TestNames:
    def test_a_thing_keeps_its_name_and_a_kind_begins_with_a_capital(self):
        assert crumb(PartnerApp(name="lagos table talk")) == "lagos table talk"
        assert crumb("partner apps") == "Partner apps"

    def test_the_reference_of_errors_shows_no_code_of_ours(self):
        page = errors_reference.render()

        assert "%(" not in page
        assert "parties of ‹smallest› to ‹largest›" in page


class TestMyAccount:
    def test_says_when_it_is_erased_and_how_to_keep_it(self, client):
        user = UserFactory()
        log_in(client, user)
        before = client.get(reverse("accounts:profile")).content.decode()
        erasing.request_erasure(user=user)

        page = client.get(reverse("accounts:profile")).content.decode()

        assert "Your account will be erased on" not in before
        assert "Your account will be erased on" in page
        assert "Keep my account" in page

    def test_a_request_begins_with_no_choice(self, client):
        form = client.get(reverse("privacy:request")).context["form"]
        refused = client.post(reverse("privacy:request"), {"kind": "", "name": "Ada", "email": "a@example.com"})

        assert not form["kind"].value()
        assert refused.status_code == 422
        assert "kind" in refused.context["form"].errors
