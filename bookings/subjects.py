"""What of a booking, or of an order of tickets, is paid for online: asked by `payments`, which knows neither."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.partners.models import PartnerApp
from accounts.selectors import may
from accounts.states import Ability
from bookings import access, selectors, services, terms, ticketing, wording
from bookings.deposit_words import advance_of, is_hold_over
from bookings.models import Booking, Fee, Ticket, TicketOrder
from bookings.services import guarantees
from bookings.states import TICKET_LIVE, FeeKind, OrderStatus, Status
from bookings.subscribers import terms_sentences
from core.codes import normalise as code_of
from localization import formatting
from payments.gateways.base import Payer
from payments.subjects import Background, Due, Item, Named, Subject

# So long a table, or places, are held for their money at the most, where the means of paying needs it.
LONGEST_HOLD = timedelta(minutes=90)
# Codes of bookings that are over may be given again.
MOST_OF_ONE_CODE = 20


class DepositSubject(Subject):
    """A booking's deposit."""

    def due(self, subject_id: UUID) -> Due | None:
        booking = selectors.booking_by_public_id(subject_id)
        advance = advance_of(booking) if booking is not None else None
        if booking is None or advance is None:
            return None
        restaurant = booking.restaurant
        when = formatting.day_and_time(booking.starts_at, zone=restaurant.time_zone)
        return Due(
            restaurant_id=booking.restaurant_id,
            title=_("Deposit: %(restaurant)s, %(when)s, %(party)s")
            % {"restaurant": restaurant.name, "when": when, "party": wording.guests(booking.party_size)},
            amount_kobo=0 if _is_over(booking) else advance.missing_kobo,
            until=advance.due_at if booking.status == Status.HELD or advance.gives_table_back else booking.starts_at,
            payer=Payer(email=booking.guest_email, name=booking.guest_name, phone=booking.guest_phone),
            path=reverse("bookings:booking", args=[booking.public_id]),
            may_be_shared=booking.party_size > 1,
            may_wait_until=_longest(advance.due_at, advance.created_at) if booking.status == Status.HELD else None,
        )

    def visible_to(self, subject_id: UUID, *, request: Any, token: str = "") -> bool:
        booking = selectors.booking_to_change(subject_id)
        return booking is not None and _may_see(request, booking, booking.restaurant_id, token)

    def opened_by(self, subject_id: UUID, *, token: str) -> bool:
        return access.opens(token, subject_id)

    def background(self, subject_id: UUID) -> Background:
        booking = selectors.booking_by_public_id(subject_id)
        if booking is None:
            return Background()
        over, no_shows = selectors.came_and_did_not(diner_id=booking.diner_id, phone_index=booking.guest_phone_index)
        return Background(booking.party_size, booking.language, over, no_shows)

    def wait_until(self, subject_id: UUID, moment: datetime) -> None:
        services.hold_for_payment(booking_id=subject_id, until=moment)

    def named(self, subject_ids: Collection[UUID]) -> dict[UUID, Named]:
        rows = Booking.objects.filter(public_id__in=subject_ids).values_list(
            "public_id", "code", "guest_name", "restaurant__public_id", "diner_id"
        )
        return {
            public_id: Named(
                code=code,
                name=name,
                path=reverse("admin:today_booking", args=[house, public_id]),
                own_path=reverse("bookings:booking", args=[public_id]),
                owner_id=diner,
            )
            for public_id, code, name, house, diner in rows
        }

    def called(self, code: str) -> list[UUID]:
        found = Booking.objects.filter(code=code_of(code)).order_by("-created_at")
        return list(found.values_list("public_id", flat=True)[:MOST_OF_ONE_CODE])


class GuaranteeSubject(DepositSubject):
    """A card that guarantees a booking: a small sum, which goes back at once."""

    def due(self, subject_id: UUID) -> Due | None:
        booking = selectors.booking_by_public_id(subject_id)
        if booking is None or not terms.asks_card(booking.policy):
            return None
        restaurant = booking.restaurant
        when = formatting.day_and_time(booking.starts_at, zone=restaurant.time_zone)
        is_awaited = guarantees.waits(booking) and not _is_over(booking)
        longest = _longest(booking.hold_expires_at, booking.created_at) if booking.hold_expires_at else None
        return Due(
            restaurant_id=booking.restaurant_id,
            title=_("Guarantee by card: %(restaurant)s, %(when)s, %(party)s")
            % {"restaurant": restaurant.name, "when": when, "party": wording.guests(booking.party_size)},
            amount_kobo=settings.GUARANTEE_KOBO if is_awaited else 0,
            until=booking.hold_expires_at if is_awaited else booking.starts_at,
            payer=Payer(email=booking.guest_email, name=booking.guest_name, phone=booking.guest_phone),
            path=reverse("bookings:booking", args=[booking.public_id]),
            may_wait_until=longest if is_awaited else None,
            keeps_card=True,
            agreed=tuple(terms_sentences(booking.policy, starts_at=booking.starts_at, zone=restaurant.time_zone)),
        )

    def wait_until(self, subject_id: UUID, moment: datetime) -> None:
        booking = selectors.booking_by_public_id(subject_id)
        if booking is not None:
            services.hold_longer(booking_id=booking.pk, until=moment)


class FeeSubject(Subject):
    """A fee for a table to which nobody came, or which was cancelled too late."""

    def due(self, subject_id: UUID) -> Due | None:
        fee = _fee(subject_id)
        if fee is None:
            return None
        booking = fee.booking
        when = formatting.day_and_time(booking.starts_at, zone=booking.restaurant.time_zone)
        named = {"restaurant": booking.restaurant.name, "when": when}
        title = (
            _("Fee, as nobody came: %(restaurant)s, %(when)s") % named
            if fee.kind == FeeKind.NO_SHOW
            else _("Fee for cancelling late: %(restaurant)s, %(when)s") % named
        )
        return Due(
            restaurant_id=booking.restaurant_id,
            title=title,
            amount_kobo=fee.missing_kobo,
            until=None,
            payer=Payer(email=booking.guest_email, name=booking.guest_name, phone=booking.guest_phone),
            path=reverse("bookings:booking", args=[booking.public_id]),
        )

    def visible_to(self, subject_id: UUID, *, request: Any, token: str = "") -> bool:
        fee = _fee(subject_id)
        return fee is not None and _may_see(request, fee.booking, fee.booking.restaurant_id, token)

    def opened_by(self, subject_id: UUID, *, token: str) -> bool:
        fee = _fee(subject_id)
        return fee is not None and access.opens(token, fee.booking.public_id)

    def background(self, subject_id: UUID) -> Background:
        fee = _fee(subject_id)
        return DepositSubject().background(fee.booking.public_id) if fee is not None else Background()

    def named(self, subject_ids: Collection[UUID]) -> dict[UUID, Named]:
        rows = dict(Fee.objects.filter(public_id__in=subject_ids).values_list("public_id", "booking__public_id"))
        names = DepositSubject().named(set(rows.values()))
        return {fee: names[booking] for fee, booking in rows.items() if booking in names}

    def called(self, code: str) -> list[UUID]:
        found = Fee.objects.filter(booking__code=code_of(code)).order_by("-created_at")
        return list(found.values_list("public_id", flat=True)[:MOST_OF_ONE_CODE])


def _fee(public_id: UUID) -> Fee | None:
    return Fee.objects.select_related("booking__restaurant").filter(public_id=public_id).first()


class TicketsSubject(Subject):
    """An order of tickets."""

    def due(self, subject_id: UUID) -> Due | None:
        order = ticketing.order_by_public_id(subject_id)
        if order is None:
            return None
        event = order.event
        when = formatting.day_and_time(event.starts_at, zone=event.restaurant.time_zone)
        is_held = order.status == OrderStatus.HELD
        return Due(
            restaurant_id=event.restaurant_id,
            title=_("Tickets: %(event)s, %(restaurant)s, %(when)s")
            % {"event": event.name, "restaurant": event.restaurant.name, "when": when},
            amount_kobo=0 if _order_is_over(order) else ticketing.outstanding_kobo(order, order.tickets.all()),
            until=order.hold_expires_at if is_held else event.starts_at,
            payer=Payer(email=order.guest_email, name=order.guest_name, phone=order.guest_phone),
            path=reverse("bookings:ticket_order", args=[order.public_id]),
            may_be_shared=len(order.tickets.all()) > 1,
            may_wait_until=_longest(order.hold_expires_at, order.created_at)
            if is_held and order.hold_expires_at
            else None,
        )

    def visible_to(self, subject_id: UUID, *, request: Any, token: str = "") -> bool:
        order = ticketing.order_by_public_id(subject_id)
        return order is not None and _may_see(request, order, order.event.restaurant_id, token)

    def opened_by(self, subject_id: UUID, *, token: str) -> bool:
        return access.opens(token, subject_id)

    def background(self, subject_id: UUID) -> Background:
        order = ticketing.order_by_public_id(subject_id)
        if order is None:
            return Background()
        return Background(len(order.tickets.all()), order.language)

    def items(self, subject_id: UUID) -> list[Item]:
        order = ticketing.order_by_public_id(subject_id)
        # The price of a place stands on its first ticket.
        firsts = [each for each in order.tickets.all() if each.units and each.state in TICKET_LIVE] if order else []
        counted = Counter((each.kind.name, each.price_kobo) for each in firsts)
        return [Item(name, number, kobo) for (name, kobo), number in counted.items()]

    def wait_until(self, subject_id: UUID, moment: datetime) -> None:
        services.hold_order_for_payment(order_id=subject_id, until=moment)

    def named(self, subject_ids: Collection[UUID]) -> dict[UUID, Named]:
        orders = TicketOrder.objects.filter(public_id__in=subject_ids)
        rows = orders.values_list("public_id", "pk", "code", "guest_name", "diner_id")
        return {
            public_id: Named(
                code=code,
                name=name,
                path=reverse("admin:bookings_ticketorder_change", args=[key]),
                own_path=reverse("bookings:ticket_order", args=[public_id]),
                owner_id=diner,
            )
            for public_id, key, code, name, diner in rows
        }

    def called(self, code: str) -> list[UUID]:
        wanted = code_of(code)
        of_ticket = Ticket.objects.filter(code=wanted).values("order")
        found = TicketOrder.objects.filter(Q(code=wanted) | Q(pk__in=of_ticket))
        return list(found.order_by("-created_at").values_list("public_id", flat=True)[:MOST_OF_ONE_CODE])


def _may_see(request: Any, thing: access.Owned, restaurant_id: int, token: str) -> bool:
    """Tell it of the guest, of whoever has their link, of the house's people, and of apps that it lets see bookings."""
    asker = request.user
    if isinstance(asker, PartnerApp):
        return may(asker, Ability.SEE_BOOKINGS, restaurant_id=restaurant_id)
    if access.may_see(request, thing, token):
        return True
    return isinstance(asker, User) and may(asker, Ability.SEE_BOOKINGS, restaurant_id=restaurant_id)


def _is_over(booking: Booking) -> bool:
    now = timezone.now()
    return booking.starts_at <= now or is_hold_over(booking, now) or booking.status == Status.REQUESTED


def _order_is_over(order: TicketOrder) -> bool:
    now = timezone.now()
    if order.status == OrderStatus.HELD:
        return order.hold_expires_at is None or order.hold_expires_at <= now
    return order.status != OrderStatus.CONFIRMED or order.event.starts_at <= now


def _longest(until: datetime, since: datetime) -> datetime:
    return max(until, since + LONGEST_HOLD)
