from celery import shared_task

from payments.reconciliation import services


@shared_task(name="reconciliation.begin_night")
def begin_night() -> None:
    """Begin the night's comparisons with the gateways."""
    services.begin_night()


@shared_task(name="reconciliation.go_on")
def go_on(run_id: int) -> None:
    services.go_on(run_id=run_id)


@shared_task(name="reconciliation.go_on_with_due")
def go_on_with_due() -> None:
    """Find the comparisons that a crash, or a silent gateway, left where they stand."""
    services.go_on_with_due()


@shared_task(name="reconciliation.look_after_ours")
def look_after_ours() -> None:
    """Look for money that counts for nothing, and for what waits too long."""
    services.look_after_ours()
