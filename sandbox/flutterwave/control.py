"""What tests tell Flutterwave to do: pay, move refunds and chargebacks on, settle."""

from django.http import HttpRequest

from sandbox.flutterwave import chargebacks, notices, payouts, refunds, shapes
from sandbox.flutterwave.callers import NAME, Caller
from sandbox.flutterwave.errors import Refused
from sandbox.flutterwave.models import Chargeback, Preferences, Refund, Transaction, Transfer
from sandbox.flutterwave.till import TILL
from sandbox.gateways import steps
from sandbox.gateways.control import Answer, BadAsk, asked, control
from sandbox.gateways.merchants import LIVE, TEST
from sandbox.gateways.store import writing

MOST_ANSWERED = 500


def _caller(given: dict[str, object]) -> Caller:
    """Return whose things are meant: ours in test mode, unless `merchant` and `mode` say otherwise."""
    who, mode = given.get("merchant", NAME), given.get("mode", TEST)
    names = {"ours": NAME, "foreign": f"{NAME}-foreign", NAME: NAME, f"{NAME}-foreign": f"{NAME}-foreign"}
    if who not in names or mode not in (TEST, LIVE):
        raise BadAsk("merchant must be ours or foreign, mode test or live.")
    return Caller(names[str(who)], str(mode))


@control("POST")
def pay(request: HttpRequest) -> Answer:
    """Do what a payer does: `tx_ref`, `how`, and maybe `card`, `kobo`, `merchant`, or the `token` of one session."""
    given = asked(request)
    tx_ref = str(given.get("tx_ref") or given.get("reference") or "")
    token = str(given.get("token") or "") or TILL.token_of(tx_ref, _caller(given).name)
    if token is None:
        raise BadAsk("There is no payment with this tx_ref.")
    try:
        arrives_at = steps.pay(TILL, token, str(given.get("how", "card")), given)
    except steps.Refused as refused:
        raise BadAsk(str(refused)) from refused
    return {"arrives_at": arrives_at and arrives_at.isoformat(), **TILL.look(token)}


@control("GET")
def transactions(request: HttpRequest) -> Answer:
    """Answer the newest transactions, of a `tx_ref` if one is given, with the shares and all that came back."""
    found = Transaction.objects.select_related("customer", "token")
    if request.GET.get("tx_ref"):
        found = found.filter(tx_ref=request.GET["tx_ref"])
    return {"transactions": [_look(row) for row in found[:MOST_ANSWERED]]}


def _look(row: Transaction) -> dict[str, object]:
    return {
        **shapes.transaction(row),
        "merchant": row.merchant,
        "mode": row.mode,
        "shares_kobo": row.shares,
        "settled_kobo": row.settled_kobo if row.status == Transaction.Status.SUCCESSFUL else 0,
        "refunds": [shapes.refund(each) for each in row.refunds.select_related("transaction")],
        "chargebacks": [shapes.chargeback(each) for each in row.chargebacks.select_related("transaction")],
    }


@control("POST")
def step_refund(request: HttpRequest, pk: int) -> Answer:
    """Move a refund on: `{"to": "completed"}`, or any other word."""
    to = asked(request).get("to")
    if not isinstance(to, str) or not 0 < len(to) <= 40:
        raise BadAsk("to must be a status such as completed, processing or failed.")
    try:
        return shapes.refund(refunds.step(pk, to))
    except (Refund.DoesNotExist, Refused) as wrong:
        raise BadAsk(str(wrong)) from wrong


@control("POST")
def open_chargeback(request: HttpRequest) -> Answer:
    """Open a chargeback: `{"id": 8415006}` or `{"tx_ref": …}`, and maybe `kobo` and `comment`."""
    given = asked(request)
    kobo = given.get("kobo")
    if kobo is not None and (isinstance(kobo, bool) or not isinstance(kobo, int) or kobo < 1):
        raise BadAsk("kobo must be a whole number above zero.")
    paid = Transaction.objects.select_related("customer").filter(status=Transaction.Status.SUCCESSFUL)
    with writing():
        if isinstance(given.get("id"), int):
            row = paid.filter(pk=given["id"]).first()
        else:
            caller = _caller(given)
            row = paid.filter(
                merchant=caller.name, tx_ref=str(given.get("tx_ref") or given.get("reference") or "")
            ).first()
        if row is None:
            raise BadAsk("There is no successful transaction with this id or tx_ref.")
        try:
            made = chargebacks.open_for(row, amount_kobo=kobo, comment=str(given.get("comment", ""))[:200])
        except Refused as refused:
            raise BadAsk(str(refused)) from refused
    return shapes.chargeback(made)


@control("POST")
def step_chargeback(request: HttpRequest, pk: int) -> Answer:
    """Let the bank decide: `{"to": "won"}` or `{"to": "lost"}`."""
    try:
        return shapes.chargeback(chargebacks.decide(pk, str(asked(request).get("to"))))
    except (Chargeback.DoesNotExist, Refused) as wrong:
        raise BadAsk(str(wrong)) from wrong


@control("POST")
def step_transfer(request: HttpRequest, pk: int) -> Answer:
    """Move a transfer on: `{"to": "SUCCESSFUL"}`, FAILED or PENDING."""
    try:
        return shapes.transfer(payouts.step(pk, str(asked(request).get("to"))))
    except (Transfer.DoesNotExist, Refused) as wrong:
        raise BadAsk(str(wrong)) from wrong


@control("POST")
def settle(request: HttpRequest) -> Answer:
    """Settle a merchant: ours in test mode, unless `merchant` and `mode` say otherwise."""
    made = payouts.settle(_caller(asked(request)))
    return {"settlements": [shapes.settlement(row, is_listed=True) for row in made]}


@control("GET", "PUT")
def preferences(request: HttpRequest) -> Answer:
    """Answer what the dashboard is set to; PUT sets `tells_of_refunds` and `retries_webhooks`."""
    if request.method == "PUT":
        given = asked(request)
        if set(given) - {"tells_of_refunds", "retries_webhooks"} or not all(
            isinstance(each, bool) for each in given.values()
        ):
            raise BadAsk("Write tells_of_refunds and retries_webhooks, as true or false.")
        prefer(**given)
    row = Preferences.current()
    return {"tells_of_refunds": row.tells_of_refunds, "retries_webhooks": row.retries_webhooks}


@writing()
def prefer(**chosen: bool) -> None:
    Preferences.objects.update_or_create(pk=1, defaults=chosen)


@control("POST")
def self_test(request: HttpRequest) -> Answer:
    """Send the webhook with which a merchant tries their address out."""
    caller = _caller(asked(request))
    with writing():
        notices.try_out(caller.name, caller.mode)
    return None
