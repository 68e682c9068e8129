"""People who have an account there."""

import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    email: str
    is_verified: bool = True
    locale: str = "en"
    note: str = ""

    def claims(self) -> dict[str, Any]:
        """Return the person as an ID token describes them."""
        given, _space, family = self.name.partition(" ")
        said: dict[str, Any] = {"sub": subject(self.key), "name": self.name, "given_name": given, "locale": self.locale}
        if family:
            said["family_name"] = family
        if self.email:
            said |= {"email": self.email, "email_verified": self.is_verified}
        return said


def subject(key: str) -> str:
    """Return the number that stands for a person, the same at each log-in."""
    return str(10**20 + int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big"))


PEOPLE = {
    person.key: person
    for person in (
        Person("ada", "Ada Obi", "ada.obi@example.com", note="verified e-mail address"),
        Person("bola", "Bola Adéyẹmí", "bola@example.com", locale="yo", note="verified e-mail address, speaks Yorùbá"),
        Person("chidi", "Chidi Eze", "chidi@example.com", is_verified=False, note="e-mail address not verified"),
        Person(
            "zainab", "Zainab Musa", "zainab@example.com", locale="ha", note="verified e-mail address, speaks Hausa"
        ),
        Person("emeka", "Emeka Okafor", "", note="gives no e-mail address"),
    )
}


def somebody(name: str, email: str, *, is_verified: bool) -> Person:
    """Return a person of one's own making; the address, else the name, makes them the same person next time."""
    name = " ".join(name.split())[:100] or "Somebody"
    return Person(f"made:{email.strip().lower() or name}", name, email.strip()[:254], is_verified)
