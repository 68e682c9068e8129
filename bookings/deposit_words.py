"""What stands with a booking's deposit, in the words of its guest and as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import terms
from bookings.models import Advance, Booking
from bookings.states import AdvanceState, Status
from localization import formatting
from localization.formatting import Zone
from payments.selectors import REFUND_TAKES, expected_back
from payments.states import Kind

# By then a guest is told to expect what the house itself pays back, and the desk sees that they were.
RETURNED_WITHIN = timedelta(days=7)
_EXPECTED = "_expected_back"


@dataclass(frozen=True)
class DepositWords:
    """Where the money stands: a line, sentences under it, and how it is paid while it is awaited."""

    line: str
    sentences: tuple[str, ...]
    is_awaited: bool
    instructions: str = ""


def advance_of(booking: Booking) -> Advance | None:
    """Return the advance of a booking as it was read; None where nothing was asked for."""
    return getattr(booking, "advance", None)


def is_hold_over(booking: Booking, now: datetime) -> bool:
    """Whether a held table is free again by the clock, swept or not."""
    return booking.status == Status.HELD and booking.hold_expires_at is not None and booking.hold_expires_at <= now


def is_paid_there(booking: Booking) -> bool:
    """Whether the terms let the deposit be paid at the house: what comes before of it changes nothing of that."""
    return booking.status != Status.HELD and not terms.is_due_before(booking.policy)


def until(moment: datetime, *, zone: Zone, now: datetime) -> str:
    """Return a time, with its day where that is not today's."""
    local = formatting.in_zone(moment, zone)
    if local.date() == formatting.in_zone(now, zone).date():
        return formatting.time_of_day(local)
    return formatting.day_and_time(moment, zone=zone)


def returned_by(advance: Advance, *, zone: Zone) -> str:
    """Return the day by which a guest is to expect what is owed back: of what came online as `payments` says."""
    expected = getattr(advance, _EXPECTED, None)
    if expected is None:
        expected = expected_back(Kind.DEPOSIT, [advance.booking.public_id])
    subject_id = advance.booking.public_id
    if subject_id not in expected:
        moment = _owed_since(advance) + RETURNED_WITHIN
    else:
        moment = expected[subject_id] or _owed_since(advance) + REFUND_TAKES
    return formatting.day(formatting.in_zone(moment, zone).date())


def _owed_since(advance: Advance) -> datetime:
    """Return when what is owed back last became more, as its history tells: then its guest was told."""
    since, owed, received, returned = advance.updated_at, 0, 0, 0
    for entry in advance.history.all():
        received, returned = received + entry.received_kobo, returned + entry.returned_kobo
        then = Advance(
            state=entry.to_state, amount_kobo=entry.amount_kobo, received_kobo=received, returned_kobo=returned
        )
        if then.owed_kobo > owed:
            since = entry.at
        owed = then.owed_kobo
    return since


def read_what_is_owed(advances: Iterable[Advance | None]) -> None:
    """Read for a list, in two queries at most, what returned_by() needs of those that are owed back."""
    owed = [each for each in advances if each is not None and each.owed_kobo]
    if not owed:
        return
    prefetch_related_objects(owed, "history")
    expected = expected_back(Kind.DEPOSIT, {each.booking.public_id for each in owed})
    for each in owed:
        setattr(each, _EXPECTED, expected)


def deposit_words(booking: Booking, *, now: datetime | None = None) -> DepositWords | None:
    """Return what the guest reads of the deposit, in the active language."""
    advance = advance_of(booking)
    if advance is None:
        return None
    now = now or timezone.now()
    if advance.missing_kobo:
        if is_paid_there(booking):
            return _paid_there(advance)
        return _awaited(booking, advance, now)
    sentences = []
    if advance.state in _LINES and advance.owed_kobo:
        owed = formatting.money(advance.owed_kobo)
        sentences.append(_("More came than was asked for: the restaurant pays %(amount)s back.") % {"amount": owed})
    if advance.owed_kobo:
        by = returned_by(advance, zone=booking.restaurant.time_zone)
        sentences.append(_("It should be with you by %(day)s. If nothing comes, please call.") % {"day": by})
    return DepositWords(_line(booking, advance), tuple(sentences), is_awaited=False)


def _paid_there(advance: Advance) -> DepositWords:
    sentences = [_("It comes off your bill.")]
    if advance.held_kobo:
        amount = formatting.money(advance.held_kobo)
        sentences.insert(0, _("%(amount)s of the deposit has come already.") % {"amount": amount})
    line = _("A deposit of %(amount)s is paid at the restaurant") % {"amount": formatting.money(advance.missing_kobo)}
    return DepositWords(line, tuple(sentences), is_awaited=False)


def _awaited(booking: Booking, advance: Advance, now: datetime) -> DepositWords:
    if is_hold_over(booking, now):
        return DepositWords(
            _("The time for the deposit is over"),
            (
                _("Please do not pay it any more."),
                _("If you have paid already, you have the table if it is still free, or your money back."),
            ),
            is_awaited=False,
        )
    missing = formatting.money(advance.missing_kobo)
    values = {"time": until(advance.due_at, zone=booking.restaurant.time_zone, now=now), "amount": missing}
    is_held = booking.status == Status.HELD
    if is_held:
        line = _("Held until %(time)s for a deposit of %(amount)s") % values
        sentence = _("The table is yours once the deposit has come. It comes off your bill.")
    else:
        line = _("A deposit of %(amount)s is due until %(time)s") % values
        sentence = _("Your table is booked, and the deposit comes off your bill.")
        if advance.gives_table_back:
            sentence = _("If it has not come by then, the table goes to somebody else. It comes off your bill.")
    sentences = [sentence]
    if advance.held_kobo:
        amount = formatting.money(advance.held_kobo)
        sentences.insert(0, _("%(amount)s of the deposit has come; the rest is still missing.") % {"amount": amount})
    return DepositWords(line, tuple(sentences), True, booking.policy.get("deposit_instructions", ""))


_LINES = frozenset({AdvanceState.RECEIVED, AdvanceState.APPLIED, AdvanceState.KEPT})


def _line(booking: Booking, advance: Advance) -> str:
    held = formatting.money(min(advance.held_kobo, advance.amount_kobo))
    sentences = {
        AdvanceState.RECEIVED: _("Your deposit of %(amount)s has come; it comes off your bill") % {"amount": held},
        AdvanceState.APPLIED: _("Your deposit of %(amount)s came off your bill") % {"amount": held},
        AdvanceState.KEPT: _("The restaurant keeps your deposit of %(amount)s, as was agreed") % {"amount": held},
        AdvanceState.LAPSED: _("The deposit did not come in time")
        if booking.status == Status.EXPIRED
        else _("No deposit is awaited any more"),
        AdvanceState.OWED_BACK: _("The restaurant pays your deposit of %(amount)s back")
        % {"amount": formatting.money(advance.owed_kobo)},
        AdvanceState.RETURNED: _("The restaurant has paid your deposit of %(amount)s back")
        % {"amount": formatting.money(advance.returned_kobo)},
    }
    return sentences[AdvanceState(advance.state)]


# --- Which message told what ---------------------------------------------------------------------------------------

KINDS = (
    "booking.held",
    "booking.deposit_received",
    "booking.deposit_reminder",
    "booking.deposit_waived",
    "booking.deposit_lapsed",
    "booking.deposit_kept",
    "booking.deposit_owed_back",
    "booking.deposit_returned",
)


def message_key(kind: str, entry: int) -> str:
    """Return under what a message about an entry of a deposit's history is told once."""
    return f"{kind}:{entry}"


def message_keys(entries: Iterable[int]) -> list[str]:
    """Return the keys of all messages that these entries may have caused."""
    return [message_key(kind, entry) for entry in entries for kind in KINDS]
