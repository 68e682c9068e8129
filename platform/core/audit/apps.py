from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "core.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        # Every app names its actions in audit_actions.py; an action that none of them names cannot be recorded.
        autodiscover_modules("audit_actions")
        from core.audit import back_office, catalogue, celery_context

        catalogue.gather()
        celery_context.connect()
        back_office.connect()
