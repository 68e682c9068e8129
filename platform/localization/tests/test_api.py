import pytest

from localization.languages import every_language

pytestmark = pytest.mark.urls("localization.tests.urls")


class TestLocales:
    def test_describes_the_ten_to_anybody(self, client):
        answer = client.get("/api/i18n/locales")

        locales = {each["code"]: each for each in answer.json()["locales"]}
        assert list(locales) == [language.code for language in every_language()]
        assert locales["zh-hans"]["tag"] == "zh-Hans"
        assert [code for code, each in locales.items() if each["direction"] == "rtl"] == ["ar"]
        assert locales["ar"]["plural"]["forms"] == 6
        assert locales["yo"]["plural"] == {"forms": 1, "rule": "0"}
        assert locales["en"]["completeness"] == 1
        assert all(0 <= each["completeness"] <= 1 and each["currency"] == "NGN" for each in locales.values())

    def test_is_kept_by_caches_and_asked_for_again_cheaply(self, client):
        first = client.get("/api/i18n/locales")

        again = client.get("/api/i18n/locales", headers={"if-none-match": first["ETag"]})

        assert "public" in first["Cache-Control"]
        assert "Cookie" not in first.get("Vary", "")
        assert (again.status_code, again.content) == (304, b"")

    def test_is_read_only(self, client):
        assert client.post("/api/i18n/locales").status_code == 405
