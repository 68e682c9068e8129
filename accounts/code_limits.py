"""How often codes may be asked for: so that nobody is flooded with them, or kept from theirs on a device of their own.

Whoever asks for a code names an account that need not be theirs. So what counts against a person is counted by the
address the code goes to together with who asks: a device that has signed in to the account before counts for itself and
is never closed by others; everybody else counts by where they ask from; and a wide limit over all of them protects the
mailbox, at the price that strangers can use it up for an owner's new device. For an address that nobody has all of it
is the same. Text messages have their own
(`notifications.allowances`); those to numbers that are to be proved are counted here as well, by account and by asker,
since each goes to another number.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import known_devices
from accounts.models import User
from core.errors import TooManyAttempts
from core.limits import Limit, address_of

DAY = 24 * 3600
# Of one asker, be it a known device or an address.
A_MINUTE = Limit("codes.minute", most=3, seconds=60)
A_DAY = Limit("codes.day", most=10, seconds=DAY)
# Of all who ask from devices that do not know the account.
STRANGERS = Limit("codes.strangers", most=20, seconds=3600)
# Of codes for new numbers, each a text message to somebody who may be a stranger: by account, and by where from.
NUMBERS_A_DAY = Limit("codes.numbers", most=5, seconds=DAY)
NUMBERS_FROM = Limit("codes.numbers_from", most=20, seconds=DAY)


class CodeLimitReached(TooManyAttempts):
    """Said of known and unknown addresses alike."""

    code = "account_code_limit_reached"
    message = _("Enough codes were asked for here. Use the last one, wait, or log in another way.")


def take(request: HttpRequest, *, purpose: str, to: str, user: User | None) -> None:
    """Count a code before it is made.

    :param purpose: what the code is for: those for one purpose do not use up another's
    :param to: the address it goes to
    :param user: whose it is, None when nobody's
    :raises CodeLimitReached: when there have been enough
    """
    whose = f"{purpose}:{to.strip().lower()}"
    asker = f"{whose}:{who_asks(request, user)}"
    counts = [(A_MINUTE, asker), (A_DAY, asker)]
    if not knows(request, user):
        counts.append((STRANGERS, whose))
    _take_all(counts)


@contextmanager
def counted_for_new_number(request: HttpRequest, user: User) -> Iterator[None]:
    """Count a code for a number that is not somebody's yet; it does not count when it was refused elsewhere.

    :raises CodeLimitReached: when there have been enough today
    """
    counts = [(NUMBERS_A_DAY, str(user.public_id)), (NUMBERS_FROM, address_of(request))]
    _take_all(counts)
    try:
        yield
    except TooManyAttempts:
        for limit, counted in counts:
            limit.give_back(counted)
        raise


def _take_all(counts: list[tuple[Limit, str]]) -> None:
    taken: list[tuple[Limit, str]] = []
    try:
        for limit, counted in counts:
            limit.take(counted)
            taken.append((limit, counted))
    except TooManyAttempts as reached:
        # Nothing was sent: what was counted before the limit that refuses must not shut them out the longer.
        for limit, counted in taken:
            limit.give_back(counted)
        raise CodeLimitReached(retry_after=reached.retry_after or 60, limit=reached.limit) from reached


def knows(request: HttpRequest, user: User | None) -> bool:
    """Tell whether somebody has signed in on the asking device before."""
    return user is not None and known_devices.knows(request, user)


def who_asks(request: HttpRequest, user: User | None) -> str:
    """Return what an asker is counted under: a device that knows the account for itself, others by their address."""
    if knows(request, user):
        return f"device:{known_devices.device_of(request)}"
    return f"from:{address_of(request)}"
