"""The page of Flutterwave's transactions, with buttons for what happens to them elsewhere."""

from collections.abc import Callable

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from sandbox.flutterwave import chargebacks, control, notices, payouts, refunds, sessions
from sandbox.flutterwave.callers import NAME, Caller
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import Chargeback, Link, Preferences, Refund, Transaction
from sandbox.gateways import clock
from sandbox.gateways.merchants import LIVE, TEST
from sandbox.gateways.store import writing
from sandbox.gateways.till import money

PAGE_SIZE = 30
MOST_SESSIONS = 20


@require_safe
def transactions(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, error: str = "") -> HttpResponse:
    tx_ref = request.GET.get("q", "").strip()
    rows = Transaction.objects.select_related("customer", "token").prefetch_related("refunds", "chargebacks")
    if tx_ref:
        rows = rows.filter(tx_ref__icontains=tx_ref)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    unpaid = Link.objects.exclude(transactions__status=Transaction.Status.SUCCESSFUL).filter(
        cancelled_at=None, expires_at__gt=clock.now()
    )
    context = {
        "error": error,
        "q": tx_ref,
        "page": page,
        "lines": [_line(row) for row in page.object_list],
        "sessions": [
            {"link": link, "price": money(link.amount_kobo, link.currency)}
            for link in unpaid.select_related("customer")[:MOST_SESSIONS]
            if not sessions.has_failed_too_often(link)
        ],
        "preferences": Preferences.current(),
    }
    return render(request, "sandbox/flutterwave/list.html", context, status=400 if error else 200)


def _line(row: Transaction) -> dict[str, object]:
    is_paid = row.status == Transaction.Status.SUCCESSFUL
    left = refunds.left_kobo(row) if is_paid else 0
    return {
        "row": row,
        "price": money(row.amount_kobo, row.currency),
        "left": money(left, row.currency) if left else "",
        "has_ended": row.status != Transaction.Status.PENDING,
        "refunds": [
            {
                "row": each,
                "price": money(each.amount_kobo, row.currency),
                "is_open": each.status not in (Refund.COMPLETED, *refunds.UNDONE),
            }
            for each in row.refunds.all()
        ],
        "chargebacks": [
            {
                "row": each,
                "price": money(each.amount_kobo, row.currency),
                "is_open": each.status in (Chargeback.Status.INITIATED, Chargeback.Status.DECLINED),
            }
            for each in row.chargebacks.all()
        ],
    }


def _form(do: Callable[..., None]) -> Callable[..., HttpResponse]:
    """Return the view of a button: what it refuses stands above the list."""

    @require_POST
    def view(request: HttpRequest, **of_address: int) -> HttpResponse:
        try:
            do(request, **of_address)
        except Refused as refused:
            return _page(request, refused.message)
        except (Transaction.DoesNotExist, Refund.DoesNotExist, Chargeback.DoesNotExist):
            return _page(request, "That is not there any more.")
        return redirect("flutterwave:list")

    return view


def _transaction(pk: int) -> Transaction:
    return Transaction.objects.select_related("customer", "token").get(pk=pk)


def _prefer(request: HttpRequest) -> None:
    control.prefer(
        tells_of_refunds=request.POST.get("tells_of_refunds") == "on",
        retries_webhooks=request.POST.get("retries_webhooks") == "on",
    )


def _try_out(request: HttpRequest) -> None:
    with writing():
        notices.try_out(NAME, TEST)


def _settle(request: HttpRequest) -> None:
    for mode in (TEST, LIVE):
        payouts.settle(Caller(NAME, mode))


def _resend(request: HttpRequest, pk: int) -> None:
    with writing():
        row = _transaction(pk)
        if row.status == Transaction.Status.PENDING:
            raise Refused("This transaction has not ended: there is nothing to tell.")
        notices.charged(row)


def _refund(request: HttpRequest, pk: int) -> None:
    row = _transaction(pk)
    asked = {"amount": request.POST.get("sum", "").replace(",", "").strip(), "comments": "From the dashboard"}
    refunds.give_back(Caller(row.merchant, row.mode), str(pk), asked)


def _charge_back(request: HttpRequest, pk: int) -> None:
    with writing():
        chargebacks.open_for(_transaction(pk))


def _step_refund(request: HttpRequest, pk: int) -> None:
    refunds.step(pk, request.POST.get("to", "")[:40] or Refund.COMPLETED)


def _decide(request: HttpRequest, pk: int) -> None:
    chargebacks.decide(pk, request.POST.get("to", ""))


prefer, try_out, settle, resend = _form(_prefer), _form(_try_out), _form(_settle), _form(_resend)
refund, charge_back, step_refund, decide = _form(_refund), _form(_charge_back), _form(_step_refund), _form(_decide)
