"""Cities, cuisines and amenities: the platform's own lists."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from accounts.scoping import ForThePlatform
from restaurants.models import Amenity, City, Cuisine


@admin.register(City)
class CityAdmin(ForThePlatform, ModelAdmin):
    list_display = ["name", "state", "slug"]
    search_fields = ["name", "state"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Cuisine, Amenity)
class VocabularyAdmin(ForThePlatform, ModelAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
