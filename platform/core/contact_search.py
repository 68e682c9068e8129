"""Searching the back office for encrypted telephone numbers and e-mail addresses: the whole value, in any spelling."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from core.encryption import blind_indexes

# Fewer are part of a name, a code or a street.
_DIGITS_OF_A_PHONE = 7


def kind_of_contact(text: str) -> str:
    """Return "email" or "phone" for what looks like somebody's, and nothing for all else."""
    if "@" in text:
        return "email"
    return "phone" if sum(character.isdigit() for character in text) >= _DIGITS_OF_A_PHONE else ""


def by_contact(model: type, text: str) -> Q | None:
    """Return the condition that a row's phone or address is the text; None when it looks like neither."""
    kind = kind_of_contact(text)
    wanted = None
    for field in blind_indexes(model):
        if field.kind == kind:
            is_it = Q(**{field.attname: field.index(text)})
            wanted = is_it if wanted is None else wanted | is_it
    return wanted


def is_list(request: HttpRequest) -> bool:
    """Tell whether a list of the back office is asked for, rather than one row."""
    match = request.resolver_match
    return match is not None and (match.url_name or "").endswith("_changelist")


class FindsByContact:
    """For a ModelAdmin of a model with blind indexes: its search finds rows by them, beside its `search_fields`."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        found, may_repeat = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        wanted = by_contact(queryset.model, search_term[:254])
        return (found if wanted is None else found | queryset.filter(wanted)), may_repeat
