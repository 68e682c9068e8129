from django.urls import URLPattern, URLResolver, include, path

from payments import views
from payments.fraud import views as fraud
from payments.receipts import views as receipts

app_name = "payments"
# By a link, which opens them for whoever has it.
of_links: list[URLPattern] = [
    path("for/<slug:kind>/<uuid:subject_id>/", views.subject, name="subject"),
    path("for/<slug:kind>/<uuid:subject_id>/all/", views.pay_all, name="pay_all"),
    path("for/<slug:kind>/<uuid:subject_id>/share/", views.share, name="share"),
    path("<str:token>/", views.pay, name="pay"),
    path("<str:token>/back/", views.back, name="back"),
    path("<str:token>/receipt/", receipts.show_by_link, name="link_receipt"),
    path("<str:token>/receipt.pdf", receipts.download_by_link, name="link_receipt_pdf"),
    path("<str:token>/look-again/", fraud.look_again, name="look_again"),
]
of_payments: list[URLPattern] = [
    path("<uuid:payment_id>/receipt/", receipts.show, name="receipt"),
    path("<uuid:payment_id>/receipt.pdf", receipts.download, name="receipt_pdf"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("pay/", include(of_links)),
    path("payments/", include(of_payments)),
]
