"""What a menu says of a dish in the reader's words: `{% load buka_menu %}`."""

from collections.abc import Iterable

from django import template

from restaurants.models import Dish
from restaurants.states import Allergen

register = template.Library()


@register.filter
def allergen_names(values: Iterable[str]) -> list[str]:
    """Return the names of allergens; one the vocabulary has lost is shown as it is stored, never left out."""
    return [str(Allergen(value).label) if value in Allergen.values else value for value in values]


@register.filter
def names_elsewhere(dish: Dish) -> list[tuple[str, str]]:
    """Return a dish's names in other languages, each with its language's tag; its own name is not repeated."""
    names = dish.other_names if isinstance(dish.other_names, dict) else {}
    return [(str(code), str(name)) for code, name in names.items() if str(name).casefold() != dish.name.casefold()]
