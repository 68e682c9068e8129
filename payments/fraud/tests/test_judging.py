"""What the rules measure and answer, at each of the two moments."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent
from payments.fraud import errors, reasons
from payments.fraud.measures import Facts, measure
from payments.fraud.models import Attempt, Case, Decision, Rule
from payments.fraud.services import judging, ruling
from payments.fraud.services.judging import Sender
from payments.fraud.states import Answer, CaseState, Moment, RuleKind
from payments.fraud.tests.factories import Dinner, a_dinner, a_payment, a_rule, default_rules, only
from payments.models import PaymentRequest
from payments.states import Kind, PaymentState
from payments.subjects import Background

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def facts(**known: Any) -> Facts:
    given = {"now": timezone.now(), "restaurant_id": 0, "amount_kobo": 2_000_000, **known}
    return Facts(**given)


def of_paid(payment: Any) -> Facts:
    return judging.facts_when_paid(payment, now=timezone.now())


def asked(request: PaymentRequest, **sender: Any) -> judging.Verdict:
    due = Dinner().due(request.subject_id)
    assert due is not None
    return judging.before(
        request=request, sender=Sender(email="ada@example.com", **sender), amount_kobo=2_000_000, due=due
    )


class TestMeasures:
    @pytest.mark.parametrize(
        ("kind", "mark"),
        [(RuleKind.DEVICE, "device"), (RuleKind.ADDRESS, "address_index"), (RuleKind.PHONE, "phone_index")],
    )
    def test_the_same_again_counts_what_is_looked_at_and_what_lies_within(self, kind, mark):
        for minutes in (10, 50, 70):
            a_payment(ago=timedelta(minutes=minutes), **{mark: "x"})
        a_payment(**{mark: "another"})

        assert measure(kind, facts(**{mark: "x"}), HOUR) == 3
        assert measure(kind, facts(), HOUR) is None

    def test_a_payment_that_is_looked_at_is_counted_once(self):
        a_payment(device="x", ago=timedelta(minutes=5))
        this = a_payment(device="x")

        assert measure(RuleKind.DEVICE, of_paid(this), HOUR) == 2

    def test_the_same_account_again(self):
        ada = UserFactory()
        a_payment(payer=ada)
        a_payment(payer=UserFactory())

        assert measure(RuleKind.ACCOUNT, facts(payer_id=ada.pk), HOUR) == 2

    def test_the_same_card_and_how_many_people_have_it(self):
        for number in range(3):
            a_payment(card="verve", email=f"{number}@example.com")
        a_payment(card="visa", email="9@example.com")
        this = a_payment(card="verve", email="0@example.com")

        assert measure(RuleKind.CARD, of_paid(this), HOUR) == 4
        assert measure(RuleKind.CARD_PEOPLE, of_paid(this), HOUR) == 3

    def test_many_cards_of_one_device_or_account(self):
        ada = UserFactory()
        for number in range(3):
            a_payment(card=f"card {number}", device="x")
        a_payment(card="one more", payer=ada)
        this = a_payment(card="card 0", device="x", payer=ada)

        assert measure(RuleKind.MANY_CARDS, of_paid(this), HOUR) == 3
        assert measure(RuleKind.MANY_CARDS, facts(device="x"), HOUR) is None

    def test_only_what_a_bank_declined_is_a_failure(self):
        a_payment(device="x", state=PaymentState.FAILED)
        a_payment(device="x", state=PaymentState.EXPIRED)
        down = a_payment(device="x", state=PaymentState.FAILED)
        down.checkout_url = ""
        down.save()

        assert measure(RuleKind.FAILURES, facts(device="x"), HOUR) == 1

    def test_an_amount_in_naira(self):
        assert measure(RuleKind.AMOUNT, facts(amount_kobo=12_345_678), HOUR) == 123_456

    def test_an_amount_against_what_they_pay_otherwise_needs_a_history(self):
        ada = UserFactory()
        for _number in range(3):
            a_payment(payer=ada)
        assert measure(RuleKind.AMOUNT_PAYER, facts(payer_id=ada.pk, amount_kobo=20_000_000), HOUR) is None

        a_payment(payer=ada)

        assert measure(RuleKind.AMOUNT_PAYER, facts(payer_id=ada.pk, amount_kobo=20_000_000), HOUR) == 1_000

    def test_somebody_without_an_account_is_known_by_their_address(self):
        payments = [a_payment(email="ada@example.com") for _number in range(4)]

        found = measure(RuleKind.AMOUNT_PAYER, facts(email_index=payments[0].email_index, amount_kobo=4_000_000), HOUR)

        assert found == 200

    def test_an_amount_against_what_is_paid_there_otherwise(self):
        first = a_payment()
        here = first.request.restaurant
        for _number in range(19):
            a_payment(a_dinner(here))
        a_payment(amount_kobo=900_000_000)

        assert measure(RuleKind.AMOUNT_HOUSE, facts(restaurant_id=here.pk, amount_kobo=6_000_000), HOUR) == 300
        assert measure(RuleKind.AMOUNT_HOUSE, facts(restaurant_id=0), HOUR) is None

    @pytest.mark.parametrize(("country", "found"), [("NG", 0), ("ng", 0), ("GB", 1), ("", None)])
    def test_the_country_of_a_card(self, country, found):
        assert measure(RuleKind.COUNTRY, facts(card_country=country), HOUR) == found

    def test_a_party_counts_while_the_account_is_new(self):
        now = timezone.now()

        assert measure(RuleKind.NEW_ACCOUNT, facts(payer_since=now, party_size=14, now=now), HOUR) == 14
        assert measure(RuleKind.NEW_ACCOUNT, facts(payer_since=now - 2 * HOUR, party_size=14, now=now), HOUR) == 0
        assert measure(RuleKind.NEW_ACCOUNT, facts(party_size=14), HOUR) is None

    def test_the_share_that_went_back(self):
        ada = UserFactory()
        for kobo in (0, 2_000_000, 2_000_000, 1):
            a_payment(payer=ada, refunded_kobo=kobo)

        assert measure(RuleKind.REFUNDS, facts(payer_id=ada.pk), HOUR) == 75

    def test_a_sum_that_only_shows_that_a_card_works_says_nothing_of_what_is_usual(self):
        ada = UserFactory()
        for _number in range(4):
            asked = a_dinner(kobo=10_000)
            PaymentRequest.objects.filter(pk=asked.pk).update(kind=Kind.GUARANTEE)
            a_payment(asked, payer=ada, refunded_kobo=10_000)

        assert measure(RuleKind.REFUNDS, facts(payer_id=ada.pk), HOUR) is None
        assert measure(RuleKind.AMOUNT_PAYER, facts(payer_id=ada.pk), HOUR) is None

    def test_the_share_to_which_nobody_came(self):
        assert measure(RuleKind.NO_SHOWS, facts(bookings_over=5, no_shows=3), HOUR) == 60
        assert measure(RuleKind.NO_SHOWS, facts(bookings_over=2, no_shows=2), HOUR) is None

    def test_every_kind_is_measured_and_has_words(self):
        for kind in RuleKind:
            measure(kind, facts(), HOUR)
            assert reasons.reasons_for([kind])


class TestBefore:
    def test_a_first_payment_begins_and_is_kept_with_its_figures(self):
        default_rules()
        request = a_dinner()

        verdict = asked(request, device="x", address="203.0.113.7")
        decision = judging.note_begun(verdict=verdict, payment=a_bare_payment(request))

        assert (decision.answer, decision.moment) == (Answer.ALLOW, Moment.BEGIN)
        assert decision.inputs["device/60"] == 1
        assert not decision.hits.exists()
        kept = Attempt.objects.get()
        assert "203.0.113.7" not in str(vars(kept))
        assert len(kept.address_index) == 64

    def test_too_often_asks_for_a_proof_and_lets_who_gave_it_begin(self):
        only((RuleKind.DEVICE, 3, Answer.STEP_UP))
        for _number in range(2):
            a_payment(device="x")
        request = a_dinner()

        with pytest.raises(judging.Stopped) as stopped:
            asked(request, device="x")
        told = judging.refuse(request=request, verdict=stopped.value.verdict)
        proven = asked(request, device="x", by=UserFactory(), is_proven=True)

        assert isinstance(told, errors.ProofNeeded)
        assert told.details["reasons"] == ["Payments were begun many times on the same device."]
        assert (proven.answer, proven.stops) == (Answer.STEP_UP, False)

    def test_the_strictest_answer_counts(self):
        only(
            (RuleKind.DEVICE, 1, Answer.STEP_UP), (RuleKind.AMOUNT, 1, Answer.REFUSE), (RuleKind.PHONE, 1, Answer.ALLOW)
        )
        request = a_dinner()

        with pytest.raises(judging.Stopped) as stopped:
            asked(request, device="x", is_proven=True)
        told = judging.refuse(request=request, verdict=stopped.value.verdict)

        assert isinstance(told, errors.NotLetBegin)
        decision = Decision.objects.get()
        assert decision.answer == Answer.REFUSE
        assert decision.hits.count() == 3
        # What only notes is no reason.
        assert sorted(reasons.kinds_of(decision)) == ["amount", "device"]
        assert AuditEvent.objects.filter(action="fraud.stopped").count() == 1
        # It counts as a try, though no payment came of it.
        assert Attempt.objects.get().payment is None

    def test_what_holds_says_nothing_before_the_money_has_come(self):
        only((RuleKind.AMOUNT, 1, Answer.HOLD))

        assert asked(a_dinner()).answer == Answer.ALLOW

    def test_a_house_s_own_rule_stands_in_place_of_the_general_one_of_its_kind(self):
        only((RuleKind.AMOUNT, 1, Answer.REFUSE))
        request = a_dinner()
        a_rule(RuleKind.AMOUNT, 1_000_000, Answer.REFUSE, restaurant=request.restaurant)

        assert asked(request).answer == Answer.ALLOW
        with pytest.raises(judging.Stopped):
            asked(a_dinner())

    def test_a_rule_leaves_small_amounts_alone(self):
        only()
        a_rule(RuleKind.DEVICE, 1, Answer.REFUSE, least_naira=20_001)

        assert asked(a_dinner(), device="x").answer == Answer.ALLOW

    def test_a_rule_out_of_force_says_nothing(self):
        only()
        a_rule(RuleKind.DEVICE, 1, Answer.REFUSE, is_active=False)

        assert asked(a_dinner(), device="x").hits == ()

    def test_the_number_of_who_booked_says_nothing_of_who_pays_a_share(self):
        request = a_dinner()
        request.is_share = True

        assert asked(request).facts.phone_index == ""
        assert asked(a_dinner()).facts.phone_index != ""


def a_bare_payment(request: PaymentRequest) -> Any:
    payment = a_payment(request)
    Attempt.objects.filter(payment=payment).delete()
    return payment


class TestWhenPaid:
    def test_nothing_to_say_counts_at_once(self):
        default_rules()
        payment = a_payment(card="verve", card_country="NG")

        assert judging.holds(payment=payment) == ""
        assert Decision.objects.get(payment=payment).answer == Answer.ALLOW
        assert not Case.objects.exists()

    def test_a_large_amount_by_a_foreign_card_waits_for_a_person(self):
        default_rules()
        payment = a_payment(card="visa", card_country="GB", amount_kobo=40_000_000)

        assert judging.holds(payment=payment) == "rules: country"

        case = Case.objects.get()
        assert (case.payment, case.state) == (payment, CaseState.OPEN)
        assert reasons.reasons_of(case.decision) == ["The card comes from another country."]

    def test_a_foreign_card_alone_is_only_noted(self):
        default_rules()
        payment = a_payment(card="visa", card_country="GB")

        assert judging.holds(payment=payment) == ""
        assert [hit.rule.kind for hit in Decision.objects.get().hits.all()] == ["country"]

    def test_what_would_not_have_been_let_begin_is_held_and_not_given_back_by_a_program(self):
        only((RuleKind.AMOUNT, 1, Answer.REFUSE))
        payment = a_payment()

        assert judging.holds(payment=payment)
        assert Decision.objects.get().answer == Answer.HOLD

    def test_a_guest_who_seldom_comes_is_known_to_the_rules(self):
        only((RuleKind.NO_SHOWS, 50, Answer.HOLD))
        request = a_dinner(background=Background(2, bookings_over=4, no_shows=2))

        assert judging.holds(payment=a_payment(request))

    def test_cards_tried_out_one_after_the_other_are_held(self):
        default_rules()
        held = [judging.holds(payment=a_payment(card=f"card {number}", device="x")) for number in range(5)]

        assert held == ["", "", "", "rules: many_cards", "rules: many_cards"]


class TestVersions:
    def test_a_change_makes_a_version_and_leaves_the_old_one_with_its_decisions(self):
        (rule,) = only((RuleKind.AMOUNT, 1, Answer.HOLD))
        judging.holds(payment=a_payment())
        boss = UserFactory(is_superuser=True)

        made = ruling.change_rule(rule=rule, by=boss, threshold=500_000)

        rule.refresh_from_db()
        assert (rule.threshold, rule.version) == (1, 1)
        assert rule.replaced_at is not None
        assert (made.threshold, made.version, made.made_by) == (500_000, 2, boss)
        assert Decision.objects.get().hits.get().rule == rule
        assert judging.holds(payment=a_payment()) == ""
        event = AuditEvent.objects.get(action="fraud.rule_changed")
        assert (event.actor_id, event.details["fields"]) == (boss.public_id, ["threshold"])

    def test_saving_without_a_change_makes_none(self):
        (rule,) = only((RuleKind.AMOUNT, 1, Answer.HOLD))

        assert ruling.change_rule(rule=rule, by=None, threshold=1) == rule
        assert Rule.objects.filter(series=rule.series).count() == 1

    @pytest.mark.parametrize("answer", [Answer.STEP_UP, Answer.REFUSE])
    def test_a_card_cannot_be_asked_about_before_it_is_known(self, answer):
        with pytest.raises(errors.RuleDoesNotFit):
            a_rule(RuleKind.CARD, 3, answer)

    def test_the_rules_that_buka_begins_with_fit(self):
        default_rules()

        assert Rule.objects.filter(is_active=True, replaced_at=None).count() >= 15


def test_figures_that_are_kept_name_nobody():
    default_rules()
    request = a_dinner(phone="+2348039999999")
    ada = UserFactory(email="ada@unheardof.example", phone="+2348039999999")
    verdict = asked(request, device="d" * 64, by=ada, address="203.0.113.7")

    decision = judging.note_begun(verdict=verdict, payment=a_bare_payment(request))

    assert len(decision.inputs) >= 5
    assert all(value is None or isinstance(value, int) for value in decision.inputs.values())
    assert "9999999" not in str(vars(Attempt.objects.get()))
