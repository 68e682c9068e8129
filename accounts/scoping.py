"""Who sees and does what in the back office: the one mixin that every admin page of a restaurant's rows is built on.

What a person may do comes from their memberships (`accounts.selectors`), never from Django's permission tables. Rows
of other houses do not exist for them: not in a list, a filter, a search, a choice, an inline or a history, and
whoever writes another row's key into an address gets "not found".
"""

from functools import reduce
from typing import Any

from django import forms
from django.contrib.admin import RelatedFieldListFilter
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.selectors import Person, may, may_on_platform, may_somewhere, restaurant_ids_where
from accounts.states import Ability
from core.back_office import NotFoundPage


def in_scope(rows: QuerySet[Any], person: Person, ability: Ability, path: str) -> QuerySet[Any]:
    """Return the rows of the restaurants where a person has an ability; `path` leads from a row to its restaurant."""
    ids = restaurant_ids_where(person, ability)
    return rows if ids is None else rows.filter(**{f"{path}__in": ids})


def house_of(row: Any, path: str) -> int | None:
    """Return the key of the restaurant a row belongs to, None while it has none."""
    for step in path.split("__"):
        row = getattr(row, step, None)
        if row is None:
            return None
    return int(row)


def runs_platform(request: HttpRequest) -> bool:
    """Tell whether who asks is one of the platform's own people."""
    return may_on_platform(request.user, Ability.RUN_PLATFORM)


class OneHouse(forms.ModelForm):
    """Refuses rows of two restaurants in one form: a table of this house in an area of another."""

    houses: "dict[type[Model], str]" = {}
    own_path = ""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        answers = self.cleaned_data if cleaned is None else cleaned
        first = house_of(self.instance, self.own_path) if self.own_path else None
        if "restaurant" in answers and answers["restaurant"] is not None:
            first = answers["restaurant"].pk
        for name, value in list(answers.items()):
            rows = [value] if isinstance(value, Model) else list(value) if isinstance(value, QuerySet) else []
            for row in rows:
                path = self.houses.get(type(row))
                house = house_of(row, path) if path else None
                if house is None:
                    continue
                first = first or house
                if house != first:
                    self.add_error(name, ValidationError(_("This belongs to another restaurant."), code="other_house"))
                    break
        return answers


class InScope(BaseModelAdmin):
    """The rules of scoping, for pages and inlines alike; comes first among the bases."""

    restaurant_path = "restaurant_id"
    """From a row to the key of its restaurant, as in a filter."""
    sees = Ability.EDIT_RESTAURANT
    edits: Ability | None = Ability.EDIT_RESTAURANT
    """None where rows are made and changed by the platform's own people alone."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return in_scope(super().get_queryset(request), request.user, self.sees, self.restaurant_path)

    # --- May they? ---------------------------------------------------------------------------------------------

    def may(self, request: HttpRequest, ability: Ability | None, house: int | None = None) -> bool:
        """Tell whether who asks has an ability at a restaurant, or at any while none is named."""
        if ability is None:
            return runs_platform(request)
        if house is not None:
            return may(request.user, ability, restaurant_id=house)
        return may_somewhere(request.user, ability)

    def house_of(self, row: Any) -> int | None:
        # Inlines are asked about their parent's row.
        parent = getattr(self, "parent_model", None)
        if parent is not None and isinstance(row, parent):
            return house_of(row, self._paths()[parent])
        return house_of(row, self.restaurant_path)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, self.sees)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.sees, self._asked_about(request, obj))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.edits, self._asked_about(request, obj))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.edits, self._asked_about(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, self.edits, self._asked_about(request, obj))

    def _asked_about(self, request: HttpRequest, obj: Any) -> int | None:
        """Return the restaurant a permission is asked for. Some callers hand over a key instead of the row."""
        if obj is None:
            return None
        if not isinstance(obj, Model):
            row = self.get_queryset(request).filter(pk=obj).first() if str(obj).isdigit() else None
            return self.house_of(row) if row is not None else -1
        return self.house_of(obj)

    # --- What may be chosen ------------------------------------------------------------------------------------

    def _paths(self) -> dict[type[Model], str]:
        """Return how each model with pages of its own leads to its restaurant."""
        return {
            model: page.restaurant_path
            for model, page in self.admin_site._registry.items()
            if isinstance(page, InScope)
        }

    def choices_of(self, request: HttpRequest, model: type[Model]) -> QuerySet[Any] | None:
        """Return the rows of a model that may be chosen here; None where it is no restaurant's."""
        path = self._paths().get(model)
        if path is None:
            return None
        rows = model._default_manager.all()
        rows = rows if self.edits is None else in_scope(rows, request.user, self.edits, path)
        house = getattr(request, "_house", None)
        # In an open row, or one begun from a restaurant's page, only that house's rows come into question.
        return rows.filter(**{path: house}) if house else rows

    def own(self, request: HttpRequest, model: type[Model]) -> QuerySet[Any]:
        """Return the rows of a model of restaurants that may be chosen here."""
        rows = self.choices_of(request, model)
        if rows is None:
            raise ImproperlyConfigured(f"{model.__name__} has no page with a scope.")
        return rows

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if (choices := self.choices_of(request, db_field.remote_field.model)) is not None:
            kwargs["queryset"] = choices
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if choices is not None and field is not None:
            self._name_the_house(request, db_field.remote_field.model, field)
        return field

    def _name_the_house(self, request: HttpRequest, model: type[Model], field: Any) -> None:
        """Say whose row a choice is, where several houses' stand in one list."""
        path = self._paths()[model].removesuffix("_id")
        ids = restaurant_ids_where(request.user, self.edits or self.sees)
        if path == "pk" or getattr(request, "_house", None) or (ids is not None and len(ids) < 2):
            return
        field.queryset = field.queryset.select_related(path).order_by(f"{path}__name", "pk")
        field.label_from_instance = lambda row: f"{reduce(getattr, path.split('__'), row)} · {row}"

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if (choices := self.choices_of(request, db_field.remote_field.model)) is not None:
            kwargs["queryset"] = choices
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _remember_house(self, request: HttpRequest, obj: Any) -> None:
        house = self.house_of(obj) if obj is not None else None
        if house is None and (asked := request.GET.get("restaurant", "")).isdigit() and len(asked) < 19:
            house = int(asked) if self.may(request, self.edits, int(asked)) else None
        request._house = house  # type: ignore[attr-defined]

    def _in_one_house(self, form: type[forms.ModelForm]) -> type[forms.ModelForm]:
        return type(form.__name__, (OneHouse, form), {"houses": self._paths(), "own_path": self.restaurant_path})


class ScopedPage(NotFoundPage, InScope):
    """For a ModelAdmin: `class TableAdmin(ScopedPage, ModelAdmin)`."""

    show_full_result_count = False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        self._remember_house(request, obj)
        return self._in_one_house(super().get_form(request, obj, change=change, **kwargs))  # type: ignore[misc]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)  # type: ignore[misc]
        ids = restaurant_ids_where(request.user, self.edits or Ability.EDIT_RESTAURANT)
        if ids is not None and len(ids) == 1:
            initial.setdefault("restaurant", next(iter(ids)))
        return initial

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        # A row never moves to another house.
        return (*fields, "restaurant") if obj is not None and _has_field(self.model, "restaurant") else fields

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name what stands in the way in a sentence; rows without a page of their own mean nothing to people."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        if protected:
            protected = [_("Bookings or other rows depend on it. Take it out of use instead of deleting it.")]
        # Whoever may delete the row may delete what is part of it.
        return to_delete, counts, set() if self.may(request, self.edits) else lacking, protected

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            row.delete()


class ScopedInline(InScope):
    """For an inline: `class AreaInline(ScopedInline, TabularInline)`."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # In a table there is no room for the ways to another page beside each choice.
            field.widget = field.widget.widget
        return field

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        self._remember_house(request, obj)
        kwargs.setdefault("form", self._in_one_house(self.form))
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        # In a table the column names a field to the eye alone.
        for name, field in formset.form.base_fields.items():
            label = field.label or name.replace("_", " ")
            field.widget.attrs.setdefault("aria-label", capfirst(label))
        return formset


class ForThePlatform(BaseModelAdmin):
    """Pages of the platform's own people, by an ability that counts for the whole platform."""

    ability = Ability.RUN_PLATFORM

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_on_platform(request.user, self.ability)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_on_platform(request.user, self.ability)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_on_platform(request.user, self.ability)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_on_platform(request.user, self.ability)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_on_platform(request.user, self.ability)


class OwnRowsFilter(RelatedFieldListFilter):
    """A list filter whose choices are the rows in scope; Django's own would name every restaurant on Buka."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        model = field.remote_field.model
        rows = in_scope(model._default_manager.all(), request.user, model_admin.sees, model_admin._paths()[model])
        if restaurant_ids_where(request.user, model_admin.sees) is None:
            # The platform's own people would get every listing; those with rows here are enough.
            rows = rows.filter(pk__in=model_admin.model._default_manager.values(self.field_path).distinct())
        return [(row.pk, str(row)) for row in rows.order_by("name")[:200]]


def _has_field(model: type[Model], name: str) -> bool:
    fields: list[Field[Any, Any]] = model._meta.get_fields()  # type: ignore[assignment]
    return any(field.name == name for field in fields)
