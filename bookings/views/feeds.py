"""One's bookings in one's own calendar program: its address, and what it reads there."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from bookings import feeds, selectors, services
from core.api.etags import etag_of
from core.headers import private_page
from core.limits import Limit

# Programs ask every few minutes; one that asks all the time is broken.
READS = Limit("calendar.feed", most=60, seconds=600, spreads_load=True)


@require_safe
def read(request: HttpRequest, public_id: UUID, signature: str) -> HttpResponse:
    """Answer a calendar program; a wrong, an exchanged and a taken back address are all the same."""
    READS.take(str(public_id))
    feed = feeds.opened(public_id, signature)
    if feed is None:
        raise Http404(_("Nothing is at this address."))
    content = feeds.calendar_for(feed)
    tag = etag_of(content)
    if tag in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'inline; filename="buka.ics"'
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    return response


@private_page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """Show the address for one's calendar program; make it, exchange it, take it back."""
    if not isinstance(request.user, User):
        raise Http404
    feed = selectors.feed_of(request.user)
    if request.method == "POST":
        act(request, request.user, None)
        return redirect("bookings:calendar_feed")
    context = {"address": feeds.address_of(feed) if feed else ""}
    context["webcal"] = context["address"].replace("https://", "webcal://").replace("http://", "webcal://")
    response = render(request, "bookings/calendar_feed.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


def act(request: HttpRequest, user: User, restaurant_id: int | None) -> None:
    """Do what the form asks with somebody's calendar address."""
    feed = selectors.feed_of(user, restaurant_id)
    asked = request.POST.get("act", "")
    if asked == "open":
        services.open_feed(user=user, restaurant_id=restaurant_id)
        messages.success(request, _("Your calendar has an address now."))
    elif asked == "renew" and feed is not None:
        services.renew_feed(feed=feed)
        messages.success(request, _("Your calendar has a new address; at the old one there is nothing any more."))
    elif asked == "close" and feed is not None:
        services.close_feed(feed=feed)
        messages.success(request, _("The address is taken back."))
