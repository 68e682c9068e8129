from django.urls import URLPattern, path

from payments import views
from payments.fraud import views as fraud

app_name = "payments"
urlpatterns: list[URLPattern] = [
    path("for/<slug:kind>/<uuid:subject_id>/", views.subject, name="subject"),
    path("for/<slug:kind>/<uuid:subject_id>/all/", views.pay_all, name="pay_all"),
    path("for/<slug:kind>/<uuid:subject_id>/share/", views.share, name="share"),
    path("<str:token>/", views.pay, name="pay"),
    path("<str:token>/back/", views.back, name="back"),
    path("<str:token>/look-again/", fraud.look_again, name="look_again"),
]
