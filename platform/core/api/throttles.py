"""How often anybody may call the API at all. What can be guessed or is dear has tighter limits, where it stands."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.limits import Limit, address_of, note

# Mobile networks put thousands of people behind one address: what they share is wide.
BY_ADDRESS = Limit("api.address", most=1200, seconds=60, spreads_load=True)
BY_PERSON = Limit("api.person", most=600, seconds=60, spreads_load=True)


class Everybody(BaseThrottle):
    """Strangers by address, people by account; partner apps have limits of their own, by client and plan."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """:raises core.errors.TooManyAttempts: told as a problem, with `Retry-After`"""
        person = request.user
        if getattr(person, "is_partner", False):
            return True
        if person is not None and person.is_authenticated:
            note(request, BY_PERSON.take(str(person.pk)))
        else:
            note(request, BY_ADDRESS.take(address_of(request)))
        return True
