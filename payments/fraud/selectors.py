"""Questions about cases, answered without changing anything."""

from django.db.models import Q, QuerySet

from payments.fraud.models import Attempt, Case, Rule
from payments.models import Payment

MOST_SHOWN = 30


def related_payments(case: Case) -> "list[tuple[Payment, list[str]]]":
    """Return other payments of the same card, account, device, phone or address, the latest first, and by what."""
    attempt = Attempt.objects.filter(payment=case.payment).first() if case.payment_id else None
    attempt = attempt or Attempt.objects.filter(request=case.request).order_by("-pk").first()
    card = case.payment.card_index if case.payment else ""
    if attempt is None and not card:
        return []
    shared = {
        name: getattr(attempt, name)
        for name in ("payer_id", "device", "phone_index", "email_index")
        if attempt is not None and getattr(attempt, name)
    }
    by_column = Q(pk__in=[])
    for name, value in shared.items():
        by_column |= Q(**{name: value})
    attempts: dict[int, Attempt] = {
        row.payment_id: row  # type: ignore[misc]
        for row in Attempt.objects.filter(by_column, payment__isnull=False).order_by("-created_at")[:MOST_SHOWN]
    }
    of_card = Payment.objects.filter(card_index=card) if card else Payment.objects.none()
    keys: set[int] = {*attempts, *of_card.order_by("-pk").values_list("pk", flat=True)[:MOST_SHOWN]} - {
        case.payment_id or 0
    }
    rows = Payment.objects.filter(pk__in=keys).select_related("request__restaurant").order_by("-pk")[:MOST_SHOWN]
    found = []
    for payment in rows:
        row = attempts.get(payment.pk)
        by = [name for name, value in shared.items() if row is not None and getattr(row, name) == value]
        found.append((payment, [*(["card"] if card and payment.card_index == card else []), *by]))
    return found


def versions_of(rule: Rule) -> QuerySet[Rule]:
    """Return the versions of a rule, the present one first."""
    return Rule.objects.filter(series=rule.series).select_related("made_by").order_by("-version")
