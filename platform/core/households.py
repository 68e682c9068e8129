"""Internet addresses as Buka counts, keeps and shows them: of IPv6 the /64 that one household has."""

import ipaddress

LOOPBACK = "::1"
PREFIX = 64


def household(text: str) -> str:
    """Return what stands for an address: an IPv4 address, the first of an IPv6 household's, or the text if it is none.

    This computer's own stays itself.
    """
    address = _parsed(text)
    if isinstance(address, ipaddress.IPv6Address) and not address.is_loopback:
        return str(_network(address).network_address)
    return str(text if address is None else address)


def readable(text: str) -> str:
    """Return an address, or what household() made of one, as people are shown it: an IPv6 household by its prefix."""
    address = _parsed(text)
    if not isinstance(address, ipaddress.IPv6Address):
        return household(text)
    # Nobody asks from the address without digits: it is what this computer's own was kept as.
    return LOOPBACK if address.is_loopback or address.is_unspecified else str(_network(address))


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _network(address: ipaddress.IPv6Address) -> ipaddress.IPv6Network:
    # By number: a zone ("%eth0") is nothing that a network has.
    return ipaddress.IPv6Network((int(address), PREFIX), strict=False)
