from django.apps import AppConfig


class FlutterwaveConfig(AppConfig):
    name = "sandbox.flutterwave"
    label = "sandbox_flutterwave"

    def ready(self) -> None:
        # Rows and addresses can be read only once the apps are there.
        from sandbox.flutterwave.gateway import GATEWAY
        from sandbox.gateways.registry import register

        register(GATEWAY)
