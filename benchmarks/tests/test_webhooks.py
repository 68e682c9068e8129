"""What the measurement of webhooks sends is what it says: genuine, of another system, or forged; and it sees a loss."""

import random

import pytest

from benchmarks.webhooks import Sent, foreign, forged, not_kept, webhooks
from payments import services
from payments.gateways import registry
from payments.models import WebhookEvent
from payments.services.journal import NotGenuine

MODELS = [
    Sent(
        "paystack",
        "payment",
        {"x-paystack-signature": "?"},
        b'{"event": "charge.success", "data": {"id": 7, "reference": "buka-1", "status": "success"}}',
    ),
    Sent(
        "flutterwave",
        "payment",
        {"verif-hash": "?"},
        b'{"event": "charge.completed", "data": {"id": 8, "tx_ref": "buka-2", "status": "successful"}}',
    ),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.gateway)
def test_another_systems_webhook_is_genuine_and_news_each_time(model):
    rng = random.Random(1)
    gateway = registry.gateway(model.gateway)

    found = [foreign([model], rng) for _ in range(3)]

    assert all(gateway.is_genuine(one.headers, one.body) for one in found)
    assert len({gateway.read_event(one.body).key for one in found}) == 3
    assert all(gateway.read_event(one.body).reference.startswith("shop-") for one in found)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.gateway)
def test_a_forged_one_is_not_genuine(model):
    one = forged(model, random.Random(1))

    assert not registry.gateway(model.gateway).is_genuine(one.headers, one.body)


def test_every_payments_own_webhook_is_sent_three_times_among_the_others():
    sent = webhooks(MODELS, 40, random.Random(1))

    assert len(sent) == 40
    assert [sent.count(model) for model in MODELS] == [3, 3]
    assert {one.kind for one in sent} == {"payment", "of another system", "forged"}


@pytest.mark.django_db
def test_sees_what_was_lost_and_what_should_not_be_there():
    rng = random.Random(1)
    sent = [foreign(MODELS[:1], rng) for _ in range(3)]
    for one in sent:
        services.take_in(gateway=one.gateway, headers=one.headers, body=one.body)
    bad = forged(MODELS[0], rng)
    with pytest.raises(NotGenuine):
        services.take_in(gateway=bad.gateway, headers=bad.headers, body=bad.body)

    assert not_kept([*sent, bad]) == 0
    WebhookEvent.objects.filter(pk=WebhookEvent.objects.first().pk).delete()
    assert not_kept([*sent, bad]) == 1
