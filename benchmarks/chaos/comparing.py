"""Compares what the gateways have with what Buka has, from rows alone: none of what wrote them is asked.

What came in, what is left and what the gateway kept must be the same at the gateway, in the payments and in the books,
for each reference; and what came must stand for a table, be kept by the terms, or be gone back.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What holds a table, or has had it.
WITH_A_TABLE = ("requested", "confirmed", "arrived", "seated", "completed")
NAIRA = "NGN"
# Where what is left of a payment stands in the books.
LEFT = ("gateway_clearing", "refunds_pending", "disputes_pending")
REFUND_FAILED = "failed"
# Given by a person, beside what is owed.
OF_ITS_OWN = ("goodwill", "gateway")
SHOWN = 20

Key = tuple[str, str]


@dataclass
class Sums:
    """What one side has under one reference at one gateway. Kobo."""

    # What the payers paid, and what of it is ours once the gateway has taken its fee, on top of the sum or out of it.
    received: int = 0
    net: int = 0
    # The same less what went back, was promised back, or is in the hands of a bank.
    left: int = 0
    refunded: int = 0


@dataclass
class Found:
    """What the comparison says; `lines` names each difference."""

    ledger_diff_kobo: int = 0
    stranded: int = 0
    doubled: int = 0
    unsettled: int = 0
    # Not wrong, and for a person: other money than was asked for, and refunds that a bank did not take.
    held: int = 0
    failed_refunds: int = 0
    lines: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        if len(self.lines) < SHOWN:
            self.lines.append(line)


def compare(gateways: Mapping[str, Sequence[Mapping[str, Any]]]) -> Found:
    """Return how the rows differ from the gateways' own transactions (`SandboxClient.payments`), by gateway."""
    found = Found()
    there, foreign = _at_the_gateways(gateways)
    payments = _rows("SELECT p.*, coalesce(b.reference, p.reference) AS base, q.kind AS of, q.subject_id FROM "
                     "payments_payment p JOIN payments_paymentrequest q ON q.id = p.request_id "
                     "LEFT JOIN payments_payment b ON b.id = p.beside_id")  # fmt: skip
    refunds = _rows("SELECT * FROM payments_refund")
    _kobo(found, there, payments, refunds)
    found.held = len(foreign) + sum(row["review"] == "held" and row["received_kobo"] > 0 for row in payments)
    found.failed_refunds = sum(row["state"] == REFUND_FAILED for row in refunds)
    _subjects(found, payments, refunds)
    _counted_once(found, payments)
    found.unsettled = len(unsettled())
    return found


def _at_the_gateways(gateways: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[dict[Key, Sums], set[Key]]:
    """Return their sums by reference, and the references under which money of another currency came."""
    sums: dict[Key, Sums] = defaultdict(Sums)
    foreign: set[Key] = set()
    for gateway, lines in gateways.items():
        for line in lines:
            key = (gateway, str(line["reference"]))
            if line["currency"] != NAIRA:
                foreign |= {key} if line["is_paid"] else set()
                continue
            there = sums[key]
            net = line["amount_kobo"] - line["fee_kobo"]
            there.received += line["amount_kobo"]
            there.net += net
            there.left += net - line["refunded_kobo"] - line["disputed_kobo"]
            there.refunded += line["refunded_kobo"]
    return sums, foreign


def _kobo(found: Found, there: dict[Key, Sums], payments: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> None:
    rows: dict[Key, Sums] = defaultdict(Sums)
    books: dict[Key, Sums] = defaultdict(Sums)
    given = Counter[int]()
    for refund in refunds:
        given[refund["payment_id"]] += refund["amount_kobo"] * (refund["state"] != REFUND_FAILED)
    key_of = {}
    for row in payments:
        key = key_of[row["public_id"]] = (row["gateway"], row["base"])
        ours = rows[key]
        net = row["received_kobo"] - (row["fee_kobo"] or 0)
        ours.received += row["received_kobo"]
        ours.net += net
        ours.left += net - given[row["id"]] - row["disputed_kobo"]
        ours.refunded += given[row["id"]]
    for entry in _rows(
        "SELECT t.payment_id, a.kind, sum(e.amount_kobo) AS kobo, "
        "sum(e.amount_kobo) FILTER (WHERE t.kind IN ('captured', 'fee_told')) AS captured FROM ledger_entry e "
        "JOIN ledger_transaction t ON t.id = e.transaction_id JOIN ledger_account a ON a.id = e.account_id "
        "WHERE t.payment_id IS NOT NULL GROUP BY 1, 2"
    ):
        book = books[key_of.get(entry["payment_id"], ("?", str(entry["payment_id"])))]
        if entry["kind"] in LEFT:
            book.left += int(entry["kobo"])
        if entry["kind"] == LEFT[0]:
            book.net += int(entry["captured"] or 0)
    for key in sorted({*there, *rows, *books}):
        gateway, ours, book = there.get(key, Sums()), rows[key], books[key]
        differs = 0
        for what in ("net", "left"):
            told = [getattr(side, what) for side in (gateway, ours, book)]
            differs += max(told) - min(told)
            if max(told) != min(told):
                found.say(
                    f"{key[0]} {key[1]}: {what} is {told[0]} there, {told[1]} in payments, {told[2]} in the books"
                )
        found.ledger_diff_kobo += differs
        if gateway.received and not ours.received:
            found.stranded += 1
            found.say(f"{key[0]} {key[1]}: money came and nobody here knows of it")
        if gateway.refunded > ours.refunded:
            found.doubled += 1
            found.say(f"{key[0]} {key[1]}: more was given back there than was decided here")


def _subjects(found: Found, payments: list[dict[str, Any]], refunds: list[dict[str, Any]]) -> None:
    """Look at each booking: is what was paid for it right for what became of it?"""
    by_booking: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in payments:
        if row["of"] == "deposit" and row["review"] not in ("held", "refused"):
            by_booking[row["subject_id"]].append(row)
    of_payment: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for refund in refunds:
        of_payment[refund["payment_id"]].append(refund)
    for booking in _rows(
        "SELECT b.public_id, b.status, a.state, a.amount_kobo FROM bookings_booking b "
        "JOIN bookings_advance a ON a.booking_id = b.id"
    ):
        paid = by_booking.get(booking["public_id"], [])
        theirs = [refund for row in paid for refund in of_payment[row["id"]]]
        received = sum(row["received_kobo"] for row in paid)
        disputed = sum(row["disputed_kobo"] for row in paid)
        back = sum(one["amount_kobo"] for one in theirs if one["state"] != REFUND_FAILED)
        owed = sum(
            one["amount_kobo"] for one in theirs if one["state"] != REFUND_FAILED and one["reason"] not in OF_ITS_OWN
        )
        has_table = booking["status"] in WITH_A_TABLE or booking["state"] in ("kept", "applied")
        has_failed = any(one["state"] == REFUND_FAILED for one in theirs)
        left = received - back - disputed
        if not has_table and left > 0 and not has_failed:
            found.stranded += 1
            found.say(f"booking {booking['public_id']}, {booking['status']}: {left} kobo, no table, no refund")
        if has_table and left > booking["amount_kobo"] and not has_failed:
            found.stranded += 1
            found.say(f"booking {booking['public_id']}: {left} kobo are kept of {booking['amount_kobo']} asked for")
        if owed > max(0, received - (booking["amount_kobo"] if has_table else 0)):
            found.doubled += 1
            found.say(f"booking {booking['public_id']}, {booking['status']}: {owed} kobo went back of {received}")


def _counted_once(found: Found, payments: list[dict[str, Any]]) -> None:
    """Look at each reference: has its money been counted once, and as much as came?"""
    counted: dict[str, list[int]] = defaultdict(list)
    for entry in _rows("SELECT reference, received_kobo FROM bookings_advancehistory WHERE received_kobo > 0"):
        counted[entry["reference"]].append(entry["received_kobo"])
    for row in payments:
        if row["of"] != "deposit":
            continue
        sums = counted.get(row["reference"], [])
        if len(sums) > 1 or sum(sums) > row["received_kobo"]:
            found.doubled += 1
            found.say(f"{row['reference']}: {sums} were counted of {row['received_kobo']}")
        if row["credited_at"] is not None and sum(sums) < row["received_kobo"] and not row["refunded_kobo"]:
            found.stranded += 1
            found.say(f"{row['reference']}: said to be counted, and is not")


QUESTIONS = {
    "a payment is not decided": "SELECT reference, state FROM payments_payment WHERE state IN "
    "('initiated', 'pending', 'checking') AND review <> 'held'",
    "a payment is not counted": "SELECT reference, state FROM payments_payment WHERE state = 'succeeded' "
    "AND credited_at IS NULL AND review IN ('none', 'released')",
    "a gateway is not told of a refund": "SELECT key AS reference, state FROM payments_refund WHERE state IN "
    "('requested', 'checking')",
    "a webhook waits": "SELECT reference, state FROM payments_webhookevent WHERE state IN ('waiting', 'parked')",
    "an event waits": "SELECT handler AS reference, status AS state FROM core_eventdelivery WHERE status <> 'done'",
    "an event is not handed over": "SELECT name AS reference, '' AS state FROM core_outboxevent "
    "WHERE relayed_at IS NULL",
}


def unsettled() -> list[str]:
    """Return what still has to happen, a line for each."""
    return [
        f"{what}: {row['reference']} {row['state']}" for what, question in QUESTIONS.items() for row in _rows(question)
    ]


def _rows(question: str) -> list[dict[str, Any]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(question)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def outcomes(ways: Mapping[Any, str]) -> Iterable[tuple[str, str, int]]:
    """Return how those who paid in each way ended: the way, what became of them, and how many.

    :param ways: how each booking was to be paid, by its public id
    """
    counted = Counter[tuple[str, str]]()
    paid = {row["subject_id"]: row for row in _rows(
        "SELECT q.subject_id, sum(p.received_kobo) AS received, sum(p.refunded_kobo) AS refunded, "
        "sum(p.disputed_kobo) AS disputed, bool_or(p.review = 'held') AS held FROM payments_payment p "
        "JOIN payments_paymentrequest q ON q.id = p.request_id GROUP BY 1")}  # fmt: skip
    for booking in _rows("SELECT public_id, status FROM bookings_booking"):
        way = ways.get(booking["public_id"])
        if way is None:
            continue
        money = paid.get(booking["public_id"])
        counted[way, f"{'table' if booking['status'] in WITH_A_TABLE else booking['status']}, {_said(money)}"] += 1
    return [(way, end, count) for (way, end), count in sorted(counted.items())]


def _said(money: Mapping[str, Any] | None) -> str:
    if money is None or not money["received"]:
        return "held for a look" if money and money["held"] else "nothing paid"
    if money["refunded"] >= money["received"]:
        return "all given back"
    if money["disputed"]:
        return "paid, and disputed"
    return "a part given back" if money["refunded"] else "paid"
