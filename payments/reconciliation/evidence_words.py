"""What stands on both sides of a difference, as people read it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from localization import formatting

WORDS: dict[str, str | Promise] = {
    "here": _("Here"),
    "there": _("At the gateway"),
    "payment_here": _("The payment here"),
    "refunds_there": _("Refunds at the gateway"),
    "books": _("In the books"),
    "id": _("number at the gateway"),
    "number": _("number"),
    "reference": _("reference"),
    "of": _("of the payment"),
    "outcome": _("what it means"),
    "word": _("the gateway's word"),
    "state": _("state"),
    "review": pgettext_lazy("of a payment", "review"),
    "amount_kobo": _("amount"),
    "received_kobo": _("received"),
    "refunded_kobo": _("given back"),
    "disputed_kobo": _("taken back by banks"),
    "fee_kobo": _("the gateway's fee"),
    "left_kobo": _("what is left"),
    "books_left_kobo": _("what is left in the books"),
    "books_fee_kobo": _("the gateway's fee in the books"),
    "refunds_pending_kobo": _("refunds on their way"),
    "disputes_pending_kobo": _("disputes not decided"),
    "currency": _("currency"),
    "mode": _("mode"),
    "paid_by": _("paid by"),
    "why": _("why"),
    "subaccount": _("account"),
    "made_at": _("begun"),
    "begun_at": _("begun"),
    "paid_at": _("paid"),
    "asked_at": _("asked for"),
    "told_at": _("told to the gateway"),
    "heard_at": _("heard of"),
    "due_at": _("to be answered until"),
    "settled_on": _("paid out"),
    "payments": _("payments"),
    "rows": _("rows that cannot be read"),
    "list": _("list"),
    "day": _("day"),
    "what": pgettext_lazy("what differs", "what"),
    "charge_is_there": _("the gateway has the payment"),
}


def amount(kobo: int | None) -> str:
    """Return an amount of one side; a dash where that side has none."""
    return "–" if kobo is None else format_html('<bdi dir="ltr">{}</bdi>', formatting.money(kobo))


def link(address: str, words: str) -> str:
    return format_html('<a href="{}">{}</a>', address, words)


def tables(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is kept of a difference as tables with a title and rows of two cells each."""
    found: list[dict[str, Any]] = []
    loose = {name: value for name, value in evidence.items() if not isinstance(value, dict | list)}
    for name, value in evidence.items():
        parts = value if isinstance(value, list) else [value]
        title = WORDS.get(name, name)
        found += [{"title": title, "rows": _rows(part)} for part in parts if isinstance(part, dict)]
    if loose:
        found.append({"title": "", "rows": _rows(loose)})
    return found


def _rows(part: Mapping[str, Any]) -> list[tuple[str | Promise, str]]:
    return [(WORDS.get(name, name), _shown(name, value)) for name, value in part.items() if value not in (None, "")]


def _shown(name: str, value: Any) -> str:
    if name.endswith("_kobo") and isinstance(value, int):
        return amount(value)
    if name.endswith("_at") and isinstance(value, str):
        return formatting.day_and_time(datetime.fromisoformat(value))
    if value is True or value is False:
        return str(_("Yes") if value else _("No"))
    return str(value)
