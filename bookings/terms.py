"""The terms a diner accepts with a booking, as they are kept on it, and what they ask of a party of another size.

They are kept as plain values: later edits of the policy do not touch them. Amounts in kobo. `rates` holds what is
asked by party size at that day, hour and area, the first that fits counting, so that a party that grows owes what the
house had said such a party owes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from payments.gateways.registry import is_paid_online
from restaurants.service_plan import ServicePlan, TermsPlan
from restaurants.states import DepositDue

Terms = Mapping[str, Any]

_AMOUNTS = (
    "deposit_kobo_per_guest",
    "deposit_kobo_per_party",
    "minimum_spend_kobo_per_guest",
    "minimum_spend_kobo_per_party",
)

FEES = ("no_show_fee_kobo", "late_cancellation_fee_kobo")


def terms_for(
    plan: ServicePlan, party_size: int, *, day: date, starts_at: datetime, area_id: int | None = None
) -> dict[str, Any]:
    """Return the terms of a booking that a diner makes for a start of a service day.

    :param area_id: the area asked for; where the house chooses, no area's terms hold
    """
    policy = plan.policy
    special = plan.terms_at(day, starts_at, area_id)
    own = next((terms for terms in special if terms.fits(party_size)), None)
    hours = own.free_cancellation_hours if own is not None else None
    found: dict[str, Any] = {
        "free_cancellation_hours": policy.free_cancellation_hours if hours is None else hours,
        "grace_minutes": policy.grace_minutes,
        "note": " ".join(note for note in (own.note if own else "", policy.note) if note),
        "rates": [*map(_rates, special), *_policy_rates(plan)],
        "deposit_due": policy.deposit_due,
        "deposit_minutes": policy.deposit_minutes,
        "deposit_instructions": policy.deposit_instructions,
    }
    if is_paid_online() and (fees := [*_special_fees(special), *_policy_fees(plan)]):
        found |= {"fee_rates": fees, "asks_for_card": policy.asks_for_card}
    if own is not None:
        found["special_terms"] = own.name
    return with_amounts(found, party_size)


def _rates(terms: TermsPlan) -> dict[str, Any]:
    amounts = {name: getattr(terms, name) for name in _AMOUNTS if getattr(terms, name)}
    return {"from_party": terms.from_party, "to_party": terms.to_party, **amounts}


def _policy_rates(plan: ServicePlan) -> list[dict[str, Any]]:
    policy = plan.policy
    if not policy.deposit_kobo_per_guest:
        return []
    amount = {"deposit_kobo_per_guest": policy.deposit_kobo_per_guest}
    return [{"from_party": policy.deposit_from_party, "to_party": None, **amount}]


def _special_fees(special: Sequence[TermsPlan]) -> list[dict[str, Any]]:
    """Return the fees of special terms: those that name none leave the policy's in place."""
    return [
        {
            "from_party": terms.from_party,
            "to_party": terms.to_party,
            **{name: getattr(terms, f"{name}_per_guest") for name in FEES},
        }
        for terms in special
        if any(getattr(terms, f"{name}_per_guest") for name in FEES)
    ]


def _policy_fees(plan: ServicePlan) -> list[dict[str, Any]]:
    amounts = {name: getattr(plan.policy, f"{name}_per_guest") for name in FEES}
    return [{"from_party": plan.policy.fee_from_party, "to_party": None, **amounts}] if any(amounts.values()) else []


def with_amounts(terms: Terms, party_size: int) -> dict[str, Any]:
    """Return the same terms with what they ask of a party of this size.

    Bookings from before there were rates keep the deposit that was told.
    """
    if "fee_rates" in terms:
        fees: Mapping[str, Any] = next((each for each in terms["fee_rates"] if _fits(each, party_size)), {})
        terms = {**terms, **{name: int(fees.get(name, 0)) * party_size for name in FEES}}
    if "rates" not in terms:
        return dict(terms)
    rates: Mapping[str, Any] = next((each for each in terms["rates"] if _fits(each, party_size)), {})
    return {
        **terms,
        "deposit_kobo": _sum(rates, "deposit", party_size),
        "minimum_spend_kobo": _sum(rates, "minimum_spend", party_size),
    }


def asks_any_deposit(plan: ServicePlan) -> bool:
    """Whether a house asks some parties for a deposit."""
    special = (terms.deposit_kobo_per_guest or terms.deposit_kobo_per_party for terms in plan.special_terms)
    return bool(plan.policy.deposit_kobo_per_guest) or any(special)


def policy_deposit_kobo(plan: ServicePlan, party_size: int) -> int:
    """Return the deposit of a party where no special terms hold."""
    return int(with_amounts({"rates": _policy_rates(plan)}, party_size)["deposit_kobo"])


def _fits(rates: Mapping[str, Any], party_size: int) -> bool:
    return rates["from_party"] <= party_size and (rates["to_party"] is None or party_size <= rates["to_party"])


def _sum(rates: Mapping[str, Any], what: str, party_size: int) -> int:
    each, all_of_them = rates.get(f"{what}_kobo_per_guest", 0), rates.get(f"{what}_kobo_per_party", 0)
    return int(each * party_size + all_of_them)


def amounts_of(
    plan: ServicePlan, party_size: int, *, day: date, starts_at: datetime, area_id: int | None = None
) -> tuple[int, int]:
    """Return the deposit and the least bill, in kobo, that a booking for a start of a service day asks for."""
    if not plan.special_terms:
        return policy_deposit_kobo(plan, party_size), 0
    asked = terms_for(plan, party_size, day=day, starts_at=starts_at, area_id=area_id)
    return int(asked["deposit_kobo"] or 0), int(asked["minimum_spend_kobo"] or 0)


def deposit_kobo(terms: Terms) -> int:
    return int(terms.get("deposit_kobo") or 0)


def no_show_fee_kobo(terms: Terms) -> int:
    return int(terms.get("no_show_fee_kobo") or 0)


def late_cancellation_fee_kobo(terms: Terms) -> int:
    return int(terms.get("late_cancellation_fee_kobo") or 0)


def asks_card(terms: Terms) -> bool:
    """Whether the table waits for a card that guarantees it: one whose deposit is due before waits for that alone."""
    has_fee = no_show_fee_kobo(terms) > 0 or late_cancellation_fee_kobo(terms) > 0
    return has_fee and bool(terms.get("asks_for_card")) and not is_due_before(terms)


def without_fees(terms: Terms) -> dict[str, Any]:
    """Return the same terms for who has not read of fees and agreed: a booking taken by the house's people."""
    return {name: value for name, value in terms.items() if name not in (*FEES, "fee_rates", "asks_for_card")}


def is_due_before(terms: Terms) -> bool:
    """Whether a deposit is asked for, and before the visit."""
    return deposit_kobo(terms) > 0 and terms.get("deposit_due") == DepositDue.BEFORE


# Of a date of a series that may be cancelled free of charge until it begins, the deposit is due so long before.
_BEFORE_A_DATE_HOURS = 24


def deposit_due_hours(terms: Terms, *, of_a_date: bool = False) -> int:
    """Return how many hours before the visit a deposit is due for a booked table: as long as cancelling is free.

    :param of_a_date: whether it is a date of a series, which is given back then: where cancelling is free to the end,
        that is a day before, lest a guest who is on their way stands before a table that was given away
    """
    free = int(terms.get("free_cancellation_hours") or 0)
    return free or (_BEFORE_A_DATE_HOURS if of_a_date else 0)


def payable_there(terms: Terms) -> dict[str, Any]:
    """Return the same terms with the deposit payable at the house: it was not asked for before."""
    return {**terms, "deposit_due": DepositDue.AT_THE_HOUSE.value}


def due_before(terms: Terms) -> dict[str, Any]:
    """Return the same terms with the deposit due before the visit."""
    return {**terms, "deposit_due": DepositDue.BEFORE.value}


CHANGED_BY_HOUSE = "changed_by_house"


def changed_by_house(terms: Terms, *, version: int) -> dict[str, Any]:
    """Return the same terms for a booking that the house changes: free to cancel, it was not the guest's choice.

    :param version: the booking's with that change, so that a later one of the guest's own is not taken for it
    """
    return {**terms, "free_cancellation_hours": 0, CHANGED_BY_HOUSE: version}


# What a guest reads of the terms.
_TOLD = ("free_cancellation_hours", "grace_minutes", "deposit_kobo", "minimum_spend_kobo", "note")


def mark(terms: Terms) -> str:
    """Return what stands for the terms that a page shows, for the form to send back."""
    told = [terms.get(name) or 0 for name in _TOLD] + [is_due_before(terms)]
    if fees := [terms.get(name) or 0 for name in FEES if terms.get(name)]:
        told += [*fees, asks_card(terms)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def are_alike(some: Terms, others: Terms) -> bool:
    """Whether two bookings' terms say the same to their guests, whenever they were written down."""
    return mark(some) == mark(others)
