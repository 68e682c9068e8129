from django.urls import path

from sandbox.sms import network, twilio, views

app_name = "sms"
urlpatterns = [
    path("", views.texts, name="list"),
    path("delete", views.delete_all, name="delete_all"),
    path("faults", views.PANEL.by_form(), name="faults"),
    path("api/messages", views.messages, name="api_messages"),
    path("api/faults", views.PANEL.by_json(), name="api_faults"),
    path("twilio/faults", views.TWILIO_PANEL.by_form(), name="twilio_faults"),
    path("twilio/api/faults", views.TWILIO_PANEL.by_json(), name="twilio_api_faults"),
    # What Buka calls, under the address that is set in the place of the real one.
    path("version1/messaging", network.messaging, name="messaging"),
    path("2010-04-01/Accounts/<slug:account>/Messages.json", twilio.messages, name="twilio_messages"),
]
