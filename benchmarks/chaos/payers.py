"""People who pay, and do what people do: once, twice, too late, too little, and away again in the middle."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from benchmarks import harness
from benchmarks.harness import HOST

if TYPE_CHECKING:
    from bookings.models import Booking
    from restaurants.models import Restaurant
    from sandbox.testing import SandboxClient

# How they pay, and how many of a hundred.
WAYS = {
    "card": 40,
    "transfer": 12,
    "transfer_short": 5,
    "transfer_excess": 5,
    "transfer_late": 5,
    "ussd": 5,
    "ussd_late": 4,
    "declined, then card": 6,
    "abandoned": 5,
    "two pages": 5,
    "late": 8,
}
CHANNELS = {"transfer": "transfer", "ussd": "ussd"}
# Of those whose table is theirs, so many of a hundred do this next.
AFTERWARDS = {
    "": 70,
    "cancels": 12,
    "cancels, and a refund beside": 4,
    "a part back": 8,
    "a part back, twice at once": 6,
}
COMES_BACK = 0.7
DEPOSIT_KOBO = 1_000_000
PATIENCE_SECONDS = 120
DAYS, TABLES, TABLES_OF_LATE = 25, 10, 1
BOOKINGS_A_HOUSE = 400


@dataclass
class Street:
    """The houses where they book. Those who pay late book where there is one table, that others may take meanwhile."""

    restaurant: "Restaurant | None" = None
    taken: int = 0
    tables: int = TABLES

    def place(self) -> tuple["Restaurant", datetime]:
        """Return a house and a time at which it has a table."""
        if self.restaurant is None or self.taken >= BOOKINGS_A_HOUSE:
            self.restaurant, self.taken = open_house(self.tables), 0
        number, self.taken = self.taken, self.taken + 1
        zone = ZoneInfo(self.restaurant.time_zone)
        day = datetime.now(zone) + timedelta(days=2 + number % DAYS)
        hours = number // DAYS // self.tables
        return self.restaurant, day.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(hours=hours)


def open_house(tables: int) -> "Restaurant":
    """Return a house that asks for a deposit before the visit."""
    from restaurants.models import Area, BookingPolicy, OpeningHours, Restaurant, Shift, Table, TurnTime
    from restaurants.reference import cities
    from restaurants.states import RestaurantStatus

    city = cities(["lagos"])["lagos"]
    name = f"House {uuid4().hex[:12]}"
    house = Restaurant.objects.create(
        name=name,
        slug=name.lower().replace(" ", "-"),
        status=RestaurantStatus.LIVE,
        city=city,
        neighbourhood="Yaba",
        latitude=city.latitude,
        longitude=city.longitude,
    )
    BookingPolicy.objects.create(
        restaurant=house,
        window_days=DAYS + 10,
        min_lead_minutes=0,
        deposit_kobo_per_guest=DEPOSIT_KOBO,
        deposit_from_party=1,
        deposit_due="before",
        deposit_minutes=60,
    )
    room = Area.objects.create(restaurant=house, name="Room")
    for number in range(tables):
        Table.objects.create(restaurant=house, area=room, name=f"T{number + 1}", max_party=2)
    shift = Shift.objects.create(
        restaurant=house, name="All day", weekdays=list(range(7)), first_seating=clock(0), last_seating=clock(23, 45)
    )
    TurnTime.objects.create(shift=shift, up_to_party=10, minutes=60)
    for weekday in range(7):
        OpeningHours.objects.create(restaurant=house, weekday=weekday, opens=clock(0), closes=clock(23, 59))
    return house


@dataclass
class Begun:
    """Somebody whose page at the gateway is open."""

    booking: "Booking"
    reference: str
    gateway: str
    headers: dict[str, str]


def _booked(number: int, restaurant: "Restaurant", starts_at: datetime) -> "Booking":
    from bookings import services
    from bookings.services import Actor, Guest

    return services.book_table(
        restaurant_id=restaurant.pk,
        starts_at=starts_at,
        party_size=2,
        guest=Guest(
            name=f"Demo payer {number}", phone=f"+234803{number:07d}", email=f"demo-payer-{number}@example.com"
        ),
        by=Actor.diner(None),
    )


def headers_of(booking: "Booking", number: int) -> dict[str, str]:
    """Return what shows whose booking it is, and from where the n-th payer comes."""
    from bookings import access

    return {"X-Booking-Token": access.token_for(booking), "X-Real-IP": harness.somebodys_address(number)}


class Crowd:
    """Everybody who pays, from several threads."""

    def __init__(self, sandbox: "SandboxClient", url: str, seed: int) -> None:
        self.sandbox, self.url, self.seed = sandbox, url, seed
        self.web = httpx.Client(base_url=url, timeout=45, trust_env=False)
        self.ways: dict[UUID, str] = {}
        self.late: list[Begun] = []
        self.came = 0
        self.heard = Counter[str]()
        self.lost = Counter[str]()
        self._streets = {False: Street(), True: Street(tables=TABLES_OF_LATE)}
        self._guard = threading.Lock()

    def one(self, number: int) -> None:
        """Book a table, and pay for it, or not."""
        from django.db import close_old_connections

        with self._guard:
            self.came += 1
        rng = random.Random(f"{self.seed}:{number}")
        way = rng.choices(list(WAYS), list(WAYS.values()))[0]
        try:
            booking = self._book(number, way)
            with self._guard:
                self.ways[booking.public_id] = way
            self._pay(booking, number, way, rng)
        except Exception as error:
            with self._guard:
                self.lost[f"{way}: {type(error).__name__}: {error}"[:200]] += 1
        finally:
            close_old_connections()

    def deposit(self, number: int, place: tuple["Restaurant", datetime]) -> "Begun":
        """Book a table there, and have the page made on which its deposit is paid by card.

        :raises AssertionError: when it cannot be paid
        """
        booking = _booked(number, *place)
        headers = headers_of(booking, number)
        begun = self.begin(booking, "card", headers)
        assert begun is not None, "Nothing can be paid."  # noqa: S101
        return Begun(booking, *begun, headers)

    def _book(self, number: int, way: str) -> "Booking":
        with self._guard:
            place = self._streets[way == "late"].place()
        return _booked(number, *place)

    def _pay(self, booking: "Booking", number: int, way: str, rng: random.Random) -> None:
        headers = headers_of(booking, number)
        channel = next((channel for word, channel in CHANNELS.items() if way.startswith(word)), "card")
        begun = self.begin(booking, channel, headers)
        if begun is None:
            return
        if way == "late":
            with self._guard:
                self.late.append(Begun(booking, *begun, headers))
            return
        reference, gateway = begun
        if way == "two pages":
            # In another tab, by another way of paying; and then on both pages.
            other = self.begin(booking, "transfer", headers)
            if other is not None:
                self._at_the_gateway(*other, "transfer")
            self._at_the_gateway(reference, gateway, "card")
        elif way == "declined, then card":
            self._at_the_gateway(reference, gateway, "declined")
            self.come_back(reference, headers)
            again = self.begin(booking, "card", headers)
            if again is not None:
                self._at_the_gateway(*again, "card")
        else:
            self._at_the_gateway(reference, gateway, way)
        if rng.random() < COMES_BACK:
            self.come_back(reference, headers)
        self._afterwards(booking, rng)

    def begin(self, booking: "Booking", channel: str, headers: dict[str, str]) -> tuple[str, str] | None:
        """Begin to pay as a page does: again after an answer that was lost, with the same key; then with a new one."""
        from payments.models import Payment

        body = {"kind": "deposit", "subject": str(booking.public_id), "channel": channel}
        key = str(uuid4())
        began, attempt = time.monotonic(), 0
        while time.monotonic() - began < PATIENCE_SECONDS:
            attempt += 1
            try:
                answer = self.web.post(
                    "/api/delivery/payment", json=body, headers={**headers, "Idempotency-Key": key, "Host": HOST}
                )
            except httpx.HTTPError:
                self._hear("begin: no answer")
                time.sleep(1)
                continue
            said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            self._hear(f"begin: {answer.status_code} {said.get('code', said.get('state', ''))}".strip())
            if answer.status_code == 201 and said["state"] == "pending":
                reference = said["reference"]
                return reference, Payment.objects.values_list("gateway", flat=True).get(reference=reference)
            if answer.status_code == 201 and said["state"] in ("succeeded", "checking"):
                return None
            if answer.status_code == 409 and said.get("code") == "payment_nothing_due":
                return None
            key = str(uuid4())
            time.sleep(min(2 + attempt, 5))
        self._hear("begin: given up")
        return None

    def _at_the_gateway(self, reference: str, gateway: str, way: str) -> None:
        try:
            self.sandbox.pay(gateway, reference, how=way)
        except AssertionError as refused:
            # As the page would say: it is paid already, or over.
            self._hear(f"page: {str(refused)[:80]}")

    def come_back(self, reference: str, headers: dict[str, str]) -> None:
        """Come back from the gateway's page."""
        try:
            answer = self.web.post(
                "/api/delivery/payment/callback", json={"reference": reference}, headers={**headers, "Host": HOST}
            )
        except httpx.HTTPError:
            self._hear("back: no answer")
            return
        self._hear(f"back: {answer.status_code}{'' if answer.is_success else ' ' + answer.text[:120]}")

    def _afterwards(self, booking: "Booking", rng: random.Random) -> None:
        """Wait a little for the table; of those who have it some cancel, and some are given a part back."""
        from bookings import services
        from bookings.services import Actor
        from core.errors import DomainError
        from payments import services as payments
        from payments.models import Payment
        from payments.states import PaymentState, RefundReason

        what = rng.choices(list(AFTERWARDS), list(AFTERWARDS.values()))[0]
        if not what:
            return
        for _try in range(60):
            booking.refresh_from_db()
            if booking.status == "confirmed":
                break
            time.sleep(0.5)
        rows = Payment.objects.filter(request__subject_id=booking.public_id, state=PaymentState.SUCCEEDED)
        payment = rows.order_by("pk").first()
        if booking.status != "confirmed" or payment is None:
            return
        part: dict[str, Any] = {
            "payment": payment,
            "amount_kobo": rng.randint(1, 5) * 10_000,
            "reason": RefundReason.GOODWILL,
        }
        acts: list[Any] = []
        if what.startswith("a part back"):
            acts = [lambda: payments.refund(key="chaos", **part)] * (2 if "twice" in what else 1)
        else:
            acts = [lambda: services.cancel_booking(booking=booking, by=Actor.diner(None))]
            if "beside" in what:
                acts.append(lambda: payments.refund(key="chaos", **part))

        def do(act: Any) -> None:
            from django.db import connections

            try:
                act()
            except DomainError as error:
                self._hear(f"{what}: {error.code}")
            finally:
                connections.close_all()

        threads = [threading.Thread(target=do, args=[act]) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._hear(what)

    def pay_late(self, rng: random.Random) -> None:
        """Have those pay whose hold is over; the table of half of them has been given to somebody else."""
        from bookings import services
        from bookings.services import Actor, Guest
        from core.errors import DomainError

        for number, late in enumerate(self.late):
            if rng.random() < 0.5:
                try:
                    services.book_table(
                        restaurant_id=late.booking.restaurant_id,
                        starts_at=late.booking.starts_at,
                        party_size=2,
                        guest=Guest(
                            name="Somebody else", phone=f"+234805{number:07d}", email=f"demo-{number}@example.com"
                        ),
                        by=Actor.diner(None),
                    )
                except DomainError as error:
                    self._hear(f"somebody else: {error.code}")
            self._at_the_gateway(late.reference, late.gateway, "card")
            if rng.random() < COMES_BACK:
                self.come_back(late.reference, late.headers)

    def _hear(self, what: str) -> None:
        with self._guard:
            self.heard[what] += 1
