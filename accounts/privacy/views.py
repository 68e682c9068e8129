"""Pages about personal data: the notice for everybody, and what people do with their own."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.doors import person_of
from accounts.privacy import notice as privacy_notice
from accounts.privacy import selectors
from accounts.privacy.doors import device_of
from accounts.privacy.files import file_answer
from accounts.privacy.forms import ConsentsForm, ErasureForm, RequestForm
from accounts.privacy.models import Export
from accounts.privacy.services import consents, erasing, exporting, requests
from accounts.privacy.states import Door, RequestKind
from core.errors import DomainError, TooManyAttempts, Unavailable
from core.headers import private_page
from core.limits import address_of

# --- For everybody --------------------------------------------------------------------------------------------------


@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    return render(request, "privacy/notice.html", privacy_notice.page())


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "privacy/terms.html", {"settings": privacy_notice.PrivacySettings.load()})


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def request_form(request: HttpRequest) -> HttpResponse:
    user = person_of(request) if request.user.is_authenticated else None
    if request.method != "POST":
        known = {"name": user.name, "email": user.email} if user else {}
        kind = request.GET.get("kind", "")
        form = RequestForm(initial={**known, "kind": kind if kind in RequestKind.values else ""})
        return render(request, "privacy/request.html", {"form": form})
    form = RequestForm(request.POST)
    if not form.is_valid():
        return render(request, "privacy/request.html", {"form": form}, status=422)
    answers = dict(form.cleaned_data)
    if answers.pop("website"):
        # A program; it gets the answer of a person, and nothing happens.
        return HttpResponseRedirect(reverse("privacy:request_sent"))
    try:
        requests.take_request(
            **{**answers, "kind": RequestKind(answers["kind"])}, user=user, address=address_of(request)
        )
    except (TooManyAttempts, Unavailable) as refusal:
        form.add_error(None, str(refusal))
        response = render(request, "privacy/request.html", {"form": form}, status=refusal.status)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    return HttpResponseRedirect(reverse("privacy:request_sent"))


@require_safe
def request_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "privacy/request_sent.html")


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def guest_archive(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Lead a guest to their archive: the link opens a page, the button fetches, so that no mail program does."""
    key = request.POST.get("key") or request.GET.get("key") or ""
    if request.method != "POST":
        return render(request, "privacy/guest_archive.html", {"key": key})
    try:
        export, content = exporting.fetch_guest_export(
            public_id=public_id, link_key=key[:100], device=device_of(request)
        )
    except DomainError as refusal:
        return render(request, "privacy/guest_archive.html", {"refusal": refusal}, status=refusal.status)
    return file_answer(request.headers.get("Range", ""), export, content)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def keep_account(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take the wish to be erased back, with the link from the mail; opening the link alone does nothing."""
    token = request.POST.get("token") or request.GET.get("token") or ""
    erasure = erasing.erasure_to_keep(public_id=public_id, token=token)
    if erasure is None:
        raise Http404
    context: dict[str, Any] = {"erasure": erasure, "token": token}
    if request.method == "POST":
        try:
            context["erasure"] = erasing.cancel_erasure(erasure=erasure)
        except DomainError as refusal:
            return render(request, "privacy/keep.html", {**context, "refusal": refusal}, status=refusal.status)
        context["is_kept"] = True
    return render(request, "privacy/keep.html", context)


# --- For whoever is signed in -----------------------------------------------------------------------------------------


@private_page
@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    context = {
        "choices": selectors.choices_of(user),
        "export": selectors.latest_export_of(user),
        "erasure": selectors.open_erasure_of(user),
    }
    return render(request, "privacy/overview.html", context)


@private_page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def consents_page(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    if request.method == "POST":
        form = ConsentsForm(request.POST)
        if form.is_valid():
            consents.choose(user=user, choices=form.cleaned_data, door=Door.PAGE, address=address_of(request))
            messages.success(request, _("Your choices are saved."))
            return HttpResponseRedirect(reverse("privacy:consents"))
    choices = selectors.choices_of(user)
    form = ConsentsForm(initial={choice["purpose"]: choice["given"] for choice in choices})
    history = selectors.history_of(user)[:100]
    return render(request, "privacy/consents.html", {"form": form, "history": history})


@private_page
@login_required
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def export_page(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    refusal = None
    if request.method == "POST":
        try:
            exporting.request_export(user=user)
        except exporting.TooManyExports as refused:
            refusal = refused
        else:
            return HttpResponseRedirect(reverse("privacy:export"))
    context = {"export": selectors.latest_export_of(user), "refusal": refusal}
    return render(request, "privacy/export.html", context, status=refusal.status if refusal else 200)


@private_page
@login_required
@reauthentication_required
@require_safe
def export_file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    user = person_of(request)
    if request.method == "HEAD":
        # Asking how large it is does not use the link up.
        export = Export.objects.filter(user=user, public_id=public_id).first()
        if export is None or not export.can_be_fetched:
            raise Http404
        return HttpResponse(content_type="application/zip")
    try:
        export, content = exporting.fetch_export(user=user, public_id=public_id, device=device_of(request))
    except DomainError as refusal:
        context = {"export": selectors.latest_export_of(user), "refusal": refusal}
        return render(request, "privacy/export.html", context, status=refusal.status)
    return file_answer(request.headers.get("Range", ""), export, content)


@private_page
@login_required
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
def erasure_page(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    form = ErasureForm()
    refusal: DomainError | None = None
    if request.method == "POST" and "keep" in request.POST:
        erasure = selectors.open_erasure_of(user)
        try:
            if erasure is not None:
                erasing.cancel_erasure(erasure=erasure)
        except DomainError as refused:
            refusal = refused
        else:
            messages.success(request, _("Good that you stay. Your account is kept."))
            return HttpResponseRedirect(reverse("privacy:home"))
    elif request.method == "POST":
        form = ErasureForm(request.POST)
        if form.is_valid():
            try:
                erasing.request_erasure(user=user)
            except DomainError as refused:
                refusal = refused
            else:
                return HttpResponseRedirect(reverse("privacy:erasure"))
    context = {
        "form": form,
        "refusal": refusal,
        "erasure": selectors.open_erasure_of(user),
        "lines": privacy_notice.erasure_lines(),
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "privacy/erasure.html", context, status=status)
