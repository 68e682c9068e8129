"""Every address of Buka. Diner pages carry the language in front; machines' doors do not."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

handler400 = "core.views.bad_request"
handler403 = "core.views.permission_denied"
handler404 = "core.views.page_not_found"
handler500 = "core.views.server_error"

urlpatterns = [
    path("", include("localization.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("core.api.urls")),
    path("api/", include("restaurants.api.urls")),
    path("api/", include("bookings.api.urls")),
    path("", include("restaurants.urls_assets")),
    path("", include("bookings.urls_root")),
    *i18n_patterns(
        path("", include("bookings.urls")),
        path("", include("restaurants.urls")),
        path("", include("accounts.urls")),
        prefix_default_language=True,
    ),
]
