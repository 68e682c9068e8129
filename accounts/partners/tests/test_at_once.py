"""The same thing asked for by several at once, over connections of their own."""

import threading

import pytest
from django.db import connection

from accounts.partners import services, webhooks
from accounts.partners.errors import EndpointExists, SecretJustMade
from accounts.partners.models import Endpoint, PartnerApp
from accounts.partners.oauth import app_with
from accounts.partners.tests.factories import an_app
from accounts.tests.factories import UserFactory
from core.audit.models import AuditEvent
from core.errors import DomainError

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


def all_at_once(do):
    """Have several do the same at the same moment; return what was made, and what was refused."""
    outcomes = []
    barrier = threading.Barrier(AT_ONCE)

    def work(number):
        try:
            barrier.wait(10)
            outcomes.append(do(number))
        except DomainError as refusal:
            outcomes.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == AT_ONCE
    refused = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    return [outcome for outcome in outcomes if outcome not in refused], refused


def test_one_new_secret_and_the_old_one_works_on():
    app, old = an_app()
    admin = UserFactory()

    made, refused = all_at_once(lambda number: services.rotate_secret(app=app, by=admin))

    assert {type(refusal) for refusal in refused} == {SecretJustMade}
    [new] = made
    assert app_with(app.client_id, old)
    assert app_with(app.client_id, new)
    assert AuditEvent.objects.filter(action="partner.secret_rotated").count() == 1


def test_of_leaked_ones_the_last_alone_works():
    app, old = an_app()
    admin = UserFactory()

    made, refused = all_at_once(lambda number: services.rotate_secret(app=app, by=admin, keep_old=False))

    assert refused == []
    assert sum(app_with(app.client_id, secret) is not None for secret in made) == 1
    assert app_with(app.client_id, old) is None


def test_one_new_signing_secret_and_the_old_one_signs_on():
    app, _secret = an_app()
    endpoint, old = webhooks.add_endpoint(
        app=app, url="https://partner.example/", event_types=["booking.confirmed"], by=app
    )

    made, refused = all_at_once(lambda number: webhooks.rotate_endpoint_secret(endpoint=endpoint, by=app))

    assert {type(refusal) for refusal in refused} == {SecretJustMade}
    endpoint = Endpoint.objects.get()
    assert [endpoint.secret, endpoint.previous_secret] == [*made, old]


def test_one_webhook_at_an_address():
    app, _secret = an_app()

    made, refused = all_at_once(
        lambda number: webhooks.add_endpoint(
            app=app, url="https://partner.example/", event_types=["booking.confirmed"], by=app
        )
    )

    assert len(made) == Endpoint.objects.count() == 1
    assert {type(refusal) for refusal in refused} == {EndpointExists}


def test_revoked_once():
    app, _secret = an_app()
    admin = UserFactory()

    all_at_once(lambda number: services.revoke_app(app=app, by=admin))

    assert PartnerApp.objects.get().status == "revoked"
    assert AuditEvent.objects.filter(action="partner.revoked").count() == 1
