from django.urls import path

from sandbox.authenticator import views

app_name = "authenticator"
urlpatterns = [
    path("", views.codes, name="codes"),
    path("add", views.add, name="add"),
    path("keep", views.keep, name="keep"),
    path("forget", views.forget, name="forget"),
    path("api/codes", views.api_codes, name="api_codes"),
]
