"""Evenings with tickets in the demo city: one to come on a rooftop, an owambe in a garden, one that is over.

Made through the services, which know only the present: what is over was held a moment ago and is then dated back.
Buyers have no e-mail address and numbers that get no text messages, so nobody is told of any of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import F

from accounts.models import User
from bookings import errors, services, ticketing
from bookings.demo import PHONES
from bookings.models import Ticket, TicketedEvent, TicketHistory, TicketKind, TicketOrder
from bookings.services import Actor, Guest
from bookings.states import EventRoom, EventStatus, OrderStatus, PaidWhen, TicketState
from restaurants.demo.loading import ZONE
from restaurants.demo.people import DINERS
from restaurants.models import Restaurant

ROOFTOP, GARDEN = "rooftop-sixteen-palms", "agodi-glasshouse"
ADMIN = "admin@example.com"
FRIDAY, SATURDAY = 4, 5
WEEKS_LOOKED_AT = 12
# After those of the guests and diners of bookings.demo.
FIRST_NUMBER = 950


@dataclass(frozen=True)
class Kind:
    name: str
    guests: int
    naira: int
    stock: int
    note: str = ""


@dataclass(frozen=True)
class Evening:
    """What is sold, and to how many: each order names a kind and how many of it, and whether it is paid."""

    slug: str
    name: str
    description: str
    weekdays: Sequence[int]
    begins: time
    hours: int
    capacity: int
    kinds: Sequence[Kind]
    orders: Sequence[tuple[str, int, bool]]
    area: str = ""
    room: EventRoom = EventRoom.FLOOR
    paid_when: PaidWhen = PaidWhen.BEFORE
    instructions: str = ""
    minimum_age: int = 0
    weeks_ahead: int = 0


ON_THE_ROOF = Evening(
    slug=ROOFTOP,
    name="Highlife under the palms",
    description="A band of nine, the grill until midnight, and the whole of Lekki below. Dress for dancing.",
    weekdays=(FRIDAY, SATURDAY),
    begins=time(19),
    hours=6,
    capacity=90,
    kinds=(
        Kind("Ticket", 1, 15_000, 60, "With a glass of palm wine"),
        Kind("Table for six", 6, 120_000, 5, "At the edge of the deck, with a platter from the grill"),
    ),
    orders=(
        ("Ticket", 2, True),
        ("Table for six", 1, True),
        ("Ticket", 4, True),
        ("Ticket", 1, True),
        ("Ticket", 3, False),
    ),
    instructions=(
        "Demo Bank, account 0000000004, Rooftop Sixteen Palms. Write the code of your order with it. This is a "
        "demonstration: please send no money."
    ),
    minimum_age=18,
)
IN_THE_GARDEN = Evening(
    slug=GARDEN,
    name="Owambe in the garden",
    description="Small chops, jollof from the fire, juju music until six. Aso ebi in green and gold, if you have it.",
    weekdays=(SATURDAY,),
    begins=time(13),
    hours=6,
    capacity=30,
    kinds=(Kind("Table of ten", 10, 180_000, 3, "₦18,000 a head, with drinks"),),
    orders=(("Table of ten", 1, True),),
    area="Garden",
    room=EventRoom.AREA,
    paid_when=PaidWhen.AT_THE_HOUSE,
    weeks_ahead=3,
)
ONCE = Evening(
    slug=ROOFTOP,
    name="A night of stories",
    description="Four tellers, one fire, pepper soup.",
    weekdays=(),
    begins=time(19),
    hours=4,
    capacity=40,
    kinds=(Kind("Ticket", 1, 8_000, 40),),
    orders=(("Ticket", 2, True), ("Ticket", 5, True), ("Ticket", 1, True), ("Ticket", 3, True)),
    room=EventRoom.NONE,
    paid_when=PaidWhen.AT_THE_HOUSE,
)
HELD_BEFORE = timedelta(days=15)


def load(*, now: datetime) -> list[str]:
    """Put the evenings on sale and sell some tickets, unless there are such evenings already."""
    by = _staff()
    if by is None:
        return []
    made = sum(
        _put_on(evening, by, now)
        for evening in (ON_THE_ROOF, IN_THE_GARDEN)
        if not TicketedEvent.objects.filter(restaurant__slug=evening.slug, name=evening.name).exists()
    )
    if not TicketedEvent.objects.filter(restaurant__slug=ONCE.slug, name=ONCE.name).exists():
        made += _held_once(by, now)
    return [f"{made} evenings with tickets"] if made else []


def refresh(*, now: datetime) -> list[str]:
    """Put on the next evening of each kind where the last one is over."""
    by = _staff()
    if by is None:
        return []
    made = sum(
        _put_on(evening, by, now)
        for evening in (ON_THE_ROOF, IN_THE_GARDEN)
        if not TicketedEvent.objects.filter(
            restaurant__slug=evening.slug, name=evening.name, status=EventStatus.ON_SALE, ends_at__gt=now
        ).exists()
    )
    return [f"{made} more evenings with tickets"] if made else []


def _staff() -> Actor | None:
    admin = User.objects.filter(email=ADMIN).first()
    return None if admin is None else Actor.staff(admin)


def _put_on(evening: Evening, by: Actor, now: datetime) -> bool:
    """Put an evening on sale on the first day on which nobody has booked there, and sell some tickets."""
    house = Restaurant.objects.bookable().filter(slug=evening.slug).first()
    if house is None:
        return False
    today = now.astimezone(ZONE).date()
    days = [today + timedelta(days=each) for each in range(evening.weeks_ahead * 7, WEEKS_LOOKED_AT * 7)]
    for day in days:
        starts_at = datetime.combine(day, evening.begins, tzinfo=ZONE)
        if day.weekday() not in evening.weekdays or starts_at <= now:
            continue
        try:
            with transaction.atomic():
                event = _on_sale(evening, house, starts_at, by)
        except errors.BlockHitsBookings:
            continue
        with transaction.atomic():
            _sell(evening, event, by)
            _let_some_in(event, by, now)
        return True
    return False


def _on_sale(evening: Evening, house: Restaurant, starts_at: datetime, by: Actor) -> TicketedEvent:
    event = TicketedEvent.objects.create(
        restaurant=house,
        name=evening.name,
        description=evening.description,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=evening.hours),
        room=evening.room,
        area=house.areas.filter(name=evening.area).first() if evening.area else None,
        capacity=evening.capacity,
        most_per_order=20,
        paid_when=evening.paid_when,
        hold_minutes=1440,
        payment_instructions=evening.instructions,
        minimum_age=evening.minimum_age,
        created_by=by.user,
    )
    TicketKind.objects.bulk_create(
        TicketKind(
            event=event,
            name=kind.name,
            note=kind.note,
            guests=kind.guests,
            price_kobo=kind.naira * 100,
            stock=kind.stock,
            position=position,
        )
        for position, kind in enumerate(evening.kinds)
    )
    return services.put_on_sale(event=event, by=by)


def _sell(evening: Evening, event: TicketedEvent, by: Actor) -> None:
    kinds = {kind.name: kind for kind in event.kinds.all()}
    diners = {person.email: person for person in User.objects.filter(email__in=DINERS)}
    for number, (kind, count, is_paid) in enumerate(evening.orders):
        # The first is on the account of a demo diner, who finds it among their bookings.
        diner = diners.get(DINERS[0]) if number == 0 else None
        order = services.order_tickets(
            event=event,
            wanted={kinds[kind].public_id: count},
            guest=Guest(
                diner.name if diner else f"Demo guest {FIRST_NUMBER + number}", f"{PHONES}{FIRST_NUMBER + number}"
            ),
            by=Actor.diner(diner),
            diner=diner,
        )
        if is_paid and evening.paid_when == PaidWhen.BEFORE:
            due = ticketing.due_kobo(order, order.tickets.all())
            services.receive_payment(order=order, amount_kobo=due, reference=f"DEMO-{FIRST_NUMBER + number}", by=by)
    # Nobody is to be reminded of an evening that was made up.
    TicketOrder.objects.filter(event=event).update(reminded_at=event.created_at)


def _let_some_in(event: TicketedEvent, by: Actor, now: datetime) -> None:
    """Let about half of the guests in, if the doors are open."""
    if not event.starts_at - ticketing.DOORS_OPEN_BEFORE <= now <= event.ends_at:
        return
    tickets = Ticket.objects.filter(
        kind__event=event, order__status=OrderStatus.CONFIRMED, state=TicketState.VALID
    ).order_by("pk")
    for ticket in tickets[::2]:
        services.admit(event=event, code=ticket.code, by=by)


@transaction.atomic
def _held_once(by: Actor, now: datetime) -> bool:
    """Hold an evening now and date it back, with all that was done."""
    house = Restaurant.objects.bookable().filter(slug=ONCE.slug).first()
    if house is None:
        return False
    event = _on_sale(replace(ONCE), house, now + timedelta(hours=1), by)
    _sell(ONCE, event, by)
    _let_some_in(event, by, now)
    evening = datetime.combine((now - HELD_BEFORE).astimezone(ZONE).date(), ONCE.begins, tzinfo=ZONE)
    back = event.starts_at - evening
    TicketedEvent.objects.filter(pk=event.pk).update(
        starts_at=evening, ends_at=evening + timedelta(hours=ONCE.hours), created_at=F("created_at") - 2 * back
    )
    orders = TicketOrder.objects.filter(event=event)
    orders.update(created_at=F("created_at") - back - timedelta(days=3))
    Ticket.objects.filter(order__in=orders, admitted_at__isnull=False).update(admitted_at=evening)
    at_the_door = TicketHistory.objects.filter(order__in=orders, deed="admitted")
    TicketHistory.objects.filter(order__in=orders).exclude(deed="admitted").update(
        at=F("at") - back - timedelta(days=3)
    )
    at_the_door.update(at=evening)
    return True
