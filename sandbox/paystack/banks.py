"""The banks that Paystack lists, and the names of accounts."""

from sandbox.paystack.endpoint import Ask, Problem, Said

# By code: name, slug and Paystack's own number.
BANKS = {
    "044": ("Access Bank", "access-bank", 1),
    "050": ("Ecobank Nigeria", "ecobank-nigeria", 4),
    "070": ("Fidelity Bank", "fidelity-bank", 6),
    "011": ("First Bank of Nigeria", "first-bank-of-nigeria", 7),
    "058": ("Guaranty Trust Bank", "guaranty-trust-bank", 9),
    "50211": ("Kuda Bank", "kuda-bank", 67),
    "033": ("United Bank For Africa", "united-bank-for-africa", 18),
    "057": ("Zenith Bank", "zenith-bank", 21),
    "001": ("Test Bank", "test-bank", 24),
}


def listed(ask: Ask) -> Said:
    meta = {"next": None, "previous": None, "perPage": len(BANKS)}
    return Said("Banks retrieved", [shape(code) for code in BANKS], meta)


def shape(code: str) -> dict[str, object]:
    name, slug, number = BANKS[code]
    return {
        "id": number,
        "name": name,
        "slug": slug,
        "code": code,
        "longcode": "",
        "gateway": None,
        "pay_with_bank": code in ("057", "50211"),
        "active": True,
        "country": "Nigeria",
        "currency": "NGN",
        "type": "nuban",
        "is_deleted": False,
        "createdAt": "2020-01-01T00:00:00.000Z",
        "updatedAt": "2020-01-01T00:00:00.000Z",
    }


def resolve(ask: Ask) -> Said:
    """Answer whose account it is; numbers that end in 404 are nobody's."""
    number, code = ask.query.get("account_number", ""), ask.query.get("bank_code", "")
    if code not in BANKS:
        raise Problem("Unknown bank code: " + code[:10], status=422, code="unknown_bank_code", next_step="List banks")
    if not (number.isdecimal() and len(number) == 10) or number.endswith("404"):
        raise Problem(
            "Could not resolve account name. Check parameters or try again.",
            status=422,
            code="invalid_bank_code",
            next_step="Check the account number",
        )
    data = {"account_number": number, "account_name": f"DEMO ACCOUNT {number[-4:]}", "bank_id": BANKS[code][2]}
    return Said("Account number resolved", data)
