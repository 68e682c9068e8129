"""Saying what a visit was like, reading what others said, and wanting no more mails that ask."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.doors import person_of
from bookings import access, errors, limits, selectors
from bookings.forms.reviews import ReportForm, ReviewForm
from bookings.models import Booking
from bookings.services import guests, reviews
from bookings.states import Status
from core.errors import DomainError
from core.headers import private_page
from localization.languages import current_language
from restaurants.reviews import selectors as written
from restaurants.reviews import services as publishing
from restaurants.reviews.errors import TooLateToReview
from restaurants.reviews.models import Review
from restaurants.reviews.states import CHANGE_WITHIN, WRITE_WITHIN, ReportReason
from restaurants.selectors import place_by_slug

ON_A_PAGE = 20


def _visit(request: HttpRequest, public_id: UUID) -> Booking:
    """Return a booking to its guest, who may have come by the link in a mail."""
    found = selectors.booking_by_public_id(public_id)
    token = request.GET.get("token", "")
    if found is None or not access.may_see(request, found, token):
        raise Http404(_("We found no such booking."))
    if token:
        access.remember(request, found)
    return found


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, public_id: UUID) -> HttpResponse:
    visit = _visit(request, public_id)
    if "token" in request.GET and request.method != "POST":
        # The address is not to hold the token any longer than it must.
        return redirect("bookings:review", public_id=public_id)
    standing = written.review_of(visit.public_id)
    if request.method == "POST":
        return _write(request, visit, standing)
    refusal = _refusal(visit, standing)
    form = ReviewForm.of(standing) if standing else ReviewForm()
    return _page(request, visit, standing, form, refusal=refusal)


def _refusal(visit: Booking, standing: Review | None) -> DomainError | None:
    """Return why nothing can be written here, before anybody tries."""
    if visit.status != Status.COMPLETED:
        return errors.NoVisitYet()
    if standing is None and timezone.now() - (visit.left_at or visit.ends_at) > WRITE_WITHIN:
        return TooLateToReview()
    return None


def _write(request: HttpRequest, visit: Booking, standing: Review | None) -> HttpResponse:
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, standing, form, status=422)
    limits.book(request)
    said: dict[str, Any] = {"booking": visit, "scores": form.scores(), "text": form.cleaned_data["text"]}
    try:
        if standing is None:
            reviews.review_visit(**said, language=current_language().code)
        else:
            reviews.edit_review(**said)
    except DomainError as refusal:
        return _page(request, visit, written.review_of(visit.public_id), form, refusal=refusal, status=refusal.status)
    messages.success(request, _("Thank you. Your review is published."))
    return redirect("bookings:review", public_id=visit.public_id)


def _page(
    request: HttpRequest,
    visit: Booking,
    standing: Review | None,
    form: ReviewForm,
    *,
    refusal: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    may_write = refusal is None and (
        standing is None or (standing.is_shown and timezone.now() - standing.created_at <= CHANGE_WITHIN)
    )
    context = {
        "booking": visit,
        "restaurant": visit.restaurant,
        "review": standing,
        "form": form,
        "refusal": refusal,
        "may_write": may_write,
    }
    response = render(request, "bookings/review.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def no_thanks(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say that one wants no thank-you mails; asked with a button, for mail programs open every link."""
    visit = _visit(request, public_id)
    if request.method == "POST":
        guests.refuse_thanks(booking=visit)
    context = {"booking": visit, "restaurant": visit.restaurant, "is_done": selectors.wants_no_thanks(visit)}
    response = render(request, "bookings/no_thanks.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


@private_page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say that a review should not stand; somebody of Buka looks at it."""
    wrong = written.review_called(public_id)
    if wrong is None or not wrong.is_shown:
        raise Http404(_("We found no such review."))
    form = ReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        limits.book(request)
        publishing.report_review(review=wrong, by=person_of(request), reason=ReportReason(form.cleaned_data["reason"]))
        messages.success(request, _("Thank you. Somebody of Buka looks at it."))
        return redirect("bookings:reviews", slug=wrong.restaurant.slug)
    context = {"review": wrong, "restaurant": wrong.restaurant, "form": form}
    response = render(request, "bookings/report_review.html", context, status=422 if form.is_bound else 200)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
def reviews_of(request: HttpRequest, slug: str) -> HttpResponse:
    """All that was said of a house, the latest first."""
    limits.look(request)
    restaurant = place_by_slug(slug)
    if restaurant is None:
        raise Http404(_("We know no such restaurant."))
    shown = written.published(restaurant.pk)
    if after := request.GET.get("after", ""):
        shown = written.after(shown, after)
    page = list(shown[: ON_A_PAGE + 1])
    context = {
        "restaurant": restaurant,
        "rating": written.rating_of(restaurant),
        "reviews": page[:ON_A_PAGE],
        "next": page[ON_A_PAGE - 1].public_id if len(page) > ON_A_PAGE else None,
        "is_first": not after,
    }
    return render(request, "bookings/reviews.html", context)
