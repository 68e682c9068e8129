"""Questions to the guest book: who is this, who may be the same person, what should staff know of a party."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Count, Prefetch, Q, QuerySet, Sum

from accounts.models import User
from accounts.privacy import texts
from accounts.privacy.states import Purpose
from bookings.models import Booking, GuestNote, GuestTagging, HouseGuest, OtherContact
from bookings.states import Status, TagRule
from core.encryption import index_of_email, index_of_phone
from core.text import search_form

# More entries under one phone are a company's or a hotel's desk.
MOST_ALIKE = 50
NOTES_ON_A_CHIT = 3
# A cake wants to be ordered.
BEFORE_A_FEAST = timedelta(days=7)


def sorted_name(name: str) -> str:
    """Return a name as it is compared: without marks, its words in the order of the alphabet."""
    return " ".join(sorted(search_form(name).split()))[:120]


def is_like(name: str, other: str) -> bool:
    """Tell whether two names, sorted, may be one person's: the same words, or one of them leaves some out."""
    words, others = set(name.split()), set(other.split())
    return bool(words and others) and (words <= others or others <= words)


# --- Who is this? ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What somebody shows of themselves when they book."""

    restaurant_id: int
    account_id: int | None
    name: str
    phone: str
    email: str

    @classmethod
    def by(cls, booking: Booking) -> "Known":
        return cls(
            booking.restaurant_id, booking.diner_id, booking.guest_name, booking.guest_phone, booking.guest_email
        )

    @property
    def is_anybody(self) -> bool:
        """Whether nothing tells this guest from others: most who walk in."""
        return self.account_id is None and not self.phone and not self.email

    def contact(self) -> Q:
        """Return the condition that a row has this phone or address."""
        same = Q(pk__in=[])
        if self.phone:
            same |= Q(phone_index=index_of_phone(self.phone))
        if self.email:
            same |= Q(email_index=index_of_email(self.email))
        return same


def entries_for(known: Known) -> list[HouseGuest]:
    """Return the house's entries with this account, phone or address, now or before a merge, the oldest first."""
    if known.is_anybody:
        return []
    same = known.contact()
    if known.account_id is not None:
        same |= Q(account_id=known.account_id)
    # Two looks into indexes, put together: an OR across both tables would read the whole house.
    now = HouseGuest.objects.filter(same, restaurant_id=known.restaurant_id).order_by().values("pk")
    merged = OtherContact.objects.filter(known.contact(), guest__restaurant_id=known.restaurant_id).order_by()
    keys = now.union(merged.values("guest_id"))
    return list(HouseGuest.objects.filter(pk__in=keys).order_by("pk")[:MOST_ALIKE])


def the_one(known: Known, entries: Sequence[HouseGuest]) -> HouseGuest | None:
    """Return the entry that is this person: by account, by address, or by phone and a like name.

    A phone alone is often shared by two. Two accounts are two people, whatever else they have in common. And an
    account takes over what a house knows of somebody without one by a contact that is proven to be theirs, never by
    one that they only typed: with it they may take the entry along, or have it erased.
    """
    if known.account_id is not None:
        for entry in entries:
            if entry.account_id == known.account_id:
                return entry
        entries = [entry for entry in entries if entry.account_id is None]
        proven = proven_by(known.account_id) if entries else set()
        entries = [entry for entry in entries if proven & {entry.email_index, entry.phone_index}]
    name = sorted_name(known.name)
    address = index_of_email(known.email) if known.email else ""
    for entry in entries:
        if address and entry.email_index == address:
            return entry
    return next((entry for entry in entries if is_like(entry.sorted_name, name)), None)


def proven_by(account_id: int) -> set[str]:
    """Return the indexes of the addresses and the number that an account has proven to be its own."""
    verified = EmailAddress.objects.filter(user_id=account_id, verified=True).values_list("email", flat=True)
    phone = User.objects.filter(pk=account_id, phone_verified_at__isnull=False).values_list("phone_index", flat=True)
    return ({index_of_email(address) for address in verified} | set(phone)) - {""}


def blocked_among(entries: Iterable[HouseGuest]) -> HouseGuest | None:
    return next((entry for entry in entries if entry.is_blocked), None)


# --- Who may be the same? ----------------------------------------------------------------------------------------


def duplicates_of(guest: HouseGuest) -> QuerySet[HouseGuest]:
    """Return the house's other entries that may be the same person: same phone, same address, or like name."""
    same = Q(sorted_name=guest.sorted_name) if guest.sorted_name else Q(pk__in=[])
    if guest.phone_index:
        same |= Q(phone_index=guest.phone_index)
    if guest.email_index:
        same |= Q(email_index=guest.email_index)
    return HouseGuest.objects.filter(same, restaurant_id=guest.restaurant_id).exclude(pk=guest.pk).order_by("pk")


@dataclass(frozen=True)
class MergePreview:
    """What becomes of two entries when the second is merged into the first."""

    keeps: HouseGuest
    goes: HouseGuest
    bookings: int
    notes: int
    tags: int
    are_two_accounts: bool


def merge_preview(*, keeps: HouseGuest, goes: HouseGuest) -> MergePreview:
    return MergePreview(
        keeps,
        goes,
        bookings=goes.bookings.count(),
        notes=goes.notes.count(),
        tags=goes.taggings.exclude(tag__in=keeps.taggings.values("tag")).count(),
        are_two_accounts=None not in (keeps.account_id, goes.account_id),
    )


def have_something_in_common(one: HouseGuest, other: HouseGuest) -> bool:
    """Tell whether anything says that two entries may be the same person: a contact, also a merged one, or the name."""

    def shown(guest: HouseGuest) -> set[str]:
        others = OtherContact.objects.filter(guest=guest).values_list("phone_index", "email_index")
        own = (guest.phone_index, guest.email_index)
        return {index for pair in (own, *others) for index in pair if index}

    words = [set(guest.sorted_name.split()) for guest in (one, other)]
    return bool(words[0] & words[1]) or bool(shown(one) & shown(other))


# --- What staff should know --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chit:
    """What staff must know about a party, in short."""

    allergies: str
    tags: tuple[str, ...]
    feasts: tuple[str, ...]
    """birthday and anniversary, when they are near."""
    notes: tuple[str, ...]
    visits: int
    no_shows: int
    is_blocked: bool

    @property
    def says_anything(self) -> bool:
        return bool(self.allergies or self.tags or self.feasts or self.notes or self.is_blocked)


def with_chits(bookings: QuerySet[Booking], *, notes: bool = False) -> QuerySet[Booking]:
    """Return the bookings with what chit_of() needs: one query more for all of them, two with notes."""
    taggings = GuestTagging.objects.select_related("tag").order_by("tag__name")
    rows = bookings.select_related("guest").prefetch_related(Prefetch("guest__taggings", queryset=taggings))
    if notes:
        latest = GuestNote.objects.order_by("-written_at", "-pk")
        rows = rows.prefetch_related(Prefetch("guest__notes", queryset=latest))
    return rows


def chit_of(booking: Booking, *, notes: bool = False) -> Chit | None:
    """Return a party's chit; None for guests whom nobody knows."""
    guest = booking.guest
    if guest is None:
        return None
    tags = [tagging.tag for tagging in guest.taggings.all()]
    feasts = [
        name
        for name, day in (("birthday", guest.birthday), ("anniversary", guest.anniversary))
        if is_near(day, booking.service_day, BEFORE_A_FEAST)
    ]
    return Chit(
        allergies=guest.allergies,
        # A birthday that is told is told once, whatever a house calls its tag for it.
        tags=tuple(tag.name for tag in tags if not (tag.rule == TagRule.BIRTHDAY and "birthday" in feasts)),
        feasts=tuple(feasts),
        notes=tuple(note.text for note in list(guest.notes.all())[:NOTES_ON_A_CHIT]) if notes else (),
        visits=guest.visits,
        no_shows=guest.no_shows,
        is_blocked=guest.is_blocked,
    )


def is_near(feast: str, day: date, within: timedelta) -> bool:
    """Tell whether a feast, as month and day, falls on a day or within a time after it."""
    if not feast:
        return False
    month, number = (int(part) for part in feast.split("-"))
    for year in (day.year, day.year + 1):
        try:
            falls = date(year, month, number)
        except ValueError:
            # The twenty-ninth of February is kept on the first of March in other years.
            falls = date(year, 3, 1)
        if timedelta(0) <= falls - day <= within:
            return True
    return False


def visits_of(guest: HouseGuest) -> QuerySet[Booking]:
    """Return a guest's bookings at the house, the latest first."""
    return guest.bookings.order_by("-starts_at", "-pk")


# --- The figures, as the bookings have them ----------------------------------------------------------------------

FIGURES = ("visits", "covers", "no_shows", "late_cancellations", "spend_kobo")
# A sum may not be called as its own column.
_COUNTED_AS = {"spend_kobo": "spent"}


def counted(guests: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return the figures of some guests, by key, counted from their bookings in one query."""
    keys = list(guests)
    came = Q(status=Status.COMPLETED)
    rows: Any = (
        Booking.objects.filter(guest_id__in=keys)
        .values("guest_id")
        .annotate(
            visits=Count("pk", filter=came),
            covers=Sum("party_size", filter=came, default=0),
            no_shows=Count("pk", filter=Q(status=Status.NO_SHOW)),
            late_cancellations=Count("pk", filter=Q(status=Status.CANCELLED, is_late_cancellation=True)),
            spent=Sum("spend_kobo", default=0),
        )
        .order_by()
    )
    found = {row["guest_id"]: {name: int(row[_COUNTED_AS.get(name, name)]) for name in FIGURES} for row in rows}
    nothing = dict.fromkeys(FIGURES, 0)
    return {key: found.get(key, nothing) for key in keys}


def allergies_told(booking: Booking, guest: HouseGuest | None, user: User | None) -> str:
    """Return what a house keeps of a guest's allergies, if whoever opens this booking may read it; else nothing.

    They are shown to the account they belong to, and without one beside the very booking with which they were told:
    anybody can book under somebody's telephone number, and would read there what that person told another time.
    """
    if guest is None or not guest.allergies or guest.allergies_agreed_at is None:
        return ""
    if guest.account_id is not None:
        return guest.allergies if user is not None and user.pk == guest.account_id else ""
    return guest.allergies if guest.allergies_told_with_id == booking.pk else ""


# --- Consent -----------------------------------------------------------------------------------------------------


def wording() -> str:
    """Return version and fingerprint of the words that somebody agrees to who lets a house keep their allergies."""
    words = texts.current(Purpose.SENSITIVE)
    return f"{words.version}:{texts.fingerprint(words.text)}"
