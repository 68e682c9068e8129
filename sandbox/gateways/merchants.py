"""Who may use the gateways: ours and a foreign merchant at each, with keys for test and live."""

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox import settings
from sandbox.gateways.models import Addresses

TEST, LIVE = "test", "live"


class BadAddress(Exception):
    """A merchant asked for an address that the sandbox does not send to."""


@dataclass(frozen=True)
class Merchant:
    # `paystack` and `flutterwave` are ours, `paystack-foreign` and `flutterwave-foreign` somebody else's.
    name: str
    gateway: str
    business_name: str
    integration: int
    secrets: Mapping[str, str]
    # Flutterwave's; the same in both modes.
    secret_hash: str = ""

    def public_key(self, mode: str) -> str:
        """Return what browsers use; as good as none for a server."""
        return self.secrets[mode].replace("sk_", "pk_", 1).replace("FLWSECK", "FLWPUBK", 1)

    @property
    def webhook_url(self) -> str:
        row = Addresses.objects.filter(merchant=self.name).first()
        if row and row.webhook_url:
            return row.webhook_url
        path = f"/api/webhooks/{self.gateway}"
        # A merchant of another business has its own place, where nobody listens.
        return f"{_buka()}{path}" if self.name == self.gateway else f"{_buka()}{path}-foreign"

    @property
    def callback_url(self) -> str:
        """Return where payers go when a payment names no place of its own; empty: nowhere."""
        row = Addresses.objects.filter(merchant=self.name).first()
        return row.callback_url if row else ""

    @property
    def other(self) -> "Merchant":
        """Return the other merchant of the same gateway."""
        return next(each for each in MERCHANTS.values() if each.gateway == self.gateway and each is not self)


def _buka() -> str:
    address = settings.BUKA_URL.rstrip("/")
    return address if is_here(address) else f"http://127.0.0.1:{settings.BUKA_PORT}"


MERCHANTS: dict[str, Merchant] = {
    merchant.name: merchant
    for merchant in (
        Merchant("paystack", "paystack", "Buka", 412829, settings.PAYSTACK_SECRETS["ours"]),
        Merchant("paystack-foreign", "paystack", "Somebody Else", 100204, settings.PAYSTACK_SECRETS["foreign"]),
        Merchant(
            "flutterwave",
            "flutterwave",
            "Buka",
            20937,
            settings.FLUTTERWAVE_SECRETS["ours"],
            settings.FLUTTERWAVE_SECRET_HASHES["ours"],
        ),
        Merchant(
            "flutterwave-foreign",
            "flutterwave",
            "Somebody Else",
            17321,
            settings.FLUTTERWAVE_SECRETS["foreign"],
            settings.FLUTTERWAVE_SECRET_HASHES["foreign"],
        ),
    )
}


def of_key(gateway: str, key: str) -> tuple[Merchant, str] | None:
    """Return whose secret key this is and in which mode, or None."""
    for merchant in MERCHANTS.values():
        for mode, secret in merchant.secrets.items():
            if merchant.gateway == gateway and secrets.compare_digest(key.encode(), secret.encode()):
                return merchant, mode
    return None


def change(name: str, *, webhook_url: str | None = None, callback_url: str | None = None) -> None:
    """Keep where a merchant wants its webhooks and its payers; an empty text is the default again.

    :raises BadAddress: for webhooks that would leave this machine
    """
    if webhook_url and not is_here(webhook_url):
        raise BadAddress("The sandbox sends webhooks to this machine only: http://127.0.0.1:…, http://localhost:….")
    given = {"webhook_url": webhook_url, "callback_url": callback_url}
    Addresses.objects.update_or_create(
        merchant=name, defaults={field: value[:500] for field, value in given.items() if value is not None}
    )


def is_here(address: str) -> bool:
    """Whether an address is one of this machine's own."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        return parts.scheme in ("http", "https") and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def as_json(merchant: Merchant) -> dict[str, str]:
    """Return what can be shown of a merchant: its keys cannot."""
    return {
        "name": merchant.name,
        "gateway": merchant.gateway,
        "business_name": merchant.business_name,
        "webhook_url": merchant.webhook_url,
        "callback_url": merchant.callback_url,
    }
