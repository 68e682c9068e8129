"""Houses with one of everything in them, whose private words can be looked for where they must not stand."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts import invitations
from accounts.models import Membership, User
from accounts.partners import services as partner_services
from accounts.partners import webhooks
from accounts.partners.models import Delivery, PartnerApp
from accounts.partners.states import GRANTED_SCOPES, EventType, Scope
from accounts.privacy.models import Export
from accounts.services import add_member, give_platform_role
from accounts.states import PlatformRole, Role
from accounts.tests.factories import UserFactory
from accounts.tokens.models import TokenFamily
from accounts.tokens.states import Client as TokenClient
from bookings import services as booking_services
from bookings.models import Block, Booking, Fee, FreeTimeAlert, GuestNote, GuestTag
from bookings.recurring import Rule
from bookings.services import Actor, Guest
from bookings.states import Channel, EventRoom
from bookings.tests.factories import at
from bookings.tests.ticket_factories import event_at
from core.testing import with_second_factor
from payments.fraud.tests.factories import a_case
from payments.ledger.tests.factories import a_deposit
from payments.saved.tests.factories import a_card
from payments.settlement.models import IssuedStatement, Payout, Subaccount
from payments.settlement.tests.factories import an_account, some_terms
from payments.tests.factories import a_dispute, a_payment, a_refund, a_webhook
from restaurants.models import ChargeLine, ListingClaim, Photo, Restaurant, SpecialDay, SpecialTerms, TableCombination
from restaurants.reviews import services as reviews
from restaurants.reviews.models import Review
from restaurants.reviews.states import ASPECTS
from restaurants.tests.factories import (
    ROUND_THE_CLOCK,
    DishFactory,
    DishPriceFactory,
    MenuFactory,
    MenuSectionFactory,
    house,
)
from tests.walking import Address

# Everything private of every house begins with this, so that one search word finds all of it.
WORD = "okro"


@dataclass
class House:
    """A restaurant, its people, and a row of its own of every kind there is."""

    restaurant: Restaurant
    mark: str
    owner: User
    manager: User
    host: User
    diner: User
    booking: Booking
    hold: Booking
    app: PartnerApp
    app_secret: str
    rows: dict[str, Model] = field(default_factory=dict)
    public_ids: dict[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> str:
        """What every private text of this house holds, and no public one."""
        return f"{WORD}-{self.mark}"

    # Made when they are first asked for: most tests do without them.

    @cached_property
    def courier(self) -> User:
        return _person(self.restaurant.pk, Role.COURIER, self.secret, 4)

    @cached_property
    def owner_of_two(self) -> User:
        """An owner of this house and of one more."""
        person = _person(self.restaurant.pk, Role.OWNER, self.secret, 5)
        second = house(name=f"The Second {self.mark.title()} House", slug=f"{self.mark}-second-house")
        add_member(user=person, restaurant_id=second.pk, role=Role.OWNER)
        return person

    @cached_property
    def translator(self) -> User:
        return self._platform_person(PlatformRole.TRANSLATOR)

    @cached_property
    def platform_admin(self) -> User:
        return self._platform_person(PlatformRole.ADMIN)

    def _platform_person(self, role: PlatformRole) -> User:
        person = UserFactory(name=f"{role.label} of {self.mark}", email=f"{self.mark}-{role}@example.com")
        give_platform_role(user=person, role=role)
        return with_second_factor(person)

    def values(self, address: Address) -> dict[str, str]:
        """Return what stands for this house in an address.

        :raises AssertionError: for an address whose parameters nobody has told this function about
        """
        given = self._values(address.route)
        unknown = [each for each in address.parameters if each.kind == "uuid" and each.name not in given]
        assert not unknown, f"Tell House.values() what {unknown} of {address.route} stands for."
        return given

    def _values(self, route: str) -> dict[str, str]:
        parts = route.strip("/").split("/")
        if parts[0] == "admin" and len(parts) > 1:
            if parts[1] == "today":
                within = next((self.public_ids[part] for part in ("waiting", "queue") if part in parts), None)
                return {
                    "house": str(self.restaurant.public_id),
                    "public_id": within or str(self.booking.public_id),
                    "move": "arrived",
                    "pk": str(self.rows["restaurants.specialday"].pk),
                }
            row = self.rows.get(".".join(parts[1:3]))
            key = str(row.pk) if row is not None else ""
            of_tickets = {name: self.public_ids[name] for name in ("order", "ticket")}
            return {"object_id": key, "pk": key, "other": key, **of_tickets} if key else {}
        if "series" in parts:
            return {"id": self.public_ids["series"], "public_id": self.public_ids["series"]}
        if "alerts" in parts:
            return {"id": self.public_ids["alerts"], "public_id": self.public_ids["alerts"]}
        if "holds" in parts:
            return {"id": str(self.hold.public_id)}
        # What comes first in an address is what `id` names; what is within it has names of its own.
        words = ["archive" if part == "export" else part for part in parts]
        public_id = next((self.public_ids[word] for word in words if word in self.public_ids), None)
        if public_id is not None:
            return {"id": public_id, "public_id": public_id, "slug": self.restaurant.slug, **self._within()}
        return {
            "slug": self.restaurant.slug,
            # A link's token is a secret and no identifier: whoever has it may look.
            "token": str(self.rows["accounts.invitation"].public_id),  # type: ignore[attr-defined]
            "name": f"{self.mark}.webp",
            "public_id": str(self.booking.public_id),
            "kind": "deposit",
            "subject_id": str(self.booking.public_id),
        }

    def _within(self) -> dict[str, str]:
        return {
            "grant_id": self.public_ids["grants"],
            "delivery_id": self.public_ids["deliveries"],
            "person": str(self.host.public_id),
            "invitation": self.public_ids["invitations"],
            "payment_id": self.public_ids["payments"],
        }

    def fields(self) -> dict[str, Any]:
        """Return the fields with which somebody would try to write to this house in a form."""
        rows = self.rows
        return {
            "restaurant": str(self.restaurant.pk),
            "restaurants": str(self.restaurant.pk),
            "area": str(rows["restaurants.area"].pk),
            "table": str(rows["restaurants.table"].pk),
            "tables": str(rows["restaurants.table"].pk),
            "menu": str(rows["restaurants.menu"].pk),
            "section": str(rows["restaurants.menusection"].pk),
            "dish": str(rows["restaurants.dish"].pk),
            "shift": str(rows["restaurants.shift"].pk),
            "user": str(self.host.pk),
            "name": "Intruder",
            "slug": "intruder",
            "email": "intruder@example.com",
            "role": "owner",
            "date": "2030-01-01",
            "reason": "Intruder",
            "starts_at_0": "2030-01-01",
            "starts_at_1": "10:00",
            "ends_at_0": "2030-01-01",
            "ends_at_1": "11:00",
            "min_party": "1",
            "max_party": "2",
            "action": "delete_selected",
            "_selected_action": [str(row.pk) for row in rows.values()],
            "post": "yes",
            "_save": "1",
        }

    def body(self) -> dict[str, Any]:
        """Return the same for the API."""
        public_id = str(self.restaurant.public_id)
        return {
            "restaurant": public_id,
            "restaurant_id": public_id,
            "restaurants": [public_id],
            "booking": str(self.booking.public_id),
            "starts_at": at("20:00").isoformat(),
            "party_size": 2,
            "guest": {"name": "Intruder", "phone": "+2348031234599"},
            "channel": "phone",
            "tables": [self.rows["restaurants.table"].name],  # type: ignore[attr-defined]
            "notes": "Intruder",
            "reason": "Intruder",
            "name": "Intruder",
            "amount": "1.00",
            "scopes": ["bookings:read", "bookings:write"],
            "event_types": ["booking.confirmed"],
            "role": "owner",
        }


def populated(mark: str) -> House:
    """Return a house with one of everything, whose private texts all hold `okro-<mark>`."""
    secret = f"{WORD}-{mark}"
    place = house(
        hours=ROUND_THE_CLOCK,
        name=f"The {mark.title()} House",
        slug=f"{mark}-house",
        tables=(2, 4),
        policy={"needs_approval": False},
    )
    room = place.areas.get()
    table = place.tables.order_by("pk").first()
    assert table is not None
    table.name = f"{secret} 1"[:20]
    table.save(update_fields=["name"])
    shift = place.shifts.get()
    owner, manager, host = (
        _person(place.pk, role, secret, number)
        for number, role in enumerate((Role.OWNER, Role.MANAGER, Role.HOST), start=1)
    )
    diner = UserFactory(name=f"Diner of {secret}", email=f"{secret}-diner@example.com")
    booking = booking_services.book_table(
        restaurant_id=place.pk,
        starts_at=at("18:00"),
        party_size=2,
        guest=Guest(f"Guest {secret}", phone="+2348031234501", email=f"{secret}-guest@example.com"),
        notes=f"Notes {secret}",
        by=Actor.diner(diner),
        diner=diner,
    )
    hold = booking_services.hold_table(
        restaurant_id=place.pk, starts_at=at("18:30"), party_size=2, by=Actor.diner(None, Channel.API)
    )
    waiting = booking_services.join_waitlist(
        restaurant_id=place.pk,
        earliest=at("19:00"),
        latest=at("20:00"),
        party_size=2,
        guest=Guest(f"Waiting {secret}", phone="+2348031234503", email=f"{secret}-waiting@example.com"),
        by=Actor.staff(host),
    )
    alert = FreeTimeAlert.objects.create(
        restaurant=place,
        guest_name=f"Told {secret}",
        guest_email=f"{secret}-told@example.com",
        party_size=2,
        service_day=at("19:00").date(),
        earliest=at("19:00"),
        latest=at("20:00"),
    )
    queued = booking_services.join_queue(
        restaurant_id=place.pk,
        party_size=2,
        by=Actor.staff(host),
        guest=Guest(f"Queued {secret}", phone="+2348031234504"),
    )
    series = booking_services.begin_series(
        restaurant_id=place.pk,
        rule=Rule(at("18:00").date() + timedelta(days=2), at("18:00").time(), count=2),
        party_size=2,
        guest=Guest(f"Again {secret}", email=f"{secret}-again@example.com"),
        by=Actor.diner(diner),
        diner=diner,
    )
    evening = event_at(place, name=f"Evening of {mark}", room=EventRoom.NONE, by=manager)
    ordered = booking_services.order_tickets(
        event=evening,
        wanted={kind.public_id: 1 for kind in evening.kinds.all()},
        guest=Guest(f"Buyer {secret}", phone="+2348031234505", email=f"{secret}-buyer@example.com"),
        by=Actor.staff(host),
    )
    tickets = _with_tickets(place, mark, secret, manager)
    app, app_secret, delivery = _partner(place.pk, owner, secret)
    tag = GuestTag.objects.create(restaurant=place, name=f"Tag {secret}"[:40])
    assert booking.guest is not None
    note = GuestNote.objects.create(guest=booking.guest, text=f"Note {secret}", written_by=manager)
    review = Review.objects.create(
        restaurant=place,
        booking_id=booking.public_id,
        author=diner,
        author_name="Demo",
        visited_on=booking.service_day,
        **dict.fromkeys(ASPECTS, 4),
    )
    reviews.mend(place.pk)
    menu = MenuFactory(restaurant=place, name="Menu")
    section = MenuSectionFactory(menu=menu)
    dish = DishFactory(section=section, slug=f"{mark}-dish")
    price = DishPriceFactory(dish=dish)
    combination = TableCombination.objects.create(restaurant=place, name=f"{secret} both", min_party=5, max_party=6)
    combination.tables.set(place.tables.all())
    now = timezone.now()
    block = Block.objects.create(
        restaurant=place,
        table=table,
        starts_at=now + timedelta(days=9),
        ends_at=now + timedelta(days=9, hours=1),
        reason=f"Reason {secret}",
        created_by=manager,
    )
    day = SpecialDay.objects.create(
        restaurant=place, date=now.date() + timedelta(days=30), name=f"Day of {mark}", note=""
    )
    terms = SpecialTerms.objects.create(
        restaurant=place, name=f"Terms of {mark}", from_party=200, special_day=day, area=room, note=f"Note of {mark}"
    )
    photo = Photo.objects.create(restaurant=place, image=f"photos/{mark}.webp", alt="A room", width=1, height=1)
    listing_claim = ListingClaim.objects.create(
        restaurant=place,
        claimant=diner,
        job=f"Cook {secret}"[:80],
        phone="+2348031234502",
        proof=f"Proof {secret}",
        opens="10:00",
        closes="22:00",
    )
    case = a_case(place, words=f"Appeal {secret}", email=f"{secret}-held@example.com")
    charge = ChargeLine.objects.create(restaurant=place, what="other_tax", own_name=f"Levy {mark}"[:60], rate_bp=100)
    payment = a_payment(
        place, subject_id=booking.public_id, payer=diner, email=f"{secret}-payer@example.com", reason=f"Reason {secret}"
    )
    refund = a_refund(payment, note=f"Note {secret}")
    dispute = a_dispute(payment, category=f"Kind {secret}"[:40])
    fee = Fee.objects.create(
        booking=booking, kind="no_show", amount_kobo=500_000, due_at=now, state="waived", reason=f"Reason {secret}"
    )
    card = a_card(diner, email=f"{secret}-card@example.com", token=f"AUTH_{secret}", bank=f"Bank {secret}"[:60])
    a_webhook(payment, note=f"Note {secret}")
    a_deposit(place.pk, restaurant_id=place.pk, note=f"Note {secret}")
    settled = _settlement(place, secret)
    [invitation] = invitations.invite_member(
        email=f"{secret}-invited@example.com", restaurant_ids=[place.pk], role=Role.HOST, by=owner
    )
    found = House(place, mark, owner, manager, host, diner, booking, hold, app, app_secret)
    membership = Membership.objects.get(user=host, restaurant=place)
    for row in (
        *(place, room, table, shift, menu, section, dish, price, combination, block, day, terms, photo),
        listing_claim,
        *(booking.guest, tag, note, review),
        *(booking, membership, host, invitation, app, app.grants.get(), delivery, delivery.endpoint),
        *(series, evening, ordered, payment, refund, dispute, charge, payment.receipts.get(), fee),
        *(case, case.decision),
        *settled,
    ):
        found.rows[row._meta.label_lower] = row
    _rest_of_the_admin(found)
    export = Export.objects.create(user=diner)
    family = TokenFamily.objects.create(
        user=host, session_key=f"{secret}-session", client=TokenClient.BROWSER, refreshed_at=now, expires_at=at("23:00")
    )
    found.public_ids = {
        "archive": str(export.public_id),
        "invitations": str(invitation.public_id),
        "sessions": str(family.public_id),
        "deliveries": str(delivery.public_id),
        "grants": str(app.grants.get().public_id),
        "webhooks": str(delivery.endpoint.public_id),
        "apps": str(app.public_id),
        "restaurants": str(place.public_id),
        "bookings": str(booking.public_id),
        "series": str(series.public_id),
        "waitlist": str(waiting.public_id),
        "waiting": str(waiting.public_id),
        "alerts": str(alert.public_id),
        "queue": str(queued.public_id),
        "order": str(ordered.public_id),
        "ticket": str(ordered.tickets.order_by("pk")[0].public_id),
        "reviews": str(review.public_id),
        "payments": str(payment.public_id),
        "methods": str(card.public_id),
        "cards": str(card.public_id),
        **tickets,
    }
    return found


def _settlement(place: Restaurant, secret: str) -> list[Model]:
    """Give a house terms, an account, a subaccount, a payout and a statement."""
    terms = some_terms(place, note=f"Note {secret}", deposit_basis_points=0, tickets_basis_points=0)
    account = an_account(place, holder=f"Holder {secret}")
    subaccount = Subaccount.objects.create(
        account=account, gateway="paystack", mode="test", state="made", code=f"ACCT_{secret}"[:60]
    )
    now = timezone.now()
    payout = Payout.objects.create(
        restaurant=place, account=account, reference=f"po-{secret}"[:60], until=now, owed_kobo=100, amount_kobo=100
    )
    statement = IssuedStatement.objects.create(
        restaurant=place, since=now - timedelta(days=1), until=now, known_before=now, known_by=now, opening_kobo=0,
        closing_kobo=0,
    )  # fmt: skip
    return [terms, account, subaccount, payout, statement]


def _with_tickets(place: Restaurant, mark: str, secret: str, manager: User) -> dict[str, str]:
    """Sell tickets for an evening, pass one on, and return the public ids by the words of their addresses."""
    event = event_at(place, name=f"Songs of {mark}", room=EventRoom.NONE, by=manager)
    order = booking_services.order_tickets(
        event=event,
        wanted={kind.public_id: 2 for kind in event.kinds.filter(guests=1)},
        guest=Guest(f"Listens {secret}", phone="+2348031234506", email=f"{secret}-listens@example.com"),
        by=Actor.diner(None),
    )
    kept, given = order.tickets.order_by("pk")
    booking_services.pass_on(
        ticket=given, name=f"Holder {secret}", email=f"{secret}-holder@example.com", by=Actor.diner(None)
    )
    return {
        "events": str(event.public_id),
        "ticket-orders": str(order.public_id),
        "tickets": str(kept.public_id),
    }


def _person(restaurant_id: int, role: Role, secret: str, number: int) -> User:
    person = UserFactory(name=f"{role.title()} {secret}", email=f"{secret}-{number}@example.com")
    add_member(user=person, restaurant_id=restaurant_id, role=role)
    return with_second_factor(person)


def _partner(restaurant_id: int, owner: User, secret: str) -> tuple[PartnerApp, str, Delivery]:
    app, app_secret = partner_services.register_app(
        name=f"App {secret}",
        organisation=f"Firm {secret}",
        contact_email=f"{secret}-partner@example.com",
        scopes=list(Scope),
        by=None,
    )
    partner_services.grant_access(app=app, restaurant_id=restaurant_id, scopes=list(GRANTED_SCOPES), by=owner)
    endpoint, _secret = webhooks.add_endpoint(
        app=app, url=f"http://127.0.0.1:9/{secret}", event_types=list(EventType), by=app
    )
    delivery = endpoint.deliveries.first()
    assert delivery is not None
    return app, app_secret, delivery


def _rest_of_the_admin(house_of: House) -> None:
    """Name a row of every other model that the admin shows and that belongs to the house or its people."""
    for model in apps.get_models():
        label = model._meta.label_lower
        if label in house_of.rows:
            continue
        row = rows_of(model, house_of).order_by("-pk").first()
        if row is not None:
            house_of.rows[label] = row


def rows_of(model: type[Model], house_of: House) -> QuerySet[Any]:
    """Return the rows of a model that hang on a restaurant, by the shortest way there is."""
    way = way_to_restaurant(model)
    if way is None:
        return model._default_manager.none()
    return model._base_manager.filter(**{way: house_of.restaurant.pk})


@cache
def way_to_restaurant(model: type[Model], depth: int = 4) -> str | None:
    """Return the lookup from a model to its restaurant, through foreign keys."""
    if model is Restaurant:
        return "pk"
    ahead: list[tuple[str, Any]] = [("", model)]
    for _step in range(depth):
        further: list[tuple[str, Any]] = []
        for way, each in ahead:
            for column in each._meta.concrete_fields:
                target = column.related_model if column.is_relation and column.many_to_one | column.one_to_one else None
                if target is Restaurant:
                    return f"{way}{column.name}"
                # People work at several houses: what hangs on a person hangs on none.
                if target is not None and target is not User:
                    further.append((f"{way}{column.name}__", target))
        ahead = further
    return None


def everything_of(house_of: House, tables: Container[str] | None = None) -> Mapping[str, Any]:
    """Return all rows of a house by model, to compare before and after.

    :param tables: look at these only
    """
    rows: dict[str, Any] = {}
    for model in apps.get_models(include_auto_created=True):
        if way_to_restaurant(model) is None or model._meta.proxy or not model._meta.managed:
            continue
        if tables is not None and model._meta.db_table not in tables:
            continue
        found = list(rows_of(model, house_of).order_by("pk").values())
        rows[model._meta.label] = found
    if tables is None or User._meta.db_table in tables:
        people = [house_of.owner.pk, house_of.manager.pk, house_of.host.pk, house_of.diner.pk]
        rows["people"] = list(User.objects.filter(pk__in=people).order_by("pk").values())
    return rows
