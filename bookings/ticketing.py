"""Questions about ticketed events: what is on, what is left, whose tickets these are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.selectors import Person, may_keep_own, restaurant_ids_where
from accounts.states import Ability
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.states import ORDER_LIVE, TICKET_LIVE, EventStatus, OrderStatus, TicketDeed
from core.encryption import index_of_email, index_of_phone
from restaurants.states import PUBLIC_STATUSES, RestaurantStatus

# The doors of an evening open a while before it begins, and somebody always comes at the very end.
DOORS_OPEN_BEFORE = timedelta(hours=4)
DOORS_CLOSE_AFTER = timedelta(hours=4)


@dataclass(frozen=True)
class Doors:
    """When an event lets its guests in."""

    opens_at: datetime
    closes_at: datetime

    def are_open(self, now: datetime) -> bool:
        return self.opens_at <= now <= self.closes_at


def doors_of(event: TicketedEvent) -> Doors:
    return Doors(event.starts_at - DOORS_OPEN_BEFORE, event.ends_at + DOORS_CLOSE_AFTER)


def live_orders(now: datetime, prefix: str = "") -> Q:
    """Return the condition that an order's tickets count. A hold whose time is over does not, swept or not."""
    confirmed = Q(**{f"{prefix}status": OrderStatus.CONFIRMED})
    return confirmed | Q(**{f"{prefix}status": OrderStatus.HELD, f"{prefix}hold_expires_at__gt": now})


@dataclass
class Sold:
    """What is taken of an event: units by kind (tickets, tables), and guests in all."""

    units: dict[int, int] = field(default_factory=dict)
    guests: int = 0

    def left(self, event: TicketedEvent, kind: TicketKind) -> int:
        """Return how many more of a kind can be sold: of its stock, and as far as the event's guests go."""
        of_stock = kind.stock - self.units.get(kind.pk, 0)
        of_capacity = (event.capacity - self.guests) // kind.guests
        return max(0, min(of_stock, of_capacity))


def sold_of(event_ids: Iterable[int], *, now: datetime | None = None) -> dict[int, Sold]:
    """Return what is taken of each of these events, in one query, counted from the tickets themselves."""
    sold = {event_id: Sold() for event_id in event_ids}
    rows = (
        Ticket.objects.filter(
            live_orders(now or timezone.now(), "order__"), kind__event__in=list(sold), state__in=TICKET_LIVE
        )
        .order_by()
        .values_list("kind__event", "kind")
        .annotate(Sum("units"), Count("pk"))
    )
    for event_id, kind_id, units, guests in rows:
        sold[event_id].units[kind_id] = units
        sold[event_id].guests += guests
    return sold


def sold_of_event(event: TicketedEvent, *, now: datetime | None = None) -> Sold:
    return sold_of([event.pk], now=now)[event.pk]


def most_unpaid(event: TicketedEvent) -> int:
    """Return how many unpaid places one guest may have at an event, over all of their orders."""
    return event.most_per_order if event.most_unpaid is None else event.most_unpaid


def unpaid_places(
    event: TicketedEvent, *, diner_id: int | None, phone: str, email: str, now: datetime | None = None
) -> int:
    """Return how many guests somebody, known by account, phone or address, has places for that are not paid in full."""
    same = Q(pk__in=[])
    if diner_id is not None:
        same |= Q(diner=diner_id)
    if phone:
        same |= Q(guest_phone_index=index_of_phone(phone))
    if email:
        same |= Q(guest_email_index=index_of_email(email))
    alive = Q(tickets__state__in=TICKET_LIVE)
    orders = (
        TicketOrder.objects.filter(same, live_orders(now or timezone.now()), event=event)
        .order_by()
        .annotate(due=Coalesce(Sum("tickets__price_kobo", filter=alive), 0), places=Count("tickets", filter=alive))
        .filter(due__gt=F("paid_kobo") - F("paid_back_kobo"))
    )
    return sum(orders.values_list("places", flat=True))


@dataclass(frozen=True)
class Move:
    """That an event was moved: when, from what time, to what time, and why."""

    at: datetime
    from_starts_at: datetime
    from_ends_at: datetime
    to_starts_at: datetime
    reason: str

    def as_kept(self) -> dict[str, str]:
        return {
            "at": self.at.isoformat(),
            "from_starts_at": self.from_starts_at.isoformat(),
            "from_ends_at": self.from_ends_at.isoformat(),
            "to_starts_at": self.to_starts_at.isoformat(),
            "reason": self.reason,
        }


def moved_since(event: TicketedEvent, moment: datetime) -> Move | None:
    """Return how an event was moved after a moment: from the time it had then, to the time and for the last reason."""
    later = [each for each in event.moves if datetime.fromisoformat(each["at"]) > moment]
    if not later:
        return None
    first, last = later[0], later[-1]
    return Move(
        at=datetime.fromisoformat(last["at"]),
        from_starts_at=datetime.fromisoformat(first["from_starts_at"]),
        from_ends_at=datetime.fromisoformat(first["from_ends_at"]),
        to_starts_at=datetime.fromisoformat(last["to_starts_at"]),
        reason=last["reason"],
    )


def sale_is_open(event: TicketedEvent, *, now: datetime | None = None) -> bool:
    """Tell whether tickets can be bought now, if there are any."""
    now = now or timezone.now()
    begun = event.sale_from is None or event.sale_from <= now
    return event.status == EventStatus.ON_SALE and begun and now < sale_ends_at(event)


def sale_ends_at(event: TicketedEvent) -> datetime:
    return min(event.sale_until, event.starts_at) if event.sale_until is not None else event.starts_at


def returnable_until(order: TicketOrder, starts_at: datetime) -> datetime | None:
    """Return until when places can be given back by the terms that were accepted; None: never."""
    hours = order.terms.get("return_hours")
    return None if hours is None else starts_at - timedelta(hours=hours)


# --- Events ------------------------------------------------------------------------------------------------------


def _with_kinds(events: "QuerySet[TicketedEvent]") -> "QuerySet[TicketedEvent]":
    return events.select_related("restaurant", "restaurant__city", "area").prefetch_related("kinds")


def events_ahead(*, now: datetime | None = None) -> "QuerySet[TicketedEvent]":
    """Return what anybody may see that is not over yet, the next first."""
    shown = TicketedEvent.objects.filter(
        status=EventStatus.ON_SALE, ends_at__gt=now or timezone.now(), restaurant__status=RestaurantStatus.LIVE
    )
    return _with_kinds(shown).order_by("starts_at", "pk")


def events_of(restaurant_id: int, *, now: datetime | None = None) -> "QuerySet[TicketedEvent]":
    return events_ahead(now=now).filter(restaurant_id=restaurant_id)


def public_event(public_id: UUID) -> TicketedEvent | None:
    """Return an event that is or was on sale at a restaurant that anybody may see."""
    event = event_by_public_id(public_id)
    return event if event is not None and event.restaurant.status in PUBLIC_STATUSES else None


def event_by_public_id(public_id: UUID) -> TicketedEvent | None:
    """Return an event that is or was on sale; drafts are the house's own."""
    return _with_kinds(TicketedEvent.objects.exclude(status=EventStatus.DRAFT)).filter(public_id=public_id).first()


# --- Orders and tickets --------------------------------------------------------------------------------------------


def _with_tickets(orders: "QuerySet[TicketOrder]") -> "QuerySet[TicketOrder]":
    tickets = Ticket.objects.select_related("kind").order_by("place", "pk")
    return orders.select_related("event", "event__restaurant", "event__restaurant__city").prefetch_related(
        Prefetch("tickets", queryset=tickets)
    )


def orders_of(diner: Person) -> "QuerySet[TicketOrder]":
    """Return the ticket orders on a diner's account, the latest event first; nobody's for a stranger."""
    if not may_keep_own(diner):
        return TicketOrder.objects.none()
    return _with_tickets(TicketOrder.objects.filter(diner=diner)).order_by("-event__starts_at", "-pk")


def upcoming_and_past_orders_of(
    diner: Person, *, most: int, now: datetime | None = None
) -> tuple[list[TicketOrder], list[TicketOrder]]:
    """Return a diner's latest orders: those still to come, the next first, and those over or come to nothing."""
    now = now or timezone.now()
    latest = list(orders_of(diner)[:most])
    upcoming = [order for order in latest if order.event.ends_at > now and is_live(order, now)]
    return upcoming[::-1], [order for order in latest if order not in upcoming]


def is_live(order: TicketOrder, now: datetime) -> bool:
    """Tell of one order what live_orders() asks of many."""
    if order.status == OrderStatus.HELD:
        return order.hold_expires_at is not None and order.hold_expires_at > now
    return order.status == OrderStatus.CONFIRMED


def orders_staffed_by(person: Person, ability: Ability = Ability.SEE_BOOKINGS) -> "QuerySet[TicketOrder]":
    ids = restaurant_ids_where(person, ability)
    orders = TicketOrder.objects.all() if ids is None else TicketOrder.objects.filter(event__restaurant_id__in=ids)
    return _with_tickets(orders)


def order_by_public_id(public_id: UUID) -> TicketOrder | None:
    """Return an order whoever asks; the door must have its own proof that they may see it."""
    return _with_tickets(TicketOrder.objects.filter(public_id=public_id)).first()


def live_orders_of(event: TicketedEvent) -> "QuerySet[TicketOrder]":
    """Return an event's orders that are confirmed or wait for the payment, with their tickets."""
    return _with_tickets(event.orders.filter(status__in=ORDER_LIVE)).order_by("pk")


def order_by_request_key(request_key: UUID | None) -> TicketOrder | None:
    """Return the order that a form with this key has made already; None where it bears none."""
    return None if request_key is None else TicketOrder.objects.filter(request_key=request_key).first()


def orders_by_code(code: str) -> list[TicketOrder]:
    """Return the orders with this code, the newest first; only live ones are unique."""
    return list(TicketOrder.objects.filter(code=code).order_by("-created_at")[:20])


def ticket_by_code(code: str) -> Ticket | None:
    """Return a ticket whoever asks; the door must have its own proof that they may see it."""
    return Ticket.objects.select_related("kind", "order__event__restaurant__city").filter(code=code).first()


def ticket_by_public_id(public_id: UUID) -> Ticket | None:
    """Return a ticket whoever asks; the door must have its own proof that they may see it."""
    related = ("kind", "order__event__restaurant__city")
    return Ticket.objects.select_related(*related).filter(public_id=public_id).first()


@dataclass(frozen=True)
class PassedOn:
    """A ticket that was passed on: what it is now, and by which code and when it was somebody else's last."""

    ticket: Ticket
    code_then: str
    at: datetime


def ticket_passed_on(former_id: UUID, *, since: datetime | None = None) -> PassedOn | None:
    """Return the ticket that had this public id until it was passed on.

    :param since: only if it was passed on later than that
    """
    related = ("ticket__kind", "ticket__order__event__restaurant__city")
    passed = TicketHistory.objects.filter(former_public_id=former_id, deed=TicketDeed.PASSED_ON)
    line = passed.select_related(*related).first()
    if line is None or line.ticket is None or (since is not None and line.at <= since):
        return None
    return PassedOn(line.ticket, line.code, line.at)


def due_kobo(order: TicketOrder, tickets: Iterable[Ticket]) -> int:
    """Return what the tickets that live cost together; nothing once the order is over."""
    if order.status not in (OrderStatus.HELD, OrderStatus.CONFIRMED):
        return 0
    return sum(ticket.price_kobo for ticket in tickets if ticket.state in TICKET_LIVE)


def outstanding_kobo(order: TicketOrder, tickets: Iterable[Ticket]) -> int:
    """Return what has still to be paid."""
    return max(0, due_kobo(order, tickets) - (order.paid_kobo - order.paid_back_kobo))


def receivable_kobo(order: TicketOrder, tickets: Iterable[Ticket]) -> int:
    """Return what would settle an order: what is outstanding or, once its time is over, what its places would cost.

    Their time is over, and yet the money may come now.
    """
    if order.status != OrderStatus.EXPIRED:
        return outstanding_kobo(order, tickets)
    price = sum(ticket.price_kobo for ticket in tickets if ticket.state in TICKET_LIVE)
    return max(0, price - (order.paid_kobo - order.paid_back_kobo))


def owed_back_kobo(order: TicketOrder, tickets: Iterable[Ticket]) -> int:
    """Return what the house has and has no tickets for any more."""
    return max(0, order.paid_kobo - order.paid_back_kobo - due_kobo(order, tickets))


def owed_after_giving_back(order: TicketOrder, tickets: Iterable[Ticket], given: Iterable[Ticket]) -> int:
    """Return what of the money would be owed back if these of an order's tickets were given back."""
    gone = sum(ticket.price_kobo for ticket in given if ticket.state in TICKET_LIVE)
    return max(0, order.paid_kobo - order.paid_back_kobo - due_kobo(order, tickets) + gone)


def orders_owed_back(orders: "QuerySet[TicketOrder]") -> "QuerySet[TicketOrder]":
    """Return those of these orders whose buyers are to get money back."""
    alive = Q(status__in=(OrderStatus.HELD, OrderStatus.CONFIRMED), tickets__state__in=TICKET_LIVE)
    return orders.annotate(due=Coalesce(Sum("tickets__price_kobo", filter=alive), 0)).filter(
        paid_kobo__gt=F("paid_back_kobo") + F("due")
    )


def guest_list(event: TicketedEvent) -> "QuerySet[Ticket]":
    """Return the tickets of confirmed orders, by name, with their orders and kinds."""
    tickets = Ticket.objects.filter(
        kind__event=event, order__status=OrderStatus.CONFIRMED, state__in=TICKET_LIVE
    ).select_related("order", "kind")
    return tickets.order_by("holder_name", "order_id", "place", "pk")


def admission_of(ticket: Ticket) -> TicketHistory | None:
    """Return the line of the history that tells when, through which door and by whom a ticket was let in last."""
    lines = TicketHistory.objects.filter(ticket=ticket, deed=TicketDeed.ADMITTED).select_related("actor", "partner")
    return lines.order_by("-at", "-pk").first()


def order_of_event(event: TicketedEvent, code: str) -> TicketOrder | None:
    """Return the order of an event with this code, the live one first: codes are used again."""
    orders = list(_with_tickets(event.orders.filter(code=code)).order_by("-created_at")[:20])
    return next((order for order in orders if order.status in ORDER_LIVE), orders[0] if orders else None)


def was_passed_on(event: TicketedEvent, code: str) -> bool:
    """Tell whether a code belonged to a ticket of this event before it was passed on to somebody else."""
    return TicketHistory.objects.filter(code=code, deed=TicketDeed.PASSED_ON, order__event=event).exists()
