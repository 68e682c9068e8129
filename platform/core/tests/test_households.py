import pytest

from core.households import household, readable


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("102.89.1.7", "102.89.1.7"),
        ("::ffff:102.89.1.7", "102.89.1.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::7%eth0", "fe80::/64"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_address_reads_alike_as_it_came_and_as_it_was_kept(address: str, shown: str) -> None:
    assert readable(address) == readable(household(address)) == shown


def test_this_computers_own_is_read_from_what_it_was_kept_as_before() -> None:
    assert readable("::") == "::1"
