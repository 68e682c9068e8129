from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RestaurantsConfig(AppConfig):
    name = "restaurants"
    verbose_name = _("Restaurants")

    def ready(self) -> None:
        from core.audit.recording import resolve_restaurants_by
        from restaurants import receivers  # noqa: F401 - connects them
        from restaurants.selectors import public_id_of

        resolve_restaurants_by(public_id_of)
