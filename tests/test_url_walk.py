"""No door leads into another house: every address, by every method, as everybody, with another house's identifiers."""

import pytest

from tests.populated import House, populated
from tests.trespassing import READING, ROLES, walk

pytestmark = [pytest.mark.django_db, pytest.mark.race]


@pytest.fixture
def houses(settings: pytest.FixtureRequest) -> tuple[House, House]:
    return populated("amber"), populated("birch")


# Every address is tried by somebody who works at a house, and a share of them by everybody else: other shares each, in
# parts, so that no walk is longer than all other tests. The program (benchmarks.url_walk) walks all of it as everybody.
WALKS = [
    ("manager", (0, 6)),
    ("manager", (3, 6)),
    ("host", (1, 6)),
    ("host", (4, 6)),
    ("owner", (2, 6)),
    ("owner", (5, 6)),
    ("stranger", (0, 12)),
    ("diner", (2, 12)),
    ("partner", (4, 12)),
    ("courier", (6, 12)),
    ("translator", (8, 12)),
    ("owner_of_two", (10, 12)),
]


def test_everybody_walks() -> None:
    assert {role for role, _part in WALKS} == set(ROLES)


# A third of the addresses always; the rest with the long tests.
SHORT = (("manager", (0, 6)), ("owner", (2, 6)))


@pytest.mark.parametrize(
    ("role", "part"),
    [
        pytest.param(*walk, id=f"{walk[0]}-{walk[1][0]}", marks=() if walk in SHORT else pytest.mark.long)
        for walk in WALKS
    ],
)
def test_nobody_sees_or_changes_what_is_another_houses(
    role: str, part: tuple[int, int], houses: tuple[House, House]
) -> None:
    amber, birch = houses

    walked = walk(role, amber, birch, part=part)

    assert [str(leak) for leak in walked.leaks] == []
    assert [str(crash) for crash in walked.crashes] == []
    assert walked.statuses[429] == 0
    assert walked.tried > 1_000 / part[1]


def test_the_walk_would_see_it(houses: tuple[House, House]) -> None:
    """The same walk with the identifiers of one's own house finds its private words at these doors, and at others."""
    _amber, birch = houses
    doors = ("/admin/today/", "/admin/bookings/booking/", "/admin/accounts/membership/", "/api/bookings")

    walked = walk("owner", birch, birch, methods=READING, under=doors)

    assert walked.seen > 10
    paths = " ".join(leak.path for leak in walked.leaks)
    for door in doors:
        assert door in paths


@pytest.mark.long
def test_the_walk_would_notice_a_change(houses: tuple[House, House]) -> None:
    _amber, birch = houses

    walked = walk("owner", birch, birch, methods=("POST",), under=("/admin/restaurants/", "/api/bookings"))

    assert any("changed" in leak.what for leak in walked.leaks)


def test_who_owns_two_houses_is_at_home_in_both(houses: tuple[House, House]) -> None:
    amber, _birch = houses

    walked = walk("owner_of_two", amber, amber, methods=READING, under=("/admin/today/",))

    assert amber.owner_of_two.memberships.count() == 2
    assert walked.seen > 0
