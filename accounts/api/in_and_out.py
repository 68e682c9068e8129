"""/api/auth/: creating an account, logging in and out, refreshing, step by step (see doors)."""

from contextlib import suppress
from typing import Any

from allauth.headless.account import views as account
from django.db import transaction
from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import signed_in
from accounts.api import examples, serializers
from accounts.api.doors import (
    Door,
    EmailCodeStep,
    LoggedInAlready,
    LogInCodeStep,
    LogInNeeded,
    expect_somebody,
    is_app,
    refusal,
)
from accounts.api.words import SIGNED_IN, asks, described, says
from accounts.forms import RegisterInput
from accounts.tokens import cookies, services
from accounts.tokens.authentication import check_csrf
from accounts.tokens.strategy import as_body


class _SignUp(account.SignupView):
    input_class = {"POST": RegisterInput}


class RegisterView(Door):
    begins = True

    @described(
        "register",
        "Create an account",
        request=serializers.Register,
        responses={202: serializers.Begun},
        description="Sends a code to the address, whether or not it has an account already: the answer is the same. "
        "Go on with `POST /api/auth/email/verify`.",
        examples=[asks("A diner", examples.REGISTER), says("Accepted", examples.EMAIL_STEP, 202)],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.Register, request)
        # All of it or nothing; and what is written for a taken address costs as many commits.
        with transaction.atomic():
            answer = self.ask(request, _SignUp, "POST", asked)
        try:
            content = self.accepted(request, *answer)
        except EmailCodeStep as step:
            # Accepted: that the address has to be shown to be theirs is no refusal.
            return Response(_begun(step), status=202)
        return self.signed_in(request, content)


def _begun(step: Any) -> dict[str, Any]:
    return {key: value for key, value in step.details.items() if key in ("next", "session_token")}


class LogInView(Door):
    begins = True

    @described(
        "log_in",
        "Log in with a password",
        request=serializers.LogIn,
        description="A wrong password and an unknown address are answered alike, and as slowly.",
        examples=[asks("By e-mail", examples.LOG_IN), *SIGNED_IN],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.LogIn, request)
        return self.signed_in(request, self.hand_on(request, account.LoginView, "POST", asked))


class _AskCode(account.RequestLoginCodeView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated:
            raise LoggedInAlready
        return super().post(request, *args, **kwargs)


class CodeView(Door):
    begins = True

    @described(
        "ask_log_in_code",
        "Have a code sent to log in with",
        request=serializers.AskCode,
        responses={202: serializers.Begun},
        description="By e-mail, or as a text message to a verified phone number. Nobody learns whether we know it.",
        examples=[asks("By phone", {"phone": "+2348030000000"}), says("Sent, if we know you", examples.CODE_STEP, 202)],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.AskCode, request)
        answer = refusal(request, *self.ask(request, _AskCode, "POST", asked))
        if isinstance(answer, LogInCodeStep):
            # Accepted: that the code is still to be given is no refusal.
            return Response(_begun(answer), status=202)
        raise answer


class CodeConfirmView(Door):
    begins = True

    @described(
        "confirm_log_in_code",
        "Log in with the code that was sent",
        request=serializers.GiveCode,
        examples=[asks("A code", {"code": "K3F9TX"}), *SIGNED_IN],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.GiveCode, request)
        return self.signed_in(request, self.hand_on(request, account.ConfirmLoginCodeView, "POST", asked))


class CodeResendView(Door):
    begins = True

    @described("resend_log_in_code", "Have the code sent again", responses={204: None})
    def post(self, request: Request) -> Response:
        self.hand_on(request, account.ResendLoginCodeView, "POST")
        return Response(status=204)


class LogOutView(Door):
    @described(
        "log_out",
        "Log out here, or everywhere",
        request=serializers.LogOut,
        responses={204: None},
        examples=[asks("Everywhere", {"everywhere": True})],
    )
    def post(self, request: Request) -> Response:
        # A program may send no body at all.
        everywhere = request.data != {} and self.answer_of(serializers.LogOut, request)["everywhere"]
        if everywhere:
            user, session = expect_somebody(request)
            signed_in.end_other_devices(user, session_key=session, is_everywhere=True)
        # allauth answers "nobody is signed in", which is what was asked for.
        with suppress(LogInNeeded):
            self.hand_on(request, account.SessionView, "DELETE")
        response = Response(status=204)
        if not is_app(request):
            cookies.drop(response)
        return response


class RefreshView(Door):
    drops_cookies = False

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.drops_cookies:
            cookies.drop(answer)
        return answer

    @described(
        "refresh_tokens",
        "Exchange the refresh token for the next pair",
        request=serializers.Refresh,
        answer=serializers.Refreshed,
        description="Each refresh token opens once. One that comes a second time closes the log-in on that device and "
        "is told to its owner; only the very same request, with the same `Idempotency-Key` within a minute, "
        "gets the same answer again.",
        parameters=[OpenApiParameter("Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER)],
        examples=[asks("A program", {"refresh_token": "eyJ…"}), says("A browser", {"expires_in": 600})],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.Refresh, request) if request.data else {}
        by_cookie = not asked.get("refresh_token")
        if by_cookie:
            check_csrf(request)
        token = cookies.refresh_in(request._request) if by_cookie else asked["refresh_token"]
        attempt = request.headers.get("Idempotency-Key", "")[:200]
        try:
            pair = services.refresh(token=token, attempt=attempt)
        except services.LoginEnded:
            # What a browser still holds opens nothing any more.
            self.drops_cookies = by_cookie
            raise
        if not by_cookie:
            return Response(as_body(pair))
        response = Response({"expires_in": pair.access_seconds})
        cookies.put(response, pair)
        return response
