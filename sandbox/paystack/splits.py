"""Subaccounts and splits over the interface."""

from typing import Any

from sandbox.gateways import clock
from sandbox.paystack import shapes, sharing
from sandbox.paystack.banks import BANKS
from sandbox.paystack.endpoint import Ask, Problem, Said, needed, page_of
from sandbox.paystack.models import Split, Subaccount
from sandbox.paystack.rules import code

DETAILS = (
    "description",
    "primary_contact_name",
    "primary_contact_email",
    "primary_contact_phone",
    "metadata",
    "settlement_schedule",
)


def create_subaccount(ask: Ask) -> Said:
    name = needed(ask, "business_name", "Business name is required")
    bank = ask.text("settlement_bank") or needed(ask, "bank_code", "Settlement bank is required")
    number = needed(ask, "account_number", "Account number is required")
    row = Subaccount.objects.create(
        **ask.mine,
        code=code("ACCT_"),
        business_name=name[:200],
        bank_code=_bank(bank),
        account_number=_account(number),
        percentage_charge=_percentage(ask.data.get("percentage_charge")),
        details={name: ask.data[name] for name in DETAILS if ask.data.get(name) is not None},
        created_at=clock.now(),
    )
    return Said("Subaccount created", shapes.subaccount(row), status=201)


def _bank(given: str) -> str:
    # Older code sends the bank's name.
    found = next((key for key, bank in BANKS.items() if given in (key, bank[0], bank[1])), None)
    if found is None:
        raise Problem("Invalid bank code", code="invalid_bank_code", next_step="List banks")
    return found


def _account(number: str) -> str:
    if not (number.isdecimal() and len(number) == 10):
        raise Problem("Account details are invalid", code="invalid_account_number", next_step="Send ten digits")
    return number


def _percentage(given: Any) -> float:
    try:
        percentage = float(str(given))
    except ValueError:
        percentage = -1.0
    if not 0 <= percentage <= 100:
        raise Problem("Percentage charge is required", code="missing_params", next_step="Send a number from 0 to 100")
    return percentage


def find_subaccount(ask: Ask, wanted: str) -> Subaccount:
    rows = Subaccount.objects.filter(**ask.mine)
    row = rows.filter(code=wanted).first()
    if row is None and wanted.isdecimal() and len(wanted) < 16:
        row = rows.filter(pk=int(wanted)).first()
    if row is None:
        raise Problem("Subaccount not found", status=404, code="not_found", next_step="Check the code")
    return row


def fetch_subaccount(ask: Ask, wanted: str) -> Said:
    return Said("Subaccount retrieved", shapes.subaccount(find_subaccount(ask, wanted)))


def list_subaccounts(ask: Ask) -> Said:
    data, meta = page_of(ask, Subaccount.objects.filter(**ask.mine), shapes.subaccount_in_list)
    return Said("Subaccounts retrieved", data, meta)


def update_subaccount(ask: Ask, wanted: str) -> Said:
    row = find_subaccount(ask, wanted)
    row.business_name = ask.text("business_name", 200) or row.business_name
    bank = ask.text("settlement_bank") or ask.text("bank_code")
    row.bank_code = _bank(bank) if bank else row.bank_code
    number = ask.text("account_number")
    row.account_number = _account(number) if number else row.account_number
    if ask.data.get("percentage_charge") is not None:
        row.percentage_charge = _percentage(ask.data["percentage_charge"])
    if ask.data.get("active") is not None:
        row.is_active = str(ask.data["active"]).lower() in ("true", "1")
    row.details = row.details | {name: ask.data[name] for name in DETAILS if ask.data.get(name) is not None}
    row.save()
    return Said("Subaccount updated", shapes.subaccount(row))


def create_split(ask: Ask) -> Said:
    name = needed(ask, "name", "Name is required")
    type_ = needed(ask, "type", "Type is required")
    bearer = ask.text("bearer_type") or "account"
    now = clock.now()
    row = Split.objects.create(
        **ask.mine,
        code=code("SPL_", 10),
        name=name[:200],
        type=type_,
        currency=(ask.text("currency", 3) or "NGN").upper(),
        bearer_type=_bearer(bearer),
        bearer_subaccount=_of_whom(ask, bearer),
        subaccounts=sharing.checked_shares(ask, type_, ask.data.get("subaccounts")),
        created_at=now,
        updated_at=now,
    )
    return Said("Split created", shapes.split(row))


def _bearer(given: str) -> str:
    if given not in sharing.SPLIT_BEARERS:
        raise Problem(sharing.BAD_BEARER, code="invalid_params", next_step="Choose one of them")
    return given


def _of_whom(ask: Ask, bearer: str) -> str:
    if bearer != "subaccount":
        return ""
    return find_subaccount(ask, needed(ask, "bearer_subaccount", "Bearer subaccount is required")).code


def find_split(ask: Ask, wanted: str) -> Split:
    rows = Split.objects.filter(**ask.mine)
    row = rows.filter(code=wanted).first()
    if row is None and wanted.isdecimal() and len(wanted) < 16:
        row = rows.filter(pk=int(wanted)).first()
    if row is None:
        raise Problem("Split not found", status=404, code="not_found", next_step="Check the code")
    return row


def fetch_split(ask: Ask, wanted: str) -> Said:
    return Said("Split retrieved", shapes.split(find_split(ask, wanted)))


def list_splits(ask: Ask) -> Said:
    rows = Split.objects.filter(**ask.mine)
    if ask.query.get("name"):
        rows = rows.filter(name=ask.query["name"])
    if ask.query.get("active") in ("true", "false"):
        rows = rows.filter(is_active=ask.query["active"] == "true")
    data, meta = page_of(ask, rows, shapes.split)
    return Said("Split retrieved", data, meta)


def update_split(ask: Ask, wanted: str) -> Said:
    row = find_split(ask, wanted)
    row.name = ask.text("name", 200) or row.name
    if ask.data.get("active") is not None:
        row.is_active = str(ask.data["active"]).lower() in ("true", "1")
    if ask.text("bearer_type"):
        row.bearer_type = _bearer(ask.text("bearer_type"))
        row.bearer_subaccount = _of_whom(ask, row.bearer_type)
    row.updated_at = clock.now()
    row.save()
    return Said("Split group updated", shapes.split(row))


def add_to_split(ask: Ask, wanted: str) -> Said:
    """Add a subaccount, or give one that is there another share."""
    row = find_split(ask, wanted)
    given = {"subaccount": ask.data.get("subaccount"), "share": ask.data.get("share")}
    others = [one for one in row.subaccounts if one["subaccount"] != given["subaccount"]]
    row.subaccounts = sharing.checked_shares(ask, row.type, [*others, given])
    row.updated_at = clock.now()
    row.save()
    return Said("Subaccount added", shapes.split(row))


def remove_from_split(ask: Ask, wanted: str) -> Said:
    row = find_split(ask, wanted)
    row.subaccounts = [one for one in row.subaccounts if one["subaccount"] != ask.data.get("subaccount")]
    row.updated_at = clock.now()
    row.save()
    return Said("Subaccount removed")
