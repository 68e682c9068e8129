"""From the identifier that the world knows to the key that rows are joined by.

The two never change for a restaurant, so a process remembers them; whether it is public is asked elsewhere.
"""

from uuid import UUID

from restaurants.models import Restaurant

_REMEMBERED = 50_000
_known: dict[UUID, int] = {}


def key_of(public_id: UUID) -> int | None:
    """Return the key of a restaurant, whatever its status; None when there is none such. No query the second time."""
    key = _known.get(public_id)
    if key is None:
        key = Restaurant.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
        if key is not None:
            if len(_known) >= _REMEMBERED:
                _known.clear()
            _known[public_id] = key
    return key
