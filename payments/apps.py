from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = pgettext_lazy("of the platform", "Money")

    def ready(self) -> None:
        from payments import invariants  # noqa: F401 - registers with whom the books agree
