"""Having a saved card forgotten: a page that says what that means, and the act."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.doors import person_of
from core.errors import DomainError
from core.headers import private_page
from payments.saved import errors, selectors
from payments.saved.services import forgetting
from payments.subjects import named


@private_page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def forget(request: HttpRequest, public_id: UUID) -> HttpResponse:
    person = person_of(request)
    method = selectors.method_of(person, public_id)
    if method is None:
        raise Http404(errors.NoSuchCard.message)
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            forgetting.forget(method=method, by=person)
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, _("The card is forgotten. Nothing can be charged to it any more."))
            return redirect("own_payments:list")
    context = {
        "card": method,
        "refusal": refusal,
        "guaranteed": list(named(selectors.guaranteed_by(method)).values()),
    }
    return render(request, "payments/forget_card.html", context, status=refusal.status if refusal else 200)
