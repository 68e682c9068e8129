"""The people of the demo city. Addresses reach nobody; password and secrets are known, and for development only."""

import base64
import hashlib
from dataclasses import dataclass, field
from urllib.parse import urlencode

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.second_factor.services import enrol
from accounts.services import add_member, give_platform_role
from accounts.states import PlatformRole, Role
from restaurants.models import Restaurant

PASSWORD = "eat-well-tonight"  # noqa: S105  (printed on the screen of everybody who starts the demo)


@dataclass(frozen=True)
class Person:
    """A demo person; `sees` ends the line that names their log-in."""

    email: str
    name: str
    role: str
    sees: str
    language: str = "en"
    platform_role: PlatformRole | None = None
    works_at: dict[str, Role] = field(default_factory=dict)

    @property
    def is_staff(self) -> bool:
        return self.platform_role is not None or bool(self.works_at)

    @property
    def secret(self) -> str:
        """What their authenticator app was set up with; the same wherever the demo is loaded."""
        return base64.b32encode(hashlib.sha256(f"Buka demo: {self.email}".encode()).digest()[:10]).decode()


PEOPLE = [
    Person(
        "admin@example.com",
        "Demo admin",
        "Platform admin",
        "every restaurant, and the claims of listings",
        platform_role=PlatformRole.ADMIN,
    ),
    Person(
        "owner@example.com",
        "Demo owner",
        "Owner",
        "Agbalumo Terrace, with its staff",
        works_at={"agbalumo-terrace": Role.OWNER},
    ),
    Person(
        "manager@example.com",
        "Demo manager",
        "Manager",
        "Agbalumo Terrace, all but its staff",
        works_at={"agbalumo-terrace": Role.MANAGER},
    ),
    Person(
        "host@example.com",
        "Demo host",
        "Host",
        "tonight at Agbalumo Terrace",
        works_at={"agbalumo-terrace": Role.HOST},
    ),
    Person(
        "owner2@example.com",
        "Demo owner of two",
        "Owner of two",
        "Lagoon & Locust and Danfo & Dodo",
        works_at={"lagoon-and-locust": Role.OWNER, "danfo-and-dodo": Role.OWNER},
    ),
    Person(
        "manager.kano@example.com",
        "Demo manager in Kano",
        "Manager, in Hausa",
        "Dala Tuwo House",
        language="ha",
        works_at={"dala-tuwo-house": Role.MANAGER},
    ),
    Person(
        "courier@example.com",
        "Demo courier",
        "Courier",
        "their account; deliveries follow",
        works_at={"agbalumo-terrace": Role.COURIER},
    ),
    Person(
        "translator@example.com",
        "Demo translator",
        "Translator",
        "how far each language is translated",
        language="yo",
        platform_role=PlatformRole.TRANSLATOR,
    ),
    *(
        Person(f"diner{number}@example.com", f"Demo diner {number}", "Diner", "their own bookings", language=language)
        for number, language in enumerate(("en", "ha", "ar", "yo", "ig", "en"), start=1)
    ),
]
DINERS = [person.email for person in PEOPLE if not person.is_staff]


def load_people(restaurants: dict[str, Restaurant]) -> None:
    """Make the demo people and give them their places in these restaurants; who is there already stays as they are.

    In production nobody can log in as one of them: password and secrets are known to everybody.
    """
    # One hash serves all: it is the same published password, and hashing is made to be slow.
    password = make_password(None if settings.IS_PRODUCTION else PASSWORD)
    for person in PEOPLE:
        user, is_new = User.objects.get_or_create(
            email=person.email, defaults={"name": person.name, "language": person.language, "password": password}
        )
        if is_new:
            _settle(user, person, restaurants)


def _settle(user: User, person: Person, restaurants: dict[str, Restaurant]) -> None:
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    for slug, role in person.works_at.items():
        add_member(user=user, restaurant_id=restaurants[slug].pk, role=role)
    if person.platform_role is not None:
        give_platform_role(user=user, role=person.platform_role)
    if person.is_staff and not settings.IS_PRODUCTION:
        enrol(user, person.secret)


def login_lines() -> list[str]:
    """Return a line for each kind of log-in: role, address, password, what they see, and their one-time codes."""
    shown = [person for person in PEOPLE if person.email not in DINERS[2:]]
    widths = [max(len(text) for text in column) for column in zip(*((p.role, p.email) for p in shown), strict=True)]
    return [f"{p.role:<{widths[0]}}  {p.email:<{widths[1]}}  {PASSWORD}  sees {p.sees}{_codes(p)}" for p in shown]


def _codes(person: Person) -> str:
    if not person.is_staff:
        return ""
    if settings.SANDBOX_URL is None:
        return f"; one-time codes from the secret {person.secret}"
    asked = urlencode({"secret": person.secret, "name": person.email.partition("@")[0]})
    return f"; one-time codes: {settings.SANDBOX_URL.rstrip('/')}/authenticator/?{asked}"
