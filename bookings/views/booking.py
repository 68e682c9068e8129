"""Booking a table: the second step of three, and the page that confirms it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.models import User
from bookings import access, errors, limits, offers, selectors, services, terms
from bookings.forms.booking import DetailsForm, WishForm
from bookings.services import Actor, Quote, guests
from bookings.subscribers import terms_sentences
from core import phones
from core.errors import DomainError
from core.limits import address_of
from localization import formatting
from localization.languages import current_language
from restaurants.models import Restaurant
from restaurants.selectors import place_by_slug

# Farther than any booking window: no use looking for free times there.
SEARCHED = timedelta(days=740)
SAME_FORM_FOR = timedelta(hours=1)
KEYS_TRIED = 10


@dataclass(frozen=True)
class Choice:
    """A free time offered in place of the one that cannot be had."""

    starts_at: datetime
    value: str
    """When and where, as one button sends it."""
    query: str
    """The same as the query of this page's address."""
    is_other_day: bool
    note: str


# The browser may keep it for its back button, with what was typed.
@cache_control(private=True, max_age=0)
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, slug: str) -> HttpResponse:
    restaurant = place_by_slug(slug)
    if restaurant is None:
        raise Http404(_("We know no such restaurant."))
    if request.method == "POST":
        return _take(request, restaurant)
    if not request.GET.get("starts_at"):
        return redirect("bookings:restaurant", slug=slug)
    wish = WishForm(request.GET)
    is_wish_clear = wish.is_valid()
    key = _key_of(request, restaurant, wish) if is_wish_clear else uuid4()
    details = DetailsForm(initial={**_known_of(request), "request_key": key})
    if not is_wish_clear:
        return _show(request, restaurant, wish, details, status=422)
    quote = None
    try:
        quote = services.quote(restaurant_id=restaurant.pk, **wish.wish())
        slots = services.expect_room(quote)
    except DomainError as refusal:
        return _show(request, restaurant, wish, details, quote=quote, refusal=refusal)
    return _show(request, restaurant, wish, details, quote=quote, offer=_offer(wish, quote, slots))


@dataclass(frozen=True)
class Offer:
    """What the page says of suggested times: links to them, or the bonus when one of them has been chosen."""

    token: str
    points: int
    choices: list[tuple[datetime, int, str]]
    """Start, points, and the query of this page's address for it."""
    is_apology: bool = False


def _offer(wish: WishForm, quote: Quote, slots: "list[selectors.Slot]") -> Offer | None:
    """Return the suggestions beside the time asked for, or those that stood beside it when one of them was chosen."""
    token = wish.cleaned_data["offer"]
    if (bumped := offers.opened_apology(token, restaurant_id=quote.plan.id)) is not None:
        return Offer(token, selectors.points_carried_over(bumped), [], is_apology=True)
    shown = offers.opened(token, restaurant_id=quote.plan.id, party_size=quote.party_size) if token else None
    if shown is not None:
        return Offer(token, shown.points_for(quote.starts_at), [])
    area_id = quote.area.id if quote.area else None
    found = services.offering(quote.plan, slots, quote.starts_at, quote.party_size, area_id=area_id)
    if found is None:
        return None
    area = {"area": str(quote.area.public_id)} if quote.area else {}
    area |= {"step_free": "on"} if quote.step_free else {}
    choices = []
    for each in found.suggestions:
        starts_at = each.slot.starts_at.astimezone(quote.plan.zone)
        query = {"starts_at": starts_at.isoformat(), "party": quote.party_size, **area, "offer": found.token}
        choices.append((each.slot.starts_at, each.points, urlencode(query)))
    return Offer(found.token, 0, choices)


def _take(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    details = DetailsForm(request.POST)
    wish = WishForm(_asked(request.POST))
    are_details_fine = details.is_valid()
    earlier = _made_before(request, details)
    if earlier is not None:
        return earlier
    if not wish.is_valid():
        return _show(request, restaurant, wish, details, status=422)
    quote = None
    try:
        quote = services.quote(restaurant_id=restaurant.pk, **wish.wish())
        if not are_details_fine:
            return _show(request, restaurant, wish, details, quote=quote, status=422)
        if not _are_seen(request, quote):
            return _show(request, restaurant, wish, details, quote=quote, has_other_terms=True, status=409)
        diner = request.user if isinstance(request.user, User) else None
        limits.book(request)
        booking = services.book_table(
            restaurant_id=restaurant.pk,
            guest=details.guest(),
            by=Actor.diner(diner),
            diner=diner,
            language=current_language().code,
            request_key=details.cleaned_data["request_key"],
            offer=_offer_taken(request, restaurant, wish),
            **details.wishes(),
            **wish.wish(),
        )
        if details.cleaned_data["allergies"]:
            guests.keep_allergies(
                booking=booking,
                allergies=details.cleaned_data["allergies"],
                has_agreed=details.cleaned_data["agrees"],
                user=diner,
                address=address_of(request),
            )
    except (errors.DuplicateBooking, errors.OverlapsOwnBooking) as refusal:
        return _same_again(request, restaurant, wish) or _show(
            request, restaurant, wish, details, quote=quote, refusal=refusal
        )
    except DomainError as refusal:
        return _show(request, restaurant, wish, details, quote=quote, refusal=refusal)
    access.remember(request, booking)
    return redirect("bookings:booking", public_id=booking.public_id)


def _are_seen(request: HttpRequest, quote: Quote) -> bool:
    """Whether the page that was sent showed these very terms: another hour, or an edit meanwhile, may ask for more."""
    shown = request.POST.get("terms", "")
    return not shown or shown == terms.mark(quote.terms)


def _key_of(request: HttpRequest, restaurant: Restaurant, wish: WishForm) -> UUID:
    """Return the key of this browser's form for this wish: the same when the page is fetched again, as the back button
    does, or stands open in two tabs. A booking that is over, or made long ago, does not stand in a new one's way.
    """
    get_token(request)
    wanted = f"{restaurant.pk} {sorted(wish.wish().items(), key=str)}"
    for number in range(KEYS_TRIED):
        seal = salted_hmac("bookings.request_key", f"{request.META['CSRF_COOKIE']} {wanted} {number}")
        key = UUID(bytes=seal.digest()[:16], version=5)
        booking = selectors.booking_by_request_key(key)
        if booking is None or (booking.is_occupying and timezone.now() - booking.created_at < SAME_FORM_FOR):
            return key
    return uuid4()


def _asked(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wish a form sends; the button of another free time carries its own time and area."""
    asked = {name: sent.get(name, "") for name in ("starts_at", "party", "area", "step_free", "offer")}
    if taken := sent.get("take"):
        asked["starts_at"], _bar, asked["area"] = taken.partition("|")
    return asked


def _offer_taken(request: HttpRequest, restaurant: Restaurant, wish: WishForm) -> str:
    """Return the offer the form carries; what was chosen after a refusal was no part of it, but of an apology."""
    token: str = wish.cleaned_data["offer"]
    is_apology = offers.opened_apology(token, restaurant_id=restaurant.pk) is not None
    return "" if request.POST.get("take") and not is_apology else token


def _known_of(request: HttpRequest) -> dict[str, str]:
    if not isinstance(request.user, User):
        return {}
    return {"name": request.user.name, "phone": request.user.phone, "email": request.user.email}


def _made_before(request: HttpRequest, details: DetailsForm) -> HttpResponse | None:
    """Show the booking this very form has made already, whatever it says now: it can be changed there."""
    key = details.cleaned_data.get("request_key")
    booking = selectors.booking_by_request_key(key) if key else None
    if booking is None:
        return None
    access.remember(request, booking)
    messages.info(request, _("This form was sent before, and this is the booking it made. You can change it here."))
    return redirect("bookings:booking", public_id=booking.public_id)


def _same_again(request: HttpRequest, restaurant: Restaurant, wish: WishForm) -> HttpResponse | None:
    """Show the booking that a second tab, or a form opened twice, has made already."""
    booking = selectors.booking_like(
        restaurant_id=restaurant.pk,
        starts_at=wish.cleaned_data["starts_at"],
        party_size=wish.cleaned_data["party"],
        among=access.remembered(request),
        diner=request.user,
    )
    if booking is None:
        return None
    messages.info(request, _("You have booked this table already. Here is your booking."))
    return redirect("bookings:booking", public_id=booking.public_id)


def _show(
    request: HttpRequest,
    restaurant: Restaurant,
    wish: WishForm,
    details: DetailsForm,
    *,
    quote: Quote | None = None,
    offer: Offer | None = None,
    refusal: DomainError | None = None,
    has_other_terms: bool = False,
    status: int = 200,
) -> HttpResponse:
    choices = _choices(wish, restaurant, refusal) if refusal else []
    starts_at = wish.cleaned_data.get("starts_at") if hasattr(wish, "cleaned_data") else None
    context = {
        "restaurant": restaurant,
        "restaurant_phone": phones.national(restaurant.phone) if restaurant.phone else "",
        "wish": wish,
        "form": details,
        "quote": quote,
        "has_step_free": quote is not None and bool(quote.plan.step_free),
        "offer": offer,
        "offer_token": offer.token if offer else wish.cleaned_data.get("offer", ""),
        "starts_at": starts_at if starts_at and abs(starts_at - timezone.now()) < SEARCHED else None,
        "party_size": wish.cleaned_data.get("party"),
        "terms": [],
        "has_other_terms": has_other_terms,
        "refusal": refusal,
        "is_own_overlap": isinstance(refusal, errors.OverlapsOwnBooking | errors.DuplicateBooking),
        "is_by_phone_only": isinstance(refusal, errors.NotTakenOnline),
        "choices": choices,
        "other_times_url": _other_times_url(restaurant, wish),
        "wait_url": _wait_url(restaurant, wish, refusal),
        "was_sent": request.method == "POST",
    }
    if quote is not None:
        # One tap books one of several times, so the terms shown must hold for each of them.
        start = None if choices else quote.starts_at
        context["terms"] = terms_sentences(quote.terms, starts_at=start, zone=restaurant.time_zone)
        context["terms_mark"] = terms.mark(quote.terms)
        if terms.is_due_before(quote.terms) and not quote.needs_approval:
            context["held_for"] = formatting.duration(timedelta(minutes=quote.terms["deposit_minutes"]))
    response = render(request, "bookings/book.html", context, status=refusal.status if refusal else status)
    if refusal is not None and refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    response["X-Robots-Tag"] = "noindex"
    return response


def _choices(wish: WishForm, restaurant: Restaurant, refusal: DomainError) -> list[Choice]:
    """Return the nearest free times; none where another time would not help."""
    found = refusal.details.get("alternatives")
    wanted, party_size = wish.cleaned_data["starts_at"], wish.cleaned_data["party"]
    if found is None:
        if not isinstance(refusal, errors.BookingRefused) or isinstance(
            refusal,
            errors.RestaurantNotBookable
            | errors.PartySizeRefused
            | errors.NoStepFreeTable
            | errors.DuplicateBooking
            | errors.NotTakenOnline,
        ):
            return []
        if abs(wanted - timezone.now()) > SEARCHED:
            return []
        found = services.nearest_times(
            restaurant_id=restaurant.pk,
            wanted=wanted,
            party_size=party_size,
            include_wanted=isinstance(refusal, errors.UnknownArea),
            step_free=wish.cleaned_data["step_free"],
        )
    zone = ZoneInfo(restaurant.time_zone)
    day = wanted.astimezone(zone).date()
    token = wish.cleaned_data["offer"]
    kept = {"offer": token} if offers.opened_apology(token, restaurant_id=restaurant.pk) else {}
    kept |= {"step_free": "on"} if wish.cleaned_data["step_free"] else {}
    return [_choice(alternative, day, wish.cleaned_data["area"], party_size, kept) for alternative in found]


def _choice(
    alternative: Mapping[str, Any], day: Any, asked: UUID | None, party_size: int, kept: dict[str, str]
) -> Choice:
    starts_at = datetime.fromisoformat(alternative["starts_at"])
    areas = {area["id"]: area["name"] for area in alternative["areas"]}
    # The asked area where it is free; else the only one there is; else the house chooses among several.
    area = str(asked) if str(asked) in areas else next(iter(areas)) if len(areas) == 1 and asked else ""
    note = areas[area] if area else ""
    query = {"starts_at": alternative["starts_at"], "party": party_size, **({"area": area} if area else {}), **kept}
    value = f"{alternative['starts_at']}|{area}"
    return Choice(starts_at, value, urlencode(query), starts_at.date() != day, note)


def _wait_url(restaurant: Restaurant, wish: WishForm, refusal: DomainError | None) -> str:
    """Return where one waits for this evening, when all that stood in the way are other guests."""
    # A place in line keeps no wish for a table without steps.
    if not isinstance(refusal, errors.NoTableFree | errors.TooManyAtOnce) or wish.cleaned_data["step_free"]:
        return ""
    day = wish.cleaned_data["starts_at"].astimezone(ZoneInfo(restaurant.time_zone)).date()
    query = urlencode({"date": day.isoformat(), "party": wish.cleaned_data["party"]})
    return f"{reverse('bookings:wait', args=[restaurant.slug])}?{query}"


def _other_times_url(restaurant: Restaurant, wish: WishForm) -> str:
    """Return the restaurant's page, set to the same day and party as far as they were understood."""
    answers = wish.cleaned_data
    asked: dict[str, Any] = {}
    if (starts_at := answers.get("starts_at")) and abs(starts_at - timezone.now()) < SEARCHED:
        asked["date"] = starts_at.astimezone(ZoneInfo(restaurant.time_zone)).date().isoformat()
    if party := answers.get("party"):
        asked["party"] = party
    if answers.get("step_free"):
        asked["step_free"] = "on"
    query = f"?{urlencode(asked)}" if asked else ""
    return reverse("bookings:restaurant", args=[restaurant.slug]) + query
