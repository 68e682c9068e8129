from django.urls import URLPattern, path

from payments import views_own

app_name = "own_payments"
urlpatterns: list[URLPattern] = [
    path("", views_own.show, name="list"),
    path("csv/", views_own.export, name="csv"),
]
