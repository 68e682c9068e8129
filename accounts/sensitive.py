"""What is asked for again: a sensitive change wants somebody who signed in, or proved who they are, just now.

There is one answer to "just now", `signed_in_just_now`, and three ways to ask for it: pages and the back office call
`ask_again`, the API `expect_fresh_sign_in`, and allauth's own pages come to the same function (second_factor.bridge).
"""

from importlib import import_module
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import (
    raise_if_reauthentication_required,
)
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from accounts.second_factor.bridge import signed_in_just_now
from accounts.selectors import has_second_factor
from accounts.tokens import codec
from accounts.tokens.services import session_key_of
from core.errors import DomainError


class ReauthenticationNeeded(DomainError):
    """`ways` says what can be shown; where it is empty, logging in anew is the only one."""

    code = "account_reauthentication_needed"
    message = _("This asks for a fresh proof that it is you: give your password or a code again.")
    status = 403


# --- Pages and the back office ---------------------------------------------------------------------------------------


def ask_again(request: HttpRequest) -> None:
    """Let who signed in within the last minutes pass.

    Allauth's middleware leads everybody else to prove who they are, and then does what they had sent: nothing typed is
    lost. Behind one of allauth's API views it becomes a `ReauthenticationNeeded`.

    :raises allauth.core.exceptions.ReauthenticationRequired: for everybody else
    """
    raise_if_reauthentication_required(request, app="accounts")


def ask_again_for_password(request: HttpRequest) -> None:
    """Let pass, too, whoever gives their old password with the new one: for them that is the proof.

    It is none where there is a second factor, and nobody can give it who has had no password so far.

    :raises allauth.core.exceptions.ReauthenticationRequired: for everybody else
    """
    user: Any = request.user
    if has_second_factor(user) or not user.has_usable_password():
        ask_again(request)


class AsksAgain:
    """For a ModelAdmin whose changes are sensitive: looking is free, whatever is sent asks who is there."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._fresh(request, super().changeform_view, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._fresh(request, super().delete_view, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._fresh(request, super().changelist_view, *args, **kwargs)  # type: ignore[misc]

    def _fresh(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            ask_again(request)
        answer: HttpResponse = view(request, *args, **kwargs)
        return answer


# --- The API ---------------------------------------------------------------------------------------------------------


def expect_fresh_sign_in(request: Request) -> None:
    """Let who signed in within the last minutes pass; of a program the log-in behind its token counts.

    :raises ReauthenticationNeeded: for everybody else
    """
    session: Any = request._request.session
    if isinstance(request.auth, codec.Claims):
        session = import_module(settings.SESSION_ENGINE).SessionStore(session_key_of(request.auth.family))
    if not signed_in_just_now(request.user, session):
        raise ReauthenticationNeeded(ways=ways_of(request.user))


# What `POST /api/auth/reauthenticate` takes: a password, and a code of an app or for recovery.
BY_PROGRAM = ("reauthenticate", "mfa_reauthenticate")


def ways_of(user: Any) -> list[str]:
    """Return the ways to prove by the API who one is; which of them count, `AccountAdapter` decides for all doors."""
    return [way["id"] for way in get_adapter().get_reauthentication_methods(user) if way["id"] in BY_PROGRAM]
