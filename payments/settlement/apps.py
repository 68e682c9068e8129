from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SettlementConfig(AppConfig):
    name = "payments.settlement"
    label = "settlement"
    verbose_name = _("Settlement")

    def ready(self) -> None:
        from payments.reconciliation.services import name_houses
        from payments.settlement.selectors import house_of_subaccount

        name_houses(house_of_subaccount)
