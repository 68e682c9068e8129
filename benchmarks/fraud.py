"""How often the rules against fraud stop honest people, and how much of what attackers try they catch.

The rules are those that Buka begins with. First every booking of the demo city is paid for by its guest, in the order
of their making. Then a month of a busy city is played: people with habits, families on one card, an office that books
for others, banks that decline, thousands behind one network address, visitors with foreign cards; and among them
attacks of eight kinds, some of which nothing that Buka knows can tell from honest people.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.harness import last_line, machine, options, say, step, table, world

BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
PEOPLE, PEOPLE_QUICK = 2_500, 300
ATTACKS_OF_EACH, ATTACKS_QUICK = 20, 5
HOUSES = 40
DAYS = 30
COMMITTED_AT_ONCE = 250
# Of those who are asked to prove who they are, who goes on: an attacker makes an account too, if that is all it takes.
HONEST_GO_ON, ATTACKERS_GO_ON = 0.9, 0.5


@dataclass
class Person:
    """Somebody who pays, and what the rules could know them by."""

    number: int
    user: Any = None
    devices: list[str] = field(default_factory=list)
    address: str = ""
    phone: str = ""
    email: str = ""
    cards: list[tuple[str, str]] = field(default_factory=list)
    guests: int = 2


@dataclass
class Try:
    """One attempt to pay: at a time, by somebody, of so much; `declined` by the bank if it gets there."""

    at: datetime
    person: Person
    house: int
    kobo: int
    card: tuple[str, str]
    device: str
    declined: bool = False
    refunded: bool = False
    attack: str = ""
    number: int = 0


class City:
    """Plays tries one after the other as `payments` would: the rules before, the rows, the rules when paid."""

    def __init__(self, chance: random.Random) -> None:
        from core.encryption import blind_index

        self.chance = chance
        self.index = lambda text, purpose: blind_index(text, purpose=purpose)
        self.requests: dict[int, Any] = {}

    def request_at(self, house: int) -> Any:
        from uuid import uuid4

        from payments.models import PaymentRequest
        from payments.tokens import hash_of, new_token

        if house not in self.requests:
            token = new_token()
            self.requests[house] = PaymentRequest.objects.create(
                token=token, token_hash=hash_of(token), kind="deposit", subject_id=uuid4(), restaurant_id=house,
                amount_kobo=1_000_000,
            )  # fmt: skip
        return self.requests[house]

    def facts(self, it: Try, **more: Any) -> Any:
        from payments.fraud.measures import Facts

        person = it.person
        return Facts(
            now=it.at,
            restaurant_id=it.house,
            amount_kobo=it.kobo,
            payer_id=person.user.pk if person.user else None,
            payer_since=person.user.date_joined if person.user else None,
            device=self.index(it.device, "fraud device"),
            address_index=self.index(person.address, "fraud address"),
            phone_index=self.index(person.phone, "phone"),
            email_index=self.index(person.email, "email"),
            party_size=person.guests,
            **more,
        )

    def play(self, it: Try) -> str:
        """Return what became of it: refused, asked, held, declined or paid."""
        from payments.fraud.models import Attempt
        from payments.fraud.services.judging import ask
        from payments.fraud.states import Answer, Moment

        facts = self.facts(it)
        verdict = ask(facts, Moment.BEGIN)
        goes_on = self.chance.random() < (ATTACKERS_GO_ON if it.attack else HONEST_GO_ON)
        stopped = verdict.answer == Answer.REFUSE or (verdict.answer == Answer.STEP_UP and not goes_on)
        payment = None if stopped else self.payment(it)
        Attempt.objects.create(
            request=self.request_at(it.house), payment=payment, restaurant_id=it.house, payer_id=facts.payer_id,
            device=facts.device, address_index=facts.address_index, phone_index=facts.phone_index,
            email_index=facts.email_index, amount_kobo=it.kobo, created_at=it.at,
        )  # fmt: skip
        if verdict.answer == Answer.REFUSE:
            return "refused"
        if stopped:
            return "asked"
        if it.declined:
            return "declined"
        assert payment is not None  # noqa: S101
        paid = self.facts(it, card_index=payment.card_index, card_country=payment.card_country, payment_id=payment.pk)
        when_paid = ask(paid, Moment.PAID)
        if when_paid.answer == Answer.HOLD:
            return f"held: {', '.join(sorted({rule.kind for rule, _found in when_paid.hits if rule.answer == 'hold'}))}"
        return "asked, and went on" if verdict.answer == Answer.STEP_UP else "paid"

    def payment(self, it: Try) -> Any:
        from payments.models import Payment
        from payments.services.beginning import new_reference
        from payments.states import PaymentState

        state = PaymentState.FAILED if it.declined else PaymentState.SUCCEEDED
        kobo = 0 if it.declined else it.kobo
        payment = Payment(
            request=self.request_at(it.house), gateway="paystack", mode="test", reference=new_reference(),
            gateway_id=new_reference()[5:], state=state, amount_kobo=it.kobo, received_kobo=kobo,
            refunded_kobo=kobo if it.refunded else 0, paid_at=None if it.declined else it.at, payer=it.person.user,
            email=it.person.email, card_index="" if it.declined else self.index(it.card[0], "card"),
            card_country=it.card[1], checkout_url="https://gateway.example/pay",
            expires_at=it.at + timedelta(minutes=30),
            credited_at=None if it.declined else it.at,
        )  # fmt: skip
        payment.save()
        Payment.objects.filter(pk=payment.pk).update(created_at=it.at)
        return payment


# --- Honest people ----------------------------------------------------------------------------------------------------


def people(chance: random.Random, count: int) -> list[Person]:
    """Return people with accounts or without, of whom many share a mobile network's address and some a card."""
    from accounts.models import User

    found: list[Person] = []
    for number in range(count):
        abroad = chance.random() < 0.03
        cards = [(f"card-{number}-{each}", "GB" if abroad else "NG") for each in range(chance.choice((1, 1, 1, 2)))]
        if found and chance.random() < 0.12:
            cards = [found[-1].cards[0]]
        person = Person(
            number=number,
            devices=[f"device-{number}-{each}" for each in range(chance.choice((1, 1, 2)))],
            address=f"nat-{chance.randrange(4)}" if chance.random() < 0.6 else f"home-{number}",
            phone=f"phone-{number}",
            email=f"person-{number}@example.com",
            cards=cards,
            guests=chance.choice((2, 2, 2, 3, 4, 4, 6, 8, 14)),
        )
        if chance.random() < 0.45:
            joined = BEGAN + timedelta(days=chance.uniform(-300, DAYS))
            person.user = User.objects.create(email=person.email, name="Payer", date_joined=joined)
        found.append(person)
    return found


def evening(chance: random.Random, day: int) -> datetime:
    """Return a moment at which people book: mostly in the afternoon and the evening."""
    return BEGAN + timedelta(days=day, hours=min(max(chance.gauss(9, 3), 0), 15), minutes=chance.uniform(0, 60))


def honest_month(chance: random.Random, everybody: list[Person], houses: dict[int, int]) -> Iterator[Try]:
    """Yield what honest people pay in a month, with what their banks decline and what they call off."""
    places = list(houses)
    for person in everybody:
        times = chance.choice((0, 1, 1, 1, 2, 2, 3, 5))
        if chance.random() < 0.01:
            # An office that books for its guests, several at a time.
            times = 15
        for _time in range(times):
            at, house = evening(chance, chance.randrange(DAYS)), chance.choice(places)
            if person.user and at < person.user.date_joined:
                at = person.user.date_joined + timedelta(minutes=chance.uniform(1, 600))
            each = houses[house] * chance.lognormvariate(0, 0.4)
            kobo = int(each * person.guests) // 100 * 100
            for number in range(4):
                card = chance.choice(person.cards)
                declined = chance.random() < (0.12 if number == 0 else 0.3) and number < 3
                yield Try(
                    at + timedelta(minutes=3 * number), person, house, kobo, card, chance.choice(person.devices),
                    declined=declined, refunded=chance.random() < 0.05,
                )  # fmt: skip
                if not declined:
                    break


# --- Attacks ----------------------------------------------------------------------------------------------------------


class Attacker:
    """Makes people who are nobody, with what an attack gives them."""

    def __init__(self, chance: random.Random, houses: dict[int, int]) -> None:
        self.chance = chance
        self.houses = list(houses)
        self.made = 1_000_000

    def person(self, **known: Any) -> Person:
        self.made += 1
        n = self.made
        given = {
            "address": f"bad-{n}", "phone": f"bad-{n}", "email": f"bad-{n}@example.com", "devices": [f"bad-{n}"],
            "cards": [(f"stolen-{n}", "NG")], **known,
        }  # fmt: skip
        return Person(n, **given)

    def account(self, at: datetime) -> Any:
        from accounts.models import User

        self.made += 1
        return User.objects.create(email=f"bad-{self.made}@example.com", name="Bad", date_joined=at)

    def one(self, at: datetime, person: Person, kobo: int, attack: str, number: int, **more: Any) -> Try:
        card = more.pop("card", person.cards[0])
        house = self.chance.choice(self.houses)
        return Try(at, person, house, kobo, card, person.devices[0], attack=attack, number=number, **more)

    def small(self) -> int:
        return self.chance.randrange(200_000, 2_000_000)

    # Each yields the tries of one attack.

    def cards_tried_on_one_device(self, at: datetime, number: int) -> Iterator[Try]:
        person = self.person()
        for each in range(self.chance.randint(20, 50)):
            when = at + timedelta(minutes=each)
            declined = self.chance.random() < 0.7
            card = (f"tried-{number}-{each}", "NG")
            yield self.one(
                when, person, self.small(), "cards tried on one device", number, card=card, declined=declined
            )

    def cards_tried_without_cookies(self, at: datetime, number: int) -> Iterator[Try]:
        phone = f"bad-phone-{number}"
        for each in range(self.chance.randint(20, 50)):
            person = self.person(phone=phone, devices=[""], address=f"bad-net-{number}")
            declined = self.chance.random() < 0.7
            when = at + timedelta(minutes=each)
            yield self.one(when, person, self.small(), "the same without cookies", number, declined=declined)

    def cards_tried_as_somebody_new_each_time(self, at: datetime, number: int) -> Iterator[Try]:
        for each in range(20):
            declined = self.chance.random() < 0.7
            when = at + timedelta(minutes=10 * each)
            attack = "everything new each time"
            yield self.one(when, self.person(devices=[""]), self.small(), attack, number, declined=declined)

    def a_stolen_foreign_card(self, at: datetime, number: int) -> Iterator[Try]:
        person = self.person(cards=[(f"foreign-{number}", "US")], guests=6)
        kobo = self.chance.randrange(35_000_000, 90_000_000)
        yield self.one(at, person, kobo, "a stolen foreign card, a large dinner", number)

    def one_stolen_card_all_day(self, at: datetime, number: int) -> Iterator[Try]:
        card = (f"emptied-{number}", "NG")
        for each in range(10):
            when = at + timedelta(minutes=40 * each)
            yield self.one(when, self.person(), self.small(), "one stolen card all day", number, card=card)

    def a_new_account_with_a_large_party(self, at: datetime, number: int) -> Iterator[Try]:
        person = self.person(user=self.account(at), guests=self.chance.randint(14, 30))
        kobo = self.chance.randrange(15_000_000, 60_000_000)
        yield self.one(at + timedelta(minutes=5), person, kobo, "a new account, a large party", number)

    def an_account_taken_over(self, at: datetime, number: int) -> Iterator[Try]:
        user = self.account(BEGAN - timedelta(days=200))
        for each in range(18):
            person = self.person(user=user, devices=[f"over-{number}"])
            when = at + timedelta(minutes=3 * each)
            card = (f"over-{number}-{each % 9}", "NG")
            yield self.one(when, person, self.small(), "an account taken over", number, card=card)

    def money_always_back(self, at: datetime, number: int) -> Iterator[Try]:
        person = self.person(user=self.account(BEGAN - timedelta(days=100)))
        for each in range(8):
            when = at + timedelta(days=each)
            yield self.one(when, person, self.small(), "everything always goes back", number, refunded=True)

    def kinds(self) -> list[Callable[[datetime, int], Iterator[Try]]]:
        return [
            self.cards_tried_on_one_device, self.cards_tried_without_cookies, self.a_stolen_foreign_card,
            self.one_stolen_card_all_day, self.a_new_account_with_a_large_party, self.an_account_taken_over,
            self.money_always_back, self.cards_tried_as_somebody_new_each_time,
        ]  # fmt: skip


# --- The demo city ----------------------------------------------------------------------------------------------------


def demo_tries(chance: random.Random) -> Iterator[Try]:
    """Yield a payment for every booking of the demo city, by its guest, in the days before it."""
    from bookings.models import Booking
    from bookings.states import Status

    rows = Booking.objects.exclude(status=Status.HELD).select_related("diner")
    for booking in rows.iterator():
        who = booking.guest_phone_index or booking.guest_email_index or f"nobody-{booking.pk}"
        person = Person(
            booking.pk, booking.diner, [f"demo-{who}"], f"nat-{chance.randrange(4)}", who, f"{who[:20]}@example.com",
            [(f"demo-{who}", "NG")], booking.party_size,
        )  # fmt: skip
        at = booking.starts_at - timedelta(hours=chance.uniform(2, 24 * 10))
        kobo = int(500_000 * booking.party_size * chance.lognormvariate(0, 0.3)) // 100 * 100
        yield Try(at, person, booking.restaurant_id, kobo, person.cards[0], person.devices[0])


# --- The run ----------------------------------------------------------------------------------------------------------


def played(city: City, tries: list[Try]) -> list[tuple[Try, str]]:
    """Return each try with what became of it, in the order of time; rows are counted now and then, as they would be."""
    from django.db import connection, transaction

    found: list[tuple[Try, str]] = []
    ordered = sorted(tries, key=lambda it: it.at)
    for first in range(0, len(ordered), COMMITTED_AT_ONCE):
        with transaction.atomic():
            found += [(it, city.play(it)) for it in ordered[first : first + COMMITTED_AT_ONCE]]
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE fraud_attempt, payments_payment")
    return found


def is_stopped(outcome: str) -> bool:
    return outcome in ("refused", "asked") or outcome.startswith("held")


def share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def tell_of_honest(title: str, outcomes: list[str]) -> dict[str, float]:
    """Print what honest people met, and return the shares in per cent."""
    counts = Counter(outcomes)
    asked = counts["asked"] + counts["asked, and went on"]
    held = sum(number for outcome, number in counts.items() if outcome.startswith("held"))
    say()
    rows = [[outcome, number, share(number, len(outcomes))] for outcome, number in counts.most_common()]
    table([title, "attempts", "%"], rows)
    return {
        "asked": share(asked, len(outcomes)),
        "refused": share(counts["refused"], len(outcomes)),
        "held": share(held, len(outcomes)),
    }


def tell_of_attacks(results: list[tuple[Try, str]]) -> tuple[int, int, float]:
    """Print what became of each kind of attack, and return how many there were, were noticed, and of the money, how
    much was stopped in per cent.
    """
    rows, all_of, all_noticed, all_kobo, all_stopped = [], 0, 0, 0, 0
    for attack in dict.fromkeys(it.attack for it, _outcome in results):
        mine = [(it, outcome) for it, outcome in results if it.attack == attack]
        numbers = {it.number for it, _outcome in mine}
        noticed = {it.number for it, outcome in mine if is_stopped(outcome)}
        kobo = sum(it.kobo for it, outcome in mine if outcome != "declined" and not it.declined)
        stopped = sum(it.kobo for it, outcome in mine if is_stopped(outcome) and not it.declined)
        rows.append([attack, len(numbers), len(noticed), share(stopped, kobo)])
        all_of, all_noticed = all_of + len(numbers), all_noticed + len(noticed)
        all_kobo, all_stopped = all_kobo + kobo, all_stopped + stopped
    say()
    table(["attack", "played", "noticed", "% of its money stopped"], rows)
    return all_of, all_noticed, share(all_stopped, all_kobo)


def main() -> int:
    """Print what honest people and attackers met and, last, the line for programs."""
    asked = options("fraud", __doc__, people={"type": int, "help": f"honest people; {PEOPLE} if not given"})
    chance = random.Random(asked.seed)
    say(f"Machine: {machine()}")
    with world("fraud"):
        from django.core.management import call_command
        from django.db import connection

        from payments.fraud.models import Attempt
        from payments.models import Payment
        from restaurants.tests.factories import RestaurantFactory

        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        with step("Loading the demo city"):
            call_command("load_demo", verbosity=0)
        tries = list(demo_tries(chance))
        if asked.quick:
            tries = tries[:300]
        with step(f"Paying for {len(tries)} bookings of the demo city"):
            demo = played(City(chance), tries)
        Attempt.objects.all().delete()
        Payment.objects.all().delete()
        places: list[Any] = [RestaurantFactory() for _each in range(HOUSES)]
        houses = {int(place.pk): chance.randrange(500_000, 2_500_000) for place in places}
        everybody = people(chance, asked.people or (PEOPLE_QUICK if asked.quick else PEOPLE))
        month = list(honest_month(chance, everybody, houses))
        attacker = Attacker(chance, houses)
        for attack in attacker.kinds():
            for number in range(ATTACKS_QUICK if asked.quick else ATTACKS_OF_EACH):
                month += attack(evening(chance, chance.randrange(3, DAYS - 9)), number)
        with step(f"Playing {len(month)} attempts of a month"):
            results = played(City(chance), month)
    of_demo = tell_of_honest("the demo city", [outcome for _it, outcome in demo])
    of_month = tell_of_honest("honest people, a month", [outcome for it, outcome in results if not it.attack])
    attacks, noticed, stopped = tell_of_attacks([(it, outcome) for it, outcome in results if it.attack])
    last_line(
        "fraud",
        demo=len(demo),
        demo_asked_percent=of_demo["asked"],
        demo_refused_percent=of_demo["refused"],
        demo_held_percent=of_demo["held"],
        honest=sum(not it.attack for it, _outcome in results),
        honest_asked_percent=of_month["asked"],
        honest_refused_percent=of_month["refused"],
        honest_held_percent=of_month["held"],
        attacks=attacks,
        attacks_noticed=noticed,
        attackers_money_stopped_percent=stopped,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
