"""What of the books is in nobody's archive, and why."""

NOT_COLLECTED = {
    "ledger.Account.owner_id": "A public id, which the archive begins with; the points themselves are shown there.",
    "ledger.Transaction.actor_id": "An entry of the books; the payment or booking that it is about is in the archive.",
}
