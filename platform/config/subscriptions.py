"""Who hears what: every event of the outbox and the handlers that it reaches.

A handler takes the event's payload as keywords and runs as its own task, at least once, with its effect at most
once (`core.outbox`).
"""

SUBSCRIPTIONS: dict[str, list[str]] = {
    # event name: dotted paths of the handlers
}
