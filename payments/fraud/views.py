"""What a payer sees of the rules: why something was stopped or held, and the way to a person."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.errors import InvalidInput
from core.headers import private_page
from payments import limits
from payments.fraud import reasons
from payments.fraud.forms import AppealForm
from payments.fraud.services import looking
from payments.fraud.states import CaseState
from payments.models import Payment, PaymentRequest
from payments.states import Review


def shown(asked: PaymentRequest, payment: Payment | None) -> dict[str, Any] | None:
    """Return what a page tells of a look: why it is needed, and whether its payer has asked, or can ask, for a person.

    None where nothing is stopped or held.
    """
    is_held = payment is not None and payment.review == Review.HELD
    decision = None if is_held else looking.was_stopped(asked)
    if not is_held and decision is None:
        return None
    case = looking.case_of(asked, payment=payment if is_held else None, decision=decision)
    return {
        "is_held": is_held,
        "reasons": reasons.reasons_of(case.decision if is_held and case else decision),
        "is_asked": case is not None and case.appealed_at is not None,
        "is_over": case is not None and case.state != CaseState.OPEN,
        "may_pay": case is not None and case.state == CaseState.LET_THROUGH,
        "form": AppealForm(),
    }


@private_page
@require_POST
def look_again(request: HttpRequest, token: str) -> HttpResponse:
    """Have a person look, because the payer asks for it."""
    limits.open_link(request)
    form = AppealForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(errors={name: [str(each) for each in form.errors[name]] for name in form.errors})
    case = looking.appeal(token=token, words=form.cleaned_data["words"])
    return redirect("payments:back" if case.payment_id else "payments:pay", token=token)
