from django.urls import path

from restaurants import views

app_name = "restaurants"
urlpatterns = [
    path("r/<slug:slug>/claim/", views.claim, name="claim"),
]
