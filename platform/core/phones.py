"""Telephone numbers: stored as E.164, shown the national way, hidden where a stranger might look."""

import re
import unicodedata

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

REGION = "NG"
_LONGEST = 40
_PLAUSIBLE = re.compile(r"^[+(]?[\d\s().\-/+]*$")
# Lagos and the other cities got new landline numbers in 2023: 01 xxx xxxx became 0201 xxx xxxx.
_OLD_LAGOS = re.compile(r"^(?:(?:\+|00)?234)?0?1[2-9]\d{6}$")
_CAN_GET_MESSAGES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def normalise(text: str, region: str = REGION) -> str:
    """Return the number as E.164, `+2348031234567`; numbers of other countries are welcome with their `+` and code.

    Service lines (0700, 0800) are real numbers and pass; ask receives_sms() before writing to one.

    :raises ValidationError: with a sentence that says what to write instead; its `code` is `phone_…`
    """
    digits = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).strip()
    digits = "".join(character for character in digits if unicodedata.category(character) not in ("Cf", "Zs"))
    # People write +44 (0)20 …: the nought in brackets is dialled at home only.
    digits = digits.replace("(0)", "", 1) if digits.startswith(("+", "00")) else digits
    if not digits:
        raise ValidationError(_("Write a phone number, for example 0803 123 4567."), code="phone_missing")
    if len(text) > _LONGEST or not _PLAUSIBLE.match(digits):
        raise ValidationError(
            _("Write the phone number with digits only, for example 0803 123 4567 or +44 20 7946 0123."),
            code="phone_characters",
        )
    bare = re.sub(r"[^\d+]", "", digits)
    if region == REGION and bare.startswith("00"):
        bare = "+" + bare[2:]
    if region == REGION and _OLD_LAGOS.match(bare):
        raise ValidationError(
            _("Lagos landlines were renumbered in 2023: write 0201 in place of 01, for example 0201 234 5678."),
            code="phone_renumbered",
        )
    try:
        number = phonenumbers.parse(bare, region)
    except NumberParseException as error:
        raise ValidationError(
            _("This is not a phone number we know. Write it as 0803 123 4567, or with + and the country code."),
            code="phone_unknown",
        ) from error
    if not phonenumbers.is_valid_number(number):
        if number.country_code == phonenumbers.country_code_for_region(REGION):
            raise ValidationError(
                _(
                    "This is not a Nigerian phone number. Mobiles have eleven digits and begin with "
                    "070, 080, 081, 090 or 091."
                ),
                code="phone_not_nigerian",
            )
        raise ValidationError(
            _("This phone number is not valid in its country. Please check the digits after the country code."),
            code="phone_not_valid",
        )
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def national(e164: str) -> str:
    """Return a stored number as people in Nigeria write it: `0803 123 4567`; foreign ones keep their country code."""
    number = _parsed(e164)
    if number is None:
        return e164
    wanted = PhoneNumberFormat.NATIONAL if is_at_home(e164) else PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(number, wanted))


def is_at_home(e164: str) -> bool:
    """Tell whether a stored number is one of this country, where a text message costs little."""
    number = _parsed(e164)
    return number is not None and number.country_code == phonenumbers.country_code_for_region(REGION)


def mask(e164: str) -> str:
    """Return a stored number with its middle hidden, for lists and logs: `0803 ••• ••67`."""
    shown = national(e164)
    places = [index for index, character in enumerate(shown) if character.isdigit()]
    hidden = set(places[4:-2] if len(places) > 6 else places)
    return "".join("•" if index in hidden else character for index, character in enumerate(shown))


def receives_sms(e164: str) -> bool:
    """Tell whether a text message can reach the number; service lines and landlines cannot get one."""
    number = _parsed(e164)
    return number is not None and phonenumbers.number_type(number) in _CAN_GET_MESSAGES


def _parsed(e164: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(e164, None)
    except NumberParseException:
        return None
