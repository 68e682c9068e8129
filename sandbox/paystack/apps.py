from django.apps import AppConfig


class PaystackConfig(AppConfig):
    name = "sandbox.paystack"
    label = "paystack"

    def ready(self) -> None:
        from sandbox.gateways.registry import register
        from sandbox.paystack.gateway import PAYSTACK

        register(PAYSTACK)
