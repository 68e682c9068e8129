"""Nobody in the back office sees or touches another house's rows: every address of the admin is tried."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from accounts.invitations import invite_member
from accounts.models import Invitation, Membership, User
from accounts.partners import services as partners
from accounts.partners import webhooks
from accounts.partners.models import Delivery, Endpoint, PartnerApp, PartnerGrant
from accounts.partners.states import Scope
from accounts.scoping import ForThePlatform, InScope
from accounts.states import Role
from accounts.tests.back_office import filled_in, wrong
from accounts.tests.factories import UserFactory, log_in, member
from bookings import services
from bookings.models import Block, Booking, BookingSeries, Fee, GuestTag, HouseGuest, TicketedEvent, TicketOrder
from bookings.recurring import Rule
from bookings.services import Actor, Guest
from bookings.states import EventRoom
from bookings.tests.factories import at, book, tomorrow
from bookings.tests.ticket_factories import event_at
from bookings.tests.ticket_factories import order as order_tickets
from core.audit.models import AuditEvent
from core.back_office import PlatformPage
from payments.models import Dispute, Payment, Refund
from payments.receipts.models import Receipt
from payments.settlement.models import IssuedStatement, Payout, PayoutAccount, SettlementTerms
from payments.settlement.tests.factories import an_account, some_terms
from payments.tests.factories import a_dispute, a_payment, a_refund
from restaurants.models import (
    Area,
    Dish,
    Menu,
    MenuSection,
    OpeningHours,
    Restaurant,
    Shift,
    SpecialDay,
    Table,
    TableCombination,
)
from restaurants.reviews.models import Review
from restaurants.reviews.states import ASPECTS
from restaurants.tests.factories import (
    AreaFactory,
    DishFactory,
    DishPriceFactory,
    MenuFactory,
    MenuSectionFactory,
    TableFactory,
    house,
)

pytestmark = pytest.mark.django_db

# Every name of the other house has it, so a page that leaks one is caught.
SECRET = "Zobolicious"
# A manager's pages are among an owner's.
ROLES = [Role.OWNER, Role.HOST]
# Reached without a house of one's own: they say nothing about any.
FOR_EVERYBODY = {
    "index", "search", "login", "logout", "password_change", "password_change_done", "jsi18n", "today", "app_list",
    "view_on_site", "autocomplete",
}  # fmt: skip


def furnished(name: str) -> dict[type[Model], Any]:
    """Return a house with a row of everything, by model."""
    restaurant = house(name=f"{name} House", slug=name.lower(), tables=(2, 4), neighbourhood=f"{name} Road")
    area = AreaFactory(restaurant=restaurant, name=f"{name} Terrace")
    table = TableFactory(restaurant=restaurant, area=area, name=f"{name}9", max_party=6)
    combination = TableCombination.objects.create(restaurant=restaurant, name=f"{name} join", min_party=3, max_party=6)
    combination.tables.set(restaurant.tables.all()[:2])
    day = SpecialDay.objects.create(
        restaurant=restaurant, date=timezone.localdate() + timedelta(days=30), name=f"{name} day", is_closed=False
    )
    OpeningHours.objects.create(restaurant=restaurant, special_day=day, opens=time(10), closes=time(20))
    shift = restaurant.shifts.get()
    shift.name = f"{name} shift"
    shift.save()
    section = MenuSectionFactory(menu=MenuFactory(restaurant=restaurant, name=f"{name} menu"), name=f"{name} section")
    dish = DishFactory(section=section, name=f"{name} soup")
    DishPriceFactory(dish=dish)
    owner = member(restaurant.pk, Role.OWNER)
    User.objects.filter(pk=owner.pk).update(name=f"{name} owner", email=f"{name.lower()}@example.com")
    booking = book(restaurant, guest=Guest(name=f"{name} guest", phone="+2348031234599"))
    series = services.begin_series(
        restaurant_id=restaurant.pk,
        rule=Rule(tomorrow(), time(20, 30), count=2),
        party_size=2,
        guest=Guest(name=f"{name} regular", phone="+2348031234588"),
        by=Actor.staff(owner),
    )
    block = services.block_tables(
        restaurant_id=restaurant.pk,
        starts_at=at("13:00"),
        ends_at=at("14:00"),
        reason=f"{name} repair",
        by=Actor.staff(owner),
        table_id=table.pk,
    )
    event = event_at(restaurant, name=f"{name} night", room=EventRoom.NONE, by=owner)
    order = order_tickets(event, Ticket=2, guest=Guest(name=f"{name} buyer", phone="+2348031234577"))
    app, _secret = partners.register_app(
        name=f"{name} till",
        organisation=f"{name} Ltd",
        contact_email=f"{name.lower()}.till@example.com",
        scopes=list(Scope),
        by=owner,
        restaurant_id=restaurant.pk,
    )
    endpoint, _secret = webhooks.add_endpoint(
        app=app, url=f"https://{name}.example/hook", event_types=["booking.confirmed"], by=app
    )
    review = Review.objects.create(
        restaurant=restaurant,
        booking_id=booking.public_id,
        author_name=f"{name} guest",
        visited_on=booking.service_day,
        text=f"{name} review",
        **dict.fromkeys(ASPECTS, 4),
    )
    payment = a_payment(restaurant, subject_id=booking.public_id, reason=f"{name} reason")
    now = timezone.now()
    account = an_account(restaurant, holder=f"{name} Ltd")
    payout = Payout.objects.create(
        restaurant=restaurant, account=account, reference=f"po-{name}", until=now, owed_kobo=100, amount_kobo=100
    )
    statement = IssuedStatement.objects.create(
        restaurant=restaurant, since=now - timedelta(days=1), until=now, known_before=now, known_by=now,
        opening_kobo=0, closing_kobo=0,
    )  # fmt: skip
    return {
        Receipt: payment.receipts.get(),
        PayoutAccount: account, Payout: payout, IssuedStatement: statement,
        SettlementTerms: some_terms(restaurant, note=f"{name} note", deposit_basis_points=0, tickets_basis_points=0),
        Fee: Fee.objects.create(
            booking=booking, kind="no_show", amount_kobo=500_000, due_at=timezone.now(), reason=f"{name} fee"
        ),
        Payment: payment, Refund: a_refund(payment, note=f"{name} note"),
        Dispute: a_dispute(payment, category=f"{name} kind"),
        PartnerApp: app, PartnerGrant: app.grants.get(), Endpoint: endpoint, Delivery: endpoint.deliveries.get(),
        Restaurant: restaurant, Area: area, Table: table, TableCombination: combination, SpecialDay: day,
        Shift: shift, Menu: section.menu, MenuSection: section, Dish: dish, Booking: booking,
        BookingSeries: series, Block: block, TicketedEvent: event, TicketOrder: order,
        HouseGuest: booking.guest, Review: review,
        GuestTag: GuestTag.objects.create(restaurant=restaurant, name=f"{name} tag"),
        Membership: Membership.objects.get(restaurant=restaurant, user=owner),
        Invitation: invite_member(
            email=f"{name.lower()}.new@example.com", restaurant_ids=[restaurant.pk], role=Role.HOST, by=owner
        )[0],
    }  # fmt: skip


@pytest.fixture
def ours() -> dict[type[Model], Any]:
    return furnished("Amala")


@pytest.fixture
def theirs() -> dict[type[Model], Any]:
    return furnished(SECRET)


def signed_in(person: User) -> Client:
    client = Client()
    log_in(client, person)
    return client


@pytest.fixture(params=ROLES)
def staff(request: pytest.FixtureRequest, ours: dict[type[Model], Any], theirs: dict[type[Model], Any]) -> Client:
    return signed_in(member(ours[Restaurant].pk, request.param))


def every_address() -> Iterator[tuple[type[Model] | None, URLPattern]]:
    """Yield every pattern of the admin with the model it belongs to."""
    by_prefix = {f"{model._meta.app_label}/{model._meta.model_name}/": model for model in admin.site._registry}
    for entry in admin.site.get_urls():
        if isinstance(entry, URLResolver):
            model = by_prefix[str(entry.pattern)]
            for pattern in entry.url_patterns:
                yield model, pattern
        else:
            yield None, entry


def scoped_models() -> list[type[Model]]:
    return [model for model, page in admin.site._registry.items() if isinstance(page, InScope)]


def arguments(pattern: URLPattern, row: Any, rows: dict[type[Model], Any]) -> dict[str, Any]:
    """Return another house's keys for what an address asks for."""
    known = {
        "object_id": getattr(row, "pk", None),
        "pk": getattr(row, "pk", None) or rows[SpecialDay].pk,
        "id": getattr(row, "pk", None),
        "house": rows[Restaurant].public_id,
        "public_id": rows[Booking].public_id,
        "other": getattr(row, "pk", None),
        "move": "arrive",
        "to": "closed",
        "table": rows[Table].pk,
        "order": rows[TicketOrder].public_id,
        "ticket": rows[TicketOrder].tickets.order_by("pk").first().public_id,
    }
    return {name: known[name] for name in pattern.pattern.converters}


def address(pattern: URLPattern, **kwargs: Any) -> str:
    return reverse(f"admin:{pattern.name}", kwargs=kwargs)


# Who may most; the walk over all addresses (tests/test_url_walk.py) goes as everybody.
FOR_OWNERS = pytest.mark.parametrize("staff", [Role.OWNER], indirect=True)


class TestEveryAddress:
    def test_there_is_a_row_for_every_scoped_page(self, theirs) -> None:
        assert set(scoped_models()) == set(theirs)

    def test_every_page_is_either_scoped_or_the_platforms(self) -> None:
        open_pages = [
            model
            for model, page in admin.site._registry.items()
            if not isinstance(page, InScope | ForThePlatform | PlatformPage)
        ]

        assert open_pages == []

    @FOR_OWNERS
    def test_another_houses_row_is_not_found_whatever_the_address(self, staff, theirs) -> None:
        walked = 0
        for model, pattern in every_address():
            row = theirs.get(model) if model else None
            if not pattern.name or pattern.name in FOR_EVERYBODY or not pattern.pattern.converters:
                continue
            if model is AuditEvent:
                row = AuditEvent.objects.filter(restaurant_id=theirs[Restaurant].public_id).earliest("pk")
            if model is not None and row is None:
                row = theirs[Restaurant]
            where = address(pattern, **arguments(pattern, row, theirs))
            for answer in (staff.get(where), staff.post(where, {"post": "yes", "version": "1"})):
                # The platform's own pages send away whoever asks for a row that is not there.
                is_sent_away = row is not theirs.get(model) and answer.headers.get("Location") == reverse("admin:index")
                assert is_sent_away or answer.status_code in (403, 404, 405), f"{where}: {answer.status_code}"
                assert SECRET not in answer.content.decode(), where
            walked += 1
        assert walked > 60

    @FOR_OWNERS
    def test_lists_searches_and_filters_name_nothing_of_another_house(self, staff, theirs) -> None:
        other = theirs[Restaurant]
        queries = [
            {"_to_field": "id", "_popup": 1},
            {"q": "olicious"},
            {"restaurant__id__exact": other.pk},
            {"restaurant__name__startswith": SECRET[:3]},
        ]
        for model, pattern in every_address():
            if model is None or pattern.pattern.converters or not pattern.name:
                continue
            is_list = pattern.name.endswith("_changelist")
            for query in queries if is_list else [{}]:
                answer = staff.get(address(pattern), query, follow=True)
                body = answer.content.decode()
                # A search term is shown again in its field.
                assert SECRET not in body, f"{pattern.name} {query}"
                assert answer.status_code in (200, 400, 403, 404, 405), f"{pattern.name} {query}"

    def test_pages_for_superusers_are_closed(self, staff, theirs) -> None:
        for model, page in admin.site._registry.items():
            if not isinstance(page, ForThePlatform):
                continue
            name = f"{model._meta.app_label}_{model._meta.model_name}"
            assert staff.get(reverse(f"admin:{name}_changelist")).status_code == 403
            assert staff.get(reverse(f"admin:{name}_add")).status_code == 403

    def test_autocomplete_finds_only_own_rows(self, staff, theirs) -> None:
        asked = 0
        for model in admin.site._registry:
            for field in model._meta.fields:
                if not field.is_relation:
                    continue
                answer = staff.get(
                    reverse("admin:autocomplete"),
                    {
                        "term": SECRET[-5:],
                        "app_label": model._meta.app_label,
                        "model_name": model._meta.model_name,
                        "field_name": field.name,
                    },
                )
                asked += 1
                assert SECRET not in answer.content.decode()
                assert answer.status_code == 403 or answer.json()["results"] == []
        assert asked > 10

    @FOR_OWNERS
    def test_actions_do_nothing_to_another_houses_rows(self, staff, theirs) -> None:
        before = {model: (model.objects.count(), str(row)) for model, row in theirs.items()}

        for model in scoped_models():
            page = admin.site._registry[model]
            where = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            for action in [
                *(name if isinstance(name, str) else name.__name__ for name in page.actions),
                "delete_selected",
            ]:
                for extra in ({}, {"select_across": "1"}):
                    sent = {"action": action, "_selected_action": [theirs[model].pk], "post": "yes", **extra}
                    answer = staff.post(where, sent)
                    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                    assert SECRET not in body.decode(), f"{model.__name__} {action}"
                    assert model.objects.filter(pk=theirs[model].pk).exists(), f"{model.__name__} {action}"

        theirs[Dish].refresh_from_db()
        theirs[Table].refresh_from_db()
        assert not theirs[Dish].is_finished
        assert theirs[Table].is_active
        assert set(before) == set(theirs)

    def test_the_log_of_a_house_one_has_left_is_not_shown(self, ours, theirs) -> None:
        person = member(ours[Restaurant].pk, Role.OWNER)
        client = signed_in(person)
        for rows in (ours, theirs):
            admin.site._registry[Table].log_change(_Asked(person), rows[Table], [{"changed": {"fields": ["name"]}}])

        request = client.get(reverse("admin:app_list", args=["restaurants"])).wsgi_request
        seen = [entry.object_repr for entry in admin.site.get_log_entries(request)]

        assert seen == [str(ours[Table])]


class _Asked:
    """All that the log wants of a request."""

    def __init__(self, user: User) -> None:
        self.user = user


class TestRoles:
    def opened(self, client: Client) -> set[type[Model]]:
        names = {
            model: f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in scoped_models()
        }
        return {model for model, name in names.items() if client.get(reverse(name)).status_code == 200}

    def test_a_host_sees_bookings_blocks_and_events_only(self, ours) -> None:
        seen = self.opened(signed_in(member(ours[Restaurant].pk, Role.HOST)))

        assert seen == {Booking, BookingSeries, Block, TicketedEvent, TicketOrder}

    def test_a_manager_sees_all_but_the_staff(self, ours) -> None:
        seen = self.opened(signed_in(member(ours[Restaurant].pk, Role.MANAGER)))

        assert seen == set(scoped_models()) - {Membership, Invitation, PartnerApp, PartnerGrant, Endpoint, Delivery}

    def test_an_owner_sees_all(self, ours) -> None:
        assert self.opened(signed_in(member(ours[Restaurant].pk, Role.OWNER))) == set(scoped_models())

    def test_somebody_without_a_house_sees_nothing(self, ours) -> None:
        client = signed_in(UserFactory(is_staff=True))

        assert self.opened(client) == set()
        assert "Amala" not in client.get(reverse("admin:today")).content.decode()
        assert "Amala" not in client.get(reverse("admin:index")).content.decode()

    def test_djangos_own_rights_give_nothing(self, ours) -> None:
        from django.contrib.auth.models import Permission

        person = UserFactory(is_staff=True)
        person.user_permissions.set(Permission.objects.all())

        assert self.opened(signed_in(person)) == set()

    def test_a_diner_does_not_enter(self, ours) -> None:
        answer = signed_in(UserFactory()).get(reverse("admin:today"))

        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("admin:login"))

    def test_the_sidebar_names_what_one_may_open(self, ours) -> None:
        page = signed_in(member(ours[Restaurant].pk, Role.HOST)).get(reverse("admin:bookings_booking_changelist"))

        body = page.content.decode()
        assert reverse("admin:today") in body
        assert reverse("admin:restaurants_shift_changelist") not in body
        assert reverse("admin:accounts_membership_changelist") not in body


class TestForgedForms:
    """What a page did not offer is refused when it is sent all the same."""

    @pytest.fixture
    def manager(self, ours, theirs) -> Client:
        return signed_in(member(ours[Restaurant].pk, Role.MANAGER))

    @pytest.fixture
    def of_both(self, ours, theirs) -> Client:
        person = member(ours[Restaurant].pk, Role.OWNER)
        Membership.objects.create(user=person, restaurant=theirs[Restaurant], role=Role.OWNER)
        return signed_in(person)

    def table(self, rows: dict[type[Model], Any], area: Area) -> dict[str, Any]:
        return {
            "restaurant": rows[Restaurant].pk, "name": "Forged", "area": area.pk, "min_party": 1, "max_party": 2,
            "shape": "round", "x": 0, "y": 0, "width": 8, "height": 8, "rotation": 0,
        }  # fmt: skip

    def test_a_table_for_another_house(self, manager, theirs) -> None:
        answer = manager.post(reverse("admin:restaurants_table_add"), self.table(theirs, theirs[Area]))

        assert {"restaurant", "area"} <= set(wrong(answer))
        assert not Table.objects.filter(name="Forged").exists()

    def test_a_table_in_another_houses_area(self, manager, ours, theirs) -> None:
        answer = manager.post(reverse("admin:restaurants_table_add"), self.table(ours, theirs[Area]))

        assert set(wrong(answer)) == {"area"}
        assert not Table.objects.filter(name="Forged").exists()

    def test_a_table_of_one_own_house_in_an_area_of_the_other(self, of_both, ours, theirs) -> None:
        answer = of_both.post(reverse("admin:restaurants_table_add"), self.table(ours, theirs[Area]))

        assert wrong(answer)["area"] == ["This belongs to another restaurant."]
        assert not Table.objects.filter(name="Forged").exists()

    def test_moving_a_table_into_another_houses_area(self, manager, ours, theirs) -> None:
        where = reverse("admin:restaurants_table_change", args=[ours[Table].pk])

        answer = manager.post(
            where, filled_in(manager.get(where), area=theirs[Area].pk, restaurant=theirs[Restaurant].pk)
        )

        assert set(wrong(answer)) == {"area"}
        ours[Table].refresh_from_db()
        assert (ours[Table].area, ours[Table].restaurant) == (ours[Area], ours[Restaurant])

    def test_moving_a_table_to_ones_other_house(self, of_both, ours, theirs) -> None:
        where = reverse("admin:restaurants_table_change", args=[ours[Table].pk])

        of_both.post(where, filled_in(of_both.get(where), restaurant=theirs[Restaurant].pk))

        ours[Table].refresh_from_db()
        assert ours[Table].restaurant == ours[Restaurant]

    def test_a_combination_with_another_houses_tables(self, manager, ours, theirs) -> None:
        where = reverse("admin:restaurants_tablecombination_change", args=[ours[TableCombination].pk])

        answer = manager.post(where, filled_in(manager.get(where), tables=[theirs[Table].pk]))

        assert "tables" in wrong(answer)

    def test_a_shift_on_another_houses_special_day(self, manager, ours, theirs) -> None:
        where = reverse("admin:restaurants_shift_change", args=[ours[Shift].pk])

        answer = manager.post(where, filled_in(manager.get(where), special_day=theirs[SpecialDay].pk))

        assert set(wrong(answer)) == {"special_day"}

    def test_a_dish_in_another_houses_section(self, manager, ours, theirs) -> None:
        where = reverse("admin:restaurants_dish_change", args=[ours[Dish].pk])

        answer = manager.post(where, filled_in(manager.get(where), section=theirs[MenuSection].pk))

        assert set(wrong(answer)) == {"section"}

    def test_another_houses_row_in_an_inline(self, manager, ours, theirs) -> None:
        where = reverse("admin:restaurants_restaurant_change", args=[ours[Restaurant].pk])
        data = filled_in(manager.get(where))
        forged = {"tables-0-id": theirs[Table].pk, "tables-0-name": "Forged"}

        answer = manager.post(where, {**data, **forged})

        assert answer.status_code == 200
        theirs[Table].refresh_from_db()
        assert theirs[Table].name == f"{SECRET}9"

    def test_staff_of_another_house(self, ours, theirs) -> None:
        owner = signed_in(member(ours[Restaurant].pk, Role.OWNER))
        person = UserFactory()

        answer = owner.post(
            reverse("admin:accounts_invitation_add"),
            {"restaurants": [theirs[Restaurant].pk], "email": person.email, "role": "owner", "language": "en"},
        )

        assert "restaurants" in answer.context["form"].errors
        assert not Invitation.objects.filter(email=person.email).exists()

    def test_a_block_of_another_house_or_its_tables(self, manager, ours, theirs) -> None:
        asked = {"starts_at": "2027-01-05T12:00", "ends_at": "2027-01-05T14:00", "reason": "Forged"}
        where = reverse("admin:bookings_block_add")

        for restaurant, table in ((theirs, theirs), (ours, theirs)):
            answer = manager.post(where, {**asked, "restaurant": restaurant[Restaurant].pk, "table": table[Table].pk})
            assert answer.status_code == 422

        assert not Block.objects.filter(reason="Forged").exists()

    def test_feasts_for_another_house(self, manager, theirs) -> None:
        where = reverse("admin:restaurants_specialday_feasts")

        assert manager.get(where, {"restaurant": theirs[Restaurant].pk}).status_code == 404
        assert manager.post(where, {"restaurant": theirs[Restaurant].pk}).status_code == 404

    def test_another_houses_tables_for_a_party(self, manager, ours, theirs) -> None:
        booking = ours[Booking]
        where = reverse("admin:today_act", args=[ours[Restaurant].public_id, booking.public_id, "tables"])

        answer = manager.post(where, {"version": booking.version, "tables": [theirs[Table].pk]})

        assert answer.status_code == 422
        kept = set(booking.allocations.filter(live=True).values_list("table__restaurant_id", flat=True))
        assert kept == {ours[Restaurant].pk}

    def test_another_houses_booking_below_ones_own_address(self, manager, ours, theirs) -> None:
        booking = theirs[Booking]

        where = reverse("admin:today_act", args=[ours[Restaurant].public_id, booking.public_id, "cancel"])
        answer = manager.post(where, {"version": booking.version, "reason": "Forged"})

        assert answer.status_code == 404
        booking.refresh_from_db()
        assert booking.status == "confirmed"


class TestOddAddresses:
    def test_a_null_character_in_a_filter(self, ours) -> None:
        manager = signed_in(member(ours[Restaurant].pk, Role.MANAGER))

        for model in ("bookings_booking", "restaurants_restaurant"):
            answer = manager.get(reverse(f"admin:{model}_changelist") + "?status__exact=%00")
            assert answer.status_code == 400

    def test_choices_for_the_far_end_of_a_relation(self, ours) -> None:
        manager = signed_in(member(ours[Restaurant].pk, Role.MANAGER))
        asked = {"app_label": "restaurants", "model_name": "area", "field_name": "tables", "term": ""}

        assert manager.get(reverse("admin:autocomplete"), asked).status_code == 403
        asked = {"app_label": "restaurants", "model_name": "table", "field_name": "area", "term": ""}
        assert manager.get(reverse("admin:autocomplete"), asked).status_code == 200
