"""People make an account, prove who they are and mind their account in a real browser, with scripts and without."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from accounts.models import User
from accounts.tests.pages import PASSWORD, app_code, code_sent_to, person, with_app
from sandbox.testing import SandboxClient
from tests.browser.looking import barriers, too_wide, watched

pytestmark = pytest.mark.browser

PHONE, DESK = (360, 740), (1280, 900)
NEW_PASSWORD = "egusi with pounded yam"


@pytest.fixture
def ada(transactional_db: None) -> User:
    return person()


@pytest.fixture
def mailbox(sandbox_process: Any, celery_worker_process: Any) -> Iterator[SandboxClient]:
    """What really arrives, by way of the outbox, a worker and a mail server."""
    client = SandboxClient(sandbox_process.url, smtp_port=int(sandbox_process.env["EMAIL_PORT"]))
    client.reset()
    yield client
    client.http.close()


def log_in(page: Any, home: str, *, wanted: str = "", password: str = PASSWORD, language: str = "en") -> None:
    page.goto(f"{home}/{language}/account/log-in/" + (f"?next={wanted}" if wanted else ""))
    page.locator("#id_login").fill("ada@example.com")
    page.locator("#id_password").fill(password)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(lambda url: "/log-in/?" not in url and not url.endswith("/log-in/"))


def type_code(page: Any, code: str, button: str) -> None:
    page.locator("#id_code").fill(code)
    page.get_by_role("button", name=button).click()


def words(page: Any) -> str:
    return str(page.locator("main").inner_text())


class TestRegister:
    def walk(self, page: Any, home: str) -> None:
        page.goto(f"{home}/en/account/register/?next=/en/find/")
        page.get_by_label("Your name").fill("Ngozi Eze")
        page.get_by_label("E-mail").fill("ngozi@example.com")
        page.locator("#id_password1").fill(PASSWORD)
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Make the account").click()
        page.get_by_role("heading", name="Look into your mail").wait_for()

    def test_by_a_code_that_really_arrives(self, page: Any, buka_server: str, mailbox: SandboxClient) -> None:
        with watched(page, buka_server):
            self.walk(page, buka_server)
            (mail,) = mailbox.wait_for_mails(1, to="ngozi@example.com")
            code = re.search(r"\b\d{6}\b", mail["subject"])
            assert code
            type_code(page, code[0], "Confirm the address")
            page.wait_for_url("**/en/find/")

        assert page.get_by_role("button", name="Log out").is_visible()
        assert User.objects.get().email == "ngozi@example.com"

    def test_works_without_scripts(self, page_without_scripts: Any, buka_server: str) -> None:
        page = page_without_scripts

        self.walk(page, buka_server)
        type_code(page, code_sent_to("ngozi@example.com"), "Confirm the address")

        assert page.url == f"{buka_server}/en/find/"

    def test_says_what_is_wrong_where_it_is_wrong(self, page_without_scripts: Any, buka_server: str) -> None:
        page = page_without_scripts
        page.goto(f"{buka_server}/en/account/register/")
        page.get_by_label("Your name").fill("Ngozi Eze")
        page.get_by_label("E-mail").fill("ngozi@example.com")
        page.locator("#id_password1").fill("short")
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Make the account").click()

        field = page.locator("#id_password1")
        assert field.get_attribute("aria-invalid") == "true"
        described = field.get_attribute("aria-describedby").split()
        assert "too short" in page.locator(f"#{described[-1]}").inner_text()
        assert page.locator(".notice--error a[href='#id_password1']").count() >= 1


class TestLogIn:
    def test_with_the_keyboard_alone(self, page: Any, buka_server: str, ada: User) -> None:
        page.goto(f"{buka_server}/en/account/log-in/?next=/en/find/")
        page.locator("#id_login").focus()
        page.keyboard.type("ada@example.com")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")

        page.wait_for_url("**/en/find/")

    def test_shows_the_password_to_who_wants_to_see_it(self, page: Any, buka_server: str, ada: User) -> None:
        page.goto(f"{buka_server}/en/account/log-in/")
        page.locator("#id_password").fill("amala")

        page.get_by_role("button", name="Show the password").click()
        assert page.locator("#id_password").get_attribute("type") == "text"
        page.get_by_role("button", name="Hide the password").click()
        assert page.locator("#id_password").get_attribute("type") == "password"

    def test_by_a_code_without_scripts(self, page_without_scripts: Any, buka_server: str, ada: User) -> None:
        page = page_without_scripts
        page.goto(f"{buka_server}/en/account/log-in/?next=/en/find/")
        assert page.get_by_role("button", name="Use a passkey").count() == 0
        page.get_by_label(re.compile("E-mail")).fill("ada@example.com")
        # What was typed is taken along.
        page.get_by_role("button", name="Send me a code").click()
        type_code(page, "12 34", "Log in")
        assert "This code is not right" in words(page)

        type_code(page, code_sent_to("ada@example.com"), "Log in")

        assert page.url == f"{buka_server}/en/find/"

    def test_with_a_new_password(self, page: Any, buka_server: str, ada: User) -> None:
        with watched(page, buka_server):
            page.goto(f"{buka_server}/en/account/log-in/")
            page.get_by_role("link", name="Forgotten your password?").click()
            page.get_by_label("E-mail").fill("ada@example.com")
            page.get_by_role("button", name="Send me a code").click()
            type_code(page, code_sent_to("ada@example.com"), "Go on")
            page.locator("#id_password1").fill(NEW_PASSWORD)
            page.get_by_role("button", name="Save the password").click()
            page.get_by_role("heading", name="You have a new password").wait_for()

            log_in(page, buka_server, password=NEW_PASSWORD, wanted="/en/account/")

        assert page.get_by_role("heading", name="My account").is_visible()


class TestSecondStep:
    def test_is_set_up_and_asked_for(self, page: Any, buka_server: str, ada: User) -> None:
        with watched(page, buka_server):
            log_in(page, buka_server, wanted="/en/account/security/")
            page.get_by_role("link", name="Set up an app").click()
            picture = page.get_by_role("img", name="The key as a picture for the app")
            assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
            secret = page.locator(".enrol__key").inner_text()
            type_code(page, app_code(secret), "Switch it on")
            page.get_by_role("heading", name="Recovery codes").wait_for()
            kept = page.locator(".codes li").all_inner_texts()
            page.get_by_role("link", name="I have kept them, go on").click()
            page.get_by_role("heading", name="Log-in and security").wait_for()
            assert "10 are left." in words(page)

            page.get_by_role("button", name="Log out").first.click()
            log_in(page, buka_server, wanted="/en/account/security/")
            page.get_by_role("heading", name="One more step").wait_for()
            # The code of the enrolment counts no second time; the app shows the next one a moment later.
            type_code(page, app_code(secret, steps_ahead=1), "Go on")
            page.get_by_role("heading", name="Log-in and security").wait_for()

            page.get_by_role("button", name="Log out").first.click()
            log_in(page, buka_server, wanted="/en/account/security/")
            page.get_by_text("Use a recovery code instead").click()
            page.get_by_label("Recovery code").fill(kept[0])
            page.get_by_role("button", name="Use this recovery code").click()
            page.get_by_role("heading", name="Log-in and security").wait_for()

        assert len(set(kept)) == 10
        assert "9 are left." in words(page)

    def test_saves_the_recovery_codes_as_a_file(self, page: Any, buka_server: str, ada: User) -> None:
        log_in(page, buka_server, wanted="/en/account/two-step/app/")
        type_code(page, app_code(page.locator(".enrol__key").inner_text()), "Switch it on")
        page.get_by_role("heading", name="Recovery codes").wait_for()
        shown = page.locator(".codes li").all_inner_texts()

        with page.expect_download() as saving:
            page.get_by_role("link", name="Save as a file").click()

        assert saving.value.suggested_filename == "buka-recovery-codes.txt"
        assert saving.value.path().read_text().split() == shown

    def test_works_without_scripts(self, page_without_scripts: Any, buka_server: str, ada: User) -> None:
        with_app(ada)
        page = page_without_scripts
        log_in(page, buka_server, wanted="/en/find/")

        type_code(page, app_code(), "Go on")

        assert page.url == f"{buka_server}/en/find/"


class TestPasskey:
    @pytest.fixture
    def thumb(self, page: Any) -> Any:
        """A device that knows a thumb, and to which the thumb is always held."""
        line = page.context.new_cdp_session(page)
        line.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = line.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return lambda **said: line.send(
            "WebAuthn.setUserVerified", {"authenticatorId": made["authenticatorId"], **said}
        )

    def test_is_made_and_opens_the_account(self, page: Any, buka_server: str, ada: User, thumb: Any) -> None:
        home = buka_server
        with watched(page, home):
            log_in(page, home, wanted="/en/account/security/")
            page.get_by_role("link", name="Add a passkey").click()
            page.get_by_label("Name of the passkey").fill("Ada's phone")
            page.get_by_role("button", name="Make the passkey").click()
            page.get_by_role("link", name="I have kept them, go on").click()
            page.get_by_role("link", name="See the passkeys").click()
            assert "Ada's phone" in words(page)

            page.get_by_role("button", name="Log out").first.click()
            page.goto(f"{home}/en/account/log-in/?next=/en/account/security/")
            page.get_by_role("button", name="Use a passkey").click()
            page.get_by_role("heading", name="Log-in and security").wait_for()

            # Beside a password it is the second step.
            page.get_by_role("button", name="Log out").first.click()
            log_in(page, home, wanted="/en/account/security/")
            page.get_by_role("heading", name="One more step").wait_for()
            page.get_by_role("button", name="Use a passkey").click()
            page.get_by_role("heading", name="Log-in and security").wait_for()

            page.get_by_role("link", name="See the passkeys").click()
            page.get_by_role("link", name="Rename Ada's phone").click()
            page.get_by_label("Name of the passkey").fill("Ada's old phone")
            page.get_by_role("button", name="Save").click()
            page.get_by_role("link", name="Remove Ada's old phone").click()
            page.get_by_role("button", name="Yes, remove it").click()
            page.get_by_text("You have none yet.").wait_for()

        assert not Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).exists()

    def test_says_where_it_works_at_an_address_of_numbers(self, page: Any, buka_server: str) -> None:
        numbers = buka_server.replace("localhost", "127.0.0.1")
        with watched(page, numbers) as faults:
            page.goto(f"{numbers}/en/account/log-in/?next=/en/find/")
            assert page.get_by_role("button", name="Use a passkey").count() == 0
            assert barriers(page) == []
            assert too_wide(page) == 0
            page.get_by_role("link", name="Open this page at localhost").click()
            page.wait_for_url("http://localhost:*/en/account/log-in/?next=/en/find/")
            assert page.get_by_role("button", name="Use a passkey").is_visible()
            # To the browser the name is another host.
            faults.foreign.clear()

    def test_says_so_when_it_does_not_work(self, page: Any, buka_server: str, ada: User, thumb: Any) -> None:
        thumb(isUserVerified=False)
        page.goto(f"{buka_server}/en/account/log-in/")

        page.get_by_role("button", name="Use a passkey").click()

        said = page.get_by_role("alert").filter(has_text="That did not work.")
        said.wait_for()
        assert page.get_by_role("button", name="Use a passkey").is_enabled()


class TestTheWayToTheAccount:
    @pytest.mark.parametrize("language", ["en", "ar"])
    @pytest.mark.parametrize("width", [320, 768])
    def test_stands_in_the_head_of_every_page(
        self, page_without_scripts: Any, buka_server: str, ada: User, language: str, width: int
    ) -> None:
        page = page_without_scripts
        page.set_viewport_size({"width": width, "height": 740})
        log_in(page, buka_server, language=language)
        address = f"/{language}/account/"
        page.goto(f"{buka_server}/{language}/find/")
        link = page.locator(f".site-nav a[href='{address}']")
        # One row, whole in the window, large enough for a thumb.
        place = link.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= width
        assert 44 <= place["height"] < 60
        assert page.locator("button:visible").filter(has=page.locator("[href*='#log-out']")).count() == 1

        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"{buka_server}{address}")

        assert link.get_attribute("aria-current") == "page"
        page.goto(f"{buka_server}{address}privacy/")
        assert link.get_attribute("aria-current") == "true"
        tabs = [each.bounding_box() for each in page.locator(".sections a").all()]
        assert len({each["y"] for each in tabs}) == 1
        assert all(each["x"] >= 0 and each["x"] + each["width"] <= width for each in tabs)

    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_has_no_barrier(self, page: Any, buka_server: str, ada: User, language: str) -> None:
        User.objects.update(language=language)
        log_in(page, buka_server, language=language)
        with watched(page, buka_server):
            for width in (360, 1280):
                page.set_viewport_size({"width": width, "height": 740})
                page.goto(f"{buka_server}/{language}/find/")
                assert barriers(page) == []
                assert too_wide(page) == 0


class TestOwnAccount:
    def test_gets_another_address(self, page: Any, buka_server: str, ada: User) -> None:
        with watched(page, buka_server):
            log_in(page, buka_server, wanted="/en/account/")
            page.get_by_role("link", name="Change the address").click()
            page.get_by_label("New e-mail address").fill("ada@buka.example")
            page.get_by_role("button", name="Send a code there").click()
            page.get_by_role("heading", name="Look into your mail").wait_for()
            type_code(page, code_sent_to("ada@buka.example"), "Confirm the address")
            page.get_by_role("heading", name="Log-in and security").wait_for()

        ada.refresh_from_db()
        assert ada.email == "ada@buka.example"
        assert "ada@buka.example" in words(page)

    def test_logs_another_device_out(self, page: Any, buka_server: str, ada: User, browser: Any) -> None:
        other_context = browser.new_context(user_agent="Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/128.0")
        other = other_context.new_page()
        log_in(other, buka_server, wanted="/en/account/")
        log_in(page, buka_server, wanted="/en/account/security/")

        with watched(page, buka_server):
            page.get_by_role("link", name="See the devices").click()
            page.get_by_role("button", name="Log out Firefox on Windows").click()
            page.get_by_text("The device is logged out.").wait_for()

        other.goto(f"{buka_server}/en/account/")
        assert "/log-in/" in other.url
        assert "Firefox" not in words(page)
        other_context.close()


ENTRANCES = ["log-in/", "log-in/code/", "register/", "password/reset/"]
OWN = [
    "",
    "security/",
    "email/",
    "phone/",
    "again/",
    "password/",
    "two-step/app/",
    "two-step/recovery-codes/new/",
    "passkeys/",
    "passkeys/add/",
    "devices/",
    "connections/",
    "log-out/",
]


class TestLookingAround:
    @pytest.mark.parametrize(
        ("language", "theme", "window"),
        [("ar", "light", PHONE), pytest.param("en", "dark", DESK, marks=pytest.mark.long)],
    )
    def test_no_page_has_barriers(
        self, page: Any, buka_server: str, ada: User, language: str, theme: str, window: tuple[int, int]
    ) -> None:
        User.objects.update(language=language)
        page.set_viewport_size({"width": window[0], "height": window[1]})
        page.emulate_media(color_scheme=theme)

        def look(path: str) -> None:
            page.goto(f"{buka_server}/{language}/account/{path}")
            assert page.url.endswith(f"/{language}/account/{path}")
            assert (path, barriers(page)) == (path, [])
            assert (path, too_wide(page)) == (path, 0)

        with watched(page, buka_server):
            for path in ENTRANCES:
                look(path)
            log_in(page, buka_server, language=language, wanted=f"/{language}/account/")
            for path in OWN:
                look(path)

    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_nor_those_in_the_middle_of_something(self, page: Any, buka_server: str, ada: User, language: str) -> None:
        with_app(ada)

        def look(name: str) -> None:
            assert (name, barriers(page)) == (name, [])
            assert (name, too_wide(page)) == (name, 0)

        with watched(page, buka_server):
            page.goto(f"{buka_server}/{language}/account/log-in/code/")
            page.locator("#id_login").fill("ada@example.com")
            page.locator("#id_login").press("Enter")
            page.wait_for_url("**/log-in/code/confirm/")
            look("the code to log in")
            page.context.clear_cookies()
            log_in(page, buka_server, language=language)
            page.wait_for_url("**/second-step/")
            look("the second step")
