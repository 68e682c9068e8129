"""What hosts do at the floor's screens, one act after the other, each exactly once.

A screen gives every act an id of its own. It may lose the network before or after the act, and sends it again until it
hears an answer: the act and its answer commit together, and whoever comes again gets the same answer. Acts come in
the order in which they were done; one that builds on another is refused when that other was.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected, LockNotAvailable

from bookings import errors
from bookings.models import Booking, DeskAct
from bookings.refusal_words import said_by
from bookings.services import changing, claiming, floor
from bookings.services.claiming import Actor, Guest
from bookings.states import Channel, Course
from core.errors import Busy, DomainError

MOST_AT_ONCE = 100


class ActReused(DomainError):
    """The id stands for another act already."""

    code = "desk_act_reused"
    message = _("This was sent before under the same name, and was something else.")
    status = 422


class ActBuildsOnRefused(DomainError):
    """An act is not done when the one before it, which it builds on, was not."""

    code = "desk_act_builds_on_refused"
    message = _("What you did before with this party could not be done, so this was not done either.")


@dataclass(frozen=True)
class Act:
    """One thing that a host did.

    :param id: given by the screen, never used for another act of the house
    :param version: of the booking, as the host saw it
    :param over_seats: the tables may seat fewer than come: the host knows
    :param after: the act of this screen that made the version, where it had no answer yet
    """

    id: UUID
    what: str
    booking: UUID | None = None
    version: int | None = None
    after: UUID | None = None
    tables: tuple[int, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    party: int | None = None
    minutes: int | None = None
    over_pacing: bool = False
    over_seats: bool = False
    course: str = ""
    guest: Guest = field(default_factory=lambda: Guest(name=""))

    @property
    def digest(self) -> str:
        """Stands for what is asked, but for the guest's own details: a telephone number could be guessed from it."""
        asked = {name: value for name, value in asdict(self).items() if name != "guest"}
        if not self.over_seats:
            # Acts from before there was such a choice are still the same acts.
            del asked["over_seats"]
        return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What became of an act: done, or refused with a sentence; `is_final` is False where it may be tried again."""

    id: UUID
    is_done: bool
    code: str = ""
    sentence: str = ""
    booking: str = ""
    version: int = 0
    is_final: bool = True


def perform(*, restaurant_id: int, acts: Iterable[Act], by: Actor) -> list[Answer]:
    """Do the acts in their order, each in a transaction of its own, and return what became of each.

    A refusal is an answer and is kept; only an act that found the day locked is left to be sent again, and with it all
    that came after.
    """
    answers: list[Answer] = []
    for act in acts:
        answer = _once(restaurant_id, act, by)
        answers.append(answer)
        if not answer.is_final:
            break
    return answers


def _once(restaurant_id: int, act: Act, by: Actor) -> Answer:
    try:
        with transaction.atomic():
            row = DeskAct.objects.create(
                restaurant_id=restaurant_id, client_id=act.id, actor=by.user, what=act.what, digest=act.digest
            )
            answer = _try(restaurant_id, act, by)
            row.is_done = answer.is_done
            row.answer = {
                name: getattr(answer, name) for name in ("code", "sentence", "booking", "version") if answer.is_final
            }
            row.save(update_fields=["is_done", "answer"])
            return answer
    except IntegrityError as clash:
        if claiming.constraint_of(clash) != "one_desk_act_per_client_id":
            raise
        return _as_before(restaurant_id, act)
    except Busy as busy:
        return Answer(act.id, is_done=False, code=busy.code, sentence=str(busy), is_final=False)
    except OperationalError as error:
        # The same act is being done this very moment, by another try of the same screen.
        if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise
        return Answer(act.id, is_done=False, code=Busy.code, sentence=str(Busy.message), is_final=False)


def _as_before(restaurant_id: int, act: Act) -> Answer:
    row = DeskAct.objects.get(restaurant_id=restaurant_id, client_id=act.id)
    if row.digest != act.digest:
        return Answer(act.id, is_done=False, code=ActReused.code, sentence=str(ActReused.message))
    return Answer(act.id, is_done=row.is_done, **row.answer)


def _try(restaurant_id: int, act: Act, by: Actor) -> Answer:
    """:raises Busy: when the day stays locked: nothing has been decided then"""
    try:
        with transaction.atomic():
            _refuse_after_refused(restaurant_id, act)
            booking = DOES[act.what](restaurant_id, act, by)
    except Busy:
        raise
    except DomainError as refusal:
        return Answer(
            act.id,
            is_done=False,
            code=refusal.code,
            sentence=said_by(refusal),
            booking=str(act.booking or ""),
        )
    return Answer(act.id, is_done=True, booking=str(booking.public_id), version=booking.version)


def _refuse_after_refused(restaurant_id: int, act: Act) -> None:
    if act.after is None:
        return
    before = DeskAct.objects.filter(restaurant_id=restaurant_id, client_id=act.after).first()
    if before is None or not before.is_done:
        raise ActBuildsOnRefused


# --- What can be done --------------------------------------------------------------------------------------------


def _booking_of(restaurant_id: int, act: Act) -> Booking:
    """:raises BookingNotFound: :raises BookingMovedOn: without the version that the host saw"""
    found = Booking.objects.filter(restaurant_id=restaurant_id, public_id=act.booking).first() if act.booking else None
    if found is None:
        raise errors.BookingNotFound
    if act.version is None:
        raise errors.BookingMovedOn(version=found.version)
    return found


def _tap(move: Callable[..., Booking]) -> Callable[[int, Act, Actor], Booking]:
    def do(restaurant_id: int, act: Act, by: Actor) -> Booking:
        return move(booking=_booking_of(restaurant_id, act), by=by, expected_version=act.version)

    return do


def _seat(restaurant_id: int, act: Act, by: Actor) -> Booking:
    return floor.seat_party(
        booking=_booking_of(restaurant_id, act),
        by=by,
        table_ids=act.tables or None,
        heed_seats=not act.over_seats,
        expected_version=act.version,
    )


def _move(restaurant_id: int, act: Act, by: Actor) -> Booking:
    booking = _booking_of(restaurant_id, act)
    # A form sends everything as it stands. What is the same is not asked for, but a party that comes at another time
    # keeps the tables that the host saw it at. The version is compared under the lock, so what is read here is what
    # stands there.
    kept = tuple(sorted(booking.allocations.filter(live=True).values_list("table_id", flat=True)))
    starts_at = act.starts_at if act.starts_at != booking.starts_at else None
    ends_at = act.ends_at if starts_at is not None or act.ends_at != booking.ends_at else None
    return changing.change_booking(
        booking=booking,
        by=by,
        starts_at=starts_at,
        ends_at=ends_at,
        table_ids=act.tables if act.tables and (starts_at is not None or act.tables != kept) else None,
        heed_pacing=not act.over_pacing,
        heed_seats=not act.over_seats,
        expected_version=act.version,
    )


def _course(restaurant_id: int, act: Act, by: Actor) -> Booking:
    return floor.mark_course(
        booking=_booking_of(restaurant_id, act), course=Course(act.course), by=by, expected_version=act.version
    )


def _walk_in(restaurant_id: int, act: Act, by: Actor) -> Booking:
    return floor.seat_walk_in(
        restaurant_id=restaurant_id,
        party_size=act.party or 2,
        by=Actor(by.user, by.kind, Channel.WALK_IN),
        guest=act.guest,
        table_ids=act.tables or None,
        minutes=act.minutes,
        heed_seats=not act.over_seats,
        request_key=act.id,
    )


DOES: dict[str, Callable[[int, Act, Actor], Booking]] = {
    "approve": _tap(floor.confirm_request),
    "arrive": _tap(floor.mark_arrived),
    "seat": _seat,
    "complete": _tap(floor.complete_visit),
    "leave": _tap(floor.mark_left),
    "no-show": _tap(floor.mark_no_show),
    "undo": _tap(floor.undo_no_show),
    "course": _course,
    "move": _move,
    "walk-in": _walk_in,
}
