"""/api/auth/social: logging in and registering through Google and Facebook."""

from typing import Any

from allauth.headless.base.response import APIResponse
from allauth.headless.socialaccount import views as social
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from django.http import Http404, HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import examples, serializers
from accounts.api.doors import Door
from accounts.api.words import SIGNED_IN, asks, described, says
from accounts.forms import SocialRegisterForm
from accounts.social import vouched_address


class _SocialSignUp(social.ProviderSignupView):
    """allauth's, with the page's form, saying of somebody without an account only what the form is filled in with."""

    input_class = {"POST": SocialRegisterForm}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        vouched = vouched_address(self.sociallogin)
        said = get_social_adapter().get_signup_form_initial_data(self.sociallogin)
        data = {
            "provider": self.sociallogin.account.provider,
            "name": said["name"],
            "email": said["email"],
            "email_verified": vouched is not None,
        }
        return APIResponse(request, data=data)


class SocialSignUpView(Door):
    begins = True

    @described(
        "comes_through_others",
        "What Google or Facebook says of whoever is about to register",
        answer=serializers.ComesThroughOthers,
        description="To fill in a form with. Good for a quarter of an hour after `account_sign_up_step`.",
        examples=[says("From Google", examples.COMES_THROUGH_OTHERS)],
    )
    def get(self, request: Request) -> Response:
        return Response(self.hand_on(request, _SocialSignUp, "GET")["data"])

    @described(
        "sign_up_through_others",
        "Finish registering through Google or Facebook",
        request=serializers.SocialSignUp,
        description="After `account_sign_up_step`: what they say themselves. An address that nobody vouches for is "
        "asked for its code then (`account_email_code_step`), whether or not it has an account already.",
        examples=[asks("A diner", examples.SOCIAL_SIGN_UP), *SIGNED_IN],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.SocialSignUp, request)
        return self.signed_in(request, self.hand_on(request, _SocialSignUp, "POST", asked))


class SocialView(Door):
    begins = True

    @described(
        "log_in_through_others",
        "Log in with a token of Google or Facebook",
        request=serializers.Social,
        parameters=[OpenApiParameter("provider", str, OpenApiParameter.PATH, enum=["google", "facebook"])],
        examples=[asks("Google", {"id_token": "eyJ…"}), *SIGNED_IN],
        description="Whoever has no account yet is answered `account_sign_up_step`: go on with "
        "`POST /api/auth/social/signup`. Buka's second factor is asked for here too.",
    )
    def post(self, request: Request, provider: str) -> Response:
        asked = self.answer_of(serializers.Social, request)
        if provider not in ("google", "facebook"):
            raise Http404
        known = {app.provider: app.client_id for app in get_social_adapter().list_apps(request._request)}
        if provider not in known:
            raise Http404
        token = {"client_id": known[provider], **asked}
        body = {"provider": provider, "process": "login", "token": token}
        return self.signed_in(request, self.hand_on(request, social.ProviderTokenView, "POST", body))
