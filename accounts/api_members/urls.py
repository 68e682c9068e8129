"""Who works where, for programs: /api/restaurants/:id/members, …/invitations, /api/invitations/:token."""

from django.urls import path

from accounts.api_members import views

app_name = "members_api"
urlpatterns = [
    path("restaurants/<uuid:id>/members", views.MembersView.as_view(), name="members"),
    path("restaurants/<uuid:id>/members/<uuid:person>", views.MemberView.as_view(), name="member"),
    path("restaurants/<uuid:id>/invitations", views.InvitationsView.as_view(), name="invitations"),
    path("restaurants/<uuid:id>/invitations/<uuid:invitation>", views.InvitationView.as_view(), name="invitation"),
    path(
        "restaurants/<uuid:id>/invitations/<uuid:invitation>/resend",
        views.ResendView.as_view(),
        name="resend_invitation",
    ),
    path("invitations/<str:token>", views.OfferView.as_view(), name="offer"),
    path("invitations/<str:token>/accept", views.AcceptView.as_view(), name="accept"),
    path("invitations/<str:token>/decline", views.DeclineView.as_view(), name="decline"),
]
