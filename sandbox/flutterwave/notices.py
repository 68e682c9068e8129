"""Webhooks: what merchants are told, in which shape."""

from typing import Any

from sandbox.flutterwave import shapes
from sandbox.flutterwave.models import Preferences, Refund, Transaction, Transfer
from sandbox.gateways import hooks
from sandbox.gateways.merchants import MERCHANTS

CHARGED, REFUNDED, TRANSFERRED, SELF_TEST = "charge.completed", "refund", "transfer.completed", "test_assess"
# Three more tries, half an hour apart, where the merchant wants them.
RETRIES, RETRY_SECONDS = 3, 1800.0
PATIENCE_SECONDS = 60.0
# In other words: an id of the other mode, which the key of this mode does not find.
OTHER_MODE = 10**9


def charged(row: Transaction) -> None:
    """Tell of a charge that ended, well or not; call it in the transaction that ends it."""

    def build(spoilt: frozenset[str]) -> dict[str, Any]:
        if "legacy_shape" in spoilt:
            said = shapes.charge_completed_of_old(row)
            return _spoilt(said, said, spoilt)
        said = shapes.charge_completed(row)
        return _spoilt(said, said["data"], spoilt)

    _announce(row, CHARGED, row.tx_ref, build)


def refunded(row: Refund) -> None:
    """Tell of a refund, if the account has that switched on."""
    if not Preferences.current().tells_of_refunds:
        return

    def build(spoilt: frozenset[str]) -> dict[str, Any]:
        said = shapes.refund_news(row)
        if "omit_refund_id" in spoilt:
            del said["id"]
        return _spoilt(said, said, spoilt)

    _announce(row.transaction, REFUNDED, row.transaction.tx_ref, build)


def transferred(row: Transfer) -> None:
    """Tell of money that has reached a bank account, or has not."""

    def build(spoilt: frozenset[str]) -> dict[str, Any]:
        said = shapes.transfer_completed(row)
        return _spoilt(said, said["data"], spoilt)

    _announce(row, TRANSFERRED, row.reference, build)


def try_out(merchant: str, mode: str) -> None:
    """Send what the dashboard sends when a merchant tries their address."""
    hooks.announce(
        merchant=MERCHANTS[merchant], mode=mode, event=SELF_TEST, reference="", build=lambda _spoilt: shapes.self_test()
    )


def _announce(row: Transaction | Transfer, event: str, reference: str, build: Any) -> None:
    hooks.announce(merchant=MERCHANTS[row.merchant], mode=row.mode, event=event, reference=reference, build=build)


def _spoilt(said: dict[str, Any], inner: dict[str, Any], spoilt: frozenset[str]) -> dict[str, Any]:
    """Return what is said, with the faults played on the part that holds id and sums."""
    if "string_amount" in spoilt:
        for key, value in list(inner.items()):
            if "amount" in key.lower() and isinstance(value, int | float):
                inner[key] = f"{value:.2f}".removesuffix(".00")
    if "wrong_mode" in spoilt and "id" in inner:
        inner["id"] += OTHER_MODE
    return said


def retry_after(_mode: str, attempts: int, _age_seconds: float) -> float | None:
    """Return when to try again after so many attempts; None: not at all."""
    return RETRY_SECONDS if attempts <= RETRIES and Preferences.current().retries_webhooks else None
