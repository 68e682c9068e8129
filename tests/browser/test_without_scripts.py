"""Everything about one's account but passkeys is done with scripts switched off."""

import re
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.privacy import selectors
from accounts.privacy.models import Export
from accounts.tests.pages import PASSWORD, app_code, code_sent_to, person
from notifications.models import Message
from tests.browser.test_accounts import NEW_PASSWORD, log_in, type_code, words

pytestmark = pytest.mark.browser

PHONE = "+2348031234567"


@pytest.fixture
def page(page_without_scripts: Any) -> Any:
    return page_without_scripts


@pytest.fixture
def ada(transactional_db: None) -> User:
    return person()


def code_texted_to(phone: str) -> str:
    found = re.search(r"\b\d{6}\b", Message.objects.to_phone(phone).latest("pk").sms_text)
    assert found
    return found[0]


def press(page: Any, name: str) -> None:
    page.locator("main").get_by_role("button", name=name).click()


def leave(page: Any) -> None:
    page.get_by_role("contentinfo").get_by_role("button", name="Log out").click()
    assert page.get_by_role("link", name="Log in").first.is_visible()


def test_logging_in_by_a_code_to_the_phone(page: Any, buka_server: str) -> None:
    person(phone=PHONE, phone_verified_at=timezone.now())
    page.goto(f"{buka_server}/en/account/log-in/code/?next=/en/find/")
    page.locator("#id_login").fill("0803 123 4567")
    press(page, "Send me a code")

    type_code(page, code_texted_to(PHONE), "Log in")

    assert page.url == f"{buka_server}/en/find/"


def test_choosing_a_new_password_and_changing_it_again(page: Any, buka_server: str, ada: User) -> None:
    page.goto(f"{buka_server}/en/account/password/reset/")
    page.locator("#id_email").fill("ada@example.com")
    press(page, "Send me a code")
    type_code(page, code_sent_to("ada@example.com"), "Go on")
    page.locator("#id_password1").fill(NEW_PASSWORD)
    press(page, "Save the password")
    log_in(page, buka_server, password=NEW_PASSWORD, wanted="/en/account/password/")

    page.locator("#id_oldpassword").fill(NEW_PASSWORD)
    page.locator("#id_password1").fill(PASSWORD)
    press(page, "Change the password")

    assert "Log-in and security" in words(page)
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_confirming_a_phone_number(page: Any, buka_server: str, ada: User) -> None:
    log_in(page, buka_server, wanted="/en/account/phone/")
    page.locator("#id_phone").fill("0803 123 4567")
    press(page, "Send a code there")

    type_code(page, code_texted_to(PHONE), "Confirm the number")

    ada.refresh_from_db()
    assert (ada.phone, ada.phone_verified_at is not None) == (PHONE, True)


def test_moving_to_another_address(page: Any, buka_server: str, ada: User) -> None:
    log_in(page, buka_server, wanted="/en/account/email/")
    page.locator("#id_email").fill("ada@buka.example")
    press(page, "Send a code there")

    type_code(page, code_sent_to("ada@buka.example"), "Confirm the address")

    ada.refresh_from_db()
    assert ada.email == "ada@buka.example"


def test_a_second_step_from_its_beginning_to_its_end(page: Any, buka_server: str, ada: User) -> None:
    log_in(page, buka_server, wanted="/en/account/two-step/app/")
    secret = page.locator(".enrol__key").inner_text()
    type_code(page, app_code(secret), "Switch it on")
    codes = page.locator(".codes li").all_inner_texts()
    page.get_by_role("link", name="I have kept them, go on").click()
    leave(page)

    log_in(page, buka_server, wanted="/en/account/security/")
    page.get_by_text("Use a recovery code instead").click()
    page.locator("#id_recovery_code").fill(codes[0])
    press(page, "Use this recovery code")
    assert "9 are left." in words(page)

    page.get_by_role("link", name="Make new ones").click()
    press(page, "Make new codes")
    assert not set(codes) & set(page.locator(".codes li").all_inner_texts())
    page.get_by_role("link", name="I have kept them, go on").click()
    page.get_by_role("link", name="Take the app off").click()
    press(page, "Yes")
    assert "Set up an app" in words(page)


def test_logging_other_devices_out(page: Any, buka_server: str, ada: User, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    other = context.new_page()
    log_in(other, buka_server, wanted="/en/account/")
    log_in(page, buka_server, wanted="/en/account/devices/")

    press(page, "Log out all other devices")

    assert "All other devices are logged out." in page.locator("body").inner_text()
    other.goto(f"{buka_server}/en/account/")
    assert "/log-in/" in other.url
    context.close()


def test_taking_ones_data_along_and_going(page: Any, buka_server: str, ada: User) -> None:
    log_in(page, buka_server, wanted="/en/account/privacy/consents/")
    page.get_by_label("News and offers").check()
    press(page, "Save")
    assert set(selectors.standing_consents(ada)) == {"marketing"}

    page.goto(f"{buka_server}/en/account/privacy/archive/")
    press(page, "Ask for my archive")
    assert Export.objects.get().user == ada

    page.goto(f"{buka_server}/en/account/privacy/erase/")
    page.get_by_label("I understand what is erased").check()
    press(page, "Erase my account")
    assert selectors.open_erasure_of(ada) is not None
    press(page, "Keep my account")
    assert selectors.open_erasure_of(ada) is None
