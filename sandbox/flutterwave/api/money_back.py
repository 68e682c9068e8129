"""Refunds and chargebacks."""

from sandbox.flutterwave import chargebacks, fields, refunds, shapes
from sandbox.flutterwave.api.door import Answer, Call, between, page
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import Chargeback, Refund

PAGE_SIZE = 20


def refund(call: Call, transaction: str) -> Answer:
    return Answer(
        "Transaction refund initiated", shapes.refund(refunds.give_back(call.caller, transaction, call.asked))
    )


def refund_list(call: Call) -> Answer:
    """List refunds by from, to, status, currency, flw_ref (of the refund), and id (of the transaction)."""
    rows = Refund.objects.select_related("transaction").filter(
        call.caller.owns("transaction__"), **between(call.query), **_narrowed(call, "flw_ref")
    )
    listed, meta = page(rows, call.query, shapes.refund, size=PAGE_SIZE, tells_size=True)
    return Answer("Refunds fetched", listed, meta)


def _narrowed(call: Call, flw_ref: str) -> dict[str, object]:
    columns = {"status": "status", "currency": "transaction__currency", "flw_ref": flw_ref}
    found: dict[str, object] = {column: call.query[name] for name, column in columns.items() if call.query.get(name)}
    if call.query.get("id"):
        found["transaction"] = fields.row_id(call.query["id"])
    return found


def refund_detail(call: Call, refund: str) -> Answer:
    rows = Refund.objects.select_related("transaction").filter(call.caller.owns("transaction__"))
    row = rows.filter(pk=fields.row_id(refund)).first()
    if row is None:
        raise Refused("No refund was found for this id")
    return Answer("Refund fetched", shapes.refund(row))


def chargeback_list(call: Call) -> Answer:
    rows = Chargeback.objects.select_related("transaction").filter(
        call.caller.owns("transaction__"), **between(call.query), **_narrowed(call, "transaction__flw_ref")
    )
    listed, meta = page(rows, call.query, shapes.chargeback, size=PAGE_SIZE, tells_size=True)
    return Answer("Chargebacks fetched", listed, meta)


def answer_chargeback(call: Call, chargeback: str) -> Answer:
    row = chargebacks.answer(call.caller, chargeback, call.asked.get("action"))
    return Answer(f"Chargeback {row.status}", shapes.chargeback(row))
