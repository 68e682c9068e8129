"""Which gateways Buka has an account at, made of the settings each time they are asked for."""

from collections.abc import Callable

from django.conf import settings

from payments.gateways.base import Gateway
from payments.gateways.calling import Line
from payments.gateways.circuit import Circuit
from payments.gateways.flutterwave import Flutterwave
from payments.gateways.paystack import Paystack

# Flutterwave gives up after 28 seconds and says so: that is waited for.
FLUTTERWAVE_CREATE_SECONDS = 30.0


class NoSuchGateway(LookupError):
    """Buka has no account there: nothing can be asked."""


def gateways() -> dict[str, Gateway]:
    """Return who may be offered to payers, the one that is asked first first; empty where nobody takes payments."""
    return {name: gateway(name) for name in settings.PAYMENT_GATEWAYS}


def is_paid_online() -> bool:
    """Tell whether anybody takes payments here."""
    return bool(settings.PAYMENT_GATEWAYS)


def gateway(name: str) -> Gateway:
    """Return one of them, also one that is no longer offered: what it took it can still be asked about.

    :raises NoSuchGateway: when there is no key for it
    """
    make = MAKERS.get(name)
    made = make() if make else None
    if made is None:
        raise NoSuchGateway(name)
    return made


def _paystack() -> Gateway | None:
    key = settings.PAYSTACK_SECRET_KEY
    if not key:
        return None
    line = Line("paystack", settings.PAYSTACK_BASE_URL, key, Circuit("paystack"))
    return Paystack(line=line, key=key, previous_keys=tuple(settings.PAYSTACK_PREVIOUS_SECRET_KEYS))


def _flutterwave() -> Gateway | None:
    key = settings.FLUTTERWAVE_SECRET_KEY
    if not key:
        return None
    line = Line(
        "flutterwave",
        settings.FLUTTERWAVE_BASE_URL,
        key,
        Circuit("flutterwave"),
        create_seconds=FLUTTERWAVE_CREATE_SECONDS,
    )
    return Flutterwave(
        line=line,
        key=key,
        secret_hash=settings.FLUTTERWAVE_SECRET_HASH,
        previous_hashes=tuple(settings.FLUTTERWAVE_PREVIOUS_SECRET_HASHES),
    )


MAKERS: dict[str, Callable[[], Gateway | None]] = {"paystack": _paystack, "flutterwave": _flutterwave}
