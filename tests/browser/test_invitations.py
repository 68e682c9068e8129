"""An owner invites a colleague in a real browser; the colleague gets from the mail to the desk, on a phone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from accounts.invitations import invite_member
from accounts.models import Membership, User
from accounts.services import add_member
from accounts.states import Role
from accounts.tests.pages import PASSWORD, app_code, code_sent_to, person, with_app
from notifications.models import Message
from restaurants.models import Restaurant
from restaurants.tests.factories import house
from tests.browser.looking import barriers, too_wide, watched

pytestmark = pytest.mark.browser

PHONE, DESK = (360, 740), (1280, 900)
NGOZI = "ngozi@example.com"


@pytest.fixture
def suya_spot(transactional_db: None) -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot")


@pytest.fixture
def owner(suya_spot: Restaurant) -> User:
    bisi = with_app(person(email="bisi@example.com", name="Bisi Ade"))
    add_member(user=bisi, restaurant_id=suya_spot.pk, role=Role.OWNER)
    return bisi


@pytest.fixture
def other_page(browser: Any, browser_context_args: dict[str, Any]) -> Iterator[Any]:
    """The colleague's own telephone."""
    size = {"width": PHONE[0], "height": PHONE[1]}
    context = browser.new_context(**{**browser_context_args, "viewport": size})
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def link_sent_to(email: str) -> str:
    mail = Message.objects.filter(kind="account.invitation", recipient=email).latest("pk")
    found = re.search(r"/\w+/invitations/[\w-]+/", mail.body_text)
    assert found
    connection.close()
    return found[0]


def log_in(page: Any, home: str, someone: User, path: str) -> None:
    page.goto(f"{home}/admin/login/?next={path}")
    page.locator("#id_login").fill(someone.email)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url("**/second-step/")
    page.locator("#id_code").fill(app_code())
    page.locator("#id_code").press("Enter")
    page.wait_for_url(f"**{path}")


class TestFromTheOfficeToTheDesk:
    def test_an_owner_invites_and_a_stranger_becomes_a_host(
        self, page: Any, other_page: Any, buka_server: str, owner: User, suya_spot: Restaurant
    ) -> None:
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        with watched(page, buka_server):
            log_in(page, buka_server, owner, "/admin/accounts/membership/")
            page.get_by_role("link", name="Invite somebody").click()
            page.get_by_label("E-mail address").fill(NGOZI)
            page.get_by_label("Role").select_option("host")
            assert page.get_by_label("Suya Spot").is_checked(), "the only house is chosen already"
            assert barriers(page) == []
            page.get_by_role("button", name="Send the invitation").click()
            page.get_by_text("The invitation is on its way").wait_for()
            assert barriers(page) == []
            page.get_by_role("link", name=NGOZI).click()
            page.get_by_role("button", name="Take back").wait_for()
            assert barriers(page) == []

        phone, link = other_page, link_sent_to(NGOZI)
        with watched(phone, buka_server):
            phone.goto(f"{buka_server}{link}")
            assert (barriers(phone), too_wide(phone)) == ([], 0)
            phone.get_by_role("link", name="Register").last.click()
            phone.get_by_label("Your name").fill("Ngozi Eze")
            phone.get_by_label("E-mail").fill(NGOZI)
            phone.locator("#id_password1").fill(PASSWORD)
            for box in phone.get_by_role("checkbox").all():
                box.check()
            phone.get_by_role("button", name="Make the account").click()
            phone.locator("#id_code").fill(code_sent_to(NGOZI))
            phone.get_by_role("button", name="Confirm the address").click()
            phone.wait_for_url(f"**{link}")
            assert (barriers(phone), too_wide(phone)) == ([], 0)
            phone.get_by_role("button", name="Accept").click()
            phone.wait_for_url("**/account/**")

        assert Membership.objects.get(user__email=NGOZI).role == Role.HOST

    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_what_is_over_and_what_is_anothers_is_said_clearly(
        self, other_page: Any, buka_server: str, owner: User, suya_spot: Restaurant, language: str
    ) -> None:
        with translation.override("en"):
            (invitation,) = invite_member(
                email=NGOZI, restaurant_ids=[suya_spot.pk], role=Role.HOST, by=owner, language=language
            )
        link = link_sent_to(NGOZI)
        stranger = person(email="chidi@example.com", name="Chidi Obi", language=language)

        other_page.goto(f"{buka_server}/{language}/account/log-in/?next={link}")
        other_page.locator("#id_login").fill(stranger.email)
        other_page.locator("#id_password").fill(PASSWORD)
        other_page.locator("#id_password").press("Enter")
        other_page.wait_for_url("**/invitations/**")
        assert f"/{language}/" in other_page.url
        assert other_page.get_by_role("alert").is_visible()
        assert (barriers(other_page), too_wide(other_page)) == ([], 0)
        invitation.expires_at = invitation.sent_at
        invitation.save(update_fields=["expires_at"])
        other_page.reload()

        assert other_page.get_by_role("alert").is_visible()
        assert (barriers(other_page), too_wide(other_page)) == ([], 0)
