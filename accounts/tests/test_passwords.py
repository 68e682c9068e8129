"""How passwords are kept: the tests' own hasher is a quick one, so these ask for the one that production has."""

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.utils.module_loading import import_string

from config import settings as written


@pytest.fixture
def _as_in_production(settings):
    settings.PASSWORD_HASHERS = written.PASSWORD_HASHERS


@pytest.mark.usefixtures("_as_in_production")
class TestHashes:
    def test_cost_twelve_rounds_of_bcrypt(self):
        assert make_password("amala and ewedu").startswith("bcrypt_sha256$$2b$12$")

    def test_count_each_character_of_a_long_password(self):
        long = "ofada rice " * 20

        assert check_password(long, make_password(long))
        assert not check_password(long[:-1], make_password(long))

    def test_of_fewer_rounds_are_read_and_made_anew(self):
        quick = import_string("core.testing.QuickHasher")()
        kept = []

        known = check_password("amala and ewedu", quick.encode("amala and ewedu", quick.salt()), setter=kept.append)

        assert known
        assert kept == ["amala and ewedu"]
