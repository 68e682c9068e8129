import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from core.api import throttles
from core.limits import Limit, Standing, note, noted


@pytest.fixture
def tight(monkeypatch):
    monkeypatch.setattr(throttles, "BY_ADDRESS", Limit("api.address", most=3, seconds=60, spreads_load=True))
    monkeypatch.setattr(throttles, "BY_PERSON", Limit("api.person", most=2, seconds=60, spreads_load=True))


@pytest.mark.django_db
@pytest.mark.usefixtures("tight")
@pytest.mark.urls("core.tests.api_urls")
class TestEverybody:
    PATH = "/api/pings"

    def test_learns_where_they_stand(self):
        answer = Client().get(self.PATH)

        assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("3", "2")
        assert 0 < int(answer["RateLimit-Reset"]) <= 60

    def test_is_refused_with_the_time_to_come_back(self):
        for _number in range(3):
            Client().get(self.PATH)

        answer = Client().get(self.PATH)

        assert answer.status_code == 429
        assert answer.json()["code"] == "too_many_attempts"
        assert 0 < int(answer["Retry-After"]) <= 60
        assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("3", "0")
        assert answer["RateLimit-Reset"] == answer["Retry-After"]

    def test_is_counted_by_address_while_nobody_knows_them(self):
        for number in range(6):
            assert Client(REMOTE_ADDR=f"203.0.113.{number}").get(self.PATH).status_code != 429

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP"])
    def test_cannot_pass_by_naming_another_address(self, header):
        statuses = [
            Client().get(self.PATH, headers={header: f"198.51.100.{number}"}).status_code for number in range(10)
        ]

        assert statuses.count(429) == 7

    def test_is_counted_by_account_wherever_they_are(self):
        ada = get_user_model().objects.create_user("demo.ada@example.com", name="Demo Ada")
        client = Client()
        client.force_login(ada)

        answers = [client.get(self.PATH, REMOTE_ADDR=f"203.0.113.{number}") for number in range(3)]

        assert [answer.status_code == 429 for answer in answers] == [False, False, True]
        assert Client(REMOTE_ADDR="203.0.113.1").get(self.PATH).status_code != 429

    def test_goes_on_in_each_process_while_redis_is_away(self, redis_away):
        statuses = [Client().get(self.PATH).status_code for _number in range(5)]

        assert statuses[:3].count(429) == 0
        assert statuses[3:] == [429, 429]


def test_of_several_limits_the_closest_is_told(rf):
    request = rf.get("/")

    note(request, Standing(most=100, left=90, seconds=60))
    note(request, Standing(most=10, left=2, seconds=30))
    note(request, Standing(most=50, left=40, seconds=60))

    assert noted(request) == Standing(most=10, left=2, seconds=30)
