from django.apps import AppConfig


class AuthenticatorConfig(AppConfig):
    name = "sandbox.authenticator"
    label = "sandbox_authenticator"
