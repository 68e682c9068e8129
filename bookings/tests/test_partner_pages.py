"""Partner apps in the back office: who finds what there, and that a secret shows once."""

import re
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.partners import sending, services, webhooks
from accounts.partners.models import Delivery, Endpoint, PartnerApp, PartnerGrant
from accounts.partners.states import AppStatus, DeliveryStatus, EndpointStatus, Scope
from accounts.partners.tests.factories import a_webhook, an_app, fetch_token, receiving
from accounts.states import Role
from accounts.tests.back_office import filled_in
from accounts.tests.factories import UserFactory, log_in, member
from bookings.tests.factories import LAGOS
from core.limits import Limit
from core.redis import client as redis_client
from core.redis import key
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db
APPS = reverse("admin:partners_partnerapp_changelist")
GRANTS = reverse("admin:partners_partnergrant_changelist")
WEBHOOKS = reverse("admin:partners_endpoint_changelist")
DELIVERIES = reverse("admin:partners_delivery_changelist")


def signed_in(user):
    browser = Client()
    log_in(browser, user)
    return browser


@pytest.fixture
def restaurant():
    return house()


@pytest.fixture
def owner(restaurant):
    return signed_in(member(restaurant.pk, Role.OWNER))


@pytest.fixture
def platform():
    return signed_in(UserFactory(is_superuser=True, is_staff=True))


def page_of(row, *button):
    name = f"admin:partners_{row._meta.model_name}_" + (button[0].replace("-", "_") if button else "change")
    return reverse(name, args=[row.pk])


def secrets_in(page):
    return re.findall(r"bps_[0-9a-f]{64}|whsec_[A-Za-z0-9+/=]+", page.content.decode())


def secret_behind(browser, made):
    """Return the secret on the page that its making leads to."""
    assert made.status_code == 302, made.content
    [secret] = secrets_in(browser.get(made["Location"]))
    return secret


class TestRegister:
    ASKED = {
        "name": "Table Talk",
        "organisation": "Table Talk Ltd",
        "contact_email": "demo-partner@example.com",
        "scopes": ["bookings:read", "webhooks:manage"],
    }

    def test_the_platform_registers_an_app_and_sees_its_secret_once(self, platform):
        add = reverse("admin:partners_partnerapp_add")
        assert platform.get(add).status_code == 200

        made = platform.post(add, {**self.ASKED, "plan": "standard"})

        app = PartnerApp.objects.get()
        assert (made.status_code, made["Location"]) == (302, page_of(app, "secret"))
        page = platform.get(made["Location"])
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        assert app.client_id in page.content.decode()
        [secret] = secrets_in(page)
        assert (app.plan, app.allowed_scopes()) == ("standard", ["bookings:read", "webhooks:manage"])
        assert fetch_token(app, secret)
        assert secret not in platform.get(page_of(app)).content.decode()
        assert secret not in str(dict(platform.session))

    def test_owners_register_one_of_their_own_house(self, owner, restaurant):
        made = owner.post(reverse("admin:partners_partnerapp_add"), {**self.ASKED, "restaurant": restaurant.pk})

        app = PartnerApp.objects.get()
        assert fetch_token(app, secret_behind(owner, made))
        assert app.restaurant == restaurant
        assert PartnerGrant.objects.get().restaurant == restaurant

    def test_and_of_no_other(self, owner):
        made = owner.post(reverse("admin:partners_partnerapp_add"), {**self.ASKED, "restaurant": house().pk})

        assert made.status_code == 422
        assert not PartnerApp.objects.exists()

    def test_says_what_is_missing(self, platform):
        made = platform.post(reverse("admin:partners_partnerapp_add"), {"name": "Only that"})

        assert made.status_code == 422
        assert b"This field is required" in made.content

    def test_a_name_is_one_line_that_rewrites_nothing(self, platform):
        odd = {"name": "Table\r\nTalk\u202e\x07", "organisation": "Table\u2028Talk Ltd", "plan": "trial"}

        platform.post(reverse("admin:partners_partnerapp_add"), {**self.ASKED, **odd})

        app = PartnerApp.objects.get()
        assert (app.name, app.organisation) == ("Table Talk", "Table Talk Ltd")
        changed = {**filled_in(platform.get(page_of(app))), "name": "Bell\x07\nTower"}
        assert platform.post(page_of(app), changed).status_code == 302
        app.refresh_from_db()
        assert (app.name, app.client.name) == ("Bell Tower", "Bell Tower")


class TestAskFirst:
    """What cannot be undone: a link leads to a page that says so, and only what is sent from there does it."""

    def test_an_app_is_revoked_after_a_question(self, platform):
        app = an_app()[0]
        door = page_of(app, "revoke")
        offered = platform.get(page_of(app)).content.decode()

        asked = platform.get(door)

        assert f'href="{door}"' in offered
        assert f'action="{door}"' not in offered
        assert "cannot be taken back" in asked.content.decode()
        assert app.name in asked.content.decode()
        app.refresh_from_db()
        assert app.status == AppStatus.ACTIVE
        platform.post(door)
        app.refresh_from_db()
        assert app.status == AppStatus.REVOKED

    def test_a_webhook_is_removed_after_a_question(self, platform):
        app = an_app()[0]
        endpoint, _secret = webhooks.add_endpoint(
            app=app, url="https://partner.example/", event_types=["booking.confirmed"], by=app
        )
        door = page_of(endpoint, "remove")
        offered = platform.get(page_of(endpoint)).content.decode()

        asked = platform.get(door)

        assert f'href="{door}"' in offered
        assert f'action="{door}"' not in offered
        assert "https://partner.example/" in asked.content.decode()
        assert Endpoint.objects.exists()
        platform.post(door)
        assert not Endpoint.objects.exists()

    @pytest.mark.parametrize("button", ["suspend", "rotate"])
    def test_other_buttons_have_no_such_page(self, platform, button):
        assert platform.get(page_of(an_app()[0], button)).status_code == 405

    def test_owners_are_asked_about_their_own_alone(self, owner):
        app = an_app()[0]

        assert owner.get(page_of(app, "revoke")).status_code == 404
        assert owner.post(page_of(app, "revoke")).status_code == 404
        app.refresh_from_db()
        assert app.status == AppStatus.ACTIVE


class TestShowASecretOnce:
    """Four buttons make one; each leads to a page of its own that can be loaded again without harm."""

    @pytest.fixture
    def app(self):
        return an_app()[0]

    @pytest.fixture
    def endpoint(self, app):
        endpoint, _secret = webhooks.add_endpoint(
            app=app, url="https://partner.example/", event_types=["booking.confirmed"], by=app
        )
        return endpoint

    @pytest.fixture(params=["app", "endpoint"])
    def row(self, request):
        return request.getfixturevalue(request.param)

    def test_a_reload_finds_it_gone_and_makes_nothing_anew(self, platform, row):
        made = platform.post(page_of(row, "rotate"))
        [secret] = secrets_in(platform.get(made["Location"]))
        row.refresh_from_db()
        stands = vars(row).copy()

        again = platform.get(made["Location"])

        assert (again.status_code, secrets_in(again)) == (410, [])
        assert "shown once" in again.content.decode()
        assert "no-store" in again["Cache-Control"]
        row.refresh_from_db()
        assert {**vars(row), "_state": None} == {**stands, "_state": None}
        assert secret not in made["Location"]

    def test_nobody_else_is_shown_it_and_they_use_nothing_up(self, platform, row):
        made = platform.post(page_of(row, "rotate"))
        another = signed_in(UserFactory(is_superuser=True, is_staff=True))

        other_page = another.get(made["Location"])

        assert (other_page.status_code, secrets_in(other_page)) == (410, [])
        assert secret_behind(platform, made)

    def test_nor_is_the_same_person_elsewhere(self, row):
        person = UserFactory(is_superuser=True, is_staff=True)
        here, there = signed_in(person), signed_in(person)
        made = here.post(page_of(row, "rotate"))

        assert there.get(made["Location"]).status_code == 410
        assert secret_behind(here, made)

    def test_nor_after_a_minute(self, platform, row):
        made = platform.post(page_of(row, "rotate"))
        [name] = redis_client().keys(key("shown_once", "*"))
        assert 0 < redis_client().ttl(name) <= 60
        redis_client().expire(name, 0)

        assert platform.get(made["Location"]).status_code == 410

    def test_it_lies_there_encrypted(self, platform, row):
        made = platform.post(page_of(row, "rotate"))
        kept = redis_client().get(redis_client().keys(key("shown_once", "*"))[0])

        secret = secret_behind(platform, made)

        assert kept.startswith(b"ae1:")
        assert secret.encode() not in kept
        assert not redis_client().keys(key("shown_once", "*"))
        assert secret not in str(dict(platform.session))

    def test_looking_whether_the_page_is_there_does_not_use_it_up(self, platform, row):
        made = platform.post(page_of(row, "rotate"))

        assert platform.head(made["Location"]).status_code == 405
        assert platform.post(made["Location"]).status_code == 405
        assert secret_behind(platform, made)

    def test_one_rows_is_not_anothers(self, platform, app, endpoint):
        made = platform.post(page_of(app, "rotate"))

        assert platform.get(page_of(endpoint, "secret")).status_code == 410
        assert platform.get(page_of(an_app(name="Other")[0], "secret")).status_code == 410
        assert secret_behind(platform, made).startswith("bps_")

    def test_of_what_is_not_theirs_owners_find_no_page(self, owner, row):
        assert owner.get(page_of(row, "secret")).status_code == 404

    def test_nothing_is_made_that_could_not_be_shown(self, platform, app, endpoint, settings):
        before = (PartnerApp.objects.get().client.secret, Endpoint.objects.get().secret)
        # Nobody listens there: as if Redis went away once the session had been read.
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

        for path, form in (
            (page_of(app, "rotate"), {}),
            (page_of(endpoint, "rotate"), {}),
            (reverse("admin:partners_partnerapp_add"), {**TestRegister.ASKED, "plan": "trial"}),
            (
                reverse("admin:partners_endpoint_add"),
                {"app": app.pk, "url": "https://partner.example/2", "event_types": ["booking.confirmed"]},
            ),
        ):
            answer = platform.post(path, form, follow=True)
            assert "not available for a moment" in answer.content.decode(), path

        assert (PartnerApp.objects.get().client.secret, Endpoint.objects.get().secret) == before


class TestManage:
    def test_the_platform_changes_an_app(self, platform):
        app, _secret = an_app()
        page = platform.get(page_of(app))

        answer = platform.post(page_of(app), {**filled_in(page), "plan": "volume", "allowed": ["menu:read"]})

        assert answer.status_code == 302, answer.context and answer.context["adminform"].form.errors
        app = PartnerApp.objects.get()
        assert (app.plan, app.allowed_scopes()) == ("volume", ["menu:read"])

    def test_a_new_secret_shows_once_and_the_old_one_works_on(self, platform):
        app, old = an_app()

        new = secret_behind(platform, platform.post(page_of(app, "rotate")))

        assert fetch_token(app, old)
        assert fetch_token(app, new)

    @pytest.mark.parametrize(("button", "status"), [("suspend", AppStatus.SUSPENDED), ("revoke", AppStatus.REVOKED)])
    def test_shuts_it_out(self, platform, button, status):
        app, _secret = an_app()

        assert platform.post(page_of(app, button)).status_code == 302

        assert PartnerApp.objects.get().status == status
        assert platform.get(page_of(app)).status_code == 200

    def test_owners_see_apps_of_their_house_and_change_none_but_their_own(self, owner, restaurant):
        public, _secret = an_app(name="Public")
        services.grant_access(app=public, restaurant_id=restaurant.pk, scopes=[Scope.BOOKINGS_READ], by=None)
        strange, _secret = an_app(name="Strange")
        till, _secret = an_app(name="Till", restaurant_id=restaurant.pk)

        listed = owner.get(APPS).content.decode()

        assert "Public" in listed
        assert "Till" in listed
        assert "Strange" not in listed
        seen = owner.get(page_of(public))
        assert seen.status_code == 200
        assert "demo-partner@example.com" not in seen.content.decode()
        assert owner.get(page_of(strange)).status_code == 404
        for app in (public, strange):
            for button in ("rotate", "revoke", "suspend"):
                assert owner.post(page_of(app, button)).status_code == 404
            assert owner.post(page_of(app), {"name": "Mine"}).status_code in (403, 404)
        assert owner.post(page_of(till, "suspend")).status_code == 404
        assert owner.post(page_of(till, "revoke")).status_code == 302
        assert set(PartnerApp.objects.values_list("name", "status")) == {
            ("Public", "active"),
            ("Strange", "active"),
            ("Till", "revoked"),
        }

    def test_buttons_are_no_links(self, platform):
        app, _secret = an_app()

        assert platform.get(page_of(app, "suspend")).status_code == 405

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.HOST])
    def test_others_of_the_house_find_nothing(self, restaurant, role):
        app, _secret = an_app(restaurant_id=restaurant.pk)
        browser = signed_in(member(restaurant.pk, role))

        for path in (APPS, GRANTS, WEBHOOKS, DELIVERIES, page_of(app), reverse("admin:partners_partnerapp_add")):
            assert browser.get(path).status_code in (403, 404), path
        assert browser.post(page_of(app, "revoke")).status_code == 404
        assert PartnerApp.objects.get().is_active


class TestLetIn:
    def test_an_owner_lets_an_app_in_and_puts_it_out(self, owner, restaurant):
        app, _secret = an_app()
        asked = {"client_id": app.client_id, "restaurant": restaurant.pk, "scopes": ["bookings:read"]}

        owner.post(reverse("admin:partners_partnergrant_add"), asked)

        grant = PartnerGrant.objects.get()
        assert (grant.app, grant.restaurant, grant.scopes) == (app, restaurant, ["bookings:read"])
        assert "Table Talk" in owner.get(GRANTS).content.decode()
        assert owner.get(page_of(grant)).status_code == 200
        owner.post(page_of(grant, "end"))
        grant.refresh_from_db()
        assert not grant.is_standing

    @pytest.mark.parametrize("change", ["house", "client_id", "scopes"])
    def test_nothing_but_their_house_an_app_and_what_it_asks_for(self, owner, restaurant, change):
        app, _secret = an_app(scopes=[Scope.BOOKINGS_READ])
        wrong = {
            "house": {"restaurant": house().pk},
            "client_id": {"client_id": "buka-nobody"},
            "scopes": {"scopes": ["bookings:write"]},
        }
        asked = {"client_id": app.client_id, "restaurant": restaurant.pk, "scopes": ["bookings:read"], **wrong[change]}

        answer = owner.post(reverse("admin:partners_partnergrant_add"), asked)

        assert answer.status_code == 422
        assert not PartnerGrant.objects.exists()

    def test_anothers_own_app_is_unknown_whatever_its_client_id(self, owner, restaurant):
        theirs, _secret = an_app(restaurant_id=house(name="Other", slug="other").pk)
        asked = {"client_id": theirs.client_id, "restaurant": restaurant.pk, "scopes": [Scope.BOOKINGS_READ]}

        refused = owner.post(reverse("admin:partners_partnergrant_add"), asked)

        assert refused.status_code == 422
        assert list(refused.context["form"].errors) == ["client_id"]
        assert not PartnerGrant.objects.filter(restaurant=restaurant).exists()

    def test_anothers_grant_is_not_there(self, owner):
        app, _secret = an_app()
        grant = services.grant_access(app=app, restaurant_id=house().pk, scopes=[Scope.BOOKINGS_READ], by=None)

        assert owner.get(page_of(grant)).status_code == 404
        assert owner.post(page_of(grant, "end")).status_code == 404
        grant.refresh_from_db()
        assert grant.is_standing


class TestWebhookPages:
    def test_who_has_no_app_is_led_to_registering_one(self, owner, restaurant):
        add = reverse("admin:partners_endpoint_add")
        without = owner.get(add).content.decode()
        an_app(restaurant_id=restaurant.pk)

        assert "Register the app first" in without
        assert f'href="{reverse("admin:partners_partnerapp_add")}"' in without.split('id="content"')[1]
        assert "<form" not in without.split('id="content"')[1]
        assert 'name="url"' in owner.get(add).content.decode()

    def test_from_adding_one_to_sending_again(self, owner, restaurant):
        app, _secret = an_app(restaurant_id=restaurant.pk)
        with receiving() as receiver:
            asked = {"app": app.pk, "url": receiver.url, "event_types": ["booking.confirmed"], "description": "Till"}
            made = owner.post(reverse("admin:partners_endpoint_add"), asked)
            receiver.secret = secret_behind(owner, made)
            endpoint = Endpoint.objects.get()
            sending.send_due()
            assert owner.get(page_of(endpoint)).status_code == 200
            receiver.answers = lambda message: (500, b"<b>what the till said</b>")
            owner.post(page_of(endpoint, "test"))
            sending.send_due()
            delivery = Delivery.objects.get(event_type="webhook.test")

            shown = owner.get(page_of(delivery)).content.decode()
            listed = owner.get(f"{DELIVERIES}?endpoint__id__exact={endpoint.pk}")
            receiver.answers = lambda message: (200, b"")
            action = {"action": "send_again", "_selected_action": [delivery.pk]}
            owner.post(DELIVERIES, action)
            sending.send_due()

        assert "&lt;b&gt;what the till said&lt;/b&gt;" in shown
        tried = datetime.fromisoformat(Delivery.objects.get(pk=delivery.pk).tries[0]["at"])
        assert tried.astimezone(LAGOS).strftime(", %H:%M:%S</bdi> · 500") in shown
        assert b"webhook.test" in listed.content
        delivery.refresh_from_db()
        assert delivery.status == DeliveryStatus.DELIVERED

    def test_buttons(self, platform):
        app, _secret = an_app()
        with receiving() as receiver:
            endpoint = a_webhook(app, receiver)
            platform.post(page_of(endpoint, "switch-off"))
            endpoint.refresh_from_db()
            assert endpoint.status == EndpointStatus.DISABLED
            platform.post(page_of(endpoint, "switch-on"))
            sending.send_due()
            endpoint.refresh_from_db()
            assert endpoint.status == EndpointStatus.ACTIVE
            new = secret_behind(platform, platform.post(page_of(endpoint, "rotate"), {"at_once": "1"}))
            endpoint.refresh_from_db()
            assert endpoint.secret == new
            assert endpoint.previous_secret == ""
            platform.post(page_of(endpoint, "remove"))

        assert not Endpoint.objects.exists()

    def test_a_refusal_is_told(self, platform):
        app, _secret = an_app()
        endpoint, _secret = webhooks.add_endpoint(
            app=app, url="https://partner.example/", event_types=["booking.confirmed"], by=app
        )

        answer = platform.post(page_of(endpoint, "test"), follow=True)

        assert "Only an active webhook can be sent anything" in answer.content.decode()
        refused = platform.post(
            reverse("admin:partners_endpoint_add"),
            {"app": app.pk, "url": "ftp://partner.example", "event_types": ["booking.confirmed"]},
        )
        assert refused.status_code == 422
        assert "must begin with https" in refused.content.decode()

    @pytest.mark.parametrize(
        "url", ["https://127.0.0.1/", "https://169.254.169.254/", "https://[64:ff9b::a00:1]/", "https://a.example:444/"]
    )
    def test_an_address_that_is_never_asked_is_refused_where_it_is_typed(self, platform, settings, url):
        settings.WEBHOOKS_ALLOW_PRIVATE = False
        app, _secret = an_app()

        refused = platform.post(
            reverse("admin:partners_endpoint_add"), {"app": app.pk, "url": url, "event_types": ["booking.confirmed"]}
        )

        assert refused.status_code == 422
        assert list(refused.context["form"].errors) == ["url"]
        assert not Endpoint.objects.exists()

    def test_nobody_is_bothered_through_them(self, platform, monkeypatch):
        monkeypatch.setattr(webhooks, "ON_REQUEST", Limit("test.on_request", most=1, seconds=60))
        app, _secret = an_app()
        asked = {"app": app.pk, "url": "https://partner.example/", "event_types": ["booking.confirmed"]}

        platform.post(reverse("admin:partners_endpoint_add"), asked)
        endpoint = Endpoint.objects.get()
        pressed = platform.post(page_of(endpoint, "verify"), follow=True)
        added = platform.post(reverse("admin:partners_endpoint_add"), {**asked, "url": "https://partner.example/2"})

        assert endpoint.deliveries.count() == 1
        assert "tried too often" in pressed.content.decode()
        assert (added.status_code, Endpoint.objects.count()) == (422, 1)

    def test_anothers_is_not_there(self, owner, restaurant):
        public, _secret = an_app()
        services.grant_access(app=public, restaurant_id=restaurant.pk, scopes=[Scope.BOOKINGS_READ], by=None)
        endpoint, _secret = webhooks.add_endpoint(
            app=public, url="https://partner.example/hook", event_types=["booking.confirmed"], by=public
        )
        delivery = endpoint.deliveries.get()

        assert b"partner.example/hook" not in owner.get(WEBHOOKS).content
        assert b"partner.example/hook" not in owner.get(DELIVERIES).content
        for row in (endpoint, delivery):
            assert owner.get(page_of(row)).status_code == 404
        for button in ("test", "verify", "switch-off", "rotate", "remove"):
            assert owner.post(page_of(endpoint, button)).status_code == 404
        owner.post(DELIVERIES, {"action": "send_again", "_selected_action": [delivery.pk]})
        endpoint.refresh_from_db()
        assert endpoint.status == EndpointStatus.UNVERIFIED
