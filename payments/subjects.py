"""What is paid for belongs to domains above: each names, by kind, where it is asked (settings.PAYMENT_SUBJECTS)."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from payments.gateways.base import Payer


@dataclass(frozen=True)
class Due:
    """What is to be paid for a subject now: asked anew at each step, for it may have changed since."""

    restaurant_id: int
    # What the payer reads: the house, the day, the party.
    title: str
    # Of the whole subject: what is still missing. Nothing, when nothing is to be paid.
    amount_kobo: int
    # After this the money is late.
    until: datetime | None
    # Who made it; somebody else may pay.
    payer: Payer
    # Where somebody who may see it reads on: a path of ours.
    path: str
    # Whether it may be shared among several payers.
    may_be_shared: bool = False
    # To which the hold can be made longer for a means of paying that takes its time.
    may_wait_until: datetime | None = None
    # Whether it is paid so that its card is kept for what it is for: then by card alone.
    keeps_card: bool = False
    # What the payer agrees to with it, as sentences in the active language.
    agreed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """So many of one thing that is sold, as it is named to its buyer, and what one of them costs in kobo."""

    name: str
    number: int
    each_kobo: int


@dataclass(frozen=True)
class Background:
    """What its domain knows of a subject's guest: asked when somebody wants to pay, and for what they are told."""

    party_size: int = 0
    language: str = "en"
    # Of the guest, at any house: bookings that are over, and those of them to which nobody came.
    bookings_over: int = 0
    no_shows: int = 0


@dataclass(frozen=True)
class Named:
    """What a subject is called, and where its house and whoever made it look after it."""

    code: str
    # Of whoever booked or bought; for the house alone.
    name: str
    # In the back office.
    path: str
    # For whoever made it, by the key of their account; a friend who paid is shown neither.
    own_path: str
    owner_id: int | None


class Subject:
    """One kind of what is paid for, as its domain answers for it. A domain subclasses this."""

    def due(self, subject_id: UUID) -> Due | None:
        """Return what is to be paid, whoever asks; None when there is no such subject."""
        raise NotImplementedError

    def visible_to(self, subject_id: UUID, *, request: Any, token: str = "") -> bool:
        """Tell whether whoever sends this request may see the subject, and so pay for it and share it.

        :param token: of a guest without an account, where the request brings one
        """
        raise NotImplementedError

    def opened_by(self, subject_id: UUID, *, token: str) -> bool:
        """Tell whether this token is the subject's own, whoever brings it; False, unless its domain says."""
        return False

    def background(self, subject_id: UUID) -> Background:
        """Return what is known of its guest; nothing, unless its domain says."""
        return Background()

    def items(self, subject_id: UUID) -> Sequence[Item]:
        """Return what is sold with it, for its receipts; nothing, unless its domain says."""
        return ()

    def wait_until(self, subject_id: UUID, moment: datetime) -> None:
        """Have the subject wait for its money so long, if it may."""

    def named(self, subject_ids: Collection[UUID]) -> Mapping[UUID, Named]:
        """Return what these are called, all at once; without those that nobody knows any more."""
        return {}

    def called(self, code: str) -> Collection[UUID]:
        """Return the subjects that have this code, however it is typed."""
        return ()


def subject_of(kind: str) -> Subject:
    """Return who answers for a kind.

    :raises LookupError: when nothing of that kind can be paid for here
    """
    path = settings.PAYMENT_SUBJECTS.get(kind)
    if path is None:
        raise LookupError(f"Nothing of the kind {kind!r} can be paid for; see PAYMENT_SUBJECTS.")
    made: Callable[[], Subject] = import_string(path)
    return made()


def named(asked: Iterable[tuple[str, UUID]]) -> dict[tuple[str, UUID], Named]:
    """Return what subjects of any kind are called; each kind is asked once."""
    by_kind: dict[str, set[UUID]] = {}
    for kind, subject_id in asked:
        by_kind.setdefault(kind, set()).add(subject_id)
    found: dict[tuple[str, UUID], Named] = {}
    for kind, ids in by_kind.items():
        if kind in settings.PAYMENT_SUBJECTS:
            found |= {(kind, subject_id): name for subject_id, name in subject_of(kind).named(ids).items()}
    return found


def called(code: str) -> dict[str, Collection[UUID]]:
    """Return the subjects that have a code, by their kind."""
    return {kind: ids for kind in settings.PAYMENT_SUBJECTS if (ids := subject_of(kind).called(code))}
