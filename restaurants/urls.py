from django.urls import URLPattern

app_name = "restaurants"
urlpatterns: list[URLPattern] = []
