from celery import shared_task

from payments.settlement.services import accounts, issuing, payouts, sending, splitting


@shared_task(name="settlement.look_after_accounts")
def look_after_accounts() -> None:
    """Take accounts into use whose waiting time is over, and have their subaccounts made."""
    accounts.activate_due()
    splitting.make_due()


@shared_task(name="settlement.close_periods")
def close_periods() -> None:
    """Issue statements, and draft payouts, of the periods that have ended."""
    issuing.issue_due()
    payouts.draft_due()


@shared_task(name="settlement.send_due")
def send_due() -> None:
    """Send the payouts that were approved, and ask about those that are on their way."""
    sending.send_due()
