"""What is counted for each payment is found by an index, however many payments there have been."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.tests.factories import UserFactory
from core.testing import QueryPlan, count_rows_anew, query_plans
from payments.fraud.measures import Facts, measure
from payments.fraud.models import Attempt, Case
from payments.fraud.services import reminding
from payments.fraud.states import RuleKind
from payments.fraud.tests.factories import a_payment
from payments.models import Payment
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db

MANY = 20_000
ATTEMPTS, PAYMENTS = Attempt._meta.db_table, Payment._meta.db_table
WITHIN = timedelta(days=30)
INDEXES = {
    RuleKind.CARD: "payments_by_card",
    RuleKind.CARD_PEOPLE: "payments_by_card",
    RuleKind.DEVICE: "attempts_by_device",
    RuleKind.PHONE: "attempts_by_phone",
    RuleKind.ADDRESS: "attempts_by_address",
    RuleKind.AMOUNT_HOUSE: "attempts_at_a_restaurant",
}


@pytest.fixture
def busy_month() -> Facts:
    """Twenty thousand payments of a month, copied in the database, and one that is looked at."""
    ada = UserFactory()
    first = a_payment(card="verve", device="d", address_index="a", phone_index="p", payer=ada)
    houses = [RestaurantFactory() for _number in range(40)]
    with connection.cursor() as cursor:
        # Filling takes longer than a page may.
        cursor.execute("SET LOCAL statement_timeout = 0")
        _copy(cursor, Payment, first.pk, {
            "public_id": "gen_random_uuid()", "reference": "'r' || n", "gateway_id": "'g' || n", "payer_id": "NULL",
            "card_index": "md5((n %% 9000)::text)", "created_at": "now() - n * interval '2 minutes'",
        })  # fmt: skip
        cursor.execute(
            "INSERT INTO fraud_attempt (request_id, payment_id, restaurant_id, payer_id, device, address_index, "
            "phone_index, email_index, amount_kobo, created_at) "
            "SELECT request_id, id, (%s::bigint[])[1 + id %% 40], NULL, md5((id %% 8000)::text), "
            "md5((id %% 3000)::text), md5((id %% 7000)::text), md5((id %% 7000)::text), amount_kobo, created_at "
            "FROM payments_payment WHERE id <> %s",
            [[house.pk for house in houses], first.pk],
        )
    count_rows_anew()
    attempt = Attempt.objects.get(payment=first)
    return Facts(
        now=timezone.now(), restaurant_id=_busy(), amount_kobo=2_000_000, payer_id=ada.pk, payer_since=ada.date_joined,
        device="d", address_index="a", phone_index="p", email_index=attempt.email_index,
        card_index=first.card_index, card_country="NG", payment_id=first.pk,
    )  # fmt: skip


def _busy() -> int:
    return int(Restaurant.objects.order_by("-pk").values_list("pk", flat=True)[0])


def _copy(cursor: Any, model: Any, pk: int, instead: dict[str, str]) -> None:
    columns = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    taken = ", ".join(instead.get(column, f'"{column}"') for column in columns)
    named = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    cursor.execute(
        f'INSERT INTO {table} ({named}) SELECT {taken} FROM {table}, generate_series(1, {MANY}) AS n WHERE "id" = %s',
        [pk],
    )


def whole_scans(plans: list[QueryPlan]) -> list[str]:
    """Return the statements that read a whole table of attempts or payments."""
    big = (ATTEMPTS, PAYMENTS)
    return [
        plan.sql
        for plan in plans
        if any(node["Node Type"] == "Seq Scan" and node.get("Relation Name") in big for node in plan.nodes)
    ]


def test_every_kind_of_rule_is_answered_by_an_index(busy_month: Facts):
    looked = 0
    for kind in RuleKind:
        plans = [
            plan
            for table in (ATTEMPTS, PAYMENTS)
            for plan in query_plans(lambda kind=kind: measure(kind, busy_month, WITHIN), about=table)
        ]
        assert whole_scans(plans) == [], kind
        looked += len(plans)
    assert looked >= 12

    # Velocity has an index of its own, and the queue of what waits is short whatever has been.
    for kind, index in INDEXES.items():
        table = PAYMENTS if index.startswith("payments") else ATTEMPTS
        plans = query_plans(lambda kind=kind: measure(kind, busy_month, WITHIN), about=table)
        assert any(index in plan.indexes for plan in plans), (kind, [plan.indexes for plan in plans])
    plans = query_plans(reminding.remind, about=Case._meta.db_table)
    assert plans
    assert whole_scans(plans) == []
