"""Payments, transactions, saved cards."""

from django.urls import reverse

from sandbox.flutterwave import charging, fields, notices, sessions, shapes, tokens
from sandbox.flutterwave.api.door import Answer, Call, between, page
from sandbox.flutterwave.errors import NO_TRANSACTION, Refused
from sandbox.flutterwave.models import Transaction
from sandbox.flutterwave.money import fee_of
from sandbox.gateways.store import writing

PAGE_SIZE = 10
FETCHED = "Transaction fetched successfully"
FILTERS = {
    "status": "status",
    "tx_ref": "tx_ref",
    "currency": "currency",
    "customer_email": "customer__email__iexact",
    "customer_fullname": "customer__name__icontains",
    "flw_ref": "flw_ref",
}


def initialize(call: Call) -> Answer:
    link = sessions.open_link(call.caller, call.asked)
    return Answer("Hosted Link", {"link": _page(call, link.code)})


def _page(call: Call, token: str) -> str:
    return f"{call.address}{reverse('flutterwave:checkout', kwargs={'token': token})}"


def verify(call: Call, transaction: str) -> Answer:
    return Answer(FETCHED, shapes.transaction(_of(call, transaction)))


def _of(call: Call, transaction: str) -> Transaction:
    row = charging.by_id(call.caller, transaction)
    if row is None:
        raise Refused(NO_TRANSACTION)
    return row


def verify_by_reference(call: Call) -> Answer:
    tx_ref = fields.text(call.query, "tx_ref", most=sessions.LONGEST_TX_REF)
    row = charging.by_tx_ref(call.caller, tx_ref)
    if row is None:
        raise Refused(NO_TRANSACTION)
    return Answer(FETCHED, shapes.transaction(row))


def transactions(call: Call) -> Answer:
    narrowed = {column: call.query[name] for name, column in FILTERS.items() if call.query.get(name)}
    rows = Transaction.objects.select_related("customer", "token").filter(
        call.caller.owns(), **narrowed, **between(call.query)
    )
    listed, meta = page(rows, call.query, shapes.listed, size=PAGE_SIZE)
    return Answer("Transactions fetched", listed, meta)


def fee(call: Call) -> Answer:
    amount_kobo = fields.amount(call.query)
    return Answer("Charged fee", shapes.fee(amount_kobo, fee_of(amount_kobo), fields.currency(call.query)))


def events(call: Call, transaction: str) -> Answer:
    row = _of(call, transaction)
    told = row.events.select_related("transaction__customer")
    return Answer("Transaction events fetched", [shapes.event(each) for each in told])


def resend_hook(call: Call, transaction: str) -> Answer:
    with writing():
        row = _of(call, transaction)
        if row.status == Transaction.Status.PENDING:
            raise Refused("Transaction is pending: there is no hook to send")
        notices.charged(row)
    return Answer("hook sent successfully", "hook sent")


def charge_token(call: Call) -> Answer:
    row = tokens.charge(call.caller, call.asked)
    said = shapes.tokenised(row)
    if row.status == Transaction.Status.PENDING:
        address = _page(call, row.challenge)
        said["auth_url"] = address
        return Answer("Charge initiated", said, {"authorization": {"mode": "redirect", "redirect": address}})
    if row.status == Transaction.Status.FAILED:
        return Answer("Charge failed", said)
    return Answer("Charge successful", said)


def update_token(call: Call, token: str) -> Answer:
    return Answer("Token details updated", shapes.token(tokens.update(call.caller, token, call.asked)))
