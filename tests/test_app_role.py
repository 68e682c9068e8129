"""The role of web and workers, with the rights that docs/operations/app-role.sql gives: adds proof, changes none."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts import services as people
from accounts.models import MembershipHistory  # type: ignore[attr-defined]
from accounts.privacy.models import Consent, Erased
from accounts.privacy.services import consents
from accounts.privacy.states import Door
from accounts.states import Role
from accounts.tests.factories import UserFactory, member
from bookings.models import AdvanceHistory, BookingHistory, FeeRowHistory, QueueHistory, StandbyHistory, TicketHistory
from bookings.services import Actor, cancel_booking, join_queue, join_waitlist
from bookings.states import EventRoom
from bookings.tests.factories import at, book, guest
from bookings.tests.ticket_factories import event_at, order
from core import audit
from core.audit.models import AuditCheckpoint, AuditEvent, AuditSeal
from payments import models as money
from payments.fraud.services import ruling
from payments.fraud.tests.factories import a_case, a_rule
from payments.ledger import models as books
from payments.ledger.tests.factories import a_deposit
from payments.receipts.models import Receipt, Series
from payments.settlement.models import IssuedStatement
from payments.settlement.services.accounts import call_off
from payments.settlement.states import AccountState
from payments.settlement.tests.factories import an_account
from payments.tests.factories import a_dispute, a_payment, a_refund
from restaurants.models import DishPriceHistory  # type: ignore[attr-defined]
from restaurants.tests.factories import ROUND_THE_CLOCK, DishPriceFactory, house

pytestmark = pytest.mark.django_db

GRANTS = Path(settings.BASE_DIR, "docs/operations/app-role.sql")
# Each with a change that somebody would like to make.
PROOF = {
    AuditEvent: "severity = 'info'",
    AuditSeal: "digest = ''",
    AuditCheckpoint: "seal_number = 0",
    MembershipHistory: "role = 'host'",
    DishPriceHistory: "kobo = 1",
    Consent: "version = 9",
    Erased: "pseudonym = ''",
    AdvanceHistory: "received_kobo = 0",
    BookingHistory: "to_status = 'confirmed'",
    StandbyHistory: "to_status = 'accepted'",
    QueueHistory: "to_status = 'seated'",
    TicketHistory: "amount_kobo = 1",
    FeeRowHistory: "amount_kobo = 1",
    money.PaymentRowHistory: "received_kobo = 1",
    money.RefundRowHistory: "amount_kobo = 1",
    money.DisputeRowHistory: "amount_kobo = 1",
    Receipt: "amount_kobo = 1",
    Series: "prefix = ''",
    books.Account: "currency = 'USD'",
    books.Transaction: "key = ''",
    books.Entry: "amount_kobo = 1",
}
# Not the documented name, so that no role of a server that tests run on is touched.
ROLE = "buka_app_of_a_test"


@pytest.fixture
def as_the_app() -> Iterator[None]:
    """Go on as a role that owns nothing; it ends with the test, as nothing here is committed."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN")
        cursor.execute(GRANTS.read_text().replace("buka_app", ROLE))
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def refuses(sql: str) -> bool:
    """Run a statement and tell whether the database refuses it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as error:
        assert "permission denied" in str(error) or "must be owner" in str(error) or "is refused" in str(error), error
        return True
    return False


def rows_of(model: Any) -> list[Any]:
    return list(model.objects.order_by("pk").values())


def test_it_is_no_superuser_and_owns_nothing(as_the_app: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
        assert cursor.fetchone() == (0,)


def test_it_does_its_work(as_the_app: None) -> None:
    restaurant = house(tables=(2, 4))
    host = member(restaurant.pk, Role.HOST)
    membership = host.memberships.get()
    people.change_role(membership=membership, role=Role.MANAGER, by=UserFactory(is_superuser=True))
    consents.choose(user=host, choices={"marketing": True}, door=Door.PAGE)
    consents.withdraw_all(user=host)
    Consent.objects.filter(user=host).update(address="", withdrawn_address="")
    booking = book(restaurant)
    cancel_booking(booking=booking, by=Actor.diner(None))
    for history in (BookingHistory, StandbyHistory, QueueHistory, TicketHistory):
        history.objects.update(reason="")
    Erased.objects.create(kind="account", fingerprint="f", erasure_id=host.public_id, pseudonym="Erased 1")
    Erased.objects.filter(erased_at__lt=timezone.now()).delete()
    audit.record("data.viewed", target=host)
    a_deposit(restaurant.pk)

    assert MembershipHistory.objects.filter(user=host).count() == 2
    assert Consent.objects.get(user=host).withdrawn_at is not None
    assert BookingHistory.objects.filter(booking=booking).exists()
    assert not Erased.objects.exists()
    assert AuditEvent.objects.filter(action="data.viewed").exists()
    assert books.Entry.objects.count() == 3


@pytest.mark.parametrize("model", PROOF, ids=lambda model: model.__name__)
def test_it_changes_no_proof(as_the_app: None, model: Any) -> None:
    given_one_of_each()
    before, table = rows_of(model), model._meta.db_table

    assert refuses(f"UPDATE {table} SET {PROOF[model]}")
    # The forgotten are forgotten on the list, too, by retention.
    assert model is Erased or refuses(f"DELETE FROM {table}")
    assert refuses(f"TRUNCATE {table}")
    assert refuses(f"TRUNCATE {table} CASCADE")

    assert rows_of(model) == before


@pytest.mark.parametrize("model", PROOF, ids=lambda model: model.__name__)
def test_it_switches_no_trigger_off(as_the_app: None, model: Any) -> None:
    given_one_of_each()
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgtype & 32 > 0",
            [table],
        )
        ((trigger,),) = cursor.fetchall()

    assert refuses(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    assert refuses(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    assert refuses(f"DROP TRIGGER {trigger} ON {table}")
    assert refuses(f"DROP TABLE {table} CASCADE")
    assert refuses(f"ALTER TABLE {table} OWNER TO {ROLE}")
    assert refuses("SET LOCAL session_replication_role = replica")


def test_it_replaces_a_rule_against_fraud_and_rewrites_neither_rule_nor_decision(as_the_app: None) -> None:
    rule = a_rule("amount", 5, "hold")
    decision = a_case(house()).decision

    assert ruling.change_rule(rule=rule, by=None, threshold=6).version == 2

    assert refuses("UPDATE fraud_rule SET threshold = 7")
    assert refuses("DELETE FROM fraud_rule")
    assert refuses("UPDATE fraud_decision SET answer = 'allow'")
    assert refuses("UPDATE fraud_hit SET measured = 0")
    decision.refresh_from_db()
    assert decision.answer == "hold"


def test_it_pays_houses_and_rewrites_no_account_and_no_statement(as_the_app: None) -> None:
    place = house()
    account = an_account(place, state=AccountState.CONFIRMED)
    now = timezone.now()
    IssuedStatement.objects.create(
        restaurant=place, since=now - timedelta(days=1), until=now, known_before=now, known_by=now, opening_kobo=0,
        closing_kobo=0,
    )  # fmt: skip

    assert call_off(account=account, by=None).state == AccountState.CALLED_OFF

    assert refuses("UPDATE settlement_payoutaccount SET bank_code = '057', last4 = '0000'")
    assert refuses("DELETE FROM settlement_payoutaccount")
    assert refuses("UPDATE settlement_issuedstatement SET closing_kobo = 1")
    assert refuses("DELETE FROM settlement_issuedstatement")
    assert refuses("DELETE FROM settlement_payout")


def test_no_trigger_s_function_can_be_replaced(as_the_app: None) -> None:
    assert refuses("CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    assert refuses("CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'")
    assert refuses("DROP FUNCTION audit_refuse() CASCADE")


@pytest.mark.parametrize("model", PROOF, ids=lambda model: model.__name__)
def test_not_even_the_owner_empties_proof_by_accident(model: Any) -> None:
    given_one_of_each()
    before = rows_of(model)

    assert refuses(f"TRUNCATE {model._meta.db_table} CASCADE")

    assert rows_of(model) == before


def test_every_table_that_refuses_to_be_changed_refuses_to_be_emptied() -> None:
    """A new table of proof is found by its triggers and belongs into PROOF, and into the statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            # 2, 8, 16, 32: before, DELETE, UPDATE, TRUNCATE; no function of these lets every change pass.
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE NOT tgisinternal AND tgtype & 2 > 0 AND tgtype & 56 > 0 AND prosrc ILIKE '%RAISE EXCEPTION%'"
        )
        guarded = {table for (table,) in cursor.fetchall()}

    assert guarded == {model._meta.db_table for model in PROOF}


def given_one_of_each() -> None:
    """Write rows as the role does; a checkpoint cannot be made: the seal it names has to be two years old."""
    restaurant = house(tables=(2, 4), hours=ROUND_THE_CLOCK)
    host = member(restaurant.pk, Role.HOST)
    consents.choose(user=host, choices={"marketing": True}, door=Door.PAGE)
    book(restaurant)
    book(restaurant, party_size=4, guest=guest(2))
    terms = {"deposit_kobo_per_guest": 1_000_000, "deposit_from_party": 1, "deposit_due": "before"}
    book(house(tables=(2,), policy=terms), guest=guest(3))
    join_waitlist(
        restaurant_id=restaurant.pk,
        party_size=2,
        earliest=at("19:00"),
        latest=at("19:30"),
        guest=guest(3),
        by=Actor.diner(None),
    )
    join_queue(restaurant_id=restaurant.pk, party_size=2, by=Actor.staff(host))
    order(event_at(restaurant, room=EventRoom.NONE), Ticket=1)
    a_deposit(restaurant.pk)
    paid = a_payment(restaurant)
    a_refund(paid)
    a_dispute(paid)
    Erased.objects.create(kind="account", fingerprint="f", erasure_id=host.public_id, pseudonym="Erased 1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now = cursor.fetchone()[0]
    AuditSeal.objects.create(number=1, at=now, era=1, last_tx=1, last_id=1, rows=1, leaves=b"x" * 40, digest="d" * 64)
    DishPriceFactory()
    with connection.cursor() as cursor:
        # Else TRUNCATE is refused for what is still to be checked, and not by the trigger.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
