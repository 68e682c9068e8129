"""The addresses of `https://api.flutterwave.com/v3`, and below them the page, and the controls of this sandbox.

Doubled slashes, and one at the end, are taken away before they come here. The names of the API's are the routes that
fault rules speak of.
"""

from django.urls import include, path

from sandbox.flutterwave import views
from sandbox.flutterwave.api import accounts, money_back, payments
from sandbox.flutterwave.api.door import door
from sandbox.flutterwave.till import TILL
from sandbox.gateways.checkout import page

app_name = "flutterwave"
urlpatterns = [
    path("v3/payments", door(post=payments.initialize), name="initialize"),
    path("v3/transactions", door(get=payments.transactions), name="transactions"),
    path("v3/transactions/fee", door(get=payments.fee), name="transaction_fee"),
    path("v3/transactions/verify_by_reference", door(get=payments.verify_by_reference), name="verify"),
    path("v3/transactions/<str:transaction>/verify", door(get=payments.verify), name="verify"),
    path("v3/transactions/<str:transaction>/events", door(get=payments.events), name="transaction_events"),
    path("v3/transactions/<str:transaction>/resend-hook", door(post=payments.resend_hook), name="resend_hook"),
    path("v3/transactions/<str:transaction>/refund", door(post=money_back.refund), name="refund"),
    path("v3/refunds", door(get=money_back.refund_list), name="refunds"),
    path("v3/refunds/<str:refund>", door(get=money_back.refund_detail), name="refunds"),
    path("v3/tokenized-charges", door(post=payments.charge_token), name="charge_authorization"),
    path("v3/tokens/<str:token>", door(put=payments.update_token), name="tokens"),
    path("v3/chargebacks", door(get=money_back.chargeback_list), name="chargebacks"),
    path("v3/chargebacks/<str:chargeback>", door(put=money_back.answer_chargeback), name="chargebacks"),
    path("v3/subaccounts", door(get=accounts.subaccount_list, post=accounts.make_subaccount), name="subaccounts"),
    path(
        "v3/subaccounts/<str:subaccount>",
        door(get=accounts.subaccount, put=accounts.change_subaccount, delete=accounts.delete_subaccount),
        name="subaccounts",
    ),
    path("v3/settlements", door(get=accounts.settlement_list), name="settlements"),
    path("v3/settlements/<str:settlement>", door(get=accounts.settlement), name="settlements"),
    path("v3/transfers", door(get=accounts.transfer_list, post=accounts.make_transfer), name="transfers"),
    path("v3/transfers/fee", door(get=accounts.transfer_fee), name="transfers"),
    path("v3/transfers/<str:transfer>", door(get=accounts.transfer), name="transfers"),
    path("v3/banks/<str:country>", door(get=accounts.bank_list), name="banks"),
    path("v3/accounts/resolve", door(post=accounts.resolve), name="resolve"),
    path("v3/hosted/pay/<str:token>", page(TILL), name="checkout"),
    path("v3/<path:unknown>", door()),
    # What is included is no route of the gateway's, and nothing goes wrong there.
    path("", include([path("", views.transactions, name="list")])),
    path("api/", include("sandbox.flutterwave.control_urls")),
]
