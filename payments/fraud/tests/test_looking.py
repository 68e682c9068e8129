"""A person's look: asked for, decided with a note, told; and what is said while nobody has looked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent
from core.testing import work_off_outbox
from notifications.models import Message
from payments.errors import NotRefundable
from payments.fraud import errors
from payments.fraud.models import Case
from payments.fraud.services import judging, looking, reminding
from payments.fraud.services.judging import Sender
from payments.fraud.states import Answer, CaseState, RuleKind
from payments.fraud.tests.factories import Dinner, a_dinner, a_payment, held, only
from payments.models import Payment, PaymentRequest, Refund
from payments.services.settling import _publish_held
from payments.states import PaymentState, RefundReason, Review

pytestmark = pytest.mark.django_db


def a_held_payment() -> Payment:
    """Return a payment that the rules hold, as settling leaves it."""
    only((RuleKind.AMOUNT, 1, Answer.HOLD))
    payment = held(a_payment())
    _publish_held(payment)
    return payment


def a_stopped_request() -> PaymentRequest:
    """Return a request that the rules did not let anybody begin to pay."""
    only((RuleKind.AMOUNT, 1, Answer.REFUSE))
    request = a_dinner()
    with pytest.raises(judging.Stopped) as stopped:
        begin(request)
    judging.refuse(request=request, verdict=stopped.value.verdict)
    return request


def begin(request: PaymentRequest) -> judging.Verdict:
    due = Dinner().due(request.subject_id)
    assert due is not None
    return judging.before(request=request, sender=Sender(email="ada@example.com"), amount_kobo=2_000_000, due=due)


def mails(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind, channel="email").order_by("pk"))


class TestHeld:
    def test_its_payer_is_told_by_mail_and_text_once_however_often_it_is_heard(self):
        payment = a_held_payment()
        _publish_held(payment)

        work_off_outbox()

        (mail,) = mails("payment.held")
        assert mail.recipient == "ada@example.com"
        assert "The amount is very large." in mail.body_text
        assert f"/en/pay/{payment.request.token}/back/" in mail.body_text
        (text,) = Message.objects.filter(kind="payment.held", channel="sms")
        assert "NGN 20,000" in text.sms_text
        assert Case.objects.count() == 1

    def test_let_through_it_counts_and_its_payer_is_told(self):
        payment, boss = a_held_payment(), UserFactory()
        work_off_outbox()
        case = Case.objects.get()

        looking.let_through(case=case, note="Called her: it is her birthday.", by=boss)
        work_off_outbox()

        payment.refresh_from_db()
        case.refresh_from_db()
        assert payment.review == Review.RELEASED
        assert (case.state, case.closed_by, case.note) == (
            CaseState.LET_THROUGH,
            boss,
            "Called her: it is her birthday.",
        )
        (mail,) = mails("payment.looked_at")
        assert "it counts" in mail.body_text
        assert "birthday" not in mail.body_text
        assert AuditEvent.objects.filter(action="fraud.looked_at", actor_id=boss.public_id).count() == 1

    def test_given_back_all_of_it_goes_and_its_payer_is_told(self):
        payment, boss = a_held_payment(), UserFactory()
        case = Case.objects.get()

        looking.give_back(case=case, note="A stolen card.", by=boss)
        work_off_outbox()

        payment.refresh_from_db()
        refund = Refund.objects.get()
        assert payment.review == Review.REFUSED
        assert (refund.amount_kobo, refund.reason) == (payment.received_kobo, RefundReason.REVIEWED)
        (mail,) = mails("payment.looked_at")
        assert "on its way back to you" in mail.body_text

    def test_the_second_of_two_people_is_told_that_it_is_decided(self):
        a_held_payment()
        case = Case.objects.get()
        looking.let_through(case=case, note="Fine.", by=None)

        with pytest.raises(errors.AlreadyLookedAt):
            looking.give_back(case=case, note="Not fine.", by=None)

        assert not Refund.objects.exists()

    @pytest.mark.parametrize("note", ["", "  \n"])
    def test_nothing_is_decided_without_a_note(self, note):
        payment = a_held_payment()

        with pytest.raises(errors.NoteNeeded):
            looking.let_through(case=Case.objects.get(), note=note, by=None)

        payment.refresh_from_db()
        assert payment.review == Review.HELD

    def test_one_that_another_page_let_through_leaves_the_queue(self):
        from payments.services import release_payment

        payment, boss = a_held_payment(), UserFactory()
        release_payment(payment=payment, by=boss)

        work_off_outbox()

        assert Case.objects.get().state == CaseState.LET_THROUGH
        assert len(mails("payment.looked_at")) == 1

    def test_one_whose_gateway_told_something_else_waits_too_and_cannot_count_without_money(self):
        payment = a_payment(state=PaymentState.CHECKING)
        payment.review, payment.reason = Review.HELD, "differs: currency"
        payment.save()
        _publish_held(payment)
        work_off_outbox()

        case = Case.objects.get()
        assert (case.decision, case.why) == (None, "differs: currency")
        with pytest.raises(NotRefundable):
            looking.let_through(case=case, note="Fine.", by=None)
        case.refresh_from_db()
        assert case.state == CaseState.OPEN


class TestAppeals:
    def test_a_payer_of_a_held_payment_asks_for_a_person_once(self):
        payment = a_held_payment()

        looking.appeal(token=payment.request.token, words="It is my wedding.")
        first = Case.objects.get().appealed_at
        looking.appeal(token=payment.request.token, words="It is my wedding, on Friday.")

        case = Case.objects.get()
        assert (case.appealed_at, case.appeal) == (first, "It is my wedding, on Friday.")
        assert AuditEvent.objects.filter(action="fraud.appealed").count() == 1

    def test_what_was_not_let_begin_may_begin_for_a_day_once_a_person_says_so(self):
        request = a_stopped_request()
        case = looking.appeal(token=request.token)

        looking.let_through(case=case, note="Known to us.", by=None)
        work_off_outbox()

        assert begin(request).answer == Answer.ALLOW
        (mail,) = mails("payment.looked_at")
        assert "you can make it now" in mail.body_text
        Case.objects.update(closed_at=timezone.now() - timedelta(hours=25))
        with pytest.raises(judging.Stopped):
            begin(request)

    def test_what_a_person_left_shut_stays_so_and_is_told(self):
        request = a_stopped_request()
        case = looking.appeal(token=request.token)

        looking.give_back(case=case, note="The same cards as yesterday.", by=None)
        work_off_outbox()

        case.refresh_from_db()
        assert case.state == CaseState.KEPT_SHUT
        assert "cannot be made online" in mails("payment.looked_at")[0].body_text
        with pytest.raises(errors.NothingToLookAt):
            looking.appeal(token=request.token)

    def test_there_is_nothing_to_ask_for_where_nothing_was_stopped(self):
        with pytest.raises(errors.NothingToLookAt):
            looking.appeal(token=a_dinner().token)
        with pytest.raises(errors.NothingToLookAt):
            looking.appeal(token="nobody's")


class TestReminders:
    def test_after_a_day_without_a_look_the_platform_s_people_are_reminded_once_a_day(self):
        boss = UserFactory(is_superuser=True, email="boss@example.com")
        UserFactory()
        a_held_payment()
        assert reminding.remind() == 0
        Case.objects.update(opened_at=timezone.now() - timedelta(hours=25))

        assert (reminding.remind(), reminding.remind()) == (1, 0)
        work_off_outbox()

        (mail,) = mails("payment.waits_for_look")
        assert mail.recipient == boss.email
        assert "/admin/fraud/case/" in mail.body_text
        Case.objects.update(reminded_at=timezone.now() - timedelta(hours=25))
        assert reminding.remind() == 1
        work_off_outbox()
        assert len(mails("payment.waits_for_look")) == 2

    def test_nobody_is_reminded_of_what_somebody_has_looked_at(self):
        a_held_payment()
        Case.objects.update(opened_at=timezone.now() - timedelta(hours=25))
        looking.let_through(case=Case.objects.get(), note="Fine.", by=None)

        assert reminding.remind() == 0
