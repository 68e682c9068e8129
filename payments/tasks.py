from celery import shared_task

from payments import services


@shared_task(name="payments.check")
def check(payment_id: int) -> None:
    services.settle(payment_id=payment_id)


@shared_task(name="payments.check_due")
def check_due() -> None:
    """Ask about the attempts to pay whose time has come."""
    services.check_due()


@shared_task(name="payments.look_after_refund")
def look_after(refund_id: int) -> None:
    services.look_after_refund(refund_id=refund_id)


@shared_task(name="payments.look_after_refunds")
def look_after_refunds() -> None:
    """Tell gateways of refunds, and ask what became of them."""
    services.look_after_refunds()


@shared_task(name="payments.work_off")
def work_off(event_id: int) -> None:
    services.work_off(event_id=event_id)


@shared_task(name="payments.work_off_due")
def work_off_due() -> None:
    """Find the webhooks that a crash or a dead Redis left behind."""
    services.work_off_due()
