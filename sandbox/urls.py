from django.urls import include, path

from sandbox import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("sandbox.css", views.stylesheet, name="stylesheet"),
    path("mail/", include("sandbox.mail.urls")),
    path("sms/", include("sandbox.sms.urls")),
    path("authenticator/", include("sandbox.authenticator.urls")),
    path("openid/", include("sandbox.openid.urls")),
    path("gateways/", include("sandbox.gateways.urls")),
    path("paystack/", include("sandbox.paystack.urls")),
    path("flutterwave/", include("sandbox.flutterwave.urls")),
]
