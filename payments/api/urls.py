from django.urls import URLPattern, path

from payments.api.views import BeginView, CallbackView, PaymentsView, PaymentView, RefundsView, VerifyView
from payments.api.webhooks import receive
from payments.receipts.api import ReceiptView
from payments.saved.api import SavedCardsView, SavedCardView
from payments.settlement.api.views import StatementView

app_name = "payments_api"
urlpatterns: list[URLPattern] = [
    path("delivery/payment", BeginView.as_view(), name="begin"),
    path("delivery/payment/callback", CallbackView.as_view(), name="callback"),
    path("delivery/payment/verify/<str:reference>", VerifyView.as_view(), name="verify"),
    path("payments", PaymentsView.as_view(), name="payments"),
    path("payments/statements", StatementView.as_view(), name="statements"),
    path("payments/methods", SavedCardsView.as_view(), name="saved_cards"),
    path("payments/methods/<uuid:id>", SavedCardView.as_view(), name="saved_card"),
    path("payments/<uuid:id>", PaymentView.as_view(), name="payment"),
    path("payments/<uuid:id>/receipt", ReceiptView.as_view(), name="receipt"),
    path("payments/<uuid:id>/refunds", RefundsView.as_view(), name="refunds"),
    path("webhooks/paystack", receive, {"gateway": "paystack"}, name="paystack_webhook"),
    path("webhooks/flutterwave", receive, {"gateway": "flutterwave"}, name="flutterwave_webhook"),
]
