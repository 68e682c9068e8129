"""Subaccounts, settlements, transfers, banks."""

from sandbox.flutterwave import banks, fields, payouts, shapes, subaccounts
from sandbox.flutterwave.api.door import Answer, Call, between, page
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import Settlement, Subaccount, Transfer

PAGE_SIZE = 20


def make_subaccount(call: Call) -> Answer:
    return Answer("Subaccount created", shapes.subaccount_made(subaccounts.make(call.caller, call.asked)))


def subaccount_list(call: Call) -> Answer:
    narrowed = {
        name: call.query[name]
        for name in ("account_bank", "account_number", "business_name", "business_email", "split_type")
        if call.query.get(name)
    }
    rows = Subaccount.objects.filter(call.caller.owns(), **narrowed)
    listed, meta = page(rows, call.query, shapes.subaccount, size=PAGE_SIZE)
    return Answer("Subaccounts fetched", listed, meta)


def subaccount(call: Call, subaccount: str) -> Answer:
    return Answer("Subaccount fetched", shapes.subaccount(subaccounts.find(call.caller, subaccount)))


def change_subaccount(call: Call, subaccount: str) -> Answer:
    row = subaccounts.change(call.caller, subaccount, call.asked)
    return Answer("Subaccount edited", shapes.subaccount(row))


def delete_subaccount(call: Call, subaccount: str) -> Answer:
    subaccounts.delete(call.caller, subaccount)
    return Answer("Subaccount deleted")


def settlement_list(call: Call) -> Answer:
    rows = Settlement.objects.filter(call.caller.owns(), **between(call.query))
    listed, meta = page(
        rows, call.query, lambda row: shapes.settlement(row, is_listed=True), size=PAGE_SIZE, tells_size=True
    )
    return Answer("Settlements fetched", listed, meta)


def settlement(call: Call, settlement: str) -> Answer:
    row = Settlement.objects.filter(call.caller.owns(), pk=fields.row_id(settlement)).first()
    if row is None:
        raise Refused("Settlement not found")
    return Answer("Settlement fetched", shapes.settlement(row, is_listed=False))


def make_transfer(call: Call) -> Answer:
    return Answer("Transfer Queued Successfully", shapes.transfer(payouts.order(call.caller, call.asked)))


def transfer_list(call: Call) -> Answer:
    narrowed = {name: call.query[name] for name in ("reference", "currency") if call.query.get(name)}
    rows = Transfer.objects.filter(call.caller.owns(), **narrowed, **between(call.query))
    if call.query.get("status"):
        rows = rows.filter(status__iexact=call.query["status"])
    listed, meta = page(rows, call.query, shapes.transfer, size=PAGE_SIZE)
    return Answer("Transfers fetched", listed, meta)


def transfer(call: Call, transfer: str) -> Answer:
    row = Transfer.objects.filter(call.caller.owns(), pk=fields.row_id(transfer)).first()
    if row is None:
        raise Refused("Transfer not found")
    return Answer("Transfer fetched", shapes.transfer(row))


def transfer_fee(call: Call) -> Answer:
    price = shapes.transfer_fee(fields.amount(call.query))
    return Answer(
        "Transfer fee fetched", [{"currency": fields.currency(call.query), "fee_type": "value", "fee": price}]
    )


def bank_list(call: Call, country: str) -> Answer:
    if country.upper() != "NG":
        raise Refused("No banks found for this country")
    known = sorted(banks.BANKS.items(), key=lambda bank: bank[1])
    listed = [{"id": number, "code": code, "name": name} for number, (code, name) in enumerate(known, 132)]
    return Answer("Banks fetched successfully", listed)


def resolve(call: Call) -> Answer:
    account_number = fields.text(call.asked, "account_number", most=20)
    bank = fields.text(call.asked, "account_bank", most=11)
    name = banks.holder(account_number)
    if name is None or bank not in banks.BANKS:
        raise Refused("Sorry, that account number is invalid, please check and try again")
    return Answer("Account details fetched", {"account_number": account_number, "account_name": name})
