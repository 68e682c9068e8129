from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SecondFactorConfig(AppConfig):
    name = "accounts.second_factor"
    label = "second_factor"
    verbose_name = _("Second factors")

    def ready(self) -> None:
        from accounts.second_factor import bridge
        from accounts.second_factor.adapter import AAD
        from core.encryption import register_place

        bridge.join()
        register_place("mfa.Authenticator", "data", aad=AAD)
