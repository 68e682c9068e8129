"""/api/account/: what people do with their own data."""

from django.urls import path

from accounts.privacy.api.views import ConsentsView, ErasureView, ExportFileView, ExportView

app_name = "privacy_api"
urlpatterns = [
    path("account/consents", ConsentsView.as_view(), name="consents"),
    path("account/export", ExportView.as_view(), name="export"),
    path("account/export/<uuid:id>/file", ExportFileView.as_view(), name="export_file"),
    path("account/erasure", ErasureView.as_view(), name="erasure"),
]
