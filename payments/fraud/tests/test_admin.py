"""The rules and the queue in the back office: for those who run the platform, and nobody else."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.states import Role
from accounts.tests.back_office import filled_in
from accounts.tests.factories import UserFactory, log_in, member
from core.audit.models import AuditEvent
from payments.fraud.models import Case, Rule
from payments.fraud.services import judging
from payments.fraud.states import Answer, CaseState, RuleKind
from payments.fraud.tests import factories
from payments.fraud.tests.factories import a_payment, only
from payments.models import Payment, Refund
from payments.states import Review
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db

QUEUE, RULES, DECISIONS = (reverse(f"admin:fraud_{name}_changelist") for name in ("case", "rule", "decision"))


@pytest.fixture
def boss() -> Client:
    browser = Client()
    log_in(browser, UserFactory(is_superuser=True, is_staff=True, name="Bola Boss"))
    return browser


@pytest.fixture
def held() -> Case:
    """A held payment, beside others of the same card."""
    only((RuleKind.CARD, 3, Answer.HOLD))
    for number in range(2):
        a_payment(card="verve", email=f"{number}@example.com", device="x")
    factories.held(a_payment(card="verve", device="x"))
    return Case.objects.get()


def look(case: Case, browser: Client, **sent: str) -> str:
    answer = browser.post(reverse("admin:fraud_case_look", args=[case.pk]), sent, follow=True)
    return str(answer.content.decode())


class TestTheQueue:
    def test_what_waits_the_longest_comes_first_and_what_was_looked_at_last(self, boss, held):
        second = a_payment(card="verve")
        judging.holds(payment=second)
        done = a_payment(card="verve")
        judging.holds(payment=done)
        Case.objects.filter(payment=done).update(state=CaseState.LET_THROUGH, closed_at=held.opened_at)

        rows = boss.get(QUEUE).context["cl"].result_list

        assert [case.payment for case in rows] == [held.payment, second, done]

    def test_a_case_says_why_with_the_history_of_the_card_and_device(self, boss, held):
        page = boss.get(reverse("admin:fraud_case_change", args=[held.pk])).content.decode()

        assert "The same card again: 3 times ≥ 3 times" in page
        others = Payment.objects.exclude(pk=held.payment_id)
        assert all(other.reference in page for other in others)
        assert "card, device" in page or "card and device" in page
        assert "ada@example.com" not in page

    def test_let_through_with_a_note(self, boss, held):
        page = look(held, boss, let="1", note="Called: it is her.")

        held.refresh_from_db()
        assert "the payer is told" in page
        assert (held.state, held.note) == (CaseState.LET_THROUGH, "Called: it is her.")
        assert held.closed_by is not None and held.closed_by.name == "Bola Boss"
        assert held.payment is not None
        held.payment.refresh_from_db()
        assert held.payment.review == Review.RELEASED

    def test_given_back_with_a_note(self, boss, held):
        look(held, boss, back="1", note="Stolen.")

        assert Refund.objects.get().payment_id == held.payment_id

    def test_without_a_note_nothing_is_decided(self, boss, held):
        page = look(held, boss, let="1", note=" ")

        held.refresh_from_db()
        assert "Please write why" in page
        assert held.state == CaseState.OPEN

    def test_no_card_number_is_taken_with_a_note(self, boss, held):
        look(held, boss, let="1", note="4084 0840 8408 4081")

        held.refresh_from_db()
        assert held.state == CaseState.OPEN

    def test_whoever_logged_in_long_ago_is_asked_again(self, boss, held):
        session = boss.session
        session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
        session.save()

        answer = boss.post(reverse("admin:fraud_case_look", args=[held.pk]), {"let": "1", "note": "Fine."})

        held.refresh_from_db()
        assert answer.status_code == 302
        assert held.state == CaseState.OPEN


class TestRules:
    def test_a_change_makes_a_new_version(self, boss):
        (rule,) = only((RuleKind.DEVICE, 8, Answer.STEP_UP))
        where = reverse("admin:fraud_rule_change", args=[rule.pk])

        answer = boss.post(where, filled_in(boss.get(where), threshold=12, note="Too many false alarms."))

        assert answer.status_code == 302
        present = Rule.objects.get(series=rule.series, replaced_at=None)
        assert (present.version, present.threshold, present.note) == (2, 12, "Too many false alarms.")
        rule.refresh_from_db()
        assert (rule.version, rule.threshold) == (1, 8)
        assert AuditEvent.objects.filter(action="fraud.rule_changed").count() == 1
        page = boss.get(reverse("admin:fraud_rule_change", args=[present.pk])).content.decode()
        assert "Bola Boss" in page
        assert boss.get(where).status_code == 404

    def test_a_new_one_is_in_force_at_once(self, boss):
        where = reverse("admin:fraud_rule_add")
        said = {"kind": "amount", "window_minutes": 60, "threshold": 5, "least_naira": 0, "answer": "hold"}

        answer = boss.post(where, {**said, "is_active": "on", "note": "", "restaurant": ""})

        assert answer.status_code == 302, answer.context["adminform"].form.errors
        rule = Rule.objects.get(threshold=5)
        assert (rule.version, rule.made_by is not None) == (1, True)

    def test_one_that_could_never_answer_is_refused_beside_its_answer(self, boss):
        before = Rule.objects.count()
        said = {"kind": "card", "window_minutes": 60, "threshold": 5, "least_naira": 0, "answer": "refuse"}

        answer = boss.post(reverse("admin:fraud_rule_add"), {**said, "is_active": "on"})

        assert answer.status_code == 200
        assert list(answer.context["adminform"].form.errors) == ["answer"]
        assert Rule.objects.count() == before

    def test_none_is_deleted(self, boss):
        (rule,) = only((RuleKind.DEVICE, 8, Answer.STEP_UP))

        assert boss.post(reverse("admin:fraud_rule_delete", args=[rule.pk]), {"post": "yes"}).status_code == 403


class TestDecisions:
    def test_each_shows_all_its_figures(self, boss, held):
        page = boss.get(reverse("admin:fraud_decision_change", args=[held.decision_id])).content.decode()

        assert "The same card again (60 minutes): 3 times" in page
        assert boss.get(DECISIONS).status_code == 200


@pytest.mark.parametrize("where", [QUEUE, RULES, DECISIONS, reverse("admin:fraud_rule_add")])
def test_a_house_s_owner_does_not_come_in(held, where):
    browser = Client()
    log_in(browser, member(house().pk, Role.OWNER))

    assert browser.get(where).status_code == 403
    assert browser.post(reverse("admin:fraud_case_look", args=[held.pk]), {"let": "1", "note": "x"}).status_code == 403
    held.refresh_from_db()
    assert held.state == CaseState.OPEN
