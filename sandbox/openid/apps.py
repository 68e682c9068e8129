from django.apps import AppConfig


class OpenIDConfig(AppConfig):
    name = "sandbox.openid"
    label = "sandbox_openid"
