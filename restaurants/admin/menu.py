"""Menus, sections and dishes, with prices in naira and the tap that says a dish is finished."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from accounts.scoping import OwnRowsFilter, ScopedInline, ScopedPage
from accounts.states import Ability
from localization import formatting
from restaurants import services
from restaurants.admin.fields import BACK, FINISHED, CheckboxesField, NairaField
from restaurants.models import Dish, DishPrice, DishPriceHistory, Menu, MenuSection  # type: ignore[attr-defined]
from restaurants.states import Allergen


class OfTheMenu:
    sees = Ability.EDIT_MENU
    edits: Ability | None = Ability.EDIT_MENU


class SectionInline(OfTheMenu, ScopedInline, TabularInline):
    model = MenuSection
    restaurant_path = "menu__restaurant_id"
    fields = ["name", "position"]
    extra = 0
    can_delete = False
    show_change_link = True


@admin.register(Menu)
class MenuAdmin(OfTheMenu, ScopedPage, ModelAdmin):
    list_display = ["name", "restaurant", "is_active", "position"]
    list_filter = [("restaurant", OwnRowsFilter), "is_active"]
    list_select_related = ["restaurant"]
    search_fields = ["name"]
    autocomplete_fields = ["restaurant"]
    fields = ["restaurant", "name", "is_active", "position"]
    inlines = [SectionInline]

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj is not None else []


def with_price(dishes: QuerySet[Dish]) -> QuerySet[Dish]:
    """Return dishes with what they cost today as `kobo`."""
    today = timezone.localdate()
    begun = DishPrice.objects.filter(dish=OuterRef("pk"), valid_from__lte=today).order_by("-valid_from")
    return dishes.annotate(kobo=Subquery(begun.values("kobo")[:1]))


class DishForm(forms.ModelForm):
    """The price of today in naira; a new one becomes a dated row, what was sold before keeps its price."""

    price = NairaField(label=_("Price (₦)"), required=True)
    allergens = CheckboxesField(label=_("Contains"), choices=Allergen.choices, required=False)
    removable_allergens = CheckboxesField(
        label=_("Usual, but can be left out"), choices=Allergen.choices, required=False
    )

    class Meta:
        model = Dish
        fields = "__all__"  # noqa: DJ007  (the page names them)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "price" in self.fields:
            self.fields["price"].initial = self.current_kobo()

    def current_kobo(self) -> int | None:
        if hasattr(self.instance, "kobo"):
            return self.instance.kobo
        return with_price(Dish.objects.filter(pk=self.instance.pk)).values_list("kobo", flat=True).first()  # type: ignore[misc]

    def keep_price(self) -> None:
        kobo = self.cleaned_data.get("price")
        if kobo is not None and kobo != self.fields["price"].initial:
            services.price_dish(dish=self.instance, kobo=kobo, valid_from=timezone.localdate())


class DishInline(OfTheMenu, ScopedInline, TabularInline):
    model = Dish
    form = DishForm
    restaurant_path = "section__menu__restaurant_id"
    fields = ["name", "slug", "price", "is_vegetarian", "is_finished", "position"]
    prepopulated_fields = {"slug": ["name"]}
    extra = 0
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dish]:
        return with_price(super().get_queryset(request))


@admin.register(MenuSection)
class SectionAdmin(OfTheMenu, ScopedPage, ModelAdmin):
    restaurant_path = "menu__restaurant_id"
    list_display = ["name", "menu", "restaurant", "position"]
    list_select_related = ["menu", "menu__restaurant"]
    search_fields = ["name", "menu__name"]
    fields = ["menu", "name", "position"]
    inlines = [DishInline]

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj is not None else []

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for row in formset.forms:
            if isinstance(row, DishForm) and row.instance.pk and row.has_changed():
                row.keep_price()

    @display(description=_("restaurant"))
    def restaurant(self, section: MenuSection) -> str:
        return str(section.menu.restaurant)


class PriceInline(OfTheMenu, ScopedInline, TabularInline):
    """What a dish cost and will cost; nobody edits the past."""

    model = DishPrice
    restaurant_path = "dish__section__menu__restaurant_id"
    fields = ["shown", "valid_from"]
    readonly_fields = ["shown", "valid_from"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("price"))
    def shown(self, price: DishPrice) -> str:
        return formatting.money(price.kobo)


class PriceHistoryInline(OfTheMenu, ScopedInline, TabularInline):
    """What was written down as a price and when: also what was set right, or taken away again."""

    model = DishPriceHistory
    fk_name = "dish"
    restaurant_path = "dish__section__menu__restaurant_id"
    verbose_name_plural = _("history of prices")
    fields = ["happened", "shown", "valid_from", "recorded_at"]
    readonly_fields = ["happened", "shown", "valid_from", "recorded_at"]
    hide_title = True
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("what"))
    def happened(self, row: Any) -> Any:
        return {"added": _("Set"), "changed": _("Set right"), "removed": _("Taken away")}.get(row.pgh_label, "")

    @display(description=_("price"))
    def shown(self, row: Any) -> str:
        return formatting.money(row.kobo)

    @display(description=_("when"))
    def recorded_at(self, row: Any) -> str:
        return formatting.day_and_time(row.pgh_created_at, zone=formatting.HOME_ZONE)


@admin.register(Dish)
class DishAdmin(OfTheMenu, ScopedPage, ModelAdmin):
    restaurant_path = "section__menu__restaurant_id"
    form = DishForm
    list_display = ["name", "section", "restaurant", "price", "shown_finished", "tap"]
    list_filter = ["is_finished", "is_vegetarian", "heat"]
    list_select_related = ["section__menu__restaurant"]
    search_fields = ["name", "section__name", "section__menu__name"]
    actions = ["finish", "bring_back"]
    inlines = [PriceInline, PriceHistoryInline]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["section", "name", "slug", "price", "is_finished", "description", "position"]}),
        (
            _("What guests ask"),
            {"fields": ["heat", "is_vegetarian", "is_vegan", "allergens", "removable_allergens", "course"]},
        ),
        (_("Other languages"), {"fields": ["other_names"], "classes": ["collapse"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dish]:
        return with_price(super().get_queryset(request))

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Dish, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        form.keep_price()

    @display(description=_("restaurant"), ordering="section__menu__restaurant__name")
    def restaurant(self, dish: Dish) -> str:
        return str(dish.section.menu.restaurant)

    @display(description=_("price"))
    def price(self, dish: Any) -> str:
        return "–" if dish.kobo is None else formatting.money(dish.kobo)

    @display(description=_("on the menu"), ordering="is_finished", label={"on": "success", "off": "warning"})
    def shown_finished(self, dish: Dish) -> tuple[str, Any]:
        return ("off", _("Finished")) if dish.is_finished else ("on", _("Served"))

    # --- One tap -------------------------------------------------------------------------------------------------

    @display(description=_("tonight"))
    def tap(self, dish: Dish) -> str:
        # The list stands inside a form with its token; this button only sends it elsewhere.
        return format_html(
            '<button class="t-button t-small" type="submit" formnovalidate formaction="{}" name="finished" '
            'value="{}" aria-label="{}">{}</button>',
            reverse("admin:restaurants_dish_finish", args=[dish.pk]),
            "0" if dish.is_finished else "1",
            f"{BACK if dish.is_finished else FINISHED}: {dish.name}",
            BACK if dish.is_finished else FINISHED,
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.finish_one))
        return [path("<int:pk>/finish/", view, name="restaurants_dish_finish"), *super().get_urls()]

    def finish_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        dish = self.get_queryset(request).filter(pk=pk).first()
        if dish is None or not self.has_change_permission(request, dish):
            raise Http404(_now("We could not find that."))
        self._finish(request, dish, is_finished=request.POST.get("finished") == "1")
        sentence = _now("%(dish)s is finished for now.") if dish.is_finished else _now("%(dish)s is back.")
        self.message_user(request, sentence % {"dish": dish.name}, messages.SUCCESS)
        back = request.headers.get("Referer", "")
        if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
            back = reverse("admin:restaurants_dish_changelist")
        return HttpResponseRedirect(back)

    def _finish(self, request: HttpRequest, dish: Dish, *, is_finished: bool) -> None:
        services.finish_dish(dish=dish, is_finished=is_finished)
        self.log_change(request, dish, [{"changed": {"fields": [str(_("finished for now"))]}}])

    @admin.action(description=FINISHED, permissions=["change"])
    def finish(self, request: HttpRequest, queryset: QuerySet[Dish]) -> None:
        self._finish_all(request, queryset, is_finished=True)

    @admin.action(description=BACK, permissions=["change"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet[Dish]) -> None:
        self._finish_all(request, queryset, is_finished=False)

    def _finish_all(self, request: HttpRequest, dishes: QuerySet[Dish], *, is_finished: bool) -> None:
        chosen = list(dishes)
        for dish in chosen:
            self._finish(request, dish, is_finished=is_finished)
        sentence = ngettext("%(count)d dish changed.", "%(count)d dishes changed.", len(chosen))
        self.message_user(request, sentence % {"count": len(chosen)}, messages.SUCCESS)
