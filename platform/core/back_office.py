"""The back office seen from the lower floors: pages ask the site who may open them, and the site asks accounts."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import DateField, Field
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

# What the filters beside a list put behind a field's path, Django's and Unfold's.
_OF_ANY_FIELD = ("", "__exact", "__isnull", "__isempty")
_OF_DAYS = ("__gte", "__lt", "_from", "_to", "_from_0", "_from_1", "_to_0", "_to_1")


class NotFoundPage:
    """For a ModelAdmin: a row that is not there, or not theirs, is not found; Django's own would lead elsewhere."""

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404(_("We could not find that."))


class PlatformPage(NotFoundPage):
    """For a ModelAdmin or an inline whose rows are the platform's: who has its ability looks, nobody edits."""

    ability = "run_platform"
    """One of `accounts.states.Ability` that counts for the whole platform."""
    admin_site: Any

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(self.admin_site.allows(request, self.ability))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def closed(page: type[ModelAdmin]) -> type[ModelAdmin]:
    """Return the page with its list open to its own filters alone."""
    if issubclass(page, OwnFiltersOnly):
        return page
    return type(page.__name__, (OwnFiltersOnly, page), {"__module__": page.__module__, "__doc__": page.__doc__})


class OwnFiltersOnly(ModelAdmin):
    """Comes before the page's own classes; `closed()` puts it there.

    Django lets whoever sees a list filter it by any column of the row and by whatever the query was annotated with:
    letter by letter, that spells out what the list does not show.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup in set(self._own_lookups(request)) and super().lookup_allowed(lookup, value, request)

    def _own_lookups(self, request: Any) -> Iterator[str]:
        if self.date_hierarchy:
            yield from (f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day"))
        for listed in self.list_filter if request is None else self.get_list_filter(request):
            if isinstance(listed, type):
                yield str(listed.parameter_name)  # type: ignore[attr-defined]
                continue
            path = str(listed[0] if isinstance(listed, (list, tuple)) else listed)
            field = get_fields_from_path(self.model, path)[-1]
            yield from (f"{path}{end}" for end in _ends(field))


def _ends(field: "Field[Any, Any]") -> tuple[str, ...]:
    if field.is_relation:
        return (*_OF_ANY_FIELD, f"__{field.target_field.name}__exact")  # type: ignore[attr-defined]
    return (*_OF_ANY_FIELD, *_OF_DAYS) if isinstance(field, DateField) else _OF_ANY_FIELD
