"""A customer's bank takes the money back, unless the merchant can show why not."""

from datetime import timedelta

from sandbox.flutterwave import charging, refunds
from sandbox.flutterwave.callers import NAME, Caller
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.fields import row_id
from sandbox.flutterwave.models import Chargeback, Transaction
from sandbox.flutterwave.shapes import moment
from sandbox.gateways import clock, due
from sandbox.gateways.store import writing

LOSE = "lose_chargeback"
ANSWERS = {"accept": Chargeback.Status.ACCEPTED, "decline": Chargeback.Status.DECLINED}


@writing()
def open_for(row: Transaction, *, amount_kobo: int | None = None, comment: str = "") -> Chargeback:
    """Open a chargeback for what is left of a transaction, or a part of it.

    :raises Refused: when it was never paid, or less than that is left
    """
    left = refunds.left_kobo(row)
    if row.status != Transaction.Status.SUCCESSFUL or left <= 0:
        raise Refused("Nothing of this transaction can be charged back")
    taken = left if amount_kobo is None else amount_kobo
    if taken > left:
        raise Refused("Less than that is left of the transaction")
    now = clock.now()
    made = Chargeback.objects.create(
        transaction=row,
        amount_kobo=taken,
        comment=comment or "Product/service not received",
        created_at=now,
        # The end of the next day of work, as the samples have it.
        due_at=(now + timedelta(days=1)).replace(hour=15, minute=59, second=59, microsecond=0),
        history=[
            {"initiator": "dispute", "date": moment(now), "description": "Dispute transaction"},
            {
                "action": "initiated",
                "stage": "new",
                "date": moment(now),
                "description": "Debit and hold chargeback amount",
                "source": "availablebalance",
            },
        ],
    )
    due.later(NAME, LOSE, made.due_at, chargeback=made.pk)
    charging.note(row, "chargeback", "initiated", f"Chargeback {made.pk}")
    return made


@writing()
def answer(caller: Caller, chargeback_id: str, action: object) -> Chargeback:
    """Take the merchant's answer.

    :raises Refused: when there is no such chargeback, it has been answered, or the answer is neither accept nor decline
    """
    made = (
        Chargeback.objects.select_related("transaction")
        .filter(caller.owns("transaction__"), pk=row_id(chargeback_id))
        .first()
    )
    if made is None:
        raise Refused("No chargeback was found for this id")
    if not isinstance(action, str) or action not in ANSWERS:
        raise Refused("action must be one of accept, decline")
    if made.status != Chargeback.Status.INITIATED:
        raise Refused("Chargeback has been treated already")
    _move(made, ANSWERS[action], "Merchant's answer")
    return made


@writing()
def decide(chargeback_id: int, to: str) -> Chargeback:
    """Let the bank decide: won or lost, whatever the merchant said.

    :raises Chargeback.DoesNotExist: when there is none
    :raises Refused: when it has been decided
    """
    made = Chargeback.objects.select_related("transaction").get(pk=chargeback_id)
    if made.status not in (Chargeback.Status.INITIATED, Chargeback.Status.DECLINED):
        raise Refused("Chargeback has been decided already")
    if to not in (Chargeback.Status.WON, Chargeback.Status.LOST):
        raise Refused("to must be won or lost")
    _move(made, Chargeback.Status(to), "Bank's decision")
    return made


def lose_unanswered(chargeback: int) -> None:
    """Lose a chargeback that nobody answered in time: an action of the gateway's."""
    made = Chargeback.objects.filter(pk=chargeback, status=Chargeback.Status.INITIATED).first()
    if made is not None:
        _move(made, Chargeback.Status.LOST, "No merchant response")


def _move(made: Chargeback, to: Chargeback.Status, why: str) -> None:
    made.status = to
    made.history = [
        *made.history,
        {"action": str(to), "stage": made.stage, "date": moment(clock.now()), "description": why},
    ]
    made.save()
