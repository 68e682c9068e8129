"""The page behind an invitation's link: who invites to which house as what, and the answer."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import invitations
from accounts.models import Invitation, User
from accounts.states import ABILITIES, BACK_OFFICE_ABILITIES
from core.errors import DomainError
from core.headers import private_page
from localization.formatting import day_and_time


@private_page
@require_safe
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    try:
        found = invitations.invitation_of(token)
    except invitations.NoSuchInvitation as refusal:
        return _page(request, token, refusal=refusal)
    if not found.is_open(timezone.now()):
        return _page(request, token, found, refusal=invitations.over(found))
    if not isinstance(request.user, User):
        return _page(request, token, found)
    try:
        invitations.expect_for(found, request.user)
    except DomainError as refusal:
        return _page(request, token, found, refusal=refusal)
    return _page(request, token, found, may_answer=True)


@private_page
@require_POST
def accept(request: HttpRequest, token: str) -> HttpResponse:
    if not isinstance(request.user, User):
        return HttpResponseRedirect(reverse("invitations:invitation", args=[token]))
    try:
        membership = invitations.accept(token=token, user=request.user)
    except DomainError as refusal:
        return _refused(request, token, refusal)
    messages.success(
        request,
        _("Welcome to %(restaurant)s. Your role: %(role)s.")
        % {"restaurant": membership.restaurant.name, "role": membership.get_role_display()},
    )
    works_there = ABILITIES[membership.role] & BACK_OFFICE_ABILITIES
    return HttpResponseRedirect(reverse("admin:index" if works_there else "accounts:profile"))


@private_page
@require_POST
def decline(request: HttpRequest, token: str) -> HttpResponse:
    if not isinstance(request.user, User):
        return HttpResponseRedirect(reverse("invitations:invitation", args=[token]))
    try:
        invitations.decline(token=token, user=request.user)
    except DomainError as refusal:
        return _refused(request, token, refusal)
    messages.success(request, _("The invitation is declined. Nobody writes to you about it again."))
    return HttpResponseRedirect(reverse("bookings:home"))


def _refused(request: HttpRequest, token: str, refusal: DomainError) -> HttpResponse:
    try:
        found = invitations.invitation_of(token)
    except invitations.NoSuchInvitation:
        found = None
    return _page(request, token, found, refusal=refusal)


def _page(
    request: HttpRequest,
    token: str,
    found: Invitation | None = None,
    *,
    refusal: DomainError | None = None,
    may_answer: bool = False,
) -> HttpResponse:
    context: dict[str, Any] = {
        "token": token,
        "here": reverse("invitations:invitation", args=[token]),
        "refusal": refusal,
        "may_answer": may_answer,
        "is_for_another": isinstance(refusal, invitations.ForSomebodyElse),
        "is_unverified": isinstance(refusal, invitations.AddressNotVerified),
    }
    if found is not None:
        context |= {
            "invitation": found,
            # The link was sent to this address alone, and its owner should know which one to come in with.
            "email": found.email,
            "until": day_and_time(found.expires_at),
            "is_open": found.is_open(timezone.now()),
        }
    return render(request, "invitations/invitation.html", context, status=refusal.status if refusal else 200)
