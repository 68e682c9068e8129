"""Restaurants and menus for machines, below /api/."""

from django.urls import path

from restaurants.api.views import MenuView, RestaurantView

app_name = "restaurants_api"
urlpatterns = [
    path("restaurants/<uuid:id>", RestaurantView.as_view(), name="restaurant"),
    path("restaurants/<uuid:id>/menu", MenuView.as_view(), name="menu"),
]
