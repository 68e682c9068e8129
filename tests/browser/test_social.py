"""People log in with Google, Facebook or a phone in a real browser, with the sandbox's other side of it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from accounts.models import User
from accounts.tests.pages import PASSWORD, app_code, person, with_app
from sandbox.testing import SandboxClient
from tests.browser.looking import barriers, too_wide

pytestmark = pytest.mark.browser

PHONE = "+2348031234567"
ADA = "ada.obi@example.com"


@pytest.fixture
def sandbox(sandbox_process: Any) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    yield client
    client.http.close()


@pytest.fixture
def post(celery_worker_process: Any, sandbox: SandboxClient) -> SandboxClient:
    """Mails and text messages that a real worker brings."""
    return sandbox


@pytest.fixture
def complaints(page: Any) -> Iterator[list[str]]:
    """What the browser complains about on the way, pages of both sides; nothing, at the end."""
    said: list[str] = []
    page.on("console", lambda line: line.type == "error" and said.append(line.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield said
    # A refusal is an answer with an error status, which Chromium mentions.
    assert [line for line in said if "status of 401" not in line and "status of 429" not in line] == []


def leave(page: Any, home: str, name: str, *, wanted: str = "/en/find/", language: str = "en") -> None:
    page.goto(f"{home}/{language}/account/log-in/?next={wanted}")
    page.get_by_role("button", name=re.compile(name)).click()


def be(page: Any, who: str) -> None:
    """Choose on the other side who one is."""
    page.wait_for_url(re.compile("/openid/"))
    page.get_by_role("button", name=who).click()


def register(page: Any) -> None:
    """Agree to the rest, where one has no account yet."""
    page.get_by_role("heading", name="Almost there").wait_for()
    for box in page.locator("main").get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Make the account").click()


def words(page: Any) -> str:
    return str(page.locator("main").inner_text())


def is_logged_in(page: Any) -> bool:
    return any(cookie["name"].endswith("session") for cookie in page.context.cookies()) and page.evaluate(
        "async () => (await fetch('/api/auth/me')).status === 200"
    )


def test_google_leads_back_signed_in(page: Any, buka_server: str, sandbox: Any, complaints: Any) -> None:
    leave(page, buka_server, "Google")
    page.wait_for_url(re.compile("/openid/google/"))
    assert barriers(page) == []
    assert too_wide(page) == 0
    be(page, "Zainab Musa")
    page.get_by_role("heading", name="Almost there").wait_for()
    assert page.get_by_label("Your name").input_value() == "Zainab Musa"
    assert page.get_by_label("E-mail").input_value() == "zainab@example.com"
    assert page.get_by_label("E-mail").is_disabled()
    assert barriers(page) == []
    assert too_wide(page) == 0

    register(page)
    page.wait_for_url(f"{buka_server}/en/find/")

    assert is_logged_in(page)
    assert User.objects.get().email == "zainab@example.com"
    page.goto(f"{buka_server}/en/account/connections/")
    assert "zainab@example.com" in words(page)
    assert barriers(page) == []


def test_google_works_without_scripts(browser: Any, browser_context_args: Any, buka_server: str, sandbox: Any) -> None:
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(15_000)

    leave(page, buka_server, "Google")
    be(page, "Ada Obi")
    register(page)
    page.wait_for_url(f"{buka_server}/en/find/")

    assert page.get_by_role("button", name="Log out").count() + page.get_by_role("link", name="Account").count() > 0
    assert User.objects.get().email == ADA
    context.close()


def test_changing_ones_mind_leads_back_to_the_other_ways(
    page: Any, buka_server: str, sandbox: Any, complaints: Any
) -> None:
    leave(page, buka_server, "Google")
    be(page, "Cancel")

    page.get_by_role("heading", name="You came back").wait_for()
    assert barriers(page) == []
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "fault",
    [
        "wrong_nonce",
        "error",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("wrong_aud", "expired", "alg_none", "tampered")),
    ],
)
def test_a_google_that_lies_lets_nobody_in(
    page: Any, buka_server: str, sandbox: Any, complaints: Any, fault: str
) -> None:
    sandbox.spoil("google", fault, times=1)
    leave(page, buka_server, "Google")
    be(page, "Ada Obi")

    page.get_by_role("heading", name="That did not work").wait_for()

    assert not is_logged_in(page)
    assert not User.objects.exists()
    assert barriers(page) == []


@pytest.mark.long
def test_facebook_wants_the_address_proved_by_a_code_that_really_arrives(
    page: Any, buka_server: str, post: Any, complaints: Any
) -> None:
    leave(page, buka_server, "Facebook")
    be(page, "Ada Obi")
    register(page)
    page.get_by_role("heading", name="Look into your mail").wait_for()
    assert not is_logged_in(page)
    (mail,) = post.wait_for_mails(1, to=ADA)

    page.locator("#id_code").fill(re.search(r"\b[\d-]{6,9}\b", mail["subject"])[0])
    page.get_by_role("button", name="Confirm the address").click()
    page.wait_for_url(f"{buka_server}/en/find/")

    assert is_logged_in(page)
    assert SocialAccount.objects.get().provider == "facebook"


def test_facebook_without_an_address_asks_for_one(page: Any, buka_server: str, sandbox: Any, complaints: Any) -> None:
    leave(page, buka_server, "Facebook")
    be(page, "Emeka Okafor")
    page.get_by_role("heading", name="Almost there").wait_for()
    assert page.get_by_label("Your name").input_value() == "Emeka Okafor"
    assert barriers(page) == []
    assert too_wide(page) == 0

    page.get_by_label("E-mail").fill("emeka@example.com")
    register(page)

    page.get_by_role("heading", name="Look into your mail").wait_for()
    assert not is_logged_in(page)


@pytest.mark.long
def test_facebook_does_not_open_the_account_that_has_the_address(
    page: Any, buka_server: str, post: Any, complaints: Any
) -> None:
    person(email=ADA)
    leave(page, buka_server, "Facebook")
    be(page, "Ada Obi")

    register(page)
    page.get_by_role("heading", name="Look into your mail").wait_for()

    assert not is_logged_in(page)
    (mail,) = post.wait_for_mails(1, to=ADA)
    assert "/account/password/reset/" in mail["plain"]


def test_whoever_has_an_account_sees_no_form(page: Any, buka_server: str, sandbox: Any, complaints: Any) -> None:
    person(email=ADA)
    leave(page, buka_server, "Google")
    be(page, "Ada Obi")

    page.wait_for_url(f"{buka_server}/en/find/")

    assert is_logged_in(page)


def test_the_form_is_sent_only_with_both_boxes(page: Any, buka_server: str, sandbox: Any) -> None:
    leave(page, buka_server, "Google")
    be(page, "Ada Obi")
    page.get_by_role("heading", name="Almost there").wait_for()
    # The browser holds back what is not ticked; what comes through all the same is refused.
    page.locator("main form").evaluate("form => form.noValidate = true")

    page.get_by_role("button", name="Make the account").click()
    page.get_by_text("Without this we cannot make an account for you.").first.wait_for()

    assert barriers(page) == []
    assert not User.objects.exists()
    register(page)
    page.wait_for_url(f"{buka_server}/en/find/")
    assert is_logged_in(page)


def test_google_asks_whoever_has_an_app_for_its_code(page: Any, buka_server: str, sandbox: Any) -> None:
    with_app(person(email=ADA))
    leave(page, buka_server, "Google")
    be(page, "Ada Obi")
    page.wait_for_url("**/second-step/**")
    assert not is_logged_in(page)

    page.locator("#id_code").fill(app_code())
    page.locator("#id_code").press("Enter")
    page.wait_for_url(f"{buka_server}/en/find/")

    assert is_logged_in(page)


def test_connecting_and_disconnecting(page: Any, buka_server: str, sandbox: Any, complaints: Any) -> None:
    person(email="ada@example.com")
    page.goto(f"{buka_server}/en/account/log-in/?next=/en/account/connections/")
    page.locator("#id_login").fill("ada@example.com")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.get_by_role("button", name="Connect Facebook").click()
    be(page, "Ada Obi")
    page.wait_for_url("**/account/connections/")
    assert SocialAccount.objects.get().user.email == "ada@example.com"
    assert barriers(page) == []

    page.get_by_role("button", name="Disconnect Facebook").click()
    page.get_by_text("None is connected.").wait_for()

    assert not SocialAccount.objects.exists()


def test_an_arabic_page_leads_out_and_back_in_arabic(page: Any, buka_server: str, sandbox: Any) -> None:
    leave(page, buka_server, "Google", wanted="/ar/find/", language="ar")
    be(page, "Ada Obi")
    page.wait_for_url("**/ar/account/connections/register/")
    assert barriers(page) == []
    assert too_wide(page) == 0
    for box in page.locator("main").get_by_role("checkbox").all():
        box.check()
    page.locator("main form").get_by_role("button").click()

    page.wait_for_url(f"{buka_server}/ar/find/")

    assert page.locator("html").get_attribute("dir") == "rtl"
    assert User.objects.get().language == "ar"


@pytest.mark.long
def test_a_phone_number_and_its_code(page: Any, buka_server: str, post: Any, complaints: Any) -> None:
    person(phone=PHONE, phone_verified_at=timezone.now())
    page.goto(f"{buka_server}/en/account/log-in/code/?next=/en/find/")
    page.get_by_label(re.compile("E-mail or phone")).fill("0803 123 4567")
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_role("heading", name="Type the code").wait_for()
    (text,) = post.wait_for_texts(1, to=PHONE)
    assert text["text"].endswith(f"@localhost #{text['code']}")

    page.locator("#id_code").fill(text["code"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{buka_server}/en/find/")

    assert is_logged_in(page)


def test_the_sandboxes_own_pages_are_open_to_all(page: Any, buka_server: str, sandbox: Any) -> None:
    sandbox.http.post(
        "/sms/version1/messaging",
        data={"username": "sandbox", "to": PHONE, "message": "123456 is your code\n\n@buka.example #123456"},
        headers={"apiKey": "sandbox-key"},
    )
    for path in (
        "/",
        "/sms/",
        "/authenticator/?secret=GEZDGNBVGY3TQOJQ&name=Ada&refresh=off",
        "/authenticator/add",
        "/openid/google/",
        "/openid/facebook/",
    ):
        page.goto(sandbox.url + path)
        assert barriers(page) == [], path
        assert too_wide(page) == 0, path
