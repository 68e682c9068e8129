"""The front door, the switch and the languages' API. Stand before `i18n_patterns(...)`, without a language prefix."""

from django.urls import path

from localization import views
from localization.api import LocalesView

app_name = "localization"
urlpatterns = [
    path("", views.root, name="root"),
    path("language/<slug:code>/", views.switch_language, name="switch_language"),
    path("api/i18n/locales", LocalesView.as_view(), name="locales"),
]
