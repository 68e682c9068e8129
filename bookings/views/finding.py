"""Finding a booking, or tickets, without an account: its code, and something its guest knows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import access, lookup
from bookings.forms.booking import FindForm
from bookings.models import Booking, Ticket, TicketOrder
from core import codes
from core.errors import DomainError, TooManyAttempts, Unavailable
from core.headers import private_page
from core.limits import address_of

PAGES = {Booking: "bookings:booking", TicketOrder: "bookings:ticket_order", Ticket: "bookings:ticket"}


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def find_booking(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        code = codes.display(codes.normalise(request.GET.get("code", "")))
        return _show(request, FindForm(initial={"code": code}))
    form = FindForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    code = codes.normalise(form.cleaned_data["code"])
    contact = form.cleaned_data["contact"]
    try:
        found = lookup.find_anything(
            code=code, knows=lambda guest: lookup.known_by_anything(guest, contact), address=address_of(request)
        )
    except (TooManyAttempts, Unavailable) as refusal:
        return _refuse(request, form, refusal)
    if found is None:
        # One answer, whatever was wrong: nobody learns which codes there are.
        sentence = _("We found no booking with this code and this phone, e-mail or name. Please check both.")
        form.add_error(None, sentence)
        return _show(request, form, status=422)
    access.remember(request, found)
    return redirect(PAGES[type(found)], public_id=found.public_id)


def _refuse(request: HttpRequest, form: FindForm, refusal: DomainError) -> HttpResponse:
    sentence = (
        _("Finding bookings does not work for a moment. The link in your confirmation mail does.")
        if isinstance(refusal, Unavailable)
        else _("There were too many attempts. Please wait an hour, or use the link in your confirmation mail.")
    )
    form.add_error(None, sentence)
    response = _show(request, form, status=refusal.status)
    response["Retry-After"] = str(refusal.retry_after)
    return response


def _show(request: HttpRequest, form: FindForm, status: int = 200) -> HttpResponse:
    response = render(request, "bookings/find.html", {"form": form}, status=status)
    response["X-Robots-Tag"] = "noindex" if request.method == "POST" or request.GET else "all"
    return response
