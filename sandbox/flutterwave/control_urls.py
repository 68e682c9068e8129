from django.urls import path

from sandbox.flutterwave import control, views

urlpatterns = [
    path("pay", control.pay),
    path("transactions", control.transactions),
    path("refunds/<int:pk>/step", control.step_refund),
    path("chargebacks", control.open_chargeback),
    path("chargebacks/<int:pk>/step", control.step_chargeback),
    path("transfers/<int:pk>/step", control.step_transfer),
    path("settlements", control.settle),
    path("preferences", control.preferences),
    path("self-test", control.self_test),
    path("forms/preferences", views.prefer, name="prefer"),
    path("forms/self-test", views.try_out, name="try_out"),
    path("forms/settle", views.settle, name="settle"),
    path("forms/transactions/<int:pk>/hook", views.resend, name="resend"),
    path("forms/transactions/<int:pk>/refund", views.refund, name="refund_by_hand"),
    path("forms/transactions/<int:pk>/chargeback", views.charge_back, name="charge_back"),
    path("forms/refunds/<int:pk>", views.step_refund, name="step_refund"),
    path("forms/chargebacks/<int:pk>", views.decide, name="decide"),
]
