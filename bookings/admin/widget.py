"""The lines that a restaurant puts into its own site to show its free times there."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.admin.today import Desk, at_the_desk
from localization.languages import current_language


def urls(site: Any) -> list[URLPattern]:
    return [
        path("today/<uuid:house>/widget/", site.admin_view(require_safe(at_the_desk(site, show))), name="today_widget")
    ]


def show(at: Desk) -> HttpResponse:
    script = settings.BASE_URL + reverse("machines:widget_script")
    frame = settings.BASE_URL + reverse("bookings:widget", args=[at.restaurant.slug])
    title = _("Book a table at %(restaurant)s") % {"restaurant": at.restaurant.name}
    context = {
        **at.site.each_context(at.request),
        "title": _("Free times on your own site"),
        "subtitle": at.restaurant.name,
        "by_script": format_html(
            '<script src="{}" data-restaurant="{}" data-language="{}" data-title="{}" async></script>',
            script,
            at.restaurant.slug,
            current_language().code,
            title,
        ),
        "by_frame": format_html(
            '<iframe src="{}" title="{}" style="border:0;width:100%;height:28rem" loading="lazy"></iframe>',
            frame,
            title,
        ),
        "frame": frame,
        "is_bookable": at.restaurant.is_bookable,
    }
    return render(at.request, "admin/today/widget.html", context)
