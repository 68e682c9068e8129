"""How often one may search, look for free times and book. Finding a booking by its code: bookings.lookup.

None of them keeps a secret, so they go on in each process for itself while Redis is away, as booking does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accounts.models import User
from core.limits import Limit, address_of, note

# A program that searches has its own address. People share theirs with all others of their mobile network.
SEARCH = Limit("search.address", most=120, seconds=60, spreads_load=True)
LOOK = Limit("look.address", most=600, seconds=60, spreads_load=True)
BOOK_BY_PERSON = Limit("book.person", most=10, seconds=60, spreads_load=True)
BOOK_BY_ADDRESS = Limit("book.address", most=120, seconds=60, spreads_load=True)
# A desk on a Friday evening, with the parties at the door and the telephone.
BOOK_AT_THE_DESK = Limit("book.desk", most=60, seconds=60, spreads_load=True)

# Each change may become a text message: counted by booking, whoever has its link.
CHANGE = Limit("change.booking", most=10, seconds=60, spreads_load=True)
# Misses only. The key to a short address cannot be guessed; old links of many people behind one address are no attack.
OPEN_SHORT = Limit("short.address", most=60, seconds=3600, spreads_load=True)

# A place on a list holds a table in its turn, and each wish to be told becomes a message: few of either.
WAIT_BY_PERSON = Limit("wait.person", most=10, seconds=600, spreads_load=True)
WAIT_BY_ADDRESS = Limit("wait.address", most=60, seconds=600, spreads_load=True)

# Each order takes places from others while it waits for its payment.
TICKETS_BY_PERSON = Limit("tickets.person", most=10, seconds=60, spreads_load=True)
# Each may become a mail to somebody else.
PASS_ON_BY_ORDER = Limit("tickets.pass_on.order", most=30, seconds=3600, spreads_load=True)
PASS_ON_BY_ADDRESS = Limit("tickets.pass_on.address", most=60, seconds=3600, spreads_load=True)
TICKETS_BY_ADDRESS = Limit("tickets.address", most=60, seconds=60, spreads_load=True)
# A scanner at a door that many go through at once; far too few to find a code by trying.
ADMIT = Limit("tickets.door", most=240, seconds=60, spreads_load=True)


def look(request: Any) -> None:
    """Count a look at free times or a page of results.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    note(request, LOOK.take(address_of(request)))


def book(request: Any, *, at_the_desk: bool = False) -> None:
    """Count an attempt to book.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    person = request.user
    if getattr(person, "is_partner", False):
        # Programs are counted against their plan.
        return
    if not isinstance(person, User):
        note(request, BOOK_BY_ADDRESS.take(address_of(request)))
    elif at_the_desk:
        note(request, BOOK_AT_THE_DESK.take(str(person.pk)))
    else:
        note(request, BOOK_BY_PERSON.take(str(person.pk)))


def change(request: Any, booking_id: int) -> None:
    """Count an attempt of a guest, or of whoever has their link, to change a booking.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    if not getattr(request.user, "is_partner", False):
        note(request, CHANGE.take(str(booking_id)))


@contextmanager
def misses_counted(request: Any) -> Iterator[None]:
    """Count a short address that leads nowhere; one that leads somewhere does not count.

    :raises core.errors.TooManyAttempts: before anything is looked up, when there were too many
    """
    who = address_of(request)
    OPEN_SHORT.take(who)
    yield
    OPEN_SHORT.give_back(who)


def wait(request: Any) -> None:
    """Count an attempt to join a waiting list, or to be told of a free time.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    person = request.user
    if getattr(person, "is_partner", False):
        return
    limit, who = (
        (WAIT_BY_PERSON, str(person.pk)) if isinstance(person, User) else (WAIT_BY_ADDRESS, address_of(request))
    )
    note(request, limit.take(who))


def order_tickets(request: Any, *, at_the_desk: bool = False) -> None:
    """Count an attempt to order tickets.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    person = request.user
    if getattr(person, "is_partner", False):
        return
    if not isinstance(person, User):
        note(request, TICKETS_BY_ADDRESS.take(address_of(request)))
    elif at_the_desk:
        note(request, BOOK_AT_THE_DESK.take(str(person.pk)))
    else:
        note(request, TICKETS_BY_PERSON.take(str(person.pk)))


def admit(request: Any) -> None:
    """Count a code that was shown at the door.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    if not getattr(request.user, "is_partner", False):
        note(request, ADMIT.take(str(request.user.pk)))


def pass_on(request: Any, order_id: int) -> None:
    """Count a ticket of an order that is passed on.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    if not getattr(request.user, "is_partner", False):
        note(request, PASS_ON_BY_ADDRESS.take(address_of(request)))
    note(request, PASS_ON_BY_ORDER.take(str(order_id)))
