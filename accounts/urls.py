from django.urls import URLPattern, path

from accounts import views

app_name = "accounts"
urlpatterns: list[URLPattern] = [
    path("account/log-in/", views.LogIn.as_view(), name="log_in"),
    path("account/log-out/", views.LogOut.as_view(), name="log_out"),
    path("account/register/", views.register, name="register"),
    path("account/", views.profile, name="profile"),
    path("account/password/", views.ChangePassword.as_view(), name="change_password"),
]
