"""Nigerian banks by their code, and whom the published test accounts belong to."""

BANKS = {
    "044": "ACCESS BANK NIGERIA",
    "023": "CITIBANK NIGERIA",
    "050": "ECOBANK NIGERIA",
    "070": "FIDELITY BANK",
    "011": "FIRST BANK OF NIGERIA",
    "214": "FIRST CITY MONUMENT BANK",
    "058": "GUARANTY TRUST BANK",
    "030": "HERITAGE BANK",
    "301": "JAIZ BANK",
    "082": "KEYSTONE BANK",
    "50211": "KUDA MICROFINANCE BANK",
    "50515": "MONIEPOINT MICROFINANCE BANK",
    "999992": "OPAY",
    "999991": "PALMPAY",
    "076": "POLARIS BANK",
    "101": "PROVIDUS BANK",
    "221": "STANBIC IBTC BANK",
    "068": "STANDARD CHARTERED BANK",
    "232": "STERLING BANK",
    "100": "SUNTRUST BANK",
    "032": "UNION BANK OF NIGERIA",
    "033": "UNITED BANK FOR AFRICA",
    "215": "UNITY BANK",
    "035": "WEMA BANK",
    "057": "ZENITH BANK",
}
# The bank that keeps the accounts which people are told to send money to.
COLLECTING = "035"
_FIRST = ("Ada", "Bola", "Chidi", "Efe", "Funmi", "Ibrahim", "Kemi", "Musa", "Ngozi", "Tunde")
_LAST = ("Demo", "Sample", "Example", "Test", "Trial", "Specimen", "Pattern", "Model", "Draft", "Mockup")


def holder(account_number: str) -> str | None:
    """Return a plainly invented name for an account of ten digits, the same each time; None for what is no account."""
    if len(account_number) != 10 or not account_number.isdecimal() or account_number == "0000000000":
        return None
    return f"{_FIRST[int(account_number[-1])]} {_LAST[int(account_number[-2])]}"
