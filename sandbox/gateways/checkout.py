"""The hosted checkout page: where a payer of either gateway pays, by keyboard and without JavaScript."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from sandbox.gateways import clock, steps
from sandbox.gateways.control import Answer, BadAsk, asked, control
from sandbox.gateways.till import BANK, BANK_PAGE, CARD, Bill, Till
from sandbox.middleware import PAGE_POLICY

QUESTIONS = {
    "pin": "Card PIN",
    "otp": "One-time code that the bank sent",
    "phone": "Phone number that the bank knows",
    "birthday": "Date of birth (year-month-day)",
    "address": "Billing address",
    BANK_PAGE: "Your bank asks whether this is you",
}


# What may stand in the policy of the page, and cannot become a second directive there.
NETLOC = re.compile(r"[A-Za-z0-9.:\[\]-]+")


def page(till: Till) -> Callable[..., HttpResponse]:
    """Return the view of a gateway's checkout page; its address has the payment's `token`."""

    @require_http_methods(["GET", "POST"])
    def checkout(request: HttpRequest, token: str) -> HttpResponse:
        bill = till.bill(token)
        if bill is None:
            return render(request, "sandbox/gateways/gone.html", {"title": till.title}, status=404)
        error = ""
        if request.method == "POST":
            try:
                _do(till, bill, request)
                address = till.way_back(token)
                return redirect(address or request.path)
            except steps.Refused as refused:
                error = str(refused)
        return _show(till, request, token, error)

    return checkout


def _do(till: Till, bill: Bill, request: HttpRequest) -> None:
    given = request.POST.get("answer", "")
    match request.POST.get("do", ""):
        case "card":
            name = request.POST.get("instrument", "")
            known = till.instruments.get(name)
            steps.present(till, bill, known or steps.find(till, CARD, request.POST.get("number", "")))
        case "bank":
            steps.present(till, bill, steps.find(till, BANK, request.POST.get("number", "")))
        case "answer":
            steps.answer(till, bill, given)
        case "transfer":
            steps.choose_transfer(till, bill)
        case "send":
            steps.send(till, bill, _kobo(request.POST.get("sum", "")), is_late=request.POST.get("when") == "late")
        case "ussd":
            steps.choose_ussd(till, bill)
        case "dial":
            steps.dial(till, bill, is_broken=request.POST.get("session") == "broken")
        case "again":
            steps.choose_again(till, bill)
        case "cancel":
            steps.cancel(till, bill)
        case _:
            raise steps.Refused("Choose one of the ways to pay.")


def _kobo(text: str) -> int:
    try:
        sum_of_money = Decimal(text.replace(",", "").strip())
        kobo = sum_of_money * 100
        if kobo.is_finite() and kobo == int(kobo) and 0 < kobo < 10**15:
            return int(kobo)
    except InvalidOperation:
        pass
    raise steps.Refused("Write a sum such as 25000.00.")


def _show(till: Till, request: HttpRequest, token: str, error: str) -> HttpResponse:
    bill = till.bill(token)
    visit = steps.visit_of(till, token)
    instrument = steps.instrument_of(till, visit)
    context = {
        "till": till,
        "bill": bill,
        "visit": visit,
        "instrument": instrument,
        "question": QUESTIONS.get(visit.step, ""),
        "is_bank_page": visit.step == BANK_PAGE,
        "hint": instrument.answers.get(visit.step, "") if instrument else "",
        "cards": [each for each in till.instruments.values() if each.kind == CARD],
        "accounts": [each for each in till.instruments.values() if each.kind == BANK],
        "is_account_over": bool(visit.account_expires_at and visit.account_expires_at <= clock.now()),
        "now": clock.now(),
        "sum": f"{bill.amount_kobo / 100:.2f}" if bill else "",
        "error": error,
    }
    response = render(request, "sandbox/gateways/checkout.html", context, status=400 if error else 200)
    # The forms' answers may lead back to the merchant, which browsers count as where a form goes.
    response.headers["Content-Security-Policy"] = _policy(till.goals(token))
    return response


def _policy(goals: list[str]) -> str:
    origins = {
        f"{parts.scheme}://{parts.netloc}"
        for parts in map(urlsplit, goals)
        if parts.scheme in ("http", "https") and NETLOC.fullmatch(parts.netloc)
    }
    allowed = " ".join(["form-action 'self'", *sorted(origins)])
    return PAGE_POLICY.replace("form-action 'self'", allowed)


def pay_control(
    till: Till, prepare: Callable[[str, dict[str, Any]], None] | None = None
) -> Callable[..., HttpResponse]:
    """Return the control that does what a payer would do: `{"reference": …, "how": "card", "card": …, "kobo": …}`.

    It answers when that is done, with what has become of the payment and when its money arrives. `prepare` is told
    the payment's token and all that was asked before.
    """

    @control("POST")
    def api_pay(request: HttpRequest) -> Answer:
        given = asked(request)
        whose = {"ours": till.gateway, "foreign": f"{till.gateway}-foreign"}.get(str(given.get("merchant", "ours")))
        token = till.token_of(str(given.get("reference", "")), whose) if whose else None
        if token is None:
            raise BadAsk("There is no payment with this reference.")
        if prepare is not None:
            prepare(token, given)
        try:
            arrives_at = steps.pay(till, token, str(given.get("how", "card")), given)
        except steps.Refused as refused:
            raise BadAsk(str(refused)) from refused
        return {**till.look(token), "arrives_at": arrives_at and arrives_at.isoformat()}

    return api_pay
