"""Every address of Buka. Diner pages carry the language in front; machines' doors do not."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from core.csp import report as csp_report

handler400 = "core.views.bad_request"
handler403 = "core.views.permission_denied"
handler404 = "core.views.page_not_found"
handler500 = "core.views.server_error"
# Asked by allauth, not by Django.
handler429 = "core.views.too_many_requests"

urlpatterns = [
    path("", include("localization.urls")),
    path("csp-reports", csp_report),
    path("admin/", admin.site.urls),
    path("api/", include("core.api.urls")),
    path("api/", include("accounts.api.urls")),
    path("api/", include("accounts.api_members.urls")),
    path("api/", include("accounts.privacy.api.urls")),
    path("", include("accounts.partners.api.urls")),
    path("api/", include("restaurants.api.urls")),
    path("api/", include("payments.api.urls")),
    path("api/", include("bookings.api.urls")),
    path("", include("restaurants.urls_assets")),
    path("", include("bookings.urls_root")),
    path("", include("accounts.urls_providers")),
    *i18n_patterns(
        path("", include("payments.urls")),
        path("payments/", include("payments.urls_own")),
        path("", include("bookings.urls")),
        path("", include("restaurants.urls")),
        path("", include("accounts.urls")),
        path("", include("accounts.urls_invitations")),
        path("", include("accounts.privacy.urls")),
        prefix_default_language=True,
    ),
]
