"""A booking's history: who did what to it, when and through which door, and what somebody may have to answer for."""

from typing import TYPE_CHECKING, Any

from bookings.models import Booking, BookingHistory
from bookings.states import ActorKind, Status
from core import audit

if TYPE_CHECKING:
    from bookings.services.claiming import Actor

# What a house does to a guest against their will, or to its own rules, somebody may have to answer for.
DONE_TO_A_GUEST: dict[str, str] = {
    Status.CANCELLED: "booking.cancelled_by_house",
    Status.DECLINED: "booking.declined",
    Status.NO_SHOW: "booking.no_show",
}


def record(
    booking: Booking, *, by: "Actor", from_status: str, reason: str = "", changes: dict[str, Any] | None = None
) -> None:
    BookingHistory.objects.create(
        booking=booking,
        actor=by.user,
        partner=by.app,
        actor_kind=by.kind,
        channel=by.channel,
        from_status=from_status,
        to_status=booking.status,
        reason=reason[:300],
        changes=changes or {},
    )
    if by.kind in (ActorKind.STAFF, ActorKind.PARTNER) and booking.status != from_status:
        is_undone = from_status == Status.NO_SHOW
        if action := "booking.no_show_undone" if is_undone else DONE_TO_A_GUEST.get(booking.status):
            audit.record(action, actor=by.user or by.app, target=booking, details={"from": from_status})
