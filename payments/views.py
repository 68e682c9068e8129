"""The pages on which people pay: a link opens each, for whoever has it. What a browser brings back is not believed."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote as quoted
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.second_factor.bridge import signed_in_just_now
from accounts.sensitive import ask_again
from core.errors import DomainError, TooManyAttempts
from core.headers import private_page
from core.limits import address_of
from localization import formatting
from payments import errors, limits, selectors, services
from payments.forms import PayForm, SavedCardForm, ShareForm
from payments.fraud import views as fraud
from payments.fraud.devices import device_of, knows_device
from payments.fraud.errors import ProofNeeded
from payments.gateways.base import Channel, Payer
from payments.models import Payment, PaymentRequest
from payments.receipts.selectors import receipt_of
from payments.saved.errors import CardUnusable, NoSuchCard
from payments.saved.selectors import guarantee_of, payable_with
from payments.saved.services.charging import Came, charge_saved
from payments.saved.states import Purpose
from payments.saved.wording import consent
from payments.services.beginning import Wish, channels_within
from payments.states import LIVE, Kind, PaymentState, RequestState, Review
from payments.subjects import Due, Subject, subject_of
from payments.views_own import words_of
from restaurants import charge_words
from restaurants.selectors import charge_lines_of

# The page asks by itself so often while a bank's answer is awaited: quickly at first, and then less.
REFRESH = ((timedelta(minutes=1), 4), (timedelta(minutes=5), 10), (timedelta(days=1), 30))


# --- One request, by its link ----------------------------------------------------------------------------------------


@private_page
@knows_device
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """What is to be paid, and how; then on to the gateway's page."""
    asked = _request(request, token)
    due = subject_of(asked.kind).due(asked.subject_id)
    ways = _ways(due)
    person = _user(request)
    form = PayForm(
        request.POST if request.method == "POST" and "card" not in request.POST else None,
        ways=ways,
        may_keep=person is not None,
        initial={"email": _own_email(request, asked, due)},
    )
    refusal: DomainError | None = None
    if request.method == "POST" and "card" in request.POST:
        done = _pay_with_saved(request, asked, due)
        if isinstance(done, HttpResponse):
            return done
        refusal = done
    elif request.method == "POST" and form.is_valid():
        try:
            limits.pay(request, asked.pk)
            payment = services.begin(request=asked, wish=_wish(request, token, due, form.cleaned_data))
        except errors.PaymentIsChecked:
            return redirect("payments:back", token=token)
        except TooManyAttempts:
            raise
        except ProofNeeded as error:
            if _user(request) is not None:
                # They are asked who they are, and then what they sent is done.
                ask_again(request)
            refusal = error
        except DomainError as error:
            refusal = error
        else:
            if payment.state == PaymentState.PENDING:
                return redirect(payment.checkout_url)
            return redirect("payments:back", token=token)
    context = {**_shown(asked, due), "form": form, "refusal": refusal, "ways": ways}
    context |= _cards(person, due)
    context["needs_proof"] = isinstance(refusal, ProofNeeded)
    context["is_returned"] = not context["is_due"] and selectors.is_all_given_back(asked)
    context["look"] = fraud.shown(asked, None)
    context["look_url"] = reverse("payments:look_again", args=[token])
    return render(request, "payments/pay.html", context, status=refusal.status if refusal else 200)


@private_page
@require_safe
def back(request: HttpRequest, token: str) -> HttpResponse:
    """Where the gateway's page leads to: the bank's answer as the gateway tells it us, whatever the address says."""
    asked = _request(request, token)
    payment = asked.payments.order_by("-pk").first()
    if payment is not None and payment.may_be_paid and _may_ask(payment):
        payment = services.settle(payment_id=payment.pk)
        asked.refresh_from_db()
    due = subject_of(asked.kind).due(asked.subject_id)
    stage = stage_of(asked, payment)
    context = {**_shown(asked, due), "payment": payment, "stage": stage, "refresh": _refresh(payment, stage)}
    context["pay_url"] = reverse("payments:pay", args=[token])
    context["card"] = guarantee_of(asked.kind, asked.subject_id) if stage == "guaranteed" else None
    has_receipt = (
        stage in ("paid", "returned", "guaranteed") and payment is not None and receipt_of(payment) is not None
    )
    context["receipt_url"] = reverse("payments:link_receipt", args=[token]) if has_receipt else ""
    context["look"] = fraud.shown(asked, payment)
    context["look_url"] = reverse("payments:look_again", args=[token])
    template = "payments/_stage.html" if request.headers.get("HX-Request") else "payments/back.html"
    return render(request, template, context)


def stage_of(asked: PaymentRequest, payment: Payment | None) -> str:
    """Return where a payer stands: paid, held, checking, waiting, failed, expired, closed or open.

    What was paid and has all gone back is returned; a guarantee goes back at once, and so is guaranteed instead.
    """
    if payment is not None and payment.review == Review.HELD:
        return "held"
    if payment is not None and payment.state == PaymentState.SUCCEEDED:
        if payment.review == Review.REFUSED:
            return "refused"
        if asked.kind != Kind.GUARANTEE and selectors.is_all_given_back(asked):
            return "returned"
        # What it is for takes note of it in a moment; the page says so only then.
        return _paid(asked) if payment.credited_at else "counting"
    if asked.state != RequestState.OPEN:
        return _paid(asked) if asked.state == RequestState.PAID else "closed"
    if payment is None:
        return "open"
    if payment.state == PaymentState.PENDING:
        return "waiting"
    if payment.state in LIVE:
        return "checking"
    return "failed" if payment.state == PaymentState.FAILED else "expired"


def _paid(asked: PaymentRequest) -> str:
    return "guaranteed" if asked.kind == Kind.GUARANTEE else "paid"


def _may_ask(payment: Payment) -> bool:
    try:
        limits.ASK_GATEWAY.take(payment.reference)
    except DomainError:
        return False
    return True


def _refresh(payment: Payment | None, stage: str) -> int:
    """Return after how many seconds the page looks again; 0 when it need not."""
    if payment is None or stage not in ("checking", "waiting", "counting"):
        return 0
    age = timezone.now() - payment.created_at
    return next((seconds for until, seconds in REFRESH if age < until), 0)


def _request(request: HttpRequest, token: str) -> PaymentRequest:
    found = selectors.request_by_token(token)
    if found is None:
        limits.open_link(request)
        raise Http404(errors.NoSuchRequest.message)
    return found


def _wish(request: HttpRequest, token: str, due: Due | None, answers: dict[str, Any]) -> Wish:
    payer = due.payer if due else Payer(email="")
    is_theirs = answers["email"].lower() == payer.email.lower()
    return Wish(
        # A friend who pays a share is not called by the guest's name and number.
        payer=Payer(
            email=answers["email"], name=payer.name if is_theirs else "", phone=payer.phone if is_theirs else ""
        ),
        return_url=request.build_absolute_uri(reverse("payments:back", args=[token])),
        cancel_url=request.build_absolute_uri(reverse("payments:pay", args=[token])),
        channel=Channel(answers["channel"]),
        by=request.user if isinstance(request.user, User) else None,
        address=address_of(request),
        device=device_of(request),
        is_proven=signed_in_just_now(request.user, request.session),
        keeps_card=bool(answers.get("keep_card")),
        language=get_language() or "en",
    )


def _cards(person: User | None, due: Due | None) -> dict[str, Any]:
    """Return what the page says of cards that are kept, and of this one's keeping."""
    guarantees = due is not None and due.keeps_card
    return {
        "guarantees": guarantees,
        "agreed": due.agreed if guarantees and due is not None else (),
        "guarantee_words": consent(Purpose.GUARANTEE) if guarantees else "",
        "keep_words": consent(Purpose.NEXT_TIME),
        # A guarantee shows at once that the card works: it is given anew.
        "request_key": uuid4(),
        "cards": list(payable_with(person)) if person is not None and due is not None and not guarantees else [],
    }


def _pay_with_saved(request: HttpRequest, asked: PaymentRequest, due: Due | None) -> HttpResponse | DomainError:
    """Charge a card that the payer lets us keep; return where they go on, or why not."""
    person = _user(request)
    form = SavedCardForm(request.POST)
    if person is None or not form.is_valid() or due is None or due.keeps_card:
        return CardUnusable()
    # A stolen session is not to spend what a card is good for.
    ask_again(request)
    try:
        limits.pay(request, asked.pk)
        method = payable_with(person).filter(public_id=form.cleaned_data["card"]).first()
        if method is None:
            return NoSuchCard()
        done = charge_saved(
            request=asked,
            method=method,
            return_url=request.build_absolute_uri(reverse("payments:back", args=[asked.token])),
            key=f"page:{form.cleaned_data['request_key']}",
            by=person,
            address=address_of(request),
            device=device_of(request),
        )
    except errors.PaymentIsChecked:
        return redirect("payments:back", token=asked.token)
    except TooManyAttempts:
        raise
    except DomainError as error:
        return error
    if done.came == Came.CHALLENGED:
        return redirect(done.payment.checkout_url)
    return done.refusal or redirect("payments:back", token=asked.token)


def _own_email(request: HttpRequest, asked: PaymentRequest, due: Due | None) -> str:
    if isinstance(request.user, User):
        return request.user.email
    # A link may be anybody's: the guest's address is filled in only for who may see the thing itself.
    may_see = due is not None and not asked.is_share
    if may_see and subject_of(asked.kind).visible_to(asked.subject_id, request=request):
        return due.payer.email if due else ""
    return ""


def _ways(due: Due | None) -> list[Channel]:
    if due is None:
        return []
    latest = due.may_wait_until or due.until
    left = None if latest is None else latest - timezone.now()
    offered = (Channel.CARD,) if due.keeps_card else (Channel.CARD, Channel.TRANSFER, Channel.USSD)
    return [way for way in channels_within(left) if way in offered]


def _shown(asked: PaymentRequest, due: Due | None) -> dict[str, Any]:
    missing = 0 if due is None else min(asked.missing_kobo, due.amount_kobo)
    is_due = asked.state == RequestState.OPEN and missing > 0
    # A part may have been paid otherwise since it was asked for: what is charged is what is said.
    kobo = missing if is_due else asked.missing_kobo or asked.amount_kobo
    return {
        "asked": asked,
        "restaurant": asked.restaurant,
        "title": due.title if due else asked.get_kind_display(),
        "amount": formatting.money(kobo),
        "contained": _contained(asked, kobo),
        "holds": _holds(asked),
        "refunds": list(selectors.refunds_of(asked)),
        "is_due": is_due,
        "until": due.until if due else None,
        "path": due.path if due and not asked.is_share else "",
        "zone": asked.restaurant.time_zone,
    }


def _holds(asked: PaymentRequest) -> str:
    """Return what is held until it is paid: a table, places, or nothing."""
    if asked.kind == Kind.TICKETS:
        return "places"
    return "table" if asked.kind in (Kind.DEPOSIT, Kind.GUARANTEE) else ""


def _contained(asked: PaymentRequest, kobo: int) -> list[tuple[str, str]]:
    """Return the taxes and charges that the price of tickets contains today, with their names."""
    if asked.kind != Kind.TICKETS:
        return []
    today = timezone.now().astimezone(ZoneInfo(asked.restaurant.time_zone)).date()
    lines = charge_lines_of(asked.restaurant_id, today, for_tickets=True)
    return charge_words.contained(kobo, lines)


# --- All of a subject, for who may see it ----------------------------------------------------------------------------


@private_page
@require_safe
def subject(request: HttpRequest, kind: str, subject_id: UUID) -> HttpResponse:
    """What is paid and what is still to be paid for a booking or an order, by whom, and what has gone back."""
    return _subject_page(request, kind, subject_id, ShareForm())


@require_POST
def pay_all(request: HttpRequest, kind: str, subject_id: UUID) -> HttpResponse:
    """Begin to pay all that is still due."""
    _visible(request, kind, subject_id)
    try:
        asked = services.request_payment(kind=kind, subject_id=subject_id, by=_user(request))
    except errors.PaymentIsChecked:
        return redirect("payments:subject", kind=kind, subject_id=subject_id)
    except errors.NothingToPay as refusal:
        return _subject_page(request, kind, subject_id, ShareForm(), refusal=refusal)
    return redirect("payments:pay", token=asked.token)


@require_POST
def share(request: HttpRequest, kind: str, subject_id: UUID) -> HttpResponse:
    """Share what is still due among several people, in equal parts: a link for each."""
    _visible(request, kind, subject_id)
    form = ShareForm(request.POST)
    if not form.is_valid():
        return _subject_page(request, kind, subject_id, form)
    due = subject_of(kind).due(subject_id)
    try:
        services.share(
            kind=kind,
            subject_id=subject_id,
            shares=equal_shares(due.amount_kobo if due else 0, form.cleaned_data["people"]),
            by=_user(request),
        )
    except DomainError as refusal:
        return _subject_page(request, kind, subject_id, form, refusal=refusal)
    return redirect("payments:subject", kind=kind, subject_id=subject_id)


def equal_shares(amount_kobo: int, people: int) -> list[tuple[str, int]]:
    """Return a share for each, whole naira where that goes; the first bears what is left over."""
    each = amount_kobo // people // 100 * 100 or amount_kobo // people
    first = amount_kobo - each * (people - 1)
    # The number alone is kept: each reader is told of it in their own language.
    names = [str(number) for number in range(1, people + 1)]
    return list(zip(names, [first, *[each] * (people - 1)], strict=True))


def _subject_page(
    request: HttpRequest, kind: str, subject_id: UUID, form: ShareForm, refusal: DomainError | None = None
) -> HttpResponse:
    _visible(request, kind, subject_id)
    due = subject_of(kind).due(subject_id)
    of_subject = PaymentRequest.objects.filter(kind=kind, subject_id=subject_id).select_related("restaurant")
    requests = list(of_subject.order_by("pk"))
    shares = [one for one in requests if one.is_share and one.state != RequestState.CLOSED]
    payments = list(selectors.payments_of(kind, subject_id))
    context = {
        "kind": kind,
        "subject_id": subject_id,
        "title": due.title if due else "",
        "path": due.path if due else "",
        "is_due": due is not None and due.amount_kobo > 0,
        "amount": formatting.money(due.amount_kobo) if due else "",
        "until": due.until if due else None,
        "may_share": due is not None and due.may_be_shared and due.amount_kobo > 0,
        "form": form,
        "refusal": refusal,
        "shares": [_shared(request, one, due) for one in shares],
        "payments": [(payment, *words_of(payment)) for payment in payments],
        "is_checked": selectors.is_checked(kind, subject_id),
        "zone": requests[0].restaurant.time_zone if requests else "",
    }
    status = refusal.status if refusal else 400 if form.errors else 200
    return render(request, "payments/subject.html", context, status=status)


def _shared(request: HttpRequest, share: PaymentRequest, due: Due | None) -> dict[str, Any]:
    amount = formatting.money(share.amount_kobo)
    url = request.build_absolute_uri(reverse("payments:pay", args=[share.token]))
    words = _("%(title)s. Your share is %(amount)s; you pay it here:") % {
        "title": due.title if due else share.get_kind_display(),
        "amount": amount,
    }
    return {
        "request": share,
        "amount": amount,
        "url": url,
        "whatsapp": f"https://wa.me/?text={quoted(f'{words} {url}')}",
    }


def _visible(request: HttpRequest, kind: str, subject_id: UUID) -> Subject:
    try:
        found = subject_of(kind)
    except LookupError as error:
        raise Http404 from error
    if not found.visible_to(subject_id, request=request):
        raise Http404(errors.NoSuchRequest.message)
    return found


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
