from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SavedConfig(AppConfig):
    name = "payments.saved"
    label = "payments_saved"
    verbose_name = _("Saved cards")
