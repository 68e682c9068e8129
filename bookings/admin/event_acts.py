"""What a house does with a ticketed event: put it on sale, move it, call it off, sell tickets for it at the desk."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.doors import person_of
from bookings import errors, event_figures, services, ticketing
from bookings.admin.act_page import ActPage
from bookings.forms.events import CallOffForm, MoveEventForm, PutOnSaleForm
from bookings.forms.tickets import SellForm
from bookings.models import TicketedEvent, TicketKind
from bookings.services import Actor
from bookings.states import Channel, EventRoom, OrderStatus
from localization import formatting

CHANGED = [{"changed": {"fields": ["status"]}}]


def page_of(event: TicketedEvent) -> str:
    return reverse("admin:bookings_ticketedevent_change", args=[event.pk])


def _closing_page(event: TicketedEvent, starts_at: datetime, ends_at: datetime) -> str:
    """Return the page that closes the tables an event needs, with the time and the place filled in."""
    zone = ZoneInfo(event.restaurant.time_zone)
    asked = {
        "restaurant": event.restaurant_id,
        "area": event.area_id or "",
        "starts_at": f"{starts_at.astimezone(zone):%Y-%m-%dT%H:%M}",
        "ends_at": f"{ends_at.astimezone(zone):%Y-%m-%dT%H:%M}",
        "reason": _("Event: %(name)s") % {"name": event.name},
    }
    return f"{reverse('admin:bookings_block_add')}?{urlencode({name: value for name, value in asked.items() if value})}"


def put_on_sale(page: Any, request: HttpRequest, event: TicketedEvent) -> HttpResponse:
    """Show what would be on sale, and put it there."""

    def do(form: PutOnSaleForm) -> str:
        services.put_on_sale(
            event=event, by=Actor.staff(person_of(request)), expected_version=form.cleaned_data["version"]
        )
        page.log_change(request, event, CHANGED)
        return _("%(name)s is on sale.") % {"name": event.name}

    form = PutOnSaleForm(request.POST if request.method == "POST" else None, initial={"version": event.version})
    return ActPage(
        title=_("Put on sale"),
        subtitle=event.name,
        button=_("Put on sale"),
        back=page_of(event),
        do=do,
        facts=lambda: _what_is_sold(event),
        zone=event.restaurant.time_zone,
        make_room=lambda _form: _closing_page(event, event.starts_at, event.ends_at),
    ).answer(page, request, form)


def _what_is_sold(event: TicketedEvent) -> list[str]:
    zone = event.restaurant.time_zone
    guests = ngettext("For %(count)d guest at most.", "For %(count)d guests at most.", event.capacity)
    facts = [
        _("%(begins)s until %(ends)s, at %(house)s.")
        % {
            "begins": formatting.day_and_time(event.starts_at, zone=zone),
            "ends": formatting.day_and_time(event.ends_at, zone=zone),
            "house": event.restaurant.name,
        },
        guests % {"count": event.capacity},
        _room_words(event),
    ]
    facts += [
        _("%(kind)s: %(price)s, %(stock)s of them.")
        % {"kind": kind.name, "price": formatting.money(kind.price_kobo), "stock": formatting.number(kind.stock)}
        for kind in event.kinds.all()
    ]
    return [*facts, _("Once it is on sale, its times and its room change only by moving it.")]


def _room_words(event: TicketedEvent) -> str:
    if event.room == EventRoom.NONE:
        return _("No table is taken from ordinary sale.")
    if event.area is not None:
        return _("Nobody can book a table in %(area)s while it lasts.") % {"area": event.area.name}
    return _("Nobody can book a table while it lasts.")


def move(page: Any, request: HttpRequest, event: TicketedEvent) -> HttpResponse:
    """Ask for the new times, say how many would hear of it, and move the event."""
    zone = event.restaurant.time_zone

    def do(form: MoveEventForm) -> str:
        answers = form.cleaned_data
        moved = services.move_event(
            event=event,
            starts_at=answers["starts_at"],
            ends_at=answers["ends_at"],
            reason=answers["reason"],
            by=Actor.staff(person_of(request)),
            expected_version=answers["version"],
        )
        page.log_change(request, event, [{"changed": {"fields": ["starts_at", "ends_at"]}}])
        return _("The event is moved to %(when)s.") % {"when": formatting.day_and_time(moved.starts_at, zone=zone)}

    form = MoveEventForm(
        request.POST if request.method == "POST" else None,
        zone=ZoneInfo(zone),
        initial={"starts_at": event.starts_at, "ends_at": event.ends_at, "version": event.version},
    )

    def make_room(form: MoveEventForm) -> str:
        starts_at, ends_at = form.cleaned_data["starts_at"], form.cleaned_data["ends_at"]
        if starts_at < event.ends_at and event.starts_at < ends_at:
            # The tables are the event's own for part of that time: nobody else can close them.
            return ""
        return _closing_page(event, starts_at, ends_at)

    now_at = _("It is on %(when)s now.") % {"when": formatting.day_and_time(event.starts_at, zone=zone)}
    return ActPage(
        title=_("Move the event"),
        subtitle=event.name,
        button=_("Move the event"),
        back=page_of(event),
        do=do,
        facts=lambda: [now_at, *_who_hears(event_figures.concerned_by(event))],
        zone=zone,
        make_room=make_room,
    ).answer(page, request, form)


def call_off(page: Any, request: HttpRequest, event: TicketedEvent) -> HttpResponse:
    """Say what calling the event off would mean, and do it once somebody is sure."""

    def do(form: CallOffForm) -> str:
        answers = form.cleaned_data
        by = Actor.staff(person_of(request))
        services.call_off_event(event=event, reason=answers["reason"], by=by, expected_version=answers["version"])
        page.log_change(request, event, CHANGED)
        return _("%(name)s is called off. Everybody with a ticket is told.") % {"name": event.name}

    def facts() -> list[str]:
        concerned = event_figures.concerned_by(event)
        owed = _("You will owe back %(amount)s in all.") % {"amount": formatting.money(concerned.owed_back_kobo)}
        return [
            *_who_hears(concerned),
            _("Every one of these orders is cancelled, and the tables can be booked again. This cannot be taken back."),
            owed if concerned.owed_back_kobo else _("Nothing was paid for them here: no money is owed back."),
        ]

    form = CallOffForm(request.POST if request.method == "POST" else None, initial={"version": event.version})
    return ActPage(
        title=_("Call off the event"),
        subtitle=event.name,
        button=_("Call it off"),
        back=page_of(event),
        do=do,
        facts=facts,
        zone=event.restaurant.time_zone,
        is_grave=True,
    ).answer(page, request, form)


def _who_hears(concerned: event_figures.Concerned) -> list[str]:
    orders = ngettext("%(count)d order", "%(count)d orders", concerned.orders) % {"count": concerned.orders}
    guests = ngettext("%(count)d guest", "%(count)d guests", concerned.guests) % {"count": concerned.guests}
    told = ngettext(
        "%(count)d person left a number or an address and is told.",
        "%(count)d people left a number or an address and are told.",
        concerned.reachable,
    )
    return [
        _("It concerns %(orders)s with %(guests)s.") % {"orders": orders, "guests": guests},
        told % {"count": concerned.reachable},
    ]


def sell(page: Any, request: HttpRequest, event: TicketedEvent) -> HttpResponse:
    """Sell tickets to somebody who calls or stands at the door."""
    kinds = list(TicketKind.objects.filter(event=event))
    sold = ticketing.sold_of_event(event)
    left = {kind.pk: sold.left(event, kind) for kind in kinds}

    def do(form: SellForm) -> HttpResponse:
        order = services.order_tickets(
            event=event,
            wanted=form.wanted(),
            guest=form.guest(),
            by=Actor.staff(person_of(request), Channel(form.cleaned_data["channel"])),
            request_key=form.cleaned_data["request_key"],
            paid=form.payment(),
        )
        if order.event_id != event.pk:
            # A key of another order: nothing of it is shown here.
            raise errors.BookingRefused
        if order.status == OrderStatus.HELD:
            until = formatting.day_and_time(order.hold_expires_at, zone=event.restaurant.time_zone)  # type: ignore[arg-type]
            sentence = _("Order %(code)s is held until %(when)s, for the payment to come.") % {
                "code": order.code,
                "when": until,
            }
        elif order.paid_kobo:
            amount = formatting.money(order.paid_kobo)
            sentence = _("Order %(code)s is confirmed and paid: %(amount)s.") % {"code": order.code, "amount": amount}
        else:
            sentence = _("Order %(code)s is confirmed.") % {"code": order.code}
        messages.success(request, sentence)
        return HttpResponseRedirect(reverse("admin:bookings_ticketorder_change", args=[order.pk]))

    form = SellForm(
        request.POST if request.method == "POST" else None,
        kinds=kinds,
        left=left,
        initial={"request_key": uuid4()},
    )
    zone = event.restaurant.time_zone
    room = max(0, event.capacity - sold.guests)
    room_for = ngettext("There is room for %(count)d guest.", "There is room for %(count)d guests.", room)
    return ActPage(
        title=_("Sell tickets"),
        subtitle=event.name,
        button=_("Sell"),
        back=page_of(event),
        do=do,
        facts=lambda: [formatting.day_and_time(event.starts_at, zone=zone), room_for % {"count": room}],
        zone=zone,
    ).answer(page, request, form)
