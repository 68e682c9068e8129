"""What the kit asks of a gateway. Each registers itself when its app is ready; the kit imports none of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from sandbox.gateways.merchants import Merchant
from sandbox.gateways.till import Till

NAMES = ("paystack", "flutterwave")
# Routes of fault rules that are not an address of a gateway's interface.
EVERYWHERE, WEBHOOK, CHECKOUT = "*", "webhook", "checkout"


@dataclass(frozen=True)
class PaymentLine:
    """One transaction as reconciliation wants it; sums are in kobo, or the hundredth of another currency."""

    id: int
    reference: str
    merchant: str
    mode: str
    currency: str
    status: str
    # Whether its money came in, whatever has become of it since.
    is_paid: bool
    # What came in; 0 while nothing has.
    amount_kobo: int
    # Refunds that have not failed.
    refunded_kobo: int
    fee_kobo: int
    # What the payer's bank took back.
    disputed_kobo: int = 0


@dataclass(frozen=True)
class Gateway:
    name: str
    title: str
    # The module of its addresses: their names are the routes that fault rules speak of.
    urls: str
    till: Till
    # The headers that prove a webhook, from the merchant, the mode and the exact bytes.
    sign: Callable[[Merchant, str, bytes], dict[str, str]]
    # When to try again after so many attempts, the webhook being so many seconds old; None: no more.
    retry_after: Callable[[str, int, float], float | None]
    # How long it waits for a receiver's answer, by mode.
    patience_seconds: Callable[[str], float]
    # The transactions with a greater id, in its order, at most so many.
    payments: Callable[[int, int], Iterable[PaymentLine]]
    forget: Callable[[], None]
    # What an error looks like: content type and body by HTTP status.
    error: Callable[[int], tuple[str, str]]
    # What rows of `due` do, by the name of the action.
    actions: Mapping[str, Callable[..., None]] = field(default_factory=dict)
    # Kinds of faults of which the effect stands although the answer is an error.
    stands_despite: frozenset[str] = frozenset()

    def routes(self) -> set[str]:
        """Return the names of its addresses; a view with `routes` is named by method instead."""
        patterns: Any = import_module(self.urls).urlpatterns
        # Its page and its controls are not the gateway's interface.
        patterns = [each for each in patterns if str(each.pattern) and not str(each.pattern).startswith("api/")]
        views = [getattr(pattern, "callback", None) for pattern in patterns]
        by_method = {name for view in views for name in getattr(view, "routes", {}).values()}
        return by_method | {pattern.name for pattern in patterns if getattr(pattern, "name", None)}


GATEWAYS: dict[str, Gateway] = {}


def register(gateway: Gateway) -> None:
    GATEWAYS[gateway.name] = gateway
