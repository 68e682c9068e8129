"""Points promised with a booking: whose they are while it stands, and where they go when it comes to nothing.

The bonus of a suggested time belongs to that booking and ends with it. An apology is owed to the guest: it lies on the
booking that the house cancelled, goes along with the next one, and back there when that is cancelled, declined, given
back, or left unseated. The row of the cancelled booking is locked after its successor's.
"""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from bookings.models import Booking, BookingHistory
from bookings.offers import APOLOGY_LASTS
from bookings.services.recording import record
from bookings.states import APOLOGY, STAFF_CHANNELS, Status, SystemReason

if TYPE_CHECKING:
    from bookings.services.claiming import Actor

# A no-show stays as it is, for it can be undone; its points are earned by coming, and so by nobody.
COMES_TO_NOTHING = frozenset({Status.CANCELLED, Status.DECLINED, Status.EXPIRED, Status.LEFT})


def take_along(booking: Booking, *, by: "Actor", bumped: UUID | None = None) -> None:
    """Promise with a new booking what was promised with the one that the house cancelled; the caller saves it.

    :param bumped: the cancelled one, where its guest came by the link. For whom the house's staff book, the oldest one
        of the same entry in the guest book is looked for
    """
    waiting = Booking.objects.select_for_update(of=("self",)).filter(
        restaurant_id=booking.restaurant_id, status=Status.CANCELLED, bonus_points__gt=0
    )
    if bumped is not None:
        owed = waiting.filter(public_id=bumped).first()
    elif booking.channel in STAFF_CHANNELS and booking.guest_id is not None and booking.apology_from_id is None:
        owed = _owed_to(booking.guest_id, waiting)
    else:
        return
    if owed is not None:
        _hand_over(owed, booking, by=by, reason=SystemReason.NEXT_BOOKING)
        booking.apology_from = owed


def _owed_to(guest_id: int, waiting: QuerySet[Booking]) -> Booking | None:
    since = timezone.now() - APOLOGY_LASTS
    apologies = BookingHistory.objects.filter(
        booking=OuterRef("pk"), to_status=Status.CANCELLED, changes__has_key=APOLOGY, at__gt=since
    )
    return waiting.filter(Exists(apologies), guest_id=guest_id).order_by("starts_at", "pk").first()


def follow(booking: Booking, before: str, *, by: "Actor", is_bumped: bool) -> None:
    """Bring the points of a booking whose state has just become another one to where they belong; saves it.

    :param is_bumped: whether the house has cancelled it for want of a table: then all of them are owed to its guest
    """
    status = Status(booking.status)
    if before == Status.EXPIRED and status == Status.CONFIRMED:
        _restore(booking, by=by)
    elif status in COMES_TO_NOTHING and booking.bonus_points and not is_bumped:
        origin = _locked(booking.apology_from_id)
        if origin is not None:
            _hand_over(booking, origin, by=by, reason=SystemReason.OWED_AGAIN)
            origin.save(update_fields=["bonus_points", "updated_at"])
        else:
            booking.bonus_points = 0
            booking.save(update_fields=["bonus_points", "updated_at"])


def _restore(booking: Booking, *, by: "Actor") -> None:
    """Promise again what was promised before a hold ran out whose deposit came late."""
    origin = _locked(booking.apology_from_id)
    if origin is not None and origin.bonus_points:
        _hand_over(origin, booking, by=by, reason=SystemReason.NEXT_BOOKING)
    elif origin is None:
        promised = {datetime.fromisoformat(moment): points for moment, points in booking.suggested_times}
        booking.bonus_points = promised.get(booking.starts_at, 0)
    booking.save(update_fields=["bonus_points", "updated_at"])


def _locked(key: int | None) -> Booking | None:
    return None if key is None else Booking.objects.select_for_update(of=("self",)).filter(pk=key).first()


def _hand_over(giver: Booking, taker: Booking, *, by: "Actor", reason: str) -> None:
    points = giver.bonus_points
    taker.bonus_points, giver.bonus_points = taker.bonus_points + points, 0
    giver.save(update_fields=["bonus_points", "updated_at"])
    changes = {"bonus_points": {"from": points, "to": 0}}
    record(giver, by=by, from_status=giver.status, reason=reason, changes=changes)
