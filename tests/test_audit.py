"""Who did what, in every door: the audit trail of whole evenings, and who may read it."""

from pathlib import Path
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.invitations import invite_member
from accounts.models import MembershipHistory, User
from accounts.partners.models import Endpoint
from accounts.partners.tests.factories import an_app
from accounts.services import change_profile, change_role, remove_member
from accounts.signed_in import happened_lately
from accounts.states import Role
from accounts.tests.back_office import filled_in
from accounts.tests.factories import UserFactory, log_in, member
from bookings.services import Guest
from bookings.tests.factories import book
from core import audit
from core.audit import rules, watching
from core.audit.context import Context, opened
from core.audit.models import AuditEvent, SecurityAlert
from core.testing import work_off_outbox
from notifications.models import Message
from restaurants.models import DishPrice, DishPriceHistory, Restaurant
from restaurants.tests.factories import (
    DishFactory,
    DishPriceFactory,
    MenuFactory,
    MenuSectionFactory,
    TableFactory,
    house,
)

pytestmark = pytest.mark.django_db


def signed_in(person: User) -> Client:
    client = Client(REMOTE_ADDR="102.89.1.7")
    log_in(client, person)
    return client


@pytest.fixture
def amala() -> Restaurant:
    return house(name="Amala House", slug="amala", tables=(2, 4))


@pytest.fixture
def owner(amala: Restaurant) -> User:
    return member(amala.pk, Role.OWNER)


@pytest.fixture
def platform() -> User:
    return User.objects.create_superuser(email="guard@example.com", name="Guard")


def last(action: str) -> AuditEvent:
    return AuditEvent.objects.filter(action=action).latest("id")


class TestTheBackOfficeRecords:
    def test_a_change_by_the_names_of_its_fields(self, amala: Restaurant, owner: User) -> None:
        client = signed_in(owner)
        where = reverse("admin:restaurants_restaurant_change", args=[amala.pk])
        page = client.get(where)

        answer = client.post(where, filled_in(page, name="Amala Palace"))

        assert answer.status_code == 302
        event = last("admin.changed")
        assert event.actor_id == owner.public_id
        assert (event.target_type, event.target_id) == ("restaurants.restaurant", str(amala.public_id))
        assert event.restaurant_id == amala.public_id
        assert event.details["fields"] == ["name"]
        assert "Amala Palace" not in str(event.details)
        assert (event.door, event.address) == ("admin", "102.89.1.7")

    def test_no_change_where_a_form_was_saved_as_it_stood(self, amala: Restaurant, owner: User) -> None:
        client = signed_in(owner)
        table = TableFactory(restaurant=amala, area=amala.areas.first(), name="T9")
        where = reverse("admin:restaurants_table_change", args=[table.pk])

        client.post(where, filled_in(client.get(where)))

        assert not AuditEvent.objects.filter(action="admin.changed").exists()

    def test_a_new_price_without_saying_which(self, amala: Restaurant, owner: User) -> None:
        client = signed_in(owner)
        dish = DishFactory(section=MenuSectionFactory(menu=MenuFactory(restaurant=amala)))
        DishPriceFactory(dish=dish)
        where = reverse("admin:restaurants_dish_change", args=[dish.pk])
        page = client.get(where)
        data = filled_in(page)
        data["price"] = "7500"

        answer = client.post(where, data)

        assert answer.status_code == 302
        assert "price" in last("admin.changed").details["fields"]
        assert "7500" not in str(last("admin.changed").details)
        assert last("admin.changed").restaurant_id == amala.public_id

    def test_who_looked_at_whose_booking(self, amala: Restaurant) -> None:
        booking = book(amala, guest=Guest(name="Ada", phone="+2348031234599"))
        host = member(amala.pk, Role.HOST)
        client = signed_in(host)

        client.get(reverse("admin:bookings_booking_change", args=[booking.pk]))
        client.get(reverse("admin:today_booking", args=[amala.public_id, booking.public_id]))

        for action in ("data.viewed", "booking.viewed"):
            event = last(action)
            assert event.actor_id == host.public_id
            assert event.target_id == str(booking.public_id)
            assert event.restaurant_id == amala.public_id

    @pytest.mark.parametrize("kind", ["membership", "invitation"])
    def test_who_looked_at_staff_and_whom_they_invite(self, amala: Restaurant, owner: User, kind: str) -> None:
        row: Any = member(amala.pk, Role.HOST).memberships.get()
        if kind == "invitation":
            row = invite_member(email="ngozi@example.com", restaurant_ids=[amala.pk], role=Role.HOST, by=owner)[0]
        client = signed_in(owner)

        client.get(reverse(f"admin:accounts_{kind}_change", args=[row.pk]))
        client.get(reverse(f"admin:accounts_{kind}_changelist"), {"q": "ngozi@example.com"})

        event = last("data.viewed")
        assert (event.actor_id, event.restaurant_id) == (owner.public_id, amala.public_id)
        assert event.target_type == f"accounts.{kind}"
        assert (last("data.searched").target_type, last("data.searched").details) == (
            f"accounts.{kind}",
            {"by": "email"},
        )

    def test_no_look_at_what_is_about_nobody(self, amala: Restaurant, owner: User) -> None:
        client = signed_in(owner)

        client.get(reverse("admin:restaurants_restaurant_change", args=[amala.pk]))

        assert not AuditEvent.objects.filter(action="data.viewed").exists()

    def test_a_person_changed_by_the_platform(self, amala: Restaurant, platform: User) -> None:
        host = member(amala.pk, Role.HOST)
        client = signed_in(platform)
        where = reverse("admin:accounts_user_change", args=[host.pk])
        data = filled_in(client.get(where))
        data["name"] = "Ngozi"

        answer = client.post(where, data)

        assert answer.status_code == 302
        host.refresh_from_db()
        event = last("account.profile_changed")
        assert (host.name, event.details) == ("Ngozi", {"fields": ["name"]})
        assert (event.actor_id, event.target_id) == (platform.public_id, str(host.public_id))

    def test_that_somebody_searched_a_number_and_not_which(self, amala: Restaurant, owner: User) -> None:
        client = signed_in(owner)

        client.get(reverse("admin:bookings_booking_changelist"), {"q": "0803 123 4599"})
        client.get(reverse("admin:bookings_booking_changelist"), {"q": "K7M-4QT"})

        (event,) = AuditEvent.objects.filter(action="data.searched")
        assert event.details == {"by": "phone"}
        assert event.target_type == "bookings.booking"

    def test_an_export_with_its_rows(self, amala: Restaurant, owner: User) -> None:
        booking = book(amala, guest=Guest(name="Ada", phone="+2348031234599"))
        client = signed_in(owner)

        answer = client.post(
            reverse("admin:bookings_booking_changelist"),
            {"action": "export_csv", "_selected_action": [booking.pk]},
        )

        assert answer["Content-Disposition"].startswith("attachment")
        event = last("admin.exported")
        assert event.details["rows"] == 1
        assert event.details["ids"] == [str(booking.public_id)]
        assert event.restaurant_id == amala.public_id

    def test_what_the_house_did_to_a_guest(self, amala: Restaurant) -> None:
        booking = book(amala, guest=Guest(name="Ada", phone="+2348031234599"))
        host = member(amala.pk, Role.HOST)
        client = signed_in(host)

        answer = client.post(
            reverse("admin:today_act", args=[amala.public_id, booking.public_id, "cancel"]),
            {"version": booking.version, "reason": "Ada +2348031234599 wanted it"},
        )

        assert answer.status_code == 302
        event = last("booking.cancelled_by_house")
        assert event.actor_id == host.public_id
        assert event.details == {"from": "confirmed"}

    def test_that_somebody_asked_for_another_houses_row(self, amala: Restaurant) -> None:
        other = house(name="Zobo House", slug="zobo", tables=(2,))
        client = signed_in(member(amala.pk, Role.MANAGER))

        answer = client.get(reverse("admin:restaurants_table_change", args=[other.tables.first().pk]))

        assert answer.status_code == 404
        event = last("access.out_of_scope")
        assert event.severity == "warning"
        assert event.target_type == "admin:restaurants_table_change"

    def test_that_somebody_was_refused_a_page(self, amala: Restaurant) -> None:
        client = signed_in(member(amala.pk, Role.HOST))

        answer = client.get(reverse("admin:accounts_user_changelist"))

        assert answer.status_code == 403
        assert last("access.refused").details["code"] == "not_allowed"


class TestPages:
    """Of the trail itself."""

    since = 0

    def given_events(self, amala: Restaurant, owner: User) -> dict[str, AuditEvent]:
        other = house(name="Zobo House", slug="zobo", tables=(2,))
        theirs = member(other.pk, Role.OWNER)
        # That people were taken on is recorded as well; these tests ask for what they wrote.
        self.since = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
        return {
            "ours": audit.record("admin.changed", actor=owner, target=amala, details={"fields": ["name"]}),
            "outsiders": audit.record("data.viewed", actor=UserFactory(name="Nosy Platform"), target=amala),
            "theirs": audit.record("admin.deleted", actor=theirs, target=other),
            "nobodys": audit.record("account.logged_in", actor=owner, target=owner),
        }

    def seen(self, client: Client, **query: Any) -> set[int]:
        page = client.get(reverse("admin:audit_auditevent_changelist"), query)
        assert page.status_code == 200
        return {event.pk for event in page.context["cl"].result_list if event.pk > self.since}

    def test_an_owner_sees_what_happened_to_their_restaurant(self, amala: Restaurant, owner: User) -> None:
        events = self.given_events(amala, owner)

        client = signed_in(owner)

        assert self.seen(client) == {events["ours"].pk, events["outsiders"].pk}
        body = client.get(reverse("admin:audit_auditevent_changelist")).content.decode()
        assert "Nosy Platform" not in body
        assert "Somebody from outside" in body
        for foreign in (events["theirs"], events["nobodys"]):
            where = reverse("admin:audit_auditevent_change", args=[foreign.pk])
            assert client.get(where).status_code == 404

    def test_name_people_only_to_who_may_know_them(self, amala: Restaurant, owner: User, platform: User) -> None:
        diner, host = UserFactory(name="Secret Diner"), member(amala.pk, Role.HOST)
        User.objects.filter(pk=host.pk).update(name="Known Host")
        for person in (diner, host):
            audit.record("data.viewed", actor=owner, target=person, restaurant_id=amala.pk)
        audit.record("data.viewed", actor=owner, target=("accounts.user", "no-id"), restaurant_id=amala.pk)

        where = reverse("admin:audit_auditevent_changelist")
        to_owner = signed_in(owner).get(where).content.decode()
        to_platform = signed_in(platform).get(where).content.decode()

        assert "Known Host" in to_owner
        assert "Secret Diner" not in to_owner
        assert "Secret Diner" in to_platform

    def test_name_what_is_the_houses_own_and_nothing_of_others(self, amala: Restaurant, owner: User) -> None:
        zobo = house(name="Zobo House", slug="zobo", tables=(2,))
        host, theirs = member(amala.pk, Role.HOST), member(zobo.pk, Role.HOST)
        User.objects.filter(pk=host.pk).update(name="Known Host")
        User.objects.filter(pk=theirs.pk).update(name="Their Host")
        till, _secret = an_app(name="Our Till", restaurant_id=amala.pk)
        portal, _secret = an_app(name="Their Portal", restaurant_id=zobo.pk)
        rows: list[Any] = [host.memberships.get(), theirs.memberships.get(), till, portal]
        for app in (till, portal):
            address = f"https://{app.pk}.example/hook"
            rows.append(Endpoint.objects.create(app=app, url=address, event_types=["booking.created"], secret="s"))
        for row in rows:
            audit.record("data.viewed", actor=owner, target=row, restaurant_id=amala.pk)
        for app in (till, portal):
            audit.record("booking.viewed", actor=app, target=("ws", str(amala.public_id)), restaurant_id=amala.pk)
        remove_member(membership=host.memberships.get(), by=owner)

        page = signed_in(owner).get(reverse("admin:audit_auditevent_changelist")).text

        known = ["Membership Known Host", "Person Known Host", "Partner app Our Till", f"Webhook https://{till.pk}."]
        assert not [name for name in [*known, ">Our Till<", "Live connection Amala House"] if name not in page]
        assert not [name for name in ["Their Host", "Their Portal", f"https://{portal.pk}."] if name in page]
        assert "A partner app" in page

    @pytest.mark.django_db(transaction=True)
    def test_name_who_has_left_for_what_they_did_as_staff(self, amala: Restaurant, owner: User) -> None:
        manager = member(amala.pk, Role.MANAGER)
        User.objects.filter(pk=manager.pk).update(name="Ngozi Eze")
        before = audit.record("admin.changed", actor=manager, target=amala)
        remove_member(membership=manager.memberships.get(), by=owner)
        after = audit.record("data.viewed", actor=manager, target=amala)

        page = signed_in(owner).get(reverse("admin:audit_auditevent_changelist"))

        found = {event.pk: event.is_colleague for event in page.context["cl"].result_list}
        assert (found[before.pk], found[after.pk]) == (True, False)
        assert "Ngozi Eze <bdi" in page.text
        assert "Somebody from outside" in page.text

    def test_an_owner_does_not_see_from_where(self, amala: Restaurant, owner: User) -> None:
        events = self.given_events(amala, owner)

        page = signed_in(owner).get(reverse("admin:audit_auditevent_change", args=[events["ours"].pk]))

        assert page.status_code == 200
        body = page.content.decode()
        assert "field-shown_address" not in body
        assert "field-user_agent" not in body

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.HOST])
    def test_other_staff_see_none(self, amala: Restaurant, role: Role) -> None:
        client = signed_in(member(amala.pk, role))

        assert client.get(reverse("admin:audit_auditevent_changelist")).status_code == 403

    def test_the_platform_sees_all_and_changes_nothing(self, amala: Restaurant, owner: User, platform: User) -> None:
        events = self.given_events(amala, owner)
        client = signed_in(platform)

        assert {event.pk for event in events.values()} <= self.seen(client)
        where = reverse("admin:audit_auditevent_change", args=[events["ours"].pk])
        assert client.get(where).status_code == 200
        assert client.post(where, {"action": "x"}).status_code == 403
        assert client.get(reverse("admin:audit_auditevent_add")).status_code == 403
        assert client.post(reverse("admin:audit_auditevent_delete", args=[events["ours"].pk])).status_code == 403

    def test_is_searched_by_what_people_know(self, amala: Restaurant, owner: User, platform: User) -> None:
        events = self.given_events(amala, owner)
        client = signed_in(platform)

        assert self.seen(client, q=owner.email) == {events["ours"].pk, events["nobodys"].pk}
        assert self.seen(client, q=str(amala.public_id)) == {events["ours"].pk, events["outsiders"].pk}
        assert self.seen(client, q="Zobo") == {events["theirs"].pk}
        assert self.seen(client, q="Deleted in the back") == {events["theirs"].pk}
        assert self.seen(client, q="admin.changed") == {events["ours"].pk}

    def test_an_owner_learns_of_nobody_outside_by_searching(self, amala: Restaurant, owner: User) -> None:
        self.given_events(amala, owner)
        outsider = User.objects.get(name="Nosy Platform")

        assert self.seen(signed_in(owner), q=outsider.email) == set()

    def test_is_searched_by_the_address_it_came_from(self, amala: Restaurant, platform: User) -> None:
        signed_in(member(amala.pk, Role.HOST)).get(reverse("admin:accounts_user_changelist"))

        found = self.seen(signed_in(platform), q="102.89.1.7")

        assert last("access.refused").pk in found

    @pytest.mark.parametrize("typed", ["2001:db8:1:2::/64", "2001:db8:1:2:7:7:7:7", "2001:db8:1:2::"])
    def test_show_an_ipv6_household_as_its_prefix_and_find_it(self, owner: User, platform: User, typed: str) -> None:
        Client(REMOTE_ADDR="2001:db8:1:2:3:4:5:6").post(
            reverse("account_login"), {"login": owner.email, "password": "wrong"}
        )
        client, failed = signed_in(platform), last("account.log_in_failed")

        assert failed.pk in self.seen(client, q=typed)
        assert "2001:db8:1:2::/64" in client.get(reverse("admin:audit_auditevent_change", args=[failed.pk])).text
        assert "2001:db8:1:2::/64" in [each.ip_address for each in happened_lately(owner)]

    def test_asks_few_questions_of_the_database_however_many_events(
        self, amala: Restaurant, owner: User, platform: User, django_assert_max_num_queries: Any
    ) -> None:
        for _event in range(40):
            audit.record("admin.changed", actor=owner, target=amala)
        client = signed_in(platform)
        client.get(reverse("admin:audit_auditevent_changelist"))

        with django_assert_max_num_queries(25):
            client.get(reverse("admin:audit_auditevent_changelist"))


class TestAlerts:
    def given_an_alert(self) -> SecurityAlert:
        for _attempt in range(20):
            audit.record("account.log_in_failed", target=("accounts.user", "a-person"), outcome="failed")
        (alert,) = watching.watch()
        return alert

    def test_reach_the_platform_and_whom_the_settings_name(self, platform: User, settings: Any) -> None:
        settings.SECURITY_ALERT_EMAIL = ["soc@example.com", "guard@example.com"]
        alert = self.given_an_alert()

        work_off_outbox()

        mails = Message.objects.filter(kind="security.alert").order_by("recipient")
        assert [mail.recipient for mail in mails] == ["guard@example.com", "soc@example.com"]
        assert "Many failed log-ins for one account" in mails[0].subject
        assert reverse("admin:audit_securityalert_change", args=[alert.pk]) in mails[0].body_text

    def test_are_taken_up_and_closed_on_their_page(self, platform: User) -> None:
        alert = self.given_an_alert()
        client = signed_in(platform)
        page = client.get(reverse("admin:audit_securityalert_change", args=[alert.pk]))
        assert "I look into it" in page.content.decode()

        handle = reverse("admin:audit_securityalert_handle", args=[alert.pk])
        client.post(handle, {"state": "acknowledged"})
        alert.refresh_from_db()
        assert alert.state == "acknowledged"

        client.post(handle, {"state": "closed", "remark": "A drill."})
        alert.refresh_from_db()
        assert (alert.state, alert.remark, alert.handled_by_id) == ("closed", "A drill.", platform.public_id)

        refused = client.post(handle, {"state": "closed", "remark": "Again."}, follow=True)
        assert "closed already" in refused.content.decode()

    def test_are_the_platforms_alone(self, amala: Restaurant, owner: User) -> None:
        alert = self.given_an_alert()
        client = signed_in(owner)

        assert client.get(reverse("admin:audit_securityalert_changelist")).status_code == 403
        handle = reverse("admin:audit_securityalert_handle", args=[alert.pk])
        assert client.post(handle, {"state": "closed"}).status_code == 403
        alert.refresh_from_db()
        assert alert.state == "open"

    def test_rise_when_one_person_is_refused_again_and_again(self, amala: Restaurant) -> None:
        host = member(amala.pk, Role.HOST)
        client = signed_in(host)
        for _attempt in range(12):
            client.get(reverse("admin:accounts_user_changelist"))

        (alert,) = watching.watch()

        assert (alert.rule, alert.subject) == ("refused_to_one_person", str(host.public_id))

    def test_rise_when_many_try_at_one_restaurant(self, amala: Restaurant) -> None:
        kinds = ["members", "invitations"]
        for number in range(8):
            host = member(amala.pk, Role.HOST)
            client = signed_in(host)
            for attempt in range(4):
                client.get(f"/api/restaurants/{amala.public_id}/{kinds[(number + attempt) % 2]}")

        (alert,) = watching.watch()

        assert (alert.rule, alert.subject) == ("strangers_at_one_restaurant", str(amala.public_id))
        assert alert.restaurant_id == amala.public_id

    def test_rise_when_many_look_for_anothers_day_in_the_back_office(self, amala: Restaurant) -> None:
        other = house(name="Zobo House", slug="zobo", tables=(2,))
        for _person in range(8):
            client = signed_in(member(amala.pk, Role.HOST))
            for _attempt in range(4):
                assert client.get(reverse("admin:today_board", args=[other.public_id])).status_code == 404

        assert [alert.subject for alert in watching.watch()] == [str(other.public_id)]

    @pytest.mark.parametrize("action", sorted({action for rule in rules.RULES.values() for action in rule.actions}))
    def test_are_fed_by_something(self, action: str) -> None:
        """A rule for what nothing records would look like a watch and see nothing."""
        listed = ("rules.py", "audit_actions.py")
        roots = [
            Path(__file__).parent.parent.joinpath(name) for name in ("accounts", "bookings", "restaurants", "platform")
        ]
        files = [file for root in roots for file in root.rglob("*.py")]
        code = [file for file in files if "tests" not in file.parts and file.name not in listed]

        assert any(f'"{action}"' in file.read_text() for file in code)


class TestRowHistory:
    def test_keeps_every_price_even_one_set_by_plain_sql(self, amala: Restaurant, owner: User) -> None:
        dish = DishFactory(section=MenuSectionFactory(menu=MenuFactory(restaurant=amala)))
        price = DishPriceFactory(dish=dish, kobo=500_000)
        DishPrice.objects.filter(pk=price.pk).update(kobo=550_000)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM restaurants_dishprice WHERE id = %s", [price.pk])

        rows = DishPriceHistory.objects.filter(dish=dish).order_by("pgh_id")
        assert [(row.pgh_label, row.kobo) for row in rows] == [
            ("added", 500_000),
            ("changed", 550_000),
            ("removed", 550_000),
        ]

    def test_refuses_every_change(self, amala: Restaurant, owner: User) -> None:
        for statement in (
            "UPDATE accounts_membershiphistory SET role = 'host'",
            "DELETE FROM accounts_membershiphistory",
            "TRUNCATE accounts_membershiphistory",
        ):
            refused = pytest.raises((InternalError, ProgrammingError), match=r"refused|Cannot update or delete")
            with refused, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)

        assert MembershipHistory.objects.filter(user=owner).count() == 1

    def test_stands_where_owners_look_for_it(self, amala: Restaurant, owner: User) -> None:
        dish = DishFactory(section=MenuSectionFactory(menu=MenuFactory(restaurant=amala)))
        price = DishPriceFactory(dish=dish, kobo=500_000)
        DishPrice.objects.filter(pk=price.pk).update(kobo=550_000)
        host = member(amala.pk, Role.HOST)
        membership = host.memberships.get()
        change_role(membership=membership, role=Role.MANAGER, by=owner)
        client = signed_in(owner)

        of_dish = client.get(reverse("admin:restaurants_dish_change", args=[dish.pk])).content.decode()
        of_host = client.get(reverse("admin:accounts_membership_change", args=[membership.pk])).content.decode()

        assert "₦5,000" in of_dish
        assert "Set right" in of_dish
        assert "Got another role" in of_host


class TestWhomItWasDoneTo:
    def test_learns_who_in_a_word_and_not_from_where(self, amala: Restaurant, owner: User, platform: User) -> None:
        theirs = Context(door="page", request_id="x" * 8, address="203.0.113.9", user_agent="Nokia/3310")
        host = member(amala.pk, Role.HOST)
        with opened(theirs):
            change_role(membership=host.memberships.get(), role=Role.MANAGER, by=owner)
            change_profile(user=host, name="Ngozi", language="en", by=platform)
        owner.memberships.all().delete()
        client = signed_in(host)

        told = {str(each.label): each for each in happened_lately(host)}
        page = client.get(reverse("accounts:security")).text

        assert told["Role changed"].by == "by an owner of Amala House"
        assert told["Profile changed"].by == "by Buka"
        assert "by an owner of Amala House" in page
        assert not [theirs for theirs in ("203.0.113.9", "Nokia") if theirs in page]

    @pytest.mark.parametrize(
        ("role", "is_less", "is_owners"), [(Role.HOST, True, True), (Role.OWNER, False, True), (Role.HOST, True, False)]
    )
    def test_is_written_to_by_whom_a_role_was_changed(
        self, amala: Restaurant, owner: User, platform: User, role: Role, is_less: bool, is_owners: bool
    ) -> None:
        manager = member(amala.pk, Role.MANAGER)

        change_role(membership=manager.memberships.get(), role=role, by=owner if is_owners else platform)

        mail = Message.objects.get(kind="account.role_changed").body_text
        who = "An owner of Amala House has changed" if is_owners else "Buka has changed your role at Amala House"
        assert who in mail
        assert ("You are logged out everywhere" in mail) is is_less

    def test_still_sees_from_where_a_stranger_tried(self, owner: User) -> None:
        Client(REMOTE_ADDR="203.0.113.9", headers={"user-agent": "Nokia/3310"}).post(
            reverse("account_login"), {"login": owner.email, "password": "wrong"}
        )

        (tried,) = [each for each in happened_lately(owner) if str(each.label) == "Log-in failed"]

        assert (tried.by, tried.device, tried.ip_address) == ("", "Nokia", "203.0.113.9")
