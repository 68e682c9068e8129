"""What somebody paid online, at whichever house: to look through, and to take along."""

from collections.abc import Iterator, Sequence
from typing import Any

from defusedcsv import csv
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from accounts.doors import person_of
from accounts.models import User
from core import money
from core.headers import NEVER_KEPT, private_page
from localization import formatting
from payments import selectors, subjects
from payments.forms import MineForm
from payments.models import Payment
from payments.receipts.selectors import have_receipts
from payments.saved.selectors import guaranteed_by, methods_of
from payments.states import PaymentState, Review

ON_A_PAGE = 20
AT_ONCE = 500
COLUMNS = ["reference", "restaurant", "for", "code", "state", "paid", "given_back", "currency", "by", "card", "begun"]


@private_page
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = _form(request, person)
    pages = Paginator(_asked(person, form), ON_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    narrowed = {name: request.GET[name] for name in ("year", "state", "q") if request.GET.get(name)}
    context = {
        "form": form,
        "items": _items(person, list(page)),
        "cards": _cards(person) if page.number == 1 and not narrowed else [],
        "year": form.shown_year,
        "months": _months(person, form),
        "is_narrowed": bool(narrowed),
        "query": urlencode(narrowed),
        "previous_url": _address(narrowed, page.previous_page_number()) if page.has_previous() else "",
        "next_url": _address(narrowed, page.next_page_number()) if page.has_next() else "",
        "position": _("Page %(page)d of %(pages)d") % {"page": page.number, "pages": pages.num_pages},
    }
    return render(request, "payments/mine.html", context, status=400 if form.errors else 200)


def _cards(person: User) -> list[dict[str, Any]]:
    """Return the cards that somebody lets us keep, with what each guarantees."""
    cards = list(methods_of(person))
    names = subjects.named(key for card in cards for key in guaranteed_by(card))
    return [{"card": card, "guaranteed": [names[key] for key in guaranteed_by(card) if key in names]} for card in cards]


@private_page
@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The same as a spreadsheet, with what the list was narrowed by."""
    person = person_of(request)
    headers = {
        "Content-Disposition": f'attachment; filename="my-payments-{timezone.localdate():%Y-%m-%d}.csv"',
        "Cache-Control": NEVER_KEPT,
    }
    form = _form(request, person)
    lines = csv_lines(person, _asked(person, form))
    return StreamingHttpResponse(  # type: ignore[return-value]
        lines, status=400 if form.errors else 200, content_type="text/csv; charset=utf-8", headers=headers
    )


def _form(request: HttpRequest, person: User) -> MineForm:
    return MineForm(request.GET, years=selectors.years_of(person))


def _asked(person: User, form: MineForm) -> Any:
    if not form.is_valid():
        # Who asked for something that there is not gets nothing rather than everything.
        return selectors.own_payments(person).none()
    asked = form.cleaned_data
    return selectors.own_payments(person, year=asked["year"], state=asked["state"], words=asked["q"])


def _months(person: User, form: MineForm) -> list[dict[str, Any]]:
    """Return the months of the year that is shown, each with how long its bar is, of a hundred."""
    if form.shown_year is None:
        return []
    months = selectors.own_months(person, form.shown_year)
    most = max((paid for _month, paid, _back in months), default=0)
    return [
        {"month": month, "paid_kobo": paid, "back_kobo": back, "share": 100 * paid // most}
        for month, paid, back in months
    ]


def _address(narrowed: dict[str, str], page: int) -> str:
    return f"?{urlencode({**narrowed, 'page': str(page)})}"


def _items(person: User, payments: Sequence[Payment]) -> list[dict[str, Any]]:
    names = subjects.named((payment.request.kind, payment.request.subject_id) for payment in payments)
    receipts = have_receipts([payment.pk for payment in payments])
    items = []
    for payment in payments:
        named = names.get((payment.request.kind, payment.request.subject_id))
        is_own = named is not None and named.owner_id == person.pk
        state, tone = words_of(payment)
        items.append(
            {
                "payment": payment,
                "restaurant": payment.request.restaurant,
                # Who paid for somebody else is not told of their evening.
                "named": named if is_own else None,
                "state": state,
                "tone": tone,
                "receipt_url": reverse("payments:receipt", args=[payment.public_id]) if payment.pk in receipts else "",
            }
        )
    return items


def words_of(payment: Payment) -> tuple[str, str]:
    """Return how a payment stands in its payer's words, and in which tone that is said."""
    if payment.review == Review.HELD:
        return _("Somebody is looking at it"), "wait"
    if payment.review == Review.REFUSED:
        return _("Not let through"), "bad"
    if payment.state == PaymentState.SUCCEEDED and payment.refunded_kobo:
        return _words_of_return(payment), "neutral"
    tone = {PaymentState.SUCCEEDED.value: "good", PaymentState.FAILED.value: "bad", PaymentState.EXPIRED.value: "bad"}
    return payment.get_state_display(), tone.get(payment.state, "wait")


def _words_of_return(payment: Payment) -> str:
    is_all = payment.refunded_kobo >= payment.received_kobo
    if any(refund.is_under_way for refund in payment.refunds.all()):
        return _("Being given back") if is_all else _("A part is being given back")
    return pgettext("of a refund", "Given back") if is_all else _("A part given back")


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(person: User, payments: Any) -> Iterator[str]:
    """Yield the lines of a spreadsheet: naira, and times by the restaurant's clock."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow(COLUMNS)
    part: list[Payment] = []
    for payment in payments.iterator(chunk_size=AT_ONCE):
        part.append(payment)
        if len(part) == AT_ONCE:
            yield from _written(person, part, writer)
            part = []
    yield from _written(person, part, writer)


def _written(person: User, payments: Sequence[Payment], writer: Any) -> Iterator[str]:
    for item in _items(person, payments):
        payment = item["payment"]
        begun = formatting.in_zone(payment.created_at, item["restaurant"].time_zone)
        card = f"{payment.brand_name} {payment.card_last4}" if payment.card_last4 else ""
        yield writer.writerow(
            [
                payment.reference, item["restaurant"].name, payment.request.kind,
                item["named"].code if item["named"] else "", payment.state, money.to_api(payment.received_kobo),
                money.to_api(payment.refunded_kobo), payment.currency, payment.channel, card,
                begun.strftime("%Y-%m-%d %H:%M"),
            ]
        )  # fmt: skip
