from django.urls import path

from sandbox.mail import api, views

app_name = "mail"
urlpatterns = [
    path("", views.mails, name="list"),
    path("delete", views.delete_all, name="delete_all"),
    path("faults", views.PANEL.by_form(), name="faults"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/html", views.html_part, name="html"),
    path("<int:pk>/raw", views.raw, name="raw"),
    path("<int:pk>/attachments/<int:number>", views.attachment, name="attachment"),
    path("api/messages", api.messages, name="api_messages"),
    path("api/faults", views.PANEL.by_json(), name="api_faults"),
]
