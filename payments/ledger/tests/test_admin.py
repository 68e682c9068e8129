"""The books in the back office: read by those who run the platform, and edited by nobody."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.services import give_platform_role
from accounts.states import PlatformRole, Role
from accounts.tests.factories import UserFactory, log_in, member
from core.ids import uuid7
from payments.ledger import chart, postings, selectors, services
from payments.ledger.models import Account, Entry, Transaction
from payments.ledger.states import TransactionKind
from payments.ledger.tests.factories import NOON, a_deposit, write
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Transaction:
    place = house(name="Mama Put", slug="mama-put", tables=(2,))
    return a_deposit(place.pk, 1_250_050, payment=uuid7(), restaurant_id=place.pk, key="payment:1:captured")


@pytest.fixture
def platform(client: Client) -> Client:
    person = UserFactory()
    give_platform_role(user=person, role=PlatformRole.ADMIN)
    log_in(client, person)
    return client


def addresses(posted: Transaction) -> list[str]:
    account = Account.objects.get(kind="deposits_held")
    return [
        reverse("admin:ledger_account_changelist"),
        reverse("admin:ledger_account_change", args=[account.pk]),
        reverse("admin:ledger_transaction_changelist"),
        reverse("admin:ledger_transaction_change", args=[posted.pk]),
    ]


def body(client: Client, where: str, **asked: Any) -> str:
    answer = client.get(where, asked)
    assert answer.status_code == 200
    return answer.content.decode()


class TestAccounts:
    def test_stand_with_their_balances(self, platform: Client, books: Transaction) -> None:
        page = body(platform, reverse("admin:ledger_account_changelist"))

        assert "Mama Put" in page
        assert "₦12,500.50" in page
        assert "₦12,250.50" in page

    def test_show_their_latest_entries(self, platform: Client, books: Transaction) -> None:
        retained = postings.deposit_retained(house=books.restaurant_id or 0, amount_kobo=250_050)
        write(TransactionKind.DEPOSIT_RETAINED, retained)
        account = Account.objects.get(kind="deposits_held")

        page = body(platform, reverse("admin:ledger_account_change", args=[account.pk]))

        assert "-₦2,500.50" in page
        assert "₦10,000" in page
        assert reverse("admin:ledger_transaction_change", args=[books.pk]) in page

    def test_of_points_are_no_money(self, platform: Client) -> None:
        write(TransactionKind.POINTS_AWARDED, postings.points_awarded(owner_id=uuid7(), points=4_200))

        page = body(platform, reverse("admin:ledger_account_changelist"), kind__exact="points")

        assert "4,200" in page
        assert "₦" not in page

    def test_are_found_by_their_restaurant(self, platform: Client, books: Transaction) -> None:
        a_deposit(house(name="Elsewhere", slug="elsewhere", tables=(2,)).pk)

        page = body(platform, reverse("admin:ledger_account_changelist"), q="mama")

        assert "Mama Put" in page
        assert "Elsewhere" not in page

    def test_cost_as_many_queries_however_many_there_are(
        self, platform: Client, books: Transaction, django_assert_max_num_queries: Any
    ) -> None:
        for _each in range(8):
            a_deposit(house(tables=(2,)).pk)

        with django_assert_max_num_queries(20):
            body(platform, reverse("admin:ledger_account_changelist"))


class TestTransactions:
    def test_show_both_sides_and_link_to_their_accounts(self, platform: Client, books: Transaction) -> None:
        page = body(platform, reverse("admin:ledger_transaction_change", args=[books.pk]))

        assert "payment:1:captured" in page
        assert page.count("₦12,500.50") >= 2
        for entry in books.entries.all():
            assert reverse("admin:ledger_account_change", args=[entry.account_id]) in page

    def test_are_found_by_key_payment_and_number(self, platform: Client, books: Transaction) -> None:
        other = a_deposit(house(tables=(2,)).pk, key="payment:2:captured")

        for asked in ("payment:1", books.payment_id, books.pk, f" {books.about_id} "):
            page = body(platform, reverse("admin:ledger_transaction_changelist"), q=asked)
            assert "payment:1:captured" in page, asked
            assert "payment:2:captured" not in page, asked
        assert str(other.pk) not in body(platform, reverse("admin:ledger_transaction_changelist"), q="nothing")

    def test_that_were_reversed_name_each_other(self, platform: Client, books: Transaction) -> None:
        undone = services.reverse(books, happened_at=NOON)

        page = body(platform, reverse("admin:ledger_transaction_change", args=[books.pk]))
        back = body(platform, reverse("admin:ledger_transaction_change", args=[undone.pk]))

        assert reverse("admin:ledger_transaction_change", args=[undone.pk]) in page
        assert reverse("admin:ledger_transaction_change", args=[books.pk]) in back or "payment:1:captured" in back


class TestNobody:
    def test_else_comes_in(self, client: Client, books: Transaction) -> None:
        for where in addresses(books):
            assert client.get(where).status_code == 302
        log_in(client, member(books.restaurant_id, Role.OWNER))

        for where in addresses(books):
            assert client.get(where).status_code in (403, 404)

    def test_edits(self, platform: Client, books: Transaction) -> None:
        account = Account.objects.get(kind="deposits_held")
        before = [list(model.objects.order_by("pk").values()) for model in (Account, Transaction, Entry)]

        for name, row in (("account", account), ("transaction", books)):
            for act in ("change", "delete"):
                where = reverse(f"admin:ledger_{name}_{act}", args=[row.pk])
                assert platform.post(where, {"note": "x", "currency": "USD", "post": "yes"}).status_code == 403
            assert platform.get(reverse(f"admin:ledger_{name}_add")).status_code == 403

        assert [list(model.objects.order_by("pk").values()) for model in (Account, Transaction, Entry)] == before
        assert selectors.balance(chart.deposits_held(books.restaurant_id or 0)) == 1_250_050
