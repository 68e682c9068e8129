"""Pictures and files of restaurants: the same in every language, so without one in front."""

from django.urls import path

from restaurants import views

app_name = "restaurant_assets"
urlpatterns = [
    path("art/r/<slug:slug>.svg", views.restaurant_art, name="restaurant_art"),
    path("art/d/<slug:slug>.svg", views.dish_art, name="dish_art"),
    path("art/og/<slug:slug>.png", views.preview, name="preview"),
    path("media/photos/<path:name>", views.photo, name="photo"),
]
