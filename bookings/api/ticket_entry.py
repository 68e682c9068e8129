"""Who asks for an order, a ticket or an event, and as what they may see or touch it."""

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from accounts.doors import staff_may
from accounts.models import User
from accounts.partners.models import PartnerApp
from accounts.selectors import may
from accounts.states import Ability
from bookings import access, errors, ticketing
from bookings.api.entry import app_of, user_of
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketOrder
from bookings.services import Actor
from bookings.states import Channel, TicketDeed
from core.api.asking import token_in
from core.errors import NotAllowed


def no_such_ticket() -> errors.TicketNotFound:
    return errors.TicketNotFound(_("We could not find that ticket."))


def actor_for_staff(user: User | None, app: PartnerApp | None, restaurant_id: int) -> Actor:
    """Return as whom somebody acts for the house.

    :raises NotAllowed: when they may see what is there but not run the service
    :raises accounts.doors.SecondFactorRequired: when their role would, with a second factor
    """
    if app is not None and may(app, Ability.RUN_SERVICE, restaurant_id=restaurant_id):
        return Actor.partner(app)
    if user is None or not staff_may(user, Ability.RUN_SERVICE, restaurant_id=restaurant_id):
        raise NotAllowed
    return Actor.staff(user)


@dataclass(frozen=True)
class OrderEntry:
    """An order that the asker may see, and how they came by it."""

    order: TicketOrder
    user: User | None
    is_buyer: bool
    is_staff: bool
    by_token: bool
    app: PartnerApp | None = None

    @cached_property
    def shows_codes(self) -> bool:
        """Whether the asker gets what opens the door: the buyer, the house, and a program that sold the tickets."""
        return self.app is None or was_sold_by(self.app, self.order)

    def for_staff(self) -> Actor:
        """:raises NotAllowed: :raises accounts.doors.SecondFactorRequired: as actor_for_staff()"""
        return actor_for_staff(self.user, self.app, self.order.event.restaurant_id)

    def for_change(self) -> Actor:
        """Return as whom the asker changes it: their own as its buyer, even where they work.

        :raises NotAllowed: :raises accounts.doors.SecondFactorRequired: as for_staff()
        """
        return Actor.diner(self.user, Channel.API) if self.is_buyer else self.for_staff()


def order_entry_to(request: Request, public_id: UUID) -> OrderEntry:
    """Return an order to its buyer, to staff who see it, to an app the house lets see it, to whoever holds its token.

    :raises OrderNotFound: when it is not there or not theirs, which nobody can tell apart
    :raises accounts.doors.SecondFactorRequired: to staff of the house whose session has not shown theirs
    """
    order = ticketing.order_by_public_id(public_id)
    if order is None:
        raise errors.OrderNotFound
    entry = _entry(request, order)
    if entry is None:
        raise errors.OrderNotFound
    return entry


def _entry(request: Request, order: TicketOrder) -> OrderEntry | None:
    user, app, where = user_of(request), app_of(request), order.event.restaurant_id
    if app is not None:
        return OrderEntry(order, None, False, False, False, app) if _sees(app, where) else None
    by_token = access.opens(token_in(request), order.public_id)
    is_own = user is not None and order.diner_id == user.pk
    asks = may if by_token or is_own else staff_may
    is_staff = user is not None and asks(user, Ability.SEE_BOOKINGS, restaurant_id=where)
    if not (by_token or is_own or is_staff):
        return None
    return OrderEntry(order, user, is_own or by_token, is_staff, by_token)


def _sees(app: PartnerApp, restaurant_id: int) -> bool:
    return may(app, Ability.SEE_BOOKINGS, restaurant_id=restaurant_id)


def was_sold_by(app: PartnerApp, order: TicketOrder) -> bool:
    """Tell whether a program took this order; known without a question where with_seller() read it along."""
    known: bool | None = getattr(order, "is_own_sale", None)
    return TicketHistory.objects.filter(_sale_of(app), order=order).exists() if known is None else known


def with_seller(orders: "QuerySet[TicketOrder]", app: PartnerApp) -> "QuerySet[TicketOrder]":
    """Return the orders with whether this program took each of them."""
    return orders.annotate(is_own_sale=Exists(TicketHistory.objects.filter(_sale_of(app), order=OuterRef("pk"))))


def _sale_of(app: PartnerApp) -> Q:
    return Q(partner=app, deed=TicketDeed.ORDERED)


@dataclass(frozen=True)
class TicketEntry:
    """A ticket that the asker may see. Once it was passed on it is its holder's, and its buyer's no more."""

    ticket: Ticket
    order_entry: OrderEntry | None
    """None for a holder who sees nothing of the order."""
    is_holder: bool
    user: User | None
    app: PartnerApp | None = None

    @property
    def is_staff(self) -> bool:
        return self.order_entry is not None and self.order_entry.is_staff

    def for_change(self) -> Actor:
        """Return as whom the asker passes it on or gives it back; a program does so with what it sold, and no other.

        :raises NotAllowed: :raises accounts.doors.SecondFactorRequired: as OrderEntry.for_change()
        """
        if self.order_entry is None:
            return Actor.diner(self.user, Channel.API)
        if self.app is not None and not was_sold_by(self.app, self.ticket.order):
            raise no_such_ticket()
        # Its buyer has passed it on: whoever works there as well acts for the house.
        return self.order_entry.for_staff() if self.ticket.is_passed_on else self.order_entry.for_change()


def ticket_entry_to(request: Request, public_id: UUID) -> TicketEntry:
    """Return a ticket to whoever has it, and to the house.

    :raises TicketNotFound: when it is not there or not theirs, which nobody can tell apart
    :raises accounts.doors.SecondFactorRequired: to staff of the house whose session has not shown theirs
    """
    ticket = ticketing.ticket_by_public_id(public_id)
    if ticket is None:
        raise no_such_ticket()
    is_holder = app_of(request) is None and access.opens(token_in(request), public_id)
    entry = None if is_holder else _entry(request, ticket.order)
    if entry is None and not is_holder:
        raise no_such_ticket()
    if entry is not None and ticket.is_passed_on and not entry.is_staff:
        # It is its buyer's no more, nor that of a program which works for the buyer.
        raise no_such_ticket()
    return TicketEntry(ticket, entry, is_holder, user_of(request), app_of(request))


def staffed_event(request: Request, public_id: UUID) -> tuple[TicketedEvent, Actor]:
    """Return an event of a house where the asker works, and as whom they work there.

    :raises EventNotFound: when it is not there or of another house
    :raises NotAllowed: :raises accounts.doors.SecondFactorRequired: as actor_for_staff()
    """
    event = TicketedEvent.objects.select_related("restaurant").filter(public_id=public_id).first()
    by = None if event is None else _at_work(request, event.restaurant_id)
    if event is None or by is None:
        raise errors.EventNotFound
    return event, by


def staffed_ticket(request: Request, public_id: UUID) -> tuple[Ticket, Actor]:
    """Return a ticket for an event of a house where the asker works, whoever has it, and as whom they work there.

    :raises TicketNotFound: when it is not there or of another house
    :raises NotAllowed: :raises accounts.doors.SecondFactorRequired: as actor_for_staff()
    """
    ticket = ticketing.ticket_by_public_id(public_id)
    by = None if ticket is None else _at_work(request, ticket.order.event.restaurant_id)
    if ticket is None or by is None:
        raise no_such_ticket()
    return ticket, by


def _at_work(request: Request, restaurant_id: int) -> Actor | None:
    user, app = user_of(request), app_of(request)
    if app is not None:
        sees = _sees(app, restaurant_id)
    else:
        sees = user is not None and staff_may(user, Ability.SEE_BOOKINGS, restaurant_id=restaurant_id)
    return actor_for_staff(user, app, restaurant_id) if sees else None
