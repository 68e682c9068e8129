"""The doors of /api/auth/*: thin, in front of allauth's headless views, so that every way in shares one pipeline.

A door checks the body's shape, says to allauth what was asked, and puts its answer into Buka's words: plain JSON when
it went well, problem details otherwise. Browsers get cookies, never a token in a body; a program says `X-Client: app`
(or sends what it got that way) and gets its tokens in the body, never a cookie.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.headless.constants import Client
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from accounts import known_devices
from accounts.api.bodies import me_body
from accounts.begun import StepOver
from accounts.models import User
from accounts.sensitive import ReauthenticationNeeded, ways_of
from accounts.tokens import services, strategy
from accounts.tokens.authentication import BadBearer, check_csrf
from core import limits
from core.api.authentication import bearer_in
from core.api.private import KeptByNobody
from core.errors import DomainError, InvalidInput, NotAllowed, TooManyAttempts
from core.sessions import SessionEnded


class StepNeeded(DomainError):
    """Signing in is not finished; `next` names the step, and programs get the session token that carries on."""

    code = "account_step_needed"
    message = _("You are not logged in yet: a step is missing.")
    status = 401


class SecondFactorStep(StepNeeded):
    code = "account_second_factor_step"
    message = _("Now give the code from your authenticator app, or a recovery code.")


class EmailCodeStep(StepNeeded):
    code = "account_email_code_step"
    message = _("Now give the code that we have sent to your e-mail address.")


class PhoneCodeStep(StepNeeded):
    code = "account_phone_code_step"
    message = _("Now give the code that we have sent to your phone.")


class LogInCodeStep(StepNeeded):
    code = "account_log_in_code_step"
    message = _("If we know you, we have sent you a code. Now give it to log in.")


class SignUpStep(StepNeeded):
    code = "account_sign_up_step"
    message = _("You have no account yet. Say what is missing for one.")


class LogInNeeded(DomainError):
    code = "not_authenticated"
    message = _("Log in first.")
    status = 401


class TokenOver(DomainError):
    code = "token_not_valid"
    message = BadBearer.default_detail
    status = 401


class LoggedInAlready(DomainError):
    code = "account_logged_in_already"
    message = _("You are logged in already. Log out first.")
    status = 409


STEPS: dict[str, type[StepNeeded]] = {
    "mfa_authenticate": SecondFactorStep,
    "verify_email": EmailCodeStep,
    "verify_phone": PhoneCodeStep,
    "login_by_code": LogInCodeStep,
    "provider_signup": SignUpStep,
}
# allauth's names of fields and ours.
FIELDS = {"key": "code", "password1": "password", "login": "email"}
LIMITED = {"too_many_login_attempts", "rate_limited", "too_many_attempts"}


class Door(KeptByNobody):
    """One path of /api/auth/. Judges nobody by itself: the view behind it does."""

    authentication_classes: Any = []
    permission_classes = [AllowAny]
    begins: ClassVar[bool] = False
    """Signs somebody in: no CSRF token can be asked for, JSON and the browser's own word of where it is are."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # DRF puts "nobody" on the request where a view has no authenticators; the session knows better.
        inner = request._request
        who = inner.user
        super().initial(request, *args, **kwargs)
        inner.user = who
        self._judge_origin(request)

    def _judge_origin(self, request: Request) -> None:
        if request.method in ("GET", "HEAD", "OPTIONS") or is_app(request):
            return
        if self.begins or not request._request.user.is_authenticated:
            # Without a token to check, a browser's word where the request comes from; programs do not send it.
            origin = request.headers.get("Origin")
            if origin is not None and origin not in own_origins(request):
                raise PermissionDenied("CSRF Failed: Origin checking failed.")
        else:
            check_csrf(request)

    def answer_of(self, serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
        """Return the body, checked for its shape."""
        asked = serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def hand_on(self, request: Request, view: Any, verb: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask allauth, and return the members of its answer when all went well.

        :raises DomainError: for everything else, in Buka's words
        """
        return self.accepted(request, *self.ask(request, view, verb, body))

    def accepted(self, request: Request, status: int, content: dict[str, Any]) -> dict[str, Any]:
        """Return the members of allauth's answer when all went well.

        :raises DomainError: for everything else, in Buka's words
        """
        if status in (200, 202) or (status == 404 and not content.get("errors")):
            return content
        raise refusal(request, status, content)

    def ask(
        self, request: Request, view: Any, verb: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return allauth's own answer: its status and its members."""
        answer = _ask(request, view, verb, body)
        return answer.status_code, dict(orjson.loads(getattr(answer, "content", b"") or b"{}"))

    def signed_in(self, request: Request, content: Mapping[str, Any], status: int = 200) -> Response:
        """Answer who is signed in now; a program's tokens with it."""
        user = _user(content)
        body: dict[str, Any] = {"user": me_body(user) if user is not None else None}
        meta = content.get("meta") or {}
        for name in ("access_token", "refresh_token", "token_type", "expires_in"):
            if name in meta:
                body[name] = meta[name]
        if user is not None and "access_token" in meta:
            body["device_token"] = known_devices.token_for(request._request, user)
        return Response(body, status=status)

    def fresh_tokens(self, request: Request) -> dict[str, Any]:
        """Return a program's tokens anew: those it holds do not say yet what it has just shown. Browsers get cookies.

        :raises accounts.tokens.services.LoginEnded: when its log-in is open no longer
        """
        token = bearer_in(request)
        if token is None:
            return {}
        _user, claims = services.authenticate(token)
        return strategy.as_body(services.pair_of(claims.family))


def _user(content: Mapping[str, Any]) -> User | None:
    found = (content.get("data") or {}).get("user") or {}
    user = User.objects.filter(public_id=found["id"]).first() if found.get("id") else None
    if user is not None:
        methods = {record.get("method") for record in content["data"].get("methods", [])}
        user.passed_second_factor = "mfa" in methods
    return user


def is_app(request: Request | HttpRequest) -> bool:
    """Tell whether a program asks, by what it says or by what it brings."""
    names = ("Authorization", "X-Session-Token")
    inner = request._request if isinstance(request, Request) else request
    return strategy.is_app(inner) or any(name in request.headers for name in names)


def expect_somebody(request: Request) -> tuple[User, str | None]:
    """Return who is signed in and the key of their session, whichever kind of client asks.

    :raises LogInNeeded: when nobody is
    """
    inner = request._request
    if is_app(request):
        token = bearer_in(request)
        if token is None:
            raise LogInNeeded
        user, claims = services.authenticate(token)
        return user, services.session_key_of(claims.family)
    if not isinstance(inner.user, User) and not inner.user.is_authenticated:
        raise LogInNeeded
    return inner.user, inner.session.session_key


def own_origins(request: Request) -> set[str]:
    scheme = "https" if request.is_secure() else "http"
    parts = urlsplit(settings.BASE_URL)
    return {f"{scheme}://{request.get_host()}", f"{parts.scheme}://{parts.netloc}", *settings.CSRF_TRUSTED_ORIGINS}


def _ask(request: Request, view: Any, verb: str, body: Mapping[str, Any] | None) -> HttpResponseBase:
    inner: Any = request._request
    asked_by, raw = inner.method, getattr(inner, "_body", b"")
    inner.method, inner._body = verb, orjson.dumps(dict(body or {}))
    try:
        answer: HttpResponseBase = view.as_api_view(client=Client.APP if is_app(request) else Client.BROWSER)(inner)
        return answer
    except ImmediateHttpResponse as refused:
        return refused.response
    except UpdateError as gone:
        raise SessionEnded from gone
    finally:
        inner.method, inner._body = asked_by, raw


def refusal(request: Request, status: int, content: Mapping[str, Any]) -> Exception:
    errors = content.get("errors") or []
    if status == 429 or any(error.get("code") in LIMITED for error in errors):
        sentence = next((error["message"] for error in errors if error.get("code") in LIMITED), None)
        standing = limits.refused(request)
        if standing is None:
            return TooManyAttempts(sentence)
        return TooManyAttempts(sentence, retry_after=standing.seconds, limit=standing.most)
    if status == 401:
        return _unfinished(content)
    if status == 410:
        return TokenOver()
    if status == 409:
        if errors:
            return StepOver(errors[0].get("message"))
        return LoggedInAlready() if request._request.user.is_authenticated else StepOver()
    if status == 403:
        return NotAllowed()
    found: dict[str, list[str]] = {}
    for error in errors:
        name = str(error.get("param") or "")
        found.setdefault(FIELDS.get(name, name) or "__all__", []).append(str(error.get("message")))
    if set(found) == {"__all__"}:
        return InvalidInput(found["__all__"][0])
    return InvalidInput(errors={field: found[field] for field in found if field != "__all__"})


def _unfinished(content: Mapping[str, Any]) -> DomainError:
    data, meta = content.get("data") or {}, content.get("meta") or {}
    if meta.get("is_authenticated"):
        user = _user(content)
        return ReauthenticationNeeded(ways=ways_of(user) if user is not None else [])
    pending = next((flow for flow in data.get("flows", []) if flow.get("is_pending")), None)
    if pending is None or pending["id"] not in STEPS:
        return LogInNeeded()
    details: dict[str, Any] = {"next": pending["id"]}
    if pending.get("types"):
        details["types"] = pending["types"]
    if meta.get("session_token"):
        details["session_token"] = meta["session_token"]
    return STEPS[pending["id"]](**details)


def pending_step(content: Mapping[str, Any], flow: str) -> bool:
    """Tell whether an answer says that a step was begun."""
    flows = (content.get("data") or {}).get("flows", [])
    return any(each["id"] == flow and each.get("is_pending") for each in flows)
