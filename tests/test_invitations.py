"""From an owner's invitation to a colleague at the desk: by mail, page, back office and API."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts import invitations, services
from accounts.invitations import (
    AddressNotVerified,
    ForSomebodyElse,
    InvitationOver,
    InvitedAlready,
    NoSuchInvitation,
    WorksThere,
)
from accounts.models import Invitation, Membership, User
from accounts.services import LastOwner, RoleAboveOwn
from accounts.states import InvitationStatus, PlatformRole, Role
from accounts.tests.factories import UserFactory, log_in, member
from accounts.tests.pages import code_sent_to, confirm, register
from core.audit.models import AuditEvent
from core.errors import DomainError, InvalidInput, TooManyAttempts
from notifications.models import Message
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

NGOZI = "ngozi@example.com"
TOO_LONG = "x" * 300 + "@example.com"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def suya_spot() -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot")


@pytest.fixture
def owner(suya_spot: Restaurant) -> User:
    return member(suya_spot.pk, Role.OWNER)


@pytest.fixture
def office(owner: User) -> Client:
    return _office(owner)


def _office(owner: User) -> Client:
    client = Client()
    log_in(client, owner)
    return client


def invite(owner: User, *houses: Restaurant, email: str = NGOZI, role: Role = Role.HOST, **more: Any) -> Invitation:
    made = invitations.invite_member(
        email=email, restaurant_ids=[each.pk for each in houses], role=role, by=owner, **more
    )
    return made[0]


def token_sent_to(email: str = NGOZI) -> str:
    mail = Message.objects.filter(kind="account.invitation", recipient=email).latest("pk")
    found = re.search(r"/invitations/([\w-]+)/", mail.body_text)
    assert found
    return found[1]


def page_of(token: str) -> str:
    return reverse("invitations:invitation", args=[token])


class TestInviting:
    def test_writes_a_mail_with_a_link_and_keeps_no_token(self, suya_spot, owner) -> None:
        invitation = invite(owner, suya_spot, role=Role.MANAGER)

        mail = Message.objects.get(kind="account.invitation")
        token = token_sent_to()
        assert mail.recipient == NGOZI
        assert "Suya Spot" in mail.subject
        assert "Manager" in mail.body_text
        assert token not in str(Invitation.objects.values().get(pk=invitation.pk))
        assert invitation.expires_at - invitation.sent_at == timedelta(days=7)
        event = AuditEvent.objects.get(action="account.invited")
        assert (event.actor_id, event.restaurant_id) == (owner.public_id, suya_spot.public_id)
        assert NGOZI not in str(event.details)

    def test_is_the_same_whether_or_not_there_is_an_account(self, suya_spot, owner, office) -> None:
        UserFactory(email="known@example.com", language="en")
        answers = []

        for email in ("known@example.com", "unknown@example.com"):
            asked = {"email": email, "role": "host", "restaurants": [suya_spot.pk], "language": "en"}
            answer = office.post(reverse("admin:accounts_invitation_add"), asked, follow=True)
            answers.append(_words(answer))
        bodies = [
            re.sub(r"Hello [^,]*,|Hello,|/invitations/[\w-]+/", "", message.body_text)
            for message in Message.objects.filter(kind="account.invitation").order_by("pk")
        ]

        assert [answer.count("The invitation is on its way") for answer in answers] == [1, 1]
        assert bodies[0] == bodies[1]
        assert set(Invitation.objects.values_list("status", flat=True)) == {"pending"}

    def test_speaks_the_language_of_who_is_invited(self, suya_spot, owner) -> None:
        UserFactory(email="amina@example.com", language="ha")

        invite(owner, suya_spot, email="amina@example.com", language="yo")
        invite(owner, suya_spot, email="new@example.com", language="ar")

        languages = dict(Message.objects.values_list("recipient", "language"))
        assert languages == {"amina@example.com": "ha", "new@example.com": "ar"}

    @pytest.mark.parametrize(
        "email", ["", "ngozi", "ngozi@", "a b@example.com", "x" * 300 + "@example.com", "a\0@b.co"]
    )
    def test_refuses_what_is_no_address(self, suya_spot, owner, email) -> None:
        with pytest.raises(InvalidInput):
            invite(owner, suya_spot, email=email)

        assert not Invitation.objects.exists()

    def test_refuses_a_colleague_and_a_second_invitation(self, suya_spot, owner) -> None:
        colleague = member(suya_spot.pk, Role.HOST)
        invite(owner, suya_spot)

        with pytest.raises(WorksThere):
            invite(owner, suya_spot, email=colleague.email)
        with pytest.raises(InvitedAlready):
            invite(owner, suya_spot, email=NGOZI.upper())

        assert Invitation.objects.count() == 1

    def test_may_come_again_after_seven_days(self, suya_spot, owner) -> None:
        old = invite(owner, suya_spot)
        Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

        new = invite(owner, suya_spot)

        old.refresh_from_db()
        assert (old.status, new.status) == (InvitationStatus.EXPIRED, InvitationStatus.PENDING)
        event = AuditEvent.objects.get(action="account.invitation_ran_out")
        assert (event.target_id, event.restaurant_id) == (str(old.public_id), suya_spot.public_id)

    def test_a_refusal_leaves_the_one_that_ran_out_as_it_was(self, suya_spot, owner) -> None:
        old = invite(owner, suya_spot)
        Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
        services.add_member(user=UserFactory(email=NGOZI), restaurant_id=suya_spot.pk, role=Role.HOST)

        with pytest.raises(WorksThere):
            invite(owner, suya_spot)

        old.refresh_from_db()
        assert old.status == InvitationStatus.PENDING
        assert not AuditEvent.objects.filter(action="account.invitation_ran_out").exists()

    def test_reaches_several_houses_at_once_or_none(self, suya_spot, owner) -> None:
        second, foreign = house(name="Second", slug="second"), house(name="Foreign", slug="foreign")
        services.add_member(user=owner, restaurant_id=second.pk, role=Role.OWNER)

        with pytest.raises(RoleAboveOwn):
            invite(owner, suya_spot, foreign)
        assert not Invitation.objects.exists()
        invite(owner, suya_spot, second)

        assert set(Invitation.objects.values_list("restaurant__name", flat=True)) == {"Suya Spot", "Second"}
        assert Message.objects.filter(kind="account.invitation").count() == 2

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.HOST, Role.COURIER])
    def test_is_for_owners(self, suya_spot, role) -> None:
        for offered in Role:
            with pytest.raises(RoleAboveOwn):
                invite(member(suya_spot.pk, role), suya_spot, role=offered)

    def test_has_an_end(self, suya_spot, owner) -> None:
        with pytest.raises(TooManyAttempts):
            for number in range(70):
                invite(owner, suya_spot, email=f"person-{number}@example.com")

        assert Invitation.objects.count() == 60

    def test_nobody_is_flooded_by_many_houses(self, suya_spot, owner) -> None:
        invitation = invite(owner, suya_spot)

        with pytest.raises(TooManyAttempts):
            for _again in range(6):
                invitations.send_again(invitation=invitation, by=owner)

        assert Message.objects.filter(recipient=NGOZI).count() == 5


def _words(answer: Any) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())


class TestThePage:
    def test_shows_who_invites_to_which_house_as_what(self, client, suya_spot, owner) -> None:
        invite(owner, suya_spot, role=Role.MANAGER)

        answer = client.get(page_of(token_sent_to()))

        page = answer.content.decode()
        assert "Suya Spot" in page
        assert "Manager" in page
        assert owner.name in page
        assert NGOZI in page, "who has several addresses knows which one to come in with"
        assert "no-store" in answer["Cache-Control"]

    def test_the_same_for_an_address_with_and_without_account(self, client, suya_spot, owner) -> None:
        UserFactory(email="known@example.com")
        pages = []

        for email in ("known@example.com", "other@example.com"):
            invite(owner, suya_spot, email=email)
            token = token_sent_to(email)
            page = client.get(page_of(token)).content.decode().replace(token, "TOKEN").replace(email, "ADDRESS")
            pages.append(re.sub(r'nonce="[^"]+"', "", page))

        assert pages[0] == pages[1]

    def test_leads_through_registering_to_the_desk(self, client, suya_spot, owner) -> None:
        invite(owner, suya_spot)
        here = page_of(token_sent_to())

        assert f"next={here.replace('/', '%2F')}" in client.get(here).content.decode().replace("/", "%2F")
        register(client, email=NGOZI, next=here)
        answer = confirm(client, code_sent_to(NGOZI), next=here)
        assert answer["Location"] == here
        done = client.post(f"{here}accept/", follow=True)

        membership = Membership.objects.get(user__email=NGOZI)
        assert (membership.restaurant, membership.role) == (suya_spot, Role.HOST)
        assert reverse("mfa_activate_totp") in unquote(done.redirect_chain[-1][0]), "and on to their second factor"
        assert Invitation.objects.get().status == InvitationStatus.ACCEPTED
        actions = set(AuditEvent.objects.values_list("action", flat=True))
        assert {"account.invitation_accepted", "account.role_given"} <= actions

    def test_is_declined(self, client, suya_spot, owner) -> None:
        log_in(client, UserFactory(email=NGOZI), second_factor=False)
        invite(owner, suya_spot)
        here = page_of(token_sent_to())

        answer = client.post(f"{here}decline/")

        assert answer.status_code == 302
        assert not Membership.objects.filter(user__email=NGOZI).exists()
        assert "has been declined" in client.get(here).content.decode()

    def test_another_account_is_told_so_and_takes_nothing(self, client, suya_spot, owner) -> None:
        stranger = UserFactory()
        log_in(client, stranger, second_factor=False)
        invite(owner, suya_spot)
        here = page_of(token_sent_to())

        shown, taken = client.get(here), client.post(f"{here}accept/")

        assert (shown.status_code, taken.status_code) == (403, 403)
        assert "sent to another address" in shown.content.decode()
        assert not Membership.objects.filter(user=stranger).exists()
        assert Invitation.objects.get().status == InvitationStatus.PENDING

    def test_an_address_that_nobody_has_shown_to_be_theirs_is_not_enough(self, client, suya_spot, owner) -> None:
        person = UserFactory(email=NGOZI)
        person.emailaddress_set.update(verified=False)
        log_in(client, person, second_factor=False)
        invite(owner, suya_spot)
        here = page_of(token_sent_to())

        answer = client.post(f"{here}accept/")

        assert answer.status_code == 403
        assert reverse("account_email") in answer.content.decode()
        assert not Membership.objects.filter(user=person).exists()

    @pytest.mark.parametrize("reason", ["expired", "revoked", "accepted"])
    def test_says_what_became_of_it(self, client, suya_spot, owner, reason) -> None:
        invitation = invite(owner, suya_spot)
        token = token_sent_to()
        person = UserFactory(email=NGOZI)
        if reason == "expired":
            Invitation.objects.update(expires_at=timezone.now())
        elif reason == "revoked":
            invitations.take_back(invitation=invitation, by=owner)
        else:
            invitations.accept(token=token, user=person)
        log_in(client, person, second_factor=False)

        shown, again = client.get(page_of(token)), client.post(f"{page_of(token)}accept/")

        assert (shown.status_code, again.status_code) == (410, 410)
        assert str(invitations.WHY_OVER[reason]) in shown.content.decode()
        assert Membership.objects.filter(user=person).exists() == (reason == "accepted")

    def test_the_old_link_of_one_that_was_sent_anew_says_it_ran_out(self, client, suya_spot, owner) -> None:
        old = invite(owner, suya_spot)
        token = token_sent_to()
        Invitation.objects.update(expires_at=timezone.now())
        invite(owner, suya_spot)

        shown = client.get(page_of(token))
        offered = client.get(f"/api/invitations/{token}")
        listed = json.loads(_office(owner).get(f"/api/restaurants/{suya_spot.public_id}/invitations").content)

        assert shown.status_code == 410
        assert str(invitations.WHY_OVER[InvitationStatus.EXPIRED]) in shown.content.decode()
        assert offered.json()["reason"] == "expired"
        assert {each["id"]: each["status"] for each in listed["results"]}[str(old.public_id)] == "expired"

    @pytest.mark.parametrize("token", ["x", "no-such-token-anywhere-in-here", "%00", "a" * 5000])
    def test_an_unknown_link_is_unknown(self, client, token) -> None:
        answer = client.get(f"/en/invitations/{token}/")

        assert answer.status_code == 404

    def test_a_newer_mail_ends_the_older_link(self, client, suya_spot, owner) -> None:
        invitation = invite(owner, suya_spot)
        old = token_sent_to()
        Invitation.objects.update(expires_at=timezone.now())

        invitations.send_again(invitation=invitation, by=owner)

        assert client.get(page_of(old)).status_code == 404
        assert client.get(page_of(token_sent_to())).status_code == 200


class TestAccepting:
    def test_never_lowers_what_somebody_has_by_now(self, suya_spot, owner) -> None:
        person = UserFactory(email=NGOZI)
        invite(owner, suya_spot, role=Role.HOST)
        services.add_member(user=person, restaurant_id=suya_spot.pk, role=Role.OWNER)

        membership = invitations.accept(token=token_sent_to(), user=person)

        assert membership.role == Role.OWNER

    def test_ends_with_the_right_of_who_invited(self, suya_spot, owner) -> None:
        person, second = UserFactory(email=NGOZI), member(suya_spot.pk, Role.OWNER)
        invite(second, suya_spot, role=Role.OWNER)
        token = token_sent_to()

        services.change_role(
            membership=Membership.objects.get(user=second, restaurant=suya_spot), role=Role.MANAGER, by=owner
        )

        with pytest.raises(InvitationOver):
            invitations.accept(token=token, user=person)

    @pytest.mark.parametrize("answer", [invitations.accept, invitations.decline])
    def test_refuses_the_wrong_person_in_both_answers(self, suya_spot, owner, answer) -> None:
        invite(owner, suya_spot)
        unproved = UserFactory(email=NGOZI)
        unproved.emailaddress_set.update(verified=False)

        for person, refusal in ((UserFactory(), ForSomebodyElse), (unproved, AddressNotVerified)):
            with pytest.raises(refusal):
                answer(token=token_sent_to(), user=person)
        with pytest.raises(NoSuchInvitation):
            answer(token="x" * 40, user=unproved)


class TestWhoInvitedIsGone:
    def test_an_offer_of_somebody_shut_out_is_no_offer(self, owner: User, suya_spot: Restaurant) -> None:
        invite(owner, suya_spot, role=Role.OWNER)
        User.objects.filter(pk=owner.pk).update(is_active=False)

        with pytest.raises(InvitationOver):
            invitations.accept(token=token_sent_to(), user=UserFactory(email=NGOZI))
        assert not Membership.objects.filter(user__email=NGOZI).exists()

    def test_nor_of_somebody_who_is_less_by_now(self, owner: User, suya_spot: Restaurant) -> None:
        invite(owner, suya_spot, role=Role.OWNER)
        Membership.objects.filter(user=owner).update(role=Role.HOST)

        with pytest.raises(InvitationOver):
            invitations.accept(token=token_sent_to(), user=UserFactory(email=NGOZI))


class TestARightThatEnds:
    """Whoever may no longer offer a role has no offers waiting: the list says so, not only the refusal."""

    def colleague(self, suya_spot: Restaurant) -> User:
        return member(suya_spot.pk, Role.OWNER)

    def membership(self, person: User, place: Restaurant) -> Membership:
        return Membership.objects.get(user=person, restaurant=place)

    def test_by_losing_the_role(self, owner: User, suya_spot: Restaurant) -> None:
        second = self.colleague(suya_spot)
        waiting = invite(second, suya_spot)

        services.remove_member(membership=self.membership(second, suya_spot), by=owner)

        waiting.refresh_from_db()
        assert (waiting.status, waiting.answered_at is None) == (InvitationStatus.REVOKED, False)
        event = AuditEvent.objects.get(action="account.invitation_taken_back")
        assert (event.actor_id, event.target_id) == (owner.public_id, str(waiting.public_id))

    def test_by_getting_a_lesser_one(self, owner: User, suya_spot: Restaurant) -> None:
        second = self.colleague(suya_spot)
        waiting = invite(second, suya_spot)

        services.change_role(membership=self.membership(second, suya_spot), role=Role.MANAGER, by=owner)

        waiting.refresh_from_db()
        assert waiting.status == InvitationStatus.REVOKED

    def test_by_being_shut_out(self, owner: User, suya_spot: Restaurant) -> None:
        second, admin = self.colleague(suya_spot), User.objects.create_superuser("admin@example.com")
        waiting = invite(second, suya_spot)

        services.set_active(user=second, is_active=False, by=admin)

        waiting.refresh_from_db()
        assert waiting.status == InvitationStatus.REVOKED

    def test_by_no_longer_running_the_platform(self, suya_spot: Restaurant) -> None:
        admins = [User.objects.create_superuser(f"admin{number}@example.com") for number in range(2)]
        waiting = invite(admins[0], suya_spot)

        services.take_platform_role(user=admins[0], role=PlatformRole.ADMIN, by=admins[1])

        waiting.refresh_from_db()
        assert waiting.status == InvitationStatus.REVOKED

    def test_leaves_what_may_still_be_offered(self, owner: User, suya_spot: Restaurant) -> None:
        second, other = self.colleague(suya_spot), house(name="Bukka Hut", slug="bukka-hut")
        services.add_member(user=second, restaurant_id=other.pk, role=Role.OWNER)
        here, there = invite(second, suya_spot), invite(second, other)
        theirs = invite(owner, suya_spot, email="bola@example.com")

        services.remove_member(membership=self.membership(second, suya_spot), by=owner)

        statuses = dict(Invitation.objects.values_list("pk", "status"))
        assert statuses == {here.pk: "revoked", there.pk: "pending", theirs.pk: "pending"}

    def test_shows_in_the_back_office(self, owner: User, office: Client, suya_spot: Restaurant) -> None:
        second = self.colleague(suya_spot)
        invite(second, suya_spot)

        services.remove_member(membership=self.membership(second, suya_spot), by=owner)

        page = office.get(reverse("admin:accounts_invitation_changelist")).content.decode()
        assert "Taken back" in re.search(r"<tbody.*</tbody>", page, re.DOTALL)[0]  # type: ignore[index]


class TestTheAddressIsFilledIn:
    @pytest.mark.parametrize("name", ["account_login", "account_signup", "account_request_login_code"])
    def test_for_who_comes_from_the_invitation(self, client, suya_spot, owner, name) -> None:
        invite(owner, suya_spot)

        page = client.get(reverse(name), {"next": page_of(token_sent_to())}).content.decode()

        assert re.search(rf'<input[^>]*value="{NGOZI}"', page)

    @pytest.mark.parametrize(
        "wanted", ["", "/en/find/", "/en/invitations/unknown-unknown-unknown/", "https://[x", "//"]
    )
    def test_for_nobody_else(self, client, suya_spot, owner, wanted) -> None:
        invite(owner, suya_spot)

        answer = client.get(reverse("account_login"), {"next": wanted})

        assert answer.status_code == 200
        assert NGOZI not in answer.content.decode()

    def test_not_from_an_invitation_that_is_over(self, client, suya_spot, owner) -> None:
        invitations.take_back(invitation=invite(owner, suya_spot), by=owner)

        page = client.get(reverse("account_login"), {"next": page_of(token_sent_to())}).content.decode()

        assert NGOZI not in page


class TestTheBackOffice:
    def test_finds_them_by_what_became_of_them(self, office, suya_spot, owner) -> None:
        invite(owner, suya_spot, email="waits@example.com")
        invite(owner, suya_spot, email="ran-out@example.com")
        invite(owner, suya_spot, email="anew@example.com")
        Invitation.objects.exclude(email="waits@example.com").update(expires_at=timezone.now())
        invite(owner, suya_spot, email="anew@example.com")
        found = {}

        for status in ("pending", "expired"):
            answer = office.get(reverse("admin:accounts_invitation_changelist"), {"status": status})
            found[status] = sorted(each.email for each in answer.context["cl"].result_list)

        assert found == {
            "pending": ["anew@example.com", "waits@example.com"],
            "expired": ["anew@example.com", "ran-out@example.com"],
        }

    def test_an_owner_invites_sends_again_and_takes_back(self, office, suya_spot) -> None:
        asked = {"email": NGOZI, "role": "manager", "restaurants": [suya_spot.pk], "language": "yo"}
        sent = office.post(reverse("admin:accounts_invitation_add"), asked)
        invitation = Invitation.objects.get()

        assert sent["Location"] == reverse("admin:accounts_invitation_changelist")
        page = office.get(reverse("admin:accounts_invitation_change", args=[invitation.pk])).content.decode()
        assert reverse("admin:accounts_invitation_send_again", args=[invitation.pk]) in page
        office.post(reverse("admin:accounts_invitation_send_again", args=[invitation.pk]))
        assert Message.objects.filter(kind="account.invitation").count() == 2
        office.post(reverse("admin:accounts_invitation_take_back", args=[invitation.pk]))
        invitation.refresh_from_db()
        assert invitation.status == InvitationStatus.REVOKED

    @pytest.mark.parametrize(
        ("answers", "field"),
        [
            ({"email": "ngozi"}, "email"),
            ({"role": "king"}, "role"),
            ({"role": "platform_admin"}, "role"),
            ({"restaurants": []}, "restaurants"),
            ({"restaurants": [987654]}, "restaurants"),
            ({"language": "tlh"}, "language"),
        ],
    )
    def test_says_what_is_wrong_beside_the_field(self, office, suya_spot, answers, field) -> None:
        asked = {"email": NGOZI, "role": "host", "restaurants": [suya_spot.pk], "language": "en", **answers}

        answer = office.post(reverse("admin:accounts_invitation_add"), asked)

        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {field}
        assert not Invitation.objects.exists()

    def test_a_colleague_is_told_beside_the_address(self, office, suya_spot) -> None:
        colleague = member(suya_spot.pk, Role.HOST)

        asked = {"email": colleague.email, "role": "host", "restaurants": [suya_spot.pk], "language": "en"}
        answer = office.post(reverse("admin:accounts_invitation_add"), asked)

        assert "works there already" in answer.content.decode()

    def test_a_role_that_shrinks_logs_out_and_tells(self, office, suya_spot) -> None:
        colleague = member(suya_spot.pk, Role.MANAGER)
        theirs = Client()
        log_in(theirs, colleague)
        membership = Membership.objects.get(user=colleague)

        office.post(reverse("admin:accounts_membership_delete", args=[membership.pk]), {"post": "yes"})

        assert theirs.get(reverse("admin:today")).status_code == 302
        assert Message.objects.get(kind="account.role_removed").recipient == colleague.email
        assert AuditEvent.objects.filter(action="account.role_removed", target_id=str(colleague.public_id)).exists()


class TestTheApi:
    def path(self, restaurant: Restaurant, rest: str) -> str:
        return f"/api/restaurants/{restaurant.public_id}/{rest}"

    def send(self, client: Client, method: str, path: str, body: Any = None) -> Any:
        return client.generic(method, path, _json(body), content_type="application/json")

    def test_from_invitation_to_removal(self, office, suya_spot, owner) -> None:
        person = UserFactory(email=NGOZI)
        theirs = Client()
        log_in(theirs, person, second_factor=False)

        sent = self.send(office, "POST", self.path(suya_spot, "invitations"), {"email": NGOZI, "role": "host"})
        assert sent.status_code == 201
        assert sent.json()["results"][0]["status"] == "pending"
        token = token_sent_to()
        offer = Client().get(f"/api/invitations/{token}")
        assert (offer.status_code, offer.json()["role"]) == (200, "host")
        assert NGOZI not in offer.content.decode()
        accepted = self.send(theirs, "POST", f"/api/invitations/{token}/accept")
        assert (accepted.status_code, accepted.json()["restaurant"]["slug"]) == (200, "suya-spot")

        members = office.get(self.path(suya_spot, "members")).json()["results"]
        assert [(each["email"], each["role"]) for each in members][-1] == (NGOZI, "host")
        who = self.path(suya_spot, f"members/{person.public_id}")
        changed = self.send(office, "PATCH", who, {"role": "manager"})
        assert (changed.status_code, changed.json()["role"]) == (200, "manager")
        assert self.send(office, "DELETE", who).status_code == 204
        assert self.send(office, "DELETE", who).status_code == 404

    def test_declines_resends_and_takes_back(self, office, suya_spot, owner) -> None:
        theirs = Client()
        log_in(theirs, UserFactory(email=NGOZI), second_factor=False)
        first = invite(owner, suya_spot)
        where = self.path(suya_spot, f"invitations/{first.public_id}")

        assert self.send(office, "POST", f"{where}/resend").json()["status"] == "pending"
        assert self.send(theirs, "POST", f"/api/invitations/{token_sent_to()}/decline").status_code == 204
        over = self.send(office, "DELETE", where)
        assert (over.status_code, over.json()["code"], over.json()["reason"]) == (410, "invitation_over", "declined")
        second = invite(owner, suya_spot)
        where = self.path(suya_spot, f"invitations/{second.public_id}")
        assert self.send(office, "DELETE", where).status_code == 204
        listed = office.get(self.path(suya_spot, "invitations")).json()["results"]
        assert [each["status"] for each in listed] == ["revoked", "declined"]

    def test_several_houses_at_once_must_all_be_ones_own(self, office, suya_spot, owner) -> None:
        second, foreign = house(name="Second", slug="second"), house(name="Foreign", slug="foreign")
        services.add_member(user=owner, restaurant_id=second.pk, role=Role.OWNER)
        asked = {"email": NGOZI, "role": "host"}

        no = self.send(
            office, "POST", self.path(suya_spot, "invitations"), {**asked, "also_at": [str(foreign.public_id)]}
        )
        assert (no.status_code, no.json()["errors"][0]["pointer"]) == (400, "#/also_at")
        yes = self.send(
            office, "POST", self.path(suya_spot, "invitations"), {**asked, "also_at": [str(second.public_id)]}
        )

        assert len(yes.json()["results"]) == 2

    @pytest.mark.parametrize(
        "body",
        [None, [], "x", {}, {"email": 1, "role": "host"}, {"email": NGOZI}, {"email": NGOZI, "role": "king"},
         {"email": NGOZI, "role": "host", "also_at": "x"}, {"email": "a\0@b.co", "role": "host"},
         {"email": NGOZI, "role": "host", "language": "tlh"}],
    )  # fmt: skip
    def test_refuses_what_makes_no_sense(self, office, suya_spot, body) -> None:
        answer = self.send(office, "POST", self.path(suya_spot, "invitations"), body)

        assert answer.status_code == 400
        assert not Invitation.objects.exists()

    def test_the_last_owner_stays(self, office, suya_spot, owner) -> None:
        where = self.path(suya_spot, f"members/{owner.public_id}")

        for answer in (self.send(office, "DELETE", where), self.send(office, "PATCH", where, {"role": "host"})):
            assert (answer.status_code, answer.json()["code"]) == (409, "account_last_owner")

        assert Membership.objects.get(user=owner).role == Role.OWNER

    def test_a_manager_raises_nobody_not_even_themselves(self, suya_spot) -> None:
        manager = member(suya_spot.pk, Role.MANAGER)
        client = Client()
        log_in(client, manager)
        doors = [
            ("PATCH", f"members/{manager.public_id}", {"role": "owner"}),
            ("POST", "invitations", {"email": NGOZI, "role": "host"}),
            ("GET", "members", None),
        ]

        for method, rest, body in doors:
            answer = self.send(client, method, self.path(suya_spot, rest), body)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")

        assert Membership.objects.get(user=manager).role == Role.MANAGER

    def test_another_house_does_not_exist(self, office) -> None:
        foreign = house(name="Foreign", slug="foreign")
        boss = member(foreign.pk, Role.OWNER)
        invitation = invite(boss, foreign)

        for method, rest in [
            ("GET", "members"), ("GET", "invitations"), ("POST", "invitations"),
            ("PATCH", f"members/{boss.public_id}"), ("DELETE", f"members/{boss.public_id}"),
            ("DELETE", f"invitations/{invitation.public_id}"), ("POST", f"invitations/{invitation.public_id}/resend"),
        ]:  # fmt: skip
            assert self.send(office, method, self.path(foreign, rest), {}).status_code == 404, (method, rest)


def _json(body: Any) -> str:
    return "" if body is None else json.dumps(body)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    """With real connections, at the same moment."""

    def at_once(self, *tries: Callable[[], Any]) -> list[Any]:
        together = Barrier(len(tries))

        def run(attempt: Callable[[], Any]) -> Any:
            try:
                together.wait(10)
                return attempt()
            except DomainError as refusal:
                return refusal
            finally:
                connection.close()

        with ThreadPoolExecutor(len(tries)) as threads:
            return list(threads.map(run, tries))

    def test_two_accept_the_same_token(self, suya_spot, owner) -> None:
        person = UserFactory(email=NGOZI)
        invite(owner, suya_spot)
        token = token_sent_to()

        for_two = self.at_once(*(lambda: invitations.accept(token=token, user=person) for _each in range(6)))

        assert sum(isinstance(each, Membership) for each in for_two) == 1
        assert all(isinstance(each, Membership | InvitationOver) for each in for_two)
        assert AuditEvent.objects.filter(action="account.invitation_accepted").count() == 1

    def test_two_houses_invite_the_same_address_twice(self, suya_spot, owner) -> None:
        for_two = self.at_once(*(lambda: invite(owner, suya_spot) for _each in range(4)))

        assert sum(isinstance(each, Invitation) for each in for_two) == 1
        assert Message.objects.filter(kind="account.invitation").count() == 1

    @pytest.mark.parametrize("round_", range(3))
    def test_the_last_two_owners_cannot_both_leave(self, suya_spot, owner, round_) -> None:
        second = member(suya_spot.pk, Role.OWNER)
        rows = {who.pk: Membership.objects.get(user=who, restaurant=suya_spot) for who in (owner, second)}

        left = self.at_once(
            lambda: services.remove_member(membership=rows[owner.pk], by=owner),
            lambda: services.remove_member(membership=rows[second.pk], by=second),
        )

        assert sum(isinstance(each, LastOwner) for each in left) == 1
        assert Membership.objects.filter(restaurant=suya_spot, role=Role.OWNER).count() == 1

    def test_the_accounts_of_the_last_two_owners_cannot_both_be_closed(self, suya_spot, owner) -> None:
        second, admin = member(suya_spot.pk, Role.OWNER), User.objects.create_superuser("admin@example.com")

        closed = self.at_once(
            *(lambda who=who: services.set_active(user=who, is_active=False, by=admin) for who in (owner, second))
        )

        assert sum(isinstance(each, LastOwner) for each in closed) == 1
        assert User.objects.filter(memberships__restaurant=suya_spot, is_active=True).count() == 1

    @pytest.mark.parametrize("round_", range(3))
    def test_two_owners_cannot_take_the_role_from_each_other(self, suya_spot, owner, round_) -> None:
        second = member(suya_spot.pk, Role.OWNER)
        rows = {who.pk: Membership.objects.get(user=who, restaurant=suya_spot) for who in (owner, second)}

        self.at_once(
            lambda: services.change_role(membership=rows[second.pk], role=Role.HOST, by=owner),
            lambda: services.change_role(membership=rows[owner.pk], role=Role.HOST, by=second),
        )

        assert Membership.objects.filter(restaurant=suya_spot, role=Role.OWNER).count() == 1
