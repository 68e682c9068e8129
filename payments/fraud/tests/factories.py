"""Payments for the rules to look at, for a dinner that no booking knows, and the rules that Buka begins with."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from core.encryption import blind_index
from payments.fraud.models import Attempt, Case, Decision, Hit, Rule
from payments.fraud.services import judging, ruling
from payments.fraud.states import Answer, Moment
from payments.gateways.base import Channel, Mode, Payer
from payments.models import Payment, PaymentRequest
from payments.services import bookkeeping
from payments.services.beginning import new_reference
from payments.states import PaymentState, Review
from payments.subjects import Background, Due, Subject
from payments.tokens import hash_of, new_token
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

SUBJECTS = {"deposit": "payments.fraud.tests.factories.Dinner"}


TWO = Background(2)


@dataclass
class Table:
    """What Dinner knows of one dinner."""

    restaurant_id: int
    kobo: int = 2_000_000
    background: Background = TWO
    phone: str = "+2348031234567"


DINNERS: dict[UUID, Table] = {}


class Dinner(Subject):
    """Dinners that tests have laid a table for."""

    def due(self, subject_id: UUID) -> Due | None:
        table = DINNERS.get(subject_id)
        if table is None:
            return None
        return Due(
            restaurant_id=table.restaurant_id,
            title="Dinner",
            amount_kobo=table.kobo,
            until=None,
            payer=Payer(email="ada@example.com", name="Ada Demo", phone=table.phone),
            path="/",
        )

    def background(self, subject_id: UUID) -> Background:
        table = DINNERS.get(subject_id)
        return table.background if table else Background()


def a_dinner(restaurant: Restaurant | None = None, **known: Any) -> PaymentRequest:
    """Return a request to pay for a dinner."""
    restaurant = restaurant or RestaurantFactory()
    number, token = uuid4(), new_token()
    DINNERS[number] = Table(restaurant.pk, **known)
    return PaymentRequest.objects.create(
        token=token,
        token_hash=hash_of(token),
        kind="deposit",
        subject_id=number,
        restaurant=restaurant,
        amount_kobo=DINNERS[number].kobo,
    )


def a_payment(
    request: PaymentRequest | None = None, *, ago: timedelta = timedelta(), card: str = "", **more: Any
) -> Payment:
    """Return a payment that has come, with its attempt; `card` is any word for a card, the rest is the attempt's."""
    request = request or a_dinner()
    state = PaymentState(more.pop("state", PaymentState.SUCCEEDED))
    when: datetime = timezone.now() - ago
    email = more.pop("email", "ada@example.com")
    of_payment = {name: more.pop(name) for name in ("card_country", "refunded_kobo", "review") if name in more}
    kobo = more.pop("amount_kobo", request.amount_kobo)
    payment = Payment.objects.create(
        request=request,
        gateway="paystack",
        mode=Mode.TEST,
        reference=new_reference(),
        gateway_id=new_reference()[5:],
        state=state,
        amount_kobo=kobo,
        received_kobo=kobo if state == PaymentState.SUCCEEDED else 0,
        paid_at=when if state == PaymentState.SUCCEEDED else None,
        channel=Channel.CARD,
        payer=more.get("payer"),
        email=email,
        card_index=blind_index(card, purpose="card"),
        card_last4="4081" if card else "",
        checkout_url="https://gateway.example/pay",
        expires_at=when + timedelta(minutes=30),
        credited_at=when if state == PaymentState.SUCCEEDED else None,
        **of_payment,
    )
    Payment.objects.filter(pk=payment.pk).update(created_at=when)
    marks = {"email_index": payment.email_index, **more}
    Attempt.objects.create(
        request=request, payment=payment, restaurant=request.restaurant, amount_kobo=kobo, created_at=when, **marks
    )
    payment.refresh_from_db()
    return payment


def held(payment: Payment) -> Payment:
    """Have the rules hold a payment, as settling does, and write it into the books."""
    payment.reason, payment.review, payment.credited_at = judging.holds(payment=payment), Review.HELD, None
    payment.save()
    bookkeeping.captured(payment)
    return payment


def a_case(restaurant: Restaurant, *, words: str = "", email: str = "ada@example.com") -> Case:
    """Return a held payment of a house, by a rule of its own, whose payer has asked for a person."""
    rule = a_rule("amount", 10**9, "hold", restaurant=restaurant)
    payment = a_payment(a_dinner(restaurant), review=Review.HELD, email=email)
    decision = Decision.objects.create(moment=Moment.PAID, request=payment.request, payment=payment, answer=Answer.HOLD)
    Hit.objects.create(decision=decision, rule=rule, measured=10**9)
    now = timezone.now()
    return Case.objects.create(
        request=payment.request, payment=payment, decision=decision, appeal=words, appealed_at=now, note=words
    )


def a_rule(kind: str, threshold: int, answer: str, **more: Any) -> Rule:
    """Return a rule in force, with no others beside it of its kind."""
    said = {"window_minutes": 60, "least_naira": 0, "restaurant": None, "is_active": True, "note": "", **more}
    return ruling.make_rule(by=said.pop("by", None), kind=kind, threshold=threshold, answer=answer, **said)


def only(*rules: tuple[str, int, str]) -> list[Rule]:
    """Return these rules, the only ones in force."""
    Rule.objects.update(is_active=False)
    return [a_rule(*rule) for rule in rules]


def default_rules() -> None:
    """Put the rules that Buka begins with in force, and no others."""
    Rule.objects.update(is_active=False)
    rows = import_module("payments.fraud.migrations.0002_default_rules").RULES
    for kind, window, threshold, least, answer, note in rows:
        a_rule(kind, threshold, answer, window_minutes=window, least_naira=least, note=note)
