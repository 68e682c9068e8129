"""What machines read about Buka's pages: crawlers, installers, tabs."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.sitemaps import Sitemap
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from bookings.ticketing import events_ahead
from localization.languages import every_language
from restaurants.models import Restaurant

# Nobody finds a restaurant through these, and a crawler in them would only cost.
NOT_FOR_CRAWLERS = ("admin/", "api/", "language/")
NOT_FOR_CRAWLERS_IN_A_LANGUAGE = (
    "bookings/",
    "events/*/order/",
    "ticket-orders/",
    "tickets/",
    "find/",
    "account/",
    "r/*/book/",
    "r/*/times/",
    "r/*/widget/",
    "r/*/claim/",
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: /{path}" for path in NOT_FOR_CRAWLERS)]
    for language in every_language():
        lines += [f"Disallow: /{language.code}/{path}" for path in NOT_FOR_CRAWLERS_IN_A_LANGUAGE]
    lines += ["Allow: /api/docs", "", f"Sitemap: {request.build_absolute_uri(reverse('machines:sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8", headers=_kept_for(86_400))


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    return render(request, "manifest.webmanifest", content_type="application/manifest+json")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that ask without looking at the page to the real file."""
    headers = {"Location": static("buka/icons/buka-32.png"), **_kept_for(86_400)}
    return HttpResponse(status=302, headers=headers)


def _kept_for(seconds: int) -> dict[str, str]:
    return {"Cache-Control": f"public, max-age={seconds}"}


class LanguageSitemap(Sitemap):
    """Addresses in every language, each with its siblings; a page of the sitemap holds a hundred places."""

    i18n = True
    alternates = True
    x_default = True
    limit = 1_000

    def get_protocol(self, protocol: str | None = None) -> str:
        return protocol or "http"


class PagesSitemap(LanguageSitemap):
    changefreq = "daily"

    def items(self) -> Iterable[str]:
        return ["bookings:home", "bookings:search", "bookings:events"]

    def location(self, item: str) -> str:
        return reverse(item)


class RestaurantsSitemap(LanguageSitemap):
    changefreq = "weekly"

    def items(self) -> Iterable[tuple[str, datetime]]:
        if not hasattr(self, "_found"):
            rows = Restaurant.objects.public().order_by("pk")
            self._found = list(rows.values_list("slug", "updated_at"))
        return self._found

    def location(self, item: tuple[str, datetime]) -> str:
        return reverse("bookings:restaurant", args=[item[0]])

    def lastmod(self, item: tuple[str, datetime]) -> datetime:
        return item[1]


class EventsSitemap(LanguageSitemap):
    changefreq = "daily"

    def items(self) -> Iterable[tuple[UUID, datetime]]:
        if not hasattr(self, "_found"):
            self._found = list(events_ahead().order_by("pk").values_list("public_id", "updated_at"))
        return self._found

    def location(self, item: tuple[UUID, datetime]) -> str:
        return reverse("bookings:event", args=[item[0]])

    def lastmod(self, item: tuple[UUID, datetime]) -> datetime:
        return item[1]


# Classes, not objects: each request reads its own rows, once.
SITEMAPS = {"pages": PagesSitemap, "restaurants": RestaurantsSitemap, "events": EventsSitemap}
