"""What the rules measure: each figure is a question with an index of its own, None where nothing is to go by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Q, QuerySet

from payments.fraud.models import Attempt
from payments.fraud.states import RuleKind
from payments.models import Payment
from payments.states import Kind, PaymentState, Review

HOME = "NG"
# Below these nothing is usual yet: one dinner for ten after two for two says nothing.
LEAST_PAYMENTS, LEAST_AT_HOUSE, LEAST_BOOKINGS = 4, 20, 4
# So many of a house's payments say what is usual there.
LATEST = 200


@dataclass(frozen=True)
class Facts:
    """Who wants to pay what, or has: keyed hashes and figures."""

    now: datetime
    restaurant_id: int
    amount_kobo: int
    payer_id: int | None = None
    payer_since: datetime | None = None
    device: str = ""
    address_index: str = ""
    phone_index: str = ""
    email_index: str = ""
    party_size: int = 0
    # Of whoever booked, at any house: bookings that are over, and those of them to which nobody came.
    bookings_over: int = 0
    no_shows: int = 0
    card_index: str = ""
    card_country: str = ""
    # What is looked at; None while it has not begun.
    payment_id: int | None = None


def measure(kind: RuleKind, facts: Facts, window: timedelta) -> int | None:
    """Return what a kind of rule finds; None where what it looks at is not known."""
    return _MEASURES[kind](facts, facts.now - window)


# --- The same again ---------------------------------------------------------------------------------------------------


def _times(column: str) -> Callable[[Facts, datetime], int | None]:
    """Return what counts attempts that share a column, with the one that is looked at."""

    def count(facts: Facts, since: datetime) -> int | None:
        value = getattr(facts, column)
        if not value:
            return None
        return _others(facts, since).filter(**{column: value}).count() + 1

    return count


def _others(facts: Facts, since: datetime) -> QuerySet[Attempt]:
    rows = Attempt.objects.filter(created_at__gte=since, created_at__lte=facts.now)
    return rows if facts.payment_id is None else rows.exclude(payment_id=facts.payment_id)


def _of_card(facts: Facts, since: datetime) -> QuerySet[Payment]:
    rows = Payment.objects.filter(card_index=facts.card_index, created_at__gte=since)
    return rows if facts.payment_id is None else rows.exclude(pk=facts.payment_id)


def _card(facts: Facts, since: datetime) -> int | None:
    return _of_card(facts, since).count() + 1 if facts.card_index else None


def _card_people(facts: Facts, since: datetime) -> int | None:
    if not facts.card_index:
        return None
    people = set(_of_card(facts, since).order_by().values_list("email_index", flat=True).distinct())
    return len((people | {facts.email_index}) - {""})


def _many_cards(facts: Facts, since: datetime) -> int | None:
    if not facts.card_index:
        return None
    most = None
    for column in ("payer_id", "device", "phone_index"):
        if value := getattr(facts, column):
            rows = _others(facts, since).filter(**{column: value}).exclude(payment__card_index="")
            cards = set(rows.order_by().values_list("payment__card_index", flat=True)) - {None}
            most = max(most or 0, len(cards | {facts.card_index}))
    return most


def _failures(facts: Facts, since: datetime) -> int | None:
    """What a bank declined; that a page was left, or a gateway was down, is nobody's failure."""
    most = None
    for column in ("payer_id", "device", "phone_index"):
        if value := getattr(facts, column):
            declined = Q(payment__state=PaymentState.FAILED) & ~Q(payment__checkout_url="")
            most = max(most or 0, _others(facts, since).filter(declined, **{column: value}).count())
    return most


# --- More than usual --------------------------------------------------------------------------------------------------


def _of_person(facts: Facts, since: datetime) -> QuerySet[Attempt] | None:
    """Return what this person has paid, by their account or else by the address that they gave."""
    if facts.payer_id is not None:
        rows = _others(facts, since).filter(payer_id=facts.payer_id)
    elif facts.email_index:
        rows = _others(facts, since).filter(email_index=facts.email_index)
    else:
        return None
    rows = rows.filter(payment__state=PaymentState.SUCCEEDED).exclude(payment__review=Review.REFUSED)
    return _without_guarantees(rows)


def _without_guarantees(rows: QuerySet[Attempt]) -> QuerySet[Attempt]:
    """Leave out the small sums that only show that a card works: they say nothing of what is usual, and all go back."""
    return rows.exclude(request__kind=Kind.GUARANTEE)


def _amount(facts: Facts, since: datetime) -> int:
    return facts.amount_kobo // 100


def _amount_payer(facts: Facts, since: datetime) -> int | None:
    rows = _of_person(facts, since)
    return None if rows is None else _per_cent_of_usual(facts, rows, LEAST_PAYMENTS)


def _amount_house(facts: Facts, since: datetime) -> int | None:
    rows = _others(facts, since).filter(restaurant_id=facts.restaurant_id)
    rows = _without_guarantees(rows.filter(payment__state=PaymentState.SUCCEEDED))
    latest = rows.order_by("-created_at")[:LATEST]
    return _per_cent_of_usual(facts, Attempt.objects.filter(pk__in=latest.values("pk")), LEAST_AT_HOUSE)


def _per_cent_of_usual(facts: Facts, rows: QuerySet[Attempt], least: int) -> int | None:
    usual = rows.order_by().aggregate(number=Count("pk"), each=Avg("amount_kobo"))
    if usual["number"] < least or not usual["each"]:
        return None
    return int(facts.amount_kobo * 100 / usual["each"])


def _refunds(facts: Facts, since: datetime) -> int | None:
    rows = _of_person(facts, since)
    if rows is None:
        return None
    back = Q(payment__refunded_kobo__gt=0) | Q(payment__disputed_kobo__gt=0)
    found = rows.order_by().aggregate(number=Count("pk"), back=Count("pk", filter=back))
    return _share(found["back"], found["number"], LEAST_PAYMENTS)


def _no_shows(facts: Facts, since: datetime) -> int | None:
    return _share(facts.no_shows, facts.bookings_over, LEAST_BOOKINGS)


def _share(part: int, whole: int, least: int) -> int | None:
    return part * 100 // whole if whole >= least else None


# --- Who they are -----------------------------------------------------------------------------------------------------


def _country(facts: Facts, since: datetime) -> int | None:
    return int(facts.card_country.upper() != HOME) if facts.card_country else None


def _new_account(facts: Facts, since: datetime) -> int | None:
    """The party of an account younger than the window. Who has no account is new every time: that says nothing."""
    if facts.payer_since is None:
        return None
    return facts.party_size if facts.payer_since >= since else 0


_MEASURES: dict[RuleKind, Callable[[Facts, datetime], int | None]] = {
    RuleKind.CARD: _card,
    RuleKind.CARD_PEOPLE: _card_people,
    RuleKind.MANY_CARDS: _many_cards,
    RuleKind.DEVICE: _times("device"),
    RuleKind.PHONE: _times("phone_index"),
    RuleKind.ACCOUNT: _times("payer_id"),
    RuleKind.ADDRESS: _times("address_index"),
    RuleKind.FAILURES: _failures,
    RuleKind.AMOUNT: _amount,
    RuleKind.AMOUNT_PAYER: _amount_payer,
    RuleKind.AMOUNT_HOUSE: _amount_house,
    RuleKind.COUNTRY: _country,
    RuleKind.NEW_ACCOUNT: _new_account,
    RuleKind.REFUNDS: _refunds,
    RuleKind.NO_SHOWS: _no_shows,
}
