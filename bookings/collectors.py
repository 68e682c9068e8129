"""What an archive holds of somebody's bookings; and whose a booking without an account is."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from bookings import lookup
from bookings.models import (
    Advance,
    AdvanceHistory,
    Block,
    Booking,
    BookingHistory,
    BookingSeries,
    DeskAct,
    Fee,
    FreeTimeAlert,
    GuestNote,
    GuestTagging,
    HouseGuest,
    QueueEntry,
    QueueHistory,
    StandbyEntry,
    StandbyHistory,
    TicketOrder,
)
from bookings.ticket_collectors import TICKET_COLLECTORS, TICKETS_NOT_COLLECTED
from core import codes
from core.encryption import index_of_email
from core.personal_data import Collector, Subject
from core.text import search_form


def bookings_about(subject: Subject) -> QuerySet[Booking]:
    """Return the bookings on somebody's account, those made without one for an address they have proven, and those a
    guest has shown to be theirs.

    By phone alone nothing is found: two people often share one.
    """
    mine = Q(public_id__in=subject.rows.get("bookings.Booking", ()))
    if subject.user_id is not None:
        mine |= Q(diner_id=subject.user_id)
    if subject.emails:
        mine |= Q(diner=None, guest_email_index__in=[index_of_email(address) for address in subject.emails])
    return Booking.objects.filter(mine).order_by("pk")


def bookings(subject: Subject) -> Iterator[dict[str, Any]]:
    for booking in bookings_about(subject).select_related("restaurant", "area").iterator(chunk_size=500):
        yield {
            "id": booking.public_id,
            "code": codes.display(booking.code),
            "restaurant": booking.restaurant.name,
            "status": booking.status,
            "starts_at": booking.starts_at,
            "ends_at": booking.ends_at,
            "party_size": booking.party_size,
            "name": booking.guest_name,
            "phone": booking.guest_phone,
            "email": booking.guest_email,
            "occasion": booking.occasion,
            "wishes": booking.notes,
            "notes_of_the_house": booking.staff_notes,
            "area": booking.area.name if booking.area else "",
            "table_without_steps": booking.step_free,
            "terms": booking.policy,
            "cancelled_late": booking.is_late_cancellation,
            "arrived_at": booking.arrived_at,
            "seated_at": booking.seated_at,
            "left_at": booking.left_at,
            "taken_through": booking.channel,
            "language": booking.language,
            "booked_at": booking.created_at,
        }


def advances(subject: Subject) -> Iterator[dict[str, Any]]:
    found = Advance.objects.filter(booking__in=bookings_about(subject).order_by()).select_related("booking")
    for advance in found.prefetch_related("history").order_by("pk").iterator(chunk_size=200):
        yield {
            "booking": advance.booking.public_id,
            "state": advance.state,
            "asked_for_kobo": advance.amount_kobo,
            "received_kobo": advance.received_kobo,
            "paid_back_kobo": advance.returned_kobo,
            "due_at": advance.due_at,
            "history": [
                {
                    "at": entry.at,
                    "from": entry.from_state,
                    "to": entry.to_state,
                    "by": entry.actor_kind,
                    "by_you": subject.user_id is not None and entry.actor_id == subject.user_id,
                    "through": entry.channel,
                    "asked_for_kobo": entry.amount_kobo,
                    "received_kobo": entry.received_kobo,
                    "paid_back_kobo": entry.returned_kobo,
                    "reference": entry.reference,
                    "reason": entry.reason,
                }
                for entry in advance.history.all()
            ],
        }


def fees(subject: Subject) -> Iterator[dict[str, Any]]:
    found = Fee.objects.filter(booking__in=bookings_about(subject).order_by()).select_related("booking")
    for fee in found.order_by("pk").iterator(chunk_size=200):
        yield {
            "booking": fee.booking.public_id,
            "for": fee.kind,
            "state": fee.state,
            "asked_for_kobo": fee.amount_kobo,
            "paid_kobo": fee.paid_kobo,
            "given_back_kobo": fee.returned_kobo,
            "charged_from": fee.due_at,
            "why_waived": fee.reason,
            "asked_at": fee.created_at,
        }


def series_about(subject: Subject) -> QuerySet[BookingSeries]:
    """Return the repeated bookings on somebody's account, and those without one for an address they have proven."""
    mine = Q(pk__in=[])
    if subject.user_id is not None:
        mine |= Q(diner_id=subject.user_id)
    if subject.emails:
        mine |= Q(diner=None, guest_email_index__in=[index_of_email(address) for address in subject.emails])
    return BookingSeries.objects.filter(mine).order_by("pk")


def series(subject: Subject) -> Iterator[dict[str, Any]]:
    found = series_about(subject).select_related("restaurant", "area").prefetch_related("occurrences__booking")
    for each in found.iterator(chunk_size=100):
        yield {
            "id": each.public_id,
            "restaurant": each.restaurant.name,
            "status": each.status,
            "first_on": each.first_on,
            "last_on": each.last_on,
            "every_weeks": each.every_weeks,
            "time": each.local_time,
            "party_size": each.party_size,
            "area": each.area.name if each.area else "",
            "table_without_steps": each.step_free,
            "name": each.guest_name,
            "phone": each.guest_phone,
            "email": each.guest_email,
            "occasion": each.occasion,
            "wishes": each.notes,
            "terms": each.policy,
            "dates": [
                {
                    "on": one.planned_on,
                    "starts_at": one.starts_at,
                    "state": one.state,
                    "booking": one.booking.public_id if one.booking else "",
                }
                for one in each.occurrences.all()
            ],
            "begun_at": each.created_at,
        }


def history(subject: Subject) -> Iterator[dict[str, Any]]:
    entries = BookingHistory.objects.filter(booking__in=bookings_about(subject).order_by()).select_related("booking")
    for entry in entries.order_by("pk").iterator(chunk_size=500):
        yield {
            "booking": entry.booking.public_id,
            "at": entry.at,
            "from": entry.from_status,
            "to": entry.to_status,
            "by": entry.actor_kind,
            "by_you": subject.user_id is not None and entry.actor_id == subject.user_id,
            "through": entry.channel,
            "changes": entry.changes,
            "reason": entry.reason,
        }


def guests_about(subject: Subject) -> QuerySet[HouseGuest]:
    """Return somebody's entries in the guest books: of their account, of a proven address, and of their bookings.

    Never another account's, though a booking of theirs may stand there.
    """
    mine = Q(account=None, pk__in=bookings_about(subject).order_by().values("guest"))
    if subject.user_id is not None:
        mine |= Q(account_id=subject.user_id)
    if subject.emails:
        mine |= Q(account=None, email_index__in=[index_of_email(address) for address in subject.emails])
    return HouseGuest.objects.filter(mine).order_by("pk")


def guest_book(subject: Subject) -> Iterator[dict[str, Any]]:
    entries = guests_about(subject).select_related("restaurant")
    for guest in entries.prefetch_related("notes", "taggings__tag", "other_contacts"):
        yield {
            "id": guest.public_id,
            "restaurant": guest.restaurant.name,
            "name": guest.name,
            "phone": guest.phone,
            "email": guest.email,
            "also_known_by": [
                each for other in guest.other_contacts.all() for each in (other.phone, other.email) if each
            ],
            "birthday": guest.birthday,
            "anniversary": guest.anniversary,
            "allergies": guest.allergies,
            "allergies_agreed_at": guest.allergies_agreed_at,
            "tags": [tagging.tag.name for tagging in guest.taggings.all()],
            "notes": [note.text for note in guest.notes.all()],
            "blocked_at": guest.blocked_at,
            "why_blocked": guest.block_reason,
            "wants_no_thanks": guest.wants_no_thanks,
            "visits": guest.visits,
            "covers": guest.covers,
            "no_shows": guest.no_shows,
            "late_cancellations": guest.late_cancellations,
            "spend_kobo": guest.spend_kobo,
            "last_visit_at": guest.last_visit_at,
            "known_since": guest.created_at,
        }


def work_in_the_guest_book(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody wrote and did in a guest book, without telling about whom."""
    wrote = GuestNote.objects.filter(written_by_id=subject.account).values_list("written_at", Value("wrote a note"))
    gave = GuestTagging.objects.filter(given_by_id=subject.account).values_list(
        "given_at", Concat(Value("gave the tag "), "tag__name", output_field=TextField())
    )
    blocked = HouseGuest.objects.filter(blocked_by_id=subject.account).values_list(
        "blocked_at", Value("blocked a guest")
    )
    # An archive asks a great many questions: one here for three.
    for at, what in sorted(wrote.order_by().union(gave.order_by(), blocked.order_by(), all=True)):
        yield {"at": at, "what": what}


def work_at_the_desk(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody did with other people's bookings, without telling whose they were."""
    theirs = bookings_about(subject).order_by().values("pk")
    moves = BookingHistory.objects.filter(actor_id=subject.account).exclude(booking__in=theirs)
    steps = AdvanceHistory.objects.filter(actor_id=subject.account).exclude(advance__booking__in=theirs)
    acts = moves.order_by().values_list("booking__public_id", "at", Value(""), "from_status", "to_status")
    money = steps.order_by().values_list(
        "advance__booking__public_id", "at", Value("deposit: "), "from_state", "to_state"
    )
    for booking, at, of, before, after in acts.union(money, all=True).order_by("at").iterator(chunk_size=500):
        yield {"booking": booking or "", "at": at, "what": f"{of}{before} → {after}"}
    for block in Block.objects.filter(created_by_id=subject.account).order_by("pk"):
        yield {"booking": "", "at": block.created_at, "what": f"blocked: {block.reason}"}
    waived = Fee.objects.filter(waived_by_id=subject.account).exclude(booking__in=theirs)
    for booking, at in waived.order_by("pk").values_list("booking__public_id", "updated_at"):
        yield {"booking": booking, "at": at, "what": "fee: waived"}
    for act in DeskAct.objects.filter(actor_id=subject.account).order_by("pk").iterator(chunk_size=500):
        yield {"booking": act.answer.get("booking", ""), "at": act.at, "what": f"at the screen: {act.what}"}


def standby_about(subject: Subject) -> QuerySet[StandbyEntry]:
    """Return somebody's places on waiting lists: on their account, or for an address they have proven."""
    return StandbyEntry.objects.filter(_theirs(subject)).order_by("pk")


def alerts_about(subject: Subject) -> QuerySet[FreeTimeAlert]:
    return FreeTimeAlert.objects.filter(_theirs(subject)).order_by("pk")


def _theirs(subject: Subject) -> Q:
    mine = Q(pk__in=[])
    if subject.user_id is not None:
        mine |= Q(diner_id=subject.user_id)
    if subject.emails:
        mine |= Q(diner=None, guest_email_index__in=[index_of_email(address) for address in subject.emails])
    return mine


def queue_about(subject: Subject) -> QuerySet[QueueEntry]:
    """Return the waits at a door that became one of somebody's visits; the others only a phone would tell, if any."""
    return QueueEntry.objects.filter(booking__in=bookings_about(subject).order_by()).order_by("pk")


def waiting(subject: Subject) -> Iterator[dict[str, Any]]:
    for entry in standby_about(subject).select_related("restaurant", "booking").prefetch_related("areas"):
        yield {
            "id": entry.public_id,
            "restaurant": entry.restaurant.name,
            "status": entry.status,
            "from": entry.earliest,
            "until": entry.latest,
            "party_size": entry.party_size,
            "areas": [area.name for area in entry.areas.all()],
            "name": entry.guest_name,
            "phone": entry.guest_phone,
            "email": entry.guest_email,
            "turn": entry.priority,
            "joined_at": entry.joined_at,
            "offered_at": entry.offered_at,
            "booking": entry.booking.public_id if entry.booking else None,
            "language": entry.language,
        }


def waiting_history(subject: Subject) -> Iterator[dict[str, Any]]:
    lines = StandbyHistory.objects.filter(entry__in=standby_about(subject).order_by()).select_related("entry")
    for line in lines.order_by("pk").iterator(chunk_size=500):
        yield _line(line, "place", line.entry.public_id, subject)
    queued = QueueHistory.objects.filter(entry__in=queue_about(subject).order_by()).select_related("entry")
    for step in queued.order_by("pk").iterator(chunk_size=500):
        yield _line(step, "queue", step.entry.public_id, subject)


def _line(line: StandbyHistory | QueueHistory, kind: str, public_id: UUID, subject: Subject) -> dict[str, Any]:
    return {
        "of": kind,
        "id": public_id,
        "at": line.at,
        "from": line.from_status,
        "to": line.to_status,
        "by": line.actor_kind,
        "by_you": subject.user_id is not None and line.actor_id == subject.user_id,
        # Whom one passed is other people's.
        "changes": {name: value for name, value in line.changes.items() if name != "passed"},
        "reason": line.reason,
    }


def alerts(subject: Subject) -> Iterator[dict[str, Any]]:
    for alert in alerts_about(subject).select_related("restaurant"):
        yield {
            "id": alert.public_id,
            "restaurant": alert.restaurant.name,
            "from": alert.earliest,
            "until": alert.latest,
            "party_size": alert.party_size,
            "name": alert.guest_name,
            "phone": alert.guest_phone,
            "email": alert.guest_email,
            "told_at": alert.told_at,
            "told_of": alert.told_of,
            "ended_at": alert.ended_at,
            "since": alert.created_at,
            "language": alert.language,
        }


def queued(subject: Subject) -> Iterator[dict[str, Any]]:
    for entry in queue_about(subject).select_related("restaurant", "booking", "area"):
        yield {
            "id": entry.public_id,
            "restaurant": entry.restaurant.name,
            "status": entry.status,
            "party_size": entry.party_size,
            "name": entry.guest_name,
            "phone": entry.guest_phone,
            "area": entry.area.name if entry.area else "",
            "joined_at": entry.joined_at,
            "told_minutes": [entry.quoted_low, entry.quoted_high],
            "called_at": entry.notified_at,
            "ended_at": entry.ended_at,
            "waited_minutes": entry.waited_minutes,
            "booking": entry.booking.public_id if entry.booking else None,
            "language": entry.language,
        }


def work_with_those_who_wait(subject: Subject) -> Iterator[dict[str, Any]]:
    """What somebody did with others' places in lines, without telling whose they were."""
    theirs = standby_about(subject).order_by().values("pk")
    acts = StandbyHistory.objects.filter(actor_id=subject.account).exclude(entry__in=theirs)
    at_the_door = QueueHistory.objects.filter(actor_id=subject.account)
    told = ("entry__public_id", "at", "from_status", "to_status")
    both = acts.order_by().values_list(*told).union(at_the_door.order_by().values_list(*told), all=True)
    for place, at, before, after in both.order_by("at").iterator(chunk_size=500):
        yield {"place": place, "at": at, "what": f"{before} → {after}"}


def find_guest(*, code: str, contact: str, address: str) -> Subject | None:
    """Return the guest who knows the code of a booking, or of tickets, and its phone or e-mail, with the bookings and
    orders that are surely theirs.

    Those are the one of the code, and others without an account under the same name and the same contact: a phone
    alone may be shared by two.

    :raises core.errors.TooManyAttempts: :raises core.errors.Unavailable: before anything is looked up
    """
    found = lookup.find_booking_or_tickets(
        code=codes.normalise(code),
        knows=lambda row: lookup.known_by_phone(row, contact) or lookup.known_by_email(row, contact),
        address=address,
    )
    if found is None or found.diner_id is not None:
        # Whoever has an account asks from there.
        return None
    same = Q(pk__in=[])
    if found.guest_phone_index and lookup.known_by_phone(found, contact):
        same |= Q(guest_phone_index=found.guest_phone_index)
    if found.guest_email_index and lookup.known_by_email(found, contact):
        same |= Q(guest_email_index=found.guest_email_index)
    name = search_form(found.guest_name)
    rows = {
        label: frozenset(
            row.public_id
            for row in model.objects.filter(same, diner=None).only("public_id", "guest_name")
            if search_form(row.guest_name) == name
        )
        for label, model in (("bookings.Booking", Booking), ("bookings.TicketOrder", TicketOrder))
    }
    rows[found._meta.label] |= {found.public_id}
    return Subject(
        emails=frozenset({found.guest_email.lower()} - {""}),
        rows={label: keys for label, keys in rows.items() if keys},
        language=found.language,
    )


GUEST_FINDERS = [find_guest]

COLLECTORS = [
    Collector(
        "bookings",
        _("Bookings"),
        bookings,
        (
            "bookings.Booking.diner",
            "bookings.Booking.guest_name",
            "bookings.Booking.guest_phone",
            "bookings.Booking.guest_phone_index",
            "bookings.Booking.guest_email",
            "bookings.Booking.guest_email_index",
            "bookings.Booking.notes",
            "bookings.Booking.step_free",
            "bookings.Booking.staff_notes",
        ),
        is_for_guests=True,
    ),
    Collector(
        "bookings_history",
        _("What became of your bookings"),
        history,
        ("bookings.BookingHistory",),
        is_for_guests=True,
    ),
    Collector(
        "deposits",
        _("Deposits"),
        advances,
        ("bookings.Advance", "bookings.AdvanceHistory"),
        is_for_guests=True,
    ),
    Collector(
        "fees",
        _("Fees"),
        fees,
        ("bookings.Fee",),
        is_for_guests=True,
    ),
    Collector(
        "bookings_series",
        _("Bookings that repeat"),
        series,
        (
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
    Collector(
        "guest_books",
        _("What restaurants know of you across your visits"),
        guest_book,
        ("bookings.HouseGuest", "bookings.OtherContact", "bookings.GuestNote", "bookings.GuestTagging"),
        is_for_guests=True,
    ),
    Collector(
        "guest_book_work",
        _("What you did in a restaurant's guest book"),
        work_in_the_guest_book,
        (
            "bookings.HouseGuest.blocked_by",
            "bookings.GuestNote.written_by",
            "bookings.GuestTagging.given_by",
        ),
    ),
    Collector(
        "desk_work",
        _("What you did at a restaurant's desk"),
        work_at_the_desk,
        (
            "bookings.BookingHistory.actor",
            "bookings.AdvanceHistory.actor",
            "bookings.Block",
            "bookings.Block.created_by",
            "bookings.DeskAct",
            "bookings.DeskAct.actor",
            "bookings.Fee.waived_by",
        ),
    ),
]

CONTACT = ("guest_name", "guest_phone", "guest_phone_index", "guest_email", "guest_email_index")
COLLECTORS += [
    Collector(
        "waiting_lists",
        _("Places on waiting lists"),
        waiting,
        (
            "bookings.StandbyEntry",
            "bookings.StandbyEntry_areas",
            "bookings.StandbyEntry.diner",
            *(f"bookings.StandbyEntry.{name}" for name in CONTACT),
        ),
        is_for_guests=True,
    ),
    Collector(
        "waiting_history",
        _("What became of your places in line"),
        waiting_history,
        ("bookings.StandbyHistory", "bookings.QueueHistory"),
        is_for_guests=True,
    ),
    Collector(
        "free_time_alerts",
        _("Free tables that you wanted to be told of"),
        alerts,
        (
            "bookings.FreeTimeAlert",
            "bookings.FreeTimeAlert.diner",
            *(f"bookings.FreeTimeAlert.{name}" for name in CONTACT),
        ),
        is_for_guests=True,
    ),
    Collector(
        "queues",
        _("Waits at the door"),
        queued,
        ("bookings.QueueEntry", *(f"bookings.QueueEntry.{name}" for name in CONTACT[:3])),
        is_for_guests=True,
    ),
    Collector(
        "waiting_work",
        _("What you did with parties that waited"),
        work_with_those_who_wait,
        ("bookings.StandbyHistory.actor", "bookings.QueueHistory.actor"),
    ),
]

COLLECTORS += TICKET_COLLECTORS

NOT_COLLECTED = {
    **TICKETS_NOT_COLLECTED,
    "bookings.CalendarFeed": "An address that its person made and sees on their own page.",
    "bookings.CalendarFeed.user": "An address that its person made and sees on their own page.",
    "bookings.BookingSeries.created_by": "The history of the first booking says who made it.",
    "bookings.QueueEntry.created_by": "The first entry of its history says who made it.",
    "bookings.Booking.created_by": "The first entry of the history says who made it.",
    "bookings.FeeRowHistory": "What a fee was before stands in the fee as it is now, and in its payments.",
    "bookings.TableAllocation": "Which table was kept: a matter of the house.",
}
