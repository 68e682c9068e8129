"""What an archive says of the rules, and what an erasure and the nightly retention leave."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from core import personal_data
from core.personal_data import Subject
from payments.fraud import collectors, erasers
from payments.fraud.models import Attempt, Case, Decision
from payments.fraud.services import judging, looking
from payments.fraud.states import Answer, RuleKind
from payments.fraud.tests.factories import a_payment, only
from payments.models import Payment
from payments.states import Review

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Subject:
    user = UserFactory()
    only((RuleKind.AMOUNT, 1, Answer.HOLD))
    payment = a_payment(payer=user, device="x", phone_index="p", address_index="a")
    judging.holds(payment=payment)
    Payment.objects.filter(pk=payment.pk).update(review=Review.HELD)
    looking.appeal(token=payment.request.token, words="It is my wedding.")
    a_payment(email="else@example.com", device="y")
    return Subject(user_id=user.pk, public_id=user.public_id, emails=frozenset({user.email}))


def test_an_archive_tells_what_was_decided_and_why(ada):
    (section,) = collectors.COLLECTORS

    (row,) = section.rows(ada)

    assert (row["answer"], row["why"]) == ("hold", ["The amount is very large."])
    assert row["what_you_wrote"] == "It is my wedding."
    assert row["asked_for_a_person_at"] is not None


def test_an_erasure_leaves_what_was_decided_and_nothing_to_know_them_by(ada):
    (step,) = erasers.ERASERS

    first, second = step.erase(ada), step.erase(ada)

    assert (first.gone, second.gone) == (1, 0)
    assert Attempt.objects.get().device == "y"
    assert Case.objects.get().appeal == ""
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(("days", "marked", "there"), [(80, 2, 2), (100, 0, 2), (400, 0, 0)])
def test_marks_go_after_three_months_and_attempts_after_a_year(ada, days, marked, there):
    Attempt.objects.update(created_at=timezone.now() - timedelta(days=days))
    for policy in personal_data.policies():
        if policy.name in ("fraud.marks", "fraud.attempts"):
            policy.sweep(timezone.now() - policy.keep, 100)

    assert Attempt.objects.exclude(device="").count() == marked
    assert Attempt.objects.count() == there
