from celery import shared_task

from payments.saved.services import forgetting


@shared_task(name="payments_saved.tell_of_forgetting")
def tell_of_forgetting(method_id: int) -> None:
    forgetting.tell_gateway(method_id=method_id)


@shared_task(name="payments_saved.forget_due")
def forget_due() -> None:
    """Tell gateways of cards that they are to forget."""
    forgetting.forget_due()
