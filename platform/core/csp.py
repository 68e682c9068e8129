"""Which content security policy an answer carries, decided here by its path and nowhere else."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

BACK_OFFICE = "/admin/"


class PolicyMiddleware(CSPMiddleware):
    """Gives the back office its own policy: its theme evaluates expressions in attributes and sets styles inline.

    Everywhere else the strict one holds. Both stand in the settings.
    """

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if parts.config is None and not report_only and request.path_info.startswith(BACK_OFFICE):
            parts.config = settings.BACK_OFFICE_POLICY
        return parts
