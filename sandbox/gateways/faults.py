"""What goes wrong at the gateways: rules that say where, how often and how many times."""

import random
from dataclasses import dataclass
from typing import Any

from sandbox.gateways.models import Rule
from sandbox.gateways.registry import CHECKOUT, EVERYWHERE, GATEWAYS, NAMES, WEBHOOK
from sandbox.gateways.remembering import Remembered
from sandbox.gateways.store import writing

# At an address of the interface, or on the checkout page.
ROUTE = {
    "slow": "Answer late",
    "timeout_before": "No effect; the connection is held, then dropped",
    "timeout_after": "The effect, but never an answer",
    "reset": "Reset the connection before anything happens",
    "reset_after": "The effect, then reset the connection",
    "error_500": 'HTTP 500 (options: {"after": true} for the effect as well)',
    "error_503": "HTTP 503; at Flutterwave the effect stands",
    "error_429": "HTTP 429",
    "garbage": 'HTTP 200 with a page of HTML (options: {"after": true})',
}
# On a webhook.
WEBHOOKS = {
    "duplicate": 'Send it more than once (options: {"n": 2})',
    "reorder": "Hold it until a later one has gone ahead",
    "delay": "Send it so many seconds late",
    "drop": "Never send it",
    "before_redirect": "Send it before the payer is sent back",
    "before_answer": "Send it before the call that caused it is answered",
    "bad_signature": "Another signature",
    "unsigned": "No signature",
    "truncated": "Cut the body off after it was signed",
    "tampered": "Change the amount after it was signed",
    "reserialised": "The same JSON in other bytes, with the old signature",
    "string_amount": "Write amounts as texts",
    "legacy_shape": "The old shape of the body",
    "omit_refund_id": "Leave a refund's id out",
    "include_refund_id": "Put a refund's id in",
    "foreign_merchant": "Signed with the key of the other merchant",
    "wrong_mode": 'Of the other mode: its domain and its key (options: {"keep_key": true})',
}
# On the money itself.
MONEY = {
    "wrong_amount": 'Another amount comes in (options: {"kobo": 100} or {"ratio": 0.5})',
    "wrong_currency": 'It comes in another currency (options: {"currency": "USD"})',
    "fee_on_top": "The payer pays the fee on top",
    "refund_pending": "Refunds stay pending",
    "refund_failed": "Refunds fail in the end",
    "refund_needs_attention": "Refunds need attention",
    "refund_balance_short": "Refunds are refused for lack of balance",
    "reversal_pending": "Say that the payment is being reversed while a full refund runs",
    "declined": "The payer's bank declines",
    "challenge": "A saved card asks for its owner",
    "dispute": "The payer disputes the payment at once",
    "failed_webhook": "Tell of failed payments too, which is not documented",
    "odd_metadata": "Answer 0 or nothing in the place of metadata",
}
FAMILIES = {"route": ROUTE, "webhook": WEBHOOKS, "money": MONEY}
SLOW = "slow"
LONGEST_SECONDS = 30 * 86400
MOST_TIMES = 1_000_000


class BadRule(Exception):
    """A rule asks for something that there is not."""


@dataclass(frozen=True)
class Drawn:
    """A fault to play now."""

    kind: str
    seconds: float | None
    options: dict[str, Any]


_remembered = Remembered(lambda: list(Rule.objects.all()))


def draw(gateway: str, route: str, family: str, *, event: str = "") -> list[Drawn]:
    """Return what goes wrong here and now, and count it; `family` is `route` or `webhook`.

    An answer goes wrong in one way, and may be slow as well: once something is drawn the rules after it are not.
    A rule with `{"event": …}` among its options concerns only webhooks of that name.
    """
    found: list[Drawn] = []
    for rule in _remembered.get():
        is_one_too_many = family == "route" and rule.kind != SLOW and any(each.kind != SLOW for each in found)
        if rule.kind in FAMILIES[family] and not is_one_too_many and _is_about(rule, gateway, route, event):
            found += [Drawn(rule.kind, rule.seconds, rule.options)] if _happens(rule) else []
    return found


def drawn(gateway: str, route: str, family: str, *, event: str = "") -> dict[str, Drawn]:
    """Return the same by kind; of two of one kind the first."""
    return {each.kind: each for each in reversed(draw(gateway, route, family, event=event))}


def happens(gateway: str, route: str, kind: str) -> Drawn | None:
    """Return the fault of this kind if it is to be played here and now, and count it; other kinds are left alone.

    For what goes wrong with money: each kind is asked for where it matters.
    """
    for rule in _remembered.get():
        if rule.kind == kind and _is_about(rule, gateway, route) and _happens(rule):
            return Drawn(rule.kind, rule.seconds, rule.options)
    return None


def are_none() -> bool:
    """Whether it is known, without looking at rows, that there are no rules."""
    return _remembered.glance() == []


def _is_about(rule: Rule, gateway: str, route: str, event: str = "") -> bool:
    is_here = rule.gateway in (EVERYWHERE, gateway) and rule.route in (EVERYWHERE, route)
    if rule.kind in ("omit_refund_id", "include_refund_id") and "refund" not in event:
        return False
    return is_here and rule.options.get("event", event) == event


def _happens(rule: Rule) -> bool:
    with writing():
        row = Rule.objects.filter(pk=rule.pk).first()
        if row is None or row.times_left == 0:
            return False
        # Which numbers come is what has to be repeatable, not what nobody can guess.
        number = random.Random(f"{row.seed}:{row.draws}").random()  # noqa: S311
        row.draws += 1
        is_hit = number < row.chance
        row.hits += is_hit
        if is_hit and row.times_left is not None:
            row.times_left -= 1
        row.save(update_fields=["draws", "hits", "times_left"])
        return is_hit


def replace(rules: object, seed: object = 0) -> None:
    """Have these rules and no others.

    :raises BadRule: with a sentence that says what is wrong; then everything stays as it was
    """
    if not isinstance(rules, list):
        raise BadRule('Write {"rules": [{"gateway": "paystack", "route": "verify", "kind": "slow"}], "seed": 1}.')
    if isinstance(seed, bool) or not isinstance(seed, int | str):
        raise BadRule("seed must be a number or a text.")
    read = [_read(rule) for rule in rules]
    with writing():
        Rule.objects.all().delete()
        for place, rule in enumerate(read):
            rule.seed = f"{seed}:{place}"[:40]
            rule.save()
        _remembered.forget()


def add(asked: object) -> Rule:
    """Have one rule more.

    :raises BadRule: with a sentence that says what is wrong
    """
    seed = asked.pop("seed", 0) if isinstance(asked, dict) else 0
    rule = _read(asked)
    with writing():
        rule.seed = f"{seed}:{Rule.objects.count()}"[:40]
        rule.save()
        _remembered.forget()
    return rule


def remove(pk: int) -> None:
    with writing():
        Rule.objects.filter(pk=pk).delete()
        _remembered.forget()


def as_json() -> list[dict[str, Any]]:
    return [
        {
            "id": rule.pk,
            "gateway": rule.gateway,
            "route": rule.route,
            "kind": rule.kind,
            "chance": rule.chance,
            "times": rule.times_left,
            "seconds": rule.seconds,
            "options": rule.options,
            "draws": rule.draws,
            "hits": rule.hits,
        }
        for rule in Rule.objects.all()
    ]


def routes() -> list[str]:
    """Return every route that a rule can speak of."""
    named = set().union(*(gateway.routes() for gateway in GATEWAYS.values()))
    return [EVERYWHERE, WEBHOOK, CHECKOUT, *sorted(named - {WEBHOOK, CHECKOUT})]


def _read(asked: object) -> Rule:
    if not isinstance(asked, dict):
        raise BadRule('A rule is an object such as {"gateway": "paystack", "route": "verify", "kind": "slow"}.')
    unknown = set(asked) - {"gateway", "route", "kind", "chance", "times", "seconds", "options"}
    if unknown:
        raise BadRule(
            f"There is no {', '.join(sorted(map(str, unknown)))}; "
            "write gateway, route, kind, chance, times, seconds and options."
        )
    gateway, route, kind = (asked.get(field, EVERYWHERE) for field in ("gateway", "route", "kind"))
    if gateway not in (EVERYWHERE, *NAMES):
        raise BadRule(f"gateway must be one of *, {', '.join(NAMES)}.")
    kinds = {name for family in FAMILIES.values() for name in family}
    if kind not in kinds:
        raise BadRule(f"kind must be one of {', '.join(name for family in FAMILIES.values() for name in family)}.")
    if route not in routes():
        raise BadRule(f"route must be one of {', '.join(routes())}.")
    options = asked.get("options") or {}
    if not isinstance(options, dict):
        raise BadRule("options must be an object.")
    times = asked.get("times")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST_TIMES):
        raise BadRule(f"times must be a whole number from 1 to {MOST_TIMES}, or null for until it is removed.")
    seconds = asked.get("seconds")
    return Rule(
        gateway=gateway,
        route=route,
        kind=kind,
        chance=_number("chance", asked.get("chance", 1), 1),
        times_left=times,
        seconds=None if seconds is None else _number("seconds", seconds, LONGEST_SECONDS),
        options=options,
    )


def _number(name: str, value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadRule(f"{name} must be a number from 0 to {most}.")
    return float(value)
