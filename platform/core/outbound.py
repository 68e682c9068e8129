"""What may leave this machine: demo people have made-up numbers, and a desk at home moves no money."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings


def leads_elsewhere(url: str) -> bool:
    """Tell whether an address must not be asked from here: OUTBOUND_BLOCKED is on, and it is on another machine."""
    return bool(settings.OUTBOUND_BLOCKED) and not is_loopback(urlsplit(url).hostname or "")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
