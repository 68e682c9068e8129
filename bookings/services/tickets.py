"""Buying tickets, paying for them, giving them back, passing them on, and coming in with them.

Stock is a count, so only the lock of the event's row protects it: every sale takes that first. The lock order is the
event, the order, the ticket.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import errors, ticketing
from bookings.events import (
    TicketAdmitted,
    TicketPassedOn,
    TicketsConfirmed,
    TicketsExpired,
    TicketsOrdered,
    TicketsOwedBack,
)
from bookings.guest_book import Known
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.services import claiming, ending_orders, guests
from bookings.services.claiming import Actor, Guest
from bookings.services.ticket_history import record
from bookings.services.ticketed_events import locked_event
from bookings.states import (
    FOR_THE_GUEST,
    TICKET_LIVE,
    ActorKind,
    EventStatus,
    OrderStatus,
    PaidBy,
    PaidWhen,
    TicketDeed,
    TicketState,
)
from bookings.ticketing import doors_of
from core import audit, codes
from core.outbox import publish
from localization import formatting
from restaurants.service_plan import remembered_plan
from restaurants.states import RestaurantStatus

TICKET_CODE_LENGTH = 8
CODE_TRIES = 5
BATCH = 200


@dataclass(frozen=True)
class Paid:
    """That an order was paid when it was taken: how, and by which reference of a receipt or a transfer."""

    means: PaidBy
    reference: str = ""


def order_tickets(
    *,
    event: TicketedEvent,
    wanted: Mapping[UUID, int],
    guest: Guest,
    by: Actor,
    diner: User | None = None,
    language: str = "en",
    request_key: UUID | None = None,
    seen_amount_kobo: int | None = None,
    paid: Paid | None = None,
) -> TicketOrder:
    """Order tickets and return the order: CONFIRMED, or HELD until the payment comes, where it is due before.

    The same `request_key` returns the order it made before. Staff may sell what is not on sale to the public yet or
    any more, and larger orders; never more than there is.

    :param wanted: how many of each kind, by its public id
    :param seen_amount_kobo: what the buyer was told it costs
    :param paid: when all of it is paid in the same moment, at the desk; it is written down with the sale or not at all
    :raises TicketsSoldOut: with what is left of each kind
    :raises TooManyUnpaid: when the buyer has unpaid places enough; staff may go above that
    :raises NotOnSale: :raises NoTicketsChosen: :raises TooManyTickets: :raises UnknownTicketKind:
    :raises PriceHasChanged: :raises ContactMissing: :raises NotTakenOnline:
    """
    if by.is_online and not (guest.phone or guest.email):
        raise errors.ContactMissing
    for _attempt in range(CODE_TRIES):
        if (earlier := ticketing.order_by_request_key(request_key)) is not None:
            return earlier
        try:
            return _order(
                event,
                {kind: count for kind, count in wanted.items() if count},
                guest,
                by=by,
                diner=diner,
                language=language,
                request_key=request_key,
                seen_amount_kobo=seen_amount_kobo,
                paid=paid,
            )
        except errors.BookingRefused:
            # Pressed twice: what stands in the way of the second is what the first has just bought.
            if (earlier := ticketing.order_by_request_key(request_key)) is not None:
                return earlier
            raise
        except IntegrityError as clash:
            if claiming.constraint_of(clash) not in (
                "code_is_unique_among_live_orders",
                "ticket_code_is_unique",
                "one_order_per_request_key",
            ):
                raise
    raise errors.BookingRefused


@transaction.atomic
def _order(
    event: TicketedEvent,
    wanted: Mapping[UUID, int],
    guest: Guest,
    *,
    by: Actor,
    diner: User | None,
    language: str,
    request_key: UUID | None,
    seen_amount_kobo: int | None,
    paid: Paid | None,
) -> TicketOrder:
    event = locked_event(event.pk)
    now = timezone.now()
    may_be_sold = event.status == EventStatus.ON_SALE and now < event.ends_at
    # A house that takes no bookings just now sells nothing online either.
    is_open = ticketing.sale_is_open(event, now=now) and event.restaurant.status == RestaurantStatus.LIVE
    if not (is_open if by.is_online else may_be_sold):
        raise errors.NotOnSale
    kinds = _kinds(event, wanted, by=by)
    _check_room(event, kinds, now=now)
    amount_kobo = sum(kind.price_kobo * count for kind, count in kinds)
    if seen_amount_kobo is not None and seen_amount_kobo != amount_kobo:
        raise errors.PriceHasChanged(amount=amount_kobo)
    order = TicketOrder(
        code=codes.new_code(),
        event=event,
        diner=diner,
        guest_name=guest.name,
        guest_phone=guest.phone,
        guest_email=guest.email,
        language=language,
        channel=by.channel,
        status=OrderStatus.CONFIRMED,
        terms=terms_of(event),
        request_key=request_key,
        created_by=by.user,
    )
    known = Known(event.restaurant_id, order.diner_id, order.guest_name, order.guest_phone, order.guest_email)
    guests.refuse_blocked(known, by=by)
    if paid is None and by.is_online and amount_kobo:
        _check_unpaid(event, order, sum(kind.guests * count for kind, count in kinds), now=now)
    if paid is None and event.paid_when == PaidWhen.BEFORE and amount_kobo:
        order.status = OrderStatus.HELD
        order.hold_expires_at = min(now + timedelta(minutes=event.hold_minutes), event.ends_at)
    order.save(force_insert=True)
    _draw(order, kinds)
    record(order, TicketDeed.ORDERED, by=by, amount_kobo=amount_kobo)
    if paid is not None and amount_kobo:
        order.paid_kobo = amount_kobo
        order.save(update_fields=["paid_kobo"])
        _note_payment(order, by=by, amount_kobo=amount_kobo, reference=paid.reference, means=paid.means)
    publish(
        TicketsOrdered(order_id=order.public_id, restaurant_id=_house(event), is_held=order.status == OrderStatus.HELD)
    )
    return order


def _kinds(event: TicketedEvent, wanted: Mapping[UUID, int], *, by: Actor) -> list[tuple[TicketKind, int]]:
    if not wanted or any(count < 0 for count in wanted.values()):
        raise errors.NoTicketsChosen
    known = {kind.public_id: kind for kind in TicketKind.objects.filter(event=event)}
    if any(public_id not in known for public_id in wanted):
        raise errors.UnknownTicketKind
    kinds = [(kind, wanted[public_id]) for public_id, kind in known.items() if public_id in wanted]
    if by.is_online and any(not kind.is_on_sale for kind, _count in kinds):
        raise errors.NotOnSale
    if by.is_online and sum(kind.guests * count for kind, count in kinds) > event.most_per_order:
        raise errors.TooManyTickets(most=event.most_per_order)
    return kinds


def _check_room(event: TicketedEvent, kinds: Sequence[tuple[TicketKind, int]], *, now: datetime) -> None:
    """:raises TicketsSoldOut:"""
    sold = ticketing.sold_of_event(event, now=now)
    wanted = sum(kind.guests * count for kind, count in kinds)
    of_stock = all(sold.units.get(kind.pk, 0) + count <= kind.stock for kind, count in kinds)
    if of_stock and sold.guests + wanted <= event.capacity:
        return
    left = {str(kind.public_id): sold.left(event, kind) for kind in TicketKind.objects.filter(event=event)}
    raise errors.TicketsSoldOut(left=left)


def _check_unpaid(event: TicketedEvent, order: TicketOrder, guests_more: int, *, now: datetime) -> None:
    """:raises TooManyUnpaid:"""
    most = ticketing.most_unpaid(event)
    has = ticketing.unpaid_places(
        event, diner_id=order.diner_id, phone=order.guest_phone, email=order.guest_email, now=now
    )
    if has + guests_more > most:
        raise errors.TooManyUnpaid(most=most)


def terms_of(event: TicketedEvent) -> dict[str, Any]:
    """Return the terms that are accepted with an order; later edits of the event do not touch them."""
    return {
        "return_hours": event.return_hours,
        "may_be_passed_on": event.may_be_passed_on,
        "paid_when": event.paid_when,
        "minimum_age": event.minimum_age,
    }


def _draw(order: TicketOrder, kinds: Sequence[tuple[TicketKind, int]]) -> None:
    tickets = []
    place = 0
    for kind, count in kinds:
        for _unit in range(count):
            place += 1
            tickets += [
                Ticket(
                    order=order,
                    kind=kind,
                    place=place,
                    code=codes.new_code(TICKET_CODE_LENGTH),
                    units=1 if number == 0 else 0,
                    price_kobo=kind.price_kobo if number == 0 else 0,
                    holder_name=order.guest_name,
                )
                for number in range(kind.guests)
            ]
    Ticket.objects.bulk_create(tickets)


# --- Money -------------------------------------------------------------------------------------------------------


def receive_payment(
    *,
    order: TicketOrder,
    amount_kobo: int,
    reference: str,
    by: Actor,
    means: PaidBy | str = "",
    expected_version: int | None = None,
) -> TicketOrder:
    """Write down money that came for an order, and confirm it when all of it is there. One reference counts once.

    Money that comes when the hold is over finds its places again if nobody has taken them; else the order stays
    expired. What comes then, or for a cancelled order, is owed back, and the buyer is told.

    :raises NotAnAmount:
    :raises ReferenceOfAnotherAmount: when the reference stands there with another amount
    :raises OrderMovedOn: when it is no longer as the asker saw it, and the reference is new
    """
    if amount_kobo <= 0:
        raise errors.NotAnAmount
    with transaction.atomic():
        event, order = _locked(order)
        if _is_noted(order, TicketDeed.PAID, reference, amount_kobo):
            return order
        _expect(order, expected_version)
        order.paid_kobo += amount_kobo
        _note_payment(order, by=by, amount_kobo=amount_kobo, reference=reference, means=means)
        tickets = list(order.tickets.filter(state__in=TICKET_LIVE))
        is_enough = order.paid_kobo - order.paid_back_kobo >= sum(ticket.price_kobo for ticket in tickets)
        order.version += 1
        if order.status in (OrderStatus.HELD, OrderStatus.EXPIRED) and is_enough:
            _confirm_or_owe_back(order, event, tickets, by=by)
        elif order.status == OrderStatus.EXPIRED:
            _tell_expired(order, why="part")
        elif order.status == OrderStatus.CANCELLED:
            _tell_owed_back(order, event, amount_kobo)
        order.save(update_fields=["paid_kobo", "status", "version", "code", "updated_at"])
    return order


def _is_noted(order: TicketOrder, deed: TicketDeed, reference: str, amount_kobo: int) -> bool:
    if not reference:
        return False
    of_it = order.history.filter(deed=deed, reference=reference[:100])
    return claiming.is_noted(of_it.values_list("amount_kobo", flat=True), amount_kobo)


def _note_payment(order: TicketOrder, *, by: Actor, amount_kobo: int, reference: str, means: PaidBy | str) -> None:
    record(order, TicketDeed.PAID, by=by, amount_kobo=amount_kobo, reference=reference, means=means)
    audit.record(
        "tickets.paid",
        actor=by.user or by.app,
        target=order,
        restaurant_id=order.event.restaurant_id,
        details={"kobo": amount_kobo, "means": str(means)},
    )


def _confirm_or_owe_back(order: TicketOrder, event: TicketedEvent, tickets: Sequence[Ticket], *, by: Actor) -> None:
    now = timezone.now()
    is_late = order.status == OrderStatus.EXPIRED or (
        order.hold_expires_at is not None and order.hold_expires_at <= now
    )
    if is_late:
        try:
            if event.status != EventStatus.ON_SALE or event.ends_at <= now:
                raise errors.NotOnSale
            _check_room(event, _kinds_of(tickets), now=now)
        except errors.BookingRefused:
            if order.status == OrderStatus.HELD:
                order.move_to(OrderStatus.EXPIRED)
                record(order, TicketDeed.EXPIRED, by=by)
            _tell_expired(order, why="too_late")
            return
        if order.status == OrderStatus.EXPIRED and _code_is_taken(order):
            order.code = codes.new_code()
    order.move_to(OrderStatus.CONFIRMED)
    record(order, TicketDeed.CONFIRMED, by=by)
    publish(TicketsConfirmed(order_id=order.public_id, restaurant_id=_house(event)))


def _kinds_of(tickets: Sequence[Ticket]) -> list[tuple[TicketKind, int]]:
    units: dict[int, int] = {}
    for ticket in tickets:
        units[ticket.kind_id] = units.get(ticket.kind_id, 0) + ticket.units
    return [(kind, units[kind.pk]) for kind in TicketKind.objects.filter(pk__in=units)]


def _code_is_taken(order: TicketOrder) -> bool:
    live = TicketOrder.objects.filter(code=order.code, status__in=(OrderStatus.HELD, OrderStatus.CONFIRMED))
    return live.exclude(pk=order.pk).exists()


def pay_back(
    *,
    order: TicketOrder,
    amount_kobo: int,
    reference: str,
    by: Actor,
    means: PaidBy | str = "",
    expected_version: int | None = None,
) -> TicketOrder:
    """Write down that the house gave money back. One reference counts once.

    :raises NotAnAmount:
    :raises ReferenceOfAnotherAmount: when the reference stands there with another amount
    :raises MoreThanOwedBack: when it is more than what the buyer has to get
    :raises OrderMovedOn: when it is no longer as the asker saw it, and the reference is new
    """
    if amount_kobo <= 0:
        raise errors.NotAnAmount
    with transaction.atomic():
        event, order = _locked(order)
        if _is_noted(order, TicketDeed.PAID_BACK, reference, amount_kobo):
            return order
        _expect(order, expected_version)
        owed = ticketing.owed_back_kobo(order, order.tickets.all())
        if amount_kobo > owed:
            raise errors.MoreThanOwedBack(owed_kobo=owed)
        order.paid_back_kobo += amount_kobo
        order.version += 1
        order.save(update_fields=["paid_back_kobo", "version", "updated_at"])
        record(order, TicketDeed.PAID_BACK, by=by, amount_kobo=amount_kobo, reference=reference, means=means)
        audit.record(
            "tickets.paid_back",
            actor=by.user or by.app,
            target=order,
            restaurant_id=event.restaurant_id,
            details={"kobo": amount_kobo, "means": str(means)},
        )
    return order


def owed_for_tickets_with_refunds(*, order: TicketOrder, refunds: Callable[[], Mapping[str, int]]) -> int:
    """Return what an order owes and nobody has promised back; call it in the transaction that promises it.

    :param refunds: returns what is promised already, by the references under which it is noted (`pay_back`)
    """
    _event, order = _locked(order)
    promised = refunds()
    paid_back = order.history.filter(deed=TicketDeed.PAID_BACK)
    noted = set(paid_back.values_list("reference", flat=True))
    owed = ticketing.owed_back_kobo(order, order.tickets.all())
    return owed - sum(kobo for reference, kobo in promised.items() if reference not in noted)


@transaction.atomic
def hold_order_for_payment(*, order_id: UUID, until: datetime) -> bool:
    """Keep the places of an order that waits for its payment a little longer, for a way of paying that takes its time.

    Never once the hold is over, and never shorter. How long at the most is the asker's to know.
    """
    found = TicketOrder.objects.filter(public_id=order_id).first()
    if found is None:
        return False
    event, order = _locked(found)
    held_until = order.hold_expires_at
    is_waiting = order.status == OrderStatus.HELD and held_until is not None and held_until > timezone.now()
    if not is_waiting or held_until is None or until <= held_until:
        return False
    order.hold_expires_at = min(until, event.starts_at)
    order.version += 1
    order.save(update_fields=["hold_expires_at", "version", "updated_at"])
    return True


def release_unpaid_orders() -> int:
    """Expire every order whose payment did not come in time; returns how many. Sales never wait for this."""
    with transaction.atomic():
        due = list(
            TicketOrder.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
            .select_related("event")
            .filter(status=OrderStatus.HELD, hold_expires_at__lte=timezone.now())
            .order_by("hold_expires_at")[:BATCH]
        )
        for order in due:
            order.move_to(OrderStatus.EXPIRED)
            order.version += 1
            order.save(update_fields=["status", "version", "updated_at"])
            record(order, TicketDeed.EXPIRED, by=Actor.system())
            _tell_expired(order, why="part" if order.paid_kobo > order.paid_back_kobo else "unpaid")
    return len(due)


def _tell_expired(order: TicketOrder, *, why: str) -> None:
    """Publish that an order has no places any more.

    :param why: "unpaid"; "part", when not all of the money came in time; "too_late", when all of it came afterwards
    """
    publish(
        TicketsExpired(
            order_id=order.public_id,
            restaurant_id=ending_orders.house_of(order),
            why=why,
            version=order.version,
            owed_back_kobo=order.paid_kobo - order.paid_back_kobo,
        )
    )


def _tell_owed_back(order: TicketOrder, event: TicketedEvent, amount_kobo: int) -> None:
    """Publish that money came for an order that was cancelled before."""
    publish(
        TicketsOwedBack(
            order_id=order.public_id,
            restaurant_id=_house(event),
            why="called_off" if event.status == EventStatus.CALLED_OFF else "cancelled",
            amount_kobo=amount_kobo,
            owed_back_kobo=order.paid_kobo - order.paid_back_kobo,
            version=order.version,
        )
    )


# --- Giving back, passing on ---------------------------------------------------------------------------------------


def cancel_order(
    *, order: TicketOrder, by: Actor, reason: str = "", expected_version: int | None = None
) -> TicketOrder:
    """Cancel an order with all its tickets; what was paid is owed back.

    :raises TooLateToGiveBack: when a buyer comes after the time in the terms
    :raises TicketUsedAlready: when somebody has come in with one of them
    :raises ReasonMissing: when the restaurant gives none
    :raises OrderMovedOn: when it is no longer as the asker saw it
    :raises core.states.IllegalMove:
    """
    with transaction.atomic():
        event, order = _locked(order, expected_version)
        if order.status == OrderStatus.CONFIRMED:
            tickets = order.tickets.select_for_update(no_key=True).order_by("pk")
            _check_may_give_back(order, event, tickets, by=by, reason=reason)
        elif by.kind == ActorKind.STAFF and not reason.strip():
            raise errors.ReasonMissing
        ending_orders.cancel(order, by=by, reason=reason)
    return order


def give_back(*, ticket: Ticket, by: Actor, reason: str = "", expected_version: int | None = None) -> TicketOrder:
    """Give back the place of a ticket, at a table with all tickets of it; the last place cancels the order.

    :param expected_version: of the order
    :raises TooLateToGiveBack: :raises TicketUsedAlready: :raises TicketNotValid: :raises ReasonMissing:
    :raises TicketWasPassedOn: when it has become somebody else's since the asker found it
    :raises OrderMovedOn: when it is no longer as the asker saw it
    """
    with transaction.atomic():
        event, order = _locked(ticket.order, expected_version)
        tickets = list(order.tickets.select_for_update(no_key=True).order_by("pk"))
        place = [each for each in tickets if each.place == ticket.place]
        for each in place:
            if each.pk == ticket.pk:
                _must_be_theirs(each, ticket)
        if order.status != OrderStatus.CONFIRMED or any(each.state == TicketState.VOID for each in place):
            raise errors.TicketNotValid
        _check_may_give_back(order, event, place, by=by, reason=reason)
        if all(each in place or each.state == TicketState.VOID for each in tickets):
            ending_orders.cancel(order, by=by, reason=reason)
            return order
        for each in place:
            each.move_to(TicketState.VOID)
            each.version += 1
            each.save(update_fields=["state", "version"])
        order.version += 1
        order.save(update_fields=["version", "updated_at"])
        amount = sum(each.price_kobo for each in place)
        record(order, TicketDeed.GIVEN_BACK, by=by, ticket=place[0], amount_kobo=amount, reason=reason)
        ending_orders.tell_given_back(order, by=by, is_whole=False, reason=reason)
    return order


def _check_may_give_back(order: TicketOrder, event: TicketedEvent, tickets: Any, *, by: Actor, reason: str) -> None:
    if by.kind == ActorKind.STAFF and not reason.strip():
        raise errors.ReasonMissing
    if by.kind in FOR_THE_GUEST:
        until = ticketing.returnable_until(order, event.starts_at)
        if until is None or timezone.now() > until:
            raise errors.TooLateToGiveBack
    for ticket in tickets:
        if ticket.state == TicketState.ADMITTED:
            raise used_already(ticket, event)


def pass_on(
    *,
    ticket: Ticket,
    name: str,
    by: Actor,
    email: str = "",
    language: str = "",
    expected_version: int | None = None,
) -> Ticket:
    """Make a ticket somebody else's: another name, another code and address. No second one is drawn from the stock.

    :param email: where the new holder's ticket is sent; without it whoever passes it on hands over the link
    :raises NotTransferable: by the terms that were accepted; staff may do it all the same
    :param expected_version: of the ticket
    :raises TicketNotValid: when it was used, given back, or is not paid
    :raises TicketWasPassedOn: when it was, since the asker found it
    :raises OrderMovedOn: when the ticket is no longer as the asker saw it
    """
    with transaction.atomic():
        event, order = _locked(ticket.order)
        ticket = _locked_ticket(ticket, expected_version)
        if by.kind in FOR_THE_GUEST and not order.terms.get("may_be_passed_on"):
            raise errors.NotTransferable
        is_over = event.status != EventStatus.ON_SALE or event.ends_at <= timezone.now()
        if order.status != OrderStatus.CONFIRMED or ticket.state != TicketState.VALID or is_over:
            raise errors.TicketNotValid
        before, former_public_id = ticket.code, ticket.public_id
        ticket.public_id, ticket.code = uuid4(), codes.new_code(TICKET_CODE_LENGTH)
        ticket.holder_name, ticket.holder_email, ticket.holder_language = name, email, language or order.language
        ticket.is_passed_on = True
        ticket.version += 1
        ticket.save()
        # Whoever looks at the order on another screen sees a ticket there that is somebody else's now.
        order.version += 1
        order.save(update_fields=["version", "updated_at"])
        record(order, TicketDeed.PASSED_ON, by=by, ticket=ticket, code=before, former_public_id=former_public_id)
        publish(TicketPassedOn(ticket_id=ticket.public_id, restaurant_id=_house(event), version=ticket.version))
    return ticket


def name_holder(*, ticket: Ticket, name: str, expected_version: int | None = None) -> Ticket:
    """Write who of the buyer's party comes with a ticket; it stays the buyer's, with its code.

    :param expected_version: of the ticket
    :raises TicketNotValid: when it is used, given back or somebody else's
    :raises OrderMovedOn: when the ticket is no longer as the asker saw it
    """
    with transaction.atomic():
        _event, order = _locked(ticket.order)
        ticket = _locked_ticket(ticket, expected_version)
        if ticket.state != TicketState.VALID or ticket.is_passed_on or order.status == OrderStatus.CANCELLED:
            raise errors.TicketNotValid
        ticket.holder_name = name
        ticket.version += 1
        ticket.save(update_fields=["holder_name", "version"])
    return ticket


# --- The door ----------------------------------------------------------------------------------------------------


def admit(*, event: TicketedEvent, code: str, by: Actor, expected_version: int | None = None) -> Ticket:
    """Let in whoever shows this code, once, and return their ticket.

    :param code: as it was read or typed; spaces and small letters do not matter
    :param expected_version: of the ticket, where it was chosen from a list
    :raises TicketNotFound: when it is of no ticket of this event
    :raises TicketUsedAlready: :raises TicketWasPassedOn: :raises TicketNotPaid: :raises TicketNotValid:
    :raises DoorsNotOpen: long before the event and after it
    :raises OrderMovedOn: when the ticket is no longer as the asker saw it
    """
    code = codes.normalise(code)
    now = timezone.now()
    with transaction.atomic():
        found = (
            Ticket.objects.select_for_update(of=("self",), no_key=True)
            .select_related("kind", "order")
            .filter(code=code, kind__event=event)
            .first()
        )
        if found is None:
            raise errors.TicketWasPassedOn if ticketing.was_passed_on(event, code) else errors.TicketNotFound
        if found.state == TicketState.ADMITTED:
            raise used_already(found, event)
        _refuse_at_the_door(found.order)
        if found.state != TicketState.VALID:
            raise errors.TicketNotValid
        _refuse_closed_doors(event, now)
        _expect(found, expected_version)
        _let_in(found, event, by=by, now=now)
    return found


def admit_order(*, event: TicketedEvent, order: TicketOrder, by: Actor) -> list[Ticket]:
    """Let in everybody of an order who has not come yet, and return their tickets.

    Tickets that were passed on are other people's, who come with codes of their own.

    :raises TicketNotPaid: :raises DoorsNotOpen: as admit()
    :raises TicketNotValid: when the order is over, or nobody of it is still to come
    """
    now = timezone.now()
    with transaction.atomic():
        tickets = list(
            Ticket.objects.select_for_update(of=("self",), no_key=True)
            .select_related("kind", "order")
            .filter(order=order, kind__event=event, state=TicketState.VALID, is_passed_on=False)
            .order_by("pk")
        )
        _refuse_at_the_door(tickets[0].order if tickets else order)
        if not tickets:
            raise errors.TicketNotValid
        _refuse_closed_doors(event, now)
        for ticket in tickets:
            _let_in(ticket, event, by=by, now=now)
    return tickets


def _refuse_at_the_door(order: TicketOrder) -> None:
    if order.status in (OrderStatus.HELD, OrderStatus.EXPIRED):
        raise errors.TicketNotPaid
    if order.status != OrderStatus.CONFIRMED:
        raise errors.TicketNotValid


def _refuse_closed_doors(event: TicketedEvent, now: datetime) -> None:
    doors = doors_of(event)
    if doors.are_open(now):
        return
    if now > doors.closes_at:
        raise errors.DoorsNotOpen
    zone = event.restaurant.time_zone
    when = formatting.day_and_time(doors.opens_at, zone=zone)
    opens_at = formatting.in_zone(doors.opens_at, zone).isoformat()
    raise errors.DoorsNotOpen(errors.DoorsNotOpen.not_yet, when=when, opens_at=opens_at)


def _let_in(ticket: Ticket, event: TicketedEvent, *, by: Actor, now: datetime) -> None:
    ticket.move_to(TicketState.ADMITTED)
    ticket.admitted_at = now
    ticket.version += 1
    ticket.save(update_fields=["state", "admitted_at", "version"])
    record(ticket.order, TicketDeed.ADMITTED, by=by, ticket=ticket)
    publish(TicketAdmitted(ticket_id=ticket.public_id, restaurant_id=_house(event), at=now))


def undo_admission(*, ticket: Ticket, by: Actor, reason: str, expected_version: int | None = None) -> Ticket:
    """Take back that somebody came in: the wrong line was pressed.

    :param expected_version: of the ticket
    :raises ReasonMissing: for the history and the audit trail
    :raises TicketNotValid: when its order is over
    :raises OrderMovedOn: when the ticket is no longer as the asker saw it
    :raises core.states.IllegalMove: when nobody has
    """
    if not reason.strip():
        raise errors.ReasonMissing(_("Please write down why it is taken back."))
    with transaction.atomic():
        tickets = Ticket.objects.select_for_update(of=("self",), no_key=True).select_related("order__event")
        ticket = tickets.get(pk=ticket.pk)
        if ticket.order.status != OrderStatus.CONFIRMED:
            raise errors.TicketNotValid
        _expect(ticket, expected_version)
        ticket.move_to(TicketState.VALID)
        ticket.admitted_at = None
        ticket.version += 1
        ticket.save(update_fields=["state", "admitted_at", "version"])
        record(ticket.order, TicketDeed.ADMISSION_UNDONE, by=by, ticket=ticket, reason=reason)
        audit.record(
            "tickets.admission_undone",
            actor=by.user or by.app,
            target=ticket.order,
            restaurant_id=ticket.order.event.restaurant_id,
            details={"ticket": str(ticket.public_id), "reason": reason[:300]},
        )
    return ticket


def used_already(ticket: Ticket, event: TicketedEvent) -> errors.TicketUsedAlready:
    """Return the refusal of a ticket with which somebody has come in, with when and through which door that was."""
    moment = ticket.admitted_at or timezone.now()
    zone = remembered_plan(event.restaurant_id).zone
    line = ticketing.admission_of(ticket)
    return errors.TicketUsedAlready(
        at=formatting.time_of_day(moment, zone=zone),
        admitted_at=moment.astimezone(ZoneInfo(str(zone))).isoformat(),
        through=line.channel if line is not None else None,
    )


# --- Shared ------------------------------------------------------------------------------------------------------


def _locked(order: TicketOrder, expected_version: int | None = None) -> tuple[TicketedEvent, TicketOrder]:
    """Return an order's event and the order, both locked until the transaction ends.

    :raises OrderMovedOn: when it is no longer of the version that the asker saw
    """
    event = locked_event(order.event_id)
    locked = TicketOrder.objects.select_for_update(of=("self",), no_key=True).get(pk=order.pk)
    locked.event = event
    _expect(locked, expected_version)
    return event, locked


def _locked_ticket(ticket: Ticket, expected_version: int | None) -> Ticket:
    """Return a ticket of an order that is locked, locked as well.

    :raises TicketWasPassedOn: when it has become somebody else's since the asker found it
    :raises OrderMovedOn: when it is no longer of the version that the asker saw
    """
    locked = Ticket.objects.select_for_update(no_key=True).get(pk=ticket.pk)
    _must_be_theirs(locked, ticket)
    _expect(locked, expected_version)
    return locked


def _must_be_theirs(locked: Ticket, found: Ticket) -> None:
    """:raises TicketWasPassedOn: when it was, between being found by its address and being locked"""
    if locked.public_id != found.public_id:
        raise errors.TicketWasPassedOn


def _expect(row: TicketOrder | Ticket, version: int | None) -> None:
    if version is not None and row.version != version:
        raise errors.OrderMovedOn(version=row.version)


def _house(event: TicketedEvent) -> UUID:
    return remembered_plan(event.restaurant_id).public_id


def history_of(order: TicketOrder) -> list[TicketHistory]:
    """Return what was done with an order, the oldest first."""
    return list(order.history.select_related("actor", "partner", "ticket").order_by("at", "pk"))
