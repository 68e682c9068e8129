from celery import shared_task

from core import outbox


@shared_task(name="core.outbox.relay")
def relay() -> None:
    outbox.relay_all()


@shared_task(name="core.outbox.deliver")
def deliver(delivery_id: int, attempts: int | None = None) -> None:
    outbox.attempt(delivery_id, attempts)


@shared_task(name="core.outbox.sweep")
def sweep() -> None:
    """Find what a crash or a dead Redis left behind; runs every few seconds."""
    outbox.relay_all()
    outbox.hand_over_due()


@shared_task(name="core.outbox.forget_old")
def forget_old_events() -> None:
    outbox.forget_old()


@shared_task(name="core.idempotency.forget_old")
def forget_old_idempotency_keys() -> None:
    from core.api import idempotency

    idempotency.forget_old()
