"""Whose a gateway's subaccount is: whoever keeps payout details says so when it starts."""

from collections.abc import Callable

Namer = Callable[[str, str], int | None]
_namers: list[Namer] = []


def name_houses(namer: Namer) -> None:
    """Have this asked for the restaurant's key, given the gateway and the code of a subaccount; None if unknown."""
    if namer not in _namers:
        _namers.append(namer)


def house_of(gateway: str, subaccount: str) -> int | None:
    """Return the key of the restaurant whose subaccount this is; None where nobody knows."""
    return next((house for namer in _namers if (house := namer(gateway, subaccount)) is not None), None)
