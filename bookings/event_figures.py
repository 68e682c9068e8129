"""What a house counts of its ticketed events: sold, admitted, taken, still to be paid, owed back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from bookings import ticketing
from bookings.models import Ticket, TicketedEvent, TicketOrder
from bookings.states import ORDER_LIVE, TICKET_LIVE, EventStatus, OrderStatus, TicketState

# As the desk counts days: before this hour it is still yesterday's service.
DAY_BEGINS = time(6)


@dataclass(frozen=True)
class Figures:
    """How an event stands; the money is in kobo."""

    guests: int = 0
    """All places that are taken: those of confirmed orders, and those held for a payment."""
    admitted: int = 0
    held: int = 0
    """Of the guests, those whose places are only held for a payment."""
    unpaid_orders: int = 0
    taken_kobo: int = 0
    owed_back_kobo: int = 0

    @property
    def expected(self) -> int:
        """Return how many guests have a valid ticket, whether they have come or not: the guest list."""
        return self.guests - self.held


def figures_of(event_ids: Iterable[int], *, now: datetime | None = None) -> dict[int, Figures]:
    """Return how each of these events stands, in four queries for all of them together."""
    now = now or timezone.now()
    sold = ticketing.sold_of(event_ids, now=now)
    if not sold:
        return {}
    # Those who came in count among the guests of the list, so that the door and the list never differ.
    on_the_list = Q(state=TicketState.ADMITTED, order__status=OrderStatus.CONFIRMED)
    waiting = Q(state__in=TICKET_LIVE, order__status=OrderStatus.HELD, order__hold_expires_at__gt=now)
    people = {
        event_id: (admitted, held)
        for event_id, admitted, held in Ticket.objects.filter(on_the_list | waiting, kind__event__in=list(sold))
        .order_by()
        .values_list("kind__event")
        .annotate(admitted=Count("pk", filter=on_the_list), held=Count("pk", filter=waiting))
    }
    unpaid = Q(status=OrderStatus.HELD, hold_expires_at__gt=now)
    money = {
        event_id: (orders, taken)
        for event_id, orders, taken in TicketOrder.objects.filter(event__in=list(sold))
        .order_by()
        .values_list("event")
        .annotate(orders=Count("pk", filter=unpaid), taken=Sum(F("paid_kobo") - F("paid_back_kobo")))
    }
    owed = owed_back_of(sold)
    return {
        event_id: Figures(
            each.guests, *people.get(event_id, (0, 0)), *money.get(event_id, (0, 0)), owed.get(event_id, 0)
        )
        for event_id, each in sold.items()
    }


def figures_of_event(event: TicketedEvent, *, now: datetime | None = None) -> Figures:
    return figures_of([event.pk], now=now)[event.pk]


def events_of_day(restaurant_id: int, day: date, zone: ZoneInfo) -> "QuerySet[TicketedEvent]":
    """Return the events on sale that begin on a service day, the first first."""
    begins = datetime.combine(day, DAY_BEGINS, zone)
    return TicketedEvent.objects.filter(
        restaurant_id=restaurant_id,
        status=EventStatus.ON_SALE,
        starts_at__gte=begins,
        starts_at__lt=begins + timedelta(days=1),
    ).order_by("starts_at", "pk")


def outstanding_by_order(event: TicketedEvent) -> dict[int, int]:
    """Return what is still to be paid, in kobo, for each confirmed order of an event that owes something."""
    live = Q(tickets__state__in=TICKET_LIVE)
    orders = (
        TicketOrder.objects.filter(event=event, status=OrderStatus.CONFIRMED)
        .order_by()
        .annotate(outstanding=Sum("tickets__price_kobo", filter=live) - F("paid_kobo") + F("paid_back_kobo"))
    )
    return dict(orders.filter(outstanding__gt=0).values_list("pk", "outstanding"))


def owed_back_of(event_ids: Iterable[int]) -> dict[int, int]:
    """Return what the house has to pay back in all, in kobo, of each of these events that owes anything."""
    owed: dict[int, int] = {}
    orders = ticketing.orders_owed_back(TicketOrder.objects.filter(event__in=list(event_ids)).order_by())
    sums = orders.values_list("event", "paid_kobo", "paid_back_kobo", "due")  # type: ignore[misc]  # annotated there
    for event_id, paid, paid_back, due in sums:
        owed[event_id] = owed.get(event_id, 0) + paid - paid_back - due
    return owed


@dataclass(frozen=True)
class Concerned:
    """Whom it concerns when an event is moved or called off."""

    orders: int
    guests: int
    reachable: int
    """Buyers and holders of passed-on tickets who left a telephone number or an e-mail address."""
    owed_back_kobo: int
    """What would have to be paid back if the event did not take place."""


def concerned_by(event: TicketedEvent) -> Concerned:
    """Return whom it concerns when an event is moved or called off, in two queries."""
    orders = TicketOrder.objects.filter(event=event, status__in=ORDER_LIVE)
    tickets = Ticket.objects.filter(order__event=event, order__status__in=ORDER_LIVE, state__in=TICKET_LIVE)
    left_something = ~Q(guest_phone_index="") | ~Q(guest_email_index="")
    of_orders = orders.aggregate(
        orders=Count("pk"),
        reachable=Count("pk", filter=left_something),
        owed=Sum(F("paid_kobo") - F("paid_back_kobo")),
    )
    of_tickets = tickets.aggregate(guests=Count("pk"), holders=Count("pk", filter=~Q(holder_email_index="")))
    return Concerned(
        orders=of_orders["orders"],
        guests=of_tickets["guests"],
        reachable=of_orders["reachable"] + of_tickets["holders"],
        owed_back_kobo=max(0, of_orders["owed"] or 0),
    )


def last_admitted(event: TicketedEvent, most: int = 10) -> list[Ticket]:
    """Return who came in last, the latest first."""
    tickets = Ticket.objects.filter(kind__event=event, state=TicketState.ADMITTED).select_related("kind", "order")
    return list(tickets.order_by("-admitted_at", "-pk")[:most])
