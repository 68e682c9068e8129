"""Events with tickets: what is on, ordering, the order with its tickets, giving back and passing on."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import urlencode
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.selectors import may
from accounts.states import Ability
from bookings import access, calendars, errors, limits, services, ticket_wording, ticketing, wording
from bookings.forms.ticketing import BuyerForm, ChoiceOfTickets, HolderForm, PassOnForm
from bookings.models import Ticket, TicketedEvent, TicketOrder
from bookings.qr import qr_of
from bookings.services import Actor
from bookings.states import ORDER_LIVE, EventStatus, OrderStatus, PaidWhen, TicketState
from bookings.subscribers import address_of, map_url
from bookings.subscribers_tickets import ticket_url
from bookings.texting import TICKET, short_url
from core import phones
from core.errors import DomainError
from core.forms import SeenVersionForm
from core.headers import private_page
from localization import formatting
from localization.languages import current_language
from payments.gateways.registry import is_paid_online
from restaurants import charge_words
from restaurants.models import ChargeLine
from restaurants.selectors import charge_lines_of
from restaurants.structured_data import as_script_text

EVENTS_ON_A_PAGE = 20
# Long enough to hand it over, and short for a phone that others use.
LINK_SHOWN_FOR = timedelta(minutes=15)
SLUG = re.compile(r"[-a-z0-9]{1,60}")


@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """What is on, in every city or one, the next first."""
    limits.look(request)
    found = ticketing.events_ahead()
    city = request.GET.get("city", "")
    if city and not SLUG.fullmatch(city):
        raise Http404
    names = found.order_by("restaurant__city__name").values_list("restaurant__city__slug", "restaurant__city__name")
    cities = list(names.distinct())
    if city:
        found = found.filter(restaurant__city__slug=city)
    page = Paginator(found, EVENTS_ON_A_PAGE).get_page(request.GET.get("page"))
    query = urlencode({"city": city}) + "&" if city else ""
    context = {
        "items": items_of(list(page)),
        "cities": cities,
        "city": city,
        "previous_url": f"?{query}page={page.previous_page_number()}" if page.has_previous() else "",
        "next_url": f"?{query}page={page.next_page_number()}" if page.has_next() else "",
        "position": _("Page %(page)d of %(pages)d") % {"page": page.number, "pages": page.paginator.num_pages},
        "drop_query": not city,
    }
    return render(request, "bookings/tickets/events.html", context)


def items_of(found: list[TicketedEvent]) -> list[dict[str, Any]]:
    """Return what a list shows of events: the lowest price, and whether there is anything left."""
    sold = ticketing.sold_of(event.pk for event in found)
    items = []
    for event in found:
        kinds = [kind for kind in event.kinds.all() if kind.is_on_sale]
        left = [kind for kind in kinds if sold[event.pk].left(event, kind)]
        lowest_kobo: int = min((kind.price_kobo for kind in left or kinds), default=0)
        items.append(
            {
                "event": event,
                "restaurant": event.restaurant,
                "from_price": _money(lowest_kobo),
                "is_free": bool(kinds) and not any(kind.price_kobo for kind in kinds),
                "is_sold_out": not left,
                "is_open": ticketing.sale_is_open(event),
            }
        )
    return items


@require_safe
def event(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _event(public_id)
    choice = ChoiceOfTickets(event=found, sold=ticketing.sold_of_event(found))
    return _event_page(request, found, choice)


def _event(public_id: UUID) -> TicketedEvent:
    found = ticketing.public_event(public_id)
    if found is None:
        raise Http404(_("We could not find that event."))
    return found


def _event_page(
    request: HttpRequest,
    found: TicketedEvent,
    choice: ChoiceOfTickets,
    *,
    refusal: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    restaurant = found.restaurant
    page_url = request.build_absolute_uri(reverse("bookings:event", args=[found.public_id]))
    zone = restaurant.time_zone
    invitation = _("%(event)s at %(restaurant)s, %(when)s") % {
        "event": found.name,
        "restaurant": restaurant.name,
        "when": formatting.day_and_time(found.starts_at, zone=zone),
    }
    context = {
        "event": found,
        "restaurant": restaurant,
        "address": address_of(restaurant),
        "map_url": map_url(restaurant),
        "phone": phones.national(restaurant.phone) if restaurant.phone else "",
        "lines": [
            {
                "kind": kind,
                "field": choice[str(kind.public_id)],
                "price": formatting.money(kind.price_kobo) if kind.price_kobo else _("Free"),
                "left": ticket_wording.left_of(choice.left[kind.pk]),
                "is_sold_out": not choice.left[kind.pk],
            }
            for kind in choice.kinds
        ],
        "choice": choice,
        "refusal": refusal,
        "is_open": ticketing.sale_is_open(found, now=now),
        "opens_at": found.sale_from if found.sale_from and found.sale_from > now else None,
        "is_called_off": found.status == EventStatus.CALLED_OFF,
        "is_over": found.ends_at <= now,
        "is_sold_out": not any(choice.left.values()),
        "charges": charge_words.of_tickets(_charges(found)) if any(kind.price_kobo for kind in choice.kinds) else "",
        "terms": ticket_wording.terms_of_event(found),
        "page_url": page_url,
        "invitation": invitation,
        "whatsapp_url": f"https://wa.me/?text={quoted(f'{invitation} {page_url}')}",
        "structured_data": as_script_text(_structured_data(found, choice, url=page_url)),
        "drop_query": True,
    }
    return render(request, "bookings/tickets/event.html", context, status=status)


def _charges(event: TicketedEvent) -> list[ChargeLine]:
    """Return the taxes and charges that its tickets contain when they are paid today."""
    today = timezone.now().astimezone(ZoneInfo(event.restaurant.time_zone)).date()
    return charge_lines_of(event.restaurant_id, today, for_tickets=True)


def _structured_data(event: TicketedEvent, choice: ChoiceOfTickets, *, url: str) -> dict[str, Any]:
    """Return the event as schema.org has it, for search engines."""
    restaurant = event.restaurant
    status = "EventCancelled" if event.status == EventStatus.CALLED_OFF else "EventScheduled"
    return {
        "@context": "https://schema.org",
        "@type": "FoodEvent",
        "name": event.name,
        "description": event.description,
        "startDate": event.starts_at.isoformat(),
        "endDate": event.ends_at.isoformat(),
        "eventStatus": f"https://schema.org/{status}",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "url": url,
        "location": {
            "@type": "Restaurant",
            "name": restaurant.name,
            "address": {
                "@type": "PostalAddress",
                "streetAddress": restaurant.street,
                "addressLocality": restaurant.city.name,
                "addressCountry": "NG",
            },
        },
        "offers": [
            {
                "@type": "Offer",
                "name": kind.name,
                "price": f"{kind.price_kobo / 100:.2f}",
                "priceCurrency": "NGN",
                "availability": f"https://schema.org/{'InStock' if choice.left[kind.pk] else 'SoldOut'}",
                "url": url,
            }
            for kind in choice.kinds
        ],
    }


# --- Ordering --------------------------------------------------------------------------------------------------------


# The browser may keep it for its back button, with what was typed.
@cache_control(private=True, max_age=0)
@require_http_methods(["GET", "HEAD", "POST"])
def order_tickets(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The second step: who orders, what it costs in all, and what is agreed."""
    found = _event(public_id)
    asked = request.POST if request.method == "POST" else request.GET
    if not asked:
        return redirect("bookings:event", public_id=public_id)
    choice = ChoiceOfTickets(asked, event=found, sold=ticketing.sold_of_event(found))
    if request.method == "POST":
        return _order(request, found, choice)
    if not choice.is_valid():
        return _unlisted(_event_page(request, found, choice, status=422))
    refusal = None if ticketing.sale_is_open(found) else errors.NotOnSale()
    return _order_page(request, found, choice, _blank_buyer(request, choice), refusal=refusal)


def _blank_buyer(request: HttpRequest, choice: ChoiceOfTickets) -> BuyerForm:
    known = {}
    if isinstance(request.user, User):
        known = {"name": request.user.name, "phone": request.user.phone, "email": request.user.email}
    return BuyerForm(initial={**known, "request_key": uuid4(), "seen_kobo": choice.amount_kobo()})


def _order(request: HttpRequest, found: TicketedEvent, choice: ChoiceOfTickets) -> HttpResponse:
    buyer = BuyerForm(request.POST)
    key = buyer.fields["request_key"].clean(request.POST.get("request_key")) if _is_key(request) else None
    if key is not None and (earlier := ticketing.order_by_request_key(key)) is not None:
        # Pressed twice, or back and once more: what was ordered the first time stands.
        access.remember(request, earlier)
        return redirect("bookings:ticket_order", public_id=earlier.public_id)
    if not choice.is_valid():
        return _unlisted(_event_page(request, found, choice, status=422))
    if not buyer.is_valid():
        return _order_page(request, found, choice, buyer, status=422)
    diner = request.user if isinstance(request.user, User) else None
    try:
        limits.order_tickets(request)
        order = services.order_tickets(
            event=found,
            wanted=choice.wanted(),
            guest=buyer.guest(),
            by=Actor.diner(diner),
            diner=diner,
            language=current_language().code,
            request_key=buyer.cleaned_data["request_key"],
            seen_amount_kobo=buyer.cleaned_data["seen_kobo"],
        )
    except errors.TicketsSoldOut as refusal:
        fresh = _event(found.public_id)
        again = ChoiceOfTickets(request.POST, event=fresh, sold=ticketing.sold_of_event(fresh))
        again.is_valid()
        return _unlisted(_event_page(request, fresh, again, refusal=refusal, status=refusal.status))
    except DomainError as refusal:
        return _order_page(request, _event(found.public_id), choice, buyer, refusal=refusal, status=refusal.status)
    access.remember(request, order)
    return redirect("bookings:ticket_order", public_id=order.public_id)


def _is_key(request: HttpRequest) -> bool:
    try:
        UUID(request.POST.get("request_key", ""))
    except ValueError:
        return False
    return True


def _order_page(
    request: HttpRequest,
    found: TicketedEvent,
    choice: ChoiceOfTickets,
    buyer: BuyerForm,
    *,
    refusal: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    amount = choice.amount_kobo()
    if isinstance(refusal, errors.PriceHasChanged):
        # The new price is shown; whoever orders now has seen it.
        buyer.data = {**buyer.data.dict(), "seen_kobo": str(amount)}  # type: ignore[attr-defined]
    context = {
        "event": found,
        "restaurant": found.restaurant,
        "choice": choice,
        "lines": [
            (ticket_wording.count_of(kind, count), formatting.money(kobo) if kobo else _("Free"))
            for kind, count, kobo in choice.lines()
        ],
        "total": formatting.money(amount) if amount else "",
        "contained": charge_words.contained(amount, _charges(found)) if amount else [],
        "is_paid_before": bool(amount) and found.paid_when == PaidWhen.BEFORE,
        "terms": ticket_wording.terms_of_event(found),
        "form": buyer,
        "refusal": refusal,
    }
    response = render(request, "bookings/tickets/order_form.html", context, status=status)
    if refusal is not None and refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    return _unlisted(response)


# --- The order -------------------------------------------------------------------------------------------------------


@private_page
@require_safe
def ticket_order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    if "token" in request.GET:
        found = ticketing.order_by_public_id(public_id)
        if found is None or not access.may_see(request, found, request.GET["token"]):
            raise Http404(_("We could not find that order."))
        access.remember(request, found)
        return redirect("bookings:ticket_order", public_id=public_id)
    return _ticket_order_page(request, _own_order(request, public_id))


def _own_order(request: HttpRequest, public_id: UUID) -> TicketOrder:
    found = ticketing.order_by_public_id(public_id)
    if found is None or not access.may_see(request, found):
        raise Http404(_("We could not find that order."))
    return found


def _ticket_order_page(request: HttpRequest, order: TicketOrder, *, refusal: DomainError | None = None) -> HttpResponse:
    event, restaurant = order.event, order.event.restaurant
    tickets = list(order.tickets.all())
    is_held = order.status == OrderStatus.HELD
    now = timezone.now()
    due = ticketing.due_kobo(order, tickets)
    context = {
        **_placed(event),
        "order": order,
        "refusal": refusal,
        "heading": ticket_wording.heading_of(order),
        "tone": ticket_wording.TONES.get(OrderStatus(order.status), "bad"),
        "is_held": is_held,
        "is_hold_over": is_held and order.hold_expires_at is not None and order.hold_expires_at <= now,
        "is_confirmed": order.status == OrderStatus.CONFIRMED,
        "status": ticket_wording.status_of(order),
        "moved": ticket_wording.moved_sentences(order),
        "places": ticket_wording.places_of(tickets),
        "tickets": [_shown(ticket, order) for ticket in tickets],
        "due": formatting.money(due) if due else "",
        "paid": formatting.money(order.paid_kobo) if order.paid_kobo else "",
        "outstanding": _money(ticketing.outstanding_kobo(order, tickets)),
        "owed_back": _money(ticketing.owed_back_kobo(order, tickets)),
        "may_pay": is_paid_online() and is_held and order.hold_expires_at is not None and order.hold_expires_at > now,
        "has_payments": order.paid_kobo > 0 and is_paid_online(),
        "may_cancel": _may_give_back(order),
        "terms": ticket_wording.terms_sentences(
            order.terms, starts_at=event.starts_at, zone=restaurant.time_zone, is_free=not due and not order.paid_kobo
        ),
        "lines": ticket_wording.lines_of(order.history.order_by("at", "pk")),
    }
    status = refusal.status if refusal is not None else 200
    return _unlisted(render(request, "bookings/tickets/order.html", context, status=status))


def _may_give_back(order: TicketOrder) -> bool:
    """Tell whether a buyer can give an order back now: before it is paid always, and then by its terms."""
    now = timezone.now()
    if order.status == OrderStatus.HELD:
        return order.event.ends_at > now
    until = ticketing.returnable_until(order, order.event.starts_at)
    return order.status == OrderStatus.CONFIRMED and until is not None and now <= until


def _money(kobo: int) -> str:
    return formatting.money(kobo) if kobo else ""


def _placed(event: TicketedEvent) -> dict[str, Any]:
    """Return what every page about an order or a ticket shows of its event."""
    restaurant = event.restaurant
    return {
        "event": event,
        "restaurant": restaurant,
        "address": address_of(restaurant),
        "map_url": map_url(restaurant),
        "restaurant_phone": phones.national(restaurant.phone) if restaurant.phone else "",
        "is_called_off": event.status == EventStatus.CALLED_OFF,
    }


def _shown(ticket: Ticket, order: TicketOrder) -> dict[str, Any]:
    """Return what a buyer sees of one ticket. What is somebody else's now is theirs: code and all."""
    is_usable = order.status == OrderStatus.CONFIRMED and ticket.state == TicketState.VALID
    shows_code = is_usable and not ticket.is_passed_on
    return {
        "ticket": ticket,
        "status": ticket_wording.state_of(ticket, order),
        "tone": ticket_wording.TICKET_TONES[TicketState(ticket.state)],
        "shows_code": shows_code,
        "qr": qr_of(short_url(TICKET, ticket.public_id)) if shows_code else "",
        "may_name": is_usable and not ticket.is_passed_on,
    }


def _seen(request: HttpRequest) -> int:
    """Return the version that whoever sends a form has seen; who sends none has seen no state to compare with."""
    form = SeenVersionForm(request.POST)
    return form.cleaned_data["version"] if form.is_valid() else -1


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_tickets(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give the whole order back."""
    order = _own_order(request, public_id)
    if request.method == "POST":
        try:
            services.cancel_order(order=order, by=_actor(request), expected_version=_seen(request))
        except DomainError as refusal:
            return _not_given_back(request, _own_order(request, public_id), None, refusal)
        messages.success(request, _("Your tickets are given back."))
        return redirect("bookings:ticket_order", public_id=public_id)
    return _sure(request, order, None)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def give_ticket_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give one place back: a ticket, or a whole table."""
    ticket = _ticket(public_id)
    order = _own_order(request, ticket.order.public_id)
    if request.method == "POST":
        try:
            services.give_back(ticket=ticket, by=_actor(request), expected_version=_seen(request))
        except DomainError as refusal:
            return _not_given_back(request, _own_order(request, order.public_id), ticket, refusal)
        messages.success(request, _("The place is given back."))
        return redirect("bookings:ticket_order", public_id=order.public_id)
    return _sure(request, order, ticket)


def _not_given_back(
    request: HttpRequest, order: TicketOrder, ticket: Ticket | None, refusal: DomainError
) -> HttpResponse:
    """Ask again where something has changed meanwhile and there is still something to give back."""
    tickets = [each for each in order.tickets.all() if ticket is None or each.place == ticket.place]
    is_there = any(each.state == TicketState.VALID for each in tickets) and order.status in ORDER_LIVE
    if isinstance(refusal, errors.OrderMovedOn) and is_there:
        return _sure(request, order, ticket, refusal=refusal)
    return _ticket_order_page(request, order, refusal=refusal)


def _sure(
    request: HttpRequest, order: TicketOrder, ticket: Ticket | None, *, refusal: DomainError | None = None
) -> HttpResponse:
    """Ask before anything is given back: all of an order, or the place of one ticket."""
    everything = list(order.tickets.all())
    tickets = [each for each in everything if ticket is None or each.place == ticket.place]
    until = ticketing.returnable_until(order, order.event.starts_at)
    context = {
        **_placed(order.event),
        "order": order,
        "refusal": refusal,
        "seen": SeenVersionForm(initial={"version": order.version}),
        "places": ticket_wording.places_of(tickets),
        "owed": _money(ticketing.owed_after_giving_back(order, everything, tickets)),
        "may_be_passed_on": order.terms.get("may_be_passed_on", False),
        "is_too_late": order.status == OrderStatus.CONFIRMED and (until is None or timezone.now() > until),
        "has_others": any(each.is_passed_on and each.state == TicketState.VALID for each in tickets),
    }
    status = refusal.status if refusal is not None else 200
    return _unlisted(render(request, "bookings/tickets/give_back.html", context, status=status))


@private_page
@require_safe
def order_calendar(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = _own_order(request, public_id)
    content = calendars.calendar_of_event(
        order.event, uid=order.public_id, version=order.version, language=current_language().code
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="buka-{order.code}.ics"'
    return _unlisted(response)


# --- One ticket ------------------------------------------------------------------------------------------------------


@private_page
@require_safe
def ticket(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One person's ticket, for the phone at the door or the printer."""
    found = ticketing.ticket_by_public_id(public_id)
    if found is None:
        return _gone(request, public_id)
    if "token" in request.GET:
        if not access.may_open(request, public_id, request.GET["token"]):
            raise Http404(_("We could not find that ticket."))
        access.remember(request, found)
        return redirect("bookings:ticket", public_id=public_id)
    if not is_at_the_door(request, found):
        found = _own_ticket(request, found)
    return _ticket_page(request, found)


def _ticket(public_id: UUID) -> Ticket:
    found = ticketing.ticket_by_public_id(public_id)
    if found is None:
        raise Http404(_("We could not find that ticket."))
    return found


def _gone(request: HttpRequest, former_id: UUID) -> HttpResponse:
    """Say to whoever had a ticket that it was passed on, and when; to whom is the other person's business."""
    token = request.GET.get("token", "")
    passed = ticketing.ticket_passed_on(former_id) if access.may_open(request, former_id, token) else None
    if passed is None:
        raise Http404(_("We could not find that ticket."))
    if token:
        access.remember_id(request, former_id)
        return redirect("bookings:ticket", public_id=former_id)
    order = passed.ticket.order
    event = order.event
    context = {
        "event": event,
        "restaurant": event.restaurant,
        "passed_on_at": passed.at,
        "order": order if access.may_see(request, order) else None,
    }
    return _unlisted(render(request, "bookings/tickets/gone.html", context, status=410))


def _own_ticket(request: HttpRequest, found: Ticket) -> Ticket:
    if not _is_theirs(request, found):
        raise Http404(_("We could not find that ticket."))
    return found


def _is_theirs(request: HttpRequest, found: Ticket) -> bool:
    """Tell whether this is the holder, or the buyer of a ticket that has not been passed on."""
    is_buyers = not found.is_passed_on and access.may_see(request, found.order)
    return is_buyers or access.may_open(request, found.public_id)


def is_at_the_door(request: HttpRequest, found: Ticket) -> bool:
    """Tell whether whoever asks lets guests in there, and has scanned the ticket of one."""
    return may(request.user, Ability.RUN_SERVICE, restaurant_id=found.order.event.restaurant_id)


def _ticket_page(
    request: HttpRequest, found: Ticket, *, form: PassOnForm | None = None, refusal: DomainError | None = None
) -> HttpResponse:
    order, event = found.order, found.order.event
    is_valid_order = order.status == OrderStatus.CONFIRMED
    is_usable = is_valid_order and found.state == TicketState.VALID
    is_mine = access.may_see(request, order)
    is_theirs = _is_theirs(request, found)
    lets_in = is_usable and is_at_the_door(request, found)
    may_go_on = order.terms.get("may_be_passed_on", False)
    mistakes = form is not None and not form.is_valid()
    context = {
        **_placed(event),
        "order": order,
        "ticket": found,
        "status": ticket_wording.state_of(found, order) if is_valid_order else ticket_wording.status_of(order),
        "tone": ticket_wording.TICKET_TONES[TicketState(found.state)] if is_usable else "bad",
        "is_usable": is_usable,
        "qr": qr_of(short_url(TICKET, found.public_id)) if is_usable else "",
        "is_buyers": is_mine,
        "may_give_back": is_mine and _may_give_back(order),
        "door_url": reverse("admin:bookings_ticketedevent_door", args=[event.pk]) if lets_in else "",
        "may_pass_on": is_usable and is_theirs and may_go_on and event.ends_at > timezone.now(),
        "may_name": is_usable and is_mine and not found.is_passed_on,
        "seen": SeenVersionForm(initial={"version": found.version}, auto_id=False),
        "moved": ticket_wording.moved_sentences(order) if is_usable else [],
        "pass_on": form or PassOnForm(),
        # Beside the other form, which asks for a name as well.
        "holder": HolderForm(initial={"name": found.holder_name}, auto_id="holder_%s"),
        "refusal": refusal,
    }
    status = refusal.status if refusal is not None else 422 if mistakes else 200
    return _unlisted(render(request, "bookings/tickets/ticket.html", context, status=status))


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def pass_ticket_on(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make the ticket somebody else's; afterwards this address, the ticket's no more, shows the link for them."""
    found = ticketing.ticket_by_public_id(public_id)
    if found is None:
        return _passed_on_page(request, public_id)
    found = _own_ticket(request, found)
    if request.method != "POST":
        return redirect("bookings:ticket", public_id=public_id)
    form = PassOnForm(request.POST)
    if not form.is_valid():
        return _ticket_page(request, found, form=form)
    try:
        limits.pass_on(request, found.order_id)
        services.pass_on(
            ticket=found,
            by=_actor(request),
            language=current_language().code,
            expected_version=_seen(request),
            **form.cleaned_data,
        )
    except DomainError as refusal:
        fresh = ticketing.ticket_by_public_id(public_id)
        # Passed on a moment ago, on another screen.
        return _gone(request, public_id) if fresh is None else _ticket_page(request, fresh, form=form, refusal=refusal)
    access.remember_id(request, public_id)
    return redirect("bookings:pass_ticket_on", public_id=public_id)


def _passed_on_page(request: HttpRequest, former_id: UUID) -> HttpResponse:
    """Show whoever passed a ticket on just now how it gets to its new holder; pressed twice, it shows the same."""
    passed = ticketing.ticket_passed_on(former_id, since=timezone.now() - LINK_SHOWN_FOR)
    if passed is None or not access.remembers(request, former_id):
        return _gone(request, former_id)
    ticket = passed.ticket
    link = "" if ticket.holder_email else ticket_url(ticket, language=current_language().code)
    context = {
        **_placed(ticket.order.event),
        "ticket": ticket,
        "order": ticket.order,
        "link": link,
        "is_buyers": access.may_see(request, ticket.order),
        "whatsapp_url": f"https://wa.me/?text={quoted(link)}" if link else "",
    }
    return _unlisted(render(request, "bookings/tickets/passed_on.html", context))


@private_page
@require_POST
def name_ticket(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = _ticket(public_id)
    order = _own_order(request, found.order.public_id)
    form = HolderForm(request.POST)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.warning(request, str(sentences[0]))
        return redirect("bookings:ticket", public_id=public_id)
    try:
        services.name_holder(ticket=found, name=form.cleaned_data["name"], expected_version=_seen(request))
    except DomainError as refusal:
        return _ticket_order_page(request, _own_order(request, order.public_id), refusal=refusal)
    messages.success(request, _("The name is on the ticket."))
    return redirect("bookings:ticket_order", public_id=order.public_id)


def _actor(request: HttpRequest) -> Actor:
    return Actor.diner(request.user if isinstance(request.user, User) else None)


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response


def orders_listed(orders: Iterable[TicketOrder]) -> list[dict[str, Any]]:
    """Return what the page of all that is a diner's shows of their ticket orders."""
    return [
        {
            "order": order,
            "event": order.event,
            "restaurant": order.event.restaurant,
            "guests": wording.guests(sum(ticket.state != TicketState.VOID for ticket in order.tickets.all())),
            "tone": ticket_wording.TONES.get(OrderStatus(order.status), "bad"),
            "status": ticket_wording.status_of(order),
        }
        for order in orders
    ]
