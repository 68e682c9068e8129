"""Transactions over Paystack's interface: opened, looked up, listed, and charged to a saved card."""

import csv
import io
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from sandbox import settings
from sandbox.gateways import clock
from sandbox.gateways.due import later
from sandbox.gateways.till import CARD
from sandbox.paystack import charging, shapes
from sandbox.paystack.charging import Status
from sandbox.paystack.endpoint import NAME, Ask, Problem, Said, moment, needed, page_of
from sandbox.paystack.models import FIRST_CUSTOMER, FIRST_TRANSACTION, Authorization, Transaction

BASE = f"http://{settings.HOST}:{settings.HTTP_PORT}/{NAME}"
EXPORT_SECONDS = 3600
SALT = "sandbox.paystack.export"


def initialize(ask: Ask) -> Said:
    row = charging.start(ask, entry_point="transaction_initialize")
    return Said("Authorization URL created", _address(row))


def _address(row: Transaction) -> dict[str, Any]:
    return {
        "authorization_url": f"{BASE}/checkout/{row.access_code}",
        "access_code": row.access_code,
        "reference": row.reference,
    }


def verify(ask: Ask, reference: str) -> Said:
    row = charging.find(ask, reference, charging.GONE, error="transaction_not_found")
    return Said("Verification successful", shapes.transaction(row, route="verify"))


def listed(ask: Ask) -> Said:
    rows = Transaction.objects.filter(**ask.mine).select_related("customer", "authorization")
    query = ask.query
    if query.get("status") in Status.values:
        rows = rows.filter(status=query["status"])
    amount = query.get("amount", "")
    if amount.isdecimal():
        rows = rows.filter(requested=int(amount))
    if query.get("reference"):
        rows = rows.filter(reference=query["reference"])
    customer = query.get("customer", "")
    if customer.isdecimal():
        rows = rows.filter(customer_id=int(customer) - FIRST_CUSTOMER)
    elif customer:
        rows = rows.filter(customer__code=customer)
    volume = rows.filter(status__in=(Status.SUCCESS, Status.REVERSED)).aggregate(sum=Coalesce(Sum("received"), 0))
    data, meta = page_of(
        ask, rows, lambda row: shapes.transaction(row, route="transaction_list"), more={"total_volume": volume["sum"]}
    )
    return Said("Transactions retrieved", data, meta)


def of_id(ask: Ask, wanted: str) -> Transaction | None:
    """Return the merchant's transaction with this id or reference, or None."""
    rows = Transaction.objects.filter(**ask.mine).select_related("customer", "authorization")
    if wanted.isdecimal() and len(wanted) < 16:
        found = rows.filter(pk=int(wanted) - FIRST_TRANSACTION).first()
        if found is not None:
            return found
    return rows.filter(reference=wanted).first()


def fetch(ask: Ask, wanted: str) -> Said:
    row = of_id(ask, wanted) if wanted.isdecimal() else None
    if row is None:
        raise Problem(
            "Transaction not found",
            status=404,
            code="transaction_not_found",
            next_step="Ensure that you're passing the id of a transaction that exists",
        )
    return Said("Transaction retrieved", shapes.transaction(row, route="transaction"))


def timeline(ask: Ask, wanted: str) -> Said:
    row = of_id(ask, wanted)
    if row is None:
        raise Problem("Transaction ID or reference is invalid")
    return Said("Timeline retrieved", shapes.log(row))


def totals(ask: Ask) -> Said:
    rows = Transaction.objects.filter(**ask.mine)
    for name, look_up in (("from", "created_at__gte"), ("to", "created_at__lte")):
        at = moment(ask.query.get(name, ""))
        if at is not None:
            rows = rows.filter(**{look_up: at})
    paid = rows.filter(status__in=(Status.SUCCESS, Status.REVERSED))
    by_currency = paid.order_by().values("received_currency").annotate(amount=Sum("received"))
    volumes = [{"currency": row["received_currency"], "amount": row["amount"]} for row in by_currency]
    data = {
        "total_transactions": rows.count(),
        "unique_customers": rows.order_by().values("customer").distinct().count(),
        "total_volume": sum(volume["amount"] for volume in volumes),
        "total_volume_by_currency": volumes or [{"currency": "NGN", "amount": 0}],
        "pending_transfers": 0,
        "pending_transfers_by_currency": [{"currency": "NGN", "amount": 0}],
    }
    return Said("Transaction totals", data)


def export(ask: Ask) -> Said:
    signed = signing.dumps([ask.merchant.name, ask.mode], salt=SALT)
    expires_at = clock.iso(clock.now() + timedelta(seconds=EXPORT_SECONDS))
    return Said("Export successful", {"path": f"{BASE}/exports/{signed}", "expiresAt": expires_at})


@require_safe
def exported(request: HttpRequest, signed: str) -> HttpResponse:
    """Answer the file; whoever has its address may have it, for an hour."""
    try:
        merchant, mode = signing.loads(signed, salt=SALT, max_age=EXPORT_SECONDS)
    except signing.BadSignature as bad:
        raise Http404 from bad
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["id", "reference", "email", "status", "currency", "amount", "fees", "channel", "created", "paid"])
    for row in Transaction.objects.filter(merchant=merchant, mode=mode).select_related("customer"):
        writer.writerow(
            [row.number, row.reference, row.customer.email, row.status, row.received_currency or row.currency,
             row.received or row.requested, row.fees, row.channel, clock.iso(row.created_at),
             clock.iso(row.paid_at) if row.paid_at else ""]
        )  # fmt: skip
    disposition = {"Content-Disposition": 'attachment; filename="transactions.csv"'}
    return HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8", headers=disposition)


def charge_authorization(ask: Ask) -> Said:
    authorization = saved(ask)
    row = charging.start(ask, entry_point="charge_authorization")
    row.channel = CARD
    if str(ask.data.get("queue", "")).lower() in ("true", "1"):
        row.status, row.authorization = Status.QUEUED, authorization
        row.gateway_response = "Transaction queued"
        row.save()
        later(NAME, "charge_queued", clock.now() + charging.QUEUE_WAITS, pk=row.pk)
        return Said("Charge attempted", shapes.transaction(row))
    if not charging.charge_saved(row, authorization):
        data = _address(row) | {"authorization_url": f"{BASE}/checkout/resume/{row.access_code}", "paused": True}
        return Said("Please, redirect your customer to the authorization url provided", data)
    return Said("Charge attempted", shapes.transaction(row))


def saved(ask: Ask) -> Authorization:
    code = needed(ask, "authorization_code", "Authorization code is required")
    row = (
        Authorization.objects.select_related("customer")
        .filter(code=code, customer__merchant=ask.merchant.name, customer__mode=ask.mode, is_active=True)
        .first()
    )
    if row is None:
        raise Problem(
            "Authorization code is invalid",
            code="invalid_authorization",
            next_step="Ensure that the code belongs to this business",
        )
    email = needed(ask, "email", "Email Address is required")
    if email.lower() != row.customer.email:
        raise Problem(
            "Email does not match Authorization code. Please confirm.",
            code="email_mismatch",
            next_step="Send the email address of the first payment",
        )
    if not row.is_reusable:
        raise Problem(
            "Authorization code is not reusable",
            code="invalid_authorization",
            next_step="Charge an authorization that is reusable",
        )
    return row


def partial_debit(ask: Ask) -> Said:
    raise Problem(
        "merchant is not enabled for Partial Debit",
        code="unknown",
        type="api_error",
        next_step="Ask for it to be enabled",
    )


def deactivate(ask: Ask) -> Said:
    code = needed(ask, "authorization_code", "Authorization code is required")
    changed = Authorization.objects.filter(
        code=code, customer__merchant=ask.merchant.name, customer__mode=ask.mode, is_active=True
    ).update(is_active=False)
    if not changed:
        raise Problem("Authorization code not found.", status=404, code="not_found", next_step="Check the code")
    return Said("Authorization has been deactivated")
