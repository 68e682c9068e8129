"""Those among whom a merchant's payments are divided."""

import secrets
from decimal import Decimal

from sandbox.flutterwave import banks, fields, splits
from sandbox.flutterwave.callers import Caller
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import Subaccount
from sandbox.gateways import clock
from sandbox.gateways.store import writing

UNKNOWN = "Subaccount not found"


@writing()
def make(caller: Caller, asked: fields.Asked) -> Subaccount:
    """Make a subaccount.

    :raises Refused: when something is missing or makes no sense, or the bank account has one already
    """
    row = Subaccount(
        merchant=caller.name,
        mode=caller.mode,
        subaccount_id=f"RS_{secrets.token_hex(16).upper()}",
        country=fields.text(asked, "country", most=2, is_required=False).upper() or "NG",
        business_name=fields.text(asked, "business_name", most=100),
        business_mobile=fields.text(asked, "business_mobile", most=40),
        account_bank=_bank(asked),
        account_number=_account(asked),
        split_type=_split_type(asked) or splits.PERCENTAGE,
        meta=fields.plain(asked.get("meta")),
        created_at=clock.now(),
    )
    if asked.get("split_value") in (None, ""):
        raise Refused("split_value is required")
    row.split_value = _split_value(asked, row.split_type)
    _take_contacts(row, asked)
    same = Subaccount.objects.filter(caller.owns(), account_bank=row.account_bank, account_number=row.account_number)
    if same.exists():
        raise Refused("A subaccount with the account number and bank already exists")
    row.save()
    return row


def find(caller: Caller, given: str) -> Subaccount:
    """Return a merchant's subaccount by either of its ids.

    :raises Refused: when there is none
    """
    theirs = Subaccount.objects.filter(caller.owns())
    row = theirs.filter(subaccount_id=given).first() or theirs.filter(pk=fields.row_id(given)).first()
    if row is None:
        raise Refused(UNKNOWN)
    return row


@writing()
def change(caller: Caller, given: str, asked: fields.Asked) -> Subaccount:
    """Change what is sent, and leave the rest.

    :raises Refused: when there is no such subaccount, or a field makes no sense
    """
    row = find(caller, given)
    row.business_name = fields.text(asked, "business_name", most=100, is_required=False) or row.business_name
    row.business_mobile = fields.text(asked, "business_mobile", most=40, is_required=False) or row.business_mobile
    if asked.get("account_bank"):
        row.account_bank = _bank(asked)
    if asked.get("account_number"):
        row.account_number = _account(asked)
    row.split_type = _split_type(asked) or row.split_type
    if asked.get("split_value") not in (None, ""):
        row.split_value = _split_value(asked, row.split_type)
    _take_contacts(row, asked)
    row.save()
    return row


@writing()
def delete(caller: Caller, given: str) -> None:
    """Delete a subaccount; what was shared with it stays so.

    :raises Refused: when there is none
    """
    find(caller, given).delete()


def _bank(asked: fields.Asked) -> str:
    code = fields.text(asked, "account_bank", most=11)
    if code not in banks.BANKS:
        raise Refused("Sorry we couldn't find the bank you passed")
    return code


def _account(asked: fields.Asked) -> str:
    account_number = fields.text(asked, "account_number", most=20)
    if banks.holder(account_number) is None:
        raise Refused("Sorry we couldn't verify your account number kindly pass a valid account number.")
    return account_number


def _split_type(asked: fields.Asked) -> str:
    kind = fields.text(asked, "split_type", most=20, is_required=False)
    if kind and kind not in (splits.PERCENTAGE, splits.FLAT):
        raise Refused("split_type must be one of percentage, flat")
    return kind


def _split_value(asked: fields.Asked, split_type: str) -> Decimal:
    value = splits.number(asked["split_value"], "split_value")
    if split_type == splits.PERCENTAGE and value > 1:
        # Half is 0.5: whoever writes 50 would give fifty times the payment away.
        raise Refused("split_value must be less than or equal to 1")
    return value


def _take_contacts(row: Subaccount, asked: fields.Asked) -> None:
    if asked.get("business_email"):
        row.business_email = fields.email(asked, "business_email")
    for name in ("business_contact", "business_contact_mobile"):
        setattr(row, name, fields.text(asked, name, most=100, is_required=False) or getattr(row, name))
