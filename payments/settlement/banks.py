"""Banks at which a house may be paid, and what an account number says of itself.

The codes are those that both gateways take: the Central Bank's of three digits for commercial banks, and longer ones
for microfinance banks and payment service banks.
"""

import re

BANKS = {
    "044": "Access Bank",
    "063": "Access Bank (Diamond)",
    "023": "Citibank Nigeria",
    "050": "Ecobank Nigeria",
    "070": "Fidelity Bank",
    "011": "First Bank of Nigeria",
    "214": "First City Monument Bank",
    "00103": "Globus Bank",
    "058": "Guaranty Trust Bank",
    "301": "Jaiz Bank",
    "082": "Keystone Bank",
    "50211": "Kuda Bank",
    "50515": "Moniepoint Microfinance Bank",
    "999992": "OPay",
    "526": "Parallex Bank",
    "999991": "PalmPay",
    "076": "Polaris Bank",
    "101": "Providus Bank",
    "221": "Stanbic IBTC Bank",
    "068": "Standard Chartered Bank",
    "232": "Sterling Bank",
    "100": "SunTrust Bank",
    "302": "TAJBank",
    "102": "Titan Trust Bank",
    "032": "Union Bank of Nigeria",
    "033": "United Bank For Africa",
    "215": "Unity Bank",
    "566": "VFD Microfinance Bank",
    "035": "Wema Bank",
    "057": "Zenith Bank",
}
NUBAN = re.compile(r"\d{10}", re.ASCII)
# 3, 7, 3 over the bank's three digits and over the nine of the serial number.
_WEIGHTS = (3, 7, 3) * 4


def bank_name(code: str) -> str:
    """Return what a bank is called; its code where it is not on our list."""
    return BANKS.get(code, code)


def choices() -> list[tuple[str, str]]:
    """Return the banks by name, for a form."""
    return sorted(BANKS.items(), key=lambda bank: bank[1].casefold())


def check_digit(bank_code: str, serial: str) -> int:
    """Return the last digit that an account of this bank has: the Central Bank's rule of 2010 for NUBAN.

    Each digit of bank code and serial number counts 3, 7 or 3 times; the check digit fills the sum up to a ten.

    :param bank_code: three digits
    :param serial: the first nine digits of the account number
    """
    total = sum(int(digit) * weight for digit, weight in zip(bank_code + serial, _WEIGHTS, strict=True))
    return -total % 10


def looks_mistyped(bank_code: str, number: str) -> bool:
    """Tell whether an account number's check digit is wrong.

    It is a reason to look again and not to refuse: only commercial banks have codes of three digits, and accounts that
    are older than the rule, or phone numbers of wallets, do not follow it. Whose account it is the bank says.
    """
    if len(bank_code) != 3 or not NUBAN.fullmatch(number):
        return False
    return check_digit(bank_code, number[:9]) != int(number[9])
