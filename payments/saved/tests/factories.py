"""Cards that somebody let us keep, written as the services leave them, and a thing to pay for that no booking knows."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from accounts.models import User
from core.encryption import blind_index
from core.ids import uuid7
from payments.gateways.base import Payer
from payments.models import PaymentRequest
from payments.saved import wording
from payments.saved.models import CardConsent, SavedMethod
from payments.saved.states import Purpose
from payments.states import Kind
from payments.subjects import Due, Named, Subject
from payments.tests.factories import a_request
from restaurants.tests.factories import RestaurantFactory

SUBJECTS = dict.fromkeys(("deposit", "fee", "guarantee"), "payments.saved.tests.factories.Evening")


@dataclass
class Known:
    restaurant_id: int
    kobo: int
    keeps_card: bool


EVENINGS: dict[UUID, Known] = {}


class Evening(Subject):
    """Evenings that tests ask money for."""

    def due(self, subject_id: UUID) -> Due | None:
        known = EVENINGS.get(subject_id)
        if known is None:
            return None
        return Due(
            restaurant_id=known.restaurant_id,
            title="An evening",
            amount_kobo=known.kobo,
            until=None,
            payer=Payer(email="ada@example.com", name="Ada Demo"),
            path="/",
            keeps_card=known.keeps_card,
        )

    def visible_to(self, subject_id: UUID, *, request: Any, token: str = "") -> bool:
        return subject_id in EVENINGS

    def named(self, subject_ids: Any) -> dict[UUID, Named]:
        return {number: Named("K7PX3M", "Ada Demo", "/", "/", None) for number in subject_ids if number in EVENINGS}


def an_evening(kind: str = Kind.FEE, *, kobo: int = 500_000) -> PaymentRequest:
    """Return a request to pay for an evening; a guarantee keeps its card."""
    place, number = RestaurantFactory(), uuid4()
    EVENINGS[number] = Known(place.pk, kobo, kind == Kind.GUARANTEE)
    return a_request(place, kobo, kind=kind, subject_id=number)


def a_card(holder: User | None = None, *, purpose: str = Purpose.NEXT_TIME, **more: Any) -> SavedMethod:
    """Return a saved card with a consent; `kind` and `subject_id` are what it was given with."""
    given = {"kind": Kind.DEPOSIT, "subject_id": uuid4()}
    given |= {name: more.pop(name) for name in ("kind", "subject_id") if name in more}
    last4 = more.pop("last4", "4081")
    made = SavedMethod.objects.create(
        holder=holder,
        last4=last4,
        **{
            "gateway": "paystack",
            "mode": "test",
            "token": f"AUTH_{uuid7().hex[-12:]}",
            "email": "ada@example.com",
            "card_index": blind_index(f"paystack\0{last4}", purpose="card"),
            "brand": "visa",
            "bank": "TEST BANK",
            "expires": "2030-12",
            **more,
        },
    )
    CardConsent.objects.create(method=made, purpose=purpose, version=wording.VERSION, language="en", **given)
    return made
