"""With whom the books have to agree. Those who know say so when they start:

    agreements.register(Invariant("payments.captured", 3, "What was captured stands in the books.", sql("SELECT …")))

`check_ledger` asks them, and only it: a difference between two records of the same money is for a person to look into,
and says nothing yet of which of them is right.
"""

from django.core.exceptions import ImproperlyConfigured

from core.invariants import Invariant

_registered: dict[str, Invariant] = {}


def register(agreement: Invariant) -> None:
    """Have `check_ledger` ask this as well.

    :raises ImproperlyConfigured: when another one has this name
    """
    if _registered.setdefault(agreement.name, agreement) is not agreement:
        raise ImproperlyConfigured(f"Two agreements are called {agreement.name}.")


def forget(name: str) -> None:
    """Do without one again."""
    _registered.pop(name, None)


def agreements() -> list[Invariant]:
    """Return what was registered, by name."""
    return [_registered[name] for name in sorted(_registered)]
