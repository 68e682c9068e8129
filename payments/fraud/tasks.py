from celery import shared_task

from payments.fraud.services import reminding


@shared_task(name="fraud.remind")
def remind() -> None:
    """Remind the platform's people of payments that wait for a look."""
    reminding.remind()
