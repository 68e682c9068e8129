"""Blocked tables: made and taken back through the services.

Where bookings stand in the way one sees first what becomes of each, and then does exactly that.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, ScopedPage
from accounts.states import Ability
from bookings import errors, services
from bookings.forms.blocks import BlockForm
from bookings.models import Block, TicketedEvent
from bookings.refusal_words import said_by
from bookings.services import Actor, Closing, ClosingOutdated, InTheWay
from bookings.services.closing_tables import is_only_a_form
from core.errors import DomainError, InvalidInput
from localization import formatting
from restaurants.models import Area, Restaurant, Table
from restaurants.service_plan import ServicePlan
from restaurants.states import RestaurantStatus

# After these one sees what would happen now.
LOOK_AGAIN = (errors.BlockHitsBookings, errors.ReasonMissing, ClosingOutdated)
FILLED_IN = ("restaurant", "area", "starts_at", "ends_at", "reason")


@admin.register(Block)
class BlockAdmin(ScopedPage, ModelAdmin):
    sees = Ability.SEE_BOOKINGS
    edits = Ability.RUN_SERVICE
    list_display = ["reason", "restaurant", "what", "begins", "ends"]
    list_filter = [("restaurant", OwnRowsFilter)]
    list_select_related = ["restaurant", "area", "table"]
    search_fields = ["reason", "table__name", "area__name"]
    date_hierarchy = "starts_at"
    fields = ["restaurant", "what", "begins", "ends", "reason", "created_at"]
    readonly_fields = ["restaurant", "what", "begins", "ends", "reason", "created_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A block is taken back and made anew; its rows follow it.
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        self._remember_house(request, None)
        form = self._form(request)
        refusal, status = "", 200
        found: Closing | None = None
        if request.method == "POST" and form.is_valid():
            try:
                if "close" in request.POST:
                    return self._closed(request, form)
                return self._made(request, services.block_tables(**self._asked(request, form)))
            except InvalidInput as wrong:
                for name, sentences in wrong.errors.items():
                    for sentence in sentences:
                        form.add_error(name, str(sentence))
            except DomainError as refused:
                refusal, status = said_by(refused), refused.status
                if isinstance(refused, errors.BlockHitsBookings):
                    refusal = _now("There are bookings on these tables at that time. See what would become of each.")
                if isinstance(refused, LOOK_AGAIN):
                    found, refusal = self._looked_at_or_why_not(request, form, refusal)
        elif form.errors and set(form.errors) <= set(form.OF_A_CLOSING):
            found, refusal = self._looked_at_or_why_not(request, form, refusal)
        return self._page(request, form, found, refusal, 422 if form.errors else status)

    def _looked_at_or_why_not(self, request: HttpRequest, form: BlockForm, refusal: str) -> tuple[Closing | None, str]:
        try:
            return self._looked_at(request, form), refusal
        except DomainError as other:
            # Pressed twice: the first time has closed the tables already.
            return None, f"{refusal} {said_by(other)}".strip()

    def _looked_at(self, request: HttpRequest, form: BlockForm) -> Closing:
        asked = {name: value for name, value in self._asked(request, form).items() if name not in ("by", "reason")}
        return services.look_at_closing(**asked)

    def _page(self, request: HttpRequest, form: Any, found: Closing | None, refusal: str, status: int) -> HttpResponse:
        if found is not None and form.is_bound:
            # What was typed stays; what is agreed to next is what is shown now.
            form.data = form.data.copy()
            form.data["seal"] = found.seal
        context = {
            **self.admin_site.each_context(request),
            "title": _("Block tables"),
            "opts": self.opts,
            "list_url": reverse("admin:bookings_block_changelist"),
            "form": form,
            "refusal": refusal,
            "found": found,
            "lines": [_line(found, each) for each in found.in_the_way] if found else [],
        }
        return render(request, "admin/today/block.html", context, status=status)

    def _form(self, request: HttpRequest) -> BlockForm:
        houses, areas, tables = (self.own(request, model) for model in (Restaurant, Area, Table))
        houses = houses.exclude(status=RestaurantStatus.LISTED).order_by("name")
        first = houses[:2]
        return BlockForm(
            request.POST if request.method == "POST" else None,
            houses=houses,
            areas=areas.select_related("restaurant").order_by("restaurant__name", "position"),
            tables=tables.filter(is_active=True).select_related("restaurant").order_by("restaurant__name", "name"),
            initial={"restaurant": first[0].pk if len(first) == 1 else None, **_filled_in(request)},
        )

    def _asked(self, request: HttpRequest, form: BlockForm) -> dict[str, Any]:
        answers = form.cleaned_data
        house = answers["restaurant"]
        if not self.may(request, self.edits, house.pk):
            raise PermissionDenied
        return {
            "restaurant_id": house.pk,
            "starts_at": answers["starts_at"],
            "ends_at": answers["ends_at"],
            "reason": answers["reason"],
            "by": Actor.staff(person_of(request)),
            "area_id": answers["area"].pk if answers["area"] else None,
            "table_id": answers["table"].pk if answers["table"] else None,
        }

    def _closed(self, request: HttpRequest, form: BlockForm) -> HttpResponse:
        answers = form.cleaned_data
        block, done = services.close_tables(
            **self._asked(request, form),
            seal=answers["seal"],
            told=answers["told"],
            points=answers["points"] or 0,
        )
        self.log_addition(request, block, [{"added": {}}])
        self.message_user(request, _what_was_done(done), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:bookings_block_changelist"))

    def _made(self, request: HttpRequest, block: Block) -> HttpResponse:
        self.log_addition(request, block, [{"added": {}}])
        self.message_user(request, _now("The tables are blocked."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:bookings_block_changelist"))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        events = formatting.list_of(TicketedEvent.objects.filter(block__in=list(objs)).order_by("starts_at"))
        if events:
            # Without it the tables could be booked by others while the event takes place.
            sentence = _now("This keeps the tables for %(events)s. Move the event, or call it off.")
            protected = [*protected, sentence % {"events": events}]
        return to_delete, counts, lacking, protected

    def delete_model(self, request: HttpRequest, obj: Block) -> None:
        services.remove_block(block=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Block]) -> None:
        for block in queryset:
            services.remove_block(block=block)

    @display(description=_("blocked"), ordering=Coalesce("table__name", "area__name", Value("")))
    def what(self, block: Block) -> str:
        if block.table is not None:
            return _now("Table %(table)s") % {"table": block.table.name}
        return block.area.name if block.area is not None else _now("The whole floor")

    @display(description=_("from"), ordering="starts_at")
    def begins(self, block: Block) -> str:
        return formatting.day_and_time(block.starts_at, zone=block.restaurant.time_zone)

    @display(description=_("until"), ordering="ends_at")
    def ends(self, block: Block) -> str:
        return formatting.day_and_time(block.ends_at, zone=block.restaurant.time_zone)


def _filled_in(request: HttpRequest) -> dict[str, str]:
    """Return what an address fills in: the house, the area, the times by its clock and the reason."""
    given = {name: request.GET.get(name, "").replace("\x00", "")[:200] for name in FILLED_IN}
    return {name: value for name, value in given.items() if value}


def _what_was_done(done: Closing) -> str:
    moved, bumped = len(done.moves), len(done.bumps)
    sentences = [_now("The tables are closed.")]
    if moved:
        sentences.append(ngettext("%(count)d booking moved.", "%(count)d bookings moved.", moved) % {"count": moved})
    if bumped:
        sentence = ngettext(
            "%(count)d booking was cancelled, and its guest is told.",
            "%(count)d bookings were cancelled, and their guests are told.",
            bumped,
        )
        sentences.append(sentence % {"count": bumped})
    return " ".join(sentences)


def _line(found: Closing, each: InTheWay) -> dict[str, Any]:
    plan, booking = found.plan, each.booking
    areas = {area.id: area.name for area in plan.areas}
    return {
        "booking": booking,
        "url": reverse("admin:today_booking", args=[plan.public_id, booking.public_id]),
        "when": formatting.day_and_time(booking.starts_at, zone=plan.zone),
        "fate": "moved" if each.to is not None else "stays" if each.stays else "bumped",
        "from_tables": _tables(plan, each.table_ids),
        "to_tables": _tables(plan, each.to or ()),
        "to_area": areas.get(each.to_area, "") if each.to_area else "",
        "was_asked": booking.area.name if booking.area and each.to_area else "",
        "is_promised": booking.is_locked and each.to is not None and not each.is_seated,
        "is_hold": is_only_a_form(booking),
        "is_seated": each.is_seated,
    }


def _tables(plan: ServicePlan, table_ids: Iterable[int]) -> str:
    return ", ".join(sorted(plan.table_names[table] for table in table_ids))
