"""A restaurant's free times on its own site: a page that may stand in a frame, and the script that puts it there.

Nothing can be done on it but look and follow a link to the booking page in a window of its own, where the address tells
where one is. So it knows nobody, sets no cookie, and may be framed by everybody.
"""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from bookings import limits
from bookings.views.discovery import times_asked_for
from restaurants.selectors import restaurant_by_slug

SCRIPT_SECONDS = 3600


@xframe_options_exempt
@require_safe
def widget(request: HttpRequest, slug: str) -> HttpResponse:
    limits.look(request)
    house = restaurant_by_slug(slug)
    if house is None or not house.is_bookable:
        raise Http404
    times, form = times_asked_for(request, house, timezone.now())
    fields = [form["date"], form["party"]] + ([form["area"]] if len(times.plan.areas) > 1 else [])
    box = form["step_free"] if "step_free" in form.fields else None
    context = {"restaurant": house, "times": times, "fields": fields, "box": box}
    response = render(request, "bookings/widget.html", context)
    response["Cache-Control"] = "no-store"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """Answer the script at an address that stays: it stands in other people's pages for years."""
    response = render(
        request, "bookings/widget.js", {"base_url": settings.BASE_URL}, content_type="text/javascript; charset=utf-8"
    )
    response["Cache-Control"] = f"public, max-age={SCRIPT_SECONDS}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
