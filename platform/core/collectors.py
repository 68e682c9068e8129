"""Nothing in the kit's own tables is anybody's to take along; this says why."""

NOT_COLLECTED = {
    "core.IdempotencyKey.body": "An answer that was given to the person already, kept for a day.",
    "core.IdempotencyKey.actor": "An answer that was given to the person already, kept for a day.",
}
