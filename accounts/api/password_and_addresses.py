"""/api/auth/: the password, and the addresses and numbers that are proved by a code."""

from contextlib import suppress
from typing import Any

from allauth.headless.account import views as account
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import examples, serializers
from accounts.api.doors import Door, LogInNeeded, pending_step, refusal
from accounts.api.words import SIGNED_IN, asks, described, says
from accounts.forms import ResetByCodeInput
from accounts.sensitive import ask_again_for_password


class PasswordResetView(Door):
    begins = True

    @described(
        "ask_password_reset",
        "Have a code sent for a new password",
        request=serializers.AskReset,
        responses={202: serializers.Begun},
        description="Whoever has no account gets a mail that says so; the answer is the same.",
        examples=[asks("Forgotten", {"email": "diner1@example.com"}), says("Sent", examples.RESET_STEP, 202)],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.AskReset, request)
        begun: dict[str, Any] = {"next": "password_reset_by_code"}
        content = self.begin_reset(request, asked)
        token = (content.get("meta") or {}).get("session_token")
        if token:
            begun["session_token"] = token
        return Response(begun, status=202)

    def begin_reset(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        status, content = self.ask(request, account.RequestPasswordResetView, "POST", asked)
        # Who is logged in already is answered 200, without a word of steps.
        if status == 200 or (status == 401 and pending_step(content, "password_reset_by_code")):
            return content
        raise refusal(request, status, content)


class _ResetByCode(account.ResetPasswordView):
    input_class = ResetByCodeInput

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # The code is right. What it proves has its consequences before the new password is there, not after it.
        self.process.confirm_code()
        return super().post(request, *args, **kwargs)


class PasswordResetConfirmView(Door):
    begins = True

    @described(
        "reset_password",
        "Set a new password with the code",
        request=serializers.Reset,
        responses={204: None},
        description="Logs out every device.",
        examples=[asks("With the code", {"code": "K3F9TX", "password": "eat-well-again"})],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.Reset, request)
        body = {"key": asked["code"], "password": asked["password"]}
        # Done, and nobody is signed in by it.
        with suppress(LogInNeeded):
            self.hand_on(request, _ResetByCode, "POST", body)
        return Response(status=204)


class _ChangePassword(account.ChangePasswordView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        ask_again_for_password(request)
        return super().post(request, *args, **kwargs)


class PasswordChangeView(Door):
    @described(
        "change_password",
        "Change the password",
        request=serializers.ChangePassword,
        responses={204: None},
        description="Logs out the other devices. The current password is the proof that it is you; who has a second "
        "factor, or no password yet, must have signed in just now.",
        examples=[asks("Change", {"current_password": "eat-well-tonight", "new_password": "eat-well-tomorrow"})],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.ChangePassword, request)
        self.hand_on(request, _ChangePassword, "POST", asked)
        return Response(status=204)


class EmailVerifyView(Door):
    begins = True

    @described(
        "verify_email",
        "Show that an e-mail address is yours, with the code",
        request=serializers.GiveCode,
        examples=[asks("A code", {"code": "K3F9TX"}), *SIGNED_IN],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.GiveCode, request)
        content = self.hand_on(request, account.VerifyEmailView, "POST", {"key": asked["code"]})
        return self.signed_in(request, content)


class EmailResendView(Door):
    begins = True

    @described("resend_email_code", "Have the code sent again", responses={204: None})
    def post(self, request: Request) -> Response:
        self.hand_on(request, account.ResendEmailVerificationCodeView, "POST")
        return Response(status=204)


class EmailView(Door):
    @described(
        "change_email",
        "Change the e-mail address",
        request=serializers.ChangeEmail,
        responses={202: serializers.Begun},
        description="A code goes to the new address; the old one stays until it is verified, and is told.",
        examples=[asks("Change", {"email": "new@example.com"}), says("Sent", examples.EMAIL_STEP, 202)],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.ChangeEmail, request)
        self.hand_on(request, account.ManageEmailView, "POST", asked)
        return Response({"next": "verify_email"}, status=202)


class PhoneView(Door):
    @described(
        "change_phone",
        "Change the phone number",
        request=serializers.ChangePhone,
        responses={202: serializers.Begun},
        description="A code goes to the number; it becomes yours when the code is given.",
        examples=[asks("Change", {"phone": "+2348030000000"}), says("Sent", {"next": "verify_phone"}, 202)],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.ChangePhone, request)
        self.hand_on(request, account.ManagePhoneView, "POST", asked)
        return Response({"next": "verify_phone"}, status=202)


class PhoneVerifyView(Door):
    @described(
        "verify_phone",
        "Show that a phone number is yours, with the code",
        request=serializers.GiveCode,
        responses={204: None},
        examples=[asks("A code", {"code": "123456"})],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.GiveCode, request)
        self.hand_on(request, account.VerifyPhoneView, "POST", asked)
        return Response(status=204)
