"""Paystack's page for people: payments with what can happen to them; and the same for programs."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from sandbox.gateways import clock, steps
from sandbox.gateways.checkout import pay_control
from sandbox.gateways.control import Answer, BadAsk, asked, control
from sandbox.gateways.merchants import LIVE, MERCHANTS, TEST
from sandbox.gateways.store import writing
from sandbox.paystack import charging, disputes, payouts, refunds, shapes
from sandbox.paystack.disputes import BadStep
from sandbox.paystack.models import FIRST_REFUND, Dispute, Refund, Transaction, Transfer
from sandbox.paystack.refunds import BadMove
from sandbox.paystack.till import TILL

PAGE_SIZE = 25
# The ways that the page offers for a payment that is open.
WAYS = {
    "card": "Card",
    "declined": "Declined card",
    "transfer": "Transfer",
    "transfer_short": "Short transfer",
    "transfer_late": "Late transfer",
    "ussd": "USSD",
    "ussd_late": "Late USSD",
}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, error: str = "") -> HttpResponse:
    rows = Transaction.objects.select_related("customer").prefetch_related("refunds", "disputes")
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rows.filter(reference__icontains=wanted)
    shown = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    for row in shown:
        row.bill = TILL.bill(row.access_code)  # type: ignore[attr-defined]
    context = {"page": shown, "wanted": wanted, "ways": WAYS.items(), "now": clock.now(), "error": error}
    return render(request, "sandbox/paystack/page.html", context, status=400 if error else 200)


@require_POST
def pay(request: HttpRequest) -> HttpResponse:
    try:
        steps.pay(TILL, request.POST.get("token", ""), request.POST.get("how", ""), {})
    except steps.Refused as refused:
        return _page(request, str(refused))
    return redirect("paystack:page")


@require_POST
def step_refund(request: HttpRequest, number: int) -> HttpResponse:
    try:
        _step_refund(number, request.POST.get("to", ""))
    except BadAsk as bad:
        return _page(request, str(bad))
    return redirect("paystack:page")


@require_POST
def dispute(request: HttpRequest) -> HttpResponse:
    try:
        _open_dispute(_payment(request.POST.get("reference", ""), request.POST.get("merchant", "paystack")), {})
    except BadAsk as bad:
        return _page(request, str(bad))
    return redirect("paystack:page")


@require_POST
def step_dispute(request: HttpRequest, number: int) -> HttpResponse:
    try:
        _step_dispute(number, request.POST.get("to", ""))
    except BadAsk as bad:
        return _page(request, str(bad))
    return redirect("paystack:page")


def _change_payer(token: str, given: dict[str, Any]) -> None:
    """Have somebody else pay: `{"email": …}`."""
    email = given.get("email")
    if email is None:
        return
    if not isinstance(email, str) or "@" not in email:
        raise BadAsk("email must be an e-mail address.")
    with writing():
        row = Transaction.objects.get(access_code=token)
        row.customer = charging.customer_with(row.merchant, row.mode, email)
        row.save(update_fields=["customer"])


api_pay = pay_control(TILL, _change_payer)


def _payment(reference: str, merchant: str = "paystack") -> Transaction:
    row = Transaction.objects.select_related("customer").filter(reference=reference, merchant=merchant).first()
    if row is None:
        raise BadAsk("There is no payment with this reference.")
    return row


@control("POST")
def api_refund(request: HttpRequest) -> Answer:
    """Begin a refund at Paystack's own dashboard: `{"reference": …, "kobo": …}`; all that is left without kobo."""
    given = asked(request)
    with writing():
        row = _payment(str(given.get("reference", "")))
        remaining = refunds.left(row) if row.is_paid else 0
        kobo = given.get("kobo", remaining)
        if isinstance(kobo, bool) or not isinstance(kobo, int) or not 0 < kobo <= remaining:
            raise BadAsk(f"kobo must be a whole number from 1 to {remaining}.")
        return shapes.refund(refunds.take(row, kobo, merchant_note="Begun on the dashboard"))


@control("POST")
def api_step_refund(request: HttpRequest, number: int) -> Answer:
    return shapes.refund(_step_refund(number, str(asked(request).get("to", ""))))


def _step_refund(number: int, to: str) -> Refund:
    with writing():
        row = Refund.objects.select_related("transaction__customer").filter(pk=number - FIRST_REFUND).first()
        if row is None:
            raise BadAsk("There is no such refund.")
        try:
            refunds.move(row, to)
        except BadMove as bad:
            raise BadAsk(str(bad)) from bad
        return row


@control("GET", "POST")
def api_disputes(request: HttpRequest) -> Answer:
    """Open a dispute: `{"reference": …, "category": "chargeback", "kobo": …}`; GET lists them."""
    if request.method == "POST":
        given = asked(request)
        return shapes.dispute(_open_dispute(_payment(str(given.get("reference", ""))), given))
    rows = Dispute.objects.select_related("transaction__customer", "transaction__authorization")
    return {"disputes": [shapes.dispute(row) for row in rows]}


def _open_dispute(row: Transaction, given: dict[str, Any]) -> Dispute:
    category, kobo = given.get("category", "chargeback"), given.get("kobo")
    if category not in disputes.CATEGORIES:
        raise BadAsk(f"category must be one of {', '.join(disputes.CATEGORIES)}.")
    if kobo is not None and (isinstance(kobo, bool) or not isinstance(kobo, int) or kobo < 1):
        raise BadAsk("kobo must be a whole number.")
    with writing():
        try:
            return disputes.open_dispute(row, category, kobo)
        except BadStep as bad:
            raise BadAsk(str(bad)) from bad


@control("POST")
def api_step_dispute(request: HttpRequest, number: int) -> Answer:
    return shapes.dispute(_step_dispute(number, str(asked(request).get("to", ""))))


def _step_dispute(number: int, to: str) -> Dispute:
    with writing():
        rows = Dispute.objects.select_related("transaction__customer", "transaction__authorization")
        row = rows.filter(pk=number).first()
        if row is None:
            raise BadAsk("There is no such dispute.")
        try:
            disputes.step(row, to)
        except BadStep as bad:
            raise BadAsk(str(bad)) from bad
        return row


@control("POST")
def api_settlements(request: HttpRequest) -> Answer:
    """Pay out all that has come in: `{"merchant": "paystack", "mode": "test"}`."""
    given = asked(request)
    merchant, mode = str(given.get("merchant", "paystack")), given.get("mode", TEST)
    if merchant not in MERCHANTS or mode not in (TEST, LIVE):
        raise BadAsk("Write a merchant and a mode, test or live.")
    with writing():
        return {"settlements": [payouts.settlement(row) for row in payouts.settle(merchant, mode, is_everything=True)]}


@control("POST")
def api_step_transfer(request: HttpRequest, code: str) -> Answer:
    """Move a transfer on: `{"to": "success"}`, failed or reversed."""
    to = asked(request).get("to")
    if to not in ("success", "failed", "reversed"):
        raise BadAsk("to must be success, failed or reversed.")
    with writing():
        row = Transfer.objects.filter(code=code).first()
        if row is None:
            raise BadAsk("There is no such transfer.")
        payouts.end_transfer(row.pk, to)
        row.refresh_from_db()
        return payouts.transfer(row)
