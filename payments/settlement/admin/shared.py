"""What these pages have in common."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin

from accounts.scoping import ScopedPage, runs_platform
from accounts.sensitive import ask_again
from accounts.states import Ability
from core.forms import ServiceForm
from payments.admin.act_page import ActPage


class SettlementPage(ScopedPage, ModelAdmin):
    """Rows of houses' money: seen by whoever handles it at the house, and changed by acts alone."""

    sees = Ability.HANDLE_MONEY
    edits: Ability | None = None
    list_per_page = 50
    actions: Any = []

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, options in self.get_fieldsets(request, obj) for name in options["fields"]]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- Acts --------------------------------------------------------------------------------------------------------

    def may_act(self, request: HttpRequest, row: Any) -> bool:
        """Tell whether who asks may do something to a row: the platform's people alone, unless a page says more."""
        return runs_platform(request)

    def act(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        """Hand a row to a view if who asks may act on it; whatever is sent asks first who is there."""

        @require_http_methods(["GET", "HEAD", "POST"])
        def inner(request: HttpRequest, pk: int) -> HttpResponse:
            row = self.get_queryset(request).filter(pk=pk).first()
            if row is None or not self.may_act(request, row):
                raise Http404(_now("We could not find that."))
            if request.method == "POST":
                ask_again(request)
            return view(request, row)

        full = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(inner), name=full)

    def ask_for(
        self,
        request: HttpRequest,
        row: Any,
        do: Callable[[Any], str],
        *,
        title: str,
        facts: list[str],
        form: ServiceForm | None = None,
        is_grave: bool = False,
    ) -> HttpResponse:
        """Show what an act would do, or do it."""
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        page = ActPage(title=title, subtitle=str(row), back=back, do=do, facts=lambda: facts, is_grave=is_grave)
        return page.answer(self, request, form or ServiceForm(sent(request)))


def sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None
