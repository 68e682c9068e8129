"""The test cards and accounts that Paystack publishes, with what each does."""

from sandbox.gateways.till import BANK, BANK_PAGE, BIRTHDAY, DECLINED, OTP, PHONE, PIN, Instrument

INSTRUMENTS = {
    each.name: each
    for each in (
        Instrument("success", "4084 0840 8408 4081", "Pays at once; can be saved", cvv="408"),
        Instrument(
            "pin", "5078 5078 5078 5078 12", "Pays after its PIN", brand="verve", cvv="081",
            steps=(PIN,), answers={PIN: "1111"},
        ),
        Instrument(
            "pin-otp", "5060 6666 6666 6666 666", "Pays after its PIN and a one-time code", brand="verve", cvv="123",
            steps=(PIN, OTP), answers={PIN: "1234", OTP: "123456"},
        ),
        Instrument(
            "pin-phone-otp", "5078 5078 5078 5078 04", "Pays after its PIN, a phone number and a one-time code",
            brand="verve", cvv="884", steps=(PIN, PHONE, OTP), answers={PIN: "0000", OTP: "123456"},
        ),
        Instrument(
            "bank-page", "5192 6027 2058 4796", "Asks on a page of the bank; can be saved, and asks again when charged",
            brand="mastercard", cvv="123", steps=(BANK_PAGE,),
        ),
        Instrument(
            "declined", "4084 0800 0000 5408", "Is declined", cvv="001", outcome=DECLINED, reason="Declined",
        ),
        Instrument(
            "no-token", "5078 5078 5078 5078 53", "Gets no token from the bank", brand="verve", cvv="082",
            steps=(PIN,), answers={PIN: "0000"}, outcome=DECLINED,
            reason="Token Not Generated. Customer Not Registered",
        ),
        Instrument(
            "insufficient-funds", "4084 0800 0067 0037", "Has not enough money", cvv="787",
            outcome=DECLINED, reason="Insufficient Funds",
        ),
        Instrument("refund-fails", "4084 0800 0067 1803", "Pays at once; refunds fail", cvv="180", refunds="failed"),
        Instrument(
            "refund-needs-attention", "4084 0800 0067 1902", "Pays at once; refunds need attention", cvv="190",
            refunds="needs-attention",
        ),
        Instrument(
            "zenith", "0000000000", "Pays after a date of birth and a one-time code", kind=BANK, brand="Zenith Bank",
            bank="Zenith Bank", steps=(BIRTHDAY, OTP), answers={BIRTHDAY: "2007-04-15", OTP: "123456"},
            is_reusable=False,
        ),
        Instrument(
            "kuda", "+2348100000000", "Pays after a token of the Kuda app", kind=BANK, brand="Kuda Bank",
            bank="Kuda Bank", steps=(OTP,), answers={OTP: "123456"}, is_reusable=False,
        ),
        Instrument(
            "bank-refund-fails", "1012204936", "Pays at once; refunds fail", kind=BANK, brand="Zenith Bank",
            bank="Zenith Bank", refunds="failed", is_reusable=False,
        ),
        Instrument(
            "bank-refund-needs-attention", "1012204935", "Pays at once; refunds need attention", kind=BANK,
            brand="Zenith Bank", bank="Zenith Bank", refunds="needs-attention", is_reusable=False,
        ),
    )
}  # fmt: skip
