"""/api/auth/2fa and /api/auth/reauthenticate: setting up a second factor, giving it, giving it again."""

from allauth.headless.account import views as account
from allauth.headless.mfa import views as mfa
from allauth.headless.mfa.inputs import AuthenticateInput, ReauthenticateInput
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import examples, serializers
from accounts.api.doors import Door, expect_somebody
from accounts.api.words import PAUSED, SIGNED_IN, asks, described, says
from accounts.second_factor.errors import AppThere
from accounts.second_factor.pauses import GivesCode
from core.api.schema import problem_response
from core.errors import DomainError


class TwoFactorSetupView(Door):
    @described(
        "set_up_second_factor",
        "Begin with an authenticator app",
        answer=serializers.Setup,
        description="A new secret each time; it counts once `POST /api/auth/2fa/confirm` has seen a code of it.",
        examples=[says("A secret", examples.SETUP)],
    )
    def post(self, request: Request) -> Response:
        content = self.hand_on(request, mfa.ManageTOTPView, "GET")
        meta = content.get("meta") or {}
        if "secret" not in meta:
            raise AppThere
        svg = get_mfa_adapter().build_totp_svg(meta["totp_url"])
        return Response({"secret": meta["secret"], "otpauth_uri": meta["totp_url"], "qr_svg": svg})


class NoAppThere(DomainError):
    code = "account_second_factor_absent"
    message = _("You have no authenticator app that could be removed.")
    status = 409


class TwoFactorConfirmView(Door):
    @described(
        "confirm_second_factor",
        "Finish with a code from the app; answers the recovery codes",
        request=serializers.GiveCode,
        answer=serializers.FactorConfirmed,
        description="Logs out the other devices when it is the first second factor. The log-in counts as one with a "
        "second factor from now on: a program takes the tokens of this answer, which say so, in place of those it "
        "holds.",
        examples=[
            asks("A code", {"code": "123456"}),
            says("In a browser", {"codes": examples.CODES}),
            says("In a program", {"codes": examples.CODES, **examples.TOKENS}),
        ],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.GiveCode, request)
        self.hand_on(request, mfa.ManageTOTPView, "POST", asked)
        content = self.hand_on(request, mfa.ManageRecoveryCodesView, "GET")
        codes = (content.get("data") or {}).get("unused_codes", [])
        return Response({"codes": codes, **self.fresh_tokens(request)})


class _CodeInput(GivesCode, AuthenticateInput):
    """allauth's, telling a code that is not looked at from a wrong one."""


class _CodeAgainInput(GivesCode, ReauthenticateInput):
    """The same for who is signed in already."""


class _GiveCode(mfa.AuthenticateView):
    input_class = _CodeInput


class _GiveCodeAgain(mfa.ReauthenticateView):
    input_class = _CodeAgainInput


class TwoFactorVerifyView(Door):
    begins = True

    @described(
        "give_second_factor",
        "Give a code of the app, or a recovery code, to finish logging in",
        request=serializers.GiveCode,
        responses={200: serializers.SignedIn, 429: PAUSED},
        description="After a wrong code, codes of the app are not looked at for a while, which doubles with each "
        "one up to about four minutes; and nobody gives more than five wrong codes in five minutes. "
        "`account_second_factor_paused` tells that from a wrong code; `Retry-After` says when the next one counts.",
        examples=[asks("A code", {"code": "123456"}), *SIGNED_IN],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.GiveCode, request)
        return self.signed_in(request, self.hand_on(request, _GiveCode, "POST", asked))


class TwoFactorDisableView(Door):
    @described(
        "remove_second_factor",
        "Remove the authenticator app",
        responses={
            204: None,
            409: problem_response(
                "No authenticator app is there to be removed.", account_second_factor_absent={}, account_step_over={}
            ),
        },
        description="Logs out the other devices when it was the last second factor: where a passkey is left, they stay "
        "logged in. Whoever works at a restaurant cannot work there without a second factor.",
    )
    def post(self, request: Request) -> Response:
        user, _session = expect_somebody(request)
        if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
            raise NoAppThere
        self.hand_on(request, mfa.ManageTOTPView, "DELETE")
        return Response(status=204)


class RecoveryCodesView(Door):
    @described(
        "make_recovery_codes",
        "Make new recovery codes; the old ones stop to count",
        answer=serializers.RecoveryCodes,
        examples=[says("Write them down", {"codes": examples.CODES})],
    )
    def post(self, request: Request) -> Response:
        content = self.hand_on(request, mfa.ManageRecoveryCodesView, "POST")
        return Response({"codes": content["data"].get("unused_codes", [])})


class ReauthenticateView(Door):
    @described(
        "reauthenticate",
        "Prove again that it is you, before something sensitive",
        request=serializers.Reauthenticate,
        examples=[asks("By password", {"password": "eat-well-tonight"}), *SIGNED_IN],
        responses={200: serializers.SignedIn, 429: PAUSED},
        description="Counts for five minutes, as a log-in does. With a code, the log-in counts as one with a second "
        "factor from then on, and the tokens of the answer say so.",
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.Reauthenticate, request)
        view = _GiveCodeAgain if asked.get("code") else account.ReauthenticateView
        answer = self.signed_in(request, self.hand_on(request, view, "POST", asked))
        answer.data.update(self.fresh_tokens(request))
        return answer
