"""The published test cards and the test account, and what each asks of whoever pays."""

from sandbox.gateways.till import ADDRESS, BANK, BANK_PAGE, DECLINED, OTP, PIN, Instrument

_ANSWERS = {PIN: "3310", OTP: "12345"}
_PIN, _3DS = (PIN, OTP), (BANK_PAGE, OTP)

# What verify tells of how a card was authorised.
AUTH_MODELS = {
    "pin": "PIN",
    "3ds": "VBVSECURECODE",
    "3ds_visa": "VBVSECURECODE",
    "verve": "PIN",
    "noauth": "NOAUTH",
    "avs": "AVS_VBVSECURECODE",
    "declined": "PIN",
    "insufficient": "PIN",
    "account": "AUTH",
}
# Whose payments keep the bank's last question as `processor_response` although they are paid: it is no status.
PROMPTS = {"3ds_visa": "Please enter the OTP sent to your mobile number 080****** and email pa**@example**.com"}
INSTRUMENTS = {
    each.name: each
    for each in (
        Instrument(
            "pin", "5531 8866 5214 2950", "Asks for a PIN and a code, then pays",
            steps=_PIN, answers=_ANSWERS, brand="mastercard", cvv="564", expires="09/32", bank="ACCESS BANK PLC",
        ),
        Instrument(
            "3ds", "5438 8980 1456 0229", "Asks on the bank's page, then for a code, then pays",
            steps=_3DS, answers=_ANSWERS, brand="mastercard", cvv="564", expires="10/31", bank="ZENITH BANK PLC",
        ),
        Instrument(
            "3ds_visa", "4187 4274 1556 4246", "Asks on the bank's page, then for a code, then pays",
            steps=_3DS, answers=_ANSWERS, cvv="828", expires="09/32", bank="ACCESS BANK PLC DEBIT CLASSIC",
        ),
        Instrument(
            "verve", "5061 4604 1012 0223 210", "Asks for a PIN and a code, then pays",
            steps=_PIN, answers=_ANSWERS, brand="verve", cvv="780", expires="10/31",
            bank="FIRST CITY MONUMENT BANK PLC",
        ),
        Instrument(
            "noauth", "5061 4601 6697 6054 667", "Asks nothing and pays",
            answers=_ANSWERS, brand="verve", cvv="564", expires="10/29", bank="FIRST CITY MONUMENT BANK PLC",
        ),
        Instrument(
            "avs", "4556 0527 0417 2643", "Asks for an address and a code, then pays",
            steps=(ADDRESS, OTP), answers=_ANSWERS, cvv="899", expires="09/32", bank="CREDIT AGRICOLE",
        ),
        # The page of test cards names failing ones too, but nobody has written them down: these two are our own.
        Instrument(
            "declined", "5399 8300 0000 0008", "Asks for a PIN and a code, then is declined",
            steps=_PIN, answers=_ANSWERS, outcome=DECLINED, reason="Do not honour",
            brand="mastercard", cvv="564", expires="09/32", bank="DEMO BANK",
        ),
        Instrument(
            "insufficient", "5399 8300 0000 0016", "Asks nothing and is declined for lack of money",
            answers=_ANSWERS, outcome=DECLINED, reason="Insufficient Funds",
            brand="mastercard", cvv="564", expires="09/32", bank="DEMO BANK",
        ),
        Instrument(
            "account", "0690000031", "An account at Access Bank: asks for a code, then pays",
            kind=BANK, steps=(OTP,), answers=_ANSWERS, bank="ACCESS BANK NIGERIA",
        ),
    )
}  # fmt: skip
