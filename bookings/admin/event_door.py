"""The guests of an event: the list, and the door where they come in with their codes."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.doors import person_of
from accounts.states import Ability
from bookings import access, event_figures, services, ticketing
from bookings.errors import TicketUsedAlready
from bookings.forms.tickets import DoorForm
from bookings.models import Ticket, TicketedEvent, TicketOrder
from bookings.services import Actor
from bookings.states import TICKET_LIVE, TicketState
from bookings.texting import TICKET
from core import audit
from core.codes import normalise
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
        "admitted": sum(ticket.state == TicketState.ADMITTED for ticket in tickets),
        "outstanding": sum(outstanding.values()),
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

    @property
    def may_pay(self) -> bool:
        """Whether there is an order that the money may be written down for."""
        return self.ticket is not None and self.outstanding_kobo > 0


def code_in(text: str) -> str:
    """Return the code of a ticket from what was typed or scanned: the code itself, or the address in its picture.

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
    public_id = _public_id_in(last, token)
    ticket = ticketing.ticket_by_public_id(public_id) if public_id is not None else None
    return ticket.code if ticket is not None else last


def _public_id_in(last: str, token: str) -> UUID | None:
    if (opened := access.opened_by(last)) is not None:
        return opened[1] if opened[0] == TICKET else None
    try:
        public_id = UUID(last)
    except ValueError:
        return None
    # A bare id opens nothing: programs that may not see the codes see it.
    return public_id if access.opens(token, public_id) else None


def door(page: Any, request: HttpRequest, event: TicketedEvent) -> HttpResponse:
    """Let in whoever shows a code, and say so that it can be read across the room."""
    form = DoorForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _door_page(page, request, event, DoorForm(), _let_in_before(request, event))
    if not form.is_valid():
        sentence = " ".join(str(each) for each in form.errors.get("code", []))
        return _door_page(page, request, event, DoorForm(), Shown(False, sentence), status=422)
    code = code_in(form.cleaned_data["code"])
    try:
        ticket = services.admit(event=event, code=code, by=Actor.staff(person_of(request)))
    except DomainError as refused:
        return _door_page(page, request, event, DoorForm(), _refused(event, code, refused), status=409)
    # The page can be loaded again without asking twice for the same ticket.
    return HttpResponseRedirect(f"{address_of('door', event)}?in={ticket.public_id}")


def _let_in_before(request: HttpRequest, event: TicketedEvent) -> Shown | None:
    try:
        public_id = UUID(request.GET.get("in", ""))
    except ValueError:
        return None
    ticket = _tickets(event).filter(public_id=public_id, state=TicketState.ADMITTED).first()
    return _shown(True, ticket) if ticket is not None else None


def _refused(event: TicketedEvent, code: str, refusal: DomainError) -> Shown:
    ticket = _tickets(event).filter(code=normalise(code)).first()
    sentence = str(refusal)
    if isinstance(refusal, TicketUsedAlready) and ticket is not None and ticket.admitted_at is not None:
        ago = formatting.relative_time(ticket.admitted_at, timezone.now())
        sentence = _("%(sentence)s (%(ago)s)") % {"sentence": sentence, "ago": ago}
    return _shown(False, ticket, sentence) if ticket is not None else Shown(False, sentence)


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
    page: Any, request: HttpRequest, event: TicketedEvent, form: DoorForm, shown: Shown | None, *, status: int = 200
) -> HttpResponse:
    zone = event.restaurant.time_zone
    title = _("At the door")
    if shown is not None:
        # The title is what a screen reader says first when the page has come.
        word = _("Come in") if shown.is_in else _("Not admitted")
        title = f"{word} · {shown.ticket.holder_name}" if shown.ticket is not None else word
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
        "figures": event_figures.figures_of_event(event),
        "last": event_figures.last_admitted(event),
        "may_run": page.may(request, Ability.RUN_SERVICE, event.restaurant_id),
    }
    return render(request, "admin/bookings/event_door.html", context, status=status)


def undo(page: Any, request: HttpRequest, event: TicketedEvent) -> HttpResponse:
    """Take back an admission: the wrong line was pressed, or the wrong code typed."""
    try:
        public_id = UUID(request.POST.get("ticket", ""))
    except ValueError as wrong:
        raise Http404(_("We could not find that.")) from wrong
    ticket = _tickets(event).filter(public_id=public_id).first()
    if ticket is None:
        raise Http404(_("We could not find that."))
    try:
        services.undo_admission(ticket=ticket, by=Actor.staff(person_of(request)))
    except DomainError:
        messages.info(request, _("%(name)s is not marked as admitted any more.") % {"name": ticket.holder_name})
    else:
        messages.success(request, _("Taken back: %(name)s has not come in.") % {"name": ticket.holder_name})
    return HttpResponseRedirect(address_of("door", event))
