"""What the pages of those who guard privacy share."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.states import Ability
from core.back_office import PlatformPage
from core.encryption import mask_email


class Guarded(PlatformPage, ModelAdmin):
    """For those who guard privacy; nothing is added, edited or deleted unless a page says so."""

    ability = Ability.GUARD_PRIVACY
    show_full_result_count = False
    list_per_page = 50
    actions: Any = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]]

    @display(description=_("person"))
    def shown_person(self, row: Any) -> str:
        return mask_email(row.user.email) if row.user is not None else "–"

    def own_views(self) -> list[tuple[str, str, Callable[..., HttpResponse]]]:
        """Return further pages of a row: what follows its key in the address, a name, the view."""
        return []

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(f"<int:pk>/{tail}/", self.admin_site.admin_view(view), name=f"{name}_{word}")
            for tail, word, view in self.own_views()
        ]
        return [*own, *super().get_urls()]

    def row(self, request: HttpRequest, pk: int) -> Any:
        """:raises PermissionDenied: :raises Http404:"""
        if not self.has_module_permission(request):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404(_now("We could not find that."))
        return row

    def back_to(self, pk: int) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[pk]))
