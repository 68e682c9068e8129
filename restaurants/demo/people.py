"""The people of the demo city. Addresses at example.com reach nobody, and the password is for development only."""

from dataclasses import dataclass, field

from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.services import add_member
from accounts.states import Role
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
    is_admin: bool = False
    works_at: dict[str, Role] = field(default_factory=dict)


PEOPLE = [
    Person(
        "admin@example.com",
        "Demo admin",
        "Platform admin",
        "every restaurant, and the claims of listings",
        is_admin=True,
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
    *(
        Person(f"diner{number}@example.com", f"Demo diner {number}", "Diner", "their own bookings", language=language)
        for number, language in enumerate(("en", "ha", "ar", "yo", "ig", "en"), start=1)
    ),
]
DINERS = [person.email for person in PEOPLE if not person.is_admin and not person.works_at]


def load_people(restaurants: dict[str, Restaurant]) -> None:
    """Make the demo people and give them their places in these restaurants; who is there already stays as they are."""
    # One hash serves all: it is the same published password, and hashing is made to be slow.
    password = make_password(PASSWORD)
    for person in PEOPLE:
        user, is_new = User.objects.get_or_create(
            email=person.email,
            defaults={
                "name": person.name,
                "language": person.language,
                "password": password,
                "is_staff": person.is_admin,
                "is_superuser": person.is_admin,
            },
        )
        if is_new:
            for slug, role in person.works_at.items():
                add_member(user=user, restaurant_id=restaurants[slug].pk, role=role)


def login_lines() -> list[str]:
    """Return a line for each kind of log-in: role, address, password, what they see."""
    shown = [person for person in PEOPLE if person.email not in DINERS[2:]]
    widths = [max(len(text) for text in column) for column in zip(*((p.role, p.email) for p in shown), strict=True)]
    return [f"{p.role:<{widths[0]}}  {p.email:<{widths[1]}}  {PASSWORD}  sees {p.sees}" for p in shown]
