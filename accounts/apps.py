from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from accounts import code_processes, receivers, waiting

        code_processes.install()
        waiting.install()
        # Importing connects them.
        del receivers
