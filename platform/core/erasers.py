"""Nothing in the kit's own tables outlives a person's fourteen days of regret; this says why."""

NOT_ERASED = {
    "core.IdempotencyKey.body": "Encrypted, and kept for a day, which is over long before an erasure begins.",
    "core.IdempotencyKey.actor": "Kept for a day, which is over long before an erasure begins.",
}
