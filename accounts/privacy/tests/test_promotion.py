"""What promotes something asks for consent twice: when it is written, and when it leaves."""

import dataclasses

import pytest

from accounts.privacy.models import Consent
from accounts.privacy.services import consents, erasing
from accounts.privacy.states import Door
from accounts.tests.factories import UserFactory
from notifications import catalogue, services
from notifications.models import Message
from notifications.states import Status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def offers(monkeypatch):
    """A kind with words of its own, sent to promote something."""
    offer = dataclasses.replace(catalogue.KINDS["claim.received"], purpose=catalogue.Purpose.PROMOTIONAL)
    monkeypatch.setitem(catalogue.KINDS, "claim.received", offer)


def offer(to: str) -> Message:
    return services.send(
        kind="claim.received", to=to, context={"name": "Bola", "restaurant_name": "Mama Put"}, dedupe_key="offer:1"
    )


def test_reaches_who_agreed():
    user = UserFactory()
    consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)

    assert offer(user.email).status == Status.WAITING


@pytest.mark.parametrize("who", ["never asked", "took it back", "wants to go", "nobody"])
def test_is_not_even_written_to_others(who):
    user = UserFactory()
    consents.choose(user=user, choices={"marketing": who != "never asked"}, door=Door.PAGE)
    if who == "took it back":
        consents.choose(user=user, choices={"marketing": False}, door=Door.PAGE)
    if who == "wants to go":
        erasing.request_erasure(user=user)

    with pytest.raises(services.NoConsent):
        offer("nobody@example.com" if who == "nobody" else user.email)

    assert not Message.objects.filter(kind="claim.received").exists()


def test_does_not_leave_once_consent_was_taken_back():
    user = UserFactory()
    consents.choose(user=user, choices={"marketing": True}, door=Door.PAGE)
    written = offer(user.email)

    consents.choose(user=user, choices={"marketing": False}, door=Door.PAGE)

    assert not services.send_one(message_id=written.pk)
    written.refresh_from_db()
    assert written.status == Status.OUTDATED
    assert Consent.objects.get().withdrawn_at is not None
