"""A payment's receipt as a page and as PDF: for its payer, for who has the link, and for the house."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.models import User
from core.headers import NEVER_KEPT, private_page
from payments import errors, limits
from payments import selectors as payments
from payments.models import Payment
from payments.receipts import paper, selectors
from payments.receipts.models import Receipt
from payments.receipts.words import sheet_of


@private_page
@require_safe
def show(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    found = _visible(request, payment_id)
    return _page(request, found, reverse("payments:receipt_pdf", args=[payment_id]))


@require_safe
def download(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    return _file(request, _visible(request, payment_id))


@private_page
@require_safe
def show_by_link(request: HttpRequest, token: str) -> HttpResponse:
    return _page(request, _of_link(request, token), reverse("payments:link_receipt_pdf", args=[token]))


@require_safe
def download_by_link(request: HttpRequest, token: str) -> HttpResponse:
    return _file(request, _of_link(request, token))


def file_of(receipt: Receipt) -> HttpResponse:
    """Return a receipt as a file that nobody keeps on the way."""
    answer = HttpResponse(paper.pdf_of(receipt), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{paper.name_of(receipt)}"'
    answer["Cache-Control"] = NEVER_KEPT
    return answer


def _visible(request: HttpRequest, payment_id: UUID) -> list[Payment]:
    user = request.user if isinstance(request.user, User) else None
    payment = selectors.payment_with_receipt(payment_id)
    if payment is None:
        raise Http404(errors.NoSuchPayment.message)
    if opened := selectors.opened_with(payment, _token(request)):
        return opened
    if not selectors.may_see(user, payment):
        raise Http404(errors.NoSuchPayment.message)
    return [payment]


def _token(request: HttpRequest) -> str:
    """Return the token of the booking or order that came with a mail's link."""
    return request.GET.get("token", "")[:200]


def _of_link(request: HttpRequest, token: str) -> list[Payment]:
    asked = payments.request_by_token(token)
    if asked is None:
        limits.open_link(request)
    found = list(selectors.payments_of_link(asked)) if asked is not None else []
    if asked is not None and asked.is_share:
        # Whoever made the shares has all their links: what a friend paid from an account is that friend's to read.
        user = request.user if isinstance(request.user, User) else None
        found = [payment for payment in found if payment.payer_id is None or selectors.may_see(user, payment)]
    if not found:
        raise Http404(errors.NoSuchPayment.message)
    return found


def _page(request: HttpRequest, found: list[Payment], pdf_url: str) -> HttpResponse:
    documents = selectors.documents_of(found)
    shown = {"token": _token(request)} if _token(request) else {}
    language = documents[0].language
    # The paper is in its payer's language, as it was issued, whoever looks; the site around it is in the reader's.
    with translation.override(language):
        sheets = [(sheet_of(each), f"{pdf_url}?{urlencode(shown | {'number': each.number})}") for each in documents]
        direction = "rtl" if translation.get_language_bidi() else "ltr"
    context = {"sheets": sheets, "restaurant": documents[0].restaurant, "paper": language, "direction": direction}
    return render(request, "payments/receipt.html", context)


def _file(request: HttpRequest, found: list[Payment]) -> HttpResponse:
    documents = selectors.documents_of(found)
    number = request.GET.get("number")
    chosen = next((each for each in documents if number in (None, "", each.number)), None)
    if chosen is None:
        raise Http404(errors.NoSuchPayment.message)
    return file_of(chosen)
