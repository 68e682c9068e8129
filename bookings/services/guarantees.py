"""A table that waits for a card: a small sum is charged, given back at once, and its card kept for this booking alone.

Holds on a card are not to be had in Nigeria, so this is what stands in their place. The lock order is that of deposits.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from bookings import errors, terms
from bookings.card_words import waits_for_card as waits
from bookings.events import CardAsked, GuaranteeTaken
from bookings.models import Booking, Fee, TableAllocation
from bookings.rearranging import Sought
from bookings.services import advances, claiming, deposits
from bookings.services.claiming import Actor
from bookings.states import FeeState, Status, SystemReason
from core.errors import Busy
from core.outbox import publish
from payments.saved import selectors as cards
from payments.saved.services import forgetting
from payments.states import Kind
from restaurants.service_plan import ServicePlan, remembered_plan

OVER = (
    Status.COMPLETED, Status.LEFT, Status.CANCELLED, Status.DECLINED, Status.EXPIRED, Status.NO_SHOW,
)  # fmt: skip
# So long after the evening a card is still kept: a no-show may be taken back and marked again, and a visit of which
# nobody ever noted the end is over.
KEPT_AFTER = timedelta(days=1)
# And so long for a fee that could not be charged.
UNPAID_FOR = timedelta(days=7)


def held_until(booking: Booking, plan: ServicePlan, *, now: datetime, by: Actor) -> datetime | None:
    """Make a new booking wait for its card where its terms ask for one, and return until when; the caller saves it."""
    if booking.status != Status.CONFIRMED or not terms.asks_card(booking.policy):
        return None
    booking.status = Status.HELD
    booking.hold_expires_at = advances.held_until(booking, plan, now=now, by=by)
    return booking.hold_expires_at


def hold_for_card(booking: Booking, plan: ServicePlan, *, by: Actor) -> bool:
    """Keep a locked booking that has its guest and the house's yes until its card has come; False if it needs none."""
    if not terms.asks_card(booking.policy):
        return False
    until = advances.held_until(booking, plan, now=timezone.now(), by=by)
    booking.hold_expires_at = until
    if booking.status == Status.HELD:
        booking.version += 1
        booking.save()
        claiming.record(booking, by=by, from_status=booking.status)
    else:
        claiming.move(booking, Status.HELD, by=by)
    TableAllocation.objects.filter(booking=booking, live=True).update(expires_at=until)
    tell_asked(booking, until=until)
    claiming.tell_open_pages(plan, booking.service_day)
    return True


def tell_asked(booking: Booking, *, until: datetime) -> None:
    publish(CardAsked(booking_id=booking.public_id, until=until))


def take_guarantee(*, booking: Booking, counts: Callable[[], bool]) -> bool:
    """Take note that a booking's card has come, and tell whether that gives it its table.

    A table whose time to wait is over is taken again if it is free; if not, the card is forgotten.

    :param counts: notes its money as counted, in the same transaction; False when it was, and then nothing is done. It
        is called once the day and the booking are locked: what is asked for them is locked after them, as everywhere.
    :raises core.errors.Busy: when the day stays locked by others for three seconds
    """
    for _attempt in range(deposits.CODE_TRIES):
        try:
            return claiming.searching_first(
                partial(
                    _take_under_lock,
                    booking_id=booking.pk,
                    restaurant_id=booking.restaurant_id,
                    seen_day=booking.service_day,
                    counts=counts,
                )
            )
        except IntegrityError as clash:
            if claiming.constraint_of(clash) != "code_is_unique_among_live_bookings":
                raise
    raise Busy


@transaction.atomic
def _take_under_lock(
    sought: Sought | None, *, booking_id: int, restaurant_id: int, seen_day: date, counts: Callable[[], bool]
) -> bool:
    claiming.lock_service_days(restaurant_id, [seen_day])
    booking = claiming.locked(booking_id)
    if booking.service_day != seen_day:
        raise Busy
    if not counts():
        return booking.status in deposits.WITH_A_TABLE
    now = timezone.now()
    if booking.status not in (Status.HELD, Status.EXPIRED):
        # It has its table, or is over: `forget_cards` looks after that.
        return booking.status in deposits.WITH_A_TABLE
    has_it = booking.status == Status.HELD and booking.hold_expires_at is not None and booking.hold_expires_at > now
    if not has_it:
        has_it = _again(booking, now=now, sought=sought)
    if has_it:
        deposits.confirm(booking, by=Actor.system(), reason=SystemReason.CARD_GIVEN)
    else:
        if booking.status == Status.HELD:
            claiming.move(booking, Status.EXPIRED, by=Actor.system())
            claiming.free_tables(booking)
        forgetting.end_guarantee(kind=Kind.GUARANTEE, subject_id=booking.public_id)
    publish(GuaranteeTaken(booking_id=booking.public_id, confirms=has_it))
    claiming.tell_open_pages(remembered_plan(restaurant_id), booking.service_day)
    return has_it


def _again(booking: Booking, *, now: datetime, sought: Sought | None) -> bool:
    try:
        with transaction.atomic():
            deposits.claim_again(booking, now=now, sought=sought)
    except errors.BookingRefused:
        pass
    except IntegrityError as clash:
        if claiming.constraint_of(clash) != "one_table_one_party":
            raise
    else:
        return True
    # The attempt may have left its marks on the row in memory.
    booking.refresh_from_db(fields=["code", "is_locked"])
    return False


def hold_longer(*, booking_id: int, until: datetime) -> None:
    """Hold a table that waits for its card so long; not where it has it, or its time is over."""
    with transaction.atomic():
        booking = claiming.locked(booking_id)
        is_waiting = waits(booking) and booking.hold_expires_at is not None and booking.hold_expires_at > timezone.now()
        if is_waiting and booking.hold_expires_at is not None and booking.hold_expires_at < until:
            booking.hold_expires_at = until
            booking.save(update_fields=["hold_expires_at", "updated_at"])
            TableAllocation.objects.filter(booking=booking, live=True).update(expires_at=until)


def forget_cards(*, limit: int = 500) -> int:
    """Let go of the cards of bookings that are over and owe no fee any more; returns how many guarantees ended."""
    ended, after = 0, 0
    while rows := cards.open_guarantees(Kind.GUARANTEE, after=after, limit=limit):
        after = rows[-1][0]
        for public_id in _done_with({subject for _pk, subject in rows}):
            ended += forgetting.end_guarantee(kind=Kind.GUARANTEE, subject_id=public_id)
    return ended


def _done_with(public_ids: set[UUID]) -> set[UUID]:
    now = timezone.now()
    bookings = {
        row["public_id"]: row
        for row in Booking.objects.filter(public_id__in=public_ids).values("pk", "public_id", "status", "ends_at")
    }
    owing = set()
    for booking_id, state, at in Fee.objects.filter(booking__public_id__in=public_ids).values_list(
        "booking__public_id", "state", "updated_at"
    ):
        if state == FeeState.ASKED or (state == FeeState.UNPAID and at > now - UNPAID_FOR):
            owing.add(booking_id)
    found = set()
    for public_id in public_ids - owing:
        booking = bookings.get(public_id)
        is_past = booking is None or booking["ends_at"] + KEPT_AFTER < now
        is_over = booking is None or (booking["status"] in OVER and booking["status"] != Status.NO_SHOW)
        if is_past or is_over:
            found.add(public_id)
    return found
