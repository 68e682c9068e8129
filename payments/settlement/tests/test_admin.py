"""Houses' money in the back office: accounts, payouts, statements."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from accounts.states import Role
from accounts.tests.factories import UserFactory, log_in, member
from core.audit.models import AuditEvent
from localization.formatting import HOME_ZONE
from notifications.models import Message
from payments.settlement.banks import check_digit, looks_mistyped
from payments.settlement.errors import TermsTooLate
from payments.settlement.models import IssuedStatement, Payout, PayoutAccount, SettlementTerms
from payments.settlement.retention import POLICIES, unused_accounts
from payments.settlement.services import accounts, issuing, payouts
from payments.settlement.services.terms import save_terms
from payments.settlement.states import AccountState, PayoutState
from payments.settlement.tests.factories import a_house, an_account, sold, some_terms
from restaurants.models import Restaurant
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
ADD = reverse("admin:settlement_payoutaccount_add")


@pytest.fixture
def place() -> Restaurant:
    return a_house()


def signed_in(person: User) -> Client:
    browser = Client()
    log_in(browser, person)
    return browser


@pytest.fixture
def owner(place) -> Client:
    return signed_in(member(place.pk, Role.OWNER))


@pytest.fixture
def boss() -> Client:
    return signed_in(UserFactory(is_superuser=True, is_staff=True, name="Bola Boss"))


def text_of(answer) -> str:
    return answer.content.decode()


class TestNamingAnAccount:
    def ask(self, browser: Client, place: Restaurant, number: str = "0690000031") -> str:
        answer = browser.post(ADD, {"restaurant": place.pk, "bank_code": "044", "number": number})
        return text_of(answer)

    def confirm(self, browser: Client, page: str):
        found = re.search(r'name="signed" value="([^"]+)"', page)
        assert found
        return browser.post(ADD, {"signed": found[1]}, follow=True)

    def test_shows_the_name_and_keeps_it_once_confirmed(self, owner, place, sandbox):
        other = member(place.pk, Role.OWNER)

        page = self.ask(owner, place)

        assert "DEMO ACCOUNT 0031" in page
        assert not PayoutAccount.objects.exists()
        assert "0690000031" not in page

        self.confirm(owner, page)

        account = PayoutAccount.objects.get()
        assert (account.state, account.holder, account.last4) == (AccountState.ACTIVE, "DEMO ACCOUNT 0031", "0031")
        assert set(Message.objects.filter(kind="payout.account").values_list("recipient", flat=True)) >= {other.email}
        assert Message.objects.count() == 2
        assert AuditEvent.objects.filter(action="settlement.account_named").exists()

    def test_of_a_second_waits_can_be_called_off_and_is_used_after_its_time(self, owner, place, sandbox, settings):
        old = an_account(place)
        self.confirm(owner, self.ask(owner, place))
        waiting = PayoutAccount.objects.get(state=AccountState.CONFIRMED)
        assert waiting.active_from - waiting.confirmed_at == timedelta(hours=48)
        assert accounts.activate_due() == 0

        owner.post(reverse("admin:settlement_payoutaccount_call_off", args=[waiting.pk]))

        waiting.refresh_from_db()
        assert waiting.state == AccountState.CALLED_OFF
        self.confirm(owner, self.ask(owner, place))
        assert accounts.activate_due(now=timezone.now() + timedelta(hours=49)) == 1
        old.refresh_from_db()
        assert old.state == AccountState.REPLACED
        assert PayoutAccount.objects.get(state=AccountState.ACTIVE).last4 == "0031"

    @pytest.mark.parametrize("state", [AccountState.REFUSED, AccountState.REPLACED])
    def test_after_one_that_was_refused_waits(self, place, state):
        an_account(place, state=state)

        found = accounts.Found("044", "0690000031", "ADA")
        made = accounts.name_account(restaurant_id=place.pk, found=found, by=None)

        assert made.state == AccountState.CONFIRMED

    def test_says_how_long_a_change_waits(self, owner, settings):
        settings.PAYOUT_ACCOUNT_WAITS = timedelta(hours=72)

        assert "a change after 72 hours" in text_of(owner.get(ADD))

    def test_of_nobody_is_refused(self, owner, place, sandbox):
        assert "The bank knows no account with this number." in self.ask(owner, place, "0690000404")
        assert "An account number has ten digits." in self.ask(owner, place, "069")
        assert not PayoutAccount.objects.exists()

    def test_is_for_owners_alone(self, place, boss, sandbox):
        manager = signed_in(member(place.pk, Role.MANAGER))
        stranger = signed_in(member(RestaurantFactory().pk, Role.OWNER))

        assert manager.get(ADD).status_code == 403
        assert boss.get(ADD).status_code == 403
        assert "Select a valid choice" in self.ask(stranger, place)
        assert not PayoutAccount.objects.exists()

    def test_confirmed_by_somebody_else_is_not_kept(self, owner, place, sandbox):
        page = self.ask(owner, place)
        other = signed_in(member(place.pk, Role.OWNER))

        assert self.confirm(other, page).status_code == 422
        assert not PayoutAccount.objects.exists()

    def test_a_manager_does_not_see_whose_it_is(self, place, owner):
        account = an_account(place, holder="CHIDI DEMO")
        where = reverse("admin:settlement_payoutaccount_change", args=[account.pk])
        manager = signed_in(member(place.pk, Role.MANAGER))

        assert "CHIDI DEMO" in text_of(owner.get(where))
        page = text_of(manager.get(where))
        assert "CHIDI DEMO" not in page
        assert "6789" in page


class TestTheCheckDigit:
    @pytest.mark.parametrize(("bank", "number"), [("011", "0000014579"), ("058", "0152792740"), ("044", "0690000031")])
    def test_is_the_central_bank_s(self, bank, number):
        digit = check_digit(bank, number[:9])

        assert looks_mistyped(bank, number) is (digit != int(number[9]))
        assert not looks_mistyped(bank, f"{number[:9]}{digit}")
        assert looks_mistyped(bank, f"{number[:9]}{(digit + 1) % 10}")

    def test_of_the_rule_s_own_example_is_nine(self):
        assert check_digit("011", "000001457") == 9

    def test_is_not_asked_of_wallets(self):
        assert not looks_mistyped("999992", "8012345678")


class TestPayouts:
    @pytest.fixture
    def payout(self, place, settings) -> Payout:
        settings.PAYOUTS_BY = "file"
        an_account(place)
        sold(place, 1_000_000)
        return payouts.draft(restaurant_id=place.pk)

    def test_are_approved_listed_and_noted_by_the_platform(self, boss, payout):
        def act(name: str, **sent: str) -> str:
            where = reverse(f"admin:settlement_payout_{name}", args=[payout.pk])
            assert "8,925" in text_of(boss.get(where)) or name != "approve"
            boss.post(where, sent)
            payout.refresh_from_db()
            return payout.state

        assert act("approve") == PayoutState.APPROVED
        listed = boss.post(reverse("admin:settlement_payout_list"))
        rows = list(csv.reader(io.StringIO(text_of(listed))))
        assert (rows[1][1], rows[1][4], rows[1][5]) == ("058", "8925.00", payout.reference)
        assert act("paid", bank_reference="FT1") == PayoutState.PAID
        assert act("returned", why="Closed") == PayoutState.RETURNED

    def test_on_a_list_are_listed_again_only_after_a_page_that_warns(self, boss, owner, payout):
        again = reverse("admin:settlement_payout_list_again")
        boss.post(reverse("admin:settlement_payout_approve", args=[payout.pk]))
        boss.post(reverse("admin:settlement_payout_list"))

        assert payout.reference not in text_of(boss.post(reverse("admin:settlement_payout_list")))
        page = text_of(boss.get(again))
        assert "the bank pays twice what is uploaded twice" in page
        assert payout.reference not in page
        assert payout.reference in text_of(boss.post(again))
        assert owner.post(again).status_code == 403

    def test_are_only_seen_by_the_house(self, owner, payout):
        where = reverse("admin:settlement_payout_change", args=[payout.pk])

        assert payout.reference in text_of(owner.get(where))
        assert owner.get(reverse("admin:settlement_payout_approve", args=[payout.pk])).status_code == 404
        assert owner.get(reverse("admin:settlement_payout_draft")).status_code == 403
        assert owner.post(reverse("admin:settlement_payout_list")).status_code == 403

    def test_are_drafted_on_demand(self, boss, place, payout):
        payouts.call_off(payout=payout, by=None)

        boss.post(reverse("admin:settlement_payout_draft"), {"restaurant": place.pk})

        assert Payout.objects.filter(state=PayoutState.DRAFTED).count() == 1


class TestTerms:
    def test_are_made_by_the_platform_and_seen_by_the_house(self, boss, owner, place):
        add = reverse("admin:settlement_settlementterms_add")
        sent = {
            "restaurant": place.pk, "starts_on": "2020-06-01", "way": "payout", "period": "daily",
            "least_payout_kobo": "2500", "deposit_basis_points": 0, "tickets_basis_points": 0, "fee_basis_points": 0,
            "order_basis_points": 0, "per_guest_kobo": 0, "bears_fee": "buka", "note": "",
        }  # fmt: skip
        assert "The restaurant has other terms on some of these days." in text_of(boss.post(add, sent))
        terms = SettlementTerms.objects.get()
        assert owner.get(add).status_code == 403
        where = reverse("admin:settlement_settlementterms_change", args=[terms.pk])
        assert owner.get(where).status_code == 200
        SettlementTerms.objects.update(fee_basis_points=125, order_basis_points=275, per_guest_kobo=15_000)
        listed = text_of(owner.get(reverse("admin:settlement_settlementterms_changelist")))
        assert all(part in listed for part in ("1.25%", "2.75%", "₦150"))

        SettlementTerms.objects.update(ends_on="2020-06-01")
        assert boss.post(add, sent).status_code == 302
        assert AuditEvent.objects.filter(action="settlement.terms_made").count() == 1
        assert SettlementTerms.objects.order_by("-pk")[0].least_payout_kobo == 250_000

        sold(place, 1_000_000)
        today = timezone.localdate().isoformat()
        refused = text_of(boss.post(where, {"ends_on": today, "note": ""}))
        assert "Terms change from tomorrow on at the earliest" in refused
        assert SettlementTerms.objects.get(pk=terms.pk).ends_on.isoformat() == "2020-06-01"

    def test_mistakes_are_told_beside_the_field(self, boss, place):
        SettlementTerms.objects.all().delete()
        now = some_terms(place, starts_on="2026-01-01", ends_on="2099-01-01")
        some_terms(place, starts_on="2099-01-01", ends_on="2099-06-01")
        where = reverse("admin:settlement_settlementterms_change", args=[now.pk])
        for ends_on, said in (
            ("2099-02-01", "The restaurant has other terms on some of these days."),
            ("", "The restaurant has other terms on some of these days."),
            ("2025-12-31", "The terms would end before they begin."),
            ("9999-12-31", "Please choose a day from 2020 to 2099."),
        ):
            answer = boss.post(where, {"ends_on": ends_on, "note": ""})
            assert answer.status_code == 200
            assert said in text_of(answer), ends_on

    @pytest.mark.parametrize(
        ("starts", "ends", "changes", "fits"),
        [
            (10, None, {"starts_on": -5}, False),
            (10, None, {"starts_on": 20}, True),
            (10, None, {"tickets_basis_points": 500}, True),
            (-10, None, {"tickets_basis_points": 500}, False),
            (-10, None, {"ends_on": 1, "note": "Until then"}, True),
            (-10, None, {"ends_on": 0}, False),
            (-10, -5, {"ends_on": None}, False),
            (-10, -5, {"ends_on": 5}, False),
            (-10, -5, {"note": "Over"}, True),
            (None, None, {"starts_on": 0}, False),
            (None, None, {"starts_on": 1}, True),
        ],
    )
    def test_never_change_what_held_up_to_today(self, starts, ends, changes, fits):
        today = timezone.localdate(timezone=HOME_ZONE)

        def day(number: int | None):
            return None if number is None else today + timedelta(days=number)

        house = RestaurantFactory()
        sold(house, 1_000_000)
        row = SettlementTerms(restaurant=house)
        if starts is not None:
            row = some_terms(house, starts_on=day(starts), ends_on=day(ends))
        for name, value in changes.items():
            setattr(row, name, day(value) if name.endswith("_on") else value)

        if fits:
            assert save_terms(terms=row, by=None).pk
        else:
            with pytest.raises(TermsTooLate):
                save_terms(terms=row, by=None)


class TestStatements:
    @pytest.mark.parametrize(("since", "until"), [("9999-06-01", "9999-06-02"), ("0001-01-01", "0001-01-02")])
    def test_of_no_time_are_refused(self, owner, place, since, until):
        sold(place, 1_000_000)
        where = reverse("admin:settlement_issuedstatement_range")
        api = {"restaurant": place.public_id, "from": since, "until": until}

        assert owner.get(where, {"since": since, "until": until}).status_code == 422
        assert owner.get("/api/payments/statements", api).status_code == 400

    def test_are_shown_and_downloaded(self, owner, place):
        sold(place, 1_000_000)
        where = reverse("admin:settlement_issuedstatement_range")

        page = text_of(owner.get(where))
        sheet = text_of(owner.get(f"{where}?as=csv"))

        assert "8,925" in page
        rows = list(csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff"))))
        assert [row["kind"] for row in rows] == ["opening", "sale", "closing"]
        assert rows[1]["net"] == "8925.00"
        assert {row["date"][-6:] for row in rows} == {"+01:00"}
        assert rows[2]["balance"] == "8925.00"
        paper = owner.get(f"{where}?as=pdf")
        assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
        assert f"buka-statement-{slugify(place.name)}-" in paper["Content-Disposition"]

    def test_that_were_issued_stay_as_they_were(self, owner, place):
        sold(place, 1_000_000, ago=timedelta(days=1))
        issuing.issue_due(now=timezone.now() + 2 * issuing.CLOSES_AFTER)
        row = IssuedStatement.objects.get()

        page = text_of(owner.get(reverse("admin:settlement_issuedstatement_change", args=[row.pk])))

        assert "8,925" in page
        assert place.name in page

    def test_of_another_house_are_not_there(self, place):
        other = member(RestaurantFactory().pk, Role.OWNER)
        where = reverse("admin:settlement_issuedstatement_range")

        answer = signed_in(other).get(where, {"restaurant": place.pk})

        assert answer.status_code == 422
        assert place.name not in text_of(answer)


def test_of_accounts_that_were_never_used_the_number_goes_after_three_months(place) -> None:
    long_ago = timezone.now() - timedelta(days=91)
    unused = an_account(place, state=AccountState.CALLED_OFF, ended_at=long_ago)
    paid = an_account(place, state=AccountState.REPLACED, ended_at=long_ago)
    sold(place, 1_000_000)
    payout = Payout(restaurant=place, account=paid, reference="buka-po-1", until=timezone.now())
    payout.owed_kobo = payout.amount_kobo = 1
    payout.save()

    [policy] = [each for each in POLICIES if each.name == "settlement.unused_accounts"]
    assert list(unused_accounts(timezone.now() - policy.keep)) == [unused]
