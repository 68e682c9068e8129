"""Staff and their second factor: led to it, asked for it again, and shut out the moment it goes."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import Membership, User
from accounts.services import LastAdmin, LastOwner, OwnFactor, RoleAboveOwn
from accounts.states import PlatformRole, Role
from accounts.tests.back_office import filled_in
from accounts.tests.factories import UserFactory, log_in, member
from accounts.tests.pages import PASSWORD, app_code, person, with_app
from accounts.tests.pages import log_in as log_in_by_page
from accounts.tokens.models import TokenFamily
from accounts.tokens.services import SESSION_KEY
from bookings.tests.factories import book
from config.routing import websocket_urlpatterns
from core.audit.models import AuditEvent
from notifications.models import Message
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def suya_spot() -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 4))


@pytest.fixture
def owner(suya_spot: Restaurant) -> User:
    someone = person()
    services.add_member(user=someone, restaurant_id=suya_spot.pk, role=Role.OWNER)
    return someone


def next_to(name: str, where: str) -> str:
    return f"{reverse(name)}?next={where.replace('/', '%2F')}"


def stale(client: Client) -> None:
    """Let the log-in be older than what sensitive changes want."""
    session = client.session
    session["account_authentication_methods"] = [
        {**record, "at": time.time() - 600} for record in session["account_authentication_methods"]
    ]
    session.save()


class TestTheWayIn:
    def test_nobody_is_led_to_the_one_log_in(self, client) -> None:
        today = reverse("admin:today")

        answer = client.get(today, follow=True)

        assert answer.redirect_chain[-1][0] == next_to("account_login", today)

    def test_no_form_here_signs_anybody_in(self, client, owner) -> None:
        with_app(owner)

        answer = client.post(reverse("admin:login"), {"username": owner.email, "password": PASSWORD})

        assert answer["Location"] == next_to("account_login", "/admin/")
        assert "_auth_user_id" not in client.session

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
    def test_leads_to_no_other_site(self, client, elsewhere) -> None:
        answer = client.get(reverse("admin:login"), {"next": elsewhere})

        assert answer["Location"] == next_to("account_login", "/admin/")

    def test_password_and_code_lead_to_today(self, client, owner, suya_spot) -> None:
        with_app(owner)

        entered = client.get("/admin/", follow=True).redirect_chain[-1][0]
        answer = client.post(entered, {"login": owner.email, "password": PASSWORD, "next": "/admin/"})
        assert answer["Location"] == reverse("mfa_authenticate")
        assert client.get("/admin/today/").status_code == 302, "a password alone opens nothing"
        answer = client.post(answer["Location"], {"code": app_code()}, follow=True)

        assert answer.redirect_chain[-1][0] == reverse("admin:today_day", args=[suya_spot.public_id])

    @pytest.mark.django_db(transaction=True)
    def test_who_has_none_sets_one_up_and_comes_back(self, client, owner, suya_spot) -> None:
        log_in(client, owner, second_factor=False)
        today = reverse("admin:today")

        answer = client.get(today, follow=True)
        assert answer.redirect_chain[-1][0] == next_to("mfa_activate_totp", today)
        assert "Set up an authenticator app" in answer.content.decode()
        secret = answer.context["form"].secret
        done = client.post(answer.redirect_chain[-1][0], {"code": app_code(secret), "next": today})

        assert done.status_code == 302
        assert client.get(today, follow=True).redirect_chain[-1][0].endswith(f"/today/{suya_spot.public_id}/")

    def test_who_has_one_shows_it_to_a_session_that_has_not_seen_it(self, client, owner, suya_spot) -> None:
        with_app(owner)
        log_in(client, owner, second_factor=False)
        today = reverse("admin:today")

        asked = client.get(today, follow=True).redirect_chain[-1][0]
        assert asked == next_to("mfa_reauthenticate", today)
        assert f'<a href="{reverse("accounts:security")}">' in client.get(asked).content.decode()
        answer = client.post(asked, {"code": app_code(), "next": today}, follow=True)

        assert answer.redirect_chain[-1][0] == reverse("admin:today_day", args=[suya_spot.public_id])

    def test_a_diner_is_told_that_this_is_not_for_them(self, client) -> None:
        log_in(client, UserFactory())

        answer = client.get("/admin/", follow=True)

        assert answer.status_code == 403

    @pytest.mark.parametrize("name", ["admin:password_change", "admin:password_change_done"])
    def test_a_password_is_changed_in_one_place(self, client, owner, name) -> None:
        log_in(client, owner)

        assert client.get(reverse(name))["Location"] == reverse("account_change_password")


class TestTheApi:
    def test_says_what_is_missing_and_whether_it_is_set_up(self, client, owner, suya_spot) -> None:
        booking = book(suya_spot)
        log_in(client, owner, second_factor=False)
        doors = [
            f"/api/bookings/{booking.public_id}",
            f"/api/bookings?restaurant={suya_spot.public_id}",
            f"/api/restaurants/{suya_spot.public_id}/members",
        ]

        for door in doors:
            answer = client.get(door)
            assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required"), door
            assert answer.json()["enrolled"] is False
        with_app(owner)
        assert client.get(doors[0]).json()["enrolled"] is True

    def test_a_sleeping_host_is_not_told_of_what_was_never_theirs(self, client, suya_spot) -> None:
        log_in(client, member(suya_spot.pk, Role.HOST), second_factor=False)

        answer = client.get(f"/api/restaurants/{suya_spot.public_id}/members")

        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")

    def test_to_a_stranger_the_booking_does_not_exist(self, client, suya_spot) -> None:
        booking = book(suya_spot)
        log_in(client, member(house(name="Other", slug="other").pk, Role.OWNER), second_factor=False)

        assert client.get(f"/api/bookings/{booking.public_id}").status_code == 404

    def test_a_diner_who_works_here_still_reads_their_own(self, client, owner, suya_spot) -> None:
        booking = book(suya_spot, diner=owner)
        log_in(client, owner, second_factor=False)

        assert client.get(f"/api/bookings/{booking.public_id}").status_code == 200


class TestAskedAgain:
    def test_a_change_waits_for_the_proof_and_is_done_then(self, client, owner, suya_spot) -> None:
        with_app(owner)
        log_in(client, owner)
        stale(client)
        colleague = Membership.objects.get(user=member(suya_spot.pk, Role.HOST))
        where = reverse("admin:accounts_membership_change", args=[colleague.pk])

        asked = client.post(where, filled_in(client.get(where), role="manager"))
        assert asked["Location"].startswith(reverse("mfa_reauthenticate")), "a password alone proves too little"
        colleague.refresh_from_db()
        assert colleague.role == Role.HOST
        done = client.post(asked["Location"], {"code": app_code()})

        assert done.status_code == 302
        colleague.refresh_from_db()
        assert colleague.role == Role.MANAGER

    def test_looking_is_free(self, client, owner) -> None:
        log_in(client, owner)
        stale(client)

        assert client.get(reverse("admin:accounts_membership_changelist")).status_code == 200

    @pytest.mark.parametrize("is_right", [True, False])
    def test_an_export_of_guests_asks_and_a_wrong_code_gives_nothing(self, client, owner, suya_spot, is_right) -> None:
        booking = book(suya_spot)
        with_app(owner)
        log_in(client, owner)
        stale(client)
        where = reverse("admin:bookings_booking_changelist")

        asked = client.post(where, {"action": "export_csv", "_selected_action": [booking.pk]})
        answer = client.post(asked["Location"], {"code": app_code() if is_right else "000000"})

        assert answer["Content-Type"].startswith("text/csv") == is_right
        assert is_right or answer.status_code == 422

    def test_the_api_asks_too(self, client, owner, suya_spot) -> None:
        log_in(client, owner)
        stale(client)

        answer = client.post(
            f"/api/restaurants/{suya_spot.public_id}/invitations",
            {"email": "ngozi@example.com", "role": "host"},
            content_type="application/json",
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "account_reauthentication_needed")


class TestLosingIt:
    def test_every_door_shuts_at_once(self, client, owner, suya_spot) -> None:
        log_in(client, owner)
        assert client.get(reverse("admin:today"), follow=True).status_code == 200

        Authenticator.objects.filter(user=owner).delete()

        assert client.get(reverse("admin:today")).status_code == 302
        assert client.get(f"/api/restaurants/{suya_spot.public_id}/members").status_code == 403

    def test_the_platform_resets_it_for_who_lost_it(self, client, owner) -> None:
        with_app(owner)
        theirs = Client()
        log_in(theirs, owner)
        platform = UserFactory(is_staff=True, is_superuser=True)
        log_in(client, platform)

        answer = client.post(reverse("admin:accounts_user_reset_second_factor", args=[owner.pk]))

        assert answer.status_code == 302
        assert not Authenticator.objects.filter(user=owner).exists()
        assert Message.objects.get(kind="account.second_factor_reset").recipient == owner.email
        event = AuditEvent.objects.get(action="account.factor_reset")
        assert (event.severity, event.actor_id, event.target_id) == ("alert", platform.public_id, str(owner.public_id))

    def test_the_way_to_reset_it_is_on_the_persons_page_and_asks_first(self, client, owner) -> None:
        with_app(owner)
        log_in(client, UserFactory(is_staff=True, is_superuser=True))
        way = reverse("admin:accounts_user_reset_second_factor", args=[owner.pk])

        assert f'href="{way}"' in client.get(reverse("admin:accounts_user_change", args=[owner.pk])).text

        asked = client.get(way)

        assert f"Reset the second factor of {owner}?" in asked.text
        assert Authenticator.objects.filter(user=owner).exists()

    def test_nothing_is_offered_where_there_is_none_or_it_is_ones_own(self, client, owner) -> None:
        platform = person(email="guard@example.com")
        User.objects.filter(pk=platform.pk).update(is_staff=True, is_superuser=True)
        with_app(platform)
        log_in(client, platform)

        for one in (owner, platform):
            way = reverse("admin:accounts_user_reset_second_factor", args=[one.pk])
            where = reverse("admin:accounts_user_change", args=[one.pk])
            assert way not in client.get(where).text
            assert client.get(way)["Location"] == where

    def test_an_owner_resets_nobodys(self, client, owner, suya_spot) -> None:
        colleague = member(suya_spot.pk, Role.HOST)
        with_app(colleague)
        log_in(client, owner)

        answer = client.post(reverse("admin:accounts_user_reset_second_factor", args=[colleague.pk]))

        assert answer.status_code == 404
        assert client.get(answer.request["PATH_INFO"]).status_code == 404
        with pytest.raises(RoleAboveOwn):
            services.reset_second_factor(user=colleague, by=owner)
        assert Authenticator.objects.filter(user=colleague).exists()

    def test_nobody_resets_their_own(self) -> None:
        platform = UserFactory(is_superuser=True)

        with pytest.raises(OwnFactor):
            services.reset_second_factor(user=platform, by=platform)

    def test_the_platform_ends_log_ins_in_the_wrong_hands(self, client, owner, suya_spot) -> None:
        theirs, theft, bystander = Client(), Client(), Client()
        for each in (theirs, theft):
            log_in_by_page(each)
        log_in_by_page(bystander, person(email="bola@example.com").email)
        platform = UserFactory(is_staff=True, is_superuser=True)
        log_in(client, platform)

        answer = client.post(reverse("admin:accounts_user_end_log_ins", args=[owner.pk]))

        assert answer.status_code == 302
        opened = [each.get("/api/auth/me").status_code for each in (theirs, theft, bystander, client)]
        assert opened == [401, 401, 200, 200]
        assert Message.objects.get(kind="account.log_ins_ended").recipient == owner.email
        event = AuditEvent.objects.get(action="account.log_ins_ended")
        assert (event.severity, event.actor_id, event.target_id) == ("alert", platform.public_id, str(owner.public_id))

    def test_ending_them_asks_who_is_there_first(self, client, owner) -> None:
        theirs = Client()
        log_in_by_page(theirs)
        log_in(client, UserFactory(is_staff=True, is_superuser=True))
        stale(client)

        answer = client.post(reverse("admin:accounts_user_end_log_ins", args=[owner.pk]))

        assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
        way_out = f'<a href="{reverse("admin:accounts_user_change", args=[owner.pk])}">Back to the back office</a>'
        assert way_out in client.get(answer["Location"]).content.decode()
        assert theirs.get("/api/auth/me").status_code == 200
        assert not AuditEvent.objects.filter(action="account.log_ins_ended").exists()

    def test_an_owner_ends_nobodys(self, client, owner, suya_spot) -> None:
        colleague, theirs = person(email="bola@example.com"), Client()
        services.add_member(user=colleague, restaurant_id=suya_spot.pk, role=Role.HOST)
        log_in_by_page(theirs, colleague.email)
        log_in(client, owner)

        answer = client.post(reverse("admin:accounts_user_end_log_ins", args=[colleague.pk]))

        assert answer.status_code == 404
        with pytest.raises(RoleAboveOwn):
            services.end_log_ins(user=colleague, by=owner)
        assert theirs.get("/api/auth/me").status_code == 200

    def test_the_last_owner_who_can_log_in_stays(self, owner, suya_spot) -> None:
        platform, second = UserFactory(is_superuser=True), member(suya_spot.pk, Role.OWNER)

        services.set_active(user=second, is_active=False, by=platform)
        with pytest.raises(LastOwner, match="Suya Spot"):
            services.set_active(user=owner, is_active=False, by=platform)
        with pytest.raises(LastOwner):
            services.remove_member(membership=Membership.objects.get(user=owner), by=platform)

        assert User.objects.get(pk=owner.pk).is_active
        services.set_active(user=second, is_active=True, by=platform)
        services.set_active(user=owner, is_active=False, by=platform)

    def test_a_closed_account_opens_nothing(self, client, owner, suya_spot) -> None:
        log_in(client, owner)
        member(suya_spot.pk, Role.OWNER)
        platform = UserFactory(is_superuser=True)

        services.set_active(user=owner, is_active=False, by=platform)

        assert (
            client.get(reverse("admin:today"), follow=True).redirect_chain[-1][0].startswith(reverse("account_login"))
        )

    def test_the_last_admin_stays(self) -> None:
        platform = UserFactory(is_superuser=True)

        with pytest.raises(LastAdmin):
            services.take_platform_role(user=platform, role=PlatformRole.ADMIN, by=platform)
        with pytest.raises(LastAdmin):
            services.set_active(user=platform, is_active=False, by=platform)


@pytest.mark.django_db(transaction=True)
class TestLiveConnections:
    def story(self, told: Any) -> Any:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, asyncio.wait_for(told, 30)).result(40)

    def socket(self, someone: User, restaurant: Restaurant, session: Any = None) -> WebsocketCommunicator:
        where = f"/ws/restaurants/{restaurant.public_id}/today"
        found = WebsocketCommunicator(URLRouter(websocket_urlpatterns), where)
        found.scope["user"], found.scope["session"] = someone, session or {}
        return found

    def test_close_with_a_code_of_their_own_without_the_factor(self, suya_spot, owner) -> None:
        async def told() -> int:
            socket = self.socket(owner, suya_spot)
            await socket.connect(timeout=5)
            return int((await socket.receive_output(timeout=5))["code"])

        assert self.story(told()) == 4428

    def test_close_when_the_role_goes(self, suya_spot) -> None:
        host = log_in_live(member(suya_spot.pk, Role.HOST))
        membership = Membership.objects.get(user=host)

        async def told() -> int:
            socket = self.socket(host, suya_spot)
            await socket.connect(timeout=5)
            assert await socket.receive_nothing(timeout=0.3)
            await database_sync_to_async(services.remove_member)(membership=membership)
            return int((await socket.receive_output(timeout=5))["code"])

        assert self.story(told()) == 4403

    def test_stay_when_the_role_becomes_more(self, suya_spot) -> None:
        host = log_in_live(member(suya_spot.pk, Role.HOST))

        async def told() -> bool:
            socket = self.socket(host, suya_spot)
            await socket.connect(timeout=5)
            await database_sync_to_async(services.add_member)(user=host, restaurant_id=suya_spot.pk, role=Role.MANAGER)
            stays = await socket.receive_nothing(timeout=1)
            await socket.disconnect()
            return bool(stays)

        assert self.story(told())

    def test_close_when_the_log_in_ends(self, suya_spot) -> None:
        from django.utils import timezone

        from accounts.tokens.models import TokenFamily
        from accounts.tokens.services import close_families
        from accounts.tokens.states import Client as Kind

        host = log_in_live(member(suya_spot.pk, Role.HOST))
        family = TokenFamily.objects.create(
            user=host, session_key="demo", client=Kind.BROWSER, refreshed_at=timezone.now(),
            expires_at=timezone.now() + timezone.timedelta(days=1),
        )  # fmt: skip

        async def told() -> int:
            socket = self.socket(host, suya_spot, {SESSION_KEY: family.public_id.hex})
            await socket.connect(timeout=5)
            assert await socket.receive_nothing(timeout=0.3)
            await database_sync_to_async(close_families)(user=host, reason="everywhere")
            return int((await socket.receive_output(timeout=5))["code"])

        assert self.story(told()) == 4401


def log_in_live(someone: User) -> User:
    from core.testing import with_second_factor

    found: User = with_second_factor(someone)
    return found


@pytest.mark.django_db(transaction=True)
class TestAProgramOfStaff:
    def test_goes_on_with_the_tokens_that_setting_up_gives_it(self, client, owner, suya_spot) -> None:
        def post(path: str, body: Any = None, **headers: str) -> Any:
            return client.post(f"/api/auth/{path}", body or {}, content_type="application/json", headers=headers)

        members = f"/api/restaurants/{suya_spot.public_id}/members"
        held = post("login", {"email": owner.email, "password": PASSWORD}, **{"X-Client": "app"}).json()
        bearer = {"Authorization": f"Bearer {held['access_token']}"}
        before = client.get(members, headers=bearer)
        secret = post("2fa/setup", **bearer).json()["secret"]

        done = post("2fa/confirm", {"code": app_code(secret)}, **bearer).json()
        after = client.get(members, headers={"Authorization": f"Bearer {done['access_token']}"})
        refreshed = post("refresh", {"refresh_token": done["refresh_token"]})

        assert (before.status_code, before.json()["code"]) == (403, "second_factor_required")
        assert after.status_code == 200, after.content
        assert len(done["codes"]) == 10
        assert refreshed.status_code == 200
        assert TokenFamily.objects.get().revoked_at is None
