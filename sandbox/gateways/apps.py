from django.apps import AppConfig


class GatewaysConfig(AppConfig):
    name = "sandbox.gateways"
    label = "gateways"
