from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "accounts.privacy"
    label = "privacy"
    verbose_name = _("Personal data")

    def ready(self) -> None:
        from accounts.privacy import receivers  # noqa: F401  (hears of log-ins)
        from core import personal_data

        personal_data.gather()
