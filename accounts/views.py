"""The pages of signing in and of one's own account: allauth's views in Buka's pages, and the few that are ours."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from allauth.account import views as account
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.base import views as second_step
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth as passkeys
from allauth.socialaccount.adapter import get_adapter as social_adapter
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.template.response import SimpleTemplateResponse
from django.urls import reverse, reverse_lazy
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import invitations, services, signed_in
from accounts.forms import ProfileForm, refused
from accounts.models import User
from accounts.privacy.selectors import open_erasure_of
from accounts.selectors import has_second_factor, is_restaurant_staff, needs_second_factor
from accounts.sensitive import ask_again, ask_again_for_password
from core import limits, phones
from localization import preference
from localization.languages import address_in, current_language, known

View = Callable[..., HttpResponse]


def account_page(view: View) -> View:
    """Make a view a page of the account.

    It is kept by nobody, a refused form is answered 422 like every other form of Buka, and whoever has just signed in
    goes on in the language of their account.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD", "POST", "OPTIONS"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST", "OPTIONS"])
        was_signed_in = request.user.is_authenticated
        response = view(request, *args, **kwargs)
        if request.method == "POST" and response.status_code == 200 and _shows_a_refusal(response):
            response.status_code = 422 if limits.refused(request) is None else 429
        elif not was_signed_in and request.user.is_authenticated and "Location" in response:
            response["Location"] = address_in(known(request.user.language) or current_language(), response["Location"])
        add_never_cache_headers(response)
        return response

    return answer


def _shows_a_refusal(response: HttpResponse) -> bool:
    context = response.context_data if isinstance(response, SimpleTemplateResponse) else None
    return any(refused(value) for value in (context or {}).values())


def in_posted_language(view: View) -> View:
    """Go to Google or Facebook and come back in the language of the page one left from.

    Their addresses carry no language: each address to come back to has to be registered with them.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = known(request.POST.get("language"))
        if language is not None:
            preference.remember(request, language)
            translation.activate(language.code)
        response = view(request, *args, **kwargs)
        to = urlsplit(response.get("Location", ""))
        if request.method == "POST" and to.netloc and to.netloc != request.get_host():
            # A form of ours may lead only to ourselves (form-action), and browsers watch redirects for that.
            context = {"redirect_to": response["Location"], "provider": to.hostname}
            return render(request, "socialaccount/login_redirect.html", context)
        return response

    return answer


def _next_of(request: HttpRequest) -> str:
    """Return where somebody wanted to go, if that is here."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return ""


def _with_next(address: str, wanted: str) -> str:
    return f"{address}?{urlencode({'next': wanted})}" if wanted else address


# --- Getting in ----------------------------------------------------------------------------------------------------


class ComesInvited:
    """Has the address filled in for whoever comes from the page of an invitation."""

    address_field = "login"

    def get_initial(self) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_initial()  # type: ignore[misc]
        email = invitations.address_behind(_next_of(self.request))  # type: ignore[attr-defined]
        return {**initial, self.address_field: email} if email else initial


class LogIn(ComesInvited, account.LoginView):
    pass


class SendCode(ComesInvited, account.RequestLoginCodeView):
    """Ask for an address or a number and send a code there; at once to what was typed on the page for logging in."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("from") == "log-in" and not request.POST.get("login", "").strip():
            return redirect(_with_next(request.path, _next_of(request)))
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer


class Register(ComesInvited, account.SignupView):
    address_field = "email"


# --- One's own account --------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.of(user)
    if request.method == "POST" and form.is_valid():
        services.change_profile(user=user, **form.cleaned_data)
        language = known(user.language) or current_language()
        preference.remember(request, language)
        messages.success(request, _("Your details are saved."))
        return HttpResponseRedirect(address_in(language, resolve_url("accounts:profile")))
    context = {
        "form": form,
        "here": "profile",
        "erasure": open_erasure_of(user),
        "is_restaurant_staff": is_restaurant_staff(user),
        "phone": phones.national(user.phone),
    }
    return render(request, "accounts/profile.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD"])
def security(request: HttpRequest) -> HttpResponse:
    """Show all the ways into one's account on one page, each with what can be done about it."""
    user = cast(User, request.user)
    means = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    app = next((each for each in means if each.type == Authenticator.Type.TOTP), None)
    codes = next((each for each in means if each.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "here": "security",
        "is_overview": True,
        "phone": phones.national(user.phone),
        "app": app,
        "passkeys": [each for each in means if each.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "needs_second_factor": needs_second_factor(user),
        "connected": [each.get_provider().name for each in SocialAccount.objects.filter(user=user).order_by("pk")],
        "events": signed_in.happened_lately(user),
        "can_connect": bool(social_adapter().list_providers(request)),
    }
    return render(request, "accounts/security.html", context)


# --- Devices ------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def device_list(request: HttpRequest) -> HttpResponse:
    """Show where one is signed in; POST signs one of them out, or all but this one."""
    user = cast(User, request.user)
    if request.method == "POST":
        return _end_devices(request, user)
    here = request.session.session_key
    context = {"devices": signed_in.devices_of(user, session_key=here)}
    return render(request, "usersessions/usersession_list.html", context)


def _end_devices(request: HttpRequest, user: User) -> HttpResponse:
    ask_again(request)
    if "device" not in request.POST:
        signed_in.end_other_devices(user, session_key=request.session.session_key)
        messages.success(request, _("All other devices are logged out."))
        return redirect("usersessions_list")
    here = request.session.session_key
    ended = signed_in.end_device(user, request.POST["device"])
    if ended is not None:
        if ended.session_key == here:
            logout(request)
            return redirect("account_login")
        messages.success(request, _("The device is logged out."))
    return redirect("usersessions_list")


# --- Second factor --------------------------------------------------------------------------------------------------


class OffersWhatIsThere:
    """Offers only those second factors that the person has."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        stage = getattr(self, "stage", None)
        user = stage.login.user if stage is not None else self.request.user  # type: ignore[attr-defined]
        kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        return context | {
            "has_app": Authenticator.Type.TOTP in kinds,
            "has_passkey": Authenticator.Type.WEBAUTHN in kinds,
            "has_recovery_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        }


class SecondStep(OffersWhatIsThere, second_step.AuthenticateView):
    pass


class SecondStepAgain(OffersWhatIsThere, second_step.ReauthenticateView):
    pass


class AddApp(totp.ActivateTOTPView):
    """Enrol an authenticator app; who was sent here because their work asks for it goes back there afterwards."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "next": _next_of(self.request),
            "needs_second_factor": needs_second_factor(cast(User, self.request.user)),
            "closes_others": not has_second_factor(cast(User, self.request.user)),
        }

    def get_success_url(self) -> str:
        return _with_next(super().get_success_url(), _next_of(self.request))


class AddPasskey(webauthn.AddWebAuthnView):
    """Add a passkey: one that opens the account by itself, and asks for a finger, a face or a code."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        options = passkeys.begin_registration(self.request.user, passwordless=True)
        return context | {
            "form": kwargs.get("form") or self.get_form(),
            "js_data": {"creation_options": options},
            "next": _next_of(self.request),
            "closes_others": not has_second_factor(cast(User, self.request.user)),
        }

    def get_success_url(self) -> str:
        return _with_next(super().get_success_url(), _next_of(self.request))


class RecoveryCodes(recovery_codes.ViewRecoveryCodesView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        codes = context["unused_codes"] if context["can_view_codes"] else []
        return context | {
            "next": _next_of(self.request),
            "security_url": reverse("accounts:security"),
            "as_text": "\n".join(codes),
        }


class RemoveApp(totp.DeactivateTOTPView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"needs_second_factor": needs_second_factor(cast(User, self.request.user))}


class RemovePasskey(webauthn.RemoveWebAuthnView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"authenticator": self.object, "needs_second_factor": needs_second_factor(self.object.user)}


# --- Password -----------------------------------------------------------------------------------------------------


def _password_page(view: View) -> View:
    """Ask before the form is shown; what would be kept meanwhile of a form that was sent are passwords."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            try:
                ask_again_for_password(request)
            except ReauthenticationRequired:
                if request.method == "POST":
                    return redirect(request.path)
                raise
        return view(request, *args, **kwargs)

    return answer


class ConfirmResetCode(account.ConfirmPasswordResetCodeView):
    """The code for a new password, or another one."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"can_resend": self._process.can_resend}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("action") == "resend" and self._process.can_resend:
            self._process.resend()
            messages.success(request, _("If there is an account with this address, another code is on its way."))
            return redirect(_with_next(request.path, _next_of(request)))
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer


# --- Phone --------------------------------------------------------------------------------------------------------


class ChangePhone(account.ChangePhoneView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"shown_phone": phones.national(context["phone"] or "")}


log_in = LogIn.as_view()
send_code = SendCode.as_view()
# All of it or nothing; and what is written for a taken address costs as many commits.
register = transaction.atomic(Register.as_view())
give_second_factor = SecondStep.as_view()
give_second_factor_again = SecondStepAgain.as_view()
change_password = _password_page(account.PasswordChangeView.as_view(success_url=reverse_lazy("accounts:security")))
set_password = _password_page(account.PasswordSetView.as_view(success_url=reverse_lazy("accounts:security")))
confirm_reset_code = ConfirmResetCode.as_view()
add_app = AddApp.as_view()
add_passkey = AddPasskey.as_view()
remove_app = RemoveApp.as_view()
remove_passkey = RemovePasskey.as_view()
change_phone = ChangePhone.as_view()
view_recovery_codes = RecoveryCodes.as_view()
