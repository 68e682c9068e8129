"""A house's bookings in the calendar program of somebody who works there."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import feeds, selectors
from bookings.admin.today import Desk, at_the_desk
from bookings.views.feeds import act


def urls(site: Any) -> list[URLPattern]:
    view = require_http_methods(["GET", "HEAD", "POST"])(at_the_desk(site, show_calendar))
    return [path("today/<uuid:house>/calendar/", site.admin_view(view), name="today_calendar")]


def show_calendar(at: Desk) -> HttpResponse:
    if at.request.method == "POST":
        act(at.request, at.user, at.restaurant.pk)
        return HttpResponseRedirect(at.address("today_calendar"))
    feed = selectors.feed_of(at.user, at.restaurant.pk)
    context = {
        **at.site.each_context(at.request),
        "title": _("The bookings in your calendar"),
        "subtitle": at.restaurant.name,
        "address": feeds.address_of(feed) if feed else "",
    }
    return render(at.request, "admin/today/calendar.html", context)
