import pytest

from accounts.tests.factories import UserFactory
from accounts.tokens import services, tickets
from accounts.tokens.states import Reason
from accounts.tokens.tests.test_services import opened

pytestmark = pytest.mark.django_db(transaction=True)


def test_opens_once() -> None:
    user = UserFactory()
    user.passed_second_factor = True
    family = opened(user).family.public_id
    ticket = tickets.issue(user=user, family=family)

    first, second = tickets.take(ticket), tickets.take(ticket)

    assert first == (user, family)
    assert first[0].is_verified()
    assert second is None


def test_of_a_closed_log_in_opens_nothing() -> None:
    user = UserFactory()
    pair = opened(user)
    ticket = tickets.issue(user=user, family=pair.family.public_id)
    services.close_families(user=user, reason=Reason.EVERYWHERE)

    assert tickets.take(ticket) is None


@pytest.mark.parametrize("odd", ["", "never-issued", "x" * 5000, "../../x"])
def test_what_is_no_ticket_opens_nothing(odd: str) -> None:
    assert tickets.take(odd) is None
