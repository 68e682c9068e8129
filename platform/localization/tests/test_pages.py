from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = [pytest.mark.urls("localization.tests.urls"), pytest.mark.django_db]

CODES = ["en", "ha", "yo", "ig", "fr", "ar", "es", "de", "zh-hans", "ja"]
PASSWORD = "jollof-on-sunday"


def person(language: str):
    return get_user_model().objects.create_user(f"{language}@example.com", PASSWORD, name="Ada", language=language)


class TestAPageWithALanguageInFront:
    @pytest.mark.parametrize("code", CODES)
    def test_is_shown_in_it_whatever_else_is_asked(self, client, code):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"

        answer = client.get(f"/{code}/", headers={"accept-language": "es"})

        tag = "zh-Hans" if code == "zh-hans" else code
        assert answer.status_code == 200
        assert answer.content.decode().split()[:2] == [tag, "rtl" if code == "ar" else "ltr"]
        assert answer["Content-Language"] == tag

    def test_may_be_kept_by_shared_caches(self, client):
        answer = client.get("/ha/")

        assert "Vary" not in answer
        assert settings.LANGUAGE_COOKIE_NAME not in answer.cookies

    @pytest.mark.parametrize("prefix", ["xx", "zh", "pt", "EN", "en-gb", "zh_Hans"])
    def test_does_not_exist_in_a_language_buka_does_not_speak(self, client, prefix):
        assert client.get(f"/{prefix}/restaurants/terra-kulture/").status_code == 404
        assert client.get(f"/{prefix}/").status_code == 404


class TestLanguagesOnAPage:
    def test_each_keeps_the_page_its_slug_and_its_query(self, client):
        choices = client.get("/ar/choices/iya-bose/?date=2026-12-24&q=%E1%BA%B9ba&q=%26").json()

        assert list(choices) == CODES
        for code, (url, switch, is_current) in choices.items():
            assert url == f"/{code}/choices/iya-bose/?date=2026-12-24&q=%E1%BA%B9ba&q=%26"
            assert urlsplit(switch).path == f"/language/{code}/"
            assert parse_qs(urlsplit(switch).query) == {"next": [url]}
            assert is_current == (code == "ar")


class TestTheFrontDoor:
    def front_door(self, client: Client, **headers: str):
        answer = client.get("/", headers=headers)
        assert answer.status_code == 302
        return answer

    def test_is_english_for_a_browser_that_asks_for_nothing(self, client):
        answer = self.front_door(client)

        assert answer.url == "/en/"
        assert {each.strip() for each in answer["Vary"].split(",")} >= {"Accept-Language", "Cookie"}

    @pytest.mark.parametrize(
        ("header", "code"),
        [
            ("ha", "ha"),
            ("yo-NG,en;q=0.5", "yo"),
            ("pt, fr-CA;q=0.8, en;q=0.3", "fr"),
            ("en;q=0.2, ig;q=0.9", "ig"),
            ("zh-CN", "zh-hans"),
            ("zh-TW,zh;q=0.9", "zh-hans"),
            ("zh", "zh-hans"),
            ("ar-EG", "ar"),
            ("pcm", "en"),
            ("*", "en"),
            ("ja;q=0, de", "de"),
            ("\u00e9;q=x,,;", "en"),
            ("x" * 10_000, "en"),
        ],
    )
    def test_follows_the_browser(self, client, header, code):
        assert self.front_door(client, accept_language=header).url == f"/{code}/"

    def test_follows_the_cookie_before_the_browser(self, client):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ha"

        assert self.front_door(client, accept_language="fr").url == "/ha/"

    def test_ignores_a_cookie_in_no_language(self, client):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "../../etc"

        assert self.front_door(client, accept_language="fr").url == "/fr/"

    def test_follows_the_account_before_the_cookie(self, client):
        client.force_login(person("yo"))
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ha"

        assert self.front_door(client, accept_language="fr").url == "/yo/"

    def test_keeps_the_query(self, client):
        assert client.get("/?from=poster").url == "/en/?from=poster"


class TestAPageWithoutALanguage:
    def test_is_in_the_language_of_the_account(self, client):
        client.force_login(person("ig"))

        assert client.get("/admin/").content == b"ig"

    def test_is_in_the_language_of_the_cookie_for_a_stranger(self, client):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"

        answer = client.get("/admin/")

        assert answer.content == b"ar"
        assert answer["Content-Language"] == "ar"
        assert "Cookie" in answer["Vary"]

    def test_is_looked_for_behind_the_prefix(self, client):
        answer = client.get("/restaurants/iya-bose?date=2026-12-24", headers={"accept-language": "ha"})

        assert (answer.status_code, answer.url) == (302, "/ha/restaurants/iya-bose/?date=2026-12-24")

    def test_is_missing_when_there_is_none_behind_the_prefix_either(self, client):
        assert client.get("/nowhere/at/all/").status_code == 404

    def test_is_not_looked_for_when_something_was_sent(self, client):
        assert client.post("/restaurants/iya-bose/").status_code == 404


class TestTheApi:
    def test_goes_by_the_header_alone(self, client):
        client.force_login(person("yo"))
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ha"

        answer = client.get("/api/spoken", headers={"accept-language": "ar"})

        assert answer.content == b"ar"
        assert answer["Vary"] == "Accept-Language, origin"

    def test_is_english_without_one(self, client):
        assert client.get("/api/spoken").content == b"en"


class TestSwitchingTheLanguage:
    def test_stays_on_the_page_and_is_remembered(self, client):
        answer = client.get("/language/ha/", {"next": "/en/restaurants/iya-bose/?date=2026-12-24"})

        cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
        assert answer.url == "/ha/restaurants/iya-bose/?date=2026-12-24"
        assert (cookie.value, cookie["samesite"], cookie["max-age"]) == ("ha", "Lax", 365 * 24 * 3600)
        assert "no-store" in answer["Cache-Control"]
        assert client.get("/").url == "/ha/"

    def test_works_for_a_page_without_a_language(self, client):
        client.get("/language/fr/", {"next": "/admin/"})

        assert client.get("/admin/").content == b"fr"

    def test_changes_the_account_too(self, client):
        ada = person("en")
        client.force_login(ada)

        client.get("/language/yo/", {"next": "/en/"})

        ada.refresh_from_db()
        assert ada.language == "yo"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/en/",
            "//evil.example/",
            "/\\evil.example",
            "javascript:alert(1)",
            "",
            "\x00",
            "http:///x",
        ],
    )
    def test_never_leads_off_the_site(self, client, elsewhere):
        assert client.get("/language/ha/", {"next": elsewhere}).url == "/ha/"

    def test_refuses_a_language_buka_does_not_speak(self, client):
        answer = client.get("/language/xx/", {"next": "/en/"})

        assert answer.status_code == 404
        assert settings.LANGUAGE_COOKIE_NAME not in answer.cookies

    @pytest.mark.parametrize("headers", [{"sec_fetch_site": "cross-site"}, {"sec_purpose": "prefetch"}])
    def test_is_not_remembered_when_nobody_pressed_it(self, client, headers):
        ada = person("en")
        client.force_login(ada)

        answer = client.get("/language/ja/", {"next": "/en/"}, headers=headers)

        ada.refresh_from_db()
        assert answer.url == "/ja/"
        assert settings.LANGUAGE_COOKIE_NAME not in answer.cookies
        assert ada.language == "en"

    def test_takes_no_posts(self, client):
        assert client.post("/language/ha/").status_code == 405


class TestLoggingIn:
    def test_brings_the_persons_language_to_the_device(self, client):
        person("ha")

        answer = client.post("/log-in", {"email": "ha@example.com", "password": PASSWORD})

        assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "ha"
