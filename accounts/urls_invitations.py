from django.urls import path

from accounts import invitation_pages

app_name = "invitations"
urlpatterns = [
    path("invitations/<str:token>/", invitation_pages.invitation, name="invitation"),
    path("invitations/<str:token>/accept/", invitation_pages.accept, name="accept"),
    path("invitations/<str:token>/decline/", invitation_pages.decline, name="decline"),
]
