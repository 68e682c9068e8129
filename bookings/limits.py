"""How often one may search, look for free times and book. Finding a booking by its code: bookings.lookup.

None of them keeps a secret, so they go on in each process for itself while Redis is away, as booking does.
"""

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
