"""The figures in the guest book: kept running with every move of a booking, and mended from the bookings if need be."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Max
from django.db.models.functions import Greatest

from bookings import guest_book
from bookings.models import Booking, HouseGuest
from bookings.states import Status

BATCH = 500


def follow(booking: Booking, before: str) -> None:
    """Bring a guest's figures up to a move that was just saved, in its transaction; one statement, or none."""
    if booking.guest_id is None:
        return
    was, now = _share(booking, before), _share(booking, booking.status)
    steps = {name: now.get(name, 0) - was.get(name, 0) for name in {*was, *now}}
    changes = {name: F(name) + step for name, step in steps.items() if step}
    if booking.status == Status.COMPLETED:
        # NULL is not the greatest of anything: the first visit counts, too.
        changes["last_visit_at"] = Greatest(F("last_visit_at"), booking.starts_at)  # type: ignore[assignment]
    if changes:
        HouseGuest.objects.filter(pk=booking.guest_id).update(**changes)


def _share(booking: Booking, status: str) -> dict[str, int]:
    """Return what a booking adds to the figures while it is in a state."""
    if status == Status.COMPLETED:
        return {"visits": 1, "covers": booking.party_size}
    if status == Status.NO_SHOW:
        return {"no_shows": 1}
    if status == Status.CANCELLED and booking.is_late_cancellation:
        return {"late_cancellations": 1}
    return {}


@transaction.atomic
def record_spend(*, booking_id: UUID, kobo: int, **_more: object) -> None:
    """Note what a party's bill came to; said again, the later figure counts. For whoever settles the bill.

    :param booking_id: the public one, as events carry it
    """
    booking = Booking.objects.select_for_update(of=("self",)).filter(public_id=booking_id).first()
    if booking is None:
        return
    step = kobo - (booking.spend_kobo or 0)
    booking.spend_kobo = kobo
    booking.save(update_fields=["spend_kobo", "updated_at"])
    if booking.guest_id is not None and step:
        HouseGuest.objects.filter(pk=booking.guest_id).update(spend_kobo=F("spend_kobo") + step)


def out_of_step(*, restaurant_id: int | None = None) -> list[tuple[int, dict[str, tuple[int, int]]]]:
    """Return the guests whose figures differ from their bookings: key, and per figure what stands and what is so.

    Guests whose bookings move meanwhile may be among them; mend() looks again with the row locked.
    """
    guests = HouseGuest.objects.order_by("pk")
    if restaurant_id is not None:
        guests = guests.filter(restaurant_id=restaurant_id)
    wrong = []
    last = 0
    while batch := list(guests.filter(pk__gt=last).values("pk", *guest_book.FIGURES)[:BATCH]):
        true = guest_book.counted(row["pk"] for row in batch)
        for row in batch:
            differs = {
                name: (row[name], true[row["pk"]][name])
                for name in guest_book.FIGURES
                if row[name] != true[row["pk"]][name]
            }
            if differs:
                wrong.append((row["pk"], differs))
        last = batch[-1]["pk"]
    return wrong


def mend(guests: Iterable[int]) -> int:
    """Write the figures of some guests anew from their bookings, and return how many there were.

    With the guest's row locked: a move that has committed has counted already, one that has not will count afterwards.
    """
    keys = sorted(set(guests))
    for start in range(0, len(keys), BATCH):
        some = keys[start : start + BATCH]
        with transaction.atomic():
            rows = list(HouseGuest.objects.select_for_update(of=("self",)).filter(pk__in=some).order_by("pk"))
            true = guest_book.counted(row.pk for row in rows)
            came = Booking.objects.filter(guest_id__in=some, status=Status.COMPLETED).order_by()
            last = dict(came.values("guest_id").annotate(last=Max("starts_at")).values_list("guest_id", "last"))
            _write({row.pk: {**true[row.pk], "last_visit_at": last.get(row.pk)} for row in rows})
    return len(keys)


# Django's bulk_update would make a CASE for each row and column.
_WRITE = """
    UPDATE bookings_houseguest AS guest
    SET visits = counted.visits, covers = counted.covers, no_shows = counted.no_shows,
        late_cancellations = counted.late_cancellations, spend_kobo = counted.spend_kobo,
        last_visit_at = counted.last_visit_at
    FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[], %s::bigint[], %s::timestamptz[])
        AS counted (id, visits, covers, no_shows, late_cancellations, spend_kobo, last_visit_at)
    WHERE guest.id = counted.id
"""


def _write(rows: dict[int, dict[str, Any]]) -> None:
    names = ("visits", "covers", "no_shows", "late_cancellations", "spend_kobo", "last_visit_at")
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [list(rows), *([row[name] for row in rows.values()] for name in names)])
