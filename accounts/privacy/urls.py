"""Personal data, for people: the public notice, and what one can do about one's own."""

from django.urls import path

from accounts.privacy import views

app_name = "privacy"
urlpatterns = [
    path("privacy/", views.notice, name="notice"),
    path("privacy/terms/", views.terms, name="terms"),
    path("privacy/request/", views.request_form, name="request"),
    path("privacy/request/sent/", views.request_sent, name="request_sent"),
    path("privacy/archive/<uuid:public_id>/", views.guest_archive, name="guest_archive"),
    path("privacy/keep/<uuid:public_id>/", views.keep_account, name="keep_account"),
    path("account/privacy/", views.home, name="home"),
    path("account/privacy/consents/", views.consents_page, name="consents"),
    path("account/privacy/archive/", views.export_page, name="export"),
    path("account/privacy/archive/<uuid:public_id>/file/", views.export_file, name="export_file"),
    path("account/privacy/erase/", views.erasure_page, name="erasure"),
]
