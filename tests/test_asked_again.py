"""Sensitive acts are asked about again at every door: a log-in of long ago is not enough, what was sent is not lost."""

import time
from collections.abc import Callable
from datetime import time as clock
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings as configured
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from accounts.partners import services as partners
from accounts.partners import webhooks
from accounts.partners.models import Delivery, Endpoint, PartnerApp, PartnerGrant
from accounts.partners.states import EventType, Scope
from accounts.partners.tests.factories import an_app, bearing, fetch_token
from accounts.privacy.models import Breach, DataRequest, Erasure, Export, PrivacySettings
from accounts.privacy.services import requests
from accounts.privacy.states import RequestKind
from accounts.services import add_member
from accounts.states import Role
from accounts.tests.factories import UserFactory, member
from accounts.tests.pages import PASSWORD, app_code, person, with_app
from accounts.tokens.models import TokenFamily
from core.audit.models import AuditEvent
from core.testing import log_in
from restaurants.models import ListingClaim, Restaurant
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import RestaurantFactory, house

pytestmark = pytest.mark.django_db

WATCHED: tuple[type[Model], ...] = (
    PartnerApp, PartnerGrant, Endpoint, Delivery, Membership, Export, Erasure, DataRequest, PrivacySettings,
    TokenFamily, ListingClaim, AuditEvent,
)  # fmt: skip
sessions = import_module(configured.SESSION_ENGINE)
REFUSAL = (403, "account_reauthentication_needed")


@pytest.fixture(autouse=True)
def _quick_to_hash(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def suya_spot() -> Restaurant:
    return house(name="Suya Spot", slug="suya-spot", tables=(2, 4))


@pytest.fixture
def ada(suya_spot: Restaurant) -> User:
    """An owner who guards the platform's personal data, too, with a password and an authenticator app."""
    someone = with_app(person(is_superuser=True, is_staff=True))
    for owner in (someone, UserFactory(is_superuser=True, is_staff=True)):
        add_member(user=owner, restaurant_id=suya_spot.pk, role=Role.OWNER)
    return someone


@pytest.fixture
def signed_in(ada: User) -> Client:
    client = Client()
    log_in(client, ada)
    return client


def proved(client: Client, *, password: int | None = None, factor: int | None = None) -> None:
    """Let the session have seen the password and the factor so many seconds ago."""
    session = client.session
    ages = {"password": password, "mfa": factor}
    session["account_authentication_methods"] = [
        {"method": method, "at": time.time() - age} for method, age in ages.items() if age is not None
    ]
    session.save()


def everything() -> dict[str, list[Any]]:
    found = {model.__name__: list(model._default_manager.order_by("pk").values()) for model in WATCHED}
    # That a door said no is told, and is no change.
    found["AuditEvent"] = [row for row in found["AuditEvent"] if not row["action"].startswith("access.")]
    return found


# --- The API ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def app(suya_spot: Restaurant) -> PartnerApp:
    return an_app(restaurant_id=suya_spot.pk)[0]


@pytest.fixture
def grant(app: PartnerApp, suya_spot: Restaurant, ada: User) -> PartnerGrant:
    return partners.grant_access(app=app, restaurant_id=suya_spot.pk, scopes=[Scope.BOOKINGS_READ], by=ada)


@pytest.fixture
def endpoint(app: PartnerApp) -> Endpoint:
    return webhooks.add_endpoint(
        app=app, url="https://partner.example/hook", event_types=[EventType.BOOKING_CONFIRMED], by=app
    )[0]


Ask = Callable[[Client, dict[str, Any]], Any]


def sends(method: str, path: str, **body: Any) -> Ask:
    def ask(client: Client, there: dict[str, Any]) -> Any:
        filled = {name: value.format(**there) if isinstance(value, str) else value for name, value in body.items()}
        return getattr(client, method)(path.format(**there), filled or None, content_type="application/json")

    return ask


API: dict[str, tuple[Ask, int]] = {
    "register an app": (
        sends("post", "/api/partners/apps", name="A till", organisation="House", contact_email="demo@example.com",
              scopes=["menu:read"]),
        201,
    ),
    "change an app": (sends("patch", "/api/partners/apps/{app}", scopes=["menu:read"]), 200),
    "revoke an app": (sends("delete", "/api/partners/apps/{app}"), 204),
    "rotate its secret": (sends("post", "/api/partners/apps/{app}/rotate-secret", keep_old=True), 200),
    "grant access": (
        sends("post", "/api/partners/apps/{app}/grants", restaurant="{house}", scopes=["bookings:write"]), 200
    ),
    "end access": (sends("delete", "/api/partners/apps/{app}/grants/{grant}"), 204),
    "add a webhook": (
        sends("post", "/api/partners/webhooks", app="{app}", url="https://partner.example/other",
              event_types=["booking.confirmed"]),
        201,
    ),
    "change a webhook": (sends("patch", "/api/partners/webhooks/{endpoint}", description="Till"), 200),
    "remove a webhook": (sends("delete", "/api/partners/webhooks/{endpoint}"), 204),
    "challenge a webhook": (sends("post", "/api/partners/webhooks/{endpoint}/verify"), 202),
    "rotate its signing secret": (
        sends("post", "/api/partners/webhooks/{endpoint}/rotate-secret", keep_old=True), 200
    ),
    "change a role": (sends("patch", "/api/restaurants/{house}/members/{host}", role="manager"), 200),
    "remove a member": (sends("delete", "/api/restaurants/{house}/members/{host}"), 204),
    "invite": (
        sends("post", "/api/restaurants/{house}/invitations", email="ngozi@example.com", role="host"), 201
    ),
    "ask for an archive": (sends("post", "/api/account/export"), 202),
    "ask for erasure": (sends("post", "/api/account/erasure"), 202),
    "end another device": (sends("delete", "/api/auth/sessions/{device}"), 204),
    "change the password": (
        sends("post", "/api/auth/password/change", current_password=PASSWORD, new_password="suya and zobo for two"), 204
    ),
}  # fmt: skip


@pytest.fixture
def there(suya_spot: Restaurant, ada: User, app: PartnerApp, grant: PartnerGrant, endpoint: Endpoint) -> dict[str, Any]:
    host = member(suya_spot.pk, Role.HOST)
    return {
        "app": app.public_id,
        "grant": grant.public_id,
        "endpoint": endpoint.public_id,
        "house": suya_spot.public_id,
        "host": host.public_id,
        "device": another_device(ada).public_id,
    }


def another_device(user: User) -> TokenFamily:
    """Log in elsewhere; the code of the app is still unused."""
    elsewhere = Client()
    elsewhere.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    elsewhere.post(reverse("mfa_authenticate"), {"code": app_code()})
    return TokenFamily.objects.get(user=user)


class TestTheApi:
    @pytest.mark.parametrize("act", API)
    def test_lets_pass_only_who_has_just_shown_the_factor(
        self, signed_in: Client, there: dict[str, Any], act: str
    ) -> None:
        ask, status = API[act]
        before = everything()

        proved(signed_in, password=301, factor=301)
        of_long_ago = ask(signed_in, there)
        proved(signed_in, password=1, factor=301)
        with_the_password = ask(signed_in, there)

        for refused in (of_long_ago, with_the_password):
            assert (refused.status_code, refused.json()["code"]) == REFUSAL
        assert of_long_ago.json()["ways"] == ["mfa_reauthenticate"]
        assert everything() == before

        proved(signed_in, password=900, factor=200)
        passed = ask(signed_in, there)

        assert passed.status_code == status, passed.content

    def test_of_a_program_the_log_in_behind_its_token_counts(self, ada: User, suya_spot: Restaurant) -> None:
        program = Client(headers={"X-Client": "app"})
        named = {"email": ada.email, "password": PASSWORD}
        begun = program.post("/api/auth/login", named, content_type="application/json").json()
        done = program.post(
            "/api/auth/2fa/verify",
            {"code": app_code()},
            content_type="application/json",
            headers={"X-Session-Token": begun["session_token"]},
        ).json()
        held = {"Authorization": f"Bearer {done['access_token']}"}

        assert Client().post("/api/account/export", headers=held).status_code == 202
        session = sessions.SessionStore(TokenFamily.objects.filter(user=ada).latest("pk").session_key)
        session["account_authentication_methods"] = [{"method": "mfa", "at": time.time() - 301}]
        session.save()
        answer = Client().post("/api/account/export", headers=held)

        assert (answer.status_code, answer.json()["code"]) == REFUSAL

    def test_an_app_with_its_own_token_is_not_asked(self, client: Client, suya_spot: Restaurant) -> None:
        app, secret = an_app(restaurant_id=suya_spot.pk, scopes=[Scope.WEBHOOKS_MANAGE])
        given = {"url": "https://partner.example/hook", "event_types": ["booking.confirmed"]}

        answer = client.post(
            "/api/partners/webhooks",
            given,
            content_type="application/json",
            headers=bearing(fetch_token(app, secret)),
        )

        assert answer.status_code == 201, answer.content

    def test_looking_is_free(self, signed_in: Client, there: dict[str, Any]) -> None:
        proved(signed_in, password=301, factor=301)

        for path in ("/api/partners/webhooks", "/api/partners/apps", "/api/auth/sessions"):
            assert signed_in.get(path).status_code == 200


# --- Pages and the back office ---------------------------------------------------------------------------------------


@pytest.fixture
def request_of_a_guest() -> DataRequest:
    row = requests.take_request(
        kind=RequestKind.ERASE, name="Bola", email="bola@example.com", message="Why?", address="203.0.113.7"
    )
    row.proven_rows = {"bookings.Booking": []}
    row.proven_contact = "bola@example.com"
    row.save()
    return row


@pytest.fixture
def claim() -> ListingClaim:
    return ListingClaim.objects.create(
        restaurant=RestaurantFactory(status=RestaurantStatus.LISTED),
        claimant=UserFactory(),
        job="Owner",
        phone="+2348031234567",
        proof="It is ours.",
        opens=clock(12),
        closes=clock(22),
        tables_for_two=2,
    )


def given_back(client: Client, asked: Any) -> Any:
    """Prove who one is by the app, where a page led to."""
    assert asked.status_code == 302
    assert asked["Location"].startswith(reverse("mfa_reauthenticate")), asked["Location"]
    return client.post(asked["Location"], {"code": app_code()})


class TestTheBackOffice:
    @pytest.mark.parametrize("deed", ["answer", "archive", "erase"])
    def test_asks_before_a_request_is_dealt_with(
        self, signed_in: Client, request_of_a_guest: DataRequest, deed: str
    ) -> None:
        proved(signed_in, password=1, factor=301)
        before = everything()

        asked = signed_in.post(
            f"/admin/privacy/datarequest/{request_of_a_guest.pk}/{deed}/", {"answer": "We keep your number no more."}
        )
        assert everything() == before
        done = given_back(signed_in, asked)

        assert done.status_code == 302
        request_of_a_guest.refresh_from_db()
        assert {
            "answer": request_of_a_guest.answer == "We keep your number no more.",
            "archive": request_of_a_guest.exports.exists(),
            "erase": request_of_a_guest.erasures.exists(),
        }[deed]

    def test_asks_before_the_file_of_whom_a_breach_touches(self, signed_in: Client, ada: User) -> None:
        breach = Breach.objects.create(title="A lost laptop", what="It was left in a danfo.")
        path = f"/admin/privacy/breach/{breach.pk}/affected/"
        proved(signed_in, password=1, factor=301)
        before = everything()

        asked = signed_in.post(path, {"query": "accounts.everybody", "csv": "1"})
        assert everything() == before
        table = given_back(signed_in, asked)

        assert table["Content-Type"].startswith("text/csv")
        assert ada.email in table.content.decode()

    def test_asks_before_who_answers_for_the_data_is_changed(self, signed_in: Client) -> None:
        proved(signed_in, password=1, factor=301)

        asked = signed_in.post(reverse("admin:privacy_privacysettings_add"), {"controller": "Buka Ltd"})
        assert not PrivacySettings.objects.exists()
        given_back(signed_in, asked)

        assert PrivacySettings.load().controller == "Buka Ltd"

    @pytest.mark.parametrize("way", ["its page", "the list"])
    def test_asks_before_somebody_becomes_the_owner_of_a_listing(
        self, signed_in: Client, claim: ListingClaim, way: str
    ) -> None:
        proved(signed_in, password=1, factor=301)
        before = everything()

        if way == "its page":
            asked = signed_in.post(reverse("admin:restaurants_listingclaim_approve", args=[claim.pk]))
        else:
            chosen = {"action": "approve", "_selected_action": [claim.pk]}
            asked = signed_in.post(reverse("admin:restaurants_listingclaim_changelist"), chosen)
        assert everything() == before
        given_back(signed_in, asked)

        assert Membership.objects.get(user=claim.claimant).role == Role.OWNER

    def test_lets_pass_who_has_just_shown_the_factor(self, signed_in: Client, claim: ListingClaim) -> None:
        proved(signed_in, password=900, factor=200)

        signed_in.post(reverse("admin:restaurants_listingclaim_approve", args=[claim.pk]))

        assert Membership.objects.filter(user=claim.claimant).exists()


class TestOnesOwnAccount:
    @pytest.mark.parametrize("which", ["one", "all others"])
    def test_ending_devices_asks(self, signed_in: Client, ada: User, which: str) -> None:
        device = another_device(ada)
        proved(signed_in, password=1, factor=301)

        asked = signed_in.post(reverse("usersessions_list"), {"device": device.public_id} if which == "one" else {})
        device.refresh_from_db()
        assert device.revoked_at is None
        signed_in.post(asked["Location"], {"code": app_code(steps_ahead=1)})

        device.refresh_from_db()
        assert device.revoked_at is not None

    def test_changing_the_password_asks_for_the_factor_and_keeps_no_password(
        self, signed_in: Client, ada: User
    ) -> None:
        where = reverse("account_change_password")
        typed = {"oldpassword": PASSWORD, "password1": "suya and zobo for two", "password2": "suya and zobo for two"}
        proved(signed_in, password=1, factor=301)

        sent = signed_in.post(where, typed)
        asked = signed_in.get(sent["Location"])

        assert asked["Location"].startswith(reverse("mfa_reauthenticate"))
        ada.refresh_from_db()
        assert ada.check_password(PASSWORD)
        assert "zobo" not in str(dict(signed_in.session))

        form = signed_in.post(asked["Location"], {"code": app_code()})
        assert form["Location"] == where
        signed_in.post(where, typed)
        ada.refresh_from_db()
        assert ada.check_password("suya and zobo for two")

    def test_the_old_password_is_proof_enough_where_there_is_no_factor(self, client: Client) -> None:
        bola = person(email="bola@example.com")
        log_in(client, bola, second_factor=False)
        proved(client, password=3000)
        typed = {"oldpassword": PASSWORD, "password1": "suya and zobo for two", "password2": "suya and zobo for two"}

        client.post(reverse("account_change_password"), {**typed, "oldpassword": "not this one"})
        bola.refresh_from_db()
        assert bola.check_password(PASSWORD)
        client.post(reverse("account_change_password"), typed)

        bola.refresh_from_db()
        assert bola.check_password("suya and zobo for two")


class TestWhoHasNothingToBeAskedFor:
    """They came by a code or through Google: the only proof is to come that way again."""

    @pytest.fixture
    def chidi(self, client: Client) -> User:
        someone: User = UserFactory(email="chidi@example.com")
        someone.set_unusable_password()
        someone.save()
        log_in(client, someone, second_factor=False)
        return someone

    def test_goes_on_within_minutes(self, client: Client, chidi: User) -> None:
        assert client.get(reverse("privacy:erasure")).status_code == 200
        assert client.get(reverse("account_set_password")).status_code == 200

    @pytest.mark.parametrize("page", ["privacy:erasure", "privacy:export", "account_set_password"])
    def test_logs_in_anew_and_comes_back(self, client: Client, chidi: User, page: str) -> None:
        proved(client, password=301)

        asked = client.get(reverse(page))
        page_shown = client.get(asked["Location"])
        left = client.post(asked["Location"], {"next": reverse(page)})

        assert asked["Location"].startswith(reverse("account_logout"))
        assert "show us once more that it is you" in page_shown.content.decode()
        assert left["Location"] == reverse(page)
        assert client.get(left["Location"])["Location"].startswith(reverse("account_login"))

    def test_a_password_is_not_set_by_whoever_finds_the_phone(self, client: Client, chidi: User) -> None:
        proved(client, password=301)

        client.post(reverse("account_set_password"), {"password1": PASSWORD, "password2": PASSWORD})

        chidi.refresh_from_db()
        assert not chidi.has_usable_password()

    def test_the_api_names_no_way(self, client: Client, chidi: User) -> None:
        proved(client, password=301)

        answer = client.post("/api/account/erasure")

        assert (answer.status_code, answer.json()["code"]) == REFUSAL
        assert answer.json()["ways"] == []
        assert not Erasure.objects.exists()
