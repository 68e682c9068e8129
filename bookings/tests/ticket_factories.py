"""The smallest valid ticketed event, made and sold through the services."""

from collections.abc import Iterable
from typing import Any

from accounts.models import User
from accounts.tests.factories import member
from bookings import services
from bookings.models import TicketedEvent, TicketKind, TicketOrder
from bookings.services import Actor
from bookings.tests.factories import at, guest
from restaurants.models import Restaurant

# Name, guests, kobo, how many there are.
KINDS = (("Ticket", 1, 500_000, 10), ("Table", 4, 1_800_000, 2))


def staff_of(restaurant: Restaurant) -> Actor:
    return Actor.staff(member(restaurant.pk))


def event_at(
    restaurant: Restaurant,
    *,
    kinds: Iterable[tuple[str, int, int, int]] = KINDS,
    on_sale: bool = True,
    by: User | None = None,
    **fields: Any,
) -> TicketedEvent:
    """Return an event of tomorrow evening for ten guests, whose tickets go back at any time before it."""
    values = {
        "name": "Highlife night",
        "starts_at": at("18:00"),
        "ends_at": at("23:00"),
        "capacity": 10,
        "most_per_order": 8,
        "return_hours": 6,
    }
    event = TicketedEvent.objects.create(restaurant=restaurant, **values | fields)
    for position, (name, guests, price_kobo, stock) in enumerate(kinds):
        TicketKind.objects.create(
            event=event, name=name, guests=guests, price_kobo=price_kobo, stock=stock, position=position
        )
    if not on_sale:
        return event
    return services.put_on_sale(event=event, by=Actor.staff(by) if by else staff_of(restaurant))


def order(event: TicketedEvent, *, number: int = 1, by: Actor | None = None, **asked: Any) -> TicketOrder:
    """Return an order of so many of each kind, named by keyword: `order(event, Ticket=2, Table=1)`."""
    wanted = {
        kind.public_id: asked.pop(kind.name) for kind in TicketKind.objects.filter(event=event) if kind.name in asked
    }
    asked.setdefault("guest", guest(number))
    return services.order_tickets(event=event, wanted=wanted, by=by or Actor.diner(None), **asked)
