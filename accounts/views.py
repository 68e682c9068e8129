"""Logging in and out, making an account, changing it: Django's own views in Buka's pages."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.forms import LogInForm, ProfileForm, RegisterForm
from accounts.models import User
from accounts.selectors import is_restaurant_staff
from localization import preference
from localization.languages import address_in, current_language, known

private_page = cache_control(private=True, no_store=True)


class LogIn(LoginView):
    template_name = "accounts/log_in.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        return _in_own_language(form.get_user(), response.url)  # type: ignore[attr-defined]

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


def _in_own_language(user: Any, url: str) -> HttpResponse:
    """Go on in the language of the account, which signing in has taken to this device."""
    return HttpResponseRedirect(address_in(known(user.language) or current_language(), url))


class LogOut(LogoutView):
    """Only by POST: a picture on another page must not log anybody out."""

    http_method_names = ["post", "options"]


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next_page(request))
    if request.method != "POST":
        return _show_register(request, RegisterForm())
    form = RegisterForm(request.POST)
    if not form.is_valid():
        return _show_register(request, form, status=422)
    try:
        user = services.register_diner(language=current_language().code, **form.cleaned_data)
    except (services.EmailTaken, services.WeakPassword) as refusal:
        form.refused(refusal)
        return _show_register(request, form, status=422)
    # Bookings made before with the same address stay where they are: nobody has shown that it is theirs.
    login(request, user)
    messages.success(request, _("Welcome to Buka. Your account is ready."))
    return HttpResponseRedirect(_next_page(request))


def _next_page(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url("bookings:my_bookings")


def _show_register(request: HttpRequest, form: RegisterForm, status: int = 200) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return render(request, "accounts/register.html", {"form": form, "next": wanted}, status=status)


@private_page
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
    context = {"form": form, "is_restaurant_staff": is_restaurant_staff(user)}
    return render(request, "accounts/profile.html", context, status=422 if form.is_bound else 200)


@method_decorator(private_page, name="dispatch")
class ChangePassword(PasswordChangeView):
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("accounts:profile")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password is changed. Other devices are logged out."))
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)
