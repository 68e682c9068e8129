"""Who gets how much of a payment: the platform's commission and each subaccount's share, to the kobo.

A payment is divided among its subaccounts by `transaction_split_ratio` (1 each where none is given). From each
portion the platform takes its commission: a fraction of it (`percentage`), a sum (`flat`), or all but a sum
(`flat_subaccount`). What is divided is what is left after Flutterwave's fee, so that shares and commission add up to
what is settled.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.flutterwave.callers import Caller
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import Subaccount
from sandbox.flutterwave.money import part

PERCENTAGE, FLAT, FLAT_SUBACCOUNT = "percentage", "flat", "flat_subaccount"
# Naira, or a ratio.
MOST = 10**9
CHARGE_TYPES = (PERCENTAGE, FLAT, FLAT_SUBACCOUNT)


def read(asked: object, caller: Caller) -> list[dict[str, str]]:
    """Return the split a payment asks for, with every rule spelled out.

    :raises Refused: when it names a subaccount that does not exist, or a charge that makes no sense
    """
    if asked in (None, []):
        return []
    if not isinstance(asked, list):
        raise Refused("subaccounts must be an array")
    return [_rule(each, caller) for each in asked]


def _rule(asked: object, caller: Caller) -> dict[str, str]:
    if not isinstance(asked, dict):
        raise Refused("subaccounts must be an array of objects")
    known = Subaccount.objects.filter(caller.owns(), subaccount_id=str(asked.get("id", ""))).first()
    if known is None:
        raise Refused("Invalid subaccount id")
    kind = asked.get("transaction_charge_type") or known.split_type
    if kind not in CHARGE_TYPES:
        raise Refused("transaction_charge_type must be one of flat, percentage, flat_subaccount")
    charge = number(asked.get("transaction_charge", known.split_value), "transaction_charge")
    ratio = number(asked.get("transaction_split_ratio", 1), "transaction_split_ratio")
    if ratio <= 0:
        raise Refused("transaction_split_ratio must be a positive number")
    if kind == PERCENTAGE and charge > 1:
        raise Refused("transaction_charge must be a fraction from 0 to 1 when it is a percentage")
    return {"id": known.subaccount_id, "ratio": str(ratio), "type": str(kind), "charge": str(charge)}


def number(given: Any, name: str) -> Decimal:
    """Return a number that is not negative.

    :raises Refused: when it is something else
    """
    try:
        value = Decimal(str(given))
    except InvalidOperation as bad:
        raise Refused(f"{name} must be a number") from bad
    if isinstance(given, bool) or not value.is_finite() or not 0 <= value <= MOST:
        raise Refused(f"{name} must be a number")
    return value


def shares(rules: Sequence[dict[str, str]], settled_kobo: int) -> dict[str, int]:
    """Return each subaccount's kobo; the rest of what is settled is the platform's."""
    ratios = [Decimal(rule["ratio"]) for rule in rules]
    portions = [part(settled_kobo, ratio / sum(ratios)) for ratio in ratios]
    if portions:
        # Rounding may not make or lose a kobo: the last one takes what is left.
        portions[-1] = settled_kobo - sum(portions[:-1])
    found: dict[str, int] = {}
    for rule, portion in zip(rules, portions, strict=True):
        found[rule["id"]] = found.get(rule["id"], 0) + _share(rule, portion)
    return found


def _share(rule: dict[str, str], portion: int) -> int:
    charge = Decimal(rule["charge"])
    if rule["type"] == PERCENTAGE:
        return portion - part(portion, charge)
    flat = part(100, charge)
    wanted = flat if rule["type"] == FLAT_SUBACCOUNT else portion - flat
    return min(max(wanted, 0), portion)
