"""Everything that is done in the guest book: entering who books, changing, merging, blocking."""

from collections import defaultdict
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.privacy.services import consents
from accounts.privacy.states import Door, Purpose
from bookings import errors, guest_book
from bookings.guest_book import Known, sorted_name
from bookings.models import Booking, GuestNote, GuestTag, GuestTagging, HouseGuest, OtherContact
from bookings.services import guest_figures, tagging
from bookings.services.claiming import Actor
from bookings.states import FOR_THE_GUEST, GUESTS_ARE_KEPT, Status
from core import audit
from core.encryption import blind_index, index_of_email, index_of_phone

BATCH = 500
# Apart from the lock of a (restaurant, service day), whose second number is a day.
_LOCK_OF_ENTRIES = "guest book"


# --- Entering ----------------------------------------------------------------------------------------------------


def enter(booking: Booking, *, by: Actor) -> None:
    """Set a booking's guest to the house's entry for this person, made now if there is none; the caller saves.

    Within the booking's transaction: one query for a guest the house knows, four for a new one.

    :raises NotTakenOnline: when an entry with this account, phone or address is blocked; staff may still book
    """
    known = Known.by(booking)
    if known.is_anybody:
        booking.guest = None
        return
    entries = guest_book.entries_for(known)
    _refuse_blocked(entries, by)
    found = guest_book.the_one(known, entries)
    if found is None:
        _lock_entries(known)
        found = guest_book.the_one(known, guest_book.entries_for(known)) or _made(known)
    else:
        _complete(found, known)
    booking.guest = found


def refuse_blocked(known: Known, *, by: Actor) -> None:
    """Refuse a blocked guest where no entry is made: a table held for a deposit is nobody's yet.

    :raises NotTakenOnline: as enter()
    """
    if not known.is_anybody:
        _refuse_blocked(guest_book.entries_for(known), by)


def _refuse_blocked(entries: list[HouseGuest], by: Actor) -> None:
    blocked = guest_book.blocked_among(entries)
    if blocked is not None and by.is_online and by.kind in FOR_THE_GUEST:
        audit.note("guest.refused", target=blocked, actor=by.user or by.app)
        raise errors.NotTakenOnline


def _lock_entries(known: Known) -> None:
    """Let the same person's bookings for two days, made at once, make one entry. Always the last lock of all."""
    names = [f"account:{known.account_id}"] if known.account_id is not None else []
    names += [f"{kind}:{value}" for kind, value in (("phone", known.phone), ("email", known.email)) if value]
    numbers = sorted(
        int(blind_index(f"{known.restaurant_id}:{name}", purpose=_LOCK_OF_ENTRIES)[:15], 16) for name in names
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) WITH ORDINALITY AS it (number, place) "
            "ORDER BY place",
            [numbers],
        )


def _made(known: Known) -> HouseGuest:
    return HouseGuest.objects.create(
        restaurant_id=known.restaurant_id,
        account_id=known.account_id,
        name=known.name,
        sorted_name=sorted_name(known.name),
        phone=known.phone,
        email=known.email,
    )


def _complete(guest: HouseGuest, known: Known) -> None:
    """Add what the entry did not know yet; what it says stays.

    Without an account nobody adds to one's entry: they may have typed another person's address.
    """
    if guest.account_id is not None and guest.account_id != known.account_id:
        return
    more: dict[str, Any] = {
        name: given
        for name, given in (("phone", known.phone), ("email", known.email))
        if given and not getattr(guest, name)
    }
    if known.account_id is not None and guest.account_id is None:
        more["account_id"] = known.account_id
    if known.name and not guest.name:
        more |= {"name": known.name, "sorted_name": sorted_name(known.name)}
    if more:
        for name, value in more.items():
            setattr(guest, name, value)
        guest.save(update_fields=[*more, "updated_at"])


def enter_again(booking: Booking, *, by: Actor) -> None:
    """Find a booking's guest anew after its account or contact has changed, and mend what was counted; saves it."""
    before = booking.guest_id
    enter(booking, by=by)
    if booking.guest_id != before:
        booking.save(update_fields=["guest", "updated_at"])
        guest_figures.mend(key for key in (before, booking.guest_id) if key is not None)


def enter_bookings_without_guest(*, limit: int = BATCH) -> int:
    """Enter the guests of some bookings that were written without: older ones, and demo evenings; returns how many.

    House by house, with the house's entries read once; the figures are counted afterwards.
    """
    # Without a phone and an address there is nobody to know again: most who walk in, and whoever has been erased.
    # Whom the house was to forget after their time is not entered again.
    lately = timezone.now() - GUESTS_ARE_KEPT
    unknown = Booking.objects.filter(guest=None, starts_at__gte=lately)
    # Whoever only had a table held is nobody's guest.
    unknown = unknown.exclude(status__in=(Status.HELD, Status.EXPIRED))
    unknown = unknown.exclude(guest_phone_index="", guest_email_index="")
    first = unknown.order_by("restaurant_id").values_list("restaurant_id", flat=True).first()
    if first is None:
        return 0
    with transaction.atomic():
        bookings = list(unknown.filter(restaurant_id=first).select_for_update(of=("self",)).order_by("pk")[:limit])
        entries = _Entries(first)
        for booking in bookings:
            booking.guest = entries.of(Known.by(booking))
        _write_guests(bookings)
        guest_figures.mend(booking.guest_id for booking in bookings if booking.guest_id is not None)
    return len(bookings)


def _write_guests(bookings: list[Booking]) -> None:
    # Django's bulk_update makes a CASE for each row, and most of a minute of it for the demo city.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bookings_booking AS booking SET guest_id = found.guest_id "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS found (id, guest_id) WHERE booking.id = found.id",
            [[booking.pk for booking in bookings], [booking.guest_id for booking in bookings]],
        )


class _Entries:
    """All entries of one house, to look through without a query for each booking."""

    def __init__(self, restaurant_id: int) -> None:
        self._by_mark: dict[str, list[HouseGuest]] = defaultdict(list)
        for guest in HouseGuest.objects.filter(restaurant_id=restaurant_id).order_by("pk").iterator(chunk_size=1000):
            self._note(guest)

    def _note(self, guest: HouseGuest) -> None:
        for mark in _marks(guest.account_id, guest.phone, guest.email):
            self._by_mark[mark].append(guest)

    def of(self, known: Known) -> HouseGuest:
        entries = {
            guest.pk: guest
            for mark in _marks(known.account_id, known.phone, known.email)
            for guest in self._by_mark[mark]
        }
        found = guest_book.the_one(known, [entries[key] for key in sorted(entries)])
        if found is None:
            found = _made(known)
            self._note(found)
        else:
            _complete(found, known)
        return found


def _marks(account_id: int | None, phone: str, email: str) -> list[str]:
    marks = [f"account:{account_id}"] if account_id is not None else []
    return marks + [mark for mark in (phone, email.lower()) if mark]


# --- Changing ----------------------------------------------------------------------------------------------------


@transaction.atomic
def change_guest(
    *,
    guest: HouseGuest,
    by: User,
    name: str,
    phone: str = "",
    email: str = "",
    birthday: str = "",
    anniversary: str = "",
    allergies: str = "",
    has_agreed: bool = False,
) -> HouseGuest:
    """Write an entry anew and return it.

    :param birthday: month and day as `03-21`, as `anniversary`
    :param has_agreed: the guest has agreed, to who writes it down, that the house keeps their allergies
    :raises AllergiesWithoutConsent: for new words about allergies without it
    """
    guest = _locked(guest)
    before = guest.allergies
    guest.name, guest.sorted_name = name, sorted_name(name)
    guest.phone, guest.email = phone, email
    guest.birthday, guest.anniversary = birthday, anniversary
    if allergies and allergies != before and not has_agreed:
        raise errors.AllergiesWithoutConsent
    _set_allergies(guest, allergies)
    guest.save()
    audit.record("guest.changed", actor=by, target=guest)
    tagging.retag(guest)
    return guest


ALLERGIES = ("allergies", "allergies_agreed_at", "allergies_wording", "allergies_told_with")


def _set_allergies(guest: HouseGuest, allergies: str, *, told_with: Booking | None = None) -> None:
    """Set what a guest let the house keep; words that go take the proof of consent along.

    :param told_with: the booking with which a guest told them, who alone may read them there
    """
    if allergies == guest.allergies:
        return
    guest.allergies_told_with = told_with
    guest.allergies = allergies
    guest.allergies_agreed_at = timezone.now() if allergies else None
    guest.allergies_wording = guest_book.wording() if allergies else ""


@transaction.atomic
def keep_allergies(
    *,
    booking: Booking,
    allergies: str,
    has_agreed: bool,
    user: User | None = None,
    door: Door = Door.PAGE,
    address: str = "",
) -> None:
    """Keep what a guest tells of their allergies when they book; nothing takes back what the house kept.

    With an account the consent is recorded where all of that person's are, and taken back there too.

    :raises AllergiesWithoutConsent: without their consent
    """
    if allergies and not has_agreed:
        raise errors.AllergiesWithoutConsent
    if booking.guest_id is None:
        return
    if allergies and user is not None:
        consents.choose(user=user, choices={Purpose.SENSITIVE: True}, door=door, address=address)
    guest = HouseGuest.objects.select_for_update(of=("self",)).get(pk=booking.guest_id)
    if allergies != guest.allergies:
        _set_allergies(guest, allergies, told_with=booking if allergies else None)
        guest.save(update_fields=[*ALLERGIES, "updated_at"])


@transaction.atomic
def take_back_allergies(*, booking: Booking, user: User | None) -> None:
    """Empty what the house keeps of a guest's allergies, who has told them and sees them beside this booking.

    :raises BookingNotFound: when they are not theirs to see
    """
    if booking.guest_id is None:
        raise errors.BookingNotFound
    guest = HouseGuest.objects.select_for_update(of=("self",)).filter(pk=booking.guest_id).first()
    if guest is None or not guest_book.allergies_told(booking, guest, user):
        raise errors.BookingNotFound
    _set_allergies(guest, "")
    guest.save(update_fields=[*ALLERGIES, "updated_at"])
    audit.record("guest.changed", actor=user, target=guest)


def forget_allergies(*, account_id: int) -> int:
    """Empty what houses keep of a person's allergies, who has taken their consent back; returns at how many."""
    told = HouseGuest.objects.filter(account_id=account_id, allergies_agreed_at__isnull=False)
    return told.update(allergies="", allergies_agreed_at=None, allergies_wording="", allergies_told_with=None)


@transaction.atomic
def note(*, guest: HouseGuest, text: str, by: User) -> GuestNote:
    """Write down something staff want to remember."""
    written = GuestNote.objects.create(guest=guest, text=text, written_by=by)
    audit.record("guest.changed", actor=by, target=guest)
    return written


@transaction.atomic
def give_tag(*, guest: HouseGuest, tag: GuestTag, by: User) -> GuestTagging:
    """Let a guest wear a tag of the house; given twice it is worn once."""
    tagging_, is_new = GuestTagging.objects.get_or_create(guest=guest, tag=tag, defaults={"given_by": by})
    if is_new:
        audit.record("guest.changed", actor=by, target=guest)
    return tagging_


# --- Blocking ----------------------------------------------------------------------------------------------------


@transaction.atomic
def block_guest(*, guest: HouseGuest, by: User, reason: str) -> HouseGuest:
    """Take no more bookings of this guest online; what is booked stands, and staff may still book.

    :raises BlockReasonMissing: without a reason
    """
    if not reason.strip():
        raise errors.BlockReasonMissing
    guest = _locked(guest)
    guest.blocked_at = guest.blocked_at or timezone.now()
    guest.blocked_by, guest.block_reason = by, reason.strip()[:300]
    guest.save()
    audit.record("guest.blocked", actor=by, target=guest)
    return guest


@transaction.atomic
def unblock_guest(*, guest: HouseGuest, by: User) -> HouseGuest:
    guest = _locked(guest)
    if guest.blocked_at is not None:
        guest.blocked_at = guest.blocked_by = None
        guest.block_reason = ""
        guest.save()
        audit.record("guest.unblocked", actor=by, target=guest)
    return guest


# --- Merging -----------------------------------------------------------------------------------------------------


@transaction.atomic
def merge_guests(*, keeps: HouseGuest, goes: HouseGuest, by: User) -> HouseGuest:
    """Make two entries of one person one: bookings, notes, tags and contacts move, the figures are counted anew.

    What the first says stays; what it does not say is taken from the second. A block of either stays.

    :raises GuestsNotMergeable: when they are one already, or of two houses
    :raises GuestsWithTwoAccounts: when each has an account of their own
    """
    if keeps.pk == goes.pk or keeps.restaurant_id != goes.restaurant_id:
        raise errors.GuestsNotMergeable
    rows = {
        row.pk: row
        for row in HouseGuest.objects.select_for_update(of=("self",)).filter(pk__in=[keeps.pk, goes.pk]).order_by("pk")
    }
    if len(rows) < 2:
        raise errors.GuestsNotMergeable
    keeps, goes = rows[keeps.pk], rows[goes.pk]
    if None not in (keeps.account_id, goes.account_id):
        raise errors.GuestsWithTwoAccounts
    moved = Booking.objects.filter(guest=goes).update(guest=keeps)
    GuestNote.objects.filter(guest=goes).update(guest=keeps)
    worn = keeps.taggings.values("tag")
    GuestTagging.objects.filter(guest=goes).exclude(tag__in=worn).update(guest=keeps)
    OtherContact.objects.filter(guest=goes).update(guest=keeps)
    audit.record("guest.merged", actor=by, target=keeps, details={"merged": str(goes.public_id), "bookings": moved})
    account_id = goes.account_id
    goes.delete()
    _take_over(keeps, goes, account_id)
    guest_figures.mend([keeps.pk])
    keeps.refresh_from_db()
    tagging.retag(keeps)
    return keeps


def _take_over(keeps: HouseGuest, goes: HouseGuest, account_id: int | None) -> None:
    others = {
        name: theirs
        for name in ("phone", "email")
        if (theirs := getattr(goes, name)) and (own := getattr(keeps, name)) and own.lower() != theirs.lower()
    }
    if others:
        OtherContact.objects.create(guest=keeps, **others)
    for name in ("phone", "email", "birthday", "anniversary"):
        if not getattr(keeps, name):
            setattr(keeps, name, getattr(goes, name))
    if not keeps.allergies and goes.allergies:
        for name in ALLERGIES:
            setattr(keeps, name, getattr(goes, name))
    if not keeps.is_blocked and goes.is_blocked:
        for name in ("blocked_at", "blocked_by_id", "block_reason"):
            setattr(keeps, name, getattr(goes, name))
    keeps.account_id = keeps.account_id or account_id
    keeps.wants_no_thanks = keeps.wants_no_thanks or goes.wants_no_thanks
    keeps.save()


def _locked(guest: HouseGuest) -> HouseGuest:
    return HouseGuest.objects.select_for_update(of=("self",)).get(pk=guest.pk)


def refuse_thanks(*, booking: Booking) -> None:
    """Write no more thanks to a booking's guest, at no house that knows them by this address, number or account."""
    same = Q(pk=booking.guest_id)
    if booking.guest_email:
        same |= Q(email_index=index_of_email(booking.guest_email))
    elif booking.guest_phone:
        same |= Q(phone_index=index_of_phone(booking.guest_phone))
    if booking.diner_id is not None:
        same |= Q(account_id=booking.diner_id)
    HouseGuest.objects.filter(same).update(wants_no_thanks=True)
