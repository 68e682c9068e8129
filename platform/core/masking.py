"""Enough of an address to recognise it, for lists and logs; core.phones.mask does the same for numbers."""


def mask_email(address: str) -> str:
    """Return an address to recognise and not to write to: `a••••@example.com`."""
    name, at, host = address.partition("@")
    return f"{name[:1]}••••{at}{host}" if address else ""
