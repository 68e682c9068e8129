"""Which peers are proxies of ours. Knows no Django: the settings are read with it."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

UNIX = "unix"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotOneAddress(ValueError):
    """A trusted proxy sent something that is not one address: it is set up wrongly."""


@dataclass(frozen=True)
class TrustedProxies:
    """The peers that may say whom they speak for."""

    networks: tuple[Network, ...] = ()
    # A peer on a unix socket has no address; only processes of this machine can be there.
    unix_socket: bool = False

    def __bool__(self) -> bool:
        return bool(self.networks) or self.unix_socket

    @classmethod
    def of(cls, entries: Iterable[str]) -> "TrustedProxies":
        """:raises ValueError: naming the entry that is neither a network nor `unix`"""
        written = [entry.strip() for entry in entries if entry.strip()]
        networks = tuple(ipaddress.ip_network(entry) for entry in written if entry != UNIX)
        return cls(networks, UNIX in written)

    def include(self, peer: str) -> bool:
        if not peer:
            return self.unix_socket
        address = _address(peer)
        return address is not None and any(address in network for network in self.networks)

    def client(self, peer: str, named: str | None) -> str:
        """Return the address that counts.

        :param peer: who is connected, empty on a unix socket
        :param named: what `X-Real-IP` says, None where it is missing
        :raises NotOneAddress: when a trusted peer names something else than one address
        """
        if named is None or not self.include(peer):
            return peer
        address = _address(named.strip())
        if address is None:
            raise NotOneAddress(named)
        return str(address)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
