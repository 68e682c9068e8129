"""Pictures and files of restaurants: the same in every language, so without one in front."""

from django.urls import URLPattern

app_name = "restaurant_assets"
urlpatterns: list[URLPattern] = []
