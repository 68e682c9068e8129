"""Every role at every door: what `accounts.states` says is what pages, back office, API and live connections do."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts import selectors, services
from accounts.models import User
from accounts.partners.models import PartnerApp
from accounts.partners.services import grant_access
from accounts.partners.states import ABILITIES as SCOPE_ABILITIES
from accounts.partners.states import GRANTED_SCOPES, Scope
from accounts.partners.tests.factories import an_app, fetch_token
from accounts.states import (
    ABILITIES,
    BACK_OFFICE_ABILITIES,
    HOUSE_ABILITIES,
    PLATFORM_ABILITIES,
    Ability,
    PlatformRole,
    Role,
    Standing,
)
from accounts.tests.factories import UserFactory, log_in, member
from accounts.tests.pages import PASSWORD, app_code, with_app
from accounts.tests.pages import log_in as log_in_by_page
from bookings.models import Booking
from bookings.tests.factories import book
from config.routing import websocket_urlpatterns
from restaurants.models import Restaurant
from restaurants.reviews.models import Review
from restaurants.reviews.states import ASPECTS
from restaurants.tests.factories import house

ROOT = Path(__file__).resolve().parent.parent
NOBODY = "nobody"
ROLES = [NOBODY, *ABILITIES]
# What no door asks for yet: orders come with their own issue.
WITHOUT_A_DOOR = {Ability.DELIVER}


@dataclass
class Asker:
    """Somebody with a role at Suya Spot, or none, and how they come to a door."""

    role: str
    client: Client
    person: Any
    headers: dict[str, str]


@dataclass
class Scene:
    restaurant: Restaurant
    booking: Booking

    def review(self) -> Review:
        """Return what was written about the booking, as if it were a visit."""
        scores = dict.fromkeys(ASPECTS, 4)
        review, _is_new = Review.objects.get_or_create(
            booking_id=self.booking.public_id,
            defaults={"restaurant": self.restaurant, "visited_on": self.booking.service_day, **scores},
        )
        return review


@dataclass(frozen=True)
class Door:
    name: str
    ability: Ability
    knock: Callable[[Asker, Scene], bool]
    """True when the door opens."""
    opens_to_programs: bool = False
    is_live: bool = False


def page(name: str, *arguments: Callable[[Scene], Any]) -> Callable[[Asker, Scene], bool]:
    """Open a page; whoever may not is led away, told so, or finds nothing."""

    def knock(asker: Asker, scene: Scene) -> bool:
        where = reverse(name, args=[each(scene) for each in arguments])
        answer = asker.client.get(where, headers=asker.headers)
        assert answer.status_code in (200, 302, 403, 404), answer.status_code
        return answer.status_code == 200

    return knock


def api(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    let_in: tuple[int, ...] = (200, 201),
    shut: tuple[int, ...] = (401, 403, 404),
) -> Callable[[Asker, Scene], bool]:
    def knock(asker: Asker, scene: Scene) -> bool:
        where = path.format(house=scene.restaurant.public_id, booking=scene.booking.public_id)
        sent = "" if method == "GET" else json.dumps(body or {})
        answer = asker.client.generic(
            method, f"/api{where}", sent, content_type="application/json", headers=asker.headers
        )
        assert answer.status_code in (*let_in, *shut), f"{answer.status_code} {answer.content!r}"
        return answer.status_code in let_in

    return knock


def export(asker: Asker, scene: Scene) -> bool:
    where = reverse("admin:bookings_booking_changelist")
    answer = asker.client.post(where, {"action": "export_csv", "_selected_action": [scene.booking.pk]})
    return answer.headers.get("Content-Type", "").startswith("text/csv")


def merge_page(asker: Asker, scene: Scene) -> bool:
    """Ask what merging a guest with another entry would do."""
    key = scene.booking.guest_id
    return page("admin:bookings_houseguest_merge", lambda _scene: key, lambda _scene: key)(asker, scene)


def take_down(asker: Asker, scene: Scene) -> bool:
    """Ask to hide a review; the page wants a reason first."""
    review = scene.review()
    answer = asker.client.post(
        reverse("admin:reviews_review_changelist"), {"action": "hide", "_selected_action": [review.pk]}
    )
    return answer.status_code == 200 and b"decide-reason" in answer.content


def watch(asker: Asker, scene: Scene) -> bool:
    async def story() -> bool:
        where = f"/ws/restaurants/{scene.restaurant.public_id}/today"
        socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), where)
        socket.scope["user"] = asker.person
        await socket.connect(timeout=5)
        stays = await socket.receive_nothing(timeout=0.3)
        await socket.disconnect()
        return bool(stays)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, story()).result(20)


def by_id(scene: Scene) -> Any:
    return scene.restaurant.public_id


AN_APP = {"name": "Table Talk", "organisation": "Ltd", "contact_email": "a@example.com", "scopes": ["bookings:read"]}
DOORS = [
    Door("my bookings", Ability.KEEP_OWN, page("bookings:my_bookings")),
    Door("GET /api/auth/me", Ability.KEEP_OWN, api("GET", "/auth/me")),
    Door("today", Ability.SEE_BOOKINGS, page("admin:today_day", by_id)),
    Door("list of bookings", Ability.SEE_BOOKINGS, page("admin:bookings_booking_changelist")),
    Door("GET /api/bookings/:id", Ability.SEE_BOOKINGS, api("GET", "/bookings/{booking}"), opens_to_programs=True),
    Door("live day", Ability.SEE_BOOKINGS, watch, is_live=True),
    Door("walk-in", Ability.RUN_SERVICE, page("admin:today_walk_in", by_id)),
    Door(
        "POST /api/bookings/:id/no-show",
        Ability.RUN_SERVICE,
        # The guest is not due yet: whoever gets as far as to hear that was let in.
        api("POST", "/bookings/{booking}/no-show", let_in=(409,)),
        opens_to_programs=True,
    ),
    Door("export", Ability.EXPORT_GUESTS, export),
    Door("dishes", Ability.EDIT_MENU, page("admin:restaurants_dish_changelist")),
    Door("tables", Ability.EDIT_RESTAURANT, page("admin:restaurants_table_changelist")),
    Door("staff", Ability.MANAGE_STAFF, page("admin:accounts_membership_changelist")),
    Door("inviting", Ability.MANAGE_STAFF, page("admin:accounts_invitation_add")),
    Door("GET /api/…/members", Ability.MANAGE_STAFF, api("GET", "/restaurants/{house}/members")),
    Door("GET /api/…/invitations", Ability.MANAGE_STAFF, api("GET", "/restaurants/{house}/invitations")),
    Door("grants", Ability.MANAGE_PARTNER_ACCESS, page("admin:partners_partnergrant_changelist")),
    Door("guest book", Ability.KEEP_GUEST_BOOK, page("admin:bookings_houseguest_changelist")),
    Door("merging guests", Ability.RULE_GUEST_BOOK, merge_page),
    Door("receipts", Ability.HANDLE_MONEY, page("admin:payments_receipts_receipt_changelist")),
    Door("payments", Ability.HANDLE_MONEY, page("admin:payments_payment_changelist")),
    Door("naming an account", Ability.NAME_PAYOUT_ACCOUNT, page("admin:settlement_payoutaccount_add")),
    Door("reviews", Ability.ANSWER_REVIEWS, page("admin:reviews_review_changelist")),
    Door("taking reviews down", Ability.MODERATE_REVIEWS, take_down),
    Door("people", Ability.RUN_PLATFORM, page("admin:accounts_user_changelist")),
    Door("claims", Ability.RUN_PLATFORM, page("admin:restaurants_listingclaim_changelist")),
    Door("messages", Ability.RUN_PLATFORM, page("admin:notifications_message_changelist")),
    Door("outbox", Ability.RUN_PLATFORM, page("admin:core_outboxevent_changelist")),
    Door("translations", Ability.TRANSLATE, page("admin:translations")),
    Door("seals of the trail", Ability.SEE_AUDIT, page("admin:audit_auditseal_changelist")),
    Door("breaches", Ability.GUARD_PRIVACY, page("admin:privacy_breach_changelist")),
    Door(
        "POST /api/partners/apps, for nobody's restaurant",
        Ability.MANAGE_PARTNERS,
        api("POST", "/partners/apps", AN_APP, shut=(400, 401, 403, 404)),
    ),
]


@pytest.fixture
def scene(db: None) -> Scene:
    restaurant = house(name="Suya Spot", slug="suya-spot", tables=(2, 4, 4))
    return Scene(restaurant, book(restaurant))


def person_with(role: str, restaurant: Restaurant) -> User:
    if role in Role.values:
        return member(restaurant.pk, Role(role))
    person: User = UserFactory()
    if role in PlatformRole.values:
        services.give_platform_role(user=person, role=PlatformRole(role))
    return person


def asker(role: str, restaurant: Restaurant, *, is_awake: bool = True) -> Asker:
    client = Client(raise_request_exception=False)
    if role == NOBODY:
        return Asker(role, client, AnonymousUser(), {})
    if role == Standing.PARTNER:
        app, secret = an_app(scopes=list(Scope))
        grant_access(app=app, restaurant_id=restaurant.pk, scopes=list(GRANTED_SCOPES), by=None)
        return Asker(role, client, AnonymousUser(), {"authorization": f"Bearer {fetch_token(app, secret)}"})
    person = person_with(role, restaurant)
    log_in(client, person, second_factor=is_awake)
    return Asker(role, client, person, {})


def expected(door: Door, role: str, *, is_awake: bool = True) -> bool:
    if role == NOBODY:
        return False
    if role == Standing.PARTNER:
        return door.opens_to_programs and door.ability in ABILITIES[Standing.PARTNER]
    if door.ability == Ability.KEEP_OWN:
        return True
    return is_awake and door.ability in ABILITIES[role]


class TestEveryRoleAtEveryDoor:
    def test_every_ability_has_a_door(self) -> None:
        assert {door.ability for door in DOORS} == set(Ability) - WITHOUT_A_DOOR

    @pytest.mark.parametrize("role", ROLES)
    def test_opens_what_the_table_says(self, scene, role) -> None:
        who = asker(role, scene.restaurant)

        opened = {door.name for door in DOORS if not door.is_live and door.knock(who, scene)}

        assert opened == {door.name for door in DOORS if not door.is_live and expected(door, role)}

    @pytest.mark.parametrize("role", [role for role in ROLES if role not in (NOBODY, *Standing.values)])
    def test_without_a_second_factor_a_role_opens_nothing(self, scene, role) -> None:
        who = asker(role, scene.restaurant, is_awake=False)

        opened = {door.name for door in DOORS if not door.is_live and door.knock(who, scene)}

        assert opened == {door.name for door in DOORS if door.ability == Ability.KEEP_OWN}

    @pytest.mark.parametrize("role", Role.values)
    def test_a_role_at_another_house_opens_nothing_here(self, scene, role) -> None:
        other = house(name="Elsewhere", slug="elsewhere")
        who = asker(role, other)
        here = [
            door for door in DOORS if door.name in ("today", "walk-in") or "/:id" in door.name or "/…/" in door.name
        ]

        assert [door.name for door in here if door.knock(who, scene)] == []

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("role", ROLES)
    def test_live_connections_say_the_same(self, role) -> None:
        restaurant = house(name="Suya Spot", slug="suya-spot")
        who = asker(role, restaurant)
        live = next(door for door in DOORS if door.is_live)

        assert live.knock(who, Scene(restaurant, Booking())) == expected(live, role)


class TestTheTable:
    def test_every_role_has_a_line(self) -> None:
        assert set(ABILITIES) == {*Role.values, *PlatformRole.values, *Standing.values}

    def test_abilities_count_at_a_house_or_for_the_platform(self) -> None:
        assert not HOUSE_ABILITIES & PLATFORM_ABILITIES
        assert HOUSE_ABILITIES | PLATFORM_ABILITIES | {Ability.KEEP_OWN} == set(Ability)

    @pytest.mark.parametrize("role", Role.values)
    def test_staff_of_a_house_have_nothing_on_the_platform(self, role) -> None:
        assert not ABILITIES[role] & PLATFORM_ABILITIES

    def test_nobody_but_people_appointed_has_what_asks_for_it(self) -> None:
        assert ABILITIES[Standing.DINER] == {Ability.KEEP_OWN}
        assert not ABILITIES[Standing.PARTNER] & {Ability.MANAGE_STAFF, Ability.EXPORT_GUESTS, *PLATFORM_ABILITIES}

    def test_programs_have_what_some_scope_carries_and_nothing_else(self) -> None:
        assert ABILITIES[Standing.PARTNER] == frozenset().union(*SCOPE_ABILITIES.values())

    def test_a_program_never_gets_more_than_the_table_allows(self, scene) -> None:
        class Greedy(PartnerApp):
            class Meta:
                proxy = True
                app_label = "partners"

            def granted_restaurant_ids(self, ability: Ability) -> set[int]:
                return {scene.restaurant.pk}

        for ability in Ability:
            allowed = selectors.restaurant_ids_where(Greedy(), ability)
            assert allowed == ({scene.restaurant.pk} if ability in ABILITIES[Standing.PARTNER] else set())

    def test_the_page_for_people_shows_the_same_table(self) -> None:
        text = (ROOT / "docs" / "domains" / "accounts.md").read_text()
        with translation.override("en"):
            assert table() in text, f"docs/domains/accounts.md should hold:\n\n{table()}"


def table() -> str:
    """Return the table of roles as docs/domains/accounts.md shows it."""
    roles = list(ABILITIES)
    labels = {**dict(Role.choices), **dict(PlatformRole.choices), **dict(Standing.choices)}
    lines = ["| | " + " | ".join(str(labels[role]).lower() for role in roles) + " |", "|---" * (len(roles) + 1) + "|"]
    for ability in Ability:
        marks = " |".join(" yes" if ability in ABILITIES[role] else "" for role in roles)
        lines.append(f"| {str(ability.label)[0].lower()}{str(ability.label)[1:]} |{marks} |")
    return "\n".join(lines)


class TestWhatIsHeld:
    def test_links_follow_what_is_held_and_doors_what_is_awake(self, scene) -> None:
        owner = person_with(Role.OWNER, scene.restaurant)

        assert selectors.is_restaurant_staff(owner)
        assert selectors.needs_second_factor(owner)
        assert not selectors.opens_back_office(owner)

    def test_a_courier_has_no_business_in_the_back_office(self, scene) -> None:
        courier = asker(Role.COURIER, scene.restaurant)

        answer = courier.client.get(reverse("admin:index"), follow=True)

        page = answer.content.decode()
        assert answer.status_code == 403
        assert "carries orders" in page
        assert reverse("accounts:profile") in page
        assert reverse("account_login") not in page
        assert selectors.needs_second_factor(courier.person)
        assert not BACK_OFFICE_ABILITIES & ABILITIES[Role.COURIER]

    def test_a_translator_enters_and_finds_no_house(self, scene) -> None:
        translator = asker(PlatformRole.TRANSLATOR, scene.restaurant)

        answer = translator.client.get(reverse("admin:index"), follow=True)

        page = answer.content.decode()
        assert answer.redirect_chain == [(reverse("admin:translations"), 302)]
        assert answer.status_code == 200
        assert "Suya Spot" not in page
        assert "Hausa" in page
        assert "don’t have permission" not in page

    def test_the_translators_page_is_not_a_houses_to_open(self, scene) -> None:
        owner = asker(Role.OWNER, scene.restaurant)

        assert owner.client.get(reverse("admin:translations")).status_code == 403
        assert (
            reverse("admin:translations") not in owner.client.get(reverse("admin:today"), follow=True).content.decode()
        )

    @pytest.mark.parametrize(
        ("role", "wanted", "led_to"),
        [
            (Role.HOST, "", "admin:index"),
            (PlatformRole.TRANSLATOR, "", "admin:index"),
            (Role.COURIER, "", "bookings:my_bookings"),
            (Role.HOST, "bookings:find_booking", "bookings:find_booking"),
        ],
    )
    def test_who_logs_in_is_led_to_their_work(self, client, scene, role, wanted, led_to) -> None:
        person = with_app(person_with(role, scene.restaurant))
        person.set_password(PASSWORD)
        person.save()

        more = {"next": reverse(wanted)} if wanted else {}
        log_in_by_page(client, person.email, **more)
        done = client.post(reverse("mfa_authenticate"), {"code": app_code(), **more})

        assert done["Location"] == reverse(led_to)

    def test_the_way_to_the_back_office_stands_in_the_header_of_who_may_open_it(self, client, scene) -> None:
        host, courier = asker(Role.HOST, scene.restaurant), asker(Role.COURIER, scene.restaurant)

        pages = [each.get(reverse("bookings:home")).content.decode() for each in (host.client, courier.client, client)]

        assert [f'href="{reverse("admin:index")}"' in page for page in pages] == [True, False, False]

    def test_somebody_closed_holds_nothing(self, scene) -> None:
        owner = person_with(Role.OWNER, scene.restaurant)
        owner.is_active = False

        assert selectors.roles_held(owner) == set()

    def test_many_houses_in_one_question(self, scene, django_assert_num_queries) -> None:
        person = asker(Role.OWNER, scene.restaurant).person
        other = house(name="Second", slug="second")
        services.add_member(user=person, restaurant_id=other.pk, role=Role.HOST)
        person = User.objects.get(pk=person.pk)
        person.passed_second_factor = True

        with django_assert_num_queries(1):
            assert selectors.restaurant_ids_where(person, Ability.EDIT_MENU) == {scene.restaurant.pk}
            assert selectors.restaurant_ids_where(person, Ability.SEE_BOOKINGS) == {scene.restaurant.pk, other.pk}
            assert not selectors.may_on_platform(person, Ability.RUN_PLATFORM)
