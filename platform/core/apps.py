from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    label = "core"
    verbose_name = _("Core")

    def ready(self) -> None:
        # Every declared event is known to the outbox, and every domain error to the reference page.
        autodiscover_modules("events")
        from core import checks  # noqa: F401  (registers the system checks)
