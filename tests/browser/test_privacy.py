"""One's rights in a real browser on a phone: read, switch, take along, go, complain; no barrier, in both directions."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import connection

from accounts.models import User
from accounts.privacy import selectors
from accounts.privacy.models import DataRequest, Export
from accounts.privacy.services import consents, erasing, exporting
from accounts.privacy.states import Door
from accounts.tests.pages import PASSWORD, person
from notifications.models import Message
from tests.browser.looking import barriers, too_wide, watched

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(transactional_db: None) -> User:
    return person()


def sign_in(page: Any, home: str) -> None:
    page.goto(f"{home}/en/account/log-in/")
    page.locator("#id_login").fill("ada@example.com")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/log-in/"))


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("path", ["privacy/", "privacy/terms/", "privacy/request/"])
def test_what_everybody_may_read_has_no_barrier(page, buka_server, path, language):
    with watched(page, buka_server):
        page.goto(f"{buka_server}/{language}/{path}")

        assert barriers(page) == []
        assert too_wide(page) == 0


@pytest.mark.parametrize("path", ["", "consents/", "archive/", "erase/"])
def test_ones_own_pages_have_no_barrier(page, buka_server, ada, path):
    with watched(page, buka_server):
        sign_in(page, buka_server)
        for language in ("en", "ar"):
            page.goto(f"{buka_server}/{language}/account/privacy/{path}")

            assert "/account/privacy/" in page.url
            assert barriers(page) == []
            assert too_wide(page) == 0


def test_what_was_said_when_has_no_barrier(page, buka_server, ada):
    consents.choose(user=ada, choices={"marketing": True}, door=Door.API)
    sign_in(page, buka_server)
    page.goto(f"{buka_server}/en/account/privacy/consents/")

    assert page.get_by_role("rowheader", name="News and offers").count() == 1
    assert barriers(page) == []


def test_a_consent_is_given_and_taken_back_with_one_tap_each(page, buka_server, ada):
    sign_in(page, buka_server)
    page.goto(f"{buka_server}/en/account/privacy/consents/")

    page.get_by_label("News and offers").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    given = set(selectors.standing_consents(ada))
    page.get_by_label("News and offers").uncheck()
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()

    assert given == {"marketing"}
    assert set(selectors.standing_consents(ada)) == set()


def test_an_erasure_is_asked_for_and_taken_back(page, buka_server, ada):
    sign_in(page, buka_server)
    page.goto(f"{buka_server}/en/account/privacy/erase/")

    page.get_by_label("I understand what is erased").check()
    page.get_by_role("button", name="Erase my account").click()
    page.get_by_text("Your account will be erased on").wait_for()
    assert barriers(page) == []
    asked = selectors.open_erasure_of(ada)
    page.get_by_role("button", name="Keep my account").click()
    page.get_by_text("Good that you stay").wait_for()

    assert asked is not None
    assert selectors.open_erasure_of(ada) is None


def link_in(kind: str) -> str:
    """Return the path of the link that the latest mail of a kind leads to."""
    found = re.search(r"/\w+/privacy/\S+", Message.objects.filter(kind=kind).latest("pk").body_text)
    assert found
    connection.close()
    return found[0]


def test_the_link_in_the_mail_keeps_the_account_without_signing_in(page, buka_server, ada):
    erasing.request_erasure(user=ada)

    with watched(page, buka_server):
        page.goto(buka_server + link_in("privacy.erasure_requested"))
        page.get_by_role("button", name="Keep my account").click()
        page.get_by_text("Good that you stay").wait_for()

    assert selectors.open_erasure_of(ada) is None


def test_a_guest_fetches_their_archive_from_the_link_in_the_mail(page, _web_process, buka_server):
    request = DataRequest.objects.create(
        kind="access",
        name="Bola",
        email="bola@example.com",
        proven_rows={"bookings.Booking": []},
        proven_contact="bola@example.com",
    )
    export = exporting.request_guest_export(request=request)
    assert exporting.build(export_id=export.pk)
    export.refresh_from_db()
    # On a server both share a folder.
    target = Path(_web_process.env["BUKA_HOME"]) / "private" / export.file_name
    target.parent.mkdir(parents=True, exist_ok=True)
    with storages["private"].open(export.file_name) as stored:
        target.write_bytes(stored.read())
    page.goto(buka_server + link_in("privacy.guest_archive_ready"))

    with page.expect_download() as download:
        page.get_by_role("button", name="Fetch the archive").click()

    with zipfile.ZipFile(Path(download.value.path())) as zipped:
        assert "data.json" in zipped.namelist()


def test_anybody_complains_without_an_account(page, buka_server, transactional_db):
    with watched(page, buka_server):
        page.goto(f"{buka_server}/en/")
        page.get_by_role("contentinfo").get_by_role("link", name="Privacy").click()
        page.get_by_role("link", name="Ask, correct, object or complain").first.click()
        page.get_by_label("What is it about?").select_option("grievance")
        page.get_by_label("Your name").fill("Bola")
        page.get_by_label("E-mail", exact=True).fill("bola@example.com")
        page.get_by_label("What happened").fill("You kept my number.")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="We have your request").wait_for()

        assert barriers(page) == []
    assert DataRequest.objects.get().kind == "grievance"


@pytest.mark.worker
def test_the_archive_is_fetched_as_a_file(page, browser_type_launch_args, _web_process, celery_worker_process, ada):
    home = _web_process.url
    sign_in(page, home)
    page.goto(f"{home}/en/account/privacy/archive/")
    page.get_by_role("button", name="Ask for my archive").click()
    page.get_by_text("It is being put together").wait_for()
    assert Export.objects.count() == 1
    stored = Path(celery_worker_process.env["BUKA_HOME"]) / "private" / "exports"

    # The worker of this test has a folder of its own, which the web process would share with it on a server.
    for _try in range(100):
        if stored.exists() and any(stored.iterdir()) and Export.objects.get().status == "ready":
            break
        page.wait_for_timeout(100)
    target = Path(_web_process.env["BUKA_HOME"]) / "private" / "exports"
    target.mkdir(parents=True, exist_ok=True)
    for file in stored.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name="Fetch the archive").click()

    content = Path(download.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert "data.json" in zipped.namelist()
    page.reload()
    page.get_by_role("button", name="Ask for my archive").wait_for()
