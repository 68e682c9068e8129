"""Tables, combinations, areas, shifts and special days: each with a page of its own."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from accounts.scoping import OwnRowsFilter, ScopedInline, ScopedPage
from localization import formatting
from localization.feasts import Feast, feasts_between
from restaurants.admin.fields import CheckboxesField, HouseFormSet, PlanPage
from restaurants.models import (
    Area,
    OpeningHours,
    Restaurant,
    Shift,
    SpecialDay,
    Table,
    TableCombination,
    TurnTime,
)
from restaurants.states import Weekday

OF_HOUSE: Any = ("restaurant", OwnRowsFilter)
# A season is not a day: nobody closes for all of Ramadan with one tap.
LONGEST_FEAST = 4
FEASTS_AHEAD = timedelta(days=366)


class OfAHouse(ScopedPage, PlanPage):
    autocomplete_fields = ["restaurant"]
    list_filter = [OF_HOUSE]
    list_select_related = ["restaurant"]
    list_per_page = 100


@admin.register(Area)
class AreaAdmin(OfAHouse):
    list_display = ["name", "restaurant", "is_outdoor", "position"]
    search_fields = ["name"]
    fields = ["restaurant", "name", "is_outdoor", "position"]


@admin.register(Table)
class TableAdmin(OfAHouse):
    list_display = ["name", "restaurant", "area", "seats", "is_sold_online", "is_active"]
    list_filter = [OF_HOUSE, "is_active", "is_sold_online"]
    list_select_related = ["restaurant", "area"]
    search_fields = ["name", "area__name"]
    actions = ["take_out_of_use", "use_again"]
    fieldsets = [
        (None, {"fields": ["restaurant", "name", "area", ("min_party", "max_party")]}),
        (_("Use"), {"fields": ["is_sold_online", "is_accessible", "is_active"]}),
        (
            _("Place on the floor plan"),
            {"fields": ["shape", ("x", "y"), ("width", "height"), "rotation"], "classes": ["collapse"]},
        ),
    ]

    @display(description=_("seats"), ordering="max_party")
    def seats(self, table: Table) -> str:
        return f"{table.min_party}–{table.max_party}"

    @admin.action(description=_("Take out of use"), permissions=["change"])
    def take_out_of_use(self, request: HttpRequest, queryset: QuerySet[Table]) -> None:
        self._use(request, queryset, is_active=False)

    @admin.action(description=_("Use again"), permissions=["change"])
    def use_again(self, request: HttpRequest, queryset: QuerySet[Table]) -> None:
        self._use(request, queryset, is_active=True)

    def _use(self, request: HttpRequest, tables: QuerySet[Table], *, is_active: bool) -> None:
        changed = [table for table in tables if self.has_change_permission(request, table)]
        houses = {table.restaurant_id for table in changed}
        for house in houses:
            self.plan_to_change(request, house)
        for table in changed:
            table.is_active = is_active
            table.save(update_fields=["is_active"])
            self.log_change(request, table, [{"changed": {"fields": [str(_("in use"))]}}])
        sentence = ngettext("%(count)d table changed.", "%(count)d tables changed.", len(changed))
        self.message_user(request, sentence % {"count": len(changed)}, messages.SUCCESS)
        for house in houses:
            self._tell(request, house)


@admin.register(TableCombination)
class CombinationAdmin(OfAHouse):
    list_display = ["name", "restaurant", "members", "min_party", "max_party", "is_sold_online", "is_active"]
    search_fields = ["name"]
    fields = ["restaurant", "name", "tables", ("min_party", "max_party"), "is_sold_online", "is_active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TableCombination]:
        return super().get_queryset(request).prefetch_related("tables")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @display(description=_("tables"))
    def members(self, combination: TableCombination) -> str:
        return " + ".join(table.name for table in combination.tables.all())


class TurnTimeInline(ScopedInline, TabularInline):
    model = TurnTime
    restaurant_path = "shift__restaurant_id"
    fields = ["up_to_party", "minutes"]
    extra = 0


class ShiftForm(forms.ModelForm):
    weekdays = CheckboxesField(label=_("Weekdays"), choices=Weekday.choices, coerce=int, required=False)
    slot_minutes = forms.TypedChoiceField(
        label=_("Minutes between slots"),
        coerce=int,
        choices=[(n, n) for n in (5, 10, 15, 20, 30, 60)],
        initial=15,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Shift
        fields = "__all__"  # noqa: DJ007  (the page names them)

    def clean(self) -> dict[str, Any] | None:
        answers = super().clean() or self.cleaned_data
        if not answers.get("weekdays") and not answers.get("special_day") and "weekdays" in self.fields:
            self.add_error("weekdays", ValidationError(_("Choose the weekdays this shift runs on."), code="no_day"))
        return answers


@admin.register(Shift)
class ShiftAdmin(OfAHouse):
    form = ShiftForm
    list_display = ["name", "restaurant", "days", "first_seating", "last_seating", "pacing", "is_online", "is_active"]
    list_filter = [OF_HOUSE, "is_active"]
    search_fields = ["name"]
    list_select_related = ["restaurant", "special_day"]
    inlines = [TurnTimeInline]
    fieldsets = [
        (None, {"fields": ["restaurant", "name", "weekdays", "special_day", ("valid_from", "valid_to")]}),
        (_("Seatings"), {"fields": [("first_seating", "last_seating"), "slot_minutes", "hard_close"]}),
        (_("Pacing"), {"fields": [("max_covers_per_slot", "max_parties_per_slot")]}),
        (_("Online"), {"fields": ["is_online", "cutoff_minutes", "large_tables_released_hours", "is_active"]}),
    ]

    @display(description=_("days"))
    def days(self, shift: Shift) -> str:
        if shift.special_day is not None:
            return str(shift.special_day)
        if len(shift.weekdays) == 7:
            return _now("every day")
        return formatting.list_of(formatting.weekday(day)[:3] for day in sorted(shift.weekdays))

    @display(description=_("pacing"))
    def pacing(self, shift: Shift) -> str:
        return str(shift.max_covers_per_slot or "–")


class SpecialHoursInline(ScopedInline, TabularInline):
    model = OpeningHours
    formset = HouseFormSet
    fields = ["opens", "closes"]
    extra = 0


class SpecialShiftInline(ScopedInline, TabularInline):
    model = Shift
    formset = HouseFormSet
    fields = ["name", "first_seating", "last_seating", "max_covers_per_slot", "is_online"]
    extra = 0
    show_change_link = True


@admin.register(SpecialDay)
class SpecialDayAdmin(OfAHouse):
    list_display = ["date", "name", "restaurant", "is_closed", "note"]
    list_filter = [OF_HOUSE, "is_closed"]
    search_fields = ["name"]
    date_hierarchy = "date"
    fields = ["restaurant", "date", "name", "is_closed", "note"]
    inlines = [SpecialHoursInline, SpecialShiftInline]
    list_before_template = "admin/restaurants/feasts_link.html"
    change_form_after_template = "admin/restaurants/special_day.html"

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj is not None else []

    def get_urls(self) -> list[URLPattern]:
        view = require_http_methods(["GET", "HEAD", "POST"])(self.suggest_feasts)
        own = path("feasts/", self.admin_site.admin_view(view), name="restaurants_specialday_feasts")
        return [own, *super().get_urls()]

    def suggest_feasts(self, request: HttpRequest) -> HttpResponse:
        """List the feasts ahead; one tap makes one of them a special day."""
        houses = self.own(request, Restaurant)
        asked = request.POST.get("restaurant") or request.GET.get("restaurant") or ""
        found = houses.select_related("city").filter(pk=int(asked)) if asked.isdigit() and len(asked) < 19 else houses
        house = found.exclude(status="listed").order_by("name").first()
        if house is None or not self.has_add_permission(request, house):
            raise Http404(_now("We could not find that."))
        if request.method == "POST":
            return self._add_feast(request, house)
        kept = {day.date: day for day in house.special_days.all()}
        today = timezone.localdate()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Feasts and holidays ahead"),
            "subtitle": house.name,
            "house": house,
            "houses": list(houses.exclude(status="listed").order_by("name")[:200]),
            "days": [(day, feast, kept.get(day)) for day, feast in _feast_days(house, today)],
            "opts": self.opts,
        }
        return render(request, "admin/restaurants/feasts.html", context)

    def _add_feast(self, request: HttpRequest, house: Restaurant) -> HttpResponse:
        today = timezone.localdate()
        wanted = {(f"{day:%Y-%m-%d}", feast.slug): (day, feast) for day, feast in _feast_days(house, today)}
        chosen = wanted.get((request.POST.get("date", ""), request.POST.get("slug", "")))
        if chosen is None:
            raise Http404(_now("We could not find that."))
        day, feast = chosen
        is_closed = request.POST.get("as") == "closed"
        self.plan_to_change(request, house.pk)
        special, is_new = SpecialDay.objects.get_or_create(
            restaurant=house, date=day, defaults={"name": str(feast.name)[:80], "is_closed": is_closed}
        )
        if is_new:
            self.log_addition(request, special, [{"added": {}}])
            self.message_user(
                request,
                _now("%(day)s is a special day now.") % {"day": formatting.day(day)},
                messages.SUCCESS,
            )
            self._tell(request, house.pk)
        if is_closed:
            return HttpResponseRedirect(f"{reverse('admin:restaurants_specialday_feasts')}?restaurant={house.pk}")
        return HttpResponseRedirect(reverse("admin:restaurants_specialday_change", args=[special.pk]))


def _feast_days(house: Restaurant, today: date) -> list[tuple[date, Feast]]:
    """Return each single day of the feasts that touch a restaurant's state in the coming year."""
    found = []
    for feast in feasts_between(today, today + FEASTS_AHEAD):
        length = (feast.last_date - feast.date).days + 1
        if length > LONGEST_FEAST or (feast.states and house.city.state not in feast.states):
            continue
        days = (feast.date + timedelta(days=offset) for offset in range(length))
        found += [(day, feast) for day in days if day >= today]
    return found
