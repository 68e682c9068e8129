"""Ticketed events: what is on, what can be bought, and the ways to all that is done with it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.views import ChangeList

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, ScopedInline, ScopedPage
from accounts.states import Ability
from bookings import event_figures
from bookings.admin import event_acts, event_door
from bookings.event_figures import Figures
from bookings.forms.events import TicketedEventForm, TicketKindForm
from bookings.models import Ticket, TicketedEvent, TicketKind
from bookings.states import EventStatus
from localization import formatting

STATUS_LABELS = {EventStatus.DRAFT: "info", EventStatus.ON_SALE: "success", EventStatus.CALLED_OFF: "danger"}
# What stands once tickets can be bought; it is changed by moving the event.
FIXED_ON_SALE = ("starts_at", "ends_at", "room", "area")


class KindInline(ScopedInline, TabularInline):
    model = TicketKind
    form = TicketKindForm
    restaurant_path = "event__restaurant_id"
    sees = Ability.SEE_BOOKINGS
    edits = Ability.EDIT_RESTAURANT
    fields = ["name", "note", "guests", "price_kobo", "stock", "is_on_sale", "position"]
    # Without a script nothing adds a row.
    extra = 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketKind]:
        drawn = Ticket.objects.filter(kind=OuterRef("pk"))
        return super().get_queryset(request).annotate(is_drawn=Exists(drawn))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = "price_kobo" if self.has_change_permission(request, obj) else "price"
        return ["name", "note", "guests", shown, "stock", "is_on_sale", "position"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [] if self.has_change_permission(request, obj) else ["price"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and _may_change(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_change(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # What was on sale once is taken off sale instead: somebody may be buying it.
        return super().has_delete_permission(request, obj) and _is_draft(obj)

    @display(description=_("price"))
    def price(self, kind: TicketKind) -> str:
        return formatting.money(kind.price_kobo)


class EventList(ChangeList):
    """The list with the figures of its page, asked for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        figures = event_figures.figures_of([event.pk for event in self.result_list])
        for event in self.result_list:
            event.figures = figures[event.pk]


@admin.register(TicketedEvent)
class TicketedEventAdmin(ScopedPage, ModelAdmin):
    sees = Ability.SEE_BOOKINGS
    edits = Ability.EDIT_RESTAURANT
    form = TicketedEventForm
    inlines = [KindInline]
    list_display = ["name", "when", "shown_status", "sold", "admitted", "takings", "owed_back", "restaurant"]
    list_filter = [("restaurant", OwnRowsFilter), "status"]
    list_select_related = ["restaurant"]
    list_per_page = 50
    search_fields = ["name"]
    ordering = ["-starts_at", "-pk"]
    date_hierarchy = "starts_at"
    autocomplete_fields = ["restaurant"]
    warn_unsaved_form = True
    change_form_outer_before_template = "admin/bookings/event_ways.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketedEvent]:
        return super().get_queryset(request).select_related("restaurant", "area")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return EventList

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST" or not transaction.get_connection().in_atomic_block:
            return found
        # What the form is checked against and what is saved are one: nobody puts it on sale or sells in between.
        locked = TicketedEvent.objects.select_for_update(of=("self",), no_key=True)
        return locked.select_related("restaurant", "area").filter(pk=found.pk).first()

    # --- What may be written -------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        may_write = obj is None or self.has_change_permission(request, obj)
        fixed = FIXED_ON_SALE if obj is None or (may_write and _is_draft(obj)) else ("begins", "ends", "room", "area")
        sale = ("sale_from", "sale_until") if may_write else ("sale_begins", "sale_ends")
        return [
            (
                None,
                {"fields": ["restaurant", "name", "description", fixed[:2], fixed[2:], ("capacity", "minimum_age")]},
            ),
            (
                _("Sale"),
                {
                    "fields": [
                        sale,
                        ("most_per_order", "most_unpaid"),
                        ("paid_when", "hold_minutes"),
                        "payment_instructions",
                    ]
                },
            ),
            (
                _("Terms"),
                {
                    "description": _("They count for orders from now on; who has bought keeps the terms of that day."),
                    "fields": ["return_hours", "may_be_passed_on"],
                },
            ),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*super().get_readonly_fields(request, obj)]
        may_write = obj is None or self.has_change_permission(request, obj)
        if not (may_write and _is_draft(obj)):
            # What the form declares itself stays in it unless it is named here.
            fields += [*FIXED_ON_SALE, "begins", "ends"]
        if not may_write:
            fields += ["sale_from", "sale_until", "sale_begins", "sale_ends"]
        return fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_change(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_draft(obj)

    def save_model(self, request: HttpRequest, obj: TicketedEvent, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = person_of(request)
        super().save_model(request, obj, form, change)

    # --- Taking back what was never on sale ----------------------------------------------------------------------

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if any(not _is_draft(event) for event in objs):
            protected = [_("Only a draft can be deleted. What was on sale is called off instead.")]
        return to_delete, counts, lacking, protected

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TicketedEvent]) -> None:
        with transaction.atomic():
            drafts = queryset.select_related(None).select_for_update(of=("self",)).filter(status=EventStatus.DRAFT)
            for event in drafts:
                event.delete()

    # --- What is shown -------------------------------------------------------------------------------------------

    @display(description=_("when"), ordering="starts_at")
    def when(self, event: TicketedEvent) -> str:
        return formatting.day_and_time(event.starts_at, zone=event.restaurant.time_zone)

    @display(description=_("begins"))
    def begins(self, event: TicketedEvent) -> str:
        return _clock(event, event.starts_at)

    @display(description=_("ends"))
    def ends(self, event: TicketedEvent) -> str:
        return _clock(event, event.ends_at)

    @display(description=_("on sale from"))
    def sale_begins(self, event: TicketedEvent) -> str:
        return _clock(event, event.sale_from)

    @display(description=_("on sale until"))
    def sale_ends(self, event: TicketedEvent) -> str:
        return _clock(event, event.sale_until)

    @display(description=_("status"), ordering="status", label=STATUS_LABELS)
    def shown_status(self, event: TicketedEvent) -> tuple[str, str]:
        if event.status == EventStatus.ON_SALE and event.ends_at <= timezone.now():
            return EventStatus.DRAFT, _now("Over")
        return event.status, event.get_status_display()

    @display(description=_("sold"))
    def sold(self, event: TicketedEvent) -> str:
        figures = _figures(event)
        numbers = {
            "sold": formatting.number(figures.guests),
            "capacity": formatting.number(event.capacity),
            "held": formatting.number(figures.held),
        }
        sentence = (
            _("%(sold)s of %(capacity)s, %(held)s of them held") if figures.held else _("%(sold)s of %(capacity)s")
        )
        return str(sentence % numbers)

    @display(description=_("admitted"))
    def admitted(self, event: TicketedEvent) -> str:
        return formatting.number(_figures(event).admitted)

    @display(description=_("takings"))
    def takings(self, event: TicketedEvent) -> str:
        return formatting.money(_figures(event).taken_kobo)

    @display(description=_("to be paid back"))
    def owed_back(self, event: TicketedEvent) -> str:
        owed = _figures(event).owed_back_kobo
        return formatting.money(owed) if owed else "–"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        event = kwargs.get("obj")
        if event is not None:
            figures = event_figures.figures_of_event(event)
            context |= {
                "figures": figures,
                "owed_back": figures.owed_back_kobo,
                "may_run": self.may(request, Ability.RUN_SERVICE, event.restaurant_id),
                "may_edit": self.may(request, self.edits, event.restaurant_id),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # --- What is done --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        run, edit = Ability.RUN_SERVICE, Ability.EDIT_RESTAURANT
        return [
            self._way("put-on-sale/", event_acts.put_on_sale, "put_on_sale", looks=edit, writes=edit),
            self._way("move/", event_acts.move, "move", looks=edit, writes=edit),
            self._way("call-off/", event_acts.call_off, "call_off", looks=edit, writes=edit),
            self._way("sell/", event_acts.sell, "sell", looks=run, writes=run),
            self._way("guests/", event_door.show_guests, "guests"),
            self._way("door/", event_door.door, "door", writes=run),
            self._way("door/order/<uuid:order>/", event_door.admit_order, "admit_order", writes=run, methods=("POST",)),
            self._way("door/undo/<uuid:ticket>/", event_door.undo, "undo", looks=run, writes=run),
            *super().get_urls(),
        ]

    def _way(
        self,
        route: str,
        view: Callable[..., HttpResponse],
        name: str,
        *,
        looks: Ability = Ability.SEE_BOOKINGS,
        writes: Ability | None = None,
        methods: tuple[str, ...] = ("GET", "HEAD", "POST"),
    ) -> URLPattern:
        """Hand the event to a view if who asks may look at it, and write where something is sent."""
        allowed = methods if writes is not None else ("GET", "HEAD")

        @require_http_methods(list(allowed))
        def inner(request: HttpRequest, pk: int, **parts: UUID) -> HttpResponse:
            event = self.get_queryset(request).filter(pk=pk).first()
            needed = writes if request.method == "POST" else looks
            if event is None or needed is None or not self.may(request, needed, event.restaurant_id):
                raise Http404(_now("We could not find that."))
            return view(self, request, event, **parts)

        return path(f"<int:pk>/{route}", self.admin_site.admin_view(inner), name=f"bookings_ticketedevent_{name}")


def _is_draft(event: Any) -> bool:
    return not isinstance(event, TicketedEvent) or event.status == EventStatus.DRAFT


def _may_change(event: Any) -> bool:
    return not isinstance(event, TicketedEvent) or event.status != EventStatus.CALLED_OFF


def _figures(event: TicketedEvent) -> Figures:
    figures: Figures = getattr(event, "figures", None) or event_figures.figures_of_event(event)
    return figures


def _clock(event: TicketedEvent, moment: Any) -> str:
    return formatting.day_and_time(moment, zone=event.restaurant.time_zone) if moment else "–"
