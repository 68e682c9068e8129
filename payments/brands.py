"""What the makers of cards call themselves: gateways write it as they like."""

NAMES = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "master": "Mastercard",
    "verve": "Verve",
    "amex": "American Express",
    "american express": "American Express",
    "afrigo": "AfriGo",
    "discover": "Discover",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


def brand_name(brand: str) -> str:
    """Return a brand as it is printed on the card; one that we do not know, as the gateway wrote it."""
    return NAMES.get(brand.strip().lower(), brand)
