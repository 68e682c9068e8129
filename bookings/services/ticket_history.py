"""One line of an order's history, written by whoever does something with it."""

from uuid import UUID

from bookings.models import Ticket, TicketHistory, TicketOrder
from bookings.services.claiming import Actor
from bookings.states import TicketDeed


def record(
    order: TicketOrder,
    deed: TicketDeed,
    *,
    by: Actor,
    ticket: Ticket | None = None,
    code: str = "",
    amount_kobo: int = 0,
    reference: str = "",
    means: str = "",
    former_public_id: UUID | None = None,
    reason: str = "",
) -> None:
    """Write what was done, by whom and through which door.

    :param code: the ticket's code at that time, where it is another one now; as `former_public_id`
    :param means: how money changed hands, as PaidBy has it
    """
    TicketHistory.objects.create(
        order=order,
        ticket=ticket,
        actor=by.user,
        partner=by.app,
        actor_kind=by.kind,
        channel=by.channel,
        deed=deed,
        code=code or (ticket.code if ticket is not None else ""),
        amount_kobo=amount_kobo,
        means=means,
        former_public_id=former_public_id,
        reference=reference[:100],
        reason=reason[:300],
    )
