"""The guests of an event: the list, and the door where they come in with their codes."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.doors import person_of
from accounts.states import Ability
from bookings import access, event_figures, services, ticketing
from bookings.admin.act_page import ActPage
from bookings.errors import TicketUsedAlready
from bookings.forms.tickets import DoorForm, UndoForm
from bookings.models import Ticket, TicketedEvent, TicketOrder
from bookings.services import Actor
from bookings.states import TICKET_LIVE, OrderStatus, TicketState
from bookings.texting import ORDER, TICKET
from core import audit
from core.codes import is_code, normalise
from core.contact_search import by_contact
from core.errors import DomainError
from localization import formatting


def address_of(name: str, event: TicketedEvent) -> str:
    return reverse(f"admin:bookings_ticketedevent_{name}", args=[event.pk])


# --- The list ----------------------------------------------------------------------------------------------------


def show_guests(page: Any, request: HttpRequest, event: TicketedEvent) -> HttpResponse:
    """Everybody with a ticket, by name; to be searched, and to be printed."""
    asked = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    tickets = list(_found(event, asked))
    outstanding = event_figures.outstanding_by_order(event)
    # Paper leaves the house: who took the list along stands in the trail.
    audit.record(
        "tickets.listed",
        actor=person_of(request),
        target=event,
        details={"tickets": len(tickets), "searched": bool(asked)},
    )
    now = timezone.now()
    zone = event.restaurant.time_zone
    context = {
        **page.admin_site.each_context(request),
        "title": _("Guest list"),
        "subtitle": event.name,
        "opts": page.opts,
        "event": event,
        "zone": zone,
        "asked": asked,
        "rows": [(ticket, outstanding.get(ticket.order_id, 0)) for ticket in tickets],
        "figures": event_figures.figures_of_event(event, now=now),
        "outstanding": sum(outstanding.values()),
        "doors_are_open": ticketing.doors_of(event).are_open(now),
        "printed": formatting.day_and_time(now, zone=zone),
        "may_run": page.may(request, Ability.RUN_SERVICE, event.restaurant_id),
    }
    return render(request, "admin/bookings/event_guests.html", context)


def _found(event: TicketedEvent, asked: str) -> "QuerySet[Ticket]":
    tickets = ticketing.guest_list(event)
    if not asked:
        return tickets
    wanted = Q(holder_name__icontains=asked) | Q(order__guest_name__icontains=asked)
    if code := normalise(asked):
        wanted |= Q(code=code) | Q(order__code=code)
    if (contact := by_contact(TicketOrder, asked)) is not None:
        wanted |= Q(order__in=TicketOrder.objects.filter(contact, event=event))
    return tickets.filter(wanted)


# --- The door ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """What the door says, large: somebody comes in, or why not."""

    is_in: bool
    sentence: str = ""
    ticket: Ticket | None = None
    of_order: int = 0
    in_of_order: int = 0
    outstanding_kobo: int = 0
    before: str = ""
    """When, through which door and by whom somebody was let in with this ticket before."""
    elsewhere: str = ""
    """For which other evening of the house the code is."""

    @property
    def may_pay(self) -> bool:
        """Whether there is an order that the money may be written down for."""
        return self.ticket is not None and self.outstanding_kobo > 0


@dataclass(frozen=True)
class WholeOrder:
    """An order whose code or address was shown at the door in place of a ticket's: its places, to let in one or all."""

    order: TicketOrder
    tickets: list[Ticket]
    outstanding_kobo: int

    @property
    def is_confirmed(self) -> bool:
        return self.order.status == OrderStatus.CONFIRMED

    @property
    def to_come(self) -> int:
        """Return how many would come in at once; a ticket that was passed on comes with a code of its own."""
        return sum(each.state == TicketState.VALID and not each.is_passed_on for each in self.tickets)


def code_in(text: str) -> str:
    """Return the code of a ticket or of an order from what was typed or scanned: the code itself, or its address.

    Of what is neither, it returns the text; never raises.
    """
    text = text.strip()
    last, token = text, ""
    if "/" in text:
        try:
            address = urlsplit(text)
        except ValueError:
            return text
        parts = [part for part in address.path.split("/") if part]
        last = parts[-1] if parts else ""
        token = parse_qs(address.query).get("token", [""])[0]
    kind, public_id = _shown_by(last, token)
    if public_id is None:
        return last
    if kind in ("", TICKET) and (ticket := ticketing.ticket_by_public_id(public_id)) is not None:
        return ticket.code
    if kind in ("", ORDER) and (order := ticketing.order_by_public_id(public_id)) is not None:
        return order.code
    if kind in ("", TICKET) and (passed := ticketing.ticket_passed_on(public_id)) is not None:
        # By its old code the door knows that it was passed on.
        return passed.code_then
    return last


def _shown_by(last: str, token: str) -> tuple[str, UUID | None]:
    """Return of what kind ("": whichever) and by which id the thing is that an address opens."""
    if (opened := access.opened_by(last)) is not None:
        return opened
    try:
        public_id = UUID(last)
    except ValueError:
        return "", None
    # A bare id opens nothing: programs that may not see the codes see it.
    return "", public_id if access.opens(token, public_id) else None


def door(page: Any, request: HttpRequest, event: TicketedEvent) -> HttpResponse:
    """Let in whoever shows a code, and say so that it can be read across the room."""
    form = DoorForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        shown, whole = _let_in_before(request, event), _order_asked(request, event)
        return _door_page(page, request, event, DoorForm(), shown, whole=whole)
    if not form.is_valid():
        sentence = " ".join(str(each) for each in form.errors.get("code", []))
        return _door_page(page, request, event, DoorForm(), Shown(False, sentence), status=422)
    code = code_in(form.cleaned_data["code"])
    whole = _order_asked(request, event)
    if whole is None and (order := _order_called(event, code)) is not None:
        return HttpResponseRedirect(f"{address_of('door', event)}?order={order.public_id}")
    try:
        ticket = services.admit(
            event=event,
            code=code,
            by=Actor.staff(person_of(request)),
            expected_version=form.cleaned_data["version"],
        )
    except DomainError as refused:
        shown = _refused(event, code, refused)
        return _door_page(page, request, event, DoorForm(), shown, whole=whole, status=409)
    # The page can be loaded again without asking twice for the same ticket.
    of_order = f"&order={whole.order.public_id}" if whole is not None else ""
    return HttpResponseRedirect(f"{address_of('door', event)}?in={ticket.public_id}{of_order}")


def admit_order(page: Any, request: HttpRequest, event: TicketedEvent, order: UUID) -> HttpResponse:
    """Let in everybody of an order who is still to come."""
    found = TicketOrder.objects.filter(event=event, public_id=order).first()
    if found is None:
        raise Http404(_("We could not find that."))
    try:
        admitted = services.admit_order(event=event, order=found, by=Actor.staff(person_of(request)))
    except DomainError as refused:
        shown = Shown(False, str(refused))
        return _door_page(page, request, event, DoorForm(), shown, whole=_whole(found), status=409)
    last = admitted[-1].public_id
    return HttpResponseRedirect(f"{address_of('door', event)}?in={last}&count={len(admitted)}&order={order}")


def _order_called(event: TicketedEvent, code: str) -> TicketOrder | None:
    code = normalise(code)
    return ticketing.order_of_event(event, code) if is_code(code) else None


def _order_asked(request: HttpRequest, event: TicketedEvent) -> WholeOrder | None:
    try:
        public_id = UUID(request.GET.get("order", ""))
    except ValueError:
        return None
    order = TicketOrder.objects.filter(event=event, public_id=public_id).first()
    return _whole(order) if order is not None else None


def _whole(order: TicketOrder) -> WholeOrder:
    tickets = list(order.tickets.filter(state__in=TICKET_LIVE).select_related("kind").order_by("place", "pk"))
    return WholeOrder(order, tickets, ticketing.receivable_kobo(order, tickets))


def _let_in_before(request: HttpRequest, event: TicketedEvent) -> Shown | None:
    try:
        public_id = UUID(request.GET.get("in", ""))
    except ValueError:
        return None
    ticket = _tickets(event).filter(public_id=public_id, state=TicketState.ADMITTED).first()
    if ticket is None:
        return None
    count = request.GET.get("count", "")
    sentence = ""
    if count.isdecimal() and len(count) < 4 and int(count) > 1:
        number = int(count)
        sentence = ngettext("%(count)d guest is let in.", "%(count)d guests are let in.", number) % {"count": number}
    return _shown(True, ticket, sentence)


def _refused(event: TicketedEvent, code: str, refusal: DomainError) -> Shown:
    code = normalise(code)
    ticket = _tickets(event).filter(code=code).first()
    if ticket is None:
        return Shown(False, str(refusal), elsewhere=_of_which_evening(event, code))
    if not isinstance(refusal, TicketUsedAlready) or ticket.admitted_at is None:
        return _shown(False, ticket, str(refusal))
    ago = formatting.relative_time(ticket.admitted_at, timezone.now())
    sentence = _("%(sentence)s (%(ago)s)") % {"sentence": refusal, "ago": ago}
    return replace(_shown(False, ticket, sentence), before=_who_let_in(ticket))


def _who_let_in(ticket: Ticket) -> str:
    line = ticketing.admission_of(ticket)
    if line is None:
        return ""
    return _("Let in through: %(door)s, by %(who)s") % {
        "door": line.get_channel_display(),
        "who": line.actor or line.partner or line.get_actor_kind_display(),
    }


def _of_which_evening(event: TicketedEvent, code: str) -> str:
    """Return for which other event of the same house a code is, as far as it is for one."""
    others = Ticket.objects.filter(code=code, kind__event__restaurant=event.restaurant_id).exclude(kind__event=event)
    ticket = others.select_related("kind__event__restaurant").first()
    if ticket is None:
        return ""
    other = ticket.kind.event
    return _("It is for %(event)s, %(when)s.") % {
        "event": other.name,
        "when": formatting.day_and_time(other.starts_at, zone=other.restaurant.time_zone),
    }


def _tickets(event: TicketedEvent) -> "QuerySet[Ticket]":
    return Ticket.objects.filter(kind__event=event).select_related("kind", "order")


def _shown(is_in: bool, ticket: Ticket, sentence: str = "") -> Shown:
    live = list(Ticket.objects.filter(order=ticket.order_id, state__in=TICKET_LIVE))
    return Shown(
        is_in,
        sentence,
        ticket,
        of_order=len(live),
        in_of_order=sum(each.state == TicketState.ADMITTED for each in live),
        outstanding_kobo=ticketing.receivable_kobo(ticket.order, live),
    )


def _door_page(
    page: Any,
    request: HttpRequest,
    event: TicketedEvent,
    form: DoorForm,
    shown: Shown | None,
    *,
    whole: WholeOrder | None = None,
    status: int = 200,
) -> HttpResponse:
    zone = event.restaurant.time_zone
    title = _("At the door")
    if shown is not None:
        # The title is what a screen reader says first when the page has come.
        word = _("Come in") if shown.is_in else _("Not admitted")
        title = f"{word} · {shown.ticket.holder_name}" if shown.ticket is not None else word
    now, doors = timezone.now(), ticketing.doors_of(event)
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "content_title": None,
        "subtitle": event.name,
        "opts": page.opts,
        "event": event,
        "zone": zone,
        "form": form,
        "shown": shown,
        "whole": whole,
        "figures": event_figures.figures_of_event(event),
        "last": event_figures.last_admitted(event),
        "may_run": page.may(request, Ability.RUN_SERVICE, event.restaurant_id),
        "doors": doors,
        "doors_are_open": doors.are_open(now),
        "doors_will_open": now < doors.opens_at,
    }
    return render(request, "admin/bookings/event_door.html", context, status=status)


def undo(page: Any, request: HttpRequest, event: TicketedEvent, ticket: UUID) -> HttpResponse:
    """Take back an admission: the wrong line was pressed, or the wrong code typed."""
    found = _tickets(event).filter(public_id=ticket).first()
    if found is None:
        raise Http404(_("We could not find that."))
    form = UndoForm(request.POST if request.method == "POST" else None, initial={"version": found.version})

    def do(sent: UndoForm) -> str:
        answers = sent.cleaned_data
        services.undo_admission(
            ticket=found,
            by=Actor.staff(person_of(request)),
            reason=answers["reason"],
            expected_version=answers["version"],
        )
        return _("Taken back: %(name)s has not come in.") % {"name": found.holder_name}

    def facts() -> list[str]:
        now = _tickets(event).get(pk=found.pk)
        what = _("%(kind)s of %(name)s, code %(code)s.") % {
            "kind": now.kind.name,
            "name": now.holder_name,
            "code": now.code,
        }
        if now.admitted_at is None:
            return [what, _("%(name)s is not marked as admitted any more.") % {"name": now.holder_name}]
        when = formatting.time_of_day(now.admitted_at, zone=event.restaurant.time_zone)
        return [what, _("Let in at %(time)s.") % {"time": when}, _who_let_in(now)]

    return ActPage(
        title=_("Take the admission back"),
        subtitle=found.holder_name,
        button=_("Take back"),
        back=address_of("door", event),
        do=do,
        facts=facts,
        zone=event.restaurant.time_zone,
    ).answer(page, request, form)
