"""What the back office records by itself, for every page registered with it.

Who added, changed or deleted what (the names of the fields, never their values), ran an action on which rows, opened a
row about a person, or searched for somebody's number or address. A page is about a person when its model encrypts
something, or when it says so: `shows_people = True`. Django's own log stays what it is: news for
colleagues; it can be edited, and says nothing of who looked.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from import_export.signals import post_export  # type: ignore[import-untyped]

from core import audit
from core.contact_search import kind_of_contact
from core.encryption import EncryptedTextField

MOST_IDS = 50


def connect() -> None:
    """Hear of what django-import-export writes out; its pages are no actions on rows."""
    post_export.connect(_exported, dispatch_uid="core.audit")


def _exported(model: type[Model], **_kwargs: Any) -> None:
    audit.record("admin.exported", target=(model._meta.label_lower, ""), details={"action": "export"})


def recorded(page: type[ModelAdmin]) -> type[ModelAdmin]:
    """Return the page with what it does recorded."""
    if issubclass(page, Recorded):
        return page
    return type(page.__name__, (Recorded, page), {"__module__": page.__module__, "__doc__": page.__doc__})


class Recorded(ModelAdmin):
    """Comes before the page's own classes; `recorded()` puts it there."""

    # --- Changes -------------------------------------------------------------------------------------------------

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        request._audit_changes = changes_of(form, formsets or [])  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(request, "admin.added", obj, _told(request, message, obj))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        told = _told(request, message, obj)
        if told is not None:
            self._record(request, "admin.changed", obj, told)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset or ():
            self._record(request, "admin.deleted", obj, {})
        return super().log_deletions(request, queryset)

    # --- Actions on several rows ---------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> Any:
        actions: dict[str, Any] = super().get_actions(request)
        return {
            # What is deleted is recorded row by row.
            name: ((func if name == "delete_selected" else self._recording(func, name)), name, description)
            for name, (func, name, description) in actions.items()
        }

    def _recording(self, run: Callable[..., Any], name: str) -> Callable[..., Any]:
        @wraps(run)
        def inner(page: Any, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
            rows = list(queryset[: MOST_IDS + 1])
            count = len(rows) if len(rows) <= MOST_IDS else queryset.count()
            answer = run(page, request, queryset)
            # A page that asks something first has done nothing yet; it comes back with what was answered.
            if not _asks(answer):
                houses = {self._house(row) for row in rows}
                audit.record(
                    "admin.exported" if _is_file(answer) else "admin.action",
                    target=(self.opts.label_lower, ""),
                    restaurant_id=houses.pop() if len(houses) == 1 else None,
                    details={
                        "action": name,
                        "rows": count,
                        "ids": [str(getattr(row, "public_id", row.pk)) for row in rows[:MOST_IDS]],
                    },
                )
            return answer

        return inner

    # --- Looking -------------------------------------------------------------------------------------------------

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj") or context.get("original")
        if obj is not None and request.method == "GET" and self._is_about_people():
            self._record(request, "data.viewed", obj, {})
        return super().render_change_form(request, context, *args, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        if self._is_about_people() and (kind := kind_of_contact(search_term)):
            audit.note("data.searched", target=(self.opts.label_lower, ""), outcome="done", details={"by": kind})
        return super().get_search_results(request, queryset, search_term)

    # --- Help ----------------------------------------------------------------------------------------------------

    def _record(self, request: HttpRequest, action: str, obj: Any, details: dict[str, Any] | None) -> None:
        audit.record(action, actor=request.user, target=obj, restaurant_id=self._house(obj), details=details or {})

    def _is_about_people(self) -> bool:
        return getattr(self, "shows_people", False) or encrypts(self.model)

    def _house(self, obj: Any) -> int | None:
        house_of = getattr(self, "house_of", None)
        house: int | None = house_of(obj) if house_of is not None else None
        return house


def encrypts(model: type[Model]) -> bool:
    """Tell whether a model has encrypted columns; the trail's own are looked at by who guards it, all day."""
    if model._meta.app_label == "audit":
        return False
    return any(isinstance(field, EncryptedTextField) for field in model._meta.get_fields())


def changes_of(form: Any, formsets: Any) -> dict[str, Any]:
    """Return the names of the changed fields, and what happened to the rows below."""
    rows: dict[str, Any] = {}
    for formset in formsets:
        added = len(getattr(formset, "new_objects", []))
        deleted = len(getattr(formset, "deleted_objects", []))
        changed = sorted({name for _row, names in getattr(formset, "changed_objects", []) for name in names})
        if added or deleted or changed:
            rows[formset.model._meta.label_lower] = {"added": added, "changed": changed, "deleted": deleted}
    return {"fields": sorted(form.changed_data), **({"rows": rows} if rows else {})}


def _told(request: HttpRequest, message: Any, obj: Any) -> dict[str, Any] | None:
    """Return what a log message says without values; None for a form that was saved as it stood."""
    changes: dict[str, Any] | None = request.__dict__.pop("_audit_changes", None)
    if changes is not None:
        return changes if changes["fields"] or "rows" in changes else None
    if isinstance(message, list):
        fields = [name for part in message for name in part.get("changed", {}).get("fields", [])]
        return {"fields": fields}
    return {}


def _asks(answer: Any) -> bool:
    is_page = isinstance(answer, HttpResponseBase) and not 300 <= answer.status_code < 400
    return is_page and not _is_file(answer)


def _is_file(answer: Any) -> bool:
    return answer is not None and "attachment" in getattr(answer, "headers", {}).get("Content-Disposition", "")
