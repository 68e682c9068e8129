"""How apps move through allauth's steps: a session token between them, a pair of tokens at the end."""

from typing import Any

from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from django.http import HttpRequest

from accounts.tokens import services
from accounts.tokens.states import Client
from core.api.authentication import bearer_in


class FamilyStrategy(SessionTokenStrategy):
    """X-Session-Token names the session between the steps; afterwards the access token stands for it."""

    def get_session_token(self, request: HttpRequest) -> str | None:
        token: str | None = super().get_session_token(request)
        if token:
            return token
        bearer = bearer_in(request)
        if bearer is None:
            return None
        try:
            _user, claims = services.authenticate(bearer)
        except services.LoginEnded:
            return "-"
        # A session that nobody has answers 410 in allauth, which the door turns into "log in again".
        return services.session_key_of(claims.family) or "-"

    def create_access_token_payload(self, request: HttpRequest) -> dict[str, Any] | None:
        """Return the tokens of a log-in; asked once more for the same one, the same tokens.

        Where a step came in between, allauth makes an answer for the step and one for the log-in, and asks for each.
        """
        user: Any = request.user
        pair = services.renew(session=request.session, user=user) or services.open_family(
            user=user,
            session=request.session,
            client=Client.APP,
            user_agent=request.headers.get("User-Agent", ""),
        )
        return as_body(pair)


def as_body(pair: services.Pair) -> dict[str, Any]:
    """Return a pair as OAuth 2 spells it (RFC 6749, section 5.1)."""
    return {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "token_type": "Bearer",
        "expires_in": pair.access_seconds,
    }


def is_app(request: HttpRequest) -> bool:
    """Tell whether a program asks, that wants its tokens in the body and no cookies."""
    return request.headers.get("X-Client", "").lower() == "app"
