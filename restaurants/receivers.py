"""What a saved row of a restaurant touches: the version of its plan, its words in the search, its cached bodies.

Bulk writes send no signals; whoever writes in bulk calls the services named here.
"""

from typing import Any

from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver

from core.hotcache import bump
from restaurants import models, services

PLAN_MODELS = (
    models.BookingPolicy,
    models.Area,
    models.Table,
    models.TableCombination,
    models.SpecialDay,
    models.OpeningHours,
    models.Shift,
    models.SpecialTerms,
)
MENU_MODELS = (models.Menu, models.MenuSection, models.Dish, models.DishPrice)

# Every list and detail body is kept under one of these.
LIST_VERSION = "restaurants"


def version_of(restaurant_id: int) -> str:
    return f"r:{restaurant_id}"


@receiver([post_save, post_delete])
def follow_changes(sender: type[Model], instance: Any, **kwargs: Any) -> None:
    if sender in PLAN_MODELS:
        _plan_changed(instance.restaurant_id)
    elif sender is models.TurnTime:
        _plan_changed(instance.shift.restaurant_id)
    elif sender in MENU_MODELS:
        _menu_changed(_restaurant_of(instance))
    elif sender in (models.Photo, models.ChargeLine):
        bump(version_of(instance.restaurant_id), LIST_VERSION)
    elif sender is models.Restaurant and not kwargs.get("raw"):
        _restaurant_changed(instance, kwargs.get("update_fields"))


@receiver(m2m_changed, sender=models.TableCombination.tables.through)
def follow_combinations(sender: type[Model], instance: Any, **kwargs: Any) -> None:
    if isinstance(instance, models.TableCombination):
        _plan_changed(instance.restaurant_id)


@receiver(m2m_changed, sender=models.Restaurant.cuisines.through)
@receiver(m2m_changed, sender=models.Restaurant.amenities.through)
def follow_vocabulary(sender: type[Model], instance: Any, **kwargs: Any) -> None:
    if isinstance(instance, models.Restaurant) and kwargs["action"].startswith("post_"):
        services.refresh_search_text(instance.pk)
        bump(version_of(instance.pk), LIST_VERSION)


def _plan_changed(restaurant_id: int) -> None:
    services.raise_plan_version(restaurant_id)
    bump(version_of(restaurant_id), LIST_VERSION)


def _menu_changed(restaurant_id: int) -> None:
    services.refresh_search_text(restaurant_id)
    bump(version_of(restaurant_id))


def _restaurant_changed(restaurant: models.Restaurant, update_fields: frozenset[str] | None) -> None:
    if update_fields is not None and set(update_fields) <= {"search_text", "plan_version"}:
        return
    services.raise_plan_version(restaurant.pk)
    services.refresh_search_text(restaurant.pk)
    bump(version_of(restaurant.pk), LIST_VERSION)


def _restaurant_of(row: Any) -> int:
    if isinstance(row, models.Menu):
        return row.restaurant_id
    if isinstance(row, models.MenuSection):
        return row.menu.restaurant_id
    dish = row.dish if isinstance(row, models.DishPrice) else row
    return dish.section.menu.restaurant_id
