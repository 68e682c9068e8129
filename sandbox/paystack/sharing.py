"""Who gets which share of a payment: a single subaccount, or a split among several."""

import json
from typing import Any

from sandbox.paystack.endpoint import Ask, Problem
from sandbox.paystack.models import Split, Subaccount
from sandbox.paystack.rules import sum_of

BEARERS = ("account", "subaccount")
SPLIT_BEARERS = ("subaccount", "account", "all-proportional", "all")
BAD_BEARER = "Invalid bearer type : must be one of: subaccount, account, all-proportional or all"


def asked(ask: Ask) -> dict[str, Any]:
    """Return how a payment is to be shared, as it was asked for.

    :raises Problem: when it names what there is not
    """
    if ask.data.get("split_code"):
        row = Split.objects.filter(code=ask.text("split_code"), is_active=True, **ask.mine).first()
        if row is None:
            raise Problem("Split not found", code="not_found", next_step="Check the split code")
        return {
            "split": {
                "id": row.pk,
                "name": row.name,
                "split_code": row.code,
                "formula": _formula(row.type, row.bearer_type, row.bearer_subaccount, row.subaccounts),
            }
        }
    if ask.data.get("split"):
        inline = ask.data["split"]
        if isinstance(inline, str):
            try:
                inline = json.loads(inline)
            except ValueError:
                inline = None
        if not isinstance(inline, dict):
            raise Problem("Invalid split configuration", code="invalid_params", next_step="Send an object")
        subaccounts = checked_shares(ask, inline.get("type"), inline.get("subaccounts"))
        bearer = str(inline.get("bearer_type", "account"))
        if bearer not in SPLIT_BEARERS:
            raise Problem(BAD_BEARER, code="invalid_params", next_step="Choose one of them")
        of_whom = str(inline.get("bearer_subaccount", ""))
        return {
            "split": {"name": "Inline split", "formula": _formula(str(inline["type"]), bearer, of_whom, subaccounts)}
        }
    if ask.data.get("subaccount"):
        found = Subaccount.objects.filter(code=ask.text("subaccount"), **ask.mine).first()
        if found is None:
            raise Problem("Subaccount not found", code="not_found", next_step="Check the subaccount code")
        bearer = ask.text("bearer") or "account"
        if bearer not in BEARERS:
            raise Problem("Invalid bearer", code="invalid_params", next_step="Write account or subaccount")
        flat = ask.data.get("transaction_charge")
        return {"subaccount": found.code, "bearer": bearer, "transaction_charge": flat and sum_of(flat)}
    return {}


def _formula(type_: str, bearer: str, of_whom: str, subaccounts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": type_, "bearer_type": bearer, "bearer_subaccount": of_whom or None, "subaccounts": subaccounts}


def checked_shares(ask: Ask, type_: Any, given: Any) -> list[dict[str, Any]]:
    """Return the subaccounts of a split with their shares.

    :raises Problem: when a subaccount or its share is none, or the percentages are more than all
    """
    if type_ not in ("percentage", "flat"):
        raise Problem("Invalid split type : must be one of: percentage or flat", code="invalid_params", next_step="–")
    if not isinstance(given, list) or not given:
        raise Problem("Subaccounts are required", code="missing_params", next_step="Provide all required params")
    shares: list[dict[str, Any]] = []
    for one in given:
        name = str(one.get("subaccount", "")) if isinstance(one, dict) else ""
        share = one.get("share") if isinstance(one, dict) else None
        if not Subaccount.objects.filter(code=name, **ask.mine).exists():
            raise Problem(f"Invalid subaccount: {name[:40]}", code="invalid_params", next_step="Check its code")
        try:
            number = float(str(share))
        except ValueError:
            number = -1.0
        if not 0 < number <= (100 if type_ == "percentage" else 10**13):
            raise Problem("Invalid share", code="invalid_params", next_step="Send a number above 0")
        shares.append({"subaccount": name, "share": number})
    if type_ == "percentage" and sum(one["share"] for one in shares) > 100:
        raise Problem("Total percentage share exceeds 100", code="invalid_params", next_step="Send less")
    return shares


def shared(sharing: dict[str, Any], amount: int, fee: int) -> dict[str, Any]:
    """Return how an amount is shared, Paystack's fee taken off whoever bears it; all of it together is the amount."""
    if "subaccount" in sharing:
        return _one(sharing, amount, fee)
    if "split" in sharing:
        return _several(sharing["split"]["formula"], amount, fee)
    return {}


def _one(sharing: dict[str, Any], amount: int, fee: int) -> dict[str, Any]:
    row = Subaccount.objects.filter(code=sharing["subaccount"]).first()
    percentage = row.percentage_charge if row else 0.0
    flat = sharing.get("transaction_charge")
    main = min(amount, flat if flat is not None else round(amount * percentage / 100))
    part = amount - main
    if sharing["bearer"] == "subaccount":
        part = max(0, part - fee)
    main = amount - fee - part
    split = {
        "paystack": fee,
        "integration": main,
        "subaccount": part,
        "params": {
            "bearer": sharing["bearer"],
            "transaction_charge": "" if flat is None else str(flat),
            "percentage_charge": str(percentage),
        },
    }
    return {"fees_split": split, "parts": {sharing["subaccount"]: part}}


def _several(formula: dict[str, Any], amount: int, fee: int) -> dict[str, Any]:
    parts = {
        one["subaccount"]: min(
            amount, round(amount * one["share"] / 100) if formula["type"] == "percentage" else int(one["share"])
        )
        for one in formula["subaccounts"]
    }
    bearer, names = formula["bearer_type"], list(parts)
    fees = dict.fromkeys(names, 0)
    if bearer == "subaccount":
        fees[formula["bearer_subaccount"] if formula["bearer_subaccount"] in parts else names[0]] = fee
    elif bearer == "all-proportional":
        fees = {name: fee * part // max(1, amount) for name, part in parts.items()}
    elif bearer == "all":
        fees = {name: fee // (len(names) + 1) for name in names}
    numbers = dict(Subaccount.objects.filter(code__in=names).values_list("code", "pk"))
    given = [
        {
            "amount": max(0, part - fees[name]),
            "subaccount_code": name,
            "id": numbers.get(name),
            "original_share": part,
            "fees": fees[name],
        }
        for name, part in parts.items()
    ]
    rest = amount - fee - sum(one["amount"] for one in given)
    return {
        "shares": {
            "paystack": fee,
            "subaccounts": given,
            "integration": rest,
            "original_share": amount - sum(parts.values()),
            "fees": fee - sum(fees.values()),
        },
        "parts": {one["subaccount_code"]: one["amount"] for one in given},
    }
