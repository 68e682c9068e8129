"""What is done when a payment is held or was looked at, and what its payer and the platform's people read of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from localization import formatting
from notifications import services as notifications
from notifications.states import Channel
from payments.fraud import reasons
from payments.fraud.models import Case
from payments.fraud.services import looking
from payments.fraud.states import CaseState
from payments.models import Payment
from payments.states import Review
from payments.subjects import subject_of

OUTCOMES = {
    CaseState.LET_THROUGH: ("counts", "may_pay"),
    CaseState.GIVEN_BACK: ("goes_back", "goes_back"),
    CaseState.KEPT_SHUT: ("stays_shut", "stays_shut"),
}


def look_at_held(*, payment_id: UUID, **_more: Any) -> None:
    """Have a person look at a held payment, keep its table so long as the terms allow, and tell its payer."""
    payment = Payment.objects.select_related("request").filter(public_id=payment_id).first()
    if payment is None or payment.review != Review.HELD:
        return
    case = looking.open_case(payment=payment, why=payment.reason)
    _keep_table(payment)
    _tell(case, "payment.held", {})


def note_review(*, payment_id: UUID, **_more: Any) -> None:
    payment = Payment.objects.filter(public_id=payment_id).first()
    if payment is not None:
        looking.note_review(payment=payment)


def tell_of_look(*, case_id: UUID) -> None:
    """Tell a payer what a person has decided."""
    case = Case.objects.filter(public_id=case_id).select_related("request__restaurant", "payment__payer").first()
    if case is None or case.state == CaseState.OPEN:
        return
    with_payment, without = OUTCOMES[CaseState(case.state)]
    _tell(case, "payment.looked_at", {"outcome": with_payment if case.payment_id else without})


def _keep_table(payment: Payment) -> None:
    """A look takes longer than a hold: nobody should lose their table to it while the terms let it be kept."""
    request = payment.request
    subject = subject_of(request.kind)
    due = subject.due(request.subject_id)
    if due is None or due.until is None or due.may_wait_until is None:
        return
    if timezone.now() < due.until < due.may_wait_until:
        subject.wait_until(request.subject_id, due.may_wait_until)


def _tell(case: Case, kind: str, more: dict[str, str]) -> None:
    """Write to the payer by mail and to their phone, as far as either is known."""
    request, payment = case.request, case.payment
    due = subject_of(request.kind).due(request.subject_id)
    payer = payment.payer if payment else None
    email = payment.email if payment and payment.email else due.payer.email if due else ""
    is_booker = due is not None and email.lower() == due.payer.email.lower()
    language = payer.language if payer else subject_of(request.kind).background(request.subject_id).language
    kobo = (payment.received_kobo or payment.amount_kobo) if payment else request.missing_kobo
    with translation.override(language):
        page = reverse("payments:back" if payment else "payments:pay", args=[request.token])
        context = {
            "restaurant_name": request.restaurant.name,
            "page_url": f"{settings.BASE_URL}{page}",
            "name": due.payer.name if due and is_booker else payer.name if payer else "",
            "reference": payment.reference if payment else "",
            "reasons": " ".join(reasons.reasons_of(case.decision)),
            **more,
        }
        by_mail = {**context, "amount": formatting.money(kobo, language)}
    key = f"{kind}:{case.public_id}"
    if email:
        notifications.send(
            kind=kind, to=email, name=context["name"], language=language, context=by_mail, dedupe_key=key
        )
    phone = due.payer.phone if due and is_booker else payer.phone if payer else ""
    if not phone:
        return
    try:
        notifications.send(
            kind=kind,
            channel=Channel.SMS,
            to=phone,
            name=context["name"],
            language=language,
            context={**context, "amount": _naira(kobo)},
            dedupe_key=key,
        )
    except notifications.BadPhone:
        return


def _naira(kobo: int) -> str:
    """Return an amount in letters that every phone can show."""
    whole, rest = divmod(kobo, 100)
    return f"NGN {whole:,}.{rest:02}" if rest else f"NGN {whole:,}"


def remind_platform(*, at: datetime, case_ids: list[UUID]) -> None:
    """Write to the platform's people about what still waits for a look."""
    cases = list(Case.objects.filter(public_id__in=case_ids, state=CaseState.OPEN).order_by("opened_at"))
    if not cases:
        return
    for admin in User.objects.filter(is_superuser=True, is_active=True).order_by("pk"):
        with translation.override(admin.language):
            context = {
                "name": admin.name,
                "count": formatting.number(len(cases)),
                "since": formatting.day_and_time(cases[0].opened_at, zone=formatting.HOME_ZONE),
                "queue_url": f"{settings.BASE_URL}{reverse('admin:fraud_case_changelist')}",
            }
        notifications.send(
            kind="payment.waits_for_look",
            to=admin.email,
            name=admin.name,
            language=admin.language,
            context=context,
            dedupe_key=f"payment.waits_for_look:{at.isoformat()}",
        )
