"""Blocked tables: made and taken back through the services, which say which bookings stand in the way."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, ScopedPage
from accounts.states import Ability
from bookings import services
from bookings.forms.blocks import BlockForm
from bookings.models import Block, TicketedEvent
from bookings.services import Actor
from core.errors import DomainError, InvalidInput
from localization import formatting
from restaurants.models import Area, Restaurant, Table
from restaurants.states import RestaurantStatus


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
        refusal, in_the_way = "", []
        if request.method == "POST" and form.is_valid():
            try:
                return self._made(request, self._block(request, form))
            except InvalidInput as wrong:
                for name, sentences in wrong.errors.items():
                    for sentence in sentences:
                        form.add_error(name, str(sentence))
            except DomainError as refused:
                refusal, in_the_way = str(refused), self._in_the_way(refused, form.cleaned_data["restaurant"])
        context = {
            **self.admin_site.each_context(request),
            "title": _("Block tables"),
            "opts": self.opts,
            "form": form,
            "refusal": refusal,
            "in_the_way": in_the_way,
        }
        status = 409 if refusal else 422 if form.errors else 200
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
            initial={"restaurant": first[0].pk if len(first) == 1 else None},
        )

    def _block(self, request: HttpRequest, form: BlockForm) -> Block:
        answers = form.cleaned_data
        house = answers["restaurant"]
        if not self.may(request, self.edits, house.pk):
            raise PermissionDenied
        return services.block_tables(
            restaurant_id=house.pk,
            starts_at=answers["starts_at"],
            ends_at=answers["ends_at"],
            reason=answers["reason"],
            by=Actor.staff(person_of(request)),
            area_id=answers["area"].pk if answers["area"] else None,
            table_id=answers["table"].pk if answers["table"] else None,
        )

    def _made(self, request: HttpRequest, block: Block) -> HttpResponse:
        self.log_addition(request, block, [{"added": {}}])
        self.message_user(request, _now("The tables are blocked."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:bookings_block_changelist"))

    def _in_the_way(self, refusal: DomainError, house: Restaurant) -> list[dict[str, Any]]:
        zone = ZoneInfo(house.time_zone)
        return [
            {**found, "when": formatting.day_and_time(datetime.fromisoformat(found["starts_at"]), zone=zone)}
            for found in refusal.details.get("bookings", [])
        ]

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

    @display(description=_("what"))
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
