"""Pages and pictures of a restaurant that need nothing of bookings."""

import mimetypes
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import artwork
from core.errors import DomainError
from core.hotcache import CachedBody, cached_bytes, respond
from restaurants.forms import ClaimForm
from restaurants.models import Restaurant
from restaurants.selectors import place_by_slug
from restaurants.services import AlreadyClaimed, NotClaimable, claim_listing
from restaurants.states import RestaurantStatus

LONGEST_SLUG = 80
KEPT = "public, max-age=2592000, stale-while-revalidate=86400"
PHOTO_KEPT = "public, max-age=31536000, immutable"
PICTURES = 1024
# A dish whose name says nothing is drawn by its course.
COURSES = ("breakfast", "drink", "grill", "main", "side", "snack", "soup", "starter", "stew", "swallow", "dessert")


# --- Pictures: decided by the name alone, so no row is read ----------------------------------------------------------


@require_safe
def restaurant_art(request: HttpRequest, slug: str) -> HttpResponse:
    return respond(request, _restaurant_svg(_bounded(slug)), "image/svg+xml", cache_control=KEPT)


@require_safe
def dish_art(request: HttpRequest, slug: str) -> HttpResponse:
    course = request.GET.get("course", "")
    hint = course if course in COURSES else ""
    return respond(request, _dish_svg(_bounded(slug), hint), "image/svg+xml", cache_control=KEPT)


def _bounded(slug: str) -> str:
    if len(slug) > LONGEST_SLUG:
        raise Http404
    return slug


@lru_cache(maxsize=PICTURES)
def _restaurant_svg(slug: str) -> CachedBody:
    return CachedBody.built(artwork.cloth_svg(slug, kind="restaurant").encode())


@lru_cache(maxsize=PICTURES)
def _dish_svg(slug: str, hint: str) -> CachedBody:
    svg = artwork.cloth_svg(slug.replace("-", " "), kind="dish", size=(320, 320), palette_hint=hint)
    return CachedBody.built(svg.encode())


@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the picture for link previews. Pixels cost a tenth of a second, so only for houses there are."""
    if len(slug) > LONGEST_SLUG or not Restaurant.objects.public().filter(slug=slug).exists():
        raise Http404
    body = cached_bytes(f"preview:{slug}", [], lambda: artwork.og_png(slug, kind="restaurant"), max_age=86_400)
    return respond(request, body, "image/png", cache_control=KEPT)


@require_safe
def photo(request: HttpRequest, name: str) -> HttpResponseBase:
    """Answer an uploaded photo where no web server in front does."""
    path = f"photos/{name}"
    kind = mimetypes.guess_type(path)[0] or ""
    # Storage refuses to leave its folder; what is not a picture is never answered as one.
    if ".." in name.split("/") or kind not in ("image/jpeg", "image/png", "image/webp", "image/avif"):
        raise Http404
    if not default_storage.exists(path):
        raise Http404
    response = FileResponse(default_storage.open(path), content_type=kind)
    response["Cache-Control"] = PHOTO_KEPT
    return response


# --- Claiming a listing ----------------------------------------------------------------------------------------------


@never_cache
@login_required(login_url=settings.LOGIN_URL)
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, slug: str) -> HttpResponse:
    restaurant = place_by_slug(slug)
    if restaurant is None:
        raise Http404
    context: dict[str, Any] = {"restaurant": restaurant}
    if restaurant.status != RestaurantStatus.LISTED:
        return render(request, "restaurants/claim.html", {**context, "refusal": NotClaimable()}, status=409)
    form = ClaimForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "restaurants/claim.html", {**context, "form": form}, status=status)
    user: Any = request.user
    try:
        claim_listing(restaurant=restaurant, claimant=user, **form.cleaned_data)
    except (AlreadyClaimed, NotClaimable) as refusal:
        return render(request, "restaurants/claim.html", {**context, "refusal": refusal}, status=refusal.status)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return render(request, "restaurants/claim.html", {**context, "form": form}, status=refusal.status)
    return render(request, "restaurants/claim.html", {**context, "is_sent": True})
