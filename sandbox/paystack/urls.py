from django.urls import path

from sandbox.gateways import checkout
from sandbox.paystack import banks, charges, disputes, payouts, refunds, splits, transactions, views
from sandbox.paystack.endpoint import route
from sandbox.paystack.till import TILL

app_name = "paystack"
urlpatterns = [
    path("", views.page, name="page"),
    path("api/form/pay", views.pay, name="pay"),
    path("api/form/refunds/<int:number>/step", views.step_refund, name="step_refund"),
    path("api/form/disputes", views.dispute, name="dispute"),
    path("api/form/disputes/<int:number>/step", views.step_dispute, name="step_dispute"),
    path("api/pay", views.api_pay),
    path("api/refunds", views.api_refund),
    path("api/refunds/<int:number>/step", views.api_step_refund),
    path("api/disputes", views.api_disputes),
    path("api/disputes/<int:number>/step", views.api_step_dispute),
    path("api/settlements", views.api_settlements),
    path("api/transfers/<str:code>/step", views.api_step_transfer),
    path("exports/<str:signed>", transactions.exported),
    # Where payers go.
    path("checkout/<str:token>", checkout.page(TILL), name="checkout"),
    path("checkout/resume/<str:token>", checkout.page(TILL), name="checkout"),
    # What Buka calls, under the address that is set in the place of the real one. The names are those of fault rules.
    path("transaction/initialize", route(POST=("initialize", transactions.initialize))),
    path("transaction/verify/<str:reference>", route(GET=("verify", transactions.verify))),
    path("transaction", route(GET=("transaction_list", transactions.listed))),
    path("transaction/totals", route(GET=("totals", transactions.totals))),
    path("transaction/export", route(GET=("export", transactions.export))),
    path("transaction/timeline/<str:wanted>", route(GET=("timeline", transactions.timeline))),
    path(
        "transaction/charge_authorization",
        route(POST=("charge_authorization", transactions.charge_authorization)),
    ),
    path("transaction/partial_debit", route(POST=("partial_debit", transactions.partial_debit))),
    path("transaction/<str:wanted>", route(GET=("transaction", transactions.fetch))),
    path("customer/authorization/deactivate", route(POST=("deactivate", transactions.deactivate))),
    path("charge", route(POST=("charge", charges.create))),
    *(
        path(f"charge/submit_{name}", route(POST=(f"submit_{name}", charges.submit(name))))
        for name in ("pin", "otp", "phone", "birthday", "address")
    ),
    path("charge/<str:reference>", route(GET=("charge_check", charges.check))),
    path("refund", route(POST=("refund", refunds.create), GET=("refund_list", refunds.listed))),
    path("refund/<str:number>", route(GET=("refund_fetch", refunds.fetch))),
    path("refund/retry_with_customer_details/<str:number>", route(POST=("refund_retry", refunds.retry))),
    path("dispute", route(GET=("dispute_list", disputes.listed))),
    path("dispute/transaction/<str:number>", route(GET=("dispute_of_transaction", disputes.of_transaction))),
    path("dispute/<str:number>", route(GET=("dispute", disputes.fetch), PUT=("dispute_update", disputes.update))),
    path("dispute/<str:number>/upload_url", route(GET=("dispute_upload", disputes.upload_url))),
    path("dispute/<str:number>/evidence", route(POST=("dispute_evidence", disputes.evidence))),
    path("dispute/<str:number>/resolve", route(PUT=("dispute_resolve", disputes.resolve))),
    path(
        "subaccount",
        route(POST=("subaccount", splits.create_subaccount), GET=("subaccount_list", splits.list_subaccounts)),
    ),
    path(
        "subaccount/<str:wanted>",
        route(GET=("subaccount_fetch", splits.fetch_subaccount), PUT=("subaccount_update", splits.update_subaccount)),
    ),
    path("split", route(POST=("split", splits.create_split), GET=("split_list", splits.list_splits))),
    path(
        "split/<str:wanted>", route(GET=("split_fetch", splits.fetch_split), PUT=("split_update", splits.update_split))
    ),
    path("split/<str:wanted>/subaccount/add", route(POST=("split_add", splits.add_to_split))),
    path("split/<str:wanted>/subaccount/remove", route(POST=("split_remove", splits.remove_from_split))),
    path("bank", route(GET=("banks", banks.listed))),
    path("bank/resolve", route(GET=("resolve_account", banks.resolve))),
    path("balance", route(GET=("balance", payouts.show_balance))),
    path("settlement", route(GET=("settlement_list", payouts.list_settlements))),
    path("settlement/<int:number>/transactions", route(GET=("settlement", payouts.settled_transactions))),
    path("transferrecipient", route(POST=("transfer_recipient", payouts.create_recipient))),
    path("transfer", route(POST=("transfer", payouts.create_transfer), GET=("transfer_list", payouts.list_transfers))),
    path("transfer/verify/<str:wanted>", route(GET=("transfer_verify", payouts.fetch_transfer))),
    path("transfer/<str:wanted>", route(GET=("transfer_fetch", payouts.fetch_transfer))),
    # Whatever else is asked for is refused in its words.
    path("<path:unknown>", route()),
]
