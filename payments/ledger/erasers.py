"""The books are kept for six years and name nobody; this says why nothing in them is erased."""

NOT_ERASED = {
    "ledger.Account.owner_id": (
        "A public id, which leads to nobody once the account is gone. Books are kept for six years (CAMA 2020, s. 375)."
    ),
    "ledger.Transaction.actor_id": (
        "A public id, which leads to nobody once the account is gone. Books are kept for six years (CAMA 2020, s. 375)."
    ),
}
