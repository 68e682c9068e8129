"""The back office: one site for restaurants' staff and the platform's own people, and its navigation."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from accounts.scoping import InScope, is_superuser
from accounts.selectors import restaurant_ids_where
from accounts.states import Ability
from localization import formatting


class ForwardChoices(AutocompleteJsonView):
    """Django's autocomplete, which stumbles over the far end of a relation: a form has no field for it."""

    def process_request(self, request: HttpRequest) -> tuple[Any, ...]:
        found: tuple[Any, ...] = super().process_request(request)
        if found[2].auto_created:
            raise PermissionDenied
        return found


class BukaAdminSite(UnfoldAdminSite):
    """Unfold's admin with Today in it, and with a log that keeps to the reader's own houses."""

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Show times by the clock of Nigeria; where a restaurant's own clock counts, its page says so itself."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def at_home(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            at = request.resolver_match
            is_list = at is not None and str(at.url_name).endswith("_changelist")
            if is_list and "%00" in request.META.get("QUERY_STRING", ""):
                # List filters hand what stands in the address to PostgreSQL, which knows no null character.
                raise BadRequest("A null character in the address")
            with timezone.override(formatting.HOME_ZONE):
                response = inner(request, *args, **kwargs)
                # Else the template would be rendered after the clock has been put back.
                return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return at_home

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead whoever logs in here to the back office; the theme's form forgets where to, and diners' pages follow."""
        if request.method == "POST" and "next" not in request.POST and "next" not in request.GET:
            sent = request.POST.copy()
            sent["next"] = reverse("admin:index")
            request.POST = sent  # type: ignore[assignment]
        return super().login(request, extra_context)

    def extra_urls(self) -> list[URLPattern]:
        from bookings.admin.today import urls

        return urls(self)

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return ForwardChoices.as_view(admin_site=self)(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send a house's staff to the page they work on; the platform's own people get the overview."""
        if not is_superuser(request) and restaurant_ids_where(request.user, Ability.SEE_BOOKINGS):
            return HttpResponseRedirect(reverse("admin:today"))
        return super().index(request, extra_context)

    def plan_saved(self, request: HttpRequest, restaurant_id: int) -> None:
        """Called by the restaurants' pages, which may not know bookings, after hours, tables or shifts were saved."""
        from bookings.admin.out_of_plan import warn

        warn(request, restaurant_id)

    def get_log_entries(self, request: HttpRequest) -> "QuerySet[LogEntry]":
        """Return recent actions on rows that the reader still sees."""
        entries = super().get_log_entries(request)
        if is_superuser(request):
            return entries
        seen = Q(pk__in=[])
        for model, page in self._registry.items():
            if isinstance(page, InScope) and page.has_module_permission(request):
                keys = page.get_queryset(request).order_by().annotate(_key=Cast("pk", CharField())).values("_key")
                seen |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=keys)
        return entries.filter(seen)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar: what this person may open, nothing else."""
    groups = [
        (_("Service"), [
            (_("Today"), "today", reverse("admin:today"), _may(request, Ability.SEE_BOOKINGS)),
            _page(request, _("Bookings"), "menu_book", "bookings_booking"),
            _page(request, _("Blocked tables"), "block", "bookings_block"),
        ]),
        (_("Your restaurant"), [
            _page(request, _("Restaurants"), "storefront", "restaurants_restaurant"),
            _page(request, _("Tables"), "table_restaurant", "restaurants_table"),
            _page(request, _("Combinations of tables"), "join", "restaurants_tablecombination"),
            _page(request, _("Shifts"), "schedule", "restaurants_shift"),
            _page(request, _("Special days"), "celebration", "restaurants_specialday"),
        ]),
        (_("Menu"), [
            _page(request, _("Menus"), "restaurant_menu", "restaurants_menu"),
            _page(request, _("Dishes"), "ramen_dining", "restaurants_dish"),
        ]),
        (_("People"), [
            _page(request, _("Staff"), "badge", "accounts_membership"),
            _page(request, _("People"), "group", "accounts_user"),
        ]),
        (_("Platform"), [
            _page(request, _("Claims of listings"), "approval", "restaurants_listingclaim"),
            _page(request, _("Cities"), "location_city", "restaurants_city"),
            _page(request, _("Cuisines"), "skillet", "restaurants_cuisine"),
            _page(request, _("Amenities"), "wifi", "restaurants_amenity"),
            _page(request, _("Messages"), "mail", "notifications_message"),
            _page(request, _("Outbox events"), "outbox", "core_outboxevent"),
            _page(request, _("Deliveries of events"), "send", "core_eventdelivery"),
        ]),
    ]  # fmt: skip
    return [
        {"title": title, "separator": True, "items": items}
        for title, links in groups
        if (items := [{"title": name, "icon": icon, "link": link} for name, icon, link, allowed in links if allowed])
    ]


def _may(request: HttpRequest, ability: Ability) -> bool:
    ids = restaurant_ids_where(request.user, ability)
    return ids is None or bool(ids)


def _page(request: HttpRequest, title: Any, icon: str, name: str) -> tuple[Any, str, str, bool]:
    app_label, model_name = name.split("_")
    page = next(
        (
            page
            for model, page in admin.site._registry.items()
            if (model._meta.app_label, model._meta.model_name) == (app_label, model_name)
        ),
        None,
    )
    allowed = page is not None and page.has_module_permission(request)
    return title, icon, reverse(f"admin:{name}_changelist") if page is not None else "", allowed
