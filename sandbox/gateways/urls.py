from django.urls import path

from sandbox.gateways import views

app_name = "gateways"
urlpatterns = [
    path("", views.panel, name="panel"),
    path("clock", views.turn_clock, name="turn_clock"),
    path("rules", views.add_rule, name="add_rule"),
    path("rules/remove", views.remove_rules, name="remove_rules"),
    path("rules/<int:pk>/remove", views.remove_rule, name="remove_rule"),
    path("deliveries/<int:pk>/resend", views.resend, name="resend"),
    path("forget", views.forget, name="forget"),
    path("api/clock", views.api_clock),
    path("api/faults", views.api_faults),
    path("api/deliveries", views.api_deliveries),
    path("api/deliveries/<int:pk>/resend", views.api_resend),
    path("api/merchants", views.api_merchants),
    path("api/merchants/<slug:name>", views.api_merchant),
    path("api/summary", views.api_summary),
    path("api/payments", views.api_payments),
    path("api/state", views.api_state),
]
