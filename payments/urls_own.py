from django.urls import URLPattern, path

from payments import views_own
from payments.saved import views as saved

app_name = "own_payments"
urlpatterns: list[URLPattern] = [
    path("", views_own.show, name="list"),
    path("csv/", views_own.export, name="csv"),
    path("cards/<uuid:public_id>/forget/", saved.forget, name="forget_card"),
]
