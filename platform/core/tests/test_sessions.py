import pytest
from django.conf import settings

pytestmark = pytest.mark.urls("core.tests.session_urls")


class TestASessionEndedMeanwhile:
    @pytest.mark.parametrize("path", ["/ended-meanwhile", "/api/ended-meanwhile"])
    def test_is_said_to_be_over_and_its_cookie_is_taken_away(self, client, path):
        client.get("/begin")

        answer = client.get(path)

        assert answer.status_code == 401
        assert "log in again" in answer.content.decode()
        assert answer.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 0
        assert client.get("/page").content == b"Hello stranger"
