"""Keeping a card with its holder's consent, charging it once whatever goes wrong, and forgetting it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.tests.factories import UserFactory
from core.api.idempotency import IdempotencyKeyReused
from core.testing import work_off_outbox
from payments import errors as refusals
from payments import services as payments
from payments.fraud.errors import NotLetBegin
from payments.fraud.models import Attempt, Decision
from payments.fraud.states import Answer, RuleKind
from payments.fraud.tests.factories import only
from payments.gateways.base import Channel, Payer
from payments.models import Payment
from payments.saved import errors, selectors, wording
from payments.saved.models import CardCharge, CardConsent, SavedMethod
from payments.saved.services import forgetting
from payments.saved.services.charging import Came, charge_saved, never_heard
from payments.saved.services.forgetting import MOST_TRIES
from payments.saved.states import MethodState, Purpose
from payments.saved.tests.factories import a_card, an_evening
from payments.services.beginning import Wish
from payments.states import Kind, PaymentState
from sandbox.testing import SandboxClient

pytestmark = pytest.mark.django_db(transaction=True)

BACK = "https://buka.example/en/pay/link/back/"


def paid(gateways: SandboxClient, gateway: str, *, kind: str = Kind.DEPOSIT, user: Any = None, **more: Any) -> Payment:
    """Return a payment by card that has come."""
    asked = more.pop("asked", None) or an_evening(kind)
    wish = Wish(
        payer=Payer(email="ada@example.com"), return_url=BACK, cancel_url=BACK, channel=Channel.CARD, by=user, **more
    )
    payment = payments.begin(request=asked, wish=wish)
    gateways.pay(gateway, payment.reference)
    return payments.settle(payment_id=payment.pk)


def a_guarantee(gateways: SandboxClient, gateway: str) -> SavedMethod:
    """Return the card of a guest without an account, as it came with a guarantee."""
    payment = paid(gateways, gateway, kind=Kind.GUARANTEE)
    method = selectors.guarantee_of(Kind.GUARANTEE, payment.request.subject_id)
    assert method is not None
    return method


def charged(method: SavedMethod, request: Any, key: str = "fee:1") -> Any:
    return charge_saved(request=request, method=method, return_url=BACK, key=key)


class TestKeeping:
    def test_without_consent_nothing_is_kept(self, gateways: SandboxClient):
        paid(gateways, "paystack", user=UserFactory())

        assert not SavedMethod.objects.exists()

    def test_with_consent_the_card_is_kept_once_with_its_words(self, gateways: SandboxClient, first: str):
        user = UserFactory()
        for _twice in range(2):
            payment = paid(gateways, first, user=user, keeps_card=True, language="ha")

        (method,) = selectors.methods_of(user)
        consent = method.consents.order_by("pk")[0]
        assert (method.gateway, method.mode, method.last4) == (first, "test", payment.card_last4)
        assert method.token
        assert method.email == "ada@example.com"
        assert len(method.card_index) == 64
        assert (consent.purpose, consent.version, consent.language) == (Purpose.NEXT_TIME, wording.VERSION, "ha")

    def test_what_charges_it_is_unreadable_in_the_database(self):
        method = a_card(UserFactory(), token="AUTH_secret")

        with connection.cursor() as cursor:
            cursor.execute("SELECT token, email FROM payments_saved_savedmethod WHERE id = %s", [method.pk])
            token, email = cursor.fetchone()

        assert "AUTH_secret" not in token
        assert "ada@" not in email

    def test_who_has_no_account_keeps_none_for_the_next_time(self, gateways: SandboxClient):
        paid(gateways, "paystack", keeps_card=True)

        assert not CardConsent.objects.exists()

    def test_a_page_that_keeps_no_card_is_not_gone_on_with_for_one_that_does(self, gateways: SandboxClient):
        asked, user = an_evening(Kind.DEPOSIT), UserFactory()
        wish = Wish(Payer("ada@example.com"), BACK, BACK, channel=Channel.CARD, by=user)
        before = payments.begin(request=asked, wish=wish)

        after = paid(gateways, "paystack", asked=asked, user=user, keeps_card=True)

        assert after.pk != before.pk
        assert selectors.methods_of(user).count() == 1

    def test_a_guarantee_keeps_the_card_for_what_it_guarantees(self, gateways: SandboxClient, first: str):
        method = a_guarantee(gateways, first)

        assert (method.holder, method.state) == (None, MethodState.KEPT)
        assert [consent.purpose for consent in method.consents.all()] == [Purpose.GUARANTEE]


class TestCharging:
    def test_a_fee_is_charged_once_at_the_card_s_own_gateway(self, gateways: SandboxClient, first: str):
        method, fee = a_guarantee(gateways, first), an_evening(Kind.FEE)
        judged = Decision.objects.count()

        one, again = charged(method, fee), charged(method, fee)

        fee.refresh_from_db()
        assert (one.came, again.came, one.payment.pk) == (Came.PAID, Came.PAID, again.payment.pk)
        assert (one.payment.gateway, one.payment.received_kobo, fee.paid_kobo) == (first, 500_000, 500_000)
        assert not CardCharge.objects.get(payment=one.payment).is_present
        # Nobody was there to be judged.
        assert Decision.objects.count() == judged
        with pytest.raises(refusals.NothingToPay):
            charged(method, fee, "fee:2")

    def test_its_holder_s_own_payment_is_judged(self, gateways: SandboxClient):
        user = UserFactory()
        paid(gateways, "paystack", user=user, keeps_card=True)
        (method,) = selectors.payable_with(user)
        judged = Decision.objects.count()

        done = charge_saved(request=an_evening(), method=method, return_url=BACK, key="mine", by=user)

        assert (done.came, done.payment.payer) == (Came.PAID, user)
        # Before and after, as with any payment.
        assert Decision.objects.count() == judged + 2
        assert Attempt.objects.filter(payment=done.payment).exists()

    def test_its_holder_is_refused_by_the_rules_before_the_gateway_is_told(self):
        only((RuleKind.AMOUNT, 1, Answer.REFUSE))
        user = UserFactory()

        with pytest.raises(NotLetBegin):
            charge_saved(request=an_evening(), method=a_card(user), return_url=BACK, key="mine", by=user)

        assert not Payment.objects.exists()
        assert Attempt.objects.get().payment is None

    def test_nobody_came_to_be_judged_by_them(self, settings: Any):
        settings.PAYSTACK_BASE_URL = "http://127.0.0.1:9/paystack"
        only((RuleKind.AMOUNT, 1, Answer.REFUSE))

        assert charged(a_card(), an_evening()).came == Came.DOWN
        assert not Attempt.objects.exists()

    def test_a_key_whose_charge_was_never_heard_of_charges_anew(self, settings: Any):
        settings.PAYSTACK_BASE_URL = "http://127.0.0.1:9/paystack"
        method, fee = a_card(), an_evening()

        one, again = charged(method, fee), charged(method, fee)

        assert one.payment.pk != again.payment.pk
        assert Payment.objects.get(key="fee:1") == again.payment
        with pytest.raises(IdempotencyKeyReused):
            charged(method, an_evening())

    @pytest.mark.parametrize("has_happened", [False, True])
    def test_an_answer_that_was_lost_is_asked_about_and_never_charged_again(
        self, gateways: SandboxClient, first: str, has_happened: bool
    ):
        method, fee = a_guarantee(gateways, first), an_evening(Kind.FEE)
        kind = "reset_after" if has_happened else "reset"
        gateways.gateway_faults({"gateway": first, "route": "charge_authorization", "kind": kind})

        lost = charged(method, fee)
        gateways.gateway_faults()
        with pytest.raises(refusals.PaymentIsChecked):
            charged(method, fee, "fee:2")
        assert (lost.came, charged(method, fee).came) == (Came.CHECKING, Came.CHECKING)
        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
            payment = payments.settle(payment_id=lost.payment.pk)
            if has_happened:
                assert payment.state == PaymentState.SUCCEEDED
            else:
                assert never_heard(payment)
                assert charged(method, fee, "fee:2").came == Came.PAID
        fee.refresh_from_db()
        assert fee.paid_kobo == 500_000

    def test_a_gateway_that_is_down_has_done_nothing_and_no_other_is_asked(
        self, gateways: SandboxClient, settings: Any
    ):
        method, fee = a_guarantee(gateways, "paystack"), an_evening(Kind.FEE)
        settings.PAYSTACK_BASE_URL = "http://127.0.0.1:9/paystack"

        done = charged(method, fee)

        assert done.came == Came.DOWN
        assert never_heard(done.payment)
        assert set(Payment.objects.values_list("gateway", flat=True)) == {"paystack"}
        settings.PAYSTACK_BASE_URL = f"{gateways.url}/paystack"

    def test_a_declined_card_is_paid_by_nothing(self, gateways: SandboxClient, first: str):
        method, fee = a_guarantee(gateways, first), an_evening(Kind.FEE)
        gateways.gateway_faults({"gateway": first, "route": "charge_authorization", "kind": "declined"})

        done = charged(method, fee)

        assert (done.came, done.payment.state) == (Came.REFUSED, PaymentState.FAILED)
        assert not never_heard(done.payment)

    def test_a_bank_that_asks_its_customer_is_waited_for(self, gateways: SandboxClient, first: str):
        method, fee = a_guarantee(gateways, first), an_evening(Kind.FEE)
        gateways.gateway_faults({"gateway": first, "route": "charge_authorization", "kind": "challenge"})

        done = charged(method, fee)

        assert (done.came, done.payment.state) == (Came.CHALLENGED, PaymentState.PENDING)
        assert done.payment.checkout_url.startswith(gateways.url)

    def test_a_card_that_is_over_or_forgotten_is_not_charged(self):
        with pytest.raises(errors.CardUnusable):
            charged(a_card(expires="2020-01"), an_evening())
        with pytest.raises(errors.CardUnusable):
            charged(a_card(state=MethodState.FORGETTING), an_evening())
        assert not Payment.objects.exists()


class TestForgetting:
    def test_it_is_unusable_at_once_and_its_token_goes_once_the_gateway_says_so(
        self, gateways: SandboxClient, first: str
    ):
        user = UserFactory()
        paid(gateways, first, user=user, keeps_card=True)
        (method,) = selectors.methods_of(user)

        forgotten = forgetting.forget(method=method, by=user)

        assert (forgotten.state, forgotten.holder, forgotten.email) == (MethodState.FORGETTING, None, "")
        assert not selectors.methods_of(user)
        told = forgetting.tell_gateway(method_id=method.pk)
        assert (told.state, told.token) == (MethodState.FORGOTTEN, "")

    def test_a_gateway_that_is_away_is_told_again_and_in_the_end_no_more(self, settings: Any):
        settings.PAYSTACK_BASE_URL = "http://127.0.0.1:9/paystack"
        user = UserFactory()
        method = a_card(user)
        forgetting.forget(method=method, by=user)

        waits = forgetting.tell_gateway(method_id=method.pk)
        SavedMethod.objects.update(tries=MOST_TRIES - 1)
        ends = forgetting.tell_gateway(method_id=method.pk)

        assert (waits.state, bool(waits.token), waits.next_try_at is None) == (MethodState.FORGETTING, True, False)
        assert (ends.state, ends.token) == (MethodState.FORGOTTEN, "")

    def test_a_token_that_charges_for_somebody_else_too_stays_at_the_gateway(self, settings: Any):
        settings.PAYSTACK_BASE_URL = "http://127.0.0.1:9/paystack"
        method = a_card(token="AUTH_one", state=MethodState.FORGETTING)
        other = a_card(token="AUTH_one")

        told = forgetting.tell_gateway(method_id=method.pk)

        other.refresh_from_db()
        assert (told.state, told.token) == (MethodState.FORGOTTEN, "")
        assert (other.state, other.token) == (MethodState.KEPT, "AUTH_one")

    def test_a_card_that_guarantees_something_is_forgotten_when_that_is_over(self):
        user, asked = UserFactory(), an_evening(Kind.GUARANTEE)
        method = a_card(user, purpose=Purpose.GUARANTEE, kind=asked.kind, subject_id=asked.subject_id)

        with pytest.raises(errors.CardGuarantees) as refused:
            forgetting.forget(method=method, by=user)
        assert refused.value.details["codes"] == ["K7PX3M"]
        assert forgetting.end_guarantee(kind=asked.kind, subject_id=asked.subject_id) == 1

        method.refresh_from_db()
        assert method.state == MethodState.FORGETTING

    def test_what_was_not_let_through_after_a_look_leaves_no_card(self, gateways: SandboxClient):
        payment = paid(gateways, "paystack", user=UserFactory(), keeps_card=True)
        Payment.objects.filter(pk=payment.pk).update(review="held")

        payments.refuse_payment(payment=payment, by=None)
        work_off_outbox()

        assert SavedMethod.objects.get().state == MethodState.FORGETTING
