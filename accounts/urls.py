"""The pages of signing in and of one's own account, under allauth's names and addresses that people can read."""

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account import views as account
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from django.urls import URLPattern, URLResolver, include, path

from accounts import views
from accounts.views import account_page


def as_pages(
    patterns: Iterable[URLPattern | URLResolver], dress: Callable[..., Any] = account_page
) -> list[URLPattern | URLResolver]:
    """Return the same addresses with each view dressed."""
    return [
        URLResolver(
            each.pattern,
            as_pages(each.url_patterns, dress),
            each.default_kwargs,
            each.app_name,
            each.namespace,
        )
        if isinstance(each, URLResolver)
        else URLPattern(each.pattern, dress(each.callback), each.default_args, each.name)
        for each in patterns
    ]


own = [
    path("", views.profile, name="profile"),
    path("security/", views.security, name="security"),
]

getting_in = [
    path("log-in/", views.log_in, name="account_login"),
    path("log-in/code/", views.send_code, name="account_request_login_code"),
    path("log-in/code/confirm/", account.confirm_login_code, name="account_confirm_login_code"),
    path("log-in/second-step/", views.give_second_factor, name="mfa_authenticate"),
    path("log-in/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("log-out/", account.logout, name="account_logout"),
    path("register/", views.register, name="account_signup"),
    path("verify/", account.email_verification_sent, name="account_email_verification_sent"),
    path("closed/", account.account_inactive, name="account_inactive"),
    path("again/", account.reauthenticate, name="account_reauthenticate"),
    path("again/code/", views.give_second_factor_again, name="mfa_reauthenticate"),
    path("again/passkey/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
]

managing = [
    # One page shows every way into the account, so allauth's own overview is that page.
    path("security/", views.security, name="mfa_index"),
    path("email/", account.email, name="account_email"),
    path("phone/", views.change_phone, name="account_change_phone"),
    path("phone/verify/", account.verify_phone, name="account_verify_phone"),
    path("password/", views.change_password, name="account_change_password"),
    path("password/set/", views.set_password, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/code/", views.confirm_reset_code, name="account_confirm_password_reset_code"),
    path("password/reset/new/", account.complete_password_reset, name="account_complete_password_reset"),
    path("password/reset/done/", account.password_reset_from_key_done, name="account_password_reset_completed"),
    path("two-step/app/", views.add_app, name="mfa_activate_totp"),
    path("two-step/app/remove/", views.remove_app, name="mfa_deactivate_totp"),
    path("two-step/recovery-codes/", views.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("two-step/recovery-codes/new/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("passkeys/add/", views.add_passkey, name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/rename/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/remove/", views.remove_passkey, name="mfa_remove_webauthn"),
    path("devices/", views.device_list, name="usersessions_list"),
    path("connections/", social.connections, name="socialaccount_connections"),
    path("connections/register/", social.signup, name="socialaccount_signup"),
    path("connections/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("connections/error/", social.login_error, name="socialaccount_login_error"),
]

urlpatterns = [
    path("account/", include((as_pages(own), "accounts"))),
    path("account/", include(as_pages(getting_in))),
    path("account/", include(as_pages(managing))),
]
