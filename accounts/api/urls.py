"""/api/auth/: exactly the promised paths, and a few more."""

from django.urls import path

from accounts.api import in_and_out, own, passkeys, password_and_addresses, second_factor, social

app_name = "accounts_api"
urlpatterns = [
    path("auth/register", in_and_out.RegisterView.as_view(), name="register"),
    path("auth/login", in_and_out.LogInView.as_view(), name="log_in"),
    path("auth/logout", in_and_out.LogOutView.as_view(), name="log_out"),
    path("auth/refresh", in_and_out.RefreshView.as_view(), name="refresh"),
    path("auth/me", own.MeView.as_view(), name="me"),
    path("auth/code", in_and_out.CodeView.as_view(), name="code"),
    path("auth/code/confirm", in_and_out.CodeConfirmView.as_view(), name="code_confirm"),
    path("auth/code/resend", in_and_out.CodeResendView.as_view(), name="code_resend"),
    path("auth/2fa/setup", second_factor.TwoFactorSetupView.as_view(), name="second_factor_setup"),
    path("auth/2fa/confirm", second_factor.TwoFactorConfirmView.as_view(), name="second_factor_confirm"),
    path("auth/2fa/verify", second_factor.TwoFactorVerifyView.as_view(), name="second_factor_verify"),
    path("auth/2fa/disable", second_factor.TwoFactorDisableView.as_view(), name="second_factor_disable"),
    path("auth/2fa/recovery-codes", second_factor.RecoveryCodesView.as_view(), name="recovery_codes"),
    path("auth/password/reset", password_and_addresses.PasswordResetView.as_view(), name="password_reset"),
    path(
        "auth/password/reset/confirm",
        password_and_addresses.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("auth/password/change", password_and_addresses.PasswordChangeView.as_view(), name="password_change"),
    path("auth/email", password_and_addresses.EmailView.as_view(), name="email"),
    path("auth/email/verify", password_and_addresses.EmailVerifyView.as_view(), name="email_verify"),
    path("auth/email/resend", password_and_addresses.EmailResendView.as_view(), name="email_resend"),
    path("auth/phone", password_and_addresses.PhoneView.as_view(), name="phone"),
    path("auth/phone/verify", password_and_addresses.PhoneVerifyView.as_view(), name="phone_verify"),
    path("auth/reauthenticate", second_factor.ReauthenticateView.as_view(), name="reauthenticate"),
    path("auth/passkeys", passkeys.PasskeysView.as_view(), name="passkeys"),
    path("auth/passkeys/options", passkeys.PasskeyOptionsView.as_view(), name="passkey_options"),
    path("auth/passkeys/login", passkeys.PasskeyLogInView.as_view(), name="passkey_log_in"),
    path("auth/passkeys/<str:credential_id>", passkeys.PasskeyView.as_view(), name="passkey"),
    path("auth/sessions", own.SessionsView.as_view(), name="sessions"),
    path("auth/sessions/<uuid:public_id>", own.SessionView.as_view(), name="session"),
    path("auth/ticket", own.TicketView.as_view(), name="ticket"),
    path("auth/social/signup", social.SocialSignUpView.as_view(), name="social_sign_up"),
    path("auth/social/<str:provider>", social.SocialView.as_view(), name="social"),
]
