"""Forgetting a guest: tables still to come are given back, what was eaten stays in the books without a name."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone, translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from bookings import card_words
from bookings.collectors import (
    CONTACT,
    alerts_about,
    bookings_about,
    guests_about,
    queue_about,
    series_about,
    standby_about,
)
from bookings.deposit_words import message_keys
from bookings.models import (
    AdvanceHistory,
    Booking,
    BookingHistory,
    CalendarFeed,
    Fee,
    HouseGuest,
    Occurrence,
    QueueEntry,
    QueueHistory,
    StandbyEntry,
    StandbyHistory,
)
from bookings.services import Actor, cancel_booking, leave_waitlist
from bookings.states import STANDBY_LIVE, UPCOMING, ActorKind, OccurrenceState, SeriesStatus
from bookings.ticket_erasers import TICKET_ERASERS, TICKETS_NOT_ERASED
from core import codes
from core.personal_data import Eraser, Outcome, Subject
from localization import formatting
from notifications import erasers as notified
from notifications import services as notifications

BATCH = 500
SOME = 20


def give_back(subject: Subject) -> Outcome:
    """Cancel what is still to come, with the guest's details taken out in the same moment: no mail may follow them."""
    coming = bookings_about(subject).filter(status__in=UPCOMING, ends_at__gt=timezone.now())
    batch = list(coming.select_related("restaurant")[:SOME])
    for booking in batch:
        with translation.override("en"):
            reason = (
                _now("The guest's account is closed.")
                if subject.has_account
                else _now("The guest has asked to be erased.")
            )
        cancelled = cancel_booking(booking=booking, by=Actor.system(), reason=reason)
        _empty([cancelled.pk], subject)
        _tell_house(cancelled, asked_by="account" if subject.has_account else "guest")
    return Outcome(gone=len(batch), more=len(batch) == SOME)


def stop_repeating(subject: Subject) -> Outcome:
    """End the series, so that no more bookings are made for somebody who is gone, and empty them."""
    mine = series_about(subject)
    named = list(mine.exclude(guest_name=subject.pseudonym).values_list("pk", flat=True)[:BATCH])
    Occurrence.objects.filter(series__in=named, state=OccurrenceState.PLANNED).update(state=OccurrenceState.WITHDRAWN)
    mine.filter(pk__in=named, status=SeriesStatus.ACTIVE).update(status=SeriesStatus.CANCELLED)
    mine.filter(pk__in=named).update(
        guest_name=subject.pseudonym, guest_phone="", guest_email="", notes="", step_free=False
    )
    return Outcome(gone=len(named), kept=mine.count(), more=len(named) == BATCH)


def close_calendars(subject: Subject) -> Outcome:
    """Shut the addresses that calendar programs read."""
    gone = CalendarFeed.objects.filter(user_id=subject.user_id) if subject.user_id else CalendarFeed.objects.none()
    count = gone.count()
    gone.delete()
    return Outcome(gone=count)


def _tell_house(booking: Booking, *, asked_by: str) -> None:
    """Write to the house, if it has an address; the desk's page has the news in any case."""
    house = booking.restaurant
    if not house.email:
        return
    notifications.send(
        kind="booking.guest_erased",
        to=house.email,
        name=house.name,
        language="en",
        context={
            "restaurant_name": house.name,
            "code": codes.display(booking.code),
            "party_size": booking.party_size,
            "when": formatting.day_and_time(booking.starts_at, "en", house.time_zone),
            "asked_by": asked_by,
        },
        dedupe_key=f"booking.guest_erased:{booking.public_id}",
    )


def forget_guest(subject: Subject) -> Outcome:
    """Take the person out of the houses' guest books; before their bookings lose what finds the entries."""
    keys = list(guests_about(subject).values_list("pk", flat=True)[:BATCH])
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(HouseGuest), object_id__in=[str(key) for key in keys]
    ).update(object_repr=subject.pseudonym)
    HouseGuest.objects.filter(pk__in=keys).delete()
    return Outcome(gone=len(keys), more=len(keys) == BATCH)


def empty(subject: Subject) -> Outcome:
    """Put the pseudonym in the guest's place."""
    mine = bookings_about(subject)
    named = list(mine.exclude(guest_name=subject.pseudonym).values_list("pk", flat=True)[:BATCH])
    _empty(named, subject)
    return Outcome(gone=len(named), kept=mine.count(), more=len(named) == BATCH)


def _empty(keys: list[int], subject: Subject) -> None:
    if not keys:
        return
    Booking.objects.filter(pk__in=keys).update(
        guest_name=subject.pseudonym, guest_phone="", guest_email="", notes="", staff_notes="", step_free=False
    )
    # What a guest, or the house about them, wrote in their own words may name them.
    BookingHistory.objects.filter(booking__in=keys).exclude(actor_kind=ActorKind.SYSTEM).update(reason="")
    paid = AdvanceHistory.objects.filter(advance__booking__in=keys)
    paid.exclude(actor_kind=ActorKind.SYSTEM).update(reason="")
    # They went to a number that nobody has proven, too.
    notified.empty_about(message_keys(paid.values_list("pk", flat=True)), subject.pseudonym)
    fees = Fee.objects.filter(booking__in=keys)
    fees.exclude(reason="").update(reason="")
    told = card_words.message_keys(list(Booking.objects.filter(pk__in=keys).only("public_id")), list(fees))
    notified.empty_about(told, subject.pseudonym)
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Booking), object_id__in=[str(key) for key in keys]
    ).update(object_repr=subject.pseudonym)


def leave_lines(subject: Subject) -> Outcome:
    """Take the person off every list, first of all: no offer may follow them."""
    live = standby_about(subject).filter(status__in=STANDBY_LIVE)
    batch = list(live[:SOME])
    for entry in batch:
        leave_waitlist(entry=entry, by=Actor.system(), reason="the guest was erased")
    ended = alerts_about(subject).filter(ended_at__isnull=True).update(ended_at=timezone.now())
    return Outcome(gone=len(batch) + ended, more=len(batch) == SOME)


def empty_lines(subject: Subject) -> Outcome:
    """Put the pseudonym in the place of whoever waited; a wish to be told is deleted."""
    _empty_messages(subject)
    deleted, _each = alerts_about(subject).delete()
    waited = list(standby_about(subject).exclude(guest_name=subject.pseudonym).values_list("pk", flat=True)[:BATCH])
    StandbyEntry.objects.filter(pk__in=waited).update(guest_name=subject.pseudonym, guest_phone="", guest_email="")
    StandbyHistory.objects.filter(entry__in=waited).exclude(actor_kind=ActorKind.SYSTEM).update(reason="")
    queued = list(queue_about(subject).exclude(guest_name=subject.pseudonym).values_list("pk", flat=True)[:BATCH])
    QueueEntry.objects.filter(pk__in=queued).update(guest_name=subject.pseudonym, guest_phone="")
    QueueHistory.objects.filter(entry__in=queued).exclude(actor_kind=ActorKind.SYSTEM).update(reason="")
    gone = deleted + len(waited) + len(queued)
    return Outcome(gone=gone, kept=standby_about(subject).count(), more=BATCH in (len(waited), len(queued)))


def _empty_messages(subject: Subject) -> None:
    """Forget the text messages: they went to numbers that nobody has proven to be theirs."""
    entries = standby_about(subject).filter(booking__isnull=False).exclude(guest_name=subject.pseudonym)
    keys = [f"standby.offered:{entry}:{hold}" for entry, hold in entries.values_list("public_id", "booking__public_id")]
    keys += [f"alert.free_time:{public_id}" for public_id in alerts_about(subject).values_list("public_id", flat=True)]
    queued = queue_about(subject).exclude(guest_name=subject.pseudonym).values_list("public_id", flat=True)
    keys += [f"queue.{what}:{public_id}" for public_id in queued for what in ("joined", "seat_ready")]
    notified.empty_about(keys, subject.pseudonym)


ERASERS = [
    Eraser(
        "bookings.calendars",
        _("Addresses for calendar programs"),
        12,
        close_calendars,
        goes=_("They are taken back: calendar programs find nothing there any more."),
        covers=("bookings.CalendarFeed", "bookings.CalendarFeed.user"),
    ),
    Eraser(
        "bookings.series",
        _("Bookings that repeat"),
        15,
        stop_repeating,
        goes=_("They end, with name, phone, e-mail address and wishes. A random word takes their place."),
        stays=_("Restaurant, days, time and size of the party."),
        why=_(
            "Books and records of a business are kept for six years "
            "(Companies and Allied Matters Act 2020, section 375)."
        ),
        covers=(
            "bookings.BookingSeries.diner",
            "bookings.BookingSeries.guest_name",
            "bookings.BookingSeries.guest_phone",
            "bookings.BookingSeries.guest_phone_index",
            "bookings.BookingSeries.guest_email",
            "bookings.BookingSeries.guest_email_index",
            "bookings.BookingSeries.notes",
            "bookings.BookingSeries.step_free",
            "bookings.Occurrence",
        ),
        is_for_guests=True,
    ),
    Eraser(
        "bookings.waiting",
        _("Places in line"),
        15,
        leave_lines,
        goes=_("They are given up, and tables kept for them go to the next."),
        is_for_guests=True,
    ),
    Eraser(
        "bookings.waited",
        _("Waiting lists, queues, and free tables to be told of"),
        25,
        empty_lines,
        goes=_("Name, phone and e-mail address. A random word takes their place."),
        stays=_("Restaurant, day, size of the party and how long it waited."),
        why=_("So that houses can say how long people really wait."),
        covers=(
            "bookings.StandbyEntry",
            "bookings.StandbyEntry.diner",
            "bookings.StandbyHistory",
            "bookings.FreeTimeAlert",
            "bookings.FreeTimeAlert.diner",
            "bookings.QueueEntry",
            "bookings.QueueHistory",
            *(f"bookings.StandbyEntry.{name}" for name in CONTACT),
            *(f"bookings.FreeTimeAlert.{name}" for name in CONTACT),
            *(f"bookings.QueueEntry.{name}" for name in CONTACT[:3]),
        ),
        is_for_guests=True,
    ),
    Eraser(
        "bookings.upcoming",
        _("Tables still to come"),
        20,
        give_back,
        goes=_("They are cancelled, and the restaurants are told that the tables are free."),
        is_for_guests=True,
    ),
    Eraser(
        "bookings.guest_books",
        _("Guest books of restaurants"),
        25,
        forget_guest,
        goes=_("All of it: contacts, allergies, birthday, notes, tags, and how often you came."),
        covers=("bookings.HouseGuest", "bookings.OtherContact", "bookings.GuestNote", "bookings.GuestTagging"),
        is_for_guests=True,
    ),
    Eraser(
        "bookings.details",
        _("Bookings"),
        30,
        empty,
        goes=_(
            "Name, phone, e-mail address, wishes, the need of a table without steps and the house's notes. "
            "A random word takes their place."
        ),
        stays=_("Restaurant, day, time, size of the party and what became of the booking."),
        why=_(
            "Books and records of a business are kept for six years "
            "(Companies and Allied Matters Act 2020, section 375)."
        ),
        covers=(
            "bookings.Booking.diner",
            "bookings.Booking.guest_name",
            "bookings.Booking.guest_phone",
            "bookings.Booking.guest_phone_index",
            "bookings.Booking.guest_email",
            "bookings.Booking.guest_email_index",
            "bookings.Booking.notes",
            "bookings.Booking.step_free",
            "bookings.Booking.staff_notes",
            "bookings.BookingHistory",
        ),
        is_for_guests=True,
    ),
]

ERASERS += TICKET_ERASERS

_books = "Books of what was paid and paid back: they are kept for six years, without a name."

_pseudonym = "The row it leads to holds nothing of the person any more."
NOT_ERASED = {
    **TICKETS_NOT_ERASED,
    "bookings.BookingSeries.created_by": _pseudonym,
    "bookings.QueueEntry.created_by": _pseudonym,
    "bookings.StandbyEntry_areas": "Where people like to sit: a matter of the house.",
    "bookings.StandbyHistory.actor": _pseudonym,
    "bookings.QueueHistory.actor": _pseudonym,
    "bookings.HouseGuest.blocked_by": _pseudonym,
    "bookings.GuestNote.written_by": _pseudonym,
    "bookings.GuestTagging.given_by": _pseudonym,
    "bookings.Booking.created_by": _pseudonym,
    "bookings.BookingHistory.actor": _pseudonym,
    "bookings.Advance": _books,
    "bookings.AdvanceHistory": _books,
    "bookings.AdvanceHistory.actor": _pseudonym,
    "bookings.Fee": _books,
    "bookings.Fee.waived_by": _pseudonym,
    "bookings.FeeRowHistory": _books,
    "bookings.Block": _pseudonym,
    "bookings.Block.created_by": _pseudonym,
    "bookings.DeskAct": _pseudonym,
    "bookings.DeskAct.actor": _pseudonym,
    "bookings.TableAllocation": "Which table was kept: a matter of the house.",
}
