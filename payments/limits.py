"""How often one may begin to pay, and look whether a payment has come."""

from typing import Any

from accounts.models import User
from core.limits import Limit, address_of, note

PAY_BY_PERSON = Limit("pay.person", most=10, seconds=60, spreads_load=True)
# A whole mobile network may stand behind one address.
PAY_BY_ADDRESS = Limit("pay.address", most=60, seconds=60, spreads_load=True)
# Each opens a page at a gateway: of one thing nobody needs many.
PAY_FOR_ONE = Limit("pay.request", most=12, seconds=600, spreads_load=True)
# Links cannot be guessed; this only keeps a program from trying for ever.
OPEN_LINK = Limit("pay.link", most=120, seconds=60, spreads_load=True)
# Asking the gateway on a payer's behalf; between these the page shows what is known.
ASK_GATEWAY = Limit("pay.ask", most=1, seconds=3, spreads_load=True)
# Whose account a number is, is told to owners who name theirs, and not to whoever wants to know of many.
LOOK_UP_ACCOUNT = Limit("payout.lookup", most=10, seconds=3600)


def pay(request: Any, request_id: int) -> None:
    """Count an attempt to begin to pay.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    note(request, PAY_FOR_ONE.take(str(request_id)))
    if isinstance(request.user, User):
        note(request, PAY_BY_PERSON.take(str(request.user.pk)))
    elif not getattr(request.user, "is_partner", False):
        note(request, PAY_BY_ADDRESS.take(address_of(request)))


def open_link(request: Any) -> None:
    """Count a look by a link that opens nothing.

    :raises core.errors.TooManyAttempts: when there were too many
    """
    note(request, OPEN_LINK.take(address_of(request)))
