"""Ticket orders: to look up, with their money, their tickets and all that can be done for whoever bought them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, ScopedPage
from accounts.states import Ability
from bookings import services, ticket_wording, ticketing
from bookings.admin.act_page import ActPage
from bookings.admin.online_payments import online_payments
from bookings.forms.tickets import MoneyForm, PassOnForm, ReasonForm
from bookings.models import Ticket, TicketOrder
from bookings.qr import qr_of
from bookings.services import Actor
from bookings.services.tickets import history_of
from bookings.states import TICKET_LIVE, OrderStatus, TicketState
from bookings.subscribers import address_of
from bookings.texting import ORDER, TICKET, short_url
from core import audit, phones
from core.codes import normalise as code_of
from core.contact_search import FindsByContact, is_list
from core.forms import SeenVersionForm
from localization import formatting
from payments.states import Kind

STATUS_LABELS = {
    OrderStatus.HELD: "warning",
    OrderStatus.CONFIRMED: "success",
    OrderStatus.CANCELLED: "danger",
    OrderStatus.EXPIRED: "danger",
}


class OwedBackFilter(SimpleListFilter):
    title = _("money to pay back")
    parameter_name = "owed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("To be paid back"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TicketOrder]) -> QuerySet[TicketOrder]:
        if self.value() != "yes":
            return queryset
        # By their keys: a search joins this with other conditions, and a sum would go along with neither.
        owed = ticketing.orders_owed_back(queryset.select_related(None).prefetch_related(None).order_by())
        return queryset.filter(pk__in=owed.values("pk"))


@admin.register(TicketOrder)
class TicketOrderAdmin(FindsByContact, ScopedPage, ModelAdmin):
    restaurant_path = "event__restaurant_id"
    sees = Ability.SEE_BOOKINGS
    edits = Ability.RUN_SERVICE
    list_display = [
        "shown_code", "guest_name", "event", "guests", "due", "received", "shown_status", "masked_phone", "ordered",
    ]  # fmt: skip
    list_filter = ["status", ("event", OwnRowsFilter), OwedBackFilter]
    list_per_page = 50
    ordering = ["-created_at", "-pk"]
    search_fields = ["code", "guest_name"]
    search_help_text = _("Code, name, or a whole phone number or e-mail address")
    change_form_outer_before_template = "admin/bookings/order_ways.html"
    fieldsets = [
        (
            None,
            {"fields": ["event_link", "shown_code", "status_words", "held_until", "channel", "ordered", "terms_words"]},
        ),
        (_("Money"), {"fields": ["due", "received", "paid_back", "outstanding", "owed_back"]}),
        (_("Guest"), {"fields": ["guest_name", "phone", "guest_email", "language"]}),
        (_("History"), {"fields": ["history_lines"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketOrder]:
        tickets = Ticket.objects.select_related("kind").order_by("place", "pk")
        orders = super().get_queryset(request).select_related("event", "event__restaurant")
        if is_list(request):
            # The list shows neither, so it opens neither.
            orders, tickets = orders.defer("guest_email"), tickets.defer("holder_email")
        return orders.prefetch_related(Prefetch("tickets", queryset=tickets))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Find an order by its code or by one of its tickets', however it is typed."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if code := code_of(search_term):
            of_ticket = Ticket.objects.filter(code=code).values("order")
            found = found | queryset.filter(code=code) | queryset.filter(pk__in=of_ticket)
        return found, may_repeat

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- What is shown -------------------------------------------------------------------------------------------

    @display(description=_("code"), ordering="code")
    def shown_code(self, order: TicketOrder) -> str:
        return order.code

    @display(description=_("guests"))
    def guests(self, order: TicketOrder) -> str:
        return formatting.number(sum(ticket.state in TICKET_LIVE for ticket in order.tickets.all()))

    @display(description=_("due"))
    def due(self, order: TicketOrder) -> str:
        return formatting.money(ticketing.due_kobo(order, order.tickets.all()))

    @display(description=pgettext_lazy("a sum of money", "received"))
    def received(self, order: TicketOrder) -> str:
        return formatting.money(order.paid_kobo)

    @display(description=_("paid back"))
    def paid_back(self, order: TicketOrder) -> str:
        return formatting.money(order.paid_back_kobo)

    @display(description=_("still to be paid"))
    def outstanding(self, order: TicketOrder) -> str:
        return formatting.money(ticketing.outstanding_kobo(order, order.tickets.all()))

    @display(description=_("to be paid back"))
    def owed_back(self, order: TicketOrder) -> str:
        return formatting.money(ticketing.owed_back_kobo(order, order.tickets.all()))

    @display(description=_("status"), ordering="status", label=STATUS_LABELS)
    def shown_status(self, order: TicketOrder) -> tuple[str, str]:
        return order.status, ticket_wording.status_of(order)

    @display(description=_("status"))
    def status_words(self, order: TicketOrder) -> str:
        return ticket_wording.status_of(order)

    @display(description=_("ordered"), ordering="created_at")
    def ordered(self, order: TicketOrder) -> str:
        return self._clock(order, order.created_at)

    @display(description=_("held until"))
    def held_until(self, order: TicketOrder) -> str:
        return self._clock(order, order.hold_expires_at) if order.status == OrderStatus.HELD else "–"

    def _clock(self, order: TicketOrder, moment: Any) -> str:
        return formatting.day_and_time(moment, zone=order.event.restaurant.time_zone) if moment else "–"

    @display(description=pgettext_lazy("for guests", "event"))
    def event_link(self, order: TicketOrder) -> str:
        address = reverse("admin:bookings_ticketedevent_change", args=[order.event_id])
        when = self._clock(order, order.event.starts_at)
        return format_html('<a href="{}">{}</a> · {}', address, order.event.name, when)

    @display(description=_("phone"))
    def masked_phone(self, order: TicketOrder) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', phones.mask(order.guest_phone)) if order.guest_phone else "–"

    @display(description=_("phone"))
    def phone(self, order: TicketOrder) -> str:
        if not order.guest_phone:
            return "–"
        shown = phones.national(order.guest_phone)
        return format_html('<a href="tel:{}"><bdi dir="ltr">{}</bdi></a>', order.guest_phone, shown)

    @display(description=_("terms accepted"))
    def terms_words(self, order: TicketOrder) -> str:
        until = ticketing.returnable_until(order, order.event.starts_at)
        if until is None:
            words = _now("Cannot be given back.")
        else:
            words = _now("Can be given back until %(when)s.") % {"when": self._clock(order, until)}
        if order.terms.get("may_be_passed_on"):
            return words + " " + _now("May be passed on.")
        return words + " " + _now("May not be passed on.")

    @display(description=_("history"))
    def history_lines(self, order: TicketOrder) -> str:
        context = {"history": history_of(order), "zone": order.event.restaurant.time_zone}
        return render_to_string("admin/bookings/_order_history.html", context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        order = kwargs.get("obj")
        if order is not None:
            tickets = order.tickets.all()
            context |= {
                "may_run": self.may(request, self.edits, order.event.restaurant_id),
                "outstanding_kobo": ticketing.receivable_kobo(order, order.tickets.all()),
                "owed_back_kobo": ticketing.owed_back_kobo(order, tickets),
                "may_be_cancelled": order.status in (OrderStatus.HELD, OrderStatus.CONFIRMED),
                "is_confirmed": order.status == OrderStatus.CONFIRMED,
                "tickets": [(each, ticket_wording.state_of(each, order)) for each in tickets],
                "moved": ticket_wording.moved_sentences(order),
                "zone": order.event.restaurant.time_zone,
                "online_payments": online_payments(
                    request.user, Kind.TICKETS, order.public_id, order.event.restaurant_id
                ),
            }
            if request.method == "GET":
                audit.record(
                    "tickets.viewed", actor=request.user, target=order, restaurant_id=order.event.restaurant_id
                )
        return super().render_change_form(request, context, *args, **kwargs)

    # --- What is done --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [
            self._way("<int:pk>/payment/", self.receive_payment, "payment"),
            self._way("<int:pk>/pay-back/", self.pay_back, "pay_back"),
            self._way("<int:pk>/cancel/", self.cancel, "cancel"),
            self._way("<int:pk>/hand-over/", self.hand_over, "hand_over"),
            self._way("<int:pk>/tickets/<uuid:ticket>/give-back/", self.give_back, "give_back"),
            self._way("<int:pk>/tickets/<uuid:ticket>/pass-on/", self.pass_on, "pass_on"),
            *super().get_urls(),
        ]

    def _way(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        """Hand the order, and one of its tickets, to a view if who asks runs the service there."""

        @require_http_methods(["GET", "HEAD", "POST"])
        def inner(request: HttpRequest, pk: int, ticket: UUID | None = None) -> HttpResponse:
            order = self.get_queryset(request).filter(pk=pk).first()
            if order is None or not self.may(request, self.edits, order.event.restaurant_id):
                raise Http404(_now("We could not find that."))
            if ticket is None:
                return view(request, order)
            one = next((each for each in order.tickets.all() if each.public_id == ticket), None)
            if one is None:
                raise Http404(_now("We could not find that."))
            one.order = order
            return view(request, order, one)

        return path(route, self.admin_site.admin_view(inner), name=f"bookings_ticketorder_{name}")

    def _act(
        self,
        request: HttpRequest,
        order: TicketOrder,
        form: SeenVersionForm,
        do: Callable[[int], str],
        *,
        title: str,
        facts: Callable[[TicketOrder], list[str]],
        changed: str,
        is_grave: bool = False,
    ) -> HttpResponse:
        def act(sent: SeenVersionForm) -> str:
            with transaction.atomic():
                sentence = do(sent.cleaned_data["version"])
                self.log_change(request, order, [{"changed": {"fields": [changed]}}])
            return sentence

        return ActPage(
            title=title,
            subtitle=f"{order.code} · {order.guest_name}",
            button=title,
            back=reverse("admin:bookings_ticketorder_change", args=[order.pk]),
            do=act,
            facts=lambda: facts(TicketOrder.objects.select_related("event").get(pk=order.pk)),
            is_grave=is_grave,
        ).answer(self, request, form)

    def receive_payment(self, request: HttpRequest, order: TicketOrder) -> HttpResponse:
        form = MoneyForm(_sent(request), initial=_money(order, ticketing.receivable_kobo(order, order.tickets.all())))

        def do(seen: int) -> str:
            answers = form.cleaned_data
            done = services.receive_payment(
                order=order,
                amount_kobo=answers["amount_kobo"],
                reference=answers["reference"],
                means=answers["means"],
                by=Actor.staff(person_of(request)),
                expected_version=seen,
            )
            if done.paid_kobo == order.paid_kobo:
                return _now("A payment with this reference stands there already. Nothing was added.")
            amount = formatting.money(answers["amount_kobo"])
            if done.status == OrderStatus.EXPIRED:
                return _now(
                    "%(amount)s written down. Its places are gone meanwhile: pay the money back, or find others."
                ) % {"amount": amount}
            return _now("%(amount)s written down.") % {"amount": amount}

        return self._act(
            request, order, form, do, title=_now("Payment received"), facts=_money_facts, changed="paid_kobo"
        )

    def pay_back(self, request: HttpRequest, order: TicketOrder) -> HttpResponse:
        owed = ticketing.owed_back_kobo(order, order.tickets.all())
        form = MoneyForm(_sent(request), initial=_money(order, owed))

        def do(seen: int) -> str:
            answers = form.cleaned_data
            done = services.pay_back(
                order=order,
                amount_kobo=answers["amount_kobo"],
                reference=answers["reference"],
                means=answers["means"],
                by=Actor.staff(person_of(request)),
                expected_version=seen,
            )
            if done.paid_back_kobo == order.paid_back_kobo:
                return _now("A repayment with this reference stands there already. Nothing was added.")
            return _now("%(amount)s paid back.") % {"amount": formatting.money(answers["amount_kobo"])}

        return self._act(
            request, order, form, do, title=_now("Money paid back"), facts=_money_facts, changed="paid_back_kobo"
        )

    def cancel(self, request: HttpRequest, order: TicketOrder) -> HttpResponse:
        form = ReasonForm(_sent(request), initial={"version": order.version})

        def do(seen: int) -> str:
            by, reason = Actor.staff(person_of(request)), form.cleaned_data["reason"]
            done = services.cancel_order(order=order, by=by, reason=reason, expected_version=seen)
            return _cancelled_words(done)

        return self._act(
            request,
            order,
            form,
            do,
            title=_now("Cancel the order"),
            facts=_money_facts,
            changed="status",
            is_grave=True,
        )

    def hand_over(self, request: HttpRequest, order: TicketOrder) -> HttpResponse:
        """An order's tickets, to print and give, and the link to send; those passed on are other people's."""
        tickets = [each for each in order.tickets.all() if each.state == TicketState.VALID and not each.is_passed_on]
        if order.status != OrderStatus.CONFIRMED:
            tickets = []
        link = short_url(ORDER, order.public_id)
        restaurant = order.event.restaurant
        audit.record("tickets.handed_over", actor=request.user, target=order, restaurant_id=restaurant.pk)
        with translation.override(order.language):
            when = formatting.day_and_time(order.event.starts_at, zone=restaurant.time_zone)
            words = _now("%(event)s, %(when)s. Your tickets: %(link)s") % {
                "event": order.event.name,
                "when": when,
                "link": link,
            }
        context = {
            **self.admin_site.each_context(request),
            "title": _now("Give or send the tickets"),
            "subtitle": f"{order.code} · {order.guest_name}",
            "opts": self.opts,
            "order": order,
            "event": order.event,
            "restaurant": restaurant,
            "address": address_of(restaurant),
            "zone": restaurant.time_zone,
            "tickets": [(each, qr_of(short_url(TICKET, each.public_id))) for each in tickets],
            "outstanding_kobo": ticketing.outstanding_kobo(order, order.tickets.all()),
            "link": link,
            "whatsapp_url": whatsapp_url(order.guest_phone, words),
            "mail_url": f"mailto:{quoted(order.guest_email)}?{urlencode({'body': words}, quote_via=quoted)}"
            if order.guest_email
            else "",
        }
        return render(request, "admin/bookings/order_hand_over.html", context)

    def give_back(self, request: HttpRequest, order: TicketOrder, ticket: Ticket) -> HttpResponse:
        form = ReasonForm(_sent(request), initial={"version": order.version})
        place = [each for each in order.tickets.all() if each.place == ticket.place]

        def do(seen: int) -> str:
            by, reason = Actor.staff(person_of(request)), form.cleaned_data["reason"]
            done = services.give_back(ticket=ticket, by=by, reason=reason, expected_version=seen)
            return _cancelled_words(done) if done.status == OrderStatus.CANCELLED else _now("The place is given back.")

        def facts(now: TicketOrder) -> list[str]:
            names = formatting.list_of(f"{each.holder_name} ({each.code})" for each in place)
            what = _now("%(kind)s: %(names)s") % {"kind": ticket.kind.name, "names": names}
            return [what, *_money_facts(now)]

        return self._act(
            request, order, form, do, title=_now("Give the place back"), facts=facts, changed="tickets", is_grave=True
        )

    def pass_on(self, request: HttpRequest, order: TicketOrder, ticket: Ticket) -> HttpResponse:
        form = PassOnForm(_sent(request), initial={"version": ticket.version})

        def do(seen: int) -> str:
            answers = form.cleaned_data
            by = Actor.staff(person_of(request))
            done = services.pass_on(
                ticket=ticket, name=answers["name"], email=answers["email"], by=by, expected_version=seen
            )
            return _now("The ticket is %(name)s’s now, with the code %(code)s.") % {
                "name": done.holder_name,
                "code": done.code,
            }

        def facts(_order: TicketOrder) -> list[str]:
            return [
                _now("%(kind)s of %(name)s, code %(code)s.")
                % {"kind": ticket.kind.name, "name": ticket.holder_name, "code": ticket.code},
                _now("The ticket gets another code. The old one lets nobody in any more."),
            ]

        title = _now("Pass the ticket on")
        return self._act(request, order, form, do, title=title, facts=facts, changed="tickets")


def whatsapp_url(phone: str, words: str) -> str:
    """Return the address that opens WhatsApp with these words, to this number or, without one, to whom one chooses."""
    return f"https://wa.me/{phone.removeprefix('+')}?{urlencode({'text': words}, quote_via=quoted)}"


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _money(order: TicketOrder, kobo: int) -> dict[str, Any]:
    return {"version": order.version, "amount_kobo": kobo or None}


def _money_facts(order: TicketOrder) -> list[str]:
    tickets = list(order.tickets.all())
    amounts = [
        (_now("Received: %(amount)s."), order.paid_kobo),
        (_now("Still to be paid: %(amount)s."), ticketing.receivable_kobo(order, order.tickets.all())),
        (_now("To be paid back: %(amount)s."), ticketing.owed_back_kobo(order, tickets)),
    ]
    return [sentence % {"amount": formatting.money(kobo)} for sentence, kobo in amounts]


def _cancelled_words(order: TicketOrder) -> str:
    owed = ticketing.owed_back_kobo(order, [])
    if not owed:
        return _now("The order is cancelled. The guest is told.")
    return _now("The order is cancelled and the guest told. Pay back %(amount)s.") % {"amount": formatting.money(owed)}
