"""Which gateways there are, by the settings."""

import pytest
from django.conf import settings as project_settings

from payments.gateways import registry
from payments.gateways.base import Mode


class TestGateways:
    def test_are_those_of_the_sandbox_where_nothing_is_set(self):
        found = registry.gateways()

        assert list(found) == ["paystack", "flutterwave"]
        assert {each.mode for each in found.values()} == {Mode.TEST}
        assert [each.name for each in found.values()] == list(found)

    def test_come_in_the_order_that_is_set(self, settings):
        settings.PAYMENT_GATEWAYS = ["flutterwave", "paystack"]

        assert list(registry.gateways()) == ["flutterwave", "paystack"]

    def test_that_are_no_longer_offered_can_still_be_asked(self, settings):
        settings.PAYMENT_GATEWAYS = ["flutterwave"]

        assert list(registry.gateways()) == ["flutterwave"]
        assert registry.gateway("paystack").name == "paystack"

    @pytest.mark.parametrize("name", ["paystack", "flutterwave"])
    def test_without_a_key_are_none(self, name: str, settings):
        settings.PAYSTACK_SECRET_KEY = settings.FLUTTERWAVE_SECRET_KEY = ""

        with pytest.raises(registry.NoSuchGateway):
            registry.gateway(name)

    def test_that_nobody_knows_are_none(self):
        with pytest.raises(registry.NoSuchGateway):
            registry.gateway("stripe")

    def test_are_live_by_their_keys(self, settings):
        settings.PAYSTACK_SECRET_KEY = "sk_live_made_up_for_tests"
        settings.FLUTTERWAVE_SECRET_KEY = "FLWSECK-made-up-for-tests-X"

        assert {each.mode for each in registry.gateways().values()} == {Mode.LIVE}

    def test_forms_may_lead_to_their_pages(self):
        directives = project_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]

        assert set(project_settings.PAYMENT_CHECKOUT_ORIGINS) <= set(directives["form-action"])
